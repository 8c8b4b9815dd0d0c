/* SPDX-License-Identifier: MIT */
/* Guest code of vcpu.c. */
#include "code.h"

/* Keeps every register as it is found, flags last, then clobbers them all. */
guest_code registers
	keep	rax, 0
	keep	rcx, 1
	keep	rdx, 2
	keep	rbx, 3
	keep	rsp, 4
	keep	rbp, 5
	keep	rsi, 6
	keep	rdi, 7
	keep	r8, 8
	keep	r9, 9
	keep	r10, 10
	keep	r11, 11
	keep	r12, 12
	keep	r13, 13
	keep	r14, 14
	keep	r15, 15
	mov	%rsp, %r15
	set_stack
	pushfq
	pop	%rax
	keep	rax, 16
	mov	%r15, %rsp
	mov	16 * 8 + GUEST_MAIL + MAIL_VALUE, %rax
	report	1
	jmp	guest_registers
guest_end registers

/* Puts a number into every register and known flags, and reports. */
guest_code numbers
	set_stack
	push	$0x8d5				/* OF SF ZF AF PF CF, no IF */
	popfq
	mov	$0x0101010101010101, %rcx
	lea	1(%rcx), %rdx
	lea	2(%rcx), %rbx
	lea	3(%rcx), %rbp
	lea	4(%rcx), %rsi
	lea	5(%rcx), %rdi
	lea	6(%rcx), %r8
	lea	7(%rcx), %r9
	lea	8(%rcx), %r10
	lea	9(%rcx), %r11
	lea	10(%rcx), %r12
	lea	11(%rcx), %r13
	lea	12(%rcx), %r14
	lea	13(%rcx), %r15
	lea	14(%rcx), %rsp
	mov	$0x600dcafe, %eax
	out	%eax, $PORT_REPORT
	done
guest_end numbers

/* With IF set: read_state must not show it. */
guest_code with_if
	set_tables
	sti
	report	1
	pushfq
	pop	%rbx
	cli
	keep	rbx, 0
	done
guest_end with_if

/* Sets RFLAGS.ID and AC and NT, which user programs may. */
guest_code odd_flags
	set_stack
	push	$0x244002
	popfq
	report	1
	pushfq
	pop	%rbx
	keep	rbx, 0
	done
guest_end odd_flags

/* UD2 without an IDT: a triple fault. */
guest_code triple
	ud2
guest_end triple

	.section .note.GNU-stack, "", @progbits
