// SPDX-License-Identifier: MIT
/* Resources: the permission to make guests or executable memory, handed on. */
#include <string.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/resource.h>
#include <zx_hyp/zx_hyp.h>

#include "guest/vm.h"
#include "zxtest.h"

#define BAD	((void *)0x10)		/* nothing is mapped there */
#define SYSTEM	ZX_RSRC_KIND_SYSTEM
#define HYPERVISOR ZX_RSRC_SYSTEM_HYPERVISOR_BASE
#define VMEX	ZX_RSRC_SYSTEM_VMEX_BASE

FIXTURE(resource) {
	zx_handle_t hypervisor, vmex;
};

FIXTURE_SETUP(resource)
{
	self->hypervisor = hypervisor_resource();
	self->vmex = vmex_resource();
}

FIXTURE_TEARDOWN(resource)
{
	(void)zx_handle_close(self->hypervisor);
	(void)zx_handle_close(self->vmex);
}

static zx_handle_t child_of(zx_handle_t parent, uint64_t base, const char *name)
{
	zx_handle_t h;

	ASSERT_OK(zx_resource_create(parent, SYSTEM, base, 1, name, strlen(name), &h));
	return h;
}

/* What the resource is good for: either, and then not the other. */
static void expect_use(zx_handle_t h, uint64_t base)
{
	bool hypervisor = base == HYPERVISOR;
	zx_handle_t guest, vmar, vmo;

	EXPECT_STATUS(hypervisor ? ZX_OK : ZX_ERR_WRONG_TYPE,
		      zx_guest_create(h, 0, &guest, &vmar));
	if (hypervisor) {
		EXPECT_OK(zx_handle_close(guest));
		EXPECT_OK(zx_handle_close(vmar));
	}
	ASSERT_OK(zx_vmo_create(4096, 0, &vmo));
	EXPECT_STATUS(hypervisor ? ZX_ERR_WRONG_TYPE : ZX_OK,
		      zx_vmo_replace_as_executable(vmo, h, &vmo));
	if (!hypervisor)
		EXPECT_OK(zx_handle_close(vmo));
}

static void expect_info(zx_handle_t h, uint64_t base, const char *name)
{
	zx_info_resource_t info, exp = {
		.kind = SYSTEM,
		.flags = 0,
		.base = base,
		.size = 1,
	};

	memcpy(exp.name, name, strlen(name));
	poison(&info, sizeof(info));
	EXPECT_OK(zx_object_get_info(h, ZX_INFO_RESOURCE, &info, sizeof(info), NULL,
				     NULL));
	EXPECT_BYTES(&exp, &info, sizeof(info));
}

/* ---- those that the device gives out ---------------------------------- */

TEST(there_are_two_kinds)
{
	static const struct {
		uint32_t kind;
		zx_status_t status;
	} rows[] = {
		{ ZX_HYP_RESOURCE_HYPERVISOR, ZX_OK },
		{ ZX_HYP_RESOURCE_VMEX, ZX_OK },
		{ 0, ZX_ERR_INVALID_ARGS },
		{ 3, ZX_ERR_INVALID_ARGS },
		{ 1u << 31, ZX_ERR_INVALID_ARGS },
		{ ~0u, ZX_ERR_INVALID_ARGS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zx_handle_t h;

		zxtest_row("kind %#x", rows[i].kind);
		poison(&h, sizeof(h));
		EXPECT_STATUS(rows[i].status, zx_hyp_resource_get(rows[i].kind, &h));
		if (rows[i].status == ZX_OK)
			EXPECT_OK(zx_handle_close(h));
		else
			EXPECT_TRUE(poisoned(&h, sizeof(h)));
	}
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
		      zx_hyp_resource_get(ZX_HYP_RESOURCE_VMEX, BAD));
	EXPECT_TRUE(wait_until(10, zxtest_objects_of("resource") == 0));
}

TEST_F(resource, they_tell_what_they_are)
{
	expect_info(self->hypervisor, HYPERVISOR, "hypervisor");
	expect_info(self->vmex, VMEX, "vmex");
}

TEST_F(resource, each_is_good_for_its_own)
{
	expect_use(self->hypervisor, HYPERVISOR);
	expect_use(self->vmex, VMEX);
}

/* ---- create ----------------------------------------------------------- */

/* Parent, kind and range, the parent's kind, the name, the result. */
TEST_F(resource, create_checks_in_zircons_order)
{
	zx_handle_t hypervisor = self->hypervisor, vmex = self->vmex, weak, event;

	ASSERT_OK(zx_event_create(0, &event));
	ASSERT_OK(zx_handle_duplicate(hypervisor, ZX_RIGHT_INSPECT, &weak));
	const struct {
		zx_handle_t parent;
		uint32_t options;
		uint64_t base;
		size_t size;
		const char *name;
		zx_status_t status;
	} rows[] = {
		{ 0, ~0u, 99, 99, BAD, ZX_ERR_BAD_HANDLE },
		{ 5, ~0u, 99, 99, BAD, ZX_ERR_BAD_HANDLE },
		{ event, ~0u, 99, 99, BAD, ZX_ERR_WRONG_TYPE },
		{ weak, ~0u, 99, 99, BAD, ZX_ERR_ACCESS_DENIED },
		{ hypervisor, ZX_RSRC_KIND_MMIO, HYPERVISOR, 1, BAD,
		  ZX_ERR_ACCESS_DENIED },
		{ hypervisor, ZX_RSRC_KIND_ROOT, HYPERVISOR, 1, "x",
		  ZX_ERR_ACCESS_DENIED },
		{ hypervisor, ZX_RSRC_KIND_COUNT, HYPERVISOR, 1, "x",
		  ZX_ERR_INVALID_ARGS },
		{ hypervisor, SYSTEM | ZX_RSRC_FLAG_EXCLUSIVE, HYPERVISOR, 1, "x",
		  ZX_ERR_INVALID_ARGS },
		{ hypervisor, SYSTEM, ZX_RSRC_SYSTEM_DEBUG_BASE, 1, "x",
		  ZX_ERR_ACCESS_DENIED },
		{ hypervisor, SYSTEM, 1ull << 32, 1, "x", ZX_ERR_ACCESS_DENIED },
		{ hypervisor, SYSTEM, HYPERVISOR, 0, "x", ZX_ERR_INVALID_ARGS },
		{ hypervisor, SYSTEM, HYPERVISOR, 2, "x", ZX_ERR_INVALID_ARGS },
		{ hypervisor, SYSTEM, VMEX, 1, BAD, ZX_ERR_ACCESS_DENIED },
		{ vmex, SYSTEM, HYPERVISOR, 1, "x", ZX_ERR_ACCESS_DENIED },
		{ hypervisor, SYSTEM, HYPERVISOR, 1, BAD, ZX_ERR_INVALID_ARGS },
		{ hypervisor, SYSTEM, HYPERVISOR, 1, NULL, ZX_ERR_INVALID_ARGS },
		{ hypervisor, SYSTEM, HYPERVISOR, 1, "x", ZX_OK },
		{ vmex, SYSTEM, VMEX, 1, "x", ZX_OK },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zx_handle_t h;

		zxtest_row("row %zu", i);
		poison(&h, sizeof(h));
		EXPECT_STATUS(rows[i].status,
			      zx_resource_create(rows[i].parent, rows[i].options,
						 rows[i].base, rows[i].size,
						 rows[i].name, 1, &h));
		if (rows[i].status == ZX_OK)
			EXPECT_OK(zx_handle_close(h));
		else
			EXPECT_TRUE(poisoned(&h, sizeof(h)));
	}
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
		      zx_resource_create(hypervisor, SYSTEM, HYPERVISOR, 1, "x", 1,
					 BAD));
	EXPECT_TRUE(wait_until(10, zxtest_objects_of("resource") == 2));
}

TEST_F(resource, a_name_is_cut_after_31_bytes_and_ends_at_a_zero)
{
	static const char digits[] = "0123456789012345678901234567890123456789";
	static const struct {
		const char *value;
		size_t size;
		const char *name;
	} rows[] = {
		{ NULL, 0, "" },
		{ BAD, 0, "" },
		{ "abc", 3, "abc" },
		{ "abc", 2, "ab" },
		{ "a\0b", 3, "a" },
		{ digits, 31, "0123456789012345678901234567890" },
		{ digits, 32, "0123456789012345678901234567890" },
		{ digits, 40, "0123456789012345678901234567890" },
		{ digits, SIZE_MAX, "0123456789012345678901234567890" },
		{ digits, 1ull << 32, "0123456789012345678901234567890" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zx_handle_t h;

		zxtest_row("row %zu", i);
		ASSERT_OK(zx_resource_create(self->vmex, SYSTEM, VMEX, 1,
					     rows[i].value, rows[i].size, &h));
		expect_info(h, VMEX, rows[i].name);
		EXPECT_OK(zx_handle_close(h));
	}
}

TEST_F(resource, a_child_is_good_for_what_its_parent_is)
{
	zx_handle_t child, vmex;

	child = child_of(self->hypervisor, HYPERVISOR, "child");
	vmex = child_of(self->vmex, VMEX, "vmex child");
	expect_use(child, HYPERVISOR);
	expect_use(vmex, VMEX);
	EXPECT_OK(zx_handle_close(child));
	EXPECT_OK(zx_handle_close(vmex));
}

TEST_F(resource, a_child_outlives_its_parent_and_may_have_children)
{
	zx_handle_t child, grandchild;

	child = child_of(self->hypervisor, HYPERVISOR, "child");
	ASSERT_OK(zx_handle_close(self->hypervisor));
	grandchild = child_of(child, HYPERVISOR, "grandchild");
	ASSERT_OK(zx_handle_close(child));
	expect_info(grandchild, HYPERVISOR, "grandchild");
	expect_use(grandchild, HYPERVISOR);
	EXPECT_OK(zx_handle_close(grandchild));
	/* No child keeps its parent. */
	EXPECT_TRUE(wait_until(10, zxtest_objects_of("resource") == 1));
}

TEST_F(resource, a_child_is_an_object_of_its_own)
{
	zx_handle_t child = child_of(self->vmex, VMEX, "child");
	zx_info_handle_basic_t info, parent;

	ASSERT_OK(zx_object_get_info(child, ZX_INFO_HANDLE_BASIC, &info,
				     sizeof(info), NULL, NULL));
	ASSERT_OK(zx_object_get_info(self->vmex, ZX_INFO_HANDLE_BASIC, &parent,
				     sizeof(parent), NULL, NULL));
	EXPECT_EQ(ZX_OBJ_TYPE_RESOURCE, info.type);
	EXPECT_NE(parent.koid, info.koid);
	expect_info(self->vmex, VMEX, "vmex");
	EXPECT_OK(zx_handle_close(child));
}

TEST_HARNESS_MAIN
