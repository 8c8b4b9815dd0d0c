/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * zx_hyp: the part of the ioctl contract that is about handles, and about what
 * all objects have: rights, signals, names, ports to wait at. The rules that
 * every request follows are at the head of <linux/zx_hyp.h>, which includes
 * this file.
 */
#ifndef _UAPI_LINUX_ZX_HYP_OBJECT_H
#define _UAPI_LINUX_ZX_HYP_OBJECT_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct zx_hyp_handle_close - argument of ZX_HYP_HANDLE_CLOSE
 * @size: sizeof(struct zx_hyp_handle_close)
 * @handle: the handle to close; closing 0 is ZX_OK and does nothing
 */
struct zx_hyp_handle_close {
	__u32 size;
	__u32 handle;
};
#define ZX_HYP_HANDLE_CLOSE _IO(ZX_HYP_TYPE, ZX_HYP_CMD_HANDLE_CLOSE)

/* Kinds of resources: neutral, no API level's numbers. */
#define ZX_HYP_RESOURCE_HYPERVISOR	1	/* allows guest_create */
#define ZX_HYP_RESOURCE_VMEX		2	/* allows replace_as_executable */
#define ZX_HYP_RESOURCE_OTHER		3	/* known to Zircon, but of no resource here */

/**
 * struct zx_hyp_resource_get - argument of ZX_HYP_RESOURCE_GET
 * @size: sizeof(struct zx_hyp_resource_get)
 * @kind: ZX_HYP_RESOURCE_HYPERVISOR or VMEX; another one gives
 *	ZX_ERR_INVALID_ARGS
 * @out_handle: where the handle (__u32) goes
 *
 * Stands for the service that hands out resources on Fuchsia. Who may open the
 * device may have them.
 */
struct zx_hyp_resource_get {
	__u32 size;
	__u32 kind;
	__aligned_u64 out_handle;
};
#define ZX_HYP_RESOURCE_GET _IO(ZX_HYP_TYPE, ZX_HYP_CMD_RESOURCE_GET)

/**
 * struct zx_hyp_handle_close_many - argument of ZX_HYP_HANDLE_CLOSE_MANY
 * @size: sizeof(struct zx_hyp_handle_close_many)
 * @reserved: zero
 * @handles: address of an array of handles (__u32); zeroes in it are skipped
 * @count: how many
 *
 * A handle that is not one gives ZX_ERR_BAD_HANDLE, and all others are closed
 * all the same. The array is read piece by piece: where it ends early, what
 * came before is closed.
 */
struct zx_hyp_handle_close_many {
	__u32 size;
	__u32 reserved;
	__aligned_u64 handles;
	__aligned_u64 count;
};
#define ZX_HYP_HANDLE_CLOSE_MANY _IO(ZX_HYP_TYPE, ZX_HYP_CMD_HANDLE_CLOSE_MANY)

#define ZX_HYP_RIGHT_SAME	(1U << 31)	/* ZX_RIGHT_SAME_RIGHTS */

/**
 * struct zx_hyp_handle_dup - argument of ZX_HYP_HANDLE_DUPLICATE and
 *	ZX_HYP_HANDLE_REPLACE
 * @size: sizeof(struct zx_hyp_handle_dup)
 * @handle: to duplicate it takes the right DUPLICATE; replacing consumes it,
 *	whatever the outcome
 * @rights: a subset of the handle's, or ZX_HYP_RIGHT_SAME alone
 * @reserved: zero
 * @out_handle: where the new handle (__u32) goes
 */
struct zx_hyp_handle_dup {
	__u32 size;
	__u32 handle;
	__u32 rights;
	__u32 reserved;
	__aligned_u64 out_handle;
};
#define ZX_HYP_HANDLE_DUPLICATE _IO(ZX_HYP_TYPE, ZX_HYP_CMD_HANDLE_DUPLICATE)
#define ZX_HYP_HANDLE_REPLACE _IO(ZX_HYP_TYPE, ZX_HYP_CMD_HANDLE_REPLACE)

/**
 * struct zx_hyp_handle_export - argument of ZX_HYP_HANDLE_EXPORT
 * @size: sizeof(struct zx_hyp_handle_export)
 * @handle: a handle, right TRANSFER; consumed when the call succeeds
 * @out_fd: where the descriptor (__s32), close-on-exec, goes
 *
 * The descriptor holds the handle, with its rights, until a process imports it,
 * or until the last descriptor of the file is closed: that closes the handle.
 * It is there to be sent over a Unix socket.
 */
struct zx_hyp_handle_export {
	__u32 size;
	__u32 handle;
	__aligned_u64 out_fd;
};
#define ZX_HYP_HANDLE_EXPORT _IO(ZX_HYP_TYPE, ZX_HYP_CMD_HANDLE_EXPORT)

/**
 * struct zx_hyp_handle_import - argument of ZX_HYP_HANDLE_IMPORT
 * @size: sizeof(struct zx_hyp_handle_import)
 * @fd: a descriptor from ZX_HYP_HANDLE_EXPORT of any process; it stays open.
 *	No descriptor: ZX_ERR_BAD_HANDLE, of another file: ZX_ERR_WRONG_TYPE,
 *	imported already: ZX_ERR_BAD_STATE
 * @out_handle: where the handle (__u32) goes
 */
struct zx_hyp_handle_import {
	__u32 size;
	__s32 fd;
	__aligned_u64 out_handle;
};
#define ZX_HYP_HANDLE_IMPORT _IO(ZX_HYP_TYPE, ZX_HYP_CMD_HANDLE_IMPORT)

/**
 * struct zx_hyp_rights_set - argument of ZX_HYP_RIGHTS_SET
 * @size: sizeof(struct zx_hyp_rights_set)
 * @type: Zircon's number of an object type; one that is not made here gives
 *	ZX_ERR_NOT_SUPPORTED
 * @rights: rights of handles to objects of that type that this file makes from
 *	now on; a bit that no right has gives ZX_ERR_INVALID_ARGS
 * @reserved: zero
 *
 * For libraries that speak an older level of the API, whose handles come with
 * other rights. Rights that depend on the object (RESIZE of a resizable VMO)
 * are added if the mask has them; what is done with a handle is the same.
 */
struct zx_hyp_rights_set {
	__u32 size;
	__u32 type;
	__u32 rights;
	__u32 reserved;
};
#define ZX_HYP_RIGHTS_SET _IO(ZX_HYP_TYPE, ZX_HYP_CMD_RIGHTS_SET)

#define ZX_HYP_NAME_LEN		32	/* ZX_MAX_NAME_LEN, with the final zero */

/**
 * struct zx_hyp_resource_create - argument of ZX_HYP_RESOURCE_CREATE
 * @size: sizeof(struct zx_hyp_resource_create)
 * @parent: resource handle, right WRITE
 * @kind: the parent's; another of ZX_HYP_RESOURCE_* gives
 *	ZX_ERR_ACCESS_DENIED, another number ZX_ERR_INVALID_ARGS
 * @name_size: bytes at @name, cut after ZX_HYP_NAME_LEN - 1
 * @name: address of the new resource's name
 * @out_handle: where the handle (__u32) goes
 */
struct zx_hyp_resource_create {
	__u32 size;
	__u32 parent;
	__u32 kind;
	__u32 name_size;
	__aligned_u64 name;
	__aligned_u64 out_handle;
};
#define ZX_HYP_RESOURCE_CREATE _IO(ZX_HYP_TYPE, ZX_HYP_CMD_RESOURCE_CREATE)

/* Zircon's topics, with the version of the structure in the top bits. */
#define ZX_HYP_INFO_HANDLE_VALID	1
#define ZX_HYP_INFO_HANDLE_BASIC	2	/* struct zx_hyp_info_handle_basic */
#define ZX_HYP_INFO_VMAR		7	/* struct zx_hyp_info_vmar */
#define ZX_HYP_INFO_RESOURCE		18	/* struct zx_hyp_info_resource */
#define ZX_HYP_INFO_HANDLE_COUNT	19	/* __u32 */
#define ZX_HYP_INFO_VMO_V1		23	/* the first 104 bytes of the next */
#define ZX_HYP_INFO_VMO_V2		(23 | 1U << 28)	/* the first 120 */
#define ZX_HYP_INFO_VMO			(23 | 2U << 28)	/* struct zx_hyp_info_vmo */
#define ZX_HYP_INFO_VCPU		32	/* __u32, ZX_HYP_VCPU_* */

#define ZX_HYP_VCPU_KICKED	(1U << 0)

struct zx_hyp_info_handle_basic {
	__aligned_u64 koid;
	__u32 rights;
	__u32 type;
	__aligned_u64 related_koid;
	__u32 reserved;
	__u32 pad;
};

struct zx_hyp_info_vmar {
	__aligned_u64 base;
	__aligned_u64 len;
};

/* @kind is ZX_HYP_RESOURCE_*: the library turns it into its level's numbers. */
struct zx_hyp_info_resource {
	__u32 kind;
	__u32 flags;
	__aligned_u64 base;
	__aligned_u64 len;
	char name[ZX_HYP_NAME_LEN];
};

#define ZX_HYP_INFO_VMO_PAGED		(1U << 0)
#define ZX_HYP_INFO_VMO_RESIZABLE	(1U << 1)
#define ZX_HYP_INFO_VMO_VIA_HANDLE	(1U << 3)

struct zx_hyp_info_vmo {
	__aligned_u64 koid;
	char name[ZX_HYP_NAME_LEN];
	__aligned_u64 size_bytes;
	__aligned_u64 parent_koid;
	__aligned_u64 num_children;
	__aligned_u64 num_mappings;
	__aligned_u64 share_count;
	__u32 flags;
	__u32 pad;
	__aligned_u64 committed_bytes;
	__u32 handle_rights;
	__u32 cache_policy;
	__aligned_u64 metadata_bytes;
	__aligned_u64 committed_change_events;
	__aligned_u64 populated_bytes;
};

/**
 * struct zx_hyp_object_get_info - argument of ZX_HYP_OBJECT_GET_INFO
 * @size: sizeof(struct zx_hyp_object_get_info)
 * @handle: a handle; VMAR, RESOURCE, HANDLE_COUNT and VCPU need INSPECT
 * @topic: ZX_HYP_INFO_*; another one gives ZX_ERR_NOT_SUPPORTED
 * @reserved: zero
 * @buffer: where the structure goes
 * @buffer_size: its size; more is not written
 * @out_actual: where the number of structures written (__u64) goes, or 0
 * @out_avail: where the number of structures there are (__u64) goes, or 0
 *
 * When the buffer is too small the two counts are written all the same, and
 * the call says ZX_ERR_BUFFER_TOO_SMALL.
 */
struct zx_hyp_object_get_info {
	__u32 size;
	__u32 handle;
	__u32 topic;
	__u32 reserved;
	__aligned_u64 buffer;
	__aligned_u64 buffer_size;
	__aligned_u64 out_actual;
	__aligned_u64 out_avail;
};
#define ZX_HYP_OBJECT_GET_INFO _IO(ZX_HYP_TYPE, ZX_HYP_CMD_OBJECT_GET_INFO)

#define ZX_HYP_PROP_NAME	3

/**
 * struct zx_hyp_object_property - argument of ZX_HYP_OBJECT_GET_PROPERTY and
 *	ZX_HYP_OBJECT_SET_PROPERTY
 * @size: sizeof(struct zx_hyp_object_property)
 * @handle: a handle, right GET_PROPERTY or SET_PROPERTY
 * @property: ZX_HYP_PROP_*; another one gives ZX_ERR_INVALID_ARGS
 * @reserved: zero
 * @value: where the value goes, or is; 0 gives ZX_ERR_INVALID_ARGS
 * @value_size: its bytes; a name is set of the first ZX_HYP_NAME_LEN - 1, and
 *	read with ZX_HYP_NAME_LEN, with less ZX_ERR_BUFFER_TOO_SMALL
 */
struct zx_hyp_object_property {
	__u32 size;
	__u32 handle;
	__u32 property;
	__u32 reserved;
	__aligned_u64 value;
	__aligned_u64 value_size;
};
#define ZX_HYP_OBJECT_GET_PROPERTY _IO(ZX_HYP_TYPE, ZX_HYP_CMD_OBJECT_GET_PROPERTY)
#define ZX_HYP_OBJECT_SET_PROPERTY _IO(ZX_HYP_TYPE, ZX_HYP_CMD_OBJECT_SET_PROPERTY)

/* Zircon's signals. */
#define ZX_HYP_SIGNAL_PEER_CLOSED	(1U << 2)
#define ZX_HYP_SIGNAL_SIGNALED		(1U << 3)	/* of events; a VMO's ZERO_CHILDREN */
#define ZX_HYP_SIGNAL_HANDLE_CLOSED	(1U << 23)
#define ZX_HYP_SIGNAL_USER_ALL		0xff000000U

/**
 * struct zx_hyp_object_signal - argument of ZX_HYP_OBJECT_SIGNAL and
 *	ZX_HYP_OBJECT_SIGNAL_PEER
 * @size: sizeof(struct zx_hyp_object_signal)
 * @handle: a handle, right SIGNAL, or SIGNAL_PEER
 * @clear: signals to clear first
 * @set: signals to set then
 */
struct zx_hyp_object_signal {
	__u32 size;
	__u32 handle;
	__u32 clear;
	__u32 set;
};
#define ZX_HYP_OBJECT_SIGNAL _IO(ZX_HYP_TYPE, ZX_HYP_CMD_OBJECT_SIGNAL)
#define ZX_HYP_OBJECT_SIGNAL_PEER _IO(ZX_HYP_TYPE, ZX_HYP_CMD_OBJECT_SIGNAL_PEER)

#define ZX_HYP_TIME_INFINITE	0x7fffffffffffffffLL

/**
 * struct zx_hyp_object_wait_one - argument of ZX_HYP_OBJECT_WAIT_ONE
 * @size: sizeof(struct zx_hyp_object_wait_one)
 * @handle: a handle, right WAIT
 * @signals: any of these ends the wait
 * @reserved: zero
 * @deadline: monotonic time, nanoseconds; in the past: do not wait
 * @out_observed: where the object's signals (__u32) go, or 0; they are also
 *	written with ZX_ERR_TIMED_OUT and ZX_ERR_CANCELED
 */
struct zx_hyp_object_wait_one {
	__u32 size;
	__u32 handle;
	__u32 signals;
	__u32 reserved;
	__s64 deadline;
	__aligned_u64 out_observed;
};
#define ZX_HYP_OBJECT_WAIT_ONE _IO(ZX_HYP_TYPE, ZX_HYP_CMD_OBJECT_WAIT_ONE)

#define ZX_HYP_WAIT_MANY_MAX	64

/**
 * struct zx_hyp_wait_item - one of many objects to wait for
 * @handle: a handle, right WAIT
 * @waitfor: any of these signals ends the wait
 * @pending: receives the object's signals, also with ZX_ERR_TIMED_OUT and
 *	ZX_ERR_CANCELED
 */
struct zx_hyp_wait_item {
	__u32 handle;
	__u32 waitfor;
	__u32 pending;
};

/**
 * struct zx_hyp_object_wait_many - argument of ZX_HYP_OBJECT_WAIT_MANY
 * @size: sizeof(struct zx_hyp_object_wait_many)
 * @reserved: zero
 * @items: address of an array of struct zx_hyp_wait_item
 * @count: how many; 0 waits for the deadline; above ZX_HYP_WAIT_MANY_MAX
 *	ZX_ERR_OUT_OF_RANGE
 * @deadline: monotonic time, nanoseconds
 */
struct zx_hyp_object_wait_many {
	__u32 size;
	__u32 reserved;
	__aligned_u64 items;
	__aligned_u64 count;
	__s64 deadline;
};
#define ZX_HYP_OBJECT_WAIT_MANY _IO(ZX_HYP_TYPE, ZX_HYP_CMD_OBJECT_WAIT_MANY)

#define ZX_HYP_WAIT_ASYNC_TIMESTAMP	(1U << 0)
#define ZX_HYP_WAIT_ASYNC_EDGE		(1U << 1)

/**
 * struct zx_hyp_object_wait_async - argument of ZX_HYP_OBJECT_WAIT_ASYNC
 * @size: sizeof(struct zx_hyp_object_wait_async)
 * @handle: a handle, right WAIT; the wait ends when it is closed
 * @port: port handle, right WRITE
 * @signals: the first of these queues one packet and ends the wait
 * @key: goes into the packet
 * @options: ZX_HYP_WAIT_ASYNC_*
 * @reserved: zero
 */
struct zx_hyp_object_wait_async {
	__u32 size;
	__u32 handle;
	__u32 port;
	__u32 signals;
	__aligned_u64 key;
	__u32 options;
	__u32 reserved;
};
#define ZX_HYP_OBJECT_WAIT_ASYNC _IO(ZX_HYP_TYPE, ZX_HYP_CMD_OBJECT_WAIT_ASYNC)

/**
 * struct zx_hyp_object_poll_fd - argument of ZX_HYP_OBJECT_POLL_FD
 * @size: sizeof(struct zx_hyp_object_poll_fd)
 * @handle: a port, right READ, or an object with signals, right WAIT
 * @signals: signals that make the descriptor readable; of a port 0, else
 *	ZX_ERR_INVALID_ARGS
 * @reserved: zero
 * @out_fd: where the descriptor (__s32), close-on-exec, goes
 *
 * poll() and its kin find the descriptor readable while a packet is queued at
 * the port, or any of @signals is set; hung up once the last handle is closed.
 * Reading it says nothing: packets are taken by ZX_HYP_PORT_WAIT.
 */
struct zx_hyp_object_poll_fd {
	__u32 size;
	__u32 handle;
	__u32 signals;
	__u32 reserved;
	__aligned_u64 out_fd;
};
#define ZX_HYP_OBJECT_POLL_FD _IO(ZX_HYP_TYPE, ZX_HYP_CMD_OBJECT_POLL_FD)

/**
 * struct zx_hyp_event_create - argument of ZX_HYP_EVENT_CREATE
 * @size: sizeof(struct zx_hyp_event_create)
 * @options: 0, else ZX_ERR_INVALID_ARGS
 * @out_handle: where the handle (__u32) goes
 */
struct zx_hyp_event_create {
	__u32 size;
	__u32 options;
	__aligned_u64 out_handle;
};
#define ZX_HYP_EVENT_CREATE _IO(ZX_HYP_TYPE, ZX_HYP_CMD_EVENT_CREATE)

/**
 * struct zx_hyp_eventpair_create - argument of ZX_HYP_EVENTPAIR_CREATE
 * @size: sizeof(struct zx_hyp_eventpair_create)
 * @options: 0, else ZX_ERR_NOT_SUPPORTED
 * @out_handle0: where the handle (__u32) of one end goes
 * @out_handle1: where that of the other goes
 */
struct zx_hyp_eventpair_create {
	__u32 size;
	__u32 options;
	__aligned_u64 out_handle0;
	__aligned_u64 out_handle1;
};
#define ZX_HYP_EVENTPAIR_CREATE _IO(ZX_HYP_TYPE, ZX_HYP_CMD_EVENTPAIR_CREATE)

/* Option of ZX_HYP_PORT_CREATE: accepted, there are no interrupts to bind. */
#define ZX_HYP_PORT_BIND_TO_INTERRUPT	(1U << 0)

/**
 * struct zx_hyp_port_create - argument of ZX_HYP_PORT_CREATE
 * @size: sizeof(struct zx_hyp_port_create)
 * @options: ZX_HYP_PORT_*, else ZX_ERR_INVALID_ARGS
 * @out_handle: where the handle (__u32) goes
 */
struct zx_hyp_port_create {
	__u32 size;
	__u32 options;
	__aligned_u64 out_handle;
};
#define ZX_HYP_PORT_CREATE _IO(ZX_HYP_TYPE, ZX_HYP_CMD_PORT_CREATE)

/**
 * struct zx_hyp_port_queue - argument of ZX_HYP_PORT_QUEUE
 * @size: sizeof(struct zx_hyp_port_queue)
 * @port: port handle, right WRITE
 * @packet: address of a struct zx_hyp_packet; its type is not looked at
 *
 * With more than 4096 packets of users queued: ZX_ERR_SHOULD_WAIT.
 */
struct zx_hyp_port_queue {
	__u32 size;
	__u32 port;
	__aligned_u64 packet;
};
#define ZX_HYP_PORT_QUEUE _IO(ZX_HYP_TYPE, ZX_HYP_CMD_PORT_QUEUE)

/**
 * struct zx_hyp_port_wait - argument of ZX_HYP_PORT_WAIT
 * @size: sizeof(struct zx_hyp_port_wait)
 * @port: port handle, right READ; closing it does not end the wait
 * @deadline: monotonic time, nanoseconds; a packet that is there wins
 * @out_packet: where a struct zx_hyp_packet goes; one that cannot be written
 *	is lost, as in Zircon
 */
struct zx_hyp_port_wait {
	__u32 size;
	__u32 port;
	__s64 deadline;
	__aligned_u64 out_packet;
};
#define ZX_HYP_PORT_WAIT _IO(ZX_HYP_TYPE, ZX_HYP_CMD_PORT_WAIT)

/**
 * struct zx_hyp_port_cancel - argument of ZX_HYP_PORT_CANCEL
 * @size: sizeof(struct zx_hyp_port_cancel)
 * @port: port handle, right WRITE
 * @source: the handle that was given to ZX_HYP_OBJECT_WAIT_ASYNC, right WAIT
 * @reserved: zero
 * @key: the key that was given there
 *
 * Ends those waits and takes their packets out of the queue; nothing to take:
 * ZX_ERR_NOT_FOUND.
 */
struct zx_hyp_port_cancel {
	__u32 size;
	__u32 port;
	__u32 source;
	__u32 reserved;
	__aligned_u64 key;
};
#define ZX_HYP_PORT_CANCEL _IO(ZX_HYP_TYPE, ZX_HYP_CMD_PORT_CANCEL)

#endif /* _UAPI_LINUX_ZX_HYP_OBJECT_H */
