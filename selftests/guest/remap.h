/* SPDX-License-Identifier: MIT */
/* Where things lie for the guests of remap.c: for C and for guest code. */
#ifndef GUEST_REMAP_H
#define GUEST_REMAP_H

#include "layout.h"

#define REMAP_TRAP	0x100000	/* becomes a trap */
#define REMAP_PAGES	4		/* at GUEST_HOLE, that the host remaps */

#endif /* GUEST_REMAP_H */
