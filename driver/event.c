// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events and event pairs: objects that are nothing but their signals.
 */
#include <linux/slab.h>

#include "event.h"
#include "file.h"
#include "signal.h"

static void zxh_event_release(struct zxh_object *obj)
{
	zxh_object_free(obj);
}

static const struct zxh_object_ops zxh_event_ops = {
	.type = ZXH_TYPE_EVENT,
	.rights = ZXH_RIGHTS_BASIC | ZXH_RIGHT_SIGNAL,
	.signals = ZX_HYP_SIGNAL_SIGNALED,
	.release = zxh_event_release,
};

int zxh_event_create_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_event_create *req = arg;
	struct zxh_object *obj;
	int r;

	if (req->options)
		return ZXH_ERR_INVALID_ARGS;
	obj = kzalloc(sizeof(*obj), GFP_KERNEL_ACCOUNT);
	if (!obj)
		return ZXH_ERR_NO_MEMORY;
	zxh_object_init(obj, &zxh_event_ops);
	r = zxh_handle_publish(&f->handles, obj,
			       zxh_file_rights(f, ZXH_TYPE_EVENT, zxh_event_ops.rights),
			       req->out_handle);
	zxh_object_put(obj);
	return r;
}

/**
 * struct zxh_pair - what the two ends of an event pair share
 * @ref: of the ends
 * @lock: see object.h
 * @ends: those that still have handles; no references; @lock
 */
struct zxh_pair {
	struct kref ref;
	spinlock_t lock;
	struct zxh_eventpair *ends[2];
};

/**
 * struct zxh_eventpair - one end
 * @obj: base
 * @pair: with a reference; constant after init
 * @side: 0 or 1; constant after init
 * @peer_koid: constant after init
 */
struct zxh_eventpair {
	struct zxh_object obj;
	struct zxh_pair *pair;
	unsigned int side;
	u64 peer_koid;
};

static struct zxh_eventpair *zxh_eventpair_of(struct zxh_object *obj)
{
	return container_of(obj, struct zxh_eventpair, obj);
}

static void zxh_pair_release(struct kref *ref)
{
	kfree(container_of(ref, struct zxh_pair, ref));
}

/**
 * zxh_eventpair_peer() - the other end of a pair
 * @obj: one end
 *
 * Return: the other, with a reference for the caller; NULL when its last handle
 * was closed.
 */
struct zxh_object *zxh_eventpair_peer(struct zxh_object *obj)
{
	struct zxh_eventpair *end = zxh_eventpair_of(obj);
	struct zxh_eventpair *peer;

	spin_lock(&end->pair->lock);
	peer = end->pair->ends[!end->side];
	/* Before its last reference goes it leaves the pair, under the lock. */
	if (peer)
		zxh_object_get(&peer->obj);
	spin_unlock(&end->pair->lock);
	return peer ? &peer->obj : NULL;
}

static void zxh_eventpair_last_handle(struct zxh_object *obj)
{
	struct zxh_eventpair *end = zxh_eventpair_of(obj);
	struct zxh_object *peer;

	spin_lock(&end->pair->lock);
	end->pair->ends[end->side] = NULL;
	spin_unlock(&end->pair->lock);
	peer = zxh_eventpair_peer(obj);
	if (!peer)
		return;
	zxh_object_signal(peer, 0, ZX_HYP_SIGNAL_PEER_CLOSED);
	zxh_object_put(peer);
}

static void zxh_eventpair_release(struct zxh_object *obj)
{
	struct zxh_eventpair *end = zxh_eventpair_of(obj);

	/* One that never had a handle is still in the pair. */
	spin_lock(&end->pair->lock);
	end->pair->ends[end->side] = NULL;
	spin_unlock(&end->pair->lock);
	kref_put(&end->pair->ref, zxh_pair_release);
	zxh_object_free(obj);
}

static u64 zxh_eventpair_related_koid(struct zxh_object *obj)
{
	return zxh_eventpair_of(obj)->peer_koid;
}

static const struct zxh_object_ops zxh_eventpair_ops = {
	.type = ZXH_TYPE_EVENTPAIR,
	.rights = ZXH_RIGHTS_BASIC | ZXH_RIGHT_SIGNAL | ZXH_RIGHT_SIGNAL_PEER,
	.signals = ZX_HYP_SIGNAL_SIGNALED,
	.last_handle = zxh_eventpair_last_handle,
	.release = zxh_eventpair_release,
	.related_koid = zxh_eventpair_related_koid,
};

static void zxh_eventpair_init(struct zxh_eventpair *end, struct zxh_pair *pair,
			       unsigned int side)
{
	zxh_object_init(&end->obj, &zxh_eventpair_ops);
	end->pair = pair;
	end->side = side;
	pair->ends[side] = end;
}

static int zxh_eventpair_create(struct zxh_eventpair **ends)
{
	struct zxh_pair *pair;
	unsigned int i;

	pair = kzalloc(sizeof(*pair), GFP_KERNEL_ACCOUNT);
	ends[0] = kzalloc(sizeof(*ends[0]), GFP_KERNEL_ACCOUNT);
	ends[1] = kzalloc(sizeof(*ends[1]), GFP_KERNEL_ACCOUNT);
	if (!pair || !ends[0] || !ends[1]) {
		kfree(ends[1]);
		kfree(ends[0]);
		kfree(pair);
		return ZXH_ERR_NO_MEMORY;
	}
	kref_init(&pair->ref);
	kref_get(&pair->ref);
	spin_lock_init(&pair->lock);
	for (i = 0; i < 2; i++)
		zxh_eventpair_init(ends[i], pair, i);
	for (i = 0; i < 2; i++)
		ends[i]->peer_koid = ends[!i]->obj.koid;
	return 0;
}

int zxh_eventpair_create_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_eventpair_create *req = arg;
	u32 rights = zxh_file_rights(f, ZXH_TYPE_EVENTPAIR, zxh_eventpair_ops.rights);
	u64 outs[] = { req->out_handle0, req->out_handle1 };
	struct zxh_eventpair *ends[2];
	int r;

	if (req->options)
		return ZXH_ERR_NOT_SUPPORTED;
	r = zxh_eventpair_create(ends);
	if (r)
		return r;
	r = zxh_handle_publish_two(&f->handles,
				   (struct zxh_object *[]){ &ends[0]->obj, &ends[1]->obj },
				   (u32[]){ rights, rights }, outs);
	zxh_object_put(&ends[0]->obj);
	zxh_object_put(&ends[1]->obj);
	return r;
}
