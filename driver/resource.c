// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resources: the permission to make guests, and to make memory executable.
 */
#include <linux/slab.h>

#include "resource.h"

/**
 * struct zxh_resource - a permission that can be handed on
 * @obj: base
 * @kind: ZX_HYP_RESOURCE_*; constant after init
 */
struct zxh_resource {
	struct zxh_object obj;
	u32 kind;
};

static void zxh_resource_release(struct zxh_object *obj)
{
	zxh_object_free(obj);
}

static const struct zxh_object_ops zxh_resource_ops = {
	.type = ZXH_TYPE_RESOURCE,
	.rights = ZXH_RIGHT_TRANSFER | ZXH_RIGHT_DUPLICATE | ZXH_RIGHT_WRITE |
		  ZXH_RIGHT_INSPECT,
	.release = zxh_resource_release,
};

/**
 * zxh_resource_check() - whether a handle gives a permission
 * @f: the caller's file
 * @value: the handle
 * @kind: ZX_HYP_RESOURCE_*
 *
 * No right is asked of the handle, as in Zircon.
 *
 * Return: 0, ZXH_ERR_BAD_HANDLE, or ZXH_ERR_WRONG_TYPE, also for a resource of
 * another kind.
 */
int zxh_resource_check(struct zxh_file *f, u32 value, u32 kind)
{
	struct zxh_object *obj;
	int r;

	r = zxh_handle_get_typed(&f->handles, value, ZXH_TYPE_RESOURCE, 0, &obj, NULL);
	if (r)
		return r;
	if (container_of(obj, struct zxh_resource, obj)->kind != kind)
		r = ZXH_ERR_WRONG_TYPE;
	zxh_object_put(obj);
	return r;
}

int zxh_resource_get_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_resource_get *req = arg;
	struct zxh_resource *res;
	int r;

	if (req->kind != ZX_HYP_RESOURCE_HYPERVISOR && req->kind != ZX_HYP_RESOURCE_VMEX)
		return ZXH_ERR_INVALID_ARGS;
	res = kzalloc(sizeof(*res), GFP_KERNEL_ACCOUNT);
	if (!res)
		return ZXH_ERR_NO_MEMORY;
	zxh_object_init(&res->obj, &zxh_resource_ops);
	res->kind = req->kind;
	r = zxh_handle_publish(&f->handles, &res->obj, zxh_resource_ops.rights,
			       req->out_handle);
	zxh_object_put(&res->obj);
	return r;
}
