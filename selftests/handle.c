// SPDX-License-Identifier: MIT
/*
 * Handles: their form, what a closed or a made-up one gets, and every call
 * against every type of object, with each right missing.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>

#include "guest/vm.h"
#include "matrix.h"
#include "zxtest.h"

FIXTURE(objects) {
	struct matrix m;
};

FIXTURE_SETUP(objects)
{
	matrix_setup(&self->m);
}

FIXTURE_TEARDOWN(objects)
{
	matrix_teardown(&self->m);
}

/* ---- every call, every type, every right ------------------------------ */

static bool row_is_about(const struct matrix_row *row, uint32_t type)
{
	return !row->only || row->only & 1u << type;
}

/* Whether the call has closed the handle that it was given. */
static bool consumed(const struct matrix_row *row, zx_status_t status)
{
	return row->flags & ROW_CONSUMES ||
	       (row->flags & ROW_MOVES && status == ZX_OK);
}

/* One call, through a handle of its own. */
static void expect_of(struct matrix *m, const struct matrix_row *row,
		      uint32_t type, zx_rights_t rights)
{
	zx_status_t status = matrix_expect(row, type, rights);
	zx_handle_t h;

	ASSERT_OK(zx_handle_duplicate(m->of[type], rights, &h));
	EXPECT_STATUS(status, matrix_call(m, row, h));
	EXPECT_STATUS(consumed(row, status) ? ZX_ERR_BAD_HANDLE : ZX_OK,
		      zx_handle_close(h));
}

static zx_rights_t rights_of(zx_handle_t h)
{
	zx_info_handle_basic_t info;

	ASSERT_OK(zx_object_get_info(h, ZX_INFO_HANDLE_BASIC, &info,
				     sizeof(info), NULL, NULL));
	return info.rights;
}

TEST_F(objects, have_handles_with_every_right)
{
	for_each_type(type) {
		zxtest_row("%s", type_name(type));
		EXPECT_EQ(ZX_RIGHT_MANAGE_VMO * 2 - 1, rights_of(self->m.of[type]));
	}
}

TEST_F_TIMEOUT(objects, every_call_says_of_every_type_what_it_should, 120)
{
	for_each_row(row) {
		for_each_type(type) {
			if (!row_is_about(row, type))
				continue;
			zxtest_row("%s with a %s", row->name, type_name(type));
			expect_of(&self->m, row, type, rights_of(self->m.of[type]));
		}
	}
}

TEST_F_TIMEOUT(objects, every_call_misses_each_right_that_it_needs, 300)
{
	for_each_row(row) {
		for_each_type(type) {
			zx_rights_t all = rights_of(self->m.of[type]);

			if (!row_is_about(row, type))
				continue;
			for (int bit = 0; bit < 25; bit++) {
				zxtest_row("%s with a %s without right %d",
					   row->name, type_name(type), bit);
				expect_of(&self->m, row, type, all & ~(1u << bit));
			}
		}
	}
}

TEST_F_TIMEOUT(objects, every_call_takes_the_rights_that_it_needs_and_no_more, 120)
{
	for_each_row(row) {
		for_each_type(type) {
			zx_rights_t rights = row->rights;

			if (!row_is_about(row, type))
				continue;
			zxtest_row("%s with a %s", row->name, type_name(type));
			expect_of(&self->m, row, type, rights | row->any_right);
			zxtest_row("%s with a %s without any right", row->name,
				   type_name(type));
			expect_of(&self->m, row, type, 0);
		}
	}
}

/* vcpu_create takes the right of either of two API levels. */
TEST_F(objects, vcpu_create_takes_either_right_to_manage)
{
	static const struct {
		zx_rights_t rights;
		zx_status_t status;
	} rows[] = {
		{ ZX_RIGHT_MANAGE_PROCESS, ZX_ERR_BAD_STATE },
		{ ZX_RIGHT_MANAGE_THREAD, ZX_ERR_BAD_STATE },
		{ ZX_RIGHT_MANAGE_PROCESS | ZX_RIGHT_MANAGE_THREAD,
		  ZX_ERR_BAD_STATE },
		{ ZX_RIGHT_MANAGE_JOB | ZX_RIGHT_WRITE, ZX_ERR_ACCESS_DENIED },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zx_handle_t guest, vcpu;

		zxtest_row("rights %#x", rows[i].rights);
		ASSERT_OK(zx_handle_duplicate(self->m.of[ZX_OBJ_TYPE_GUEST],
					      rows[i].rights, &guest));
		EXPECT_STATUS(rows[i].status, zx_vcpu_create(guest, 0, 0, &vcpu));
		ASSERT_OK(zx_handle_close(guest));
	}
}

/*
 * What an object cannot do is found after its handle and right, and before what
 * it is asked to do. Of a name the bytes are read first.
 */
TEST_F(objects, what_has_no_name_has_an_empty_one)
{
	static const char empty[ZX_MAX_NAME_LEN];

	for_each_type(type) {
		zx_handle_t h = self->m.of[type];
		char name[ZX_MAX_NAME_LEN];

		if (type == ZX_OBJ_TYPE_VMO)
			continue;
		zxtest_row("%s", type_name(type));
		poison(name, sizeof(name));
		EXPECT_OK(zx_object_get_property(h, ZX_PROP_NAME, name,
						 sizeof(name)));
		EXPECT_BYTES(empty, name, sizeof(name));
		EXPECT_STATUS(ZX_ERR_BUFFER_TOO_SMALL,
			      zx_object_get_property(h, ZX_PROP_NAME, name, 31));
		EXPECT_STATUS(ZX_ERR_NOT_SUPPORTED,
			      zx_object_set_property(h, ZX_PROP_NAME, "x", 1));
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
			      zx_object_set_property(h, ZX_PROP_NAME, (void *)16,
						     1));
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
			      zx_object_set_property(h, 99, "x", 1));
	}
}

TEST_F(objects, what_has_no_peer_is_not_asked_for_bits)
{
	for_each_type(type) {
		zx_status_t status = type == ZX_OBJ_TYPE_EVENTPAIR ?
			ZX_ERR_INVALID_ARGS : ZX_ERR_NOT_SUPPORTED;

		zxtest_row("%s", type_name(type));
		EXPECT_STATUS(status, zx_object_signal_peer(self->m.of[type], ~0u,
							    ~0u));
	}
}

/* ---- values ----------------------------------------------------------- */

/* Every call finds this value bad. */
static void expect_bad(struct matrix *m, zx_handle_t h, const char *what)
{
	for_each_row(row) {
		if (!h && row->flags & ROW_ZERO_OK)
			continue;
		zxtest_row("%s with %s, %#x", row->name, what, h);
		EXPECT_STATUS(ZX_ERR_BAD_HANDLE, matrix_call(m, row, h));
	}
	zxtest_row_end();
}

TEST_F(objects, zero_is_a_bad_handle_where_it_does_not_mean_none)
{
	struct matrix *m = &self->m;
	zx_handle_t h;

	expect_bad(m, ZX_HANDLE_INVALID, "zero");
	EXPECT_OK(zx_handle_close(ZX_HANDLE_INVALID));
	EXPECT_OK(zx_handle_close_many(&(zx_handle_t){ 0 }, 1));
	ASSERT_OK(zx_vmo_create(4096, 0, &h));
	EXPECT_OK(zx_vmo_replace_as_executable(h, ZX_HANDLE_INVALID, &h));
	EXPECT_OK(zx_handle_close(h));
	EXPECT_OK(zx_guest_set_trap(m->of[ZX_OBJ_TYPE_GUEST], ZX_GUEST_TRAP_IO,
				    0x9000, 1, ZX_HANDLE_INVALID, 0));
}

TEST_F(objects, values_have_both_low_bits_set_and_the_top_bit_clear)
{
	for_each_type(type) {
		zx_handle_t h = self->m.of[type];

		zxtest_row("%s: %#x", type_name(type), h);
		EXPECT_EQ(3u, h & 3);
		EXPECT_EQ(0u, h & 0x80000000u);
		for_each_type(other)
			if (other != type)
				EXPECT_NE(self->m.of[other], h);
	}
	EXPECT_EQ(3u, zx_vmar_root_self() & 0x80000003u);
}

TEST_F_TIMEOUT(objects, low_bits_clear_or_top_bit_set_are_bad_handles, 120)
{
	for_each_type(type) {
		zx_handle_t h = self->m.of[type];
		const zx_handle_t wrong[] = {
			h & ~1u, h & ~2u, h & ~3u, h | 0x80000000u,
		};

		for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
			expect_bad(&self->m, wrong[i], type_name(type));
	}
}

static bool is_alive(const struct matrix *m, zx_handle_t h)
{
	for_each_type(type)
		if (h == m->of[type])
			return true;
	return h == m->port || h == m->event || h == m->vmo || h == m->peer ||
	       h == zx_vmar_root_self();
}

TEST_F(objects, flipping_any_other_bit_makes_a_bad_handle)
{
	struct matrix *m = &self->m;

	for_each_type(type) {
		for (int bit = 2; bit < 31; bit++) {
			zx_handle_t h = m->of[type] ^ 1u << bit;
			if (is_alive(m, h))
				continue;
			zxtest_row("%s, bit %d", type_name(type), bit);
			EXPECT_STATUS(ZX_ERR_BAD_HANDLE,
				      zx_object_get_info(h, ZX_INFO_HANDLE_VALID,
							 NULL, 0, NULL, NULL));
		}
	}
}

TEST_F_TIMEOUT(objects, made_up_values_are_bad_handles, 120)
{
	static const zx_handle_t values[] = {
		1, 2, 3, 4, 7, 0x7fffffff, 0x7ffffffc, 0x80000000, 0x80000003,
		0xffffffff, 0xfffffffe,
	};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		expect_bad(&self->m, values[i], "a constant");
}

TEST(random_values_are_bad_handles)
{
	zx_handle_t random = 0x12345;
	uint64_t size;

	for (int i = 0; i < 20000; i++) {
		random = random * 1664525 + 1013904223;
		zxtest_row("%#x", random);
		EXPECT_STATUS(ZX_ERR_BAD_HANDLE,
			      zx_vmo_get_size(random, &size));
	}
}

TEST_F_TIMEOUT(objects, a_closed_handle_is_bad_of_whatever_type, 120)
{
	struct matrix *m = &self->m;

	for_each_type(type) {
		zx_handle_t h, again;

		ASSERT_OK(zx_handle_duplicate(m->of[type], ZX_RIGHT_SAME_RIGHTS, &h));
		ASSERT_OK(zx_handle_close(h));
		/* The next that is made does not revive it. */
		ASSERT_OK(zx_handle_duplicate(m->of[type], ZX_RIGHT_SAME_RIGHTS,
					      &again));
		expect_bad(m, h, "a closed handle");
		ASSERT_OK(zx_handle_close(again));
	}
}

/* ---- other processes -------------------------------------------------- */

/* Its handles, until the other side of the pipe is closed. */
static void make_handles(int out, int until)
{
	struct matrix m;
	char byte;

	matrix_setup(&m);
	if (write(out, &m, sizeof(m)) == sizeof(m))
		(void)!read(until, &byte, 1);
	_exit(0);
}

/* The child is there before this process has used the library. */
TEST_TIMEOUT(handles_of_another_process_are_bad, 120)
{
	struct matrix m, others;
	int from[2], to[2], status;
	pid_t child;

	ASSERT_EQ(0, pipe(from));
	ASSERT_EQ(0, pipe(to));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		close(to[1]);
		make_handles(from[1], to[0]);
	}
	ASSERT_EQ((ssize_t)sizeof(others), read(from[0], &others, sizeof(others)));
	matrix_setup(&m);
	for_each_type(type)
		expect_bad(&m, others.of[type], "another process's handle");
	matrix_teardown(&m);
	close(to[1]);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

/* ---- for as long as they live ----------------------------------------- */

TEST_F_TIMEOUT(objects, no_call_on_a_bad_handle_harms_a_good_one, 120)
{
	struct matrix *m = &self->m;

	expect_bad(m, m->of[ZX_OBJ_TYPE_VMO] ^ 1u << 24, "the neighbour of a good one");
	for_each_row(row)
		for_each_type(type)
			if (row_is_about(row, type))
				expect_of(m, row, type, 0);
	for_each_type(type) {
		zxtest_row("%s", type_name(type));
		EXPECT_OK(zx_object_get_info(m->of[type], ZX_INFO_HANDLE_VALID,
					     NULL, 0, NULL, NULL));
	}
}

static bool is_handle(zx_handle_t h)
{
	return zx_object_get_info(h, ZX_INFO_HANDLE_VALID, NULL, 0, NULL,
				  NULL) == ZX_OK;
}

/*
 * A slot is used again under another value: the value of a closed handle never
 * reaches the object that has its slot now.
 */
TEST_TIMEOUT(a_stale_value_never_reaches_another_object, 120)
{
	enum { ROUNDS = 10000, KEPT = 64 };
	zx_handle_t stale[KEPT] = { 0 }, first = 0;

	for (int i = 0; i < ROUNDS; i++) {
		/* One old value a round, and all of them now and then. */
		int n = i % 100 ? 1 : KEPT;
		zx_handle_t h = 0;

		zxtest_row("round %d", i);
		ASSERT_OK(zx_event_create(0, &h));
		if (!first)
			first = h;
		else
			ASSERT_NE(first, h);
		for (int k = i; k < i + n; k++)
			ASSERT_FALSE(stale[k % KEPT] && is_handle(stale[k % KEPT]));
		ASSERT_EQ(!i, is_handle(first));
		ASSERT_OK(zx_handle_close(h));
		stale[i % KEPT] = h;
	}
}

TEST(handles_are_not_given_out_twice)
{
	enum { COUNT = 4096 };
	static zx_handle_t h[COUNT];
	static uint8_t seen[1u << 29];	/* by value, without the fixed bits */

	for (int i = 0; i < COUNT; i++) {
		ASSERT_OK(zx_event_create(0, &h[i]));
		ASSERT_EQ(0, seen[h[i] >> 2]);
		seen[h[i] >> 2] = 1;
	}
	for (int i = 0; i < COUNT; i++)
		ASSERT_OK(zx_handle_close(h[i]));
	for (int i = 0; i < COUNT; i++)
		ASSERT_STATUS(ZX_ERR_BAD_HANDLE, zx_handle_close(h[i]));
}

TEST_HARNESS_MAIN
