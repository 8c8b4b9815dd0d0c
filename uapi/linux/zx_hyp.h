/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * zx_hyp: the ioctl contract between the zx_hyp kernel module and libzx.
 *
 * This header is all that the two share. Programs do not include it: they
 * include <zircon/syscalls.h> and link libzx, which speaks this contract.
 *
 * General rules
 * =============
 *
 * Requests. Every request takes a pointer to a structure whose first member,
 * @size, is the size of the structure as the caller knows it. The kernel reads
 * that structure once and never writes it. A structure may grow at its end: a caller that is older
 * than the kernel gets zeroes for what it does not know; a newer caller is
 * accepted as long as the bytes that the kernel does not know are zero.
 *
 * Results. Each result has a member named out_*, which holds the address of
 * the caller's variable. Results are written last, and only by calls that
 * succeed: a call that fails writes nothing. A result address that cannot be
 * written gives ZX_ERR_INVALID_ARGS, and what the call had made is undone. Where
 * Zircon is otherwise (waits tell what they saw when they time out, a packet
 * that cannot be delivered is lost) so is the request, and says so.
 *
 * Return value. Zero is ZX_OK. A positive number is the negated zx_status_t
 * (11 for ZX_ERR_BAD_HANDLE, which is -11). A negative errno speaks of the
 * transport, not of the call:
 *
 *   ENOTTY   no such request
 *   EFAULT   the request structure cannot be read
 *   EINVAL   @size is smaller than the first version of the structure, or a
 *            reserved member or an unknown flag of this contract is not zero
 *   E2BIG    @size is larger than the kernel's structure and the excess is
 *            not zero; or it is larger than a page
 *   EINTR    a signal is pending; the call changed nothing and may be issued
 *            again
 *
 * Options and kinds that Zircon defines are passed through as they are: a bad
 * one gets Zircon's status, not an errno.
 *
 * Handles. A handle belongs to the open file description that made it, and
 * that belongs to the address space (mm) that opened it. From any other
 * process every request but ZX_HYP_QUERY answers ZX_ERR_BAD_HANDLE. Both low
 * bits of a handle are set, the top bit is clear, zero is never a handle, and
 * the value of a closed handle is not given out again before half a billion
 * others were.
 *
 * The shared vCPU page
 * ====================
 *
 * A later version lets ZX_HYP_VCPU_CREATE report, through @out_page, the
 * offset at which mmap() of the device shows one page of the new vCPU:
 * struct zx_hyp_vcpu_page. Its owner thread may then read and write the
 * registers, and find the packet of the last enter, without an ioctl. The page
 * names the thread that owns the vCPU and the epoch of the handle table, which
 * changes whenever a handle is closed, so that the library can tell that a
 * handle is still good; in any doubt it takes the ioctl, whose answer is the
 * truth. The kernel trusts nothing in the page: it copies what it uses once,
 * at enter, and masks what it copied. Until then @out_page receives
 * ZX_HYP_NO_PAGE.
 *
 * Older API levels
 * ================
 *
 * The kernel knows no API levels. Where an older one needs the kernel's help,
 * a neutral flag asks for it: ZX_HYP_GUEST_REPORT_UNTRAPPED for the levels
 * that hand accesses without a trap to the VMM, ZX_HYP_TRAP_ASYNC for those
 * that let MEM and IO traps deliver to a port, ZX_HYP_GUEST_SHARED_THREADS for
 * those that allow several vCPUs to a thread. These are reserved names: a
 * kernel that does not carry one out refuses it with EINVAL, and
 * ZX_HYP_QUERY tells which it carries out.
 */
#ifndef _UAPI_LINUX_ZX_HYP_H
#define _UAPI_LINUX_ZX_HYP_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define ZX_HYP_ABI_VERSION	1

#define ZX_HYP_TYPE		0xB7

enum {
	ZX_HYP_CMD_QUERY = 0x00,
	ZX_HYP_CMD_HANDLE_CLOSE = 0x01,
	ZX_HYP_CMD_RESOURCE_GET = 0x02,
	ZX_HYP_CMD_HANDLE_CLOSE_MANY = 0x03,
	ZX_HYP_CMD_HANDLE_DUPLICATE = 0x04,
	ZX_HYP_CMD_HANDLE_REPLACE = 0x05,
	ZX_HYP_CMD_HANDLE_EXPORT = 0x06,
	ZX_HYP_CMD_HANDLE_IMPORT = 0x07,
	ZX_HYP_CMD_RESOURCE_CREATE = 0x08,
	ZX_HYP_CMD_RIGHTS_SET = 0x09,

	ZX_HYP_CMD_GUEST_CREATE = 0x10,
	ZX_HYP_CMD_GUEST_SET_TRAP = 0x11,

	ZX_HYP_CMD_VCPU_CREATE = 0x20,
	ZX_HYP_CMD_VCPU_ENTER = 0x21,
	ZX_HYP_CMD_VCPU_KICK = 0x22,
	ZX_HYP_CMD_VCPU_INTERRUPT = 0x23,
	ZX_HYP_CMD_VCPU_READ_STATE = 0x24,
	ZX_HYP_CMD_VCPU_WRITE_STATE = 0x25,

	ZX_HYP_CMD_VMO_CREATE = 0x30,
	ZX_HYP_CMD_VMO_READ = 0x31,
	ZX_HYP_CMD_VMO_WRITE = 0x32,
	ZX_HYP_CMD_VMO_GET_SIZE = 0x33,
	ZX_HYP_CMD_VMO_REPLACE_AS_EXECUTABLE = 0x34,
	ZX_HYP_CMD_VMO_SET_SIZE = 0x35,
	ZX_HYP_CMD_VMO_OP_RANGE = 0x36,
	ZX_HYP_CMD_VMO_SET_CACHE_POLICY = 0x37,

	ZX_HYP_CMD_VMAR_ROOT_SELF = 0x40,
	ZX_HYP_CMD_VMAR_MAP = 0x41,
	ZX_HYP_CMD_VMAR_UNMAP = 0x42,
	ZX_HYP_CMD_VMAR_PROTECT = 0x43,
	ZX_HYP_CMD_VMAR_ALLOCATE = 0x44,
	ZX_HYP_CMD_VMAR_DESTROY = 0x45,
	ZX_HYP_CMD_VMAR_OP_RANGE = 0x46,

	ZX_HYP_CMD_OBJECT_GET_INFO = 0x50,
	ZX_HYP_CMD_OBJECT_GET_PROPERTY = 0x51,
	ZX_HYP_CMD_OBJECT_SET_PROPERTY = 0x52,
	ZX_HYP_CMD_OBJECT_SIGNAL = 0x53,
	ZX_HYP_CMD_OBJECT_SIGNAL_PEER = 0x54,
	ZX_HYP_CMD_OBJECT_WAIT_ONE = 0x55,
	ZX_HYP_CMD_OBJECT_WAIT_MANY = 0x56,
	ZX_HYP_CMD_OBJECT_WAIT_ASYNC = 0x57,
	ZX_HYP_CMD_OBJECT_POLL_FD = 0x58,

	ZX_HYP_CMD_EVENT_CREATE = 0x60,
	ZX_HYP_CMD_EVENTPAIR_CREATE = 0x61,

	ZX_HYP_CMD_PORT_CREATE = 0x68,
	ZX_HYP_CMD_PORT_QUEUE = 0x69,
	ZX_HYP_CMD_PORT_WAIT = 0x6a,
	ZX_HYP_CMD_PORT_CANCEL = 0x6b,
};

/* Values of zx_hyp_query_result.vendor. */
#define ZX_HYP_VENDOR_NONE	0	/* no usable KVM: guests cannot be made */
#define ZX_HYP_VENDOR_INTEL	1	/* kvm-intel: VMX */
#define ZX_HYP_VENDOR_AMD	2	/* kvm-amd: SVM */

/* Bits of zx_hyp_query_result.caps: what this kernel carries out. */
#define ZX_HYP_CAP_GUEST	(1ULL << 0)	/* guest_create can succeed here */
#define ZX_HYP_CAP_VCPU_PAGE	(1ULL << 1)	/* the shared vCPU page */
#define ZX_HYP_CAP_PORT		(1ULL << 2)	/* ports and BELL traps */
#define ZX_HYP_CAP_TRAP_ASYNC	(1ULL << 3)	/* ZX_HYP_TRAP_ASYNC */
#define ZX_HYP_CAP_UNTRAPPED	(1ULL << 4)	/* ZX_HYP_GUEST_REPORT_UNTRAPPED */

/**
 * struct zx_hyp_query_result - what ZX_HYP_QUERY tells
 * @abi_version: ZX_HYP_ABI_VERSION of the module
 * @vendor: ZX_HYP_VENDOR_*
 * @caps: ZX_HYP_CAP_*
 * @max_vcpus: vCPUs that one guest may have
 * @gpa_bits: guest-physical address bits that the CPU translates; addresses
 *	above can be mapped and trapped, but no guest can reach them
 */
struct zx_hyp_query_result {
	__u32 abi_version;
	__u32 vendor;
	__aligned_u64 caps;
	__u32 max_vcpus;
	__u32 gpa_bits;
};

/**
 * struct zx_hyp_query - argument of ZX_HYP_QUERY
 * @size: sizeof(struct zx_hyp_query)
 * @out_size: bytes at @out_result, at most 4096, else E2BIG; the result is cut
 *	or padded with zeroes to fit, so that either side may be the older one
 * @out_result: where a struct zx_hyp_query_result goes
 *
 * The one request that any process may issue on the file.
 */
struct zx_hyp_query {
	__u32 size;
	__u32 out_size;
	__aligned_u64 out_result;
};
#define ZX_HYP_QUERY _IO(ZX_HYP_TYPE, ZX_HYP_CMD_QUERY)

/* Bits of zx_hyp_guest_create.flags: see "Older API levels". */
#define ZX_HYP_GUEST_REPORT_UNTRAPPED	(1U << 0)
#define ZX_HYP_GUEST_SHARED_THREADS	(1U << 1)

/**
 * struct zx_hyp_guest_create - argument of ZX_HYP_GUEST_CREATE
 * @size: sizeof(struct zx_hyp_guest_create)
 * @resource: handle of a hypervisor resource
 * @options: Zircon's options, 0
 * @flags: ZX_HYP_GUEST_*
 * @out_guest: where the guest's handle (__u32) goes
 * @out_vmar: where the handle (__u32) of its physical VMAR goes
 */
struct zx_hyp_guest_create {
	__u32 size;
	__u32 resource;
	__u32 options;
	__u32 flags;
	__aligned_u64 out_guest;
	__aligned_u64 out_vmar;
};
#define ZX_HYP_GUEST_CREATE _IO(ZX_HYP_TYPE, ZX_HYP_CMD_GUEST_CREATE)

/* Zircon's trap kinds, as they are from 2017-09-20 on. */
#define ZX_HYP_TRAP_BELL	0
#define ZX_HYP_TRAP_MEM		1
#define ZX_HYP_TRAP_IO		2

/* Bits of zx_hyp_guest_set_trap.flags: see "Older API levels". */
#define ZX_HYP_TRAP_ASYNC	(1U << 0)

/**
 * struct zx_hyp_guest_set_trap - argument of ZX_HYP_GUEST_SET_TRAP
 * @size: sizeof(struct zx_hyp_guest_set_trap)
 * @guest: guest handle, right WRITE
 * @kind: ZX_HYP_TRAP_*
 * @port: port handle, or 0
 * @addr: first guest-physical address or port; BELL and MEM: page aligned
 * @len: bytes or ports; BELL and MEM: page aligned
 * @key: goes into every packet of the trap
 * @flags: ZX_HYP_TRAP_*
 * @reserved: zero
 */
struct zx_hyp_guest_set_trap {
	__u32 size;
	__u32 guest;
	__u32 kind;
	__u32 port;
	__aligned_u64 addr;
	__aligned_u64 len;
	__aligned_u64 key;
	__u32 flags;
	__u32 reserved;
};
#define ZX_HYP_GUEST_SET_TRAP _IO(ZX_HYP_TYPE, ZX_HYP_CMD_GUEST_SET_TRAP)

#define ZX_HYP_NO_PAGE		(~0ULL)

/**
 * struct zx_hyp_vcpu_create - argument of ZX_HYP_VCPU_CREATE
 * @size: sizeof(struct zx_hyp_vcpu_create)
 * @guest: guest handle, right MANAGE_PROCESS or MANAGE_THREAD
 * @options: Zircon's options, 0
 * @reserved: zero
 * @entry: guest-physical address of the first instruction, below 2^48
 * @out_vcpu: where the handle (__u32) goes
 * @out_page: where the mmap offset (__u64) of the shared page goes, or 0 when
 *	the caller does not want it
 */
struct zx_hyp_vcpu_create {
	__u32 size;
	__u32 guest;
	__u32 options;
	__u32 reserved;
	__aligned_u64 entry;
	__aligned_u64 out_vcpu;
	__aligned_u64 out_page;
};
#define ZX_HYP_VCPU_CREATE _IO(ZX_HYP_TYPE, ZX_HYP_CMD_VCPU_CREATE)

/* Types of packets, as Zircon has them from 2018-03-29 on. */
#define ZX_HYP_PACKET_USER		0
#define ZX_HYP_PACKET_SIGNAL_ONE	1
#define ZX_HYP_PACKET_GUEST_BELL	3
#define ZX_HYP_PACKET_GUEST_MEM		4
#define ZX_HYP_PACKET_GUEST_IO		5
#define ZX_HYP_PACKET_GUEST_VCPU	6

#define ZX_HYP_PACKET_VCPU_INTERRUPT	0
#define ZX_HYP_PACKET_VCPU_STARTUP	1

/**
 * struct zx_hyp_packet - a packet, laid out as Zircon's newest zx_port_packet_t
 * @key: key of the trap or of the wait; of a user's packet its own; else 0
 * @type: ZX_HYP_PACKET_*
 * @status: of a user's packet its own; else 0
 * @signal: signals that were waited for; @signal.timestamp is the monotonic time
 *	of the match in nanoseconds, if that was asked for, else 0
 * @guest_bell: a BELL trap was hit
 * @guest_mem: a MEM trap was hit; RIP is already past the instruction, every
 *	other register as before it. @guest_mem.rip is where the instruction
 *	starts; @guest_mem.instruction_size and .default_operand_size in bytes
 * @guest_io: an IO trap was hit; @guest_io.input is 1 for IN
 * @guest_vcpu: the guest wrote its interrupt command register
 */
struct zx_hyp_packet {
	__aligned_u64 key;
	__u32 type;
	__s32 status;
	union {
		struct {
			__u32 trigger;
			__u32 observed;
			__aligned_u64 count;
			__s64 timestamp;
			__aligned_u64 reserved;
		} signal;
		struct {
			__aligned_u64 addr;
			__aligned_u64 reserved[3];
		} guest_bell;
		struct {
			__aligned_u64 addr;
			__aligned_u64 cr3;
			__aligned_u64 rip;
			__u8 instruction_size;
			__u8 default_operand_size;
			__u8 reserved[6];
		} guest_mem;
		struct {
			__u16 port;
			__u8 access_size;
			__u8 input;
			__u8 data[4];
			__aligned_u64 reserved[3];
		} guest_io;
		struct {
			__u32 type;
			__u32 pad;
			union {
				struct {
					__aligned_u64 mask;
					__u8 vector;
					__u8 pad[7];
				} interrupt;
				struct {
					__aligned_u64 id;
					__aligned_u64 entry;
				} startup;
			};
			__aligned_u64 reserved;
		} guest_vcpu;
		__u8 bytes[32];
	};
};

/**
 * struct zx_hyp_vcpu_enter - argument of ZX_HYP_VCPU_ENTER
 * @size: sizeof(struct zx_hyp_vcpu_enter)
 * @vcpu: vCPU handle, right EXECUTE; only its own thread may enter it
 * @out_packet: where a struct zx_hyp_packet goes when the call is ZX_OK
 *
 * -EINTR means that a signal is pending for the thread: the library enters
 * again once its handlers have run.
 */
struct zx_hyp_vcpu_enter {
	__u32 size;
	__u32 vcpu;
	__aligned_u64 out_packet;
};
#define ZX_HYP_VCPU_ENTER _IO(ZX_HYP_TYPE, ZX_HYP_CMD_VCPU_ENTER)

/**
 * struct zx_hyp_vcpu_kick - argument of ZX_HYP_VCPU_KICK
 * @size: sizeof(struct zx_hyp_vcpu_kick)
 * @vcpu: vCPU handle, right EXECUTE
 */
struct zx_hyp_vcpu_kick {
	__u32 size;
	__u32 vcpu;
};
#define ZX_HYP_VCPU_KICK _IO(ZX_HYP_TYPE, ZX_HYP_CMD_VCPU_KICK)

/**
 * struct zx_hyp_vcpu_interrupt - argument of ZX_HYP_VCPU_INTERRUPT
 * @size: sizeof(struct zx_hyp_vcpu_interrupt)
 * @vcpu: vCPU handle, right SIGNAL
 * @vector: 0 to 255
 * @reserved: zero
 */
struct zx_hyp_vcpu_interrupt {
	__u32 size;
	__u32 vcpu;
	__u32 vector;
	__u32 reserved;
};
#define ZX_HYP_VCPU_INTERRUPT _IO(ZX_HYP_TYPE, ZX_HYP_CMD_VCPU_INTERRUPT)

#define ZX_HYP_VCPU_STATE	0	/* struct zx_hyp_vcpu_state */
#define ZX_HYP_VCPU_IO		1	/* struct zx_hyp_vcpu_io, write only */

/**
 * struct zx_hyp_vcpu_state - zx_vcpu_state_t
 * @rflags: read: the user-visible flags only; written: ignored unless bit 1 is
 *	set, and then only the user-visible flags are taken
 */
struct zx_hyp_vcpu_state {
	__aligned_u64 rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi;
	__aligned_u64 r8, r9, r10, r11, r12, r13, r14, r15;
	__aligned_u64 rflags;
};

/**
 * struct zx_hyp_vcpu_io - zx_vcpu_io_t, the answer to an IN
 * @access_size: 1, 2 or 4
 * @data: its low @access_size bytes go into the low bytes of RAX
 */
struct zx_hyp_vcpu_io {
	__u8 access_size;
	__u8 pad[3];
	__u8 data[4];
};

/**
 * struct zx_hyp_vcpu_rw_state - argument of ZX_HYP_VCPU_READ_STATE and
 *	ZX_HYP_VCPU_WRITE_STATE
 * @size: sizeof(struct zx_hyp_vcpu_rw_state)
 * @vcpu: vCPU handle, right READ or WRITE; only its own thread may use it
 * @kind: ZX_HYP_VCPU_STATE or ZX_HYP_VCPU_IO
 * @reserved: zero
 * @buffer: address of the caller's state
 * @buffer_size: its size in bytes
 */
struct zx_hyp_vcpu_rw_state {
	__u32 size;
	__u32 vcpu;
	__u32 kind;
	__u32 reserved;
	__aligned_u64 buffer;
	__aligned_u64 buffer_size;
};
#define ZX_HYP_VCPU_READ_STATE _IO(ZX_HYP_TYPE, ZX_HYP_CMD_VCPU_READ_STATE)
#define ZX_HYP_VCPU_WRITE_STATE _IO(ZX_HYP_TYPE, ZX_HYP_CMD_VCPU_WRITE_STATE)

/**
 * struct zx_hyp_vcpu_page - the shared vCPU page: see the head of this file
 * @abi_version: ZX_HYP_ABI_VERSION
 * @owner_tid: thread that may use the page, in the pid namespace of the file
 * @handle_epoch: grows whenever a handle of the table is closed
 * @state_valid: the kernel filled @state at the last enter
 * @state_dirty: the library wrote @state; the next enter takes it
 * @reserved: zero
 * @state: the registers
 * @packet: the packet of the last enter that was ZX_OK
 */
struct zx_hyp_vcpu_page {
	__u32 abi_version;
	__u32 owner_tid;
	__aligned_u64 handle_epoch;
	__u32 state_valid;
	__u32 state_dirty;
	__aligned_u64 reserved[5];
	struct zx_hyp_vcpu_state state;
	struct zx_hyp_packet packet;
};

#define ZX_HYP_VMO_RESIZABLE	(1U << 1)	/* ZX_VMO_RESIZABLE */
#define ZX_HYP_VMO_DISCARDABLE	(1U << 2)	/* known, and ZX_ERR_NOT_SUPPORTED */

/**
 * struct zx_hyp_vmo_create - argument of ZX_HYP_VMO_CREATE
 * @size: sizeof(struct zx_hyp_vmo_create)
 * @options: ZX_HYP_VMO_*; the library turns an older level's default around
 * @vmo_size: bytes, rounded up to a page
 * @out_handle: where the handle (__u32) goes
 */
struct zx_hyp_vmo_create {
	__u32 size;
	__u32 options;
	__aligned_u64 vmo_size;
	__aligned_u64 out_handle;
};
#define ZX_HYP_VMO_CREATE _IO(ZX_HYP_TYPE, ZX_HYP_CMD_VMO_CREATE)

/**
 * struct zx_hyp_vmo_rw - argument of ZX_HYP_VMO_READ and ZX_HYP_VMO_WRITE
 * @size: sizeof(struct zx_hyp_vmo_rw)
 * @vmo: VMO handle, right READ or WRITE
 * @buffer: address of the caller's bytes
 * @offset: first byte of the VMO
 * @buffer_size: bytes
 */
struct zx_hyp_vmo_rw {
	__u32 size;
	__u32 vmo;
	__aligned_u64 buffer;
	__aligned_u64 offset;
	__aligned_u64 buffer_size;
};
#define ZX_HYP_VMO_READ _IO(ZX_HYP_TYPE, ZX_HYP_CMD_VMO_READ)
#define ZX_HYP_VMO_WRITE _IO(ZX_HYP_TYPE, ZX_HYP_CMD_VMO_WRITE)

/**
 * struct zx_hyp_vmo_get_size - argument of ZX_HYP_VMO_GET_SIZE
 * @size: sizeof(struct zx_hyp_vmo_get_size)
 * @vmo: VMO handle, no right needed
 * @out_size: where the size in bytes (__u64) goes
 */
struct zx_hyp_vmo_get_size {
	__u32 size;
	__u32 vmo;
	__aligned_u64 out_size;
};
#define ZX_HYP_VMO_GET_SIZE _IO(ZX_HYP_TYPE, ZX_HYP_CMD_VMO_GET_SIZE)

/**
 * struct zx_hyp_vmo_replace_as_executable - argument of
 *	ZX_HYP_VMO_REPLACE_AS_EXECUTABLE
 * @size: sizeof(struct zx_hyp_vmo_replace_as_executable)
 * @vmo: VMO handle; consumed whatever the outcome
 * @vmex: handle of a vmex resource, or 0
 * @reserved: zero
 * @out_handle: where the new handle (__u32) goes
 */
struct zx_hyp_vmo_replace_as_executable {
	__u32 size;
	__u32 vmo;
	__u32 vmex;
	__u32 reserved;
	__aligned_u64 out_handle;
};
#define ZX_HYP_VMO_REPLACE_AS_EXECUTABLE \
	_IO(ZX_HYP_TYPE, ZX_HYP_CMD_VMO_REPLACE_AS_EXECUTABLE)

/**
 * struct zx_hyp_vmo_set_size - argument of ZX_HYP_VMO_SET_SIZE
 * @size: sizeof(struct zx_hyp_vmo_set_size)
 * @vmo: VMO handle, rights WRITE and RESIZE; not resizable: ZX_ERR_UNAVAILABLE
 * @vmo_size: bytes, rounded up to a page
 */
struct zx_hyp_vmo_set_size {
	__u32 size;
	__u32 vmo;
	__aligned_u64 vmo_size;
};
#define ZX_HYP_VMO_SET_SIZE _IO(ZX_HYP_TYPE, ZX_HYP_CMD_VMO_SET_SIZE)

/* Zircon's operations on ranges, of VMOs and of VMARs. */
#define ZX_HYP_OP_COMMIT		1
#define ZX_HYP_OP_DECOMMIT		2
#define ZX_HYP_OP_LOCK			3
#define ZX_HYP_OP_MAP_RANGE		3	/* of a VMAR */
#define ZX_HYP_OP_UNLOCK		4
#define ZX_HYP_OP_CACHE_SYNC		6
#define ZX_HYP_OP_CACHE_INVALIDATE	7
#define ZX_HYP_OP_CACHE_CLEAN		8
#define ZX_HYP_OP_CACHE_CLEAN_INVALIDATE	9
#define ZX_HYP_OP_ZERO			10
#define ZX_HYP_OP_TRY_LOCK		11
#define ZX_HYP_OP_DONT_NEED		12
#define ZX_HYP_OP_ALWAYS_NEED		13

/**
 * struct zx_hyp_vmo_op_range - argument of ZX_HYP_VMO_OP_RANGE
 * @size: sizeof(struct zx_hyp_vmo_op_range)
 * @vmo: VMO handle; right WRITE to commit, decommit, zero and invalidate, READ
 *	for the other cache operations
 * @op: ZX_HYP_OP_*
 * @reserved: zero
 * @offset: first byte
 * @len: bytes; COMMIT, DECOMMIT and hints act on whole pages
 */
struct zx_hyp_vmo_op_range {
	__u32 size;
	__u32 vmo;
	__u32 op;
	__u32 reserved;
	__aligned_u64 offset;
	__aligned_u64 len;
};
#define ZX_HYP_VMO_OP_RANGE _IO(ZX_HYP_TYPE, ZX_HYP_CMD_VMO_OP_RANGE)

#define ZX_HYP_CACHE_CACHED	0
#define ZX_HYP_CACHE_MASK	3

/**
 * struct zx_hyp_vmo_set_cache_policy - argument of ZX_HYP_VMO_SET_CACHE_POLICY
 * @size: sizeof(struct zx_hyp_vmo_set_cache_policy)
 * @vmo: VMO handle, right MAP
 * @policy: ZX_HYP_CACHE_CACHED; another policy of Zircon's gives
 *	ZX_ERR_NOT_SUPPORTED
 * @reserved: zero
 */
struct zx_hyp_vmo_set_cache_policy {
	__u32 size;
	__u32 vmo;
	__u32 policy;
	__u32 reserved;
};
#define ZX_HYP_VMO_SET_CACHE_POLICY _IO(ZX_HYP_TYPE, ZX_HYP_CMD_VMO_SET_CACHE_POLICY)

/**
 * struct zx_hyp_vmar_root_self - argument of ZX_HYP_VMAR_ROOT_SELF
 * @size: sizeof(struct zx_hyp_vmar_root_self)
 * @reserved: zero
 * @out_handle: where a new handle (__u32) of the process's root VMAR goes
 */
struct zx_hyp_vmar_root_self {
	__u32 size;
	__u32 reserved;
	__aligned_u64 out_handle;
};
#define ZX_HYP_VMAR_ROOT_SELF _IO(ZX_HYP_TYPE, ZX_HYP_CMD_VMAR_ROOT_SELF)

/* Zircon's zx_vm_option_t, the bits that the kernel looks at. */
#define ZX_HYP_VM_PERM_READ		(1U << 0)
#define ZX_HYP_VM_PERM_WRITE		(1U << 1)
#define ZX_HYP_VM_PERM_EXECUTE		(1U << 2)
#define ZX_HYP_VM_COMPACT		(1U << 3)
#define ZX_HYP_VM_SPECIFIC		(1U << 4)
#define ZX_HYP_VM_SPECIFIC_OVERWRITE	(1U << 5)
#define ZX_HYP_VM_CAN_MAP_SPECIFIC	(1U << 6)
#define ZX_HYP_VM_CAN_MAP_READ		(1U << 7)
#define ZX_HYP_VM_CAN_MAP_WRITE		(1U << 8)
#define ZX_HYP_VM_CAN_MAP_EXECUTE	(1U << 9)
#define ZX_HYP_VM_MAP_RANGE		(1U << 10)
#define ZX_HYP_VM_REQUIRE_NON_RESIZABLE	(1U << 11)
#define ZX_HYP_VM_ALLOW_FAULTS		(1U << 12)
#define ZX_HYP_VM_OFFSET_IS_UPPER_LIMIT	(1U << 13)
#define ZX_HYP_VM_PERM_READ_IF_XOM_UNSUPPORTED	(1U << 14)
#define ZX_HYP_VM_ALIGN_SHIFT		24

/**
 * struct zx_hyp_vmar_map - argument of ZX_HYP_VMAR_MAP
 * @size: sizeof(struct zx_hyp_vmar_map)
 * @vmar: VMAR handle
 * @options: ZX_HYP_VM_*
 * @vmo: VMO handle, right MAP and the rights that the permissions need
 * @vmar_offset: bytes from the VMAR's base, page aligned
 * @vmo_offset: bytes, page aligned
 * @len: bytes, rounded up to a page
 * @out_addr: where the address (__u64) of the mapping goes
 */
struct zx_hyp_vmar_map {
	__u32 size;
	__u32 vmar;
	__u32 options;
	__u32 vmo;
	__aligned_u64 vmar_offset;
	__aligned_u64 vmo_offset;
	__aligned_u64 len;
	__aligned_u64 out_addr;
};
#define ZX_HYP_VMAR_MAP _IO(ZX_HYP_TYPE, ZX_HYP_CMD_VMAR_MAP)

/**
 * struct zx_hyp_vmar_unmap - argument of ZX_HYP_VMAR_UNMAP
 * @size: sizeof(struct zx_hyp_vmar_unmap)
 * @vmar: VMAR handle
 * @addr: absolute address, page aligned
 * @len: bytes, rounded up to a page
 */
struct zx_hyp_vmar_unmap {
	__u32 size;
	__u32 vmar;
	__aligned_u64 addr;
	__aligned_u64 len;
};
#define ZX_HYP_VMAR_UNMAP _IO(ZX_HYP_TYPE, ZX_HYP_CMD_VMAR_UNMAP)

/**
 * struct zx_hyp_vmar_protect - argument of ZX_HYP_VMAR_PROTECT
 * @size: sizeof(struct zx_hyp_vmar_protect)
 * @vmar: VMAR handle, with the rights that the permissions need
 * @options: ZX_HYP_VM_PERM_*
 * @reserved: zero
 * @addr: absolute address, page aligned
 * @len: bytes, rounded up to a page
 */
struct zx_hyp_vmar_protect {
	__u32 size;
	__u32 vmar;
	__u32 options;
	__u32 reserved;
	__aligned_u64 addr;
	__aligned_u64 len;
};
#define ZX_HYP_VMAR_PROTECT _IO(ZX_HYP_TYPE, ZX_HYP_CMD_VMAR_PROTECT)

/**
 * struct zx_hyp_vmar_allocate - argument of ZX_HYP_VMAR_ALLOCATE
 * @size: sizeof(struct zx_hyp_vmar_allocate)
 * @vmar: handle of the VMAR that the new one is a part of
 * @options: ZX_HYP_VM_CAN_MAP_*, COMPACT, SPECIFIC, OFFSET_IS_UPPER_LIMIT and an
 *	alignment
 * @reserved: zero
 * @offset: bytes from the VMAR's base, page aligned
 * @len: bytes, page aligned
 * @out_vmar: where the handle (__u32) goes
 * @out_addr: where the address (__u64) goes
 */
struct zx_hyp_vmar_allocate {
	__u32 size;
	__u32 vmar;
	__u32 options;
	__u32 reserved;
	__aligned_u64 offset;
	__aligned_u64 len;
	__aligned_u64 out_vmar;
	__aligned_u64 out_addr;
};
#define ZX_HYP_VMAR_ALLOCATE _IO(ZX_HYP_TYPE, ZX_HYP_CMD_VMAR_ALLOCATE)

/**
 * struct zx_hyp_vmar_destroy - argument of ZX_HYP_VMAR_DESTROY
 * @size: sizeof(struct zx_hyp_vmar_destroy)
 * @vmar: VMAR handle; a root gives ZX_ERR_NOT_SUPPORTED
 */
struct zx_hyp_vmar_destroy {
	__u32 size;
	__u32 vmar;
};
#define ZX_HYP_VMAR_DESTROY _IO(ZX_HYP_TYPE, ZX_HYP_CMD_VMAR_DESTROY)

/**
 * struct zx_hyp_vmar_op_range - argument of ZX_HYP_VMAR_OP_RANGE
 * @size: sizeof(struct zx_hyp_vmar_op_range)
 * @vmar: VMAR handle; right WRITE to commit and decommit
 * @op: ZX_HYP_OP_COMMIT, DECOMMIT, MAP_RANGE, DONT_NEED or ALWAYS_NEED
 * @reserved: zero
 * @addr: absolute address, page aligned
 * @len: bytes, rounded up to a page
 */
struct zx_hyp_vmar_op_range {
	__u32 size;
	__u32 vmar;
	__u32 op;
	__u32 reserved;
	__aligned_u64 addr;
	__aligned_u64 len;
};
#define ZX_HYP_VMAR_OP_RANGE _IO(ZX_HYP_TYPE, ZX_HYP_CMD_VMAR_OP_RANGE)

#include <linux/zx_hyp_object.h>

#endif /* _UAPI_LINUX_ZX_HYP_H */
