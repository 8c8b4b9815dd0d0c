/* SPDX-License-Identifier: MIT */
/*
 * The ioctl contract by hand, for tests that look below libzx. What must work
 * for a test to begin ends it when it does not.
 */
#ifndef SELFTESTS_ABI_H
#define SELFTESTS_ABI_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include <linux/zx_hyp.h>

#include "zxtest.h"

/* The ioctl's result, or the negative errno. */
static inline long abi_call(int fd, unsigned int cmd, void *arg)
{
	long ret = ioctl(fd, cmd, arg);

	return ret < 0 ? -errno : ret;
}

static inline int abi_open(void)
{
	int fd = open("/dev/zx_hyp", O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, fd);
	return fd;
}

static inline uint32_t abi_resource(int fd, uint32_t kind)
{
	uint32_t handle = 0;
	struct zx_hyp_resource_get arg = {
		.size = sizeof(arg),
		.kind = kind,
		.out_handle = (uintptr_t)&handle,
	};

	ASSERT_EQ(0, abi_call(fd, ZX_HYP_RESOURCE_GET, &arg));
	return handle;
}

static inline void abi_close(int fd, uint32_t handle)
{
	struct zx_hyp_handle_close arg = { sizeof(arg), handle };

	ASSERT_EQ(0, abi_call(fd, ZX_HYP_HANDLE_CLOSE, &arg));
}

static inline uint32_t abi_vmo(int fd, uint64_t size)
{
	uint32_t handle = 0;
	struct zx_hyp_vmo_create arg = {
		.size = sizeof(arg),
		.vmo_size = size,
		.out_handle = (uintptr_t)&handle,
	};

	ASSERT_EQ(0, abi_call(fd, ZX_HYP_VMO_CREATE, &arg));
	return handle;
}

static inline uint32_t abi_root_vmar(int fd)
{
	uint32_t handle = 0;
	struct zx_hyp_vmar_root_self arg = {
		.size = sizeof(arg),
		.out_handle = (uintptr_t)&handle,
	};

	ASSERT_EQ(0, abi_call(fd, ZX_HYP_VMAR_ROOT_SELF, &arg));
	return handle;
}

static inline void abi_guest(int fd, uint32_t *guest, uint32_t *vmar)
{
	uint32_t resource = abi_resource(fd, ZX_HYP_RESOURCE_HYPERVISOR);
	struct zx_hyp_guest_create arg = {
		.size = sizeof(arg),
		.resource = resource,
		.out_guest = (uintptr_t)guest,
		.out_vmar = (uintptr_t)vmar,
	};

	ASSERT_EQ(0, abi_call(fd, ZX_HYP_GUEST_CREATE, &arg));
	abi_close(fd, resource);
}

static inline long abi_map(int fd, uint32_t vmar, uint32_t options,
			   uint64_t offset, uint32_t vmo, uint64_t len)
{
	uint64_t addr;
	struct zx_hyp_vmar_map arg = {
		.size = sizeof(arg),
		.vmar = vmar,
		.options = options,
		.vmo = vmo,
		.vmar_offset = offset,
		.len = len,
		.out_addr = (uintptr_t)&addr,
	};

	return abi_call(fd, ZX_HYP_VMAR_MAP, &arg);
}

#endif /* SELFTESTS_ABI_H */
