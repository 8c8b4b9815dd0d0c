/* SPDX-License-Identifier: MIT */
/*
 * Guest code of io.c: one OUT or IN after the other. RAX is what the VMM wrote
 * by write_state before; after an IN it is kept for the VMM to look at.
 */
#include "code.h"

	/* Keeps RAX as it is after the IN, and reports. */
	.macro keep_rax
	mov	%rax, %r15
	report	1
	.endm

guest_code out8
	out	%al, $PORT_DATA
	done
guest_end out8

guest_code out16
	out	%ax, $PORT_DATA
	done
guest_end out16

guest_code out32
	out	%eax, $PORT_DATA
	done
guest_end out32

guest_code out8dx
	out	%al, %dx
	done
guest_end out8dx

guest_code out16dx
	out	%ax, %dx
	done
guest_end out16dx

guest_code out32dx
	out	%eax, %dx
	done
guest_end out32dx

guest_code in8
	in	$PORT_DATA, %al
	keep_rax
	done
guest_end in8

guest_code in16
	in	$PORT_DATA, %ax
	keep_rax
	done
guest_end in16

guest_code in32
	in	$PORT_DATA, %eax
	keep_rax
	done
guest_end in32

guest_code in8dx
	in	%dx, %al
	keep_rax
	done
guest_end in8dx

guest_code in16dx
	in	%dx, %ax
	keep_rax
	done
guest_end in16dx

guest_code in32dx
	in	%dx, %eax
	keep_rax
	done
guest_end in32dx

/* String forms, with and without REP, source and target in RAM. */
guest_code outsb
	mov	$GUEST_MAIL, %esi
	outsb
	done
guest_end outsb

guest_code repoutsb
	mov	$GUEST_MAIL, %esi
	mov	$4, %ecx
	rep outsb
	done
guest_end repoutsb

guest_code insb
	mov	$GUEST_MAIL, %edi
	insb
	done
guest_end insb

guest_code repinsl
	mov	$GUEST_MAIL, %edi
	mov	$4, %ecx
	rep insl
	done
guest_end repinsl

/* Two ports, told apart by key; RBX counts what was passed. */
guest_code outloop
	xor	%ebx, %ebx
1:	mov	%ebx, %eax
	out	%eax, $PORT_DATA
	inc	%ebx
	jmp	1b
guest_end outloop

	.section .note.GNU-stack, "", @progbits
