/* SPDX-License-Identifier: MIT */
/* Guest code of bellrace.c. */
#include "bellrace.h"
#include "smp.h"

	/*
	 * ESI is the vCPU. R8 times it goes round R9 bells, beginning with that of
	 * number R11, and writes the round's number to where that belongs in its
	 * part of the bell; R10 is its part of the first.
	 *
	 * With no bells it toils; then it writes its number to the page that is a
	 * bell by then.
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
4:	toil
	mov	%esi, BELLS_HOLE(, %rsi, 4)
	done
	.endm

guest_code ring_bsp
	ring_or_toil
guest_end ring_bsp

guest_code ring_ap
	go_long	ring_ap
	ring_or_toil
guest_end ring_ap

	.section .note.GNU-stack, "", @progbits
