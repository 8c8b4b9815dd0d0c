/* SPDX-License-Identifier: MIT */
/* Guest code of apic.c, cpuid.c and vcpu.c: one instruction, over and over. */
#include "code.h"

/*
 * Reports, for the VMM to write RCX (and RAX, RDX); executes; keeps RAX, RBX,
 * RCX and RDX in R12 to R15. A #GP is noted in the mailbox and gone past.
 */
	.macro serve name, insn:vararg
guest_code \name
	set_tables
1:	report	1
	/* The VMM's RAX comes in R8: the report needs EAX. */
	mov	%r8, %rax
	\insn
	mov	%rax, %r12
	mov	%rbx, %r13
	mov	%rcx, %r14
	mov	%rdx, %r15
	jmp	1b
guest_end \name
	.endm

	serve	do_rdmsr, rdmsr
	serve	do_wrmsr, wrmsr
	serve	do_cpuid, cpuid
	serve	do_rdtsc, rdtsc

	/*
	 * These are 3 bytes long. The last one, and what follows, is an instruction
	 * that does no harm either, where the handler of #GP goes on: SAR of AL, EAX.
	 */
	.macro xsetbv_clc
	xsetbv
	.byte	0xf8
	.endm

	.macro mov_cr0_clc_nop
	mov	%rax, %cr0
	.byte	0xf8, 0x90
	.endm

	serve	do_xsetbv, xsetbv_clc
	serve	do_cr0, mov_cr0_clc_nop

/* Writes SELF_IPI with interrupts off, then opens a window. */
guest_code self_ipi
	set_tables
	write_msr 0x83f, 0x66
	write_msr 0x83f, 0x67
	mov	GUEST_MAIL + MAIL_IRQS, %rbx
	keep	rbx, 0
	sti
	nop
	nop
	cli
	done
guest_end self_ipi

	.section .note.GNU-stack, "", @progbits
