// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_RUN, and what its exits mean.
 *
 * run->s.regs.regs is the truth about the registers between two runs: KVM fills
 * it at every exit, and takes it back when kvm_dirty_regs says so. What KVM has
 * pending (the rest of an IN, OUT, RDMSR or WRMSR) it completes at the start of
 * the next run.
 *
 * Fields of kvm_vcpu are touched by the vCPU's thread only, between two runs
 * and under kvm_vcpu.mutex, so that a KVM_RUN by somebody who stole the file
 * would find them whole.
 */
#include "priv.h"

/* Drop what KVM has pending; the guest sees the instruction as not begun. */
static void zxh_kvm_drop_pending(struct zxh_kvm_vcpu *v)
{
	struct kvm_vcpu *kv = v->kv;

	mutex_lock(&kv->mutex);
	kv->mmio_needed = 0;
	kv->arch.complete_userspace_io = NULL;
	kv->arch.pio.count = 0;
	mutex_unlock(&kv->mutex);
	v->in_size = 0;
	/* Also makes KVM forget the emulator's half-done registers. */
	v->run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
}

/*
 * Hand the answer of an IN to KVM. RAX in run->s.regs has it already, and what
 * the VMM wrote besides.
 */
static int zxh_kvm_finish_in(struct zxh_kvm_vcpu *v)
{
	struct kvm_regs *regs = &v->run->s.regs.regs;
	struct kvm_regs saved = *regs;
	u8 size = v->in_size;
	int r;

	v->in_size = 0;
	mutex_lock(&v->kv->mutex);
	memcpy(v->kv->arch.pio_data, &regs->rax, size);
	mutex_unlock(&v->kv->mutex);
	/* KVM clears the upper half for 4 bytes; the VMM may have filled it. */
	if (size < 4 || !(saved.rax >> 32))
		return 0;
	r = zxh_kvm_step(v, KVM_SYNC_X86_REGS);
	saved.rip = regs->rip;
	*regs = saved;
	v->run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
	return r;
}

/* As KVM computes it; needs SREGS: see zxh_kvm_pio_read(). */
static u64 zxh_kvm_linear_rip(struct zxh_kvm_vcpu *v)
{
	const struct kvm_sregs *s = &v->run->s.regs.sregs;
	u64 rip = v->run->s.regs.regs.rip;

	if ((s->efer & EFER_LMA) && s->cs.l)
		return rip;
	return (u32)(s->cs.base + rip);
}

static bool zxh_kvm_is_string(struct zxh_kvm_vcpu *v)
{
	struct kvm_run *run = v->run;
	int (*pending)(struct kvm_vcpu *kv) = v->kv->arch.complete_userspace_io;

	if (run->io.count > 1 || !pending)
		return true;
	if (run->io.direction == KVM_EXIT_IO_OUT)
		return false;
	/* A plain IN also notes where it is; INS leaves what was there before. */
	if (!v->vm->fast_in && zxh_kvm_pio_rip(v->kv) == zxh_kvm_linear_rip(v))
		WRITE_ONCE(v->vm->fast_in, pending);
	return pending != v->vm->fast_in;
}

static void zxh_kvm_exit_io(struct zxh_kvm_vcpu *v, struct zxh_exit *exit)
{
	struct kvm_run *run = v->run;

	if (zxh_kvm_is_string(v)) {
		zxh_kvm_drop_pending(v);
		/* KVM has executed an OUTS already. */
		if (run->io.direction == KVM_EXIT_IO_OUT) {
			run->s.regs.regs.rip = v->note_rip;
			run->s.regs.regs.rsi = v->note_gpr[VCPU_REGS_RSI];
			run->s.regs.regs.rcx = v->note_gpr[VCPU_REGS_RCX];
		}
		exit->kind = ZXH_EXIT_IO_STRING;
		return;
	}
	exit->kind = ZXH_EXIT_IO;
	exit->io.port = run->io.port;
	exit->io.size = run->io.size;
	exit->io.input = run->io.direction == KVM_EXIT_IO_IN;
	exit->io.data = 0;
	if (exit->io.input)
		v->in_size = run->io.size;
	else
		memcpy(&exit->io.data, v->kv->arch.pio_data, min_t(u8, run->io.size, 4));
}

/* The registers as they were when the device on the bus heard of the access. */
static void zxh_kvm_restore_noted(struct zxh_kvm_vcpu *v)
{
	struct kvm_regs *r = &v->run->s.regs.regs;
	const unsigned long *g = v->note_gpr;
	u64 rsp = v->note_rsp_valid ? g[VCPU_REGS_RSP] : r->rsp;

	*r = (struct kvm_regs){
		.rax = g[VCPU_REGS_RAX], .rcx = g[VCPU_REGS_RCX],
		.rdx = g[VCPU_REGS_RDX], .rbx = g[VCPU_REGS_RBX],
		.rsp = rsp, .rbp = g[VCPU_REGS_RBP],
		.rsi = g[VCPU_REGS_RSI], .rdi = g[VCPU_REGS_RDI],
		.r8 = g[VCPU_REGS_R8], .r9 = g[VCPU_REGS_R9],
		.r10 = g[VCPU_REGS_R10], .r11 = g[VCPU_REGS_R11],
		.r12 = g[VCPU_REGS_R12], .r13 = g[VCPU_REGS_R13],
		.r14 = g[VCPU_REGS_R14], .r15 = g[VCPU_REGS_R15],
		.rip = v->note_rip, .rflags = r->rflags,
	};
}

/* With the registers as before the instruction, and SREGS. */
void zxh_kvm_fill_mem(struct zxh_kvm_vcpu *v, struct zxh_exit *exit, u64 gpa, bool write)
{
	const struct kvm_regs *r = &v->run->s.regs.regs;
	const struct kvm_sregs *s = &v->run->s.regs.sregs;

	exit->kind = ZXH_EXIT_MEM;
	exit->mem.gpa = gpa;
	exit->mem.rip = r->rip;
	exit->mem.len = 0;
	exit->mem.write = write;
	exit->mem.unemulated = false;
	exit->mem.mode = (struct zxh_mode){
		.cr0 = s->cr0, .cr3 = s->cr3, .cr4 = s->cr4, .efer = s->efer,
		.rflags = r->rflags, .cs_base = s->cs.base,
		.cs_l = s->cs.l, .cs_db = s->cs.db,
	};
}

/*
 * KVM has executed a write: how far RIP went is the length, but for a call, whose
 * write is to the stack. Return: the length, or 0 when it is not known.
 */
static unsigned int zxh_kvm_write_len(struct zxh_kvm_vcpu *v)
{
	const struct kvm_regs *r = &v->run->s.regs.regs;
	u64 len = r->rip - v->note_rip;

	if (v->note_rsp_valid && r->rsp != v->note_gpr[VCPU_REGS_RSP])
		return 0;
	return len <= ZXH_KVM_MAX_INSN ? len : 0;
}

static void zxh_kvm_exit_mem(struct zxh_kvm_vcpu *v, struct zxh_exit *exit)
{
	struct kvm_run *run = v->run;
	u64 gpa = run->mmio.phys_addr;
	unsigned int len = 0;

	zxh_kvm_drop_pending(v);
	if (v->noted) {
		/* Of several writes KVM tells of the last. */
		gpa = v->note_gpa;
		if (run->mmio.is_write)
			len = zxh_kvm_write_len(v);
		/* A read shows what the instruction did before, too. */
		zxh_kvm_restore_noted(v);
	}
	zxh_kvm_fill_mem(v, exit, gpa, run->mmio.is_write);
	exit->mem.len = len;
}

/* KVM has written the registers back; what else it would do does not matter. */
static void zxh_kvm_exit_bell(struct zxh_kvm_vcpu *v, struct zxh_exit *exit)
{
	exit->kind = ZXH_EXIT_BELL;
	exit->bell.gpa = v->run->mmio.phys_addr;
	zxh_kvm_drop_pending(v);
}

static void zxh_kvm_exit_msr(struct zxh_kvm_vcpu *v, struct zxh_exit *exit, bool write)
{
	exit->kind = write ? ZXH_EXIT_WRMSR : ZXH_EXIT_RDMSR;
	exit->msr.index = v->run->msr.index;
	exit->msr.data = v->run->msr.data;
}

static void zxh_kvm_exit_fault(struct zxh_kvm_vcpu *v, struct zxh_exit *exit)
{
	exit->kind = ZXH_EXIT_FAULT;
	exit->fault.known = v->fault_noted;
	exit->fault.uncovered = false;
	exit->fault.gpa = v->fault_gpa;
	exit->fault.write = v->fault_write;
	/* Emulation may have been under way. */
	zxh_kvm_drop_pending(v);
}

static void zxh_kvm_decode_exit(struct zxh_kvm_vcpu *v, struct zxh_exit *exit)
{
	switch (v->run->exit_reason) {
	case KVM_EXIT_IO:
		return zxh_kvm_exit_io(v, exit);
	case KVM_EXIT_MMIO:
		if (v->bell_later && v->run->mmio.is_write)
			return zxh_kvm_exit_bell(v, exit);
		return zxh_kvm_exit_mem(v, exit);
	case KVM_EXIT_X86_RDMSR:
		return zxh_kvm_exit_msr(v, exit, false);
	case KVM_EXIT_X86_WRMSR:
		return zxh_kvm_exit_msr(v, exit, true);
	case KVM_EXIT_HLT:
		exit->kind = ZXH_EXIT_HLT;
		break;
	case KVM_EXIT_IRQ_WINDOW_OPEN:
	case KVM_EXIT_TPR_ACCESS:
	case KVM_EXIT_SET_TPR:
		exit->kind = ZXH_EXIT_NONE;
		break;
	case KVM_EXIT_INTR:
		exit->kind = ZXH_EXIT_SIGNAL;
		break;
	case KVM_EXIT_FAIL_ENTRY:
		exit->kind = ZXH_EXIT_BAD_ENTRY;
		break;
	default:
		exit->kind = ZXH_EXIT_UNKNOWN;
		break;
	}
}

static bool zxh_kvm_gate_try(struct zxh_kvm_vcpu *v)
{
	WRITE_ONCE(v->in_run, true);
	/* in_run is seen before paused is looked at. */
	smp_mb();
	if (likely(!READ_ONCE(v->vm->paused)))
		return true;
	WRITE_ONCE(v->in_run, false);
	wake_up_all(&v->vm->gate);
	return false;
}

/*
 * Before KVM_RUN; pairs with zxh_kvm_vm_pause().
 * Return: 0; -EINTR when a signal came while the VM was paused; -ESHUTDOWN when
 * it is dead.
 */
static int zxh_kvm_gate_enter(struct zxh_kvm_vcpu *v)
{
	struct zxh_kvm_vm *vm = v->vm;

	while (unlikely(!zxh_kvm_gate_try(v))) {
		if (wait_event_interruptible(vm->gate, !READ_ONCE(vm->paused) ||
					     READ_ONCE(vm->dead)))
			return -EINTR;
		if (READ_ONCE(vm->dead))
			return -ESHUTDOWN;
	}
	return 0;
}

static void zxh_kvm_gate_leave(struct zxh_kvm_vcpu *v)
{
	WRITE_ONCE(v->in_run, false);
	/* Likewise: who pauses sees that we are out, or we see that it waits. */
	smp_mb();
	if (unlikely(READ_ONCE(v->vm->paused)))
		wake_up_all(&v->vm->gate);
}

/**
 * zxh_kvm_run() - run the guest until something happens
 * @v: the vCPU, in its own thread
 * @exit: receives what happened
 *
 * Return: 0.
 */
int zxh_kvm_run(struct zxh_kvm_vcpu *v, struct zxh_exit *exit)
{
	long r;

	exit->kind = ZXH_EXIT_SIGNAL;
	exit->requeue = 0;
	r = zxh_kvm_gate_enter(v);
	if (r) {
		if (r == -ESHUTDOWN)
			exit->kind = ZXH_EXIT_BAD_ENTRY;
		return 0;
	}
	if (v->in_size)
		r = zxh_kvm_finish_in(v);
	v->noted = false;
	v->bell_later = false;
	v->fault_noted = false;
	v->trapped = 0;
	v->rung = false;
	v->uncovered = false;
	v->run->kvm_valid_regs = KVM_SYNC_X86_REGS;
	if (!r)
		r = zxh_kvm_ioctl(v->file, KVM_RUN, 0);
	zxh_kvm_gate_leave(v);

	if (likely(!r))
		zxh_kvm_decode_exit(v, exit);
	else if (r == -EFAULT)
		zxh_kvm_exit_fault(v, exit);
	else if (r != -EINTR)
		exit->kind = r == -ENOMEM ? ZXH_EXIT_NO_MEMORY : ZXH_EXIT_UNKNOWN;
	if (unlikely(v->trapped))
		zxh_kvm_trapped_exit(v, exit);
	if (unlikely(v->uncovered))
		zxh_kvm_uncovered_exit(v, exit);
	return 0;
}

/**
 * zxh_kvm_in_begin() - the IN of ZXH_EXIT_IO is for the VMM
 * @v: the vCPU, in its own thread
 *
 * As the CPU does, 4 bytes clear the upper half of RAX; Zircon clears the lower
 * one, too, until the VMM answers.
 */
void zxh_kvm_in_begin(struct zxh_kvm_vcpu *v)
{
	if (v->in_size == 4)
		v->run->s.regs.regs.rax = 0;
}

/**
 * zxh_kvm_mem_done() - the access of ZXH_EXIT_MEM is taken care of
 * @v: the vCPU, in its own thread
 * @rip: the instruction after it
 */
void zxh_kvm_mem_done(struct zxh_kvm_vcpu *v, u64 rip)
{
	v->run->s.regs.regs.rip = rip;
	v->run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
}

/**
 * zxh_kvm_abandon() - the guest is to execute the instruction again
 * @v: the vCPU, in its own thread, after an exit
 */
void zxh_kvm_abandon(struct zxh_kvm_vcpu *v)
{
	zxh_kvm_drop_pending(v);
}

/**
 * zxh_kvm_msr_done() - answer ZXH_EXIT_RDMSR or ZXH_EXIT_WRMSR
 * @v: the vCPU, in its own thread
 * @fault: the guest gets #GP(0)
 * @data: what RDMSR returns
 */
void zxh_kvm_msr_done(struct zxh_kvm_vcpu *v, bool fault, u64 data)
{
	v->run->msr.error = fault;
	v->run->msr.data = data;
	/* KVM would deliver the fault and lose an interrupt injected beside it. */
	if (fault)
		v->run->ready_for_interrupt_injection = 0;
}

/**
 * zxh_kvm_clock_write() - do a guest's write of one of kvmclock's MSRs
 * @v: the vCPU, in its own thread
 * @msr: which
 * @data: what the guest wrote
 *
 * Return: 0; ZXH_ERR_INVALID_ARGS when KVM refuses it; or another status.
 */
int zxh_kvm_clock_write(struct zxh_kvm_vcpu *v, u32 msr, u64 data)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} msrs = { .head.nmsrs = 1, .entry = { .index = msr, .data = data } };
	long r = zxh_kvm_uioctl(v->vm, v->file, KVM_SET_MSRS, &msrs, sizeof(msrs), 0);

	return r == 1 ? 0 : r < 0 ? zxh_status(r) : ZXH_ERR_INVALID_ARGS;
}

/**
 * zxh_kvm_irq_ready() - whether an interrupt injected now is taken at once
 * @v: the vCPU, in its own thread
 */
bool zxh_kvm_irq_ready(struct zxh_kvm_vcpu *v)
{
	/* With TF, what is pending ends in #DB, which goes first. */
	if ((v->run->s.regs.regs.rflags & X86_EFLAGS_TF) &&
	    v->kv->arch.complete_userspace_io)
		return false;
	return v->run->if_flag && v->run->ready_for_interrupt_injection;
}

/**
 * zxh_kvm_irq_inject() - have the guest take an external interrupt
 * @v: the vCPU, in its own thread; zxh_kvm_irq_ready() said yes
 * @vector: 32 to 255
 */
void zxh_kvm_irq_inject(struct zxh_kvm_vcpu *v, u8 vector)
{
	struct kvm_vcpu *kv = v->kv;

	mutex_lock(&kv->mutex);
	kv->arch.interrupt.injected = true;
	kv->arch.interrupt.soft = false;
	kv->arch.interrupt.nr = vector;
	mutex_unlock(&kv->mutex);
	kvm_make_request(KVM_REQ_EVENT, kv);
	v->run->ready_for_interrupt_injection = 0;
}

/**
 * zxh_kvm_nmi_inject() - have the guest take an NMI as soon as it can
 * @v: the vCPU, in its own thread
 */
void zxh_kvm_nmi_inject(struct zxh_kvm_vcpu *v)
{
	zxh_kvm_ioctl(v->file, KVM_NMI, 0);
}

/* INT3 and INTO: KVM takes these vectors for instructions that were executed. */
static void zxh_kvm_inject_soft(struct zxh_kvm_vcpu *v, u8 vector)
{
	struct kvm_vcpu *kv = v->kv;

	if (boot_cpu_has(X86_FEATURE_SVM)) {
		/* SVM injects any vector as an interrupt, whatever IF is. */
		zxh_kvm_irq_inject(v, vector);
		return;
	}
	/* VMX adds the instruction's length to the RIP that it pushes. */
	mutex_lock(&kv->mutex);
	kv->arch.event_exit_inst_len = 1;
	mutex_unlock(&kv->mutex);
	v->run->s.regs.regs.rip--;
	v->run->s.regs.events.exception.injected = 1;
	v->run->s.regs.events.exception.nr = vector;
	v->run->s.regs.events.exception.has_error_code = 0;
	v->run->kvm_dirty_regs |= KVM_SYNC_X86_REGS | KVM_SYNC_X86_EVENTS;
}

/* With the gate entered: completes what is pending, and looks what is queued. */
static int zxh_kvm_read_events(struct zxh_kvm_vcpu *v)
{
	int r = 0;

	if (v->in_size)
		r = zxh_kvm_finish_in(v);
	if (!r)
		r = zxh_kvm_step(v, KVM_SYNC_X86_REGS | KVM_SYNC_X86_EVENTS);
	return r;
}

/**
 * zxh_kvm_exception_inject() - have the guest take an exception
 * @v: the vCPU, in its own thread
 * @vector: 0 to 31, not 2
 * @has_error: with error code 0
 *
 * Return: 0; -EBUSY when the guest is about to take another event; a status; or
 * -EINTR.
 */
int zxh_kvm_exception_inject(struct zxh_kvm_vcpu *v, u8 vector, bool has_error)
{
	struct kvm_vcpu_events *events = &v->run->s.regs.events;
	int r;

	r = zxh_kvm_gate_enter(v);
	if (r)
		return r == -ESHUTDOWN ? ZXH_ERR_BAD_STATE : r;
	r = zxh_kvm_read_events(v);
	zxh_kvm_gate_leave(v);
	if (r)
		return zxh_status(r);
	if (events->exception.injected || events->interrupt.injected || events->nmi.injected)
		return -EBUSY;
	if (vector == BP_VECTOR || vector == OF_VECTOR) {
		zxh_kvm_inject_soft(v, vector);
	} else {
		events->exception.injected = 1;
		events->exception.nr = vector;
		events->exception.has_error_code = has_error;
		events->exception.error_code = 0;
		v->run->kvm_dirty_regs |= KVM_SYNC_X86_EVENTS;
	}
	v->run->ready_for_interrupt_injection = 0;
	return 0;
}

/**
 * zxh_kvm_irq_window() - ask for an exit once the guest can take an interrupt
 * @v: the vCPU, in its own thread
 * @open: whether to ask, or to stop asking
 */
void zxh_kvm_irq_window(struct zxh_kvm_vcpu *v, bool open)
{
	WRITE_ONCE(v->run->request_interrupt_window, open);
}
