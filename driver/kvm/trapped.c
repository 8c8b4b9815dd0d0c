// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accesses to a trap that do not reach the bus: of instructions that KVM's
 * emulator does not know, or makes past the bus; fetches; walks of page tables.
 *
 * KVM tells of the address before it looks at the instruction: by a tracepoint,
 * or, on Intel from the second access to a page on, by the FAST bus. What it may
 * do then is to exit, as it should; to give up; to have the guest try again, for
 * ever; or to inject an exception that the CPU would not raise. So after an access
 * to a MEM trap the vCPU leaves in any case, and unless KVM exited as it should,
 * what it did is undone: the guest stands before the instruction, and the address
 * is known. Writes to a bell mostly end on the bus, and must not leave for it:
 * there the second access does, with no other news since the first.
 */
#include "priv.h"

#define ZXH_KVM_TRIES	2

/**
 * zxh_kvm_trapped_note() - KVM is about to emulate an access to a trap
 * @v: the vCPU, in its own thread, in KVM_RUN
 * @hit: the kind of trap
 * @gpa: the address
 * @write: whether it writes, as far as is known
 */
void zxh_kvm_trapped_note(struct zxh_kvm_vcpu *v, enum zxh_hit hit, u64 gpa, bool write)
{
	v->fault_noted = true;
	v->fault_gpa = gpa;
	v->fault_write = write;
	v->kv->run->kvm_valid_regs |= KVM_SYNC_X86_SREGS;
	if (!v->trapped)
		zxh_kvm_undo_keep(v);
	v->trapped = hit == ZXH_HIT_MEM || v->trapped ? ZXH_KVM_TRIES : 1;
	if (v->trapped == ZXH_KVM_TRIES)
		kvm_make_request(KVM_REQ_REPORT_TPR_ACCESS, v->kv);
}

/**
 * zxh_kvm_trapped_rung() - the access was a write that rang a bell
 * @v: the vCPU, in its own thread, in KVM_RUN
 */
void zxh_kvm_trapped_rung(struct zxh_kvm_vcpu *v)
{
	v->rung = true;
	v->trapped = 0;
	v->fault_noted = false;
	v->kv->run->kvm_valid_regs = KVM_SYNC_X86_REGS;
}

/* Whether @exit is what became of the access, and not what should. */
static bool zxh_kvm_trapped_is(struct zxh_kvm_vcpu *v, const struct zxh_exit *exit)
{
	switch (exit->kind) {
	case ZXH_EXIT_NONE:
	case ZXH_EXIT_SIGNAL:
		/* The guest has not run since. */
		return v->trapped == ZXH_KVM_TRIES;
	case ZXH_EXIT_UNKNOWN:
		return v->run->exit_reason == KVM_EXIT_INTERNAL_ERROR &&
		       v->run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION;
	default:
		return false;
	}
}

/**
 * zxh_kvm_trapped_exit() - find what KVM made of the last access to a trap
 * @v: the vCPU, in its own thread, after a run with v->trapped
 * @exit: what it seemed to be; receives what it is
 */
void zxh_kvm_trapped_exit(struct zxh_kvm_vcpu *v, struct zxh_exit *exit)
{
	if (v->trapped == ZXH_KVM_TRIES) {
		kvm_clear_request(KVM_REQ_REPORT_TPR_ACCESS, v->kv);
		/* Others' reasons to have it leave are looked for after this. */
		smp_mb__after_atomic();
	}
	if (!zxh_kvm_trapped_is(v, exit))
		return;
	zxh_kvm_undo(v);
	zxh_kvm_abandon(v);
	zxh_kvm_fill_mem(v, exit, v->fault_gpa, v->fault_write);
	exit->mem.unemulated = true;
}
