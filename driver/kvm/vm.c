// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VM: creation, settings, memslots, and keeping its vCPUs out.
 */
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "../mmwork.h"
#include "priv.h"

/* Where KVM on Intel keeps its TSS if the CPU lacks unrestricted guest mode. */
#define ZXH_KVM_TSS_ADDR	0xfffbd000UL

/*
 * The MSRs that a guest has from the CPU or from KVM, each with its number of
 * neighbours. All others exit to us: see driver/msr.c.
 */
static const struct {
	u32 base, count;
	bool amd_only;
	bool read_only;
} zxh_kvm_msrs[] = {
	{ 0x11, 2, .read_only = true },	/* kvmclock, the old numbers */
	{ 0x174, 3 },			/* SYSENTER_CS, _ESP, _EIP */
	{ 0x277, 1 },			/* PAT */
	{ 0xc0000080, 3 },		/* EFER, STAR, LSTAR */
	{ 0xc0000083, 1, true },	/* CSTAR: AMD has SYSCALL in 32 bits */
	{ 0xc0000084, 1 },		/* FMASK */
	{ 0xc0000100, 4 },		/* FS_BASE, GS_BASE, KERNEL_GS_BASE, TSC_AUX */
	{ 0xc0010010, 0xf0, true },	/* SYSCFG, HWCR and their like */
	{ 0xc0011000, 0x100, true },	/* LS_CFG, DE_CFG and their like */
	{ 0x4b564d00, 2, .read_only = true },	/* kvmclock */
};

#define ZXH_KVM_BITMAP_SIZE	0x20	/* bytes: enough for the longest range */

struct zxh_kvm_filter {
	struct kvm_msr_filter filter;
	u8 bitmap[ARRAY_SIZE(zxh_kvm_msrs)][ZXH_KVM_BITMAP_SIZE];
};

static int zxh_kvm_set_msr_filter(struct zxh_kvm_vm *vm)
{
	bool amd = boot_cpu_has(X86_FEATURE_SVM);
	struct zxh_kvm_filter *f;
	unsigned int i, n = 0;
	int r;

	f = kzalloc(sizeof(*f), GFP_KERNEL);
	if (!f)
		return -ENOMEM;
	memset(f->bitmap, 0xff, sizeof(f->bitmap));
	f->filter.flags = KVM_MSR_FILTER_DEFAULT_DENY;
	for (i = 0; i < ARRAY_SIZE(zxh_kvm_msrs); i++) {
		if (zxh_kvm_msrs[i].amd_only && !amd)
			continue;
		f->filter.ranges[n++] = (struct kvm_msr_filter_range){
			.flags = KVM_MSR_FILTER_READ |
				 (zxh_kvm_msrs[i].read_only ? 0 : KVM_MSR_FILTER_WRITE),
			.base = zxh_kvm_msrs[i].base,
			.nmsrs = zxh_kvm_msrs[i].count,
			.bitmap = (void *)(vm->scratch +
					   offsetof(struct zxh_kvm_filter, bitmap[i])),
		};
	}
	r = zxh_kvm_uioctl(vm, vm->file, KVM_X86_SET_MSR_FILTER, f, sizeof(*f), 0);
	kfree(f);
	return r;
}

static int zxh_kvm_enable_cap(struct zxh_kvm_vm *vm, u32 cap, u64 arg)
{
	struct kvm_enable_cap enable = { .cap = cap, .args = { arg } };

	return zxh_kvm_uioctl(vm, vm->file, KVM_ENABLE_CAP, &enable, sizeof(enable), 0);
}

static int zxh_kvm_disable_quirks(struct zxh_kvm_vm *vm)
{
	long known = zxh_kvm_ioctl(vm->file, KVM_CHECK_EXTENSION, KVM_CAP_DISABLE_QUIRKS2);
	u64 unwanted = KVM_X86_QUIRK_OUT_7E_INC_RIP;

#ifdef KVM_X86_QUIRK_SLOT_ZAP_ALL
	/* Deleting a slot then drops its own mappings, not the guest's whole tree. */
	unwanted |= KVM_X86_QUIRK_SLOT_ZAP_ALL;
#endif
	unwanted &= known > 0 ? known : 0;
	return unwanted ? zxh_kvm_enable_cap(vm, KVM_CAP_DISABLE_QUIRKS2, unwanted) : 0;
}

static int zxh_kvm_read_cpuid(struct zxh_kvm_vm *vm, struct file *dev)
{
	size_t size = struct_size(vm->cpuid, entries, ZXH_KVM_MAX_CPUID);
	int r;

	vm->cpuid = kzalloc(size, GFP_KERNEL_ACCOUNT);
	if (!vm->cpuid)
		return -ENOMEM;
	vm->cpuid->nent = ZXH_KVM_MAX_CPUID;
	r = zxh_kvm_uioctl(vm, dev, KVM_GET_SUPPORTED_CPUID, vm->cpuid, size, size);
	/* It came back through user memory. */
	if (!r && vm->cpuid->nent > ZXH_KVM_MAX_CPUID)
		r = -EINVAL;
	return r;
}

static int zxh_kvm_configure(struct zxh_kvm_vm *vm, struct file *dev)
{
	int r;

	r = zxh_kvm_enable_cap(vm, KVM_CAP_X86_USER_SPACE_MSR,
			       KVM_MSR_EXIT_REASON_INVAL | KVM_MSR_EXIT_REASON_UNKNOWN |
			       KVM_MSR_EXIT_REASON_FILTER);
	/* Else it would tell the guest's user code that there is no such instruction. */
	if (!r)
		r = zxh_kvm_enable_cap(vm, KVM_CAP_EXIT_ON_EMULATION_FAILURE, 1);
	if (!r)
		r = zxh_kvm_set_msr_filter(vm);
	if (!r)
		r = zxh_kvm_disable_quirks(vm);
	if (!r)
		r = zxh_kvm_ioctl(vm->file, KVM_SET_TSS_ADDR, ZXH_KVM_TSS_ADDR);
	if (!r)
		r = zxh_kvm_read_cpuid(vm, dev);
	/* What was enabled is what user memory said. This one would change everything. */
	if (!r && vm->kvm->arch.irqchip_mode != KVM_IRQCHIP_NONE)
		r = -EINVAL;
	return r;
}

static int zxh_kvm_scratch_munmap(void *arg)
{
	struct zxh_kvm_vm *vm = arg;

	return vm_munmap(vm->scratch, ZXH_KVM_SCRATCH_SIZE);
}

static void zxh_kvm_scratch_unmap(struct zxh_kvm_vm *vm)
{
	zxh_clean_up_in_mm(vm->mm, zxh_kvm_scratch_munmap, vm);
}

static int zxh_kvm_vm_open(struct zxh_kvm_vm *vm, struct file *dev)
{
	vm->file = zxh_kvm_create_vm_file(dev);
	if (IS_ERR(vm->file))
		return PTR_ERR(vm->file);
	vm->kvm = vm->file->private_data;
	kvm_get_kvm(vm->kvm);
	return 0;
}

static void zxh_kvm_vm_close(struct zxh_kvm_vm *vm)
{
	kvm_put_kvm(vm->kvm);
	fput(vm->file);
}

/**
 * zxh_kvm_vm_create() - make a VM in the caller's mm
 * @owner: whose it is: for the callbacks of struct zxh_kvm_ops
 * @out: receives it
 *
 * Return: 0; ZXH_ERR_NOT_SUPPORTED without a KVM that can make one;
 * ZXH_ERR_NO_MEMORY; or -EINTR.
 */
int zxh_kvm_vm_create(void *owner, struct zxh_kvm_vm **out)
{
	struct zxh_kvm_vm *vm;
	struct file *dev;
	int r;

	dev = zxh_kvm_open();
	if (IS_ERR(dev))
		return zxh_status(PTR_ERR(dev));
	r = -ENOMEM;
	vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);
	if (!vm)
		goto put_dev;
	vm->owner = owner;
	vm->mm = current->mm;
	mutex_init(&vm->scratch_lock);
	mutex_init(&vm->task_lock);
	init_waitqueue_head(&vm->gate);
	vm->scratch = vm_mmap(NULL, 0, ZXH_KVM_SCRATCH_SIZE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, 0);
	r = vm->scratch;
	if (IS_ERR_VALUE(vm->scratch))
		goto free_vm;
	r = zxh_kvm_vm_open(vm, dev);
	if (r)
		goto unmap_scratch;
	r = zxh_kvm_configure(vm, dev);
	if (r)
		goto close_vm;
	r = zxh_kvm_bus_init(vm);
	if (r)
		goto exit_bus;
	fput(dev);
	*out = vm;
	return 0;

exit_bus:
	zxh_kvm_bus_exit(vm);
close_vm:
	zxh_kvm_vm_close(vm);
	kfree(vm->cpuid);
unmap_scratch:
	zxh_kvm_scratch_unmap(vm);
free_vm:
	kfree(vm);
put_dev:
	fput(dev);
	return zxh_status(r);
}

/**
 * zxh_kvm_vm_destroy() - give up a VM
 * @vm: the VM; none of its vCPUs runs
 */
void zxh_kvm_vm_destroy(struct zxh_kvm_vm *vm)
{
	unsigned int i;

	zxh_kvm_bus_exit(vm);
	for (i = 0; i < ZXH_KVM_MAX_VCPUS; i++) {
		if (!vm->vcpus[i])
			continue;
		put_task_struct(vm->vcpus[i]->task);
		fput(vm->vcpus[i]->file);
		kfree(vm->vcpus[i]);
	}
	/* While KVM still keeps vm->mm from being freed and reused. */
	zxh_kvm_scratch_unmap(vm);
	zxh_kvm_vm_close(vm);
	kfree(vm->cpuid);
	kfree(vm);
}

/**
 * zxh_kvm_slot_set() - make, change or delete a memslot
 * @vm: the VM; the caller is in its mm and holds the lock of its aspace
 * @slot: which; numbers below 32000
 * @gpa: its first guest-physical address
 * @size: its bytes, 0 to delete it
 * @hva: the address in the mm that backs @gpa
 *
 * A slot that answers running vCPUs cannot be resized: it is deleted and made
 * anew, between zxh_kvm_vm_pause() and zxh_kvm_vm_resume().
 *
 * Return: 0, a status or -EINTR.
 */
int zxh_kvm_slot_set(struct zxh_kvm_vm *vm, u32 slot, u64 gpa, u64 size, unsigned long hva)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = hva,
	};

	return zxh_status(zxh_kvm_uioctl(vm, vm->file, KVM_SET_USER_MEMORY_REGION,
					 &region, sizeof(region), 0));
}

/**
 * zxh_kvm_slot_wipe() - delete a memslot, and all marks on pages of the VM
 * @vm: the VM, paused; the caller is in its mm and holds the lock of its aspace
 * @slot: which
 * @gpa: its first guest-physical address
 *
 * KVM marks a page that no memslot answered as a device's, and the mark outlives
 * the making of a memslot until the guest uses the page. When that is to deliver
 * an event, KVM gives up (on Intel), or tries for ever (on AMD, 7.2).
 *
 * This wipes as KVM did at each deletion, before it learned to leave the rest of
 * the VM alone: marks are not among what it drops for one memslot.
 *
 * Return: 0, a status or -EINTR.
 */
int zxh_kvm_slot_wipe(struct zxh_kvm_vm *vm, u32 slot, u64 gpa)
{
	int r;

#ifdef KVM_X86_QUIRK_SLOT_ZAP_ALL
	u64 disabled = vm->kvm->arch.disabled_quirks;

	WRITE_ONCE(vm->kvm->arch.disabled_quirks, disabled & ~(u64)KVM_X86_QUIRK_SLOT_ZAP_ALL);
#endif
	r = zxh_kvm_slot_set(vm, slot, gpa, 0, 0);
#ifdef KVM_X86_QUIRK_SLOT_ZAP_ALL
	WRITE_ONCE(vm->kvm->arch.disabled_quirks, disabled);
#endif
	return r;
}

static bool zxh_kvm_vm_idle(struct zxh_kvm_vm *vm)
{
	unsigned int i;

	for (i = 0; i < ZXH_KVM_MAX_VCPUS; i++) {
		struct zxh_kvm_vcpu *v = READ_ONCE(vm->vcpus[i]);

		if (v && READ_ONCE(v->in_run))
			return false;
	}
	return true;
}

/**
 * zxh_kvm_vm_pause() - get every vCPU out of KVM_RUN, and keep it out
 * @vm: the VM; the caller holds the lock of its aspace
 *
 * Waits for nothing but vCPUs that were told to leave; one that faults in
 * memory which user space provides may take its time. Pairs with the gate in
 * zxh_kvm_run(): either that sees @paused, or this sees in_run.
 *
 * Return: 0, or -EINTR when the caller is being killed; then the VM runs on.
 */
int zxh_kvm_vm_pause(struct zxh_kvm_vm *vm)
{
	unsigned int i;

	WRITE_ONCE(vm->paused, true);
	/* paused is seen before in_run is looked at. */
	smp_mb();
	mutex_lock(&vm->task_lock);
	for (i = 0; i < ZXH_KVM_MAX_VCPUS; i++) {
		struct zxh_kvm_vcpu *v = READ_ONCE(vm->vcpus[i]);

		if (v && READ_ONCE(v->in_run))
			zxh_kvm_nudge_exit(v);
	}
	mutex_unlock(&vm->task_lock);
	if (!wait_event_killable(vm->gate, zxh_kvm_vm_idle(vm)))
		return 0;
	zxh_kvm_vm_resume(vm);
	return -EINTR;
}

void zxh_kvm_vm_resume(struct zxh_kvm_vm *vm)
{
	if (!vm->dead)
		WRITE_ONCE(vm->paused, false);
	wake_up_all(&vm->gate);
}

/**
 * zxh_kvm_vm_kill() - no vCPU of the VM runs any more
 * @vm: the VM; a pause that others have begun becomes one for ever
 */
void zxh_kvm_vm_kill(struct zxh_kvm_vm *vm)
{
	WRITE_ONCE(vm->dead, true);
	zxh_kvm_vm_pause(vm);
	wake_up_all(&vm->gate);
}
