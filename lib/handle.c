// SPDX-License-Identifier: MIT
/* Handles. */
#include <zircon/syscalls.h>

#include "libzx.h"

ZX_EXPORT zx_status_t zx_handle_close(zx_handle_t handle)
{
	struct zx_hyp_handle_close call = {
		.size = sizeof(call),
		.handle = handle,
	};

	/* Programs close what they never got; that needs no device. */
	if (handle == ZX_HANDLE_INVALID)
		return ZX_OK;
	return libzx_use(ZX_HYP_HANDLE_CLOSE, &call);
}
ZX_ALIAS(zx_handle_close);
