/* SPDX-License-Identifier: MIT */
/* What the files of libzx share. Nothing of it is visible outside. */
#ifndef LIBZX_H
#define LIBZX_H

#include <stdint.h>

#include <linux/zx_hyp.h>
#include <zircon/types.h>

#define ZX_EXPORT __attribute__((visibility("default")))

/* Gives a function of the public headers its second name. */
#define ZX_ALIAS(name)                       \
	extern __typeof__(name) _##name      \
		__attribute__((alias(#name), visibility("default")))

/* A pointer as the contract carries it. The kernel says whether it is good. */
static inline uint64_t libzx_address(const volatile void *pointer)
{
	return (uintptr_t)pointer;
}

/**
 * libzx_make - issue a request that makes something
 * @request: ZX_HYP_*
 * @argument: its structure
 *
 * Return: the call's status, or why the device cannot be used.
 */
zx_status_t libzx_make(unsigned long request, const void *argument);

/**
 * libzx_use - issue a request that needs a handle
 * @request: ZX_HYP_*
 * @argument: its structure
 *
 * Return: the call's status, or ZX_ERR_BAD_HANDLE when the device cannot be
 * used, since no handle can exist then.
 */
zx_status_t libzx_use(unsigned long request, const void *argument);

/**
 * libzx_device_error - open the device, if that has not happened yet
 *
 * Return: 0, or an errno: ENOTTY when the file is not our module's device,
 * EPROTO when the module is of another version, EBADF in a forked child, else
 * that of open().
 */
int libzx_device_error(void);

/**
 * libzx_status_of_open - the status for a device that cannot be used
 * @error: of libzx_device_error()
 *
 * Return: ZX_OK for 0, else what a call that makes something answers.
 */
zx_status_t libzx_status_of_open(int error);

/**
 * libzx_status_of_ioctl - the status of a request
 * @result: of ioctl()
 * @error: errno, when @result is negative; not EINTR
 *
 * Return: the call's status, or what stands for a failure of the transport.
 */
zx_status_t libzx_status_of_ioctl(int result, int error);

/**
 * libzx_name_resource - turn what the kernel tells of a resource into Zircon's
 * @record: a struct zx_hyp_info_resource, which becomes a zx_info_resource_t
 */
void libzx_name_resource(void *record);

#endif /* LIBZX_H */
