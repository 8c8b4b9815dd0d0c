/* SPDX-License-Identifier: MIT */
/* Guest code of vmarmodel.c. */
#include "code.h"

/*
 * Reads the word at RBX into the mailbox, or writes RDX there if RDI is not 0,
 * reports, and starts over.
 */
guest_code look
1:	test	%rdi, %rdi
	jnz	2f
	mov	(%rbx), %rcx
	keep	rcx, 0
	report	1
	jmp	1b
2:	mov	%rdx, (%rbx)
	report	1
	jmp	1b
guest_end look

	.section .note.GNU-stack, "", @progbits
