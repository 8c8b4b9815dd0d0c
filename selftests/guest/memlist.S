/* SPDX-License-Identifier: MIT */
/*
 * The forms of access. memforms.S includes this once for each kind of code,
 * having defined
 *   TAPE		the kind
 *   MEM, MEM_BP, MEM_8, MEM_32, MEM_INDEX
 *			what RBX or RBP points to, with a displacement, with an
 *			index
 *   INDEX_OFFSET	how far MEM_INDEX is from RBX
 *   AT(address)	a displacement that stands alone
 *   STRING, SI, DI	prefix and operands of string instructions
 *   PUSH, POP, SLOT, SLOT_A
 *			a stack slot's instructions, size, and register
 *
 * form INSN: it touches memory at FORMS_BASE. form_as WHAT, OFFSET, INSN: WHAT
 * of memforms.h is special, and it touches memory that far from there.
 */

	list	LIST_ONE

	/* MOV */
	form	mov %al, MEM
	form	mov %ah, MEM
	form	mov %ax, MEM
	form	mov %eax, MEM
	form	movb $0x5a, MEM
	form	movw $0x5a5b, MEM
	form	movl $0x5a5b5c5d, MEM
	form	mov MEM, %al
	form	mov MEM, %ch
	form	mov MEM, %ax
	form	mov MEM, %eax
	form	mov MEM, %ebx
	form	mov %ds, MEM
	form	mov MEM, %ds
	form_as	0, 0x40, mov %ecx, MEM_8
	form_as	0, 0x400, mov %ecx, MEM_32
	form_as	0, 0x400, movw $0x5a5b, MEM_32
	form_as	0, 0x400, movl $0x5a5b5c5d, MEM_32
	form_as	F_INDEX, INDEX_OFFSET, mov %edx, MEM_INDEX
	form_as	0, 0x40, mov MEM_8, %ecx
	form_as	0, 0x400, mov MEM_32, %ecx
	form_as	F_INDEX, INDEX_OFFSET, mov MEM_INDEX, %edi
	form_as	F_BP, 0, mov %ecx, MEM_BP
	form_as	F_BP, 0, mov MEM_BP, %cx
	form_as	0, FORMS_FS, mov %eax, %fs:MEM
	form_as	0, FORMS_FS, mov %fs:MEM, %ax
	form	mov %ecx, AT(FORMS_BASE)
	form	mov AT(FORMS_BASE), %ecx
	form	movl $0x5a5b5c5d, AT(FORMS_BASE)
#if TAPE == TAPE_64
	form	mov %rax, MEM
	form	mov %r11, MEM
	form	mov %r10b, MEM
	form	mov %sil, MEM
	form	movq $-2, MEM
	form	mov MEM, %rax
	form	mov MEM, %r14
	form	mov MEM, %rbx
	form	mov MEM, %r9b
	form	mov (%r13), %eax
	form	mov %eax, (%r13)
	form_as	F_SP, 0, mov (%rsp), %eax
	form_as	F_INDEX, INDEX_OFFSET, mov MEM_INDEX, %r9d
	form	mov %eax, guest_memforms + FORMS_BASE - GUEST_AP_CODE(%rip)
	form	mov guest_memforms + FORMS_BASE - GUEST_AP_CODE(%rip), %eax
	form	movl $7, guest_memforms + FORMS_BASE - GUEST_AP_CODE(%rip)
	form	cmpb $7, guest_memforms + FORMS_BASE - GUEST_AP_CODE(%rip)
	form	movabs %al, FORMS_BASE
	form	movabs %ax, FORMS_BASE
	form	movabs %eax, FORMS_BASE
	form	movabs %rax, FORMS_BASE
	form	movabs FORMS_BASE, %al
	form	movabs FORMS_BASE, %ax
	form	movabs FORMS_BASE, %eax
	form	movabs FORMS_BASE, %rax
	form	mov (%ebx), %eax
	form	mov %eax, (%ebx)
#else
	form	mov %al, AT(FORMS_BASE)
	form	mov %ax, AT(FORMS_BASE)
	form	mov %eax, AT(FORMS_BASE)
	form	mov AT(FORMS_BASE), %al
	form	mov AT(FORMS_BASE), %ax
	form	mov AT(FORMS_BASE), %eax
#endif
#if TAPE == TAPE_16_32
	/* The same, with 32-bit displacements. */
	form	.byte 0x67, 0xa0, 0x00, 0xa2, 0, 0
	form	.byte 0x67, 0x66, 0xa3, 0x00, 0xa2, 0, 0
	form	.byte 0x67, 0x8b, 0x0d, 0x00, 0xa2, 0, 0
#endif
#if TAPE == TAPE_32
	form_as	F_SP, 0, mov (%esp), %eax
#endif

	/* ... with an extension, a condition, bytes in another order */
	.irp	op, movzb, movsb
	form	\op\()w MEM, %ax
	form	\op\()l MEM, %ecx
	form	\op\()l MEM, %ebx
	.endr
	form	movzwl MEM, %ecx
	form	movswl MEM, %edx
#if TAPE == TAPE_64
	form	movzbq MEM, %rdx
	form	movsbq MEM, %rdx
	form	movzwq MEM, %r12
	form	movswq MEM, %rsi
	form	movslq MEM, %rdi
	form	cmovz MEM, %rcx
	form	movnti %rax, MEM
	form	movbe MEM, %rcx
	form	movbe %rcx, MEM
#endif
	form	cmovz MEM, %cx
	form	cmovz MEM, %ecx
	form	cmovnz MEM, %ecx
	form	setz MEM
	form	setnz MEM
#if TAPE == TAPE_64 || TAPE == TAPE_32
	form	movnti %eax, MEM
	form	movbe MEM, %ecx
	form	movbe %ecx, MEM
#else
	form	movbe MEM, %cx
	form	movbe %cx, MEM
#endif

	/* Arithmetic: of memory, and with it. */
	.irp	op, add, or, adc, sbb, and, sub, xor, cmp
	form	\op %cl, MEM
	form	\op %cx, MEM
	form	\op %ecx, MEM
	form	\op MEM, %dl
	form	\op MEM, %dx
	form	\op MEM, %edx
	form	\op\()b $0x5a, MEM
	form	\op\()w $0x5a5b, MEM
	form	\op\()w $-2, MEM
	form	\op\()l $0x5a5b5c5d, MEM
	form	\op\()l $-2, MEM
#if TAPE == TAPE_64
	form	\op %rcx, MEM
	form	\op MEM, %r9
	form	\op\()q $-2, MEM
#endif
	.endr
	.irp	op, add, or, adc, sbb, and, sub, xor
	form	lock \op %ecx, MEM
	form	lock \op\()b $0x5a, MEM
	.endr
	form	test %cl, MEM
	form	test %cx, MEM
	form	test %ecx, MEM
	form	testb $1, MEM
	form	testw $0x5a5b, MEM
	form	testl $0x5a5b5c5d, MEM
	.irp	op, not, neg, inc, dec
	form	\op\()b MEM
	form	\op\()w MEM
	form	\op\()l MEM
	form	lock \op\()l MEM
	.endr
	.irp	op, mul, imul, div, idiv
	form	\op\()b MEM
	form	\op\()w MEM
	form	\op\()l MEM
	.endr
	form	imul MEM, %ecx
	form	imul $3, MEM, %ecx
	form	imul $0x5a5b5c5d, MEM, %ecx
	.irp	op, rol, ror, rcl, rcr, shl, shr, sar
	form	\op\()b $1, MEM
	form	\op\()w $3, MEM
	form	\op\()l $3, MEM
	form	\op\()l %cl, MEM
	.endr
	.irp	op, shld, shrd
	form	\op $3, %ecx, MEM
	form	\op %cl, %edx, MEM
	.endr

	/* Bits */
	.irp	op, bt, bts, btr, btc
	form	\op\()w $3, MEM
	form	\op\()l $3, MEM
	form	\op\()l $0x43, MEM
	form_as	F_BITS, 0x24, \op %cx, MEM
	form_as	F_BITS, 0x24, \op %ecx, MEM
	form_as	F_BITS, -38, \op %dx, MEM
	form_as	F_BITS, -40, \op %edx, MEM
#if TAPE == TAPE_64
	form_as	F_BITS, 0x20, \op %rcx, MEM
	form_as	F_BITS, -40, \op %rdx, MEM
#endif
	.endr
	form	lock btsl $3, MEM
	form	lock btrl $3, MEM
	form_as	F_BITS, 0x24, lock bts %ecx, MEM
	form	bsf MEM, %ecx
	form	bsr MEM, %ecx

	/* Exchange */
	.irp	reg, cl, cx, ecx
	form	xchg %\reg, MEM
	form	xadd %\reg, MEM
	form	lock xadd %\reg, MEM
	form	cmpxchg %\reg, MEM
	form	lock cmpxchg %\reg, MEM
	.endr
	form	cmpxchg8b MEM
	form	lock cmpxchg8b MEM
#if TAPE == TAPE_64
	form	test %rcx, MEM
	form	testq $-2, MEM
	form	incq MEM
	form	mulq MEM
	form	shlq $3, MEM
	form	xchg %rcx, MEM
	form	xadd %rcx, MEM
	form	cmpxchg %rcx, MEM
	form	lock cmpxchg %r9, MEM
	form_as	F_CX16, 0, cmpxchg16b MEM
	form_as	F_CX16, 0, lock cmpxchg16b MEM
#endif

	/* Strings: alone, and the first element of many. */
	.irp	s, b, w, l
	form	STRING stos\s
	form	STRING lods\s
	form	STRING scas\s
	form	STRING movs\s
	form_as	F_S_RAM, 0, STRING movs\s
	form_as	F_D_RAM, 0, STRING movs\s
	form_as	F_S_RAM, 0, STRING cmps\s
	form_as	F_D_RAM, 0, STRING cmps\s
	form_as	F_COUNT, 0, STRING rep stos\s
	form_as	F_COUNT, 0, STRING rep lods\s
	form_as	F_COUNT, 0, STRING repe scas\s
	form_as	F_COUNT, 0, STRING repne scas\s
	form_as	F_COUNT + F_S_RAM, 0, STRING rep movs\s
	form_as	F_COUNT + F_D_RAM, 0, STRING rep movs\s
	form_as	F_COUNT + F_S_RAM, 0, STRING repe cmps\s
	form_as	F_COUNT + F_D_RAM, 0, STRING repne cmps\s
	.endr
#if TAPE == TAPE_64
	form	stosq
	form	lodsq
	form	scasq
	form_as	F_S_RAM, 0, movsq
	form_as	F_D_RAM, 0, movsq
	form_as	F_COUNT, 0, rep stosq
	form_as	F_COUNT, 0, rep lodsq
	form_as	F_COUNT + F_S_RAM, 0, rep movsq
	form_as	F_COUNT + F_D_RAM, 0, rep movsq
	form	addr32 stosl
	form_as	F_COUNT, 0, addr32 rep stosl
	form_as	F_COUNT + F_D_RAM, 0, addr32 rep movsb
#endif
	form_as	F_D_RAM, FORMS_FS, movsl %fs:SI, %es:DI
	/* AL is 0x87. */
	form_as	0, 0x87, STRING xlat

	/* The stack, in RAM and in the trap. */
	form	PUSH MEM
	form	POP MEM
	form	pushw MEM
	form	popw MEM
	form_as	F_SP + F_B_RAM, -SLOT, PUSH MEM
	form_as	F_SP + F_B_RAM, 0, POP MEM
	form_as	F_SP, -SLOT, push SLOT_A
	form_as	F_SP, 0, pop SLOT_A
	form_as	F_SP, -2, pushw %cx
	form_as	F_SP, 0, popw %cx
	form_as	F_SP, -SLOT, PUSH $0x5a
	form_as	F_SP, -SLOT, PUSH $0x5a5b
	form_as	F_SP, -SLOT, PUSH %fs
	form_as	F_SP, 0, POP %fs
	form_as	F_SP, -SLOT, pushf
	form_as	F_SP, 0, popf
	form_as	F_SP, -SLOT, call . + 14
	form_as	F_SP, -SLOT, call . + 0x1000
	form_as	F_SP, 0, ret
	form_as	F_SP, 0, ret $8
	form_as	F_SP, -SLOT, enter $0x10, $0
	form_as	F_BP, 0, leave
#if TAPE == TAPE_16 || TAPE == TAPE_16_32
	form_as	F_SP, -4, pushl %eax
	form_as	F_SP, 0, popl %eax
	form_as	F_SP, -2, pushaw
	form_as	F_SP, 0, popaw
	form_as	F_SP, -4, pushal
#elif TAPE == TAPE_32
	form_as	F_SP, -4, pushal
	form_as	F_SP, 0, popal
	form_as	F_SP, -2, pushaw
#endif
	form	call *MEM
	form	jmp *MEM
	form	ljmp *MEM
	form	lfs MEM, %ecx

	/* MMX and SSE */
	form	movq MEM, %mm0
	form	movq %mm0, MEM
	.irp	op, movups, movupd, movaps, movapd, movdqu, movdqa
	form	\op MEM, %xmm0
	form	\op %xmm0, MEM
	.endr
	form	movntps %xmm0, MEM
	form	movntpd %xmm0, MEM
	form	movntdq %xmm0, MEM
	form	fnstcw MEM
	form	fnstsw MEM
	list_end AT(FORMS_SAVE)

	/*
	 * Those that begin in RAM and run into the trap, with RSI or with RDI.
	 * OFFSET is the size of an element.
	 */
	list	LIST_REP
	form_as	F_WRITE + F_S_RAM, 1, STRING rep stosb
	form_as	F_WRITE + F_S_RAM, 2, STRING rep stosw
	form_as	F_WRITE + F_S_RAM, 4, STRING rep stosl
	form_as	F_D_RAM, 1, STRING rep lodsb
	form_as	F_D_RAM, 2, STRING rep lodsw
	form_as	F_D_RAM, 4, STRING rep lodsl
	form_as	F_WRITE + F_S_RAM, 1, STRING rep movsb
	form_as	F_WRITE + F_S_RAM, 2, STRING rep movsw
	form_as	F_WRITE + F_S_RAM, 4, STRING rep movsl
	form_as	F_WRITE + F_D_RAM, 1, STRING rep movsb
	form_as	F_WRITE + F_D_RAM, 2, STRING rep movsw
	form_as	F_WRITE + F_D_RAM, 4, STRING rep movsl
#if TAPE == TAPE_64
	form_as	F_WRITE + F_S_RAM, 8, rep stosq
	form_as	F_WRITE + F_S_RAM, 8, rep movsq
	form_as	F_WRITE + F_D_RAM, 8, rep movsq
#endif
	form_as	F_COMPARE + F_S_RAM, 1, STRING repne scasb
	form_as	F_COMPARE + F_S_RAM + F_EQUAL, 4, STRING repe scasl
	form_as	F_COMPARE + F_S_RAM, 1, STRING repne cmpsb
	form_as	F_COMPARE + F_S_RAM + F_EQUAL, 2, STRING repe cmpsw
	form_as	F_COMPARE + F_D_RAM + F_EQUAL, 4, STRING repe cmpsl
	list_end AT(FORMS_SAVE)

	/* All are of at least two bytes. */
	list	LIST_BORDER
	form	mov MEM, %ax
	form	mov MEM, %eax
	form	movzwl MEM, %ecx
	form	cmp %ecx, MEM
	form	testw $1, MEM
	form	btl $3, MEM
	form	movdqu MEM, %xmm0
	form	STRING lodsl
	form_as	F_D_RAM, 0, STRING movsl
	form	PUSH MEM
	form_as	F_SP, 0, pop SLOT_A
	form_as	F_SP, 0, ret
	form	or %ecx, MEM
	form	andw $0x5a5b, MEM
	form	lock addl $1, MEM
	form	incl MEM
	form	shll $1, MEM
	form	xchg %ecx, MEM
	form	xadd %ecx, MEM
	form	cmpxchg %ecx, MEM
	form	cmpxchg8b MEM
	form_as	F_WRITE, 0, mov %ax, MEM
	form_as	F_WRITE, 0, mov %eax, MEM
	form_as	F_WRITE, 0, movl $0x5a5b5c5d, MEM
	form_as	F_WRITE, 0, movdqu %xmm0, MEM
	form_as	F_WRITE, 0, STRING stosl
	form_as	F_WRITE + F_S_RAM, 0, STRING movsw
	form_as	F_WRITE, 0, POP MEM
	form_as	F_WRITE + F_SP, -SLOT, push SLOT_A
#if TAPE == TAPE_64
	form	mov MEM, %rax
	form	xor %rcx, MEM
	form_as	F_WRITE, 0, mov %rax, MEM
#endif
	list_end AT(FORMS_SAVE)

	/* Its last bytes lie in the next page. */
	list	LIST_SPLIT
	.balign	4096, 0x90
	.skip	4094, 0x90
	row	0, 0x400, mov MEM_32, %ecx
	.skip	4094 - ((. - guest_memforms) & 4095), 0x90
	row	0, 0x400, cmpl $0x5a5b5c5d, MEM_32
	list_end AT(FORMS_SAVE)

	/* Those that KVM of one kernel at least cannot emulate. */
	list	LIST_UNEMULATED
	.irp	op, flds, fldl, fldt, fstps, fstpl, fstpt, fsts, fildl, fistpl
	form	\op MEM
	.endr
	.irp	op, filds, fildll, fistps, fistpll, fisttpl, fadds, fmull, fcoms
	form	\op MEM
	.endr
	form	fldcw MEM
	.irp	op, fldenv, fnstenv, frstor, fnsave
	form_as	F_WIDE, 0, \op MEM
	.endr
	form	ldmxcsr MEM
	form	stmxcsr MEM
	.irp	op, movss, movsd, movlps, movhps, movlpd, movhpd, movd, movq
	form	\op MEM, %xmm0
	form	\op %xmm0, MEM
	.endr
	form	movd MEM, %mm0
	form	movd %mm0, MEM
	form	movntq %mm0, MEM
	form	lddqu MEM, %xmm0
	form	movntdqa MEM, %xmm0
	.irp	op, addps, xorps, pxor, paddd, pshufb, cvtsi2sdl, ucomisd
	form	\op MEM, %xmm0
	.endr
	form	pshufd $3, MEM, %xmm0
	form	pinsrw $3, MEM, %xmm0
	form	pextrb $3, %xmm0, MEM
	form	cvttss2si MEM, %ecx
	form	popcnt MEM, %ecx
	form	crc32b MEM, %ecx
	form	crc32l MEM, %ecx
#if TAPE == TAPE_64 || TAPE == TAPE_32
	form	movbe MEM, %cx
	form	movbe %cx, MEM
	.irp	op, vmovups, vmovaps, vmovdqu, vmovdqa
	form_avx \op MEM, %xmm0
	form_avx \op %xmm0, MEM
	form_avx \op MEM, %ymm0
	form_avx \op %ymm0, MEM
	.endr
	form_avx vmovd MEM, %xmm0
	form_avx vmovss %xmm0, MEM
	form_avx vmovntdq %ymm0, MEM
	form_avx vpxor MEM, %xmm1, %xmm0
	form_avx vpshufd $3, MEM, %xmm0
	form_avx vbroadcastss MEM, %ymm0
	form_avx andn MEM, %eax, %ecx
	form_avx rorx $3, MEM, %ecx
#else
	form	movbe MEM, %ecx
	form	movbe %ecx, MEM
#endif
#if TAPE == TAPE_64
	form_as	F_WIDE, 0, fxsave64 MEM
	form_as	F_WIDE, 0, fxrstor64 MEM
#endif
	/* KVM knows these, but not in memory that is trapped. */
	.irp	op, fxsave, fxrstor, sgdt, sidt
	form_as	F_WIDE, 0, \op MEM
	.endr
	list_end AT(FORMS_SAVE)

	/* Likewise. No KVM emulates those that write: RAM stays as it is. */
	list	LIST_UNEMULATED_BORDER
	.irp	op, flds, fldl, fildll, fstps, fstpl, fistpll, fldcw
	form	\op MEM
	.endr
	.irp	op, movss, movsd, movlps, movq
	form	\op MEM, %xmm0
	form	\op %xmm0, MEM
	.endr
	form	movntq %mm0, MEM
	form	lddqu MEM, %xmm0
	form	popcnt MEM, %ecx
	form	stmxcsr MEM
#if TAPE == TAPE_64 || TAPE == TAPE_32
	form_avx vmovups MEM, %xmm0
	form_avx vmovups MEM, %ymm0
#endif
	list_end AT(FORMS_SAVE)
