/* SPDX-License-Identifier: MIT */
/*
 * The system around the tests: files of the kernel, control groups, and swap.
 */
#ifndef SELFTESTS_SYSTEM_H
#define SELFTESTS_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- files of the kernel ----------------------------------------------- */

bool write_text(const char *path, const char *text);

/* What a file says, up to 4 KiB, until the next call; "" without the file. */
const char *read_text(const char *path);

/* A number in a file, alone or behind a word at the start of a line; or -1. */
long long number_in(const char *path, const char *word);

/* ---- control groups ---------------------------------------------------- */

#define CGROUPS	"/run/zx-cgroup"
#define GROUP	CGROUPS "/test"

/* A group of the test's own, with a controller; SKIPs where there is none. */
void make_group(const char *controller);
void join_group(pid_t pid);

/* This process leaves it, and it goes. */
void leave_group(void);

/* ---- swap --------------------------------------------------------------- */

/*
 * So many bytes of swap, in memory: SKIPs where there is none to be had. It is
 * given back by swap_off(), which first brings in what went there.
 */
void swap_on(uint64_t bytes);
void swap_off(void);

/* KiB of it that are in use. */
long long swap_used(void);

#endif /* SELFTESTS_SYSTEM_H */
