// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memslots: over every part of a window that does not trap, one.
 *
 * Making a trap replaces the slot around it, with every vCPU of the guest
 * outside KVM_RUN. What cannot be made again for want of memory is made when a
 * vCPU misses it.
 */
#include <linux/slab.h>

#include "gspace.h"

#define ZXH_SLOT_MAX		32000

static int zxh_slot_create_locked(struct zxh_gspace *g, const struct zxh_window *w,
				  u64 gpa, u64 size)
{
	MA_STATE(mas, &g->slots, gpa, gpa + size - 1);
	struct zxh_slot *slot;
	int r = ZXH_ERR_NO_MEMORY;

	if (g->nr_slots >= ZXH_SLOT_MAX)
		return ZXH_ERR_NO_MEMORY;
	slot = kzalloc(sizeof(*slot), GFP_KERNEL_ACCOUNT);
	if (!slot)
		return r;
	slot->gpa = gpa;
	slot->size = size;
	slot->id = ida_alloc_max(&g->slot_ids, ZXH_SLOT_MAX, GFP_KERNEL_ACCOUNT);
	if (slot->id < 0)
		goto free_slot;
	if (mas_store_gfp(&mas, slot, GFP_KERNEL_ACCOUNT))
		goto free_id;
	r = zxh_kvm_slot_set(g->vm, slot->id, gpa, size, w->hva + (gpa - w->gpa));
	if (r)
		goto forget;
	g->nr_slots++;
	return 0;

forget:
	mas_set_range(&mas, gpa, gpa + size - 1);
	mas_store_gfp(&mas, NULL, ZXH_GFP_FORGET);
free_id:
	ida_free(&g->slot_ids, slot->id);
free_slot:
	kfree(slot);
	return r;
}

/* With @wipe the VM must be paused. */
static int zxh_slot_delete_locked(struct zxh_gspace *g, struct zxh_slot *slot, bool wipe)
{
	MA_STATE(mas, &g->slots, slot->gpa, slot->gpa + slot->size - 1);
	int r;

	r = wipe ? zxh_kvm_slot_wipe(g->vm, slot->id, slot->gpa) :
		   zxh_kvm_slot_set(g->vm, slot->id, slot->gpa, 0, 0);
	if (r)
		return r;
	mas_store_gfp(&mas, NULL, ZXH_GFP_FORGET);
	ida_free(&g->slot_ids, slot->id);
	kfree(slot);
	g->nr_slots--;
	return 0;
}

/* The end of what has neither slot nor hole from @start on, or @start itself. */
static u64 zxh_slots_gap_locked(struct zxh_gspace *g, u64 start, u64 end, u64 *next)
{
	struct maple_tree *trees[] = { &g->slots, &g->holes };
	unsigned int i;

	*next = end;
	for (i = 0; i < ARRAY_SIZE(trees); i++) {
		MA_STATE(mas, trees[i], start, start);

		if (!mas_find(&mas, end - 1))
			continue;
		if (mas.index <= start) {
			*next = mas.last + 1;
			return start;
		}
		end = min_t(u64, end, mas.index);
		*next = end;
	}
	return end;
}

/* Slots for every part of [@start, @end) of a window that has no slot or hole. */
int zxh_slots_fill_locked(struct zxh_gspace *g, const struct zxh_window *w,
				 u64 start, u64 end)
{
	u64 stop, next;
	int r;

	for (; start < end; start = next) {
		stop = zxh_slots_gap_locked(g, start, end, &next);
		if (stop == start)
			continue;
		r = zxh_slot_create_locked(g, w, start, stop - start);
		if (r)
			return r;
		cond_resched();
	}
	return 0;
}

/* Return: 0, or a status when a slot is left. */
int zxh_slots_empty_locked(struct zxh_gspace *g, u64 start, u64 end)
{
	MA_STATE(mas, &g->slots, start, start);
	struct zxh_slot *slot;
	int r;

	while ((slot = mas_find(&mas, end - 1))) {
		r = zxh_slot_delete_locked(g, slot, false);
		if (r)
			return r;
		mas_set(&mas, start);
	}
	return 0;
}

/* Make @slot, if there is one, and what @w lacks anew: KVM has no marks on pages then. */
static int zxh_slot_wipe_locked(struct zxh_gspace *g, const struct zxh_window *w,
				struct zxh_slot *slot)
{
	int r;

	r = zxh_kvm_vm_pause(g->vm);
	if (r)
		return r;
	if (slot)
		r = zxh_slot_delete_locked(g, slot, true);
	if (!r)
		r = zxh_slots_fill_locked(g, w, w->gpa, w->gpa + w->size);
	zxh_kvm_vm_resume(g->vm);
	return r;
}

/**
 * zxh_gspace_cover_fault() - make sure of a memslot where a vCPU missed one
 * @as: the address space
 * @gpa: the address, which does not trap
 *
 * Return: 0 or a status.
 */
int zxh_gspace_cover_fault(struct zxh_aspace *as, u64 gpa)
{
	struct zxh_gspace *g = zxh_gspace_of(as);
	MA_STATE(mas, &g->slots, gpa, gpa);
	struct zxh_window *w;
	int r = 0;

	if (gpa >= g->limit)
		return 0;
	if (mutex_lock_killable(&as->lock))
		return -EINTR;
	r = zxh_windows_cover_locked(g, gpa, gpa + 1);
	w = zxh_window_find_locked(g, gpa);
	if (!r && w)
		r = zxh_slot_wipe_locked(g, w, mas_walk(&mas));
	mutex_unlock(&as->lock);
	return r;
}

/**
 * zxh_gspace_wipe() - have KVM forget which pages are those of devices
 * @as: the address space
 *
 * Return: 0 or a status.
 */
int zxh_gspace_wipe(struct zxh_aspace *as)
{
	struct zxh_gspace *g = zxh_gspace_of(as);
	MA_STATE(mas, &g->slots, 0, 0);
	struct zxh_slot *slot;
	int r = 0;

	if (mutex_lock_killable(&as->lock))
		return -EINTR;
	slot = mas_find(&mas, ULONG_MAX);
	if (slot)
		r = zxh_slot_wipe_locked(g, zxh_window_find_locked(g, slot->gpa), slot);
	mutex_unlock(&as->lock);
	return r;
}

/* Replace every slot that reaches into [@gpa, @end), which is a hole now. */
static int zxh_slots_punch_locked(struct zxh_gspace *g, u64 gpa, u64 end)
{
	MA_STATE(mas, &g->slots, gpa, gpa);
	struct zxh_slot *slot;
	struct zxh_window *w;
	u64 start, stop;
	int r;

	while ((slot = mas_find(&mas, end - 1))) {
		start = slot->gpa;
		stop = slot->gpa + slot->size;
		w = zxh_window_find_locked(g, start);
		/* One slot becomes two at most. */
		if (g->nr_slots >= ZXH_SLOT_MAX)
			return ZXH_ERR_NO_MEMORY;
		r = zxh_slot_delete_locked(g, slot, false);
		if (!r)
			r = zxh_slots_fill_locked(g, w, start, stop);
		if (r)
			return r;
		mas_set(&mas, min(stop, end));
		if (stop >= end)
			break;
	}
	return 0;
}

/* Slots wherever a window lacks one around [@gpa, @end). Best effort. */
static void zxh_slots_heal_locked(struct zxh_gspace *g, u64 gpa, u64 end)
{
	struct zxh_window *w;

	for (; gpa < end && (w = zxh_window_find_locked(g, gpa)); gpa = w->gpa + w->size)
		zxh_slots_fill_locked(g, w, w->gpa, w->gpa + w->size);
}

/**
 * zxh_gspace_punch_locked() - a range that is to trap: no memslot answers it
 * @as: the address space; the caller holds its lock
 * @gpa: its first address
 * @len: its bytes, whole pages
 *
 * Return: 0, a status, or -EINTR; then there is no hole. Memslots that could not
 * be made again are made when a vCPU misses them: zxh_gspace_mend_locked().
 */
int zxh_gspace_punch_locked(struct zxh_aspace *as, u64 gpa, u64 len)
{
	struct zxh_gspace *g = zxh_gspace_of(as);
	MA_STATE(hole, &g->holes, gpa, gpa + len - 1);
	MA_STATE(slot, &g->slots, gpa, gpa);
	int r;

	lockdep_assert_held(&as->lock);
	if (mas_store_gfp(&hole, xa_mk_value(1), GFP_KERNEL_ACCOUNT))
		return ZXH_ERR_NO_MEMORY;
	if (!mas_find(&slot, gpa + len - 1))
		return 0;
	r = zxh_kvm_vm_pause(g->vm);
	if (!r) {
		r = zxh_slots_punch_locked(g, gpa, gpa + len);
		if (r) {
			mas_set_range(&hole, gpa, gpa + len - 1);
			mas_store_gfp(&hole, NULL, ZXH_GFP_FORGET);
			zxh_slots_heal_locked(g, gpa, gpa + len);
		}
		zxh_kvm_vm_resume(g->vm);
		return r;
	}
	mas_set_range(&hole, gpa, gpa + len - 1);
	mas_store_gfp(&hole, NULL, ZXH_GFP_FORGET);
	return r;
}

/**
 * zxh_gspace_mend_locked() - make sure of a memslot at an address in a window
 * @as: the address space; the caller holds its lock
 * @gpa: the address, which does not trap
 *
 * Return: 0 or a status.
 */
int zxh_gspace_mend_locked(struct zxh_aspace *as, u64 gpa)
{
	struct zxh_gspace *g = zxh_gspace_of(as);
	struct zxh_window *w = zxh_window_find_locked(g, gpa);
	MA_STATE(mas, &g->slots, gpa, gpa);

	lockdep_assert_held(&as->lock);
	if (!w || mas_walk(&mas))
		return 0;
	return zxh_slots_fill_locked(g, w, w->gpa, w->gpa + w->size);
}
