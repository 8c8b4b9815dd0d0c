/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Address spaces, the VMARs that divide them, and what is mapped in those.
 *
 * One code serves a guest's physical address space and the VMM's own; a backend
 * does what differs: where a mapping goes, and how it gets there.
 */
#ifndef ZXH_ASPACE_H
#define ZXH_ASPACE_H

#include <linux/kref.h>
#include <linux/maple_tree.h>
#include <linux/mutex.h>

#include "object.h"

struct zxh_aspace;
struct zxh_file;
struct zxh_kvm_vm;
struct zxh_vmar;
struct zxh_vmo;

/**
 * struct zxh_aspace_ops - the backend. All are called under the aspace's lock, in
 *	its mm, but for @release
 * @map: map @len bytes of a VMO from @offset. At *@addr if @fixed, and then
 *	nothing is mapped there; else where the backend finds best, which it
 *	tells in *@addr. @perms are ZX_HYP_VM_PERM_*
 * @unmap: leave nothing at these addresses
 * @release: the last reference to the aspace is gone
 * @first_fit: VMARs place mappings at the lowest free address, not @map
 */
struct zxh_aspace_ops {
	int (*map)(struct zxh_aspace *as, u64 *addr, u64 len, struct zxh_vmo *vmo,
		   u64 offset, u32 perms, bool fixed);
	int (*unmap)(struct zxh_aspace *as, u64 addr, u64 len);
	void (*release)(struct zxh_aspace *as);
	bool first_fit;
};

/**
 * struct zxh_aspace - an address space
 * @ref: held by its VMARs and by its owner
 * @lock: orders everything in it; see object.h for its place
 * @dead: nothing can be mapped any more; @lock
 * @mm: of the process whose addresses it is made of, kept by mmgrab(): the
 *	structure, not the pages; constant after init
 * @ops: constant after init
 */
struct zxh_aspace {
	struct kref ref;
	struct mutex lock;
	bool dead;
	struct mm_struct *mm;
	const struct zxh_aspace_ops *ops;
};

/**
 * struct zxh_mapping - a VMO in an address space
 * @ranges: how many ranges of a VMAR's tree point here: a mapping that was cut
 *	has several; the VMAR's aspace lock
 * @vmo: with a reference; constant after init
 * @base: address of the byte at @vmo_offset, whether or not that is still
 *	mapped; constant after init
 * @vmo_offset: constant after init
 * @perms: ZX_HYP_VM_PERM_*; constant after init
 */
struct zxh_mapping {
	unsigned int ranges;
	struct zxh_vmo *vmo;
	u64 base;
	u64 vmo_offset;
	u32 perms;
};

/**
 * struct zxh_vmar - a part of an address space that handles name
 * @obj: base
 * @as: with a reference; constant after init
 * @base: constant after init
 * @size: bytes; constant after init
 * @can: ZX_HYP_VM_CAN_MAP_*: what may be mapped here; constant after init
 * @regions: address to struct zxh_mapping; @as->lock
 */
struct zxh_vmar {
	struct zxh_object obj;
	struct zxh_aspace *as;
	u64 base;
	u64 size;
	u32 can;
	struct maple_tree regions;
};

void zxh_aspace_init(struct zxh_aspace *as, const struct zxh_aspace_ops *ops);
void zxh_aspace_put(struct zxh_aspace *as);
int zxh_aspace_run(struct zxh_aspace *as, int (*fn)(void *arg), void *arg);

int zxh_vmar_create_root(struct zxh_aspace *as, u64 base, u64 size, struct zxh_vmar **vmar);
int zxh_vmar_create_process(struct zxh_vmar **vmar);
u32 zxh_vmar_root_rights(struct zxh_file *f);
int zxh_vmar_unmap(struct zxh_vmar *vmar, u64 addr, u64 len);
void zxh_vmar_kill(struct zxh_vmar *vmar);
struct zxh_mapping *zxh_vmar_find_locked(struct zxh_vmar *vmar, u64 addr);

int zxh_gspace_create(struct zxh_kvm_vm *vm, struct zxh_aspace **as);
void zxh_gspace_kill(struct zxh_aspace *as);
int zxh_gspace_cover(struct zxh_aspace *as, u64 gpa);
int zxh_gspace_punch_locked(struct zxh_aspace *as, u64 gpa, u64 len);
int zxh_gspace_mend_locked(struct zxh_aspace *as, u64 gpa);
unsigned long zxh_gspace_hva_locked(struct zxh_aspace *as, u64 gpa);

#define ZXH_GUEST_SPACE_SIZE	(1ULL << 48)

#endif /* ZXH_ASPACE_H */
