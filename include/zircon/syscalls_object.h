/* SPDX-License-Identifier: MIT */
/*
 * The system calls that are about handles, and about what all objects have:
 * rights, names, signals, ports to wait at. <zircon/syscalls.h> includes this
 * file, and says at its head what holds for every call.
 *
 * Deadlines are monotonic times: see zx_clock_get_monotonic(). One that has
 * passed does not wait, ZX_TIME_INFINITE waits for ever. A wait that a Linux
 * signal interrupts goes on to the same deadline once the handler has run.
 */
#ifndef ZIRCON_SYSCALLS_OBJECT_CALLS_H_
#define ZIRCON_SYSCALLS_OBJECT_CALLS_H_

#include <zircon/syscalls/types.h>
#include <zircon/types.h>

__BEGIN_CDECLS

/**
 * zx_handle_close - give a handle back
 * @handle: any handle, or ZX_HANDLE_INVALID, which does nothing
 *
 * The object goes when nothing holds it any more: a mapping holds its VMO, a
 * vCPU its guest. Who waits for signals through the handle gets
 * ZX_ERR_CANCELED, and waits of zx_object_wait_async() end without a packet; a
 * thread in zx_port_wait() goes on waiting.
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE - @handle is not a handle of this process
 */
zx_status_t zx_handle_close(zx_handle_t handle);

/**
 * zx_handle_close_many - give handles back
 * @handles: the handles; ZX_HANDLE_INVALID among them is skipped
 * @num_handles: how many
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE - one is not a handle of this process; all others are
 *   closed all the same
 * * ZX_ERR_INVALID_ARGS - @handles cannot be read; what came before is closed
 */
zx_status_t zx_handle_close_many(const zx_handle_t *handles, size_t num_handles);

/**
 * zx_handle_duplicate - get another handle of the same object
 * @handle: any handle, right DUPLICATE
 * @rights: some of @handle's rights, or ZX_RIGHT_SAME_RIGHTS alone for all
 * @out: where the new handle goes
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_ACCESS_DENIED - of @handle
 * * ZX_ERR_INVALID_ARGS - @rights exceed @handle's, or @out cannot be written
 */
zx_status_t zx_handle_duplicate(zx_handle_t handle, zx_rights_t rights, zx_handle_t *out);

/**
 * zx_handle_replace - exchange a handle for one with fewer rights
 * @handle: any handle; closed whatever the outcome
 * @rights: some of @handle's rights, or ZX_RIGHT_SAME_RIGHTS alone for all
 * @out: where the new handle goes
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE - @handle is not a handle of this process
 * * ZX_ERR_INVALID_ARGS - @rights exceed @handle's, or @out cannot be written
 */
zx_status_t zx_handle_replace(zx_handle_t handle, zx_rights_t rights, zx_handle_t *out);

/**
 * zx_object_get_info - ask about an object
 * @handle: any handle; right INSPECT for the topics VMAR, RESOURCE, HANDLE_COUNT
 *	and VCPU
 * @topic: ZX_INFO_*: see <zircon/syscalls/object.h>
 * @buffer: where the topic's structure goes
 * @buffer_size: its size, bytes
 * @actual: NULL, or where the number of structures written goes
 * @avail: NULL, or where the number of structures that there are goes
 *
 * The topics are HANDLE_VALID, which has no structure, HANDLE_BASIC,
 * HANDLE_COUNT, RESOURCE, VCPU, VMAR, VMO and VMO's older versions.
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE, ZX_ERR_ACCESS_DENIED - of @handle
 * * ZX_ERR_NOT_SUPPORTED - unknown @topic
 * * ZX_ERR_BUFFER_TOO_SMALL - @actual and @avail are written all the same
 * * ZX_ERR_INVALID_ARGS - @buffer, @actual or @avail cannot be written
 */
zx_status_t zx_object_get_info(zx_handle_t handle, uint32_t topic, void *buffer,
			       size_t buffer_size, size_t *actual, size_t *avail);

/**
 * zx_object_get_property - read a property of an object
 * @handle: any handle, right GET_PROPERTY
 * @property: ZX_PROP_NAME
 * @value: where it goes
 * @value_size: bytes; of a name at least ZX_MAX_NAME_LEN, and so many are
 *	written
 *
 * The name of an object that cannot have one is empty.
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_ACCESS_DENIED - of @handle
 * * ZX_ERR_INVALID_ARGS - unknown @property, or @value cannot be written
 * * ZX_ERR_BUFFER_TOO_SMALL - @value_size is too small
 */
zx_status_t zx_object_get_property(zx_handle_t handle, uint32_t property, void *value,
				   size_t value_size);

/**
 * zx_object_set_property - set a property of an object
 * @handle: any handle, right SET_PROPERTY
 * @property: ZX_PROP_NAME
 * @value: the name, which needs no zero at its end
 * @value_size: bytes; a name is cut after ZX_MAX_NAME_LEN - 1
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_ACCESS_DENIED - of @handle
 * * ZX_ERR_INVALID_ARGS - unknown @property, or @value cannot be read
 * * ZX_ERR_NOT_SUPPORTED - an object of this type has no name
 */
zx_status_t zx_object_set_property(zx_handle_t handle, uint32_t property,
				   const void *value, size_t value_size);

/* The same functions under their other name. */
extern __typeof__(zx_handle_close) _zx_handle_close;
extern __typeof__(zx_handle_close_many) _zx_handle_close_many;
extern __typeof__(zx_handle_duplicate) _zx_handle_duplicate;
extern __typeof__(zx_handle_replace) _zx_handle_replace;
extern __typeof__(zx_object_get_info) _zx_object_get_info;
extern __typeof__(zx_object_get_property) _zx_object_get_property;
extern __typeof__(zx_object_set_property) _zx_object_set_property;

__END_CDECLS

#endif /* ZIRCON_SYSCALLS_OBJECT_CALLS_H_ */
