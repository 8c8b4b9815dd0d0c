/* SPDX-License-Identifier: MIT */
/* Where things lie for the guest of holes.c: for C and for guest code. */
#ifndef GUEST_HOLES_H
#define GUEST_HOLES_H

#define HOLES_WALK	0x8000000000	/* what the second PML4 entry maps */
#define HOLES_FAULT	0x8000123450	/* nothing maps this */
#define GUEST_SCRATCH	0x150000

#endif /* GUEST_HOLES_H */
