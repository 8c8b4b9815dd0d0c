// SPDX-License-Identifier: MIT
/*
 * Waits for signals, and handles that go away under them: nobody sleeps on who
 * should wake, and nobody learns anything but that the handle was closed.
 */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>
#include <zircon/time.h>
#include <zx_hyp/fd.h>

#include "calls.h"
#include "guest/vm.h"
#include "race.h"
#include "zxtest.h"

#define EVER		ZX_TIME_INFINITE
#define SIGNAL		ZX_USER_SIGNAL_0
#define ANSWER		ZX_USER_SIGNAL_1
#define CLOSED		ZX_SIGNAL_HANDLE_CLOSED
#define POISON32	0xa5a5a5a5u

/* ---- a handle goes away ------------------------------------------------- */

/**
 * struct wait - a wait and what ends it
 * @h: handles of three events
 * @item: of a wait for all of them
 * @observed: of a wait for the first
 * @status: of the wait
 * @gone: of what took the first handle away
 * @end: takes it away
 * @cancelled: waits that had begun
 */
struct wait {
	zx_handle_t h[3];
	zx_wait_item_t item[3];
	zx_signals_t observed;
	zx_status_t status, gone;
	zx_status_t (*end)(zx_handle_t *h);
	unsigned int cancelled;
};

static void begin_events(void *ctx)
{
	struct wait *w = ctx;

	for (int i = 0; i < 3; i++) {
		ASSERT_OK(zx_event_create(0, &w->h[i]));
		w->item[i] = (zx_wait_item_t){ w->h[i], SIGNAL, POISON32 };
	}
	w->observed = POISON32;
}

static void wait_for_one(void *ctx)
{
	struct wait *w = ctx;

	w->status = zx_object_wait_one(w->item[0].handle, SIGNAL, EVER,
				       &w->observed);
}

/* The one that goes away lies in the middle. */
static void wait_for_many(void *ctx)
{
	struct wait *w = ctx;
	zx_wait_item_t first = w->item[0];

	w->item[0] = w->item[1];
	w->item[1] = first;
	w->status = zx_object_wait_many(w->item, 3, EVER);
}

static zx_status_t by_close(zx_handle_t *h)
{
	return zx_handle_close(*h);
}

static zx_status_t by_close_many(zx_handle_t *h)
{
	zx_handle_t both[] = { 0, *h };

	return zx_handle_close_many(both, 2);
}

static zx_status_t by_replace(zx_handle_t *h)
{
	return zx_handle_replace(*h, ZX_RIGHT_SAME_RIGHTS, h);
}

/* Consumed, although it fails. */
static zx_status_t by_failing_replace(zx_handle_t *h)
{
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
		      zx_handle_replace(*h, ZX_RIGHT_MAP, h));
	return ZX_OK;
}

static zx_status_t by_export(zx_handle_t *h)
{
	int fd = -1;
	zx_status_t status = zx_hyp_handle_export(*h, &fd);

	if (status == ZX_OK)
		EXPECT_EQ(0, close(fd));
	return status;
}

static const struct {
	const char *name;
	zx_status_t (*end)(zx_handle_t *h);
	bool lives;			/* there is a handle afterwards */
} ends[] = {
	{ "close", by_close, false },
	{ "close_many", by_close_many, false },
	{ "replace", by_replace, true },
	{ "failing replace", by_failing_replace, false },
	{ "export", by_export, false },
};

static void take_away(void *ctx)
{
	struct wait *w = ctx;

	w->gone = w->end(&w->h[0]);
}

/* Closes what is left of the events. */
static void end_events(struct wait *w)
{
	for (size_t e = 0; e < ARRAY_SIZE(ends); e++)
		if (ends[e].end == w->end && ends[e].lives)
			EXPECT_OK(zx_handle_close(w->h[0]));
	EXPECT_OK(zx_handle_close(w->h[1]));
	EXPECT_OK(zx_handle_close(w->h[2]));
}

static void judge_one(void *ctx)
{
	bool began;
	struct wait *w = ctx;

	EXPECT_OK(w->gone);
	began = w->status == ZX_ERR_CANCELED;
	EXPECT_STATUS(began ? ZX_ERR_CANCELED : ZX_ERR_BAD_HANDLE, w->status);
	EXPECT_EQ(began ? CLOSED : POISON32, w->observed);
	w->cancelled += began;
	end_events(w);
}

static void judge_many(void *ctx)
{
	bool began;
	struct wait *w = ctx;

	EXPECT_OK(w->gone);
	began = w->status == ZX_ERR_CANCELED;
	EXPECT_STATUS(began ? ZX_ERR_CANCELED : ZX_ERR_BAD_HANDLE, w->status);
	EXPECT_EQ(began ? 0 : POISON32, w->item[0].pending);
	EXPECT_EQ(began ? CLOSED : POISON32, w->item[1].pending);
	EXPECT_EQ(began ? 0 : POISON32, w->item[2].pending);
	w->cancelled += began;
	end_events(w);
}

static void race_with_ends(const struct race *race)
{
	for (size_t e = 0; e < ARRAY_SIZE(ends); e++) {
		struct wait w = { .end = ends[e].end };

		zxtest_row("%s", ends[e].name);
		race_run(race, &w);
		TH_LOG("%s: %u of %u waits had begun", ends[e].name,
		       w.cancelled, race->rounds);
	}
}

TEST_TIMEOUT(a_handle_goes_away_under_a_wait_for_one, 600)
{
	const struct race race = {
		scaled(1000, 64), begin_events, wait_for_one, take_away,
		judge_one,
	};

	race_with_ends(&race);
}

TEST_TIMEOUT(a_handle_goes_away_under_a_wait_for_many, 600)
{
	const struct race race = {
		scaled(1000, 64), begin_events, wait_for_many, take_away,
		judge_many,
	};

	race_with_ends(&race);
}

/* ---- a handle goes away as its object is signalled ---------------------- */

struct both {
	zx_handle_t kept, closed;
	zx_signals_t observed;
	zx_status_t waited;
	unsigned int outcomes[2];
	pthread_t waiter;
	atomic_int tid;
};

static void *wait_through_closed(void *arg)
{
	struct both *b = arg;

	atomic_store(&b->tid, thread_id());
	b->waited = zx_object_wait_one(b->closed, SIGNAL, EVER, &b->observed);
	return NULL;
}

static void begin_sleeper(void *ctx)
{
	struct both *b = ctx;

	ASSERT_OK(zx_object_signal(b->kept, SIGNAL, 0));
	ASSERT_OK(zx_handle_duplicate(b->kept, ZX_RIGHT_SAME_RIGHTS,
				      &b->closed));
	b->observed = 0;
	atomic_store(&b->tid, 0);
	thread_start(&b->waiter, wait_through_closed, b);
	ASSERT_TRUE(wait_until(RACE_LIMIT, zxtest_thread_in_ioctl(b->tid)));
}

static void signal_kept(void *ctx)
{
	struct both *b = ctx;

	EXPECT_OK(zx_object_signal(b->kept, 0, SIGNAL));
}

static void close_closed(void *ctx)
{
	struct both *b = ctx;

	EXPECT_OK(zx_handle_close(b->closed));
}

/* Whichever came first woke it. */
static void judge_woken(void *ctx)
{
	struct both *b = ctx;

	thread_join(b->waiter);
	if (b->waited == ZX_OK) {
		EXPECT_EQ(SIGNAL, b->observed);
	} else {
		EXPECT_STATUS(ZX_ERR_CANCELED, b->waited);
		EXPECT_EQ(CLOSED, b->observed & CLOSED);
	}
	b->outcomes[b->waited != ZX_OK]++;
}

TEST_TIMEOUT(a_handle_goes_away_as_its_object_is_signalled, 600)
{
	const struct race race = {
		scaled(1000, 64), begin_sleeper, signal_kept, close_closed,
		judge_woken,
	};
	struct both b = { 0 };

	ASSERT_OK(zx_event_create(0, &b.kept));
	race_run(&race, &b);
	EXPECT_OK(zx_handle_close(b.kept));
	TH_LOG("woken %u times, cancelled %u times", b.outcomes[0],
	       b.outcomes[1]);
}

/* ---- many waiters ------------------------------------------------------- */

#define HERD	8

struct grazer {
	zx_handle_t handle;
	zx_signals_t observed;
	zx_status_t status;
	atomic_int tid;
	pthread_t thread;
};

static void *graze(void *arg)
{
	struct grazer *g = arg;

	atomic_store(&g->tid, thread_id());
	g->status = zx_object_wait_one(g->handle, SIGNAL, EVER, &g->observed);
	return NULL;
}

static void herd_start(struct grazer *herd, zx_handle_t even, zx_handle_t odd)
{
	for (int i = 0; i < HERD; i++) {
		memset(&herd[i], 0, sizeof(herd[i]));
		herd[i].handle = i % 2 ? odd : even;
		thread_start(&herd[i].thread, graze, &herd[i]);
	}
	for (int i = 0; i < HERD; i++)
		ASSERT_TRUE(wait_until(RACE_LIMIT,
				       zxtest_thread_in_ioctl(herd[i].tid)));
}

static void expect_grazer(struct grazer *g, zx_status_t status,
			  zx_signals_t observed)
{
	thread_join(g->thread);
	EXPECT_STATUS(status, g->status);
	EXPECT_EQ(observed, g->observed);
}

TEST_TIMEOUT(one_signal_wakes_all_that_wait_for_it, 600)
{
	struct grazer herd[HERD];
	zx_handle_t event;

	ASSERT_OK(zx_event_create(0, &event));
	for (unsigned int i = 0; i < scaled(300, 20); i++) {
		zxtest_row("round %u", i);
		herd_start(herd, event, event);
		ASSERT_OK(zx_object_signal(event, 0, SIGNAL));
		for (int g = 0; g < HERD; g++)
			expect_grazer(&herd[g], ZX_OK, SIGNAL);
		ASSERT_OK(zx_object_signal(event, SIGNAL, 0));
	}
	EXPECT_OK(zx_handle_close(event));
}

/* Those who wait through the other handle sleep on until it is signalled. */
TEST_TIMEOUT(a_close_cancels_those_who_wait_through_that_handle, 600)
{
	struct grazer herd[HERD];
	zx_handle_t event, copy;

	ASSERT_OK(zx_event_create(0, &event));
	for (unsigned int i = 0; i < scaled(300, 20); i++) {
		zxtest_row("round %u", i);
		ASSERT_OK(zx_handle_duplicate(event, ZX_RIGHT_SAME_RIGHTS,
					      &copy));
		herd_start(herd, event, copy);
		ASSERT_OK(zx_handle_close(copy));
		for (int g = 1; g < HERD; g += 2)
			expect_grazer(&herd[g], ZX_ERR_CANCELED, CLOSED);
		for (int g = 0; g < HERD; g += 2)
			ASSERT_TRUE(wait_until(RACE_LIMIT,
					       zxtest_thread_in_ioctl(herd[g].tid)));
		ASSERT_OK(zx_object_signal(event, 0, SIGNAL));
		for (int g = 0; g < HERD; g += 2)
			expect_grazer(&herd[g], ZX_OK, SIGNAL);
		ASSERT_OK(zx_object_signal(event, SIGNAL, 0));
	}
	EXPECT_OK(zx_handle_close(event));
}

/* ---- back and forth ----------------------------------------------------- */

static unsigned int returns;

static zx_status_t wait_through_one(zx_handle_t end, zx_signals_t signals)
{
	return zx_object_wait_one(end, signals, EVER, NULL);
}

static zx_status_t wait_through_many(zx_handle_t end, zx_signals_t signals)
{
	zx_wait_item_t item = { end, signals, 0 };

	return zx_object_wait_many(&item, 1, EVER);
}

static zx_status_t (*wait_through)(zx_handle_t end, zx_signals_t signals);

/* Takes what comes, and says so to the other end. */
static void *give_back(void *arg)
{
	zx_handle_t end = *(zx_handle_t *)arg;

	for (unsigned int i = 0; i < returns; i++) {
		ASSERT_OK(wait_through(end, SIGNAL));
		ASSERT_OK(zx_object_signal(end, SIGNAL, 0));
		ASSERT_OK(zx_object_signal_peer(end, 0, ANSWER));
	}
	return NULL;
}

/* One wake-up that is lost, and it never ends. */
TEST_TIMEOUT(two_threads_wake_each_other_again_and_again, 600)
{
	zx_handle_t end[2];
	pthread_t thread;

	returns = scaled(10000, 500);
	for (int many = 0; many < 2; many++) {
		wait_through = many ? wait_through_many : wait_through_one;
		ASSERT_OK(zx_eventpair_create(0, &end[0], &end[1]));
		thread_start(&thread, give_back, &end[1]);
		for (unsigned int i = 0; i < returns; i++) {
			ASSERT_OK(zx_object_signal_peer(end[0], 0, SIGNAL));
			ASSERT_OK(wait_through(end[0], ANSWER));
			ASSERT_OK(zx_object_signal(end[0], ANSWER, 0));
		}
		thread_join(thread);
		EXPECT_OK(zx_handle_close(end[0]));
		EXPECT_OK(zx_handle_close(end[1]));
	}
}

/* ---- the ends of a pair close together ---------------------------------- */

static void begin_pair(void *ctx)
{
	zx_handle_t *end = ctx;

	ASSERT_OK(zx_eventpair_create(0, &end[0], &end[1]));
}

static void close_one_end(void *ctx)
{
	zx_handle_t *end = ctx;

	EXPECT_OK(zx_handle_close(end[0]));
}

static void close_other_end(void *ctx)
{
	zx_handle_t *end = ctx;

	EXPECT_OK(zx_handle_close(end[1]));
}

static void signal_gone_end(void *ctx)
{
	zx_handle_t *end = ctx;
	zx_status_t status = zx_object_signal_peer(end[1], 0, SIGNAL);

	if (status != ZX_ERR_PEER_CLOSED)
		EXPECT_OK(status);
}

static void judge_no_pair(void *ctx)
{
	(void)ctx;
	EXPECT_EQ(0l, zxtest_objects_of("eventpair"));
}

static void judge_end_alone(void *ctx)
{
	zx_handle_t *end = ctx;
	zx_signals_t observed = 0;

	EXPECT_OK(zx_object_wait_one(end[1], ZX_OBJECT_PEER_CLOSED, 0,
				     &observed));
	EXPECT_STATUS(ZX_ERR_PEER_CLOSED,
		      zx_object_signal_peer(end[1], 0, SIGNAL));
	close_other_end(end);
	judge_no_pair(end);
}

TEST_TIMEOUT(both_ends_of_a_pair_close_together, 600)
{
	const struct race race = {
		scaled(2000, 150), begin_pair, close_one_end, close_other_end,
		judge_no_pair,
	};
	zx_handle_t end[2];

	if (zxtest_objects_of("eventpair") < 0)
		SKIP("no debugfs");
	race_run(&race, end);
}

TEST_TIMEOUT(an_end_closes_as_the_other_signals_it, 600)
{
	const struct race race = {
		scaled(2000, 150), begin_pair, close_one_end, signal_gone_end,
		judge_end_alone,
	};
	zx_handle_t end[2];

	if (zxtest_objects_of("eventpair") < 0)
		SKIP("no debugfs");
	race_run(&race, end);
}

TEST_HARNESS_MAIN
