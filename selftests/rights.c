// SPDX-License-Identifier: MIT
/*
 * Rights: those that handles begin with, by type and by API level, and how
 * duplicating and replacing narrow them. And closing handles, one and many.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/resource.h>
#include <zx_hyp/zx_hyp.h>

#include "abi.h"
#include "guest/vm.h"
#include "zxtest.h"

#define PAGE	4096ull
#define BAD	((void *)0x10)		/* nothing is mapped there */
#define SAME	ZX_RIGHT_SAME_RIGHTS

static zx_info_handle_basic_t basic_of(zx_handle_t h)
{
	zx_info_handle_basic_t info;

	ASSERT_OK(zx_object_get_info(h, ZX_INFO_HANDLE_BASIC, &info,
				     sizeof(info), NULL, NULL));
	return info;
}

static zx_rights_t rights_of(zx_handle_t h)
{
	return basic_of(h).rights;
}

static bool is_handle(zx_handle_t h)
{
	return zx_object_get_info(h, ZX_INFO_HANDLE_VALID, NULL, 0, NULL,
				  NULL) == ZX_OK;
}

static uint32_t handle_count(zx_handle_t h)
{
	zx_info_handle_count_t count;

	ASSERT_OK(zx_object_get_info(h, ZX_INFO_HANDLE_COUNT, &count,
				     sizeof(count), NULL, NULL));
	return count.handle_count;
}

/* ---- default rights --------------------------------------------------- */

/* Handles fresh from the calls that make them. */
enum { GUEST, GUEST_VMAR, ROOT_VMAR, VCPU, VMO, RESIZABLE, EXECUTABLE, RESOURCE,
       CHILD_RESOURCE, PORT, EVENT, END0, END1, FRESH };

static const char *const fresh_name[FRESH] = {
	"guest", "guest's vmar", "root vmar", "vcpu", "vmo", "resizable vmo",
	"executable vmo", "resource", "resource from another", "port", "event",
	"event pair", "event pair's other end",
};

/*
 * The rights in zx_hyp_rights_level()'s order: see include/zx_hyp/zx_hyp.h. RESIZE
 * is in all of them, since zx_vmo_set_size() asks for it.
 */
static const struct level {
	uint32_t level;
	zx_rights_t rights[FRESH];
} levels[] = {
	{ ZX_HYP_LEVEL_2017, {
		[GUEST] = 0xb, [GUEST_VMAR] = 0x1f, [ROOT_VMAR] = 0x1f,
		[VCPU] = 0x101f, [VMO] = 0x10ff, [RESIZABLE] = 0x4010ff,
		[EXECUTABLE] = 0x10ff, [RESOURCE] = 0x100f,
		[CHILD_RESOURCE] = 0x100f, [PORT] = 0xf, [EVENT] = 0x100f,
		[END0] = 0x300f, [END1] = 0x300f } },
	{ ZX_HYP_LEVEL_2018, {
		[GUEST] = 0x400b, [GUEST_VMAR] = 0x401f, [ROOT_VMAR] = 0x401f,
		[VCPU] = 0x501f, [VMO] = 0x50ff, [RESIZABLE] = 0x4050ff,
		[EXECUTABLE] = 0x50ff, [RESOURCE] = 0x500f,
		[CHILD_RESOURCE] = 0x500f, [PORT] = 0xf, [EVENT] = 0x500f,
		[END0] = 0x700f, [END1] = 0x700f } },
	{ ZX_HYP_LEVEL_2019, {
		[GUEST] = 0x2800b, [GUEST_VMAR] = 0x801f, [ROOT_VMAR] = 0x801f,
		[VCPU] = 0xd01f, [VMO] = 0xd0ef, [RESIZABLE] = 0x40d0ef,
		[EXECUTABLE] = 0xd0ff, [RESOURCE] = 0x800b,
		[CHILD_RESOURCE] = 0x800b, [PORT] = 0x800f, [EVENT] = 0xd003,
		[END0] = 0xf003, [END1] = 0xf003 } },
	{ ZX_HYP_LEVEL_2022, {
		[GUEST] = 0x2800b, [GUEST_VMAR] = 0x20801f,
		[ROOT_VMAR] = 0x20801f, [VCPU] = 0xd01f, [VMO] = 0xd0ef,
		[RESIZABLE] = 0x40d0ef, [EXECUTABLE] = 0xd0ff,
		[RESOURCE] = 0x800b, [CHILD_RESOURCE] = 0x800b, [PORT] = 0x800f,
		[EVENT] = 0xd003, [END0] = 0xf003, [END1] = 0xf003 } },
	{ ZX_HYP_LEVEL_2024, {
		[GUEST] = 0x4800b, [GUEST_VMAR] = 0x20801f,
		[ROOT_VMAR] = 0x20801f, [VCPU] = 0xd01f, [VMO] = 0xd0ef,
		[RESIZABLE] = 0x40d0ef, [EXECUTABLE] = 0xd0ff,
		[RESOURCE] = 0x800b, [CHILD_RESOURCE] = 0x800b, [PORT] = 0x800f,
		[EVENT] = 0xd003, [END0] = 0xf003, [END1] = 0xf003 } },
};

/* @guest makes the vCPU, or else the fresh guest does. */
static void make_fresh(zx_handle_t *h, zx_handle_t guest)
{
	zx_handle_t vmo;

	h[RESOURCE] = hypervisor_resource();
	ASSERT_OK(zx_resource_create(h[RESOURCE], ZX_RSRC_KIND_SYSTEM,
				     ZX_RSRC_SYSTEM_HYPERVISOR_BASE, 1, "x", 1,
				     &h[CHILD_RESOURCE]));
	ASSERT_OK(zx_guest_create(h[RESOURCE], 0, &h[GUEST], &h[GUEST_VMAR]));
	ASSERT_OK(zx_vcpu_create(guest ? guest : h[GUEST], 0, 0, &h[VCPU]));
	ASSERT_OK(zx_vmo_create(PAGE, 0, &h[VMO]));
	ASSERT_OK(zx_vmo_create(PAGE, ZX_VMO_RESIZABLE, &h[RESIZABLE]));
	ASSERT_OK(zx_vmo_create(PAGE, 0, &vmo));
	ASSERT_OK(zx_vmo_replace_as_executable(vmo, ZX_HANDLE_INVALID,
					       &h[EXECUTABLE]));
	ASSERT_OK(zx_port_create(0, &h[PORT]));
	ASSERT_OK(zx_event_create(0, &h[EVENT]));
	ASSERT_OK(zx_eventpair_create(0, &h[END0], &h[END1]));
	h[ROOT_VMAR] = zx_vmar_root_self();
}

static void expect_rights(const zx_handle_t *h, const zx_rights_t *rights)
{
	for (int i = 0; i < FRESH; i++) {
		zxtest_row("%s", fresh_name[i]);
		EXPECT_EQ(rights[i], rights_of(h[i]));
	}
	zxtest_row_end();
}

/* A guest's handle of these two levels cannot make vCPUs. */
static void expect_level(const struct level *level, bool makes_vcpus)
{
	zx_handle_t h[FRESH], guest = 0, vmar;

	if (!makes_vcpus)
		guest_create(&guest, &vmar);
	ASSERT_OK(zx_hyp_rights_level(level->level));
	make_fresh(h, guest);
	expect_rights(h, level->rights);
}

TEST(rights_of_2017)
{
	expect_level(&levels[0], false);
}

TEST(rights_of_2018)
{
	expect_level(&levels[1], false);
}

TEST(rights_of_2019)
{
	expect_level(&levels[2], true);
}

TEST(rights_of_2022)
{
	expect_level(&levels[3], true);
}

TEST(rights_of_2024)
{
	expect_level(&levels[4], true);
}

TEST(rights_are_those_of_2024_unless_another_level_is_chosen)
{
	zx_handle_t h[FRESH];

	make_fresh(h, ZX_HANDLE_INVALID);
	expect_rights(h, levels[4].rights);
	EXPECT_EQ(ZX_DEFAULT_GUEST_RIGHTS, rights_of(h[GUEST]));
	EXPECT_EQ(ZX_DEFAULT_VCPU_RIGHTS, rights_of(h[VCPU]));
	EXPECT_EQ(ZX_DEFAULT_VMO_RIGHTS, rights_of(h[VMO]));
	EXPECT_EQ(ZX_DEFAULT_PORT_RIGHTS, rights_of(h[PORT]));
	EXPECT_EQ(ZX_DEFAULT_EVENT_RIGHTS, rights_of(h[EVENT]));
	EXPECT_EQ(ZX_DEFAULT_EVENTPAIR_RIGHTS, rights_of(h[END0]));
	EXPECT_EQ(ZX_DEFAULT_RESOURCE_RIGHTS, rights_of(h[RESOURCE]));
}

TEST(a_level_leaves_the_handles_alone_that_there_are)
{
	zx_handle_t h[FRESH];

	make_fresh(h, ZX_HANDLE_INVALID);
	ASSERT_OK(zx_hyp_rights_level(ZX_HYP_LEVEL_2017));
	expect_rights(h, levels[4].rights);
}

TEST(unknown_levels_are_invalid_and_change_nothing)
{
	static const uint32_t rows[] = { 0, 1, 2016, 2020, 2023, 2025, ~0u };
	zx_handle_t event;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zxtest_row("level %u", rows[i]);
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_hyp_rights_level(rows[i]));
	}
	ASSERT_OK(zx_event_create(0, &event));
	EXPECT_EQ(ZX_DEFAULT_EVENT_RIGHTS, rights_of(event));
}

/* ---- the request below the levels ------------------------------------- */

static long rights_set(int fd, uint32_t type, uint32_t rights)
{
	struct zx_hyp_rights_set arg = {
		.size = sizeof(arg),
		.type = type,
		.rights = rights,
	};

	return abi_call(fd, ZX_HYP_RIGHTS_SET, &arg);
}

TEST(rights_set_takes_types_that_are_made_and_rights_that_there_are)
{
	static const struct {
		uint32_t type, rights;
		zx_status_t status;
	} rows[] = {
		{ ZX_OBJ_TYPE_VMO, 0, ZX_OK },
		{ ZX_OBJ_TYPE_EVENT, 0x1ffffff, ZX_OK },
		{ ZX_OBJ_TYPE_VCPU, 0x1ffffff, ZX_OK },
		{ ZX_OBJ_TYPE_EVENT, 0x2000000, ZX_ERR_INVALID_ARGS },
		{ ZX_OBJ_TYPE_EVENT, SAME, ZX_ERR_INVALID_ARGS },
		{ ZX_OBJ_TYPE_EVENT, ~0u, ZX_ERR_INVALID_ARGS },
		{ ZX_OBJ_TYPE_NONE, 0, ZX_ERR_NOT_SUPPORTED },
		{ ZX_OBJ_TYPE_PROCESS, 0, ZX_ERR_NOT_SUPPORTED },
		{ ZX_OBJ_TYPE_CHANNEL, 0, ZX_ERR_NOT_SUPPORTED },
		{ ZX_OBJ_TYPE_TIMER, 0, ZX_ERR_NOT_SUPPORTED },
		{ 64, 0, ZX_ERR_NOT_SUPPORTED },
		{ ~0u, 0, ZX_ERR_NOT_SUPPORTED },
		{ 1u << 31, 0, ZX_ERR_NOT_SUPPORTED },
		/* Two faults: the type is looked at first. */
		{ ZX_OBJ_TYPE_CHANNEL, ~0u, ZX_ERR_NOT_SUPPORTED },
	};
	int fd = abi_open();

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zxtest_row("type %u rights %#x", rows[i].type, rows[i].rights);
		EXPECT_EQ(-rows[i].status,
			  rights_set(fd, rows[i].type, rows[i].rights));
	}
	EXPECT_EQ(0, close(fd));
}

static uint32_t rights_by_abi(int fd, uint32_t handle)
{
	struct zx_hyp_info_handle_basic info;
	struct zx_hyp_object_get_info arg = {
		.size = sizeof(arg),
		.handle = handle,
		.topic = ZX_HYP_INFO_HANDLE_BASIC,
		.buffer = (uintptr_t)&info,
		.buffer_size = sizeof(info),
	};

	ASSERT_EQ(0, abi_call(fd, ZX_HYP_OBJECT_GET_INFO, &arg));
	return info.rights;
}

TEST(rights_set_is_for_one_file_and_one_type)
{
	int fd = abi_open(), other = abi_open();

	ASSERT_EQ(0, rights_set(fd, ZX_OBJ_TYPE_RESOURCE, 0));
	EXPECT_EQ(0u, rights_by_abi(fd, abi_resource(fd, ZX_HYP_RESOURCE_VMEX)));
	EXPECT_EQ(0xd0efu, rights_by_abi(fd, abi_vmo(fd, PAGE)));
	EXPECT_EQ(0x800bu,
		  rights_by_abi(other, abi_resource(other, ZX_HYP_RESOURCE_VMEX)));
	/* The last one counts. */
	ASSERT_EQ(0, rights_set(fd, ZX_OBJ_TYPE_RESOURCE, 0x1ffffff));
	EXPECT_EQ(0x1ffffffu,
		  rights_by_abi(fd, abi_resource(fd, ZX_HYP_RESOURCE_VMEX)));
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(0, close(other));
}

/* ---- duplicate -------------------------------------------------------- */

#define EVENT_RIGHTS	ZX_DEFAULT_EVENT_RIGHTS

/* What both calls say of rights, of a handle with these. */
static const struct narrowing {
	zx_rights_t have, wanted;
	zx_status_t status;
	zx_rights_t get;
} narrowings[] = {
	{ EVENT_RIGHTS, SAME, ZX_OK, EVENT_RIGHTS },
	{ EVENT_RIGHTS, EVENT_RIGHTS, ZX_OK, EVENT_RIGHTS },
	{ EVENT_RIGHTS, 0, ZX_OK, 0 },
	{ EVENT_RIGHTS, ZX_RIGHT_WAIT, ZX_OK, ZX_RIGHT_WAIT },
	{ EVENT_RIGHTS, EVENT_RIGHTS & ~ZX_RIGHT_DUPLICATE, ZX_OK,
	  EVENT_RIGHTS & ~ZX_RIGHT_DUPLICATE },
	{ ZX_RIGHT_DUPLICATE, SAME, ZX_OK, ZX_RIGHT_DUPLICATE },
	{ ZX_RIGHT_DUPLICATE, ZX_RIGHT_DUPLICATE | ZX_RIGHT_WAIT,
	  ZX_ERR_INVALID_ARGS, 0 },
	{ EVENT_RIGHTS, EVENT_RIGHTS | ZX_RIGHT_READ, ZX_ERR_INVALID_ARGS, 0 },
	{ EVENT_RIGHTS, ZX_RIGHT_READ, ZX_ERR_INVALID_ARGS, 0 },
	{ EVENT_RIGHTS, ZX_RIGHT_SIGNAL_PEER, ZX_ERR_INVALID_ARGS, 0 },
	/* No right at all has this bit. */
	{ EVENT_RIGHTS, 1u << 30, ZX_ERR_INVALID_ARGS, 0 },
	{ EVENT_RIGHTS, 1u << 25, ZX_ERR_INVALID_ARGS, 0 },
	/* SAME_RIGHTS means something alone only. */
	{ EVENT_RIGHTS, SAME | ZX_RIGHT_WAIT, ZX_ERR_INVALID_ARGS, 0 },
	{ EVENT_RIGHTS, SAME | EVENT_RIGHTS, ZX_ERR_INVALID_ARGS, 0 },
	{ EVENT_RIGHTS, ~0u, ZX_ERR_INVALID_ARGS, 0 },
};

static zx_handle_t event_with(zx_rights_t rights)
{
	zx_handle_t h;

	ASSERT_OK(zx_event_create(0, &h));
	if (rights != EVENT_RIGHTS)
		ASSERT_OK(zx_handle_replace(h, rights, &h));
	ASSERT_EQ(rights, rights_of(h));
	return h;
}

TEST(duplicate_gives_a_subset_of_the_rights)
{
	for (size_t i = 0; i < ARRAY_SIZE(narrowings); i++) {
		const struct narrowing *n = &narrowings[i];
		zx_handle_t h = event_with(n->have), copy;

		zxtest_row("%#x of %#x", n->wanted, n->have);
		poison(&copy, sizeof(copy));
		EXPECT_STATUS(n->status, zx_handle_duplicate(h, n->wanted, &copy));
		EXPECT_EQ(n->have, rights_of(h));
		if (n->status == ZX_OK) {
			EXPECT_NE(h, copy);
			EXPECT_EQ(n->get, rights_of(copy));
			EXPECT_EQ(basic_of(h).koid, basic_of(copy).koid);
			EXPECT_OK(zx_handle_close(copy));
		} else {
			EXPECT_TRUE(poisoned(&copy, sizeof(copy)));
		}
		EXPECT_OK(zx_handle_close(h));
	}
}

TEST(duplicate_checks_the_handle_then_its_right_then_the_rights)
{
	zx_handle_t closed = event_with(EVENT_RIGHTS), out;
	zx_handle_t h = event_with(EVENT_RIGHTS & ~ZX_RIGHT_DUPLICATE);
	zx_handle_t full = event_with(EVENT_RIGHTS);

	ASSERT_OK(zx_handle_close(closed));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_handle_duplicate(closed, ~0u, &out));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_handle_duplicate(closed, SAME, BAD));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_handle_duplicate(0, SAME, &out));
	EXPECT_STATUS(ZX_ERR_ACCESS_DENIED, zx_handle_duplicate(h, ~0u, &out));
	EXPECT_STATUS(ZX_ERR_ACCESS_DENIED, zx_handle_duplicate(h, SAME, &out));
	EXPECT_STATUS(ZX_ERR_ACCESS_DENIED, zx_handle_duplicate(h, 0, BAD));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_handle_duplicate(full, SAME, BAD));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_handle_duplicate(full, SAME, NULL));
	EXPECT_EQ(1u, handle_count(full));
}

/* The narrower handle cannot get back what the wider one has. */
TEST(rights_that_a_duplicate_lacks_cannot_be_got_back_through_it)
{
	zx_handle_t full = event_with(EVENT_RIGHTS), narrow, out;

	ASSERT_OK(zx_handle_duplicate(full, ZX_RIGHT_DUPLICATE | ZX_RIGHT_WAIT,
				      &narrow));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
		      zx_handle_duplicate(narrow, EVENT_RIGHTS, &out));
	EXPECT_STATUS(ZX_ERR_ACCESS_DENIED,
		      zx_object_signal(narrow, 0, ZX_EVENT_SIGNALED));
	EXPECT_OK(zx_object_signal(full, 0, ZX_EVENT_SIGNALED));
	EXPECT_OK(zx_object_wait_one(narrow, ZX_EVENT_SIGNALED, 0, NULL));
}

TEST(an_object_lives_until_its_last_duplicate_is_closed)
{
	zx_handle_t h[3];
	uint64_t size;

	ASSERT_OK(zx_vmo_create(PAGE, 0, &h[0]));
	ASSERT_OK(zx_handle_duplicate(h[0], SAME, &h[1]));
	ASSERT_OK(zx_handle_duplicate(h[1], SAME, &h[2]));
	ASSERT_OK(zx_vmo_write(h[1], "zircon", 0, 6));
	for (int i = 0; i < 3; i++) {
		char seen[6];

		EXPECT_EQ(3u - i, handle_count(h[2]));
		EXPECT_OK(zx_vmo_read(h[2], seen, 0, 6));
		EXPECT_BYTES("zircon", seen, 6);
		EXPECT_EQ(1, zxtest_objects_of("vmo"));
		ASSERT_OK(zx_handle_close(h[i]));
		EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_vmo_get_size(h[i], &size));
	}
	EXPECT_TRUE(wait_until(10, zxtest_objects_of("vmo") == 0));
}

/* ---- replace ---------------------------------------------------------- */

TEST(replace_gives_a_subset_of_the_rights_and_closes_its_source)
{
	for (size_t i = 0; i < ARRAY_SIZE(narrowings); i++) {
		const struct narrowing *n = &narrowings[i];
		zx_handle_t h = event_with(n->have), out;

		zxtest_row("%#x of %#x", n->wanted, n->have);
		poison(&out, sizeof(out));
		EXPECT_STATUS(n->status, zx_handle_replace(h, n->wanted, &out));
		EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_handle_close(h));
		if (n->status == ZX_OK) {
			EXPECT_NE(h, out);
			EXPECT_EQ(n->get, rights_of(out));
			EXPECT_OK(zx_handle_close(out));
		} else {
			EXPECT_TRUE(poisoned(&out, sizeof(out)));
		}
		EXPECT_TRUE(wait_until(10, zxtest_objects_of("event") == 0));
	}
}

TEST(replace_needs_no_right)
{
	zx_handle_t h = event_with(0), out;

	EXPECT_OK(zx_handle_replace(h, SAME, &out));
	EXPECT_EQ(0u, rights_of(out));
	EXPECT_OK(zx_handle_replace(out, 0, &h));
}

TEST(replace_checks_the_handle_first)
{
	zx_handle_t out;

	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_handle_replace(0, ~0u, &out));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_handle_replace(0, SAME, BAD));
}

TEST(replace_consumes_its_source_also_when_the_result_cannot_be_written)
{
	zx_handle_t h = event_with(EVENT_RIGHTS);

	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_handle_replace(h, SAME, BAD));
	EXPECT_FALSE(is_handle(h));
	EXPECT_TRUE(wait_until(10, zxtest_objects_of("event") == 0));
}

TEST(replace_keeps_the_object_and_its_other_handles)
{
	zx_handle_t h = event_with(EVENT_RIGHTS), copy, out;
	zx_koid_t koid = basic_of(h).koid;

	ASSERT_OK(zx_handle_duplicate(h, SAME, &copy));
	ASSERT_OK(zx_object_signal(h, 0, ZX_USER_SIGNAL_3));
	ASSERT_OK(zx_handle_replace(h, ZX_RIGHT_WAIT | ZX_RIGHT_INSPECT, &out));
	EXPECT_EQ(koid, basic_of(out).koid);
	EXPECT_EQ(EVENT_RIGHTS, rights_of(copy));
	EXPECT_EQ(2u, handle_count(out));
	EXPECT_OK(zx_object_wait_one(out, ZX_USER_SIGNAL_3, 0, NULL));
}

/* ---- close and close_many --------------------------------------------- */

TEST(close_of_zero_is_ok)
{
	EXPECT_OK(zx_handle_close(ZX_HANDLE_INVALID));
	EXPECT_OK(zx_handle_close(ZX_HANDLE_INVALID));
}

TEST(a_handle_can_be_closed_once)
{
	zx_handle_t h = event_with(0);

	EXPECT_OK(zx_handle_close(h));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_handle_close(h));
}

TEST(close_many_closes_each_and_skips_zeroes)
{
	zx_handle_t h[7] = { 0 };

	for (int i = 0; i < 7; i += 2)
		h[i] = event_with(EVENT_RIGHTS);
	EXPECT_OK(zx_handle_close_many(h, 7));
	for (int i = 0; i < 7; i += 2)
		EXPECT_FALSE(is_handle(h[i]));
}

TEST(close_many_of_nothing_is_ok)
{
	zx_handle_t h = event_with(EVENT_RIGHTS);

	EXPECT_OK(zx_handle_close_many(&h, 0));
	EXPECT_OK(zx_handle_close_many(NULL, 0));
	EXPECT_OK(zx_handle_close_many(BAD, 0));
	EXPECT_TRUE(is_handle(h));
}

TEST(close_many_closes_the_good_ones_around_a_bad_one)
{
	for (int bad = 0; bad < 4; bad++) {
		zx_handle_t h[4];

		zxtest_row("the bad one at %d", bad);
		for (int i = 0; i < 4; i++)
			h[i] = i == bad ? 0x7ffffffe : event_with(EVENT_RIGHTS);
		EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_handle_close_many(h, 4));
		for (int i = 0; i < 4; i++)
			EXPECT_FALSE(is_handle(h[i]));
	}
}

/* The second time it is a bad one. */
TEST(close_many_of_one_handle_twice_is_bad_and_closes_it)
{
	zx_handle_t one = event_with(EVENT_RIGHTS), two = event_with(EVENT_RIGHTS);
	zx_handle_t h[] = { one, one, two };

	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_handle_close_many(h, 3));
	EXPECT_FALSE(is_handle(one));
	EXPECT_FALSE(is_handle(two));
}

TEST(close_many_takes_more_than_it_reads_at_a_time)
{
	enum { COUNT = 1000 };
	zx_handle_t h[COUNT];

	for (int i = 0; i < COUNT; i++)
		h[i] = event_with(0);
	EXPECT_OK(zx_handle_close_many(h, COUNT));
	for (int i = 0; i < COUNT; i++)
		ASSERT_FALSE(is_handle(h[i]));
}

TEST(close_many_of_an_array_that_cannot_be_read_is_invalid)
{
	zx_handle_t h = event_with(EVENT_RIGHTS), *end;
	uint8_t *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, (void *)page);
	ASSERT_EQ(0, mprotect(page + PAGE, PAGE, PROT_NONE));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_handle_close_many(NULL, 1));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_handle_close_many(BAD, 1));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_handle_close_many(BAD, SIZE_MAX));
	/* The whole step of an array that ends early is left. */
	end = (zx_handle_t *)(page + PAGE);
	end[-1] = h;
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_handle_close_many(end - 1, 2));
	EXPECT_TRUE(is_handle(h));
	/* What comes in steps before is closed. */
	memset(end - 64, 0, 64 * sizeof(*end));
	end[-64] = h;
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_handle_close_many(end - 64, 128));
	EXPECT_FALSE(is_handle(h));
	EXPECT_EQ(0, munmap(page, 2 * PAGE));
}

TEST_HARNESS_MAIN
