// SPDX-License-Identifier: MIT
/* vCPUs. */
#include <zircon/syscalls.h>

#include "libzx.h"

ZX_EXPORT zx_status_t zx_vcpu_create(zx_handle_t guest, uint32_t options,
				     zx_vaddr_t entry, zx_handle_t *out)
{
	struct zx_hyp_vcpu_create call = {
		.size = sizeof(call),
		.guest = guest,
		.options = options,
		.entry = entry,
		.out_vcpu = libzx_address(out),
	};

	return libzx_use(ZX_HYP_VCPU_CREATE, &call);
}
ZX_ALIAS(zx_vcpu_create);

ZX_EXPORT zx_status_t zx_vcpu_enter(zx_handle_t handle, zx_port_packet_t *packet)
{
	struct zx_hyp_vcpu_enter call = {
		.size = sizeof(call),
		.vcpu = handle,
		.out_packet = libzx_address(packet),
	};

	return libzx_use(ZX_HYP_VCPU_ENTER, &call);
}
ZX_ALIAS(zx_vcpu_enter);

ZX_EXPORT zx_status_t zx_vcpu_kick(zx_handle_t handle)
{
	struct zx_hyp_vcpu_kick call = {
		.size = sizeof(call),
		.vcpu = handle,
	};

	return libzx_use(ZX_HYP_VCPU_KICK, &call);
}
ZX_ALIAS(zx_vcpu_kick);

ZX_EXPORT zx_status_t zx_vcpu_interrupt(zx_handle_t handle, uint32_t vector)
{
	struct zx_hyp_vcpu_interrupt call = {
		.size = sizeof(call),
		.vcpu = handle,
		.vector = vector,
	};

	return libzx_use(ZX_HYP_VCPU_INTERRUPT, &call);
}
ZX_ALIAS(zx_vcpu_interrupt);

static zx_status_t rw_state(unsigned long request, zx_handle_t handle, uint32_t kind,
			    const void *buffer, size_t buffer_size)
{
	struct zx_hyp_vcpu_rw_state call = {
		.size = sizeof(call),
		.vcpu = handle,
		.kind = kind,
		.buffer = libzx_address(buffer),
		.buffer_size = buffer_size,
	};

	return libzx_use(request, &call);
}

ZX_EXPORT zx_status_t zx_vcpu_read_state(zx_handle_t handle, uint32_t kind,
					 void *buffer, size_t buffer_size)
{
	return rw_state(ZX_HYP_VCPU_READ_STATE, handle, kind, buffer, buffer_size);
}
ZX_ALIAS(zx_vcpu_read_state);

ZX_EXPORT zx_status_t zx_vcpu_write_state(zx_handle_t handle, uint32_t kind,
					  const void *buffer, size_t buffer_size)
{
	return rw_state(ZX_HYP_VCPU_WRITE_STATE, handle, kind, buffer, buffer_size);
}
ZX_ALIAS(zx_vcpu_write_state);
