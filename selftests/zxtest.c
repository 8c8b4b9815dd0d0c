// SPDX-License-Identifier: MIT
/*
 * zxtest: the runner. See zxtest.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <zircon/status.h>

#include "zxtest.h"

#define DEVICE		"/dev/zx_hyp"
#define GRACE		15	/* seconds a killed test has to be gone */

/* How a test's process ends, beside the codes of kselftest. */
#define EXIT_ABORTED	(KSFT_SKIP + 1)

static struct zxtest *tests, **last_test = &tests;

/* What the child tells the parent. */
#define COUNTS_MAX	8

struct told {
	struct {
		char what[32];
		unsigned long n;
	} count[COUNTS_MAX];
	char skip_reason[256];
	bool memory_ran_out;
};

static struct told *told;

/* Of the child: what the test found so far. */
static atomic_bool failed;
static __thread char row[160];

void zxtest_register(struct zxtest *test)
{
	*last_test = test;
	last_test = &test->next;
}

/* ---- in the child ----------------------------------------------------- */

/* One write a line, so that lines of several threads do not mix. */
static void vlog(const char *head, const char *fmt, va_list ap)
{
	char line[512];
	int n, m;

	n = snprintf(line, sizeof(line), "# %s", head);
	m = vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	n += m;
	if (n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	while (write(STDOUT_FILENO, line, n) < 0 && errno == EINTR)
		;
}

void zxtest_log(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vlog("", fmt, ap);
	va_end(ap);
}

/* A line in the kernel's log, where scripts/testlab/verdict.py looks for it. */
static void log_to_kernel(const char *text)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		zxtest_log("/dev/kmsg: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
}

void zxtest_memory_runs_out(void)
{
	told->memory_ran_out = true;
	log_to_kernel("<5>zxtest: memory runs out on purpose\n");
}

void zxtest_count(const char *what, unsigned long n)
{
	for (int i = 0; i < COUNTS_MAX; i++) {
		char *have = told->count[i].what;

		if (!*have)
			snprintf(have, sizeof(told->count[i].what), "%s", what);
		if (!strcmp(have, what)) {
			told->count[i].n += n;
			return;
		}
	}
	zxtest_log("no room to count %s", what);
	zxtest_fail();
}

void zxtest_fail(void)
{
	atomic_store(&failed, true);
}

bool zxtest_failed(void)
{
	return atomic_load(&failed);
}

void zxtest_abort(void)
{
	_exit(EXIT_ABORTED);
}

void zxtest_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(told->skip_reason, sizeof(told->skip_reason), fmt, ap);
	va_end(ap);
	_exit(atomic_load(&failed) ? KSFT_FAIL : KSFT_SKIP);
}

void zxtest_row(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(row, sizeof(row), fmt, ap);
	va_end(ap);
}

void zxtest_row_end(void)
{
	row[0] = '\0';
}

static const char *row_sep(void)
{
	return row[0] ? ": " : "";
}

bool zxtest_cmp(const char *file, int line, const char *op, bool held,
		const char *exp_text, unsigned long long exp,
		const char *seen_text, unsigned long long seen)
{
	if (held)
		return true;
	zxtest_fail();
	zxtest_log("%s:%d: %s%sexpected %s (%#llx) %s %s (%#llx)", file, line,
		   row, row_sep(), exp_text, exp, op, seen_text, seen);
	return false;
}

bool zxtest_status(const char *file, int line, const char *text,
		   zx_status_t exp, zx_status_t seen)
{
	if (exp == seen)
		return true;
	zxtest_fail();
	zxtest_log("%s:%d: %s%sexpected %s, got %s (%d) from %s", file, line,
		   row, row_sep(), zx_status_get_string(exp),
		   zx_status_get_string(seen), seen, text);
	return false;
}

bool zxtest_bytes(const char *file, int line, const char *text,
		  const void *exp, const void *seen, size_t len)
{
	const uint8_t *e = exp, *s = seen;

	for (size_t i = 0; i < len; i++) {
		if (e[i] == s[i])
			continue;
		zxtest_fail();
		zxtest_log("%s:%d: %s%sexpected byte %zu of %s to be %#x, is %#x",
			   file, line, row, row_sep(), i, text, e[i], s[i]);
		return false;
	}
	return true;
}

static void __attribute__((noreturn)) run_child(const struct zxtest *test)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	sigaction(SIGALRM, &dfl, NULL);
	alarm(test->timeout);
	test->run();
	_exit(atomic_load(&failed) ? KSFT_FAIL : KSFT_PASS);
}

/* ---- waiting ---------------------------------------------------------- */

uint64_t zxtest_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

void zxtest_relax(void)
{
	sched_yield();
}

void zxtest_hurry_rcu(void)
{
	int fd = open("/sys/kernel/rcu_expedited", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "1", 1) != 1)
		zxtest_log("RCU keeps its pace: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* A file of a thread in /proc; false when the thread is gone. */
static bool read_of_thread(int tid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", tid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

bool zxtest_thread_sleeps(int tid)
{
	char text[512], *end;

	if (!read_of_thread(tid, "stat", text, sizeof(text)))
		return false;
	end = strrchr(text, ')');
	return end && (end[2] == 'S' || end[2] == 'D');
}

bool zxtest_thread_in_ioctl(int tid)
{
	char text[32];

	/* A thread that runs has no number there. */
	return read_of_thread(tid, "syscall", text, sizeof(text)) &&
	       atoi(text) == SYS_ioctl;
}

/* ---- in the parent ---------------------------------------------------- */

/*
 * Waits for the test's process. The child's alarm ends a test that takes too
 * long; what outlives even that cannot be killed, and false says so.
 */
static bool reap(pid_t pid, unsigned int timeout, int *status)
{
	uint64_t end = zxtest_now() + (timeout + GRACE) * 1000000000ull;
	struct timespec slice = { .tv_sec = 1 };
	bool killed = false;
	sigset_t chld;
	pid_t got;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	for (;;) {
		got = waitpid(pid, status, WNOHANG);
		if (got == pid)
			break;
		if (zxtest_now() >= end) {
			if (killed)
				return false;
			kill(-pid, SIGKILL);
			killed = true;
			end += GRACE * 1000000000ull;
		}
		sigtimedwait(&chld, NULL, &slice);
	}
	kill(-pid, SIGKILL);	/* what the test may have forked */
	while (waitpid(-pid, NULL, 0) > 0)
		;
	return true;
}

/* Turns how the process ended into a verdict, and says what is strange. */
static int verdict(const struct zxtest *test, int status)
{
	if (WIFSIGNALED(status)) {
		if (WTERMSIG(status) == SIGALRM)
			zxtest_log("%s: not done after %u seconds", test->name,
				   test->timeout);
		else
			zxtest_log("%s: ended by signal %d (%s)", test->name,
				   WTERMSIG(status),
				   strsignal(WTERMSIG(status)));
		return KSFT_FAIL;
	}
	switch (WEXITSTATUS(status)) {
	case KSFT_PASS:
	case KSFT_SKIP:
		return WEXITSTATUS(status);
	case KSFT_FAIL:
	case EXIT_ABORTED:
		return KSFT_FAIL;
	}
	zxtest_log("%s: ended with exit status %d", test->name,
		   WEXITSTATUS(status));
	return KSFT_FAIL;
}

static int run_one(const struct zxtest *test)
{
	struct zxtest_objects before;
	bool counted;
	int status, result;
	pid_t pid;

	counted = zxtest_objects_read(&before);
	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		zxtest_log("%s: fork: %s", test->name, strerror(errno));
		return KSFT_FAIL;
	}
	if (!pid)
		run_child(test);
	if (!reap(pid, test->timeout, &status)) {
		zxtest_log("%s: cannot be killed", test->name);
		return -1;
	}
	if (told->memory_ran_out)
		log_to_kernel("<5>zxtest: memory is back\n");
	told->memory_ran_out = false;
	result = verdict(test, status);
	if (counted && !zxtest_objects_settle(&before, 10)) {
		zxtest_log("%s: left objects behind", test->name);
		result = KSFT_FAIL;
	}
	return result;
}

static bool wanted(const struct zxtest *test, int argc, char **argv)
{
	if (argc < 2)
		return true;
	for (int i = 1; i < argc; i++)
		if (strstr(test->name, argv[i]))
			return true;
	return false;
}

/* Without the device no test says anything: one sentence, and failure. */
static bool device_works(void)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		printf("Bail out! %s: %s\n", DEVICE, strerror(errno));
		return false;
	}
	close(fd);
	return true;
}

static int list(void)
{
	for (struct zxtest *t = tests; t; t = t->next)
		puts(t->name);
	return KSFT_PASS;
}

/* Runs the wanted tests; the counts go to pass, fail and skip. */
static bool run_all(int argc, char **argv, int *pass, int *fail, int *skip)
{
	int number = 0;

	for (struct zxtest *t = tests; t; t = t->next) {
		uint64_t start = zxtest_now();
		int result;

		if (!wanted(t, argc, argv))
			continue;
		number++;
		result = run_one(t);
		if (result == KSFT_PASS)
			++*pass;
		else if (result == KSFT_SKIP)
			++*skip;
		else
			++*fail;
		if (result == KSFT_SKIP)
			printf("ok %d %s # SKIP %s\n", number, t->name,
			       told->skip_reason);
		else
			printf("%s %d %s\n", result ? "not ok" : "ok", number,
			       t->name);
		start = (zxtest_now() - start) / 1000000;
		if (start > 2000)
			printf("# %s took %llu ms\n", t->name,
			       (unsigned long long)start);
		if (result < 0) {
			printf("Bail out! %s cannot be killed\n", t->name);
			return false;
		}
	}
	return true;
}

int zxtest_main(int argc, char **argv)
{
	int count = 0, pass = 0, fail = 0, skip = 0;
	sigset_t chld;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 2 && !strcmp(argv[1], "-l"))
		return list();
	if (argc == 2 && !strcmp(argv[1], "--pause")) {
		/* What a test of exec() becomes. */
		alarm(ZXTEST_TIMEOUT);
		for (;;)
			pause();
	}
	for (struct zxtest *t = tests; t; t = t->next)
		count += wanted(t, argc, argv);
	if (!count) {
		fprintf(stderr, "%s: no such test\n", argv[0]);
		return 2;
	}
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED) {
		perror("mmap");
		return KSFT_FAIL;
	}
	printf("KTAP version 1\n1..%d\n", count);
	if (!device_works())
		return KSFT_FAIL;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	if (!run_all(argc, argv, &pass, &fail, &skip))
		return KSFT_FAIL;
	for (int i = 0; i < COUNTS_MAX && *told->count[i].what; i++)
		printf("# counted: %lu %s\n", told->count[i].n,
		       told->count[i].what);
	printf("# Totals: pass:%d fail:%d xfail:0 xpass:0 skip:%d error:0\n",
	       pass, fail, skip);
	if (fail)
		return KSFT_FAIL;
	return pass ? KSFT_PASS : KSFT_SKIP;
}
