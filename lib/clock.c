// SPDX-License-Identifier: MIT
/* Time. */
#include <errno.h>
#include <sched.h>
#include <time.h>

#include <zircon/syscalls.h>

#include "libzx.h"

ZX_EXPORT zx_time_t zx_clock_get_monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return zx_time_add_duration(ZX_SEC(now.tv_sec), now.tv_nsec);
}
ZX_ALIAS(zx_clock_get_monotonic);

ZX_EXPORT zx_time_t zx_deadline_after(zx_duration_t nanoseconds)
{
	return zx_time_add_duration(zx_clock_get_monotonic(), nanoseconds);
}
ZX_ALIAS(zx_deadline_after);

ZX_EXPORT zx_status_t zx_nanosleep(zx_time_t deadline)
{
	struct timespec until = {
		.tv_sec = deadline / ZX_SEC(1),
		.tv_nsec = deadline % ZX_SEC(1),
	};
	int saved_errno = errno;

	if (deadline <= 0) {
		sched_yield();
		errno = saved_errno;
		return ZX_OK;
	}
	/* Returns its error instead of setting errno. */
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
	return ZX_OK;
}
ZX_ALIAS(zx_nanosleep);
