// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals: bits of an object that programs and the object itself assert and
 * deassert, and observers that are told.
 *
 * An observer waits through a handle, and closing that handle ends the wait,
 * whatever other handles there are. It is in two lists therefore, the object's
 * and the handle's, both under the lock of the object.
 */
#include "signal.h"

/* They are walked with the object's lock held, so there must be an end to them. */
#define ZXH_OBSERVERS_MAX	65536

/**
 * zxh_observer_init() - prepare an observer
 * @obs: the observer
 * @ops: what it does
 * @signals: any of these is a match
 */
void zxh_observer_init(struct zxh_observer *obs, const struct zxh_observer_ops *ops,
		       u32 signals)
{
	obs->ops = ops;
	obs->signals = signals;
	INIT_LIST_HEAD(&obs->node);
	INIT_LIST_HEAD(&obs->handle_node);
}

/**
 * zxh_observer_detach_locked() - stop being told
 * @obs: the observer
 * @obj: its object, whose lock the caller holds
 */
void zxh_observer_detach_locked(struct zxh_observer *obs, struct zxh_object *obj)
{
	lockdep_assert_held(&obj->lock);
	list_del_init(&obs->node);
	list_del_init(&obs->handle_node);
	obj->nr_observers--;
}

/**
 * zxh_observer_attach() - be told of an object's signals, through no handle
 * @obs: the observer
 * @obj: the object, which the caller keeps until it has detached @obs
 */
void zxh_observer_attach(struct zxh_observer *obs, struct zxh_object *obj)
{
	spin_lock(&obj->lock);
	list_add_tail(&obs->node, &obj->observers);
	obj->nr_observers++;
	spin_unlock(&obj->lock);
}

/**
 * zxh_observer_detach() - stop being told
 * @obs: the observer
 * @obj: its object
 * @signals: receives the object's signals if @obs was still attached; may be NULL
 *
 * When it returns none of the observer's functions runs any more.
 *
 * Return: whether it was attached.
 */
bool zxh_observer_detach(struct zxh_observer *obs, struct zxh_object *obj, u32 *signals)
{
	bool attached;

	spin_lock(&obj->lock);
	attached = !list_empty(&obs->node);
	if (attached) {
		zxh_observer_detach_locked(obs, obj);
		if (signals)
			*signals = obj->signals;
	}
	spin_unlock(&obj->lock);
	return attached;
}

static int zxh_observer_watch_locked(struct zxh_observer *obs, struct zxh_handle *handle,
				     bool edge)
{
	struct zxh_object *obj = handle->obj;
	int r;

	lockdep_assert_held(&obj->lock);
	if (handle->closed)
		return ZXH_ERR_BAD_HANDLE;
	if (obj->nr_observers >= ZXH_OBSERVERS_MAX)
		return ZXH_ERR_NO_MEMORY;
	r = obs->ops->attach ? obs->ops->attach(obs, handle) : 0;
	if (r)
		return r;
	list_add_tail(&obs->node, &obj->observers);
	list_add_tail(&obs->handle_node, &handle->observers);
	obj->nr_observers++;
	if (!edge && (obj->signals & obs->signals))
		obs->ops->match(obs, obj->signals);
	return 0;
}

/**
 * zxh_observer_watch() - wait for signals through a handle
 * @obs: the observer
 * @table: the caller's table
 * @value: the handle, right WAIT
 * @edge: signals that are asserted already are no match
 * @obj: receives the object, with a reference for the caller
 *
 * Return: 0; ZXH_ERR_BAD_HANDLE; ZXH_ERR_ACCESS_DENIED; ZXH_ERR_NOT_SUPPORTED
 * when the object has no signals; or what the observer's attach says.
 */
int zxh_observer_watch(struct zxh_observer *obs, struct zxh_handle_table *table, u32 value,
		       bool edge, struct zxh_object **obj)
{
	struct zxh_handle *handle;
	struct zxh_object *found;
	int r = ZXH_ERR_BAD_HANDLE;

	rcu_read_lock();
	handle = zxh_handle_find_rcu(table, value);
	if (!handle || !kref_get_unless_zero(&handle->obj->ref)) {
		rcu_read_unlock();
		return r;
	}
	found = handle->obj;
	if (!(handle->rights & ZXH_RIGHT_WAIT)) {
		r = ZXH_ERR_ACCESS_DENIED;
	} else if (!zxh_object_waitable(found)) {
		r = ZXH_ERR_NOT_SUPPORTED;
	} else {
		spin_lock(&found->lock);
		r = zxh_observer_watch_locked(obs, handle, edge);
		spin_unlock(&found->lock);
	}
	rcu_read_unlock();
	if (r)
		zxh_object_put(found);
	else
		*obj = found;
	return r;
}

/**
 * zxh_object_signal() - change an object's signals
 * @obj: the object, which the caller has a reference to
 * @clear: deassert these
 * @set: then assert these
 *
 * A signal that is asserted before and after does not change, and is not told.
 */
void zxh_object_signal(struct zxh_object *obj, u32 clear, u32 set)
{
	struct zxh_observer *obs, *next;
	u32 raised;

	spin_lock(&obj->lock);
	raised = set & ~obj->signals;
	obj->signals = (obj->signals & ~clear) | set;
	if (raised)
		list_for_each_entry_safe(obs, next, &obj->observers, node)
			if (obs->signals & raised)
				obs->ops->match(obs, obj->signals);
	spin_unlock(&obj->lock);
}

/**
 * zxh_object_orphan() - tell those who wait through no handle that none is left
 * @obj: the object, which the caller has a reference to
 */
void zxh_object_orphan(struct zxh_object *obj)
{
	struct zxh_observer *obs;

	spin_lock(&obj->lock);
	list_for_each_entry(obs, &obj->observers, node)
		obs->ops->cancel(obs, obj->signals);
	spin_unlock(&obj->lock);
}

/**
 * zxh_handle_end_waits() - a handle is being closed: nobody waits through it
 * @handle: out of its table already; the caller keeps its object
 */
void zxh_handle_end_waits(struct zxh_handle *handle)
{
	struct zxh_object *obj = handle->obj;
	struct zxh_observer *obs, *next;

	spin_lock(&obj->lock);
	handle->closed = true;
	list_for_each_entry_safe(obs, next, &handle->observers, handle_node) {
		zxh_observer_detach_locked(obs, obj);
		obs->ops->cancel(obs, obj->signals);
	}
	spin_unlock(&obj->lock);
}
