// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMARs: parts of an address space, each with a tree of what is where in it.
 *
 * A tree has mappings and smaller VMARs, which have trees of their own. The
 * depth of that is the program's choice, so nothing here calls itself.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "vmar.h"
#include "vmo.h"

#define ZXH_RESTORE_TRIES	3

/* For what must be forgotten, whether or not there is memory to do it. */
#define ZXH_GFP_FORGET	(GFP_KERNEL_ACCOUNT | __GFP_NOFAIL)

/**
 * zxh_region_alloc_locked() - a mapping that is not in a tree yet
 * @as: the address space that it will be in; the caller holds its lock
 * @vmo: the VMO; the region takes a reference
 * @base: address of the byte at @vmo_offset
 * @vmo_offset: bytes
 * @perms: ZX_HYP_VM_PERM_*
 * @max: what these may become
 *
 * Return: the region, with one range, or NULL.
 */
struct zxh_region *zxh_region_alloc_locked(const struct zxh_aspace *as, struct zxh_vmo *vmo,
					   u64 base, u64 vmo_offset, u32 perms, u32 max)
{
	struct zxh_region *region = kzalloc(sizeof(*region), GFP_KERNEL_ACCOUNT);

	if (!region)
		return NULL;
	region->share = zxh_vmo_share_locked(vmo, as);
	if (!region->share) {
		kfree(region);
		return NULL;
	}
	region->ranges = 1;
	region->vmo = vmo;
	region->base = base;
	region->vmo_offset = vmo_offset;
	region->perms = perms;
	region->max = max;
	zxh_object_get(&vmo->obj);
	return region;
}

/* One range fewer. Of a sub-VMAR, which has one, the VMAR must be dead. */
void zxh_region_put_locked(struct zxh_region *region)
{
	if (--region->ranges)
		return;
	if (region->child) {
		zxh_object_put(&region->child->obj);
	} else {
		zxh_vmo_unshare_locked(region->vmo, region->share);
		zxh_object_put(&region->vmo->obj);
	}
	kfree(region);
}

/*
 * Everything in @vmar goes, and it is dead. The backend has taken, or will take,
 * the pages away. VMARs in it are put on @work, with the reference of their
 * region: they live a little longer.
 */
static void zxh_vmar_empty_locked(struct zxh_vmar *vmar, struct list_head *work)
{
	struct zxh_region *region;
	unsigned long index = 0;

	vmar->dead = true;
	mt_for_each(&vmar->regions, region, index, ULONG_MAX) {
		if (region->child) {
			list_add(&region->child->dying, work);
			kfree(region);
		} else {
			zxh_region_put_locked(region);
		}
		cond_resched();
	}
	/* A tree that was destroyed has forgotten who locks it. */
	if (!mtree_empty(&vmar->regions))
		__mt_destroy(&vmar->regions);
}

static void zxh_vmar_kill_locked(struct zxh_vmar *vmar)
{
	LIST_HEAD(work);

	lockdep_assert_held(&vmar->as->lock);
	zxh_vmar_empty_locked(vmar, &work);
	while (!list_empty(&work)) {
		vmar = list_first_entry(&work, struct zxh_vmar, dying);
		list_del(&vmar->dying);
		zxh_vmar_empty_locked(vmar, &work);
		/* Dead, it goes without the lock. */
		zxh_object_put(&vmar->obj);
	}
}

/**
 * zxh_vmar_kill() - the address space of a root VMAR goes away
 * @vmar: the VMAR, which handles may still name, and all in it
 */
void zxh_vmar_kill(struct zxh_vmar *vmar)
{
	mutex_lock(&vmar->as->lock);
	zxh_vmar_kill_locked(vmar);
	mutex_unlock(&vmar->as->lock);
}

static void zxh_vmar_release(struct zxh_object *obj)
{
	struct zxh_vmar *vmar = zxh_vmar_of(obj);

	/* A part has been killed, or was never one; only a root may be alive. */
	if (!vmar->dead)
		zxh_vmar_kill(vmar);
	zxh_aspace_put(vmar->as);
	zxh_object_free(obj);
}

static const struct zxh_object_ops zxh_vmar_ops = {
	.type = ZXH_TYPE_VMAR,
	.rights = (ZXH_RIGHTS_BASIC & ~ZXH_RIGHT_WAIT) | ZXH_RIGHT_OP_CHILDREN,
	.release = zxh_vmar_release,
};

/**
 * zxh_vmar_alloc() - a VMAR that is part of nothing yet
 * @as: the address space; the VMAR takes a reference
 * @base: its first address
 * @size: its bytes
 * @can: ZX_HYP_VM_CAN_MAP_*
 *
 * Return: the VMAR or NULL.
 */
struct zxh_vmar *zxh_vmar_alloc(struct zxh_aspace *as, u64 base, u64 size, u32 can)
{
	struct zxh_vmar *vmar = kzalloc(sizeof(*vmar), GFP_KERNEL_ACCOUNT);

	if (!vmar)
		return NULL;
	zxh_object_init(&vmar->obj, &zxh_vmar_ops);
	zxh_aspace_get(as);
	vmar->as = as;
	vmar->base = base;
	vmar->size = size;
	vmar->can = can;
	mt_init_flags(&vmar->regions, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_LOCK_EXTERN);
	mt_set_external_lock(&vmar->regions, &as->lock);
	return vmar;
}

/**
 * zxh_vmar_create_root() - a VMAR over a whole address space
 * @as: the address space; the VMAR takes a reference
 * @base: its first address
 * @size: its bytes
 * @out: receives the VMAR
 *
 * Return: 0 or ZXH_ERR_NO_MEMORY.
 */
int zxh_vmar_create_root(struct zxh_aspace *as, u64 base, u64 size, struct zxh_vmar **out)
{
	*out = zxh_vmar_alloc(as, base, size, ZXH_VM_CAN_MAP | ZX_HYP_VM_CAN_MAP_SPECIFIC);
	return *out ? 0 : ZXH_ERR_NO_MEMORY;
}

/**
 * zxh_vmar_rights() - rights of a new handle to a VMAR
 * @f: the file that makes it
 * @can: ZX_HYP_VM_CAN_MAP_*: READ, WRITE and EXECUTE go along with these
 */
u32 zxh_vmar_rights(struct zxh_file *f, u32 can)
{
	u32 perms = ZXH_RIGHTS_IO | ZXH_RIGHT_EXECUTE;
	u32 rights = zxh_file_rights(f, ZXH_TYPE_VMAR, zxh_vmar_ops.rights | perms);

	return rights & (~perms | zxh_perms_of_can(can) * ZXH_RIGHT_READ);
}

u32 zxh_vmar_root_rights(struct zxh_file *f)
{
	return zxh_vmar_rights(f, ZXH_VM_CAN_MAP);
}

/* Whether [@addr, @addr + @len), not empty, is inside. */
bool zxh_vmar_covers(const struct zxh_vmar *vmar, u64 addr, u64 len)
{
	return addr >= vmar->base && len <= vmar->size &&
	       addr - vmar->base <= vmar->size - len;
}

/**
 * zxh_vmar_find_locked() - what is mapped at an address
 * @vmar: the VMAR; the caller holds its aspace's lock
 * @addr: the address
 *
 * Return: the mapping, or NULL. It is good for as long as the lock is held.
 */
struct zxh_region *zxh_vmar_find_locked(struct zxh_vmar *vmar, u64 addr)
{
	struct zxh_region *region;

	lockdep_assert_held(&vmar->as->lock);
	do {
		MA_STATE(mas, &vmar->regions, addr, addr);

		cond_resched();
		region = mas_walk(&mas);
		if (!region || !region->child)
			return region;
		vmar = region->child;
	} while (true);
}

/**
 * zxh_vmar_next_locked() - the next thing in a VMAR
 * @vmar: the VMAR
 * @addr: where to begin
 * @last: where to end
 * @piece: receives the part of it that is in [@addr, @last]
 *
 * Return: whether there is one.
 */
bool zxh_vmar_next_locked(struct zxh_vmar *vmar, u64 addr, u64 last, struct zxh_piece *piece)
{
	MA_STATE(mas, &vmar->regions, addr, addr);

	lockdep_assert_held(&vmar->as->lock);
	piece->vmar = vmar;
	piece->region = mas_find(&mas, last);
	if (!piece->region)
		return false;
	piece->start = max_t(u64, mas.index, addr);
	piece->len = min_t(u64, mas.last, last) - piece->start + 1;
	return true;
}

/**
 * zxh_vmar_next_page_locked() - the next mapping in a VMAR or in those in it
 * @vmar: the VMAR
 * @addr: where to begin
 * @last: where to end
 * @piece: receives the part of it that is in [@addr, @last], and whose it is
 *
 * Return: whether there is one.
 */
bool zxh_vmar_next_page_locked(struct zxh_vmar *vmar, u64 addr, u64 last,
			       struct zxh_piece *piece)
{
	struct zxh_vmar *at = vmar;

	while (addr <= last) {
		if (zxh_vmar_next_locked(at, addr, last, piece)) {
			if (!piece->region->child)
				return true;
			/* Down: its range is in @piece. */
			at = piece->region->child;
			addr = piece->start;
		} else {
			if (at == vmar)
				return false;
			/* Up, and on behind it. */
			addr = at->base + at->size;
			at = at->parent;
		}
		cond_resched();
	}
	return false;
}

/* Point [addr, addr + len), which is empty, at @region, or a range at nothing. */
static int zxh_vmar_write_locked(struct zxh_vmar *vmar, u64 addr, u64 len,
				 struct zxh_region *region, gfp_t gfp)
{
	MA_STATE(mas, &vmar->regions, addr, addr + len - 1);

	lockdep_assert_held(&vmar->as->lock);
	return mas_store_gfp(&mas, region, gfp);
}

/**
 * zxh_vmar_store_locked() - enter something where nothing is
 * @vmar: the VMAR
 * @addr: absolute address
 * @len: bytes
 * @region: what; its one range is used up
 *
 * Return: 0 or ZXH_ERR_NO_MEMORY.
 */
int zxh_vmar_store_locked(struct zxh_vmar *vmar, u64 addr, u64 len, struct zxh_region *region)
{
	return zxh_vmar_write_locked(vmar, addr, len, region, GFP_KERNEL_ACCOUNT) ?
		ZXH_ERR_NO_MEMORY : 0;
}

/*
 * Count the ranges that removing [addr, last] leaves of each region: none of
 * those inside, one of those cut at an end, two of the one cut in the middle.
 */
static void zxh_vmar_count_cut_locked(struct zxh_vmar *vmar, u64 addr, u64 last)
{
	MA_STATE(mas, &vmar->regions, addr, addr);
	struct zxh_region *region;

	mas_for_each(&mas, region, last) {
		if (mas.index < addr)
			region->ranges++;
		if (mas.last > last)
			region->ranges++;
	}
}

static void zxh_vmar_put_cut_locked(struct zxh_vmar *vmar, u64 addr, u64 last)
{
	MA_STATE(mas, &vmar->regions, addr, addr);
	struct zxh_region *region;

	mas_for_each(&mas, region, last)
		zxh_region_put_locked(region);
}

/**
 * zxh_vmar_replace_locked() - put something where others are, or parts of them
 * @vmar: the VMAR
 * @addr: absolute address
 * @len: bytes; no living sub-VMAR is there
 * @region: what, or NULL; its one range is used up
 *
 * It cannot fail: the backend has done its part already.
 */
void zxh_vmar_replace_locked(struct zxh_vmar *vmar, u64 addr, u64 len,
			     struct zxh_region *region)
{
	u64 last = addr + len - 1;

	zxh_vmar_count_cut_locked(vmar, addr, last);
	zxh_vmar_put_cut_locked(vmar, addr, last);
	zxh_vmar_write_locked(vmar, addr, len, region, ZXH_GFP_FORGET);
}

/* Take a range out of the tree; the backend has unmapped it. */
void zxh_vmar_cut_locked(struct zxh_vmar *vmar, u64 addr, u64 len)
{
	zxh_vmar_replace_locked(vmar, addr, len, NULL);
}

/* Map a piece as it was. Return: 0 or a status. */
static int zxh_vmar_restore_piece_locked(const struct zxh_piece *piece)
{
	enum zxh_place place = piece->vmar->parent ? ZXH_PLACE_OURS : ZXH_PLACE_FREE;
	struct zxh_area area = { .addr = piece->start, .len = piece->len };
	const struct zxh_region *region = piece->region;
	struct zxh_aspace *as = piece->vmar->as;
	u64 offset = piece->start - region->base + region->vmo_offset;
	bool intact;
	int i, r;

	for (i = 0; i < ZXH_RESTORE_TRIES; i++) {
		r = as->ops->map(as, &area, place, region->vmo, offset, region->perms, &intact);
		if (!r)
			break;
	}
	return r;
}

/**
 * zxh_vmar_restore_locked() - put back what a mmap() that failed took away
 * @vmar: the VMAR
 * @addr: absolute address
 * @len: bytes; no sub-VMAR is there
 *
 * What cannot be put back is gone from the tree, too.
 */
void zxh_vmar_restore_locked(struct zxh_vmar *vmar, u64 addr, u64 len)
{
	u64 last = addr + len - 1;
	struct zxh_piece piece;

	for (; zxh_vmar_next_locked(vmar, addr, last, &piece); addr = piece.start + piece.len) {
		cond_resched();
		if (!zxh_vmar_restore_piece_locked(&piece))
			continue;
		vmar->as->ops->unmap(vmar->as, piece.start, piece.len, vmar->parent);
		zxh_vmar_cut_locked(vmar, piece.start, piece.len);
	}
}

/**
 * zxh_vmar_evict_locked() - parts of a VMAR lose their place to something else
 * @vmar: the VMAR
 * @addr: absolute address
 * @len: bytes
 *
 * Linux gives addresses away that the process unmapped behind our back. A part
 * that had some of them is dead, whole, and no region of it stays.
 */
void zxh_vmar_evict_locked(struct zxh_vmar *vmar, u64 addr, u64 len)
{
	u64 last = addr + len - 1;
	struct zxh_piece piece;
	struct zxh_vmar *child;

	for (; zxh_vmar_next_locked(vmar, addr, last, &piece); addr = piece.start + piece.len) {
		child = piece.region->child;
		cond_resched();
		if (!child)
			continue;
		zxh_vmar_kill_locked(child);
		zxh_vmar_cut_locked(vmar, child->base, child->size);
	}
}

/**
 * zxh_vmar_destroy_locked() - a part of a VMAR goes, with all that is in it
 * @vmar: the part; alive, and no root
 *
 * Return: 0, or a status when its pages could not be unmapped.
 */
int zxh_vmar_destroy_locked(struct zxh_vmar *vmar)
{
	struct zxh_vmar *parent = vmar->parent;
	u64 base = vmar->base, size = vmar->size;
	int r;

	r = vmar->as->ops->unmap(vmar->as, base, size, parent->parent);
	if (r)
		return r;
	zxh_vmar_kill_locked(vmar);
	/* With this goes the reference that the parent had. */
	zxh_vmar_cut_locked(parent, base, size);
	return 0;
}

/**
 * zxh_vmar_unmap_pages_locked() - unmap a range, in sub-VMARs, too
 * @vmar: the VMAR
 * @addr: absolute address
 * @len: bytes
 *
 * Only what is mapped through VMARs is touched: the rest is not ours.
 *
 * Return: 0, a status, or -EINTR.
 */
int zxh_vmar_unmap_pages_locked(struct zxh_vmar *vmar, u64 addr, u64 len)
{
	u64 last = addr + len - 1;
	struct zxh_piece piece;
	int r;

	while (zxh_vmar_next_page_locked(vmar, addr, last, &piece)) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		r = vmar->as->ops->unmap(vmar->as, piece.start, piece.len, piece.vmar->parent);
		if (r)
			return r;
		zxh_vmar_cut_locked(piece.vmar, piece.start, piece.len);
		addr = piece.start;
	}
	return 0;
}
