// SPDX-License-Identifier: MIT
/*
 * zx_vmar_map and zx_vmar_unmap on the guest's physical VMAR and on the root
 * VMAR of the process: arguments in Zircon's order of checks, placement,
 * splitting. What the guest sees of it is in guestmem.c.
 */
#include <string.h>
#include <sys/mman.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

#include "guest/vm.h"
#include "zxtest.h"

#define PAGE		4096ull
#define R		ZX_VM_PERM_READ
#define W		ZX_VM_PERM_WRITE
#define X		ZX_VM_PERM_EXECUTE
#define SPECIFIC	ZX_VM_SPECIFIC
#define SIZE		(1ull << 48)	/* of the guest's VMAR */
#define BAD_PTR		((zx_vaddr_t *)0x10)

FIXTURE(map) {
	zx_handle_t guest, vmar, resource;
	zx_handle_t vmo;		/* 16 pages */
	zx_handle_t exec;		/* 16 pages, EXECUTE right */
	zx_handle_t resizable;		/* 16 pages */
	zx_handle_t bad;		/* was closed */
};

FIXTURE_SETUP(map)
{
	self->resource = hypervisor_resource();
	ASSERT_OK(zx_guest_create(self->resource, 0, &self->guest,
				  &self->vmar));
	ASSERT_OK(zx_vmo_create(16 * PAGE, 0, &self->vmo));
	ASSERT_OK(zx_vmo_create(16 * PAGE, ZX_VMO_RESIZABLE,
				&self->resizable));
	self->exec = executable_vmo(16 * PAGE);
	ASSERT_OK(zx_vmo_create(PAGE, 0, &self->bad));
	ASSERT_OK(zx_handle_close(self->bad));
}

FIXTURE_TEARDOWN(map)
{
	EXPECT_OK(zx_handle_close(self->vmar));
	EXPECT_OK(zx_handle_close(self->guest));
	EXPECT_OK(zx_handle_close(self->resource));
	EXPECT_OK(zx_handle_close(self->vmo));
	EXPECT_OK(zx_handle_close(self->exec));
	EXPECT_OK(zx_handle_close(self->resizable));
}

/* Which handle a row gives as VMAR or VMO. */
enum which { GOOD, BAD, NONE, OTHER, EXEC, RESIZE };

static zx_handle_t pick_vmar(struct fixture_map *self, enum which which)
{
	switch (which) {
	case BAD:
		return self->bad;
	case NONE:
		return ZX_HANDLE_INVALID;
	case OTHER:
		return self->guest;
	default:
		return self->vmar;
	}
}

static zx_handle_t pick_vmo(struct fixture_map *self, enum which which)
{
	switch (which) {
	case BAD:
		return self->bad;
	case NONE:
		return ZX_HANDLE_INVALID;
	case OTHER:
		return self->resource;
	case EXEC:
		return self->exec;
	case RESIZE:
		return self->resizable;
	default:
		return self->vmo;
	}
}

struct map_row {
	const char *name;
	zx_status_t status;
	uint32_t options;
	uint64_t vmar_offset, vmo_offset, len;
	enum which vmar, vmo;
};

/*
 * In the order of checks. A row with two faults shows which of the two is
 * looked at first; its name says "before".
 */
static const struct map_row map_rows[] = {
	/* handles */
	{ "no VMAR", ZX_ERR_BAD_HANDLE, R, 0, 0, PAGE, NONE },
	{ "closed VMAR", ZX_ERR_BAD_HANDLE, R, 0, 0, PAGE, BAD },
	{ "a guest as VMAR", ZX_ERR_WRONG_TYPE, R, 0, 0, PAGE, OTHER },
	{ "no VMO", ZX_ERR_BAD_HANDLE, R, 0, 0, PAGE, GOOD, NONE },
	{ "a resource as VMO", ZX_ERR_WRONG_TYPE, R, 0, 0, PAGE, GOOD, OTHER },
	{ "VMAR's type before VMO's handle", ZX_ERR_WRONG_TYPE, R, 0, 0, PAGE,
	  OTHER, BAD },
	{ "VMAR's handle before VMO's type", ZX_ERR_BAD_HANDLE, R, 0, 0, PAGE,
	  BAD, OTHER },
	{ "VMO's type before options", ZX_ERR_WRONG_TYPE, ~0u, 1, 1, 0, GOOD,
	  OTHER },
	{ "VMO's handle before permissions", ZX_ERR_BAD_HANDLE, W, 0, 0, PAGE,
	  GOOD, BAD },
	/* permissions */
	{ "WRITE without READ", ZX_ERR_INVALID_ARGS, W, 0, 0, PAGE },
	{ "EXECUTE without READ", ZX_ERR_INVALID_ARGS, X, 0, 0, PAGE, GOOD,
	  EXEC },
	{ "WRITE|EXECUTE without READ", ZX_ERR_INVALID_ARGS, W | X, 0, 0, PAGE,
	  GOOD, EXEC },
	{ "MAP_RANGE with OVERWRITE", ZX_ERR_INVALID_ARGS,
	  R | ZX_VM_MAP_RANGE | ZX_VM_SPECIFIC_OVERWRITE, 0, 0, PAGE },
	{ "CAN_MAP_READ", ZX_ERR_INVALID_ARGS, R | ZX_VM_CAN_MAP_READ, 0, 0,
	  PAGE },
	{ "CAN_MAP_WRITE", ZX_ERR_INVALID_ARGS, R | ZX_VM_CAN_MAP_WRITE, 0, 0,
	  PAGE },
	{ "CAN_MAP_EXECUTE", ZX_ERR_INVALID_ARGS, R | ZX_VM_CAN_MAP_EXECUTE, 0,
	  0, PAGE },
	{ "CAN_MAP_EXECUTE before the EXECUTE right", ZX_ERR_INVALID_ARGS,
	  R | X | ZX_VM_CAN_MAP_EXECUTE, 0, 0, PAGE },
	{ "EXECUTE that the VMO lacks", ZX_ERR_ACCESS_DENIED, R | X, 0, 0,
	  PAGE },
	{ "EXECUTE right before unknown options", ZX_ERR_ACCESS_DENIED,
	  R | X | 1u << 20, 0, 0, PAGE },
	{ "EXECUTE right before vmo_offset", ZX_ERR_ACCESS_DENIED, R | X, 0, 1,
	  PAGE },
	{ "EXECUTE right before len", ZX_ERR_ACCESS_DENIED, R | X, 0, 0, 0 },
	/* options */
	{ "option bit 16", ZX_ERR_INVALID_ARGS, R | 1u << 16, 0, 0, PAGE },
	{ "option bit 20", ZX_ERR_INVALID_ARGS, R | 1u << 20, 0, 0, PAGE },
	{ "option bit 23", ZX_ERR_INVALID_ARGS, R | 1u << 23, 0, 0, PAGE },
	{ "alignment field 1", ZX_ERR_INVALID_ARGS, R | 1u << 24, 0, 0, PAGE },
	{ "alignment field 9", ZX_ERR_INVALID_ARGS, R | 9u << 24, 0, 0, PAGE },
	{ "alignment field 33", ZX_ERR_INVALID_ARGS, R | 33u << 24, 0, 0,
	  PAGE },
	{ "alignment field 255", ZX_ERR_INVALID_ARGS, R | 255u << 24, 0, 0,
	  PAGE },
	{ "resizable refused", ZX_ERR_NOT_SUPPORTED,
	  R | ZX_VM_REQUIRE_NON_RESIZABLE, 0, 0, PAGE, GOOD, RESIZE },
	{ "unknown options before resizable", ZX_ERR_INVALID_ARGS,
	  R | ZX_VM_REQUIRE_NON_RESIZABLE | 1u << 20, 0, 0, PAGE, GOOD,
	  RESIZE },
	{ "resizable before vmo_offset", ZX_ERR_NOT_SUPPORTED,
	  R | ZX_VM_REQUIRE_NON_RESIZABLE, 0, 1, PAGE, GOOD, RESIZE },
	{ "resizable before len", ZX_ERR_NOT_SUPPORTED,
	  R | ZX_VM_REQUIRE_NON_RESIZABLE, 0, 0, 0, GOOD, RESIZE },
	{ "CAN_MAP_SPECIFIC", ZX_ERR_INVALID_ARGS, R | ZX_VM_CAN_MAP_SPECIFIC,
	  0, 0, PAGE },
	{ "COMPACT", ZX_ERR_INVALID_ARGS, R | ZX_VM_COMPACT, 0, 0, PAGE },
	/* offset in the VMO */
	{ "vmo_offset 1", ZX_ERR_INVALID_ARGS, R, 0, 1, PAGE },
	{ "vmo_offset PAGE - 1", ZX_ERR_INVALID_ARGS, R, 0, PAGE - 1, PAGE },
	{ "vmo_offset + len wraps", ZX_ERR_OUT_OF_RANGE, R, 0, -PAGE,
	  2 * PAGE },
	{ "vmo_offset alignment before its wrap", ZX_ERR_INVALID_ARGS, R, 0,
	  -PAGE + 1, 2 * PAGE },
	/* length */
	{ "len 0", ZX_ERR_INVALID_ARGS, R, 0, 0, 0 },
	{ "SPECIFIC len 0", ZX_ERR_INVALID_ARGS, R | SPECIFIC, 0, 0, 0 },
	{ "SPECIFIC with UPPER_LIMIT", ZX_ERR_INVALID_ARGS,
	  R | SPECIFIC | ZX_VM_OFFSET_IS_UPPER_LIMIT, 0, 0, PAGE },
	{ "OVERWRITE with UPPER_LIMIT", ZX_ERR_INVALID_ARGS,
	  R | ZX_VM_SPECIFIC_OVERWRITE | ZX_VM_OFFSET_IS_UPPER_LIMIT, 0, 0,
	  PAGE },
	{ "vmar_offset without SPECIFIC", ZX_ERR_INVALID_ARGS, R, PAGE, 0,
	  PAGE },
	{ "unaligned vmar_offset without SPECIFIC", ZX_ERR_INVALID_ARGS, R, 1,
	  0, PAGE },
	/* range in the VMAR */
	{ "SPECIFIC at the end", ZX_ERR_INVALID_ARGS, R | SPECIFIC, SIZE, 0,
	  PAGE },
	{ "SPECIFIC across the end", ZX_ERR_INVALID_ARGS, R | SPECIFIC,
	  SIZE - PAGE, 0, 2 * PAGE },
	{ "SPECIFIC far out", ZX_ERR_INVALID_ARGS, R | SPECIFIC, 1ull << 63, 0,
	  PAGE },
	{ "SPECIFIC that wraps", ZX_ERR_INVALID_ARGS, R | SPECIFIC, -PAGE, 0,
	  2 * PAGE },
	{ "len of more than the VMAR", ZX_ERR_INVALID_ARGS, R, 0, 0,
	  SIZE + PAGE },
	{ "SPECIFIC len of more than the VMAR", ZX_ERR_INVALID_ARGS,
	  R | SPECIFIC, 0, 0, SIZE + PAGE },
	{ "unaligned vmar_offset", ZX_ERR_INVALID_ARGS, R | SPECIFIC, 1, 0,
	  PAGE },
	{ "SPECIFIC base off its alignment", ZX_ERR_INVALID_ARGS,
	  R | SPECIFIC | ZX_VM_ALIGN_2MB, PAGE, 0, PAGE },
};

TEST_F(map, refusals_in_order)
{
	for (size_t i = 0; i < ARRAY_SIZE(map_rows); i++) {
		const struct map_row *r = &map_rows[i];
		zx_vaddr_t addr;

		zxtest_row("%s", r->name);
		poison(&addr, sizeof(addr));
		EXPECT_STATUS(r->status,
			      zx_vmar_map(pick_vmar(self, r->vmar), r->options,
					  r->vmar_offset,
					  pick_vmo(self, r->vmo), r->vmo_offset,
					  r->len, &addr));
		EXPECT_TRUE(poisoned(&addr, sizeof(addr)));
	}
}

/* Nothing that was refused is mapped: the whole VMAR is still one gap. */
TEST_F(map, refused_mappings_take_no_room)
{
	zx_vaddr_t addr;

	for (size_t i = 0; i < ARRAY_SIZE(map_rows); i++) {
		const struct map_row *r = &map_rows[i];

		(void)zx_vmar_map(pick_vmar(self, r->vmar), r->options,
				  r->vmar_offset, pick_vmo(self, r->vmo),
				  r->vmo_offset, r->len, &addr);
	}
	poison(&addr, sizeof(addr));
	EXPECT_OK(zx_vmar_map(self->vmar, R, 0, self->vmo, 0, PAGE, &addr));
	EXPECT_EQ(0ull, addr);
}

TEST_F(map, all_permissions_that_include_read_are_taken)
{
	static const uint32_t perms[] = { R, R | W, R | X, R | W | X };

	for (size_t i = 0; i < ARRAY_SIZE(perms); i++) {
		zx_vaddr_t addr = 1;

		zxtest_row("permissions %#x", perms[i]);
		EXPECT_OK(zx_vmar_map(self->vmar, perms[i] | SPECIFIC,
				      (i + 1) * PAGE, self->exec, 0, PAGE,
				      &addr));
		EXPECT_EQ((i + 1) * PAGE, addr);
	}
}

TEST_F(map, a_mapping_without_permissions_is_taken)
{
	zx_vaddr_t addr = 1;

	EXPECT_OK(zx_vmar_map(self->vmar, SPECIFIC, PAGE, self->vmo, 0, PAGE,
			      &addr));
	EXPECT_EQ(PAGE, addr);
}

TEST_F(map, len_is_rounded_up_to_a_page)
{
	zx_vaddr_t addr;

	EXPECT_OK(zx_vmar_map(self->vmar, R | SPECIFIC, 0, self->vmo, 0, 1,
			      &addr));
	EXPECT_OK(zx_vmar_map(self->vmar, R | SPECIFIC, PAGE, self->vmo, 0,
			      PAGE + 1, &addr));
	/* The second takes two pages: the last byte is in the way. */
	EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS,
		      zx_vmar_map(self->vmar, R | SPECIFIC, 2 * PAGE, self->vmo,
				  0, 1, &addr));
	EXPECT_OK(zx_vmar_map(self->vmar, R | SPECIFIC, 3 * PAGE, self->vmo, 0,
			      1, &addr));
}

TEST_F(map, overlaps_are_refused_and_neighbours_are_not)
{
	static const struct {
		uint64_t offset, len;
		zx_status_t status;
	} rows[] = {
		{ 8 * PAGE, 4 * PAGE, ZX_ERR_ALREADY_EXISTS },	/* the same */
		{ 9 * PAGE, PAGE, ZX_ERR_ALREADY_EXISTS },	/* inside */
		{ 7 * PAGE, 2 * PAGE, ZX_ERR_ALREADY_EXISTS },	/* its start */
		{ 11 * PAGE, 2 * PAGE, ZX_ERR_ALREADY_EXISTS },	/* its end */
		{ 4 * PAGE, 12 * PAGE, ZX_ERR_ALREADY_EXISTS },	/* around */
		{ 8 * PAGE, 1, ZX_ERR_ALREADY_EXISTS },
		{ 7 * PAGE, PAGE, ZX_OK },
		{ 12 * PAGE, PAGE, ZX_OK },
	};
	zx_vaddr_t addr;

	ASSERT_OK(zx_vmar_map(self->vmar, R | SPECIFIC, 8 * PAGE, self->vmo, 0,
			      4 * PAGE, &addr));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zxtest_row("offset %#llx len %#llx",
			   (unsigned long long)rows[i].offset,
			   (unsigned long long)rows[i].len);
		poison(&addr, sizeof(addr));
		EXPECT_STATUS(rows[i].status,
			      zx_vmar_map(self->vmar, R | SPECIFIC,
					  rows[i].offset, self->vmo, 0,
					  rows[i].len, &addr));
		if (rows[i].status == ZX_OK)
			EXPECT_EQ(rows[i].offset, addr);
		else
			EXPECT_TRUE(poisoned(&addr, sizeof(addr)));
	}
}

TEST_F(map, without_specific_the_first_gap_from_zero_is_taken)
{
	zx_vaddr_t addr = 1;

	ASSERT_OK(zx_vmar_map(self->vmar, R | SPECIFIC, 2 * PAGE, self->vmo, 0,
			      PAGE, &addr));
	ASSERT_OK(zx_vmar_map(self->vmar, R, 0, self->vmo, 0, 3 * PAGE, &addr));
	EXPECT_EQ(3 * PAGE, addr);	/* too large for the first gap */
	ASSERT_OK(zx_vmar_map(self->vmar, R, 0, self->vmo, 0, PAGE, &addr));
	EXPECT_EQ(0ull, addr);
	ASSERT_OK(zx_vmar_map(self->vmar, R, 0, self->vmo, 0, PAGE, &addr));
	EXPECT_EQ(PAGE, addr);
	ASSERT_OK(zx_vmar_map(self->vmar, R, 0, self->vmo, 0, PAGE, &addr));
	EXPECT_EQ(6 * PAGE, addr);
}

TEST_F(map, the_last_page_of_the_vmar_can_be_mapped)
{
	zx_vaddr_t addr = 1;

	EXPECT_OK(zx_vmar_map(self->vmar, R | SPECIFIC, SIZE - PAGE, self->vmo,
			      0, PAGE, &addr));
	EXPECT_EQ(SIZE - PAGE, addr);
	EXPECT_OK(zx_vmar_unmap(self->vmar, SIZE - PAGE, PAGE));
}

TEST_F(map, a_mapping_may_reach_beyond_the_vmo)
{
	zx_vaddr_t addr = 1;

	EXPECT_OK(zx_vmar_map(self->vmar, R | SPECIFIC, 0, self->vmo,
			      15 * PAGE, 4 * PAGE, &addr));
	EXPECT_OK(zx_vmar_map(self->vmar, R | SPECIFIC, 8 * PAGE, self->vmo,
			      100 * PAGE, PAGE, &addr));
	EXPECT_OK(zx_vmar_map(zx_vmar_root_self(), R, 0, self->vmo, 15 * PAGE,
			      4 * PAGE, &addr));
	EXPECT_EQ(0, *(volatile uint8_t *)addr);
	EXPECT_OK(zx_vmar_unmap(zx_vmar_root_self(), addr, 4 * PAGE));
}

TEST_F(map, a_non_resizable_vmo_passes_require_non_resizable)
{
	zx_vaddr_t addr = 1;

	EXPECT_OK(zx_vmar_map(self->vmar,
			      R | SPECIFIC | ZX_VM_REQUIRE_NON_RESIZABLE, 0,
			      self->vmo, 0, PAGE, &addr));
	EXPECT_OK(zx_vmar_map(self->vmar, R | SPECIFIC, PAGE, self->resizable,
			      0, PAGE, &addr));
}

TEST_F(map, a_bad_result_address_undoes_the_mapping)
{
	zx_vaddr_t addr = 1;

	EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
		      zx_vmar_map(self->vmar, R | SPECIFIC, PAGE, self->vmo, 0,
				  PAGE, BAD_PTR));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
		      zx_vmar_map(self->vmar, R | SPECIFIC, PAGE, self->vmo, 0,
				  PAGE, NULL));
	EXPECT_OK(zx_vmar_map(self->vmar, R | SPECIFIC, PAGE, self->vmo, 0,
			      PAGE, &addr));
	EXPECT_EQ(PAGE, addr);
}

/* ---- unmap ------------------------------------------------------------ */

TEST_F(map, unmap_refusals)
{
	const struct {
		const char *name;
		zx_handle_t vmar;
		uint64_t addr, len;
		zx_status_t status;
	} rows[] = {
		{ "no VMAR", 0, PAGE, PAGE, ZX_ERR_BAD_HANDLE },
		{ "closed VMAR", self->bad, PAGE, PAGE, ZX_ERR_BAD_HANDLE },
		{ "a guest", self->guest, PAGE, PAGE, ZX_ERR_WRONG_TYPE },
		{ "type before arguments", self->guest, 1, 0,
		  ZX_ERR_WRONG_TYPE },
		{ "addr 1", self->vmar, 1, PAGE, ZX_ERR_INVALID_ARGS },
		{ "addr PAGE - 1", self->vmar, PAGE - 1, PAGE,
		  ZX_ERR_INVALID_ARGS },
		{ "len 0", self->vmar, PAGE, 0, ZX_ERR_INVALID_ARGS },
		{ "len that wraps when rounded", self->vmar, PAGE, UINT64_MAX,
		  ZX_ERR_INVALID_ARGS },
		{ "at the end", self->vmar, SIZE, PAGE, ZX_ERR_INVALID_ARGS },
		{ "across the end", self->vmar, SIZE - PAGE, 2 * PAGE,
		  ZX_ERR_INVALID_ARGS },
		{ "longer than the VMAR", self->vmar, 0, SIZE + PAGE,
		  ZX_ERR_INVALID_ARGS },
		{ "range that wraps", self->vmar, -PAGE, 2 * PAGE,
		  ZX_ERR_INVALID_ARGS },
	};
	zx_vaddr_t addr;

	ASSERT_OK(zx_vmar_map(self->vmar, R | SPECIFIC, 0, self->vmo, 0,
			      4 * PAGE, &addr));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zxtest_row("%s", rows[i].name);
		EXPECT_STATUS(rows[i].status,
			      zx_vmar_unmap(rows[i].vmar, rows[i].addr,
					    rows[i].len));
	}
	zxtest_row_end();
	for (uint64_t p = 0; p < 4; p++)
		EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS,
			      zx_vmar_map(self->vmar, R | SPECIFIC, p * PAGE,
					  self->vmo, 0, PAGE, &addr));
}

TEST_F(map, unmapping_nothing_is_ok)
{
	EXPECT_OK(zx_vmar_unmap(self->vmar, 0, PAGE));
	EXPECT_OK(zx_vmar_unmap(self->vmar, 1ull << 40, 1ull << 30));
	EXPECT_OK(zx_vmar_unmap(self->vmar, 0, SIZE));
}

/* Which of the pages 0..n-1 of the guest's VMAR are mapped. */
static uint32_t mapped_pages(struct fixture_map *self, unsigned int n)
{
	uint32_t mask = 0;

	for (unsigned int p = 0; p < n; p++) {
		zx_vaddr_t addr;
		zx_status_t status;

		status = zx_vmar_map(self->vmar, R | SPECIFIC, p * PAGE,
				     self->vmo, 0, PAGE, &addr);
		if (status == ZX_OK) {
			EXPECT_OK(zx_vmar_unmap(self->vmar, p * PAGE, PAGE));
		} else {
			EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS, status);
			mask |= 1u << p;
		}
	}
	return mask;
}

TEST_F(map, partial_unmaps_split_a_mapping)
{
	static const struct {
		uint64_t page, pages;
		uint32_t left;
	} steps[] = {
		{ 3, 2, 0xe7 },		/* out of the middle */
		{ 0, 1, 0xe6 },		/* off the start */
		{ 7, 1, 0x66 },		/* off the end */
		{ 3, 2, 0x66 },		/* nothing there any more */
		{ 2, 4, 0x42 },		/* across the gap */
		{ 0, 8, 0x00 },		/* the rest, with gaps around */
	};
	zx_vaddr_t addr;

	ASSERT_OK(zx_vmar_map(self->vmar, R | SPECIFIC, 0, self->vmo, 0,
			      8 * PAGE, &addr));
	ASSERT_EQ(0xffu, mapped_pages(self, 8));
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		zxtest_row("step %zu", i);
		EXPECT_OK(zx_vmar_unmap(self->vmar, steps[i].page * PAGE,
					steps[i].pages * PAGE));
		EXPECT_EQ(steps[i].left, mapped_pages(self, 8));
	}
}

TEST_F(map, unmap_rounds_its_length_up)
{
	zx_vaddr_t addr;

	ASSERT_OK(zx_vmar_map(self->vmar, R | SPECIFIC, 0, self->vmo, 0,
			      4 * PAGE, &addr));
	EXPECT_OK(zx_vmar_unmap(self->vmar, PAGE, PAGE + 1));
	EXPECT_EQ(0x9u, mapped_pages(self, 4));
}

TEST_F(map, unmap_reaches_over_several_mappings)
{
	zx_vaddr_t addr;

	for (uint64_t p = 0; p < 8; p += 2)
		ASSERT_OK(zx_vmar_map(self->vmar, R | SPECIFIC, p * PAGE,
				      self->vmo, p * PAGE, PAGE, &addr));
	EXPECT_OK(zx_vmar_unmap(self->vmar, PAGE, 5 * PAGE));
	EXPECT_EQ(0x41u, mapped_pages(self, 8));
}

TEST_F_TIMEOUT(map, a_thousand_mappings_come_and_go, 300)
{
	zx_vaddr_t addr;

	for (int round = 0; round < 2; round++) {
		for (uint64_t i = 0; i < 1000; i++)
			ASSERT_OK(zx_vmar_map(self->vmar, R | SPECIFIC,
					      i * 3 * PAGE, self->vmo, 0, PAGE,
					      &addr));
		for (uint64_t i = 0; i < 1000; i++)
			ASSERT_OK(zx_vmar_unmap(self->vmar,
						i * 7 % 1000 * 3 * PAGE, PAGE));
	}
	EXPECT_OK(zx_vmar_map(self->vmar, R, 0, self->vmo, 0, 3000 * PAGE,
			      &addr));
	EXPECT_EQ(0ull, addr);
}

/* ---- the process's own VMAR ------------------------------------------- */

TEST_F(map, root_self_is_one_handle)
{
	EXPECT_NE(ZX_HANDLE_INVALID, zx_vmar_root_self());
	EXPECT_EQ(zx_vmar_root_self(), zx_vmar_root_self());
}

TEST_F(map, root_self_refusals_in_order)
{
	for (size_t i = 0; i < ARRAY_SIZE(map_rows); i++) {
		const struct map_row *r = &map_rows[i];
		zx_vaddr_t addr;

		/* Where the VMAR lies and ends is another matter here. */
		if (r->vmar != GOOD || r->options & SPECIFIC)
			continue;
		zxtest_row("%s", r->name);
		poison(&addr, sizeof(addr));
		EXPECT_STATUS(r->status,
			      zx_vmar_map(zx_vmar_root_self(), r->options,
					  r->vmar_offset,
					  pick_vmo(self, r->vmo), r->vmo_offset,
					  r->len, &addr));
		EXPECT_TRUE(poisoned(&addr, sizeof(addr)));
	}
}

TEST_F(map, two_mappings_of_a_vmo_show_the_same_bytes)
{
	uint8_t *a = map_self(self->vmo, 16 * PAGE);
	uint8_t *b = map_self(self->vmo, 16 * PAGE), byte = 0;

	ASSERT_NE((void *)a, (void *)b);
	a[5 * PAGE + 3] = 0x5a;
	EXPECT_EQ(0x5a, b[5 * PAGE + 3]);
	EXPECT_OK(zx_vmo_read(self->vmo, &byte, 5 * PAGE + 3, 1));
	EXPECT_EQ(0x5a, byte);
	EXPECT_OK(zx_vmo_write(self->vmo, "\x77", 9 * PAGE, 1));
	EXPECT_EQ(0x77, a[9 * PAGE]);
	EXPECT_EQ(0x77, b[9 * PAGE]);
	EXPECT_OK(zx_vmar_unmap(zx_vmar_root_self(), (zx_vaddr_t)a, 16 * PAGE));
	EXPECT_EQ(0x77, b[9 * PAGE]);
	EXPECT_OK(zx_vmar_unmap(zx_vmar_root_self(), (zx_vaddr_t)b, 16 * PAGE));
}

TEST_F(map, a_mapping_shows_the_vmo_from_its_offset)
{
	zx_vaddr_t addr;

	ASSERT_OK(zx_vmo_write(self->vmo, "\x31", 6 * PAGE + 1, 1));
	ASSERT_OK(zx_vmar_map(zx_vmar_root_self(), R, 0, self->vmo, 6 * PAGE, 1,
			      &addr));
	EXPECT_EQ(0x31, ((volatile uint8_t *)addr)[1]);
	EXPECT_OK(zx_vmar_unmap(zx_vmar_root_self(), addr, PAGE));
}

/* mincore() knows what is mapped. */
static bool is_mapped(zx_vaddr_t addr)
{
	unsigned char vec;

	return mincore((void *)addr, PAGE, &vec) == 0;
}

TEST_F(map, root_self_partial_unmap_leaves_the_rest)
{
	uint8_t *map = map_self(self->vmo, 4 * PAGE);
	zx_vaddr_t addr = (zx_vaddr_t)map;

	map[0] = 1;
	map[3 * PAGE] = 3;
	EXPECT_OK(zx_vmar_unmap(zx_vmar_root_self(), addr + PAGE, 2 * PAGE));
	EXPECT_TRUE(is_mapped(addr));
	EXPECT_FALSE(is_mapped(addr + PAGE));
	EXPECT_FALSE(is_mapped(addr + 2 * PAGE));
	EXPECT_TRUE(is_mapped(addr + 3 * PAGE));
	EXPECT_EQ(3, map[3 * PAGE]);
	EXPECT_OK(zx_vmar_unmap(zx_vmar_root_self(), addr, 4 * PAGE));
	EXPECT_FALSE(is_mapped(addr));
	EXPECT_FALSE(is_mapped(addr + 3 * PAGE));
}

TEST_F(map, root_self_unmap_refusals)
{
	zx_vaddr_t addr = (zx_vaddr_t)map_self(self->vmo, 4 * PAGE);

	EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
		      zx_vmar_unmap(zx_vmar_root_self(), addr + 1, PAGE));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
		      zx_vmar_unmap(zx_vmar_root_self(), addr, 0));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
		      zx_vmar_unmap(zx_vmar_root_self(), addr, UINT64_MAX));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
		      zx_vmar_unmap(zx_vmar_root_self(),
				    0xffff888000000000ull, PAGE));
	EXPECT_TRUE(is_mapped(addr));
	EXPECT_OK(zx_vmar_unmap(zx_vmar_root_self(), addr, 4 * PAGE));
}

TEST_F(map, a_dead_guests_vmar_is_bad_state)
{
	zx_handle_t guest, vmar;
	zx_vaddr_t addr;

	guest_create(&guest, &vmar);
	ASSERT_OK(zx_vmar_map(vmar, R | SPECIFIC, 0, self->vmo, 0, PAGE,
			      &addr));
	ASSERT_OK(zx_handle_close(guest));
	poison(&addr, sizeof(addr));
	EXPECT_STATUS(ZX_ERR_BAD_STATE,
		      zx_vmar_map(vmar, R | SPECIFIC, 8 * PAGE, self->vmo, 0,
				  PAGE, &addr));
	EXPECT_TRUE(poisoned(&addr, sizeof(addr)));
	EXPECT_STATUS(ZX_ERR_BAD_STATE, zx_vmar_unmap(vmar, 0, PAGE));
	/* What is checked before the VMAR's state still is. */
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
		      zx_vmar_map(vmar, W, 0, self->vmo, 0, PAGE, &addr));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
		      zx_vmar_map(vmar, R, 0, self->vmo, 1, PAGE, &addr));
	EXPECT_OK(zx_handle_close(vmar));
}

TEST_HARNESS_MAIN
