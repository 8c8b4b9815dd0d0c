// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bells: a guest's write becomes a packet in a port, and the guest goes on.
 *
 * Each BELL trap has its own packets, as many as Zircon gives it, so that a
 * guest that rings on and on uses no more memory than that and stops no other.
 * A packet is free, in the port's queue, or in the hands of the thread that took
 * it out; on the way from the bell to that thread it keeps the bell.
 *
 * Ringing happens inside of KVM_RUN, with KVM's srcu held: it does not sleep.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "bell.h"
#include "status.h"

#define ZXH_BELL_PACKETS	256

/**
 * struct zxh_bell_packet - a packet of a bell
 * @packet: base
 * @bell: whose it is; constant after init
 * @next: in bell->free; the bell's lock
 */
struct zxh_bell_packet {
	struct zxh_packet packet;
	struct zxh_bell *bell;
	struct zxh_bell_packet *next;
};

static struct zxh_bell_packet *zxh_bell_take(struct zxh_bell *bell)
{
	struct zxh_bell_packet *p;

	spin_lock(&bell->lock);
	p = bell->free;
	if (p)
		bell->free = p->next;
	spin_unlock(&bell->lock);
	return p;
}

static void zxh_bell_give(struct zxh_bell *bell, struct zxh_bell_packet *p)
{
	spin_lock(&bell->lock);
	p->next = bell->free;
	bell->free = p;
	spin_unlock(&bell->lock);
}

/* Taken by a thread, or thrown away: the next may have it. */
static void zxh_bell_packet_done(struct zxh_packet *packet)
{
	struct zxh_bell_packet *p = container_of(packet, struct zxh_bell_packet, packet);
	struct zxh_bell *bell = p->bell;

	INIT_LIST_HEAD(&packet->node);
	zxh_bell_give(bell, p);
	/* The packet is seen before who waits is looked for. */
	if (wq_has_sleeper(&bell->wait))
		wake_up_all(&bell->wait);
	zxh_bell_put(bell);
}

/**
 * zxh_bell_create() - the packets of a BELL trap
 * @port: where they go
 * @key: what they carry
 *
 * Return: the bell, with a reference; NULL without memory.
 */
struct zxh_bell *zxh_bell_create(struct zxh_port *port, u64 key)
{
	struct zxh_bell *bell;
	unsigned int i;

	bell = kzalloc(sizeof(*bell), GFP_KERNEL_ACCOUNT);
	if (!bell)
		return NULL;
	bell->pool = kvcalloc(ZXH_BELL_PACKETS, sizeof(*bell->pool), GFP_KERNEL_ACCOUNT);
	if (!bell->pool) {
		kfree(bell);
		return NULL;
	}
	kref_init(&bell->ref);
	zxh_object_get(&port->obj);
	bell->port = port;
	bell->key = key;
	spin_lock_init(&bell->lock);
	init_waitqueue_head(&bell->wait);
	for (i = 0; i < ZXH_BELL_PACKETS; i++) {
		bell->pool[i].bell = bell;
		bell->pool[i].packet.done = zxh_bell_packet_done;
		INIT_LIST_HEAD(&bell->pool[i].packet.node);
		zxh_bell_give(bell, &bell->pool[i]);
	}
	return bell;
}

void zxh_bell_get(struct zxh_bell *bell)
{
	kref_get(&bell->ref);
}

static void zxh_bell_release(struct kref *ref)
{
	struct zxh_bell *bell = container_of(ref, struct zxh_bell, ref);

	zxh_object_put(&bell->port->obj);
	kvfree(bell->pool);
	kfree(bell);
}

/* Process context. */
void zxh_bell_put(struct zxh_bell *bell)
{
	kref_put(&bell->ref, zxh_bell_release);
}

/**
 * zxh_bell_kill() - the trap is gone, and with it what it queued
 * @bell: the trap's reference, which this takes; nobody rings it any more
 */
void zxh_bell_kill(struct zxh_bell *bell)
{
	struct zxh_packet *packet, *next;
	LIST_HEAD(dropped);
	unsigned int i;

	spin_lock(&bell->port->lock);
	for (i = 0; i < ZXH_BELL_PACKETS; i++)
		if (!list_empty(&bell->pool[i].packet.node))
			list_move_tail(&bell->pool[i].packet.node, &dropped);
	spin_unlock(&bell->port->lock);
	list_for_each_entry_safe(packet, next, &dropped, node)
		packet->done(packet);
	zxh_bell_put(bell);
}

/**
 * zxh_bell_ring() - queue a packet
 * @bell: the bell
 * @gpa: where the guest wrote
 *
 * Does not sleep.
 *
 * Return: 0; ZXH_ERR_SHOULD_WAIT when all packets are on their way;
 * ZXH_ERR_BAD_STATE when the port has no handle any more.
 */
int zxh_bell_ring(struct zxh_bell *bell, u64 gpa)
{
	struct zxh_port *port = bell->port;
	struct zxh_bell_packet *p;
	int r;

	p = zxh_bell_take(bell);
	if (!p)
		return READ_ONCE(port->closed) ? ZXH_ERR_BAD_STATE : ZXH_ERR_SHOULD_WAIT;
	p->packet.data = (struct zx_hyp_packet){
		.key = bell->key,
		.type = ZX_HYP_PACKET_GUEST_BELL,
		.guest_bell.addr = gpa,
	};
	/* For the packet; whoever calls has a reference, too. */
	zxh_bell_get(bell);
	spin_lock(&port->lock);
	r = zxh_port_queue_locked(port, &p->packet);
	spin_unlock(&port->lock);
	if (!r)
		return 0;
	zxh_bell_give(bell, p);
	zxh_bell_put(bell);
	return ZXH_ERR_BAD_STATE;
}

/* Return: whether it was, or never will be. */
static bool zxh_bell_try(struct zxh_bell *bell, u64 gpa, int *r)
{
	*r = zxh_bell_ring(bell, gpa);
	return *r != ZXH_ERR_SHOULD_WAIT;
}

/**
 * zxh_bell_ring_wait() - queue a packet as soon as one is free
 * @bell: the bell
 * @gpa: where the guest wrote
 *
 * A kick does not end it, as in Zircon.
 *
 * Return: 0, ZXH_ERR_BAD_STATE as zxh_bell_ring(), or -EINTR.
 */
int zxh_bell_ring_wait(struct zxh_bell *bell, u64 gpa)
{
	int r;

	if (wait_event_interruptible(bell->wait, zxh_bell_try(bell, gpa, &r)))
		return -EINTR;
	return r;
}
