/* SPDX-License-Identifier: MIT */
/* Guest code of start.c. */
#include "code.h"

/* What a BSP finds: control registers, flags, selectors, where it is. */
guest_code initial
	keep	rsp, 0
	set_stack
	pushfq
	pop	%rbx
	keep	rbx, 1
	mov	%cr0, %rbx
	keep	rbx, 2
	mov	%cr3, %rbx
	keep	rbx, 3
	mov	%cr4, %rbx
	keep	rbx, 4
	lea	guest_initial(%rip), %rbx
	keep	rbx, 5
	mov	%cs, %ebx
	keep	rbx, 6
	mov	%ss, %ebx
	keep	rbx, 7
	mov	%ds, %ebx
	keep	rbx, 8
	sgdt	GUEST_MAIL + MAIL_VALUE + 8 * 9		/* and 10 */
	sidt	GUEST_MAIL + MAIL_VALUE + 8 * 11	/* and 12 */
	read_msr 0xc0000080				/* EFER */
	shl	$32, %rdx
	or	%rdx, %rax
	keep	rax, 13
	mov	$1, %eax
	cpuid
	keep	rcx, 14
	xor	%ecx, %ecx
	xgetbv
	shl	$32, %rdx
	or	%rdx, %rax
	keep	rax, 15
	done
guest_end initial

/* Real mode: CS and IP as an AP finds them, PE, then a report. */
guest_code real
	.code16
	call	1f
1:	pop	%bx
	sub	$(1b - guest_real), %bx
	mov	%cs, %ax
	shl	$16, %eax
	mov	%bx, %ax
	out	%eax, $PORT_REPORT
	mov	%cr0, %eax
	and	$0x80000001, %eax
	out	%eax, $PORT_REPORT
2:	mov	$REPORT_DONE, %eax
	out	%eax, $PORT_REPORT
	jmp	2b
	.code64
guest_end real

/* Reports the x2APIC id. */
guest_code id
	read_msr 0x802
1:	out	%eax, $PORT_REPORT
	jmp	1b
guest_end id

/* The same in real mode. */
guest_code real_id
	.code16
	mov	$0x802, %ecx
	rdmsr
1:	out	%eax, $PORT_REPORT
	jmp	1b
	.code64
guest_end real_id

	.section .note.GNU-stack, "", @progbits
