// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMARs: the argument checks of zx_vmar_map and zx_vmar_unmap in Zircon's
 * order, and the tree of what is mapped where.
 */
#include <linux/align.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "aspace.h"
#include "file.h"
#include "mmwork.h"
#include "vmo.h"

#define ZXH_VM_PERMS	(ZX_HYP_VM_PERM_READ | ZX_HYP_VM_PERM_WRITE | ZX_HYP_VM_PERM_EXECUTE)
#define ZXH_VM_CAN_MAP	(ZX_HYP_VM_CAN_MAP_READ | ZX_HYP_VM_CAN_MAP_WRITE | \
			 ZX_HYP_VM_CAN_MAP_EXECUTE)
#define ZXH_VM_ALIGN	(0xffU << ZX_HYP_VM_ALIGN_SHIFT)
#define ZXH_VM_KNOWN	(ZXH_VM_PERMS | ZXH_VM_CAN_MAP | ZXH_VM_ALIGN | ZX_HYP_VM_COMPACT | \
			 ZX_HYP_VM_SPECIFIC | ZX_HYP_VM_SPECIFIC_OVERWRITE | \
			 ZX_HYP_VM_CAN_MAP_SPECIFIC | ZX_HYP_VM_MAP_RANGE | \
			 ZX_HYP_VM_REQUIRE_NON_RESIZABLE | ZX_HYP_VM_ALLOW_FAULTS | \
			 ZX_HYP_VM_OFFSET_IS_UPPER_LIMIT | \
			 ZX_HYP_VM_PERM_READ_IF_XOM_UNSUPPORTED)

static struct zxh_vmar *zxh_vmar_of(struct zxh_object *obj)
{
	return container_of(obj, struct zxh_vmar, obj);
}

static void zxh_aspace_release(struct kref *ref)
{
	struct zxh_aspace *as = container_of(ref, struct zxh_aspace, ref);

	mutex_destroy(&as->lock);
	mmdrop(as->mm);
	as->ops->release(as);
}

void zxh_aspace_init(struct zxh_aspace *as, const struct zxh_aspace_ops *ops)
{
	kref_init(&as->ref);
	mutex_init(&as->lock);
	as->mm = current->mm;
	mmgrab(as->mm);
	as->ops = ops;
}

void zxh_aspace_put(struct zxh_aspace *as)
{
	kref_put(&as->ref, zxh_aspace_release);
}

/**
 * zxh_aspace_run() - call a function in the mm that an address space belongs to
 * @as: the address space, not locked
 * @fn: the function; it returns as status.h says
 * @arg: its argument
 *
 * Handles can be sent to other processes, and are good for the same there.
 *
 * Return: what @fn returned, or ZXH_ERR_BAD_STATE when that process is gone.
 */
int zxh_aspace_run(struct zxh_aspace *as, int (*fn)(void *arg), void *arg)
{
	int r = zxh_run_in_mm(as->mm, fn, arg);

	return r == -ESRCH ? ZXH_ERR_BAD_STATE : zxh_status(r);
}

static void zxh_mapping_put(struct zxh_mapping *m)
{
	if (--m->ranges)
		return;
	atomic_dec(&m->vmo->mappings);
	zxh_object_put(&m->vmo->obj);
	kfree(m);
}

/* Forget every mapping; the backend has taken, or will take, the pages away. */
static void zxh_vmar_forget_all(struct zxh_vmar *vmar)
{
	struct zxh_mapping *m;
	unsigned long index = 0;

	mt_for_each(&vmar->regions, m, index, ULONG_MAX) {
		zxh_mapping_put(m);
		cond_resched();
	}
	/* A tree that was destroyed has forgotten who locks it. */
	if (!mtree_empty(&vmar->regions))
		__mt_destroy(&vmar->regions);
}

static void zxh_vmar_release(struct zxh_object *obj)
{
	struct zxh_vmar *vmar = zxh_vmar_of(obj);

	mutex_lock(&vmar->as->lock);
	zxh_vmar_forget_all(vmar);
	mutex_unlock(&vmar->as->lock);
	zxh_aspace_put(vmar->as);
	zxh_object_free(obj);
}

static const struct zxh_object_ops zxh_vmar_ops = {
	.type = ZXH_TYPE_VMAR,
	.rights = (ZXH_RIGHTS_BASIC & ~ZXH_RIGHT_WAIT) | ZXH_RIGHT_OP_CHILDREN,
	.release = zxh_vmar_release,
};

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
	struct zxh_vmar *vmar = kzalloc(sizeof(*vmar), GFP_KERNEL_ACCOUNT);

	if (!vmar)
		return ZXH_ERR_NO_MEMORY;
	zxh_object_init(&vmar->obj, &zxh_vmar_ops);
	kref_get(&as->ref);
	vmar->as = as;
	vmar->base = base;
	vmar->size = size;
	vmar->can = ZXH_VM_CAN_MAP | ZX_HYP_VM_CAN_MAP_SPECIFIC;
	mt_init_flags(&vmar->regions, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_LOCK_EXTERN);
	mt_set_external_lock(&vmar->regions, &as->lock);
	*out = vmar;
	return 0;
}

/* Rights of a handle to a root VMAR: everything can be mapped there. */
u32 zxh_vmar_root_rights(struct zxh_file *f)
{
	return zxh_file_rights(f, ZXH_TYPE_VMAR, zxh_vmar_ops.rights | ZXH_RIGHTS_IO |
			       ZXH_RIGHT_EXECUTE);
}

/**
 * zxh_vmar_kill() - the address space of a root VMAR goes away
 * @vmar: the VMAR, which handles may still name
 */
void zxh_vmar_kill(struct zxh_vmar *vmar)
{
	mutex_lock(&vmar->as->lock);
	vmar->as->dead = true;
	zxh_vmar_forget_all(vmar);
	mutex_unlock(&vmar->as->lock);
}

/**
 * zxh_vmar_find_locked() - what is mapped at an address
 * @vmar: the VMAR; the caller holds its aspace's lock
 * @addr: the address
 *
 * Return: the mapping, or NULL. It is good for as long as the lock is held.
 */
struct zxh_mapping *zxh_vmar_find_locked(struct zxh_vmar *vmar, u64 addr)
{
	MA_STATE(mas, &vmar->regions, addr, addr);

	lockdep_assert_held(&vmar->as->lock);
	return mas_walk(&mas);
}

/* Point [addr, addr + len) of the tree at @m, or at nothing. */
static int zxh_vmar_store_locked(struct zxh_vmar *vmar, u64 addr, u64 len,
				 struct zxh_mapping *m, gfp_t gfp)
{
	MA_STATE(mas, &vmar->regions, addr, addr + len - 1);

	lockdep_assert_held(&vmar->as->lock);
	return mas_store_gfp(&mas, m, gfp);
}

/*
 * Count the ranges that removing [addr, last] leaves of each mapping: none of
 * those inside, one of those cut at an end, two of the one cut in the middle.
 */
static void zxh_vmar_count_cut_locked(struct zxh_vmar *vmar, u64 addr, u64 last)
{
	MA_STATE(mas, &vmar->regions, addr, addr);
	struct zxh_mapping *m;

	mas_for_each(&mas, m, last) {
		if (mas.index < addr)
			m->ranges++;
		if (mas.last > last)
			m->ranges++;
	}
}

static void zxh_vmar_put_cut_locked(struct zxh_vmar *vmar, u64 addr, u64 last)
{
	MA_STATE(mas, &vmar->regions, addr, addr);
	struct zxh_mapping *m;

	mas_for_each(&mas, m, last)
		zxh_mapping_put(m);
}

/* Take a range out of the tree; the backend has unmapped it. */
static void zxh_vmar_cut_locked(struct zxh_vmar *vmar, u64 addr, u64 len)
{
	u64 last = addr + len - 1;

	zxh_vmar_count_cut_locked(vmar, addr, last);
	zxh_vmar_put_cut_locked(vmar, addr, last);
	/* It must not fail: the pages are gone already. */
	zxh_vmar_store_locked(vmar, addr, len, NULL, GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
}

/* Only what is mapped through the VMAR is touched: the rest is not ours. */
static int zxh_vmar_unmap_locked(struct zxh_vmar *vmar, u64 addr, u64 len)
{
	u64 last = addr + len - 1;
	u64 start, end;
	int r;

	for (;;) {
		MA_STATE(mas, &vmar->regions, addr, addr);

		if (!mas_find(&mas, last))
			return 0;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		start = max_t(u64, mas.index, addr);
		end = min_t(u64, mas.last, last);
		r = vmar->as->ops->unmap(vmar->as, start, end - start + 1);
		if (r)
			return r;
		zxh_vmar_cut_locked(vmar, start, end - start + 1);
	}
}

struct zxh_unmap_work {
	struct zxh_vmar *vmar;
	u64 addr;
	u64 len;
};

static int zxh_vmar_unmap_here(void *arg)
{
	struct zxh_unmap_work *work = arg;
	struct zxh_vmar *vmar = work->vmar;
	int r;

	if (mutex_lock_killable(&vmar->as->lock))
		return -EINTR;
	if (vmar->as->dead)
		r = ZXH_ERR_BAD_STATE;
	else if (work->addr < vmar->base || work->len > vmar->size ||
		 work->addr - vmar->base > vmar->size - work->len)
		r = ZXH_ERR_INVALID_ARGS;
	else
		r = zxh_vmar_unmap_locked(vmar, work->addr, work->len);
	mutex_unlock(&vmar->as->lock);
	return r;
}

/**
 * zxh_vmar_unmap() - unmap a range
 * @vmar: the VMAR
 * @addr: absolute address
 * @len: bytes
 *
 * Return: 0; ZXH_ERR_INVALID_ARGS when the range is empty, not aligned or not
 * inside; ZXH_ERR_BAD_STATE when the address space is gone; ZXH_ERR_NO_MEMORY.
 */
int zxh_vmar_unmap(struct zxh_vmar *vmar, u64 addr, u64 len)
{
	struct zxh_unmap_work work = { .vmar = vmar, .addr = addr };

	if (!PAGE_ALIGNED(addr) || !len || check_add_overflow(len, (u64)PAGE_SIZE - 1, &len))
		return ZXH_ERR_INVALID_ARGS;
	work.len = len & PAGE_MASK;
	return zxh_aspace_run(vmar->as, zxh_vmar_unmap_here, &work);
}

/* A mapping that is asked for, as the checks go along. */
struct zxh_map_args {
	struct zxh_vmo *vmo;
	u32 options;
	u32 perms;
	u64 offset;		/* from the VMAR's base */
	u64 vmo_offset;
	u64 len;		/* whole pages */
	u64 align;		/* bytes */
};

/* The checks that need no lock, from rights on: rows 4 to 12 of the reference. */
static int zxh_map_check_options(const struct zxh_vmar *vmar, struct zxh_map_args *a,
				 u32 rights)
{
	u32 align = a->options >> ZX_HYP_VM_ALIGN_SHIFT;
	u64 end;

	a->perms = a->options & ZXH_VM_PERMS;
	/* No CPU here can execute what it may not read. */
	if (a->options & ZX_HYP_VM_PERM_READ_IF_XOM_UNSUPPORTED)
		a->perms |= ZX_HYP_VM_PERM_READ;
	if (a->perms && !(a->perms & ZX_HYP_VM_PERM_READ))
		return ZXH_ERR_INVALID_ARGS;
	if ((a->options & ZX_HYP_VM_MAP_RANGE) && (a->options & ZX_HYP_VM_SPECIFIC_OVERWRITE))
		return ZXH_ERR_INVALID_ARGS;
	if (a->options & ZXH_VM_CAN_MAP)
		return ZXH_ERR_INVALID_ARGS;
	/* PERM_* are bits 0 to 2, the rights bits 2 to 4, CAN_MAP_* bits 7 to 9. */
	if (a->perms & ~(rights / ZXH_RIGHT_READ))
		return ZXH_ERR_ACCESS_DENIED;
	if ((a->options & ~ZXH_VM_KNOWN) || (align && (align < 10 || align > 32)))
		return ZXH_ERR_INVALID_ARGS;
	if ((a->options & ZX_HYP_VM_REQUIRE_NON_RESIZABLE) && a->vmo->resizable)
		return ZXH_ERR_NOT_SUPPORTED;
	if (a->options & (ZX_HYP_VM_CAN_MAP_SPECIFIC | ZX_HYP_VM_COMPACT))
		return ZXH_ERR_INVALID_ARGS;
	if (a->perms & ~(vmar->can / ZX_HYP_VM_CAN_MAP_READ))
		return ZXH_ERR_ACCESS_DENIED;
	if (!PAGE_ALIGNED(a->vmo_offset))
		return ZXH_ERR_INVALID_ARGS;
	if (check_add_overflow(a->len, (u64)PAGE_SIZE - 1, &a->len))
		return ZXH_ERR_OUT_OF_RANGE;
	a->len &= PAGE_MASK;
	if (check_add_overflow(a->vmo_offset, a->len, &end))
		return ZXH_ERR_OUT_OF_RANGE;
	a->align = align ? max_t(u64, 1ULL << align, PAGE_SIZE) : PAGE_SIZE;
	return 0;
}

/* The checks of the place: rows 13 to 21. */
static int zxh_map_check_place_locked(const struct zxh_vmar *vmar, const struct zxh_map_args *a)
{
	bool fixed = a->options & (ZX_HYP_VM_SPECIFIC | ZX_HYP_VM_SPECIFIC_OVERWRITE);

	if (vmar->as->dead)
		return ZXH_ERR_BAD_STATE;
	if (!a->len)
		return ZXH_ERR_INVALID_ARGS;
	if (fixed && (a->options & ZX_HYP_VM_OFFSET_IS_UPPER_LIMIT))
		return ZXH_ERR_INVALID_ARGS;
	if (a->offset && !fixed && !(a->options & ZX_HYP_VM_OFFSET_IS_UPPER_LIMIT))
		return ZXH_ERR_INVALID_ARGS;
	if (!PAGE_ALIGNED(a->offset))
		return ZXH_ERR_INVALID_ARGS;
	if (fixed && !(vmar->can & ZX_HYP_VM_CAN_MAP_SPECIFIC))
		return ZXH_ERR_ACCESS_DENIED;
	if (a->len > vmar->size || a->offset > vmar->size - a->len)
		return ZXH_ERR_INVALID_ARGS;
	if (fixed && !IS_ALIGNED(vmar->base + a->offset, a->align))
		return ZXH_ERR_INVALID_ARGS;
	/* Later work; refused rather than ignored. */
	if (a->options & (ZX_HYP_VM_SPECIFIC_OVERWRITE | ZX_HYP_VM_OFFSET_IS_UPPER_LIMIT |
			  ZX_HYP_VM_MAP_RANGE))
		return ZXH_ERR_NOT_SUPPORTED;
	return 0;
}

static bool zxh_vmar_occupied_locked(struct zxh_vmar *vmar, u64 addr, u64 len)
{
	MA_STATE(mas, &vmar->regions, addr, addr);

	return mas_find(&mas, addr + len - 1);
}

/* The lowest free address that is aligned. */
static int zxh_vmar_first_fit_locked(struct zxh_vmar *vmar, u64 len, u64 align, u64 *addr)
{
	u64 last = vmar->base + vmar->size - 1;
	u64 start = vmar->base;

	for (;;) {
		MA_STATE(mas, &vmar->regions, 0, 0);

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

static int zxh_vmar_place_locked(struct zxh_vmar *vmar, const struct zxh_map_args *a,
				 u64 *addr, bool *fixed)
{
	*fixed = true;
	*addr = vmar->base + a->offset;
	if (a->options & ZX_HYP_VM_SPECIFIC)
		return zxh_vmar_occupied_locked(vmar, *addr, a->len) ?
			ZXH_ERR_ALREADY_EXISTS : 0;
	if (vmar->as->ops->first_fit)
		return zxh_vmar_first_fit_locked(vmar, a->len, a->align, addr);
	*fixed = false;
	*addr = a->align;
	return 0;
}

static struct zxh_mapping *zxh_mapping_alloc(const struct zxh_map_args *a)
{
	struct zxh_mapping *m = kzalloc(sizeof(*m), GFP_KERNEL_ACCOUNT);

	if (m) {
		m->ranges = 1;
		m->vmo = a->vmo;
		m->vmo_offset = a->vmo_offset;
		m->perms = a->perms;
	}
	return m;
}

/* The tree first: taking a range out of it again cannot fail. */
static int zxh_vmar_map_fixed_locked(struct zxh_vmar *vmar, const struct zxh_map_args *a,
				     struct zxh_mapping *m, u64 addr)
{
	int r;

	m->base = addr;
	if (zxh_vmar_store_locked(vmar, addr, a->len, m, GFP_KERNEL_ACCOUNT))
		return ZXH_ERR_NO_MEMORY;
	r = vmar->as->ops->map(vmar->as, &addr, a->len, a->vmo, a->vmo_offset, a->perms, true);
	if (r)
		zxh_vmar_store_locked(vmar, addr, a->len, NULL,
				      GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
	return r;
}

static int zxh_vmar_map_anywhere_locked(struct zxh_vmar *vmar, const struct zxh_map_args *a,
					struct zxh_mapping *m, u64 *addr)
{
	int r;

	r = vmar->as->ops->map(vmar->as, addr, a->len, a->vmo, a->vmo_offset, a->perms, false);
	if (r)
		return r;
	m->base = *addr;
	/* Linux may have reused an address that the process unmapped behind us. */
	zxh_vmar_cut_locked(vmar, *addr, a->len);
	if (!zxh_vmar_store_locked(vmar, *addr, a->len, m, GFP_KERNEL_ACCOUNT))
		return 0;
	vmar->as->ops->unmap(vmar->as, *addr, a->len);
	return ZXH_ERR_NO_MEMORY;
}

static int zxh_vmar_map_locked(struct zxh_vmar *vmar, const struct zxh_map_args *a, u64 *addr)
{
	struct zxh_mapping *m;
	bool fixed;
	int r;

	r = zxh_map_check_place_locked(vmar, a);
	if (r)
		return r;
	r = zxh_vmar_place_locked(vmar, a, addr, &fixed);
	if (r)
		return r;
	m = zxh_mapping_alloc(a);
	if (!m)
		return ZXH_ERR_NO_MEMORY;
	if (fixed)
		r = zxh_vmar_map_fixed_locked(vmar, a, m, *addr);
	else
		r = zxh_vmar_map_anywhere_locked(vmar, a, m, addr);
	if (r) {
		kfree(m);
		return r;
	}
	zxh_object_get(&m->vmo->obj);
	atomic_inc(&m->vmo->mappings);
	return 0;
}

struct zxh_map_work {
	struct zxh_vmar *vmar;
	const struct zxh_map_args *args;
	u64 *addr;
};

static int zxh_vmar_map_here(void *arg)
{
	struct zxh_map_work *work = arg;
	int r;

	if (mutex_lock_killable(&work->vmar->as->lock))
		return -EINTR;
	r = zxh_vmar_map_locked(work->vmar, work->args, work->addr);
	mutex_unlock(&work->vmar->as->lock);
	return r;
}

static int zxh_vmar_map(struct zxh_vmar *vmar, struct zxh_map_args *a, u32 rights, u64 *addr)
{
	struct zxh_map_work work = { .vmar = vmar, .args = a, .addr = addr };
	int r = zxh_map_check_options(vmar, a, rights);

	return r ? r : zxh_aspace_run(vmar->as, zxh_vmar_map_here, &work);
}

int zxh_vmar_map_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_vmar_map *req = arg;
	u64 __user *out = u64_to_user_ptr(req->out_addr);
	struct zxh_map_args a = {
		.options = req->options,
		.offset = req->vmar_offset,
		.vmo_offset = req->vmo_offset,
		.len = req->len,
	};
	struct zxh_object *vmar, *vmo;
	u32 vmar_rights, vmo_rights;
	u64 addr;
	int r;

	r = zxh_handle_get_typed(&f->handles, req->vmar, ZXH_TYPE_VMAR, 0, &vmar, &vmar_rights);
	if (r)
		return r;
	r = zxh_handle_get_typed(&f->handles, req->vmo, ZXH_TYPE_VMO, ZXH_RIGHT_MAP, &vmo,
				 &vmo_rights);
	if (r)
		goto put_vmar;
	a.vmo = zxh_vmo_of(vmo);
	r = zxh_vmar_map(zxh_vmar_of(vmar), &a, vmar_rights & vmo_rights, &addr);
	if (!r && put_user(addr, out)) {
		zxh_vmar_unmap(zxh_vmar_of(vmar), addr, a.len);
		r = ZXH_ERR_INVALID_ARGS;
	}
	zxh_object_put(vmo);
put_vmar:
	zxh_object_put(vmar);
	return r;
}

int zxh_vmar_unmap_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_vmar_unmap *req = arg;
	struct zxh_object *vmar;
	int r;

	r = zxh_handle_get_typed(&f->handles, req->vmar, ZXH_TYPE_VMAR, 0, &vmar, NULL);
	if (r)
		return r;
	r = zxh_vmar_unmap(zxh_vmar_of(vmar), req->addr, req->len);
	zxh_object_put(vmar);
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
