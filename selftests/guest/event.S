/* SPDX-License-Identifier: MIT */
/* Guest code of event.c. */
#include "code.h"

/* Raises and lowers the task priority, reading it back each time. */
guest_code priority
	set_tables
	mov	$2, %ebx
	mov	%rbx, %cr8
	mov	%cr8, %rbx
	keep	rbx, 0
	report	1
	xor	%ebx, %ebx
	mov	%rbx, %cr8
	mov	%cr8, %rbx
	keep	rbx, 1
	report	2
	done
guest_end priority

/* Reports; what the VMM injects hits the instruction after it. */
guest_code struck_cli
	set_tables
	report	1
	guest_label struck_cli_here
	nop
	nop
	mov	GUEST_MAIL + MAIL_IRQS, %rbx
	keep	rbx, 0
	report	2
	done
guest_end struck_cli

guest_code struck_sti
	set_tables
	sti
	nop
	report	1
	guest_label struck_sti_here
	nop
	nop
	mov	GUEST_MAIL + MAIL_IRQS, %rbx
	keep	rbx, 0
	report	2
	done
guest_end struck_sti

/*
 * Executes an instruction that is #GP, over and over with interrupts on, until
 * as many interrupts came as RBX says. The handlers are its own: one counts the
 * #GP and goes past it, one counts the interrupts.
 */
	.macro faulty name, insn
guest_code \name
	set_tables
	report	1
	mov	$0x9999, %ecx
	sti
1:	\insn
	count	MAIL_FLAG
	cmp	%rbx, GUEST_MAIL + MAIL_PROGRESS
	jb	1b
	cli
	report	2
	done
	guest_label \name\()_gp
	add	$8, %rsp
	addq	$2, (%rsp)
	incq	GUEST_MAIL + MAIL_IRQS
	iretq
	guest_label \name\()_irq
	incq	GUEST_MAIL + MAIL_PROGRESS
	iretq
guest_end \name
	.endm

	faulty	faulty_rdmsr, rdmsr
	faulty	faulty_wrmsr, wrmsr

#define LVT_TIMER	0x832
#define INITIAL_COUNT	0x838
#define DIVIDE		0x83e

/*
 * The same with the interrupts of its own timer, one-shot and later each time,
 * so that they come at any moment of what the host does about the #GP. An
 * interrupt that is not there after so many #GP as RDI says is lost: that is
 * report 3.
 */
guest_code faulty_timer
	set_tables
	report	1
	mov	%rdi, %r9
	write_msr DIVIDE, 0xb
	write_msr LVT_TIMER, 0x40
	xor	%r8d, %r8d
	sti
1:	inc	%r8
	imul	$1009, %r8d, %eax
	add	$20000, %eax
	xor	%edx, %edx
	mov	$INITIAL_COUNT, %ecx
	wrmsr
	mov	$0x9999, %ecx
	mov	%r9, %rdi
2:	rdmsr
	cmp	%r8, GUEST_MAIL + MAIL_PROGRESS
	jae	3f
	dec	%rdi
	jnz	2b
	cli
	report	3
3:	cmp	%rbx, %r8
	jb	1b
	cli
	report	2
	done
	guest_label faulty_timer_gp
	add	$8, %rsp
	addq	$2, (%rsp)
	iretq
	guest_label faulty_timer_irq
	incq	GUEST_MAIL + MAIL_PROGRESS
	iretq
guest_end faulty_timer

	.section .note.GNU-stack, "", @progbits
