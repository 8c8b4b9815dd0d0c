// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signalling objects, and threads that wait for signals.
 */
#include <linux/ktime.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "event.h"
#include "file.h"
#include "signal.h"

/**
 * struct zxh_waiter - one object that a thread waits for
 * @obs: base
 * @obj: with a reference
 * @seen: its signals at the match, or when the handle was closed; the object's
 *	lock, and constant once @obs is detached
 * @wait: of the thread
 */
struct zxh_waiter {
	struct zxh_observer obs;
	struct zxh_object *obj;
	u32 seen;
	struct zxh_wait *wait;
};

/**
 * struct zxh_wait - a thread that waits
 * @queue: it
 * @over: one of its waiters has seen something
 */
struct zxh_wait {
	wait_queue_head_t queue;
	bool over;
};

static void zxh_waiter_end(struct zxh_waiter *w, u32 signals)
{
	w->seen = signals;
	WRITE_ONCE(w->wait->over, true);
	wake_up(&w->wait->queue);
}

static void zxh_waiter_match(struct zxh_observer *obs, u32 signals)
{
	struct zxh_waiter *w = container_of(obs, struct zxh_waiter, obs);

	zxh_observer_detach_locked(obs, w->obj);
	zxh_waiter_end(w, signals);
}

static void zxh_waiter_cancel(struct zxh_observer *obs, u32 signals)
{
	zxh_waiter_end(container_of(obs, struct zxh_waiter, obs),
		       signals | ZX_HYP_SIGNAL_HANDLE_CLOSED);
}

/* Before the first look: the match needs to know its object. */
static int zxh_waiter_attach(struct zxh_observer *obs, struct zxh_handle *handle)
{
	container_of(obs, struct zxh_waiter, obs)->obj = handle->obj;
	return 0;
}

static const struct zxh_observer_ops zxh_waiter_ops = {
	.attach = zxh_waiter_attach,
	.match = zxh_waiter_match,
	.cancel = zxh_waiter_cancel,
};

static void zxh_wait_init(struct zxh_wait *wait)
{
	init_waitqueue_head(&wait->queue);
	wait->over = false;
}

static int zxh_waiter_begin(struct zxh_waiter *w, struct zxh_wait *wait, struct zxh_file *f,
			    u32 value, u32 signals)
{
	zxh_observer_init(&w->obs, &zxh_waiter_ops, signals);
	w->wait = wait;
	return zxh_observer_watch(&w->obs, &f->handles, value, false, &w->obj);
}

/* Return: what the object's signals were, or are, with HANDLE_CLOSED if it was. */
static u32 zxh_waiter_finish(struct zxh_waiter *w)
{
	zxh_observer_detach(&w->obs, w->obj, &w->seen);
	zxh_object_put(w->obj);
	return w->seen;
}

/**
 * zxh_wait_until() - sleep until the wait is over
 * @wait: the wait
 * @deadline: monotonic nanoseconds, or ZX_HYP_TIME_INFINITE
 *
 * Return: 0, ZXH_ERR_TIMED_OUT, or -EINTR.
 */
static int zxh_wait_until(struct zxh_wait *wait, s64 deadline)
{
	s64 now = ktime_get();
	int r;

	if (READ_ONCE(wait->over))
		return 0;
	if (deadline <= now)
		return ZXH_ERR_TIMED_OUT;
	if (deadline == ZX_HYP_TIME_INFINITE)
		r = wait_event_interruptible(wait->queue, READ_ONCE(wait->over));
	else
		r = wait_event_interruptible_hrtimeout(wait->queue, READ_ONCE(wait->over),
						       deadline - now);
	return r == -ETIME ? ZXH_ERR_TIMED_OUT : zxh_status(r);
}

int zxh_object_wait_one_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_object_wait_one *req = arg;
	u32 __user *out = u64_to_user_ptr(req->out_observed);
	struct zxh_waiter w;
	struct zxh_wait wait;
	u32 seen;
	int r;

	if (req->reserved)
		return -EINVAL;
	zxh_wait_init(&wait);
	r = zxh_waiter_begin(&w, &wait, f, req->handle, req->signals);
	if (r)
		return r;
	r = zxh_wait_until(&wait, req->deadline);
	seen = zxh_waiter_finish(&w);
	/* What was seen is not lost to a signal that came with it. */
	if (r == -EINTR && !wait.over)
		return r;
	if (r < 0)
		r = 0;
	if (out && put_user(seen, out))
		return ZXH_ERR_INVALID_ARGS;
	return seen & ZX_HYP_SIGNAL_HANDLE_CLOSED ? ZXH_ERR_CANCELED : r;
}

/* Begin to wait for each, or for none. */
static int zxh_wait_many_begin(struct zxh_file *f, struct zxh_wait *wait,
			       struct zxh_waiter *w, const struct zx_hyp_wait_item *items,
			       unsigned int count)
{
	unsigned int i;
	int r;

	for (i = 0; i < count; i++) {
		r = zxh_waiter_begin(&w[i], wait, f, items[i].handle, items[i].waitfor);
		if (r) {
			while (i--)
				zxh_waiter_finish(&w[i]);
			return r;
		}
	}
	return 0;
}

static int zxh_wait_many(struct zxh_file *f, struct zx_hyp_wait_item *items,
			 unsigned int count, s64 deadline)
{
	struct zxh_waiter *w;
	struct zxh_wait wait;
	unsigned int i;
	u32 seen = 0;
	int r;

	w = kcalloc(count, sizeof(*w), GFP_KERNEL_ACCOUNT);
	if (!w)
		return ZXH_ERR_NO_MEMORY;
	zxh_wait_init(&wait);
	r = zxh_wait_many_begin(f, &wait, w, items, count);
	if (r)
		goto free;
	r = zxh_wait_until(&wait, deadline);
	for (i = 0; i < count; i++) {
		items[i].pending = zxh_waiter_finish(&w[i]);
		seen |= items[i].pending;
	}
	if (r == -EINTR && wait.over)
		r = 0;
	if (r >= 0 && (seen & ZX_HYP_SIGNAL_HANDLE_CLOSED))
		r = ZXH_ERR_CANCELED;
free:
	kfree(w);
	return r;
}

/* Only a wait that began has something to write back. */
static bool zxh_wait_many_began(int r)
{
	return !r || r == ZXH_ERR_TIMED_OUT || r == ZXH_ERR_CANCELED;
}

int zxh_object_wait_many_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_object_wait_many *req = arg;
	void __user *user = u64_to_user_ptr(req->items);
	struct zx_hyp_wait_item *items;
	struct zxh_wait wait;
	size_t size;
	int r;

	if (req->reserved)
		return -EINVAL;
	if (!req->count) {
		zxh_wait_init(&wait);
		return zxh_wait_until(&wait, req->deadline);
	}
	if (req->count > ZX_HYP_WAIT_MANY_MAX)
		return ZXH_ERR_OUT_OF_RANGE;
	size = req->count * sizeof(*items);
	items = kmalloc(size, GFP_KERNEL_ACCOUNT);
	if (!items)
		return ZXH_ERR_NO_MEMORY;
	r = ZXH_ERR_INVALID_ARGS;
	if (copy_from_user(items, user, size))
		goto free;
	r = zxh_wait_many(f, items, req->count, req->deadline);
	if (zxh_wait_many_began(r) && copy_to_user(user, items, size))
		r = ZXH_ERR_INVALID_ARGS;
free:
	kfree(items);
	return r;
}

/* Return: 0, or the first of Zircon's complaints. */
static int zxh_signal_check(const struct zxh_object *obj, u32 clear, u32 set)
{
	return (clear | set) & ~(ZXH_SIGNALS_USER | obj->ops->signals) ?
		ZXH_ERR_INVALID_ARGS : 0;
}

static int zxh_signal_get(struct zxh_file *f, u32 value, u32 right, struct zxh_object **obj)
{
	u32 rights;
	int r;

	r = zxh_handle_get(&f->handles, value, obj, &rights);
	if (r)
		return r;
	if (rights & right)
		return 0;
	zxh_object_put(*obj);
	return ZXH_ERR_ACCESS_DENIED;
}

int zxh_object_signal_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_object_signal *req = arg;
	struct zxh_object *obj;
	int r;

	r = zxh_signal_get(f, req->handle, ZXH_RIGHT_SIGNAL, &obj);
	if (r)
		return r;
	r = zxh_object_waitable(obj) ? zxh_signal_check(obj, req->clear, req->set) :
				       ZXH_ERR_NOT_SUPPORTED;
	if (!r)
		zxh_object_signal(obj, req->clear, req->set);
	zxh_object_put(obj);
	return r;
}

int zxh_object_signal_peer_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_object_signal *req = arg;
	struct zxh_object *obj, *peer;
	int r;

	r = zxh_signal_get(f, req->handle, ZXH_RIGHT_SIGNAL_PEER, &obj);
	if (r)
		return r;
	if (obj->ops->type != ZXH_TYPE_EVENTPAIR) {
		r = ZXH_ERR_NOT_SUPPORTED;
		goto put;
	}
	r = zxh_signal_check(obj, req->clear, req->set);
	if (r)
		goto put;
	r = ZXH_ERR_PEER_CLOSED;
	peer = zxh_eventpair_peer(obj);
	if (!peer)
		goto put;
	r = 0;
	zxh_object_signal(peer, req->clear, req->set);
	zxh_object_put(peer);
put:
	zxh_object_put(obj);
	return r;
}
