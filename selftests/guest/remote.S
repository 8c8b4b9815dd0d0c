/* SPDX-License-Identifier: MIT */
/* Guest code of remote.c. */
#include "code.h"

/* Shows what lies at GUEST_HOLE, again and again, with interrupts on. */
guest_code looks
	set_tables
	sti
1:	mov	GUEST_HOLE, %rbx
	keep	rbx, 0
	count
	pause
	jmp	1b
guest_end looks

	.section .note.GNU-stack, "", @progbits
