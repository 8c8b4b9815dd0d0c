/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the files behind the KVM door, and by nobody else.
 */
#ifndef ZXH_KVM_PRIV_H
#define ZXH_KVM_PRIV_H

#include <linux/fs.h>
#include <linux/kvm_host.h>
#include <linux/mutex.h>
#include <linux/wait.h>
#include <kvm/iodev.h>

#include "../compat.h"
#include "../kvm.h"
#include "../status.h"

#define ZXH_KVM_MAX_VCPUS	64
#define ZXH_KVM_MAX_CPUID	256
#define ZXH_KVM_MAX_INSN	15
/* KVM takes its arguments from user memory; its CPUID table is the largest. */
#define ZXH_KVM_SCRATCH_SIZE	(4 * PAGE_SIZE)

/**
 * struct zxh_kvm_vm - a KVM virtual machine that no process has a file of
 * @file: its file; constant after init
 * @kvm: @file's; with a reference of ours; constant after init
 * @owner: what the door's callbacks are told; constant after init
 * @mm: whose memory it runs in. Not counted: KVM holds it for the file's life
 * @scratch: user address of the pages that ioctl arguments are put into;
 *	constant after init. User space can unmap or change them at any time,
 *	which makes calls fail or gives its own guest other settings. What comes
 *	back from there is not to be trusted
 * @scratch_lock: one user of @scratch at a time
 * @task_lock: orders a change of a vCPU's thread with zxh_kvm_vm_pause(), which
 *	may look at a vCPU that nobody uses any more
 * @cpuid: what the host supports; constant after init
 * @fast_in: KVM's completion of a plain IN, once it is known. INS is completed
 *	by another, and nothing else tells them apart when there is one element
 * @vcpus: every vCPU ever made, kept for reuse, since KVM frees none before
 *	the VM. Set once, under the guest's lock; read without
 * @mmio: hears of every emulated access that no memslot answers
 * @fast: hears of writes, on Intel, where KVM knows that no memslot is, before
 *	KVM looks at the instruction
 * @pio: hears of every access to a port
 * @paused: no vCPU may be inside KVM_RUN; written under the aspace's lock
 * @dead: @paused for good; the same
 * @gate: waited on by vCPUs while @paused, and by who paused until they are out
 */
struct zxh_kvm_vm {
	struct file *file;
	struct kvm *kvm;
	void *owner;
	struct mm_struct *mm;
	unsigned long scratch;
	struct mutex scratch_lock;
	struct mutex task_lock;
	struct kvm_cpuid2 *cpuid;
	int (*fast_in)(struct kvm_vcpu *kv);
	struct zxh_kvm_vcpu *vcpus[ZXH_KVM_MAX_VCPUS];
	struct kvm_io_device mmio;
	struct kvm_io_device fast;
	struct kvm_io_device pio;
	bool paused;
	bool dead;
	wait_queue_head_t gate;
};

/**
 * struct zxh_kvm_vcpu - a KVM vCPU that no process has a file of
 * @vm: its VM; constant after init
 * @file: its file; constant after init
 * @kv: @file's; constant after init
 * @run: the shared page of @kv, which only the kernel maps; constant after init
 * @id: constant after init
 * @task: the thread that runs it, with a reference; changes while nobody uses
 *	the vCPU, under vm->task_lock
 * @configured: it has its CPUID; guest's lock
 * @in_run: inside KVM_RUN; written by @task, see zxh_kvm_vm_pause()
 * @in_size: bytes of an IN that the next run completes, 0 for none; @task's
 * @noted: the fields below are of this run; @task's
 * @note_gpa: where the instruction that KVM emulates first touched no memslot
 * @note_rip: RIP before it
 * @note_gpr: registers before it, in the CPU's order
 * @note_rsp_valid: so is RSP
 * @bell_later: a write of this run waits for zxh_exit.bell; @task's
 * @fault_noted: @fault_gpa is of this run; @task's
 * @fault_gpa: guest-physical address of the last fault that KVM handled
 * @fault_write: whether that was a write
 * @trapped: accesses of this run that a trap is to hear of, and has not; 2 when
 *	the vCPU leaves for it; @task's. See trapped.c
 * @rung: the instruction that KVM emulates has rung a bell; @task's
 * @uncovered: a fault of this run is where no memslot is, and no trap that could
 *	be told; @task's, as all that follow. See uncovered.c
 * @kept_exception: what KVM had queued before
 * @kept_cr2: CR2 before
 */
struct zxh_kvm_vcpu {
	struct zxh_kvm_vm *vm;
	struct file *file;
	struct kvm_vcpu *kv;
	struct kvm_run *run;
	u32 id;
	struct task_struct *task;
	bool configured;
	bool in_run;
	u8 in_size;
	bool noted;
	u64 note_gpa;
	u64 note_rip;
	unsigned long note_gpr[16];
	bool note_rsp_valid;
	bool bell_later;
	bool fault_noted;
	u64 fault_gpa;
	bool fault_write;
	u8 trapped;
	bool rung;
	bool uncovered;
	struct kvm_queued_exception kept_exception;
	unsigned long kept_cr2;
};

extern const struct zxh_kvm_ops *zxh_kvm_ops;

struct file *zxh_kvm_open(void);
long zxh_kvm_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
struct file *zxh_kvm_ioctl_file(struct file *file, unsigned int cmd, unsigned long arg);
struct file *zxh_kvm_create_vm_file(struct file *dev);
long zxh_kvm_uioctl(struct zxh_kvm_vm *vm, struct file *file, unsigned int cmd,
		    void *arg, size_t in, size_t out);

int zxh_kvm_bus_init(struct zxh_kvm_vm *vm);
void zxh_kvm_bus_exit(struct zxh_kvm_vm *vm);

void zxh_kvm_fill_mem(struct zxh_kvm_vcpu *v, struct zxh_exit *exit, u64 gpa, bool write);

void zxh_kvm_trapped_note(struct zxh_kvm_vcpu *v, enum zxh_hit hit, u64 gpa, bool write);
void zxh_kvm_trapped_rung(struct zxh_kvm_vcpu *v);
void zxh_kvm_trapped_exit(struct zxh_kvm_vcpu *v, struct zxh_exit *exit);

enum zxh_hit zxh_kvm_uncovered_note(struct zxh_kvm_vcpu *v, u64 gpa);
void zxh_kvm_undo_keep(struct zxh_kvm_vcpu *v);
u8 zxh_kvm_undo(struct zxh_kvm_vcpu *v);
void zxh_kvm_uncovered_exit(struct zxh_kvm_vcpu *v, struct zxh_exit *exit);

int zxh_kvm_probes_register(void);
void zxh_kvm_probes_unregister(void);

int zxh_kvm_step(struct zxh_kvm_vcpu *v, u64 valid);
int zxh_kvm_reset(struct zxh_kvm_vcpu *v, const struct zxh_boot *boot, bool reused);

#endif /* ZXH_KVM_PRIV_H */
