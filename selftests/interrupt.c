// SPDX-License-Identifier: MIT
/*
 * Linux's signals and waits: a handler runs and the wait goes on, with the same
 * deadline; a stop is no end, and a kill is one, for every kind of wait.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/port.h>
#include <zircon/time.h>
#include <zx_hyp/fd.h>

#include "calls.h"
#include "guest/vm.h"
#include "race.h"
#include "zxtest.h"

#define PAGE	4096ull
#define PAST	ZX_TIME_INFINITE_PAST
#define EVER	ZX_TIME_INFINITE
#define SIGNAL	ZX_USER_SIGNAL_0
#define CLOSED	ZX_SIGNAL_HANDLE_CLOSED

/* ---- every kind of wait ---------------------------------------------------- */

/* What waits wait for, and what never comes unless a test has it come. */
struct objects {
	zx_handle_t event, port;
};

static void make_objects(struct objects *o)
{
	ASSERT_OK(zx_event_create(0, &o->event));
	ASSERT_OK(zx_port_create(0, &o->port));
}

static void close_objects(struct objects *o)
{
	EXPECT_OK(zx_handle_close(o->event));
	EXPECT_OK(zx_handle_close(o->port));
}

/* Each leaves what it saw at out, if it says so. */

static zx_status_t in_wait_one(struct objects *o, zx_time_t deadline)
{
	zx_signals_t observed = CLOSED;
	zx_status_t status;

	status = zx_object_wait_one(o->event, SIGNAL, deadline, &observed);
	EXPECT_EQ(status == ZX_OK ? SIGNAL : 0, observed);
	return status;
}

static zx_status_t in_wait_many(struct objects *o, zx_time_t deadline)
{
	zx_wait_item_t items[] = {
		{ o->event, ZX_USER_SIGNAL_1, CLOSED },
		{ o->event, SIGNAL, CLOSED },
	};
	zx_status_t status = zx_object_wait_many(items, 2, deadline);

	EXPECT_EQ(status == ZX_OK ? SIGNAL : 0, items[1].pending);
	return status;
}

static zx_status_t in_port_wait(struct objects *o, zx_time_t deadline)
{
	zx_port_packet_t packet;

	return zx_port_wait(o->port, deadline, &packet);
}

static zx_status_t in_wait_for_nothing(struct objects *o, zx_time_t deadline)
{
	(void)o;
	return zx_object_wait_many(NULL, 0, deadline);
}

static zx_status_t in_nanosleep(struct objects *o, zx_time_t deadline)
{
	(void)o;
	return zx_nanosleep(deadline);
}

static const struct kind {
	const char *name;
	zx_status_t (*wait)(struct objects *o, zx_time_t deadline);
	zx_status_t late;		/* when the deadline has come */
	bool ends;			/* by an event or a packet, too */
} kinds[] = {
	{ "object_wait_one", in_wait_one, ZX_ERR_TIMED_OUT, true },
	{ "object_wait_many", in_wait_many, ZX_ERR_TIMED_OUT, true },
	{ "object_wait_many of none", in_wait_for_nothing, ZX_ERR_TIMED_OUT,
	  false },
	{ "port_wait", in_port_wait, ZX_ERR_TIMED_OUT, true },
	{ "nanosleep", in_nanosleep, ZX_OK, false },
};

struct waiter {
	const struct kind *kind;
	struct objects *objects;
	zx_time_t deadline, woke;
	zx_status_t status;
	atomic_int tid;
	atomic_bool done;
	pthread_t thread;
};

static void *wait_in_it(void *arg)
{
	struct waiter *w = arg;

	atomic_store(&w->tid, thread_id());
	w->status = w->kind->wait(w->objects, w->deadline);
	w->woke = zx_clock_get_monotonic();
	atomic_store(&w->done, true);
	return NULL;
}

static void waiter_start(struct waiter *w, const struct kind *kind,
			 struct objects *objects, zx_time_t deadline)
{
	memset(w, 0, sizeof(*w));
	w->kind = kind;
	w->objects = objects;
	w->deadline = deadline;
	thread_start(&w->thread, wait_in_it, w);
	ASSERT_TRUE(wait_until(RACE_LIMIT, w->tid &&
			       (w->done || zxtest_thread_sleeps(w->tid))));
}

/* ---- handlers ---------------------------------------------------------------- */

static atomic_uint handled;

static void handle_signal(int number)
{
	(void)number;
	atomic_fetch_add(&handled, 1);
}

/* Interrupts a waiter until it comes back. Returns how often. */
static unsigned int pester(struct waiter *w)
{
	unsigned int before = atomic_load(&handled);

	while (!atomic_load(&w->done)) {
		unsigned int seen = atomic_load(&handled);

		ASSERT_EQ(0, pthread_kill(w->thread, SIGUSR1));
		ASSERT_TRUE(wait_until(RACE_LIMIT, w->done ||
				       atomic_load(&handled) > seen));
	}
	thread_join(w->thread);
	return atomic_load(&handled) - before;
}

/* Returns how many signals came before the deadline. */
static unsigned int time_out_under_signals(const struct kind *kind, zx_duration_t duration)
{
	unsigned int signals;
	struct objects o;
	struct waiter w;

	make_objects(&o);
	waiter_start(&w, kind, &o, zx_deadline_after(duration));
	signals = pester(&w);
	EXPECT_STATUS(kind->late, w.status);
	EXPECT_LE(w.deadline, w.woke);
	/* Each signal that started it anew would have it last for ever. */
	EXPECT_LT(w.woke, w.deadline + ZX_SEC(RACE_LIMIT));
	close_objects(&o);
	return signals;
}

static void handle_with(int flags)
{
	struct sigaction act = { .sa_handler = handle_signal };

	act.sa_flags = flags;
	ASSERT_EQ(0, sigaction(SIGUSR1, &act, NULL));
}

TEST_TIMEOUT(a_wait_under_signals_ends_at_its_deadline, 600)
{
	static const int flags[] = { 0, SA_RESTART };
	zx_duration_t duration;

	for (size_t f = 0; f < ARRAY_SIZE(flags); f++) {
		handle_with(flags[f]);
		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
			zxtest_row("%s, flags %#x", kinds[k].name, flags[f]);
			duration = ZX_MSEC(300);
			/* On a machine that is too slow for it: longer. */
			while (time_out_under_signals(&kinds[k], duration) <= 2) {
				duration *= 2;
				ASSERT_LT(duration, ZX_SEC(RACE_LIMIT));
			}
		}
	}
}

/* What ends the waits of an event, and one at a port. */
static void end_wait(struct objects *o)
{
	zx_port_packet_t packet = { 0 };

	ASSERT_OK(zx_object_signal(o->event, 0, SIGNAL));
	ASSERT_OK(zx_port_queue(o->port, &packet));
}

static void *end_later(void *arg)
{
	struct objects *o = arg;
	unsigned int seen = atomic_load(&handled);

	ASSERT_TRUE(wait_until(RACE_LIMIT, atomic_load(&handled) > seen + 20));
	end_wait(o);
	return NULL;
}

/* The end that comes among signals is not lost. */
TEST_TIMEOUT(a_wait_under_signals_ends_by_what_it_waits_for, 600)
{
	static const int flags[] = { 0, SA_RESTART };
	pthread_t thread;
	struct objects o;
	struct waiter w;

	for (unsigned int i = 0; i < scaled(200, 5); i++) {
		handle_with(flags[i % 2]);
		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
			if (!kinds[k].ends)
				continue;
			zxtest_row("%s, round %u", kinds[k].name, i);
			make_objects(&o);
			waiter_start(&w, &kinds[k], &o, EVER);
			thread_start(&thread, end_later, &o);
			EXPECT_LT(20, pester(&w));
			thread_join(thread);
			EXPECT_OK(w.status);
			close_objects(&o);
		}
	}
}

/* ---- killed, exited, replaced -------------------------------------------------- */

/* A thread in every wait there is, also through what was closed meanwhile. */
static void wait_everywhere(void)
{
	static struct waiter waiters[ARRAY_SIZE(kinds)], last;
	static struct objects o, gone;

	make_objects(&o);
	make_objects(&gone);
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		waiter_start(&waiters[k], &kinds[k], &o, EVER);
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		if (kinds[k].wait == in_port_wait)
			waiter_start(&last, &kinds[k], &gone, EVER);
	close_objects(&gone);
	EXPECT_FALSE(atomic_load(&last.done));
}

static void wait_and_stay(int sock)
{
	struct pollfd p = { .events = POLLIN };
	zx_handle_t port;

	wait_everywhere();
	peer_say(sock, 'w');
	/* And this one polls. */
	ASSERT_OK(zx_port_create(0, &port));
	ASSERT_OK(zx_hyp_poll_fd(port, 0, &p.fd));
	(void)poll(&p, 1, -1);
}

static void wait_and_exit(int sock)
{
	wait_everywhere();
	peer_say(sock, 'w');
	_exit(zxtest_failed());
}

static void wait_and_exec(int sock)
{
	wait_everywhere();
	peer_say(sock, 'w');
	execl("/proc/self/exe", "interrupt", "--pause", NULL);
	_exit(99);
}

FIXTURE(counted) {
	struct zxtest_objects before;
	struct peer peer;
};

FIXTURE_SETUP(counted)
{
	if (!zxtest_objects_read(&self->before))
		SKIP("no debugfs");
}

FIXTURE_TEARDOWN(counted)
{
	EXPECT_TRUE(zxtest_objects_settle(&self->before, RACE_LIMIT));
}

TEST_F_TIMEOUT(counted, killed_in_every_kind_of_wait, 300)
{
	for (unsigned int i = 0; i < scaled(100, 3); i++) {
		peer_start(&self->peer, wait_and_stay);
		peer_expect(self->peer.sock, 'w');
		EXPECT_LT(1, zxtest_objects_of("port"));
		peer_kill(&self->peer);
		ASSERT_TRUE(zxtest_objects_settle(&self->before, RACE_LIMIT));
	}
}

TEST_F(counted, exits_with_threads_in_every_kind_of_wait)
{
	peer_start(&self->peer, wait_and_exit);
	peer_expect(self->peer.sock, 'w');
	peer_end(&self->peer);
}

TEST_F(counted, exec_with_threads_in_every_kind_of_wait)
{
	peer_start(&self->peer, wait_and_exec);
	peer_expect(self->peer.sock, 'w');
	EXPECT_TRUE(zxtest_objects_settle(&self->before, RACE_LIMIT));
	EXPECT_EQ(0, waitpid(self->peer.pid, NULL, WNOHANG));
	peer_kill(&self->peer);
}

/* ---- stopped --------------------------------------------------------------------- */

static void wait_through_stops(int sock)
{
	struct waiter waiters[ARRAY_SIZE(kinds)], limited;
	struct objects o;

	make_objects(&o);
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		if (kinds[k].ends)
			waiter_start(&waiters[k], &kinds[k], &o, EVER);
	waiter_start(&limited, &kinds[0], &o, zx_deadline_after(ZX_MSEC(500)));
	peer_say(sock, 'w');
	peer_expect(sock, 'c');
	thread_join(limited.thread);
	EXPECT_STATUS(ZX_ERR_TIMED_OUT, limited.status);
	EXPECT_LE(limited.deadline, limited.woke);
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		if (kinds[k].ends)
			EXPECT_FALSE(atomic_load(&waiters[k].done));
	end_wait(&o);
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		if (!kinds[k].ends)
			continue;
		zxtest_row("%s", kinds[k].name);
		thread_join(waiters[k].thread);
		EXPECT_OK(waiters[k].status);
	}
}

TEST_F_TIMEOUT(counted, waits_go_on_when_a_stopped_process_is_continued, 60)
{
	int status;

	peer_start(&self->peer, wait_through_stops);
	peer_expect(self->peer.sock, 'w');
	for (int i = 0; i < 5; i++) {
		ASSERT_EQ(0, kill(self->peer.pid, SIGSTOP));
		ASSERT_EQ(self->peer.pid,
			  waitpid(self->peer.pid, &status, WUNTRACED));
		ASSERT_TRUE(WIFSTOPPED(status));
		ASSERT_EQ(0, kill(self->peer.pid, SIGCONT));
	}
	peer_say(self->peer.sock, 'c');
	peer_end(&self->peer);
}

/* ---- waiters of two processes, one of them killed ---------------------------------- */

#define THREADS		4
#define PACKETS		400		/* of a round */

/*
 * Each waiter has the kernel write into the next of its places: what was taken
 * is there, even if its thread never ran again.
 */
struct place {
	zx_port_packet_t packet[PACKETS];
};

static struct place *places;		/* shared: ours, then the other's */
static atomic_uint *together;		/* shared: waiters that are there */

struct taker {
	zx_handle_t port;
	struct place *place;
	pthread_t thread;
};

#define STOP	UINT64_MAX

static void *take_packets(void *arg)
{
	struct taker *t = arg;

	atomic_fetch_add(together, 1);
	for (unsigned int i = 0; i < PACKETS; i++) {
		ASSERT_OK(zx_port_wait(t->port, EVER, &t->place->packet[i]));
		if (t->place->packet[i].key == STOP)
			break;
	}
	return NULL;
}

static void takers_start(struct taker *takers, zx_handle_t port,
			 struct place *first)
{
	for (int i = 0; i < THREADS; i++) {
		takers[i].port = port;
		takers[i].place = first + i;
		thread_start(&takers[i].thread, take_packets, &takers[i]);
	}
}

static void take_until_killed(int sock)
{
	struct taker takers[THREADS];

	takers_start(takers, peer_receive(sock), places + THREADS);
	pause();
}

static void queue_one(zx_handle_t port, uint64_t key)
{
	zx_port_packet_t packet = { .key = key };

	ASSERT_OK(zx_port_queue(port, &packet));
}

/* How often each packet was taken, by whomsoever. */
static void count_packets(unsigned int *theirs)
{
	static unsigned char seen[PACKETS];

	memset(seen, 0, sizeof(seen));
	*theirs = 0;
	for (int p = 0; p < 2 * THREADS; p++)
		for (unsigned int i = 0; i < PACKETS; i++) {
			uint64_t key = places[p].packet[i].key;

			if (!key || key == STOP)
				continue;
			ASSERT_LE(key, PACKETS);
			seen[key - 1]++;
			*theirs += p >= THREADS;
		}
	for (unsigned int i = 0; i < PACKETS; i++) {
		zxtest_row("packet %u", i);
		EXPECT_EQ(1, seen[i]);
	}
	zxtest_row_end();
}

static void *share(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	ASSERT_NE(MAP_FAILED, p);
	return p;
}

/* Kills the other process at some point of the queue. Returns what it took. */
static unsigned int share_a_port(struct peer *peer, unsigned int round)
{
	struct taker takers[THREADS];
	unsigned int theirs;
	zx_handle_t port, copy;

	memset(places, 0, 2 * THREADS * sizeof(*places));
	atomic_store(together, 0);
	ASSERT_OK(zx_port_create(0, &port));
	ASSERT_OK(zx_handle_duplicate(port, ZX_RIGHT_SAME_RIGHTS, &copy));
	peer_send(peer->sock, copy);
	takers_start(takers, port, places);
	ASSERT_TRUE(wait_until(RACE_LIMIT,
			       atomic_load(together) == 2 * THREADS));
	for (unsigned int i = 0; i < PACKETS; i++) {
		if (i == (round * 67 + 13) % PACKETS)
			ASSERT_EQ(0, kill(peer->pid, SIGKILL));
		queue_one(port, i + 1);
	}
	peer_kill(peer);
	for (int i = 0; i < THREADS; i++)
		queue_one(port, STOP);
	for (int i = 0; i < THREADS; i++)
		thread_join(takers[i].thread);
	count_packets(&theirs);
	EXPECT_OK(zx_handle_close(port));
	return theirs;
}

TEST_TIMEOUT(waiters_that_are_killed_lose_no_packet, 600)
{
	enum { PEERS = 100 };
	unsigned int n = scaled(PEERS, 8), theirs = 0;
	struct peer peers[PEERS];

	places = share(2 * THREADS * sizeof(*places));
	together = share(sizeof(*together));
	/* All of them before this process uses libzx. */
	for (unsigned int i = 0; i < n; i++)
		peer_start(&peers[i], take_until_killed);
	for (unsigned int i = 0; i < n; i++)
		theirs += share_a_port(&peers[i], i);
	TH_LOG("the killed took %u of %u", theirs, n * PACKETS);
	EXPECT_LT(0, theirs);
}

TEST_HARNESS_MAIN
