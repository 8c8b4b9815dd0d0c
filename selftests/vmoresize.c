// SPDX-License-Identifier: MIT
/*
 * VMOs that change: zx_vmo_set_size, zx_vmo_op_range, zx_vmo_set_cache_policy,
 * under mappings of the process, and what ZX_INFO_VMO tells of them.
 */
#include <string.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>

#include "guest/vm.h"
#include "spaces.h"
#include "zxtest.h"

#define MAX_SIZE	(UINT64_MAX - 65535)	/* Zircon's */

FIXTURE(vmo) {
	zx_handle_t fixed;		/* 8 pages, tagged from 0x1000 on */
	zx_handle_t vmo;		/* ... resizable */
	zx_handle_t other;		/* no VMO */
	zx_handle_t closed;
};

FIXTURE_SETUP(vmo)
{
	self->fixed = tagged_vmo(8, 0, 0x1000);
	self->vmo = tagged_vmo(8, ZX_VMO_RESIZABLE, 0x1000);
	self->other = hypervisor_resource();
	self->closed = hypervisor_resource();
	ASSERT_OK(zx_handle_close(self->closed));
}

FIXTURE_TEARDOWN(vmo)
{
	EXPECT_OK(zx_handle_close(self->fixed));
	EXPECT_OK(zx_handle_close(self->vmo));
	EXPECT_OK(zx_handle_close(self->other));
}

static zx_handle_t without(zx_handle_t handle, zx_rights_t rights)
{
	return duplicate(handle, rights_of(handle) & ~rights);
}

/* ---- set_size --------------------------------------------------------- */

TEST_F(vmo, only_a_resizable_vmo_has_the_right_to_be)
{
	EXPECT_EQ(ZX_DEFAULT_VMO_RIGHTS, rights_of(self->fixed));
	EXPECT_EQ(ZX_DEFAULT_VMO_RIGHTS | ZX_RIGHT_RESIZE, rights_of(self->vmo));
}

TEST_F(vmo, set_size_refusals_in_order)
{
	zx_handle_t unwritable = without(self->vmo, ZX_RIGHT_WRITE);
	zx_handle_t unresizable = without(self->vmo, ZX_RIGHT_RESIZE);
	zx_handle_t fixed_unwritable = without(self->fixed, ZX_RIGHT_WRITE);
	const struct {
		const char *name;
		zx_handle_t vmo;
		uint64_t size;
		zx_status_t status;
	} rows[] = {
		{ "no VMO", 0, PAGE, ZX_ERR_BAD_HANDLE },
		{ "closed VMO", self->closed, PAGE, ZX_ERR_BAD_HANDLE },
		{ "a resource", self->other, PAGE, ZX_ERR_WRONG_TYPE },
		{ "type before size", self->other, UINT64_MAX,
		  ZX_ERR_WRONG_TYPE },
		{ "without WRITE", unwritable, PAGE, ZX_ERR_ACCESS_DENIED },
		{ "WRITE before resizable", fixed_unwritable, PAGE,
		  ZX_ERR_ACCESS_DENIED },
		{ "WRITE before size", unwritable, UINT64_MAX,
		  ZX_ERR_ACCESS_DENIED },
		{ "not resizable", self->fixed, PAGE, ZX_ERR_UNAVAILABLE },
		{ "not resizable, the same size", self->fixed, 8 * PAGE,
		  ZX_ERR_UNAVAILABLE },
		{ "resizable before size", self->fixed, UINT64_MAX,
		  ZX_ERR_UNAVAILABLE },
		{ "without RESIZE", unresizable, PAGE, ZX_ERR_ACCESS_DENIED },
		{ "RESIZE before size", unresizable, UINT64_MAX,
		  ZX_ERR_ACCESS_DENIED },
		{ "a size that wraps when rounded", self->vmo, UINT64_MAX,
		  ZX_ERR_OUT_OF_RANGE },
		{ "a size beyond Zircon's", self->vmo, MAX_SIZE + 1,
		  ZX_ERR_OUT_OF_RANGE },
		{ "Zircon's largest", self->vmo, MAX_SIZE, ZX_ERR_NO_MEMORY },
		{ "a size beyond Linux's", self->vmo, 1ull << 63,
		  ZX_ERR_NO_MEMORY },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zxtest_row("%s", rows[i].name);
		EXPECT_STATUS(rows[i].status,
			      zx_vmo_set_size(rows[i].vmo, rows[i].size));
		EXPECT_EQ(8 * PAGE, vmo_size(self->vmo));
		EXPECT_EQ(8 * PAGE, vmo_size(self->fixed));
		EXPECT_EQ(0x1007ull, vmo_word(self->vmo, 7 * PAGE));
	}
	EXPECT_OK(zx_handle_close(unwritable));
	EXPECT_OK(zx_handle_close(unresizable));
	EXPECT_OK(zx_handle_close(fixed_unwritable));
}

TEST_F(vmo, set_size_rounds_up_and_may_be_zero)
{
	static const uint64_t rows[][2] = {
		{ PAGE + 1, 2 * PAGE }, { 1, PAGE }, { 0, 0 },
		{ 16 * PAGE, 16 * PAGE }, { 1ull << 40, 1ull << 40 },
		{ 16 * PAGE - 1, 16 * PAGE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zxtest_row("size %#llx", (unsigned long long)rows[i][0]);
		EXPECT_OK(zx_vmo_set_size(self->vmo, rows[i][0]));
		EXPECT_EQ(rows[i][1], vmo_size(self->vmo));
	}
}

TEST_F(vmo, what_was_cut_off_is_zero_when_it_comes_back)
{
	uint64_t word;

	EXPECT_OK(zx_vmo_set_size(self->vmo, 3 * PAGE));
	EXPECT_EQ(3 * PAGE, committed_bytes(self->vmo));
	EXPECT_STATUS(ZX_ERR_OUT_OF_RANGE,
		      zx_vmo_read(self->vmo, &word, 3 * PAGE, 8));
	EXPECT_STATUS(ZX_ERR_OUT_OF_RANGE,
		      zx_vmo_write(self->vmo, &word, 3 * PAGE - 4, 8));
	EXPECT_OK(zx_vmo_set_size(self->vmo, 8 * PAGE));
	EXPECT_EQ(0x1002ull, vmo_word(self->vmo, 2 * PAGE));
	for (unsigned int p = 3; p < 8; p++)
		EXPECT_EQ(0ull, vmo_word(self->vmo, p * PAGE));
	EXPECT_EQ(3 * PAGE, committed_bytes(self->vmo));
}

TEST_F(vmo, mappings_follow_the_size)
{
	uint8_t *map = map_self(self->vmo, 16 * PAGE);
	uint64_t at = (uintptr_t)map;

	EXPECT_EQ(0x1007ull, word_at(at + 7 * PAGE));
	EXPECT_FALSE(can_read(at + 8 * PAGE));
	EXPECT_OK(zx_vmo_set_size(self->vmo, 2 * PAGE));
	EXPECT_EQ(0x1001ull, word_at(at + PAGE));
	for (unsigned int p = 2; p < 16; p++) {
		EXPECT_FALSE(can_read(at + p * PAGE));
		EXPECT_FALSE(can_write(at + p * PAGE));
	}
	EXPECT_OK(zx_vmo_set_size(self->vmo, 12 * PAGE));
	for (unsigned int p = 2; p < 12; p++)
		EXPECT_EQ(0ull, word_at(at + p * PAGE));
	EXPECT_TRUE(can_write(at + 11 * PAGE));
	EXPECT_FALSE(can_read(at + 12 * PAGE));
	EXPECT_OK(zx_vmo_set_size(self->vmo, 0));
	EXPECT_FALSE(can_read(at));
	EXPECT_OK(zx_vmar_unmap(zx_vmar_root_self(), at, 16 * PAGE));
}

/* Who has the VMO only as a mapping is told by faults; the handle may be gone. */
TEST_F(vmo, a_mapping_outlives_a_shrunk_vmos_handle)
{
	zx_handle_t vmo = duplicate(self->vmo, ZX_RIGHT_SAME_RIGHTS);
	uint64_t at = (uintptr_t)map_self(vmo, 8 * PAGE);

	EXPECT_OK(zx_vmo_set_size(vmo, PAGE));
	EXPECT_OK(zx_handle_close(vmo));
	EXPECT_EQ(0x1000ull, word_at(at));
	EXPECT_FALSE(can_read(at + PAGE));
	EXPECT_OK(zx_vmar_unmap(zx_vmar_root_self(), at, 8 * PAGE));
}

/* ---- op_range --------------------------------------------------------- */

TEST_F(vmo, op_range_refusals_in_order)
{
	zx_handle_t none = without(self->vmo, ZX_RIGHTS_IO);
	const struct {
		const char *name;
		zx_handle_t vmo;
		uint32_t op;
		uint64_t offset, size;
		zx_status_t status;
	} rows[] = {
		{ "no VMO", 0, ZX_VMO_OP_COMMIT, 0, PAGE, ZX_ERR_BAD_HANDLE },
		{ "a resource", self->other, ~0u, UINT64_MAX, 2,
		  ZX_ERR_WRONG_TYPE },
		{ "op 0", self->vmo, 0, 0, PAGE, ZX_ERR_INVALID_ARGS },
		{ "op 5", self->vmo, 5, 0, PAGE, ZX_ERR_INVALID_ARGS },
		{ "op 14", self->vmo, 14, 0, PAGE, ZX_ERR_INVALID_ARGS },
		{ "op ~0", self->vmo, ~0u, 0, PAGE, ZX_ERR_INVALID_ARGS },
		{ "an unknown op before the range", self->vmo, 14, UINT64_MAX,
		  2, ZX_ERR_INVALID_ARGS },
		{ "LOCK", self->vmo, ZX_VMO_OP_LOCK, 0, PAGE,
		  ZX_ERR_NOT_SUPPORTED },
		{ "TRY_LOCK", self->vmo, ZX_VMO_OP_TRY_LOCK, 0, PAGE,
		  ZX_ERR_NOT_SUPPORTED },
		{ "UNLOCK", self->vmo, ZX_VMO_OP_UNLOCK, 0, PAGE,
		  ZX_ERR_NOT_SUPPORTED },
		{ "COMMIT without WRITE", none, ZX_VMO_OP_COMMIT, 0, PAGE,
		  ZX_ERR_ACCESS_DENIED },
		{ "DECOMMIT without WRITE", none, ZX_VMO_OP_DECOMMIT, 0, PAGE,
		  ZX_ERR_ACCESS_DENIED },
		{ "ZERO without WRITE", none, ZX_VMO_OP_ZERO, 0, PAGE,
		  ZX_ERR_ACCESS_DENIED },
		{ "CACHE_INVALIDATE without WRITE", none,
		  ZX_VMO_OP_CACHE_INVALIDATE, 0, PAGE, ZX_ERR_ACCESS_DENIED },
		{ "CACHE_SYNC without READ", none, ZX_VMO_OP_CACHE_SYNC, 0,
		  PAGE, ZX_ERR_ACCESS_DENIED },
		{ "CACHE_CLEAN without READ", none, ZX_VMO_OP_CACHE_CLEAN, 0,
		  PAGE, ZX_ERR_ACCESS_DENIED },
		{ "CACHE_CLEAN_INVALIDATE without READ", none,
		  ZX_VMO_OP_CACHE_CLEAN_INVALIDATE, 0, PAGE,
		  ZX_ERR_ACCESS_DENIED },
		{ "rights before the range", none, ZX_VMO_OP_COMMIT, 8 * PAGE,
		  PAGE, ZX_ERR_ACCESS_DENIED },
		{ "DONT_NEED without any right", none, ZX_VMO_OP_DONT_NEED, 0,
		  PAGE, ZX_OK },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zxtest_row("%s", rows[i].name);
		EXPECT_STATUS(rows[i].status,
			      zx_vmo_op_range(rows[i].vmo, rows[i].op,
					      rows[i].offset, rows[i].size, NULL,
					      0));
	}
	EXPECT_EQ(0x1000ull, vmo_word(self->vmo, 0));
	EXPECT_OK(zx_handle_close(none));
}

static const uint32_t all_ops[] = {
	ZX_VMO_OP_COMMIT, ZX_VMO_OP_DECOMMIT, ZX_VMO_OP_ZERO,
	ZX_VMO_OP_CACHE_SYNC, ZX_VMO_OP_CACHE_INVALIDATE,
	ZX_VMO_OP_CACHE_CLEAN, ZX_VMO_OP_CACHE_CLEAN_INVALIDATE,
	ZX_VMO_OP_DONT_NEED, ZX_VMO_OP_ALWAYS_NEED,
};

TEST_F(vmo, every_operation_keeps_to_the_vmo)
{
	static const struct {
		uint64_t offset, size;
		zx_status_t status;
	} rows[] = {
		{ 0, 8 * PAGE + 1, ZX_ERR_OUT_OF_RANGE },
		{ 8 * PAGE, 1, ZX_ERR_OUT_OF_RANGE },
		{ 8 * PAGE - 1, 2, ZX_ERR_OUT_OF_RANGE },
		{ 8 * PAGE + 1, 0, ZX_ERR_OUT_OF_RANGE },
		{ UINT64_MAX, 1, ZX_ERR_OUT_OF_RANGE },
		{ 1, UINT64_MAX, ZX_ERR_OUT_OF_RANGE },
		{ UINT64_MAX, 0, ZX_ERR_OUT_OF_RANGE },
		{ 0, 0, ZX_OK },
		{ 8 * PAGE, 0, ZX_OK },
		{ 0, 8 * PAGE, ZX_OK },
		{ 8 * PAGE - 1, 1, ZX_OK },
	};

	for (size_t o = 0; o < ARRAY_SIZE(all_ops); o++) {
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
			zxtest_row("op %u, offset %#llx size %#llx", all_ops[o],
				   (unsigned long long)rows[i].offset,
				   (unsigned long long)rows[i].size);
			EXPECT_STATUS(rows[i].status,
				      zx_vmo_op_range(self->vmo, all_ops[o],
						      rows[i].offset,
						      rows[i].size, NULL, 0));
		}
	}
}

/* Zircon does not look at it either. */
TEST_F(vmo, op_range_does_not_look_at_its_buffer)
{
	EXPECT_OK(zx_vmo_op_range(self->vmo, ZX_VMO_OP_COMMIT, 0, PAGE,
				  (void *)0x10, 1));
}

TEST_F(vmo, commit_gives_whole_pages_their_memory)
{
	zx_handle_t vmo;

	ASSERT_OK(zx_vmo_create(8 * PAGE, 0, &vmo));
	EXPECT_EQ(0ull, committed_bytes(vmo));
	EXPECT_OK(zx_vmo_op_range(vmo, ZX_VMO_OP_COMMIT, PAGE + 5, PAGE, NULL,
				  0));
	EXPECT_EQ(2 * PAGE, committed_bytes(vmo));
	EXPECT_OK(zx_vmo_op_range(vmo, ZX_VMO_OP_COMMIT, 3, 0, NULL, 0));
	EXPECT_EQ(2 * PAGE, committed_bytes(vmo));
	EXPECT_OK(zx_vmo_op_range(vmo, ZX_VMO_OP_COMMIT, 0, 8 * PAGE, NULL,
				  0));
	EXPECT_EQ(8 * PAGE, committed_bytes(vmo));
	EXPECT_EQ(0ull, vmo_word(vmo, 7 * PAGE));
	/* What is there already stays. */
	EXPECT_OK(zx_vmo_op_range(self->vmo, ZX_VMO_OP_COMMIT, 0, 8 * PAGE,
				  NULL, 0));
	EXPECT_EQ(0x1005ull, vmo_word(self->vmo, 5 * PAGE));
	EXPECT_OK(zx_handle_close(vmo));
}

TEST_F(vmo, decommit_takes_whole_pages_and_shows_in_mappings)
{
	uint64_t at = (uintptr_t)map_self(self->fixed, 8 * PAGE);

	EXPECT_OK(zx_vmo_op_range(self->fixed, ZX_VMO_OP_DECOMMIT, 2 * PAGE + 1,
				  PAGE, NULL, 0));
	EXPECT_EQ(6 * PAGE, committed_bytes(self->fixed));
	for (unsigned int p = 0; p < 8; p++)
		EXPECT_EQ(p == 2 || p == 3 ? 0 : 0x1000 + p,
			  word_at(at + p * PAGE));
	EXPECT_TRUE(can_write(at + 2 * PAGE));
	EXPECT_OK(zx_vmar_unmap(zx_vmar_root_self(), at, 8 * PAGE));
}

TEST_F(vmo, zero_clears_the_very_bytes)
{
	uint8_t *map = map_self(self->fixed, 8 * PAGE);

	memset(map, 0xee, 8 * PAGE);
	EXPECT_OK(zx_vmo_op_range(self->fixed, ZX_VMO_OP_ZERO, PAGE - 3,
				  PAGE + 7, NULL, 0));
	EXPECT_EQ(0xee, map[PAGE - 4]);
	for (uint64_t b = PAGE - 3; b < 2 * PAGE + 4; b++)
		if (map[b])
			EXPECT_EQ(0, map[b]);
	EXPECT_EQ(0xee, map[2 * PAGE + 4]);
	/* Where nothing is there is nothing to clear, and nothing comes. */
	EXPECT_OK(zx_vmo_op_range(self->fixed, ZX_VMO_OP_DECOMMIT, 0, 8 * PAGE,
				  NULL, 0));
	EXPECT_OK(zx_vmo_op_range(self->fixed, ZX_VMO_OP_ZERO, 5, 7 * PAGE,
				  NULL, 0));
	EXPECT_EQ(0ull, committed_bytes(self->fixed));
	EXPECT_OK(zx_vmar_unmap(zx_vmar_root_self(), (zx_vaddr_t)map, 8 * PAGE));
}

TEST_F(vmo, cache_operations_and_hints_change_no_byte)
{
	for (size_t o = 3; o < ARRAY_SIZE(all_ops); o++) {
		zxtest_row("op %u", all_ops[o]);
		EXPECT_OK(zx_vmo_op_range(self->vmo, all_ops[o], 5, 6 * PAGE,
					  NULL, 0));
		for (unsigned int p = 0; p < 8; p++)
			EXPECT_EQ(0x1000 + p, vmo_word(self->vmo, p * PAGE));
		EXPECT_EQ(8 * PAGE, committed_bytes(self->vmo));
	}
}

/* ---- set_cache_policy ------------------------------------------------- */

TEST_F(vmo, cache_policies_that_cannot_be_had_are_refused)
{
	zx_handle_t unmappable = without(self->vmo, ZX_RIGHT_MAP);
	const struct {
		const char *name;
		zx_handle_t vmo;
		uint32_t policy;
		zx_status_t status;
	} rows[] = {
		{ "no VMO", 0, ZX_CACHE_POLICY_CACHED, ZX_ERR_BAD_HANDLE },
		{ "a resource", self->other, 4, ZX_ERR_WRONG_TYPE },
		{ "without MAP", unmappable, ZX_CACHE_POLICY_CACHED,
		  ZX_ERR_ACCESS_DENIED },
		{ "MAP before the policy", unmappable, 4,
		  ZX_ERR_ACCESS_DENIED },
		{ "4", self->vmo, 4, ZX_ERR_INVALID_ARGS },
		{ "~0", self->vmo, ~0u, ZX_ERR_INVALID_ARGS },
		{ "UNCACHED", self->vmo, ZX_CACHE_POLICY_UNCACHED,
		  ZX_ERR_NOT_SUPPORTED },
		{ "UNCACHED_DEVICE", self->vmo, ZX_CACHE_POLICY_UNCACHED_DEVICE,
		  ZX_ERR_NOT_SUPPORTED },
		{ "WRITE_COMBINING", self->vmo, ZX_CACHE_POLICY_WRITE_COMBINING,
		  ZX_ERR_NOT_SUPPORTED },
		{ "CACHED", self->vmo, ZX_CACHE_POLICY_CACHED, ZX_OK },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zxtest_row("%s", rows[i].name);
		EXPECT_STATUS(rows[i].status,
			      zx_vmo_set_cache_policy(rows[i].vmo,
						      rows[i].policy));
	}
	EXPECT_OK(zx_handle_close(unmappable));
}

/* ---- ZX_INFO_VMO ------------------------------------------------------ */

static zx_info_vmo_t info_of(zx_handle_t vmo)
{
	zx_info_vmo_t info;

	poison(&info, sizeof(info));
	ASSERT_OK(zx_object_get_info(vmo, ZX_INFO_VMO, &info, sizeof(info),
				     NULL, NULL));
	return info;
}

TEST_F(vmo, info_describes_a_vmo)
{
	zx_handle_t weak = without(self->vmo, ZX_RIGHT_WRITE);
	zx_info_vmo_t info;

	ASSERT_OK(zx_object_set_property(self->vmo, ZX_PROP_NAME, "ram", 3));
	info = info_of(weak);
	EXPECT_BYTES("ram", info.name, 4);
	EXPECT_EQ(8 * PAGE, info.size_bytes);
	EXPECT_EQ(8 * PAGE, info.committed_bytes);
	EXPECT_EQ(0ull, info.parent_koid);
	EXPECT_EQ(0ull, info.num_children);
	EXPECT_EQ(rights_of(weak), info.handle_rights);
	EXPECT_EQ(ZX_CACHE_POLICY_CACHED, info.cache_policy);
	EXPECT_EQ(ZX_INFO_VMO_TYPE_PAGED | ZX_INFO_VMO_RESIZABLE |
		  ZX_INFO_VMO_VIA_HANDLE, info.flags);
	EXPECT_EQ(info_of(self->vmo).koid, info.koid);
	info = info_of(self->fixed);
	EXPECT_EQ(ZX_INFO_VMO_TYPE_PAGED | ZX_INFO_VMO_VIA_HANDLE, info.flags);
	EXPECT_NE(info_of(self->vmo).koid, info.koid);
	EXPECT_OK(zx_handle_close(weak));
}

TEST_F(vmo, info_counts_what_is_committed)
{
	uint64_t at = (uintptr_t)map_self(self->vmo, 16 * PAGE);

	EXPECT_EQ(8 * PAGE, committed_bytes(self->vmo));
	ASSERT_OK(zx_vmo_set_size(self->vmo, 16 * PAGE));
	EXPECT_EQ(8 * PAGE, committed_bytes(self->vmo));
	/* To read a page through its handle does not bring it. */
	EXPECT_EQ(0ull, vmo_word(self->vmo, 12 * PAGE));
	EXPECT_EQ(8 * PAGE, committed_bytes(self->vmo));
	/* Writing does, in each way that there is. */
	ASSERT_OK(zx_vmo_write(self->vmo, "x", 13 * PAGE, 1));
	EXPECT_EQ(9 * PAGE, committed_bytes(self->vmo));
	*(volatile uint8_t *)(at + 14 * PAGE) = 1;
	EXPECT_EQ(10 * PAGE, committed_bytes(self->vmo));
	ASSERT_OK(zx_vmo_op_range(self->vmo, ZX_VMO_OP_COMMIT, 8 * PAGE,
				  8 * PAGE, NULL, 0));
	EXPECT_EQ(16 * PAGE, committed_bytes(self->vmo));
	ASSERT_OK(zx_vmo_op_range(self->vmo, ZX_VMO_OP_DECOMMIT, 2 * PAGE,
				  4 * PAGE, NULL, 0));
	EXPECT_EQ(12 * PAGE, committed_bytes(self->vmo));
	ASSERT_OK(zx_vmo_op_range(self->vmo, ZX_VMO_OP_ZERO, 0, PAGE, NULL, 0));
	EXPECT_GE(12 * PAGE, committed_bytes(self->vmo));
	ASSERT_OK(zx_vmo_set_size(self->vmo, 6 * PAGE));
	EXPECT_GE(2 * PAGE, committed_bytes(self->vmo));
	ASSERT_OK(zx_vmo_set_size(self->vmo, 0));
	EXPECT_EQ(0ull, committed_bytes(self->vmo));
	EXPECT_OK(zx_vmar_unmap(zx_vmar_root_self(), at, 16 * PAGE));
}

TEST_F(vmo, info_counts_mappings_of_both_address_spaces)
{
	struct space s[2];

	spaces_open(s);
	EXPECT_EQ(0ull, info_of(self->vmo).num_mappings);
	EXPECT_EQ(0ull, info_of(self->vmo).share_count);
	map_in(s[0].vmar, R, 0, self->vmo, 8 * PAGE);
	EXPECT_EQ(1ull, info_of(self->vmo).num_mappings);
	EXPECT_EQ(1ull, info_of(self->vmo).share_count);
	map_in(s[1].vmar, R, 0, self->vmo, 8 * PAGE);
	map_in(s[1].vmar, R, 16 * PAGE, self->vmo, 8 * PAGE);
	EXPECT_EQ(3ull, info_of(self->vmo).num_mappings);
	EXPECT_EQ(2ull, info_of(self->vmo).share_count);
	/* One that is gone in part is one, one that is gone is none. */
	EXPECT_OK(zx_vmar_unmap(s[0].vmar, ARENA, PAGE));
	EXPECT_EQ(3ull, info_of(self->vmo).num_mappings);
	EXPECT_OK(zx_vmar_unmap(s[0].vmar, ARENA, 8 * PAGE));
	EXPECT_EQ(2ull, info_of(self->vmo).num_mappings);
	EXPECT_EQ(1ull, info_of(self->vmo).share_count);
	map_in(s[1].vmar, R | OVERWRITE, 0, self->fixed, 8 * PAGE);
	EXPECT_EQ(1ull, info_of(self->vmo).num_mappings);
	EXPECT_EQ(1ull, info_of(self->vmo).share_count);
	spaces_close(s);
	EXPECT_EQ(0ull, info_of(self->vmo).num_mappings);
	EXPECT_EQ(0ull, info_of(self->vmo).share_count);
	EXPECT_EQ(0ull, info_of(self->fixed).num_mappings);
	EXPECT_EQ(0ull, info_of(self->fixed).share_count);
}

/* Parts of a VMAR are of its address space; pieces of a mapping are mappings. */
TEST_F(vmo, parts_and_pieces_share_a_vmo_once)
{
	uint64_t at;
	struct space s[2];
	zx_handle_t part;

	spaces_open(s);
	for_each_space(space, s) {
		zxtest_row("%s", space->name);
		part = part_of(space->vmar, CAN_R | CAN_W | CAN_SPECIFIC,
			       16 * PAGE, 8 * PAGE);
		map_in(space->vmar, R | W, 0, self->vmo, 8 * PAGE);
		map_in(part, R | W, 0, self->vmo, 8 * PAGE);
		EXPECT_EQ(2ull, info_of(self->vmo).num_mappings);
		EXPECT_EQ(1ull, info_of(self->vmo).share_count);
		at = ARENA + 2 * PAGE;
		ASSERT_OK(zx_vmar_protect(space->vmar, R, at, PAGE));
		EXPECT_EQ(3ull, info_of(self->vmo).num_mappings);
		EXPECT_EQ(1ull, info_of(self->vmo).share_count);
		ASSERT_OK(zx_vmar_unmap(space->vmar, ARENA, 8 * PAGE));
		EXPECT_EQ(1ull, info_of(self->vmo).share_count);
		ASSERT_OK(zx_vmar_destroy(part));
		EXPECT_EQ(0ull, info_of(self->vmo).num_mappings);
		EXPECT_EQ(0ull, info_of(self->vmo).share_count);
		EXPECT_OK(zx_handle_close(part));
	}
	zxtest_row_end();
	spaces_close(s);
}

TEST_F(vmo, a_guest_that_is_gone_shares_nothing)
{
	zx_handle_t guest, vmar;

	guest_create(&guest, &vmar);
	map_in(vmar, R, 0, self->vmo, 8 * PAGE);
	EXPECT_EQ(1ull, info_of(self->vmo).share_count);
	EXPECT_OK(zx_handle_close(guest));
	/* Its VMAR can still be named. */
	EXPECT_EQ(0ull, info_of(self->vmo).share_count);
	EXPECT_EQ(0ull, info_of(self->vmo).num_mappings);
	EXPECT_OK(zx_handle_close(vmar));
}

/* A mapping that cannot be made is not counted, whatever it was to replace. */
TEST_F(vmo, a_refused_mapping_is_not_counted)
{
	struct space s[2];
	zx_vaddr_t addr;

	spaces_open(s);
	for_each_space(space, s) {
		zxtest_row("%s", space->name);
		map_in(space->vmar, R, 0, self->fixed, PAGE);
		EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS,
			      zx_vmar_map(space->vmar, R | SPECIFIC, 0,
					  self->vmo, 0, PAGE, &addr));
		EXPECT_EQ(0ull, info_of(self->vmo).num_mappings);
		EXPECT_EQ(0ull, info_of(self->vmo).share_count);
		ASSERT_OK(zx_vmar_unmap(space->vmar, ARENA, PAGE));
	}
	zxtest_row_end();
	spaces_close(s);
}

TEST(info_vmar_tells_where_the_roots_are)
{
	zx_handle_t guest, vmar;
	zx_info_vmar_t info;

	guest_create(&guest, &vmar);
	ASSERT_OK(zx_object_get_info(vmar, ZX_INFO_VMAR, &info, sizeof(info),
				     NULL, NULL));
	EXPECT_EQ(0ull, info.base);
	EXPECT_EQ(1ull << 48, info.len);
	ASSERT_OK(zx_object_get_info(zx_vmar_root_self(), ZX_INFO_VMAR, &info,
				     sizeof(info), NULL, NULL));
	EXPECT_LT(0ull, info.base);
	EXPECT_LT((uintptr_t)&info, info.base + info.len);
	EXPECT_GT((uintptr_t)&info, info.base);
	EXPECT_OK(zx_handle_close(vmar));
	EXPECT_OK(zx_handle_close(guest));
}

TEST_HARNESS_MAIN
