// SPDX-License-Identifier: MIT
/* Time: arithmetic, deadlines and sleeping. */
#include <errno.h>
#include <time.h>

#include <zircon/syscalls.h>

#include "unit.h"

int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *until,
			   struct timespec *left);

static int sleeps, interrupts;
static struct timespec slept_until;

/* Nobody sleeps here: the test looks at what was asked for. */
int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *until,
			   struct timespec *left)
{
	(void)left;
	ck_assert_int_eq(clock, CLOCK_MONOTONIC);
	ck_assert_int_eq(flags, TIMER_ABSTIME);
	slept_until = *until;
	sleeps++;
	if (interrupts) {
		interrupts--;
		return EINTR;
	}
	return 0;
}

START_TEST(the_clock_is_linuxs_monotonic_clock)
{
	struct timespec before, after;
	zx_time_t between;

	clock_gettime(CLOCK_MONOTONIC, &before);
	between = zx_clock_get_monotonic();
	clock_gettime(CLOCK_MONOTONIC, &after);
	ck_assert_int_ge(between, before.tv_sec * 1000000000 + before.tv_nsec);
	ck_assert_int_le(between, after.tv_sec * 1000000000 + after.tv_nsec);
}
END_TEST

START_TEST(a_deadline_lies_that_far_ahead)
{
	zx_time_t before = zx_clock_get_monotonic();
	zx_time_t deadline = zx_deadline_after(ZX_SEC(5));
	zx_time_t after = zx_clock_get_monotonic();

	ck_assert_int_ge(deadline, before + 5000000000);
	ck_assert_int_le(deadline, after + 5000000000);
}
END_TEST

START_TEST(a_negative_duration_gives_a_past_deadline)
{
	ck_assert_int_lt(zx_deadline_after(-1), zx_clock_get_monotonic());
}
END_TEST

START_TEST(a_deadline_saturates_at_infinity)
{
	ck_assert_int_eq(zx_deadline_after(ZX_TIME_INFINITE), ZX_TIME_INFINITE);
	ck_assert_int_eq(zx_deadline_after(ZX_TIME_INFINITE - 1), ZX_TIME_INFINITE);
}
END_TEST

static const struct {
	zx_time_t time;
	zx_duration_t duration;
	zx_time_t sum;
	zx_time_t difference;
} sums[] = {
	{ 5, 3, 8, 2 },
	{ -5, 3, -2, -8 },
	{ INT64_MAX, 1, INT64_MAX, INT64_MAX - 1 },
	{ INT64_MAX, -1, INT64_MAX - 1, INT64_MAX },
	{ INT64_MIN, 1, INT64_MIN + 1, INT64_MIN },
	{ INT64_MIN, -1, INT64_MIN, INT64_MIN + 1 },
	{ INT64_MIN, INT64_MIN, INT64_MIN, 0 },
	{ 0, INT64_MIN, INT64_MIN, INT64_MAX },
};

START_TEST(time_arithmetic_saturates)
{
	size_t i;

	for (i = 0; i < UNIT_COUNT(sums); i++) {
		zx_time_t time = sums[i].time;
		zx_duration_t duration = sums[i].duration;

		ck_assert_int_eq(zx_time_add_duration(time, duration), sums[i].sum);
		ck_assert_int_eq(zx_time_sub_duration(time, duration),
				 sums[i].difference);
		ck_assert_int_eq(zx_time_sub_time(time, duration), sums[i].difference);
	}
}
END_TEST

START_TEST(units_are_nanoseconds)
{
	ck_assert_int_eq(ZX_NSEC(2), 2);
	ck_assert_int_eq(ZX_USEC(2), 2000);
	ck_assert_int_eq(ZX_MSEC(2), 2000000);
	ck_assert_int_eq(ZX_SEC(2), 2000000000);
	ck_assert_int_eq(ZX_MIN(2), 120000000000);
	ck_assert_int_eq(ZX_HOUR(2), 7200000000000);
}
END_TEST

START_TEST(no_sleep_until_zero_or_less)
{
	ck_assert_int_eq(zx_nanosleep(0), ZX_OK);
	ck_assert_int_eq(zx_nanosleep(-1), ZX_OK);
	ck_assert_int_eq(zx_nanosleep(ZX_TIME_INFINITE_PAST), ZX_OK);
	ck_assert_int_eq(sleeps, 0);
}
END_TEST

static const struct {
	zx_time_t deadline;
	struct timespec until;
} waits[] = {
	{ 1, { 0, 1 } },
	{ 999999999, { 0, 999999999 } },
	{ 1000000000, { 1, 0 } },
	{ 12345678901234, { 12345, 678901234 } },
	{ ZX_TIME_INFINITE, { 9223372036, 854775807 } },
};

START_TEST(a_sleep_lasts_until_its_deadline)
{
	int i;

	for (i = 0; i < (int)UNIT_COUNT(waits); i++) {
		ck_assert_int_eq(zx_nanosleep(waits[i].deadline), ZX_OK);
		ck_assert_int_eq(sleeps, i + 1);
		ck_assert_int_eq(slept_until.tv_sec, waits[i].until.tv_sec);
		ck_assert_int_eq(slept_until.tv_nsec, waits[i].until.tv_nsec);
	}
}
END_TEST

START_TEST(a_signal_does_not_end_a_sleep)
{
	interrupts = 3;
	ck_assert_int_eq(zx_nanosleep(ZX_SEC(5)), ZX_OK);
	ck_assert_int_eq(sleeps, 4);
	ck_assert_int_eq(slept_until.tv_sec, 5);
}
END_TEST

static const struct unit_test tests[] = {
	UNIT_TEST(the_clock_is_linuxs_monotonic_clock),
	UNIT_TEST(a_deadline_lies_that_far_ahead),
	UNIT_TEST(a_negative_duration_gives_a_past_deadline),
	UNIT_TEST(a_deadline_saturates_at_infinity),
	UNIT_TEST(time_arithmetic_saturates),
	UNIT_TEST(units_are_nanoseconds),
	UNIT_TEST(no_sleep_until_zero_or_less),
	UNIT_TEST(a_sleep_lasts_until_its_deadline),
	UNIT_TEST(a_signal_does_not_end_a_sleep),
};

int main(void)
{
	return unit_run("clock", tests, UNIT_COUNT(tests));
}
