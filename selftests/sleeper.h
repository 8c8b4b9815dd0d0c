/* SPDX-License-Identifier: MIT */
/*
 * A thread that makes one call which waits: the test sees it asleep, does
 * something, and sees what the call said.
 */
#ifndef SELFTESTS_SLEEPER_H
#define SELFTESTS_SLEEPER_H

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zircon/syscalls.h>
#include <zircon/syscalls/port.h>

#include "guest/vm.h"
#include "zxtest.h"

#define SLEEPER_LIMIT	20	/* seconds that anything may take */

struct sleeper {
	zx_status_t (*call)(struct sleeper *s);
	zx_handle_t handle;
	zx_signals_t signals;
	zx_time_t deadline;
	zx_wait_item_t *items;
	size_t count;

	zx_status_t status;		/* what it said, when done */
	zx_signals_t observed;
	zx_port_packet_t packet;
	zx_time_t end;			/* when it said that */

	pthread_t thread;
	volatile int tid;
	volatile bool done;
};

static inline zx_status_t sleep_wait_one(struct sleeper *s)
{
	return zx_object_wait_one(s->handle, s->signals, s->deadline, &s->observed);
}

static inline zx_status_t sleep_wait_many(struct sleeper *s)
{
	return zx_object_wait_many(s->items, s->count, s->deadline);
}

static inline zx_status_t sleep_port_wait(struct sleeper *s)
{
	return zx_port_wait(s->handle, s->deadline, &s->packet);
}

static inline void *sleeper_run(void *arg)
{
	struct sleeper *s = arg;

	s->tid = thread_id();
	s->status = s->call(s);
	s->end = zx_clock_get_monotonic();
	__atomic_store_n(&s->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static inline bool sleeper_done(struct sleeper *s)
{
	return __atomic_load_n(&s->done, __ATOMIC_ACQUIRE);
}

static inline bool sleeper_in_call(const struct sleeper *s)
{
	return zxtest_thread_in_ioctl(s->tid);
}

/* Returns when the thread is asleep in its call, or has come back from it. */
static inline bool sleeper_launch(struct sleeper *s)
{
	s->tid = 0;
	s->done = false;
	thread_start(&s->thread, sleeper_run, s);
	ASSERT_TRUE(wait_until(SLEEPER_LIMIT, sleeper_done(s) ||
			       sleeper_in_call(s)));
	return !sleeper_done(s);
}

/* One that is not asleep fails the test. */
static inline void sleeper_start(struct sleeper *s)
{
	ASSERT_TRUE(sleeper_launch(s));
}

/*
 * With a deadline so far away; later if it was over before the thread slept. One
 * that comes back before its deadline fails the test.
 */
static inline void sleeper_start_for(struct sleeper *s, zx_duration_t duration)
{
	s->deadline = zx_deadline_after(duration);
	while (!sleeper_launch(s)) {
		thread_join(s->thread);
		ASSERT_LE(s->deadline, s->end);
		duration *= 2;
		ASSERT_LT(duration, ZX_SEC(SLEEPER_LIMIT));
		s->deadline = zx_deadline_after(duration);
	}
}

/* The call comes back, and says so. */
static inline zx_status_t sleeper_end(struct sleeper *s)
{
	ASSERT_TRUE(wait_until(SLEEPER_LIMIT, sleeper_done(s)));
	thread_join(s->thread);
	return s->status;
}

/*
 * What just happened did not end the call: the thread sleeps, and there is no
 * wake-up on its way, since those are sent before the call that causes them
 * returns.
 */
static inline bool sleeper_sleeps(struct sleeper *s)
{
	return wait_until(SLEEPER_LIMIT, sleeper_done(s) ||
			  sleeper_in_call(s)) && !sleeper_done(s);
}

/*
 * Kills a process of which a thread sleeps in a call, and expects that nothing is
 * left of what the call waits for. @make makes that, and says which call it is.
 */
static inline void sleeper_expect_killed(void (*make)(struct sleeper *s),
					 const char *type)
{
	int ready[2], status;
	pid_t child;
	char byte;

	ASSERT_EQ(0, pipe(ready));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		struct sleeper s = { .deadline = ZX_TIME_INFINITE };

		make(&s);
		sleeper_start(&s);
		(void)!write(ready[1], "x", 1);
		pause();
	}
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	EXPECT_LT(0, zxtest_objects_of(type));
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(wait_until(SLEEPER_LIMIT, zxtest_objects_of(type) == 0));
}

#endif /* SELFTESTS_SLEEPER_H */
