/* SPDX-License-Identifier: MIT */
/* Guest code of remap.c. */
#include "remap.h"
#include "smp.h"

/*
 * Over and over: takes the host's number, reads the pages or, if RDI is not 0,
 * writes the first, and gives the number back. -1 ends it.
 */
guest_code sample
1:	mov	GUEST_MAIL + MAIL_GO, %rdx
	test	%rdi, %rdi
	jnz	2f
	mov	GUEST_HOLE, %rax
	mov	GUEST_HOLE + 0x1000, %rbx
	mov	GUEST_HOLE + 0x2000, %rcx
	mov	GUEST_HOLE + 0x3000, %rbp
	keep	rax, 0
	keep	rbx, 1
	keep	rcx, 2
	keep	rbp, 3
	jmp	3f
2:	mov	%rdi, GUEST_HOLE
3:	mov	%rdx, GUEST_MAIL + MAIL_FLAG
	count
	cmp	$-1, %rdx
	jne	1b
	done
guest_end sample

/*
 * Over and over: each of the pages must begin with RSI or with RDI; else that
 * is kept and reported.
 */
guest_code watch
1:	mov	$GUEST_HOLE, %ebx
2:	mov	(%rbx), %rax
	cmp	%rsi, %rax
	je	3f
	cmp	%rdi, %rax
	jne	4f
3:	add	$0x1000, %ebx
	cmp	$GUEST_HOLE + 0x1000 * REMAP_PAGES, %ebx
	jne	2b
	count
	cmpq	$1, GUEST_MAIL + MAIL_GO
	jne	1b
	done
4:	keep	rax, 0
	report	3
	jmp	4b
guest_end watch

	/* Adds to a word of each page, and keeps account; ESI is the vCPU. */
	.macro add_up
	own_stack
1:	mov	$GUEST_HOLE + 8, %ebx
2:	lock incq (%rbx)
	incq	GUEST_MAIL + MAIL_VALUE(, %rsi, 8)
	add	$0x1000, %ebx
	cmp	$GUEST_HOLE + 8 + 0x1000 * REMAP_PAGES, %ebx
	jne	2b
	cmpq	$1, GUEST_MAIL + MAIL_GO
	jne	1b
	done
	.endm

	/*
	 * Toils within one window; at the end touches a page that is a trap then.
	 * ESI is the vCPU.
	 */
	.macro toil_to_trap
	own_stack
	toil
	mov	REMAP_TRAP, %eax
	done
	.endm

guest_code add_up_bsp
	add_up
guest_end add_up_bsp

guest_code add_up_ap
	go_long	add_up_ap
	add_up
guest_end add_up_ap

guest_code toil_bsp
	toil_to_trap
guest_end toil_bsp

guest_code toil_ap
	go_long	toil_ap
	toil_to_trap
guest_end toil_ap

	.section .note.GNU-stack, "", @progbits
