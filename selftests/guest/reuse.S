/* SPDX-License-Identifier: MIT */
/*
 * Guest code of reuse.c: pieces that leave a mark in a part of the vCPU's
 * state, and one that looks at all of it.
 */
#include "code.h"

	.macro set_cr cr, bits
	mov	%\cr, %rax
	xor	$\bits, %rax
	mov	%rax, %\cr
	.endm

	.macro keep_cr cr, index
	mov	%\cr, %rbx
	keep	rbx, \index
	.endm

	.macro keep_msr msr, index
	xor	%eax, %eax
	xor	%edx, %edx
	read_msr \msr
	shl	$32, %rdx
	or	%rdx, %rax
	keep	rax, \index
	.endm

/*
 * A breakpoint on the first instruction that the next guest executes. It stays
 * turned off: QEMU would keep it up for every guest and the host.
 */
guest_code soil_debug
	set_tables
	mov	$GUEST_CODE, %eax
	mov	%rax, %dr0
	mov	$0x1122334455667788, %rax
	mov	%rax, %dr1
	mov	%rax, %dr2
	mov	%rax, %dr3
	mov	$0xf0700, %eax
	mov	%rax, %dr7
	mov	$0xffff4ff1, %eax
	mov	%rax, %dr6
	done
guest_end soil_debug

guest_code soil_nothing
	set_tables
	done
guest_end soil_nothing

/* x87, SSE and, where there is AVX, the upper halves. */
guest_code soil_fpu
	set_tables
	mov	$1, %eax
	cpuid
	bt	$28, %ecx
	jnc	1f
	pcmpeqd	%xmm0, %xmm0
	vinsertf128 $1, %xmm0, %ymm0, %ymm3
	vinsertf128 $1, %xmm0, %ymm0, %ymm15
1:	pcmpeqd	%xmm0, %xmm0
	movdqa	%xmm0, %xmm7
	movdqa	%xmm0, %xmm14
	push	$0x7f80
	ldmxcsr	(%rsp)
	pop	%rax
	push	$0x27f
	fldcw	(%rsp)
	pop	%rax
	fldpi
	fldl2e
	done
guest_end soil_fpu

guest_code soil_msrs
	set_tables
	write_msr 0x174, 0x10			/* SYSENTER_CS, _ESP, _EIP */
	write_msr 0x175, 0x1234
	write_msr 0x176, 0x5678
	write_msr 0x277, 0x00010400		/* PAT */
	write_msr 0xc0000081, 0x11, 0x230008	/* STAR, LSTAR, CSTAR, FMASK */
	write_msr 0xc0000082, 0x1000, 0x7fff
	write_msr 0xc0000083, 0x2000, 0x7fff
	write_msr 0xc0000084, 0x700
	write_msr 0xc0000100, 0x3000, 0x7fff	/* FS_BASE, GS_BASE, KERNEL_GS */
	write_msr 0xc0000101, 0x4000, 0x7fff
	write_msr 0xc0000102, 0x5000, 0x7fff
	write_msr 0xc0000103, 0x77		/* TSC_AUX */
	done
guest_end soil_msrs

/*
 * Control registers and descriptor tables other than at the start. Not XCR0:
 * QEMU lets a guest write the host's.
 */
guest_code soil_control
	set_tables
	read_msr 0xc0000080
	xor	$0x801, %eax			/* NXE, SCE */
	wrmsr
	set_cr	cr0, 0x50022			/* AM, WP, NE, MP */
	set_cr	cr4, 0x8c			/* PGE, DE, TSD */
	mov	$0x123456789, %rax
	mov	%rax, %cr2
	mov	$GUEST_PML4_COPY, %eax
	mov	%rax, %cr3
	mov	$5, %eax
	mov	%rax, %cr8
	mov	$GUEST_DS, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	done
guest_end soil_control

guest_code soil_clock
	set_tables
	write_msr 0x4b564d01, GUEST_CLOCK + 1
	done
guest_end soil_clock

/* A timer that ticks for ever, with interrupts off; and a deadline instead. */
guest_code soil_timer
	set_tables
	write_msr 0x83e, 0xb
	write_msr 0x832, 0x20050
	write_msr 0x838, 1000000
	done
guest_end soil_timer

guest_code soil_deadline
	set_tables
	write_msr 0x832, 0x40051
	rdtsc
	add	$1000000, %eax
	adc	$0, %edx
	mov	$0x6e0, %ecx
	wrmsr
	done
guest_end soil_deadline

/* Stands at an IN when it ends. */
guest_code soil_in
	set_tables
	in	$PORT_DATA, %eax
	done
guest_end soil_in

guest_code soil_halt
	set_tables
	movq	$1, GUEST_MAIL + MAIL_FLAG
	hlt
	done
guest_end soil_halt

/*
 * An AP's clock, as EBX says: a write of its MSR has KVM write the pages of all
 * vCPUs whose clock is on, perhaps a little later.
 */
guest_code ap_clock
	.code16
	mov	$0x4b564d01, %ecx
	mov	%ebx, %eax
	xor	%edx, %edx
	wrmsr
	mov	$1, %eax
1:	out	%eax, $PORT_REPORT
	jmp	1b
	.code64
guest_end ap_clock

/* Looks at everything, first at what set_tables changes. */
guest_code look
	keep	rax, 40
	mov	%ds, %eax
	keep	rax, 0
	mov	%fs, %eax
	keep	rax, 1
	mov	%gs, %eax
	keep	rax, 2
	str	%rax
	keep	rax, 3
	sldt	%rax
	keep	rax, 4
	sgdt	GUEST_MAIL + MAIL_VALUE + 8 * 5		/* and 6 */
	sidt	GUEST_MAIL + MAIL_VALUE + 8 * 7		/* and 8 */
	keep_cr	cr0, 9
	keep_cr	cr2, 10
	keep_cr	cr3, 11
	keep_cr	cr4, 12
	keep_cr	cr8, 13
	keep_cr	dr0, 14
	keep_cr	dr1, 15
	keep_cr	dr2, 16
	keep_cr	dr3, 17
	keep_cr	dr6, 18
	keep_cr	dr7, 19
	set_tables
	pushfq
	pop	%rbx
	keep	rbx, 20
	keep_msr 0x174, 21
	keep_msr 0x175, 22
	keep_msr 0x176, 23
	keep_msr 0x277, 24
	keep_msr 0xc0000080, 25
	keep_msr 0xc0000081, 26
	keep_msr 0xc0000082, 27
	/* CSTAR reads only on AMD: elsewhere the handler goes past it. */
	keep_msr 0xc0000083, 28
	keep_msr 0xc0000084, 29
	keep_msr 0xc0000100, 30
	keep_msr 0xc0000101, 31
	keep_msr 0xc0000102, 32
	keep_msr 0xc0000103, 33
	keep_msr 0x832, 34
	keep_msr 0x6e0, 35
	xor	%ecx, %ecx
	xgetbv
	keep	rax, 36
	/* The vector state, by the components of XCR0. */
	xor	%edx, %edx
	mov	$7, %eax
	xsave64	GUEST_XSAVE
	report	1
	/* What may be pending comes now, and only that. */
	movq	$0, GUEST_MAIL + MAIL_IRQS
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
guest_end look

	.section .note.GNU-stack, "", @progbits
