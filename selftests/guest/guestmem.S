/* SPDX-License-Identifier: MIT */
/* Guest code of guestmem.c. */
#include "code.h"

/*
 * Reads the word at the address in RBX into RCX, keeps it, reports, and starts
 * over: the VMM chooses each address by writing RBX.
 */
guest_code peek
1:	mov	(%rbx), %rcx
	keep	rcx, 0
	report	1
	jmp	1b
guest_end peek

/* The same, but writes RDX. */
guest_code poke
1:	mov	%rdx, (%rbx)
	report	1
	jmp	1b
guest_end poke

/* Calls the address in RBX, which must come back by RET. */
guest_code call
	set_stack
1:	call	*%rbx
	report	1
	jmp	1b
guest_end call

/* What can be called. */
guest_code ret
	mov	$0x600d, %ecx
	ret
guest_end ret

/* Reads the hole over and over, counting, until told to stop. */
guest_code reread
1:	mov	GUEST_HOLE, %ecx
	count
	cmpq	$1, GUEST_MAIL + MAIL_GO
	jne	1b
	done
guest_end reread

	.section .note.GNU-stack, "", @progbits
