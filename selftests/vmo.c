// SPDX-License-Identifier: MIT
/*
 * VMOs: creation, size, reading and writing, making one executable.
 */
#include <string.h>
#include <sys/mman.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

#include "guest/vm.h"
#include "zxtest.h"

#define PAGE	4096ull
#define BAD	((void *)0x10)		/* nothing is mapped there */

/* ---- create and size -------------------------------------------------- */

TEST(create_checks_options_before_size)
{
	static const struct {
		uint64_t size;
		uint32_t options;
		zx_status_t status;
	} rows[] = {
		{ 0, 0, ZX_OK },
		{ 4096, 0, ZX_OK },
		{ 4096, ZX_VMO_RESIZABLE, ZX_OK },
		{ 4096, ZX_VMO_NON_RESIZABLE, ZX_OK },
		{ 4096, ZX_VMO_NON_RESIZABLE | ZX_VMO_RESIZABLE,
		  ZX_ERR_INVALID_ARGS },
		{ 4096, 1u << 4, ZX_ERR_INVALID_ARGS },
		{ 4096, 1u << 31, ZX_ERR_INVALID_ARGS },
		{ 4096, ~0u, ZX_ERR_INVALID_ARGS },
		{ 4096, ZX_VMO_RESIZABLE | 1u << 31, ZX_ERR_INVALID_ARGS },
		/* Not there yet, which is looked at after what is unknown. */
		{ 4096, ZX_VMO_DISCARDABLE, ZX_ERR_NOT_SUPPORTED },
		{ 4096, ZX_VMO_DISCARDABLE | ZX_VMO_RESIZABLE,
		  ZX_ERR_NOT_SUPPORTED },
		{ 4096, ZX_VMO_DISCARDABLE | 1u << 4, ZX_ERR_INVALID_ARGS },
		{ UINT64_MAX, ZX_VMO_DISCARDABLE, ZX_ERR_NOT_SUPPORTED },
		{ UINT64_MAX, 0, ZX_ERR_OUT_OF_RANGE },
		{ UINT64_MAX - 4094, 0, ZX_ERR_OUT_OF_RANGE },
		{ UINT64_MAX - 65535 + 1, 0, ZX_ERR_OUT_OF_RANGE },
		{ UINT64_MAX, 1u << 31, ZX_ERR_INVALID_ARGS },
		/* Zircon's limit, and Linux's below it. */
		{ UINT64_MAX - 65535, 0, ZX_ERR_NO_MEMORY },
		{ 1ull << 63, 0, ZX_ERR_NO_MEMORY },
		{ (1ull << 63) - PAGE, 0, ZX_OK },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zx_handle_t h;

		zxtest_row("size %#llx options %#x",
			   (unsigned long long)rows[i].size, rows[i].options);
		poison(&h, sizeof(h));
		EXPECT_STATUS(rows[i].status,
			      zx_vmo_create(rows[i].size, rows[i].options, &h));
		if (rows[i].status == ZX_OK)
			EXPECT_OK(zx_handle_close(h));
		else
			EXPECT_TRUE(poisoned(&h, sizeof(h)));
	}
}

TEST(size_is_rounded_up_to_a_page)
{
	static const uint64_t rows[][2] = {
		{ 0, 0 }, { 1, PAGE }, { PAGE - 1, PAGE }, { PAGE, PAGE },
		{ PAGE + 1, 2 * PAGE }, { 1ull << 32, 1ull << 32 },
		{ (1ull << 32) + 1, (1ull << 32) + PAGE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t size = 77;
		zx_handle_t h;

		zxtest_row("size %#llx", (unsigned long long)rows[i][0]);
		ASSERT_OK(zx_vmo_create(rows[i][0], 0, &h));
		EXPECT_OK(zx_vmo_get_size(h, &size));
		EXPECT_EQ(rows[i][1], size);
		EXPECT_OK(zx_handle_close(h));
	}
}

/* Nothing is committed by creating: a machine could not hold these. */
TEST(creating_commits_no_memory)
{
	zx_handle_t h[64];
	uint8_t byte = 1;

	for (size_t i = 0; i < ARRAY_SIZE(h); i++)
		ASSERT_OK(zx_vmo_create(1ull << 40, 0, &h[i]));
	EXPECT_OK(zx_vmo_read(h[0], &byte, (1ull << 40) - 1, 1));
	EXPECT_EQ(0, byte);
	for (size_t i = 0; i < ARRAY_SIZE(h); i++)
		EXPECT_OK(zx_handle_close(h[i]));
}

TEST(get_size_refuses_a_bad_result_address)
{
	zx_handle_t h;

	ASSERT_OK(zx_vmo_create(PAGE, 0, &h));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_vmo_get_size(h, NULL));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_vmo_get_size(h, BAD));
}

TEST(create_refuses_a_bad_result_address)
{
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_vmo_create(PAGE, 0, NULL));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_vmo_create(PAGE, 0, BAD));
}

/* ---- read and write --------------------------------------------------- */

FIXTURE(rw) {
	zx_handle_t vmo;		/* three pages */
	uint8_t buf[5 * PAGE];
};

FIXTURE_SETUP(rw)
{
	ASSERT_OK(zx_vmo_create(2 * PAGE + 1, 0, &self->vmo));
}

FIXTURE_TEARDOWN(rw)
{
	EXPECT_OK(zx_handle_close(self->vmo));
}

TEST_F(rw, a_new_vmo_reads_as_zeroes)
{
	static const uint8_t zeroes[3 * PAGE];

	poison(self->buf, sizeof(self->buf));
	EXPECT_OK(zx_vmo_read(self->vmo, self->buf, 0, 3 * PAGE));
	EXPECT_BYTES(zeroes, self->buf, 3 * PAGE);
	EXPECT_TRUE(poisoned(self->buf + 3 * PAGE, 2 * PAGE));
}

TEST_F(rw, what_is_written_is_read)
{
	static const struct {
		uint64_t offset, len;
	} rows[] = {
		{ 0, 1 }, { 1, 7 }, { PAGE - 1, 2 }, { PAGE, PAGE },
		{ PAGE + 3, PAGE }, { 3 * PAGE - 1, 1 }, { 0, 3 * PAGE },
	};
	uint8_t data[3 * PAGE], all[3 * PAGE] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zxtest_row("offset %#llx len %#llx",
			   (unsigned long long)rows[i].offset,
			   (unsigned long long)rows[i].len);
		for (size_t b = 0; b < sizeof(data); b++)
			data[b] = b * 7 + i + 1;
		EXPECT_OK(zx_vmo_write(self->vmo, data, rows[i].offset,
				       rows[i].len));
		memcpy(all + rows[i].offset, data, rows[i].len);
		EXPECT_OK(zx_vmo_read(self->vmo, self->buf, 0, 3 * PAGE));
		EXPECT_BYTES(all, self->buf, sizeof(all));
		poison(self->buf, sizeof(self->buf));
		EXPECT_OK(zx_vmo_read(self->vmo, self->buf, rows[i].offset,
				      rows[i].len));
		EXPECT_BYTES(data, self->buf, rows[i].len);
		EXPECT_EQ(POISON, self->buf[rows[i].len]);
	}
}

/* Ranges: judged by the rounded size, and all or nothing. */
TEST_F(rw, ranges_beyond_the_rounded_size_transfer_nothing)
{
	static const struct {
		uint64_t offset, len;
		zx_status_t status;
	} rows[] = {
		{ 0, 0, ZX_OK },
		{ 3 * PAGE, 0, ZX_OK },
		{ 2 * PAGE + 1, PAGE - 1, ZX_OK },
		{ 3 * PAGE - 1, 2, ZX_ERR_OUT_OF_RANGE },
		{ 3 * PAGE, 1, ZX_ERR_OUT_OF_RANGE },
		{ 3 * PAGE + 1, 0, ZX_ERR_OUT_OF_RANGE },
		{ 0, 3 * PAGE + 1, ZX_ERR_OUT_OF_RANGE },
		{ 4 * PAGE, 1, ZX_ERR_OUT_OF_RANGE },
		{ UINT64_MAX, 1, ZX_ERR_OUT_OF_RANGE },
		{ UINT64_MAX, 2, ZX_ERR_OUT_OF_RANGE },
		{ 1, UINT64_MAX, ZX_ERR_OUT_OF_RANGE },
		{ UINT64_MAX - 1, 3, ZX_ERR_OUT_OF_RANGE },
		{ 1ull << 63, 1ull << 63, ZX_ERR_OUT_OF_RANGE },
	};
	static const uint8_t zeroes[3 * PAGE];
	uint8_t back[3 * PAGE];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zxtest_row("offset %#llx len %#llx",
			   (unsigned long long)rows[i].offset,
			   (unsigned long long)rows[i].len);
		poison(self->buf, sizeof(self->buf));
		EXPECT_STATUS(rows[i].status,
			      zx_vmo_read(self->vmo, self->buf, rows[i].offset,
					  rows[i].len));
		if (rows[i].status != ZX_OK || !rows[i].len)
			EXPECT_TRUE(poisoned(self->buf, sizeof(self->buf)));
		if (rows[i].status == ZX_OK && rows[i].len)
			continue;
		poison(self->buf, sizeof(self->buf));
		EXPECT_STATUS(rows[i].status,
			      zx_vmo_write(self->vmo, self->buf, rows[i].offset,
					   rows[i].len));
		ASSERT_OK(zx_vmo_read(self->vmo, back, 0, sizeof(back)));
		EXPECT_BYTES(zeroes, back, sizeof(back));
	}
}

TEST_F(rw, a_bad_buffer_is_invalid_args)
{
	uint8_t *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, (void *)page);
	ASSERT_EQ(0, mprotect(page + PAGE, PAGE, PROT_NONE));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_vmo_read(self->vmo, BAD, 0, 1));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_vmo_write(self->vmo, BAD, 0, 1));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_vmo_read(self->vmo, NULL, 0, 1));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_vmo_write(self->vmo, NULL, 0, 1));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
		      zx_vmo_read(self->vmo, page + PAGE - 8, 0, 16));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
		      zx_vmo_write(self->vmo, page + PAGE - 8, 0, 16));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
		      zx_vmo_read(self->vmo, (void *)0xffff888000000000ul, 0,
				  1));
}

TEST_F(rw, a_range_error_wins_over_a_bad_buffer)
{
	EXPECT_STATUS(ZX_ERR_OUT_OF_RANGE,
		      zx_vmo_read(self->vmo, BAD, 3 * PAGE, 1));
	EXPECT_STATUS(ZX_ERR_OUT_OF_RANGE,
		      zx_vmo_write(self->vmo, BAD, 3 * PAGE, 1));
}

TEST_F(rw, nothing_is_asked_of_the_buffer_for_no_bytes)
{
	EXPECT_OK(zx_vmo_read(self->vmo, NULL, 0, 0));
	EXPECT_OK(zx_vmo_write(self->vmo, NULL, 0, 0));
}

/* The buffer may be a mapping of the very VMO. */
TEST_F(rw, a_mapping_of_the_vmo_can_be_the_buffer)
{
	uint8_t *map = map_self(self->vmo, 3 * PAGE);

	memset(map, 0x11, PAGE);
	EXPECT_OK(zx_vmo_write(self->vmo, map, PAGE, PAGE));
	EXPECT_EQ(0x11, map[PAGE]);
	EXPECT_OK(zx_vmo_read(self->vmo, map + 2 * PAGE, 0, PAGE));
	EXPECT_EQ(0x11, map[3 * PAGE - 1]);
	EXPECT_OK(zx_vmar_unmap(zx_vmar_root_self(), (zx_vaddr_t)map,
				3 * PAGE));
}

TEST(a_vmo_of_size_zero_holds_nothing)
{
	zx_handle_t h;
	uint8_t byte;

	ASSERT_OK(zx_vmo_create(0, 0, &h));
	EXPECT_OK(zx_vmo_read(h, &byte, 0, 0));
	EXPECT_STATUS(ZX_ERR_OUT_OF_RANGE, zx_vmo_read(h, &byte, 0, 1));
	EXPECT_STATUS(ZX_ERR_OUT_OF_RANGE, zx_vmo_write(h, &byte, 0, 1));
	EXPECT_OK(zx_handle_close(h));
}

/* ---- replace_as_executable -------------------------------------------- */

static bool maps_executable(zx_handle_t vmo)
{
	zx_vaddr_t addr;
	zx_status_t status;

	status = zx_vmar_map(zx_vmar_root_self(),
			     ZX_VM_PERM_READ | ZX_VM_PERM_EXECUTE, 0, vmo, 0,
			     PAGE, &addr);
	if (status != ZX_OK) {
		EXPECT_STATUS(ZX_ERR_ACCESS_DENIED, status);
		return false;
	}
	EXPECT_OK(zx_vmar_unmap(zx_vmar_root_self(), addr, PAGE));
	return true;
}

TEST(a_new_vmo_may_not_be_mapped_executable)
{
	zx_handle_t h;

	ASSERT_OK(zx_vmo_create(PAGE, 0, &h));
	EXPECT_FALSE(maps_executable(h));
}

TEST(replace_as_executable_gives_the_right_and_keeps_the_bytes)
{
	zx_handle_t h, x, vmex = vmex_resource();
	uint64_t size = 0;
	char text[6] = "";

	ASSERT_OK(zx_vmo_create(2 * PAGE, 0, &h));
	ASSERT_OK(zx_vmo_write(h, "hello", 100, 6));
	ASSERT_OK(zx_vmo_replace_as_executable(h, vmex, &x));
	EXPECT_TRUE(maps_executable(x));
	EXPECT_OK(zx_vmo_get_size(x, &size));
	EXPECT_EQ(2 * PAGE, size);
	EXPECT_OK(zx_vmo_read(x, text, 100, 6));
	EXPECT_BYTES("hello", text, 6);
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_vmo_get_size(h, &size));
	EXPECT_OK(zx_handle_close(vmex));
	EXPECT_OK(zx_handle_close(x));
}

TEST(replace_as_executable_works_without_a_resource)
{
	zx_handle_t h, x;

	ASSERT_OK(zx_vmo_create(PAGE, 0, &h));
	ASSERT_OK(zx_vmo_replace_as_executable(h, ZX_HANDLE_INVALID, &x));
	EXPECT_TRUE(maps_executable(x));
	EXPECT_OK(zx_handle_close(x));
}

/* Whatever is wrong, the source is gone and no result is written. */
TEST(replace_as_executable_consumes_its_source_in_every_case)
{
	zx_handle_t hyp = hypervisor_resource(), guest, vmar, vmo2;
	zx_handle_t closed = vmex_resource();

	guest_create(&guest, &vmar);
	ASSERT_OK(zx_vmo_create(PAGE, 0, &vmo2));
	ASSERT_OK(zx_handle_close(closed));

	const struct {
		const char *name;
		zx_handle_t vmex;
		zx_status_t status;
	} rows[] = {
		{ "resource of another kind", hyp, ZX_ERR_WRONG_TYPE },
		{ "a guest as resource", guest, ZX_ERR_WRONG_TYPE },
		{ "a VMO as resource", vmo2, ZX_ERR_WRONG_TYPE },
		{ "a closed resource", closed, ZX_ERR_BAD_HANDLE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zx_handle_t h, x;

		zxtest_row("%s", rows[i].name);
		ASSERT_OK(zx_vmo_create(PAGE, 0, &h));
		poison(&x, sizeof(x));
		EXPECT_STATUS(rows[i].status,
			      zx_vmo_replace_as_executable(h, rows[i].vmex,
							   &x));
		EXPECT_TRUE(poisoned(&x, sizeof(x)));
		EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_handle_close(h));
	}
	zxtest_row_end();
	EXPECT_OK(zx_handle_close(vmo2));	/* only the source is consumed */
	EXPECT_OK(zx_handle_close(hyp));
	EXPECT_OK(zx_handle_close(vmar));
	EXPECT_OK(zx_handle_close(guest));
}

TEST(replace_as_executable_of_no_vmo_is_bad_handle_and_consumes)
{
	zx_handle_t vmex = vmex_resource(), x;
	zx_handle_t source = hypervisor_resource();

	poison(&x, sizeof(x));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE,
		      zx_vmo_replace_as_executable(source, vmex, &x));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_handle_close(source));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE,
		      zx_vmo_replace_as_executable(source, vmex, &x));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE,
		      zx_vmo_replace_as_executable(0, vmex, &x));
	EXPECT_TRUE(poisoned(&x, sizeof(x)));
	EXPECT_OK(zx_handle_close(vmex));
}

/* The source is looked for, then the resource, the source's type, the result. */
TEST(replace_as_executable_checks_in_zircons_order)
{
	zx_handle_t hyp = hypervisor_resource(), closed = hypervisor_resource();
	zx_handle_t vmo, event;

	ASSERT_OK(zx_handle_close(closed));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE,
		      zx_vmo_replace_as_executable(closed, hyp, BAD));
	ASSERT_OK(zx_event_create(0, &event));
	EXPECT_STATUS(ZX_ERR_WRONG_TYPE,
		      zx_vmo_replace_as_executable(event, hyp, BAD));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_handle_close(event));
	ASSERT_OK(zx_event_create(0, &event));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE,
		      zx_vmo_replace_as_executable(event, ZX_HANDLE_INVALID, BAD));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_handle_close(event));
	ASSERT_OK(zx_vmo_create(PAGE, 0, &vmo));
	EXPECT_STATUS(ZX_ERR_WRONG_TYPE,
		      zx_vmo_replace_as_executable(vmo, hyp, BAD));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_handle_close(vmo));
	EXPECT_OK(zx_handle_close(hyp));
}

TEST(replace_as_executable_with_a_bad_result_address_consumes)
{
	zx_handle_t h, vmex = vmex_resource();

	ASSERT_OK(zx_vmo_create(PAGE, 0, &h));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
		      zx_vmo_replace_as_executable(h, vmex, BAD));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_handle_close(h));
	EXPECT_OK(zx_handle_close(vmex));
}

TEST(a_mapping_keeps_the_vmo_after_its_handle)
{
	zx_handle_t h;
	uint8_t *map;

	ASSERT_OK(zx_vmo_create(PAGE, 0, &h));
	ASSERT_OK(zx_vmo_write(h, "kept", 0, 5));
	map = map_self(h, PAGE);
	ASSERT_OK(zx_handle_close(h));
	EXPECT_BYTES("kept", map, 5);
	map[0] = 'K';
	EXPECT_EQ('K', map[0]);
	EXPECT_OK(zx_vmar_unmap(zx_vmar_root_self(), (zx_vaddr_t)map, PAGE));
}

TEST_HARNESS_MAIN
