/* SPDX-License-Identifier: MIT */
/*
 * Guest code of memforms.c: an AP that goes to a mode, and then executes a list
 * of instructions that touch a trap, with a report after each.
 */
#include "memforms.h"
#include "code.h"

	/*
	 * A row of the table: the name of an instruction is its text. It is
	 * followed by the report, which leaves every register alone.
	 */
	.macro row what, offset, insn:vararg
	.pushsection .rodata.names, "a"
8001:	.asciz	"\insn"
	.popsection
8002:	\insn
8003:	out	%eax, $PORT_REPORT
	.pushsection .data.rel.ro.forms, "aw"
	.quad	8001b, 8002b, 8003b
	.long	\what, \offset
	.popsection
	.endm

	/* In one page: an emulator has trouble with writes that are not. */
	.macro form_as what, offset, insn:vararg
	.balign	4096, 0x90, 15
	row	\what, \offset, \insn
	.endm

	/* With AVX turned on: QEMU forgets at each exit that it is. */
	.macro form_avx insn:vararg
	xsetbv
	form_as	F_AVX, 0, \insn
	.endm

	.macro form insn:vararg
	form_as	0, 0, \insn
	.endm

	/* A list reports, has its forms, keeps XMM0 and MM0, and begins anew. */
	.macro list number
	.pushsection .data.rel.ro.forms, "aw"
8004:
	.popsection
8005:	out	%eax, $PORT_REPORT
8006:
	.endm

	/* The table of lists is in the order of memforms.h. */
	.macro list_end save:vararg
	movups	%xmm0, \save
	movq	%mm0, 16 + \save
	out	%eax, $PORT_REPORT
	jmp	8006b
	.pushsection .data.rel.ro.forms, "aw"
8007:
	.popsection
	.pushsection .data.rel.ro.lists, "aw"
	.quad	8005b, 8004b, 8007b
	.popsection
	.endm

	/* Real mode to protected mode, in code that begins at GUEST_AP_CODE. */
	.macro protect selector, target
	lgdtl	%cs:(gdtr - guest_memforms)
	mov	%cr0, %eax
	or	$1, %eax
	mov	%eax, %cr0
	ljmpl	$\selector, $(\target - guest_memforms)
	.endm

	.macro segments data, fs
	mov	$\data, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	$\fs, %eax
	mov	%eax, %fs
	.endm

	.macro paging_on root
	mov	$\root, %eax
	mov	%eax, %cr3
	mov	%cr0, %eax
	or	$0x80000000, %eax
	mov	%eax, %cr0
	.endm

	/* EFER.LME and CR4.PAE; then paging makes it long mode. */
	.macro long_mode
	mov	%cr4, %eax
	or	$0x20, %eax
	mov	%eax, %cr4
	mov	$0xc0000080, %ecx
	rdmsr
	or	$0x100, %eax
	wrmsr
	paging_on GUEST_PML4_COPY
	.endm

	.section .data.rel.ro.lists, "aw"
	.balign 8
	.globl	guest_memforms_lists
guest_memforms_lists:
	.section .data.rel.ro.forms, "aw"
	.balign 8
	.section .rodata
	.balign 4096

/* Reports; then RAX is where to go on, RBP the list to go to. */
guest_code memforms
	.code16
	mov	%cr4, %eax
	or	$0x40000, %eax			/* OSXSAVE */
	mov	%eax, %cr4
	xor	%eax, %eax
	movups	%cs:(guest_memforms_xmm - guest_memforms), %xmm0
	movq	%cs:(guest_memforms_xmm - guest_memforms), %mm0
	out	%eax, $PORT_REPORT
	jmp	*%ax

	.balign 16
guest_label memforms_xmm
	.quad	0x1122334455667788, 0x99aabbccddeeff00

	.balign 8
gdt:	.quad	0
	.quad	0x00cf9b030000ffff		/* 32-bit code, base 0x30000 */
	.quad	0x00cf93000000ffff		/* data */
	.quad	0x000f9b030000ffff		/* 16-bit code, base 0x30000 */
	.quad	0x00af9b000000ffff		/* 64-bit code */
	.quad	0x000093070000ffff		/* 16-bit data, base 0x70000 */
	.quad	0x00cf93000010ffff		/* data, base FORMS_FS */
	.quad	0x000093070010ffff		/* the same above 0x70000 */
gdtr:	.word	8 * 8 - 1
	.long	GUEST_AP_CODE + gdt - guest_memforms

guest_label memforms_real
	mov	$(FORMS_SEGMENT >> 4), %ax
	mov	%ax, %ds
	mov	%ax, %es
	mov	%ax, %ss
	add	$(FORMS_FS >> 4), %ax
	mov	%ax, %fs
	mov	$FORMS_READY, %eax
	jmp	*%bp

guest_label memforms_protected_16
	protect	SEL_CODE16, in_16

guest_label memforms_protected
	protect	SEL_CODE32, 1f
	.code32
1:	segments SEL_DATA, SEL_FS
	mov	$FORMS_READY, %eax
	jmp	*%ebp

	.code16
guest_label memforms_paged
	protect	SEL_CODE32, 1f
	.code32
1:	segments SEL_DATA, SEL_FS
	paging_on FORMS_PD32
	mov	$FORMS_READY, %eax
	jmp	*%ebp

	.code16
guest_label memforms_compatibility
	protect	SEL_CODE32, 1f
	.code32
1:	segments SEL_DATA, SEL_FS
	long_mode
	mov	$FORMS_READY, %eax
	jmp	*%ebp

	.code16
guest_label memforms_compatibility_16
	protect	SEL_CODE32, 1f
	.code32
1:	segments SEL_DATA, SEL_FS
	long_mode
	ljmpl	$SEL_CODE16, $(in_16 - guest_memforms)

	.code16
guest_label memforms_long
	protect	SEL_CODE32, 1f
	.code32
1:	segments SEL_DATA, SEL_FS
	long_mode
	ljmpl	$SEL_CODE64, $(GUEST_AP_CODE + 2f - guest_memforms)
	.code64
2:	mov	$FORMS_READY, %eax
	add	$GUEST_AP_CODE, %rbp
	jmp	*%rbp

	.code16
in_16:	segments SEL_DATA16, SEL_FS16
	mov	$FORMS_READY, %eax
	jmp	*%bp

	/* 16-bit code. */
#define TAPE TAPE_16
#define MEM (%bx)
#define MEM_BP (%bp)
#define MEM_8 0x40(%bx)
#define MEM_32 0x400(%bx)
#define MEM_INDEX 0x10(%bx, %si)
#define INDEX_OFFSET (0x10 + FORMS_INDEX)
#define AT(address) address - FORMS_SEGMENT
#define STRING
#define SI (%si)
#define DI (%di)
#define PUSH pushw
#define POP popw
#define SLOT 2
#define SLOT_A %ax
	.code16
#include "memlist.S"

	/* The same with 32-bit addresses. */
#undef TAPE
#undef MEM
#undef MEM_BP
#undef MEM_8
#undef MEM_32
#undef MEM_INDEX
#undef INDEX_OFFSET
#undef STRING
#undef SI
#undef DI
#define TAPE TAPE_16_32
#define MEM (%ebx)
#define MEM_BP (%ebp)
#define MEM_8 0x40(%ebx)
#define MEM_32 0x400(%ebx)
#define MEM_INDEX 0x10(%ebx, %esi, 4)
#define INDEX_OFFSET (0x10 + 4 * FORMS_INDEX)
#define STRING addr32
#define SI (%esi)
#define DI (%edi)
#include "memlist.S"

	/* 32-bit code. */
#undef TAPE
#undef AT
#undef STRING
#undef PUSH
#undef POP
#undef SLOT
#undef SLOT_A
#define TAPE TAPE_32
#define AT(address) address
#define STRING
#define PUSH pushl
#define POP popl
#define SLOT 4
#define SLOT_A %eax
	.code32
#include "memlist.S"

	/* 64-bit code. */
#undef TAPE
#undef MEM
#undef MEM_BP
#undef MEM_8
#undef MEM_32
#undef MEM_INDEX
#undef SI
#undef DI
#undef PUSH
#undef POP
#undef SLOT
#undef SLOT_A
#define TAPE TAPE_64
#define MEM (%rbx)
#define MEM_BP (%rbp)
#define MEM_8 0x40(%rbx)
#define MEM_32 0x400(%rbx)
#define MEM_INDEX 0x10(%rbx, %rsi, 4)
#define SI (%rsi)
#define DI (%rdi)
#define PUSH pushq
#define POP popq
#define SLOT 8
#define SLOT_A %rax
	.code64
#include "memlist.S"
guest_end memforms

	.section .note.GNU-stack, "", @progbits
