/* SPDX-License-Identifier: MIT */
/*
 * Guest code of mem.c: single instructions that touch memory at RBX. The
 * registers are what the VMM wrote. Each form is its own piece of guest code,
 * and guest_NAME_next tells where the instruction ends.
 */
#include "code.h"

	.macro form name, insn:vararg
guest_code \name
	\insn
	guest_label \name\()_next
	done
guest_end \name
	.endm

	/* writes */
	form	w8, mov %al, (%rbx)
	form	w16, mov %ax, (%rbx)
	form	w32, mov %eax, (%rbx)
	form	w64, mov %rax, (%rbx)
	form	w8i, movb $0x5a, (%rbx)
	form	w16i, movw $0x5a5b, (%rbx)
	form	w32i, movl $0x5a5b5c5d, (%rbx)
	form	w64i, movq $-2, (%rbx)
	form	w8h, mov %ah, (%rbx)
	form	w64r, mov %r11, (%rbx)
	form	wdisp8, mov %ecx, 0x40(%rbx)
	form	wdisp32, mov %ecx, 0x400(%rbx)
	form	wsib, mov %edx, 0x10(%rbx, %r12, 4)

	/* reads */
	form	r8, mov (%rbx), %al
	form	r16, mov (%rbx), %ax
	form	r32, mov (%rbx), %eax
	form	r64, mov (%rbx), %rax
	form	r64r, mov (%rbx), %r13
	form	rzx8, movzbl (%rbx), %eax
	form	rzx16, movzwl (%rbx), %ecx
	form	rzx8q, movzbq (%rbx), %rdx
	form	rsx8, movsbl (%rbx), %eax
	form	rsx16, movswq (%rbx), %rsi
	form	rsx32, movslq (%rbx), %rdi
	form	rdisp8, mov 0x20(%rbx), %ecx
	form	rsib, mov 0x10(%rbx, %r12, 4), %r9d
	form	rself, mov (%rbx), %rbx

	/* arithmetic with a memory operand that is read */
	form	cmpr, cmp %eax, (%rbx)
	form	cmpm, cmp (%rbx), %eax
	form	cmpi, cmpl $7, (%rbx)
	form	testr, test %eax, (%rbx)
	form	testi, testb $1, (%rbx)
	form	orm, or (%rbx), %eax
	form	addm, add (%rbx), %rcx

	/* read, modify, write */
	form	orr, or %eax, (%rbx)
	form	ori, orl $0x10, (%rbx)
	form	andr, and %eax, (%rbx)
	form	andi8, andb $0xfe, (%rbx)
	form	addr, add %ecx, (%rbx)
	form	subr, sub %ecx, (%rbx)
	form	xorr, xor %rcx, (%rbx)
	form	incm, incl (%rbx)
	form	notm, notl (%rbx)
	form	xchgm, xchg %eax, (%rbx)
	form	lockor, lock orl $0x10, (%rbx)

	form	adcr, adc %ecx, (%rbx)
	form	sbbr, sbb %ecx, (%rbx)
	form	negm, negl (%rbx)
	form	shlm, shll $1, (%rbx)
	form	sarm, sarl %cl, (%rbx)
	form	btsm, btsl $3, (%rbx)
	form	xaddm, xadd %ecx, (%rbx)
	form	cmpxchgm, lock cmpxchg %ecx, (%rbx)
	form	cmpxchg8, cmpxchg8b (%rbx)

	/* what else reads or writes */
	form	movnti, movnti %eax, (%rbx)
	form	cmovz, cmovz (%rbx), %eax
	form	cmovnz, cmovnz (%rbx), %eax
	form	imulm, imul (%rbx), %eax
	form	mulm, mull (%rbx)
	form	setz, setz (%rbx)
	form	btm, btl $3, (%rbx)
	form	movdqur, movdqu (%rbx), %xmm0
	form	movdquw, movdqu %xmm0, (%rbx)
	form	pushm, pushq (%rbx)
	form	popm, popq (%rbx)
	form	stos, stosl
	form	repstos, rep stosl
	form	lods, lodsl
	form	movsw, movsl
	form	movsr, movsl

	/* an address-size prefix, which makes it longer */
	form	prefixed, .byte 0x67, 0x8b, 0x03

/* Two accesses, one after the other, and what the VMM made of the first. */
guest_code readadd
	mov	(%rbx), %eax
	add	$1, %eax
	out	%eax, $PORT_REPORT
	mov	%eax, 8(%rbx)
	done
guest_end readadd

/* A read under another CR3. */
guest_code othercr3
	mov	$GUEST_PML4_COPY, %eax
	mov	%rax, %cr3
guest_label othercr3_read
	mov	(%rbx), %ecx
	done
guest_end othercr3

/* Reads the trap for ever. */
guest_code readloop
1:	mov	(%rbx), %eax
	mov	%eax, 4(%rbx)
	inc	%rcx
	jmp	1b
guest_end readloop

/* Polls a status register until its bit 0 is set, like a driver does. */
guest_code poll
1:	testl	$1, (%rbx)
	jz	1b
	done
guest_end poll

	.section .note.GNU-stack, "", @progbits
