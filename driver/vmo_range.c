// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMOs: their size, and operations on ranges of them.
 */
#include <linux/fs.h>
#include <linux/falloc.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>

#include "aspace.h"
#include "compat.h"
#include "file.h"
#include "vmo.h"

/**
 * zxh_vmo_round_size() - the size that a VMO gets for what was asked for
 * @size: bytes; rounded up to a page
 *
 * Return: 0; ZXH_ERR_OUT_OF_RANGE beyond Zircon's limit; ZXH_ERR_NO_MEMORY beyond
 * what a Linux file can have, which is as good as no memory for it.
 */
int zxh_vmo_round_size(u64 *size)
{
	if (check_add_overflow(*size, (u64)PAGE_SIZE - 1, size))
		return ZXH_ERR_OUT_OF_RANGE;
	*size &= PAGE_MASK;
	if (*size > ZXH_VMO_MAX_SIZE)
		return ZXH_ERR_OUT_OF_RANGE;
	return *size > MAX_LFS_FILESIZE ? ZXH_ERR_NO_MEMORY : 0;
}

/*
 * Pages beyond a smaller size go, in every mapping; a larger one reads zero. A
 * smaller size is known before the pages go, so that who misses them knows why.
 */
static int zxh_vmo_set_size(struct zxh_vmo *vmo, u64 size)
{
	u64 old;
	int r;

	if (down_write_killable(&vmo->lock))
		return -EINTR;
	old = vmo->size;
	if (size < old)
		WRITE_ONCE(vmo->size, size);
	r = size == old ? 0 : vfs_truncate(&vmo->file->f_path, size);
	WRITE_ONCE(vmo->size, r ? old : size);
	up_write(&vmo->lock);
	return zxh_status(r);
}

int zxh_vmo_set_size_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_vmo_set_size *req = arg;
	struct zxh_object *obj;
	u64 size = req->vmo_size;
	u32 rights;
	int r;

	r = zxh_handle_get_typed(&f->handles, req->vmo, ZXH_TYPE_VMO, ZXH_RIGHT_WRITE, &obj,
				 &rights);
	if (r)
		return r;
	if (!zxh_vmo_of(obj)->resizable)
		r = ZXH_ERR_UNAVAILABLE;
	else if (!(rights & ZXH_RIGHT_RESIZE))
		r = ZXH_ERR_ACCESS_DENIED;
	else
		r = zxh_vmo_round_size(&size);
	if (!r)
		r = zxh_vmo_set_size(zxh_vmo_of(obj), size);
	zxh_object_put(obj);
	return r;
}

static int zxh_vmo_op_here(struct zxh_vmo *vmo, u32 op, u64 offset, u64 len)
{
	int mode = FALLOC_FL_KEEP_SIZE;

	if (!len)
		return 0;
	switch (op) {
	case ZX_HYP_OP_COMMIT:
		break;
	case ZX_HYP_OP_DECOMMIT:
	case ZX_HYP_OP_ZERO:
		mode |= FALLOC_FL_PUNCH_HOLE;
		break;
	default:
		/* Caches are coherent here, and hints may be ignored. */
		return 0;
	}
	return zxh_status(vfs_fallocate(vmo->file, mode, offset, len));
}

/**
 * zxh_vmo_op() - an operation on a range
 * @vmo: the VMO
 * @op: one of ZX_HYP_OP_* that VMOs have
 * @offset: first byte
 * @len: bytes
 *
 * Return: 0; ZXH_ERR_OUT_OF_RANGE when the range is not inside;
 * ZXH_ERR_NO_MEMORY; or -EINTR.
 */
int zxh_vmo_op(struct zxh_vmo *vmo, u32 op, u64 offset, u64 len)
{
	u64 end;
	int r;

	if (check_add_overflow(offset, len, &end))
		return ZXH_ERR_OUT_OF_RANGE;
	if (down_read_killable(&vmo->lock))
		return -EINTR;
	r = ZXH_ERR_OUT_OF_RANGE;
	if (end > vmo->size)
		goto unlock;
	if (op == ZX_HYP_OP_COMMIT || op == ZX_HYP_OP_DECOMMIT) {
		end = PAGE_ALIGN(end);
		offset &= PAGE_MASK;
		len = len ? end - offset : 0;
	}
	r = zxh_vmo_op_here(vmo, op, offset, len);
unlock:
	up_read(&vmo->lock);
	return r;
}

/* Return: the right that an operation takes, 0 for none. */
static u32 zxh_vmo_op_right(u32 op)
{
	switch (op) {
	case ZX_HYP_OP_COMMIT:
	case ZX_HYP_OP_DECOMMIT:
	case ZX_HYP_OP_ZERO:
	case ZX_HYP_OP_CACHE_INVALIDATE:
		return ZXH_RIGHT_WRITE;
	case ZX_HYP_OP_CACHE_SYNC:
	case ZX_HYP_OP_CACHE_CLEAN:
	case ZX_HYP_OP_CACHE_CLEAN_INVALIDATE:
		return ZXH_RIGHT_READ;
	default:
		return 0;
	}
}

static int zxh_vmo_op_checked(struct zxh_vmo *vmo, u32 rights,
			      const struct zx_hyp_vmo_op_range *req)
{
	u32 right = zxh_vmo_op_right(req->op);

	switch (req->op) {
	case ZX_HYP_OP_LOCK:
	case ZX_HYP_OP_UNLOCK:
	case ZX_HYP_OP_TRY_LOCK:
		/* Of discardable VMOs. */
		return ZXH_ERR_NOT_SUPPORTED;
	case ZX_HYP_OP_DONT_NEED:
	case ZX_HYP_OP_ALWAYS_NEED:
		break;
	default:
		if (!right)
			return ZXH_ERR_INVALID_ARGS;
	}
	if ((rights & right) != right)
		return ZXH_ERR_ACCESS_DENIED;
	return zxh_vmo_op(vmo, req->op, req->offset, req->len);
}

int zxh_vmo_op_range_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_vmo_op_range *req = arg;
	struct zxh_object *obj;
	u32 rights;
	int r;

	if (req->reserved)
		return -EINVAL;
	r = zxh_handle_get_typed(&f->handles, req->vmo, ZXH_TYPE_VMO, 0, &obj, &rights);
	if (r)
		return r;
	r = zxh_vmo_op_checked(zxh_vmo_of(obj), rights, req);
	zxh_object_put(obj);
	return r;
}

int zxh_vmo_set_cache_policy_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_vmo_set_cache_policy *req = arg;
	struct zxh_object *obj;
	int r;

	if (req->reserved)
		return -EINVAL;
	r = zxh_handle_get_typed(&f->handles, req->vmo, ZXH_TYPE_VMO, ZXH_RIGHT_MAP, &obj, NULL);
	if (r)
		return r;
	if (req->policy & ~ZX_HYP_CACHE_MASK)
		r = ZXH_ERR_INVALID_ARGS;
	else if (req->policy != ZX_HYP_CACHE_CACHED)
		r = ZXH_ERR_NOT_SUPPORTED;
	zxh_object_put(obj);
	return r;
}

/* Touch the pages of a folio that are in the range. */
static void zxh_vmo_touch(struct zxh_aspace *as, struct folio *folio, u64 addr, u64 len,
			  u64 offset)
{
	u64 pos = max_t(u64, folio_pos(folio), offset);
	u64 end = min_t(u64, folio_pos(folio) + folio_size(folio), offset + len);
	unsigned long hva;

	for (; pos < end; pos += PAGE_SIZE) {
		hva = as->ops->hva(as, addr + (pos - offset));
		if (hva)
			fault_in_readable((const char __user *)hva, 1);
	}
}

/**
 * zxh_vmo_populate() - map the pages that a VMO has, ahead of their use
 * @vmo: the VMO
 * @as: where it is mapped; the caller holds its lock and is in its mm
 * @addr: the address
 * @len: bytes
 * @offset: where in the VMO
 *
 * Pages that it does not have stay absent, and what does not work is left to
 * the use itself.
 */
void zxh_vmo_populate(struct zxh_vmo *vmo, struct zxh_aspace *as, u64 addr, u64 len, u64 offset)
{
	pgoff_t index = offset >> PAGE_SHIFT, last = (offset + len - 1) >> PAGE_SHIFT;
	struct folio_batch batch;
	unsigned int i;

	folio_batch_init(&batch);
	while (filemap_get_folios(vmo->file->f_mapping, &index, last, &batch)) {
		for (i = 0; i < folio_batch_count(&batch); i++)
			zxh_vmo_touch(as, batch.folios[i], addr, len, offset);
		folio_batch_release(&batch);
		if (fatal_signal_pending(current))
			return;
		cond_resched();
	}
}
