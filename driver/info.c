// SPDX-License-Identifier: GPL-2.0-only
/*
 * What can be asked about an object, and its properties.
 */
#include <linux/pagemap.h>
#include <linux/uaccess.h>

#include "aspace.h"
#include "file.h"
#include "resource.h"
#include "vcpu.h"
#include "vmo.h"

/* Large enough for every topic's structure. */
union zxh_info {
	struct zx_hyp_info_handle_basic basic;
	struct zx_hyp_info_vmar vmar;
	struct zx_hyp_info_resource resource;
	struct zx_hyp_info_vmo vmo;
	u32 word;
};

/**
 * struct zxh_info_topic - a row of the table of topics
 * @topic: ZX_HYP_INFO_*
 * @type: of the objects that have it; 0: all
 * @right: that it takes
 * @size: bytes of its structure; 0: there is none
 * @fill: fill the zeroed structure
 */
struct zxh_info_topic {
	u32 topic;
	enum zxh_type type;
	u32 right;
	size_t size;
	void (*fill)(struct zxh_object *obj, u32 rights, union zxh_info *info);
};

static void zxh_info_basic(struct zxh_object *obj, u32 rights, union zxh_info *info)
{
	info->basic.koid = obj->koid;
	info->basic.rights = rights;
	info->basic.type = obj->ops->type;
	if (obj->ops->related_koid)
		info->basic.related_koid = obj->ops->related_koid(obj);
}

static void zxh_info_vmar(struct zxh_object *obj, u32 rights, union zxh_info *info)
{
	struct zxh_vmar *vmar = container_of(obj, struct zxh_vmar, obj);

	info->vmar.base = vmar->base;
	info->vmar.len = vmar->size;
}

static void zxh_info_resource(struct zxh_object *obj, u32 rights, union zxh_info *info)
{
	zxh_resource_info(obj, &info->resource);
}

static void zxh_info_handle_count(struct zxh_object *obj, u32 rights, union zxh_info *info)
{
	info->word = atomic_read(&obj->handles);
}

static void zxh_info_vmo(struct zxh_object *obj, u32 rights, union zxh_info *info)
{
	zxh_vmo_info(zxh_vmo_of(obj), rights, &info->vmo);
}

static void zxh_info_vcpu(struct zxh_object *obj, u32 rights, union zxh_info *info)
{
	info->word = zxh_vcpu_kicked(obj) ? ZX_HYP_VCPU_KICKED : 0;
}

static const struct zxh_info_topic zxh_info_topics[] = {
	{ ZX_HYP_INFO_HANDLE_VALID },
	{ ZX_HYP_INFO_HANDLE_BASIC, 0, 0, sizeof(struct zx_hyp_info_handle_basic),
	  zxh_info_basic },
	{ ZX_HYP_INFO_VMAR, ZXH_TYPE_VMAR, ZXH_RIGHT_INSPECT, sizeof(struct zx_hyp_info_vmar),
	  zxh_info_vmar },
	{ ZX_HYP_INFO_RESOURCE, ZXH_TYPE_RESOURCE, ZXH_RIGHT_INSPECT,
	  sizeof(struct zx_hyp_info_resource), zxh_info_resource },
	{ ZX_HYP_INFO_HANDLE_COUNT, 0, ZXH_RIGHT_INSPECT, sizeof(u32), zxh_info_handle_count },
	{ ZX_HYP_INFO_VMO_V1, ZXH_TYPE_VMO, 0,
	  offsetof(struct zx_hyp_info_vmo, metadata_bytes), zxh_info_vmo },
	{ ZX_HYP_INFO_VMO_V2, ZXH_TYPE_VMO, 0,
	  offsetof(struct zx_hyp_info_vmo, populated_bytes), zxh_info_vmo },
	{ ZX_HYP_INFO_VMO, ZXH_TYPE_VMO, 0, sizeof(struct zx_hyp_info_vmo), zxh_info_vmo },
	{ ZX_HYP_INFO_VCPU, ZXH_TYPE_VCPU, ZXH_RIGHT_INSPECT, sizeof(u32), zxh_info_vcpu },
};

static const struct zxh_info_topic *zxh_info_find(u32 topic)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(zxh_info_topics); i++)
		if (zxh_info_topics[i].topic == topic)
			return &zxh_info_topics[i];
	return NULL;
}

/* Whether @size bytes can be written there; nowhere is fine, too. */
static bool zxh_info_writable(u64 addr, size_t size)
{
	return !addr || !fault_in_safe_writeable(u64_to_user_ptr(addr), size);
}

/* One structure, if it fits, and the counts in any case; or nothing. */
static int zxh_info_put(const struct zx_hyp_object_get_info *req, const union zxh_info *info,
			size_t size)
{
	u64 __user *actual = u64_to_user_ptr(req->out_actual);
	u64 __user *avail = u64_to_user_ptr(req->out_avail);
	bool fits = req->buffer_size >= size;

	if (!zxh_info_writable(req->out_actual, sizeof(*actual)) ||
	    !zxh_info_writable(req->out_avail, sizeof(*avail)))
		return ZXH_ERR_INVALID_ARGS;
	if (fits && copy_to_user(u64_to_user_ptr(req->buffer), info, size))
		return ZXH_ERR_INVALID_ARGS;
	if (actual && put_user((u64)fits, actual))
		return ZXH_ERR_INVALID_ARGS;
	if (avail && put_user(1ULL, avail))
		return ZXH_ERR_INVALID_ARGS;
	return fits ? 0 : ZXH_ERR_BUFFER_TOO_SMALL;
}

int zxh_object_get_info_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_object_get_info *req = arg;
	const struct zxh_info_topic *topic;
	union zxh_info info = {};
	struct zxh_object *obj;
	u32 rights;
	int r;

	if (req->reserved)
		return -EINVAL;
	topic = zxh_info_find(req->topic);
	if (!topic)
		return ZXH_ERR_NOT_SUPPORTED;
	r = zxh_handle_get(&f->handles, req->handle, &obj, &rights);
	if (r)
		return r;
	if (topic->type && obj->ops->type != topic->type)
		r = ZXH_ERR_WRONG_TYPE;
	else if ((rights & topic->right) != topic->right)
		r = ZXH_ERR_ACCESS_DENIED;
	if (!r && topic->fill) {
		topic->fill(obj, rights, &info);
		r = zxh_info_put(req, &info, topic->size);
	}
	zxh_object_put(obj);
	return r;
}

/* Return: 0 and the object that a property is asked of, or set. */
static int zxh_property_get_object(struct zxh_file *f, const struct zx_hyp_object_property *req,
				   u32 right, struct zxh_object **obj)
{
	u32 rights;
	int r;

	if (req->reserved)
		return -EINVAL;
	if (!req->value)
		return ZXH_ERR_INVALID_ARGS;
	r = zxh_handle_get(&f->handles, req->handle, obj, &rights);
	if (r)
		return r;
	r = rights & right ? 0 : ZXH_ERR_ACCESS_DENIED;
	if (!r && req->property != ZX_HYP_PROP_NAME)
		r = ZXH_ERR_INVALID_ARGS;
	if (r)
		zxh_object_put(*obj);
	return r;
}

int zxh_object_get_property_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_object_property *req = arg;
	char name[ZX_HYP_NAME_LEN] = "";
	struct zxh_object *obj;
	int r;

	r = zxh_property_get_object(f, req, ZXH_RIGHT_GET_PROPERTY, &obj);
	if (r)
		return r;
	if (obj->ops->name) {
		spin_lock(&obj->lock);
		memcpy(name, obj->ops->name(obj), sizeof(name));
		spin_unlock(&obj->lock);
	}
	if (req->value_size < sizeof(name))
		r = ZXH_ERR_BUFFER_TOO_SMALL;
	else if (copy_to_user(u64_to_user_ptr(req->value), name, sizeof(name)))
		r = ZXH_ERR_INVALID_ARGS;
	zxh_object_put(obj);
	return r;
}

int zxh_object_set_property_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_object_property *req = arg;
	size_t n = min_t(u64, req->value_size, ZX_HYP_NAME_LEN - 1);
	char name[ZX_HYP_NAME_LEN] = "";
	struct zxh_object *obj;
	int r;

	r = zxh_property_get_object(f, req, ZXH_RIGHT_SET_PROPERTY, &obj);
	if (r)
		return r;
	if (copy_from_user(name, u64_to_user_ptr(req->value), n)) {
		r = ZXH_ERR_INVALID_ARGS;
	} else if (!obj->ops->name) {
		r = ZXH_ERR_NOT_SUPPORTED;
	} else {
		/* What follows a zero is nobody's business. */
		memset(name + strnlen(name, n), 0, sizeof(name) - strnlen(name, n));
		spin_lock(&obj->lock);
		memcpy(obj->ops->name(obj), name, sizeof(name));
		spin_unlock(&obj->lock);
	}
	zxh_object_put(obj);
	return r;
}
