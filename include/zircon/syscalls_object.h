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

/**
 * zx_object_signal - clear and set signals of an object
 * @handle: event, event pair, VMO or vCPU, right SIGNAL
 * @clear_mask: signals that are cleared first
 * @set_mask: signals that are set then
 *
 * ZX_USER_SIGNAL_0 to ZX_USER_SIGNAL_7 are the program's own; events and event
 * pairs have ZX_EVENT_SIGNALED and ZX_EVENTPAIR_SIGNALED in addition.
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_ACCESS_DENIED - of @handle
 * * ZX_ERR_NOT_SUPPORTED - an object of this type has no signals
 * * ZX_ERR_INVALID_ARGS - a mask has other signals
 */
zx_status_t zx_object_signal(zx_handle_t handle, uint32_t clear_mask, uint32_t set_mask);

/**
 * zx_object_signal_peer - clear and set signals of an event pair's other end
 * @handle: event pair, right SIGNAL_PEER
 * @clear_mask: signals that are cleared first
 * @set_mask: signals that are set then
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_ACCESS_DENIED - of @handle
 * * ZX_ERR_NOT_SUPPORTED - an object of this type has no other end
 * * ZX_ERR_INVALID_ARGS - a mask has signals that zx_object_signal() does not
 *   take
 * * ZX_ERR_PEER_CLOSED - the other end is gone
 */
zx_status_t zx_object_signal_peer(zx_handle_t handle, uint32_t clear_mask,
				  uint32_t set_mask);

/**
 * zx_object_wait_one - wait for signals of an object
 * @handle: event, event pair, VMO or vCPU, right WAIT
 * @signals: any of these ends the wait
 * @deadline: monotonic time, nanoseconds
 * @observed: NULL, or where the object's signals go; they are also written with
 *	ZX_ERR_TIMED_OUT and ZX_ERR_CANCELED
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_ACCESS_DENIED - of @handle
 * * ZX_ERR_NOT_SUPPORTED - an object of this type has no signals
 * * ZX_ERR_TIMED_OUT - @deadline has passed
 * * ZX_ERR_CANCELED - @handle was closed meanwhile, which @observed tells as
 *   ZX_SIGNAL_HANDLE_CLOSED
 * * ZX_ERR_INVALID_ARGS - @observed cannot be written
 */
zx_status_t zx_object_wait_one(zx_handle_t handle, zx_signals_t signals,
			       zx_time_t deadline, zx_signals_t *observed);

/**
 * zx_object_wait_many - wait for signals of any of many objects
 * @items: the objects, each with the right WAIT, and the signals that end the
 *	wait; their pending signals are written, also with ZX_ERR_TIMED_OUT and
 *	ZX_ERR_CANCELED
 * @num_items: how many, at most ZX_WAIT_MANY_MAX_ITEMS; 0 sleeps
 * @deadline: monotonic time, nanoseconds
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_OUT_OF_RANGE - too many items
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_ACCESS_DENIED, ZX_ERR_NOT_SUPPORTED - of the first
 *   item that cannot be waited for
 * * ZX_ERR_TIMED_OUT - @deadline has passed
 * * ZX_ERR_CANCELED - a handle was closed meanwhile, which its pending signals
 *   tell as ZX_SIGNAL_HANDLE_CLOSED
 * * ZX_ERR_INVALID_ARGS - @items cannot be read or written
 */
zx_status_t zx_object_wait_many(zx_wait_item_t *items, size_t num_items,
				zx_time_t deadline);

/**
 * zx_object_wait_async - have signals of an object reported to a port, once
 * @handle: event, event pair, VMO or vCPU, right WAIT
 * @port: port, right WRITE
 * @key: goes into the packet
 * @signals: any of these is reported
 * @options: ZX_WAIT_ASYNC_ONCE; or ZX_WAIT_ASYNC_TIMESTAMP for the time in the
 *	packet, ZX_WAIT_ASYNC_EDGE to pass over signals that are set already
 *	until they have been cleared and set again
 *
 * The first match queues a packet of ZX_PKT_TYPE_SIGNAL_ONE and ends the wait.
 * Closing @handle ends it without one; what is queued already stays.
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE, ZX_ERR_ACCESS_DENIED - of @port, then
 *   of @handle, whose type is ZX_ERR_NOT_SUPPORTED when it has no signals
 * * ZX_ERR_INVALID_ARGS - unknown @options; also ZX_WAIT_ASYNC_BOOT_TIMESTAMP,
 *   which the module does not carry out
 */
zx_status_t zx_object_wait_async(zx_handle_t handle, zx_handle_t port, uint64_t key,
				 zx_signals_t signals, uint32_t options);

/**
 * zx_event_create - make an event: an object that has signals and nothing else
 * @options: 0
 * @out: where the handle goes, with ZX_DEFAULT_EVENT_RIGHTS
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_INVALID_ARGS - @options is not 0, or @out cannot be written
 */
zx_status_t zx_event_create(uint32_t options, zx_handle_t *out);

/**
 * zx_eventpair_create - make two events that can signal each other
 * @options: 0
 * @out0: where the handle of one end goes, with ZX_DEFAULT_EVENTPAIR_RIGHTS
 * @out1: where that of the other goes, with the same
 *
 * When the last handle of one end is closed the other gets
 * ZX_EVENTPAIR_PEER_CLOSED.
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_NOT_SUPPORTED - @options is not 0
 * * ZX_ERR_INVALID_ARGS - @out0 or @out1 cannot be written
 */
zx_status_t zx_eventpair_create(uint32_t options, zx_handle_t *out0, zx_handle_t *out1);

/**
 * zx_port_create - make a port: a queue of packets
 * @options: 0; or ZX_PORT_BIND_TO_INTERRUPT, which has no effect, since there
 *	are no interrupts to bind
 * @out: where the handle goes, with ZX_DEFAULT_PORT_RIGHTS
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_INVALID_ARGS - unknown @options, or @out cannot be written
 */
zx_status_t zx_port_create(uint32_t options, zx_handle_t *out);

/**
 * zx_port_queue - put a packet at the end of a port's queue
 * @handle: port, right WRITE
 * @packet: the packet; it arrives as ZX_PKT_TYPE_USER, whatever its type
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE, ZX_ERR_ACCESS_DENIED - of @handle
 * * ZX_ERR_INVALID_ARGS - @packet cannot be read
 * * ZX_ERR_SHOULD_WAIT - more than 4096 packets of this call are queued
 */
zx_status_t zx_port_queue(zx_handle_t handle, const zx_port_packet_t *packet);

/**
 * zx_port_wait - take the first packet of a port's queue, or wait for one
 * @handle: port, right READ; closing it meanwhile does not end the wait
 * @deadline: monotonic time, nanoseconds; a packet that is there is taken even
 *	if it has passed
 * @packet: where the packet goes; one that cannot be written is lost
 *
 * A packet goes to one of the threads that wait.
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE, ZX_ERR_ACCESS_DENIED - of @handle
 * * ZX_ERR_TIMED_OUT - @deadline has passed
 * * ZX_ERR_INVALID_ARGS - @packet cannot be written
 */
zx_status_t zx_port_wait(zx_handle_t handle, zx_time_t deadline,
			 zx_port_packet_t *packet);

/**
 * zx_port_cancel - end waits of zx_object_wait_async(), and drop their packets
 * @handle: port, right WRITE
 * @source: the handle that was given to zx_object_wait_async(), right WAIT; a
 *	duplicate of it is another
 * @key: the key that was given there
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE, ZX_ERR_ACCESS_DENIED - of @handle, then
 *   of @source, whose type is ZX_ERR_NOT_SUPPORTED when it has no signals
 * * ZX_ERR_NOT_FOUND - there is neither such a wait nor such a packet
 */
zx_status_t zx_port_cancel(zx_handle_t handle, zx_handle_t source, uint64_t key);

/**
 * zx_resource_create - make a resource from another one
 * @parent_rsrc: resource, right WRITE: see zx_hyp_resource_get()
 * @options: ZX_RSRC_KIND_SYSTEM: see <zircon/syscalls/resource.h>
 * @base: ZX_RSRC_SYSTEM_HYPERVISOR_BASE or ZX_RSRC_SYSTEM_VMEX_BASE
 * @size: 1
 * @name: the new resource's name, which needs no zero at its end
 * @name_size: bytes; it is cut after ZX_MAX_NAME_LEN - 1
 * @resource_out: where the handle goes, with ZX_DEFAULT_RESOURCE_RIGHTS
 *
 * The new resource allows what its parent does.
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE, ZX_ERR_ACCESS_DENIED - of @parent_rsrc
 * * ZX_ERR_INVALID_ARGS - unknown @options, or, of SYSTEM, ZX_RSRC_FLAG_EXCLUSIVE
 *   or another @size; @name cannot be read, or @resource_out not written
 * * ZX_ERR_ACCESS_DENIED - @parent_rsrc is of another kind or has another base
 */
zx_status_t zx_resource_create(zx_handle_t parent_rsrc, uint32_t options, uint64_t base,
			       size_t size, const char *name, size_t name_size,
			       zx_handle_t *resource_out);

/* The same functions under their other name. */
extern __typeof__(zx_event_create) _zx_event_create;
extern __typeof__(zx_eventpair_create) _zx_eventpair_create;
extern __typeof__(zx_handle_close) _zx_handle_close;
extern __typeof__(zx_handle_close_many) _zx_handle_close_many;
extern __typeof__(zx_handle_duplicate) _zx_handle_duplicate;
extern __typeof__(zx_handle_replace) _zx_handle_replace;
extern __typeof__(zx_object_get_info) _zx_object_get_info;
extern __typeof__(zx_object_get_property) _zx_object_get_property;
extern __typeof__(zx_object_set_property) _zx_object_set_property;
extern __typeof__(zx_object_signal) _zx_object_signal;
extern __typeof__(zx_object_signal_peer) _zx_object_signal_peer;
extern __typeof__(zx_object_wait_async) _zx_object_wait_async;
extern __typeof__(zx_object_wait_many) _zx_object_wait_many;
extern __typeof__(zx_object_wait_one) _zx_object_wait_one;
extern __typeof__(zx_port_cancel) _zx_port_cancel;
extern __typeof__(zx_port_create) _zx_port_create;
extern __typeof__(zx_port_queue) _zx_port_queue;
extern __typeof__(zx_port_wait) _zx_port_wait;
extern __typeof__(zx_resource_create) _zx_resource_create;

__END_CDECLS

#endif /* ZIRCON_SYSCALLS_OBJECT_CALLS_H_ */
