// SPDX-License-Identifier: GPL-2.0-only
/*
 * zx_vmar_map: its checks, in Zircon's order, and finding a place, which
 * zx_vmar_allocate does the same way.
 */
#include <linux/align.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "vmar.h"
#include "vmo.h"

#define ZXH_VM_KNOWN	(ZXH_VM_PERMS | ZXH_VM_CAN_MAP | ZXH_VM_ALIGN | ZX_HYP_VM_COMPACT | \
			 ZXH_VM_FIXED | ZX_HYP_VM_CAN_MAP_SPECIFIC | ZX_HYP_VM_MAP_RANGE | \
			 ZX_HYP_VM_REQUIRE_NON_RESIZABLE | ZX_HYP_VM_ALLOW_FAULTS | \
			 ZX_HYP_VM_OFFSET_IS_UPPER_LIMIT | \
			 ZX_HYP_VM_PERM_READ_IF_XOM_UNSUPPORTED)

/* A mapping that is asked for, as the checks go along. */
struct zxh_map_args {
	struct zxh_vmar *vmar;
	struct zxh_vmo *vmo;
	struct zxh_spot spot;
	u32 perms;
	u32 max;		/* what the two handles allow */
	u64 vmo_offset;
	u64 *addr;		/* receives the place */
};

/**
 * zxh_align_known() - the alignment that options ask for
 * @options: ZX_HYP_VM_*
 * @align: receives it in bytes, a page at least
 *
 * Return: whether it is one of Zircon's.
 */
bool zxh_align_known(u32 options, u64 *align)
{
	u32 log = options >> ZX_HYP_VM_ALIGN_SHIFT;

	*align = max_t(u64, log ? 1ULL << (log & 63) : 0, PAGE_SIZE);
	return !log || (log >= 10 && log <= 32);
}

/* The checks that need no lock, from rights on: rows 4 to 12 of the reference. */
static int zxh_map_check_options(struct zxh_map_args *a)
{
	u32 options = a->spot.options;
	bool align_known = zxh_align_known(options, &a->spot.align);
	u64 end;

	a->perms = options & ZXH_VM_PERMS;
	/* No CPU here can execute what it may not read. */
	if (options & ZX_HYP_VM_PERM_READ_IF_XOM_UNSUPPORTED)
		a->perms |= ZX_HYP_VM_PERM_READ;
	if (a->perms && !(a->perms & ZX_HYP_VM_PERM_READ))
		return ZXH_ERR_INVALID_ARGS;
	if ((options & ZX_HYP_VM_MAP_RANGE) && (options & ZX_HYP_VM_SPECIFIC_OVERWRITE))
		return ZXH_ERR_INVALID_ARGS;
	if (options & ZXH_VM_CAN_MAP)
		return ZXH_ERR_INVALID_ARGS;
	if (a->perms & ~a->max)
		return ZXH_ERR_ACCESS_DENIED;
	if ((options & ~ZXH_VM_KNOWN) || !align_known)
		return ZXH_ERR_INVALID_ARGS;
	if ((options & ZX_HYP_VM_REQUIRE_NON_RESIZABLE) && a->vmo->resizable)
		return ZXH_ERR_NOT_SUPPORTED;
	if (options & (ZX_HYP_VM_CAN_MAP_SPECIFIC | ZX_HYP_VM_COMPACT))
		return ZXH_ERR_INVALID_ARGS;
	if (a->perms & ~zxh_perms_of_can(a->vmar->can))
		return ZXH_ERR_ACCESS_DENIED;
	if (!PAGE_ALIGNED(a->vmo_offset))
		return ZXH_ERR_INVALID_ARGS;
	if (check_add_overflow(a->spot.len, (u64)PAGE_SIZE - 1, &a->spot.len))
		return ZXH_ERR_OUT_OF_RANGE;
	a->spot.len &= PAGE_MASK;
	if (check_add_overflow(a->vmo_offset, a->spot.len, &end))
		return ZXH_ERR_OUT_OF_RANGE;
	return 0;
}

/**
 * zxh_spot_check_locked() - the checks of a place: rows 13 to 21
 * @vmar: the VMAR
 * @spot: the place that is asked for
 * @can: ZX_HYP_VM_CAN_MAP_* that @vmar has to have for what is going there
 *
 * Return: 0 or a status.
 */
int zxh_spot_check_locked(const struct zxh_vmar *vmar, const struct zxh_spot *spot, u32 can)
{
	bool fixed = spot->options & ZXH_VM_FIXED;
	bool limit = spot->options & ZX_HYP_VM_OFFSET_IS_UPPER_LIMIT;

	if (vmar->dead)
		return ZXH_ERR_BAD_STATE;
	if (!spot->len)
		return ZXH_ERR_INVALID_ARGS;
	if (can & ~vmar->can)
		return ZXH_ERR_ACCESS_DENIED;
	if (fixed && limit)
		return ZXH_ERR_INVALID_ARGS;
	if (spot->offset && !fixed && !limit)
		return ZXH_ERR_INVALID_ARGS;
	if (!PAGE_ALIGNED(spot->offset))
		return ZXH_ERR_INVALID_ARGS;
	if (fixed && !(vmar->can & ZX_HYP_VM_CAN_MAP_SPECIFIC))
		return ZXH_ERR_ACCESS_DENIED;
	if (spot->len > vmar->size)
		return ZXH_ERR_INVALID_ARGS;
	/* A limit is where the last byte may be, and so may be the VMAR's end. */
	if (limit ? spot->offset > vmar->size || spot->len > spot->offset :
		    spot->offset > vmar->size - spot->len)
		return ZXH_ERR_INVALID_ARGS;
	if (fixed && !IS_ALIGNED(vmar->base + spot->offset, spot->align))
		return ZXH_ERR_INVALID_ARGS;
	return 0;
}

/* The lowest free address before @end that is aligned. */
static int zxh_vmar_first_fit_locked(struct zxh_vmar *vmar, u64 end, u64 len, u64 align,
				     u64 *addr)
{
	u64 last = end - 1;
	u64 start = vmar->base;

	for (;;) {
		MA_STATE(mas, &vmar->regions, 0, 0);

		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		if (start > last || last - start < len - 1 ||
		    mas_empty_area(&mas, start, last, len))
			return ZXH_ERR_NO_RESOURCES;
		*addr = ALIGN(mas.index, align);
		if (*addr > last || last - *addr < len - 1)
			return ZXH_ERR_NO_RESOURCES;
		/* Aligned, it may reach beyond the gap: go on behind what is there. */
		mas_set(&mas, *addr);
		if (!mas_find(&mas, *addr + len - 1))
			return 0;
		start = mas.last + 1;
	}
}

/* Rows 22 and 23: what may be where something specific is to go. */
static int zxh_spot_occupied_locked(struct zxh_vmar *vmar, const struct zxh_spot *spot,
				    bool *occupied)
{
	u64 addr = vmar->base + spot->offset, last = addr + spot->len - 1;
	struct zxh_piece piece;

	*occupied = false;
	for (; zxh_vmar_next_locked(vmar, addr, last, &piece); addr = piece.start + piece.len) {
		if (!(spot->options & ZX_HYP_VM_SPECIFIC_OVERWRITE))
			return ZXH_ERR_ALREADY_EXISTS;
		if (piece.region->child)
			return ZXH_ERR_INVALID_ARGS;
		*occupied = true;
		cond_resched();
	}
	return 0;
}

/**
 * zxh_spot_find_locked() - find a place: rows 22 to 24
 * @vmar: the VMAR
 * @spot: what is asked for, checked
 * @area: receives where; for ZXH_PLACE_ANY, what the backend has to look for
 * @place: receives what is there
 *
 * Return: 0 or a status.
 */
int zxh_spot_find_locked(struct zxh_vmar *vmar, const struct zxh_spot *spot,
			 struct zxh_area *area, enum zxh_place *place)
{
	bool limit = spot->options & ZX_HYP_VM_OFFSET_IS_UPPER_LIMIT;
	u64 end = vmar->base + (limit ? spot->offset : vmar->size);
	bool occupied;
	int r;

	area->len = spot->len;
	/* In a part of an address space there is nothing that is not ours. */
	*place = vmar->parent ? ZXH_PLACE_OURS : ZXH_PLACE_FREE;
	if (spot->options & ZXH_VM_FIXED) {
		r = zxh_spot_occupied_locked(vmar, spot, &occupied);
		area->addr = vmar->base + spot->offset;
		if (occupied)
			*place = ZXH_PLACE_OURS;
		return r;
	}
	if (vmar->as->ops->first_fit || vmar->parent)
		return zxh_vmar_first_fit_locked(vmar, end, spot->len, spot->align, &area->addr);
	*place = ZXH_PLACE_ANY;
	area->addr = spot->align;
	area->limit = limit ? end : 0;
	return 0;
}

/* The gap between mappings at *@addr or after it, before @end. */
static bool zxh_gap_next_locked(struct zxh_vmar *vmar, u64 *addr, u64 end, struct zxh_area *gap)
{
	struct zxh_piece piece;

	while (*addr < end) {
		gap->addr = *addr;
		if (!zxh_vmar_next_locked(vmar, *addr, end - 1, &piece)) {
			gap->len = end - *addr;
			*addr = end;
			return true;
		}
		*addr = piece.start + piece.len;
		gap->len = piece.start - gap->addr;
		if (gap->len)
			return true;
		cond_resched();
	}
	return false;
}

static void zxh_map_release_gaps_locked(struct zxh_vmar *vmar, u64 addr, u64 end)
{
	struct zxh_area gap;

	while (zxh_gap_next_locked(vmar, &addr, end, &gap))
		vmar->as->ops->unmap(vmar->as, gap.addr, gap.len, false);
}

/*
 * Before others are replaced: what is between them must be ours, too. Linux may
 * have something there that no VMAR knows of.
 */
static int zxh_map_claim_gaps_locked(struct zxh_vmar *vmar, const struct zxh_area *area)
{
	u64 addr = area->addr, end = area->addr + area->len;
	struct zxh_area gap;
	int r;

	while (zxh_gap_next_locked(vmar, &addr, end, &gap)) {
		r = vmar->as->ops->reserve(vmar->as, &gap, ZXH_PLACE_FREE);
		if (r) {
			zxh_map_release_gaps_locked(vmar, area->addr, gap.addr);
			return r;
		}
	}
	return 0;
}

/* The backend first, then the tree, which cannot fail any more. */
static int zxh_map_put_locked(struct zxh_map_args *a, struct zxh_area *area,
			      enum zxh_place place, struct zxh_region *region, bool *claimed)
{
	struct zxh_vmar *vmar = a->vmar;
	bool intact = true;
	int r;

	r = vmar->as->ops->map(vmar->as, area, place, a->vmo, a->vmo_offset, a->perms, &intact);
	if (!r) {
		region->base = area->addr;
		zxh_vmar_evict_locked(vmar, area->addr, area->len);
		zxh_vmar_replace_locked(vmar, area->addr, area->len, region);
		return 0;
	}
	if (!intact) {
		/* All of it is gone, and with it what was claimed. */
		vmar->as->ops->unmap(vmar->as, area->addr, area->len, vmar->parent);
		*claimed = false;
		zxh_vmar_restore_locked(vmar, area->addr, area->len);
	}
	return r;
}

static int zxh_map_place_locked(struct zxh_map_args *a, struct zxh_area *area,
				enum zxh_place place)
{
	struct zxh_vmar *vmar = a->vmar;
	bool claim = place == ZXH_PLACE_OURS && !vmar->parent;
	struct zxh_region *region;
	int r;

	region = zxh_region_alloc_locked(vmar->as, a->vmo, 0, a->vmo_offset, a->perms, a->max);
	if (!region)
		return ZXH_ERR_NO_MEMORY;
	r = claim ? zxh_map_claim_gaps_locked(vmar, area) : 0;
	if (r)
		goto put_region;
	r = zxh_map_put_locked(a, area, place, region, &claim);
	if (r)
		goto release_gaps;
	*a->addr = area->addr;
	if (a->spot.options & ZX_HYP_VM_MAP_RANGE)
		zxh_vmo_populate(a->vmo, vmar->as, area->addr, area->len, a->vmo_offset);
	return 0;

release_gaps:
	if (claim)
		zxh_map_release_gaps_locked(vmar, area->addr, area->addr + area->len);
put_region:
	zxh_region_put_locked(region);
	return r;
}

static int zxh_vmar_map_here(void *arg)
{
	struct zxh_map_args *a = arg;
	struct zxh_vmar *vmar = a->vmar;
	struct zxh_area area = {};
	enum zxh_place place;
	int r;

	if (mutex_lock_killable(&vmar->as->lock))
		return -EINTR;
	r = zxh_spot_check_locked(vmar, &a->spot, 0);
	if (!r)
		r = zxh_spot_find_locked(vmar, &a->spot, &area, &place);
	if (!r)
		r = zxh_map_place_locked(a, &area, place);
	mutex_unlock(&vmar->as->lock);
	return r;
}

static int zxh_vmar_map(struct zxh_map_args *a, u64 out)
{
	u64 addr;
	int r;

	r = zxh_map_check_options(a);
	if (r)
		return r;
	a->max &= zxh_perms_of_can(a->vmar->can);
	a->addr = &addr;
	r = zxh_aspace_run(a->vmar->as, zxh_vmar_map_here, a);
	if (!r && put_user(addr, (u64 __user *)u64_to_user_ptr(out))) {
		zxh_vmar_unmap_pages(a->vmar, addr, a->spot.len);
		r = ZXH_ERR_INVALID_ARGS;
	}
	return r;
}

int zxh_vmar_map_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_vmar_map *req = arg;
	struct zxh_map_args a = {
		.spot.options = req->options,
		.spot.offset = req->vmar_offset,
		.spot.len = req->len,
		.vmo_offset = req->vmo_offset,
	};
	struct zxh_object *vmar, *vmo;
	u32 vmar_rights, vmo_rights;
	int r;

	r = zxh_handle_get_typed(&f->handles, req->vmar, ZXH_TYPE_VMAR, 0, &vmar, &vmar_rights);
	if (r)
		return r;
	r = zxh_handle_get_typed(&f->handles, req->vmo, ZXH_TYPE_VMO, ZXH_RIGHT_MAP, &vmo,
				 &vmo_rights);
	if (r)
		goto put_vmar;
	a.vmar = zxh_vmar_of(vmar);
	a.vmo = zxh_vmo_of(vmo);
	a.max = zxh_perms_of_rights(vmar_rights & vmo_rights);
	r = zxh_vmar_map(&a, req->out_addr);
	zxh_object_put(vmo);
put_vmar:
	zxh_object_put(vmar);
	return r;
}
