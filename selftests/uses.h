/* SPDX-License-Identifier: MIT */
/*
 * Every call as a row of one table, a row for each handle that it takes: what is
 * made for it, and the call, which is ZX_OK as long as there is the handle. For
 * races of a call with what happens to its handle.
 *
 * What guests' calls leave mapped lies in the page at GUEST_HOLE.
 */
#ifndef SELFTESTS_USES_H
#define SELFTESTS_USES_H

#include "guest/vm.h"

/**
 * struct subject - what a call is made with
 * @h: the handle that is closed
 * @other: a handle that the call needs beside it
 * @vm: a guest with a vCPU of this thread, RAM and all; only for its calls
 * @round: counts
 */
struct subject {
	zx_handle_t h, other;
	struct vm vm;
	unsigned int round;
};

#define USE_VM		(1u << 0)	/* it is of the guest's objects */
#define USE_CONSUMES	(1u << 1)	/* a close and it: one of them only */
#define USE_MAY_TIME_OUT (1u << 2)	/* packets go with their port ... */
#define USE_MAY_NOT_FIND (1u << 3)	/* ... and so do waits */
#define USE_SLOW	(1u << 4)
#define USE_KICKS	(1u << 5)	/* first, by another handle */

struct use {
	const char *name;
	void (*make)(struct subject *s);
	zx_status_t (*use)(struct subject *s);
	unsigned int flags;
};

extern const struct use uses[];
extern const int uses_count;

#define for_each_use(row) \
	for (const struct use *row = uses; row < uses + uses_count; row++)

#endif /* SELFTESTS_USES_H */
