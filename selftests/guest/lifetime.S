/* SPDX-License-Identifier: MIT */
/* Guest code of lifetime.c. */
#include "code.h"

/* Counts for ever. */
guest_code busy
	set_tables
	sti
1:	count
	pause
	jmp	1b
guest_end busy

/* Halts for ever. */
guest_code asleep
	set_tables
	movq	$1, GUEST_MAIL + MAIL_FLAG
1:	hlt
	jmp	1b
guest_end asleep

/* A packet after the other, of ports and of memory. */
guest_code talks
	set_tables
1:	count
	report	1
	mov	GUEST_MMIO, %ecx
	jmp	1b
guest_end talks

	.section .note.GNU-stack, "", @progbits
