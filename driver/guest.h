/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guests: a virtual machine, its memory, its traps, its vCPUs' ids.
 */
#ifndef ZXH_GUEST_H
#define ZXH_GUEST_H

#include <linux/bitmap.h>
#include <linux/maple_tree.h>
#include <linux/mutex.h>

#include "aspace.h"
#include "bell.h"
#include "file.h"
#include "kvm.h"

#define ZXH_MAX_VCPUS	64

/**
 * struct zxh_trap - a range of a guest that the VMM answers
 * @kind: ZX_HYP_TRAP_*; constant after init
 * @key: goes into its packets; constant after init
 * @bell: of a BELL, with a reference; constant after init
 */
struct zxh_trap {
	u32 kind;
	u64 key;
	struct zxh_bell *bell;
};

/**
 * struct zxh_guest - a guest
 * @obj: base
 * @lock: see object.h
 * @vm: constant after init
 * @as: its physical address space, with a reference; constant after init
 * @root: VMAR over @as, with a reference; constant after init
 * @ids: vCPU ids in use; @lock
 * @mem_traps: address to struct zxh_trap, BELL and MEM; the tree's own lock,
 *	read under RCU. Traps live as long as the guest
 * @io_traps: port to struct zxh_trap; the same
 *
 * Handles to it and its vCPUs keep it. Handles to its VMAR do not: after its
 * death those name an address space that is dead.
 */
struct zxh_guest {
	struct zxh_object obj;
	struct mutex lock;
	struct zxh_kvm_vm *vm;
	struct zxh_aspace *as;
	struct zxh_vmar *root;
	DECLARE_BITMAP(ids, ZXH_MAX_VCPUS);
	struct maple_tree mem_traps;
	struct maple_tree io_traps;
};

static inline struct zxh_guest *zxh_guest_of(struct zxh_object *obj)
{
	return container_of(obj, struct zxh_guest, obj);
}

int zxh_guest_read_phys(struct zxh_guest *guest, u64 gpa, void *buf, size_t len);
int zxh_guest_resolve_fault(struct zxh_guest *guest, u64 gpa, bool write);

void zxh_trap_init(struct zxh_guest *guest);
void zxh_trap_exit(struct zxh_guest *guest);
int zxh_trap_bell(void *guest, u64 gpa);
struct zxh_bell *zxh_trap_get_bell(struct zxh_guest *guest, u64 gpa);
bool zxh_trap_find(struct maple_tree *traps, u64 addr, struct zxh_trap *trap);

#endif /* ZXH_GUEST_H */
