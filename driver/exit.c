// SPDX-License-Identifier: GPL-2.0-only
/*
 * What becomes of an exit (zircon-reference 4.4), and which interrupt goes in
 * before the next run (4.5).
 */
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "insn.h"
#include "msr.h"
#include "vcpu.h"

/* A page that stays away although it was faulted in that often is not to be had. */
#define ZXH_MAX_RETRIES		1000

#define ZXH_EXCEPTIONS		21	/* vectors 0 to 20 */
/* #DF #TS #NP #SS #GP #PF #AC push an error code. */
#define ZXH_ERROR_CODES		(BIT(8) | GENMASK(14, 10) | BIT(17))

static int zxh_exit_io(struct zxh_vcpu *v, const struct zxh_exit *exit,
		       struct zx_hyp_packet *packet)
{
	struct zxh_trap trap;

	if (!zxh_trap_find(&v->guest->io_traps, exit->io.port, &trap)) {
		zxh_kvm_abandon(v->kvm);
		return ZXH_ERR_NOT_FOUND;
	}
	if (exit->io.input)
		zxh_kvm_in_begin(v->kvm);
	memset(packet, 0, sizeof(*packet));
	packet->key = trap.key;
	packet->type = ZX_HYP_PACKET_GUEST_IO;
	packet->guest_io.port = exit->io.port;
	packet->guest_io.access_size = exit->io.size;
	packet->guest_io.input = exit->io.input;
	memcpy(packet->guest_io.data, &exit->io.data, sizeof(packet->guest_io.data));
	return 0;
}

/* Why the access failed; or the page answers now, and the guest tries again. */
static int zxh_exit_fault(struct zxh_vcpu *v, u64 gpa, bool write)
{
	int r = zxh_guest_resolve_fault(v->guest, gpa, write);
	struct zxh_trap trap;

	/* A trap that is being set: its memslot goes next. */
	if (r == ZXH_ERR_NOT_FOUND && zxh_trap_find(&v->guest->mem_traps, gpa, &trap))
		r = 0;
	if (r)
		return r;
	if (++v->retries > ZXH_MAX_RETRIES) {
		v->retries = 0;
		return ZXH_ERR_NO_MEMORY;
	}
	return ZXH_RUN_ON;
}

/* KVM could not make the access: a memslot's page is not there, or no memslot is. */
static int zxh_exit_no_page(struct zxh_vcpu *v, const struct zxh_exit *exit)
{
	struct zxh_trap trap;

	if (!exit->fault.known)
		return ZXH_ERR_NOT_FOUND;
	/*
	 * No instruction of the guest makes this access: a VMM could not do it either.
	 * With a mark on the page, KVM on AMD (7.2) would try again for ever.
	 */
	if (exit->fault.uncovered &&
	    zxh_trap_find(&v->guest->mem_traps, exit->fault.gpa, &trap))
		return zxh_gspace_wipe(v->guest->as) == -EINTR ? -EINTR : ZXH_ERR_NOT_SUPPORTED;
	/*
	 * From now on KVM tells of accesses there instead of emulating them; if
	 * there is no memory for that, the next is undone as this one was.
	 */
	if (exit->fault.uncovered &&
	    zxh_gspace_cover_fault(v->guest->as, exit->fault.gpa) == -EINTR)
		return -EINTR;
	return zxh_exit_fault(v, exit->fault.gpa, exit->fault.write);
}

/* 0 bytes when the access is that of the instruction's fetch. */
static int zxh_exit_insn_length(struct zxh_vcpu *v, const struct zxh_exit *exit,
				unsigned int *len)
{
	u8 bytes[ZXH_MAX_INSN];
	unsigned int n;
	int r;

	*len = exit->mem.len;
	if (*len)
		return 0;
	r = zxh_insn_fetch(v->guest, &exit->mem.mode, exit->mem.rip, bytes, &n);
	if (r == -EINTR || (r && !exit->mem.unemulated))
		return r;
	*len = zxh_insn_length(bytes, n, &exit->mem.mode);
	if (*len || (exit->mem.unemulated && n < ZXH_MAX_INSN))
		return 0;
	return ZXH_ERR_INTERNAL;
}

/* A bell can be rung, and nothing else. What KVM emulated has rung already. */
static int zxh_exit_bell(struct zxh_vcpu *v, const struct zxh_exit *exit, unsigned int len)
{
	if (!exit->mem.unemulated || !exit->mem.write || !len)
		return ZXH_ERR_NOT_SUPPORTED;
	v->bell = zxh_trap_get_bell(v->guest, exit->mem.gpa);
	v->bell_gpa = exit->mem.gpa;
	return ZXH_RUN_ON;
}

static int zxh_exit_mem(struct zxh_vcpu *v, const struct zxh_exit *exit,
			struct zx_hyp_packet *packet)
{
	struct zxh_trap trap;
	unsigned int len;
	int r;

	if (!zxh_trap_find(&v->guest->mem_traps, exit->mem.gpa, &trap))
		return zxh_exit_fault(v, exit->mem.gpa, exit->mem.write);
	v->retries = 0;
	r = zxh_exit_insn_length(v, exit, &len);
	if (r)
		return r;
	zxh_kvm_mem_done(v->kvm, exit->mem.rip + len);
	if (trap.kind == ZX_HYP_TRAP_BELL)
		return zxh_exit_bell(v, exit, len);
	memset(packet, 0, sizeof(*packet));
	packet->key = trap.key;
	packet->type = ZX_HYP_PACKET_GUEST_MEM;
	packet->guest_mem.addr = exit->mem.gpa;
	packet->guest_mem.cr3 = exit->mem.mode.cr3;
	packet->guest_mem.rip = exit->mem.rip;
	packet->guest_mem.instruction_size = len;
	packet->guest_mem.default_operand_size = zxh_insn_operand_size(&exit->mem.mode);
	return 0;
}

static int zxh_exit_msr(struct zxh_vcpu *v, const struct zxh_exit *exit,
			struct zx_hyp_packet *packet)
{
	u64 data = exit->msr.data;
	int r;

	if (exit->kind == ZXH_EXIT_RDMSR)
		r = zxh_msr_read(v, exit->msr.index, &data);
	else
		r = zxh_msr_write(v, exit->msr.index, data, packet);
	if (r > 0 || r == -EINTR) {
		zxh_kvm_abandon(v->kvm);
		return r;
	}
	zxh_kvm_msr_done(v->kvm, r == ZXH_MSR_FAULT, data);
	return r == ZXH_MSR_PACKET ? 0 : ZXH_RUN_ON;
}

/**
 * zxh_exit_handle() - deal with an exit
 * @v: the vCPU, in its own thread
 * @exit: from zxh_kvm_run()
 * @packet: filled in when the VMM is to have one
 *
 * Return: 0 for a packet, ZXH_RUN_ON, a status that enter returns, or -EINTR.
 */
int zxh_exit_handle(struct zxh_vcpu *v, struct zxh_exit *exit, struct zx_hyp_packet *packet)
{
	if (exit->kind != ZXH_EXIT_FAULT && exit->kind != ZXH_EXIT_MEM)
		v->retries = 0;
	if (exit->requeue)
		set_bit(exit->requeue, v->pending);
	switch (exit->kind) {
	case ZXH_EXIT_NONE:
		return ZXH_RUN_ON;
	case ZXH_EXIT_SIGNAL:
		return -EINTR;
	case ZXH_EXIT_IO:
		return zxh_exit_io(v, exit, packet);
	case ZXH_EXIT_MEM:
		return zxh_exit_mem(v, exit, packet);
	case ZXH_EXIT_BELL:
		v->bell = zxh_trap_get_bell(v->guest, exit->bell.gpa);
		v->bell_gpa = exit->bell.gpa;
		return ZXH_RUN_ON;
	case ZXH_EXIT_FAULT:
		return zxh_exit_no_page(v, exit);
	case ZXH_EXIT_RDMSR:
	case ZXH_EXIT_WRMSR:
		return zxh_exit_msr(v, exit, packet);
	case ZXH_EXIT_HLT:
		v->halted = true;
		return ZXH_RUN_ON;
	case ZXH_EXIT_BAD_ENTRY:
		return ZXH_ERR_BAD_STATE;
	case ZXH_EXIT_NO_MEMORY:
		return ZXH_ERR_NO_MEMORY;
	case ZXH_EXIT_IO_STRING:
	case ZXH_EXIT_UNKNOWN:
		break;
	}
	return ZXH_ERR_NOT_SUPPORTED;
}

/* Whatever goes in, the exceptions that were pending beside it are dropped. */
static void zxh_irq_drop_exceptions(struct zxh_vcpu *v)
{
	unsigned int i;

	if (find_first_bit(v->pending, ZXH_EXCEPTIONS) >= ZXH_EXCEPTIONS)
		return;
	for (i = 0; i < ZXH_EXCEPTIONS; i++)
		if (i != ZXH_VECTOR_NMI)
			clear_bit(i, v->pending);
}

static int zxh_irq_deliver_exception(struct zxh_vcpu *v, unsigned int vector)
{
	int r;

	clear_bit(vector, v->pending);
	if (vector >= ZXH_EXCEPTIONS)
		return ZXH_ERR_NOT_SUPPORTED;
	r = zxh_kvm_exception_inject(v->kvm, vector, ZXH_ERROR_CODES & BIT(vector));
	if (r == -EINTR || r == -EBUSY)
		set_bit(vector, v->pending);
	return r == -EBUSY ? ZXH_RUN_ON : r;
}

/* Return: 0 when something went in, ZXH_RUN_ON when the guest cannot take it. */
static int zxh_irq_deliver_one(struct zxh_vcpu *v, unsigned int vector)
{
	if (test_and_clear_bit(ZXH_VECTOR_NMI, v->pending)) {
		zxh_kvm_nmi_inject(v->kvm);
		return 0;
	}
	if (vector < ZXH_VECTOR_EXTERNAL)
		return zxh_irq_deliver_exception(v, vector);
	if (!zxh_kvm_irq_ready(v->kvm))
		return ZXH_RUN_ON;
	clear_bit(vector, v->pending);
	zxh_apic_delivered(v);
	zxh_kvm_irq_inject(v->kvm, vector);
	return 0;
}

/**
 * zxh_irq_deliver() - choose one pending vector, and inject it
 * @v: the vCPU, in its own thread, about to run
 *
 * The NMI first, then the highest. What the guest cannot take yet stays, and
 * the guest exits when it can.
 *
 * Return: 0, a status that enter returns, or -EINTR.
 */
int zxh_irq_deliver(struct zxh_vcpu *v)
{
	unsigned int vector;
	int r;

	/* Asked for anew below; a vector that pends from here on asks itself. */
	zxh_kvm_irq_window(v->kvm, false);
	/* Not asking comes before looking; pairs with zxh_vcpu_pend(). */
	smp_mb();
	vector = find_last_bit(v->pending, ZXH_VECTORS);
	if (likely(vector >= ZXH_VECTORS))
		return 0;
	r = zxh_irq_deliver_one(v, vector);
	if (!r)
		zxh_irq_drop_exceptions(v);
	else if (r != ZXH_RUN_ON)
		return r;
	if (!bitmap_empty(v->pending, ZXH_VECTORS))
		zxh_kvm_irq_window(v->kvm, true);
	return 0;
}
