// SPDX-License-Identifier: GPL-2.0-only
/*
 * The local APIC: x2APIC registers and the timer (zircon-reference 4.8).
 *
 * There is no in-service, request or priority logic: a vCPU has a bitmap of
 * pending vectors (vcpu.c), and EOI does nothing. Inter-processor interrupts
 * and the start of processors go to the VMM as packets.
 */
#include <linux/bits.h>
#include <linux/math64.h>
#include <linux/zx_hyp.h>
#include <asm/apicdef.h>
#include <asm/msr-index.h>
#include <asm/tsc.h>

#include "apic.h"
#include "compat.h"
#include "vcpu.h"

#define ZXH_APIC_VERSION	0x60015
#define ZXH_APIC_SVR		0xff
#define ZXH_LVT_MASKED		BIT(16)
#define ZXH_ICR_SHORTHAND	GENMASK(19, 18)

/* The MSR of a register of the APIC page. */
#define ZXH_X2APIC(reg)		(ZXH_MSR_X2APIC_FIRST + ((reg) >> 4))
#define ZXH_X2APIC_SELF_IPI	0x83f

#define ZXH_TIMER_MODE(lvt)	(((lvt) >> 17) & 3)
enum { ZXH_TIMER_ONE_SHOT, ZXH_TIMER_PERIODIC, ZXH_TIMER_DEADLINE, ZXH_TIMER_RESERVED };

/* A guest may not keep the host busy with its timer. */
#define ZXH_TIMER_MIN_PERIOD	(200 * NSEC_PER_USEC)
#define ZXH_TIMER_MAX_TICKS	(1ULL << 50)

/**
 * zxh_apic_base() - what IA32_APIC_BASE reads: enabled, x2APIC, BSP or not
 * @id: the APIC's id; 0 is the BSP
 */
u64 zxh_apic_base(u32 id)
{
	return APIC_DEFAULT_PHYS_BASE | MSR_IA32_APICBASE_ENABLE | X2APIC_ENABLE |
	       (id ? 0 : MSR_IA32_APICBASE_BSP);
}

/* A guest names any count: the bounds keep the division from overflowing. */
static ktime_t zxh_ticks_to_ktime(u64 ticks)
{
	u64 khz = max(tsc_khz, 1000U);

	return mul_u64_u64_div_u64(min(ticks, ZXH_TIMER_MAX_TICKS), USEC_PER_SEC, khz);
}

static enum hrtimer_restart zxh_apic_timer(struct hrtimer *timer)
{
	struct zxh_vcpu *v = container_of(timer, struct zxh_vcpu, apic.timer);
	u32 lvt = READ_ONCE(v->apic.lvt_timer);

	if (ZXH_TIMER_MODE(lvt) != ZXH_TIMER_PERIODIC) {
		if (!(lvt & ZXH_LVT_MASKED))
			zxh_vcpu_pend(v, lvt & APIC_VECTOR_MASK);
		return HRTIMER_NORESTART;
	}
	/* The last tick was not taken yet: stop until it is. Nobody may enter. */
	if (!(lvt & ZXH_LVT_MASKED) && test_bit(lvt & APIC_VECTOR_MASK, v->pending)) {
		atomic_set(&v->apic.stopped, 1);
		/* @stopped is seen before the bit is looked at again. */
		smp_mb__after_atomic();
		if (test_bit(lvt & APIC_VECTOR_MASK, v->pending))
			return HRTIMER_NORESTART;
		/* Taken just now; if it saw @stopped it starts the timer as well. */
		atomic_set(&v->apic.stopped, 0);
	}
	if (!(lvt & ZXH_LVT_MASKED))
		zxh_vcpu_pend(v, lvt & APIC_VECTOR_MASK);
	hrtimer_forward_now(timer, v->apic.period);
	return HRTIMER_RESTART;
}

/**
 * zxh_apic_delivered() - a vector is pending no more: the timer may go on
 * @v: the vCPU, in its own thread
 */
void zxh_apic_delivered(struct zxh_vcpu *v)
{
	/* The caller cleared the bit; pairs with the timer's. */
	smp_mb__after_atomic();
	if (atomic_read(&v->apic.stopped) && atomic_xchg(&v->apic.stopped, 0))
		hrtimer_start(&v->apic.timer, ktime_add(ktime_get(), v->apic.period),
			      HRTIMER_MODE_ABS);
}

/**
 * zxh_apic_read_deadline() - RDMSR of TSC_DEADLINE
 * @v: the vCPU, in its own thread
 *
 * Return: what was written, or 0 once it has passed.
 */
u64 zxh_apic_read_deadline(struct zxh_vcpu *v)
{
	u64 deadline = v->apic.tsc_deadline;

	return deadline > zxh_kvm_guest_tsc(v->kvm) ? deadline : 0;
}

void zxh_apic_init(struct zxh_vcpu *v)
{
	v->apic.lvt_timer = ZXH_LVT_MASKED;
	zxh_hrtimer_setup(&v->apic.timer, zxh_apic_timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
}

void zxh_apic_exit(struct zxh_vcpu *v)
{
	hrtimer_cancel(&v->apic.timer);
}

/* Count, divided: bits 0, 1 and 3 of the register say by how much. */
static u64 zxh_apic_count_ticks(const struct zxh_apic *apic)
{
	u32 code = (apic->divide & 3) | ((apic->divide >> 1) & 4);

	return (u64)apic->initial_count << ((code + 1) & 7);
}

static void zxh_apic_start_count(struct zxh_vcpu *v)
{
	struct zxh_apic *apic = &v->apic;
	ktime_t delay;

	hrtimer_cancel(&apic->timer);
	atomic_set(&apic->stopped, 0);
	if (!apic->initial_count || ZXH_TIMER_MODE(apic->lvt_timer) == ZXH_TIMER_DEADLINE)
		return;
	delay = zxh_ticks_to_ktime(zxh_apic_count_ticks(apic));
	if (ZXH_TIMER_MODE(apic->lvt_timer) == ZXH_TIMER_PERIODIC)
		delay = max_t(ktime_t, delay, ZXH_TIMER_MIN_PERIOD);
	apic->period = delay;
	hrtimer_start(&apic->timer, ktime_add(ktime_get(), delay), HRTIMER_MODE_ABS);
}

/**
 * zxh_apic_write_deadline() - the guest wrote TSC_DEADLINE
 * @v: the vCPU, in its own thread; interrupts may be off
 * @deadline: guest TSC; 0 disarms
 *
 * Return: 0, or ZXH_ERR_INVALID_ARGS when the timer is not in deadline mode.
 */
int zxh_apic_write_deadline(struct zxh_vcpu *v, u64 deadline)
{
	struct zxh_apic *apic = &v->apic;
	u64 now = zxh_kvm_guest_tsc(v->kvm);
	ktime_t delay;

	if (ZXH_TIMER_MODE(apic->lvt_timer) != ZXH_TIMER_DEADLINE)
		return ZXH_ERR_INVALID_ARGS;
	/* A callback that runs meanwhile is one that fired before the write. */
	hrtimer_try_to_cancel(&apic->timer);
	apic->tsc_deadline = deadline;
	if (!deadline)
		return 0;
	delay = deadline > now ? zxh_ticks_to_ktime(deadline - now) : 0;
	hrtimer_start(&apic->timer, ktime_add(ktime_get(), delay), HRTIMER_MODE_ABS);
	return 0;
}

static int zxh_apic_write_lvt_timer(struct zxh_vcpu *v, u32 lvt)
{
	struct zxh_apic *apic = &v->apic;
	u32 old = apic->lvt_timer;

	if (ZXH_TIMER_MODE(lvt) == ZXH_TIMER_RESERVED)
		return ZXH_ERR_INVALID_ARGS;
	WRITE_ONCE(apic->lvt_timer, lvt);
	if (ZXH_TIMER_MODE(lvt) == ZXH_TIMER_MODE(old))
		return 0;
	hrtimer_cancel(&apic->timer);
	apic->tsc_deadline = 0;
	zxh_apic_start_count(v);
	return 0;
}

/* The vCPUs that an inter-processor interrupt is for, as bits. */
static u64 zxh_apic_mask(u32 self, u64 icr)
{
	u32 dest = icr >> 32;

	switch (icr & ZXH_ICR_SHORTHAND) {
	case APIC_DEST_SELF:
		return BIT_ULL(self);
	case APIC_DEST_ALLINC:
		return ~0ULL;
	case APIC_DEST_ALLBUT:
		return ~BIT_ULL(self);
	}
	if (dest == U32_MAX)
		return ~0ULL;
	return dest < 64 ? BIT_ULL(dest) : 0;
}

static int zxh_apic_write_icr(struct zxh_vcpu *v, u64 icr, struct zx_hyp_packet *packet)
{
	u32 mode = icr & APIC_MODE_MASK;

	if (icr & APIC_DEST_LOGICAL)
		return ZXH_ERR_NOT_SUPPORTED;
	if (mode == APIC_DM_INIT)
		return 0;
	memset(packet, 0, sizeof(*packet));
	packet->type = ZX_HYP_PACKET_GUEST_VCPU;
	switch (mode) {
	case APIC_DM_FIXED:
		packet->guest_vcpu.type = ZX_HYP_PACKET_VCPU_INTERRUPT;
		packet->guest_vcpu.interrupt.mask = zxh_apic_mask(v->id, icr);
		packet->guest_vcpu.interrupt.vector = icr & APIC_VECTOR_MASK;
		return ZXH_MSR_PACKET;
	case APIC_DM_NMI:
		packet->guest_vcpu.type = ZX_HYP_PACKET_VCPU_INTERRUPT;
		packet->guest_vcpu.interrupt.mask = zxh_apic_mask(v->id, icr) &
						    ~BIT_ULL(v->id);
		packet->guest_vcpu.interrupt.vector = ZXH_VECTOR_NMI;
		return ZXH_MSR_PACKET;
	case APIC_DM_STARTUP:
		packet->guest_vcpu.type = ZX_HYP_PACKET_VCPU_STARTUP;
		packet->guest_vcpu.startup.id = icr >> 32;
		packet->guest_vcpu.startup.entry = (icr & APIC_VECTOR_MASK) << 12;
		return ZXH_MSR_PACKET;
	default:
		return ZXH_ERR_NOT_SUPPORTED;
	}
}

/**
 * zxh_apic_read() - RDMSR of an x2APIC register
 * @v: the vCPU, in its own thread
 * @msr: ZXH_MSR_X2APIC_FIRST to ZXH_MSR_X2APIC_LAST
 * @data: receives its value
 *
 * Return: 0 or ZXH_MSR_FAULT.
 */
int zxh_apic_read(struct zxh_vcpu *v, u32 msr, u64 *data)
{
	switch (msr) {
	case ZXH_X2APIC(APIC_ID):
		*data = v->id;
		return 0;
	case ZXH_X2APIC(APIC_LVR):
		*data = ZXH_APIC_VERSION;
		return 0;
	case ZXH_X2APIC(APIC_SPIV):
		*data = ZXH_APIC_SVR;
		return 0;
	case ZXH_X2APIC(APIC_LVTCMCI):
	case ZXH_X2APIC(APIC_LVTTHMR):
	case ZXH_X2APIC(APIC_LVT0):
	case ZXH_X2APIC(APIC_LVT1):
		*data = ZXH_LVT_MASKED;
		return 0;
	case ZXH_X2APIC(APIC_TASKPRI):
	case ZXH_X2APIC(APIC_LDR):
	case ZXH_X2APIC(APIC_ISR) ... ZXH_X2APIC(APIC_ISR) + 7:
	case ZXH_X2APIC(APIC_TMR) ... ZXH_X2APIC(APIC_TMR) + 7:
	case ZXH_X2APIC(APIC_IRR) ... ZXH_X2APIC(APIC_IRR) + 7:
	case ZXH_X2APIC(APIC_ESR):
	case ZXH_X2APIC(APIC_LVTPC):
		*data = 0;
		return 0;
	case ZXH_X2APIC(APIC_LVTT):
		*data = v->apic.lvt_timer;
		return 0;
	default:
		return ZXH_MSR_FAULT;
	}
}

/**
 * zxh_apic_write() - WRMSR of an x2APIC register
 * @v: the vCPU, in its own thread
 * @msr: ZXH_MSR_X2APIC_FIRST to ZXH_MSR_X2APIC_LAST
 * @data: EDX:EAX
 * @packet: filled in for ZXH_MSR_PACKET
 *
 * Return: 0, ZXH_MSR_FAULT, ZXH_MSR_PACKET, or a status for the VMM.
 */
int zxh_apic_write(struct zxh_vcpu *v, u32 msr, u64 data, struct zx_hyp_packet *packet)
{
	if (msr == ZXH_X2APIC(APIC_ICR))
		return zxh_apic_write_icr(v, data, packet);
	if (data > U32_MAX)
		return ZXH_ERR_INVALID_ARGS;

	switch (msr) {
	case ZXH_X2APIC(APIC_EOI):
	case ZXH_X2APIC(APIC_ESR):
		return data ? ZXH_MSR_FAULT : 0;
	case ZXH_X2APIC(APIC_TASKPRI):
	case ZXH_X2APIC(APIC_SPIV):
	case ZXH_X2APIC(APIC_LVTCMCI):
	case ZXH_X2APIC(APIC_LVTTHMR):
	case ZXH_X2APIC(APIC_LVTPC):
	case ZXH_X2APIC(APIC_LVT0):
	case ZXH_X2APIC(APIC_LVT1):
	case ZXH_X2APIC(APIC_LVTERR):
		return 0;
	case ZXH_X2APIC(APIC_LVTT):
		return zxh_apic_write_lvt_timer(v, data);
	case ZXH_X2APIC(APIC_TMICT):
		v->apic.initial_count = data;
		zxh_apic_start_count(v);
		return 0;
	case ZXH_X2APIC(APIC_TDCR):
		v->apic.divide = data;
		zxh_apic_start_count(v);
		return 0;
	case ZXH_X2APIC_SELF_IPI:
		zxh_vcpu_pend(v, data & APIC_VECTOR_MASK);
		return 0;
	default:
		return ZXH_MSR_FAULT;
	}
}
