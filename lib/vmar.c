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
