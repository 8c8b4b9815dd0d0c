/* SPDX-License-Identifier: MIT */
/*
 * zxtest: a small KTAP test harness with the vocabulary of the kernel's
 * kselftest_harness.h.
 *
 * Each test runs in its own child process, which opens the device through
 * libzx itself: handles belong to the mm that made them, so nothing leaks from
 * one test into the next, and a test that dies takes only itself along. The
 * parent never calls libzx. After each test the parent compares the driver's
 * live object counters with those before it: a test that leaves an object
 * behind fails, whatever else it found.
 *
 * A program may be given names (or parts of names) of tests to run; "-l" lists
 * them.
 */
#ifndef ZXTEST_H
#define ZXTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <zircon/types.h>

/* Exit codes of a program, as in kselftest.h. */
#define KSFT_PASS	0
#define KSFT_FAIL	1
#define KSFT_SKIP	4

#define ZXTEST_TIMEOUT	30	/* seconds that a test may take by default */

/* One test, in the order in which the linker met it. */
struct zxtest {
	const char *name;
	void (*run)(void);
	unsigned int timeout;		/* seconds */
	struct zxtest *next;
};

void zxtest_register(struct zxtest *test);
int zxtest_main(int argc, char **argv);

/* Prints one diagnostic line, "# " first, newline added. */
void zxtest_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Tells who reads the kernel's log that the traces of memory that ran out are
 * meant, from now until the test ends.
 */
void zxtest_memory_runs_out(void);

/* Adds to a number that the program prints at its end, over all of its tests. */
void zxtest_count(const char *what, unsigned long n);

/* Marks the running test as failed. */
void zxtest_fail(void);
bool zxtest_failed(void);

/* Ends the running test at once: failed, or skipped for a reason. */
void zxtest_abort(void) __attribute__((noreturn));
void zxtest_skip(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));

/*
 * Names the row of a table that is being checked; diagnostics carry it until
 * the next call. NULL ends the table. Each thread has its own.
 */
void zxtest_row(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void zxtest_row_end(void);

/* Called by the macros below: compare, report, return whether it held. */
bool zxtest_cmp(const char *file, int line, const char *op, bool held,
		const char *exp_text, unsigned long long exp,
		const char *seen_text, unsigned long long seen);
bool zxtest_status(const char *file, int line, const char *text,
		   zx_status_t exp, zx_status_t seen);
bool zxtest_bytes(const char *file, int line, const char *text,
		  const void *exp, const void *seen, size_t len);

#define ZXTEST_DEFINE(symbol, label, fn, seconds)			\
	static struct zxtest symbol = {					\
		.name = label, .run = fn, .timeout = seconds,		\
	};								\
	static void __attribute__((constructor)) symbol##_register(void) \
	{								\
		zxtest_register(&symbol);				\
	}

#define TEST_TIMEOUT(name, seconds)					\
	static void test_##name(void);					\
	ZXTEST_DEFINE(zxtest_##name, #name, test_##name, seconds)	\
	static void test_##name(void)

#define TEST(name) TEST_TIMEOUT(name, ZXTEST_TIMEOUT)

/* What the tests of one fixture share: FIXTURE(x) { members; }; */
#define FIXTURE(name)							\
	struct fixture_##name;						\
	static void fixture_##name##_setup(struct fixture_##name *self); \
	static void fixture_##name##_teardown(struct fixture_##name *self); \
	struct fixture_##name
#define FIXTURE_SETUP(name)						\
	static void fixture_##name##_setup(struct fixture_##name *self)
#define FIXTURE_TEARDOWN(name)						\
	static void fixture_##name##_teardown(struct fixture_##name *self)

#define TEST_F_TIMEOUT(fixture, name, seconds)				\
	static void test_##fixture##_##name(struct fixture_##fixture *self); \
	static void wrap_##fixture##_##name(void)			\
	{								\
		struct fixture_##fixture self = { 0 };			\
									\
		fixture_##fixture##_setup(&self);			\
		test_##fixture##_##name(&self);				\
		fixture_##fixture##_teardown(&self);			\
	}								\
	ZXTEST_DEFINE(zxtest_##fixture##_##name, #fixture "." #name,	\
		      wrap_##fixture##_##name, seconds)			\
	static void test_##fixture##_##name(				\
		struct fixture_##fixture *self __attribute__((unused)))

#define TEST_F(fixture, name) TEST_F_TIMEOUT(fixture, name, ZXTEST_TIMEOUT)

#define ZXTEST_OP(op, exp, seen, otherwise) do {			\
	__typeof__(seen) zxt_seen_ = (seen);				\
	__typeof__(exp) zxt_exp_ = (exp);				\
									\
	if (!zxtest_cmp(__FILE__, __LINE__, #op, zxt_exp_ op zxt_seen_,	\
			#exp, (unsigned long long)zxt_exp_, #seen,	\
			(unsigned long long)zxt_seen_))			\
		otherwise;						\
} while (0)

#define EXPECT_EQ(exp, seen)	ZXTEST_OP(==, exp, seen, (void)0)
#define EXPECT_NE(exp, seen)	ZXTEST_OP(!=, exp, seen, (void)0)
#define EXPECT_LT(exp, seen)	ZXTEST_OP(<, exp, seen, (void)0)
#define EXPECT_LE(exp, seen)	ZXTEST_OP(<=, exp, seen, (void)0)
#define EXPECT_GT(exp, seen)	ZXTEST_OP(>, exp, seen, (void)0)
#define EXPECT_GE(exp, seen)	ZXTEST_OP(>=, exp, seen, (void)0)
#define EXPECT_TRUE(seen)	ZXTEST_OP(==, 1, !!(seen), (void)0)
#define EXPECT_FALSE(seen)	ZXTEST_OP(==, 0, !!(seen), (void)0)

#define ASSERT_EQ(exp, seen)	ZXTEST_OP(==, exp, seen, zxtest_abort())
#define ASSERT_NE(exp, seen)	ZXTEST_OP(!=, exp, seen, zxtest_abort())
#define ASSERT_LT(exp, seen)	ZXTEST_OP(<, exp, seen, zxtest_abort())
#define ASSERT_LE(exp, seen)	ZXTEST_OP(<=, exp, seen, zxtest_abort())
#define ASSERT_GT(exp, seen)	ZXTEST_OP(>, exp, seen, zxtest_abort())
#define ASSERT_GE(exp, seen)	ZXTEST_OP(>=, exp, seen, zxtest_abort())
#define ASSERT_TRUE(seen)	ZXTEST_OP(==, 1, !!(seen), zxtest_abort())
#define ASSERT_FALSE(seen)	ZXTEST_OP(==, 0, !!(seen), zxtest_abort())

/* The call must return this zx_status_t; both are printed by name. */
#define EXPECT_STATUS(exp, call) \
	((void)zxtest_status(__FILE__, __LINE__, #call, exp, call))
#define ASSERT_STATUS(exp, call) do {					\
	if (!zxtest_status(__FILE__, __LINE__, #call, exp, call))	\
		zxtest_abort();						\
} while (0)
#define EXPECT_OK(call)		EXPECT_STATUS(ZX_OK, call)
#define ASSERT_OK(call)		ASSERT_STATUS(ZX_OK, call)

/* The bytes at seen must be those at exp. */
#define EXPECT_BYTES(exp, seen, len) \
	((void)zxtest_bytes(__FILE__, __LINE__, #seen, exp, seen, len))

#define SKIP(...)		zxtest_skip(__VA_ARGS__)
#define TH_LOG(...)		zxtest_log(__VA_ARGS__)

#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))

#define TEST_HARNESS_MAIN						\
	int main(int argc, char **argv)					\
	{								\
		return zxtest_main(argc, argv);				\
	}

/* ---- waiting, without sleeping --------------------------------------- */

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t zxtest_now(void);

/* Lets others run between two looks at a condition. */
void zxtest_relax(void);

/*
 * Has RCU hurry, for tests with many rounds: KVM waits for it whenever a guest
 * comes or goes. Stays so until the machine is gone.
 */
void zxtest_hurry_rcu(void);

/*
 * Looks at a condition until it holds or that many seconds are over; yields
 * whether it held.
 */
#define wait_until(seconds, condition) ({				\
	uint64_t zxt_end_ = zxtest_now() + (seconds) * 1000000000ull;	\
	bool zxt_held_;							\
									\
	while (!(zxt_held_ = !!(condition)) && zxtest_now() < zxt_end_)	\
		zxtest_relax();						\
	zxt_held_ || (condition);					\
})

/* Whether a thread, of whatever process, is blocked in the kernel. */
bool zxtest_thread_sleeps(int tid);

/*
 * Whether a thread is blocked in an ioctl(): what it may wait for before, as for
 * its stack, is no call of ours. One that has ended is not.
 */
bool zxtest_thread_in_ioctl(int tid);

/* ---- live objects of the driver -------------------------------------- */

#define ZXTEST_OBJECTS_MAX	16

/* What debugfs tells about the objects that exist, by type. */
struct zxtest_objects {
	int count;
	struct {
		char type[16];
		long live;
	} row[ZXTEST_OBJECTS_MAX];
};

/* Reads the counters; false when the driver does not show them. */
bool zxtest_objects_read(struct zxtest_objects *objects);

/* Live objects of one type, or -1. */
long zxtest_objects_of(const char *type);

/*
 * Waits until the counters are those given, for freeing may be deferred; says
 * which are not.
 */
bool zxtest_objects_settle(const struct zxtest_objects *want,
			   unsigned int seconds);

#endif /* ZXTEST_H */
