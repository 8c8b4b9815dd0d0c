// SPDX-License-Identifier: MIT
/*
 * Ports under many threads: every packet comes out once, in order, and every
 * wait that was begun ends in one packet, is cancelled, or is still there.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/port.h>
#include <zircon/time.h>

#include "calls.h"
#include "guest/vm.h"
#include "race.h"
#include "sleeper.h"
#include "zxtest.h"

#define PAST		ZX_TIME_INFINITE_PAST

/* ---- a crowd at a port ------------------------------------------------- */

#define PRODUCERS	8
#define CONSUMERS	8
#define PACKETS		100000

/**
 * struct crowd - threads that queue and threads that wait
 * @port: theirs
 * @each: packets of one producer
 * @patience: nanoseconds, at most, that a consumer waits; 0: for ever
 * @seen: whether a packet has come out
 * @taken: how many have
 * @impatient: waits that timed out
 * @number: of the next thread that starts
 */
struct crowd {
	zx_handle_t port;
	unsigned int each;
	zx_duration_t patience;
	atomic_bool seen[PACKETS];
	atomic_uint taken, impatient, number;
};

static void make_packet(zx_port_packet_t *packet, unsigned int producer,
			unsigned int i)
{
	memset(packet, 0, sizeof(*packet));
	packet->key = (uint64_t)producer << 32 | i;
	packet->status = ~i;
	for (int w = 0; w < 4; w++)
		packet->user.u64[w] = packet->key * 0x9e3779b97f4a7c15 + w;
}

static void *produce(void *arg)
{
	struct crowd *c = arg;
	unsigned int me = atomic_fetch_add(&c->number, 1);
	zx_port_packet_t packet;
	zx_status_t status;

	for (unsigned int i = 0; i < c->each; i++) {
		make_packet(&packet, me, i);
		while ((status = zx_port_queue(c->port, &packet)) ==
		       ZX_ERR_SHOULD_WAIT)
			zxtest_relax();
		ASSERT_OK(status);
	}
	return NULL;
}

/* The packet is as it was queued, and later than the last of its producer. */
static void take(struct crowd *c, const zx_port_packet_t *packet, int64_t *last)
{
	unsigned int producer = packet->key >> 32, i = packet->key;
	zx_port_packet_t want;

	ASSERT_LT(producer, PRODUCERS);
	ASSERT_LT(i, c->each);
	make_packet(&want, producer, i);
	EXPECT_BYTES(&want, packet, sizeof(want));
	EXPECT_LT(last[producer], (int64_t)i);
	last[producer] = i;
	EXPECT_FALSE(atomic_exchange(&c->seen[producer * c->each + i], true));
	atomic_fetch_add(&c->taken, 1);
}

static zx_time_t patience(struct crowd *c, unsigned int i)
{
	return c->patience ? zx_deadline_after(c->patience * (i % 8) / 8) :
			     ZX_TIME_INFINITE;
}

#define STOP	UINT64_MAX

static void *consume(void *arg)
{
	int64_t last[PRODUCERS];
	struct crowd *c = arg;
	zx_port_packet_t packet;
	zx_status_t status;

	memset(last, 0xff, sizeof(last));
	for (unsigned int i = 0;; i++) {
		status = zx_port_wait(c->port, patience(c, i), &packet);
		if (c->patience && status == ZX_ERR_TIMED_OUT) {
			atomic_fetch_add(&c->impatient, 1);
			continue;
		}
		ASSERT_OK(status);
		if (packet.key == STOP)
			return NULL;
		take(c, &packet, last);
	}
}

/* What is queued last comes out last: each consumer goes when it meets it. */
static void stop_consumers(struct crowd *c)
{
	zx_port_packet_t stop = { .key = STOP };

	for (int i = 0; i < CONSUMERS; i++)
		ASSERT_TRUE(wait_until(RACE_LIMIT,
				       zx_port_queue(c->port, &stop) == ZX_OK));
}

static void crowd_start(struct crowd *c, pthread_t *producers,
			pthread_t *consumers)
{
	ASSERT_OK(zx_port_create(0, &c->port));
	for (int i = 0; i < CONSUMERS; i++)
		thread_start(&consumers[i], consume, c);
	/* With packets about all the time, nobody might ever give up. */
	if (c->patience)
		ASSERT_TRUE(wait_until(RACE_LIMIT, atomic_load(&c->impatient)));
	for (int i = 0; i < PRODUCERS; i++)
		thread_start(&producers[i], produce, c);
}

static void crowd_end(struct crowd *c, pthread_t *producers,
		      pthread_t *consumers)
{
	zx_port_packet_t packet;

	for (int i = 0; i < PRODUCERS; i++)
		thread_join(producers[i]);
	stop_consumers(c);
	for (int i = 0; i < CONSUMERS; i++)
		thread_join(consumers[i]);
	EXPECT_EQ(PRODUCERS * c->each, atomic_load(&c->taken));
	EXPECT_STATUS(ZX_ERR_TIMED_OUT, zx_port_wait(c->port, PAST, &packet));
	EXPECT_OK(zx_handle_close(c->port));
}

static struct crowd crowd;

TEST_TIMEOUT(eight_threads_queue_and_eight_wait, 600)
{
	pthread_t producers[PRODUCERS], consumers[CONSUMERS];

	crowd.each = scaled(PACKETS, 20000) / PRODUCERS;
	crowd_start(&crowd, producers, consumers);
	crowd_end(&crowd, producers, consumers);
}

/* A packet that comes as its waiter gives up goes to another, or stays. */
TEST_TIMEOUT(waiters_that_time_out_lose_no_packet, 600)
{
	pthread_t producers[PRODUCERS], consumers[CONSUMERS];

	crowd.each = scaled(PACKETS, 4000) / PRODUCERS;
	crowd.patience = ZX_USEC(200);
	crowd_start(&crowd, producers, consumers);
	crowd_end(&crowd, producers, consumers);
	EXPECT_LT(0, atomic_load(&crowd.impatient));
}

static atomic_uint interrupted;

static void count_signal(int number)
{
	(void)number;
	atomic_fetch_add(&interrupted, 1);
}

/* A packet that comes with a signal stays, or is handed over. */
TEST_TIMEOUT(waiters_that_signals_interrupt_lose_no_packet, 600)
{
	static const int flags[] = { 0, SA_RESTART };
	pthread_t producers[PRODUCERS], consumers[CONSUMERS];
	struct sigaction act = { .sa_handler = count_signal };

	for (size_t f = 0; f < ARRAY_SIZE(flags); f++) {
		unsigned int all, sent = 0;

		zxtest_row("flags %#x", flags[f]);
		act.sa_flags = flags[f];
		ASSERT_EQ(0, sigaction(SIGUSR1, &act, NULL));
		memset(&crowd, 0, sizeof(crowd));
		crowd.each = scaled(PACKETS, 4000) / PRODUCERS;
		all = PRODUCERS * crowd.each;
		crowd_start(&crowd, producers, consumers);
		while (atomic_load(&crowd.taken) < all) {
			pthread_kill(consumers[sent++ % CONSUMERS], SIGUSR1);
			zxtest_relax();
		}
		crowd_end(&crowd, producers, consumers);
		EXPECT_LT(0, atomic_exchange(&interrupted, 0));
	}
}

/* ---- waits that end in packets ----------------------------------------- */

#define REGISTRARS	2
#define PULSES		2
#define WAITS		20000		/* of one registrar */

/**
 * struct storm - waits begun at an event whose signal comes and goes
 * @event: it
 * @port: where the packets go
 * @options: of the waits
 * @each: waits of one registrar
 * @calm: the storm is over
 * @over: all waits have begun, too
 * @number: of the next registrar that starts
 * @begun: waits
 * @seen: of which waits a packet came; the taker's
 * @packets: how many came; the taker's
 */
struct storm {
	zx_handle_t event, port;
	uint32_t options;
	unsigned int each;
	atomic_bool calm, over;
	atomic_uint number, begun;
	bool seen[REGISTRARS * WAITS];
	unsigned int packets;
};

static void *begin_waits(void *arg)
{
	struct storm *s = arg;
	unsigned int first = atomic_fetch_add(&s->number, 1) * s->each;

	for (unsigned int i = 0; i < s->each; i++) {
		ASSERT_OK(zx_object_wait_async(s->event, s->port, first + i,
					       ZX_EVENT_SIGNALED, s->options));
		atomic_fetch_add(&s->begun, 1);
	}
	return NULL;
}

static void *pulse(void *arg)
{
	struct storm *s = arg;

	while (!atomic_load(&s->calm)) {
		ASSERT_OK(zx_object_signal(s->event, 0, ZX_EVENT_SIGNALED));
		ASSERT_OK(zx_object_signal(s->event, ZX_EVENT_SIGNALED,
					   ZX_USER_SIGNAL_0));
	}
	return NULL;
}

static void take_signal(struct storm *s, const zx_port_packet_t *packet)
{
	ASSERT_LT(packet->key, REGISTRARS * s->each);
	EXPECT_FALSE(s->seen[packet->key]);
	s->seen[packet->key] = true;
	s->packets++;
	EXPECT_EQ(ZX_PKT_TYPE_SIGNAL_ONE, packet->type);
	EXPECT_EQ(ZX_EVENT_SIGNALED, packet->signal.trigger);
	EXPECT_TRUE(packet->signal.observed & ZX_EVENT_SIGNALED);
	EXPECT_EQ(1ull, packet->signal.count);
	EXPECT_EQ(!!(s->options & ZX_WAIT_ASYNC_TIMESTAMP),
		  !!packet->signal.timestamp);
}

static void *take_signals(void *arg)
{
	struct storm *s = arg;
	zx_port_packet_t packet;
	zx_status_t status;

	for (;;) {
		bool last = atomic_load(&s->over);

		status = zx_port_wait(s->port, zx_deadline_after(ZX_USEC(100)),
				      &packet);
		if (status == ZX_OK)
			take_signal(s, &packet);
		else
			ASSERT_STATUS(ZX_ERR_TIMED_OUT, status);
		if (status != ZX_OK && last)
			return NULL;
	}
}

/* What has not come as a packet is still waiting; nothing is both. */
static void count_the_rest(struct storm *s)
{
	unsigned int waiting = 0, all = REGISTRARS * s->each;
	zx_port_packet_t packet;

	for (unsigned int i = 0; i < all; i++) {
		zx_status_t status = zx_port_cancel(s->port, s->event, i);

		EXPECT_STATUS(s->seen[i] ? ZX_ERR_NOT_FOUND : ZX_OK, status);
		waiting += status == ZX_OK;
	}
	EXPECT_EQ(all, s->packets + waiting);
	ASSERT_OK(zx_object_signal(s->event, ZX_EVENT_SIGNALED,
				   ZX_EVENT_SIGNALED));
	EXPECT_STATUS(ZX_ERR_TIMED_OUT, zx_port_wait(s->port, PAST, &packet));
	TH_LOG("%u waits: %u packets, %u still waiting", all, s->packets,
	       waiting);
}

static void weather(uint32_t options)
{
	static struct storm s;
	pthread_t pulses[PULSES], registrars[REGISTRARS], taker;

	memset(&s, 0, sizeof(s));
	s.options = options;
	s.each = scaled(WAITS, 1000);
	ASSERT_OK(zx_event_create(0, &s.event));
	ASSERT_OK(zx_port_create(0, &s.port));
	thread_start(&taker, take_signals, &s);
	for (int i = 0; i < PULSES; i++)
		thread_start(&pulses[i], pulse, &s);
	for (int i = 0; i < REGISTRARS; i++)
		thread_start(&registrars[i], begin_waits, &s);
	/* The last of them begin in the calm. */
	ASSERT_TRUE(wait_until(RACE_LIMIT, atomic_load(&s.begun) > s.each));
	atomic_store(&s.calm, true);
	for (int i = 0; i < PULSES; i++)
		thread_join(pulses[i]);
	for (int i = 0; i < REGISTRARS; i++)
		thread_join(registrars[i]);
	atomic_store(&s.over, true);
	thread_join(taker);
	count_the_rest(&s);
	EXPECT_OK(zx_handle_close(s.event));
	EXPECT_OK(zx_handle_close(s.port));
}

TEST_TIMEOUT(each_wait_begun_in_a_storm_is_a_packet_or_still_there, 600)
{
	static const uint32_t options[] = {
		ZX_WAIT_ASYNC_ONCE, ZX_WAIT_ASYNC_TIMESTAMP, ZX_WAIT_ASYNC_EDGE,
		ZX_WAIT_ASYNC_EDGE | ZX_WAIT_ASYNC_TIMESTAMP,
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		zxtest_row("options %#x", options[i]);
		weather(options[i]);
	}
}

/* ---- two at a wait ------------------------------------------------------ */

#define KEY	77

/* What two threads do to an event, a port, and a wait that joins them. */
struct duel {
	zx_handle_t event, port, source;
	zx_status_t left, right, taken;
	unsigned int outcomes[2];
};

static void duel_start(struct duel *d)
{
	memset(d, 0, sizeof(*d));
	ASSERT_OK(zx_event_create(0, &d->event));
	ASSERT_OK(zx_port_create(0, &d->port));
}

static void duel_end(struct duel *d)
{
	EXPECT_OK(zx_handle_close(d->event));
	EXPECT_OK(zx_handle_close(d->port));
	if (d->outcomes[0] || d->outcomes[1])
		TH_LOG("the left was first %u times, the right %u",
		       d->outcomes[0], d->outcomes[1]);
}

static zx_status_t poll_port(struct duel *d)
{
	zx_port_packet_t packet;

	return zx_port_wait(d->port, PAST, &packet);
}

static void begin_wait(void *ctx)
{
	struct duel *d = ctx;

	ASSERT_OK(zx_object_signal(d->event, ZX_EVENT_SIGNALED, 0));
	ASSERT_OK(zx_object_wait_async(d->event, d->port, KEY,
				       ZX_EVENT_SIGNALED, 0));
}

static void cancel_it(void *ctx)
{
	struct duel *d = ctx;

	d->left = zx_port_cancel(d->port, d->event, KEY);
}

static void signal_it(void *ctx)
{
	struct duel *d = ctx;

	d->right = zx_object_signal(d->event, 0, ZX_EVENT_SIGNALED);
}

static void signal_and_take(void *ctx)
{
	struct duel *d = ctx;

	signal_it(d);
	d->taken = poll_port(d);
}

/* Whether it was still a wait or a packet already. */
static void judge_cancelled(void *ctx)
{
	struct duel *d = ctx;

	EXPECT_OK(d->left);
	EXPECT_OK(d->right);
	EXPECT_STATUS(ZX_ERR_TIMED_OUT, poll_port(d));
}

TEST_TIMEOUT(a_wait_is_cancelled_as_it_matches, 600)
{
	const struct race race = {
		scaled(4000, 150), begin_wait, cancel_it, signal_it,
		judge_cancelled,
	};
	struct duel d;

	duel_start(&d);
	race_run(&race, &d);
	duel_end(&d);
}

static void judge_cancelled_or_taken(void *ctx)
{
	struct duel *d = ctx;

	EXPECT_OK(d->right);
	EXPECT_STATUS(d->taken == ZX_OK ? ZX_ERR_NOT_FOUND : ZX_OK, d->left);
	if (d->taken != ZX_OK)
		EXPECT_STATUS(ZX_ERR_TIMED_OUT, d->taken);
	EXPECT_STATUS(ZX_ERR_TIMED_OUT, poll_port(d));
	d->outcomes[d->left != ZX_OK]++;
}

TEST_TIMEOUT(a_wait_is_cancelled_or_its_packet_is_taken, 600)
{
	const struct race race = {
		scaled(4000, 150), begin_wait, cancel_it, signal_and_take,
		judge_cancelled_or_taken,
	};
	struct duel d;

	duel_start(&d);
	race_run(&race, &d);
	duel_end(&d);
}

static void begin_wait_through_another(void *ctx)
{
	struct duel *d = ctx;

	ASSERT_OK(zx_object_signal(d->event, ZX_EVENT_SIGNALED, 0));
	ASSERT_OK(zx_handle_duplicate(d->event, ZX_RIGHT_SAME_RIGHTS,
				      &d->source));
	ASSERT_OK(zx_object_wait_async(d->source, d->port, KEY,
				       ZX_EVENT_SIGNALED, 0));
}

static void close_source(void *ctx)
{
	struct duel *d = ctx;

	d->left = zx_handle_close(d->source);
}

/* A packet stays when the handle goes, a wait does not. */
static void judge_closed(void *ctx)
{
	struct duel *d = ctx;
	zx_status_t status = poll_port(d);

	EXPECT_OK(d->left);
	EXPECT_OK(d->right);
	if (status == ZX_OK)
		status = poll_port(d), d->outcomes[1]++;
	else
		d->outcomes[0]++;
	EXPECT_STATUS(ZX_ERR_TIMED_OUT, status);
	/* Nothing waits any more. */
	EXPECT_OK(zx_object_signal(d->event, ZX_EVENT_SIGNALED,
				   ZX_EVENT_SIGNALED));
	EXPECT_STATUS(ZX_ERR_TIMED_OUT, poll_port(d));
}

TEST_TIMEOUT(the_handle_of_a_wait_is_closed_as_it_matches, 600)
{
	const struct race race = {
		scaled(4000, 150), begin_wait_through_another, close_source,
		signal_it, judge_closed,
	};
	struct duel d;

	duel_start(&d);
	race_run(&race, &d);
	duel_end(&d);
}

/* ---- a port that closes ------------------------------------------------- */

static void begin_port(void *ctx)
{
	struct duel *d = ctx;

	ASSERT_OK(zx_port_create(0, &d->source));
}

static void close_port(void *ctx)
{
	struct duel *d = ctx;

	d->left = zx_handle_close(d->source);
}

/* Until it is closed it takes waits, and then none. */
static void begin_waits_at_it(void *ctx)
{
	zx_status_t status, want = ZX_OK;
	struct duel *d = ctx;

	for (int i = 0; i < 8; i++) {
		status = zx_object_wait_async(d->event, d->source, KEY,
					      ZX_EVENT_SIGNALED, 0);
		if (status == ZX_ERR_BAD_HANDLE)
			want = ZX_ERR_BAD_HANDLE;
		EXPECT_STATUS(want, status);
	}
	d->outcomes[want == ZX_OK]++;
}

/* The waits that it took do not keep it: but for d->port there is no other. */
static void judge_port_gone(void *ctx)
{
	struct duel *d = ctx;

	EXPECT_OK(d->left);
	EXPECT_EQ(1l, zxtest_objects_of("port"));
}

TEST_TIMEOUT(a_port_closes_as_waits_begin, 600)
{
	const struct race race = {
		scaled(2000, 150), begin_port, close_port, begin_waits_at_it,
		judge_port_gone,
	};
	struct duel d;

	if (zxtest_objects_of("port") < 0)
		SKIP("no debugfs");
	duel_start(&d);
	race_run(&race, &d);
	duel_end(&d);
}

static void begin_port_with_waits(void *ctx)
{
	struct duel *d = ctx;

	begin_port(d);
	ASSERT_OK(zx_object_signal(d->event, ZX_EVENT_SIGNALED, 0));
	for (int i = 0; i < 8; i++)
		ASSERT_OK(zx_object_wait_async(d->event, d->source, i,
					       ZX_EVENT_SIGNALED, 0));
}

TEST_TIMEOUT(a_port_closes_as_waits_match, 600)
{
	const struct race race = {
		scaled(2000, 150), begin_port_with_waits, close_port,
		signal_it, judge_port_gone,
	};
	struct duel d;

	if (zxtest_objects_of("port") < 0)
		SKIP("no debugfs");
	duel_start(&d);
	race_run(&race, &d);
	duel_end(&d);
}

static void begin_waits_of_both(void *ctx)
{
	struct duel *d = ctx;

	begin_port(d);
	d->event = 0;
	ASSERT_OK(zx_event_create(0, &d->event));
	for (int i = 0; i < 8; i++)
		ASSERT_OK(zx_object_wait_async(d->event, d->source, i,
					       ZX_EVENT_SIGNALED, 0));
}

static void close_event(void *ctx)
{
	struct duel *d = ctx;

	d->right = zx_handle_close(d->event);
}

static void judge_both_gone(void *ctx)
{
	struct duel *d = ctx;

	EXPECT_OK(d->left);
	EXPECT_OK(d->right);
	EXPECT_EQ(1l, zxtest_objects_of("port"));
	EXPECT_EQ(1l, zxtest_objects_of("event"));
}

TEST_TIMEOUT(a_port_and_what_is_waited_for_close_together, 600)
{
	const struct race race = {
		scaled(2000, 150), begin_waits_of_both, close_port,
		close_event, judge_both_gone,
	};
	zx_handle_t event;
	struct duel d;

	if (zxtest_objects_of("port") < 0)
		SKIP("no debugfs");
	duel_start(&d);
	event = d.event;
	race_run(&race, &d);
	d.event = event;
	duel_end(&d);
}

/* ---- waiters at a port that closed -------------------------------------- */

/* Whether all still slept when the port was closed. */
static bool sleep_over_close(zx_duration_t nap)
{
	struct sleeper s[3];
	zx_handle_t port;
	bool asleep;

	ASSERT_OK(zx_port_create(0, &port));
	for (int i = 0; i < 3; i++) {
		s[i] = (struct sleeper){
			.call = sleep_port_wait, .handle = port,
			.deadline = zx_deadline_after((i + 1) * nap),
		};
		sleeper_launch(&s[i]);
	}
	ASSERT_OK(zx_handle_close(port));
	asleep = zx_clock_get_monotonic() < s[0].deadline;
	for (int i = 0; i < 3; i++) {
		zxtest_row("waiter %d", i);
		EXPECT_STATUS(ZX_ERR_TIMED_OUT, sleeper_end(&s[i]));
		EXPECT_LE(s[i].deadline, s[i].end);
	}
	return asleep;
}

TEST(a_waiter_stays_until_its_deadline_when_the_port_closes)
{
	zx_duration_t nap = ZX_MSEC(400);

	/* On a machine that is too slow for it: longer. */
	while (!sleep_over_close(nap)) {
		nap *= 2;
		ASSERT_LT(3 * nap, ZX_SEC(SLEEPER_LIMIT));
	}
}

TEST_HARNESS_MAIN
