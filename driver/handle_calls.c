// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls on handles, whatever they name.
 */
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "file.h"

/* Handles that are read at a time. */
#define ZXH_CLOSE_CHUNK	64

int zxh_handle_close_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_handle_close *req = arg;

	return req->handle ? zxh_handle_close(&f->handles, req->handle) : 0;
}

static int zxh_handle_close_array(struct zxh_file *f, const u32 *values, unsigned int count)
{
	unsigned int i;
	int r = 0;

	for (i = 0; i < count; i++)
		if (values[i] && zxh_handle_close(&f->handles, values[i]))
			r = ZXH_ERR_BAD_HANDLE;
	return r;
}

/*
 * A bad handle does not keep the others from being closed; an array that cannot
 * be read ends it. Both as in Zircon, and so is the size of the steps.
 */
int zxh_handle_close_many_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_handle_close_many *req = arg;
	const u32 __user *user = u64_to_user_ptr(req->handles);
	u32 values[ZXH_CLOSE_CHUNK];
	u64 left = req->count;
	int r = 0;

	if (req->reserved)
		return -EINVAL;
	while (left) {
		unsigned int n = min_t(u64, left, ZXH_CLOSE_CHUNK);

		if (copy_from_user(values, user, n * sizeof(*values)))
			return ZXH_ERR_INVALID_ARGS;
		if (zxh_handle_close_array(f, values, n))
			r = ZXH_ERR_BAD_HANDLE;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		user += n;
		left -= n;
	}
	return r;
}

/* Return: 0, or ZXH_ERR_INVALID_ARGS when rights would grow. */
static int zxh_rights_narrow(u32 have, u32 wanted, u32 *rights)
{
	*rights = wanted == ZX_HYP_RIGHT_SAME ? have : wanted;
	return *rights & ~have ? ZXH_ERR_INVALID_ARGS : 0;
}

int zxh_handle_duplicate_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_handle_dup *req = arg;
	struct zxh_object *obj;
	u32 have, rights;
	int r;

	if (req->reserved)
		return -EINVAL;
	r = zxh_handle_get(&f->handles, req->handle, &obj, &have);
	if (r)
		return r;
	r = have & ZXH_RIGHT_DUPLICATE ? zxh_rights_narrow(have, req->rights, &rights) :
					 ZXH_ERR_ACCESS_DENIED;
	if (r)
		goto put;
	/* It may have been closed since, as the last. */
	r = ZXH_ERR_BAD_HANDLE;
	if (!zxh_object_hold_not_zero(obj))
		goto put;
	r = zxh_handle_publish_held(&f->handles, obj, rights, req->out_handle);
	if (r)
		zxh_object_unhold(obj);
put:
	zxh_object_put(obj);
	return r;
}

/* The source is consumed whatever happens. */
int zxh_handle_replace_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_handle_dup *req = arg;
	struct zxh_object *obj;
	u32 have, rights;
	int r;

	if (req->reserved)
		return -EINVAL;
	r = zxh_handle_take(&f->handles, req->handle, &obj, &have);
	if (r)
		return r;
	r = zxh_rights_narrow(have, req->rights, &rights);
	if (!r)
		r = zxh_handle_publish_held(&f->handles, obj, rights, req->out_handle);
	if (r)
		zxh_object_unhold(obj);
	return r;
}

int zxh_rights_set_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_rights_set *req = arg;

	if (req->reserved)
		return -EINVAL;
	if (!zxh_type_known(req->type))
		return ZXH_ERR_NOT_SUPPORTED;
	if (req->rights & ~ZXH_RIGHTS_ALL)
		return ZXH_ERR_INVALID_ARGS;
	WRITE_ONCE(f->rights[req->type], req->rights | ZXH_RIGHTS_CHOSEN);
	return 0;
}
