// SPDX-License-Identifier: MIT
/* Threads that wait for signals: of one object, and of many. */
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>
#include <zx_hyp/fd.h>
#include <zx_hyp/zx_hyp.h>

#include "sleeper.h"

#define BAD	((void *)0x10)		/* nothing is mapped there */
#define SAME	ZX_RIGHT_SAME_RIGHTS
#define USER(n)	((zx_signals_t)1 << (24 + (n)))
#define MS	((zx_duration_t)1000000)
#define CLOSED	ZX_SIGNAL_HANDLE_CLOSED

/* Deadlines that do not wait. */
static const zx_time_t past[] = { 0, 1, -1, INT64_MIN, 1000000 };

/* An object that cannot be waited for, with a handle that has the right. */
static zx_handle_t waits_in_vain(void)
{
	zx_handle_t h;

	ASSERT_OK(zx_hyp_rights_level(ZX_HYP_LEVEL_2018));
	h = hypervisor_resource();
	ASSERT_OK(zx_hyp_rights_level(ZX_HYP_LEVEL_2024));
	return h;
}

FIXTURE(wait) {
	zx_handle_t event, copy;	/* two handles of it */
	struct sleeper s;		/* one that waits for USER(0) for ever */
};

FIXTURE_SETUP(wait)
{
	ASSERT_OK(zx_event_create(0, &self->event));
	ASSERT_OK(zx_handle_duplicate(self->event, SAME, &self->copy));
	self->s = (struct sleeper){
		.call = sleep_wait_one,
		.handle = self->event,
		.signals = USER(0),
		.deadline = ZX_TIME_INFINITE,
	};
}

FIXTURE_TEARDOWN(wait)
{
	(void)zx_handle_close(self->event);
	(void)zx_handle_close(self->copy);
}

/* ---- wait_one: without sleeping --------------------------------------- */

/* Handle, right, kind; the result's address when there is a result. */
TEST_F(wait, one_checks_in_zircons_order)
{
	zx_handle_t vain = waits_in_vain(), blind;

	ASSERT_OK(zx_handle_duplicate(self->event, ZX_RIGHT_SIGNAL, &blind));
	ASSERT_OK(zx_object_signal(self->event, 0, USER(0)));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_object_wait_one(5, USER(0), 0, BAD));
	EXPECT_STATUS(ZX_ERR_ACCESS_DENIED,
		      zx_object_wait_one(blind, USER(0), 0, BAD));
	EXPECT_STATUS(ZX_ERR_NOT_SUPPORTED,
		      zx_object_wait_one(vain, USER(0), 0, BAD));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
		      zx_object_wait_one(self->event, USER(0), 0, BAD));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
		      zx_object_wait_one(self->event, USER(1), 0, BAD));
	EXPECT_OK(zx_handle_close(blind));
	EXPECT_OK(zx_handle_close(vain));
}

TEST_F(wait, one_of_objects_without_signals_lacks_the_right)
{
	zx_handle_t guest, vmar, port, resource = hypervisor_resource();

	guest_create(&guest, &vmar);
	ASSERT_OK(zx_port_create(0, &port));
	EXPECT_STATUS(ZX_ERR_ACCESS_DENIED, zx_object_wait_one(guest, ~0u, 0, NULL));
	EXPECT_STATUS(ZX_ERR_ACCESS_DENIED, zx_object_wait_one(vmar, ~0u, 0, NULL));
	EXPECT_STATUS(ZX_ERR_ACCESS_DENIED, zx_object_wait_one(port, ~0u, 0, NULL));
	EXPECT_STATUS(ZX_ERR_ACCESS_DENIED,
		      zx_object_wait_one(resource, ~0u, 0, NULL));
}

TEST_F(wait, one_ends_at_once_when_any_signal_is_set)
{
	static const struct {
		zx_signals_t set, waited;
		zx_status_t status;
	} rows[] = {
		{ 0, 0, ZX_ERR_TIMED_OUT },
		{ 0, USER(0), ZX_ERR_TIMED_OUT },
		{ 0, ~0u, ZX_ERR_TIMED_OUT },
		{ USER(0), 0, ZX_ERR_TIMED_OUT },
		{ USER(0), USER(0), ZX_OK },
		{ USER(0), USER(1), ZX_ERR_TIMED_OUT },
		{ USER(0), ~USER(0), ZX_ERR_TIMED_OUT },
		{ USER(0), USER(1) | USER(0), ZX_OK },
		{ USER(0) | USER(1), USER(1), ZX_OK },
		{ USER(0) | ZX_EVENT_SIGNALED, ZX_EVENT_SIGNALED, ZX_OK },
		{ USER(7), ~0u, ZX_OK },
		/* Nobody sets this, so nobody waits for it. */
		{ USER(0), ZX_SIGNAL_HANDLE_CLOSED, ZX_ERR_TIMED_OUT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ASSERT_OK(zx_object_signal(self->event,
					   ZX_USER_SIGNAL_ALL | ZX_EVENT_SIGNALED,
					   rows[i].set));
		for (size_t d = 0; d < ARRAY_SIZE(past); d++) {
			zx_signals_t observed = 77;

			zxtest_row("%#x of %#x until %lld", rows[i].waited,
				   rows[i].set, (long long)past[d]);
			EXPECT_STATUS(rows[i].status,
				      zx_object_wait_one(self->event, rows[i].waited,
							 past[d], &observed));
			/* All of them, whatever the call says. */
			EXPECT_EQ(rows[i].set, observed);
			EXPECT_STATUS(rows[i].status,
				      zx_object_wait_one(self->event, rows[i].waited,
							 past[d], NULL));
		}
		if (rows[i].status == ZX_OK)
			EXPECT_OK(zx_object_wait_one(self->event, rows[i].waited,
						     ZX_TIME_INFINITE, NULL));
	}
}

/* ---- wait_one: asleep ------------------------------------------------- */

TEST_F(wait, one_ends_at_its_deadline_and_not_before)
{
	zx_time_t deadline = zx_deadline_after(50 * MS);
	zx_signals_t observed = 77;

	ASSERT_OK(zx_object_signal(self->event, 0, USER(1)));
	EXPECT_STATUS(ZX_ERR_TIMED_OUT,
		      zx_object_wait_one(self->event, USER(0), deadline, &observed));
	EXPECT_LE(deadline, zx_clock_get_monotonic());
	EXPECT_EQ(USER(1), observed);
}

TEST_F(wait, one_ends_with_the_signal)
{
	struct sleeper *s = &self->s;

	sleeper_start(s);
	ASSERT_OK(zx_object_signal(self->copy, 0, USER(0) | USER(4)));
	EXPECT_STATUS(ZX_OK, sleeper_end(s));
	EXPECT_EQ(USER(0) | USER(4), s->observed);
}

TEST_F(wait, one_sleeps_through_other_signals)
{
	struct sleeper *s = &self->s;

	sleeper_start(s);
	for (int n = 1; n < 8; n++) {
		zxtest_row("signal %d", n);
		ASSERT_OK(zx_object_signal(self->event, 0, USER(n)));
		EXPECT_TRUE(sleeper_sleeps(s));
	}
	ASSERT_OK(zx_object_signal(self->event, USER(1), USER(0)));
	EXPECT_STATUS(ZX_OK, sleeper_end(s));
	EXPECT_EQ(ZX_USER_SIGNAL_ALL & ~USER(1), s->observed);
}

/* What was set for a moment is seen, however late the thread wakes. */
TEST_F(wait, one_sees_a_signal_that_is_cleared_again)
{
	struct sleeper *s = &self->s;

	for (int i = 0; i < 200; i++) {
		zxtest_row("round %d", i);
		sleeper_start(s);
		ASSERT_OK(zx_object_signal(self->event, 0, USER(0)));
		ASSERT_OK(zx_object_signal(self->event, USER(0), 0));
		EXPECT_STATUS(ZX_OK, sleeper_end(s));
		EXPECT_EQ(USER(0), s->observed);
	}
}

TEST_F(wait, one_signal_ends_the_waits_of_all)
{
	struct sleeper s[4];

	for (int i = 0; i < 4; i++) {
		s[i] = self->s;
		s[i].handle = i & 1 ? self->event : self->copy;
		sleeper_start(&s[i]);
	}
	ASSERT_OK(zx_object_signal(self->event, 0, USER(0)));
	for (int i = 0; i < 4; i++) {
		zxtest_row("thread %d", i);
		EXPECT_STATUS(ZX_OK, sleeper_end(&s[i]));
	}
}

TEST(one_ends_when_the_peer_is_closed)
{
	struct sleeper s = {
		.call = sleep_wait_one,
		.signals = ZX_EVENTPAIR_PEER_CLOSED,
		.deadline = ZX_TIME_INFINITE,
	};
	zx_handle_t peer;

	ASSERT_OK(zx_eventpair_create(0, &s.handle, &peer));
	sleeper_start(&s);
	ASSERT_OK(zx_object_signal_peer(peer, 0, USER(0)));
	EXPECT_TRUE(sleeper_sleeps(&s));
	ASSERT_OK(zx_handle_close(peer));
	EXPECT_STATUS(ZX_OK, sleeper_end(&s));
	EXPECT_EQ(ZX_EVENTPAIR_PEER_CLOSED | USER(0), s.observed);
}

/* ---- wait_one: its handle is closed ----------------------------------- */

TEST_F(wait, one_is_canceled_when_its_handle_is_closed)
{
	struct sleeper *s = &self->s;

	ASSERT_OK(zx_object_signal(self->event, 0, USER(3)));
	sleeper_start(s);
	ASSERT_OK(zx_handle_close(self->event));
	EXPECT_STATUS(ZX_ERR_CANCELED, sleeper_end(s));
	EXPECT_EQ(CLOSED | USER(3), s->observed);
	/* The object has no such signal. */
	EXPECT_STATUS(ZX_ERR_TIMED_OUT,
		      zx_object_wait_one(self->copy, CLOSED, 0, &s->observed));
	EXPECT_EQ(USER(3), s->observed);
}

TEST_F(wait, one_sleeps_on_when_another_handle_is_closed)
{
	struct sleeper *s = &self->s;

	sleeper_start(s);
	ASSERT_OK(zx_handle_close(self->copy));
	EXPECT_TRUE(sleeper_sleeps(s));
	ASSERT_OK(zx_object_signal(self->event, 0, USER(0)));
	EXPECT_STATUS(ZX_OK, sleeper_end(s));
	EXPECT_EQ(USER(0), s->observed);
}

TEST_F(wait, one_is_canceled_with_the_last_handle)
{
	struct sleeper *s = &self->s;

	ASSERT_OK(zx_handle_close(self->copy));
	sleeper_start(s);
	ASSERT_OK(zx_handle_close(self->event));
	EXPECT_STATUS(ZX_ERR_CANCELED, sleeper_end(s));
	EXPECT_TRUE(wait_until(10, zxtest_objects_of("event") == 0));
}

static void replace_handle(zx_handle_t h)
{
	ASSERT_OK(zx_handle_replace(h, SAME, &h));
}

static void replace_handle_badly(zx_handle_t h)
{
	ASSERT_STATUS(ZX_ERR_INVALID_ARGS, zx_handle_replace(h, SAME, BAD));
}

static void export_handle(zx_handle_t h)
{
	int fd;

	ASSERT_OK(zx_hyp_handle_export(h, &fd));
	ASSERT_EQ(0, close(fd));
}

static void close_among_many(zx_handle_t h)
{
	zx_handle_t many[] = { 0, 5, h };

	ASSERT_STATUS(ZX_ERR_BAD_HANDLE, zx_handle_close_many(many, 3));
}

TEST(one_is_canceled_however_its_handle_goes)
{
	static void (*const ways[])(zx_handle_t h) = {
		replace_handle, replace_handle_badly, export_handle,
		close_among_many,
	};

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct sleeper s = {
			.call = sleep_wait_one,
			.signals = USER(0),
			.deadline = ZX_TIME_INFINITE,
		};

		zxtest_row("way %zu", i);
		ASSERT_OK(zx_event_create(0, &s.handle));
		sleeper_start(&s);
		ways[i](s.handle);
		EXPECT_STATUS(ZX_ERR_CANCELED, sleeper_end(&s));
		EXPECT_EQ(CLOSED, s.observed);
	}
}

/* ---- Linux signals ---------------------------------------------------- */

static volatile int handled;

static void on_signal(int sig)
{
	(void)sig;
	handled = handled + 1;
}

/* Until its handler has run, and the thread sleeps again. */
static void interrupt_sleeper(struct sleeper *s)
{
	int before = handled;

	ASSERT_EQ(0, pthread_kill(s->thread, SIGUSR1));
	ASSERT_TRUE(wait_until(SLEEPER_LIMIT, handled > before));
	EXPECT_TRUE(sleeper_sleeps(s));
}

TEST_F(wait, one_goes_on_after_a_linux_signal)
{
	struct sleeper *s = &self->s;

	ASSERT_NE(SIG_ERR, signal(SIGUSR1, on_signal));
	sleeper_start(s);
	for (int i = 0; i < 10; i++)
		interrupt_sleeper(s);
	ASSERT_OK(zx_object_signal(self->event, 0, USER(0)));
	EXPECT_STATUS(ZX_OK, sleeper_end(s));
	EXPECT_EQ(USER(0), s->observed);
}

TEST_F(wait, one_keeps_its_deadline_over_linux_signals)
{
	struct sleeper *s = &self->s;

	ASSERT_NE(SIG_ERR, signal(SIGUSR1, on_signal));
	sleeper_start_for(s, 500 * MS);
	/* One that began anew with each signal would never end. */
	while (!sleeper_done(s)) {
		ASSERT_EQ(0, pthread_kill(s->thread, SIGUSR1));
		zxtest_relax();
	}
	EXPECT_STATUS(ZX_ERR_TIMED_OUT, sleeper_end(s));
	EXPECT_LE(s->deadline, s->end);
}

static void make_waiting(struct sleeper *s)
{
	ASSERT_OK(zx_event_create(0, &s->handle));
	s->call = sleep_wait_one;
	s->signals = USER(0);
}

TEST_TIMEOUT(sigkill_ends_a_wait, 60)
{
	sleeper_expect_killed(make_waiting, "event");
}

/* ---- wait_many -------------------------------------------------------- */

FIXTURE(many) {
	zx_handle_t event[64];
	zx_wait_item_t items[65];
};

FIXTURE_SETUP(many)
{
	for (int i = 0; i < 64; i++) {
		ASSERT_OK(zx_event_create(0, &self->event[i]));
		self->items[i] = (zx_wait_item_t){
			.handle = self->event[i],
			.waitfor = USER(0),
			.pending = 77,
		};
	}
}

FIXTURE_TEARDOWN(many)
{
	(void)zx_handle_close_many(self->event, 64);
}

TEST(many_of_nothing_sleeps_until_its_deadline)
{
	zx_time_t deadline = zx_deadline_after(50 * MS);

	for (size_t i = 0; i < ARRAY_SIZE(past); i++)
		EXPECT_STATUS(ZX_ERR_TIMED_OUT, zx_object_wait_many(BAD, 0, past[i]));
	EXPECT_STATUS(ZX_ERR_TIMED_OUT, zx_object_wait_many(NULL, 0, deadline));
	EXPECT_LE(deadline, zx_clock_get_monotonic());
}

TEST_F(many, takes_64_items)
{
	for (size_t n = 1; n <= 64; n++) {
		zxtest_row("%zu items", n);
		EXPECT_STATUS(ZX_ERR_TIMED_OUT,
			      zx_object_wait_many(self->items, n, 0));
	}
	self->items[64] = self->items[0];
	EXPECT_STATUS(ZX_ERR_OUT_OF_RANGE, zx_object_wait_many(self->items, 65, 0));
}

/* Count, address, then each item in its turn: handle, right, kind. */
TEST_F(many, checks_in_zircons_order)
{
	static const struct {
		int kind[3];		/* of the items */
		zx_status_t status;
	} rows[] = {
		{ { 0, 0, 0 }, ZX_OK },
		{ { 1, 2, 3 }, ZX_ERR_BAD_HANDLE },
		{ { 2, 1, 3 }, ZX_ERR_ACCESS_DENIED },
		{ { 3, 2, 1 }, ZX_ERR_NOT_SUPPORTED },
		{ { 0, 1, 2 }, ZX_ERR_BAD_HANDLE },
		{ { 0, 2, 1 }, ZX_ERR_ACCESS_DENIED },
		{ { 0, 0, 3 }, ZX_ERR_NOT_SUPPORTED },
		{ { 4, 0, 0 }, ZX_ERR_BAD_HANDLE },
	};
	zx_handle_t kinds[5] = { self->event[0], 5, 0, waits_in_vain(), 0 };

	ASSERT_OK(zx_handle_duplicate(self->event[1], ZX_RIGHT_SIGNAL, &kinds[2]));
	ASSERT_OK(zx_object_signal(self->event[0], 0, USER(0)));
	EXPECT_STATUS(ZX_ERR_OUT_OF_RANGE, zx_object_wait_many(BAD, 65, 0));
	EXPECT_STATUS(ZX_ERR_OUT_OF_RANGE, zx_object_wait_many(NULL, SIZE_MAX, 0));
	EXPECT_STATUS(ZX_ERR_OUT_OF_RANGE,
		      zx_object_wait_many(self->items, 1ull << 32, 0));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_object_wait_many(BAD, 1, 0));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_object_wait_many(NULL, 64, 0));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zxtest_row("row %zu", i);
		for (int k = 0; k < 3; k++) {
			self->items[k].handle = kinds[rows[i].kind[k]];
			self->items[k].pending = 77;
		}
		EXPECT_STATUS(rows[i].status, zx_object_wait_many(self->items, 3, 0));
		for (int k = 0; k < 3; k++)
			EXPECT_EQ(rows[i].status == ZX_OK ? USER(0) : 77,
				  self->items[k].pending);
	}
}

TEST_F(many, writes_back_what_every_object_asserts)
{
	for (int timed_out = 0; timed_out < 2; timed_out++) {
		zxtest_row("timed out: %d", timed_out);
		for (int i = 0; i < 64; i++) {
			self->items[i].pending = 77;
			ASSERT_OK(zx_object_signal(self->event[i], 0,
						   USER(1 + i % 7)));
		}
		if (!timed_out)
			self->items[40].waitfor = ~0u;
		EXPECT_STATUS(timed_out ? ZX_ERR_TIMED_OUT : ZX_OK,
			      zx_object_wait_many(self->items, 64, 0));
		for (int i = 0; i < 64; i++) {
			EXPECT_EQ(USER(1 + i % 7), self->items[i].pending);
			EXPECT_EQ(self->event[i], self->items[i].handle);
		}
		self->items[40].waitfor = USER(0);
	}
}

TEST_F(many, takes_one_object_as_often_as_it_is_named)
{
	ASSERT_OK(zx_object_signal(self->event[0], 0, USER(2)));
	self->items[1] = self->items[2] = self->items[0];
	self->items[2].waitfor = USER(2);
	EXPECT_OK(zx_object_wait_many(self->items, 3, ZX_TIME_INFINITE));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(USER(2), self->items[i].pending);
}

TEST_F(many, ends_at_its_deadline_and_not_before)
{
	zx_time_t deadline = zx_deadline_after(50 * MS);

	EXPECT_STATUS(ZX_ERR_TIMED_OUT,
		      zx_object_wait_many(self->items, 64, deadline));
	EXPECT_LE(deadline, zx_clock_get_monotonic());
	EXPECT_EQ(0u, self->items[63].pending);
}

TEST_F(many, ends_with_the_signal_of_any)
{
	static const int rows[] = { 0, 31, 63 };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sleeper s = {
			.call = sleep_wait_many,
			.items = self->items,
			.count = 64,
			.deadline = ZX_TIME_INFINITE,
		};
		zx_handle_t event = self->event[rows[i]];

		zxtest_row("item %d", rows[i]);
		sleeper_start(&s);
		ASSERT_OK(zx_object_signal(event, 0, USER(1)));
		EXPECT_TRUE(sleeper_sleeps(&s));
		ASSERT_OK(zx_object_signal(event, 0, USER(0)));
		EXPECT_STATUS(ZX_OK, sleeper_end(&s));
		for (int k = 0; k < 64; k++)
			EXPECT_EQ(k == rows[i] ? USER(0) | USER(1) : 0,
				  self->items[k].pending);
		ASSERT_OK(zx_object_signal(event, ZX_USER_SIGNAL_ALL, 0));
	}
}

TEST_F(many, is_canceled_when_one_handle_is_closed)
{
	struct sleeper s = {
		.call = sleep_wait_many,
		.items = self->items,
		.count = 64,
		.deadline = ZX_TIME_INFINITE,
	};

	ASSERT_OK(zx_object_signal(self->event[3], 0, USER(3)));
	sleeper_start(&s);
	ASSERT_OK(zx_handle_close(self->event[20]));
	EXPECT_STATUS(ZX_ERR_CANCELED, sleeper_end(&s));
	for (int i = 0; i < 64; i++)
		EXPECT_EQ(i == 20 ? CLOSED : i == 3 ? USER(3) : 0,
			  self->items[i].pending);
}

/* They can be read, but what they are to tell cannot be written. */
TEST_F(many, refuses_items_that_cannot_be_written)
{
	zx_wait_item_t *items = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, (void *)items);
	items[0] = self->items[0];
	ASSERT_EQ(0, mprotect(items, 4096, PROT_READ));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_object_wait_many(items, 1, 0));
	ASSERT_OK(zx_object_signal(self->event[0], 0, USER(0)));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_object_wait_many(items, 1, 0));
	EXPECT_EQ(77u, items[0].pending);
}

static zx_wait_item_t killed_items[64];

static void make_waiting_for_many(struct sleeper *s)
{
	for (int i = 0; i < 64; i++) {
		ASSERT_OK(zx_event_create(0, &killed_items[i].handle));
		killed_items[i].waitfor = USER(0);
	}
	s->call = sleep_wait_many;
	s->items = killed_items;
	s->count = 64;
}

TEST_TIMEOUT(sigkill_ends_a_wait_for_many, 60)
{
	sleeper_expect_killed(make_waiting_for_many, "event");
}

TEST_F(many, goes_on_after_a_linux_signal)
{
	struct sleeper s = {
		.call = sleep_wait_many,
		.items = self->items,
		.count = 64,
		.deadline = ZX_TIME_INFINITE,
	};

	ASSERT_NE(SIG_ERR, signal(SIGUSR1, on_signal));
	sleeper_start(&s);
	for (int i = 0; i < 10; i++)
		interrupt_sleeper(&s);
	ASSERT_OK(zx_object_signal(self->event[63], 0, USER(0)));
	EXPECT_STATUS(ZX_OK, sleeper_end(&s));
}

TEST_HARNESS_MAIN
