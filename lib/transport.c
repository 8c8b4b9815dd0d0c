// SPDX-License-Identifier: MIT
/* Linux's answers as Zircon's statuses. */
#include <errno.h>

#include "libzx.h"

zx_status_t libzx_status_of_open(int error)
{
	switch (error) {
	case 0:
		return ZX_OK;
	case EACCES:
	case EPERM:
		return ZX_ERR_ACCESS_DENIED;
	case EBADF:
		return ZX_ERR_BAD_HANDLE;
	case EMFILE:
	case ENFILE:
		return ZX_ERR_NO_RESOURCES;
	case ENOMEM:
		return ZX_ERR_NO_MEMORY;
	default:
		return ZX_ERR_NOT_SUPPORTED;
	}
}

zx_status_t libzx_status_of_ioctl(int result, int error)
{
	if (result >= 0)
		return -result;

	switch (error) {
	case EFAULT:
		return ZX_ERR_INVALID_ARGS;
	case ENOTTY:
	case EINVAL:
	case E2BIG:
		/* The module is older than the library. */
		return ZX_ERR_NOT_SUPPORTED;
	case EBADF:
		/* The program closed the library's file. */
		return ZX_ERR_BAD_HANDLE;
	case EACCES:
	case EPERM:
		/* A sandbox forbids the request. */
		return ZX_ERR_ACCESS_DENIED;
	case ENOMEM:
		return ZX_ERR_NO_MEMORY;
	default:
		return ZX_ERR_INTERNAL;
	}
}
