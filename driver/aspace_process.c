// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMM's own address space: its mappings are Linux mappings like any other.
 */
#include <linux/mm.h>
#include <linux/mman.h>
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

/* An address that Linux picks and that is aligned more than Linux would. */
static unsigned long zxh_process_map_aligned(struct zxh_vmo *vmo, u64 len, u64 offset,
					     unsigned long prot, u64 align)
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
	start = vm_mmap(vmo->file, addr, len, prot, MAP_SHARED | MAP_FIXED, offset);
	if (IS_ERR_VALUE(start))
		vm_munmap(addr, len);
	return start;
}

/* Without @fixed, *@addr holds the alignment that is asked for. */
static int zxh_process_map(struct zxh_aspace *as, u64 *addr, u64 len, struct zxh_vmo *vmo,
			   u64 offset, u32 perms, bool fixed)
{
	unsigned long prot = zxh_prot(perms);
	unsigned long at;

	if (fixed)
		at = vm_mmap(vmo->file, *addr, len, prot,
			     MAP_SHARED | MAP_FIXED_NOREPLACE, offset);
	else if (*addr > PAGE_SIZE)
		at = zxh_process_map_aligned(vmo, len, offset, prot, *addr);
	else
		at = vm_mmap(vmo->file, 0, len, prot, MAP_SHARED, offset);
	if (IS_ERR_VALUE(at))
		return zxh_status((long)at);
	*addr = at;
	return 0;
}

static int zxh_process_unmap(struct zxh_aspace *as, u64 addr, u64 len)
{
	return zxh_status(vm_munmap(addr, len));
}

static void zxh_process_release(struct zxh_aspace *as)
{
	kfree(as);
}

static const struct zxh_aspace_ops zxh_process_ops = {
	.map = zxh_process_map,
	.unmap = zxh_process_unmap,
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
