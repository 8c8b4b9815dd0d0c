// SPDX-License-Identifier: GPL-2.0-only
/*
 * Doing something in the address space of a process, whoever the caller is.
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/memcontrol.h>
#include <linux/mmu_context.h>
#include <linux/sched/mm.h>

#include "mmwork.h"

struct zxh_mm_work {
	struct mm_struct *mm;
	int (*fn)(void *arg);
	void *arg;
	int result;
	struct completion done;
};

static int zxh_mm_thread(void *arg)
{
	struct zxh_mm_work *work = arg;
	struct mem_cgroup *memcg = get_mem_cgroup_from_mm(work->mm);
	struct mem_cgroup *old;

	kthread_use_mm(work->mm);
	/* A kernel thread's memory is nobody's, unless it says whose. */
	old = set_active_memcg(memcg);
	work->result = work->fn(work->arg);
	set_active_memcg(old);
	kthread_unuse_mm(work->mm);
	mem_cgroup_put(memcg);
	kthread_complete_and_exit(&work->done, 0);
}

/**
 * zxh_run_in_kthread() - call a function in a kernel thread that borrows an mm
 * @mm: the mm; the caller has a reference to its users
 * @fn: the function; short, since the caller waits for it whatever happens
 * @arg: its argument
 *
 * Return: what @fn returned, or a negative errno.
 */
int zxh_run_in_kthread(struct mm_struct *mm, int (*fn)(void *arg), void *arg)
{
	struct zxh_mm_work work = { .mm = mm, .fn = fn, .arg = arg };
	struct task_struct *task;

	init_completion(&work.done);
	task = kthread_run(zxh_mm_thread, &work, "zx_hyp/%d", current->pid);
	if (IS_ERR(task))
		return PTR_ERR(task);
	wait_for_completion(&work.done);
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
