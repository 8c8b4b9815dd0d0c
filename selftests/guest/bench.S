/* SPDX-License-Identifier: MIT */
/* Guest code of bench.c. */
#include "code.h"

/*
 * Adds up the first words of RDX pages from RBX on, reads RDI others from RSI
 * on, and reports the sum.
 */
guest_code bench_touch
1:	mov	%rbx, %r8
	mov	%rdx, %rcx
	xor	%eax, %eax
2:	add	(%r8), %eax
	add	$0x1000, %r8
	dec	%rcx
	jnz	2b
	mov	%rsi, %r8
	mov	%rdi, %rcx
	test	%rcx, %rcx
	jz	4f
3:	mov	(%r8), %r9d
	add	$0x1000, %r8
	dec	%rcx
	jnz	3b
4:	out	%eax, $PORT_REPORT
	jmp	1b
guest_end bench_touch

guest_code bench_out
	xor	%eax, %eax
1:	out	%eax, $PORT_REPORT
	inc	%eax
	jmp	1b
guest_end bench_out

/* What it reads is seen by the host at the next exit; so is what bench_load reads. */
guest_code bench_in
1:	in	$PORT_REPORT, %eax
	mov	%eax, GUEST_MAIL + MAIL_FLAG
	jmp	1b
guest_end bench_in

guest_code bench_store
	xor	%eax, %eax
	mov	$GUEST_MMIO, %ebx
1:	mov	%eax, (%rbx)
	inc	%eax
	jmp	1b
guest_end bench_store

guest_code bench_load
	mov	$GUEST_MMIO, %ebx
1:	mov	(%rbx), %eax
	mov	%eax, GUEST_MAIL + MAIL_FLAG
	jmp	1b
guest_end bench_load

/* Rings 64 times, then tells how often it has done that. */
guest_code bench_ring
	xor	%eax, %eax
	mov	$GUEST_MMIO, %ebx
1:	mov	$64, %ecx
2:	mov	%eax, (%rbx)
	dec	%ecx
	jnz	2b
	out	%eax, $PORT_REPORT
	inc	%eax
	jmp	1b
guest_end bench_ring

	.section .note.GNU-stack, "", @progbits
