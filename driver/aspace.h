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
struct zxh_share;
struct zxh_vmar;
struct zxh_vmo;

/* What is there where a mapping or reservation is to go. */
enum zxh_place {
	ZXH_PLACE_ANY,		/* the backend chooses a place */
	ZXH_PLACE_FREE,		/* none of ours: others may not be touched */
	ZXH_PLACE_OURS,		/* mappings or a reservation of ours: replace them */
};

/**
 * struct zxh_area - addresses that a backend acts on
 * @addr: the first, absolute. With ZXH_PLACE_ANY the alignment that is asked for
 *	in bytes; receives the address
 * @len: bytes, whole pages
 * @limit: with ZXH_PLACE_ANY: the address that it may not reach beyond, or 0
 */
struct zxh_area {
	u64 addr;
	u64 len;
	u64 limit;
};

/**
 * struct zxh_aspace_ops - the backend. All are called under the aspace's lock, in
 *	its mm, but for @release
 * @map: map a VMO from @offset. @perms are ZX_HYP_VM_PERM_*. When it fails with
 *	*@intact made false, what was there is gone
 * @reserve: keep others away from addresses where a sub-VMAR is going to be
 * @unmap: leave nothing at these addresses, or a reservation
 * @hva: where the mm has an address, or 0
 * @release: the last reference to the aspace is gone
 * @first_fit: VMARs place mappings at the lowest free address, not the backend
 */
struct zxh_aspace_ops {
	int (*map)(struct zxh_aspace *as, struct zxh_area *area, enum zxh_place place,
		   struct zxh_vmo *vmo, u64 offset, u32 perms, bool *intact);
	int (*reserve)(struct zxh_aspace *as, struct zxh_area *area, enum zxh_place place);
	int (*unmap)(struct zxh_aspace *as, u64 addr, u64 len, bool reserve);
	unsigned long (*hva)(struct zxh_aspace *as, u64 addr);
	void (*release)(struct zxh_aspace *as);
	bool first_fit;
};

/**
 * struct zxh_aspace - an address space
 * @ref: held by its VMARs and by its owner
 * @lock: orders everything in it; see object.h for its place
 * @mm: of the process whose addresses it is made of, kept by mmgrab(): the
 *	structure, not the pages; constant after init
 * @ops: constant after init
 */
struct zxh_aspace {
	struct kref ref;
	struct mutex lock;
	struct mm_struct *mm;
	const struct zxh_aspace_ops *ops;
};

/**
 * struct zxh_region - what is at a range of a VMAR: a VMO's pages, or a sub-VMAR
 * @ranges: how many ranges of a VMAR's tree point here: a mapping that was cut
 *	has several; the VMAR's aspace lock
 * @child: the sub-VMAR, with a reference; NULL: a mapping; constant after init
 * @vmo: with a reference; constant after init
 * @share: where @vmo counts it; constant after init
 * @base: address of the byte at @vmo_offset, whether or not that is still
 *	mapped; constant after init
 * @vmo_offset: constant after init
 * @perms: ZX_HYP_VM_PERM_*; constant after init
 * @max: what zx_vmar_protect may make of them; constant after init
 */
struct zxh_region {
	unsigned int ranges;
	struct zxh_vmar *child;
	struct zxh_vmo *vmo;
	struct zxh_share *share;
	u64 base;
	u64 vmo_offset;
	u32 perms;
	u32 max;
};

/**
 * struct zxh_vmar - a part of an address space that handles name
 * @obj: base
 * @as: with a reference; constant after init
 * @parent: the VMAR that it is part of, which lives as long as this is not dead;
 *	NULL: a root; @as->lock
 * @base: constant after init
 * @size: bytes; constant after init
 * @can: ZX_HYP_VM_CAN_MAP_*: what may be mapped here; constant after init
 * @dead: destroyed: nothing can be done with it; @as->lock
 * @regions: address to struct zxh_region; @as->lock
 * @dying: in a list of those that are being destroyed; @as->lock
 */
struct zxh_vmar {
	struct zxh_object obj;
	struct zxh_aspace *as;
	struct zxh_vmar *parent;
	u64 base;
	u64 size;
	u32 can;
	bool dead;
	struct maple_tree regions;
	struct list_head dying;
};

static inline struct zxh_vmar *zxh_vmar_of(struct zxh_object *obj)
{
	return container_of(obj, struct zxh_vmar, obj);
}

void zxh_aspace_init(struct zxh_aspace *as, const struct zxh_aspace_ops *ops);
void zxh_aspace_get(struct zxh_aspace *as);
void zxh_aspace_put(struct zxh_aspace *as);
int zxh_aspace_run(struct zxh_aspace *as, int (*fn)(void *arg), void *arg);
bool zxh_mm_has(unsigned long addr, u64 len, bool ours);

int zxh_vmar_create_root(struct zxh_aspace *as, u64 base, u64 size, struct zxh_vmar **vmar);
int zxh_vmar_create_process(struct zxh_vmar **vmar);
void zxh_vmar_close_process(struct zxh_vmar *vmar);
u32 zxh_vmar_rights(struct zxh_file *f, u32 can);
u32 zxh_vmar_root_rights(struct zxh_file *f);
int zxh_vmar_unmap_pages(struct zxh_vmar *vmar, u64 addr, u64 len);
void zxh_vmar_kill(struct zxh_vmar *vmar);
struct zxh_region *zxh_vmar_find_locked(struct zxh_vmar *vmar, u64 addr);

int zxh_gspace_create(struct zxh_kvm_vm *vm, struct zxh_aspace **as);
void zxh_gspace_kill(struct zxh_aspace *as);
int zxh_gspace_cover(struct zxh_aspace *as, u64 gpa);
int zxh_gspace_cover_fault(struct zxh_aspace *as, u64 gpa);
int zxh_gspace_wipe(struct zxh_aspace *as);
int zxh_gspace_punch_locked(struct zxh_aspace *as, u64 gpa, u64 len);
int zxh_gspace_mend_locked(struct zxh_aspace *as, u64 gpa);
unsigned long zxh_gspace_hva_locked(struct zxh_aspace *as, u64 gpa);

#define ZXH_GUEST_SPACE_SIZE	(1ULL << 48)

#endif /* ZXH_ASPACE_H */
