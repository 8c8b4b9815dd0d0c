/* SPDX-License-Identifier: MIT */
/* Where modes.c and its guest code have their tables. */
#ifndef GUEST_MODES_H
#define GUEST_MODES_H

#include "layout.h"

#define MODES_PD32	0x44000		/* 4 MiB pages, one to one */
#define MODES_PD32_TABLE 0x45000	/* its first entry is a table */
#define MODES_TABLE32	0x46000		/* one to one but for the code */
#define MODES_PDPT32	0x47000
#define MODES_PD64	0x48000		/* 2 MiB pages, one to one */
#define MODES_TSS	0x49000		/* of the old task; the new one's 0x100 behind */
#define MODES_CODE_COPY	0x50000		/* what MODES_TABLE32 has for the code */
#define MODES_LOW	0x80000		/* a trap that real mode reaches */

#define SEL_CODE32	0x08
#define SEL_DATA	0x10
#define SEL_CODE16	0x18
#define SEL_CODE64	0x20

#define SEL_OLD_TASK	0x18
#define SEL_NEW_TASK	0x20

#endif /* GUEST_MODES_H */
