/* SPDX-License-Identifier: MIT */
/*
 * Guest code of mem.c: single instructions that touch memory at RBX. The
 * registers are what the VMM wrote. Each form is its own piece of guest code,
 * and guest_NAME_next tells where the instruction ends.
 */
#include "code.h"

	.macro form name, insn:vararg
guest_code \name
	\insn
	guest_label \name\()_next
	done
guest_end \name
	.endm

	form	w8, mov %al, (%rbx)
	form	w64, mov %rax, (%rbx)
	form	r8, mov (%rbx), %al
	form	r32, mov (%rbx), %eax
	form	r64, mov (%rbx), %rax

/* Two accesses, one after the other, and what the VMM made of the first. */
guest_code readadd
	mov	(%rbx), %eax
	add	$1, %eax
	out	%eax, $PORT_REPORT
	mov	%eax, 8(%rbx)
	done
guest_end readadd

/* A read under another CR3. */
guest_code othercr3
	mov	$GUEST_PML4_COPY, %eax
	mov	%rax, %cr3
guest_label othercr3_read
	mov	(%rbx), %ecx
	done
guest_end othercr3

/* Reads the trap for ever. */
guest_code readloop
1:	mov	(%rbx), %eax
	mov	%eax, 4(%rbx)
	inc	%rcx
	jmp	1b
guest_end readloop

/* Polls a status register until its bit 0 is set, like a driver does. */
guest_code poll
1:	testl	$1, (%rbx)
	jz	1b
	done
guest_end poll

	.section .note.GNU-stack, "", @progbits
