// SPDX-License-Identifier: MIT
/* Virtual memory address regions. */
#include <stdatomic.h>

#include <zircon/process.h>
#include <zircon/syscalls.h>

#include "libzx.h"

ZX_EXPORT zx_handle_t zx_vmar_root_self(void)
{
	static _Atomic zx_handle_t root;
	zx_handle_t made = ZX_HANDLE_INVALID;
	zx_handle_t known = atomic_load(&root);
	struct zx_hyp_vmar_root_self call = {
		.size = sizeof(call),
		.out_handle = libzx_address(&made),
	};

	if (known != ZX_HANDLE_INVALID)
		return known;
	if (libzx_make(ZX_HYP_VMAR_ROOT_SELF, &call) != ZX_OK)
		return ZX_HANDLE_INVALID;
	if (atomic_compare_exchange_strong(&root, &known, made))
		return made;

	/* Another thread was faster. */
	zx_handle_close(made);
	return known;
}
ZX_ALIAS(zx_vmar_root_self);

ZX_EXPORT zx_status_t zx_vmar_map(zx_handle_t handle, zx_vm_option_t options,
				  size_t vmar_offset, zx_handle_t vmo,
				  uint64_t vmo_offset, size_t len,
				  zx_vaddr_t *mapped_addr)
{
	struct zx_hyp_vmar_map call = {
		.size = sizeof(call),
		.vmar = handle,
		.options = options,
		.vmo = vmo,
		.vmar_offset = vmar_offset,
		.vmo_offset = vmo_offset,
		.len = len,
		.out_addr = libzx_address(mapped_addr),
	};

	return libzx_use(ZX_HYP_VMAR_MAP, &call);
}
ZX_ALIAS(zx_vmar_map);

ZX_EXPORT zx_status_t zx_vmar_unmap(zx_handle_t handle, zx_vaddr_t addr, size_t len)
{
	struct zx_hyp_vmar_unmap call = {
		.size = sizeof(call),
		.vmar = handle,
		.addr = addr,
		.len = len,
	};

	return libzx_use(ZX_HYP_VMAR_UNMAP, &call);
}
ZX_ALIAS(zx_vmar_unmap);

ZX_EXPORT zx_status_t zx_vmar_protect(zx_handle_t handle, zx_vm_option_t options,
				      zx_vaddr_t addr, size_t len)
{
	struct zx_hyp_vmar_protect call = {
		.size = sizeof(call),
		.vmar = handle,
		.options = options,
		.addr = addr,
		.len = len,
	};

	return libzx_use(ZX_HYP_VMAR_PROTECT, &call);
}
ZX_ALIAS(zx_vmar_protect);

ZX_EXPORT zx_status_t zx_vmar_allocate(zx_handle_t parent_vmar, zx_vm_option_t options,
				       size_t offset, size_t size,
				       zx_handle_t *child_vmar, zx_vaddr_t *child_addr)
{
	struct zx_hyp_vmar_allocate call = {
		.size = sizeof(call),
		.vmar = parent_vmar,
		.options = options,
		.offset = offset,
		.len = size,
		.out_vmar = libzx_address(child_vmar),
		.out_addr = libzx_address(child_addr),
	};

	return libzx_use(ZX_HYP_VMAR_ALLOCATE, &call);
}
ZX_ALIAS(zx_vmar_allocate);

ZX_EXPORT zx_status_t zx_vmar_destroy(zx_handle_t handle)
{
	struct zx_hyp_vmar_destroy call = {
		.size = sizeof(call),
		.vmar = handle,
	};

	return libzx_use(ZX_HYP_VMAR_DESTROY, &call);
}
ZX_ALIAS(zx_vmar_destroy);

ZX_EXPORT zx_status_t zx_vmar_op_range(zx_handle_t handle, uint32_t op, zx_vaddr_t address,
				       size_t size, void *buffer, size_t buffer_size)
{
	struct zx_hyp_vmar_op_range call = {
		.size = sizeof(call),
		.vmar = handle,
		.op = op,
		.addr = address,
		.len = size,
	};

	/*
	 * A buffer is INVALID_ARGS, but a bad handle is worse, and only the
	 * kernel knows: what it is asked for then, nothing of nowhere, is the
	 * next that it refuses, and in the same way.
	 */
	if (buffer || buffer_size) {
		call.op = 0;
		call.addr = 0;
		call.len = 0;
	}
	return libzx_use(ZX_HYP_VMAR_OP_RANGE, &call);
}
ZX_ALIAS(zx_vmar_op_range);
