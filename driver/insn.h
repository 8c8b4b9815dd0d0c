/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ZXH_INSN_H
#define ZXH_INSN_H

#include "kvm.h"

#define ZXH_MAX_INSN	15

struct zxh_guest;

unsigned int zxh_insn_length(const u8 *bytes, unsigned int n, const struct zxh_mode *mode);
unsigned int zxh_insn_operand_size(const struct zxh_mode *mode);
int zxh_insn_fetch(struct zxh_guest *guest, const struct zxh_mode *mode, u64 rip,
		   u8 bytes[ZXH_MAX_INSN], unsigned int *n);

#endif /* ZXH_INSN_H */
