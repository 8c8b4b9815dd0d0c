// SPDX-License-Identifier: MIT
/* Ports: packets of users, their order and limit, and threads that wait. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/port.h>

#include "sleeper.h"

#define BAD	((void *)0x10)		/* nothing is mapped there */
#define SAME	ZX_RIGHT_SAME_RIGHTS
#define MS	((zx_duration_t)1000000)
#define SIGNAL	ZX_USER_SIGNAL_0
#define FULL	4097			/* packets of users that fit */

/* Deadlines that do not wait. */
static const zx_time_t past[] = { 0, 1, -1, INT64_MIN, 1000000 };

FIXTURE(port) {
	zx_handle_t port, copy;		/* two handles of it */
	struct sleeper s;		/* one that waits there for ever */
};

FIXTURE_SETUP(port)
{
	ASSERT_OK(zx_port_create(0, &self->port));
	ASSERT_OK(zx_handle_duplicate(self->port, SAME, &self->copy));
	self->s = (struct sleeper){
		.call = sleep_port_wait,
		.handle = self->port,
		.deadline = ZX_TIME_INFINITE,
	};
}

FIXTURE_TEARDOWN(port)
{
	(void)zx_handle_close(self->port);
	(void)zx_handle_close(self->copy);
}

static zx_status_t queue(zx_handle_t port, uint64_t key)
{
	zx_port_packet_t packet = { .key = key };

	return zx_port_queue(port, &packet);
}

static void expect_key(zx_handle_t port, uint64_t key)
{
	zx_port_packet_t packet;

	ASSERT_OK(zx_port_wait(port, 0, &packet));
	EXPECT_EQ(key, packet.key);
}

static void expect_nothing(zx_handle_t port)
{
	zx_port_packet_t packet;

	poison(&packet, sizeof(packet));
	EXPECT_STATUS(ZX_ERR_TIMED_OUT, zx_port_wait(port, 0, &packet));
	EXPECT_TRUE(poisoned(&packet, sizeof(packet)));
}

/* An event whose signal is set: waiting for it queues a packet at once. */
static zx_handle_t signaled_event(void)
{
	zx_handle_t event;

	ASSERT_OK(zx_event_create(0, &event));
	ASSERT_OK(zx_object_signal(event, 0, SIGNAL));
	return event;
}

/* ---- create ----------------------------------------------------------- */

TEST(create_takes_the_one_option)
{
	static const struct {
		uint32_t options;
		zx_status_t status;
	} rows[] = {
		{ 0, ZX_OK },
		{ ZX_PORT_BIND_TO_INTERRUPT, ZX_OK },
		{ 2, ZX_ERR_INVALID_ARGS },
		{ 3, ZX_ERR_INVALID_ARGS },
		{ 1u << 31, ZX_ERR_INVALID_ARGS },
		{ ~0u, ZX_ERR_INVALID_ARGS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zx_handle_t h;

		zxtest_row("options %#x", rows[i].options);
		poison(&h, sizeof(h));
		EXPECT_STATUS(rows[i].status, zx_port_create(rows[i].options, &h));
		if (rows[i].status == ZX_OK) {
			EXPECT_OK(queue(h, 1));
			expect_key(h, 1);
			EXPECT_OK(zx_handle_close(h));
		} else {
			EXPECT_TRUE(poisoned(&h, sizeof(h)));
		}
	}
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_port_create(0, NULL));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_port_create(0, BAD));
	EXPECT_TRUE(wait_until(10, zxtest_objects_of("port") == 0));
}

/* ---- queue ------------------------------------------------------------ */

TEST_F(port, queue_checks_the_handle_then_the_packet)
{
	zx_port_packet_t packet = { 0 };
	zx_handle_t event, reader;

	ASSERT_OK(zx_event_create(0, &event));
	ASSERT_OK(zx_handle_duplicate(self->port, ZX_RIGHT_READ, &reader));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_port_queue(5, BAD));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_port_queue(0, &packet));
	EXPECT_STATUS(ZX_ERR_WRONG_TYPE, zx_port_queue(event, BAD));
	EXPECT_STATUS(ZX_ERR_ACCESS_DENIED, zx_port_queue(reader, BAD));
	EXPECT_STATUS(ZX_ERR_ACCESS_DENIED, zx_port_queue(reader, &packet));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_port_queue(self->port, BAD));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_port_queue(self->port, NULL));
	expect_nothing(self->port);
	EXPECT_OK(zx_handle_close(reader));
	EXPECT_OK(zx_handle_close(event));
}

TEST_F(port, a_packet_arrives_as_it_is_but_for_its_type)
{
	static const uint32_t types[] = {
		ZX_PKT_TYPE_USER, ZX_PKT_TYPE_SIGNAL_ONE, ZX_PKT_TYPE_GUEST_BELL,
		ZX_PKT_TYPE_GUEST_MEM, 0xff, 0x100, 1u << 31, ~0u,
	};
	static const zx_status_t statuses[] = { 0, -1, 1, INT32_MIN, INT32_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(types) * ARRAY_SIZE(statuses); i++) {
		zx_port_packet_t sent, seen;

		for (size_t b = 0; b < sizeof(sent); b++)
			((uint8_t *)&sent)[b] = b * 7 + i;
		sent.type = types[i % ARRAY_SIZE(types)];
		sent.status = statuses[i % ARRAY_SIZE(statuses)];
		zxtest_row("type %#x status %d", sent.type, sent.status);
		EXPECT_OK(zx_port_queue(self->port, &sent));
		poison(&seen, sizeof(seen));
		EXPECT_OK(zx_port_wait(self->port, 0, &seen));
		sent.type = ZX_PKT_TYPE_USER;
		EXPECT_BYTES(&sent, &seen, sizeof(seen));
	}
}

TEST_F(port, a_packet_is_copied_when_it_is_queued)
{
	zx_port_packet_t packet = { .key = 1 };

	ASSERT_OK(zx_port_queue(self->port, &packet));
	packet.key = 2;
	expect_key(self->port, 1);
}

TEST_F(port, packets_may_lie_anywhere_in_memory)
{
	uint8_t *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	zx_port_packet_t *last, *odd, sent = { .key = 9, .user.u64 = { 1, 2, 3, 4 } };

	ASSERT_NE(MAP_FAILED, (void *)pages);
	ASSERT_EQ(0, mprotect(pages + 4096, 4096, PROT_NONE));
	last = (void *)(pages + 4096 - sizeof(*last));
	odd = (void *)(pages + 1);
	memcpy(last, &sent, sizeof(sent));
	ASSERT_OK(zx_port_queue(self->port, last));
	ASSERT_OK(zx_port_wait(self->port, 0, odd));
	EXPECT_BYTES(&sent, odd, sizeof(sent));
	/* One byte behind the end is too much. */
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
		      zx_port_queue(self->port, (void *)((uint8_t *)last + 1)));
	expect_nothing(self->port);
}

/* ---- order ------------------------------------------------------------ */

TEST_F(port, packets_come_out_in_the_order_in_which_they_went_in)
{
	for (uint64_t i = 0; i < 1000; i++)
		ASSERT_OK(queue(i & 1 ? self->port : self->copy, i));
	for (uint64_t i = 0; i < 1000; i++)
		expect_key(i & 2 ? self->port : self->copy, i);
	expect_nothing(self->port);
}

/* A packet is queued when its signal matches, not when it is waited for. */
TEST_F(port, packets_of_users_and_of_signals_share_one_queue)
{
	zx_handle_t late, event = signaled_event();

	ASSERT_OK(zx_event_create(0, &late));
	ASSERT_OK(zx_object_wait_async(late, self->port, 5, SIGNAL, 0));
	ASSERT_OK(queue(self->port, 0));
	ASSERT_OK(zx_object_wait_async(event, self->port, 1, SIGNAL, 0));
	ASSERT_OK(queue(self->port, 2));
	ASSERT_OK(queue(self->port, 3));
	ASSERT_OK(zx_object_wait_async(event, self->port, 4, SIGNAL, 0));
	ASSERT_OK(zx_object_signal(late, 0, SIGNAL));
	ASSERT_OK(queue(self->port, 6));
	for (uint64_t i = 0; i < 7; i++) {
		zx_port_packet_t packet;
		bool user = i == 0 || i == 2 || i == 3 || i == 6;

		ASSERT_OK(zx_port_wait(self->port, 0, &packet));
		EXPECT_EQ(i, packet.key);
		EXPECT_EQ(user ? ZX_PKT_TYPE_USER : ZX_PKT_TYPE_SIGNAL_ONE,
			  packet.type);
	}
	EXPECT_OK(zx_handle_close(event));
	EXPECT_OK(zx_handle_close(late));
}

/* ---- the limit -------------------------------------------------------- */

static void fill(zx_handle_t port)
{
	for (uint64_t i = 0; i < FULL; i++) {
		zxtest_row("packet %llu", (unsigned long long)i);
		ASSERT_OK(queue(port, i));
	}
	zxtest_row_end();
	EXPECT_STATUS(ZX_ERR_SHOULD_WAIT, queue(port, 0));
}

TEST_F(port, more_than_4096_packets_make_the_next_wait)
{
	fill(self->port);
	EXPECT_STATUS(ZX_ERR_SHOULD_WAIT, queue(self->copy, 0));
	/* Two faults: the packet is read first. */
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_port_queue(self->port, BAD));
	/* One taken, one more fits. */
	for (uint64_t i = 0; i < 10; i++) {
		expect_key(self->port, i);
		EXPECT_OK(queue(self->port, FULL + i));
		EXPECT_STATUS(ZX_ERR_SHOULD_WAIT, queue(self->port, 0));
	}
	for (uint64_t i = 10; i < FULL + 10; i++)
		expect_key(self->port, i);
	expect_nothing(self->port);
	fill(self->port);
}

TEST_F(port, packets_of_signals_do_not_count)
{
	zx_handle_t event = signaled_event();
	zx_port_packet_t packet;

	for (int i = 0; i < 100; i++)
		ASSERT_OK(zx_object_wait_async(event, self->port, 7, SIGNAL, 0));
	fill(self->port);
	for (int i = 0; i < 100; i++)
		ASSERT_OK(zx_object_wait_async(event, self->port, 8, SIGNAL, 0));
	/* Nor do they make room when they are taken, or cancelled. */
	expect_key(self->port, 7);
	EXPECT_STATUS(ZX_ERR_SHOULD_WAIT, queue(self->port, 0));
	ASSERT_OK(zx_port_cancel(self->port, event, 7));
	EXPECT_STATUS(ZX_ERR_SHOULD_WAIT, queue(self->port, 0));
	for (uint64_t i = 0; i < FULL; i++)
		expect_key(self->port, i);
	for (int i = 0; i < 100; i++)
		expect_key(self->port, 8);
	EXPECT_STATUS(ZX_ERR_TIMED_OUT, zx_port_wait(self->port, 0, &packet));
	EXPECT_OK(zx_handle_close(event));
}

TEST_F(port, each_port_has_its_own_limit)
{
	zx_handle_t other;

	ASSERT_OK(zx_port_create(0, &other));
	fill(self->port);
	fill(other);
	EXPECT_OK(zx_handle_close(other));
}

/* ---- wait: without sleeping ------------------------------------------- */

TEST_F(port, wait_checks_the_handle_then_the_queue_then_the_address)
{
	zx_handle_t event, writer;
	zx_port_packet_t packet;

	ASSERT_OK(zx_event_create(0, &event));
	ASSERT_OK(zx_handle_duplicate(self->port, ZX_RIGHT_WRITE, &writer));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_port_wait(5, 0, BAD));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_port_wait(0, 0, &packet));
	EXPECT_STATUS(ZX_ERR_WRONG_TYPE, zx_port_wait(event, 0, BAD));
	EXPECT_STATUS(ZX_ERR_ACCESS_DENIED, zx_port_wait(writer, 0, BAD));
	EXPECT_STATUS(ZX_ERR_TIMED_OUT, zx_port_wait(self->port, 0, BAD));
	ASSERT_OK(queue(writer, 1));
	EXPECT_STATUS(ZX_ERR_ACCESS_DENIED, zx_port_wait(writer, 0, &packet));
	expect_key(self->port, 1);
	EXPECT_OK(zx_handle_close(writer));
	EXPECT_OK(zx_handle_close(event));
}

TEST_F(port, a_packet_that_cannot_be_written_is_lost)
{
	for (uint64_t i = 0; i < 4; i++)
		ASSERT_OK(queue(self->port, i));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_port_wait(self->port, 0, BAD));
	expect_key(self->port, 1);
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
		      zx_port_wait(self->port, ZX_TIME_INFINITE, NULL));
	expect_key(self->port, 3);
	expect_nothing(self->port);
}

TEST_F(port, a_packet_wins_over_a_deadline_that_has_passed)
{
	for (size_t i = 0; i < ARRAY_SIZE(past); i++) {
		zx_port_packet_t packet;

		zxtest_row("deadline %lld", (long long)past[i]);
		EXPECT_STATUS(ZX_ERR_TIMED_OUT,
			      zx_port_wait(self->port, past[i], &packet));
		ASSERT_OK(queue(self->port, i));
		EXPECT_OK(zx_port_wait(self->port, past[i], &packet));
		EXPECT_EQ(i, packet.key);
	}
	ASSERT_OK(queue(self->port, 7));
	EXPECT_OK(zx_port_wait(self->port, ZX_TIME_INFINITE, &self->s.packet));
}

TEST_F(port, wait_ends_at_its_deadline_and_not_before)
{
	zx_time_t deadline = zx_deadline_after(50 * MS);
	zx_port_packet_t packet;

	poison(&packet, sizeof(packet));
	EXPECT_STATUS(ZX_ERR_TIMED_OUT, zx_port_wait(self->port, deadline, &packet));
	EXPECT_LE(deadline, zx_clock_get_monotonic());
	EXPECT_TRUE(poisoned(&packet, sizeof(packet)));
}

/* ---- wait: asleep ----------------------------------------------------- */

TEST_F(port, wait_ends_with_a_packet_of_a_user)
{
	struct sleeper *s = &self->s;

	sleeper_start(s);
	ASSERT_OK(queue(self->copy, 42));
	EXPECT_STATUS(ZX_OK, sleeper_end(s));
	EXPECT_EQ(42u, s->packet.key);
	expect_nothing(self->port);
}

TEST_F(port, wait_ends_with_a_packet_of_a_signal)
{
	struct sleeper *s = &self->s;
	zx_handle_t event;

	ASSERT_OK(zx_event_create(0, &event));
	ASSERT_OK(zx_object_wait_async(event, self->port, 43, SIGNAL, 0));
	sleeper_start(s);
	ASSERT_OK(zx_object_signal(event, 0, SIGNAL));
	EXPECT_STATUS(ZX_OK, sleeper_end(s));
	EXPECT_EQ(43u, s->packet.key);
	EXPECT_OK(zx_handle_close(event));
}

static int sleepers_done(struct sleeper *s, int count)
{
	int done = 0;

	for (int i = 0; i < count; i++)
		done += sleeper_done(&s[i]);
	return done;
}

TEST_F(port, one_packet_ends_one_wait)
{
	enum { THREADS = 4 };
	struct sleeper s[THREADS];
	uint64_t keys = 0;

	for (int i = 0; i < THREADS; i++) {
		s[i] = self->s;
		s[i].handle = i & 1 ? self->port : self->copy;
		sleeper_start(&s[i]);
	}
	for (int n = 1; n <= THREADS; n++) {
		zxtest_row("packet %d", n);
		ASSERT_OK(queue(self->port, n));
		/* One that another CPU is to wake still looks asleep for a moment. */
		ASSERT_TRUE(wait_until(SLEEPER_LIMIT, sleepers_done(s, THREADS) >= n));
		for (int i = 0; i < THREADS; i++)
			ASSERT_TRUE(wait_until(SLEEPER_LIMIT, sleeper_done(&s[i]) ||
					       sleeper_in_call(&s[i])));
		EXPECT_EQ(n, sleepers_done(s, THREADS));
	}
	for (int i = 0; i < THREADS; i++) {
		EXPECT_STATUS(ZX_OK, sleeper_end(&s[i]));
		keys |= 1ull << s[i].packet.key;
	}
	EXPECT_EQ(0x1eull, keys);
	expect_nothing(self->port);
}

/* Of the tests above: they look at threads that may end in that moment. */
TEST_F(port, a_thread_that_has_ended_sleeps_in_no_call)
{
	struct sleeper *s = &self->s;
	char path[64];

	sleeper_start(s);
	EXPECT_TRUE(sleeper_in_call(s));
	ASSERT_OK(queue(self->port, 1));
	EXPECT_STATUS(ZX_OK, sleeper_end(s));
	snprintf(path, sizeof(path), "/proc/self/task/%d", s->tid);
	ASSERT_TRUE(wait_until(SLEEPER_LIMIT, access(path, F_OK)));
	EXPECT_FALSE(sleeper_in_call(s));
}

static volatile int handled;

static void on_signal(int sig)
{
	(void)sig;
	handled = handled + 1;
}

TEST_F(port, wait_goes_on_after_a_linux_signal)
{
	struct sleeper *s = &self->s;

	ASSERT_NE(SIG_ERR, signal(SIGUSR1, on_signal));
	sleeper_start(s);
	for (int i = 0; i < 10; i++) {
		int before = handled;

		ASSERT_EQ(0, pthread_kill(s->thread, SIGUSR1));
		ASSERT_TRUE(wait_until(SLEEPER_LIMIT, handled > before));
		EXPECT_TRUE(sleeper_sleeps(s));
	}
	ASSERT_OK(queue(self->port, 1));
	EXPECT_STATUS(ZX_OK, sleeper_end(s));
	EXPECT_EQ(1u, s->packet.key);
}

static void make_waiting_port(struct sleeper *s)
{
	ASSERT_OK(zx_port_create(0, &s->handle));
	s->call = sleep_port_wait;
}

TEST_TIMEOUT(sigkill_ends_a_wait, 60)
{
	sleeper_expect_killed(make_waiting_port, "port");
}

/* ---- close ------------------------------------------------------------ */

TEST_F(port, closing_the_handle_does_not_end_a_wait)
{
	struct sleeper *s = &self->s;

	sleeper_start(s);
	ASSERT_OK(zx_handle_close(self->port));
	EXPECT_TRUE(sleeper_sleeps(s));
	/* The port is there still, by its other handle. */
	ASSERT_OK(queue(self->copy, 3));
	EXPECT_STATUS(ZX_OK, sleeper_end(s));
	EXPECT_EQ(3u, s->packet.key);
}

TEST_F(port, closing_the_last_handle_does_not_end_a_wait_before_its_deadline)
{
	struct sleeper *s = &self->s;

	sleeper_start_for(s, 3000 * MS);
	ASSERT_OK(zx_handle_close(self->port));
	ASSERT_OK(zx_handle_close(self->copy));
	EXPECT_TRUE(sleeper_sleeps(s));
	EXPECT_EQ(1, zxtest_objects_of("port"));
	EXPECT_STATUS(ZX_ERR_TIMED_OUT, sleeper_end(s));
	EXPECT_LE(s->deadline, s->end);
	EXPECT_TRUE(wait_until(10, zxtest_objects_of("port") == 0));
}

TEST_F(port, closing_the_last_handle_frees_what_is_queued)
{
	zx_handle_t event = signaled_event();

	fill(self->port);
	ASSERT_OK(zx_object_wait_async(event, self->port, 1, SIGNAL, 0));
	ASSERT_OK(zx_handle_close(self->copy));
	expect_key(self->port, 0);
	ASSERT_OK(zx_handle_close(self->port));
	EXPECT_TRUE(wait_until(10, zxtest_objects_of("port") == 0));
	EXPECT_OK(zx_handle_close(event));
}

TEST_F(port, a_closed_handle_cannot_be_used)
{
	zx_port_packet_t packet;

	ASSERT_OK(queue(self->copy, 1));
	ASSERT_OK(zx_handle_close(self->port));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, queue(self->port, 0));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_port_wait(self->port, 0, &packet));
	expect_key(self->copy, 1);
}

TEST_HARNESS_MAIN
