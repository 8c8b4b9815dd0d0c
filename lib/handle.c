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

ZX_EXPORT zx_status_t zx_handle_close_many(const zx_handle_t *handles, size_t num_handles)
{
	struct zx_hyp_handle_close_many call = {
		.size = sizeof(call),
		.handles = libzx_address(handles),
		.count = num_handles,
	};

	if (num_handles == 0)
		return ZX_OK;
	return libzx_use(ZX_HYP_HANDLE_CLOSE_MANY, &call);
}
ZX_ALIAS(zx_handle_close_many);

static zx_status_t derive(unsigned long request, zx_handle_t handle, zx_rights_t rights,
			  zx_handle_t *out)
{
	struct zx_hyp_handle_dup call = {
		.size = sizeof(call),
		.handle = handle,
		.rights = rights,
		.out_handle = libzx_address(out),
	};

	return libzx_use(request, &call);
}

ZX_EXPORT zx_status_t zx_handle_duplicate(zx_handle_t handle, zx_rights_t rights,
					  zx_handle_t *out)
{
	return derive(ZX_HYP_HANDLE_DUPLICATE, handle, rights, out);
}
ZX_ALIAS(zx_handle_duplicate);

ZX_EXPORT zx_status_t zx_handle_replace(zx_handle_t handle, zx_rights_t rights,
					zx_handle_t *out)
{
	return derive(ZX_HYP_HANDLE_REPLACE, handle, rights, out);
}
ZX_ALIAS(zx_handle_replace);
