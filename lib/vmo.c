// SPDX-License-Identifier: MIT
/* Virtual memory objects. */
#include <zircon/syscalls.h>

#include "libzx.h"

ZX_EXPORT zx_status_t zx_vmo_create(uint64_t size, uint32_t options, zx_handle_t *out)
{
	struct zx_hyp_vmo_create call = {
		.size = sizeof(call),
		.options = options,
		.vmo_size = size,
		.out_handle = libzx_address(out),
	};

	/* With the other one it is a contradiction, which the kernel refuses. */
	if (!(options & ZX_VMO_RESIZABLE))
		call.options &= ~ZX_VMO_NON_RESIZABLE;
	return libzx_make(ZX_HYP_VMO_CREATE, &call);
}
ZX_ALIAS(zx_vmo_create);

static zx_status_t rw(unsigned long request, zx_handle_t handle, const void *buffer,
		      uint64_t offset, size_t buffer_size)
{
	struct zx_hyp_vmo_rw call = {
		.size = sizeof(call),
		.vmo = handle,
		.buffer = libzx_address(buffer),
		.offset = offset,
		.buffer_size = buffer_size,
	};

	return libzx_use(request, &call);
}

ZX_EXPORT zx_status_t zx_vmo_read(zx_handle_t handle, void *buffer, uint64_t offset,
				  size_t buffer_size)
{
	return rw(ZX_HYP_VMO_READ, handle, buffer, offset, buffer_size);
}
ZX_ALIAS(zx_vmo_read);

ZX_EXPORT zx_status_t zx_vmo_write(zx_handle_t handle, const void *buffer,
				   uint64_t offset, size_t buffer_size)
{
	return rw(ZX_HYP_VMO_WRITE, handle, buffer, offset, buffer_size);
}
ZX_ALIAS(zx_vmo_write);

ZX_EXPORT zx_status_t zx_vmo_get_size(zx_handle_t handle, uint64_t *size)
{
	struct zx_hyp_vmo_get_size call = {
		.size = sizeof(call),
		.vmo = handle,
		.out_size = libzx_address(size),
	};

	return libzx_use(ZX_HYP_VMO_GET_SIZE, &call);
}
ZX_ALIAS(zx_vmo_get_size);

ZX_EXPORT zx_status_t zx_vmo_set_size(zx_handle_t handle, uint64_t size)
{
	struct zx_hyp_vmo_set_size call = {
		.size = sizeof(call),
		.vmo = handle,
		.vmo_size = size,
	};

	return libzx_use(ZX_HYP_VMO_SET_SIZE, &call);
}
ZX_ALIAS(zx_vmo_set_size);

ZX_EXPORT zx_status_t zx_vmo_op_range(zx_handle_t handle, uint32_t op, uint64_t offset,
				      uint64_t size, void *buffer, size_t buffer_size)
{
	struct zx_hyp_vmo_op_range call = {
		.size = sizeof(call),
		.vmo = handle,
		.op = op,
		.offset = offset,
		.len = size,
	};

	/* No operation uses it, and Zircon does not check that, unlike a VMAR's. */
	(void)buffer;
	(void)buffer_size;
	return libzx_use(ZX_HYP_VMO_OP_RANGE, &call);
}
ZX_ALIAS(zx_vmo_op_range);

ZX_EXPORT zx_status_t zx_vmo_set_cache_policy(zx_handle_t handle, uint32_t cache_policy)
{
	struct zx_hyp_vmo_set_cache_policy call = {
		.size = sizeof(call),
		.vmo = handle,
		.policy = cache_policy,
	};

	return libzx_use(ZX_HYP_VMO_SET_CACHE_POLICY, &call);
}
ZX_ALIAS(zx_vmo_set_cache_policy);

ZX_EXPORT zx_status_t zx_vmo_replace_as_executable(zx_handle_t handle, zx_handle_t vmex,
						   zx_handle_t *out)
{
	struct zx_hyp_vmo_replace_as_executable call = {
		.size = sizeof(call),
		.vmo = handle,
		.vmex = vmex,
		.out_handle = libzx_address(out),
	};

	return libzx_use(ZX_HYP_VMO_REPLACE_AS_EXECUTABLE, &call);
}
ZX_ALIAS(zx_vmo_replace_as_executable);
