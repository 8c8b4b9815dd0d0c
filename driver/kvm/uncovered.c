// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accesses where no memslot is, and no trap that could be told of them.
 *
 * KVM takes all of them for accesses to a device and emulates the instruction
 * at RIP. For plain data that is right, and ends in ZXH_EXIT_MEM. But a walk of
 * page tables, a fetch, the delivery of an event, a load of a descriptor or an
 * instruction that KVM does not know cannot be emulated: KVM then injects an
 * exception that the CPU would not raise, or gives up. So what KVM is about to
 * overwrite is noted when the fault comes in, the vCPU is made to leave before
 * the guest runs again, and then everything is put back: the guest stands
 * before the access. With a memslot there, KVM fails cleanly (ZXH_EXIT_FAULT).
 * The same goes for the delivery of an event that hits a trap.
 *
 * When an interrupt was being delivered, the instruction at RIP has nothing to
 * do with the access, and may well be executed. Then the interrupt came after
 * it: it is pending again, and whether the guest can take it is seen anew. An
 * NMI stays injected: nothing that the guest executes holds it off.
 */
#include "priv.h"

static bool zxh_kvm_delivers(const struct kvm_vcpu *kv)
{
	return kv->arch.exception.injected || kv->arch.interrupt.injected ||
	       kv->arch.nmi_injected;
}

/* Keep what KVM may overwrite as it handles a fault. */
void zxh_kvm_undo_keep(struct zxh_kvm_vcpu *v)
{
	v->kept_exception = v->kv->arch.exception;
	v->kept_cr2 = v->kv->arch.cr2;
}

/**
 * zxh_kvm_uncovered_note() - KVM is about to handle a fault: is there a memslot?
 * @v: the vCPU, in its own thread, in KVM_RUN
 * @gpa: the address
 *
 * Return: the trap that an instruction hits, if that is what happens.
 */
enum zxh_hit zxh_kvm_uncovered_note(struct zxh_kvm_vcpu *v, u64 gpa)
{
	struct kvm_vcpu *kv = v->kv;
	enum zxh_hit hit;

	/* While it handles an exit, KVM keeps its memslots from changing. */
	if (likely(__gfn_to_memslot(kvm_memslots(kv->kvm), gpa >> PAGE_SHIFT)))
		return ZXH_HIT_NONE;
	hit = zxh_kvm_ops->traps(gpa);
	if (hit && !zxh_kvm_delivers(kv))
		return hit;
	if (!v->uncovered)
		zxh_kvm_undo_keep(v);
	v->uncovered = true;
	zxh_kvm_nudge_exit(v);
	return ZXH_HIT_NONE;
}

/* Return: the vector of the interrupt that waits again, or 0. */
u8 zxh_kvm_undo(struct zxh_kvm_vcpu *v)
{
	struct kvm_vcpu *kv = v->kv;
	u8 vector = 0;

	mutex_lock(&kv->mutex);
	kv->arch.exception = v->kept_exception;
	kv->arch.cr2 = v->kept_cr2;
	kvm_clear_request(KVM_REQ_TRIPLE_FAULT, kv);
	if (kv->arch.interrupt.injected && !kv->arch.interrupt.soft) {
		vector = kv->arch.interrupt.nr;
		kv->arch.interrupt.injected = false;
	}
	mutex_unlock(&kv->mutex);
	return vector;
}

/* Whether @exit is what KVM made of the access itself. */
static bool zxh_kvm_uncovered_is(struct zxh_kvm_vcpu *v, const struct zxh_exit *exit)
{
	switch (exit->kind) {
	case ZXH_EXIT_NONE:
	case ZXH_EXIT_SIGNAL:
	case ZXH_EXIT_UNKNOWN:
		return true;
	case ZXH_EXIT_MEM:
		return exit->mem.gpa >> PAGE_SHIFT == v->fault_gpa >> PAGE_SHIFT;
	default:
		return false;
	}
}

/**
 * zxh_kvm_uncovered_exit() - undo what KVM made of such an access
 * @v: the vCPU, in its own thread, after a run with v->uncovered
 * @exit: what it seemed to be; receives what it is
 */
void zxh_kvm_uncovered_exit(struct zxh_kvm_vcpu *v, struct zxh_exit *exit)
{
	exit->requeue = zxh_kvm_undo(v);
	if (zxh_kvm_uncovered_is(v, exit)) {
		exit->kind = ZXH_EXIT_FAULT;
		exit->fault.known = true;
		exit->fault.uncovered = true;
		exit->fault.gpa = v->fault_gpa;
		exit->fault.write = v->fault_write;
		zxh_kvm_abandon(v);
	} else if (exit->kind == ZXH_EXIT_HLT && v->kv->arch.nmi_injected) {
		/* It halted before an NMI that is on its way. */
		exit->kind = ZXH_EXIT_NONE;
	}
}
