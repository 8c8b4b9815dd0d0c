/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest's physical address space: what aspace_guest.c, which keeps windows,
 * and memslot.c, which keeps memslots and the holes between them, share.
 */
#ifndef ZXH_GSPACE_H
#define ZXH_GSPACE_H

#include <linux/idr.h>
#include <linux/maple_tree.h>

#include "aspace.h"
#include "kvm.h"
#include "status.h"

/* For what must be forgotten, whether or not there is memory to do it. */
#define ZXH_GFP_FORGET		(GFP_KERNEL_ACCOUNT | __GFP_NOFAIL)

/**
 * struct zxh_window - reserved addresses for a range of a guest
 * @gpa: first guest-physical address; constant after init
 * @size: bytes; constant after init
 * @hva: the VMM's address of @gpa, equal to it modulo 2 MiB; constant after init
 * @start: the address that is offset 0 of the reservation; constant after init
 */
struct zxh_window {
	u64 gpa;
	u64 size;
	unsigned long hva;
	unsigned long start;
};

/**
 * struct zxh_slot - a memslot: a part of a window without traps
 * @gpa: first guest-physical address; constant after init
 * @size: bytes; constant after init
 * @id: KVM's number
 */
struct zxh_slot {
	u64 gpa;
	u64 size;
	int id;
};

/**
 * struct zxh_gspace - the backend of a guest's address space
 * @as: the base
 * @vm: NULL once the guest is dead; @as.lock
 * @reserve: file whose mappings are the reservation; constant after init
 * @limit: first address that the CPU cannot translate; constant after init
 * @windows: address to struct zxh_window; @as.lock
 * @slots: address to struct zxh_slot; @as.lock
 * @nr_slots: how many; @as.lock
 * @holes: trapped addresses; @as.lock
 * @slot_ids: numbers in use; @as.lock
 */
struct zxh_gspace {
	struct zxh_aspace as;
	struct zxh_kvm_vm *vm;
	struct file *reserve;
	u64 limit;
	struct maple_tree windows;
	struct maple_tree slots;
	unsigned int nr_slots;
	struct maple_tree holes;
	struct ida slot_ids;
};

static inline struct zxh_gspace *zxh_gspace_of(struct zxh_aspace *as)
{
	return container_of(as, struct zxh_gspace, as);
}

struct zxh_window *zxh_window_find_locked(struct zxh_gspace *g, u64 gpa);
int zxh_windows_cover_locked(struct zxh_gspace *g, u64 start, u64 end);

int zxh_slots_fill_locked(struct zxh_gspace *g, const struct zxh_window *w, u64 start, u64 end);
int zxh_slots_empty_locked(struct zxh_gspace *g, u64 start, u64 end);

#endif /* ZXH_GSPACE_H */
