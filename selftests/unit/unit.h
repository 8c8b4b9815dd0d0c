/* SPDX-License-Identifier: MIT */
/* What the unit tests share: their main function's body and a kernel of straw. */
#ifndef UNIT_H
#define UNIT_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * struct unit_test - a row of a program's table of tests
 * @name: the behaviour
 * @test: where START_TEST put the test
 */
struct unit_test {
	const char *name;
	const TTest *const *test;
};

#define UNIT_TEST(function) { #function, &function }
#define UNIT_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/**
 * unit_run - run the tests, each in a process of its own
 * @name: of the program
 * @tests: the table
 * @count: rows of it
 *
 * Writes KTAP to the standard output.
 *
 * Return: the program's exit status.
 */
int unit_run(const char *name, const struct unit_test *tests, size_t count);

/* Bytes of a request that fake.argument keeps. */
#define FAKE_ARGUMENT_MAX 128

/**
 * struct fake - stands in for /dev/zx_hyp in programs linked with FAKE_LDFLAGS
 * @open_errno: not 0: what open() of the device fails with
 * @opens: times it was opened
 * @query_errno: not 0: what ZX_HYP_QUERY fails with
 * @abi_version: what it tells
 * @vendor: what it tells
 * @caps: what it tells
 * @interrupts: times that the next request answers EINTR first
 * @result: of every other request
 * @error: errno with it when it is negative
 * @handler: called for every request that is not interrupted, before it answers
 * @ioctls: requests but ZX_HYP_QUERY, with interrupted ones
 * @fd: file of the last request
 * @request: the last request
 * @argument: its structure
 * @argument_size: the size that the structure says it has
 */
struct fake {
	int open_errno;
	int opens;
	int query_errno;
	uint32_t abi_version;
	uint32_t vendor;
	uint64_t caps;
	int interrupts;
	int result;
	int error;
	void (*handler)(unsigned long request, const void *argument);
	int ioctls;
	int fd;
	unsigned long request;
	uint64_t argument[FAKE_ARGUMENT_MAX / 8];
	uint32_t argument_size;
};

extern struct fake fake;

/* Compares the whole last request, with its reserved members. */
#define assert_asked(code, expected)                                          \
	do {                                                                  \
		ck_assert_uint_eq(fake.request, code);                        \
		ck_assert_uint_eq((expected).size, sizeof(expected));         \
		ck_assert_uint_eq(fake.argument_size, sizeof(expected));      \
		ck_assert_mem_eq(fake.argument, &(expected), sizeof(expected)); \
	} while (0)

#endif /* UNIT_H */
