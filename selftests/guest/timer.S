/* SPDX-License-Identifier: MIT */
/* Guest code of timer.c. */
#include "code.h"

#define LVT_TIMER	0x832
#define INITIAL_COUNT	0x838
#define DIVIDE		0x83e
#define DEADLINE	0x6e0

	/* The time stamp, in a 64-bit register. */
	.macro tsc reg
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, %\reg
	.endm

	/*
	 * Halts until so many vectors came; without IF, as what pends ends a HLT all
	 * the same: an emulator that forgets the shadow of STI would have it come
	 * between STI and HLT.
	 */
	.macro halt_until vectors
	cli
9996:	cmpq	$\vectors, GUEST_MAIL + MAIL_IRQS
	jae	9995f
	hlt
	sti
	nop
	cli
	jmp	9996b
9995:
	.endm

	/* Lets so many ticks pass. */
	.macro spin_for ticks
	tsc	r8
	add	$\ticks, %r8
9994:	pause
	tsc	r9
	cmp	%r8, %r9
	jb	9994b
	.endm

/*
 * The VMM chooses: EBX the LVT, ECX the divider's code, EDX the count; the
 * time it took, in ticks, is kept.
 */
	.macro arm_chosen
	report	1
	mov	%ecx, %r14d
	mov	%edx, %r15d
	mov	$DIVIDE, %ecx
	mov	%r14d, %eax
	xor	%edx, %edx
	wrmsr
	mov	$LVT_TIMER, %ecx
	mov	%ebx, %eax
	wrmsr
	tsc	r10
	mov	$INITIAL_COUNT, %ecx
	mov	%r15d, %eax
	xor	%edx, %edx
	wrmsr
	.endm

guest_code oneshot
	set_tables
1:	movq	$0, GUEST_MAIL + MAIL_IRQS
	arm_chosen
	halt_until 1
	tsc	r11
	sub	%r10, %r11
	keep	r11, 0
	/* A new divider would start the old count again. */
	write_msr INITIAL_COUNT, 0
	report	2
	jmp	1b
guest_end oneshot

/* The same, spinning with interrupts on instead of halting. */
guest_code oneshot_spin
	set_tables
	arm_chosen
	sti
1:	pause
	cmpq	$1, GUEST_MAIL + MAIL_IRQS
	jb	1b
	cli
	report	2
	/* Nothing more may come of it. */
	sti
	spin_for 8000000
	cli
	done
guest_end oneshot_spin

/* Eight times the count with interrupts on, then off. */
guest_code armed_spin
	set_tables
	arm_chosen
	sti
	spin_for 16000000
	cli
	done
guest_end armed_spin

/* With interrupts on until the first one came, however late. */
guest_code armed_until
	set_tables
	arm_chosen
	sti
1:	pause
	cmpq	$0, GUEST_MAIL + MAIL_IRQS
	je	1b
	cli
	done
guest_end armed_until

/* Interrupts stay off until long after the timer fired. */
guest_code late_window
	set_tables
	arm_chosen
	spin_for 16000000
	mov	GUEST_MAIL + MAIL_IRQS, %rbx
	keep	rbx, 0
	sti
	nop
	cli
	done
guest_end late_window

/* Twenty ticks, then stops the timer and waits for more that must not come. */
guest_code periodic
	set_tables
	arm_chosen
	halt_until 20
	tsc	r11
	sub	%r10, %r11
	keep	r11, 0
	write_msr INITIAL_COUNT, 0
	sti
	nop
	nop
	cli
	movq	$0, GUEST_MAIL + MAIL_IRQS
	sti
	spin_for 16000000
	cli
	done
guest_end periodic

/*
 * Ticks with interrupts off while the VMM stays away, after report 2; how many
 * come at once then is kept, with the time that it took, and twenty are waited
 * for.
 */
guest_code neglected
	set_tables
	arm_chosen
	report	2
	tsc	r10
	sti
	nop
	cli
	mov	GUEST_MAIL + MAIL_IRQS, %rbx
	keep	rbx, 0
	tsc	r11
	sub	%r10, %r11
	keep	r11, 1
	halt_until 20
	write_msr INITIAL_COUNT, 0
	done
guest_end neglected

/* Arms, then masks, and keeps how long that took; waits for what may come. */
guest_code mask_armed
	set_tables
	arm_chosen
	write_msr LVT_TIMER, 0x10040
	tsc	r11
	sub	%r10, %r11
	keep	r11, 1
	sti
	spin_for 80000000
	cli
	done
guest_end mask_armed

/* TSC deadline: RBX ticks from now; keeps how much later it came. */
guest_code deadline
	set_tables
	write_msr LVT_TIMER, 0x40041
1:	movq	$0, GUEST_MAIL + MAIL_IRQS
	report	1
	tsc	r10
	add	%rbx, %r10
	mov	%r10, %rax
	mov	%r10, %rdx
	shr	$32, %rdx
	mov	$DEADLINE, %ecx
	wrmsr
	halt_until 1
	tsc	r11
	sub	%r10, %r11
	keep	r11, 0
	jmp	1b
guest_end deadline

/* A deadline that has long passed, and one that is taken back. */
guest_code deadline_past
	set_tables
	write_msr LVT_TIMER, 0x40042
	write_msr DEADLINE, 1
	halt_until 1
	done
guest_end deadline_past

guest_code deadline_cancel
	set_tables
	write_msr LVT_TIMER, 0x40042
	tsc	r10
	add	$40000000, %r10
	mov	%r10, %rax
	mov	%r10, %rdx
	shr	$32, %rdx
	mov	$DEADLINE, %ecx
	wrmsr
	write_msr DEADLINE, 0
	tsc	r11
	keep	r10, 0
	keep	r11, 1
	sti
	spin_for 80000000
	cli
	done
guest_end deadline_cancel

	.section .note.GNU-stack, "", @progbits
