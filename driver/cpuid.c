// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest sees of the CPU: what KVM can give it, less what Zircon hides,
 * plus what Zircon provides itself (zircon-reference 4.8, ZX22 column).
 */
#include <linux/bits.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "cpuid.h"

enum { EAX, EBX, ECX, EDX };

#define ZXH_MAX_BASIC		0x17
#define ZXH_MAX_EXTENDED	0x8000001e
#define ZXH_HYPERVISOR		0x40000000
#define ZXH_HYPERVISOR_FEATURES	0x40000001

#define ZXH_APIC_ID_SHIFT	24

static void zxh_cpuid_features(u32 apic_id, u32 regs[4])
{
	regs[EBX] &= ~GENMASK(31, ZXH_APIC_ID_SHIFT);
	regs[EBX] |= apic_id << ZXH_APIC_ID_SHIFT;
	/* MONITOR, VMX, TM2, PDCM */
	regs[ECX] &= ~(BIT(3) | BIT(5) | BIT(8) | BIT(15));
	/* X2APIC, TSC_DEADLINE, HYPERVISOR */
	regs[ECX] |= BIT(21) | BIT(24) | BIT(31);
	/* ACPI, TM */
	regs[EDX] &= ~(BIT(22) | BIT(29));
	/* SEP */
	regs[EDX] |= BIT(11);
}

static void zxh_cpuid_extended_features(u32 regs[4])
{
	/* TSC_ADJUST, PT, and AVX-512 F DQ IFMA PF ER CD BW VL */
	regs[EBX] &= ~(BIT(1) | BIT(25) | BIT(16) | BIT(17) | BIT(21) | BIT(26) | BIT(27) |
		       BIT(28) | BIT(30) | BIT(31));
	/* AVX-512 VBMI VBMI2 VNNI BITALG VPOPCNTDQ; PKU, whose state XCR0 lacks */
	regs[ECX] &= ~(BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14) | BIT(3) | BIT(4));
	/* AVX-512 4VNNIW 4FMAPS VP2INTERSECT FP16, AMX, IBRS, STIBP, L1D_FLUSH,
	 * ARCH_CAPABILITIES, SSBD
	 */
	regs[EDX] &= ~(BIT(2) | BIT(3) | BIT(8) | BIT(23) | BIT(22) | BIT(24) | BIT(25) |
		       BIT(26) | BIT(27) | BIT(28) | BIT(29) | BIT(31));
}

static void zxh_cpuid_hypervisor(u32 regs[4])
{
	static const char signature[12] = "KVMKVMKVM";

	regs[EAX] = ZXH_HYPERVISOR_FEATURES;
	memcpy(&regs[EBX], signature, sizeof(signature));
}

/* AMD's own leaves: Zircon has no AMD; the same is hidden as on Intel. */
static void zxh_cpuid_amd(u32 leaf, u32 apic_id, u32 regs[4])
{
	switch (leaf) {
	case 0x80000001:
		/* SVM, and the performance counters that no MSR answers for */
		regs[ECX] &= ~(BIT(2) | BIT(23) | BIT(24) | BIT(28));
		break;
	case 0x80000008:
		/* IBPB, IBRS, STIBP and their preferences, SSBD, VIRT_SSBD */
		regs[EBX] &= ~(BIT(12) | GENMASK(18, 14) | BIT(24) | BIT(25));
		/* One core a package: there is no other topology leaf */
		regs[ECX] = 0;
		break;
	case 0x8000001e:
		regs[EAX] = apic_id;
		regs[EBX] = 0;
		regs[ECX] = 0;
		break;
	case 0x8000000a:
		memset(regs, 0, 4 * sizeof(regs[0]));
		break;
	}
}

/**
 * zxh_cpuid_edit() - turn what KVM offers into what a guest sees
 * @leaf: EAX of the guest's CPUID
 * @subleaf: ECX of it
 * @apic_id: of the vCPU
 * @regs: EAX, EBX, ECX, EDX of the answer
 */
void zxh_cpuid_edit(u32 leaf, u32 subleaf, u32 apic_id, u32 regs[4])
{
	switch (leaf) {
	case 0x0:
		regs[EAX] = min_t(u32, regs[EAX], ZXH_MAX_BASIC);
		break;
	case 0x1:
		zxh_cpuid_features(apic_id, regs);
		break;
	case 0x5:
		memset(regs, 0, 4 * sizeof(regs[0]));
		break;
	case 0x6:
		/* DTS, turbo, PTM, HWP and its parts */
		regs[EAX] &= ~(BIT(0) | BIT(1) | BIT(6) | GENMASK(11, 7) | BIT(13) | BIT(14));
		/* hardware feedback, performance bias */
		regs[ECX] &= ~(BIT(0) | BIT(3));
		break;
	case 0x7:
		if (!subleaf)
			zxh_cpuid_extended_features(regs);
		else if (subleaf == 1)
			regs[EAX] &= ~BIT(5);	/* AVX512_BF16 */
		break;
	case 0xa:
		regs[EAX] = 0;
		regs[EBX] = 0x7f;
		regs[ECX] = 0;
		regs[EDX] = 0;
		break;
	case 0xb:
		regs[EAX] = 0;
		regs[EBX] = 0;
		regs[ECX] = 0;
		regs[EDX] = apic_id;
		break;
	case 0xd:
		/* x87, SSE, AVX are all that XCR0 can have; XSAVES */
		if (!subleaf)
			regs[EAX] &= 7;
		else if (subleaf == 1)
			regs[EAX] &= ~BIT(3);
		break;
	case ZXH_HYPERVISOR:
		zxh_cpuid_hypervisor(regs);
		break;
	case ZXH_HYPERVISOR_FEATURES:
		/* CLOCKSOURCE, NOP_IO_DELAY, CLOCKSOURCE2 */
		regs[EAX] = BIT(0) | BIT(1) | BIT(3);
		regs[EBX] = 0;
		regs[ECX] = 0;
		regs[EDX] = 0;
		break;
	case 0x80000000:
		regs[EAX] = min_t(u32, regs[EAX], ZXH_MAX_EXTENDED);
		break;
	case ZXH_MAX_BASIC + 1 ... ZXH_HYPERVISOR - 1:
	case ZXH_MAX_EXTENDED + 1 ... U32_MAX:
		memset(regs, 0, 4 * sizeof(regs[0]));
		break;
	default:
		zxh_cpuid_amd(leaf, apic_id, regs);
		break;
	}
}
