/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bells: the packets of a BELL trap.
 */
#ifndef ZXH_BELL_H
#define ZXH_BELL_H

#include <linux/kref.h>

#include "port.h"

struct zxh_bell_packet;

/**
 * struct zxh_bell - what a BELL trap rings
 * @ref: the trap, packets that are on their way, a vCPU that waits
 * @port: with a reference, which does not keep it open; constant after init
 * @key: goes into the packets; constant after init
 * @lock: innermost
 * @free: packets that nobody has; @lock
 * @wait: vCPUs that wait for one
 * @pool: all packets; constant after init
 */
struct zxh_bell {
	struct kref ref;
	struct zxh_port *port;
	u64 key;
	spinlock_t lock;
	struct zxh_bell_packet *free;
	wait_queue_head_t wait;
	struct zxh_bell_packet *pool;
};

struct zxh_bell *zxh_bell_create(struct zxh_port *port, u64 key);
void zxh_bell_get(struct zxh_bell *bell);
void zxh_bell_put(struct zxh_bell *bell);
void zxh_bell_kill(struct zxh_bell *bell);
int zxh_bell_ring(struct zxh_bell *bell, u64 gpa);
int zxh_bell_ring_wait(struct zxh_bell *bell, u64 gpa);

#endif /* ZXH_BELL_H */
