/* SPDX-License-Identifier: MIT */
/*
 * Guest code of holes.c: every way to touch memory, once. The VMM puts the
 * address into RBX at the first report; at the second RCX says what was seen.
 */
#include "code.h"
#include "holes.h"

	.macro way name
guest_code way_\name
	set_tables
	report	2
	.endm

	.macro way_end name
	report	1
	done
guest_end way_\name
	.endm

	way	read
	mov	(%rbx), %rcx
	way_end	read

	way	write
	mov	%rdx, (%rbx)
	way_end	write

	way	update
	lock incq (%rbx)
	way_end	update

	/* Half of the word is in the page before, which is there. */
	way	across
	mov	-4(%rbx), %rcx
	way_end	across

	way	write_across
	mov	%rdx, -4(%rbx)
	way_end	write_across

	way	vector
	movdqu	(%rbx), %xmm0
	movq	%xmm0, %rcx
	way_end	vector

	way	string
	mov	%rbx, %rsi
	mov	$GUEST_SCRATCH, %edi
	mov	$8, %ecx
	rep movsb
	mov	GUEST_SCRATCH, %rcx
	way_end	string

	way	write_string
	mov	$GUEST_SCRATCH, %esi
	mov	%rdx, (%rsi)
	mov	%rbx, %rdi
	mov	$8, %ecx
	rep movsb
	way_end	write_string

	way	push
	lea	8(%rbx), %rsp
	push	%rdx
	way_end	push

	way	pop
	mov	%rbx, %rsp
	pop	%rcx
	way_end	pop

	way	save
	mov	%cr4, %rax
	or	$0x200, %rax
	mov	%rax, %cr4
	fxsave	(%rbx)
	way_end	save

	way	fetch
	call	*%rbx
	way_end	fetch

	/* The last byte of the jump is in the page before, which is there. */
	way	fetch_across
	lea	-2(%rbx), %rax
	call	*%rax
	way_end	fetch_across

	/* The page is a PDPT that the host has put into the PML4. */
	way	walk
	mov	$HOLES_WALK + GUEST_MAIL + MAIL_VALUE, %rax
	mov	(%rax), %rcx
	way_end	walk

	/* ... which a fetch needs. */
	way	walk_fetch
	mov	$HOLES_WALK + GUEST_SCRATCH, %rax
	call	*%rax
	way_end	walk_fetch

	/* The page is the IDT. */
	way	idt
	lidt	GUEST_IDTR
	int	$0x40
	mov	GUEST_MAIL + MAIL_IRQS, %rcx
	way_end	idt

	/* It has the stack that a vector is taken with. */
	way	stack
	lea	0x800(%rbx), %rsp
	int	$0x40
	mov	GUEST_MAIL + MAIL_IRQS, %rcx
	way_end	stack

	/* The same for an interrupt that the host sends. */
	way	irq_idt
	lidt	GUEST_IDTR
	sti
1:	pause
	mov	GUEST_MAIL + MAIL_IRQS, %rcx
	test	%rcx, %rcx
	jz	1b
	cli
	way_end	irq_idt

	way	irq_stack
	lea	0x800(%rbx), %rsp
	sti
1:	pause
	mov	GUEST_MAIL + MAIL_IRQS, %rcx
	test	%rcx, %rcx
	jz	1b
	cli
	way_end	irq_stack

	/* It comes before a HLT, or ends it. */
	way	irq_hlt
	lidt	GUEST_IDTR
	sti
	nop
	hlt
	cli
	mov	GUEST_MAIL + MAIL_IRQS, %rcx
	way_end	irq_hlt

	/* It comes before a CLI: then, or not before interrupts are on again. */
	way	irq_cli
	lidt	GUEST_IDTR
	sti
	nop
	cli
	mov	GUEST_MAIL + MAIL_IRQS, %rsi
	nop
	mov	GUEST_MAIL + MAIL_IRQS, %rdi
	sti
	nop
	cli
	mov	GUEST_MAIL + MAIL_IRQS, %rcx
	sub	%rsi, %rdi
	add	%rdi, %rcx
	way_end	irq_cli

	/* An NMI, which cannot be held off until the IDT is known. */
	way	nmi_hlt
	lidt	GUEST_IDTR
	report	3
	hlt
	mov	GUEST_MAIL + MAIL_IRQS, %rcx
	way_end	nmi_hlt

	/* The IDT is needed for a page fault, whose handler returns CR2. */
	way	fault
	lidt	GUEST_IDTR
	mov	$HOLES_FAULT, %rax
	mov	(%rax), %rax
	way_end	fault

	/* Handlers: of #PF, which returns CR2 and goes past a MOV of 3 bytes, ... */
guest_code holes_fault
	mov	%cr2, %rcx
	add	$8, %rsp
	addq	$3, (%rsp)
	iretq
guest_end holes_fault

	/*
	 * ... and of what comes before a HLT that nothing else would end, or before
	 * the NOP there: the emulator of machines with one CPU (QEMU 7.2) forgets the
	 * shadow of STI when the guest is left and entered.
	 */
guest_code holes_hlt
	push	%rax
	mov	8(%rsp), %rax
	cmpb	$0x90, (%rax)
	jne	1f
	inc	%rax
1:	cmpb	$0xf4, (%rax)
	jne	2f
	inc	%rax
	mov	%rax, 8(%rsp)
2:	incq	GUEST_MAIL + MAIL_IRQS
	pop	%rax
	iretq
guest_end holes_hlt

	/* The GDT is there. */
	way	gdt
	lgdt	GUEST_GDTR
	mov	$GUEST_DS, %eax
	mov	%eax, %ds
	mov	%ds, %ecx
	way_end	gdt

	/* KVM writes the time there. */
	way	clock
	mov	$0x4b564d01, %ecx
	lea	1(%rbx), %rax
	xor	%edx, %edx
	wrmsr
	mov	$1, %ecx
	way_end	clock

	way	wall_clock
	mov	$0x4b564d00, %ecx
	mov	%rbx, %rax
	xor	%edx, %edx
	wrmsr
	mov	$1, %ecx
	way_end	wall_clock

	.section .note.GNU-stack, "", @progbits
