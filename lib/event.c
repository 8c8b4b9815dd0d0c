// SPDX-License-Identifier: MIT
/* Events and event pairs. */
#include <zircon/syscalls.h>

#include "libzx.h"

ZX_EXPORT zx_status_t zx_event_create(uint32_t options, zx_handle_t *out)
{
	struct zx_hyp_event_create call = {
		.size = sizeof(call),
		.options = options,
		.out_handle = libzx_address(out),
	};

	return libzx_make(ZX_HYP_EVENT_CREATE, &call);
}
ZX_ALIAS(zx_event_create);

ZX_EXPORT zx_status_t zx_eventpair_create(uint32_t options, zx_handle_t *out0,
					  zx_handle_t *out1)
{
	struct zx_hyp_eventpair_create call = {
		.size = sizeof(call),
		.options = options,
		.out_handle0 = libzx_address(out0),
		.out_handle1 = libzx_address(out1),
	};

	return libzx_make(ZX_HYP_EVENTPAIR_CREATE, &call);
}
ZX_ALIAS(zx_eventpair_create);
