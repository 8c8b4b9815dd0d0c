// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ports: packets go in at one end and come out at the other, in order, each to
 * one thread.
 *
 * A packet belongs to whoever queued it: the port has a list of them and gives
 * each back through its done(). So packets of traps can come out of a pool, and
 * those of waits can lie in what waits.
 */
#include <linux/hrtimer.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "port.h"

/* One more than this many packets of users fit, as in Zircon. */
#define ZXH_PORT_USER_MAX	4096

static void zxh_packets_done(struct list_head *packets)
{
	struct zxh_packet *packet, *next;

	list_for_each_entry_safe(packet, next, packets, node) {
		packet->done(packet);
		cond_resched();
	}
}

/* May be called under a spinlock: the last one to let go may be a wait. */
static void zxh_port_release(struct zxh_object *obj)
{
	zxh_object_free(obj);
}

static void zxh_port_last_handle(struct zxh_object *obj);

static const struct zxh_object_ops zxh_port_ops = {
	.type = ZXH_TYPE_PORT,
	.rights = (ZXH_RIGHTS_BASIC & ~ZXH_RIGHT_WAIT) | ZXH_RIGHTS_IO,
	.last_handle = zxh_port_last_handle,
	.release = zxh_port_release,
};

int zxh_port_create_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_port_create *req = arg;
	struct zxh_port *port;
	int r;

	if (req->options & ~ZX_HYP_PORT_BIND_TO_INTERRUPT)
		return ZXH_ERR_INVALID_ARGS;
	port = kzalloc(sizeof(*port), GFP_KERNEL_ACCOUNT);
	if (!port)
		return ZXH_ERR_NO_MEMORY;
	zxh_object_init(&port->obj, &zxh_port_ops);
	spin_lock_init(&port->lock);
	INIT_LIST_HEAD(&port->packets);
	INIT_LIST_HEAD(&port->waits);
	init_waitqueue_head(&port->queue);
	r = zxh_handle_publish(&f->handles, &port->obj,
			       zxh_file_rights(f, ZXH_TYPE_PORT, zxh_port_ops.rights),
			       req->out_handle);
	zxh_object_put(&port->obj);
	return r;
}

/**
 * zxh_port_queue_locked() - put a packet at the end of the queue
 * @port: the port, whose lock the caller holds
 * @packet: the packet; the port has it until done()
 *
 * Return: 0, or ZXH_ERR_BAD_HANDLE when the port has no handle any more.
 */
int zxh_port_queue_locked(struct zxh_port *port, struct zxh_packet *packet)
{
	lockdep_assert_held(&port->lock);
	if (port->closed)
		return ZXH_ERR_BAD_HANDLE;
	list_add_tail(&packet->node, &port->packets);
	wake_up_poll(&port->queue, EPOLLIN | EPOLLRDNORM);
	return 0;
}

/* Packets of users. */

static void zxh_user_packet_done(struct zxh_packet *packet)
{
	kfree(packet);
}

static int zxh_port_queue_user(struct zxh_port *port, struct zxh_packet *packet)
{
	int r = ZXH_ERR_SHOULD_WAIT;

	spin_lock(&port->lock);
	if (port->user_packets <= ZXH_PORT_USER_MAX) {
		r = zxh_port_queue_locked(port, packet);
		if (!r)
			port->user_packets++;
	}
	spin_unlock(&port->lock);
	return r;
}

int zxh_port_queue_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_port_queue *req = arg;
	struct zxh_packet *packet;
	struct zxh_object *obj;
	int r;

	r = zxh_handle_get_typed(&f->handles, req->port, ZXH_TYPE_PORT, ZXH_RIGHT_WRITE, &obj,
				 NULL);
	if (r)
		return r;
	r = ZXH_ERR_NO_MEMORY;
	packet = kzalloc(sizeof(*packet), GFP_KERNEL_ACCOUNT);
	if (!packet)
		goto put;
	packet->done = zxh_user_packet_done;
	r = ZXH_ERR_INVALID_ARGS;
	if (copy_from_user(&packet->data, u64_to_user_ptr(req->packet), sizeof(packet->data)))
		goto free;
	packet->data.type = ZX_HYP_PACKET_USER;
	r = zxh_port_queue_user(zxh_port_of(obj), packet);
	if (r)
		goto free;
	goto put;

free:
	kfree(packet);
put:
	zxh_object_put(obj);
	return r;
}

/* Taking packets out. */

static struct zxh_packet *zxh_port_take(struct zxh_port *port)
{
	struct zxh_packet *packet;

	spin_lock(&port->lock);
	packet = list_first_entry_or_null(&port->packets, struct zxh_packet, node);
	if (packet) {
		list_del_init(&packet->node);
		if (packet->data.type == ZX_HYP_PACKET_USER)
			port->user_packets--;
	}
	spin_unlock(&port->lock);
	return packet;
}

/*
 * Packets that nobody can take are gone, and nobody puts more in. One by one:
 * those of bells may be on their way out by themselves.
 */
static void zxh_port_last_handle(struct zxh_object *obj)
{
	struct zxh_port *port = zxh_port_of(obj);
	struct zxh_packet *packet;

	spin_lock(&port->lock);
	port->closed = true;
	spin_unlock(&port->lock);
	while ((packet = zxh_port_take(port))) {
		packet->done(packet);
		cond_resched();
	}
	zxh_port_end_waits(port);
	/* Threads inside zx_port_wait look, find nothing, and sleep on. */
	wake_up_poll(&port->queue, EPOLLHUP);
}

static void zxh_port_wake(struct zxh_port *port)
{
	bool more;

	spin_lock(&port->lock);
	more = !list_empty(&port->packets);
	spin_unlock(&port->lock);
	if (more)
		wake_up_poll(&port->queue, EPOLLIN | EPOLLRDNORM);
}

/*
 * Take the oldest packet, or sleep until there is one. Between its last look and
 * finish_wait() a thread that leaves may get the wake-up of a packet that it does
 * not take: it hands that on.
 *
 * Return: 0, ZXH_ERR_TIMED_OUT, or -EINTR.
 */
static int zxh_port_take_until(struct zxh_port *port, s64 deadline, struct zxh_packet **out)
{
	ktime_t expires = deadline;
	bool late = deadline <= ktime_get();
	struct wait_queue_entry wait;
	int r;

	*out = zxh_port_take(port);
	if (*out)
		return 0;
	if (late)
		return ZXH_ERR_TIMED_OUT;
	init_wait_entry(&wait, WQ_FLAG_EXCLUSIVE);
	for (;;) {
		r = prepare_to_wait_event(&port->queue, &wait, TASK_INTERRUPTIBLE);
		*out = zxh_port_take(port);
		if (*out)
			break;
		if (r)
			break;
		if (late) {
			r = ZXH_ERR_TIMED_OUT;
			break;
		}
		late = !schedule_hrtimeout_range(deadline == ZX_HYP_TIME_INFINITE ?
						 NULL : &expires,
						 current->timer_slack_ns, HRTIMER_MODE_ABS);
	}
	finish_wait(&port->queue, &wait);
	/* A wake-up that came too late for us was meant for the next. */
	zxh_port_wake(port);
	return *out ? 0 : zxh_status(r);
}

int zxh_port_wait_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_port_wait *req = arg;
	void __user *out = u64_to_user_ptr(req->out_packet);
	struct zxh_packet *packet;
	struct zxh_object *obj;
	int r;

	r = zxh_handle_get_typed(&f->handles, req->port, ZXH_TYPE_PORT, ZXH_RIGHT_READ, &obj,
				 NULL);
	if (r)
		return r;
	r = zxh_port_take_until(zxh_port_of(obj), req->deadline, &packet);
	if (!r) {
		if (copy_to_user(out, &packet->data, sizeof(packet->data)))
			r = ZXH_ERR_INVALID_ARGS;
		packet->done(packet);
	}
	zxh_object_put(obj);
	return r;
}

/* Throw away what was queued for a handle and a key. Return: whether there was. */
static bool zxh_port_drop(struct zxh_port *port, u64 handle_id, u64 key)
{
	struct zxh_packet *packet, *next;
	LIST_HEAD(dropped);
	bool found;

	spin_lock(&port->lock);
	list_for_each_entry_safe(packet, next, &port->packets, node)
		if (packet->handle_id == handle_id && packet->data.key == key)
			list_move_tail(&packet->node, &dropped);
	spin_unlock(&port->lock);
	found = !list_empty(&dropped);
	zxh_packets_done(&dropped);
	return found;
}

int zxh_port_cancel_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_port_cancel *req = arg;
	struct zxh_object *obj;
	bool found = false;
	u64 handle_id;
	int r;

	if (req->reserved)
		return -EINVAL;
	r = zxh_handle_get_typed(&f->handles, req->port, ZXH_TYPE_PORT, ZXH_RIGHT_WRITE, &obj,
				 NULL);
	if (r)
		return r;
	/* First the waits: what they queued meanwhile is in the queue then. */
	r = zxh_port_end_wait(zxh_port_of(obj), &f->handles, req->source, req->key, &found,
			      &handle_id);
	if (!r) {
		found |= zxh_port_drop(zxh_port_of(obj), handle_id, req->key);
		r = found ? 0 : ZXH_ERR_NOT_FOUND;
	}
	zxh_object_put(obj);
	return r;
}
