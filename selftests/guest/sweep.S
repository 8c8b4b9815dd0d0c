/* SPDX-License-Identifier: MIT */
/* Guest code of what looks at much memory. */
#include "code.h"

/*
 * Writes its own address plus RSI to each page from RBX to RDX, reports, counts
 * the pages that hold anything else, and keeps that.
 */
guest_code sweep
1:	mov	%rbx, %rdi
2:	lea	(%rdi,%rsi), %rax
	mov	%rax, (%rdi)
	add	$4096, %rdi
	cmp	%rdx, %rdi
	jb	2b
	report	1
	xor	%ecx, %ecx
	mov	%rbx, %rdi
3:	lea	(%rdi,%rsi), %rax
	cmp	%rax, (%rdi)
	je	4f
	inc	%rcx
4:	add	$4096, %rdi
	cmp	%rdx, %rdi
	jb	3b
	keep	rcx, 0
	report	2
	jmp	1b
guest_end sweep

	.section .note.GNU-stack, "", @progbits
