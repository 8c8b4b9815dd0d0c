/* SPDX-License-Identifier: MIT */
/*
 * An option ROM for a machine whose kernel is in memory already: bootimage.py put
 * it there with all that Linux's 64-bit boot protocol wants, but for the memory
 * map, which only the BIOS knows. The BIOS calls this ROM at the end of its own
 * start; it never returns. The layout of LOW is bootimage.py's.
 */
#define ROM		0xd0000
#define ZERO_PAGE	LOW
#define PAGE_TABLES	(LOW + 0x2000)
#define ENTRY		(LOW + 0x8000)
#define E820_COUNT	0x1e8		/* in the zero page */
#define E820_TABLE	0x2d0
#define E820_MAX	128
#define ENTRY_SIZE	20
#define SCRATCH		0x7000		/* free at this time, and in reach of real mode */
#define CODE32		0x08
#define CODE64		0x10		/* Linux wants these two as they are */
#define DATA		0x18

	.text
	.code16
rom:
	.word	0xaa55
	.byte	SECTORS			/* the checksum is bootimage.py's */
	cld
	xorw	%ax, %ax
	movw	%ax, %es
	movw	$SCRATCH, %di
	xorl	%ebx, %ebx
	xorl	%ebp, %ebp
1:	movl	$0xe820, %eax
	movl	$0x534d4150, %edx	/* "SMAP" */
	movl	$ENTRY_SIZE, %ecx
	int	$0x15
	jc	2f
	incl	%ebp
	addw	$ENTRY_SIZE, %di
	testl	%ebx, %ebx
	jz	2f
	cmpl	$E820_MAX, %ebp
	jb	1b
2:	cli
	inb	$0x92, %al
	orb	$2, %al			/* A20 */
	outb	%al, $0x92
	lgdtl	%cs:gdt_pointer - rom
	movl	%cr0, %eax
	orl	$1, %eax
	movl	%eax, %cr0
	ljmpl	$CODE32, $(ROM + protected - rom)

	.code32
protected:
	movl	$DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%ebp, %eax
	movb	%al, ZERO_PAGE + E820_COUNT
	imull	$(ENTRY_SIZE / 4), %ebp, %ecx
	movl	$SCRATCH, %esi
	movl	$(ZERO_PAGE + E820_TABLE), %edi
	rep movsl
	movl	$0x20, %eax		/* CR4.PAE */
	movl	%eax, %cr4
	movl	$PAGE_TABLES, %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx	/* EFER */
	rdmsr
	orl	$0x100, %eax		/* LME */
	wrmsr
	movl	%cr0, %eax
	orl	$0x80000000, %eax
	movl	%eax, %cr0
	ljmpl	$CODE64, $(ROM + long - rom)

	.code64
long:
	movl	$ZERO_PAGE, %esi
	movl	ENTRY, %eax
	xorl	%ebx, %ebx
	xorl	%ebp, %ebp
	xorl	%edi, %edi
	jmp	*%rax

	.balign	8
gdt:
	.quad	0
	.quad	0x00cf9b000000ffff
	.quad	0x00af9b000000ffff
	.quad	0x00cf93000000ffff
gdt_pointer:
	.word	. - gdt - 1
	.long	ROM + gdt - rom
	.balign	512, 0
	.equ	SECTORS, (. - rom) / 512
