/* SPDX-License-Identifier: MIT */
/* The bells of bellrace.c: for C and for guest code. */
#ifndef GUEST_BELLRACE_H
#define GUEST_BELLRACE_H

#include "layout.h"

#define BELLS		0x40000000	/* the first trap */
#define BELLS_TRAPS	64
#define BELLS_SHIFT	16		/* 64 KiB a trap, */
#define BELLS_PART	0x4000		/* of which each vCPU has a part, */
#define BELLS_NUMBERS	4096		/* and in it 4 bytes for each number */
#define BELLS_HOLE	0x100000	/* in RAM; becomes a trap */

#endif /* GUEST_BELLRACE_H */
