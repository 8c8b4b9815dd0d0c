// SPDX-License-Identifier: MIT
/*
 * VMARs in VMARs: zx_vmar_allocate, zx_vmar_destroy, and zx_vmar_unmap where
 * there are such, in a guest's address space and in the process's.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>

#include "guest/vm.h"
#include "spaces.h"
#include "zxtest.h"

#define SIZE	(ARENA_PAGES * PAGE)	/* of the arena */

FIXTURE(sub) {
	struct space s[2];
	zx_handle_t vmo;		/* 16 pages, tagged from 0x1000 on */
};

FIXTURE_SETUP(sub)
{
	spaces_open(self->s);
	self->vmo = tagged_vmo(16, 0, 0x1000);
}

FIXTURE_TEARDOWN(sub)
{
	EXPECT_OK(zx_handle_close(self->vmo));
	spaces_close(self->s);
}

/* Closes a handle: what it named lives on if it is a part of something. */
static void drop(zx_handle_t handle)
{
	EXPECT_OK(zx_handle_close(handle));
}

/* ---- allocate --------------------------------------------------------- */

enum where {
	PART,			/* 32 pages with something in them */
	NOWHERE,		/* ... the same without CAN_MAP_SPECIFIC */
	READONLY,		/* CAN_MAP_READ and SPECIFIC */
	UNREAD,			/* handle of PART without READ */
	DEAD,			/* destroyed */
	VMO, BAD,		/* no VMAR, no handle */
	WHERES,
};

#define PART_SIZE	(32 * PAGE)

struct row {
	const char *name;
	zx_status_t status;
	enum where where;
	uint32_t options;
	uint64_t offset, len;
};

/*
 * In the order of checks; "before" names two faults, of which the first wins.
 * In a PART pages 8 to 11 are mapped, and 16 to 19 are a VMAR.
 */
static const struct row rows[] = {
	{ "no VMAR", ZX_ERR_BAD_HANDLE, BAD, CAN_R, 0, PAGE },
	{ "a VMO", ZX_ERR_WRONG_TYPE, VMO, CAN_R, 0, PAGE },
	{ "type before options", ZX_ERR_WRONG_TYPE, VMO, ~0u, 1, 0 },
	{ "PERM_READ", ZX_ERR_INVALID_ARGS, PART, CAN_R | R, 0, PAGE },
	{ "PERM_WRITE", ZX_ERR_INVALID_ARGS, PART, CAN_R | W, 0, PAGE },
	{ "PERM_EXECUTE", ZX_ERR_INVALID_ARGS, PART, CAN_R | X, 0, PAGE },
	{ "PERM_READ before rights", ZX_ERR_INVALID_ARGS, UNREAD, CAN_R | R, 0,
	  PAGE },
	{ "CAN_MAP_READ without READ", ZX_ERR_ACCESS_DENIED, UNREAD, CAN_R, 0,
	  PAGE },
	{ "rights before size 0", ZX_ERR_ACCESS_DENIED, UNREAD, CAN_R, 0, 0 },
	{ "rights before unknown options", ZX_ERR_ACCESS_DENIED, UNREAD,
	  CAN_R | 1u << 20, 0, PAGE },
	{ "CAN_MAP_WRITE in a read-only VMAR", ZX_ERR_ACCESS_DENIED, READONLY,
	  CAN_R | CAN_W, 0, PAGE },
	{ "CAN_MAP_EXECUTE in a read-only VMAR", ZX_ERR_ACCESS_DENIED,
	  READONLY, CAN_R | CAN_X, 0, PAGE },
	{ "size 0", ZX_ERR_INVALID_ARGS, PART, CAN_R, 0, 0 },
	{ "size 1", ZX_ERR_INVALID_ARGS, PART, CAN_R, 0, 1 },
	{ "size PAGE + 1", ZX_ERR_INVALID_ARGS, PART, CAN_R, 0, PAGE + 1 },
	{ "size UINT64_MAX", ZX_ERR_INVALID_ARGS, PART, CAN_R, 0, UINT64_MAX },
	{ "size 0 before a dead VMAR", ZX_ERR_INVALID_ARGS, DEAD, CAN_R, 0, 0 },
	{ "option bit 16", ZX_ERR_INVALID_ARGS, PART, CAN_R | 1u << 16, 0,
	  PAGE },
	{ "MAP_RANGE", ZX_ERR_INVALID_ARGS, PART, CAN_R | ZX_VM_MAP_RANGE, 0,
	  PAGE },
	{ "REQUIRE_NON_RESIZABLE", ZX_ERR_INVALID_ARGS, PART,
	  CAN_R | ZX_VM_REQUIRE_NON_RESIZABLE, 0, PAGE },
	{ "ALLOW_FAULTS", ZX_ERR_INVALID_ARGS, PART,
	  CAN_R | ZX_VM_ALLOW_FAULTS, 0, PAGE },
	{ "SPECIFIC_OVERWRITE", ZX_ERR_INVALID_ARGS, PART, CAN_R | OVERWRITE,
	  0, PAGE },
	{ "alignment field 9", ZX_ERR_INVALID_ARGS, PART, CAN_R | ALIGN(9), 0,
	  PAGE },
	{ "alignment field 33", ZX_ERR_INVALID_ARGS, PART, CAN_R | ALIGN(33),
	  0, PAGE },
	{ "unknown options before a dead VMAR", ZX_ERR_INVALID_ARGS, DEAD,
	  CAN_R | 1u << 16, 0, PAGE },
	{ "a dead VMAR", ZX_ERR_BAD_STATE, DEAD, CAN_R, 0, PAGE },
	{ "a dead VMAR before an offset", ZX_ERR_BAD_STATE, DEAD, CAN_R, 1,
	  PAGE },
	{ "SPECIFIC with UPPER_LIMIT before CAN_MAP_SPECIFIC",
	  ZX_ERR_INVALID_ARGS, NOWHERE, CAN_R | SPECIFIC | UPPER_LIMIT, 0,
	  PAGE },
	{ "an offset without SPECIFIC", ZX_ERR_INVALID_ARGS, PART, CAN_R, PAGE,
	  PAGE },
	{ "unaligned offset", ZX_ERR_INVALID_ARGS, PART, CAN_R | SPECIFIC, 1,
	  PAGE },
	{ "SPECIFIC without CAN_MAP_SPECIFIC", ZX_ERR_ACCESS_DENIED, NOWHERE,
	  CAN_R | SPECIFIC, 0, PAGE },
	{ "CAN_MAP_SPECIFIC before the end", ZX_ERR_ACCESS_DENIED, NOWHERE,
	  CAN_R | SPECIFIC, PART_SIZE, PAGE },
	{ "SPECIFIC at the end", ZX_ERR_INVALID_ARGS, PART, CAN_R | SPECIFIC,
	  PART_SIZE, PAGE },
	{ "SPECIFIC across the end", ZX_ERR_INVALID_ARGS, PART,
	  CAN_R | SPECIFIC, PART_SIZE - PAGE, 2 * PAGE },
	{ "SPECIFIC that wraps", ZX_ERR_INVALID_ARGS, PART, CAN_R | SPECIFIC,
	  -PAGE, 2 * PAGE },
	{ "more than the VMAR", ZX_ERR_INVALID_ARGS, PART, CAN_R, 0,
	  PART_SIZE + PAGE },
	{ "ALIGN before what is mapped", ZX_ERR_INVALID_ARGS, PART,
	  CAN_R | SPECIFIC | ALIGN(16), 8 * PAGE, PAGE },
	{ "over a mapping", ZX_ERR_ALREADY_EXISTS, PART, CAN_R | SPECIFIC,
	  7 * PAGE, 2 * PAGE },
	{ "over a VMAR", ZX_ERR_ALREADY_EXISTS, PART, CAN_R | SPECIFIC,
	  16 * PAGE, 4 * PAGE },
	{ "inside of a VMAR", ZX_ERR_ALREADY_EXISTS, PART, CAN_R | SPECIFIC,
	  17 * PAGE, PAGE },
	{ "no gap", ZX_ERR_NO_RESOURCES, PART, CAN_R, 0, 13 * PAGE },
	{ "no gap below the limit", ZX_ERR_NO_RESOURCES, PART,
	  CAN_R | UPPER_LIMIT, 16 * PAGE, 9 * PAGE },
	{ "no aligned gap", ZX_ERR_NO_RESOURCES, PART, CAN_R | ALIGN(15), 0,
	  9 * PAGE },
};

static void make_parts(struct fixture_sub *self, const struct space *s,
		       zx_handle_t part[WHERES])
{
	part[PART] = part_of(s->vmar, CAN_ALL, 0, PART_SIZE);
	map_in(part[PART], R, 8 * PAGE, self->vmo, 4 * PAGE);
	drop(part_of(part[PART], CAN_ALL, 16 * PAGE, 4 * PAGE));
	part[NOWHERE] = part_of(s->vmar, CAN_R | CAN_W | CAN_X, PART_SIZE,
				8 * PAGE);
	part[READONLY] = part_of(s->vmar, CAN_R | CAN_SPECIFIC,
				 PART_SIZE + 8 * PAGE, 8 * PAGE);
	part[UNREAD] = duplicate(part[PART], rights_of(part[PART]) &
				 ~ZX_RIGHT_READ);
	part[DEAD] = part_of(s->vmar, CAN_ALL, PART_SIZE + 16 * PAGE, PAGE);
	ASSERT_OK(zx_vmar_destroy(part[DEAD]));
	part[VMO] = self->vmo;
	part[BAD] = part_of(s->vmar, CAN_ALL, 63 * PAGE, PAGE);
	drop(part[BAD]);
}

TEST_F_TIMEOUT(sub, allocate_refusals_in_order, 60)
{
	for_each_space(s, self->s) {
		zx_handle_t part[WHERES];

		make_parts(self, s, part);
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
			const struct row *r = &rows[i];
			zx_handle_t child;
			zx_vaddr_t addr;

			zxtest_row("%s: %s", s->name, r->name);
			poison(&child, sizeof(child));
			poison(&addr, sizeof(addr));
			EXPECT_STATUS(r->status,
				      zx_vmar_allocate(part[r->where], r->options,
						       r->offset, r->len, &child,
						       &addr));
			EXPECT_TRUE(poisoned(&child, sizeof(child)));
			EXPECT_TRUE(poisoned(&addr, sizeof(addr)));
		}
		zxtest_row("%s: what was there", s->name);
		EXPECT_EQ(pages(8, 4), mapped_in(part[PART]));
		for (int i = 0; i <= DEAD; i++)
			drop(part[i]);
	}
}

TEST_F(sub, a_part_has_the_rights_that_its_options_name)
{
	for_each_space(s, self->s) {
		for (uint32_t can = 0; can < 8; can++) {
			zx_handle_t part;
			zx_vaddr_t addr;
			zx_info_vmar_t info;

			zxtest_row("%s: CAN_MAP_* %#x", s->name, can);
			/* CAN_MAP_* are bits 7 to 9, the rights bits 2 to 4. */
			ASSERT_OK(zx_vmar_allocate(s->vmar, can << 7, 0, PAGE,
						   &part, &addr));
			EXPECT_EQ(ZX_DEFAULT_VMAR_RIGHTS | can << 2,
				  rights_of(part));
			EXPECT_OK(zx_object_get_info(part, ZX_INFO_VMAR, &info,
						     sizeof(info), NULL, NULL));
			EXPECT_EQ(addr, info.base);
			EXPECT_EQ(PAGE, info.len);
			EXPECT_EQ(ARENA + can * PAGE, addr);
			drop(part);
		}
	}
}

/* Who may not choose places may make a part in which others may. */
TEST_F(sub, can_map_specific_is_not_inherited)
{
	for_each_space(s, self->s) {
		zx_handle_t outer, inner;
		zx_vaddr_t addr;

		zxtest_row("%s", s->name);
		ASSERT_OK(zx_vmar_allocate(s->vmar, CAN_R, 0, 8 * PAGE, &outer,
					   &addr));
		ASSERT_OK(zx_vmar_allocate(outer, CAN_R | CAN_SPECIFIC, 0,
					   4 * PAGE, &inner, &addr));
		EXPECT_STATUS(ZX_ERR_ACCESS_DENIED,
			      zx_vmar_map(outer, R | SPECIFIC, 6 * PAGE,
					  self->vmo, 0, PAGE, &addr));
		map_in(inner, R, 3 * PAGE, self->vmo, PAGE);
		EXPECT_EQ(pages(3, 1), mapped_in(inner));
		drop(outer);
		drop(inner);
	}
}

TEST_F(sub, allocate_takes_options_that_change_nothing_and_those_of_a_place)
{
	static const struct {
		uint32_t options;
		uint64_t offset, pages, place;
	} good[] = {
		{ ZX_VM_COMPACT, 0, 1, 0 }, { ALIGN(10), 0, 1, 1 },
		{ ALIGN(14), 0, 1, 4 }, { UPPER_LIMIT, 4, 2, 2 },
		{ UPPER_LIMIT | ALIGN(16), 64, 1, 16 },
		{ SPECIFIC | ALIGN(15), 8, 8, 8 }, { 0, 0, 3, 5 },
	};

	for_each_space(s, self->s) {
		for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
			zx_vaddr_t addr = 0;
			zx_handle_t part;

			zxtest_row("%s: row %zu", s->name, i);
			EXPECT_OK(zx_vmar_allocate(s->vmar, good[i].options,
						   good[i].offset * PAGE,
						   good[i].pages * PAGE, &part,
						   &addr));
			EXPECT_EQ(good[i].place, (addr - ARENA) / PAGE);
			drop(part);
		}
	}
}

/* Both results or none. */
TEST_F(sub, a_bad_result_address_undoes_the_part)
{
	for_each_space(s, self->s) {
		zx_handle_t child, *nowhere = (zx_handle_t *)0x10;
		zx_vaddr_t addr, *lost = (zx_vaddr_t *)0x10;

		zxtest_row("%s", s->name);
		poison(&child, sizeof(child));
		poison(&addr, sizeof(addr));
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
			      zx_vmar_allocate(s->vmar, CAN_R, 0, PAGE, nowhere,
					       &addr));
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
			      zx_vmar_allocate(s->vmar, CAN_R, 0, PAGE, NULL,
					       &addr));
		EXPECT_TRUE(poisoned(&addr, sizeof(addr)));
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
			      zx_vmar_allocate(s->vmar, CAN_R, 0, PAGE, &child,
					       lost));
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
			      zx_vmar_allocate(s->vmar, CAN_R, 0, PAGE, &child,
					       NULL));
		EXPECT_TRUE(poisoned(&child, sizeof(child)));
		/* Nothing is left in the way. */
		EXPECT_OK(zx_vmar_allocate(s->vmar, CAN_R, 0, SIZE, &child,
					   &addr));
		EXPECT_OK(zx_handle_close(child));
	}
}

/* A range belongs to one VMAR: the others around it do not see into it. */
TEST_F(sub, what_is_mapped_in_a_part_is_not_its_parents)
{
	for_each_space(s, self->s) {
		zx_handle_t part = part_of(s->vmar, CAN_ALL, 4 * PAGE, 8 * PAGE);

		zxtest_row("%s", s->name);
		map_in(part, R, 0, self->vmo, 2 * PAGE);
		EXPECT_EQ(pages(0, 2), mapped_in(part));
		EXPECT_EQ(0ull, mapped_in(s->vmar));
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
			      zx_vmar_protect(s->vmar, R, ARENA + 4 * PAGE,
					      PAGE));
		/* Nor out of it. */
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
			      zx_vmar_unmap(part, ARENA, 5 * PAGE));
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
			      zx_vmar_unmap(part, ARENA + 11 * PAGE, 2 * PAGE));
		EXPECT_EQ(pages(0, 2), mapped_in(part));
		drop(part);
	}
}

TEST_F(sub, a_part_of_the_process_is_kept_from_others)
{
	zx_handle_t part = part_of(self->s[1].vmar, CAN_ALL, 0, 4 * PAGE);

	map_in(part, R | W, PAGE, self->vmo, PAGE);
	ASSERT_OK(zx_vmar_unmap(part, ARENA + PAGE, PAGE));
	for (int p = 0; p < 4; p++) {
		uint64_t at = ARENA + p * PAGE;

		EXPECT_EQ(MAP_FAILED,
			  mmap((void *)at, PAGE, PROT_READ,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
			       -1, 0));
		EXPECT_FALSE(can_read(at));
	}
	drop(part);
}

/* ---- destroy ---------------------------------------------------------- */

TEST_F(sub, destroy_refusals)
{
	for_each_space(s, self->s) {
		zx_handle_t part = part_of(s->vmar, CAN_ALL, 0, PAGE);
		zx_handle_t weak = duplicate(part, rights_of(part) &
					     ~ZX_RIGHT_OP_CHILDREN);
		zx_handle_t root = duplicate(s->root, rights_of(s->root) &
					     ~ZX_RIGHT_OP_CHILDREN);

		zxtest_row("%s", s->name);
		EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_vmar_destroy(0));
		EXPECT_STATUS(ZX_ERR_WRONG_TYPE, zx_vmar_destroy(self->vmo));
		EXPECT_STATUS(ZX_ERR_NOT_SUPPORTED, zx_vmar_destroy(s->root));
		EXPECT_STATUS(ZX_ERR_ACCESS_DENIED, zx_vmar_destroy(root));
		EXPECT_STATUS(ZX_ERR_ACCESS_DENIED, zx_vmar_destroy(weak));
		EXPECT_OK(zx_vmar_destroy(part));
		EXPECT_STATUS(ZX_ERR_BAD_STATE, zx_vmar_destroy(part));
		EXPECT_STATUS(ZX_ERR_ACCESS_DENIED, zx_vmar_destroy(weak));
		drop(part);
		drop(weak);
		drop(root);
	}
}

/* Every call on a VMAR that is dead. */
static void expect_dead(zx_handle_t vmar, zx_handle_t vmo, uint64_t at)
{
	zx_handle_t child;
	zx_vaddr_t addr;
	zx_info_vmar_t info;

	EXPECT_STATUS(ZX_ERR_BAD_STATE,
		      zx_vmar_map(vmar, R, 0, vmo, 0, PAGE, &addr));
	EXPECT_STATUS(ZX_ERR_BAD_STATE, zx_vmar_unmap(vmar, at, PAGE));
	EXPECT_STATUS(ZX_ERR_BAD_STATE, zx_vmar_protect(vmar, R, at, PAGE));
	EXPECT_STATUS(ZX_ERR_BAD_STATE,
		      zx_vmar_allocate(vmar, CAN_R, 0, PAGE, &child, &addr));
	EXPECT_STATUS(ZX_ERR_BAD_STATE,
		      zx_vmar_op_range(vmar, ZX_VMAR_OP_MAP_RANGE, at, PAGE,
				       NULL, 0));
	EXPECT_STATUS(ZX_ERR_BAD_STATE, zx_vmar_destroy(vmar));
	/* It still is what it was. */
	EXPECT_OK(zx_object_get_info(vmar, ZX_INFO_VMAR, &info, sizeof(info),
				     NULL, NULL));
	EXPECT_EQ(at, info.base);
}

TEST_F(sub, destroy_takes_all_that_is_inside_along)
{
	for_each_space(s, self->s) {
		zx_handle_t a = part_of(s->vmar, CAN_ALL, 0, 32 * PAGE);
		zx_handle_t b = part_of(a, CAN_ALL, 8 * PAGE, 16 * PAGE);
		zx_handle_t c = part_of(b, CAN_ALL, 4 * PAGE, 4 * PAGE);

		zxtest_row("%s", s->name);
		map_in(s->vmar, R, 40 * PAGE, self->vmo, PAGE);
		map_in(a, R, 0, self->vmo, PAGE);
		map_in(b, R, 0, self->vmo, PAGE);
		map_in(c, R, 0, self->vmo, PAGE);
		EXPECT_OK(zx_vmar_destroy(a));
		expect_dead(a, self->vmo, ARENA);
		expect_dead(b, self->vmo, ARENA + 8 * PAGE);
		expect_dead(c, self->vmo, ARENA + 12 * PAGE);
		EXPECT_EQ(pages(40, 1), mapped_in(s->vmar));
		if (s->process) {
			EXPECT_FALSE(can_read(ARENA));
			EXPECT_FALSE(can_read(ARENA + 8 * PAGE));
			EXPECT_FALSE(can_read(ARENA + 12 * PAGE));
			EXPECT_TRUE(can_read(ARENA + 40 * PAGE));
		}
		/* The range is its parent's again. */
		map_in(s->vmar, R, 0, self->vmo, 32 * PAGE);
		EXPECT_EQ(pages(0, 32) | pages(40, 1), mapped_in(s->vmar));
		drop(a);
		drop(b);
		drop(c);
	}
}

TEST_F(sub, the_root_gets_a_destroyed_parts_range_back)
{
	for_each_space(s, self->s) {
		uint64_t offset = ARENA + SIZE - s->root_base;
		zx_handle_t part = part_of(s->root, CAN_ALL, offset, 4 * PAGE);

		zxtest_row("%s", s->name);
		map_in(part, R, 0, self->vmo, 4 * PAGE);
		EXPECT_OK(zx_vmar_destroy(part));
		if (s->process)
			EXPECT_EQ(-1, msync((void *)(ARENA + SIZE), 4 * PAGE,
					    MS_ASYNC));
		map_in(s->root, R, offset, self->vmo, 4 * PAGE);
		EXPECT_OK(zx_vmar_unmap(s->root, ARENA + SIZE, 4 * PAGE));
		drop(part);
	}
}

TEST_F(sub, a_part_lives_on_without_handles)
{
	for_each_space(s, self->s) {
		zx_handle_t part = part_of(s->vmar, CAN_ALL, 0, 4 * PAGE);
		zx_vaddr_t addr;

		zxtest_row("%s", s->name);
		map_in(part, R, 0, self->vmo, PAGE);
		drop(part);
		EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS,
			      zx_vmar_map(s->vmar, R | SPECIFIC, 3 * PAGE,
					  self->vmo, 0, PAGE, &addr));
	}
	EXPECT_EQ(0x1000ull, word_at(ARENA));
}

/* As deep as a program likes: nothing in the kernel may call itself for it. */
TEST_F_TIMEOUT(sub, a_thousand_levels_go_at_once, 120)
{
	for_each_space(s, self->s) {
		zx_handle_t top = part_of(s->vmar, CAN_ALL, 0, 8 * PAGE);
		zx_handle_t at = duplicate(top, ZX_RIGHT_SAME_RIGHTS), last = 0;

		zxtest_row("%s", s->name);
		for (int i = 0; i < 1000; i++) {
			last = part_of(at, CAN_ALL, 0, 8 * PAGE);
			drop(at);
			at = last;
		}
		map_in(last, R, 0, self->vmo, 8 * PAGE);
		if (s->process)
			EXPECT_EQ(0x1007ull, word_at(ARENA + 7 * PAGE));
		EXPECT_OK(zx_vmar_destroy(top));
		expect_dead(last, self->vmo, ARENA);
		if (s->process)
			EXPECT_FALSE(can_read(ARENA + 7 * PAGE));
		drop(last);
		drop(top);
	}
}

TEST(a_part_of_a_dead_guest_is_bad_state)
{
	zx_handle_t guest, vmar, part, vmo = tagged_vmo(1, 0, 0);

	guest_create(&guest, &vmar);
	part = part_of(vmar, CAN_ALL, ARENA, 4 * PAGE);
	map_in(part, R, 0, vmo, PAGE);
	EXPECT_OK(zx_handle_close(guest));
	expect_dead(part, vmo, ARENA);
	expect_dead(vmar, vmo, 0);
	drop(part);
	drop(vmar);
	drop(vmo);
}

/* ---- unmap, where there are parts ------------------------------------- */

/* Pages 0 and 15 are mapped, 4 to 11 a VMAR with all of it mapped. */
static zx_handle_t surrounded(struct fixture_sub *self, const struct space *s)
{
	zx_handle_t part = part_of(s->vmar, CAN_ALL, 4 * PAGE, 8 * PAGE);

	map_in(part, R, 0, self->vmo, 8 * PAGE);
	map_in(s->vmar, R, 0, self->vmo, PAGE);
	map_in(s->vmar, R, 15 * PAGE, self->vmo, PAGE);
	return part;
}

TEST_F(sub, unmap_refuses_a_part_that_it_covers_partly)
{
	static const struct {
		unsigned int page, pages;
	} bad[] = {
		{ 0, 5 }, { 0, 11 }, { 4, 1 }, { 4, 7 }, { 5, 6 }, { 5, 7 },
		{ 11, 1 }, { 11, 5 }, { 5, 11 },
	};

	for_each_space(s, self->s) {
		zx_handle_t part = surrounded(self, s);

		for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
			zxtest_row("%s: %u pages at %u", s->name, bad[i].pages,
				   bad[i].page);
			EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
				      zx_vmar_unmap(s->vmar,
						    ARENA + bad[i].page * PAGE,
						    bad[i].pages * PAGE));
			EXPECT_EQ(pages(0, 8), mapped_in(part));
			EXPECT_EQ(pages(0, 1) | pages(15, 1),
				  mapped_in(s->vmar));
		}
		drop(part);
	}
}

/* What is asked for, then whether the VMAR is alive, then where it lies. */
TEST_F(sub, unmap_refusals_in_order)
{
	static const struct {
		uint64_t offset, len;
		zx_status_t dead, alive;
	} bad[] = {
		{ 1, PAGE, ZX_ERR_INVALID_ARGS, ZX_ERR_INVALID_ARGS },
		{ 0, 0, ZX_ERR_INVALID_ARGS, ZX_ERR_INVALID_ARGS },
		{ 0, UINT64_MAX, ZX_ERR_INVALID_ARGS, ZX_ERR_INVALID_ARGS },
		{ -PAGE, 2 * PAGE, ZX_ERR_BAD_STATE, ZX_ERR_INVALID_ARGS },
		{ 4 * PAGE, PAGE, ZX_ERR_BAD_STATE, ZX_ERR_INVALID_ARGS },
		{ 0, 5 * PAGE, ZX_ERR_BAD_STATE, ZX_ERR_INVALID_ARGS },
		{ 0, 1, ZX_ERR_BAD_STATE, ZX_OK },
	};

	for_each_space(s, self->s) {
		zx_handle_t dead = part_of(s->vmar, CAN_ALL, 0, 4 * PAGE), alive;

		ASSERT_OK(zx_vmar_destroy(dead));
		alive = part_of(s->vmar, CAN_ALL, 0, 4 * PAGE);
		for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
			zxtest_row("%s: row %zu", s->name, i);
			EXPECT_STATUS(bad[i].dead,
				      zx_vmar_unmap(dead, ARENA + bad[i].offset,
						    bad[i].len));
			EXPECT_STATUS(bad[i].alive,
				      zx_vmar_unmap(alive, ARENA + bad[i].offset,
						    bad[i].len));
		}
		drop(dead);
		drop(alive);
	}
}

TEST_F(sub, unmap_destroys_a_part_that_it_covers)
{
	for_each_space(s, self->s) {
		zx_handle_t part = surrounded(self, s);

		zxtest_row("%s", s->name);
		EXPECT_OK(zx_vmar_unmap(s->vmar, ARENA, 12 * PAGE));
		expect_dead(part, self->vmo, ARENA + 4 * PAGE);
		EXPECT_EQ(pages(15, 1), mapped_in(s->vmar));
		if (s->process) {
			EXPECT_FALSE(can_read(ARENA));
			EXPECT_FALSE(can_read(ARENA + 4 * PAGE));
			EXPECT_FALSE(can_read(ARENA + 11 * PAGE));
			EXPECT_TRUE(can_read(ARENA + 15 * PAGE));
		}
		drop(part);
	}
}

TEST_F(sub, unmap_of_a_part_needs_op_children)
{
	for_each_space(s, self->s) {
		zx_handle_t part = surrounded(self, s);
		zx_handle_t weak = duplicate(s->vmar, rights_of(s->vmar) &
					     ~ZX_RIGHT_OP_CHILDREN);

		zxtest_row("%s", s->name);
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
			      zx_vmar_unmap(weak, ARENA, 16 * PAGE));
		EXPECT_EQ(pages(0, 8), mapped_in(part));
		EXPECT_EQ(pages(0, 1) | pages(15, 1), mapped_in(s->vmar));
		/* Mappings alone do not need it. */
		EXPECT_OK(zx_vmar_unmap(weak, ARENA + 12 * PAGE, 8 * PAGE));
		EXPECT_EQ(pages(0, 1), mapped_in(s->vmar));
		drop(weak);
		drop(part);
	}
}

TEST_F(sub, unmap_inside_of_a_part_leaves_it_alive)
{
	for_each_space(s, self->s) {
		zx_handle_t part = surrounded(self, s);

		zxtest_row("%s", s->name);
		EXPECT_OK(zx_vmar_unmap(part, ARENA + 4 * PAGE, 8 * PAGE));
		EXPECT_EQ(0ull, mapped_in(part));
		map_in(part, R, 0, self->vmo, PAGE);
		EXPECT_EQ(pages(0, 1), mapped_in(part));
		drop(part);
	}
}

/* A trap takes the pages away, from parts, too; those stay. */
TEST_F(sub, a_trap_unmaps_in_parts_and_destroys_none)
{
	struct space *s = &self->s[0];
	zx_handle_t part = surrounded(self, s);

	ASSERT_OK(zx_guest_set_trap(s->guest, ZX_GUEST_TRAP_MEM, ARENA,
				    6 * PAGE, ZX_HANDLE_INVALID, 1));
	EXPECT_EQ(pages(2, 6), mapped_in(part));
	EXPECT_EQ(pages(15, 1), mapped_in(s->vmar));
	ASSERT_OK(zx_guest_set_trap(s->guest, ZX_GUEST_TRAP_MEM,
				    ARENA + 6 * PAGE, 8 * PAGE,
				    ZX_HANDLE_INVALID, 2));
	EXPECT_EQ(0ull, mapped_in(part));
	EXPECT_OK(zx_vmar_destroy(part));
	drop(part);
}

/*
 * Linux gives away addresses that the process unmapped in a part. The part is
 * dead then, and no second region of it is left to be freed twice.
 */
TEST_F(sub, a_part_that_lost_addresses_to_a_mapping_is_dead)
{
	zx_handle_t root = zx_vmar_root_self(), part;
	zx_vaddr_t at, addr, again;
	zx_info_vmar_t info;

	ASSERT_OK(zx_object_get_info(root, ZX_INFO_VMAR, &info, sizeof(info),
				     NULL, NULL));
	ASSERT_OK(zx_vmar_allocate(root, CAN_R | CAN_SPECIFIC | UPPER_LIMIT,
				   info.len, 3 * PAGE, &part, &at));
	ASSERT_EQ(0, munmap((void *)(at + PAGE), PAGE));
	ASSERT_OK(zx_vmar_map(root, R | UPPER_LIMIT, info.len, self->vmo, 0,
			      PAGE, &addr));
	ASSERT_EQ(at + PAGE, addr);
	EXPECT_STATUS(ZX_ERR_BAD_STATE,
		      zx_vmar_map(part, R | SPECIFIC, 0, self->vmo, 0, PAGE,
				  &again));
	EXPECT_STATUS(ZX_ERR_BAD_STATE, zx_vmar_destroy(part));
	EXPECT_OK(zx_vmar_unmap(root, addr, PAGE));
	EXPECT_EQ(0, munmap((void *)at, 3 * PAGE));
	drop(part);
}

TEST_HARNESS_MAIN
