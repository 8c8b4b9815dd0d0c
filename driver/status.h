/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Zircon's status codes as the driver returns them.
 *
 * Every function of the driver that can fail returns an int that is 0, a
 * positive number (a negated zx_status_t, below) or a negative errno. The
 * positive ones are answers of the API; the negative ones speak of the
 * transport and reach the library as errno. zxh_status() turns what the kernel
 * said into what the API says.
 */
#ifndef ZXH_STATUS_H
#define ZXH_STATUS_H

#include <linux/errno.h>

enum zxh_status {
	ZXH_OK = 0,
	ZXH_ERR_INTERNAL = 1,
	ZXH_ERR_NOT_SUPPORTED = 2,
	ZXH_ERR_NO_RESOURCES = 3,
	ZXH_ERR_NO_MEMORY = 4,
	ZXH_ERR_INVALID_ARGS = 10,
	ZXH_ERR_BAD_HANDLE = 11,
	ZXH_ERR_WRONG_TYPE = 12,
	ZXH_ERR_OUT_OF_RANGE = 14,
	ZXH_ERR_BUFFER_TOO_SMALL = 15,
	ZXH_ERR_BAD_STATE = 20,
	ZXH_ERR_TIMED_OUT = 21,
	ZXH_ERR_SHOULD_WAIT = 22,
	ZXH_ERR_CANCELED = 23,
	ZXH_ERR_PEER_CLOSED = 24,
	ZXH_ERR_NOT_FOUND = 25,
	ZXH_ERR_ALREADY_EXISTS = 26,
	ZXH_ERR_UNAVAILABLE = 28,
	ZXH_ERR_ACCESS_DENIED = 30,
};

/**
 * zxh_status() - the status for what a kernel function returned
 * @err: 0, a positive status, or a negative errno
 *
 * Interruption stays an errno: the library issues the call again, as Zircon's
 * vDSO does after a suspend.
 *
 * Return: 0, a positive status, or -EINTR.
 */
static inline int zxh_status(long err)
{
	if (err >= 0)
		return err;
	switch (err) {
	case -EINTR:
	case -ERESTARTSYS:
	case -ERESTARTNOINTR:
		return -EINTR;
	case -ENOMEM:
	case -ENOSPC:
	case -EAGAIN:
	case -EDQUOT:
		return ZXH_ERR_NO_MEMORY;
	case -EMFILE:
	case -ENFILE:
		return ZXH_ERR_NO_RESOURCES;
	case -EOVERFLOW:
	case -EFBIG:
		return ZXH_ERR_OUT_OF_RANGE;
	case -EFAULT:
	case -EINVAL:
		return ZXH_ERR_INVALID_ARGS;
	case -EEXIST:
		return ZXH_ERR_ALREADY_EXISTS;
	case -EACCES:
	case -EPERM:
		return ZXH_ERR_ACCESS_DENIED;
	case -ENODEV:
	case -ENOENT:
	case -EOPNOTSUPP:
		return ZXH_ERR_NOT_SUPPORTED;
	default:
		return ZXH_ERR_INTERNAL;
	}
}

#endif /* ZXH_STATUS_H */
