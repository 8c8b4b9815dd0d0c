// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual memory objects: shmem files.
 *
 * The pages are Linux's in every respect: swapped, charged to who touches them,
 * huge where the system wants them so. Mappings have vm_ops of our own around
 * shmem's.
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "aspace.h"
#include "compat.h"
#include "file.h"
#include "resource.h"
#include "vmo.h"

/* Made of shmem's at the first VMO, under the lock; constant from then on. */
static DEFINE_MUTEX(zxh_vmo_setup_lock);
static const struct file_operations *zxh_shmem_fops;
static struct file_operations zxh_vmo_fops;
static struct file_operations zxh_vmo_guest_fops;

static const struct vm_operations_struct *zxh_shmem_vm_ops;
static struct vm_operations_struct zxh_vmo_vm_ops;

static vm_fault_t zxh_vmo_fault(struct vm_fault *vmf)
{
	return READ_ONCE(zxh_shmem_vm_ops)->fault(vmf);
}

static const struct vm_operations_struct *
zxh_vmo_wrap_vm_ops(const struct vm_operations_struct *shmem)
{
	/*
	 * Under mmap_lock: only the first mapping of all takes the lock.
	 * Pairs with the release below: the copy is complete.
	 */
	if (likely(smp_load_acquire(&zxh_shmem_vm_ops)))
		return &zxh_vmo_vm_ops;
	mutex_lock(&zxh_vmo_setup_lock);
	if (!zxh_shmem_vm_ops) {
		zxh_vmo_vm_ops = *shmem;
		zxh_vmo_vm_ops.fault = zxh_vmo_fault;
		/* Publish the copy, for those who look without the lock. */
		smp_store_release(&zxh_shmem_vm_ops, shmem);
	}
	mutex_unlock(&zxh_vmo_setup_lock);
	return &zxh_vmo_vm_ops;
}

static int zxh_vmo_mmap(ZXH_MMAP_PARAMS)
{
	int r = zxh_shmem_fops->ZXH_FOP_MMAP(ZXH_MMAP_ARGS);

	if (!r)
		vma->vm_ops = zxh_vmo_wrap_vm_ops(vma->vm_ops);
	return r;
}

static int zxh_vmo_guest_mmap(ZXH_MMAP_PARAMS)
{
	int r = zxh_vmo_mmap(ZXH_MMAP_ARGS);

	if (!r) {
		zxh_vma_keep_private(vma);
		zxh_vma_keep_readonly(vma);
	}
	return r;
}

static void zxh_vmo_setup(const struct file_operations *shmem)
{
	/* Pairs with the release below: the copies are complete. */
	if (likely(smp_load_acquire(&zxh_shmem_fops)))
		return;
	mutex_lock(&zxh_vmo_setup_lock);
	if (!zxh_shmem_fops) {
		zxh_vmo_fops = *shmem;
		zxh_vmo_fops.owner = THIS_MODULE;
		zxh_vmo_fops.ZXH_FOP_MMAP = zxh_vmo_mmap;
		/* shmem's insists on a file of its own; this one aligns as well. */
		zxh_vmo_fops.get_unmapped_area = thp_get_unmapped_area;
		zxh_vmo_guest_fops = zxh_vmo_fops;
		zxh_vmo_guest_fops.ZXH_FOP_MMAP = zxh_vmo_guest_mmap;
		/* Publish the copies, for those who look without the lock. */
		smp_store_release(&zxh_shmem_fops, shmem);
	}
	mutex_unlock(&zxh_vmo_setup_lock);
}

static void zxh_vmo_release(struct zxh_object *obj)
{
	struct zxh_vmo *vmo = zxh_vmo_of(obj);

	fput(vmo->guest_file);
	fput(vmo->file);
	zxh_object_free(obj);
}

static char *zxh_vmo_name(struct zxh_object *obj)
{
	return zxh_vmo_of(obj)->name;
}

static const struct zxh_object_ops zxh_vmo_ops = {
	.type = ZXH_TYPE_VMO,
	.rights = ZXH_RIGHTS_BASIC | ZXH_RIGHTS_IO | ZXH_RIGHTS_PROPERTY | ZXH_RIGHT_MAP |
		  ZXH_RIGHT_SIGNAL,
	.release = zxh_vmo_release,
	.name = zxh_vmo_name,
};

/* The file, and so each of its mappings, pins the module until it is closed. */
static void zxh_vmo_take_file(struct file *file, const struct file_operations *fops)
{
	__module_get(fops->owner);
	replace_fops(file, fops);
}

static int zxh_vmo_open_files(struct zxh_vmo *vmo)
{
	vmo->file = shmem_file_setup("zx_hyp-vmo", vmo->size, ZXH_SHMEM_NORESERVE);
	if (IS_ERR(vmo->file))
		return PTR_ERR(vmo->file);
	vmo->guest_file = dentry_open(&vmo->file->f_path, O_RDWR | O_LARGEFILE,
				      current_cred());
	if (IS_ERR(vmo->guest_file)) {
		fput(vmo->file);
		return PTR_ERR(vmo->guest_file);
	}
	zxh_vmo_setup(vmo->file->f_op);
	zxh_vmo_take_file(vmo->file, &zxh_vmo_fops);
	zxh_vmo_take_file(vmo->guest_file, &zxh_vmo_guest_fops);
	return 0;
}

static int zxh_vmo_create(u64 size, bool resizable, struct zxh_vmo **out)
{
	struct zxh_vmo *vmo;
	int r;

	vmo = kzalloc(sizeof(*vmo), GFP_KERNEL_ACCOUNT);
	if (!vmo)
		return ZXH_ERR_NO_MEMORY;
	init_rwsem(&vmo->lock);
	vmo->size = size;
	vmo->resizable = resizable;
	vmo->shares = RB_ROOT;
	r = zxh_vmo_open_files(vmo);
	if (r) {
		kfree(vmo);
		return zxh_status(r);
	}
	zxh_object_init(&vmo->obj, &zxh_vmo_ops);
	vmo->obj.signals = ZX_HYP_SIGNAL_SIGNALED;	/* ZX_VMO_ZERO_CHILDREN */
	*out = vmo;
	return 0;
}

int zxh_vmo_create_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_vmo_create *req = arg;
	bool resizable = req->options & ZX_HYP_VMO_RESIZABLE;
	u32 rights = zxh_vmo_ops.rights | ZXH_RIGHT_RESIZE;
	struct zxh_vmo *vmo;
	u64 size = req->vmo_size;
	int r;

	if (req->options & ~(ZX_HYP_VMO_RESIZABLE | ZX_HYP_VMO_DISCARDABLE))
		return ZXH_ERR_INVALID_ARGS;
	if (req->options & ZX_HYP_VMO_DISCARDABLE)
		return ZXH_ERR_NOT_SUPPORTED;
	r = zxh_vmo_round_size(&size);
	if (r)
		return r;
	r = zxh_vmo_create(size, resizable, &vmo);
	if (r)
		return r;
	rights = zxh_file_rights(f, ZXH_TYPE_VMO, rights);
	if (!resizable)
		rights &= ~ZXH_RIGHT_RESIZE;
	r = zxh_handle_publish(&f->handles, &vmo->obj, rights, req->out_handle);
	zxh_object_put(&vmo->obj);
	return r;
}

static int zxh_share_cmp(const void *key, const struct rb_node *node)
{
	const struct zxh_aspace *as = rb_entry(node, struct zxh_share, node)->as;

	return key < (const void *)as ? -1 : key > (const void *)as;
}

static bool zxh_share_less(struct rb_node *node, const struct rb_node *other)
{
	return zxh_share_cmp(rb_entry(node, struct zxh_share, node)->as, other) < 0;
}

/**
 * zxh_vmo_share_locked() - count a mapping
 * @vmo: the VMO
 * @as: the address space that maps it; the caller holds its lock
 *
 * Return: what zxh_vmo_unshare_locked() takes, or NULL.
 */
struct zxh_share *zxh_vmo_share_locked(struct zxh_vmo *vmo, const struct zxh_aspace *as)
{
	struct zxh_share *share, *first = NULL;
	struct rb_node *node;

	lockdep_assert_held(&as->lock);
	spin_lock(&vmo->obj.lock);
	node = rb_find(as, &vmo->shares, zxh_share_cmp);
	if (!node) {
		/* Only who holds the lock of this address space could add it meanwhile. */
		spin_unlock(&vmo->obj.lock);
		first = kzalloc(sizeof(*first), GFP_KERNEL_ACCOUNT);
		if (!first)
			return NULL;
		first->as = as;
		spin_lock(&vmo->obj.lock);
		rb_add(&first->node, &vmo->shares, zxh_share_less);
		vmo->nr_shares++;
	}
	share = first ?: rb_entry(node, struct zxh_share, node);
	share->mappings++;
	vmo->nr_mappings++;
	spin_unlock(&vmo->obj.lock);
	return share;
}

/**
 * zxh_vmo_unshare_locked() - a mapping is gone
 * @vmo: the VMO
 * @share: of the mapping; the caller holds the lock of its address space
 */
void zxh_vmo_unshare_locked(struct zxh_vmo *vmo, struct zxh_share *share)
{
	bool last;

	lockdep_assert_held(&share->as->lock);
	spin_lock(&vmo->obj.lock);
	vmo->nr_mappings--;
	last = !--share->mappings;
	if (last) {
		rb_erase(&share->node, &vmo->shares);
		vmo->nr_shares--;
	}
	spin_unlock(&vmo->obj.lock);
	if (last)
		kfree(share);
}

/**
 * zxh_vmo_info() - describe a VMO
 * @vmo: the VMO
 * @rights: of the handle that it is asked through
 * @info: zeroed; receives the description
 */
void zxh_vmo_info(struct zxh_vmo *vmo, u32 rights, struct zx_hyp_info_vmo *info)
{
	info->koid = vmo->obj.koid;
	spin_lock(&vmo->obj.lock);
	memcpy(info->name, vmo->name, sizeof(info->name));
	info->num_mappings = vmo->nr_mappings;
	info->share_count = vmo->nr_shares;
	spin_unlock(&vmo->obj.lock);
	info->size_bytes = READ_ONCE(vmo->size);
	info->flags = ZX_HYP_INFO_VMO_PAGED | ZX_HYP_INFO_VMO_VIA_HANDLE;
	if (vmo->resizable)
		info->flags |= ZX_HYP_INFO_VMO_RESIZABLE;
	/* What shmem has for the file, swapped out or not. */
	info->committed_bytes = inode_get_bytes(file_inode(vmo->file));
	info->populated_bytes = info->committed_bytes;
	info->handle_rights = rights;
}

static int zxh_vmo_transfer(struct zxh_vmo *vmo, const struct zx_hyp_vmo_rw *req, bool write)
{
	void __user *buffer = u64_to_user_ptr(req->buffer);
	loff_t pos = req->offset;
	struct iov_iter iter;
	ssize_t n;
	u64 end;

	if (check_add_overflow(req->offset, req->buffer_size, &end) ||
	    end > READ_ONCE(vmo->size))
		return ZXH_ERR_OUT_OF_RANGE;
	/* The kernel moves at most MAX_RW_COUNT at a time. */
	while (pos < end) {
		size_t chunk = min_t(u64, end - pos, MAX_RW_COUNT);

		if (!access_ok(buffer, chunk))
			return ZXH_ERR_INVALID_ARGS;
		iov_iter_ubuf(&iter, write ? WRITE : READ, buffer, chunk);
		n = write ? vfs_iter_write(vmo->file, &iter, &pos, 0) :
			    vfs_iter_read(vmo->file, &iter, &pos, 0);
		if (n < 0)
			return zxh_status(n);
		/* Short: killed, or what was to be read has gone meanwhile, or the buffer ended. */
		if (!n && fatal_signal_pending(current))
			return -EINTR;
		if (!n)
			return pos < READ_ONCE(vmo->size) ? ZXH_ERR_INVALID_ARGS :
							    ZXH_ERR_OUT_OF_RANGE;
		buffer += n;
	}
	return 0;
}

static int zxh_vmo_rw(struct zxh_file *f, struct zx_hyp_vmo_rw *req, bool write)
{
	struct zxh_object *obj;
	struct zxh_vmo *vmo;
	int r;

	r = zxh_handle_get_typed(&f->handles, req->vmo, ZXH_TYPE_VMO,
				 write ? ZXH_RIGHT_WRITE : ZXH_RIGHT_READ, &obj, NULL);
	if (r)
		return r;
	vmo = zxh_vmo_of(obj);
	/*
	 * A write must not make the file longer than the VMO. A read may take as
	 * long as the reader likes, who may not keep others from the size.
	 */
	if (!write) {
		r = zxh_vmo_transfer(vmo, req, false);
	} else if (down_read_killable(&vmo->lock)) {
		r = -EINTR;
	} else {
		r = zxh_vmo_transfer(vmo, req, true);
		up_read(&vmo->lock);
	}
	zxh_object_put(obj);
	return r;
}

int zxh_vmo_read_ioctl(struct zxh_file *f, void *arg)
{
	return zxh_vmo_rw(f, arg, false);
}

int zxh_vmo_write_ioctl(struct zxh_file *f, void *arg)
{
	return zxh_vmo_rw(f, arg, true);
}

int zxh_vmo_get_size_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_vmo_get_size *req = arg;
	u64 __user *out = u64_to_user_ptr(req->out_size);
	struct zxh_object *obj;
	int r;

	r = zxh_handle_get_typed(&f->handles, req->vmo, ZXH_TYPE_VMO, 0, &obj, NULL);
	if (r)
		return r;
	if (put_user(READ_ONCE(zxh_vmo_of(obj)->size), out))
		r = ZXH_ERR_INVALID_ARGS;
	zxh_object_put(obj);
	return r;
}

/* The source is consumed whatever happens. */
int zxh_vmo_replace_as_executable_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_vmo_replace_as_executable *req = arg;
	struct zxh_object *obj;
	u32 rights;
	int vmex, r;

	if (req->reserved)
		return -EINVAL;
	vmex = req->vmex ? zxh_resource_check(f, req->vmex, ZX_HYP_RESOURCE_VMEX) : 0;
	r = zxh_handle_take(&f->handles, req->vmo, &obj, &rights);
	if (r)
		return r;
	/* Zircon says BAD_HANDLE for another type, where others say WRONG_TYPE. */
	if (vmex)
		r = vmex;
	else if (obj->ops->type != ZXH_TYPE_VMO)
		r = ZXH_ERR_BAD_HANDLE;
	else
		r = zxh_handle_publish_held(&f->handles, obj, rights | ZXH_RIGHT_EXECUTE,
					    req->out_handle);
	if (r)
		zxh_object_unhold(obj);
	return r;
}
