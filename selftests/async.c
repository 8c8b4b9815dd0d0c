// SPDX-License-Identifier: MIT
/* Waits that end in a packet at a port, and how they are cancelled. */
#include <string.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/port.h>
#include <zx_hyp/zx_hyp.h>

#include "guest/vm.h"
#include "zxtest.h"

#define SAME	ZX_RIGHT_SAME_RIGHTS
#define USER(n)	((zx_signals_t)1 << (24 + (n)))
#define KEY	0x1122334455667788ull
#define EDGE	ZX_WAIT_ASYNC_EDGE
#define TIMESTAMP ZX_WAIT_ASYNC_TIMESTAMP

FIXTURE(async) {
	zx_handle_t port, event, copy;	/* two handles of the event */
};

FIXTURE_SETUP(async)
{
	ASSERT_OK(zx_port_create(0, &self->port));
	ASSERT_OK(zx_event_create(0, &self->event));
	ASSERT_OK(zx_handle_duplicate(self->event, SAME, &self->copy));
}

FIXTURE_TEARDOWN(async)
{
	(void)zx_handle_close(self->port);
	(void)zx_handle_close(self->event);
	(void)zx_handle_close(self->copy);
}

static void expect_nothing(zx_handle_t port)
{
	zx_port_packet_t packet;

	EXPECT_STATUS(ZX_ERR_TIMED_OUT, zx_port_wait(port, 0, &packet));
}

/* The whole of a packet that has no time in it. */
static void expect_packet(zx_handle_t port, uint64_t key, zx_signals_t trigger,
			  zx_signals_t observed)
{
	zx_port_packet_t packet, exp = {
		.key = key,
		.type = ZX_PKT_TYPE_SIGNAL_ONE,
		.status = ZX_OK,
		.signal = { .trigger = trigger, .observed = observed, .count = 1 },
	};

	poison(&packet, sizeof(packet));
	EXPECT_OK(zx_port_wait(port, 0, &packet));
	EXPECT_BYTES(&exp, &packet, sizeof(packet));
}

static void watch(zx_handle_t handle, zx_handle_t port, uint64_t key,
		  zx_signals_t signals, uint32_t options)
{
	ASSERT_OK(zx_object_wait_async(handle, port, key, signals, options));
}

static void set(zx_handle_t handle, zx_signals_t signals)
{
	ASSERT_OK(zx_object_signal(handle, 0, signals));
}

static void clear(zx_handle_t handle, zx_signals_t signals)
{
	ASSERT_OK(zx_object_signal(handle, signals, 0));
}

/* ---- order of checks -------------------------------------------------- */

/* Handles that are wrong in each way, and good ones of the fixture. */
struct wrong {
	zx_handle_t bad, deaf_port, deaf_event, resource;
};

static void make_wrong(struct wrong *w, zx_handle_t port, zx_handle_t event)
{
	w->bad = 5;
	ASSERT_OK(zx_handle_duplicate(port, ZX_RIGHT_READ, &w->deaf_port));
	ASSERT_OK(zx_handle_duplicate(event, ZX_RIGHT_SIGNAL, &w->deaf_event));
	/* At this level its handle has WAIT, which nobody can do. */
	ASSERT_OK(zx_hyp_rights_level(ZX_HYP_LEVEL_2018));
	w->resource = hypervisor_resource();
}

TEST_F(async, the_port_is_checked_then_the_object_then_options)
{
	struct wrong w;

	make_wrong(&w, self->port, self->event);
	const struct {
		zx_handle_t handle, port;
		uint32_t options;
		zx_status_t status;
	} rows[] = {
		{ w.bad, w.bad, 8, ZX_ERR_BAD_HANDLE },
		{ w.bad, self->event, 8, ZX_ERR_WRONG_TYPE },
		{ w.bad, w.deaf_event, 8, ZX_ERR_WRONG_TYPE },
		{ w.bad, w.deaf_port, 8, ZX_ERR_ACCESS_DENIED },
		{ w.bad, self->port, 8, ZX_ERR_BAD_HANDLE },
		{ w.deaf_event, self->port, 8, ZX_ERR_ACCESS_DENIED },
		{ w.resource, self->port, 8, ZX_ERR_NOT_SUPPORTED },
		/* A port has no WAIT, also to itself. */
		{ self->port, self->port, 8, ZX_ERR_ACCESS_DENIED },
		{ self->event, self->port, 8, ZX_ERR_INVALID_ARGS },
		{ self->event, w.deaf_port, 0, ZX_ERR_ACCESS_DENIED },
		{ w.deaf_event, self->port, 0, ZX_ERR_ACCESS_DENIED },
		{ w.resource, self->port, 0, ZX_ERR_NOT_SUPPORTED },
		{ 0, self->port, 0, ZX_ERR_BAD_HANDLE },
		{ self->event, 0, 0, ZX_ERR_BAD_HANDLE },
		{ self->event, self->port, 0, ZX_OK },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zxtest_row("row %zu", i);
		EXPECT_STATUS(rows[i].status,
			      zx_object_wait_async(rows[i].handle, rows[i].port, KEY,
						   USER(0), rows[i].options));
	}
	/* None but the last has left a wait. */
	set(self->event, USER(0));
	expect_packet(self->port, KEY, USER(0), USER(0));
	expect_nothing(self->port);
}

TEST_F(async, options_are_timestamp_and_edge)
{
	static const struct {
		uint32_t options;
		zx_status_t status;
	} rows[] = {
		{ ZX_WAIT_ASYNC_ONCE, ZX_OK },
		{ TIMESTAMP, ZX_OK },
		{ EDGE, ZX_OK },
		{ EDGE | TIMESTAMP, ZX_OK },
		{ ZX_WAIT_ASYNC_BOOT_TIMESTAMP, ZX_ERR_INVALID_ARGS },
		{ EDGE | 4, ZX_ERR_INVALID_ARGS },
		{ 8, ZX_ERR_INVALID_ARGS },
		{ 1u << 31, ZX_ERR_INVALID_ARGS },
		{ ~0u, ZX_ERR_INVALID_ARGS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zxtest_row("options %#x", rows[i].options);
		EXPECT_STATUS(rows[i].status,
			      zx_object_wait_async(self->event, self->port, KEY,
						   USER(0), rows[i].options));
		EXPECT_STATUS(rows[i].status == ZX_OK ? ZX_OK : ZX_ERR_NOT_FOUND,
			      zx_port_cancel(self->port, self->event, KEY));
	}
}

/* ---- the packet ------------------------------------------------------- */

TEST_F(async, a_signal_that_is_set_already_queues_a_packet_at_once)
{
	set(self->event, USER(0) | USER(5));
	watch(self->event, self->port, KEY, USER(0) | USER(1), 0);
	expect_packet(self->port, KEY, USER(0) | USER(1), USER(0) | USER(5));
	expect_nothing(self->port);
}

TEST_F(async, a_signal_that_comes_queues_a_packet)
{
	watch(self->event, self->port, ~0ull, USER(0) | USER(1), 0);
	expect_nothing(self->port);
	set(self->event, USER(3));
	expect_nothing(self->port);
	set(self->event, USER(1));
	/* What is observed is what was set then, not what is set when it is taken. */
	clear(self->event, USER(1));
	set(self->event, USER(7));
	expect_packet(self->port, ~0ull, USER(0) | USER(1), USER(1) | USER(3));
	expect_nothing(self->port);
}

TEST_F(async, a_wait_for_no_signal_never_ends)
{
	set(self->event, ZX_USER_SIGNAL_ALL);
	watch(self->event, self->port, KEY, 0, 0);
	clear(self->event, ZX_USER_SIGNAL_ALL);
	set(self->event, ZX_USER_SIGNAL_ALL);
	expect_nothing(self->port);
	EXPECT_OK(zx_port_cancel(self->port, self->event, KEY));
}

TEST_F(async, one_wait_queues_one_packet)
{
	watch(self->event, self->port, KEY, USER(0), 0);
	for (int i = 0; i < 5; i++) {
		set(self->event, USER(0));
		clear(self->event, USER(0));
	}
	expect_packet(self->port, KEY, USER(0), USER(0));
	expect_nothing(self->port);
	/* And is over when it is taken. */
	set(self->event, USER(0));
	expect_nothing(self->port);
	EXPECT_STATUS(ZX_ERR_NOT_FOUND,
		      zx_port_cancel(self->port, self->event, KEY));
}

TEST_F(async, each_wait_has_a_packet_of_its_own)
{
	uint64_t seen = 0;

	for (uint64_t key = 0; key < 64; key++)
		watch(key & 1 ? self->event : self->copy, self->port, key, USER(0), 0);
	set(self->event, USER(0));
	for (int i = 0; i < 64; i++) {
		zx_port_packet_t packet;

		ASSERT_OK(zx_port_wait(self->port, 0, &packet));
		ASSERT_GT(64u, packet.key);
		EXPECT_FALSE(seen >> packet.key & 1);
		seen |= 1ull << packet.key;
	}
	EXPECT_EQ(~0ull, seen);
	expect_nothing(self->port);
}

TEST_F(async, the_same_wait_twice_is_two_waits)
{
	for (int i = 0; i < 2; i++)
		watch(self->event, self->port, KEY, USER(0), 0);
	set(self->event, USER(0));
	for (int i = 0; i < 2; i++)
		expect_packet(self->port, KEY, USER(0), USER(0));
	expect_nothing(self->port);
}

TEST_F(async, one_signal_reaches_every_port)
{
	zx_handle_t ports[3];

	for (int i = 0; i < 3; i++) {
		ASSERT_OK(zx_port_create(0, &ports[i]));
		watch(self->event, ports[i], i, USER(0), 0);
	}
	set(self->event, USER(0));
	for (int i = 0; i < 3; i++) {
		expect_packet(ports[i], i, USER(0), USER(0));
		expect_nothing(ports[i]);
		EXPECT_OK(zx_handle_close(ports[i]));
	}
}

TEST_F(async, a_timestamp_is_the_time_of_the_match)
{
	for (int set_before = 0; set_before < 2; set_before++) {
		zx_time_t before, after;
		zx_port_packet_t packet;

		zxtest_row("set before: %d", set_before);
		clear(self->event, USER(0));
		if (set_before)
			set(self->event, USER(0));
		before = zx_clock_get_monotonic();
		watch(self->event, self->port, KEY, USER(0), TIMESTAMP);
		if (!set_before) {
			/* Not that of the wait either. */
			before = zx_clock_get_monotonic();
			set(self->event, USER(0));
		}
		after = zx_clock_get_monotonic();
		ASSERT_OK(zx_port_wait(self->port, 0, &packet));
		EXPECT_LE(before, packet.signal.timestamp);
		EXPECT_GE(after, packet.signal.timestamp);
		EXPECT_EQ(0u, packet.signal.reserved1);
	}
}

TEST(objects_assert_signals_of_their_own)
{
	zx_handle_t port, vmo, end, peer;

	ASSERT_OK(zx_port_create(0, &port));
	ASSERT_OK(zx_vmo_create(4096, 0, &vmo));
	watch(vmo, port, 1, ZX_VMO_ZERO_CHILDREN, 0);
	expect_packet(port, 1, ZX_VMO_ZERO_CHILDREN, ZX_VMO_ZERO_CHILDREN);
	ASSERT_OK(zx_eventpair_create(0, &end, &peer));
	watch(end, port, 2, ZX_EVENTPAIR_PEER_CLOSED, 0);
	expect_nothing(port);
	ASSERT_OK(zx_handle_close(peer));
	expect_packet(port, 2, ZX_EVENTPAIR_PEER_CLOSED, ZX_EVENTPAIR_PEER_CLOSED);
	watch(end, port, 3, ZX_EVENTPAIR_PEER_CLOSED, 0);
	expect_packet(port, 3, ZX_EVENTPAIR_PEER_CLOSED, ZX_EVENTPAIR_PEER_CLOSED);
}

/* ---- edges ------------------------------------------------------------ */

TEST_F(async, an_edge_is_a_signal_that_was_not_set)
{
	set(self->event, USER(0));
	watch(self->event, self->port, KEY, USER(0), EDGE);
	expect_nothing(self->port);
	/* It is set still. */
	set(self->event, USER(0));
	ASSERT_OK(zx_object_signal(self->event, USER(0), USER(0)));
	set(self->event, USER(1));
	expect_nothing(self->port);
	clear(self->event, USER(0));
	expect_nothing(self->port);
	set(self->event, USER(0));
	expect_packet(self->port, KEY, USER(0), USER(0) | USER(1));
	/* It was one wait. */
	clear(self->event, USER(0));
	set(self->event, USER(0));
	expect_nothing(self->port);
}

TEST_F(async, an_edge_of_one_signal_is_not_hidden_by_another)
{
	set(self->event, USER(0));
	watch(self->event, self->port, KEY, USER(0) | USER(1), EDGE);
	expect_nothing(self->port);
	set(self->event, USER(1));
	expect_packet(self->port, KEY, USER(0) | USER(1), USER(0) | USER(1));
}

TEST_F(async, an_edge_on_a_signal_that_is_not_set_is_like_any_wait)
{
	zx_port_packet_t packet;

	watch(self->event, self->port, KEY, USER(0), EDGE | TIMESTAMP);
	set(self->event, USER(0));
	ASSERT_OK(zx_port_wait(self->port, 0, &packet));
	EXPECT_EQ(KEY, packet.key);
	EXPECT_LT(0, packet.signal.timestamp);
}

/* ---- what is closed meanwhile ----------------------------------------- */

TEST_F(async, closing_the_handle_ends_the_wait_silently)
{
	watch(self->event, self->port, KEY, USER(0), 0);
	ASSERT_OK(zx_handle_close(self->event));
	expect_nothing(self->port);
	set(self->copy, USER(0));
	expect_nothing(self->port);
	/* Replacing closes, too. */
	clear(self->copy, USER(0));
	watch(self->copy, self->port, KEY, USER(0), 0);
	ASSERT_OK(zx_handle_replace(self->copy, SAME, &self->copy));
	set(self->copy, USER(0));
	expect_nothing(self->port);
}

TEST_F(async, closing_another_handle_ends_nothing)
{
	watch(self->event, self->port, KEY, USER(0), 0);
	ASSERT_OK(zx_handle_close(self->copy));
	set(self->event, USER(0));
	expect_packet(self->port, KEY, USER(0), USER(0));
}

TEST_F(async, a_packet_that_is_queued_stays_when_the_object_goes)
{
	watch(self->event, self->port, KEY, USER(0), 0);
	set(self->event, USER(0));
	ASSERT_OK(zx_handle_close(self->event));
	ASSERT_OK(zx_handle_close(self->copy));
	EXPECT_TRUE(wait_until(10, zxtest_objects_of("event") == 0));
	expect_packet(self->port, KEY, USER(0), USER(0));
	expect_nothing(self->port);
}

/* Neither holds the other: both orders leave nothing. */
TEST_F(async, a_wait_goes_with_its_object_or_its_port)
{
	watch(self->event, self->port, KEY, USER(0), 0);
	watch(self->copy, self->port, KEY, USER(0), 0);
	ASSERT_OK(zx_handle_close(self->port));
	EXPECT_TRUE(wait_until(10, zxtest_objects_of("port") == 0));
	set(self->event, USER(0));
	clear(self->event, USER(0));
	ASSERT_OK(zx_port_create(0, &self->port));
	watch(self->event, self->port, KEY, USER(0), 0);
	ASSERT_OK(zx_handle_close(self->event));
	ASSERT_OK(zx_handle_close(self->copy));
	EXPECT_TRUE(wait_until(10, zxtest_objects_of("event") == 0));
	expect_nothing(self->port);
}

TEST_F(async, a_port_with_waits_and_packets_is_freed)
{
	for (int i = 0; i < 100; i++) {
		watch(self->event, self->port, i, USER(0), 0);
		watch(self->event, self->port, i, USER(1), 0);
	}
	set(self->event, USER(0));
	ASSERT_OK(zx_handle_close(self->port));
	EXPECT_TRUE(wait_until(10, zxtest_objects_of("port") == 0));
	set(self->event, USER(1));
}

/* ---- the limits -------------------------------------------------------- */

#define MAX_WAITS	65536		/* of an object, and of a port */

static void watch_often(zx_handle_t handle, zx_handle_t port, int times)
{
	for (int i = 0; i < times; i++)
		watch(handle, port, KEY, USER(0), 0);
}

static void expect_no_more(zx_handle_t handle, zx_handle_t port)
{
	EXPECT_STATUS(ZX_ERR_NO_MEMORY,
		      zx_object_wait_async(handle, port, KEY, USER(0), 0));
}

/* What waits and what was queued both count, and make room when they go. */
TEST_F_TIMEOUT(async, a_port_has_65536_waits_and_packets_of_them, 300)
{
	zx_handle_t other;

	ASSERT_OK(zx_event_create(0, &other));
	watch_often(self->event, self->port, MAX_WAITS / 2);
	watch_often(other, self->port, MAX_WAITS / 2);
	expect_no_more(other, self->port);
	set(self->event, USER(0));
	expect_no_more(other, self->port);
	expect_packet(self->port, KEY, USER(0), USER(0));
	watch(other, self->port, KEY + 1, USER(0), 0);
	expect_no_more(other, self->port);
	ASSERT_OK(zx_port_cancel(self->port, other, KEY + 1));
	watch(other, self->port, KEY, USER(0), 0);
	expect_no_more(other, self->port);
	ASSERT_OK(zx_handle_close(other));
	watch_often(self->event, self->port, MAX_WAITS / 2 + 1);
	expect_no_more(self->event, self->port);
}

TEST_F_TIMEOUT(async, an_object_has_65536_waits, 300)
{
	zx_handle_t other;

	ASSERT_OK(zx_port_create(0, &other));
	watch_often(self->event, self->port, MAX_WAITS / 2);
	watch_often(self->copy, other, MAX_WAITS / 2);
	expect_no_more(self->event, self->port);
	expect_no_more(self->copy, other);
	/* Threads that wait are counted with them. */
	EXPECT_STATUS(ZX_ERR_NO_MEMORY,
		      zx_object_wait_one(self->event, USER(0), 0, NULL));
	ASSERT_OK(zx_port_cancel(other, self->copy, KEY));
	EXPECT_STATUS(ZX_ERR_TIMED_OUT,
		      zx_object_wait_one(self->event, USER(0), 0, NULL));
	EXPECT_OK(zx_handle_close(other));
}

/* ---- cancel ----------------------------------------------------------- */

TEST_F(async, cancel_checks_the_port_then_the_object_then_what_there_is)
{
	struct wrong w;

	make_wrong(&w, self->port, self->event);
	const struct {
		zx_handle_t port, source;
		zx_status_t status;
	} rows[] = {
		{ w.bad, w.bad, ZX_ERR_BAD_HANDLE },
		{ self->event, w.bad, ZX_ERR_WRONG_TYPE },
		{ w.deaf_port, w.bad, ZX_ERR_ACCESS_DENIED },
		{ self->port, w.bad, ZX_ERR_BAD_HANDLE },
		{ self->port, 0, ZX_ERR_BAD_HANDLE },
		{ self->port, w.deaf_event, ZX_ERR_ACCESS_DENIED },
		{ self->port, w.resource, ZX_ERR_NOT_SUPPORTED },
		{ self->port, self->event, ZX_ERR_NOT_FOUND },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zxtest_row("row %zu", i);
		EXPECT_STATUS(rows[i].status,
			      zx_port_cancel(rows[i].port, rows[i].source, KEY));
	}
}

TEST_F(async, cancel_ends_a_wait)
{
	watch(self->event, self->port, KEY, USER(0), 0);
	EXPECT_OK(zx_port_cancel(self->port, self->event, KEY));
	EXPECT_STATUS(ZX_ERR_NOT_FOUND,
		      zx_port_cancel(self->port, self->event, KEY));
	set(self->event, USER(0));
	expect_nothing(self->port);
}

TEST_F(async, cancel_takes_a_packet_out_of_the_queue)
{
	set(self->event, USER(0));
	watch(self->event, self->port, KEY, USER(0), 0);
	EXPECT_OK(zx_port_cancel(self->port, self->event, KEY));
	expect_nothing(self->port);
	EXPECT_STATUS(ZX_ERR_NOT_FOUND,
		      zx_port_cancel(self->port, self->event, KEY));
}

TEST_F(async, cancel_takes_all_with_its_handle_and_key)
{
	/* Two that are queued, two that wait. */
	for (int i = 0; i < 4; i++)
		watch(self->event, self->port, KEY, USER(i % 2), 0);
	set(self->event, USER(0));
	EXPECT_OK(zx_port_cancel(self->port, self->event, KEY));
	set(self->event, USER(1));
	expect_nothing(self->port);
}

TEST_F(async, cancel_goes_by_handle_key_and_port)
{
	zx_handle_t other_port;

	ASSERT_OK(zx_port_create(0, &other_port));
	set(self->event, USER(0));
	for (int pending = 0; pending < 2; pending++) {
		zx_signals_t signals = USER(pending);

		zxtest_row("pending: %d", pending);
		watch(self->event, self->port, KEY, signals, 0);
		EXPECT_STATUS(ZX_ERR_NOT_FOUND,
			      zx_port_cancel(self->port, self->copy, KEY));
		EXPECT_STATUS(ZX_ERR_NOT_FOUND,
			      zx_port_cancel(self->port, self->event, KEY + 1));
		EXPECT_STATUS(ZX_ERR_NOT_FOUND,
			      zx_port_cancel(self->port, self->event,
					     (uint32_t)KEY));
		EXPECT_STATUS(ZX_ERR_NOT_FOUND,
			      zx_port_cancel(other_port, self->event, KEY));
		EXPECT_OK(zx_port_cancel(self->port, self->event, KEY));
	}
	EXPECT_OK(zx_handle_close(other_port));
}

/* By a duplicate of the port, for that is the same port. */
TEST_F(async, cancel_leaves_the_others_in_their_order)
{
	zx_port_packet_t user = { .key = KEY, .status = 5 }, seen;
	zx_handle_t again;

	ASSERT_OK(zx_handle_duplicate(self->port, ZX_RIGHT_WRITE, &again));
	set(self->event, USER(0));
	ASSERT_OK(zx_port_queue(self->port, &user));
	watch(self->event, self->port, 1, USER(0), 0);
	watch(self->event, self->port, KEY, USER(0), 0);
	watch(self->copy, self->port, KEY, USER(0), 0);
	watch(self->event, self->port, KEY, USER(0), 0);
	watch(self->event, self->port, 2, USER(0), 0);
	EXPECT_OK(zx_port_cancel(again, self->event, KEY));
	/* A user's packet has a key of its own. */
	ASSERT_OK(zx_port_wait(self->port, 0, &seen));
	EXPECT_BYTES(&user, &seen, sizeof(user));
	expect_packet(self->port, 1, USER(0), USER(0));
	expect_packet(self->port, KEY, USER(0), USER(0));
	expect_packet(self->port, 2, USER(0), USER(0));
	expect_nothing(self->port);
	EXPECT_OK(zx_handle_close(again));
}

/* Its packets are out of reach then: only the handle that is gone named them. */
TEST_F(async, packets_of_a_closed_handle_cannot_be_cancelled)
{
	set(self->event, USER(0));
	watch(self->event, self->port, KEY, USER(0), 0);
	ASSERT_OK(zx_handle_close(self->event));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE,
		      zx_port_cancel(self->port, self->event, KEY));
	EXPECT_STATUS(ZX_ERR_NOT_FOUND,
		      zx_port_cancel(self->port, self->copy, KEY));
	expect_packet(self->port, KEY, USER(0), USER(0));
}

TEST_HARNESS_MAIN
