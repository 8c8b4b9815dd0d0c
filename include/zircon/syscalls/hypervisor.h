/* SPDX-License-Identifier: MIT */
/* Kinds of traps and the state of a vCPU. */
#ifndef ZIRCON_SYSCALLS_HYPERVISOR_H_
#define ZIRCON_SYSCALLS_HYPERVISOR_H_

#include <zircon/types.h>

/* Kinds of zx_guest_set_trap(). */
#define ZX_GUEST_TRAP_BELL ((uint32_t)0u) /* a write goes to a port */
#define ZX_GUEST_TRAP_MEM ((uint32_t)1u)  /* an access ends zx_vcpu_enter() */
#define ZX_GUEST_TRAP_IO ((uint32_t)2u)	  /* IN or OUT ends zx_vcpu_enter() */

/* Kinds of zx_vcpu_read_state() and zx_vcpu_write_state(). */
#define ZX_VCPU_STATE ((uint32_t)0u) /* zx_vcpu_state_t */
#define ZX_VCPU_IO ((uint32_t)1u)    /* zx_vcpu_io_t, written only */

/**
 * struct zx_vcpu_state - the registers of a vCPU
 * @rflags: read, only the flags that user programs may set (CF PF AF ZF SF TF
 *	DF OF NT AC ID) are shown; written, it is ignored unless bit 1 is set,
 *	and then only those flags are taken
 *
 * The instruction pointer is not among them: the kernel has moved it past the
 * instruction before a packet is delivered.
 */
typedef struct zx_vcpu_state {
	uint64_t rax;
	uint64_t rcx;
	uint64_t rdx;
	uint64_t rbx;
	uint64_t rsp;
	uint64_t rbp;
	uint64_t rsi;
	uint64_t rdi;
	uint64_t r8;
	uint64_t r9;
	uint64_t r10;
	uint64_t r11;
	uint64_t r12;
	uint64_t r13;
	uint64_t r14;
	uint64_t r15;
	uint64_t rflags;
} zx_vcpu_state_t;

/**
 * struct zx_vcpu_io - the answer to an IN instruction
 * @access_size: bytes: 1, 2 or 4, as the packet had it
 * @u8: value of an access of one byte
 * @u16: value of an access of two bytes
 * @u32: value of an access of four bytes
 * @data: the same as bytes, lowest first
 *
 * The bytes replace the low bytes of RAX. For a packet of access size 4 the
 * kernel has cleared RAX before.
 */
typedef struct zx_vcpu_io {
	uint8_t access_size;
	uint8_t padding1[3];
	union {
		uint8_t u8;
		uint16_t u16;
		uint32_t u32;
		uint8_t data[4];
	};
} zx_vcpu_io_t;

#endif /* ZIRCON_SYSCALLS_HYPERVISOR_H_ */
