// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's physical address space, on windows.
 *
 * A window is a range of guest-physical addresses, of whole gigabytes, for
 * which as many addresses of the VMM are reserved. KVM has memslots over a
 * whole window, so that its second-level tables follow the VMM's page tables
 * there: mapping and unmapping are mmap() calls, and no memslot changes. A
 * window is made when something is mapped in it, and stays.
 *
 * Traps are holes between memslots. Making one replaces the slot around it,
 * with every vCPU of the guest outside KVM_RUN.
 *
 * Addresses that the CPU cannot translate have neither window nor slot: they
 * can be mapped, but no guest can reach them.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/slab.h>

#include "compat.h"
#include "gspace.h"
#include "mmwork.h"
#include "vmo.h"

#define ZXH_WINDOW_ALIGN	(1ULL << 30)
/* KVM keeps two bytes for each page of a slot; a trap makes them anew. */
#define ZXH_WINDOW_MAX		(16ULL << 30)
#define ZXH_VACATE_TRIES	3

/* The reservation: addresses that answer nobody. */

static vm_fault_t zxh_reserve_fault(struct vm_fault *vmf)
{
	return VM_FAULT_SIGBUS;
}

static const struct vm_operations_struct zxh_reserve_vm_ops = {
	.fault = zxh_reserve_fault,
};

static int zxh_reserve_mmap(ZXH_MMAP_PARAMS)
{
	vma->vm_ops = &zxh_reserve_vm_ops;
	zxh_vma_keep_private(vma);
	return 0;
}

static const struct file_operations zxh_reserve_fops = {
	.owner = THIS_MODULE,
	.ZXH_FOP_MMAP = zxh_reserve_mmap,
};

/*
 * Put the reservation over [@hva, @hva + @len) of a window.
 *
 * A mmap() over something that fails may have taken that away first, and left
 * addresses that belong to nobody under a memslot: the VMM's next malloc() could
 * be what the guest reads. If that cannot be mended, no vCPU runs any more.
 */
static int zxh_window_vacate(struct zxh_gspace *g, const struct zxh_window *w,
			     unsigned long hva, u64 len)
{
	unsigned long r = 0;
	int i;

	for (i = 0; i < ZXH_VACATE_TRIES; i++) {
		r = vm_mmap(g->reserve, hva, len, PROT_NONE, MAP_SHARED | MAP_FIXED,
			    hva - w->start);
		if (!IS_ERR_VALUE(r))
			return 0;
	}
	if (!zxh_mm_has(hva, len, true))
		zxh_kvm_vm_kill(g->vm);
	return zxh_status((long)r);
}

/*
 * Reserve addresses that are aligned as guest-physical ones are, so that huge
 * pages of a VMO are huge pages of the guest. What is too much stays reserved:
 * giving it back could fail, and then it could not be told from others'.
 */
static int zxh_window_reserve(struct zxh_gspace *g, struct zxh_window *w)
{
	w->start = vm_mmap(g->reserve, 0, w->size + PMD_SIZE, PROT_NONE, MAP_SHARED, 0);
	if (IS_ERR_VALUE(w->start))
		return zxh_status((long)w->start);
	w->hva = ALIGN(w->start, PMD_SIZE);
	return 0;
}

static int zxh_window_unreserve(struct zxh_window *w)
{
	return vm_munmap(w->start, w->size + PMD_SIZE);
}

struct zxh_window *zxh_window_find_locked(struct zxh_gspace *g, u64 gpa)
{
	MA_STATE(mas, &g->windows, gpa, gpa);

	lockdep_assert_held(&g->as.lock);
	return mas_walk(&mas);
}

static int zxh_window_create_locked(struct zxh_gspace *g, u64 gpa, u64 size)
{
	MA_STATE(mas, &g->windows, gpa, gpa + size - 1);
	struct zxh_window *w;
	int r;

	w = kzalloc(sizeof(*w), GFP_KERNEL_ACCOUNT);
	if (!w)
		return ZXH_ERR_NO_MEMORY;
	w->gpa = gpa;
	w->size = size;
	r = zxh_window_reserve(g, w);
	if (r)
		goto free_window;
	if (mas_store_gfp(&mas, w, GFP_KERNEL_ACCOUNT)) {
		r = ZXH_ERR_NO_MEMORY;
		goto unreserve;
	}
	/* New slots take nothing away from running vCPUs: no need to pause. */
	r = zxh_slots_fill_locked(g, w, gpa, gpa + size);
	if (r)
		goto empty;
	return 0;

empty:
	/* Under a slot the addresses must stay; what it lacks is filled in later. */
	if (zxh_slots_empty_locked(g, gpa, gpa + size))
		return r;
	mas_set_range(&mas, gpa, gpa + size - 1);
	mas_store_gfp(&mas, NULL, ZXH_GFP_FORGET);
unreserve:
	zxh_window_unreserve(w);
free_window:
	kfree(w);
	return r;
}

/* Windows for every part of [@start, @end) that has none. */
int zxh_windows_cover_locked(struct zxh_gspace *g, u64 start, u64 end)
{
	int r;

	start = ALIGN_DOWN(start, ZXH_WINDOW_ALIGN);
	end = min(ALIGN(end, ZXH_WINDOW_ALIGN), g->limit);
	while (start < end) {
		MA_STATE(mas, &g->windows, start, start);
		u64 stop = min(end, start + ZXH_WINDOW_MAX);

		if (mas_find(&mas, stop - 1)) {
			if (mas.index <= start) {
				start = mas.last + 1;
				continue;
			}
			stop = mas.index;
		}
		r = zxh_window_create_locked(g, start, stop - start);
		if (r)
			return r;
		start = stop;
	}
	return 0;
}

/* The backend's calls. */

/* Where no window is, nothing is mapped. */
static int zxh_guest_unmap(struct zxh_aspace *as, u64 addr, u64 len, bool reserve)
{
	struct zxh_gspace *g = zxh_gspace_of(as);
	u64 end = min(addr + len, g->limit);
	MA_STATE(mas, &g->windows, addr, addr);
	struct zxh_window *w;
	u64 start, stop;
	int r;

	if (addr >= end)
		return 0;
	mas_for_each(&mas, w, end - 1) {
		start = max(addr, w->gpa);
		stop = min(end, w->gpa + w->size);
		r = zxh_window_vacate(g, w, w->hva + (start - w->gpa), stop - start);
		if (r)
			return r;
	}
	return 0;
}

static int zxh_guest_map(struct zxh_aspace *as, struct zxh_area *area, enum zxh_place place,
			 struct zxh_vmo *vmo, u64 offset, u32 perms, bool *intact)
{
	struct zxh_gspace *g = zxh_gspace_of(as);
	u64 addr = area->addr, end = min(addr + area->len, g->limit);
	unsigned long prot, hva, r;
	struct zxh_window *w;
	int status;
	u64 n;

	if (addr >= end)
		return 0;
	status = zxh_windows_cover_locked(g, addr, end);
	if (status)
		return status;
	/* Guest memory is data to the VMM, whatever it is to the guest. */
	prot = (perms & ZX_HYP_VM_PERM_READ ? PROT_READ : 0) |
	       (perms & ZX_HYP_VM_PERM_WRITE ? PROT_WRITE : 0);
	for (; addr < end; addr += n) {
		w = zxh_window_find_locked(g, addr);
		hva = w->hva + (addr - w->gpa);
		n = min(end, w->gpa + w->size) - addr;
		r = vm_mmap(vmo->guest_file, hva, n, prot, MAP_SHARED | MAP_FIXED,
			    offset + (addr - area->addr));
		if (IS_ERR_VALUE(r))
			goto undo;
	}
	return 0;

undo:
	status = zxh_status((long)r);
	/* Nothing happened, unless that was the second window, or Linux began. */
	*intact = addr == area->addr && zxh_mm_has(hva, n, true);
	if (!*intact)
		zxh_guest_unmap(as, area->addr, area->len, true);
	return status;
}

/* The whole space is the guest's: there is nobody to keep away. */
static int zxh_guest_reserve(struct zxh_aspace *as, struct zxh_area *area,
			     enum zxh_place place)
{
	return 0;
}

static void zxh_gspace_release(struct zxh_aspace *as)
{
	struct zxh_gspace *g = zxh_gspace_of(as);

	fput(g->reserve);
	kfree(g);
}

static const struct zxh_aspace_ops zxh_gspace_ops = {
	.map = zxh_guest_map,
	.reserve = zxh_guest_reserve,
	.unmap = zxh_guest_unmap,
	.hva = zxh_gspace_hva_locked,
	.release = zxh_gspace_release,
	.first_fit = true,
};

static void zxh_tree_init(struct maple_tree *tree, struct mutex *lock)
{
	mt_init_flags(tree, MT_FLAGS_LOCK_EXTERN);
	mt_set_external_lock(tree, lock);
}

/**
 * zxh_gspace_create() - an empty guest-physical address space
 * @vm: whose memslots it makes; the caller keeps it until zxh_gspace_kill()
 * @as: receives it, with a reference
 *
 * Return: 0 or a status.
 */
int zxh_gspace_create(struct zxh_kvm_vm *vm, struct zxh_aspace **as)
{
	struct zxh_gspace *g;
	int r;

	g = kzalloc(sizeof(*g), GFP_KERNEL_ACCOUNT);
	if (!g)
		return ZXH_ERR_NO_MEMORY;
	g->reserve = anon_inode_getfile("[zx_hyp-window]", &zxh_reserve_fops, NULL, O_RDWR);
	if (IS_ERR(g->reserve)) {
		r = zxh_status(PTR_ERR(g->reserve));
		kfree(g);
		return r;
	}
	zxh_aspace_init(&g->as, &zxh_gspace_ops);
	g->vm = vm;
	g->limit = min(1ULL << zxh_kvm_gpa_bits(), ZXH_GUEST_SPACE_SIZE);
	zxh_tree_init(&g->windows, &g->as.lock);
	zxh_tree_init(&g->slots, &g->as.lock);
	zxh_tree_init(&g->holes, &g->as.lock);
	ida_init(&g->slot_ids);
	*as = &g->as;
	return 0;
}

static void zxh_tree_free(struct maple_tree *tree)
{
	unsigned long index = 0;
	void *entry;

	mt_for_each(tree, entry, index, ULONG_MAX) {
		kfree(entry);
		cond_resched();
	}
	__mt_destroy(tree);
}

static int zxh_windows_unmap(void *arg)
{
	struct zxh_gspace *g = arg;
	struct zxh_window *w;
	unsigned long index = 0;

	mt_for_each(&g->windows, w, index, ULONG_MAX)
		zxh_window_unreserve(w);
	return 0;
}

/**
 * zxh_gspace_kill() - the guest is gone: give its windows back
 * @as: the address space; VMAR handles may still name it
 *
 * Before the VM goes, with none of its vCPUs running.
 */
void zxh_gspace_kill(struct zxh_aspace *as)
{
	struct zxh_gspace *g = zxh_gspace_of(as);

	mutex_lock(&as->lock);
	g->vm = NULL;
	zxh_clean_up_in_mm(as->mm, zxh_windows_unmap, g);
	zxh_tree_free(&g->windows);
	zxh_tree_free(&g->slots);
	__mt_destroy(&g->holes);
	ida_destroy(&g->slot_ids);
	mutex_unlock(&as->lock);
}

/**
 * zxh_gspace_cover() - make sure of a window, whether or not anything is mapped
 * @as: the address space
 * @gpa: an address in the window
 *
 * Where no memslot is, KVM emulates: a page walk or a fetch there ends in a
 * triple fault, not in a fault that can be told and resolved.
 *
 * Return: 0 or a status.
 */
int zxh_gspace_cover(struct zxh_aspace *as, u64 gpa)
{
	struct zxh_gspace *g = zxh_gspace_of(as);
	int r = 0;

	if (mutex_lock_killable(&as->lock))
		return -EINTR;
	if (gpa < g->limit)
		r = zxh_windows_cover_locked(g, gpa, gpa + 1);
	mutex_unlock(&as->lock);
	return r;
}

/**
 * zxh_gspace_hva_locked() - where the VMM sees a guest-physical address
 * @as: the address space; the caller holds its lock
 * @gpa: the address
 *
 * Return: the address in the VMM, which may answer nobody, or 0 where no window
 * is.
 */
unsigned long zxh_gspace_hva_locked(struct zxh_aspace *as, u64 gpa)
{
	struct zxh_window *w = zxh_window_find_locked(zxh_gspace_of(as), gpa);

	return w ? w->hva + (gpa - w->gpa) : 0;
}
