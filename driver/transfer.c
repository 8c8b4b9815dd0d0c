// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handles on their way to another process.
 *
 * Linux passes descriptors over a socket. So a handle is packed into a file of
 * its own, the parcel, and unpacked by whoever gets that. While it is in there
 * it counts as a handle.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "file.h"

/**
 * struct zxh_parcel - a handle in a file
 * @lock: spinning, innermost
 * @obj: held; NULL: it was taken out, or not put in yet; @lock
 * @rights: @lock
 */
struct zxh_parcel {
	spinlock_t lock;
	struct zxh_object *obj;
	u32 rights;
};

static int zxh_parcel_release(struct inode *inode, struct file *file)
{
	struct zxh_parcel *parcel = file->private_data;

	if (parcel->obj)
		zxh_object_unhold(parcel->obj);
	kfree(parcel);
	return 0;
}

static const struct file_operations zxh_parcel_fops = {
	.owner = THIS_MODULE,
	.release = zxh_parcel_release,
};

static void zxh_parcel_pack(struct zxh_parcel *parcel, struct zxh_object *obj, u32 rights)
{
	spin_lock(&parcel->lock);
	parcel->obj = obj;
	parcel->rights = rights;
	spin_unlock(&parcel->lock);
}

/* Return: what is in it, held, or NULL. */
static struct zxh_object *zxh_parcel_unpack(struct zxh_parcel *parcel, u32 *rights)
{
	struct zxh_object *obj;

	spin_lock(&parcel->lock);
	obj = parcel->obj;
	*rights = parcel->rights;
	parcel->obj = NULL;
	spin_unlock(&parcel->lock);
	return obj;
}

static struct file *zxh_parcel_create(void)
{
	struct zxh_parcel *parcel = kzalloc(sizeof(*parcel), GFP_KERNEL_ACCOUNT);
	struct file *file;

	if (!parcel)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&parcel->lock);
	file = anon_inode_getfile("[zx_hyp-handle]", &zxh_parcel_fops, parcel, O_RDWR);
	if (IS_ERR(file))
		kfree(parcel);
	return file;
}

/* Return: 0 if the handle is there and may go. */
static int zxh_export_check(struct zxh_file *f, u32 value)
{
	struct zxh_object *obj;
	u32 rights;
	int r;

	r = zxh_handle_get(&f->handles, value, &obj, &rights);
	if (r)
		return r;
	zxh_object_put(obj);
	return rights & ZXH_RIGHT_TRANSFER ? 0 : ZXH_ERR_ACCESS_DENIED;
}

int zxh_handle_export_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_handle_export *req = arg;
	s32 __user *out = u64_to_user_ptr(req->out_fd);
	struct zxh_object *obj;
	struct file *file;
	u32 rights;
	s32 old;
	int fd, r;

	r = zxh_export_check(f, req->handle);
	if (r)
		return r;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return zxh_status(fd);
	file = zxh_parcel_create();
	if (IS_ERR(file)) {
		r = zxh_status(PTR_ERR(file));
		goto put_fd;
	}
	r = ZXH_ERR_INVALID_ARGS;
	if (get_user(old, out) || put_user(fd, out))
		goto put_file;
	/* Nothing can fail any more but that another thread closed the handle. */
	r = zxh_handle_take(&f->handles, req->handle, &obj, &rights);
	if (r) {
		put_user(old, out);
		goto put_file;
	}
	zxh_parcel_pack(file->private_data, obj, rights);
	fd_install(fd, file);
	return 0;

put_file:
	fput(file);
put_fd:
	put_unused_fd(fd);
	return r;
}

int zxh_handle_import_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_handle_import *req = arg;
	struct file *file = fget(req->fd);
	struct zxh_object *obj;
	u32 rights;
	int r;

	if (!file)
		return ZXH_ERR_BAD_HANDLE;
	r = ZXH_ERR_WRONG_TYPE;
	if (file->f_op != &zxh_parcel_fops)
		goto put;
	r = ZXH_ERR_BAD_STATE;
	obj = zxh_parcel_unpack(file->private_data, &rights);
	if (!obj)
		goto put;
	r = zxh_handle_publish_held(&f->handles, obj, rights, req->out_handle);
	/* It fits, since nobody else can put something in. */
	if (r)
		zxh_parcel_pack(file->private_data, obj, rights);
put:
	fput(file);
	return r;
}
