/* SPDX-License-Identifier: MIT */
/* Guest code of bell.c: writes to where RBX points, and little else. */
#include "code.h"

	/* RCX times, RDX bytes further each time; then asks for more. */
guest_code ring
1:	report	1
2:	mov	%eax, (%rbx)
	incq	GUEST_MAIL + MAIL_PROGRESS
	add	%rdx, %rbx
	dec	%rcx
	jnz	2b
	jmp	1b
guest_end ring

	.macro form name, insn:vararg
guest_code \name
	set_stack
	report	1
	\insn
	report	2
	done
guest_end \name
	.endm

	form	bell_b, movb $1, (%rbx)
	form	bell_w, movw $1, (%rbx)
	form	bell_l, movl $1, (%rbx)
	form	bell_q, mov %rax, (%rbx)
	form	bell_nti, movnti %eax, (%rbx)
	form	bell_stos, stosl
	form	bell_movs, movsl
	form	bell_rep, rep stosl
	form	bell_repmovs, rep movsl
	form	bell_long, movups %xmm0, (%rbx)
	form	bell_read, mov (%rbx), %eax
	form	bell_or, orl $1, (%rbx)
	form	bell_xchg, xchg %eax, (%rbx)

guest_code bell_many
1:	report	1
	rep stosl
	mov	%eax, (%rbx)
	mov	%eax, 4(%rbx)
	report	2
	jmp	1b
guest_end bell_many

	.section .note.GNU-stack, "", @progbits
