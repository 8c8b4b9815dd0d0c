/* SPDX-License-Identifier: MIT */
/* Guest code of runner.c. */
#include "smp.h"

	/*
	 * Of a page fault: where the CPU saw reserved bits, that is counted and the
	 * instruction repeated.
	 */
guest_code smp_fault
	testb	$8, (%rsp)
	jz	1f
	lock incq GUEST_MAIL + MAIL_ERROR
	add	$8, %rsp
	iretq
1:	report	4
	jmp	1b
guest_end smp_fault

	.section .note.GNU-stack, "", @progbits
