/* SPDX-License-Identifier: MIT */
/* Guest code of bellrace.c. */
#include "bellrace.h"
#include "smp.h"

	/*
	 * ESI is the vCPU. R8 times it goes round R9 bells, beginning with that of
	 * number R11, and writes the round's number to where that belongs in its
	 * part of the bell; R10 is its part of the first.
	 *
	 * With no bells it calls, returns, and walks page tables anew, until it is
	 * told to stop; then it writes its number to the page that is a bell by then.
	 */
	.macro ring_or_toil
	own_stack
	test	%r9, %r9
	jz	4f
	xor	%ebp, %ebp
1:	mov	%r11, %rbx
	mov	%r9, %rcx
2:	mov	%rbx, %rax
	shl	$BELLS_SHIFT, %rax
	add	%r10, %rax
	mov	%ebp, (%rax, %rbp, 4)
	incq	GUEST_MAIL + MAIL_VALUE(, %rsi, 8)
	inc	%ebx
	and	$(BELLS_TRAPS - 1), %ebx
	dec	%rcx
	jnz	2b
	inc	%ebp
	and	$(BELLS_NUMBERS - 1), %ebp
	dec	%r8
	jnz	1b
	done
4:	mov	$32, %ecx
5:	call	6f
	loop	5b
	mov	%cr3, %rax
	mov	%rax, %cr3
	incq	GUEST_MAIL + MAIL_VALUE(, %rsi, 8)
	cmpq	$1, GUEST_MAIL + MAIL_GO
	jne	4b
	mov	%esi, BELLS_HOLE(, %rsi, 4)
	done
6:	push	%rcx
	pop	%rdx
	ret
	.endm

guest_code ring_bsp
	ring_or_toil
guest_end ring_bsp

guest_code ring_ap
	go_long	ring_ap
	ring_or_toil
guest_end ring_ap

	.section .note.GNU-stack, "", @progbits
