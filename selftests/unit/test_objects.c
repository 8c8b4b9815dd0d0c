// SPDX-License-Identifier: MIT
/*
 * What the calls of handles, signals, waits and ports ask the kernel for.
 * Values use all the bits of their types, so that one that is cut or widened
 * wrongly shows.
 */
#include <linux/zx_hyp.h>
#include <zircon/syscalls.h>
#include <zx_hyp/zx_hyp.h>

#include "unit.h"

#define HANDLE1 0x7fa1b2c3u
#define HANDLE2 0x6d5e4f37u
#define WORD1 0xfedcba98u
#define LONG1 0xfedcba9876543210u
#define ADDRESS(pointer) ((uintptr_t)(pointer))

static uint64_t cell1;

START_TEST(handle_close_names_the_handle)
{
	struct zx_hyp_handle_close expected = { sizeof(expected), .handle = HANDLE1 };

	ck_assert_int_eq(zx_handle_close(HANDLE1), ZX_OK);
	assert_asked(ZX_HYP_HANDLE_CLOSE, expected);
}
END_TEST

START_TEST(handle_close_of_the_invalid_handle_asks_nothing)
{
	ck_assert_int_eq(zx_handle_close(ZX_HANDLE_INVALID), ZX_OK);
	ck_assert_int_eq(fake.opens, 0);
	ck_assert_int_eq(fake.ioctls, 0);
}
END_TEST

START_TEST(handle_close_many_passes_all)
{
	zx_handle_t handles[] = { HANDLE1, HANDLE2 };
	struct zx_hyp_handle_close_many expected = {
		sizeof(expected), .handles = ADDRESS(handles), .count = LONG1,
	};

	ck_assert_int_eq(zx_handle_close_many(handles, LONG1), ZX_OK);
	assert_asked(ZX_HYP_HANDLE_CLOSE_MANY, expected);
}
END_TEST

START_TEST(handle_close_many_of_none_asks_nothing)
{
	ck_assert_int_eq(zx_handle_close_many(NULL, 0), ZX_OK);
	ck_assert_int_eq(fake.opens, 0);
	ck_assert_int_eq(fake.ioctls, 0);
}
END_TEST

START_TEST(handle_duplicate_passes_all)
{
	struct zx_hyp_handle_dup expected = {
		sizeof(expected),
		.handle = HANDLE1,
		.rights = WORD1,
		.out_handle = ADDRESS(&cell1),
	};

	ck_assert_int_eq(zx_handle_duplicate(HANDLE1, WORD1, (void *)&cell1), ZX_OK);
	assert_asked(ZX_HYP_HANDLE_DUPLICATE, expected);
}
END_TEST

START_TEST(handle_replace_passes_all)
{
	struct zx_hyp_handle_dup expected = {
		sizeof(expected),
		.handle = HANDLE1,
		.rights = WORD1,
		.out_handle = ADDRESS(&cell1),
	};

	ck_assert_int_eq(zx_handle_replace(HANDLE1, WORD1, (void *)&cell1), ZX_OK);
	assert_asked(ZX_HYP_HANDLE_REPLACE, expected);
}
END_TEST

START_TEST(underscored_names_are_the_same_functions)
{
	ck_assert(_zx_handle_close_many == zx_handle_close_many);
}
END_TEST

static const struct unit_test tests[] = {
	UNIT_TEST(handle_close_names_the_handle),
	UNIT_TEST(handle_close_of_the_invalid_handle_asks_nothing),
	UNIT_TEST(handle_close_many_passes_all),
	UNIT_TEST(handle_close_many_of_none_asks_nothing),
	UNIT_TEST(handle_duplicate_passes_all),
	UNIT_TEST(handle_replace_passes_all),
	UNIT_TEST(underscored_names_are_the_same_functions),
};

int main(void)
{
	return unit_run("objects", tests, UNIT_COUNT(tests));
}
