/* SPDX-License-Identifier: MIT */
/* Guest code of traps.c. */
#include "traps.h"
#include "code.h"

/* Over and over: asks, then writes to RBX, or to port DX if RDI is not 0. */
guest_code poke
1:	report	1
	test	%rdi, %rdi
	jnz	2f
	mov	%eax, (%rbx)
	jmp	1b
2:	out	%eax, %dx
	jmp	1b
guest_end poke

/* Writes 1, 2, 3 to RBX, and how many so far to the mailbox, until told to stop. */
guest_code count_up
	xor	%ecx, %ecx
1:	inc	%rcx
	mov	%rcx, (%rbx)
	mov	%rcx, GUEST_MAIL + MAIL_PROGRESS
	cmpq	$1, GUEST_MAIL + MAIL_GO
	jne	1b
	done
guest_end count_up

	.section .note.GNU-stack, "", @progbits
