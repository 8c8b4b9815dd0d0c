/* SPDX-License-Identifier: MIT */
/* Guest code of modes.c. */
#include "modes.h"
#include "code.h"

/* The INS and the OUT lie at the same place. */
guest_code ins_only
	mov	$GUEST_MAIL, %edi
	mov	$PORT_DATA, %edx
	insb
	done
guest_end ins_only

guest_code out_only
	mov	$GUEST_MAIL, %edi
	mov	$PORT_DATA, %edx
	out	%al, %dx
	done
guest_end out_only

guest_code in_only
	mov	$GUEST_MAIL, %edi
	mov	$PORT_DATA, %edx
	in	%dx, %al
	movzbl	%al, %eax
	out	%eax, $PORT_REPORT
	done
guest_end in_only

/* Of an AP in real mode, whose CS does not begin at 0. */
guest_code real_in
	.code16
	xor	%eax, %eax
	in	$PORT_DATA, %al
	out	%eax, $PORT_REPORT
	mov	$(GUEST_MAIL >> 4), %bx
	mov	%bx, %es
	xor	%di, %di
	mov	$PORT_DATA, %dx
	insb
1:	jmp	1b
guest_end real_in

guest_code real_ins
	.code16
	mov	$(GUEST_MAIL >> 4), %bx
	mov	%bx, %es
	xor	%di, %di
	mov	$PORT_DATA, %dx
	insb
1:	jmp	1b
guest_end real_ins

	/* CR0.PG, CR4 and CR3, in 32-bit code. */
	.macro paging_off
	mov	%cr0, %eax
	and	$0x7fffffff, %eax
	mov	%eax, %cr0
	.endm

	.macro paging_on root
	mov	$\root, %eax
	mov	%eax, %cr3
	mov	%cr0, %eax
	or	$0x80000000, %eax
	mov	%eax, %cr0
	.endm

	.macro cr4_bits and, or
	mov	%cr4, %eax
	and	$~\and, %eax
	or	$\or, %eax
	mov	%eax, %cr4
	.endm

	/* One instruction that reads or writes a trapped page. */
	.macro access name, insn:vararg
	guest_label modes_\name
	\insn
	.endm

/*
 * An AP that goes from mode to mode, and touches a trapped page in each. Its
 * CS begins at GUEST_AP_CODE until it is flat.
 */
guest_code modes
	.code16
	mov	$(MODES_LOW >> 4), %ax
	mov	%ax, %ds
	xor	%bx, %bx
	access	real_moffs, mov 0x10, %eax
	access	real_disp8, mov 0x20(%bx), %al
	access	real_write, movw $0x1234, 0x30
	xor	%ebx, %ebx
	access	real_addr32, mov 0x40(%ebx), %al
	lgdtl	%cs:(gdtr - guest_modes)
	mov	%cr0, %eax
	or	$1, %eax
	mov	%eax, %cr0
	ljmpl	$SEL_CODE32, $(1f - guest_modes)

	.code32
1:	mov	$SEL_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	$GUEST_MMIO, %ebx
	access	flat32, mov (%ebx), %eax
	access	flat32_word, mov 8(%ebx), %ax
	access	flat32_write, movl $1, GUEST_MMIO + 0x10

	/* Two levels, with large pages and without. */
	cr4_bits 0x20, 0x10
	paging_on MODES_PD32
	access	pse, mov (%ebx), %eax
	mov	$MODES_PD32_TABLE, %eax
	mov	%eax, %cr3
	cr4_bits 0x10, 0
	/* That alone has KVM leave the TLB as it is. */
	mov	%cr3, %eax
	mov	%eax, %cr3
	access	two_levels, mov (%ebx), %eax

	/* Three levels. */
	paging_off
	cr4_bits 0, 0x20
	paging_on MODES_PDPT32
	access	pae, mov (%ebx), %eax

	/* Long mode, in 32-bit and 16-bit code. */
	paging_off
	mov	$0xc0000080, %ecx
	rdmsr
	or	$0x100, %eax
	wrmsr
	paging_on GUEST_PML4
	access	compat, mov (%ebx), %eax
	ljmpl	$SEL_CODE16, $(2f - guest_modes)
	.code16
2:
	access	compat16, mov (%ebx), %eax
	ljmpl	$SEL_CODE64, $(GUEST_AP_CODE + 3f - guest_modes)
	.code64
3:
	access	long64, mov (%rbx), %rax
	done

	.balign 8
gdt:	.quad	0
	.quad	0x00cf9b030000ffff		/* 32-bit code, base 0x30000 */
	.quad	0x00cf93000000ffff		/* data */
	.quad	0x000f9b030000ffff		/* 16-bit code, base 0x30000 */
	.quad	0x00af9b000000ffff		/* 64-bit code */
gdtr:	.word	5 * 8 - 1
	.long	GUEST_AP_CODE + gdt - guest_modes
guest_end modes

/* Of an AP: from real mode to a task, to another, and back. */
guest_code tasks
	.code16
	lgdtl	%cs:(8f - guest_tasks)
	mov	%cr0, %eax
	or	$1, %eax
	mov	%eax, %cr0
	ljmpl	$SEL_CODE32, $(GUEST_AP_CODE + 1f - guest_tasks)
	.code32
1:	mov	$SEL_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	$SEL_OLD_TASK, %eax
	ltr	%ax
	ljmp	$SEL_NEW_TASK, $0
	report	1
	done
	guest_label modes_new_task
	out	%eax, $PORT_REPORT
	ljmp	$SEL_OLD_TASK, $0
	.balign 8
7:	.quad	0
	.quad	0x00cf9b000000ffff		/* 32-bit code */
	.quad	0x00cf93000000ffff		/* data */
	.quad	0x0000890000000067 | MODES_TSS << 16
	.quad	0x0000890000000067 | (MODES_TSS + 0x100) << 16
8:	.word	5 * 8 - 1
	.long	GUEST_AP_CODE + 7b - guest_tasks
guest_end tasks

	.section .note.GNU-stack, "", @progbits
