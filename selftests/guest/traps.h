/* SPDX-License-Identifier: MIT */
/* Where traps.c and its guest code have things. */
#ifndef GUEST_TRAPS_H
#define GUEST_TRAPS_H

#include "layout.h"

#define TRAPS_PDPT	0x50000		/* of the second 512 GiB */
#define TRAPS_PD	0x51000		/* whose first pages lie where the host says */
#define TRAPS_HIGH	0x8000000000	/* the address of those to the guest */
#define TRAPS_PAGE	0x140000	/* in RAM: becomes a trap */

#endif /* GUEST_TRAPS_H */
