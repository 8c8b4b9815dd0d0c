/* SPDX-License-Identifier: MIT */
/*
 * Vocabulary of guests with several vCPUs: see runner.h.
 *
 * own_stack: one for each; ESI is the vCPU, EAX is lost.
 * toil: calls, returns, and walks page tables anew, until it is told to stop;
 * ESI is the vCPU, EAX, RCX and RDX are lost.
 * go_long: from real mode, at GUEST_AP_CODE, to 64-bit code; EAX, ECX, EDX are
 * lost.
 */
#ifndef GUEST_SMP_H
#define GUEST_SMP_H

#include "code.h"

	.macro own_stack
	mov	%esi, %eax
	shl	$11, %eax
	lea	GUEST_STACKS + 0x800(%rax), %rsp
	.endm

	.macro toil
91:	mov	$32, %ecx
92:	call	93f
	loop	92b
	mov	%cr3, %rax
	mov	%rax, %cr3
	incq	GUEST_MAIL + MAIL_VALUE(, %rsi, 8)
	cmpq	$1, GUEST_MAIL + MAIL_GO
	jne	91b
	jmp	94f
93:	push	%rcx
	pop	%rdx
	ret
94:
	.endm

	.macro go_long name
	.code16
	lgdtl	%cs:(8f - guest_\name)
	mov	%cr4, %eax
	or	$0x20, %eax
	mov	%eax, %cr4
	xor	%eax, %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx
	rdmsr
	or	$0x100, %eax
	wrmsr
	mov	%cr0, %eax
	or	$0x80000001, %eax
	mov	%eax, %cr0
	ljmpl	$8, $(GUEST_AP_CODE + 9f - guest_\name)
	.balign 8
7:	.quad	0
	.quad	0x00af9b000000ffff		/* 64-bit code */
	.quad	0x00cf93000000ffff		/* data */
8:	.word	3 * 8 - 1
	.long	GUEST_AP_CODE + 7b - guest_\name
	.code64
9:	mov	$16, %eax
	mov	%eax, %ss
	mov	%eax, %ds
	mov	%eax, %es
	.endm

#endif /* GUEST_SMP_H */
