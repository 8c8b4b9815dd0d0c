/* SPDX-License-Identifier: MIT */
/*
 * Interrupt handlers of a test guest: 256 stubs, 16 bytes apart. Each notes its
 * vector in the mailbox and returns. There is no EOI: the API has no in-service
 * state, so none may be needed.
 */
#include "code.h"

guest_code stubs
	.set	vector, 0
	.rept	256
	.balign	16
	/* Those with an error code have it on the stack already. */
	.if !((vector == 8) || ((vector >= 10) && (vector <= 14)) || (vector == 17))
	pushq	$0
	.endif
	pushq	$vector
	jmp	common
	.set	vector, vector + 1
	.endr

common:
	/* Above the saved registers: vector, error code, RIP, CS, RFLAGS. */
	push	%rax
	push	%rcx
	push	%rbx
	mov	$GUEST_MAIL, %ebx
	mov	24(%rsp), %rax
	mov	MAIL_IRQS(%rbx), %rcx
	and	$(MAIL_LOG_SIZE - 1), %ecx
	mov	%al, MAIL_IRQ_LOG(%rbx, %rcx)
	mov	32(%rsp), %rcx
	mov	%rcx, MAIL_ERROR(%rbx)
	mov	40(%rsp), %rcx
	mov	%rcx, MAIL_RIP(%rbx)
	/* #GP comes from a two-byte RDMSR or WRMSR: go past it. */
	cmp	$13, %eax
	jne	1f
	addq	$2, 40(%rsp)
1:	incq	MAIL_IRQS(%rbx)
	pop	%rbx
	pop	%rcx
	pop	%rax
	add	$16, %rsp
	iretq
guest_end stubs

	.section .note.GNU-stack, "", @progbits
