// SPDX-License-Identifier: MIT
/*
 * Ports and signals in poll(), select() and epoll: a descriptor is readable if
 * and only if there is something to take.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <unistd.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/port.h>
#include <zircon/time.h>
#include <zx_hyp/fd.h>

#include "calls.h"
#include "guest/vm.h"
#include "race.h"
#include "zxtest.h"

#define PAST	ZX_TIME_INFINITE_PAST
#define SAME	ZX_RIGHT_SAME_RIGHTS
#define SIGNAL	ZX_USER_SIGNAL_0
#define OTHER	ZX_USER_SIGNAL_1
#define KEY	77

static zx_handle_t new_port(void)
{
	zx_handle_t port;

	ASSERT_OK(zx_port_create(0, &port));
	return port;
}

static zx_handle_t new_event(void)
{
	zx_handle_t event;

	ASSERT_OK(zx_event_create(0, &event));
	return event;
}

static int poll_fd(zx_handle_t h, zx_signals_t signals)
{
	int fd = -1;

	ASSERT_OK(zx_hyp_poll_fd(h, signals, &fd));
	ASSERT_LE(0, fd);
	return fd;
}

static void queue(zx_handle_t port, uint64_t key)
{
	zx_port_packet_t packet = { .key = key };

	ASSERT_TRUE(wait_until(RACE_LIMIT,
			       zx_port_queue(port, &packet) == ZX_OK));
}

static zx_status_t take(zx_handle_t port)
{
	zx_port_packet_t packet;

	return zx_port_wait(port, PAST, &packet);
}

/* ---- four ways to ask ---------------------------------------------------- */

/* Each returns POLLIN and POLLHUP as far as it can tell them. */

static int by_poll(int fd, int timeout)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	ASSERT_LE(0, poll(&p, 1, timeout));
	return p.revents;
}

/* To select() a hang-up is readable, too. */
static int by_select(int fd, int timeout)
{
	struct timeval none = { 0 };
	fd_set in;

	FD_ZERO(&in);
	FD_SET(fd, &in);
	ASSERT_LE(0, select(fd + 1, &in, NULL, NULL, timeout ? NULL : &none));
	return FD_ISSET(fd, &in) ? POLLIN : 0;
}

static int by_epoll_with(int fd, int timeout, uint32_t flags)
{
	struct epoll_event event = { .events = EPOLLIN | flags };
	int ep = epoll_create1(EPOLL_CLOEXEC), n;

	ASSERT_LE(0, ep);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event));
	n = epoll_wait(ep, &event, 1, timeout);
	ASSERT_LE(0, n);
	ASSERT_EQ(0, close(ep));
	return n ? event.events & (EPOLLIN | EPOLLHUP) : 0;
}

static int by_epoll(int fd, int timeout)
{
	return by_epoll_with(fd, timeout, 0);
}

static int by_edge(int fd, int timeout)
{
	return by_epoll_with(fd, timeout, EPOLLET);
}

static const struct {
	const char *name;
	int (*ask)(int fd, int timeout);
	int hup;			/* how a hang-up shows */
} ways[] = {
	{ "poll", by_poll, POLLHUP },
	{ "select", by_select, POLLIN },
	{ "epoll", by_epoll, POLLHUP },
	{ "epoll, edges", by_edge, POLLHUP },
};

static void expect_all(int fd, int events)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		zxtest_row("%s", ways[i].name);
		EXPECT_EQ(events & POLLHUP ? (events & ~POLLHUP) | ways[i].hup :
					     events, ways[i].ask(fd, 0));
	}
	zxtest_row_end();
}

/* ---- what makes it readable ------------------------------------------------ */

TEST(a_port_is_readable_while_a_packet_is_queued)
{
	zx_handle_t port = new_port();
	int fd = poll_fd(port, 0);

	expect_all(fd, 0);
	queue(port, 1);
	expect_all(fd, POLLIN);
	queue(port, 2);
	EXPECT_OK(take(port));
	expect_all(fd, POLLIN);
	EXPECT_OK(take(port));
	expect_all(fd, 0);
	EXPECT_STATUS(ZX_ERR_TIMED_OUT, take(port));
	queue(port, 3);
	/* One that asks later finds it, too. */
	expect_all(poll_fd(port, 0), POLLIN);
	EXPECT_OK(take(port));
	expect_all(fd, 0);
	EXPECT_OK(zx_handle_close(port));
}

TEST(a_port_is_readable_when_a_wait_matches_until_it_is_cancelled)
{
	zx_handle_t port = new_port(), event = new_event();
	int fd = poll_fd(port, 0);

	ASSERT_OK(zx_object_wait_async(event, port, KEY, SIGNAL, 0));
	expect_all(fd, 0);
	ASSERT_OK(zx_object_signal(event, 0, SIGNAL));
	expect_all(fd, POLLIN);
	EXPECT_OK(zx_port_cancel(port, event, KEY));
	expect_all(fd, 0);
	EXPECT_OK(zx_handle_close(event));
	EXPECT_OK(zx_handle_close(port));
}

TEST(an_object_is_readable_while_one_of_the_signals_is_set)
{
	zx_handle_t event = new_event();
	int fd = poll_fd(event, SIGNAL | ZX_EVENT_SIGNALED);
	int none = poll_fd(event, 0);

	expect_all(fd, 0);
	ASSERT_OK(zx_object_signal(event, 0, OTHER));
	expect_all(fd, 0);
	ASSERT_OK(zx_object_signal(event, 0, SIGNAL));
	expect_all(fd, POLLIN);
	ASSERT_OK(zx_object_signal(event, SIGNAL, ZX_EVENT_SIGNALED));
	expect_all(fd, POLLIN);
	expect_all(poll_fd(event, ZX_EVENT_SIGNALED), POLLIN);
	ASSERT_OK(zx_object_signal(event, ZX_EVENT_SIGNALED, 0));
	expect_all(fd, 0);
	expect_all(none, 0);
	EXPECT_OK(zx_handle_close(event));
}

TEST(the_end_of_a_pair_is_readable_when_the_other_is_closed)
{
	zx_handle_t end, other;
	int fd;

	ASSERT_OK(zx_eventpair_create(0, &end, &other));
	fd = poll_fd(end, ZX_OBJECT_PEER_CLOSED);
	expect_all(fd, 0);
	EXPECT_OK(zx_handle_close(other));
	expect_all(fd, POLLIN);
	EXPECT_OK(zx_handle_close(end));
	expect_all(fd, POLLIN | POLLHUP);
}

/* With edges each packet is told once, whoever takes it. */
TEST(edges_are_told_once)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	zx_handle_t port = new_port();
	int fd = poll_fd(port, 0), ep = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event));
	EXPECT_EQ(0, epoll_wait(ep, &event, 1, 0));
	for (int i = 0; i < 10; i++) {
		queue(port, i);
		EXPECT_EQ(1, epoll_wait(ep, &event, 1, 0));
		EXPECT_EQ(0, epoll_wait(ep, &event, 1, 0));
		if (i % 2)
			EXPECT_OK(take(port));
	}
	while (take(port) == ZX_OK)
		;
	EXPECT_EQ(0, epoll_wait(ep, &event, 1, 0));
	EXPECT_OK(zx_handle_close(port));
	EXPECT_EQ(1, epoll_wait(ep, &event, 1, 0));
	EXPECT_TRUE(event.events & EPOLLHUP);
}

/* ---- hang-up ---------------------------------------------------------------- */

TEST(the_last_handle_of_a_port_hangs_up)
{
	zx_handle_t port = new_port(), copy;
	int fd = poll_fd(port, 0), parcel;

	queue(port, 1);
	ASSERT_OK(zx_handle_duplicate(port, SAME, &copy));
	EXPECT_OK(zx_handle_close(port));
	expect_all(fd, POLLIN);
	ASSERT_OK(zx_hyp_handle_export(copy, &parcel));
	expect_all(fd, POLLIN);
	EXPECT_EQ(0, close(parcel));
	/* What was queued is gone. */
	EXPECT_TRUE(wait_until(RACE_LIMIT, by_poll(fd, 0) != POLLIN));
	expect_all(fd, POLLHUP);
}

TEST(the_last_handle_of_an_object_hangs_up)
{
	zx_handle_t event = new_event(), copy;
	int fd = poll_fd(event, SIGNAL);

	ASSERT_OK(zx_handle_duplicate(event, SAME, &copy));
	EXPECT_OK(zx_handle_close(event));
	expect_all(fd, 0);
	EXPECT_OK(zx_handle_close(copy));
	expect_all(fd, POLLHUP);
}

/* The descriptor keeps the object, as nobody can see but in the counters. */
TEST(a_descriptor_outlives_the_handles)
{
	zx_handle_t port = new_port(), event = new_event();
	int fd[2] = { poll_fd(port, 0), poll_fd(event, SIGNAL) };

	if (zxtest_objects_of("port") < 0)
		SKIP("no debugfs");
	EXPECT_OK(zx_handle_close(port));
	EXPECT_OK(zx_handle_close(event));
	EXPECT_EQ(1l, zxtest_objects_of("port"));
	EXPECT_EQ(1l, zxtest_objects_of("event"));
	expect_all(fd[0], POLLHUP);
	expect_all(fd[1], POLLHUP);
	EXPECT_EQ(0, close(fd[0]));
	EXPECT_EQ(0, close(fd[1]));
	EXPECT_TRUE(wait_until(RACE_LIMIT, !zxtest_objects_of("port")));
	EXPECT_TRUE(wait_until(RACE_LIMIT, !zxtest_objects_of("event")));
}

/* ---- who sleeps is woken ----------------------------------------------------- */

struct sleeper {
	int (*ask)(int fd, int timeout);
	int fd, seen;
	atomic_int tid;
	pthread_t thread;
};

static void *sleep_in_it(void *arg)
{
	struct sleeper *s = arg;

	atomic_store(&s->tid, thread_id());
	s->seen = s->ask(s->fd, -1);
	return NULL;
}

static void sleeper_start(struct sleeper *s, int way, int fd)
{
	memset(s, 0, sizeof(*s));
	s->ask = ways[way].ask;
	s->fd = fd;
	thread_start(&s->thread, sleep_in_it, s);
	ASSERT_TRUE(wait_until(RACE_LIMIT,
			       s->tid && zxtest_thread_sleeps(s->tid)));
}

TEST(sleepers_are_woken)
{
	for (int way = 0; way < (int)ARRAY_SIZE(ways); way++) {
		zx_handle_t port = new_port(), event = new_event();
		int port_fd = poll_fd(port, 0), fd = poll_fd(event, SIGNAL);
		struct sleeper a, b, c;

		zxtest_row("%s", ways[way].name);
		sleeper_start(&a, way, port_fd);
		sleeper_start(&b, way, port_fd);
		sleeper_start(&c, way, fd);
		queue(port, 1);
		thread_join(a.thread);
		thread_join(b.thread);
		EXPECT_EQ(POLLIN, a.seen & b.seen);
		ASSERT_OK(zx_object_signal(event, 0, OTHER | SIGNAL));
		thread_join(c.thread);
		EXPECT_EQ(POLLIN, c.seen);
		ASSERT_OK(take(port));
		ASSERT_OK(zx_object_signal(event, SIGNAL, 0));
		sleeper_start(&a, way, port_fd);
		sleeper_start(&c, way, fd);
		EXPECT_OK(zx_handle_close(port));
		EXPECT_OK(zx_handle_close(event));
		thread_join(a.thread);
		thread_join(c.thread);
		EXPECT_EQ(ways[way].hup, a.seen);
		EXPECT_EQ(ways[way].hup, c.seen);
		EXPECT_EQ(0, close(port_fd));
		EXPECT_EQ(0, close(fd));
	}
}

/* The descriptor, not the handle, is what another process needs. */
static void poll_there(int sock)
{
	int fd = peer_receive_fd(sock);

	peer_say(sock, 'p');
	EXPECT_EQ(POLLIN, by_poll(fd, -1));
	peer_say(sock, 'i');
	peer_expect(sock, 'c');
	EXPECT_EQ(POLLHUP, by_poll(fd, -1));
}

TEST(a_descriptor_that_was_sent_tells_the_same)
{
	struct peer peer;
	zx_handle_t port;

	peer_start(&peer, poll_there);
	port = new_port();
	peer_send_fd(peer.sock, poll_fd(port, 0));
	peer_expect(peer.sock, 'p');
	queue(port, 1);
	peer_expect(peer.sock, 'i');
	EXPECT_OK(take(port));
	peer_say(peer.sock, 'c');
	EXPECT_OK(zx_handle_close(port));
	peer_end(&peer);
}

/* ---- threads that queue and threads that poll -------------------------------- */

#define PRODUCERS	4
#define CONSUMERS	4
#define PACKETS		40000

/* @stop: a signal of this event ends the consumers. */
struct crowd {
	zx_handle_t port, stop;
	bool edges, shared;
	int ep;				/* of all, if shared */
	unsigned int each;
	atomic_uint number, taken;
	atomic_bool seen[PACKETS];
};

static void *produce(void *arg)
{
	struct crowd *c = arg;
	unsigned int first = atomic_fetch_add(&c->number, 1) * c->each;

	for (unsigned int i = 0; i < c->each; i++)
		queue(c->port, first + i);
	return NULL;
}

/* All that there is, if asked for. */
static void take_some(struct crowd *c, bool all)
{
	zx_port_packet_t packet;

	do {
		zx_status_t status = zx_port_wait(c->port, PAST, &packet);

		if (status == ZX_ERR_TIMED_OUT)
			return;
		ASSERT_OK(status);
		ASSERT_LT(packet.key, PRODUCERS * c->each);
		EXPECT_FALSE(atomic_exchange(&c->seen[packet.key], true));
		atomic_fetch_add(&c->taken, 1);
	} while (all);
}

static int make_epoll(struct crowd *c)
{
	struct epoll_event event = { .events = EPOLLIN };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, ep);
	event.data.u32 = 1;
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, poll_fd(c->stop, SIGNAL),
			       &event));
	event.data.u32 = 0;
	if (c->edges)
		event.events |= EPOLLET;
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, poll_fd(c->port, 0), &event));
	return ep;
}

static void *consume(void *arg)
{
	struct crowd *c = arg;
	int ep = c->shared ? c->ep : make_epoll(c);

	for (;;) {
		struct epoll_event event[2];
		int n = epoll_wait(ep, event, 2, -1);

		ASSERT_LT(0, n);
		for (int i = 0; i < n; i++)
			if (!event[i].data.u32)
				take_some(c, c->edges);
		if (event[0].data.u32 || event[n - 1].data.u32)
			return NULL;
	}
}

static void *consume_by_poll(void *arg)
{
	struct crowd *c = arg;
	struct pollfd p[] = {
		{ .fd = poll_fd(c->port, 0), .events = POLLIN },
		{ .fd = poll_fd(c->stop, SIGNAL), .events = POLLIN },
	};

	while (!p[1].revents) {
		ASSERT_LT(0, poll(p, 2, -1));
		if (p[0].revents)
			take_some(c, false);
	}
	return NULL;
}

static void *consume_by_select(void *arg)
{
	struct crowd *c = arg;
	int fd = poll_fd(c->port, 0), stop = poll_fd(c->stop, SIGNAL);
	fd_set in;

	FD_ZERO(&in);
	while (!FD_ISSET(stop, &in)) {
		FD_SET(fd, &in);
		FD_SET(stop, &in);
		ASSERT_LT(0, select((fd > stop ? fd : stop) + 1, &in, NULL,
				    NULL, NULL));
		if (FD_ISSET(fd, &in))
			take_some(c, false);
	}
	return NULL;
}

/* Nobody is told to stop before all packets are out: one lost, and it hangs. */
static void run_crowd(struct crowd *c, void *(*fn)(void *))
{
	pthread_t producers[PRODUCERS], consumers[CONSUMERS];
	unsigned int all;

	c->each = scaled(PACKETS, 2000) / PRODUCERS;
	all = PRODUCERS * c->each;
	c->port = new_port();
	c->stop = new_event();
	if (c->shared)
		c->ep = make_epoll(c);
	for (int i = 0; i < CONSUMERS; i++)
		thread_start(&consumers[i], fn, c);
	for (int i = 0; i < PRODUCERS; i++)
		thread_start(&producers[i], produce, c);
	for (int i = 0; i < PRODUCERS; i++)
		thread_join(producers[i]);
	EXPECT_TRUE(wait_until(RACE_LIMIT, atomic_load(&c->taken) == all));
	ASSERT_OK(zx_object_signal(c->stop, 0, SIGNAL));
	for (int i = 0; i < CONSUMERS; i++)
		thread_join(consumers[i]);
	EXPECT_EQ(all, atomic_load(&c->taken));
	EXPECT_STATUS(ZX_ERR_TIMED_OUT, take(c->port));
	EXPECT_OK(zx_handle_close(c->port));
	EXPECT_OK(zx_handle_close(c->stop));
}

static struct crowd crowd;

TEST_TIMEOUT(no_packet_is_lost_to_threads_that_poll, 600)
{
	run_crowd(&crowd, consume_by_poll);
}

TEST_TIMEOUT(no_packet_is_lost_to_threads_that_select, 600)
{
	run_crowd(&crowd, consume_by_select);
}

TEST_TIMEOUT(no_packet_is_lost_to_threads_that_epoll, 600)
{
	run_crowd(&crowd, consume);
}

TEST_TIMEOUT(no_packet_is_lost_to_threads_that_epoll_for_edges, 600)
{
	crowd.edges = true;
	run_crowd(&crowd, consume);
}

TEST_TIMEOUT(no_packet_is_lost_to_threads_that_share_an_epoll, 600)
{
	crowd.shared = true;
	run_crowd(&crowd, consume);
}

TEST_TIMEOUT(no_packet_is_lost_to_threads_that_share_an_epoll_for_edges, 600)
{
	crowd.edges = true;
	crowd.shared = true;
	run_crowd(&crowd, consume);
}

/* ---- races ------------------------------------------------------------------- */

struct duel {
	zx_handle_t h;
	int fd, seen;
	bool port;
};

static void begin_object(void *ctx)
{
	struct duel *d = ctx;

	d->h = d->port ? new_port() : new_event();
	d->fd = poll_fd(d->h, d->port ? 0 : SIGNAL);
}

static void poll_it(void *ctx)
{
	struct duel *d = ctx;

	d->seen = by_poll(d->fd, -1);
}

static void close_handle(void *ctx)
{
	struct duel *d = ctx;

	EXPECT_OK(zx_handle_close(d->h));
}

static void judge_hung_up(void *ctx)
{
	struct duel *d = ctx;

	EXPECT_EQ(POLLHUP, d->seen);
	EXPECT_EQ(0, close(d->fd));
}

TEST_TIMEOUT(a_handle_is_closed_as_its_descriptor_is_polled, 600)
{
	const struct race race = {
		scaled(1000, 80), begin_object, poll_it, close_handle,
		judge_hung_up,
	};
	struct duel d = { 0 };

	race_run(&race, &d);
	d.port = true;
	race_run(&race, &d);
}

static void tell(void *ctx)
{
	struct duel *d = ctx;

	if (d->port)
		queue(d->h, 1);
	else
		EXPECT_OK(zx_object_signal(d->h, 0, SIGNAL));
}

static void judge_readable(void *ctx)
{
	struct duel *d = ctx;

	EXPECT_EQ(POLLIN, d->seen);
	EXPECT_EQ(0, close(d->fd));
	close_handle(d);
}

TEST_TIMEOUT(something_comes_as_a_descriptor_is_polled, 600)
{
	const struct race race = {
		scaled(1000, 80), begin_object, poll_it, tell, judge_readable,
	};
	struct duel d = { 0 };

	race_run(&race, &d);
	d.port = true;
	race_run(&race, &d);
}

static void close_fd(void *ctx)
{
	struct duel *d = ctx;

	EXPECT_EQ(0, close(d->fd));
}

static void judge_nothing(void *ctx)
{
	close_handle(ctx);
}

TEST_TIMEOUT(something_comes_as_a_descriptor_is_closed, 600)
{
	const struct race race = {
		scaled(1000, 80), begin_object, close_fd, tell, judge_nothing,
	};
	struct duel d = { 0 };

	race_run(&race, &d);
	d.port = true;
	race_run(&race, &d);
}

/* ---- bad arguments ------------------------------------------------------------ */

static zx_handle_t without(zx_handle_t h, zx_rights_t right, zx_rights_t all)
{
	zx_handle_t out;

	ASSERT_OK(zx_handle_duplicate(h, all & ~right, &out));
	return out;
}

/* With all that can be wrong, and then with one fault less each time. */
TEST(bad_arguments_are_found_in_order)
{
	zx_handle_t port = new_port(), event = new_event();
	zx_handle_t no_read = without(port, ZX_RIGHT_READ,
				      ZX_DEFAULT_PORT_RIGHTS);
	zx_handle_t no_wait = without(event, ZX_RIGHT_WAIT,
				      ZX_DEFAULT_EVENT_RIGHTS);
	int fd = -77, low_fd = poll_fd(port, 0);
	struct rlimit limit, low;
	const struct {
		const char *name;
		zx_handle_t h;
		zx_signals_t signals;
		int *out;
		bool full;
		zx_status_t status;
	} rows[] = {
		{ "no handle", 0, SIGNAL, NULL, true, ZX_ERR_BAD_HANDLE },
		{ "made up", 0x7ffffff3, SIGNAL, NULL, true,
		  ZX_ERR_BAD_HANDLE },
		{ "port without READ", no_read, SIGNAL, NULL, true,
		  ZX_ERR_ACCESS_DENIED },
		{ "event without WAIT", no_wait, SIGNAL, NULL, true,
		  ZX_ERR_ACCESS_DENIED },
		{ "VMAR", zx_vmar_root_self(), SIGNAL, NULL, true,
		  ZX_ERR_ACCESS_DENIED },
		{ "signals of a port", port, SIGNAL, NULL, true,
		  ZX_ERR_INVALID_ARGS },
		{ "signals of a port", port, SIGNAL, &fd, false,
		  ZX_ERR_INVALID_ARGS },
		{ "full, port", port, 0, NULL, true, ZX_ERR_NO_RESOURCES },
		{ "full, event", event, SIGNAL, NULL, true,
		  ZX_ERR_NO_RESOURCES },
		{ "full", event, SIGNAL, &fd, true, ZX_ERR_NO_RESOURCES },
		{ "no result", event, SIGNAL, NULL, false,
		  ZX_ERR_INVALID_ARGS },
		{ "no result", port, 0, (int *)"const", false,
		  ZX_ERR_INVALID_ARGS },
	};

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	low = limit;
	low.rlim_cur = 3;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zxtest_row("%s", rows[i].name);
		ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE,
				       rows[i].full ? &low : &limit));
		EXPECT_STATUS(rows[i].status,
			      zx_hyp_poll_fd(rows[i].h, rows[i].signals,
					     rows[i].out));
	}
	EXPECT_EQ(-77, fd);
	/* None was left behind. */
	EXPECT_EQ(low_fd + 1, poll_fd(port, 0));
}

/* A handle of an object without signals has WAIT only by another level. */
TEST(an_object_without_signals_is_not_supported)
{
	int fd = abi_open(), out = -77;
	struct zx_hyp_rights_set set = {
		.size = sizeof(set),
		.type = ZX_OBJ_TYPE_RESOURCE,
		.rights = ZX_RIGHT_WAIT,
	};
	struct zx_hyp_object_poll_fd arg = { .size = sizeof(arg) };

	ASSERT_EQ(0, abi_call(fd, ZX_HYP_RIGHTS_SET, &set));
	arg.handle = abi_resource(fd, ZX_HYP_RESOURCE_VMEX);
	arg.out_fd = (uintptr_t)&out;
	EXPECT_EQ(-ZX_ERR_NOT_SUPPORTED,
		  abi_call(fd, ZX_HYP_OBJECT_POLL_FD, &arg));
	arg.reserved = 1;
	EXPECT_EQ(-EINVAL, abi_call(fd, ZX_HYP_OBJECT_POLL_FD, &arg));
	EXPECT_EQ(-77, out);
}

TEST(the_descriptor_is_only_polled)
{
	zx_handle_t event = new_event();
	int fd = poll_fd(event, SIGNAL);
	char byte = 0;
	void *map;

	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_EQ(-1l, read(fd, &byte, 1));
	EXPECT_EQ(-1l, write(fd, &byte, 1));
	EXPECT_EQ(-1, ioctl(fd, ZX_HYP_QUERY, &byte));
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	EXPECT_EQ(MAP_FAILED, map);
	EXPECT_OK(zx_handle_close(event));
}

TEST_HARNESS_MAIN
