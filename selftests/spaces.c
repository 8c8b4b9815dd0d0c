// SPDX-License-Identifier: MIT
/*
 * The two address spaces that VMARs are of. See spaces.h.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>

#include "guest/vm.h"
#include "spaces.h"

static void open_one(struct space *s)
{
	zx_info_vmar_t info;

	ASSERT_OK(zx_object_get_info(s->root, ZX_INFO_VMAR, &info, sizeof(info),
				     NULL, NULL));
	s->root_base = info.base;
	s->root_size = info.len;
	s->vmar = part_of(s->root, CAN_ALL, ARENA - s->root_base,
			  ARENA_PAGES * PAGE);
}

void spaces_open(struct space s[2])
{
	s[0] = (struct space){ .name = "guest" };
	guest_create(&s[0].guest, &s[0].root);
	s[1] = (struct space){
		.name = "process",
		.process = true,
		.root = zx_vmar_root_self(),
	};
	open_one(&s[0]);
	open_one(&s[1]);
}

void spaces_close(struct space s[2])
{
	for (int i = 0; i < 2; i++) {
		EXPECT_OK(zx_vmar_destroy(s[i].vmar));
		EXPECT_OK(zx_handle_close(s[i].vmar));
	}
	EXPECT_OK(zx_handle_close(s[0].root));
	EXPECT_OK(zx_handle_close(s[0].guest));
}

zx_handle_t part_of(zx_handle_t vmar, uint32_t can, uint64_t offset,
		    uint64_t size)
{
	zx_handle_t part;
	zx_vaddr_t addr;

	ASSERT_OK(zx_vmar_allocate(vmar, can | SPECIFIC, offset, size, &part,
				   &addr));
	return part;
}

void map_in(zx_handle_t vmar, uint32_t options, uint64_t offset,
	    zx_handle_t vmo, uint64_t len)
{
	zx_vaddr_t addr;

	if (!(options & OVERWRITE))
		options |= SPECIFIC;
	ASSERT_OK(zx_vmar_map(vmar, options, offset, vmo, 0, len, &addr));
}

uint64_t mapped_at(zx_handle_t vmar, uint64_t addr, unsigned int n)
{
	uint64_t mask = 0;

	for (unsigned int p = 0; p < n; p++) {
		zx_status_t status;

		status = zx_vmar_op_range(vmar, ZX_VMAR_OP_MAP_RANGE,
					  addr + p * PAGE, PAGE, NULL, 0);
		if (status == ZX_OK)
			mask |= 1ull << p;
		else
			EXPECT_STATUS(ZX_ERR_BAD_STATE, status);
	}
	return mask;
}

uint64_t mapped_in(zx_handle_t vmar)
{
	zx_info_vmar_t info;

	ASSERT_OK(zx_object_get_info(vmar, ZX_INFO_VMAR, &info, sizeof(info),
				     NULL, NULL));
	return mapped_at(vmar, info.base, info.len < 64 * PAGE ?
			 info.len / PAGE : 64);
}

zx_handle_t duplicate(zx_handle_t handle, zx_rights_t rights)
{
	zx_handle_t out;

	ASSERT_OK(zx_handle_duplicate(handle, rights, &out));
	return out;
}

zx_handle_t with_rights(zx_handle_t handle, zx_rights_t rights)
{
	zx_handle_t out;

	ASSERT_OK(zx_handle_replace(handle, rights, &out));
	return out;
}

zx_rights_t rights_of(zx_handle_t handle)
{
	zx_info_handle_basic_t info;

	ASSERT_OK(zx_object_get_info(handle, ZX_INFO_HANDLE_BASIC, &info,
				     sizeof(info), NULL, NULL));
	return info.rights;
}

/* A pipe, through which the kernel touches memory and says whether it could. */
static const int *through(void)
{
	static int ends[2];

	if (!ends[1])
		ASSERT_EQ(0, pipe2(ends, O_CLOEXEC));
	return ends;
}

bool host_read(uint64_t addr, void *out, size_t size)
{
	const int *ends = through();

	if (write(ends[1], (void *)addr, size) != (ssize_t)size)
		return false;
	ASSERT_EQ((ssize_t)size, read(ends[0], out, size));
	return true;
}

bool host_write(uint64_t addr, const void *in, size_t size)
{
	const int *ends = through();
	uint8_t rest[8];

	ASSERT_GE(sizeof(rest), size);
	ASSERT_EQ((ssize_t)size, write(ends[1], in, size));
	if (read(ends[0], (void *)addr, size) == (ssize_t)size)
		return true;
	ASSERT_EQ((ssize_t)size, read(ends[0], rest, size));
	return false;
}

bool can_read(uint64_t addr)
{
	uint8_t byte;

	return host_read(addr, &byte, 1);
}

bool can_write(uint64_t addr)
{
	uint8_t byte = 0;

	/* What is there already, where that can be known. */
	(void)host_read(addr, &byte, 1);
	return host_write(addr, &byte, 1);
}

uint64_t word_at(uint64_t addr)
{
	uint64_t word;

	return host_read(addr, &word, 8) ? word : UINT64_MAX;
}

bool is_present(uint64_t addr)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry;

	ASSERT_LE(0, fd);
	ASSERT_EQ(8, pread(fd, &entry, 8, addr / PAGE * 8));
	close(fd);
	return entry >> 63;
}

zx_handle_t tagged_vmo(uint64_t n_pages, uint32_t options, uint64_t tag)
{
	zx_handle_t vmo;

	ASSERT_OK(zx_vmo_create(n_pages * PAGE, options, &vmo));
	for (uint64_t p = 0; p < n_pages; p++, tag++)
		ASSERT_OK(zx_vmo_write(vmo, &tag, p * PAGE, sizeof(tag)));
	return vmo;
}

uint64_t vmo_word(zx_handle_t vmo, uint64_t offset)
{
	uint64_t word;

	ASSERT_OK(zx_vmo_read(vmo, &word, offset, sizeof(word)));
	return word;
}

static void vmo_info(zx_handle_t vmo, zx_info_vmo_t *info)
{
	ASSERT_OK(zx_object_get_info(vmo, ZX_INFO_VMO, info, sizeof(*info),
				     NULL, NULL));
}

uint64_t committed_bytes(zx_handle_t vmo)
{
	zx_info_vmo_t info;

	vmo_info(vmo, &info);
	return info.committed_bytes;
}

uint64_t vmo_size(zx_handle_t vmo)
{
	uint64_t size;

	ASSERT_OK(zx_vmo_get_size(vmo, &size));
	return size;
}

unsigned long count_maps(void)
{
	FILE *f = fopen("/proc/self/maps", "re");
	unsigned long n = 0;
	int c;

	ASSERT_TRUE(f);
	while ((c = fgetc(f)) != EOF)
		n += c == '\n';
	fclose(f);
	return n;
}
