/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ZXH_MSR_H
#define ZXH_MSR_H

#include "apic.h"

int zxh_msr_read(struct zxh_vcpu *v, u32 msr, u64 *data);
int zxh_msr_write(struct zxh_vcpu *v, u32 msr, u64 data, struct zx_hyp_packet *packet);

#endif /* ZXH_MSR_H */
