// SPDX-License-Identifier: GPL-2.0-only
/*
 * The object base: counts, koids, and how many of each type are alive.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "signal.h"

#define ZXH_KOID_FIRST	1024

static atomic64_t zxh_next_koid = ATOMIC64_INIT(ZXH_KOID_FIRST);
static atomic_t zxh_live[ZXH_TYPE_END];
static struct dentry *zxh_debugfs;

static const char * const zxh_type_names[ZXH_TYPE_END] = {
	[ZXH_TYPE_VMO] = "vmo",
	[ZXH_TYPE_EVENT] = "event",
	[ZXH_TYPE_PORT] = "port",
	[ZXH_TYPE_RESOURCE] = "resource",
	[ZXH_TYPE_EVENTPAIR] = "eventpair",
	[ZXH_TYPE_VMAR] = "vmar",
	[ZXH_TYPE_GUEST] = "guest",
	[ZXH_TYPE_VCPU] = "vcpu",
};

/* Whether there are objects with this number of a type. */
bool zxh_type_known(u32 type)
{
	return type < ZXH_TYPE_END && zxh_type_names[type];
}

/**
 * zxh_object_init() - make the base of a new object
 * @obj: zeroed memory
 * @ops: its type
 *
 * The object has one reference, the caller's, and no handle.
 */
void zxh_object_init(struct zxh_object *obj, const struct zxh_object_ops *ops)
{
	kref_init(&obj->ref);
	atomic_set(&obj->handles, 0);
	obj->koid = atomic64_fetch_inc(&zxh_next_koid);
	obj->ops = ops;
	spin_lock_init(&obj->lock);
	INIT_LIST_HEAD(&obj->observers);
	atomic_inc(&zxh_live[ops->type]);
}

static void zxh_object_release(struct kref *ref)
{
	struct zxh_object *obj = container_of(ref, struct zxh_object, ref);

	atomic_dec(&zxh_live[obj->ops->type]);
	obj->ops->release(obj);
}

void zxh_object_put(struct zxh_object *obj)
{
	kref_put(&obj->ref, zxh_object_release);
}

/**
 * zxh_object_free() - free the memory of an object, from its release op
 * @obj: the object
 *
 * A lookup that runs under RCU may still look at the reference count.
 */
void zxh_object_free(struct zxh_object *obj)
{
	kfree_rcu(obj, rcu);
}

/**
 * zxh_object_hold() - one handle more, with a reference of its own
 * @obj: a new object, or one whose handles come and go
 *
 * The hold becomes a handle with zxh_handle_install().
 */
void zxh_object_hold(struct zxh_object *obj)
{
	zxh_object_get(obj);
	atomic_inc(&obj->handles);
}

/**
 * zxh_object_hold_not_zero() - one handle more, if there still is one
 * @obj: an object that the caller has a reference to
 *
 * After the last handle there is never another: what the object did about it
 * stays true.
 *
 * Return: whether there is.
 */
bool zxh_object_hold_not_zero(struct zxh_object *obj)
{
	if (!atomic_inc_not_zero(&obj->handles))
		return false;
	zxh_object_get(obj);
	return true;
}

/**
 * zxh_object_unhold() - one handle fewer; also drops its reference
 * @obj: the object
 */
void zxh_object_unhold(struct zxh_object *obj)
{
	if (atomic_dec_and_test(&obj->handles)) {
		if (obj->ops->last_handle)
			obj->ops->last_handle(obj);
		zxh_object_orphan(obj);
	}
	zxh_object_put(obj);
}

static int zxh_objects_show(struct seq_file *m, void *unused)
{
	int i;

	for (i = 0; i < ZXH_TYPE_END; i++)
		if (zxh_type_names[i])
			seq_printf(m, "%s %d\n", zxh_type_names[i],
				   atomic_read(&zxh_live[i]));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(zxh_objects);

/**
 * zxh_object_debugfs_init() - show the counts of live objects
 *
 * In zx_hyp/objects of debugfs, a line a type: its name and its count. Tests
 * read it to see that nothing is left.
 *
 * Return: 0; a kernel without debugfs lacks the file and nothing else.
 */
int zxh_object_debugfs_init(void)
{
	zxh_debugfs = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_file("objects", 0444, zxh_debugfs, NULL, &zxh_objects_fops);
	return 0;
}

void zxh_object_debugfs_exit(void)
{
	debugfs_remove_recursive(zxh_debugfs);
}
