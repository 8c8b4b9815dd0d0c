/* SPDX-License-Identifier: MIT */
/* Guest code of cpuid.c, beside what it shares with apic.c. */
#include "code.h"

/*
 * CPUID leaf 1 and 0xb of an AP, in real mode: reports EBX of the first and EDX
 * of the second.
 */
guest_code ap_id
	.code16
	mov	$1, %eax
	cpuid
	mov	%ebx, %eax
	out	%eax, $PORT_REPORT
	mov	$0xb, %eax
	xor	%ecx, %ecx
	cpuid
	mov	%edx, %eax
	out	%eax, $PORT_REPORT
	mov	$0x1b, %ecx
	rdmsr
	out	%eax, $PORT_REPORT
1:	jmp	1b
	.code64
guest_end ap_id

	.section .note.GNU-stack, "", @progbits
