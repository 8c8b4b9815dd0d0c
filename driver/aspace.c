// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address spaces: what their two kinds have in common.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>

#include "aspace.h"
#include "mmwork.h"
#include "status.h"

void zxh_aspace_init(struct zxh_aspace *as, const struct zxh_aspace_ops *ops)
{
	kref_init(&as->ref);
	mutex_init(&as->lock);
	as->mm = current->mm;
	mmgrab(as->mm);
	as->ops = ops;
}

static void zxh_aspace_release(struct kref *ref)
{
	struct zxh_aspace *as = container_of(ref, struct zxh_aspace, ref);

	mutex_destroy(&as->lock);
	mmdrop(as->mm);
	as->ops->release(as);
}

void zxh_aspace_get(struct zxh_aspace *as)
{
	kref_get(&as->ref);
}

void zxh_aspace_put(struct zxh_aspace *as)
{
	kref_put(&as->ref, zxh_aspace_release);
}

/**
 * zxh_aspace_run() - call a function in the mm that an address space belongs to
 * @as: the address space, not locked
 * @fn: the function; it returns as status.h says
 * @arg: its argument
 *
 * Handles can be sent to other processes, and are good for the same there.
 *
 * Return: what @fn returned, or ZXH_ERR_BAD_STATE when that process is gone.
 */
int zxh_aspace_run(struct zxh_aspace *as, int (*fn)(void *arg), void *arg)
{
	int r = zxh_run_in_mm(as->mm, fn, arg);

	return r == -ESRCH ? ZXH_ERR_BAD_STATE : zxh_status(r);
}

/**
 * zxh_mm_has() - whether something is mapped everywhere in a range
 * @addr: first address in the caller's mm
 * @len: bytes
 * @ours: only what this module maps counts
 *
 * After a mmap() over something failed: whether that is still there.
 */
bool zxh_mm_has(unsigned long addr, u64 len, bool ours)
{
	unsigned long end = addr + len;
	struct vm_area_struct *vma;

	mmap_read_lock(current->mm);
	while (addr < end) {
		vma = find_vma(current->mm, addr);
		if (!vma || vma->vm_start > addr)
			break;
		if (ours && (!vma->vm_file || vma->vm_file->f_op->owner != THIS_MODULE))
			break;
		addr = vma->vm_end;
	}
	mmap_read_unlock(current->mm);
	return addr >= end;
}
