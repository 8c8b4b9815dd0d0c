/* SPDX-License-Identifier: MIT */
/* The packets that ports and zx_vcpu_enter() deliver. */
#ifndef ZIRCON_SYSCALLS_PORT_H_
#define ZIRCON_SYSCALLS_PORT_H_

#include <zircon/types.h>

/* Options of waiting for signals through a port. */
#define ZX_WAIT_ASYNC_ONCE ((uint32_t)0u)
#define ZX_WAIT_ASYNC_TIMESTAMP ((uint32_t)1u)
#define ZX_WAIT_ASYNC_EDGE ((uint32_t)2u)
#define ZX_WAIT_ASYNC_BOOT_TIMESTAMP ((uint32_t)4u)

/* Options of a new port. */
#define ZX_PORT_BIND_TO_INTERRUPT ((uint32_t)1u)

/* Types of packets. */
#define ZX_PKT_TYPE_USER ((uint32_t)0u)
#define ZX_PKT_TYPE_SIGNAL_ONE ((uint32_t)1u)
#define ZX_PKT_TYPE_GUEST_BELL ((uint32_t)3u)
#define ZX_PKT_TYPE_GUEST_MEM ((uint32_t)4u)
#define ZX_PKT_TYPE_GUEST_IO ((uint32_t)5u)
#define ZX_PKT_TYPE_GUEST_VCPU ((uint32_t)6u)
#define ZX_PKT_TYPE_INTERRUPT ((uint32_t)7u)
#define ZX_PKT_TYPE_PAGE_REQUEST ((uint32_t)9u)

#define ZX_PKT_TYPE_MASK ((uint32_t)0xffu)

#define ZX_PKT_IS_USER(type) ((type) == ZX_PKT_TYPE_USER)
#define ZX_PKT_IS_SIGNAL_ONE(type) ((type) == ZX_PKT_TYPE_SIGNAL_ONE)
#define ZX_PKT_IS_GUEST_BELL(type) ((type) == ZX_PKT_TYPE_GUEST_BELL)
#define ZX_PKT_IS_GUEST_MEM(type) ((type) == ZX_PKT_TYPE_GUEST_MEM)
#define ZX_PKT_IS_GUEST_IO(type) ((type) == ZX_PKT_TYPE_GUEST_IO)
#define ZX_PKT_IS_GUEST_VCPU(type) ((type) == ZX_PKT_TYPE_GUEST_VCPU)
#define ZX_PKT_IS_INTERRUPT(type) ((type) == ZX_PKT_TYPE_INTERRUPT)
#define ZX_PKT_IS_PAGE_REQUEST(type) ((type) == ZX_PKT_TYPE_PAGE_REQUEST)

/* Kinds of zx_packet_guest_vcpu_t. */
#define ZX_PKT_GUEST_VCPU_INTERRUPT ((uint32_t)0u)
#define ZX_PKT_GUEST_VCPU_STARTUP ((uint32_t)1u)

/* What a program puts into a packet of its own. */
typedef union zx_packet_user {
	uint64_t u64[4];
	uint32_t u32[8];
	uint16_t u16[16];
	uint8_t c8[32];
} zx_packet_user_t;

/**
 * struct zx_packet_signal - signals that were waited for
 * @trigger: signals that were asked for
 * @observed: the object's signals when the packet was made
 * @count: 1
 * @timestamp: monotonic time of it, nanoseconds, when that was asked for
 * @reserved1: zero
 */
typedef struct zx_packet_signal {
	zx_signals_t trigger;
	zx_signals_t observed;
	uint64_t count;
	zx_time_t timestamp;
	uint64_t reserved1;
} zx_packet_signal_t;

/**
 * struct zx_packet_guest_bell - a write to a BELL trap
 * @addr: guest-physical address that was written
 */
typedef struct zx_packet_guest_bell {
	zx_gpaddr_t addr;
	uint64_t reserved0;
	uint64_t reserved1;
	uint64_t reserved2;
} zx_packet_guest_bell_t;

/**
 * struct zx_packet_guest_mem - an access to a MEM trap
 * @addr: guest-physical address of the first byte
 * @cr3: the guest's CR3, from which its page tables hang
 * @rip: guest-virtual address of the instruction
 * @instruction_size: bytes of the instruction
 * @default_operand_size: bytes, 2 or 4: what the code segment says
 * @reserved: zero
 *
 * The vCPU stands behind the instruction, and every register but RIP is as it
 * was before it. Whoever takes the packet reads the instruction's bytes from
 * the guest's memory, does what it would have done, and writes the registers.
 */
typedef struct zx_packet_guest_mem {
	zx_gpaddr_t addr;
	uint64_t cr3;
	uint64_t rip;
	uint8_t instruction_size;
	uint8_t default_operand_size;
	uint8_t reserved[6];
} zx_packet_guest_mem_t;

/**
 * struct zx_packet_guest_io - an IN or OUT at an IO trap
 * @port: I/O port
 * @access_size: bytes: 1, 2 or 4
 * @input: true for IN, which zx_vcpu_write_state() of ZX_VCPU_IO answers
 * @u8: value of an OUT of one byte
 * @u16: value of an OUT of two bytes
 * @u32: value of an OUT of four bytes
 * @data: the same as bytes, lowest first
 */
typedef struct zx_packet_guest_io {
	uint16_t port;
	uint8_t access_size;
	bool input;
	union {
		uint8_t u8;
		uint16_t u16;
		uint32_t u32;
		uint8_t data[4];
	};
	uint64_t reserved0;
	uint64_t reserved1;
	uint64_t reserved2;
} zx_packet_guest_io_t;

/**
 * struct zx_packet_guest_vcpu_interrupt - the guest sends an interrupt
 * @mask: bit n stands for the vCPU with APIC id n
 * @vector: what to give to zx_vcpu_interrupt() for each of them
 */
typedef struct zx_packet_guest_vcpu_interrupt {
	uint64_t mask;
	uint8_t vector;
	uint8_t padding1[7];
} zx_packet_guest_vcpu_interrupt_t;

/**
 * struct zx_packet_guest_vcpu_startup - the guest starts another vCPU
 * @id: APIC id that it expects the vCPU to have
 * @entry: guest-physical address for zx_vcpu_create()
 */
typedef struct zx_packet_guest_vcpu_startup {
	uint64_t id;
	zx_gpaddr_t entry;
} zx_packet_guest_vcpu_startup_t;

/**
 * struct zx_packet_guest_vcpu - the guest addresses other vCPUs
 * @type: ZX_PKT_GUEST_VCPU_INTERRUPT or ZX_PKT_GUEST_VCPU_STARTUP
 * @interrupt: for the first
 * @startup: for the second
 * @reserved: zero
 */
typedef struct zx_packet_guest_vcpu {
	uint32_t type;
	uint8_t padding1[4];
	union {
		zx_packet_guest_vcpu_interrupt_t interrupt;
		zx_packet_guest_vcpu_startup_t startup;
	};
	uint64_t reserved;
} zx_packet_guest_vcpu_t;

/**
 * struct zx_packet_interrupt - a bound interrupt fired
 * @timestamp: monotonic time of it, nanoseconds
 */
typedef struct zx_packet_interrupt {
	zx_time_t timestamp;
	uint64_t reserved0;
	uint64_t reserved1;
	uint64_t reserved2;
} zx_packet_interrupt_t;

/**
 * struct zx_packet_page_request - a pager's VMO wants pages
 * @command: what is asked for
 * @flags: of the request
 * @offset: bytes from the VMO's start
 * @length: bytes
 */
typedef struct zx_packet_page_request {
	uint16_t command;
	uint16_t flags;
	uint32_t reserved0;
	uint64_t offset;
	uint64_t length;
	uint64_t reserved1;
} zx_packet_page_request_t;

/**
 * struct zx_port_packet - a packet
 * @key: chosen by whoever asked for the packet: of a trap, its key
 * @type: ZX_PKT_TYPE_*, which says which member of the union is meant
 * @status: of a user's packet, his own; else ZX_OK
 */
typedef struct zx_port_packet {
	uint64_t key;
	uint32_t type;
	zx_status_t status;
	union {
		zx_packet_user_t user;
		zx_packet_signal_t signal;
		zx_packet_guest_bell_t guest_bell;
		zx_packet_guest_mem_t guest_mem;
		zx_packet_guest_io_t guest_io;
		zx_packet_guest_vcpu_t guest_vcpu;
		zx_packet_interrupt_t interrupt;
		zx_packet_page_request_t page_request;
	};
} zx_port_packet_t;

#endif /* ZIRCON_SYSCALLS_PORT_H_ */
