// SPDX-License-Identifier: MIT
/*
 * zx_vmar_protect and zx_vmar_op_range: what is done to what is mapped, in a
 * guest's address space and in the process's. What a guest that runs sees of it
 * is in holes.c and remap.c.
 */
#include <string.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

#include "guest/vm.h"
#include "spaces.h"
#include "zxtest.h"

#define PART_PAGES	32
#define PART_SIZE	(PART_PAGES * PAGE)

FIXTURE(range) {
	struct space s[2];
	zx_handle_t vmo;	/* 16 pages, tagged from 0x1000 on */
	zx_handle_t readonly;	/* the same, without WRITE */
	zx_handle_t exec;	/* 16 pages, EXECUTE right */
	zx_handle_t small;	/* 4 pages */
};

FIXTURE_SETUP(range)
{
	spaces_open(self->s);
	self->vmo = tagged_vmo(16, 0, 0x1000);
	self->readonly = duplicate(self->vmo, rights_of(self->vmo) &
				   ~ZX_RIGHT_WRITE);
	self->exec = executable_vmo(16 * PAGE);
	self->small = tagged_vmo(4, 0, 0x3000);
}

FIXTURE_TEARDOWN(range)
{
	EXPECT_OK(zx_handle_close(self->vmo));
	EXPECT_OK(zx_handle_close(self->readonly));
	EXPECT_OK(zx_handle_close(self->exec));
	EXPECT_OK(zx_handle_close(self->small));
	spaces_close(self->s);
}

/* What a row is done to. */
enum where {
	PART,			/* 32 pages: see below */
	WEAK,			/* the same without the right WRITE */
	NONE,			/* ... without READ, WRITE and EXECUTE */
	DEAD, DEAD_WEAK,	/* destroyed; and without WRITE */
	VMO, BAD,		/* no VMAR, no handle */
	WHERES,
};

/*
 * 0 to 7 the VMO, may become writable; 8 to 11 it, may not; 12 to 15 nothing;
 * 16 to 19 a VMAR; 20 to 27 executable ones; 28 to 31 the small one.
 */
static void make_parts(struct fixture_range *self, const struct space *s,
		       uint32_t perms, zx_handle_t part[WHERES])
{
	zx_rights_t rights;

	part[PART] = part_of(s->vmar, CAN_ALL, 0, PART_SIZE);
	rights = rights_of(part[PART]);
	map_in(part[PART], perms, 0, self->vmo, 8 * PAGE);
	map_in(part[PART], R, 8 * PAGE, self->readonly, 4 * PAGE);
	EXPECT_OK(zx_handle_close(part_of(part[PART], CAN_ALL, 16 * PAGE,
					  4 * PAGE)));
	map_in(part[PART], R | X, 20 * PAGE, self->exec, 8 * PAGE);
	map_in(part[PART], R | W, 28 * PAGE, self->small, 4 * PAGE);
	part[WEAK] = duplicate(part[PART], rights & ~ZX_RIGHT_WRITE);
	part[NONE] = duplicate(part[PART], rights & ~(ZX_RIGHTS_IO |
						      ZX_RIGHT_EXECUTE));
	part[DEAD] = part_of(s->vmar, CAN_ALL, PART_SIZE, PAGE);
	part[DEAD_WEAK] = duplicate(part[DEAD], rights & ~ZX_RIGHT_WRITE);
	ASSERT_OK(zx_vmar_destroy(part[DEAD]));
	part[VMO] = self->vmo;
	part[BAD] = part_of(s->vmar, CAN_ALL, PART_SIZE + PAGE, PAGE);
	EXPECT_OK(zx_handle_close(part[BAD]));
}

static void close_parts(zx_handle_t part[WHERES])
{
	for (int i = 0; i <= DEAD_WEAK; i++)
		EXPECT_OK(zx_handle_close(part[i]));
}

/* ---- protect ---------------------------------------------------------- */

struct protect_row {
	const char *name;
	zx_status_t status;
	enum where where;
	uint32_t options;
	uint64_t offset, len;
};

/* In the order of checks; "before" names two faults, of which the first wins. */
static const struct protect_row protect_rows[] = {
	{ "no VMAR", ZX_ERR_BAD_HANDLE, BAD, R, 0, PAGE },
	{ "a VMO", ZX_ERR_WRONG_TYPE, VMO, R, 0, PAGE },
	{ "type before rights and options", ZX_ERR_WRONG_TYPE, VMO, ~0u, 1, 0 },
	{ "READ without the right", ZX_ERR_ACCESS_DENIED, NONE, R, 0, PAGE },
	{ "WRITE without the right", ZX_ERR_ACCESS_DENIED, WEAK, R | W, 0,
	  PAGE },
	{ "EXECUTE without the right", ZX_ERR_ACCESS_DENIED, NONE, X,
	  20 * PAGE, PAGE },
	{ "rights before options", ZX_ERR_ACCESS_DENIED, WEAK,
	  R | W | 1u << 20, 0, PAGE },
	{ "rights before addr", ZX_ERR_ACCESS_DENIED, WEAK, R | W, 1, PAGE },
	{ "rights before a dead VMAR", ZX_ERR_ACCESS_DENIED, DEAD_WEAK, R | W,
	  PART_SIZE, PAGE },
	{ "COMPACT", ZX_ERR_INVALID_ARGS, PART, R | ZX_VM_COMPACT, 0, PAGE },
	{ "SPECIFIC", ZX_ERR_INVALID_ARGS, PART, R | SPECIFIC, 0, PAGE },
	{ "OVERWRITE", ZX_ERR_INVALID_ARGS, PART, R | OVERWRITE, 0, PAGE },
	{ "CAN_MAP_READ", ZX_ERR_INVALID_ARGS, PART, R | CAN_R, 0, PAGE },
	{ "CAN_MAP_SPECIFIC", ZX_ERR_INVALID_ARGS, PART, R | CAN_SPECIFIC, 0,
	  PAGE },
	{ "MAP_RANGE", ZX_ERR_INVALID_ARGS, PART, R | ZX_VM_MAP_RANGE, 0,
	  PAGE },
	{ "ALLOW_FAULTS", ZX_ERR_INVALID_ARGS, PART, R | ZX_VM_ALLOW_FAULTS, 0,
	  PAGE },
	{ "an alignment", ZX_ERR_INVALID_ARGS, PART, R | ALIGN(12), 0, PAGE },
	{ "option bit 20", ZX_ERR_INVALID_ARGS, PART, R | 1u << 20, 0, PAGE },
	{ "options before a dead VMAR", ZX_ERR_INVALID_ARGS, DEAD,
	  R | 1u << 20, PART_SIZE, PAGE },
	{ "addr 1", ZX_ERR_INVALID_ARGS, PART, R, 1, PAGE },
	{ "addr before a dead VMAR", ZX_ERR_INVALID_ARGS, DEAD, R,
	  PART_SIZE + 1, PAGE },
	{ "len 0", ZX_ERR_INVALID_ARGS, PART, R, 0, 0 },
	{ "len 0 before a dead VMAR", ZX_ERR_INVALID_ARGS, DEAD, R, PART_SIZE,
	  0 },
	{ "len that wraps when rounded", ZX_ERR_INVALID_ARGS, PART, R, 0,
	  UINT64_MAX },
	{ "a dead VMAR", ZX_ERR_BAD_STATE, DEAD, R, PART_SIZE, PAGE },
	{ "a dead VMAR before the range", ZX_ERR_BAD_STATE, DEAD, R, 0, PAGE },
	{ "a dead VMAR before WRITE without READ", ZX_ERR_BAD_STATE, DEAD, W,
	  PART_SIZE, PAGE },
	{ "before the start", ZX_ERR_INVALID_ARGS, PART, R, -PAGE, 2 * PAGE },
	{ "at the end", ZX_ERR_INVALID_ARGS, PART, R, PART_SIZE, PAGE },
	{ "across the end", ZX_ERR_INVALID_ARGS, PART, R, PART_SIZE - PAGE,
	  2 * PAGE },
	{ "a range that wraps", ZX_ERR_INVALID_ARGS, PART, R, 0, -ARENA },
	{ "WRITE without READ", ZX_ERR_INVALID_ARGS, PART, W, 0, PAGE },
	{ "EXECUTE without READ", ZX_ERR_INVALID_ARGS, PART, X, 20 * PAGE,
	  PAGE },
	{ "WRITE without READ before a gap", ZX_ERR_INVALID_ARGS, PART, W,
	  12 * PAGE, PAGE },
	{ "a gap", ZX_ERR_NOT_FOUND, PART, R, 12 * PAGE, PAGE },
	{ "a gap first", ZX_ERR_NOT_FOUND, PART, 0, 15 * PAGE, PAGE },
	{ "a gap last", ZX_ERR_NOT_FOUND, PART, 0, 0, 13 * PAGE },
	{ "a gap before what may not be", ZX_ERR_NOT_FOUND, PART, R | W,
	  8 * PAGE, 5 * PAGE },
	{ "a VMAR", ZX_ERR_INVALID_ARGS, PART, R, 16 * PAGE, 4 * PAGE },
	{ "inside of a VMAR", ZX_ERR_INVALID_ARGS, PART, R, 17 * PAGE, PAGE },
	{ "a VMAR and a mapping", ZX_ERR_INVALID_ARGS, PART, 0, 16 * PAGE,
	  8 * PAGE },
	{ "a VMAR before what may not be", ZX_ERR_INVALID_ARGS, PART, R | X,
	  16 * PAGE, 16 * PAGE },
	{ "WRITE that may not be", ZX_ERR_ACCESS_DENIED, PART, R | W, 8 * PAGE,
	  PAGE },
	{ "EXECUTE that may not be", ZX_ERR_ACCESS_DENIED, PART, R | X, 0,
	  PAGE },
	{ "WRITE that one of two may not have", ZX_ERR_ACCESS_DENIED, PART,
	  R | W, 0, 12 * PAGE },
	{ "EXECUTE that one of two may not have", ZX_ERR_ACCESS_DENIED, PART,
	  R | W | X, 20 * PAGE, 12 * PAGE },
};

/* A refused call has changed nothing. */
static void expect_as_made(const struct space *s)
{
	if (!s->process)
		return;
	for (unsigned int p = 0; p < PART_PAGES; p++) {
		bool mapped = p < 12 || p >= 20;

		if (mapped != can_read(ARENA + p * PAGE) ||
		    (p >= 28) != can_write(ARENA + p * PAGE)) {
			zxtest_fail();
			TH_LOG("page %u is not as it was made", p);
		}
	}
}

TEST_F_TIMEOUT(range, protect_refusals_in_order, 60)
{
	for_each_space(s, self->s) {
		zx_handle_t part[WHERES];

		make_parts(self, s, R, part);
		expect_as_made(s);
		for (size_t i = 0; i < ARRAY_SIZE(protect_rows); i++) {
			const struct protect_row *r = &protect_rows[i];

			zxtest_row("%s: %s", s->name, r->name);
			EXPECT_STATUS(r->status,
				      zx_vmar_protect(part[r->where], r->options,
						      ARENA + r->offset, r->len));
			expect_as_made(s);
		}
		zxtest_row_end();
		close_parts(part);
	}
}

/* Which of the arena's first 16 pages this process can read, or write. */
static uint64_t readable(void)
{
	uint64_t mask = 0;

	for (unsigned int p = 0; p < 16; p++)
		mask |= (uint64_t)can_read(ARENA + p * PAGE) << p;
	return mask;
}

static uint64_t writable(void)
{
	uint64_t mask = 0;

	for (unsigned int p = 0; p < 16; p++)
		mask |= (uint64_t)can_write(ARENA + p * PAGE) << p;
	return mask;
}

TEST_F(range, protect_splits_a_mapping)
{
	static const struct {
		uint32_t perms;
		unsigned int page, pages;
		uint64_t readable, writable;
	} steps[] = {
		{ R, 4, 4, 0xffff, 0xff0f },
		{ 0, 0, 2, 0xfffc, 0xff0c },
		{ R, 6, 4, 0xfffc, 0xfc0c },	/* over a border */
		{ R | W, 7, 1, 0xfffc, 0xfc8c },
		{ 0, 1, 15, 0x0000, 0x0000 },	/* over all of them */
		{ R | W, 0, 16, 0xffff, 0xffff },
		{ R | W, 3, 2, 0xffff, 0xffff },	/* nothing new */
		{ 0, 15, 1, 0x7fff, 0x7fff },
	};

	for_each_space(s, self->s) {
		map_in(s->vmar, R | W, 0, self->vmo, 16 * PAGE);
		for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
			zxtest_row("%s: step %zu", s->name, i);
			EXPECT_OK(zx_vmar_protect(s->vmar, steps[i].perms,
						  ARENA + steps[i].page * PAGE,
						  steps[i].pages * PAGE));
			EXPECT_EQ(0xffffull, mapped_in(s->vmar));
			if (!s->process)
				continue;
			EXPECT_EQ(steps[i].readable, readable());
			EXPECT_EQ(steps[i].writable, writable());
		}
	}
	/* All pieces still show what they showed. */
	for (unsigned int p = 0; p < 15; p++)
		EXPECT_EQ(0x1000ull + p, word_at(ARENA + p * PAGE));
}

TEST_F(range, protect_rounds_its_length_up)
{
	for_each_space(s, self->s) {
		map_in(s->vmar, R | W, 0, self->vmo, 16 * PAGE);
		EXPECT_OK(zx_vmar_protect(s->vmar, R, ARENA, 1));
		EXPECT_OK(zx_vmar_protect(s->vmar, R, ARENA + 8 * PAGE,
					  PAGE + 1));
	}
	EXPECT_EQ(0xfcfeull, writable());
}

TEST_F(range, what_a_mapping_may_become_is_settled_when_it_is_made)
{
	for_each_space(s, self->s) {
		zx_handle_t exec = executable_vmo(PAGE);
		zx_handle_t weak = duplicate(s->vmar, rights_of(s->vmar) &
					     ~ZX_RIGHT_WRITE);

		zxtest_row("%s", s->name);
		/* Nothing is permitted at first; the VMO's handle is closed. */
		map_in(s->vmar, 0, 0, exec, PAGE);
		map_in(weak, 0, PAGE, exec, PAGE);
		EXPECT_OK(zx_handle_close(exec));
		EXPECT_OK(zx_vmar_protect(s->vmar, R | W | X, ARENA, PAGE));
		EXPECT_OK(zx_vmar_protect(s->vmar, 0, ARENA, PAGE));
		EXPECT_OK(zx_vmar_protect(s->vmar, R | W, ARENA, PAGE));
		EXPECT_OK(zx_vmar_protect(s->vmar, R | X, ARENA + PAGE, PAGE));
		EXPECT_STATUS(ZX_ERR_ACCESS_DENIED,
			      zx_vmar_protect(s->vmar, R | W, ARENA + PAGE,
					      PAGE));
		EXPECT_STATUS(ZX_ERR_ACCESS_DENIED,
			      zx_vmar_protect(s->vmar, R | W, ARENA, 2 * PAGE));
		EXPECT_OK(zx_handle_close(weak));
	}
}

TEST_F(range, protect_without_permissions_needs_no_right)
{
	for_each_space(s, self->s) {
		zx_handle_t none = duplicate(s->vmar, rights_of(s->vmar) &
					     ~(ZX_RIGHTS_IO | ZX_RIGHT_EXECUTE));

		zxtest_row("%s", s->name);
		map_in(s->vmar, R, 0, self->vmo, PAGE);
		EXPECT_OK(zx_vmar_protect(none, 0, ARENA, PAGE));
		EXPECT_OK(zx_handle_close(none));
	}
	EXPECT_EQ(0ull, readable());
}

TEST_F(range, protect_takes_read_if_xom_unsupported_for_read)
{
	const uint32_t xom = ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED;

	for_each_space(s, self->s) {
		zxtest_row("%s", s->name);
		map_in(s->vmar, 0, 0, self->exec, 16 * PAGE);
		EXPECT_OK(zx_vmar_protect(s->vmar, X | xom, ARENA, PAGE));
		EXPECT_OK(zx_vmar_protect(s->vmar, xom, ARENA + PAGE, PAGE));
	}
	EXPECT_EQ(3ull, readable());
}

/* ---- op_range --------------------------------------------------------- */

struct op_row {
	const char *name;
	zx_status_t status;
	enum where where;
	uint32_t op;
	uint64_t offset, len;
};

#define COMMIT		ZX_VMAR_OP_COMMIT
#define DECOMMIT	ZX_VMAR_OP_DECOMMIT
#define MAP_RANGE	ZX_VMAR_OP_MAP_RANGE

/* In the order of checks; "before" names two faults, of which the first wins. */
static const struct op_row op_rows[] = {
	{ "no VMAR", ZX_ERR_BAD_HANDLE, BAD, COMMIT, 0, PAGE },
	{ "a VMO", ZX_ERR_WRONG_TYPE, VMO, COMMIT, 0, PAGE },
	{ "type before all else", ZX_ERR_WRONG_TYPE, VMO, ~0u, 1, 0 },
	{ "COMMIT without WRITE", ZX_ERR_ACCESS_DENIED, WEAK, COMMIT, 0,
	  PAGE },
	{ "DECOMMIT without WRITE", ZX_ERR_ACCESS_DENIED, WEAK, DECOMMIT, 0,
	  PAGE },
	{ "rights before the range", ZX_ERR_ACCESS_DENIED, WEAK, COMMIT,
	  PART_SIZE, PAGE },
	{ "rights before a dead VMAR", ZX_ERR_ACCESS_DENIED, DEAD_WEAK,
	  DECOMMIT, PART_SIZE, PAGE },
	{ "rights before a gap", ZX_ERR_ACCESS_DENIED, WEAK, COMMIT, 12 * PAGE,
	  PAGE },
	{ "address 1", ZX_ERR_INVALID_ARGS, PART, COMMIT, 1, PAGE },
	{ "size 0", ZX_ERR_INVALID_ARGS, PART, COMMIT, 0, 0 },
	{ "size that wraps when rounded", ZX_ERR_INVALID_ARGS, PART, COMMIT, 0,
	  UINT64_MAX },
	{ "address before a dead VMAR", ZX_ERR_INVALID_ARGS, DEAD, COMMIT,
	  PART_SIZE + 1, PAGE },
	{ "a dead VMAR", ZX_ERR_BAD_STATE, DEAD, MAP_RANGE, PART_SIZE, PAGE },
	{ "a dead VMAR before the range", ZX_ERR_BAD_STATE, DEAD, MAP_RANGE, 0,
	  PAGE },
	{ "before the start", ZX_ERR_OUT_OF_RANGE, PART, COMMIT, -PAGE,
	  2 * PAGE },
	{ "at the end", ZX_ERR_OUT_OF_RANGE, PART, MAP_RANGE, PART_SIZE, PAGE },
	{ "across the end", ZX_ERR_OUT_OF_RANGE, PART, MAP_RANGE,
	  PART_SIZE - PAGE, 2 * PAGE },
	{ "the range before a gap", ZX_ERR_OUT_OF_RANGE, PART, COMMIT,
	  12 * PAGE, PART_SIZE },
	{ "op 0", ZX_ERR_INVALID_ARGS, PART, 0, 0, PAGE },
	{ "op 4", ZX_ERR_INVALID_ARGS, PART, 4, 0, PAGE },
	{ "CACHE_SYNC", ZX_ERR_INVALID_ARGS, PART, ZX_VMO_OP_CACHE_SYNC, 0,
	  PAGE },
	{ "ZERO", ZX_ERR_INVALID_ARGS, PART, ZX_VMO_OP_ZERO, 0, PAGE },
	{ "TRY_LOCK", ZX_ERR_INVALID_ARGS, PART, ZX_VMO_OP_TRY_LOCK, 0, PAGE },
	{ "op 14", ZX_ERR_INVALID_ARGS, PART, 14, 0, PAGE },
	{ "op ~0", ZX_ERR_INVALID_ARGS, PART, ~0u, 0, PAGE },
	{ "a gap", ZX_ERR_BAD_STATE, PART, MAP_RANGE, 12 * PAGE, PAGE },
	{ "a gap last", ZX_ERR_BAD_STATE, PART, MAP_RANGE, 0, 13 * PAGE },
	{ "a VMAR", ZX_ERR_BAD_STATE, PART, MAP_RANGE, 16 * PAGE, 4 * PAGE },
	{ "inside of a VMAR", ZX_ERR_BAD_STATE, PART, COMMIT, 17 * PAGE, PAGE },
	{ "a hint to a gap", ZX_ERR_BAD_STATE, PART, ZX_VMAR_OP_DONT_NEED,
	  12 * PAGE, PAGE },
	{ "COMMIT of a read-only mapping", ZX_ERR_ACCESS_DENIED, PART, COMMIT,
	  8 * PAGE, PAGE },
	{ "DECOMMIT of a read-only mapping", ZX_ERR_ACCESS_DENIED, PART,
	  DECOMMIT, 8 * PAGE, PAGE },
	{ "MAP_RANGE without WRITE", ZX_OK, WEAK, MAP_RANGE, 0, 12 * PAGE },
	{ "MAP_RANGE without any right", ZX_OK, NONE, MAP_RANGE, 0, PAGE },
	{ "MAP_RANGE of all kinds", ZX_OK, PART, MAP_RANGE, 20 * PAGE,
	  12 * PAGE },
	{ "DONT_NEED", ZX_OK, PART, ZX_VMAR_OP_DONT_NEED, 0, 12 * PAGE },
	{ "ALWAYS_NEED", ZX_OK, PART, ZX_VMAR_OP_ALWAYS_NEED, 0, PAGE },
	{ "COMMIT", ZX_OK, PART, COMMIT, 0, 8 * PAGE },
};

TEST_F_TIMEOUT(range, op_range_refusals_in_order, 60)
{
	for_each_space(s, self->s) {
		zx_handle_t part[WHERES];

		make_parts(self, s, R | W, part);
		for (size_t i = 0; i < ARRAY_SIZE(op_rows); i++) {
			const struct op_row *r = &op_rows[i];

			zxtest_row("%s: %s", s->name, r->name);
			EXPECT_STATUS(r->status,
				      zx_vmar_op_range(part[r->where], r->op,
						       ARENA + r->offset, r->len,
						       NULL, 0));
			EXPECT_EQ(0x1000ull, vmo_word(self->vmo, 0));
			EXPECT_EQ(0x1008ull, vmo_word(self->vmo, 8 * PAGE));
		}
		zxtest_row_end();
		close_parts(part);
	}
}

TEST_F(range, op_range_refuses_a_buffer)
{
	char byte;

	for_each_space(s, self->s) {
		zxtest_row("%s", s->name);
		map_in(s->vmar, R | W, 0, self->vmo, PAGE);
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
			      zx_vmar_op_range(s->vmar, MAP_RANGE, ARENA, PAGE,
					       &byte, 0));
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
			      zx_vmar_op_range(s->vmar, MAP_RANGE, ARENA, PAGE,
					       NULL, 1));
		EXPECT_STATUS(ZX_ERR_BAD_HANDLE,
			      zx_vmar_op_range(0, MAP_RANGE, ARENA, PAGE, &byte,
					       1));
		EXPECT_STATUS(ZX_ERR_WRONG_TYPE,
			      zx_vmar_op_range(self->vmo, MAP_RANGE, ARENA,
					       PAGE, &byte, 1));
	}
}

TEST_F(range, commit_and_decommit_reach_the_pages_that_are_mapped)
{
	for_each_space(s, self->s) {
		zx_handle_t vmo;
		zx_vaddr_t addr;

		zxtest_row("%s", s->name);
		ASSERT_OK(zx_vmo_create(16 * PAGE, 0, &vmo));
		/* Pages 4 to 11 of the VMO, then 0 to 3. */
		ASSERT_OK(zx_vmar_map(s->vmar, R | W | SPECIFIC, 0, vmo,
				      4 * PAGE, 8 * PAGE, &addr));
		ASSERT_OK(zx_vmar_map(s->vmar, R | W | SPECIFIC, 8 * PAGE, vmo,
				      0, 4 * PAGE, &addr));
		EXPECT_OK(zx_vmar_op_range(s->vmar, COMMIT, ARENA + 6 * PAGE,
					   3 * PAGE + 1, NULL, 0));
		EXPECT_EQ(4 * PAGE, committed_bytes(vmo));
		for (uint64_t p = 0; p < 16; p++)
			ASSERT_OK(zx_vmo_write(vmo, &p, p * PAGE, sizeof(p)));
		EXPECT_OK(zx_vmar_op_range(s->vmar, DECOMMIT, ARENA + 7 * PAGE,
					   3 * PAGE, NULL, 0));
		EXPECT_EQ(13 * PAGE, committed_bytes(vmo));
		for (uint64_t p = 0; p < 16; p++)
			EXPECT_EQ(p == 11 || p < 2 ? 0 : p,
				  vmo_word(vmo, p * PAGE));
		EXPECT_OK(zx_handle_close(vmo));
	}
	EXPECT_EQ(10ull, word_at(ARENA + 6 * PAGE));
	EXPECT_EQ(0ull, word_at(ARENA + 7 * PAGE));
	EXPECT_EQ(0ull, word_at(ARENA + 9 * PAGE));
	EXPECT_EQ(2ull, word_at(ARENA + 10 * PAGE));
}

TEST_F(range, map_range_of_a_part_brings_in_what_there_is)
{
	struct space *s = &self->s[1];
	zx_handle_t vmo;

	ASSERT_OK(zx_vmo_create(8 * PAGE, 0, &vmo));
	ASSERT_OK(zx_vmo_write(vmo, "x", 3 * PAGE, 1));
	ASSERT_OK(zx_vmo_write(vmo, "x", 5 * PAGE, 1));
	map_in(s->vmar, R, 0, vmo, 8 * PAGE);
	EXPECT_OK(zx_vmar_op_range(s->vmar, MAP_RANGE, ARENA + 2 * PAGE,
				   3 * PAGE, NULL, 0));
	EXPECT_TRUE(is_present(ARENA + 3 * PAGE));
	EXPECT_FALSE(is_present(ARENA + 2 * PAGE));
	EXPECT_EQ(2 * PAGE, committed_bytes(vmo));
	EXPECT_OK(zx_handle_close(vmo));
}

TEST_F(range, op_range_goes_up_to_what_fails)
{
	for_each_space(s, self->s) {
		zx_vaddr_t addr;

		zxtest_row("%s", s->name);
		map_in(s->vmar, R | W, 0, self->vmo, 2 * PAGE);
		map_in(s->vmar, R, 2 * PAGE, self->vmo, PAGE);
		EXPECT_STATUS(ZX_ERR_ACCESS_DENIED,
			      zx_vmar_op_range(s->vmar, DECOMMIT, ARENA,
					       3 * PAGE, NULL, 0));
		EXPECT_EQ(0ull, vmo_word(self->vmo, 0));
		EXPECT_EQ(0ull, vmo_word(self->vmo, PAGE));
		/* A mapping that reaches beyond its VMO. */
		ASSERT_OK(zx_vmar_map(s->vmar, R | W | SPECIFIC, 8 * PAGE,
				      self->vmo, 14 * PAGE, 4 * PAGE, &addr));
		EXPECT_OK(zx_vmar_op_range(s->vmar, COMMIT, ARENA + 8 * PAGE,
					   2 * PAGE, NULL, 0));
		EXPECT_STATUS(ZX_ERR_OUT_OF_RANGE,
			      zx_vmar_op_range(s->vmar, COMMIT,
					       ARENA + 10 * PAGE, PAGE, NULL,
					       0));
		EXPECT_OK(zx_vmar_op_range(s->vmar, MAP_RANGE, ARENA + 8 * PAGE,
					   4 * PAGE, NULL, 0));
	}
}

TEST_HARNESS_MAIN
