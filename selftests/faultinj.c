// SPDX-License-Identifier: MIT
/*
 * Faults on purpose: each request of the contract, again and again, with the
 * first, second, third... allocation or copy of it failing, until it completes
 * without. Each time it must say what is true, leave nothing half made, and
 * work when it is issued anew. Needs a kernel with fault injection.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <zircon/errors.h>

#include "abi.h"
#include "calls.h"
#include "zxtest.h"

#define DEBUGFS		"/sys/kernel/debug/"
#define NO_MEMORY	(-ZX_ERR_NO_MEMORY)
#define INVALID_ARGS	(-ZX_ERR_INVALID_ARGS)
#define FAULTS_MAX	5000		/* no call has that many */
#define BUDGET		1000000		/* of an attribute's "times" */

enum kind { SLAB, PAGE_ALLOC, USERCOPY, KINDS };

static const char *const kind_name[KINDS] = { "slab", "page", "usercopy" };
static const char *const kind_text[KINDS] = {
	"slab faults", "page faults", "usercopy faults",
};
static const char *const kind_dir[KINDS] = {
	"failslab", "fail_page_alloc", "fail_usercopy",
};

/* ---- the kernel's knobs ------------------------------------------------ */

static bool knob_write(const char *dir, const char *name, const char *value)
{
	char path[128];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), DEBUGFS "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = write(fd, value, strlen(value));
	close(fd);
	return n == (ssize_t)strlen(value);
}

static long knob_read(const char *dir, const char *name)
{
	char path[128], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), DEBUGFS "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (read(fd, text, sizeof(text) - 1) <= 0)
		text[0] = '\0';
	close(fd);
	return strtol(text, NULL, 10);
}

static bool have_kind(enum kind kind)
{
	return knob_read(kind_dir[kind], "times") >= -1 &&
	       access(DEBUGFS, X_OK) == 0 &&
	       knob_write(kind_dir[kind], "verbose", "0");
}

/* Quiet, for each kind of allocation; who fails is told for each task. */
static void kind_prepare(enum kind kind)
{
	knob_write(kind_dir[kind], "probability", "0");
	knob_write(kind_dir[kind], "interval", "1");
	knob_write(kind_dir[kind], "space", "0");
	knob_write(kind_dir[kind], "task-filter", "N");
	knob_write(kind_dir[kind], "times", "1000000");
	knob_write(kind_dir[kind], "ignore-gfp-wait", "N");
	knob_write(kind_dir[kind], "ignore-gfp-highmem", "N");
	knob_write(kind_dir[kind], "min-order", "0");
}

/* Faults injected so far, by kind. */
struct tally {
	long count[KINDS];
};

static struct tally tally_read(void)
{
	struct tally t;

	for (int k = 0; k < KINDS; k++) {
		long left = knob_read(kind_dir[k], "times");

		t.count[k] = left < 0 ? 0 : BUDGET - left;
	}
	return t;
}

/* The kind of the one fault that came between the two. */
static enum kind tally_kind(const struct tally *before, const struct tally *now)
{
	for (int k = 0; k < KINDS; k++)
		if (now->count[k] != before->count[k])
			return k;
	return KINDS;
}

/* ---- one task's countdown ---------------------------------------------- */

static int nth_open(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%ld/fail-nth",
		 syscall(SYS_gettid));
	return open(path, O_RDWR | O_CLOEXEC);
}

static void nth_arm(int fd, unsigned int nth)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%u", nth);

	ASSERT_EQ((ssize_t)n, pwrite(fd, text, n, 0));
}

/* Ends the countdown; whether it had come to its end before. */
static bool nth_disarm(int fd)
{
	char text[16] = "";
	bool injected;

	/* Reading copies to us, and may be what fails: then one was left. */
	injected = pread(fd, text, sizeof(text) - 1, 0) > 0 && text[0] == '0';
	while (pwrite(fd, "0", 1, 0) != 1)
		ASSERT_EQ(EFAULT, errno);
	return injected;
}

/* ---- one call ---------------------------------------------------------- */

FIXTURE(faults) {
	int nth;
	unsigned long injected[KINDS], refused, maps, done;
	struct call_ctx ctx;
};

FIXTURE_SETUP(faults)
{
	bool any = false;

	(void)mount("none", "/sys/kernel/debug", "debugfs", 0, NULL);
	self->nth = nth_open();
	if (self->nth < 0)
		SKIP("this kernel has no fault injection (CONFIG_FAULT_INJECTION)");
	for (int k = 0; k < KINDS; k++) {
		if (!have_kind(k)) {
			TH_LOG("this kernel cannot fail: %s", kind_name[k]);
			continue;
		}
		kind_prepare(k);
		any = true;
	}
	if (!any)
		SKIP("this kernel has none of failslab, fail_page_alloc, fail_usercopy");
	if (zxtest_objects_of("guest") < 0)
		SKIP("no debugfs");
	zxtest_memory_runs_out();
}

FIXTURE_TEARDOWN(faults)
{
	TH_LOG("%lu slab, %lu page and %lu usercopy faults; %lu calls refused, %lu went on without",
	       self->injected[SLAB], self->injected[PAGE_ALLOC],
	       self->injected[USERCOPY], self->refused, self->done);
	for (int k = 0; k < KINDS; k++)
		zxtest_count(kind_text[k], self->injected[k]);
	EXPECT_EQ(0, close(self->nth));
}

/*
 * Whether it was KVM's copy for the guest that failed: the guest has then met
 * memory that does not answer, and may have died of it.
 */
static bool guest_was_hit(const struct call *call, enum kind kind, long ret)
{
	return kind == USERCOPY && call->flags & CALL_ENTERS &&
	       (ret == -ZX_ERR_NOT_FOUND || ret == -ZX_ERR_NOT_SUPPORTED);
}

/* What a call may say after a fault of a kind. */
static bool right_answer(const struct call *call, enum kind kind, long ret)
{
	if (!ret || guest_was_hit(call, kind, ret))
		return true;
	if (kind == USERCOPY)
		return ret == -EFAULT || ret == INVALID_ARGS;
	return ret == NO_MEMORY;
}

/* A QUERY that says 0 must have told the truth. */
static void check_result(const struct call *call, const struct call_ctx *c)
{
	const struct zx_hyp_query_result *q = (const void *)c->buffer;

	if (call->cmd == ZX_HYP_QUERY)
		EXPECT_NE(ZX_HYP_VENDOR_NONE, q->vendor);
}

/* The call failed: it changed nothing, and is good without a fault. */
static void check_refused(struct fixture_faults *self, const struct call *call,
			  const struct zxtest_objects *objects,
			  const struct call_maps *maps)
{
	self->refused++;
	if (call->flags & CALL_CONSUMES)
		return;
	EXPECT_TRUE(zxtest_objects_settle(objects, 10));
	if (!(call->flags & CALL_WINDOW))
		call_expect_maps(maps);
	EXPECT_EQ(0, call_issue(call, &self->ctx));
	check_result(call, &self->ctx);
}

/* One round: whether there was a fault. */
static bool fail_once(struct fixture_faults *self, const struct call *call,
		      unsigned int nth)
{
	struct tally before, now;
	struct zxtest_objects objects;
	enum kind kind;
	bool injected;
	struct call_maps maps;
	long ret;

	call_setup(call, &self->ctx);
	ASSERT_TRUE(zxtest_objects_read(&objects));
	call_read_maps(&maps);
	before = tally_read();
	nth_arm(self->nth, nth);
	ret = call_issue(call, &self->ctx);
	injected = nth_disarm(self->nth);
	now = tally_read();
	kind = tally_kind(&before, &now);
	if (injected && kind < KINDS) {
		self->injected[kind]++;
		zxtest_row("%s, fault %u (%s), which answered %ld", call->name,
			   nth, kind_name[kind], ret);
		EXPECT_TRUE(right_answer(call, kind, ret));
		if (ret && !guest_was_hit(call, kind, ret))
			check_refused(self, call, &objects, &maps);
	} else {
		zxtest_row("%s, %u faults past", call->name, nth - 1);
		EXPECT_FALSE(injected);
		EXPECT_EQ(0, ret);
	}
	if (!ret) {
		self->done += injected;
		check_result(call, &self->ctx);
	}
	call_teardown(&self->ctx);
	return injected;
}

static void sweep(struct fixture_faults *self, const struct call *call)
{
	struct zxtest_objects objects;
	unsigned int nth = 1;
	struct call_maps maps;

	/* Once without, so that what is made but once is there. */
	call_setup(call, &self->ctx);
	ASSERT_EQ(0, call_issue(call, &self->ctx));
	call_teardown(&self->ctx);

	ASSERT_TRUE(zxtest_objects_read(&objects));
	call_read_maps(&maps);
	while (fail_once(self, call, nth))
		ASSERT_GT(FAULTS_MAX, nth++);
	zxtest_row("%s, after %u faults", call->name, nth - 1);
	EXPECT_TRUE(zxtest_objects_settle(&objects, 10));
	call_expect_maps(&maps);
	TH_LOG("%s: %u faults", call->name, nth - 1);
}

/* What a test sweeps: rows whose names begin so; the first takes all others. */
static const char *const groups[] = {
	"", "object", "event", "port", "guest", "vcpu", "vmo", "vmar",
};

static const char *group_of(const struct call *call)
{
	for (size_t i = 1; i < ARRAY_SIZE(groups); i++)
		if (!strncmp(call->name, groups[i], strlen(groups[i])))
			return groups[i];
	return groups[0];
}

static void sweep_calls(struct fixture_faults *self, const char *group)
{
	unsigned int swept = 0;

	for_each_call(call) {
		if (strcmp(group_of(call), group))
			continue;
		sweep(self, call);
		swept++;
	}
	EXPECT_LT(0, swept);
}

TEST_F_TIMEOUT(faults, of_handles_resources_and_the_rest, 300)
{
	sweep_calls(self, "");
}

TEST_F_TIMEOUT(faults, of_objects_events_and_ports, 300)
{
	sweep_calls(self, "object");
	sweep_calls(self, "event");
	sweep_calls(self, "port");
}

TEST_F_TIMEOUT(faults, of_guests, 600)
{
	sweep_calls(self, "guest");
}

TEST_F_TIMEOUT(faults, of_vcpus, 600)
{
	sweep_calls(self, "vcpu");
}

TEST_F_TIMEOUT(faults, of_vmos, 120)
{
	sweep_calls(self, "vmo");
}

TEST_F_TIMEOUT(faults, of_vmars, 300)
{
	sweep_calls(self, "vmar");
}

/* The device itself: opening it is not a request, but it allocates. */
TEST_F_TIMEOUT(faults, of_opening_the_device, 120)
{
	struct zxtest_objects objects;
	unsigned int nth = 0;
	bool injected;
	int fd;

	ASSERT_TRUE(zxtest_objects_read(&objects));
	do {
		nth_arm(self->nth, ++nth);
		fd = open("/dev/zx_hyp", O_RDWR | O_CLOEXEC);
		if (fd < 0)
			EXPECT_TRUE(errno == ENOMEM || errno == ENFILE ||
				    errno == EFAULT);
		injected = nth_disarm(self->nth);
		if (fd >= 0)
			EXPECT_EQ(0, close(fd));
		EXPECT_TRUE(injected || fd >= 0);
		ASSERT_GT(FAULTS_MAX, nth);
	} while (injected);
	EXPECT_TRUE(zxtest_objects_settle(&objects, 10));
	TH_LOG("opening: %u faults", nth - 1);
}

/* ---- in KVM's kernel thread -------------------------------------------- */

/* Lets the children of kthreadd fail once, after @space bytes. */
static bool kthread_arm(const char *dir, unsigned long space, bool on)
{
	char text[32];
	int fd = open("/proc/2/make-it-fail", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	ASSERT_EQ(1, write(fd, on ? "1" : "0", 1));
	close(fd);
	/* Off first and on last: the knobs allocate as well. */
	if (!on)
		knob_write(dir, "probability", "0");
	snprintf(text, sizeof(text), "%lu", on ? space : 0);
	knob_write(dir, "space", text);
	knob_write(dir, "task-filter", on ? "Y" : "N");
	knob_write(dir, "times", on ? "1" : "1000000");
	if (on)
		knob_write(dir, "probability", "100");
	return true;
}

static unsigned long sweep_kthread(struct fixture_faults *self,
				   const struct call *call, enum kind kind)
{
	unsigned long space = 0, rounds = 0, step = kind == SLAB ? 192 : 1;
	struct zxtest_objects objects;
	bool injected;
	struct call_maps maps;
	long ret;

	do {
		call_setup(call, &self->ctx);
		ASSERT_TRUE(zxtest_objects_read(&objects));
		call_read_maps(&maps);
		if (!kthread_arm(kind_dir[kind], space, true))
			SKIP("no /proc/2/make-it-fail");
		ret = call_issue(call, &self->ctx);
		injected = knob_read(kind_dir[kind], "times") == 0;
		kthread_arm(kind_dir[kind], 0, false);
		zxtest_row("%s fault in the VM's thread after %lu, which answered %ld",
			   kind_name[kind], space, ret);
		EXPECT_TRUE(right_answer(call, kind, ret));
		if (ret)
			check_refused(self, call, &objects, &maps);
		call_teardown(&self->ctx);
		self->injected[kind] += injected;
		/* Most of it is debugfs: what comes late differs little. */
		space += step + space / (kind == SLAB ? 12 : 64);
		ASSERT_GT(FAULTS_MAX, ++rounds);
	} while (injected);
	return rounds - 1;
}

/* guest_create has KVM's VM made by a kernel thread, where no task counts. */
TEST_F_TIMEOUT(faults, of_the_thread_that_makes_the_vm, 600)
{
	const struct call *call = calls;

	while (call->cmd != ZX_HYP_GUEST_CREATE)
		call++;
	TH_LOG("slab: %lu rounds", sweep_kthread(self, call, SLAB));
	TH_LOG("page: %lu rounds", sweep_kthread(self, call, PAGE_ALLOC));
}

TEST_HARNESS_MAIN
