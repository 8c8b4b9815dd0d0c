/* SPDX-License-Identifier: MIT */
#ifndef SHIM_ASM_MSR_INDEX_H
#define SHIM_ASM_MSR_INDEX_H

#define EFER_LMA	(1UL << 10)

#endif /* SHIM_ASM_MSR_INDEX_H */
