/* SPDX-License-Identifier: MIT */
/*
 * Time. All times and durations are nanoseconds in 64 signed bits; the ends of
 * the range stand for infinity, and arithmetic saturates there.
 */
#ifndef ZIRCON_TIME_H_
#define ZIRCON_TIME_H_

#include <stdint.h>

typedef int64_t zx_time_t;	/* a point in time, on some clock */
typedef int64_t zx_duration_t;	/* a span of time */
typedef int64_t zx_ticks_t;	/* a count of a hardware counter */

#define ZX_TIME_INFINITE INT64_MAX
#define ZX_TIME_INFINITE_PAST INT64_MIN

#define ZX_NSEC(n) ((zx_duration_t)(1LL * (n)))
#define ZX_USEC(n) ((zx_duration_t)(1000LL * (n)))
#define ZX_MSEC(n) ((zx_duration_t)(1000000LL * (n)))
#define ZX_SEC(n) ((zx_duration_t)(1000000000LL * (n)))
#define ZX_MIN(n) (ZX_SEC(n) * 60LL)
#define ZX_HOUR(n) (ZX_MIN(n) * 60LL)

/**
 * zx_time_add_duration - a point in time moved by a duration
 * @time: nanoseconds
 * @duration: nanoseconds, negative for the past
 *
 * Return: the sum, saturated to ZX_TIME_INFINITE or ZX_TIME_INFINITE_PAST.
 */
static inline zx_time_t zx_time_add_duration(zx_time_t time, zx_duration_t duration)
{
	zx_time_t sum;

	if (__builtin_add_overflow(time, duration, &sum))
		return duration < 0 ? ZX_TIME_INFINITE_PAST : ZX_TIME_INFINITE;
	return sum;
}

/**
 * zx_time_sub_duration - a point in time moved back by a duration
 * @time: nanoseconds
 * @duration: nanoseconds
 *
 * Return: the difference, saturated like zx_time_add_duration()'s.
 */
static inline zx_time_t zx_time_sub_duration(zx_time_t time, zx_duration_t duration)
{
	zx_time_t difference;

	if (__builtin_sub_overflow(time, duration, &difference))
		return duration < 0 ? ZX_TIME_INFINITE : ZX_TIME_INFINITE_PAST;
	return difference;
}

/**
 * zx_time_sub_time - the duration between two points in time
 * @time1: nanoseconds
 * @time2: nanoseconds
 *
 * Return: @time1 - @time2, saturated like zx_time_add_duration()'s.
 */
static inline zx_duration_t zx_time_sub_time(zx_time_t time1, zx_time_t time2)
{
	return zx_time_sub_duration(time1, time2);
}

#endif /* ZIRCON_TIME_H_ */
