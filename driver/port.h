/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ports: queues of packets.
 */
#ifndef ZXH_PORT_H
#define ZXH_PORT_H

#include <linux/wait.h>

#include "file.h"

/**
 * struct zxh_packet - a packet on its way through a port
 * @node: in port->packets; the port's lock
 * @handle_id: of the handle that was waited through, or 0; constant while queued
 * @done: it was taken, or thrown away: may free it. Process context
 * @data: what user space gets; constant while queued
 */
struct zxh_packet {
	struct list_head node;
	u64 handle_id;
	void (*done)(struct zxh_packet *packet);
	struct zx_hyp_packet data;
};

/**
 * struct zxh_port - a queue of packets
 * @obj: base
 * @lock: see object.h
 * @closed: the last handle is gone: nothing is queued any more; @lock
 * @user_packets: of @packets, those of users; @lock
 * @packets: struct zxh_packet, oldest first; @lock
 * @waits: struct zxh_port_wait that may queue something; @lock
 * @nr_waits: those, and the packets of others; atomic
 * @queue: threads in zx_port_wait, exclusive, and those who poll
 */
struct zxh_port {
	struct zxh_object obj;
	spinlock_t lock;
	bool closed;
	unsigned int user_packets;
	struct list_head packets;
	struct list_head waits;
	atomic_t nr_waits;
	wait_queue_head_t queue;
};

static inline struct zxh_port *zxh_port_of(struct zxh_object *obj)
{
	return container_of(obj, struct zxh_port, obj);
}

int zxh_port_queue_locked(struct zxh_port *port, struct zxh_packet *packet);
void zxh_port_end_waits(struct zxh_port *port);
int zxh_port_end_wait(struct zxh_port *port, struct zxh_handle_table *table, u32 source,
		      u64 key, bool *found, u64 *handle_id);

#endif /* ZXH_PORT_H */
