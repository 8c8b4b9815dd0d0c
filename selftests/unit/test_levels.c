// SPDX-License-Identifier: MIT
/* The rights that zx_hyp_rights_level() asks the kernel to give to new handles. */
#include <string.h>

#include <linux/zx_hyp.h>
#include <zircon/types.h>
#include <zx_hyp/zx_hyp.h>

#include "unit.h"

static const uint32_t levels[] = {
	ZX_HYP_LEVEL_2017, ZX_HYP_LEVEL_2018, ZX_HYP_LEVEL_2019,
	ZX_HYP_LEVEL_2022, ZX_HYP_LEVEL_2024,
};

#define LEVELS UNIT_COUNT(levels)

/*
 * What Zircon of those times gave, a column a level; with RWX for root VMARs, and
 * with RESIZE for VMOs, which only the later ones knew.
 */
static const struct {
	zx_obj_type_t type;
	zx_rights_t rights[LEVELS];
} given[] = {
	{ ZX_OBJ_TYPE_GUEST, { 0xb, 0x400b, 0x2800b, 0x2800b, 0x4800b } },
	{ ZX_OBJ_TYPE_VCPU, { 0x101f, 0x501f, 0xd01f, 0xd01f, 0xd01f } },
	{ ZX_OBJ_TYPE_VMAR, { 0x1f, 0x401f, 0x801f, 0x20801f, 0x20801f } },
	{ ZX_OBJ_TYPE_VMO, { 0x4010ff, 0x4050ff, 0x40d0ef, 0x40d0ef, 0x40d0ef } },
	{ ZX_OBJ_TYPE_PORT, { 0xf, 0xf, 0x800f, 0x800f, 0x800f } },
	{ ZX_OBJ_TYPE_RESOURCE, { 0x100f, 0x500f, 0x800b, 0x800b, 0x800b } },
	{ ZX_OBJ_TYPE_EVENT, { 0x100f, 0x500f, 0xd003, 0xd003, 0xd003 } },
	{ ZX_OBJ_TYPE_EVENTPAIR, { 0x300f, 0x700f, 0xf003, 0xf003, 0xf003 } },
};

static zx_rights_t got[ZX_OBJ_TYPE_UPPER_BOUND];

static void note_rights(unsigned long request, const void *argument)
{
	const struct zx_hyp_rights_set *call = argument;

	ck_assert_uint_eq(request, ZX_HYP_RIGHTS_SET);
	ck_assert_uint_eq(call->size, sizeof(*call));
	ck_assert_uint_eq(call->reserved, 0);
	ck_assert_uint_lt(call->type, UNIT_COUNT(got));
	got[call->type] = call->rights;
}

START_TEST(a_level_sets_the_rights_of_all_types_that_are_made)
{
	size_t i, j;

	fake.handler = note_rights;
	for (i = 0; i < LEVELS; i++) {
		memset(got, 0, sizeof(got));
		fake.ioctls = 0;
		ck_assert_int_eq(zx_hyp_rights_level(levels[i]), ZX_OK);
		ck_assert_int_eq(fake.ioctls, UNIT_COUNT(given));
		for (j = 0; j < UNIT_COUNT(given); j++)
			ck_assert_uint_eq(got[given[j].type], given[j].rights[i]);
	}
}
END_TEST

START_TEST(a_level_is_the_number_of_its_year)
{
	ck_assert_uint_eq(ZX_HYP_LEVEL_2017, 2017);
	ck_assert_uint_eq(ZX_HYP_LEVEL_2018, 2018);
	ck_assert_uint_eq(ZX_HYP_LEVEL_2019, 2019);
	ck_assert_uint_eq(ZX_HYP_LEVEL_2022, 2022);
	ck_assert_uint_eq(ZX_HYP_LEVEL_2024, 2024);
}
END_TEST

START_TEST(an_unknown_level_is_refused_and_asks_nothing)
{
	static const uint32_t unknown[] = { 0, 1, 2016, 2020, 2021, 2023, 2025, UINT32_MAX };
	size_t i;

	for (i = 0; i < UNIT_COUNT(unknown); i++)
		ck_assert_int_eq(zx_hyp_rights_level(unknown[i]), ZX_ERR_INVALID_ARGS);
	ck_assert_int_eq(fake.opens, 0);
}
END_TEST

START_TEST(a_refusal_ends_the_change_and_comes_through)
{
	fake.result = -ZX_ERR_NOT_SUPPORTED;
	ck_assert_int_eq(zx_hyp_rights_level(ZX_HYP_LEVEL_2019), ZX_ERR_NOT_SUPPORTED);
	ck_assert_int_eq(fake.ioctls, 1);
}
END_TEST

static const struct unit_test tests[] = {
	UNIT_TEST(a_level_sets_the_rights_of_all_types_that_are_made),
	UNIT_TEST(a_level_is_the_number_of_its_year),
	UNIT_TEST(an_unknown_level_is_refused_and_asks_nothing),
	UNIT_TEST(a_refusal_ends_the_change_and_comes_through),
};

int main(void)
{
	return unit_run("levels", tests, UNIT_COUNT(tests));
}
