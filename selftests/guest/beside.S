/* SPDX-License-Identifier: MIT */
/* Guest code of beside.c. */
#include "code.h"

/* Its timer in deadline mode, but without one; then it takes what comes. */
guest_code no_deadline
	set_tables
	write_msr 0x832, 0x40041
	report	1
	sti
	rdtsc
	mov	%eax, %ebx
1:	pause
	rdtsc
	sub	%ebx, %eax
	cmp	$20000000, %eax
	jb	1b
	cli
	report	2
	done
guest_end no_deadline

/* Of a guest of plain KVM, in real mode: BX deadlines in the past, then OUT. */
guest_code plain
	.code16
1:	mov	$0x6e0, %ecx
	mov	$1, %eax
	xor	%edx, %edx
	wrmsr
	movw	$1, 0x800
	dec	%bx
	jnz	1b
	out	%al, $PORT_DATA
2:	jmp	2b
	.code64
guest_end plain

	.section .note.GNU-stack, "", @progbits
