// SPDX-License-Identifier: MIT
/* What objects tell of themselves: information, koids, handle counts, names. */
#include <string.h>
#include <unistd.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/resource.h>
#include <zx_hyp/fd.h>

#include "guest/vm.h"
#include "zxtest.h"

#define PAGE	4096ull
#define BAD	((void *)0x10)		/* nothing is mapped there */
#define SAME	ZX_RIGHT_SAME_RIGHTS

enum { GUEST, VCPU, VMO, VMAR, RESOURCE, EVENT, END0, END1, PORT, OBJECTS };

static const uint32_t type_of[OBJECTS] = {
	ZX_OBJ_TYPE_GUEST, ZX_OBJ_TYPE_VCPU, ZX_OBJ_TYPE_VMO, ZX_OBJ_TYPE_VMAR,
	ZX_OBJ_TYPE_RESOURCE, ZX_OBJ_TYPE_EVENT, ZX_OBJ_TYPE_EVENTPAIR,
	ZX_OBJ_TYPE_EVENTPAIR, ZX_OBJ_TYPE_PORT,
};

FIXTURE(object) {
	zx_handle_t of[OBJECTS];
};

FIXTURE_SETUP(object)
{
	zx_handle_t *of = self->of;

	of[RESOURCE] = hypervisor_resource();
	ASSERT_OK(zx_guest_create(of[RESOURCE], 0, &of[GUEST], &of[VMAR]));
	ASSERT_OK(zx_vcpu_create(of[GUEST], 0, 0, &of[VCPU]));
	ASSERT_OK(zx_vmo_create(PAGE, 0, &of[VMO]));
	ASSERT_OK(zx_event_create(0, &of[EVENT]));
	ASSERT_OK(zx_eventpair_create(0, &of[END0], &of[END1]));
	ASSERT_OK(zx_port_create(0, &of[PORT]));
}

FIXTURE_TEARDOWN(object)
{
	EXPECT_OK(zx_handle_close_many(self->of, OBJECTS));
}

static zx_handle_t without(zx_handle_t h, zx_rights_t rights)
{
	zx_info_handle_basic_t info;
	zx_handle_t copy;

	ASSERT_OK(zx_object_get_info(h, ZX_INFO_HANDLE_BASIC, &info,
				     sizeof(info), NULL, NULL));
	ASSERT_OK(zx_handle_duplicate(h, info.rights & ~rights, &copy));
	return copy;
}

/* A whole structure; a failure ends the test. */
#define INFO(h, topic, info) \
	ASSERT_OK(zx_object_get_info(h, topic, info, sizeof(*(info)), NULL, NULL))

static uint32_t handle_count(zx_handle_t h)
{
	zx_info_handle_count_t count;

	INFO(h, ZX_INFO_HANDLE_COUNT, &count);
	return count.handle_count;
}

/* ---- get_info: topics, buffers and counts ----------------------------- */

/* A topic, an object that has it, and the bytes of its structure. */
static const struct topic {
	uint32_t topic;
	int object;
	size_t size;
} topics[] = {
	{ ZX_INFO_HANDLE_BASIC, EVENT, 32 },
	{ ZX_INFO_HANDLE_COUNT, EVENT, 4 },
	{ ZX_INFO_VMAR, VMAR, 16 },
	{ ZX_INFO_RESOURCE, RESOURCE, 56 },
	{ ZX_INFO_VMO_V1, VMO, 104 },
	{ ZX_INFO_VMO_V2, VMO, 120 },
	{ ZX_INFO_VMO, VMO, 128 },
	{ ZX_INFO_VCPU, VCPU, 4 },
};

#define for_each_topic(t) \
	for (const struct topic *t = topics; t < topics + ARRAY_SIZE(topics); t++)

TEST(structures_have_their_sizes)
{
	EXPECT_EQ(32u, sizeof(zx_info_handle_basic_t));
	EXPECT_EQ(4u, sizeof(zx_info_handle_count_t));
	EXPECT_EQ(16u, sizeof(zx_info_vmar_t));
	EXPECT_EQ(56u, sizeof(zx_info_resource_t));
	EXPECT_EQ(128u, sizeof(zx_info_vmo_t));
	EXPECT_EQ(4u, sizeof(zx_info_vcpu_t));
}

TEST_F(object, info_fits_a_buffer_of_its_size_or_a_larger_one)
{
	static const size_t more[] = { 0, 1, 8, 100 };

	for_each_topic(t) {
		for (size_t i = 0; i < ARRAY_SIZE(more); i++) {
			size_t size = t->size + more[i], actual = 77, avail = 77;
			uint8_t buffer[256];

			zxtest_row("topic %#x, %zu bytes", t->topic, size);
			poison(buffer, sizeof(buffer));
			EXPECT_OK(zx_object_get_info(self->of[t->object], t->topic,
						     buffer, size, &actual, &avail));
			EXPECT_EQ(1u, actual);
			EXPECT_EQ(1u, avail);
			EXPECT_FALSE(poisoned(buffer, t->size));
			EXPECT_TRUE(poisoned(buffer + t->size,
					     sizeof(buffer) - t->size));
		}
	}
}

TEST_F(object, info_does_not_fit_a_smaller_buffer_and_says_how_many_there_are)
{
	for_each_topic(t) {
		const size_t sizes[] = { 0, 1, t->size / 2, t->size - 1 };

		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			size_t actual = 77, avail = 77;
			uint8_t buffer[256];

			zxtest_row("topic %#x, %zu bytes", t->topic, sizes[i]);
			poison(buffer, sizeof(buffer));
			EXPECT_STATUS(ZX_ERR_BUFFER_TOO_SMALL,
				      zx_object_get_info(self->of[t->object],
							 t->topic, buffer, sizes[i],
							 &actual, &avail));
			EXPECT_EQ(0u, actual);
			EXPECT_EQ(1u, avail);
			EXPECT_TRUE(poisoned(buffer, sizeof(buffer)));
		}
	}
}

TEST_F(object, counts_that_nobody_wants_are_not_told)
{
	uint8_t buffer[256];

	for_each_topic(t) {
		zx_handle_t h = self->of[t->object];
		size_t actual = 77, avail = 77;

		zxtest_row("topic %#x", t->topic);
		EXPECT_OK(zx_object_get_info(h, t->topic, buffer, t->size, NULL, NULL));
		EXPECT_OK(zx_object_get_info(h, t->topic, buffer, t->size, &actual,
					     NULL));
		EXPECT_OK(zx_object_get_info(h, t->topic, buffer, t->size, NULL,
					     &avail));
		EXPECT_EQ(1u, actual);
		EXPECT_EQ(1u, avail);
		EXPECT_STATUS(ZX_ERR_BUFFER_TOO_SMALL,
			      zx_object_get_info(h, t->topic, NULL, 0, NULL, NULL));
	}
}

TEST_F(object, info_refuses_addresses_that_cannot_be_written)
{
	uint8_t buffer[256];

	for_each_topic(t) {
		zx_handle_t h = self->of[t->object];
		size_t count = 77;

		zxtest_row("topic %#x", t->topic);
		poison(buffer, sizeof(buffer));
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
			      zx_object_get_info(h, t->topic, NULL, t->size, &count,
						 &count));
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
			      zx_object_get_info(h, t->topic, BAD, t->size, &count,
						 &count));
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
			      zx_object_get_info(h, t->topic, buffer, t->size, BAD,
						 &count));
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
			      zx_object_get_info(h, t->topic, buffer, t->size,
						 &count, BAD));
		/* Two faults: an address that is bad wins over a small buffer. */
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
			      zx_object_get_info(h, t->topic, buffer, 0, BAD, NULL));
		EXPECT_EQ(77u, count);
		EXPECT_TRUE(poisoned(buffer, sizeof(buffer)));
	}
}

TEST_F(object, unknown_topics_are_not_supported_of_any_handle)
{
	static const uint32_t rows[] = {
		0, 3, 4, 5, 6, 8, 10, 12, 13, 14, 17, 20, 22, 24, 29, 31, 33, 1000,
		ZX_INFO_VMO | 1u << 30, 3u << 28 | 23, 1u << 28 | 2, 1u << 28 | 32,
		1u << 31 | 1, ~0u,
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const zx_handle_t handles[] = { self->of[EVENT], self->of[VMO], 0, 5 };

		for (size_t h = 0; h < ARRAY_SIZE(handles); h++) {
			zxtest_row("topic %#x of %#x", rows[i], handles[h]);
			EXPECT_STATUS(ZX_ERR_NOT_SUPPORTED,
				      zx_object_get_info(handles[h], rows[i], NULL, 0,
							 NULL, NULL));
		}
	}
}

/* Handle, type, right, then what the buffer is like. */
TEST_F(object, info_checks_in_zircons_order)
{
	zx_handle_t blind = without(self->of[RESOURCE], ZX_RIGHT_INSPECT);
	zx_handle_t blind_event = without(self->of[EVENT], ZX_RIGHT_INSPECT);

	EXPECT_STATUS(ZX_ERR_BAD_HANDLE,
		      zx_object_get_info(5, ZX_INFO_VMAR, BAD, 0, BAD, BAD));
	EXPECT_STATUS(ZX_ERR_WRONG_TYPE,
		      zx_object_get_info(blind_event, ZX_INFO_VMAR, BAD, 0, BAD, BAD));
	EXPECT_STATUS(ZX_ERR_ACCESS_DENIED,
		      zx_object_get_info(blind, ZX_INFO_RESOURCE, BAD, 0, BAD, BAD));
	EXPECT_STATUS(ZX_ERR_ACCESS_DENIED,
		      zx_object_get_info(blind, ZX_INFO_HANDLE_COUNT, BAD, 0, BAD, BAD));
	EXPECT_OK(zx_handle_close(blind));
	EXPECT_OK(zx_handle_close(blind_event));
}

TEST_F(object, valid_says_whether_it_is_a_handle_and_writes_nothing)
{
	zx_handle_t none = without(self->of[VMO], ~0u);

	EXPECT_OK(zx_object_get_info(none, ZX_INFO_HANDLE_VALID, BAD, 100, BAD, BAD));
	EXPECT_OK(zx_handle_close(none));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE,
		      zx_object_get_info(none, ZX_INFO_HANDLE_VALID, NULL, 0, NULL,
					 NULL));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE,
		      zx_object_get_info(0, ZX_INFO_HANDLE_VALID, NULL, 0, NULL,
					 NULL));
}

/* ---- what the topics say ---------------------------------------------- */

TEST_F(object, basic_tells_type_rights_and_koid)
{
	for (int i = 0; i < OBJECTS; i++) {
		zx_info_handle_basic_t info, again, narrow;
		zx_handle_t copy;

		zxtest_row("type %u", type_of[i]);
		poison(&info, sizeof(info));
		INFO(self->of[i], ZX_INFO_HANDLE_BASIC, &info);
		EXPECT_EQ(type_of[i], info.type);
		EXPECT_LE(1024u, info.koid);
		EXPECT_EQ(0u, info.reserved);
		EXPECT_BYTES("\0\0\0", info.padding1, 4);
		/* The koid is the object's, the rights are the handle's. */
		ASSERT_OK(zx_handle_duplicate(self->of[i], ZX_RIGHT_INSPECT, &copy));
		INFO(copy, ZX_INFO_HANDLE_BASIC, &narrow);
		EXPECT_EQ(info.koid, narrow.koid);
		EXPECT_EQ(ZX_RIGHT_INSPECT, narrow.rights);
		INFO(self->of[i], ZX_INFO_HANDLE_BASIC, &again);
		EXPECT_BYTES(&info, &again, sizeof(info));
		EXPECT_OK(zx_handle_close(copy));
	}
}

TEST_F(object, koids_are_of_one_object_each)
{
	enum { MORE = 200 };
	zx_koid_t koid[OBJECTS + MORE];
	zx_info_handle_basic_t info;

	for (int i = 0; i < OBJECTS + MORE; i++) {
		zx_handle_t h = i < OBJECTS ? self->of[i] : 0;

		if (!h)
			ASSERT_OK(zx_event_create(0, &h));
		INFO(h, ZX_INFO_HANDLE_BASIC, &info);
		koid[i] = info.koid;
		for (int j = 0; j < i; j++)
			ASSERT_NE(koid[j], koid[i]);
		/* Nor is it given to another when the object is gone. */
		if (i >= OBJECTS)
			ASSERT_OK(zx_handle_close(h));
	}
}

TEST_F(object, only_event_pairs_have_related_objects)
{
	zx_info_handle_basic_t info[OBJECTS];

	for (int i = 0; i < OBJECTS; i++)
		INFO(self->of[i], ZX_INFO_HANDLE_BASIC, &info[i]);
	for (int i = 0; i < OBJECTS; i++) {
		zx_koid_t related = i == END0 ? info[END1].koid :
				    i == END1 ? info[END0].koid : 0;

		zxtest_row("type %u", type_of[i]);
		EXPECT_EQ(related, info[i].related_koid);
	}
}

TEST_F(object, the_related_koid_outlives_the_peer)
{
	zx_info_handle_basic_t before, after;
	zx_handle_t end, peer;

	ASSERT_OK(zx_eventpair_create(0, &end, &peer));
	INFO(end, ZX_INFO_HANDLE_BASIC, &before);
	ASSERT_OK(zx_handle_close(peer));
	INFO(end, ZX_INFO_HANDLE_BASIC, &after);
	EXPECT_EQ(before.related_koid, after.related_koid);
	EXPECT_OK(zx_handle_close(end));
}

TEST_F(object, handles_are_counted_wherever_they_are)
{
	for (int i = 0; i < OBJECTS; i++) {
		zx_handle_t copy[3], back;
		int fd;

		zxtest_row("type %u", type_of[i]);
		EXPECT_EQ(1u, handle_count(self->of[i]));
		for (int j = 0; j < 3; j++) {
			ASSERT_OK(zx_handle_duplicate(self->of[i], SAME, &copy[j]));
			EXPECT_EQ(j + 2u, handle_count(copy[j]));
		}
		ASSERT_OK(zx_handle_replace(copy[0], SAME, &copy[0]));
		EXPECT_EQ(4u, handle_count(self->of[i]));
		/* Also in a descriptor on its way to another process. */
		ASSERT_OK(zx_hyp_handle_export(copy[1], &fd));
		EXPECT_EQ(4u, handle_count(self->of[i]));
		ASSERT_OK(zx_hyp_handle_import(fd, &back));
		EXPECT_EQ(4u, handle_count(self->of[i]));
		ASSERT_EQ(0, close(fd));
		ASSERT_OK(zx_handle_close(copy[0]));
		ASSERT_OK(zx_handle_close(copy[2]));
		ASSERT_OK(zx_handle_close(back));
		EXPECT_EQ(1u, handle_count(self->of[i]));
	}
}

/* What holds an object without a handle is no handle. */
TEST_F(object, mappings_waits_and_vcpus_are_not_handles)
{
	zx_vaddr_t addr;

	ASSERT_OK(zx_vmar_map(self->of[VMAR], RW, 0, self->of[VMO], 0, PAGE, &addr));
	ASSERT_OK(zx_object_wait_async(self->of[EVENT], self->of[PORT], 1,
				       ZX_USER_SIGNAL_0, 0));
	EXPECT_EQ(1u, handle_count(self->of[VMO]));
	EXPECT_EQ(1u, handle_count(self->of[EVENT]));
	EXPECT_EQ(1u, handle_count(self->of[PORT]));
	EXPECT_EQ(1u, handle_count(self->of[GUEST]));
}

TEST_F(object, vmar_tells_its_range)
{
	zx_info_vmar_t guest, root;
	zx_vaddr_t addr;

	INFO(self->of[VMAR], ZX_INFO_VMAR, &guest);
	EXPECT_EQ(0u, guest.base);
	EXPECT_EQ(1ull << 48, guest.len);
	INFO(zx_vmar_root_self(), ZX_INFO_VMAR, &root);
	ASSERT_OK(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ, 0,
			      self->of[VMO], 0, PAGE, &addr));
	EXPECT_LE(root.base, addr);
	EXPECT_LE(addr + PAGE, root.base + root.len);
	EXPECT_OK(zx_vmar_unmap(zx_vmar_root_self(), addr, PAGE));
}

TEST_F(object, vcpu_tells_of_a_kick_until_it_is_obeyed)
{
	zx_port_packet_t packet;
	zx_info_vcpu_t info;

	INFO(self->of[VCPU], ZX_INFO_VCPU, &info);
	EXPECT_EQ(0u, info.flags);
	ASSERT_OK(zx_vcpu_kick(self->of[VCPU]));
	for (int i = 0; i < 2; i++) {
		INFO(self->of[VCPU], ZX_INFO_VCPU, &info);
		EXPECT_EQ(ZX_INFO_VCPU_FLAG_KICKED, info.flags);
	}
	EXPECT_STATUS(ZX_ERR_CANCELED, zx_vcpu_enter(self->of[VCPU], &packet));
	INFO(self->of[VCPU], ZX_INFO_VCPU, &info);
	EXPECT_EQ(0u, info.flags);
}

TEST_F(object, vmo_tells_its_size_and_kind)
{
	static const struct {
		uint64_t size;
		uint32_t options;
		uint64_t size_bytes;
		uint32_t flags;
	} rows[] = {
		{ 0, 0, 0, ZX_INFO_VMO_TYPE_PAGED | ZX_INFO_VMO_VIA_HANDLE },
		{ 1, 0, PAGE, ZX_INFO_VMO_TYPE_PAGED | ZX_INFO_VMO_VIA_HANDLE },
		{ 3 * PAGE, ZX_VMO_RESIZABLE, 3 * PAGE,
		  ZX_INFO_VMO_TYPE_PAGED | ZX_INFO_VMO_VIA_HANDLE |
		  ZX_INFO_VMO_RESIZABLE },
		{ 1ull << 40, 0, 1ull << 40,
		  ZX_INFO_VMO_TYPE_PAGED | ZX_INFO_VMO_VIA_HANDLE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zx_info_handle_basic_t basic;
		zx_info_vmo_t info;
		zx_handle_t h;

		zxtest_row("size %#llx", (unsigned long long)rows[i].size);
		ASSERT_OK(zx_vmo_create(rows[i].size, rows[i].options, &h));
		poison(&info, sizeof(info));
		INFO(h, ZX_INFO_VMO, &info);
		INFO(h, ZX_INFO_HANDLE_BASIC, &basic);
		EXPECT_EQ(basic.koid, info.koid);
		EXPECT_EQ(basic.rights, info.handle_rights);
		EXPECT_EQ(rows[i].size_bytes, info.size_bytes);
		EXPECT_EQ(rows[i].flags, info.flags);
		EXPECT_EQ(0u, info.parent_koid);
		EXPECT_EQ(0u, info.num_children);
		EXPECT_EQ(0u, info.num_mappings);
		EXPECT_EQ(0u, info.share_count);
		EXPECT_EQ(0u, info.committed_bytes);
		EXPECT_EQ(0u, info.populated_bytes);
		EXPECT_EQ(0u, info.cache_policy);
		EXPECT_EQ(0, info.name[0]);
		EXPECT_BYTES("\0\0\0", info.padding1, 4);
		EXPECT_OK(zx_handle_close(h));
	}
}

TEST_F(object, vmo_tells_what_is_committed_and_mapped)
{
	zx_info_vmo_t info;
	zx_vaddr_t addr[2];
	zx_handle_t vmo;

	ASSERT_OK(zx_vmo_create(16 * PAGE, 0, &vmo));
	ASSERT_OK(zx_vmo_write(vmo, "x", 0, 1));
	ASSERT_OK(zx_vmo_write(vmo, "x", 5 * PAGE, 1));
	INFO(vmo, ZX_INFO_VMO, &info);
	EXPECT_EQ(2 * PAGE, info.committed_bytes);
	EXPECT_EQ(2 * PAGE, info.populated_bytes);
	for (int i = 0; i < 2; i++)
		ASSERT_OK(zx_vmar_map(zx_vmar_root_self(), RW, 0, vmo, 0, PAGE,
				      &addr[i]));
	INFO(vmo, ZX_INFO_VMO, &info);
	EXPECT_EQ(2u, info.num_mappings);
	EXPECT_EQ(1u, info.share_count);
	for (int i = 0; i < 2; i++)
		ASSERT_OK(zx_vmar_unmap(zx_vmar_root_self(), addr[i], PAGE));
	INFO(vmo, ZX_INFO_VMO, &info);
	EXPECT_EQ(0u, info.num_mappings);
	EXPECT_EQ(0u, info.share_count);
	EXPECT_OK(zx_handle_close(vmo));
}

TEST_F(object, older_versions_of_vmo_are_its_first_bytes)
{
	uint8_t now[128], older[128];

	ASSERT_OK(zx_vmo_write(self->of[VMO], "x", 0, 1));
	ASSERT_OK(zx_object_get_info(self->of[VMO], ZX_INFO_VMO, now, 128, NULL,
				     NULL));
	for (size_t size = 104; size <= 120; size += 16) {
		uint32_t topic = size == 104 ? ZX_INFO_VMO_V1 : ZX_INFO_VMO_V2;

		zxtest_row("%zu bytes", size);
		ASSERT_OK(zx_object_get_info(self->of[VMO], topic, older, 128, NULL,
					     NULL));
		EXPECT_BYTES(now, older, size);
	}
}

/* ---- the name --------------------------------------------------------- */

/* The name as 32 bytes: what follows it is zero. */
static void expect_name(zx_handle_t h, const char *name)
{
	char seen[ZX_MAX_NAME_LEN + 8], exp[ZX_MAX_NAME_LEN] = "";

	memcpy(exp, name, strlen(name));
	poison(seen, sizeof(seen));
	EXPECT_OK(zx_object_get_property(h, ZX_PROP_NAME, seen, sizeof(seen)));
	EXPECT_BYTES(exp, seen, ZX_MAX_NAME_LEN);
	EXPECT_TRUE(poisoned(seen + ZX_MAX_NAME_LEN, 8));
}

TEST_F(object, a_name_is_cut_after_31_bytes_and_ends_at_a_zero)
{
	static const struct {
		const char *value;
		size_t size;
		const char *name;
	} rows[] = {
		{ "vmo", 3, "vmo" },
		{ "vmo", 4, "vmo" },
		{ "vmo", 1, "v" },
		{ "vmo", 0, "" },
		{ "", 1, "" },
		{ "a\0b", 3, "a" },
		{ "0123456789012345678901234567890", 31,
		  "0123456789012345678901234567890" },
		{ "01234567890123456789012345678901", 32,
		  "0123456789012345678901234567890" },
		{ "0123456789012345678901234567890123456789", 40,
		  "0123456789012345678901234567890" },
		{ "short again", 11, "short again" },
		{ "\xff\xfe\t\n", 4, "\xff\xfe\t\n" },
	};
	zx_info_vmo_t info;

	expect_name(self->of[VMO], "");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zxtest_row("row %zu", i);
		EXPECT_OK(zx_object_set_property(self->of[VMO], ZX_PROP_NAME,
						 rows[i].value, rows[i].size));
		expect_name(self->of[VMO], rows[i].name);
		INFO(self->of[VMO], ZX_INFO_VMO, &info);
		EXPECT_TRUE(!strcmp(rows[i].name, info.name));
	}
	/* A size beyond all memory is cut like any other. */
	EXPECT_OK(zx_object_set_property(self->of[VMO], ZX_PROP_NAME,
					 "0123456789012345678901234567890",
					 SIZE_MAX));
	expect_name(self->of[VMO], "0123456789012345678901234567890");
}

TEST_F(object, a_name_is_the_objects_not_the_handles)
{
	zx_handle_t copy;

	ASSERT_OK(zx_handle_duplicate(self->of[VMO], SAME, &copy));
	ASSERT_OK(zx_object_set_property(copy, ZX_PROP_NAME, "shared", 6));
	expect_name(self->of[VMO], "shared");
	EXPECT_OK(zx_handle_close(copy));
}

TEST_F(object, the_name_needs_32_bytes)
{
	char name[ZX_MAX_NAME_LEN];

	for (size_t size = 0; size < ZX_MAX_NAME_LEN; size++) {
		zxtest_row("%zu bytes", size);
		poison(name, sizeof(name));
		EXPECT_STATUS(ZX_ERR_BUFFER_TOO_SMALL,
			      zx_object_get_property(self->of[VMO], ZX_PROP_NAME,
						     name, size));
		EXPECT_TRUE(poisoned(name, sizeof(name)));
	}
}

/* Null, handle, right, property, size, address; of setting, address then type. */
TEST_F(object, properties_are_checked_in_zircons_order)
{
	const zx_handle_t vmo = self->of[VMO];
	const zx_handle_t blind = without(vmo, ZX_RIGHTS_PROPERTY);
	char name[ZX_MAX_NAME_LEN] = "name";
	const struct {
		zx_handle_t handle;
		uint32_t property;
		void *value;
		size_t size;
		zx_status_t get, set;
	} rows[] = {
		{ 5, ZX_PROP_NAME, NULL, 32, ZX_ERR_INVALID_ARGS,
		  ZX_ERR_INVALID_ARGS },
		{ 5, 99, BAD, 0, ZX_ERR_BAD_HANDLE, ZX_ERR_BAD_HANDLE },
		{ blind, 99, BAD, 0, ZX_ERR_ACCESS_DENIED, ZX_ERR_ACCESS_DENIED },
		{ blind, ZX_PROP_NAME, name, 32, ZX_ERR_ACCESS_DENIED,
		  ZX_ERR_ACCESS_DENIED },
		/* Ports and events have neither right by default. */
		{ self->of[PORT], ZX_PROP_NAME, name, 32, ZX_ERR_ACCESS_DENIED,
		  ZX_ERR_ACCESS_DENIED },
		{ vmo, 99, BAD, 0, ZX_ERR_INVALID_ARGS, ZX_ERR_INVALID_ARGS },
		{ vmo, 0, name, 32, ZX_ERR_INVALID_ARGS, ZX_ERR_INVALID_ARGS },
		{ vmo, ZX_PROP_VMO_CONTENT_SIZE, name, 32, ZX_ERR_INVALID_ARGS,
		  ZX_ERR_INVALID_ARGS },
		{ vmo, ZX_PROP_NAME | 1u << 31, name, 32, ZX_ERR_INVALID_ARGS,
		  ZX_ERR_INVALID_ARGS },
		{ vmo, ZX_PROP_NAME, BAD, 31, ZX_ERR_BUFFER_TOO_SMALL,
		  ZX_ERR_INVALID_ARGS },
		{ vmo, ZX_PROP_NAME, BAD, 32, ZX_ERR_INVALID_ARGS,
		  ZX_ERR_INVALID_ARGS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zxtest_row("row %zu", i);
		EXPECT_STATUS(rows[i].get,
			      zx_object_get_property(rows[i].handle, rows[i].property,
						     rows[i].value, rows[i].size));
		EXPECT_STATUS(rows[i].set,
			      zx_object_set_property(rows[i].handle, rows[i].property,
						     rows[i].value, rows[i].size));
	}
	expect_name(vmo, "");
	EXPECT_OK(zx_handle_close(blind));
}

TEST_HARNESS_MAIN
