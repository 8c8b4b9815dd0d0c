// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resources: the permission to make guests, and to make memory executable.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "resource.h"

/**
 * struct zxh_resource - a permission that can be handed on
 * @obj: base
 * @kind: ZX_HYP_RESOURCE_*; constant after init
 * @name: terminated by zero; constant after init
 */
struct zxh_resource {
	struct zxh_object obj;
	u32 kind;
	char name[ZX_HYP_NAME_LEN];
};

static struct zxh_resource *zxh_resource_of(struct zxh_object *obj)
{
	return container_of(obj, struct zxh_resource, obj);
}

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
	if (zxh_resource_of(obj)->kind != kind)
		r = ZXH_ERR_WRONG_TYPE;
	zxh_object_put(obj);
	return r;
}

/* Whether there are resources of that kind. */
static bool zxh_resource_kind_made(u32 kind)
{
	return kind == ZX_HYP_RESOURCE_HYPERVISOR || kind == ZX_HYP_RESOURCE_VMEX;
}

static int zxh_resource_make(struct zxh_file *f, u32 kind, const char *name, u64 out)
{
	struct zxh_resource *res;
	int r;

	res = kzalloc(sizeof(*res), GFP_KERNEL_ACCOUNT);
	if (!res)
		return ZXH_ERR_NO_MEMORY;
	zxh_object_init(&res->obj, &zxh_resource_ops);
	res->kind = kind;
	strscpy(res->name, name, sizeof(res->name));
	r = zxh_handle_publish(&f->handles, &res->obj,
			       zxh_file_rights(f, ZXH_TYPE_RESOURCE, zxh_resource_ops.rights),
			       out);
	zxh_object_put(&res->obj);
	return r;
}

int zxh_resource_get_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_resource_get *req = arg;

	if (!zxh_resource_kind_made(req->kind))
		return ZXH_ERR_INVALID_ARGS;
	return zxh_resource_make(f, req->kind, req->kind == ZX_HYP_RESOURCE_VMEX ?
				 "vmex" : "hypervisor", req->out_handle);
}

/* A resource gives away what it has, and no more: its kind is all of it. */
int zxh_resource_create_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_resource_create *req = arg;
	size_t n = min_t(size_t, req->name_size, ZX_HYP_NAME_LEN - 1);
	char name[ZX_HYP_NAME_LEN] = "";
	struct zxh_object *parent;
	int r;

	r = zxh_handle_get_typed(&f->handles, req->parent, ZXH_TYPE_RESOURCE, ZXH_RIGHT_WRITE,
				 &parent, NULL);
	if (r)
		return r;
	/* The kind of no parent is known as well, and denied next. */
	if (!zxh_resource_kind_made(req->kind) && req->kind != ZX_HYP_RESOURCE_OTHER)
		r = ZXH_ERR_INVALID_ARGS;
	else if (zxh_resource_of(parent)->kind != req->kind)
		r = ZXH_ERR_ACCESS_DENIED;
	else if (copy_from_user(name, u64_to_user_ptr(req->name), n))
		r = ZXH_ERR_INVALID_ARGS;
	else
		r = zxh_resource_make(f, req->kind, name, req->out_handle);
	zxh_object_put(parent);
	return r;
}

/**
 * zxh_resource_info() - describe a resource
 * @obj: the resource
 * @info: zeroed; receives the description
 */
void zxh_resource_info(struct zxh_object *obj, struct zx_hyp_info_resource *info)
{
	struct zxh_resource *res = zxh_resource_of(obj);

	info->kind = res->kind;
	memcpy(info->name, res->name, sizeof(info->name));
}
