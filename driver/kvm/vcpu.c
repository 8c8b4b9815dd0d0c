// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vCPU: creation, the state that it starts with, and what may be set from
 * outside. Running it is in run.c.
 */
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <asm/debugreg.h>
#include <asm/processor-flags.h>

#include "priv.h"

#define ZXH_DR7_FIXED	0x400	/* a bit of DR7 that is always set */

/**
 * zxh_kvm_step() - let KVM finish what is pending and take over changed state
 * @v: the vCPU, in its own thread
 * @valid: KVM_SYNC_X86_*: what to refresh in run->s.regs
 *
 * Enters KVM_RUN but not the guest.
 *
 * Return: 0 or a negative errno.
 */
int zxh_kvm_step(struct zxh_kvm_vcpu *v, u64 valid)
{
	long r;

	v->run->zxh_immediate_exit = 1;
	v->run->kvm_valid_regs = valid;
	r = zxh_kvm_ioctl(v->file, KVM_RUN, 0);
	v->run->zxh_immediate_exit = 0;
	return r == -EINTR || r >= 0 ? 0 : r;
}

static int zxh_kvm_set_cpuid(struct zxh_kvm_vcpu *v)
{
	struct kvm_cpuid2 *host = v->vm->cpuid;
	size_t size = struct_size(host, entries, host->nent);
	struct kvm_cpuid2 *mine;
	u32 i;
	int r;

	mine = kmemdup(host, size, GFP_KERNEL);
	if (!mine)
		return -ENOMEM;
	for (i = 0; i < mine->nent; i++) {
		struct kvm_cpuid_entry2 *e = &mine->entries[i];
		u32 regs[4] = { e->eax, e->ebx, e->ecx, e->edx };

		zxh_kvm_ops->cpuid(e->function, e->index, v->id, regs);
		e->eax = regs[0];
		e->ebx = regs[1];
		e->ecx = regs[2];
		e->edx = regs[3];
	}
	r = zxh_kvm_uioctl(v->vm, v->file, KVM_SET_CPUID2, mine, size, 0);
	kfree(mine);
	return r;
}

static int zxh_kvm_set_xcr0(struct zxh_kvm_vcpu *v)
{
	struct kvm_xcrs xcrs = {
		.nr_xcrs = 1,
		.xcrs[0].value = XFEATURE_MASK_FPSSE,
	};

	if (!boot_cpu_has(X86_FEATURE_OSXSAVE))
		return 0;
	if (boot_cpu_has(X86_FEATURE_AVX))
		xcrs.xcrs[0].value |= XFEATURE_MASK_YMM;
	return zxh_kvm_uioctl(v->vm, v->file, KVM_SET_XCRS, &xcrs, sizeof(xcrs), 0);
}

static int zxh_kvm_forget_msrs(struct zxh_kvm_vcpu *v)
{
	static const struct {
		u32 index;
		u64 data;
	} initial[] = {
		{ MSR_IA32_SYSENTER_CS, 0 }, { MSR_IA32_SYSENTER_ESP, 0 },
		{ MSR_IA32_SYSENTER_EIP, 0 }, { MSR_STAR, 0 }, { MSR_LSTAR, 0 },
		{ MSR_CSTAR, 0 }, { MSR_SYSCALL_MASK, 0 }, { MSR_KERNEL_GS_BASE, 0 },
		{ MSR_KVM_SYSTEM_TIME, 0 }, { MSR_KVM_SYSTEM_TIME_NEW, 0 },
		{ MSR_IA32_CR_PAT, 0x0007040600070406ULL },
		/* The last, left out where the CPU has none. */
		{ MSR_TSC_AUX, 0 },
	};
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entries[ARRAY_SIZE(initial)];
	} msrs = { };
	unsigned int i, n = ARRAY_SIZE(initial);
	long r;

	if (!boot_cpu_has(X86_FEATURE_RDTSCP))
		n--;
	for (i = 0; i < n; i++) {
		msrs.entries[i].index = initial[i].index;
		msrs.entries[i].data = initial[i].data;
	}
	msrs.head.nmsrs = n;
	r = zxh_kvm_uioctl(v->vm, v->file, KVM_SET_MSRS, &msrs, sizeof(msrs), 0);
	return r == n ? 0 : r < 0 ? r : -EINVAL;
}

static int zxh_kvm_forget_fpu(struct zxh_kvm_vcpu *v)
{
	struct kvm_xsave *xsave;
	int r;

	/*
	 * The header names x87 and SSE, without which KVM ignores FCW and MXCSR;
	 * every other part of the state is as after a reset.
	 */
	xsave = kzalloc(sizeof(*xsave), GFP_KERNEL);
	if (!xsave)
		return -ENOMEM;
	xsave->region[0] = 0x37f;	/* FCW */
	xsave->region[6] = 0x1f80;	/* MXCSR */
	xsave->region[128] = XFEATURE_MASK_FPSSE;
	r = zxh_kvm_uioctl(v->vm, v->file, KVM_SET_XSAVE, xsave, sizeof(*xsave), 0);
	kfree(xsave);
	return r;
}

/*
 * A vCPU id that was in use before: what its last owner left in the registers
 * that zxh_kvm_reset() does not set anyway.
 */
static int zxh_kvm_forget(struct zxh_kvm_vcpu *v)
{
	struct kvm_debugregs debug = { .dr6 = DR6_RESERVED, .dr7 = ZXH_DR7_FIXED };
	int r;

	r = zxh_kvm_uioctl(v->vm, v->file, KVM_SET_DEBUGREGS, &debug, sizeof(debug), 0);
	if (!r)
		r = zxh_kvm_forget_msrs(v);
	if (!r)
		r = zxh_kvm_forget_fpu(v);
	return r;
}

static void zxh_kvm_boot_segments(struct kvm_sregs *s, const struct zxh_boot *boot)
{
	const struct kvm_segment data = { .limit = 0xffff, .type = 3, .present = 1, .s = 1 };
	const struct kvm_segment code = { .limit = 0xffff, .type = 11, .present = 1, .s = 1 };

	s->cs = code;
	s->ds = data;
	s->es = data;
	s->fs = data;
	s->gs = data;
	s->ss = data;
	s->ldt = (struct kvm_segment){ .limit = 0xffff, .type = 2, .present = 1 };
	s->tr = (struct kvm_segment){ .limit = 0xffff, .type = 11, .present = 1 };
	s->gdt = (struct kvm_dtable){ .limit = 0xffff };
	s->idt = (struct kvm_dtable){ .limit = 0xffff };
	if (boot->long_mode) {
		s->cs.l = 1;
	} else {
		s->cs.base = boot->entry;
		s->cs.selector = boot->entry >> 4;
	}
}

static void zxh_kvm_boot_control(struct kvm_sregs *s, const struct zxh_boot *boot)
{
	s->cr0 = X86_CR0_ET | X86_CR0_WP;
	s->cr2 = 0;
	s->cr3 = 0;
	s->cr4 = X86_CR4_OSFXSR;
	s->cr8 = 0;
	s->efer = EFER_SCE | EFER_NX;
	if (boot_cpu_has(X86_FEATURE_FSGSBASE))
		s->cr4 |= X86_CR4_FSGSBASE;
	if (boot_cpu_has(X86_FEATURE_OSXSAVE))
		s->cr4 |= X86_CR4_OSXSAVE;
	if (boot->long_mode) {
		s->cr0 |= X86_CR0_PE | X86_CR0_PG;
		s->cr4 |= X86_CR4_PAE | X86_CR4_PGE;
		s->efer |= EFER_LME | EFER_LMA;
	}
	s->apic_base = boot->apic_base;
	memset(s->interrupt_bitmap, 0, sizeof(s->interrupt_bitmap));
}

/**
 * zxh_kvm_reset() - give a vCPU the state that Zircon starts it with
 * @v: the vCPU, in its own thread
 * @boot: where it starts
 * @reused: it has run before
 *
 * Return: 0 or a negative errno.
 */
int zxh_kvm_reset(struct zxh_kvm_vcpu *v, const struct zxh_boot *boot, bool reused)
{
	struct kvm_sync_regs *s = &v->run->s.regs;
	int r;

	mutex_lock(&v->kv->mutex);
	v->kv->mmio_needed = 0;
	v->kv->arch.complete_userspace_io = NULL;
	v->kv->arch.pio.count = 0;
	mutex_unlock(&v->kv->mutex);
	v->in_size = 0;
	v->run->request_interrupt_window = 0;
	v->run->cr8 = 0;
	v->run->kvm_dirty_regs = 0;
	r = zxh_kvm_step(v, KVM_SYNC_X86_VALID_FIELDS);
	if (!r)
		r = zxh_kvm_set_xcr0(v);
	if (!r && reused)
		r = zxh_kvm_forget(v);
	if (r)
		return r;

	zxh_kvm_boot_segments(&s->sregs, boot);
	zxh_kvm_boot_control(&s->sregs, boot);
	s->regs = (struct kvm_regs){
		.rip = boot->long_mode ? boot->entry : 0,
		.rflags = X86_EFLAGS_FIXED,
	};
	v->run->kvm_dirty_regs = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;
	if (reused) {
		memset(&s->events, 0, sizeof(s->events));
		s->events.flags = KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW;
		v->run->kvm_dirty_regs |= KVM_SYNC_X86_EVENTS;
	}
	/* Now, so that a state that KVM refuses is an error here. */
	return zxh_kvm_step(v, KVM_SYNC_X86_REGS);
}

static int zxh_kvm_vcpu_new(struct zxh_kvm_vm *vm, u32 id, struct zxh_kvm_vcpu **out)
{
	struct zxh_kvm_vcpu *v;
	int r;

	v = kzalloc(sizeof(*v), GFP_KERNEL_ACCOUNT);
	if (!v)
		return -ENOMEM;
	v->vm = vm;
	v->id = id;
	v->file = zxh_kvm_ioctl_file(vm->file, KVM_CREATE_VCPU, id);
	r = PTR_ERR_OR_ZERO(v->file);
	/* Somebody has its file: a VM that others can run is not ours. */
	if (r == -EBUSY)
		zxh_kvm_vm_kill(vm);
	if (r)
		goto free_vcpu;
	v->kv = v->file->private_data;
	v->run = v->kv->run;
	r = -EINVAL;
	if (v->kv->kvm != vm->kvm || v->kv->vcpu_id != id)
		goto put_file;
	v->task = get_task_struct(current);
	/* From here on it stays: KVM gives no id out twice. */
	WRITE_ONCE(vm->vcpus[id], v);
	*out = v;
	return 0;

put_file:
	fput(v->file);
free_vcpu:
	kfree(v);
	return r;
}

/* A vCPU that nobody uses gets another thread. */
static void zxh_kvm_set_task(struct zxh_kvm_vcpu *v)
{
	struct task_struct *old;

	mutex_lock(&v->vm->task_lock);
	old = v->task;
	v->task = get_task_struct(current);
	mutex_unlock(&v->vm->task_lock);
	put_task_struct(old);
}

/**
 * zxh_kvm_vcpu_create() - make a vCPU that the calling thread will run
 * @vm: the VM, of the caller's mm; the caller holds the guest's lock
 * @id: its APIC id; no vCPU that is in use has it
 * @boot: where it starts
 * @out: receives it. It stays for as long as @vm
 *
 * Return: 0, a status or -EINTR.
 */
int zxh_kvm_vcpu_create(struct zxh_kvm_vm *vm, u32 id, const struct zxh_boot *boot,
			struct zxh_kvm_vcpu **out)
{
	struct zxh_kvm_vcpu *v = vm->vcpus[id];
	bool reused = v && v->configured;
	int r = 0;

	if (!v)
		r = zxh_kvm_vcpu_new(vm, id, &v);
	else
		zxh_kvm_set_task(v);
	if (!r && !reused)
		r = zxh_kvm_set_cpuid(v);
	if (r)
		return zxh_status(r);
	v->configured = true;
	r = zxh_kvm_reset(v, boot, reused);
	if (r)
		return zxh_status(r);
	*out = v;
	return 0;
}

/**
 * zxh_kvm_get_state() - the registers as the API shows them, flags unmasked
 * @v: the vCPU, in its own thread, outside KVM_RUN
 * @state: receives them
 */
void zxh_kvm_get_state(struct zxh_kvm_vcpu *v, struct zx_hyp_vcpu_state *state)
{
	const struct kvm_regs *r = &v->run->s.regs.regs;

	*state = (struct zx_hyp_vcpu_state){
		.rax = r->rax, .rcx = r->rcx, .rdx = r->rdx, .rbx = r->rbx,
		.rsp = r->rsp, .rbp = r->rbp, .rsi = r->rsi, .rdi = r->rdi,
		.r8 = r->r8, .r9 = r->r9, .r10 = r->r10, .r11 = r->r11,
		.r12 = r->r12, .r13 = r->r13, .r14 = r->r14, .r15 = r->r15,
		.rflags = r->rflags,
	};
}

/**
 * zxh_kvm_set_state() - replace the registers, all flags included
 * @v: the vCPU, in its own thread, outside KVM_RUN
 * @state: the new ones
 */
void zxh_kvm_set_state(struct zxh_kvm_vcpu *v, const struct zx_hyp_vcpu_state *state)
{
	struct kvm_regs *r = &v->run->s.regs.regs;

	*r = (struct kvm_regs){
		.rax = state->rax, .rbx = state->rbx, .rcx = state->rcx, .rdx = state->rdx,
		.rsi = state->rsi, .rdi = state->rdi, .rsp = state->rsp, .rbp = state->rbp,
		.r8 = state->r8, .r9 = state->r9, .r10 = state->r10, .r11 = state->r11,
		.r12 = state->r12, .r13 = state->r13, .r14 = state->r14, .r15 = state->r15,
		.rip = r->rip, .rflags = state->rflags,
	};
	v->run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
}

/**
 * zxh_kvm_set_rax() - replace the low bytes of RAX: the answer to an IN
 * @v: the vCPU, in its own thread, outside KVM_RUN
 * @bytes: the new ones
 * @size: how many, up to 8
 */
void zxh_kvm_set_rax(struct zxh_kvm_vcpu *v, const void *bytes, unsigned int size)
{
	memcpy(&v->run->s.regs.regs.rax, bytes, size);
	/* An IN that is still to be completed takes its bytes from there. */
	if (size > v->in_size)
		v->run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
}

/* The fields below are read by other threads, and KVM reads them anew. */

/**
 * zxh_kvm_nudge_irq() - have a running vCPU exit once it can take an interrupt
 * @v: any vCPU, from any thread
 */
void zxh_kvm_nudge_irq(struct zxh_kvm_vcpu *v)
{
	WRITE_ONCE(v->run->request_interrupt_window, 1);
	/* KVM consumes EVENT on its way into the guest, but not this one. */
	kvm_make_request(KVM_REQ_EVENT, v->kv);
	kvm_make_request(KVM_REQ_UNBLOCK, v->kv);
	kick_process(v->task);
}

/**
 * zxh_kvm_nudge_exit() - have a running vCPU exit before its next instruction
 * @v: any vCPU, from any thread
 *
 * A vCPU that is not running exits at once from its next run. The request is
 * one that only an in-kernel APIC would make.
 */
void zxh_kvm_nudge_exit(struct zxh_kvm_vcpu *v)
{
	kvm_make_request(KVM_REQ_REPORT_TPR_ACCESS, v->kv);
	kick_process(v->task);
}

/**
 * zxh_kvm_guest_tsc() - what RDTSC in the guest returns now
 * @v: any vCPU
 */
u64 zxh_kvm_guest_tsc(struct zxh_kvm_vcpu *v)
{
	return rdtsc_ordered() + READ_ONCE(v->kv->arch.l1_tsc_offset);
}
