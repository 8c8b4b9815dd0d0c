/* SPDX-License-Identifier: MIT */
/*
 * Vocabulary of guest code. Guest code is data of the test program: it lies in
 * .rodata between two labels and is copied to the guest, so it must be
 * position independent, but for the addresses of layout.h.
 */
#ifndef GUEST_CODE_H
#define GUEST_CODE_H

#include "layout.h"

	.macro guest_code name
	.section .rodata
	.balign 16
	.globl guest_\name
	.globl guest_\name\()_end
guest_\name:
	.endm

	.macro guest_end name
guest_\name\()_end:
	.code64
	.endm

	/* A label inside guest code that C wants to know. */
	.macro guest_label name
	.globl guest_\name
guest_\name:
	.endm

	/* Tells the VMM a number by a trapped OUT; EAX is lost. */
	.macro report value
	mov	$\value, %eax
	out	%eax, $PORT_REPORT
	.endm

	/* Nothing more to do: every further enter reports the same. */
	.macro done
9999:	report	REPORT_DONE
	jmp	9999b
	.endm

	.macro set_stack
	mov	$GUEST_STACK, %esp
	.endm

	/* Own descriptor tables: interrupts can be taken from here on. */
	.macro set_tables
	set_stack
	lgdt	GUEST_GDTR
	lidt	GUEST_IDTR
	mov	$GUEST_DS, %eax
	mov	%eax, %ss
	mov	%eax, %ds
	mov	%eax, %es
	push	$GUEST_CS
	lea	9998f(%rip), %rax
	push	%rax
	lretq
9998:
	.endm

	/* Adds one to a counter of the mailbox. */
	.macro count field=MAIL_PROGRESS
	incq	GUEST_MAIL + \field
	.endm

	/* Keeps a register in the mailbox. */
	.macro keep reg, index
	mov	%\reg, GUEST_MAIL + MAIL_VALUE + 8 * \index
	.endm

	.macro read_msr msr
	mov	$\msr, %ecx
	rdmsr
	.endm

	.macro write_msr msr, low, high=0
	mov	$\msr, %ecx
	mov	$\low, %eax
	mov	$\high, %edx
	wrmsr
	.endm

	/* Spins until the host sets mailbox.go to a value. */
	.macro wait_go value
9997:	pause
	cmpq	$\value, GUEST_MAIL + MAIL_GO
	jne	9997b
	.endm

#endif /* GUEST_CODE_H */
