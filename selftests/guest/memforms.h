/* SPDX-License-Identifier: MIT */
/*
 * Where memforms.c and its guest code have their memory, and what both say of a
 * form of access.
 */
#ifndef GUEST_MEMFORMS_H
#define GUEST_MEMFORMS_H

#include "layout.h"

/* The 64 KiB that data segments of 16-bit code begin with. */
#define FORMS_SEGMENT	0x70000
#define FORMS_RAM	0x72000		/* an operand that is not trapped */
#define FORMS_STACK	0x74000		/* top */
#define FORMS_TRAP	0x7a000		/* two pages, with RAM on both sides */
#define FORMS_EDGE	0x7d000		/* one page, with nothing behind it */
#define FORMS_SAVE	0x7f000		/* XMM0 and MM0 at the end of a list */

#define FORMS_BASE	0x7a200		/* what registers point to */
#define FORMS_FS	0x10		/* how much more the base of FS is */
#define FORMS_INDEX	0x21

#define FORMS_PD32	0x60000
#define FORMS_TABLE32	0x61000		/* the pages of the trap change places */

#define FORMS_READY	0x4ead		/* reported before a list's first form */

/*
 * The same list is assembled for each of these: 16-bit code, 16-bit code with
 * 32-bit addresses, 32-bit and 64-bit code.
 */
#define TAPE_16		0
#define TAPE_16_32	1
#define TAPE_32		2
#define TAPE_64		3
#define TAPES		4

#define LIST_ONE	0		/* an access in the trap */
#define LIST_REP	1		/* from RAM into the trap, by REP */
#define LIST_BORDER	2		/* accesses that may lie across a border */
#define LIST_SPLIT	3		/* instructions on two pages */
#define LIST_UNEMULATED	4		/* an access that KVM gives up on */
#define LIST_UNEMULATED_BORDER 5
#define LISTS		6

/*
 * What is special in a form. RBX, RSI and RDI (R13, too) point to FORMS_BASE
 * otherwise, RSP to RAM.
 */
#define F_B_RAM		0x001		/* RBX points to RAM */
#define F_S_RAM		0x002
#define F_D_RAM		0x004
#define F_SP		0x008		/* RSP points to FORMS_BASE */
#define F_BP		0x010
#define F_INDEX		0x020		/* the index register is FORMS_INDEX */
#define F_COUNT		0x040		/* RCX counts */
#define F_BITS		0x080		/* CX and DX are offsets of bits */
#define F_WRITE		0x100		/* it writes, and does not read before */
#define F_EQUAL		0x200		/* RAX and all RAM are of the same bytes */
#define F_COMPARE	0x400		/* it sets the flags */
#define F_CX16		0x800		/* for CPUs with CMPXCHG16B */
#define F_WIDE		0x1000		/* CPUs differ in where they begin */
#define F_AVX		0x2000		/* RAX, RCX and RDX are XSETBV's */

#define FORMS_WIDE	512		/* bytes of a wide operand, or less */

/* F_BITS: what is in CX and DX. */
#define FORMS_BIT_CX	0x123
#define FORMS_BIT_DX	(-0x123)

#define SEL_CODE32	0x08
#define SEL_DATA	0x10
#define SEL_CODE16	0x18
#define SEL_CODE64	0x20
#define SEL_DATA16	0x28
#define SEL_FS		0x30
#define SEL_FS16	0x38

#endif /* GUEST_MEMFORMS_H */
