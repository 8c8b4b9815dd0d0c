/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ZXH_CPUID_H
#define ZXH_CPUID_H

#include <linux/types.h>

void zxh_cpuid_edit(u32 leaf, u32 subleaf, u32 apic_id, u32 regs[4]);

#endif /* ZXH_CPUID_H */
