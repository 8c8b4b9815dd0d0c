/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only door to KVM. Nothing outside driver/kvm/ includes a KVM header.
 *
 * KVM is driven through files that only the kernel holds: the VM's and the
 * vCPUs'. Of kvm.ko's symbols only kvm_get_kvm(), kvm_put_kvm() and exported
 * tracepoints are linked. Nothing here knows traps, handles or Zircon.
 */
#ifndef ZXH_KVM_H
#define ZXH_KVM_H

#include <linux/types.h>
#include <linux/zx_hyp.h>

struct zxh_kvm_vm;
struct zxh_kvm_vcpu;

/**
 * struct zxh_kvm_info - what the machine offers
 * @vendor: ZX_HYP_VENDOR_*
 * @gpa_bits: guest-physical address bits
 */
struct zxh_kvm_info {
	u32 vendor;
	u32 gpa_bits;
};

/**
 * enum zxh_exit_kind - why zxh_kvm_run() came back
 * @ZXH_EXIT_NONE: nothing to do but look around and run again
 * @ZXH_EXIT_SIGNAL: a signal is pending for the thread
 * @ZXH_EXIT_IO: IN or OUT; see struct zxh_exit.io
 * @ZXH_EXIT_IO_STRING: INS or OUTS
 * @ZXH_EXIT_MEM: an access that no memslot answered; see struct zxh_exit.mem
 * @ZXH_EXIT_BELL: a write that zxh_kvm_ops.bell() put off; see struct
 *	zxh_exit.bell
 * @ZXH_EXIT_FAULT: an access to a memslot whose host address does not answer;
 *	see struct zxh_exit.fault
 * @ZXH_EXIT_RDMSR: see struct zxh_exit.msr
 * @ZXH_EXIT_WRMSR: see struct zxh_exit.msr
 * @ZXH_EXIT_HLT: the guest halted; RIP is past the HLT
 * @ZXH_EXIT_BAD_ENTRY: the CPU refused the guest's state, or the VM is dead
 * @ZXH_EXIT_NO_MEMORY: KVM had none for what the guest did
 * @ZXH_EXIT_UNKNOWN: anything else: triple fault, what KVM cannot emulate
 */
enum zxh_exit_kind {
	ZXH_EXIT_NONE,
	ZXH_EXIT_SIGNAL,
	ZXH_EXIT_IO,
	ZXH_EXIT_IO_STRING,
	ZXH_EXIT_MEM,
	ZXH_EXIT_BELL,
	ZXH_EXIT_FAULT,
	ZXH_EXIT_RDMSR,
	ZXH_EXIT_WRMSR,
	ZXH_EXIT_HLT,
	ZXH_EXIT_BAD_ENTRY,
	ZXH_EXIT_NO_MEMORY,
	ZXH_EXIT_UNKNOWN,
};

/**
 * struct zxh_mode - the guest state that decoding an instruction needs
 */
struct zxh_mode {
	u64 cr0, cr3, cr4, efer, rflags;
	u64 cs_base;
	bool cs_l, cs_db;
};

/**
 * struct zxh_exit - an exit, and what belongs to it
 * @kind: which of the others is filled in
 * @requeue: an external interrupt that was injected and could not be delivered:
 *	it is pending again. 0 for none
 * @io: the access has not happened yet as the guest sees it: the next run
 *	completes it. Or zxh_kvm_abandon() undoes it
 * @mem: the registers are as before the instruction, whose first byte is at
 *	@mem.rip. @mem.len is its length, 0 when it is not known. @mem.unemulated
 *	tells that KVM cannot emulate it, or could not fetch it
 * @bell: the guest has executed the instruction
 * @fault: @fault.known tells whether @fault.gpa is; with @fault.uncovered no
 *	memslot is there, and KVM can do no more than emulate
 * @msr: completed by zxh_kvm_msr_done() and the next run
 */
struct zxh_exit {
	enum zxh_exit_kind kind;
	u8 requeue;
	union {
		struct {
			u16 port;
			u8 size;
			bool input;
			u32 data;
		} io;
		struct {
			u64 gpa;
			u64 rip;
			u8 len;
			bool write, unemulated;
			struct zxh_mode mode;
		} mem;
		struct {
			u64 gpa;
		} bell;
		struct {
			u64 gpa;
			bool known, write, uncovered;
		} fault;
		struct {
			u32 index;
			u64 data;
		} msr;
	};
};

/**
 * struct zxh_boot - where and how a vCPU starts
 * @entry: first instruction
 * @apic_base: IA32_APIC_BASE
 * @long_mode: 64-bit mode with CR3 0, else real mode at @entry >> 4 : 0
 */
struct zxh_boot {
	u64 entry;
	u64 apic_base;
	bool long_mode;
};

/**
 * enum zxh_hit - what an access to a guest-physical address hits
 * @ZXH_HIT_NONE: no trap
 * @ZXH_HIT_BELL: a BELL trap
 * @ZXH_HIT_MEM: a MEM trap
 */
enum zxh_hit {
	ZXH_HIT_NONE,
	ZXH_HIT_BELL,
	ZXH_HIT_MEM,
};

/**
 * struct zxh_kvm_ops - what the door asks of the rest of the driver
 * @cpuid: edit one CPUID leaf before a guest sees it; regs is EAX, EBX, ECX, EDX
 * @current_vcpu: the vCPU that the current thread has entered, or NULL. Called
 *	from KVM's tracepoints, perhaps with interrupts off
 * @traps: the trap that the guest of that vCPU has at an address; called likewise
 * @bell: a guest, which zxh_kvm_vm_create() named, wrote to @gpa. 0: that is taken
 *	care of; -EAGAIN: later, by the vCPU's thread; -ENOENT: no bell is there.
 *	Called inside of KVM_RUN; may not sleep
 * @tsc_deadline: the vCPU that the current thread has entered wrote TSC_DEADLINE
 *	and KVM kept the write for itself. Called with interrupts off
 */
struct zxh_kvm_ops {
	void (*cpuid)(u32 leaf, u32 subleaf, u32 apic_id, u32 regs[4]);
	struct zxh_kvm_vcpu *(*current_vcpu)(void);
	enum zxh_hit (*traps)(u64 gpa);
	int (*bell)(void *owner, u64 gpa);
	void (*tsc_deadline)(u64 deadline);
};

int zxh_kvm_init(const struct zxh_kvm_ops *ops);
void zxh_kvm_exit(void);
int zxh_kvm_query(struct zxh_kvm_info *info);
u32 zxh_kvm_gpa_bits(void);

int zxh_kvm_vm_create(void *owner, struct zxh_kvm_vm **vm);
void zxh_kvm_vm_destroy(struct zxh_kvm_vm *vm);
int zxh_kvm_vm_pause(struct zxh_kvm_vm *vm);
void zxh_kvm_vm_resume(struct zxh_kvm_vm *vm);
void zxh_kvm_vm_kill(struct zxh_kvm_vm *vm);
int zxh_kvm_slot_set(struct zxh_kvm_vm *vm, u32 slot, u64 gpa, u64 size, unsigned long hva);
int zxh_kvm_slot_wipe(struct zxh_kvm_vm *vm, u32 slot, u64 gpa);

int zxh_kvm_vcpu_create(struct zxh_kvm_vm *vm, u32 id, const struct zxh_boot *boot,
			struct zxh_kvm_vcpu **vcpu);
int zxh_kvm_run(struct zxh_kvm_vcpu *vcpu, struct zxh_exit *exit);

void zxh_kvm_in_begin(struct zxh_kvm_vcpu *vcpu);
void zxh_kvm_mem_done(struct zxh_kvm_vcpu *vcpu, u64 rip);
void zxh_kvm_abandon(struct zxh_kvm_vcpu *vcpu);
int zxh_kvm_clock_write(struct zxh_kvm_vcpu *vcpu, u32 msr, u64 data);
void zxh_kvm_msr_done(struct zxh_kvm_vcpu *vcpu, bool fault, u64 data);
void zxh_kvm_get_state(struct zxh_kvm_vcpu *vcpu, struct zx_hyp_vcpu_state *state);
void zxh_kvm_set_state(struct zxh_kvm_vcpu *vcpu, const struct zx_hyp_vcpu_state *state);
void zxh_kvm_set_rax(struct zxh_kvm_vcpu *vcpu, const void *bytes, unsigned int size);

bool zxh_kvm_irq_ready(struct zxh_kvm_vcpu *vcpu);
void zxh_kvm_irq_inject(struct zxh_kvm_vcpu *vcpu, u8 vector);
void zxh_kvm_nmi_inject(struct zxh_kvm_vcpu *vcpu);
int zxh_kvm_exception_inject(struct zxh_kvm_vcpu *vcpu, u8 vector, bool has_error);
void zxh_kvm_irq_window(struct zxh_kvm_vcpu *vcpu, bool open);

void zxh_kvm_nudge_irq(struct zxh_kvm_vcpu *vcpu);
void zxh_kvm_nudge_exit(struct zxh_kvm_vcpu *vcpu);

u64 zxh_kvm_guest_tsc(struct zxh_kvm_vcpu *vcpu);

#endif /* ZXH_KVM_H */
