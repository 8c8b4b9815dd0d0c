// SPDX-License-Identifier: MIT
/* Ports. */
#include <zircon/syscalls.h>

#include "libzx.h"

ZX_EXPORT zx_status_t zx_port_create(uint32_t options, zx_handle_t *out)
{
	struct zx_hyp_port_create call = {
		.size = sizeof(call),
		.options = options,
		.out_handle = libzx_address(out),
	};

	return libzx_make(ZX_HYP_PORT_CREATE, &call);
}
ZX_ALIAS(zx_port_create);

ZX_EXPORT zx_status_t zx_port_queue(zx_handle_t handle, const zx_port_packet_t *packet)
{
	struct zx_hyp_port_queue call = {
		.size = sizeof(call),
		.port = handle,
		.packet = libzx_address(packet),
	};

	return libzx_use(ZX_HYP_PORT_QUEUE, &call);
}
ZX_ALIAS(zx_port_queue);

ZX_EXPORT zx_status_t zx_port_wait(zx_handle_t handle, zx_time_t deadline,
				   zx_port_packet_t *packet)
{
	struct zx_hyp_port_wait call = {
		.size = sizeof(call),
		.port = handle,
		.deadline = deadline,
		.out_packet = libzx_address(packet),
	};

	return libzx_use(ZX_HYP_PORT_WAIT, &call);
}
ZX_ALIAS(zx_port_wait);

ZX_EXPORT zx_status_t zx_port_cancel(zx_handle_t handle, zx_handle_t source, uint64_t key)
{
	struct zx_hyp_port_cancel call = {
		.size = sizeof(call),
		.port = handle,
		.source = source,
		.key = key,
	};

	return libzx_use(ZX_HYP_PORT_CANCEL, &call);
}
ZX_ALIAS(zx_port_cancel);
