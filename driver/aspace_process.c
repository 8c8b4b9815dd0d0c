// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMM's own address space: its mappings are Linux mappings like any other.
 */
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/zx_hyp.h>

#include "aspace.h"
#include "status.h"
#include "vmo.h"

/* Zircon's user address space starts there, too. */
#define ZXH_PROCESS_BASE	0x200000UL

static unsigned long zxh_prot(u32 perms)
{
	return (perms & ZX_HYP_VM_PERM_READ ? PROT_READ : 0) |
	       (perms & ZX_HYP_VM_PERM_WRITE ? PROT_WRITE : 0) |
	       (perms & ZX_HYP_VM_PERM_EXECUTE ? PROT_EXEC : 0);
}

/* A VMO to map, or nothing, to keep others away. */
struct zxh_process_map {
	struct file *file;
	u64 offset;
	unsigned long prot;
};

static unsigned long zxh_process_mmap(const struct zxh_process_map *m, unsigned long addr,
				      u64 len, unsigned long flags)
{
	flags |= m->file ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	return vm_mmap(m->file, addr, len, m->prot, flags, m->offset);
}

/* An address that Linux picks and that is aligned more than Linux would. */
static unsigned long zxh_process_map_aligned(const struct zxh_process_map *m, u64 len,
					     u64 align)
{
	unsigned long start, addr, end;

	start = vm_mmap(NULL, 0, len + align, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, 0);
	if (IS_ERR_VALUE(start))
		return start;
	addr = ALIGN(start, align);
	end = start + len + align;
	if (addr > start && vm_munmap(start, addr - start)) {
		vm_munmap(start, end - start);
		return -ENOMEM;
	}
	if (end > addr + len && vm_munmap(addr + len, end - addr - len)) {
		vm_munmap(addr, end - addr);
		return -ENOMEM;
	}
	start = zxh_process_mmap(m, addr, len, MAP_FIXED);
	if (IS_ERR_VALUE(start))
		vm_munmap(addr, len);
	return start;
}

/* The end of what is in the way of [@addr, @addr + @len), or 0: nothing is. */
static unsigned long zxh_process_in_the_way(unsigned long addr, u64 len)
{
	struct vm_area_struct *vma;
	unsigned long end = 0;

	mmap_read_lock(current->mm);
	vma = find_vma(current->mm, addr);
	if (vma && vma->vm_start < addr + len)
		end = vma->vm_end;
	mmap_read_unlock(current->mm);
	return end;
}

/* The lowest free address that does not reach beyond @limit, or an errno. */
static unsigned long zxh_process_find(u64 len, u64 align, u64 limit)
{
	unsigned long addr = ALIGN(ZXH_PROCESS_BASE, align), next;

	while (len <= limit && addr <= limit - len) {
		if (fatal_signal_pending(current))
			return -EINTR;
		next = zxh_process_in_the_way(addr, len);
		if (!next)
			return addr;
		addr = ALIGN(next, align);
		cond_resched();
	}
	return -EMFILE;		/* NO_RESOURCES */
}

static unsigned long zxh_process_map_below(const struct zxh_process_map *m, u64 len,
					   u64 align, u64 limit)
{
	unsigned long addr, r;

	do {
		addr = zxh_process_find(len, align, limit);
		if (IS_ERR_VALUE(addr))
			return addr;
		r = zxh_process_mmap(m, addr, len, MAP_FIXED_NOREPLACE);
		/* Another thread was faster: look again. */
	} while (r == -EEXIST);
	return r;
}

/* Where Linux likes. It has one errno for want of memory and of addresses. */
static unsigned long zxh_process_map_any(const struct zxh_process_map *m, u64 len, u64 align)
{
	unsigned long r, place;

	r = align > PAGE_SIZE ? zxh_process_map_aligned(m, len, align) :
				zxh_process_mmap(m, 0, len, 0);
	if (r != -ENOMEM)
		return r;
	place = zxh_process_find(len, align, TASK_SIZE_MAX);
	return IS_ERR_VALUE(place) ? place : r;
}

static int zxh_process_put(const struct zxh_process_map *m, struct zxh_area *area,
			   enum zxh_place place, bool *intact)
{
	unsigned long at;

	if (place == ZXH_PLACE_FREE)
		at = zxh_process_mmap(m, area->addr, area->len, MAP_FIXED_NOREPLACE);
	else if (place == ZXH_PLACE_OURS)
		at = zxh_process_mmap(m, area->addr, area->len, MAP_FIXED);
	else if (area->limit)
		at = zxh_process_map_below(m, area->len, area->addr, area->limit);
	else
		at = zxh_process_map_any(m, area->len, area->addr);
	if (!IS_ERR_VALUE(at)) {
		area->addr = at;
		return 0;
	}
	if (place == ZXH_PLACE_OURS)
		*intact = zxh_mm_has(area->addr, area->len, false);
	return zxh_status((long)at);
}

static int zxh_process_map(struct zxh_aspace *as, struct zxh_area *area, enum zxh_place place,
			   struct zxh_vmo *vmo, u64 offset, u32 perms, bool *intact)
{
	struct zxh_process_map m = {
		.file = vmo->file,
		.offset = offset,
		.prot = zxh_prot(perms),
	};

	return zxh_process_put(&m, area, place, intact);
}

static int zxh_process_reserve(struct zxh_aspace *as, struct zxh_area *area,
			       enum zxh_place place)
{
	struct zxh_process_map nothing = { .prot = PROT_NONE };
	bool intact;

	return zxh_process_put(&nothing, area, place, &intact);
}

static int zxh_process_unmap(struct zxh_aspace *as, u64 addr, u64 len, bool reserve)
{
	struct zxh_process_map nothing = { .prot = PROT_NONE };
	unsigned long r;

	if (!reserve)
		return zxh_status(vm_munmap(addr, len));
	r = zxh_process_mmap(&nothing, addr, len, MAP_FIXED);
	return IS_ERR_VALUE(r) ? zxh_status((long)r) : 0;
}

static unsigned long zxh_process_hva(struct zxh_aspace *as, u64 addr)
{
	return addr;
}

static void zxh_process_release(struct zxh_aspace *as)
{
	kfree(as);
}

static const struct zxh_aspace_ops zxh_process_ops = {
	.map = zxh_process_map,
	.reserve = zxh_process_reserve,
	.unmap = zxh_process_unmap,
	.hva = zxh_process_hva,
	.release = zxh_process_release,
};

/**
 * zxh_vmar_create_process() - the root VMAR of an open file's process
 * @vmar: receives it
 *
 * What is mapped through it stays mapped when the file is closed: it belongs to
 * the process.
 *
 * Return: 0 or ZXH_ERR_NO_MEMORY.
 */
int zxh_vmar_create_process(struct zxh_vmar **vmar)
{
	struct zxh_aspace *as;
	int r;

	as = kzalloc(sizeof(*as), GFP_KERNEL_ACCOUNT);
	if (!as)
		return ZXH_ERR_NO_MEMORY;
	zxh_aspace_init(as, &zxh_process_ops);
	r = zxh_vmar_create_root(as, ZXH_PROCESS_BASE, TASK_SIZE_MAX - ZXH_PROCESS_BASE, vmar);
	zxh_aspace_put(as);
	return r;
}

/**
 * zxh_vmar_close_process() - the file of a process's root VMAR is closed
 * @vmar: the root VMAR, which handles of others may still name; the reference of
 *	zxh_vmar_create_process() is dropped
 *
 * Where the process is gone, so is all that was mapped in it.
 */
void zxh_vmar_close_process(struct zxh_vmar *vmar)
{
	if (!atomic_read(&vmar->as->mm->mm_users))
		zxh_vmar_kill(vmar);
	zxh_object_put(&vmar->obj);
}
