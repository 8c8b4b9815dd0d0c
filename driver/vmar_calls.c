// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls on VMARs but zx_vmar_map: unmap, protect, allocate, destroy, and
 * operations on ranges.
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "vmar.h"
#include "vmo.h"

/* A call on a range, for the mm that it acts in. */
struct zxh_range_args {
	struct zxh_vmar *vmar;
	u32 rights;		/* of the handle */
	u32 what;		/* permissions, or an operation */
	u64 addr;
	u64 len;		/* whole pages */
};

/* Return: whether the range has pages; @a->len is rounded up to them. */
static bool zxh_range_round(struct zxh_range_args *a)
{
	if (!PAGE_ALIGNED(a->addr) || !a->len ||
	    check_add_overflow(a->len, (u64)PAGE_SIZE - 1, &a->len))
		return false;
	a->len &= PAGE_MASK;
	return true;
}

/* Unmapping. */

/* A sub-VMAR goes as a whole or not at all, and only if the handle may do that. */
static int zxh_unmap_check_locked(const struct zxh_range_args *a)
{
	u64 addr = a->addr, last = a->addr + a->len - 1;
	struct zxh_piece piece;

	for (; zxh_vmar_next_locked(a->vmar, addr, last, &piece); addr = piece.start + piece.len) {
		cond_resched();
		if (!piece.region->child)
			continue;
		if (!(a->rights & ZXH_RIGHT_OP_CHILDREN) ||
		    piece.start != piece.region->child->base ||
		    piece.len != piece.region->child->size)
			return ZXH_ERR_INVALID_ARGS;
	}
	return 0;
}

static int zxh_unmap_locked(const struct zxh_range_args *a)
{
	const struct zxh_aspace *as = a->vmar->as;
	u64 last = a->addr + a->len - 1;
	struct zxh_piece piece;
	int r;

	while (zxh_vmar_next_locked(a->vmar, a->addr, last, &piece)) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		if (piece.region->child) {
			r = zxh_vmar_destroy_locked(piece.region->child);
			if (r)
				return r;
			continue;
		}
		r = as->ops->unmap(a->vmar->as, piece.start, piece.len, a->vmar->parent);
		if (r)
			return r;
		zxh_vmar_cut_locked(a->vmar, piece.start, piece.len);
	}
	return 0;
}

static int zxh_vmar_unmap_here(void *arg)
{
	struct zxh_range_args *a = arg;
	int r;

	if (mutex_lock_killable(&a->vmar->as->lock))
		return -EINTR;
	if (a->vmar->dead)
		r = ZXH_ERR_BAD_STATE;
	else if (!zxh_vmar_covers(a->vmar, a->addr, a->len))
		r = ZXH_ERR_INVALID_ARGS;
	else
		r = zxh_unmap_check_locked(a);
	if (!r)
		r = zxh_unmap_locked(a);
	mutex_unlock(&a->vmar->as->lock);
	return r;
}

static int zxh_vmar_unmap_pages_here(void *arg)
{
	struct zxh_range_args *a = arg;
	int r;

	if (mutex_lock_killable(&a->vmar->as->lock))
		return -EINTR;
	if (a->vmar->dead)
		r = ZXH_ERR_BAD_STATE;
	else if (!zxh_vmar_covers(a->vmar, a->addr, a->len))
		r = ZXH_ERR_INVALID_ARGS;
	else
		r = zxh_vmar_unmap_pages_locked(a->vmar, a->addr, a->len);
	mutex_unlock(&a->vmar->as->lock);
	return r;
}

/**
 * zxh_vmar_unmap_pages() - unmap a range, in sub-VMARs, too, which stay
 * @vmar: the VMAR
 * @addr: absolute address
 * @len: bytes
 *
 * Return: 0; ZXH_ERR_INVALID_ARGS when the range is empty, not aligned or not
 * inside; ZXH_ERR_BAD_STATE when the VMAR is dead; ZXH_ERR_NO_MEMORY; -EINTR.
 */
int zxh_vmar_unmap_pages(struct zxh_vmar *vmar, u64 addr, u64 len)
{
	struct zxh_range_args a = { .vmar = vmar, .addr = addr, .len = len };

	if (!zxh_range_round(&a))
		return ZXH_ERR_INVALID_ARGS;
	return zxh_aspace_run(vmar->as, zxh_vmar_unmap_pages_here, &a);
}

int zxh_vmar_unmap_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_vmar_unmap *req = arg;
	struct zxh_range_args a = { .addr = req->addr, .len = req->len };
	struct zxh_object *obj;
	int r;

	r = zxh_handle_get_typed(&f->handles, req->vmar, ZXH_TYPE_VMAR, 0, &obj, &a.rights);
	if (r)
		return r;
	a.vmar = zxh_vmar_of(obj);
	r = ZXH_ERR_INVALID_ARGS;
	if (zxh_range_round(&a))
		r = zxh_aspace_run(a.vmar->as, zxh_vmar_unmap_here, &a);
	zxh_object_put(obj);
	return r;
}

/* Protecting. */

/* Every mapping is looked at before the first is changed. */
static int zxh_protect_check_locked(const struct zxh_range_args *a)
{
	u64 addr = a->addr, end = a->addr + a->len;
	struct zxh_piece piece;

	for (; addr < end; addr = piece.start + piece.len) {
		if (!zxh_vmar_next_locked(a->vmar, addr, end - 1, &piece) || piece.start != addr)
			return ZXH_ERR_NOT_FOUND;
		if (piece.region->child)
			return ZXH_ERR_INVALID_ARGS;
		cond_resched();
	}
	for (addr = a->addr; addr < end; addr = piece.start + piece.len) {
		zxh_vmar_next_locked(a->vmar, addr, end - 1, &piece);
		if (a->what & ~piece.region->max)
			return ZXH_ERR_ACCESS_DENIED;
		cond_resched();
	}
	return 0;
}

/* A piece of a mapping becomes one of its own. */
static int zxh_protect_piece_locked(struct zxh_piece *piece, u32 perms)
{
	struct zxh_area area = { .addr = piece->start, .len = piece->len };
	struct zxh_region *old = piece->region, *region;
	struct zxh_aspace *as = piece->vmar->as;
	bool intact = true;
	int r;

	if (old->perms == perms)
		return 0;
	region = zxh_region_alloc_locked(as, old->vmo, old->base, old->vmo_offset, perms,
					 old->max);
	if (!region)
		return ZXH_ERR_NO_MEMORY;
	r = as->ops->map(as, &area, ZXH_PLACE_OURS, old->vmo,
			 piece->start - old->base + old->vmo_offset, perms, &intact);
	if (!r) {
		zxh_vmar_replace_locked(piece->vmar, piece->start, piece->len, region);
		return 0;
	}
	zxh_region_put_locked(region);
	if (!intact)
		zxh_vmar_restore_locked(piece->vmar, piece->start, piece->len);
	return r;
}

static int zxh_protect_locked(const struct zxh_range_args *a)
{
	u64 addr = a->addr, end = a->addr + a->len;
	struct zxh_piece piece;
	int r;

	for (; addr < end; addr = piece.start + piece.len) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		zxh_vmar_next_locked(a->vmar, addr, end - 1, &piece);
		r = zxh_protect_piece_locked(&piece, a->what);
		if (r)
			return r;
	}
	return 0;
}

static int zxh_vmar_protect_here(void *arg)
{
	struct zxh_range_args *a = arg;
	int r;

	if (mutex_lock_killable(&a->vmar->as->lock))
		return -EINTR;
	if (a->vmar->dead)
		r = ZXH_ERR_BAD_STATE;
	else if (!zxh_vmar_covers(a->vmar, a->addr, a->len))
		r = ZXH_ERR_INVALID_ARGS;
	else if (a->what && !(a->what & ZX_HYP_VM_PERM_READ))
		r = ZXH_ERR_INVALID_ARGS;
	else
		r = zxh_protect_check_locked(a);
	if (!r)
		r = zxh_protect_locked(a);
	mutex_unlock(&a->vmar->as->lock);
	return r;
}

int zxh_vmar_protect_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_vmar_protect *req = arg;
	struct zxh_range_args a = {
		.what = req->options & ZXH_VM_PERMS,
		.addr = req->addr,
		.len = req->len,
	};
	struct zxh_object *obj;
	int r;

	if (req->reserved)
		return -EINVAL;
	r = zxh_handle_get_typed(&f->handles, req->vmar, ZXH_TYPE_VMAR,
				 a.what * ZXH_RIGHT_READ, &obj, &a.rights);
	if (r)
		return r;
	a.vmar = zxh_vmar_of(obj);
	if (req->options & ZX_HYP_VM_PERM_READ_IF_XOM_UNSUPPORTED)
		a.what |= ZX_HYP_VM_PERM_READ;
	r = ZXH_ERR_INVALID_ARGS;
	if (!(req->options & ~(ZXH_VM_PERMS | ZX_HYP_VM_PERM_READ_IF_XOM_UNSUPPORTED)) &&
	    zxh_range_round(&a))
		r = zxh_aspace_run(a.vmar->as, zxh_vmar_protect_here, &a);
	zxh_object_put(obj);
	return r;
}

/* Destroying. */

static int zxh_vmar_destroy_here(void *arg)
{
	struct zxh_vmar *vmar = arg;
	int r;

	if (mutex_lock_killable(&vmar->as->lock))
		return -EINTR;
	if (vmar->dead)
		r = ZXH_ERR_BAD_STATE;
	else if (!vmar->parent)
		r = ZXH_ERR_NOT_SUPPORTED;
	else
		r = zxh_vmar_destroy_locked(vmar);
	mutex_unlock(&vmar->as->lock);
	return r;
}

int zxh_vmar_destroy_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_vmar_destroy *req = arg;
	struct zxh_object *obj;
	int r;

	r = zxh_handle_get_typed(&f->handles, req->vmar, ZXH_TYPE_VMAR, ZXH_RIGHT_OP_CHILDREN,
				 &obj, NULL);
	if (r)
		return r;
	r = zxh_aspace_run(zxh_vmar_of(obj)->as, zxh_vmar_destroy_here, zxh_vmar_of(obj));
	zxh_object_put(obj);
	return r;
}

/* Allocating. */

#define ZXH_ALLOCATE_KNOWN	(ZXH_VM_CAN_MAP | ZX_HYP_VM_CAN_MAP_SPECIFIC | \
				 ZX_HYP_VM_COMPACT | ZX_HYP_VM_SPECIFIC | ZXH_VM_ALIGN | \
				 ZX_HYP_VM_OFFSET_IS_UPPER_LIMIT)

struct zxh_allocate_args {
	struct zxh_vmar *vmar;
	struct zxh_vmar *child;
	struct zxh_spot spot;
};

static int zxh_allocate_check(struct zxh_allocate_args *a, u32 rights)
{
	u32 options = a->spot.options;

	if (options & ZXH_VM_PERMS)
		return ZXH_ERR_INVALID_ARGS;
	if (zxh_perms_of_can(options & ZXH_VM_CAN_MAP) & ~zxh_perms_of_rights(rights))
		return ZXH_ERR_ACCESS_DENIED;
	if (!a->spot.len || !PAGE_ALIGNED(a->spot.len))
		return ZXH_ERR_INVALID_ARGS;
	if ((options & ~ZXH_ALLOCATE_KNOWN) || !zxh_align_known(options, &a->spot.align))
		return ZXH_ERR_INVALID_ARGS;
	return 0;
}

static int zxh_allocate_locked(struct zxh_allocate_args *a)
{
	u32 can = a->spot.options & (ZXH_VM_CAN_MAP | ZX_HYP_VM_CAN_MAP_SPECIFIC);
	struct zxh_vmar *vmar = a->vmar;
	struct zxh_region *region;
	struct zxh_area area = {};
	enum zxh_place place;
	int r;

	r = zxh_spot_check_locked(vmar, &a->spot, can & ZXH_VM_CAN_MAP);
	if (!r)
		r = zxh_spot_find_locked(vmar, &a->spot, &area, &place);
	if (r)
		return r;
	region = kzalloc(sizeof(*region), GFP_KERNEL_ACCOUNT);
	if (!region)
		return ZXH_ERR_NO_MEMORY;
	r = vmar->as->ops->reserve(vmar->as, &area, place);
	if (r)
		goto free_region;
	a->child = zxh_vmar_alloc(vmar->as, area.addr, area.len, can);
	if (!a->child) {
		r = ZXH_ERR_NO_MEMORY;
		goto unreserve;
	}
	a->child->parent = vmar;
	region->ranges = 1;
	region->child = a->child;
	region->base = area.addr;
	zxh_object_get(&a->child->obj);
	zxh_vmar_evict_locked(vmar, area.addr, area.len);
	zxh_vmar_replace_locked(vmar, area.addr, area.len, region);
	return 0;

unreserve:
	vmar->as->ops->unmap(vmar->as, area.addr, area.len, vmar->parent);
free_region:
	kfree(region);
	return r;
}

static int zxh_vmar_allocate_here(void *arg)
{
	struct zxh_allocate_args *a = arg;
	int r;

	if (mutex_lock_killable(&a->vmar->as->lock))
		return -EINTR;
	r = zxh_allocate_locked(a);
	mutex_unlock(&a->vmar->as->lock);
	return r;
}

/* Both results, or none. */
static int zxh_allocate_publish(struct zxh_file *f, struct zxh_vmar *child,
				const struct zx_hyp_vmar_allocate *req)
{
	u64 __user *out_addr = u64_to_user_ptr(req->out_addr);
	u64 old;
	int r;

	if (get_user(old, out_addr) || put_user(child->base, out_addr))
		return ZXH_ERR_INVALID_ARGS;
	r = zxh_handle_publish(&f->handles, &child->obj, zxh_vmar_rights(f, child->can),
			       req->out_vmar);
	/* A call that fails writes nothing. */
	if (r)
		put_user(old, out_addr);
	return r;
}

int zxh_vmar_allocate_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_vmar_allocate *req = arg;
	struct zxh_allocate_args a = {
		.spot.options = req->options,
		.spot.offset = req->offset,
		.spot.len = req->len,
	};
	struct zxh_object *obj;
	u32 rights;
	int r;

	if (req->reserved)
		return -EINVAL;
	r = zxh_handle_get_typed(&f->handles, req->vmar, ZXH_TYPE_VMAR, 0, &obj, &rights);
	if (r)
		return r;
	a.vmar = zxh_vmar_of(obj);
	r = zxh_allocate_check(&a, rights);
	if (!r)
		r = zxh_aspace_run(a.vmar->as, zxh_vmar_allocate_here, &a);
	if (r)
		goto put;
	r = zxh_allocate_publish(f, a.child, req);
	if (r)
		zxh_aspace_run(a.vmar->as, zxh_vmar_destroy_here, a.child);
	zxh_object_put(&a.child->obj);
put:
	zxh_object_put(obj);
	return r;
}

/* Operations on ranges. */

static int zxh_op_check(const struct zxh_range_args *a)
{
	switch (a->what) {
	case ZX_HYP_OP_COMMIT:
	case ZX_HYP_OP_DECOMMIT:
		return a->rights & ZXH_RIGHT_WRITE ? 0 : ZXH_ERR_ACCESS_DENIED;
	case ZX_HYP_OP_MAP_RANGE:
	case ZX_HYP_OP_DONT_NEED:
	case ZX_HYP_OP_ALWAYS_NEED:
		return 0;
	default:
		return ZXH_ERR_INVALID_ARGS;
	}
}

static int zxh_op_piece_locked(const struct zxh_range_args *a, const struct zxh_piece *piece)
{
	const struct zxh_region *region = piece->region;
	u64 offset = piece->start - region->base + region->vmo_offset;
	bool changes = a->what == ZX_HYP_OP_COMMIT || a->what == ZX_HYP_OP_DECOMMIT;

	if (changes && !(region->perms & ZX_HYP_VM_PERM_WRITE))
		return ZXH_ERR_ACCESS_DENIED;
	if (a->what == ZX_HYP_OP_MAP_RANGE) {
		zxh_vmo_populate(region->vmo, a->vmar->as, piece->start, piece->len, offset);
		return 0;
	}
	return zxh_vmo_op(region->vmo, a->what, offset, piece->len);
}

static int zxh_op_locked(const struct zxh_range_args *a)
{
	u64 addr = a->addr, end = a->addr + a->len;
	struct zxh_piece piece;
	int r;

	for (; addr < end; addr = piece.start + piece.len) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		if (!zxh_vmar_next_locked(a->vmar, addr, end - 1, &piece) ||
		    piece.start != addr || piece.region->child)
			return ZXH_ERR_BAD_STATE;
		r = zxh_op_piece_locked(a, &piece);
		if (r)
			return r;
	}
	return 0;
}

static int zxh_vmar_op_range_here(void *arg)
{
	struct zxh_range_args *a = arg;
	int r;

	if (mutex_lock_killable(&a->vmar->as->lock))
		return -EINTR;
	if (a->vmar->dead)
		r = ZXH_ERR_BAD_STATE;
	else if (!zxh_vmar_covers(a->vmar, a->addr, a->len))
		r = ZXH_ERR_OUT_OF_RANGE;
	else
		r = zxh_op_locked(a);
	mutex_unlock(&a->vmar->as->lock);
	return r;
}

int zxh_vmar_op_range_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_vmar_op_range *req = arg;
	struct zxh_range_args a = { .what = req->op, .addr = req->addr, .len = req->len };
	struct zxh_object *obj;
	int r;

	if (req->reserved)
		return -EINVAL;
	r = zxh_handle_get_typed(&f->handles, req->vmar, ZXH_TYPE_VMAR, 0, &obj, &a.rights);
	if (r)
		return r;
	a.vmar = zxh_vmar_of(obj);
	r = zxh_op_check(&a);
	if (!r)
		r = zxh_range_round(&a) ?
		    zxh_aspace_run(a.vmar->as, zxh_vmar_op_range_here, &a) :
		    ZXH_ERR_INVALID_ARGS;
	zxh_object_put(obj);
	return r;
}

int zxh_vmar_root_self_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_vmar_root_self *req = arg;

	if (req->reserved)
		return -EINVAL;
	return zxh_handle_publish(&f->handles, &f->root->obj, zxh_vmar_root_rights(f),
				  req->out_handle);
}
