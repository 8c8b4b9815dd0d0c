// SPDX-License-Identifier: MIT
/* Guests. */
#include <zircon/syscalls.h>

#include "libzx.h"

ZX_EXPORT zx_status_t zx_guest_create(zx_handle_t resource, uint32_t options,
				      zx_handle_t *guest_handle,
				      zx_handle_t *vmar_handle)
{
	struct zx_hyp_guest_create call = {
		.size = sizeof(call),
		.resource = resource,
		.options = options,
		.out_guest = libzx_address(guest_handle),
		.out_vmar = libzx_address(vmar_handle),
	};

	return libzx_make(ZX_HYP_GUEST_CREATE, &call);
}
ZX_ALIAS(zx_guest_create);

ZX_EXPORT zx_status_t zx_guest_set_trap(zx_handle_t handle, uint32_t kind,
					zx_vaddr_t addr, size_t size,
					zx_handle_t port_handle, uint64_t key)
{
	struct zx_hyp_guest_set_trap call = {
		.size = sizeof(call),
		.guest = handle,
		.kind = kind,
		.port = port_handle,
		.addr = addr,
		.len = size,
		.key = key,
	};

	return libzx_use(ZX_HYP_GUEST_SET_TRAP, &call);
}
ZX_ALIAS(zx_guest_set_trap);
