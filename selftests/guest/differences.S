/* SPDX-License-Identifier: MIT */
/* Guest code of differences.c. */
#include "code.h"

/* Calls what RBX points to, ... */
guest_code run
	set_stack
	call	*%rbx
	report	1
	done
guest_end run

/* ... which comes back. */
guest_code back
	ret
guest_end back

/* Reads what RBX points to, again and again. */
guest_code look
1:	mov	(%rbx), %ecx
	report	1
	jmp	1b
guest_end look

	.section .note.GNU-stack, "", @progbits
