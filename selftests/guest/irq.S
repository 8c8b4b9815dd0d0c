/* SPDX-License-Identifier: MIT */
/* Guest code of irq.c. */
#include "code.h"

/* Counts for ever, with interrupts off and on. */
guest_code spin_cli
	set_tables
1:	count
	pause
	jmp	1b
guest_end spin_cli

guest_code spin_sti
	set_tables
	sti
1:	count
	pause
	jmp	1b
guest_end spin_sti

/* Says that it is about to halt, halts, says that it woke. */
guest_code halt_sti
	set_tables
	movq	$1, GUEST_MAIL + MAIL_FLAG
	sti
	hlt
	cli
	report	2
	done
guest_end halt_sti

guest_code halt_cli
	set_tables
	movq	$1, GUEST_MAIL + MAIL_FLAG
	hlt
	mov	GUEST_MAIL + MAIL_IRQS, %rbx
	keep	rbx, 0
	report	2
	sti
	nop
	cli
	report	3
	done
guest_end halt_cli

/*
 * Halts again and again, counting the wake-ups, and tells the host each time
 * that it is about to.
 */
guest_code halt_loop
	set_tables
1:	count
	sti
	hlt
	cli
	jmp	1b
guest_end halt_loop

/*
 * Reports twice with interrupts off, keeping how many came meanwhile, then
 * opens a window and reports again. Bytes that a #GP handler may skip follow
 * each report.
 */
guest_code window
	set_tables
	report	1
	nop
	nop
	nop
	nop
	mov	GUEST_MAIL + MAIL_IRQS, %rbx
	keep	rbx, 0
	report	2
	sti
	nop
	nop
	nop
	cli
	report	3
	done
guest_end window

/* The same with interrupts on from the start. */
guest_code open
	set_tables
	sti
	report	1
	nop
	nop
	nop
	nop
	report	2
	done
guest_end open

/* Spins with interrupts on until so many came as RBX says, then reports. */
guest_code until
	set_tables
	sti
	report	1
1:	count
	pause
	cmp	%rbx, GUEST_MAIL + MAIL_IRQS
	jb	1b
	report	2
	done
guest_end until

/* Spins until the host says go. */
guest_code until_go
	set_tables
1:	count
	pause
	cmpq	$1, GUEST_MAIL + MAIL_GO
	jne	1b
	report	2
	done
guest_end until_go

/*
 * The instruction after STI comes before the interrupt. It finds its page
 * present: on QEMU 7.2 an exit inside the shadow loses it, with bare KVM, too.
 */
guest_code shadow
	set_tables
	mov	GUEST_MAIL + MAIL_IRQS, %rbx
	report	1
	sti
	mov	GUEST_MAIL + MAIL_IRQS, %rbx
	nop
	cli
	keep	rbx, 0
	report	2
	done
guest_end shadow

	.section .note.GNU-stack, "", @progbits
