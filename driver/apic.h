/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The local APIC that a guest sees: Zircon's, not KVM's.
 */
#ifndef ZXH_APIC_H
#define ZXH_APIC_H

#include <linux/hrtimer.h>
#include <linux/types.h>

struct zx_hyp_packet;
struct zxh_vcpu;

#define ZXH_MSR_X2APIC_FIRST	0x800
#define ZXH_MSR_X2APIC_LAST	0x83f
#define ZXH_MSR_TSC_DEADLINE	0x6e0

/* What an access to an MSR may return besides a status: #GP(0) for the guest. */
#define ZXH_MSR_FAULT		(-ERANGE)
/* And: the write made a packet for the VMM. */
#define ZXH_MSR_PACKET		(-EREMOTE)

/**
 * struct zxh_apic - the state of a local APIC. All of it belongs to the vCPU's
 *	thread, but for what @timer's callback uses, which changes only while
 *	@timer is not queued
 * @lvt_timer: vector, mask and mode of the timer, as written
 * @divide: divide configuration, as written
 * @initial_count: as written
 * @tsc_deadline: guest TSC, 0 for none
 * @period: between two ticks of a periodic timer
 * @stopped: the periodic timer waits for its last tick to be taken
 * @timer: fires @lvt_timer's vector
 */
struct zxh_apic {
	u32 lvt_timer;
	u32 divide;
	u32 initial_count;
	u64 tsc_deadline;
	ktime_t period;
	atomic_t stopped;
	struct hrtimer timer;
};

void zxh_apic_init(struct zxh_vcpu *v);
void zxh_apic_exit(struct zxh_vcpu *v);
u64 zxh_apic_base(u32 id);
int zxh_apic_read(struct zxh_vcpu *v, u32 msr, u64 *data);
int zxh_apic_write(struct zxh_vcpu *v, u32 msr, u64 data, struct zx_hyp_packet *packet);
int zxh_apic_write_deadline(struct zxh_vcpu *v, u64 deadline);
u64 zxh_apic_read_deadline(struct zxh_vcpu *v);
void zxh_apic_delivered(struct zxh_vcpu *v);

#endif /* ZXH_APIC_H */
