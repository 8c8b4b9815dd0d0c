// SPDX-License-Identifier: MIT
/* Handles as Linux's files: <zx_hyp/fd.h>. */
#include <zx_hyp/fd.h>

#include "libzx.h"

ZX_EXPORT zx_status_t zx_hyp_handle_export(zx_handle_t handle, int *fd)
{
	struct zx_hyp_handle_export call = {
		.size = sizeof(call),
		.handle = handle,
		.out_fd = libzx_address(fd),
	};

	return libzx_use(ZX_HYP_HANDLE_EXPORT, &call);
}

ZX_EXPORT zx_status_t zx_hyp_handle_import(int fd, zx_handle_t *out)
{
	struct zx_hyp_handle_import call = {
		.size = sizeof(call),
		.fd = fd,
		.out_handle = libzx_address(out),
	};

	return libzx_make(ZX_HYP_HANDLE_IMPORT, &call);
}

ZX_EXPORT zx_status_t zx_hyp_poll_fd(zx_handle_t handle, zx_signals_t signals, int *fd)
{
	struct zx_hyp_object_poll_fd call = {
		.size = sizeof(call),
		.handle = handle,
		.signals = signals,
		.out_fd = libzx_address(fd),
	};

	return libzx_use(ZX_HYP_OBJECT_POLL_FD, &call);
}
