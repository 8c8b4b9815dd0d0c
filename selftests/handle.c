// SPDX-License-Identifier: MIT
/*
 * Handles: their form, what a closed or a made-up one gets, and the type
 * check of every call against every type of object.
 */
#include <string.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

#include "guest/vm.h"
#include "zxtest.h"

/* One object of each type that can be made. */
enum { GUEST, VCPU, VMO, VMAR, RESOURCE, TYPES };

static const char *const type_name[TYPES] = {
	"guest", "vcpu", "vmo", "vmar", "resource",
};

FIXTURE(objects) {
	zx_handle_t of[TYPES];
};

FIXTURE_SETUP(objects)
{
	self->of[RESOURCE] = hypervisor_resource();
	ASSERT_OK(zx_guest_create(self->of[RESOURCE], 0, &self->of[GUEST],
				  &self->of[VMAR]));
	ASSERT_OK(zx_vcpu_create(self->of[GUEST], 0, 0, &self->of[VCPU]));
	ASSERT_OK(zx_vmo_create(4096, 0, &self->of[VMO]));
}

FIXTURE_TEARDOWN(objects)
{
	for (int t = 0; t < TYPES; t++) {
		zxtest_row("%s", type_name[t]);
		EXPECT_OK(zx_handle_close(self->of[t]));
	}
}

/* ---- every call that takes a handle ----------------------------------- */

static uint8_t out[256];

static zx_status_t call_guest_create(zx_handle_t h)
{
	return zx_guest_create(h, 0, (void *)out, (void *)(out + 8));
}

static zx_status_t call_set_trap(zx_handle_t h)
{
	return zx_guest_set_trap(h, ZX_GUEST_TRAP_IO, 1, 1, 0, 0);
}

static zx_status_t call_vcpu_create(zx_handle_t h)
{
	return zx_vcpu_create(h, 0, 0, (void *)out);
}

static zx_status_t call_enter(zx_handle_t h)
{
	return zx_vcpu_enter(h, (void *)out);
}

static zx_status_t call_kick(zx_handle_t h)
{
	return zx_vcpu_kick(h);
}

static zx_status_t call_interrupt(zx_handle_t h)
{
	return zx_vcpu_interrupt(h, 64);
}

static zx_status_t call_read_state(zx_handle_t h)
{
	return zx_vcpu_read_state(h, ZX_VCPU_STATE, out,
				  sizeof(zx_vcpu_state_t));
}

static zx_status_t call_write_state(zx_handle_t h)
{
	zx_vcpu_state_t state = { 0 };

	return zx_vcpu_write_state(h, ZX_VCPU_STATE, &state, sizeof(state));
}

static zx_status_t call_vmo_read(zx_handle_t h)
{
	return zx_vmo_read(h, out, 0, 1);
}

static zx_status_t call_vmo_write(zx_handle_t h)
{
	return zx_vmo_write(h, "x", 0, 1);
}

static zx_status_t call_get_size(zx_handle_t h)
{
	return zx_vmo_get_size(h, (void *)out);
}

static zx_status_t call_map(zx_handle_t h)
{
	zx_handle_t vmo;
	zx_status_t status;

	ASSERT_OK(zx_vmo_create(4096, 0, &vmo));
	status = zx_vmar_map(h, ZX_VM_PERM_READ, 0, vmo, 0, 4096, (void *)out);
	ASSERT_OK(zx_handle_close(vmo));
	return status;
}

static zx_status_t call_map_vmo(zx_handle_t h)
{
	return zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ, 0, h, 0, 4096,
			   (void *)out);
}

static zx_status_t call_unmap(zx_handle_t h)
{
	return zx_vmar_unmap(h, 0x40000000, 4096);
}

/* Writes its result? Which type does it take? */
static const struct call {
	const char *name;
	zx_status_t (*fn)(zx_handle_t handle);
	int takes;
} calls[] = {
	{ "guest_create", call_guest_create, RESOURCE },
	{ "guest_set_trap", call_set_trap, GUEST },
	{ "vcpu_create", call_vcpu_create, GUEST },
	{ "vcpu_enter", call_enter, VCPU },
	{ "vcpu_kick", call_kick, VCPU },
	{ "vcpu_interrupt", call_interrupt, VCPU },
	{ "vcpu_read_state", call_read_state, VCPU },
	{ "vcpu_write_state", call_write_state, VCPU },
	{ "vmo_read", call_vmo_read, VMO },
	{ "vmo_write", call_vmo_write, VMO },
	{ "vmo_get_size", call_get_size, VMO },
	{ "vmar_map", call_map, VMAR },
	{ "vmar_map of a VMO", call_map_vmo, VMO },
	{ "vmar_unmap", call_unmap, VMAR },
};

/* Each call gives a status for a handle and writes nothing. */
static void expect_from_all(zx_status_t status, zx_handle_t handle,
			    const char *what)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		zxtest_row("%s with %s", calls[i].name, what);
		poison(out, sizeof(out));
		EXPECT_STATUS(status, calls[i].fn(handle));
		EXPECT_TRUE(poisoned(out, sizeof(out)));
	}
	zxtest_row_end();
}

TEST_F(objects, every_call_refuses_an_object_of_another_type)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		for (int t = 0; t < TYPES; t++) {
			if (t == calls[i].takes)
				continue;
			zxtest_row("%s with a %s", calls[i].name, type_name[t]);
			poison(out, sizeof(out));
			EXPECT_STATUS(ZX_ERR_WRONG_TYPE,
				      calls[i].fn(self->of[t]));
			EXPECT_TRUE(poisoned(out, sizeof(out)));
		}
	}
}

TEST_F(objects, values_have_both_low_bits_set_and_the_top_bit_clear)
{
	for (int t = 0; t < TYPES; t++) {
		zxtest_row("%s: %#x", type_name[t], self->of[t]);
		EXPECT_EQ(3u, self->of[t] & 3);
		EXPECT_EQ(0u, self->of[t] & 0x80000000u);
		for (int u = 0; u < t; u++)
			EXPECT_NE(self->of[u], self->of[t]);
	}
	EXPECT_EQ(3u, zx_vmar_root_self() & 0x80000003u);
}

TEST_F(objects, low_bits_clear_or_top_bit_set_are_bad_handles)
{
	for (int t = 0; t < TYPES; t++) {
		zx_handle_t h = self->of[t];
		const zx_handle_t wrong[] = {
			h & ~1u, h & ~2u, h & ~3u, h | 0x80000000u,
		};

		for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
			expect_from_all(ZX_ERR_BAD_HANDLE, wrong[i],
					type_name[t]);
			EXPECT_STATUS(ZX_ERR_BAD_HANDLE,
				      zx_handle_close(wrong[i]));
		}
	}
}

TEST_F(objects, flipping_any_other_bit_makes_a_bad_handle)
{
	for (int t = 0; t < TYPES; t++) {
		for (int bit = 2; bit < 31; bit++) {
			zx_handle_t h = self->of[t] ^ 1u << bit;
			uint64_t size;
			bool alive = h == zx_vmar_root_self();

			for (int u = 0; u < TYPES; u++)
				alive |= h == self->of[u];
			if (alive)
				continue;
			zxtest_row("%s, bit %d", type_name[t], bit);
			EXPECT_STATUS(ZX_ERR_BAD_HANDLE,
				      zx_vmo_get_size(h, &size));
		}
	}
}

TEST(made_up_values_are_bad_handles)
{
	static const zx_handle_t values[] = {
		1, 2, 3, 4, 7, 0x7fffffff, 0x7ffffffc, 0x80000000, 0x80000003,
		0xffffffff, 0xfffffffe,
	};
	zx_handle_t random = 0x12345;

	expect_from_all(ZX_ERR_BAD_HANDLE, ZX_HANDLE_INVALID, "0");
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		expect_from_all(ZX_ERR_BAD_HANDLE, values[i], "a constant");
	for (int i = 0; i < 20000; i++) {
		uint64_t size;

		random = random * 1664525 + 1013904223;
		zxtest_row("%#x", random);
		EXPECT_STATUS(ZX_ERR_BAD_HANDLE,
			      zx_vmo_get_size(random, &size));
	}
}

TEST(close_of_zero_is_ok)
{
	EXPECT_OK(zx_handle_close(ZX_HANDLE_INVALID));
	EXPECT_OK(zx_handle_close(ZX_HANDLE_INVALID));
}

TEST_F(objects, a_closed_handle_is_bad)
{
	zx_handle_t h;
	uint64_t size;

	ASSERT_OK(zx_vmo_create(4096, 0, &h));
	ASSERT_OK(zx_handle_close(h));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_handle_close(h));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_vmo_get_size(h, &size));
	expect_from_all(ZX_ERR_BAD_HANDLE, h, "a closed handle");
}

TEST_F(objects, a_failing_call_closes_nothing)
{
	uint64_t size = 0;

	for (int t = 0; t < TYPES; t++)
		for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
			if (t != calls[i].takes)
				(void)calls[i].fn(self->of[t]);
	EXPECT_OK(zx_vmo_get_size(self->of[VMO], &size));
	EXPECT_EQ(4096ull, size);
	EXPECT_OK(zx_vcpu_kick(self->of[VCPU]));
}

/*
 * A slot is used again under another value: the value of a closed handle never
 * reaches the object that has its slot now.
 */
TEST_TIMEOUT(a_stale_value_never_reaches_another_object, 120)
{
	enum { ROUNDS = 10000, KEPT = 64, LOOK_EVERY = 8 };
	zx_handle_t stale[KEPT] = { 0 }, first = 0;
	uint64_t size;

	for (int i = 0; i < ROUNDS; i++) {
		zx_handle_t h = 0;

		ASSERT_OK(zx_vmo_create(4096, 0, &h));
		if (!first)
			first = h;
		else
			ASSERT_NE(first, h);
		zxtest_row("round %d", i);
		for (int k = 0; k < KEPT && i % LOOK_EVERY == 0; k++) {
			if (!stale[k])
				continue;
			ASSERT_STATUS(ZX_ERR_BAD_HANDLE,
				      zx_vmo_get_size(stale[k], &size));
		}
		ASSERT_STATUS(i ? ZX_ERR_BAD_HANDLE : ZX_OK,
			      zx_vmo_get_size(first, &size));
		ASSERT_OK(zx_handle_close(h));
		stale[i % KEPT] = h;
	}
}

TEST(handles_are_not_given_out_twice)
{
	enum { COUNT = 4096 };
	static zx_handle_t h[COUNT];
	static uint8_t seen[1u << 28];	/* by value, without the fixed bits */

	for (int i = 0; i < COUNT; i++) {
		ASSERT_OK(zx_vmo_create(0, 0, &h[i]));
		ASSERT_EQ(0, seen[h[i] >> 2 & 0xfffffff]);
		seen[h[i] >> 2 & 0xfffffff] = h[i] >> 30 ? 2 : 1;
	}
	for (int i = 0; i < COUNT; i++)
		ASSERT_OK(zx_handle_close(h[i]));
	for (int i = 0; i < COUNT; i++)
		ASSERT_STATUS(ZX_ERR_BAD_HANDLE, zx_handle_close(h[i]));
}

TEST_HARNESS_MAIN
