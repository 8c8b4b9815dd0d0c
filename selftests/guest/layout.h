/* SPDX-License-Identifier: MIT */
/*
 * Where things lie in a test guest, for C and for guest code. All addresses
 * are guest-physical; the first 4 GiB are mapped one to one in 2 MiB pages.
 */
#ifndef GUEST_LAYOUT_H
#define GUEST_LAYOUT_H

#define GUEST_RAM_SIZE	0x200000	/* mapped at 0, R W X */

#define GUEST_PML4	0x0000		/* a BSP starts with CR3 0 */
#define GUEST_PDPT	0x1000
#define GUEST_PD	0x2000		/* four pages */
#define GUEST_GDT	0x6000
#define GUEST_GDTR	0x6800		/* operand of lgdt */
#define GUEST_IDTR	0x6810		/* operand of lidt */
#define GUEST_IDT	0x7000
#define GUEST_MAIL	0x8000		/* struct mailbox */
#define GUEST_STACK	0xc000		/* top */
#define GUEST_CODE	0x10000		/* entry of the BSP */
#define GUEST_STUBS	0x20000		/* a 16-byte stub a vector */
#define GUEST_AP_CODE	0x30000		/* entry of an AP, in real mode */
#define GUEST_CLOCK	0x40000		/* pvclock page */
#define GUEST_PML4_COPY	0x41000		/* the same tables under another CR3 */
#define GUEST_XSAVE	0x42000		/* a page for XSAVE to write to */
#define GUEST_STACKS	0x60000		/* 2 KiB a vCPU */

#define GUEST_CS	0x08
#define GUEST_DS	0x10

/* A hole of the RAM's size behind it, for MEM traps and mappings. */
#define GUEST_MMIO	0x300000
#define GUEST_HOLE	0x400000

#define PORT_REPORT	0xe0		/* OUT of EAX tells the VMM something */
#define PORT_DATA	0xe8		/* for IO tests */

/* Offsets in struct mailbox. */
#define MAIL_PROGRESS	0x00
#define MAIL_FLAG	0x08
#define MAIL_GO		0x10
#define MAIL_ERROR	0x18
#define MAIL_RIP	0x20
#define MAIL_IRQS	0x28
#define MAIL_VALUE	0x80
#define MAIL_IRQ_LOG	0x200

#define MAIL_VALUES	48
#define MAIL_LOG_SIZE	256

#define REPORT_DONE	0xd0e0

#endif /* GUEST_LAYOUT_H */
