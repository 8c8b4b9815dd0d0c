// SPDX-License-Identifier: MIT
/*
 * Sequences of requests from a grammar of the contract: handles and addresses
 * of earlier calls mixed with garbage, in several threads of a process that is
 * killed in the middle of it, again and again. Every answer must be one that
 * the contract knows, and in the end nothing may be left. Where the kernel has
 * KCOV, sequences that reach new code of the module are kept, and changed.
 *
 * usage: fuzz [SECONDS [SEED]], or as any test program. It prints the seed; what
 * threads do to each other differs from run to run all the same. With FUZZ_TRACE
 * in the environment it prints each request before it issues it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz/cover.h"
#include "fuzz/grammar.h"
#include "fuzz/sequence.h"
#include "zxtest.h"

#define SLICE_MS	400	/* a process lives that long at most */
#define SLOW		16	/* times that long on a kernel with KCOV, */
				/* which checks all else as well */
#define MS		1000000ull
#define REPORT		(60 * 1000 * MS)

static unsigned int seconds = 4;
static uint64_t first_seed;
static struct tally *tally;
static bool covered;

/* ---- in a process that is going to be killed --------------------------- */

/* A call that a guest keeps busy ends when a signal comes. */
static void start_timer(uint64_t interval)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = SIGUSR1,
	};
	struct itimerspec spec = { .it_value.tv_nsec = interval };
	timer_t timer;

	if (!interval)
		return;
	event._sigev_un._tid = gettid();
	spec.it_interval = spec.it_value;
	ASSERT_EQ(0, timer_create(CLOCK_MONOTONIC, &event, &timer));
	ASSERT_EQ(0, timer_settime(timer, 0, &spec, NULL));
}

static void on_timer(int number)
{
	(void)number;
}

/* What a thread is told when it starts. */
struct order {
	unsigned int index;
	uint64_t seed, interval;
};

static void *fuzz_thread(void *arg)
{
	const struct order *order = arg;
	struct source s = source_of_seed(order->seed);
	struct actor actor = { .index = order->index };
	struct sequence seq;
	unsigned int good;

	cover_begin(&actor.cover);
	start_timer(order->interval);
	for (;;) {
		corpus_next(&s, &seq);
		grammar_start(&actor, &s);
		good = 0;
		for (unsigned int i = 0; i < seq.count; i++)
			if (grammar_step(&actor, &seq.step[i]))
				good = i + 1;
		if (good)
			corpus_keep(&s, &seq, good);
	}
	return NULL;
}

static void fuzz_process(uint64_t seed, bool wild)
{
	static struct order orders[THREADS];
	struct source s = source_of_seed(seed);
	/* A fourth have no timer: their vCPUs run until the end. */
	uint64_t interval = one_in(&s, 4) ? 0 : (5 + below(&s, 25)) * MS;
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGUSR1, on_timer);
	grammar_begin(tally, wild, getenv("FUZZ_TRACE"));
	for (int i = THREADS - 1; i >= 0; i--) {
		orders[i] = (struct order){ i, draw(&s), interval };
		if (i)
			ASSERT_EQ(0, pthread_create(&thread, NULL, fuzz_thread, &orders[i]));
	}
	fuzz_thread(&orders[0]);
}

/* ---- in the test ------------------------------------------------------- */

/* Whether the process ended as it should: by our hand, or by what it did to itself. */
static bool ended_well(int status, bool wild)
{
	if (!WIFSIGNALED(status))
		return false;
	switch (WTERMSIG(status)) {
	case SIGKILL:
		return true;
	case SIGSEGV:
	case SIGBUS:
		return wild;
	}
	return false;
}

static bool fuzz_once(struct source *s)
{
	uint64_t ms = 1 + below(s, SLICE_MS * (covered ? SLOW : 1));
	struct timespec slice = { ms / 1000, ms % 1000 * MS };
	static const struct timespec now;
	uint64_t seed = draw(s);
	bool wild = one_in(s, 4);
	sigset_t chld;
	int status;
	pid_t pid;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	while (sigtimedwait(&chld, NULL, &now) > 0)
		;			/* of the one before */
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		fuzz_process(seed, wild);
	/* Until it dies by itself, which it should not. */
	sigtimedwait(&chld, NULL, &slice);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	if (ended_well(status, wild))
		return true;
	TH_LOG("process of seed %#llx ended with %#x", (unsigned long long)seed,
	       status);
	return false;
}

static void report(unsigned int processes)
{
	TH_LOG("%u processes, %lu calls: %lu good, %lu statuses, %lu errnos, %lu strange",
	       processes, atomic_load(&tally->calls), atomic_load(&tally->good),
	       atomic_load(&tally->statuses), atomic_load(&tally->errnos),
	       atomic_load(&tally->strange));
	if (covered)
		TH_LOG("%lu edges, %u sequences kept", cover_edges(), corpus_size());
}

TEST_TIMEOUT(sequences_of_the_grammar_do_no_harm, 7200)
{
	uint64_t seed = first_seed ? first_seed : zxtest_now();
	uint64_t start = zxtest_now(), next = start + REPORT;
	uint64_t end = start + seconds * 1000 * MS;
	struct source s = source_of_seed(seed);
	struct zxtest_objects before;
	unsigned int processes = 0;

	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)tally);
	if (!zxtest_objects_read(&before))
		SKIP("no debugfs");
	ASSERT_TRUE(corpus_init());
	covered = cover_init();
	TH_LOG("seed %llu, %u seconds, %s KCOV", (unsigned long long)seed, seconds,
	       covered ? "with" : "without");
	while (zxtest_now() < end) {
		processes++;
		EXPECT_TRUE(fuzz_once(&s));
		ASSERT_TRUE(zxtest_objects_settle(&before, 60));
		if (zxtest_now() >= next) {
			next += REPORT;
			report(processes);
		}
	}
	cover_report();
	report(processes);
	EXPECT_LT(0ul, atomic_load(&tally->good));
	EXPECT_EQ(0ul, atomic_load(&tally->strange));
	if (covered)
		EXPECT_LT(0ul, cover_edges());
}

static bool number(const char *text, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 0);
	return *text >= '0' && *text <= '9' && !*end && !errno;
}

int main(int argc, char **argv)
{
	uint64_t value;

	if (argc > 1 && number(argv[1], &value)) {
		if (!value || value > 7000 || argc > 3 ||
		    (argc > 2 && !number(argv[2], &first_seed))) {
			fprintf(stderr, "usage: %s [SECONDS [SEED]]; at most 7000 seconds\n",
				argv[0]);
			return 2;
		}
		seconds = value;
		argc = 1;
		argv[1] = NULL;
	}
	return zxtest_main(argc, argv);
}
