// SPDX-License-Identifier: MIT
/*
 * zx_vmar_map on parts of VMARs and with the options that choose a place, in a
 * guest's address space and in the process's. Handles, permissions and what
 * they come before are in vmar.c.
 */
#include <string.h>
#include <sys/mman.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

#include "guest/vm.h"
#include "spaces.h"
#include "zxtest.h"

#define SIZE	(ARENA_PAGES * PAGE)	/* of the arena */

FIXTURE(map) {
	struct space s[2];
	zx_handle_t vmo;	/* 16 pages, tagged from 0x1000 on */
	zx_handle_t other;	/* 16 pages, tagged from 0x2000 on */
	zx_handle_t exec;	/* 16 pages, EXECUTE right */
};

FIXTURE_SETUP(map)
{
	spaces_open(self->s);
	self->vmo = tagged_vmo(16, 0, 0x1000);
	self->other = tagged_vmo(16, 0, 0x2000);
	self->exec = executable_vmo(16 * PAGE);
}

FIXTURE_TEARDOWN(map)
{
	EXPECT_OK(zx_handle_close(self->vmo));
	EXPECT_OK(zx_handle_close(self->other));
	EXPECT_OK(zx_handle_close(self->exec));
	spaces_close(self->s);
}

/* ---- the order of checks ---------------------------------------------- */

/* Where a row maps: parts of the arena. */
enum where {
	PART,			/* 32 pages with something in them */
	NOWHERE,		/* ... the same without CAN_MAP_SPECIFIC */
	READONLY,		/* CAN_MAP_READ and SPECIFIC */
	DEAD,			/* destroyed */
	WHERES,
};

#define PART_PAGES	32
#define PART_SIZE	(PART_PAGES * PAGE)

struct map_row {
	const char *name;
	zx_status_t status;
	enum where where;
	uint32_t options;
	uint64_t offset, vmo_offset, len;
};

/*
 * In the order of checks; "before" names two faults, of which the first wins.
 * In a PART pages 8 to 11 and 31 are mapped, and 16 to 19 are a VMAR.
 */
static const struct map_row map_rows[] = {
	{ "WRITE in a read-only VMAR", ZX_ERR_ACCESS_DENIED, READONLY, R | W, 0,
	  0, PAGE },
	{ "MAP_RANGE with OVERWRITE before that", ZX_ERR_INVALID_ARGS,
	  READONLY, R | W | ZX_VM_MAP_RANGE | OVERWRITE, 0, 0, PAGE },
	{ "that before unknown options", ZX_ERR_ACCESS_DENIED, READONLY,
	  R | W | 1u << 20, 0, 0, PAGE },
	{ "that before COMPACT", ZX_ERR_ACCESS_DENIED, READONLY,
	  R | W | ZX_VM_COMPACT, 0, 0, PAGE },
	{ "that before vmo_offset", ZX_ERR_ACCESS_DENIED, READONLY, R | W, 0, 1,
	  PAGE },
	{ "alignment field 9", ZX_ERR_INVALID_ARGS, PART, R | ALIGN(9), 0, 0,
	  PAGE },
	{ "alignment field 33", ZX_ERR_INVALID_ARGS, PART, R | ALIGN(33), 0, 0,
	  PAGE },
	{ "unknown options before a dead VMAR", ZX_ERR_INVALID_ARGS, DEAD,
	  R | 1u << 20, 0, 0, PAGE },
	{ "vmo_offset before a dead VMAR", ZX_ERR_INVALID_ARGS, DEAD, R, 0, 1,
	  PAGE },
	{ "overflow of len", ZX_ERR_OUT_OF_RANGE, PART, R, 0, 0, UINT64_MAX },
	{ "overflow of vmo_offset", ZX_ERR_OUT_OF_RANGE, PART, R, 0, -PAGE,
	  2 * PAGE },
	{ "vmo_offset before overflow of len", ZX_ERR_INVALID_ARGS, PART, R, 0,
	  1, UINT64_MAX },
	{ "overflow before a dead VMAR", ZX_ERR_OUT_OF_RANGE, DEAD, R, 0, 0,
	  UINT64_MAX },
	{ "a dead VMAR", ZX_ERR_BAD_STATE, DEAD, R, 0, 0, PAGE },
	{ "a dead VMAR before len 0", ZX_ERR_BAD_STATE, DEAD, R, 0, 0, 0 },
	{ "a dead VMAR before SPECIFIC with UPPER_LIMIT", ZX_ERR_BAD_STATE,
	  DEAD, R | SPECIFIC | UPPER_LIMIT, 0, 0, PAGE },
	{ "a dead VMAR before its end", ZX_ERR_BAD_STATE, DEAD, R | SPECIFIC,
	  PART_SIZE, 0, PAGE },
	{ "len 0", ZX_ERR_INVALID_ARGS, PART, R, 0, 0, 0 },
	{ "len 0 before CAN_MAP_SPECIFIC", ZX_ERR_INVALID_ARGS, NOWHERE,
	  R | SPECIFIC, 0, 0, 0 },
	{ "SPECIFIC with UPPER_LIMIT before CAN_MAP_SPECIFIC",
	  ZX_ERR_INVALID_ARGS, NOWHERE, R | SPECIFIC | UPPER_LIMIT, PAGE, 0,
	  PAGE },
	{ "OVERWRITE with UPPER_LIMIT before CAN_MAP_SPECIFIC",
	  ZX_ERR_INVALID_ARGS, NOWHERE, R | OVERWRITE | UPPER_LIMIT, PAGE, 0,
	  PAGE },
	{ "an offset without SPECIFIC", ZX_ERR_INVALID_ARGS, NOWHERE, R, PAGE,
	  0, PAGE },
	{ "unaligned offset before CAN_MAP_SPECIFIC", ZX_ERR_INVALID_ARGS,
	  NOWHERE, R | SPECIFIC, 1, 0, PAGE },
	{ "SPECIFIC without CAN_MAP_SPECIFIC", ZX_ERR_ACCESS_DENIED, NOWHERE,
	  R | SPECIFIC, 0, 0, PAGE },
	{ "OVERWRITE without CAN_MAP_SPECIFIC", ZX_ERR_ACCESS_DENIED, NOWHERE,
	  R | OVERWRITE, 0, 0, PAGE },
	{ "CAN_MAP_SPECIFIC before the end", ZX_ERR_ACCESS_DENIED, NOWHERE,
	  R | SPECIFIC, PART_SIZE, 0, PAGE },
	{ "CAN_MAP_SPECIFIC before ALIGN", ZX_ERR_ACCESS_DENIED, NOWHERE,
	  R | SPECIFIC | ALIGN(13), PAGE, 0, PAGE },
	{ "SPECIFIC at the end", ZX_ERR_INVALID_ARGS, PART, R | SPECIFIC,
	  PART_SIZE, 0, PAGE },
	{ "SPECIFIC that wraps", ZX_ERR_INVALID_ARGS, PART, R | SPECIFIC,
	  -PAGE, 0, 2 * PAGE },
	{ "the end before what is mapped", ZX_ERR_INVALID_ARGS, PART,
	  R | SPECIFIC, PART_SIZE - PAGE, 0, 2 * PAGE },
	{ "OVERWRITE across the end", ZX_ERR_INVALID_ARGS, PART, R | OVERWRITE,
	  PART_SIZE - PAGE, 0, 2 * PAGE },
	{ "more than the VMAR", ZX_ERR_INVALID_ARGS, PART, R, 0, 0,
	  PART_SIZE + PAGE },
	{ "UPPER_LIMIT 0", ZX_ERR_INVALID_ARGS, PART, R | UPPER_LIMIT, 0, 0,
	  PAGE },
	{ "UPPER_LIMIT unaligned", ZX_ERR_INVALID_ARGS, PART, R | UPPER_LIMIT,
	  PAGE + 1, 0, PAGE },
	{ "UPPER_LIMIT below len", ZX_ERR_INVALID_ARGS, PART, R | UPPER_LIMIT,
	  PAGE, 0, 2 * PAGE },
	{ "UPPER_LIMIT behind the end", ZX_ERR_INVALID_ARGS, PART,
	  R | UPPER_LIMIT, PART_SIZE + PAGE, 0, PAGE },
	{ "ALIGN before what is mapped", ZX_ERR_INVALID_ARGS, PART,
	  R | SPECIFIC | ALIGN(16), 8 * PAGE, 0, PAGE },
	{ "ALIGN before a VMAR in the way", ZX_ERR_INVALID_ARGS, PART,
	  R | SPECIFIC | ALIGN(20), 16 * PAGE, 0, PAGE },
	{ "over a mapping", ZX_ERR_ALREADY_EXISTS, PART, R | SPECIFIC, 8 * PAGE,
	  0, PAGE },
	{ "over the end of one", ZX_ERR_ALREADY_EXISTS, PART, R | SPECIFIC,
	  11 * PAGE, 0, 4 * PAGE },
	{ "over a VMAR", ZX_ERR_ALREADY_EXISTS, PART, R | SPECIFIC, 16 * PAGE,
	  0, 4 * PAGE },
	{ "over the middle of a VMAR", ZX_ERR_ALREADY_EXISTS, PART,
	  R | SPECIFIC, 17 * PAGE, 0, PAGE },
	{ "OVERWRITE of a VMAR", ZX_ERR_INVALID_ARGS, PART, R | OVERWRITE,
	  16 * PAGE, 0, 4 * PAGE },
	{ "OVERWRITE of a VMAR's end", ZX_ERR_INVALID_ARGS, PART, R | OVERWRITE,
	  19 * PAGE, 0, 2 * PAGE },
	{ "OVERWRITE of a mapping and a VMAR", ZX_ERR_INVALID_ARGS, PART,
	  R | OVERWRITE, 8 * PAGE, 0, 9 * PAGE },
	{ "no gap", ZX_ERR_NO_RESOURCES, PART, R, 0, 0, 12 * PAGE },
	{ "no gap of the VMAR's size", ZX_ERR_NO_RESOURCES, PART, R, 0, 0,
	  PART_SIZE },
	{ "no gap below the limit", ZX_ERR_NO_RESOURCES, PART, R | UPPER_LIMIT,
	  16 * PAGE, 0, 9 * PAGE },
	{ "no aligned gap", ZX_ERR_NO_RESOURCES, PART, R | ALIGN(15), 0, 0,
	  8 * PAGE + 1 },
	{ "no aligned gap below the limit", ZX_ERR_NO_RESOURCES, PART,
	  R | UPPER_LIMIT | ALIGN(15), 31 * PAGE, 0, 9 * PAGE },
};

#define PART_MAPPED	(pages(8, 4) | pages(31, 1))

static void make_parts(struct fixture_map *self, const struct space *s,
		       zx_handle_t part[WHERES])
{
	part[PART] = part_of(s->vmar, CAN_ALL, 0, PART_SIZE);
	map_in(part[PART], R, 8 * PAGE, self->other, 4 * PAGE);
	map_in(part[PART], R, 31 * PAGE, self->other, PAGE);
	ASSERT_OK(zx_handle_close(part_of(part[PART], CAN_ALL, 16 * PAGE,
					  4 * PAGE)));
	part[NOWHERE] = part_of(s->vmar, CAN_R | CAN_W | CAN_X, PART_SIZE,
				8 * PAGE);
	part[READONLY] = part_of(s->vmar, CAN_R | CAN_SPECIFIC,
				 PART_SIZE + 8 * PAGE, 8 * PAGE);
	part[DEAD] = part_of(s->vmar, CAN_ALL, PART_SIZE + 16 * PAGE, PAGE);
	ASSERT_OK(zx_vmar_destroy(part[DEAD]));
}

static void check_rows(struct fixture_map *self, const struct space *s)
{
	zx_handle_t part[WHERES];

	make_parts(self, s, part);
	for (size_t i = 0; i < ARRAY_SIZE(map_rows); i++) {
		const struct map_row *r = &map_rows[i];
		zx_vaddr_t addr;

		zxtest_row("%s: %s", s->name, r->name);
		poison(&addr, sizeof(addr));
		EXPECT_STATUS(r->status,
			      zx_vmar_map(part[r->where], r->options, r->offset,
					  self->vmo, r->vmo_offset, r->len,
					  &addr));
		EXPECT_TRUE(poisoned(&addr, sizeof(addr)));
		if (r->where == PART)
			EXPECT_EQ(PART_MAPPED, mapped_in(part[PART]));
	}
	zxtest_row_end();
	EXPECT_EQ(0ull, mapped_in(s->vmar));
	for (int i = 0; i < WHERES; i++)
		EXPECT_OK(zx_handle_close(part[i]));
}

TEST_F_TIMEOUT(map, refusals_in_order, 60)
{
	for_each_space(s, self->s)
		check_rows(self, s);
}

/* The permissions that a handle may ask for are its rights, on both sides. */
TEST_F(map, permissions_need_the_rights_of_both_handles)
{
	static const uint32_t perms[] = { 0, R, R | W, R | X, R | W | X };
	const zx_rights_t rwx = ZX_RIGHT_READ | ZX_RIGHT_WRITE |
				ZX_RIGHT_EXECUTE;

	for_each_space(s, self->s) {
		for (uint32_t lost = 0; lost < 64; lost++) {
			/* PERM_* are bits 0 to 2, the rights bits 2 to 4. */
			zx_rights_t of_vmar = (lost & 7) << 2;
			zx_rights_t of_vmo = (lost >> 3) << 2;
			uint32_t left = ~(lost | lost >> 3) & 7;
			zx_handle_t vmar = duplicate(s->vmar,
						     rights_of(s->vmar) & ~of_vmar);
			zx_handle_t vmo = duplicate(self->exec,
						    rights_of(self->exec) & ~of_vmo);

			ASSERT_EQ(rwx, rights_of(self->exec) & rwx);
			for (size_t i = 0; i < ARRAY_SIZE(perms); i++) {
				zx_vaddr_t addr;

				zxtest_row("%s: without %#x and %#x, %#x",
					   s->name, of_vmar, of_vmo, perms[i]);
				EXPECT_STATUS(perms[i] & ~left ?
					      ZX_ERR_ACCESS_DENIED : ZX_OK,
					      zx_vmar_map(vmar, perms[i] | OVERWRITE,
							  0, vmo, 0, PAGE, &addr));
			}
			EXPECT_OK(zx_handle_close(vmar));
			EXPECT_OK(zx_handle_close(vmo));
		}
	}
}

TEST_F(map, without_the_right_map_a_vmo_is_not_mapped)
{
	zx_handle_t vmo = duplicate(self->vmo, rights_of(self->vmo) &
				    ~ZX_RIGHT_MAP);
	zx_vaddr_t addr;

	for_each_space(s, self->s) {
		zxtest_row("%s", s->name);
		EXPECT_STATUS(ZX_ERR_ACCESS_DENIED,
			      zx_vmar_map(s->vmar, 0, 0, vmo, 0, PAGE, &addr));
		EXPECT_STATUS(ZX_ERR_ACCESS_DENIED,
			      zx_vmar_map(s->vmar, W, 0, vmo, 1, 0, &addr));
	}
	EXPECT_OK(zx_handle_close(vmo));
}

/* What no CPU here can do, execute only, becomes readable if that is allowed. */
TEST_F(map, read_if_xom_unsupported_is_read)
{
	const uint32_t xom = ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED;
	zx_handle_t unread = duplicate(self->exec, rights_of(self->exec) &
				       ~ZX_RIGHT_READ);

	for_each_space(s, self->s) {
		zx_vaddr_t addr;

		zxtest_row("%s", s->name);
		EXPECT_OK(zx_vmar_map(s->vmar, X | xom, 0, self->exec, 0, PAGE,
				      &addr));
		if (s->process)
			EXPECT_TRUE(can_read(addr));
		EXPECT_OK(zx_vmar_map(s->vmar, W | xom, 0, self->vmo, 0, PAGE,
				      &addr));
		if (s->process)
			EXPECT_TRUE(can_write(addr));
		EXPECT_STATUS(ZX_ERR_ACCESS_DENIED,
			      zx_vmar_map(s->vmar, X | xom, 0, unread, 0, PAGE,
					  &addr));
	}
	EXPECT_OK(zx_handle_close(unread));
}

/* Linux's files end before Zircon's VMOs could. */
TEST_F(map, from_beyond_a_file_nothing_is_mapped)
{
	for_each_space(s, self->s) {
		zx_vaddr_t addr;

		zxtest_row("%s", s->name);
		poison(&addr, sizeof(addr));
		EXPECT_STATUS(ZX_ERR_OUT_OF_RANGE,
			      zx_vmar_map(s->vmar, R, 0, self->vmo, 1ull << 63,
					  PAGE, &addr));
		EXPECT_STATUS(ZX_ERR_OUT_OF_RANGE,
			      zx_vmar_map(s->vmar, R | OVERWRITE, 0, self->vmo,
					  (1ull << 63) - PAGE, 2 * PAGE, &addr));
		EXPECT_TRUE(poisoned(&addr, sizeof(addr)));
		EXPECT_EQ(0ull, mapped_in(s->vmar));
		/* Nothing is there, but nearly. */
		EXPECT_OK(zx_vmar_map(s->vmar, R, 0, self->vmo,
				      (1ull << 62) - PAGE, PAGE, &addr));
		EXPECT_EQ(ARENA, addr);
	}
}

/* ---- overwriting ------------------------------------------------------ */

/* The tag that the process sees at a page of the arena. */
static uint64_t tag(unsigned int page)
{
	return word_at(ARENA + page * PAGE);
}

TEST_F(map, overwrite_replaces_what_it_covers_and_no_more)
{
	zx_vaddr_t addr;

	for_each_space(s, self->s) {
		zxtest_row("%s", s->name);
		map_in(s->vmar, R, 8 * PAGE, self->vmo, 16 * PAGE);
		ASSERT_OK(zx_vmar_map(s->vmar, R | OVERWRITE, 12 * PAGE,
				      self->other, 3 * PAGE, 4 * PAGE, &addr));
		EXPECT_EQ(ARENA + 12 * PAGE, addr);
		EXPECT_EQ(pages(8, 16), mapped_in(s->vmar));
		/* Across both ends, and a gap. */
		ASSERT_OK(zx_vmar_map(s->vmar, R | OVERWRITE, 6 * PAGE,
				      self->other, 0, 4 * PAGE, &addr));
		ASSERT_OK(zx_vmar_map(s->vmar, R | OVERWRITE, 22 * PAGE,
				      self->other, 0, 4 * PAGE, &addr));
		EXPECT_EQ(pages(6, 20), mapped_in(s->vmar));
	}
	zxtest_row_end();
	for (unsigned int p = 6; p < 26; p++) {
		uint64_t want = 0x1000 + p - 8;

		if (p < 10)
			want = 0x2000 + p - 6;
		else if (p >= 12 && p < 16)
			want = 0x2003 + p - 12;
		else if (p >= 22)
			want = 0x2000 + p - 22;
		zxtest_row("page %u", p);
		EXPECT_EQ(want, tag(p));
	}
}

TEST_F(map, overwrite_of_nothing_maps)
{
	for_each_space(s, self->s) {
		zxtest_row("%s", s->name);
		map_in(s->vmar, R | OVERWRITE, PAGE, self->vmo, 2 * PAGE);
		EXPECT_EQ(pages(1, 2), mapped_in(s->vmar));
	}
	EXPECT_EQ(0x1000ull, tag(1));
}

TEST_F(map, overwrite_over_many_mappings_and_gaps_leaves_one)
{
	for_each_space(s, self->s) {
		zxtest_row("%s", s->name);
		for (unsigned int p = 0; p < 15; p += 3)
			map_in(s->vmar, R, p * PAGE, self->vmo, PAGE);
		map_in(s->vmar, R | OVERWRITE, 0, self->other, 16 * PAGE);
		EXPECT_EQ(pages(0, 16), mapped_in(s->vmar));
	}
	for (unsigned int p = 0; p < 16; p++)
		EXPECT_EQ(0x2000ull + p, tag(p));
}

/* The root VMAR knows only what was mapped through it. */
TEST_F(map, what_linux_mapped_is_not_overwritten)
{
	struct space *s = &self->s[1];
	uint64_t at = ARENA + SIZE + 4 * PAGE, offset = at - s->root_base;
	uint8_t *mine;
	zx_vaddr_t addr;

	mine = mmap((void *)(at + PAGE), PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	ASSERT_EQ((void *)(at + PAGE), (void *)mine);
	mine[0] = 0x42;
	EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS,
		      zx_vmar_map(s->root, R | SPECIFIC, offset, self->vmo, 0,
				  4 * PAGE, &addr));
	EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS,
		      zx_vmar_map(s->root, R | OVERWRITE, offset, self->vmo, 0,
				  4 * PAGE, &addr));
	/* Nor when some of it is ours. */
	map_in(s->root, R, offset, self->vmo, PAGE);
	EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS,
		      zx_vmar_map(s->root, R | OVERWRITE, offset, self->other,
				  0, 4 * PAGE, &addr));
	EXPECT_EQ(0x42, mine[0]);
	EXPECT_EQ(0x1000ull, word_at(at));
	EXPECT_FALSE(can_read(at + 2 * PAGE));
	EXPECT_FALSE(can_read(at + 3 * PAGE));
	/* Unmapping does not reach for it either. */
	EXPECT_OK(zx_vmar_unmap(s->root, at, 4 * PAGE));
	EXPECT_EQ(0x42, mine[0]);
	ASSERT_EQ(0, munmap(mine, PAGE));
	map_in(s->root, R | OVERWRITE, offset, self->other, 4 * PAGE);
	EXPECT_OK(zx_vmar_unmap(s->root, at, 4 * PAGE));
}

/* ---- finding a place -------------------------------------------------- */

TEST_F(map, the_lowest_gap_of_a_part_is_taken)
{
	static const struct {
		uint32_t options;
		uint64_t limit, pages, place;
	} rows[] = {
		{ 0, 0, 3, 0 }, { 0, 0, 1, 3 }, { 0, 0, 2, 6 },
		{ ALIGN(16), 0, 1, 16 }, { ALIGN(10), 0, 1, 4 },
		{ ALIGN(15), 0, 1, 8 }, { ALIGN(17), 0, 1, 32 },
		{ UPPER_LIMIT, 16, 4, 9 }, { UPPER_LIMIT, 14, 1, 13 },
		{ UPPER_LIMIT | ALIGN(13), 64, 2, 14 },
		{ UPPER_LIMIT, 64, 31, 33 }, { 0, 0, 15, 17 },
	};

	for_each_space(s, self->s) {
		zx_vaddr_t addr = 0;

		map_in(s->vmar, R, 5 * PAGE, self->vmo, PAGE);
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
			zxtest_row("%s: row %zu", s->name, i);
			EXPECT_OK(zx_vmar_map(s->vmar, R | rows[i].options,
					      rows[i].limit * PAGE, self->vmo,
					      0, rows[i].pages * PAGE, &addr));
			EXPECT_EQ(rows[i].place, (addr - ARENA) / PAGE);
		}
		zxtest_row("%s: full", s->name);
		EXPECT_STATUS(ZX_ERR_NO_RESOURCES,
			      zx_vmar_map(s->vmar, R, 0, self->vmo, 0, PAGE,
					  &addr));
	}
}

TEST_F(map, every_alignment_is_kept)
{
	for_each_space(s, self->s) {
		/* In the way of what is aligned to less than it. */
		map_in(s->root, R, s->process ? ARENA + SIZE - s->root_base : 0,
		       self->vmo, PAGE);
		for (uint32_t log = 10; log <= 32; log++) {
			uint64_t align = log < 12 ? PAGE : 1ull << log;
			zx_vaddr_t addr = 1;

			zxtest_row("%s: alignment %u", s->name, log);
			EXPECT_OK(zx_vmar_map(s->root, R | ALIGN(log), 0,
					      self->vmo, 0, 2 * PAGE, &addr));
			EXPECT_EQ(0ull, addr % align);
			/* At 4 GiB is the arena. */
			if (!s->process)
				EXPECT_EQ(log < 32 ? align : 2 * align, addr);
			EXPECT_OK(zx_vmar_unmap(s->root, addr, 2 * PAGE));
			EXPECT_OK(zx_vmar_map(s->root, R | SPECIFIC | ALIGN(log),
					      8 * ARENA - s->root_base,
					      self->vmo, 0, 2 * PAGE, &addr));
			EXPECT_EQ(8 * ARENA, addr);
			EXPECT_OK(zx_vmar_unmap(s->root, addr, 2 * PAGE));
		}
		EXPECT_OK(zx_vmar_unmap(s->root, s->process ? ARENA + SIZE : 0,
					PAGE));
	}
}

/* The alignment is of the address, not of the offset. */
TEST_F(map, alignment_counts_from_zero_not_from_the_vmar)
{
	for_each_space(s, self->s) {
		zx_handle_t part = part_of(s->vmar, CAN_ALL, PAGE, 16 * PAGE);
		zx_vaddr_t addr = 0;

		zxtest_row("%s", s->name);
		EXPECT_OK(zx_vmar_map(part, R | ALIGN(14), 0, self->vmo, 0,
				      PAGE, &addr));
		EXPECT_EQ(ARENA + 4 * PAGE, addr);
		EXPECT_OK(zx_vmar_map(part, R | SPECIFIC | ALIGN(14), 7 * PAGE,
				      self->vmo, 0, PAGE, &addr));
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
			      zx_vmar_map(part, R | SPECIFIC | ALIGN(14),
					  12 * PAGE, self->vmo, 0, PAGE, &addr));
		EXPECT_OK(zx_handle_close(part));
	}
}

TEST_F(map, the_roots_keep_an_upper_limit)
{
	for_each_space(s, self->s) {
		/* With 2 MiB of room, and an alignment of half of that. */
		uint64_t limit = ARENA + (2ull << 20);
		zx_vaddr_t addr = 0;

		zxtest_row("%s", s->name);
		for (uint32_t log = 12; log <= 20; log++) {
			EXPECT_OK(zx_vmar_map(s->root, R | UPPER_LIMIT | ALIGN(log),
					      limit - s->root_base, self->vmo, 0,
					      16 * PAGE, &addr));
			EXPECT_LE(s->root_base, addr);
			EXPECT_GE(limit, addr + 16 * PAGE);
			EXPECT_EQ(0ull, addr % (1ull << log));
			EXPECT_OK(zx_vmar_unmap(s->root, addr, 16 * PAGE));
		}
		/* The whole VMAR is no limit at all. */
		EXPECT_OK(zx_vmar_map(s->root, R | UPPER_LIMIT, s->root_size,
				      self->vmo, 0, PAGE, &addr));
		EXPECT_OK(zx_vmar_unmap(s->root, addr, PAGE));
		EXPECT_STATUS(ZX_ERR_NO_RESOURCES,
			      zx_vmar_map(s->root, R | UPPER_LIMIT,
					  limit - s->root_base, self->vmo, 0,
					  limit - s->root_base, &addr));
	}
}

/* There is much free, but not in one piece. */
TEST_F(map, what_no_gap_of_the_roots_takes_is_no_resources)
{
	static const uint32_t options[] = { 0, ALIGN(21), UPPER_LIMIT };

	for_each_space(s, self->s) {
		for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
			uint64_t limit = options[i] & UPPER_LIMIT ? s->root_size : 0;
			zx_handle_t part;
			zx_vaddr_t addr;

			zxtest_row("%s: options %#x", s->name, options[i]);
			EXPECT_STATUS(ZX_ERR_NO_RESOURCES,
				      zx_vmar_map(s->root, R | options[i], limit,
						  self->vmo, 0, s->root_size,
						  &addr));
			EXPECT_STATUS(ZX_ERR_NO_RESOURCES,
				      zx_vmar_allocate(s->root, CAN_R | options[i],
						       limit, s->root_size, &part,
						       &addr));
		}
	}
}

TEST_F(map, allow_faults_changes_nothing)
{
	for_each_space(s, self->s) {
		zx_vaddr_t addr = 0;

		zxtest_row("%s", s->name);
		EXPECT_OK(zx_vmar_map(s->vmar, R | ZX_VM_ALLOW_FAULTS, 0,
				      self->vmo, 0, PAGE, &addr));
		EXPECT_EQ(ARENA, addr);
	}
	EXPECT_EQ(0x1000ull, tag(0));
}

/* ---- MAP_RANGE -------------------------------------------------------- */

TEST_F(map, map_range_brings_in_the_pages_that_the_vmo_has)
{
	zx_handle_t sparse;
	zx_vaddr_t addr = 0;

	ASSERT_OK(zx_vmo_create(8 * PAGE, 0, &sparse));
	for (uint64_t p = 1; p < 8; p += 2)
		ASSERT_OK(zx_vmo_write(sparse, "x", p * PAGE, 1));
	for_each_space(s, self->s) {
		zxtest_row("%s", s->name);
		/* Not from the VMO's start on, and beyond its end. */
		ASSERT_OK(zx_vmar_map(s->vmar, R | ZX_VM_MAP_RANGE, 0, sparse,
				      2 * PAGE, 10 * PAGE, &addr));
		EXPECT_EQ(ARENA, addr);
		EXPECT_EQ(4 * PAGE, committed_bytes(sparse));
	}
	zxtest_row_end();
	for (unsigned int p = 0; p < 10; p++) {
		zxtest_row("page %u", p);
		EXPECT_EQ(p < 6 && p % 2, is_present(ARENA + p * PAGE));
	}
	EXPECT_OK(zx_handle_close(sparse));
}

TEST_F(map, without_map_range_pages_come_when_they_are_touched)
{
	map_in(self->s[1].vmar, R, 0, self->vmo, 8 * PAGE);
	EXPECT_FALSE(is_present(ARENA));
	EXPECT_FALSE(is_present(ARENA + 7 * PAGE));
}

TEST_F(map, a_bad_result_address_undoes_what_was_mapped)
{
	for_each_space(s, self->s) {
		zxtest_row("%s", s->name);
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
			      zx_vmar_map(s->vmar, R, 0, self->vmo, 0, PAGE,
					  (zx_vaddr_t *)0x10));
		EXPECT_EQ(0ull, mapped_in(s->vmar));
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
			      zx_vmar_map(s->vmar, R | ZX_VM_MAP_RANGE | SPECIFIC,
					  PAGE, self->vmo, 0, PAGE, NULL));
		EXPECT_EQ(0ull, mapped_in(s->vmar));
	}
	EXPECT_FALSE(can_read(ARENA));
	EXPECT_FALSE(can_read(ARENA + PAGE));
}

TEST_HARNESS_MAIN
