/* SPDX-License-Identifier: MIT */
/*
 * Guest code of unemulated.c: instructions that KVM's emulator does not know, or
 * not all of its versions. A prelude leads to one of them, at GUEST_AP_CODE.
 */
#include "code.h"

	.macro prepare
	set_tables
	fninit
	fld1
	mov	%cr4, %rax
	or	$0x600, %rax			/* OSFXSR, OSXMMEXCPT */
	mov	%rax, %cr4
	.endm

guest_code un_kernel
	prepare
	mov	$GUEST_AP_CODE, %eax
	jmp	*%rax
guest_end un_kernel

	/* In user mode, which may use ports. */
guest_code un_user
	prepare
	lgdt	gdtr(%rip)
	push	$0x1b
	push	$GUEST_STACK
	push	$0x3002
	push	$0x23
	push	$GUEST_AP_CODE
	iretq

	.balign 8
gdt:	.quad	0
	.quad	0x00af9b000000ffff
	.quad	0x00cf93000000ffff
	.quad	0x00cff3000000ffff		/* data, and code, of user mode */
	.quad	0x00affb000000ffff
gdtr:	.word	5 * 8 - 1
	.long	GUEST_CODE + gdt - guest_un_user
	.long	0
guest_end un_user

	/* What x87 says afterwards shows whether it has loaded or stored anything. */
	.macro form name, insn:vararg
guest_code un_\name
1:	report	1
guest_label un_\name\()_at
	\insn
guest_label un_\name\()_next
	fnstsw	GUEST_MAIL + MAIL_VALUE
	jmp	1b
guest_end un_\name
	.endm

	form	fildl, fildl (%rbx)
	form	fildll, fildll 0x10(%rbx)
	form	flds, flds (%rbx)
	form	fldl, fldl 0x400(%rbx)
	form	fldt, fldt (%rbx)
	form	fadds, fadds (%rbx)
	form	fcoml, fcoml (%rbx)
	form	fldcw, fldcw (%rbx)
	form	fldenv, fldenv (%rbx)
	form	frstor, frstor (%rbx)
	form	fsts, fsts (%rbx)
	form	fstpl, fstpl (%rbx)
	form	fstpt, fstpt (%rbx)
	form	fistl, fistl (%rbx)
	form	fistpll, fistpll (%rbx)
	form	fnstcw, fnstcw (%rbx)
	form	fnstenv, fnstenv (%rbx)

	form	movss_r, movss (%rbx), %xmm1
	form	movss_w, movss %xmm1, (%rbx)
	form	movsd_r, movsd (%rbx), %xmm9
	form	movsd_w, movsd %xmm9, (%rbx)
	form	movaps_r, movaps (%rbx), %xmm1
	form	movaps_w, movaps %xmm1, (%rbx)
	form	movlps_r, movlps (%rbx), %xmm1
	form	movhps_w, movhps %xmm1, (%rbx)
	form	movq_r, movq (%rbx), %xmm1
	form	movd_w, movd %xmm1, (%rbx)
	form	movntps, movntps %xmm1, (%rbx)
	form	movntdq, movntdq %xmm1, (%rbx)
	form	addps, addps (%rbx), %xmm1
	form	pxor, pxor (%rbx), %xmm1
	form	pshufd, pshufd $0x1b, (%rbx), %xmm1
	form	cvtsi2sd, cvtsi2sdl (%rbx), %xmm1
	form	comisd, comisd (%rbx), %xmm1
	form	ldmxcsr, ldmxcsr (%rbx)
	form	stmxcsr, stmxcsr (%rbx)
	form	fxsave, fxsave (%rbx)
	form	fxrstor, fxrstor (%rbx)
	form	pcmpistri, pcmpistri $0, (%rbx), %xmm1
	form	crc32, crc32l (%rbx), %edx
	form	popcnt, popcnt (%rbx), %edx
	form	movbe_r, movbe (%rbx), %edx

	/* QEMU forgets at each exit that AVX is on. */
	.macro avx_form name, insn:vararg
guest_code un_\name
	mov	%cr4, %rax
	or	$0x40000, %rax			/* OSXSAVE */
	mov	%rax, %cr4
1:	report	1
	xsetbv
guest_label un_\name\()_at
	\insn
guest_label un_\name\()_next
	fnstsw	GUEST_MAIL + MAIL_VALUE
	jmp	1b
guest_end un_\name
	.endm

	avx_form vmovdqu_r, vmovdqu (%rbx), %ymm1
	avx_form vmovdqu_w, vmovdqu %ymm1, (%rbx)
	avx_form vmovss_w, vmovss %xmm1, 0x20(%rbx)
	avx_form vpxor, vpxor (%rbx), %ymm1, %ymm2
	avx_form vpshufd, vpshufd $0x1b, (%rbx), %ymm1
	avx_form vpbroadcastd, vpbroadcastd (%rbx), %ymm9

	/* Where RBX points, there is code; R12 is where it returns to. */
guest_code un_fetch
1:	report	1
	lea	2f(%rip), %r12
	jmp	*%rbx
2:	report	2
	jmp	1b
guest_end un_fetch

	/* A load of three bytes, to be placed across a border. */
guest_code un_load
	mov	(%rdx), %r8
	jmp	*%r12
guest_end un_load

	/* Its tables lie in a trap. */
guest_code un_walk
1:	report	1
guest_label un_walk_at
	mov	(%rbx), %rcx
	jmp	1b
guest_end un_walk

	/* An interrupt, and #UD, with the stack that RBX is. */
guest_code un_irq
1:	report	1
	mov	%rbx, %rsp
	sti
2:	pause
	cmpq	$0, GUEST_MAIL + MAIL_IRQS
	je	2b
	cli
	report	2
	jmp	1b
guest_end un_irq

guest_code un_fault
1:	report	1
	mov	%rbx, %rsp
	ud2
	jmp	1b
guest_end un_fault

	.section .note.GNU-stack, "", @progbits
