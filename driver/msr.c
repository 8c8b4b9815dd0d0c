// SPDX-License-Identifier: GPL-2.0-only
/*
 * The MSRs that neither the CPU nor KVM answers for (zircon-reference 4.8):
 * the local APIC, constants, those that read zero and forget what is written.
 * Every other one is #GP(0).
 */
#include <linux/kernel.h>
#include <asm/msr-index.h>

#include "msr.h"
#include "vcpu.h"

/* kvmclock, of which Zircon offers both generations. */
#define ZXH_MSR_WALL_CLOCK_OLD	0x11
#define ZXH_MSR_CLOCK_OLD	0x12
#define ZXH_MSR_WALL_CLOCK	0x4b564d00
#define ZXH_MSR_CLOCK		0x4b564d01
#define ZXH_CLOCK_ENABLED	BIT_ULL(0)

/**
 * struct zxh_msr_range - MSRs that are quiet
 * @first: the first
 * @last: the last
 * @readable: reads give zero, else #GP(0)
 * @writable: writes are forgotten, else #GP(0)
 */
struct zxh_msr_range {
	u32 first, last;
	bool readable, writable;
};

static const struct zxh_msr_range zxh_quiet_msrs[] = {
	{ MSR_IA32_PLATFORM_ID, MSR_IA32_PLATFORM_ID, true, true },
	{ MSR_SMI_COUNT, MSR_SMI_COUNT, true, false },
	{ MSR_IA32_SPEC_CTRL, MSR_IA32_PRED_CMD, false, true },
	{ MSR_IA32_UCODE_REV, MSR_IA32_UCODE_REV, true, true },
	{ MSR_MTRRcap, MSR_MTRRcap, true, true },
	{ MSR_IA32_MCG_CAP, MSR_IA32_MCG_STATUS, true, true },
	/* The variable MTRRs, and the fixed ones */
	{ 0x200, 0x20f, true, true },
	{ MSR_MTRRfix64K_00000, MSR_MTRRfix64K_00000, true, true },
	{ MSR_MTRRfix16K_80000, MSR_MTRRfix16K_A0000, true, true },
	{ MSR_MTRRfix4K_C0000, MSR_MTRRfix4K_F8000, true, true },
	{ MSR_MTRRdefType, MSR_MTRRdefType, true, true },
	{ MSR_RAPL_POWER_UNIT, MSR_RAPL_POWER_UNIT, true, true },
	{ MSR_PKG_ENERGY_STATUS, MSR_PKG_ENERGY_STATUS, true, true },
	{ MSR_DRAM_ENERGY_STATUS, MSR_DRAM_ENERGY_STATUS, true, true },
	{ MSR_PP0_ENERGY_STATUS, MSR_PP0_ENERGY_STATUS, true, true },
	{ MSR_PP1_ENERGY_STATUS, MSR_PP1_ENERGY_STATUS, true, true },
	{ MSR_PLATFORM_ENERGY_STATUS, MSR_PLATFORM_ENERGY_STATUS, true, true },
	{ MSR_PPERF, MSR_PPERF, true, false },
	{ MSR_CSTAR, MSR_CSTAR, false, true },
};

static const struct zxh_msr_range *zxh_msr_find_quiet(u32 msr)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(zxh_quiet_msrs); i++)
		if (msr >= zxh_quiet_msrs[i].first && msr <= zxh_quiet_msrs[i].last)
			return &zxh_quiet_msrs[i];
	return NULL;
}

/**
 * zxh_msr_read() - RDMSR
 * @v: the vCPU, in its own thread
 * @msr: the number
 * @data: receives EDX:EAX
 *
 * Return: 0 or ZXH_MSR_FAULT.
 */
int zxh_msr_read(struct zxh_vcpu *v, u32 msr, u64 *data)
{
	const struct zxh_msr_range *quiet;

	if (msr >= ZXH_MSR_X2APIC_FIRST && msr <= ZXH_MSR_X2APIC_LAST)
		return zxh_apic_read(v, msr, data);
	switch (msr) {
	case MSR_IA32_APICBASE:
		*data = zxh_apic_base(v->id);
		return 0;
	case MSR_IA32_MISC_ENABLE:
		*data = MSR_IA32_MISC_ENABLE_FAST_STRING;
		return 0;
	case ZXH_MSR_TSC_DEADLINE:
		*data = zxh_apic_read_deadline(v);
		return 0;
	}
	quiet = zxh_msr_find_quiet(msr);
	if (!quiet || !quiet->readable)
		return ZXH_MSR_FAULT;
	*data = 0;
	return 0;
}

/*
 * A page for KVM to keep the time in. One that is not there is an error of the
 * VMM's, as Zircon has it; KVM would forget about it in silence.
 */
static int zxh_msr_write_clock(struct zxh_vcpu *v, u32 msr, u64 data)
{
	bool wall = msr == ZXH_MSR_WALL_CLOCK_OLD || msr == ZXH_MSR_WALL_CLOCK;
	u64 gpa = wall ? data : data & ~ZXH_CLOCK_ENABLED;
	int r;

	if (wall || (data & ZXH_CLOCK_ENABLED)) {
		r = zxh_guest_resolve_fault(v->guest, gpa, true);
		if (r)
			return r;
	}
	return zxh_kvm_clock_write(v->kvm, msr, data);
}

/**
 * zxh_msr_write() - WRMSR
 * @v: the vCPU, in its own thread
 * @msr: the number
 * @data: EDX:EAX
 * @packet: filled in for ZXH_MSR_PACKET
 *
 * Return: 0, ZXH_MSR_FAULT, ZXH_MSR_PACKET, a status for the VMM, or -EINTR.
 */
int zxh_msr_write(struct zxh_vcpu *v, u32 msr, u64 data, struct zx_hyp_packet *packet)
{
	const struct zxh_msr_range *quiet;

	if (msr >= ZXH_MSR_X2APIC_FIRST && msr <= ZXH_MSR_X2APIC_LAST)
		return zxh_apic_write(v, msr, data, packet);
	switch (msr) {
	case MSR_IA32_APICBASE:
		/* Whether it is the BSP is not the guest's to say. */
		if ((data ^ zxh_apic_base(v->id)) & ~(u64)MSR_IA32_APICBASE_BSP)
			return ZXH_ERR_INVALID_ARGS;
		return 0;
	case MSR_IA32_MISC_ENABLE:
		return 0;
	case ZXH_MSR_TSC_DEADLINE:
		return zxh_apic_write_deadline(v, data);
	case ZXH_MSR_WALL_CLOCK_OLD:
	case ZXH_MSR_CLOCK_OLD:
	case ZXH_MSR_WALL_CLOCK:
	case ZXH_MSR_CLOCK:
		return zxh_msr_write_clock(v, msr, data);
	}
	quiet = zxh_msr_find_quiet(msr);
	return quiet && quiet->writable ? 0 : ZXH_MSR_FAULT;
}
