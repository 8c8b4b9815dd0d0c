// SPDX-License-Identifier: GPL-2.0-only
/*
 * Doing something in the address space of a process, whoever the caller is.
 *
 * A kernel thread borrows the mm, and with it the caller's credentials: what is
 * allowed there is what the caller may do. Memory goes to the account of the
 * process that the mm belongs to.
 */
#include <linux/completion.h>
#include <linux/cred.h>
#include <linux/kthread.h>
#include <linux/memcontrol.h>
#include <linux/mmu_context.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/workqueue.h>

#include "mmwork.h"

struct zxh_mm_work {
	struct mm_struct *mm;
	int (*fn)(void *arg);
	void *arg;
	const struct cred *cred;
	int result;
	struct completion done;
	struct work_struct work;
};

static void zxh_mm_call(struct zxh_mm_work *work)
{
	struct mem_cgroup *memcg = get_mem_cgroup_from_mm(work->mm);
	const struct cred *old_cred;
	struct mem_cgroup *old;

	kthread_use_mm(work->mm);
	old_cred = override_creds(work->cred);
	/* A kernel thread's memory is nobody's, unless it says whose. */
	old = set_active_memcg(memcg);
	work->result = work->fn(work->arg);
	set_active_memcg(old);
	revert_creds(old_cred);
	kthread_unuse_mm(work->mm);
	mem_cgroup_put(memcg);
}

static int zxh_mm_thread(void *arg)
{
	struct zxh_mm_work *work = arg;

	/* Sent by the caller, when he is killed himself. */
	allow_kernel_signal(SIGKILL);
	zxh_mm_call(work);
	kthread_complete_and_exit(&work->done, 0);
}

/**
 * zxh_run_in_kthread() - call a function in a kernel thread that borrows an mm
 * @mm: the mm; the caller has a reference to its users
 * @fn: the function. It is told of the caller's death as a thread of its own would
 *	be, by fatal_signal_pending()
 * @arg: its argument
 *
 * Return: what @fn returned, or a negative errno.
 */
int zxh_run_in_kthread(struct mm_struct *mm, int (*fn)(void *arg), void *arg)
{
	struct zxh_mm_work work = { .mm = mm, .fn = fn, .arg = arg, .cred = current_cred() };
	struct task_struct *task;

	init_completion(&work.done);
	task = kthread_create(zxh_mm_thread, &work, "zx_hyp/%d", current->pid);
	if (IS_ERR(task))
		return PTR_ERR(task);
	get_task_struct(task);
	wake_up_process(task);
	if (wait_for_completion_killable(&work.done)) {
		send_sig(SIGKILL, task, 1);
		wait_for_completion(&work.done);
	}
	put_task_struct(task);
	return work.result;
}

/**
 * zxh_run_in_mm() - call a function in an mm, if that still has users
 * @mm: the mm; the caller keeps the structure, not the users
 * @fn: the function
 * @arg: its argument
 *
 * Return: what @fn returned; -ESRCH when the process is gone; or another errno.
 */
int zxh_run_in_mm(struct mm_struct *mm, int (*fn)(void *arg), void *arg)
{
	int r;

	if (current->mm == mm)
		return fn(arg);
	if (!mmget_not_zero(mm))
		return -ESRCH;
	r = zxh_run_in_kthread(mm, fn, arg);
	/* Not here: what goes with the mm may need locks that are held. */
	mmput_async(mm);
	return r;
}

static void zxh_mm_worker(struct work_struct *w)
{
	zxh_mm_call(container_of(w, struct zxh_mm_work, work));
}

/**
 * zxh_clean_up_in_mm() - call a function in an mm, whatever happens to the caller
 * @mm: the mm; the caller keeps the structure, not the users
 * @fn: the function; it gives back what would otherwise stay until the process
 *	ends, and takes no memory
 * @arg: its argument
 */
void zxh_clean_up_in_mm(struct mm_struct *mm, int (*fn)(void *arg), void *arg)
{
	struct zxh_mm_work work = { .mm = mm, .fn = fn, .arg = arg, .cred = current_cred() };

	if (current->mm == mm) {
		fn(arg);
		return;
	}
	if (!mmget_not_zero(mm))
		return;
	INIT_WORK_ONSTACK(&work.work, zxh_mm_worker);
	queue_work(system_unbound_wq, &work.work);
	flush_work(&work.work);
	destroy_work_on_stack(&work.work);
	mmput_async(mm);
}
