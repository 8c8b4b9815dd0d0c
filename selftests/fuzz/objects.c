// SPDX-License-Identifier: MIT
/*
 * The grammar of the ioctl contract: handles, and what all objects have. See
 * grammar.h.
 */
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <zircon/rights.h>
#include <zircon/types.h>

#include "fuzz/request.h"
#include "zxtest.h"

#define MS		1000000ll
#define RIGHTS_ALL	(ZX_RIGHT_MANAGE_VMO * 2 - 1)
#define SIGNALS		(ZX_HYP_SIGNAL_PEER_CLOSED | ZX_HYP_SIGNAL_SIGNALED)

/*
 * Descriptors that a thread was given, with the type of the handle in the upper
 * half. Whoever takes one out of its place closes it, so that nobody ever closes
 * another's.
 */
static _Atomic uint64_t fds[THREADS][POOL];

/* ---- what requests are made of ----------------------------------------- */

static enum type some_type(struct source *s)
{
	return below(s, TYPES);
}

/* Mostly what has signals of its own. */
static uint32_t waitable(struct actor *a)
{
	struct source *s = &a->s;

	return handle(a, one_in(s, 3) ? some_type(s) : EVENT + below(s, 2));
}

/* Few bits of many. */
static uint32_t signals(struct source *s)
{
	static const uint32_t some[] = {
		0, SIGNALS, ZX_HYP_SIGNAL_PEER_CLOSED, ZX_HYP_SIGNAL_SIGNALED,
		ZX_HYP_SIGNAL_USER_ALL, ZX_HYP_SIGNAL_HANDLE_CLOSED,
		ZX_HYP_SIGNAL_USER_ALL | SIGNALS, 1u << 24, 1u << 25, 3u << 24,
	};

	return one_in(s, 16) ? odd(s) : some[below(s, ARRAY_SIZE(some))];
}

/* In the past, or soon enough. */
static int64_t deadline(struct source *s)
{
	int64_t now = zxtest_now();

	switch (below(s, 8)) {
	case 0:
		return now + below(s, 3 * MS);
	case 1:
		return now + below(s, 50000);
	case 2:
		return now - 1;
	case 3:
		return -odd(s) | INT64_MIN;
	default:
		return 0;
	}
}

static uint32_t rights(struct source *s)
{
	if (one_in(s, 16))
		return odd(s);
	if (!one_in(s, 4))
		return ZX_HYP_RIGHT_SAME;
	return draw(s) & draw(s) & RIGHTS_ALL;
}

/* ---- handles ----------------------------------------------------------- */

static void do_close_many(struct actor *a)
{
	struct source *s = &a->s;
	uint32_t *values = (uint32_t *)own_page(a);
	REQUEST(handle_close_many, .handles = (uintptr_t)values,
		.count = below(s, 6));

	for (uint64_t i = 0; i < arg->count; i++)
		values[i] = one_in(s, 4) ? 0 : handle(a, some_type(s));
	if (one_in(s, 16))
		arg->handles = place(s);
	if (one_in(s, 16))
		arg->count = odd(s);
	if (one_in(s, 48))
		arg->reserved = odd(s);
	CALL(HANDLE_CLOSE_MANY);
}

static uint32_t duplicate(struct actor *a, uint32_t value)
{
	uint32_t out = 0;
	REQUEST(handle_dup, .handle = value, .rights = ZX_HYP_RIGHT_SAME,
		.out_handle = (uintptr_t)&out);

	CALL(HANDLE_DUPLICATE);
	return out;
}

static void do_dup(struct actor *a)
{
	struct source *s = &a->s;
	enum type type = some_type(s);
	uint32_t out = 0;
	REQUEST(handle_dup, .handle = handle(a, type), .rights = rights(s),
		.out_handle = one_in(s, 32) ? 1 : (uintptr_t)&out);

	MADE(type, HANDLE_DUPLICATE, out);
}

/* What sequences live on goes on under its new name. */
static void do_handle_replace(struct actor *a)
{
	struct source *s = &a->s;
	enum type type = some_type(s);
	uint32_t out = 0;
	REQUEST(handle_dup, .handle = handle(a, type), .rights = rights(s),
		.out_handle = one_in(s, 32) ? 1 : (uintptr_t)&out);

	MADE(type, HANDLE_REPLACE, out);
	if (out && arg->handle == a->vmar)
		a->vmar = out;
	if (out && arg->handle == a->vmo)
		a->vmo = out;
}

static void keep_fd(struct actor *a, enum type type, int fd)
{
	unsigned int at = below(&a->s, POOL);
	uint64_t old = atomic_exchange(&fds[a->index][at], (uint64_t)type << 32 | fd);

	if (old)
		close((int)old);
}

/* A call gives a descriptor, or writes nothing. */
static void made_fd(struct actor *a, enum type type, unsigned int cmd,
		    const void *arg, long ret, int fd)
{
	if (ret ? fd != -1 : fd < 0)
		strange(a, cmd, arg, ret);
	if (!ret)
		keep_fd(a, type, fd);
}

static uint64_t some_fd(struct actor *a)
{
	struct source *s = &a->s;
	unsigned int index = one_in(s, 3) ? below(s, THREADS) : a->index;
	unsigned int at = below(s, POOL);
	uint64_t found = 0;

	for (int i = 0; i < POOL && !found; i++)
		found = atomic_load(&fds[index][(at + i) % POOL]);
	return found;
}

static void do_export(struct actor *a)
{
	struct source *s = &a->s;
	enum type type = some_type(s);
	int fd = -1;
	REQUEST(handle_export, .handle = handle(a, type),
		.out_fd = one_in(s, 32) ? 1 : (uintptr_t)&fd);
	long ret;

	/* Of what sequences live on, only a copy. */
	if (type == GUEST || type == VMAR || type == VMO)
		arg->handle = duplicate(a, arg->handle);
	ret = CALL(HANDLE_EXPORT);
	made_fd(a, type, ZX_HYP_HANDLE_EXPORT, arg, ret, fd);
	if (ret)
		keep(a, type, arg->handle);
}

void do_import(struct actor *a)
{
	struct source *s = &a->s;
	uint64_t from = some_fd(a);
	uint32_t out = 0;
	REQUEST(handle_import, .fd = one_in(s, 16) ? (int)below(s, 64) - 1 : (int)from,
		.out_handle = (uintptr_t)&out);

	if (one_in(s, 32))
		arg->out_handle = 1;
	MADE(from >> 32, HANDLE_IMPORT, out);
}

/* What others do with our descriptors: nothing waits, and no byte is had. */
static void do_fd(struct actor *a)
{
	struct pollfd p = { .fd = (int)some_fd(a), .events = POLLIN | POLLOUT };
	uint64_t old;
	char byte;

	if (p.fd <= 0)
		return;
	switch (below(&a->s, 4)) {
	case 0:
		old = atomic_exchange(&fds[a->index][below(&a->s, POOL)], 0);
		if (old)
			close((int)old);
		break;
	case 1:
		if (poll(&p, 1, 0) > 0 && (p.revents & POLLIN))
			(void)!read(p.fd, &byte, 0);
		break;
	default:
		poll(&p, 1, below(&a->s, 3));
		break;
	}
}

/* Mostly one right less than all: sequences have to go on. */
static void do_rights(struct actor *a)
{
	static const uint32_t types[] = {
		ZX_OBJ_TYPE_VMO, ZX_OBJ_TYPE_EVENT, ZX_OBJ_TYPE_PORT,
		ZX_OBJ_TYPE_RESOURCE, ZX_OBJ_TYPE_EVENTPAIR, ZX_OBJ_TYPE_VMAR,
		ZX_OBJ_TYPE_GUEST, ZX_OBJ_TYPE_VCPU,
	};
	struct source *s = &a->s;
	REQUEST(rights_set, .rights = RIGHTS_ALL & ~(1u << below(s, 25)),
		.type = types[below(s, ARRAY_SIZE(types))]);

	if (one_in(s, 4))
		arg->rights = RIGHTS_ALL;
	if (one_in(s, 16))
		arg->rights = odd(s);
	if (one_in(s, 16))
		arg->type = one_in(s, 2) ? odd(s) : below(s, 40);
	CALL(RIGHTS_SET);
}

static void do_resource_create(struct actor *a)
{
	struct source *s = &a->s;
	enum type type = one_in(s, 2) ? RESOURCE : VMEX;
	uint32_t out = 0;
	REQUEST(resource_create, .parent = handle(a, type),
		.kind = type == VMEX ? ZX_HYP_RESOURCE_VMEX : ZX_HYP_RESOURCE_HYPERVISOR,
		.name = place(s), .name_size = below(s, 40),
		.out_handle = (uintptr_t)&out);

	if (one_in(s, 8))
		arg->kind = below(s, 5);
	if (one_in(s, 16))
		arg->name_size = odd(s);
	MADE(type, RESOURCE_CREATE, out);
}

/* ---- objects ----------------------------------------------------------- */

static void do_info(struct actor *a)
{
	static const uint32_t topics[] = {
		ZX_HYP_INFO_HANDLE_VALID, ZX_HYP_INFO_HANDLE_BASIC,
		ZX_HYP_INFO_VMAR, ZX_HYP_INFO_RESOURCE,
		ZX_HYP_INFO_HANDLE_COUNT, ZX_HYP_INFO_VMO_V1,
		ZX_HYP_INFO_VMO_V2, ZX_HYP_INFO_VMO, ZX_HYP_INFO_VCPU,
	};
	static const enum type types[] = {
		GUEST, PAIR, VMAR, RESOURCE, PORT, VMO, VMO, VMO, VCPU,
	};
	struct source *s = &a->s;
	unsigned int at = below(s, ARRAY_SIZE(topics));
	REQUEST(object_get_info, .topic = topics[at], .handle = handle(a, types[at]),
		.buffer = place(s), .buffer_size = below(s, 160),
		.out_actual = one_in(s, 3) ? 0 : place(s),
		.out_avail = one_in(s, 3) ? 0 : place(s));

	if (one_in(s, 4))
		arg->handle = handle(a, some_type(s));
	if (one_in(s, 16))
		arg->topic = one_in(s, 2) ? odd(s) : below(s, 40) | below(s, 4) << 28;
	if (one_in(s, 16))
		arg->buffer_size = odd(s);
	CALL(OBJECT_GET_INFO);
}

static void do_property(struct actor *a)
{
	struct source *s = &a->s;
	REQUEST(object_property, .handle = handle(a, some_type(s)),
		.property = one_in(s, 16) ? odd(s) : ZX_HYP_PROP_NAME,
		.value = place(s), .value_size = below(s, 40));

	if (one_in(s, 16))
		arg->value_size = odd(s);
	call(a, one_in(s, 2) ? ZX_HYP_OBJECT_GET_PROPERTY : ZX_HYP_OBJECT_SET_PROPERTY,
	     arg);
}

static void do_signal(struct actor *a)
{
	struct source *s = &a->s;
	bool peer = one_in(s, 3);
	REQUEST(object_signal, .handle = peer ? handle(a, PAIR) : waitable(a),
		.clear = signals(s), .set = signals(s));

	call(a, peer ? ZX_HYP_OBJECT_SIGNAL_PEER : ZX_HYP_OBJECT_SIGNAL, arg);
}

static void do_event(struct actor *a)
{
	struct source *s = &a->s;
	uint32_t out = 0;
	REQUEST(event_create, .options = one_in(s, 16) ? odd(s) : 0,
		.out_handle = one_in(s, 32) ? 1 : (uintptr_t)&out);

	MADE(EVENT, EVENT_CREATE, out);
}

static void do_pair(struct actor *a)
{
	struct source *s = &a->s;
	uint32_t out[2] = { 0 };
	REQUEST(eventpair_create, .options = one_in(s, 16) ? odd(s) : 0,
		.out_handle0 = (uintptr_t)&out[0], .out_handle1 = (uintptr_t)&out[1]);
	long ret = CALL(EVENTPAIR_CREATE);

	for (int i = 0; i < 2; i++)
		made(a, PAIR, ZX_HYP_EVENTPAIR_CREATE, arg, ret, out[i]);
}

/* ---- waits ------------------------------------------------------------- */

static void do_wait_one(struct actor *a)
{
	struct source *s = &a->s;
	uint32_t seen = 0;
	REQUEST(object_wait_one, .handle = waitable(a), .signals = signals(s),
		.deadline = deadline(s), .out_observed = (uintptr_t)&seen);
	long ret;

	if (one_in(s, 8))
		arg->out_observed = place(s);
	ret = CALL(OBJECT_WAIT_ONE);
	if (!ret && arg->out_observed == (uintptr_t)&seen && !(seen & arg->signals))
		strange(a, ZX_HYP_OBJECT_WAIT_ONE, arg, ret);
}

static void do_wait_many(struct actor *a)
{
	struct source *s = &a->s;
	struct zx_hyp_wait_item *items = (void *)own_page(a);
	REQUEST(object_wait_many, .items = (uintptr_t)items, .count = below(s, 5),
		.deadline = deadline(s));

	for (uint64_t i = 0; i < arg->count; i++)
		items[i] = (struct zx_hyp_wait_item){
			.handle = waitable(a),
			.waitfor = signals(s),
		};
	if (one_in(s, 16))
		arg->items = place(s);
	if (one_in(s, 16))
		arg->count = one_in(s, 2) ? odd(s) : below(s, 66);
	CALL(OBJECT_WAIT_MANY);
}

static void do_wait_async(struct actor *a)
{
	struct source *s = &a->s;
	REQUEST(object_wait_async, .handle = waitable(a), .port = handle(a, PORT),
		.signals = signals(s), .key = below(s, 4),
		.options = one_in(s, 16) ? odd(s) : below(s, 4));

	CALL(OBJECT_WAIT_ASYNC);
}

static void do_poll_fd(struct actor *a)
{
	struct source *s = &a->s;
	bool port = one_in(s, 3);
	int fd = -1;
	REQUEST(object_poll_fd, .handle = port ? handle(a, PORT) : waitable(a),
		.signals = port && !one_in(s, 8) ? 0 : signals(s),
		.out_fd = one_in(s, 32) ? 1 : (uintptr_t)&fd);
	long ret = CALL(OBJECT_POLL_FD);

	made_fd(a, EVENT, ZX_HYP_OBJECT_POLL_FD, arg, ret, fd);
}

/* ---- ports ------------------------------------------------------------- */

static void do_port(struct actor *a)
{
	struct source *s = &a->s;
	uint32_t out = 0;
	REQUEST(port_create, .options = one_in(s, 16) ? odd(s) : below(s, 2),
		.out_handle = one_in(s, 32) ? 1 : (uintptr_t)&out);

	MADE(PORT, PORT_CREATE, out);
}

static void do_queue(struct actor *a)
{
	struct source *s = &a->s;
	struct zx_hyp_packet *packet = (void *)own_page(a);
	REQUEST(port_queue, .port = handle(a, PORT), .packet = (uintptr_t)packet);

	*packet = (struct zx_hyp_packet){ .key = below(s, 4), .type = draw(s) };
	if (one_in(s, 8))
		arg->packet = place(s);
	for (int i = below(s, 6); i >= 0; i--)
		CALL(PORT_QUEUE);
}

static void do_port_wait(struct actor *a)
{
	struct source *s = &a->s;
	struct zx_hyp_packet packet = { .type = -1 };
	REQUEST(port_wait, .port = handle(a, PORT), .deadline = deadline(s),
		.out_packet = (uintptr_t)&packet);
	long ret;

	if (one_in(s, 8))
		arg->out_packet = place(s);
	ret = CALL(PORT_WAIT);
	if (!ret && arg->out_packet == (uintptr_t)&packet &&
	    packet.type != ZX_HYP_PACKET_USER &&
	    packet.type != ZX_HYP_PACKET_SIGNAL_ONE)
		strange(a, ZX_HYP_PORT_WAIT, arg, ret);
}

static void do_cancel(struct actor *a)
{
	REQUEST(port_cancel, .port = handle(a, PORT), .source = waitable(a),
		.key = below(&a->s, 4));

	CALL(PORT_CANCEL);
}

/* ---- steps ------------------------------------------------------------- */

void (*const object_ops[])(struct actor *a) = {
	do_close_many, do_dup, do_handle_replace, do_export, do_import, do_fd, do_rights,
	do_resource_create, do_info, do_info, do_property, do_signal, do_signal,
	do_event, do_pair, do_wait_one, do_wait_one, do_wait_many, do_wait_async,
	do_wait_async, do_poll_fd, do_port, do_queue, do_port_wait, do_port_wait,
	do_cancel,
};

const unsigned int object_op_count = ARRAY_SIZE(object_ops);
