// SPDX-License-Identifier: GPL-2.0-only
/*
 * zx_object_wait_async: waits that end in a packet.
 *
 * A wait is an observer of its object and carries the packet that it will
 * queue, so that a match needs no memory. It is in the lists of the object and
 * its handle (object's lock), and of its port (port's lock, inside the other).
 * Whoever takes it off the object, under the object's lock, owns it.
 */
#include <linux/ktime.h>
#include <linux/slab.h>

#include "port.h"
#include "signal.h"

/**
 * struct zxh_port_wait - a wait
 * @obs: base
 * @ref: of whoever owns it, and of a port that is closing
 * @packet: queued at the match
 * @node: in port->waits, while attached; the port's lock
 * @port: with a reference; constant after init
 * @obj: with a reference, while attached; the port's lock
 * @options: ZX_HYP_WAIT_ASYNC_*; constant after init
 */
struct zxh_port_wait {
	struct zxh_observer obs;
	struct kref ref;
	struct zxh_packet packet;
	struct list_head node;
	struct zxh_port *port;
	struct zxh_object *obj;
	u32 options;
};

static struct zxh_port_wait *zxh_port_wait_of(struct zxh_observer *obs)
{
	return container_of(obs, struct zxh_port_wait, obs);
}

/* A port's packets are walked with its lock held, so there must be an end to them. */
#define ZXH_PORT_WAITS_MAX	65536

static void zxh_port_wait_free(struct kref *ref)
{
	struct zxh_port_wait *w = container_of(ref, struct zxh_port_wait, ref);

	atomic_dec(&w->port->nr_waits);
	zxh_object_put(&w->port->obj);
	kfree(w);
}

static void zxh_port_wait_put(struct zxh_port_wait *w)
{
	kref_put(&w->ref, zxh_port_wait_free);
}

static void zxh_port_wait_done(struct zxh_packet *packet)
{
	zxh_port_wait_put(container_of(packet, struct zxh_port_wait, packet));
}

/* Off the port's list, with the port's lock held. Return: the object it had. */
static struct zxh_object *zxh_port_wait_unlist_locked(struct zxh_port_wait *w)
{
	struct zxh_object *obj = w->obj;

	lockdep_assert_held(&w->port->lock);
	list_del_init(&w->node);
	w->obj = NULL;
	return obj;
}

static int zxh_port_wait_attach(struct zxh_observer *obs, struct zxh_handle *handle)
{
	struct zxh_port_wait *w = zxh_port_wait_of(obs);
	int r = 0;

	if (w->options & ~(ZX_HYP_WAIT_ASYNC_TIMESTAMP | ZX_HYP_WAIT_ASYNC_EDGE))
		return ZXH_ERR_INVALID_ARGS;
	spin_lock(&w->port->lock);
	if (w->port->closed) {
		r = ZXH_ERR_BAD_HANDLE;
	} else {
		zxh_object_get(handle->obj);
		w->obj = handle->obj;
		w->packet.handle_id = handle->id;
		list_add_tail(&w->node, &w->port->waits);
	}
	spin_unlock(&w->port->lock);
	return r;
}

static void zxh_port_wait_match(struct zxh_observer *obs, u32 signals)
{
	struct zxh_port_wait *w = zxh_port_wait_of(obs);
	struct zxh_port *port = w->port;
	struct zxh_object *obj;
	int r;

	w->packet.data.signal.observed = signals;
	if (w->options & ZX_HYP_WAIT_ASYNC_TIMESTAMP)
		w->packet.data.signal.timestamp = ktime_get();
	spin_lock(&port->lock);
	obj = zxh_port_wait_unlist_locked(w);
	zxh_observer_detach_locked(obs, obj);
	r = zxh_port_queue_locked(port, &w->packet);
	spin_unlock(&port->lock);
	/* Not the last reference: whoever signals has one. */
	zxh_object_put(obj);
	if (r)
		zxh_port_wait_put(w);
}

static void zxh_port_wait_cancel(struct zxh_observer *obs, u32 signals)
{
	struct zxh_port_wait *w = zxh_port_wait_of(obs);
	struct zxh_object *obj;

	spin_lock(&w->port->lock);
	obj = zxh_port_wait_unlist_locked(w);
	spin_unlock(&w->port->lock);
	/* Not the last reference: whoever closes the handle has one. */
	zxh_object_put(obj);
	zxh_port_wait_put(w);
}

static const struct zxh_observer_ops zxh_port_wait_ops = {
	.attach = zxh_port_wait_attach,
	.match = zxh_port_wait_match,
	.cancel = zxh_port_wait_cancel,
};

/**
 * zxh_port_end_waits() - the port is closed: end the waits that would queue to it
 * @port: the port
 *
 * A wait that matches at the same time finds the port closed.
 */
void zxh_port_end_waits(struct zxh_port *port)
{
	struct zxh_port_wait *w;
	struct zxh_object *obj;

	for (;;) {
		spin_lock(&port->lock);
		w = list_first_entry_or_null(&port->waits, struct zxh_port_wait, node);
		if (!w) {
			spin_unlock(&port->lock);
			return;
		}
		kref_get(&w->ref);
		obj = w->obj;
		zxh_object_get(obj);
		spin_unlock(&port->lock);

		/* The locks nest the other way round: now that nothing can go, look again. */
		if (zxh_observer_detach(&w->obs, obj, NULL)) {
			spin_lock(&port->lock);
			zxh_port_wait_unlist_locked(w);
			spin_unlock(&port->lock);
			zxh_object_put(obj);
			zxh_port_wait_put(w);
		}
		zxh_port_wait_put(w);
		zxh_object_put(obj);
		cond_resched();
	}
}

/* End what waits through @handle with @key. Return: whether there was something. */
static bool zxh_port_end_wait_locked(struct zxh_port *port, struct zxh_handle *handle, u64 key)
{
	struct zxh_observer *obs, *next;
	struct zxh_port_wait *w;
	bool found = false;

	lockdep_assert_held(&handle->obj->lock);
	list_for_each_entry_safe(obs, next, &handle->observers, handle_node) {
		if (obs->ops != &zxh_port_wait_ops)
			continue;
		w = zxh_port_wait_of(obs);
		if (w->port != port || w->packet.data.key != key)
			continue;
		zxh_observer_detach_locked(obs, handle->obj);
		zxh_port_wait_cancel(obs, 0);
		found = true;
	}
	return found;
}

/**
 * zxh_port_end_wait() - end the waits of a port that have a handle and a key
 * @port: the port
 * @table: the caller's table
 * @source: the handle, right WAIT
 * @key: the key
 * @found: receives whether there was one
 * @handle_id: receives what their packets have in that place
 *
 * Return: 0, ZXH_ERR_BAD_HANDLE, ZXH_ERR_ACCESS_DENIED or ZXH_ERR_NOT_SUPPORTED.
 */
int zxh_port_end_wait(struct zxh_port *port, struct zxh_handle_table *table, u32 source,
		      u64 key, bool *found, u64 *handle_id)
{
	struct zxh_handle *handle;
	struct zxh_object *obj;
	int r = ZXH_ERR_BAD_HANDLE;

	rcu_read_lock();
	handle = zxh_handle_find_rcu(table, source);
	if (!handle || !kref_get_unless_zero(&handle->obj->ref)) {
		rcu_read_unlock();
		return r;
	}
	obj = handle->obj;
	if (!(handle->rights & ZXH_RIGHT_WAIT)) {
		r = ZXH_ERR_ACCESS_DENIED;
	} else if (!zxh_object_waitable(obj)) {
		r = ZXH_ERR_NOT_SUPPORTED;
	} else {
		*handle_id = handle->id;
		spin_lock(&obj->lock);
		if (!handle->closed) {
			*found = zxh_port_end_wait_locked(port, handle, key);
			r = 0;
		}
		spin_unlock(&obj->lock);
	}
	rcu_read_unlock();
	zxh_object_put(obj);
	return r;
}

static struct zxh_port_wait *zxh_port_wait_alloc(struct zxh_port *port,
						 const struct zx_hyp_object_wait_async *req)
{
	struct zxh_port_wait *w = NULL;

	if (atomic_inc_return(&port->nr_waits) <= ZXH_PORT_WAITS_MAX)
		w = kzalloc(sizeof(*w), GFP_KERNEL_ACCOUNT);
	if (!w) {
		atomic_dec(&port->nr_waits);
		return NULL;
	}
	zxh_observer_init(&w->obs, &zxh_port_wait_ops, req->signals);
	kref_init(&w->ref);
	INIT_LIST_HEAD(&w->node);
	zxh_object_get(&port->obj);
	w->port = port;
	w->options = req->options;
	w->packet.done = zxh_port_wait_done;
	w->packet.data.key = req->key;
	w->packet.data.type = ZX_HYP_PACKET_SIGNAL_ONE;
	w->packet.data.signal.trigger = req->signals;
	w->packet.data.signal.count = 1;
	return w;
}

int zxh_object_wait_async_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_object_wait_async *req = arg;
	struct zxh_object *port, *obj;
	struct zxh_port_wait *w;
	int r;

	if (req->reserved)
		return -EINVAL;
	r = zxh_handle_get_typed(&f->handles, req->port, ZXH_TYPE_PORT, ZXH_RIGHT_WRITE, &port,
				 NULL);
	if (r)
		return r;
	w = zxh_port_wait_alloc(zxh_port_of(port), req);
	if (!w) {
		r = ZXH_ERR_NO_MEMORY;
		goto put_port;
	}
	/* Once attached it is the object's: it may be gone by the time this returns. */
	r = zxh_observer_watch(&w->obs, &f->handles, req->handle,
			       req->options & ZX_HYP_WAIT_ASYNC_EDGE, &obj);
	if (r)
		zxh_port_wait_put(w);
	else
		zxh_object_put(obj);
put_port:
	zxh_object_put(port);
	return r;
}
