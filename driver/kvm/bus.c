// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device on each of the VM's buses, and the tracepoints that tell what KVM
 * tells nobody else.
 *
 * The devices hear of every access: to memory, when KVM emulates it because no
 * memslot answers; to a port, always. A write that rings a bell ends there, and
 * the guest goes on. Of others they note the registers as they are before the
 * instruction, because KVM has executed a write by the time that KVM_RUN
 * returns, and let KVM exit.
 */
#include <linux/slab.h>
#include <linux/tracepoint.h>

#include "priv.h"

static struct zxh_kvm_vcpu *zxh_kvm_find(struct zxh_kvm_vm *vm, struct kvm_vcpu *kv)
{
	struct zxh_kvm_vcpu *v = NULL;

	if (kv->vcpu_id < ZXH_KVM_MAX_VCPUS)
		v = READ_ONCE(vm->vcpus[kv->vcpu_id]);
	return v && v->kv == kv ? v : NULL;
}

/*
 * RSP may still be in the hardware when the instruction does not use it; then
 * KVM_RUN reports it, unchanged, at the exit.
 */
static void zxh_kvm_note(struct kvm_vcpu *kv, struct kvm_io_device *dev, gpa_t gpa)
{
	struct zxh_kvm_vm *vm = container_of(dev, struct zxh_kvm_vm, mmio);
	struct zxh_kvm_vcpu *v = zxh_kvm_find(vm, kv);

	if (!v || v->noted)
		return;
	v->noted = true;
	v->note_gpa = gpa;
	v->note_rip = zxh_kvm_rip(kv);
	memcpy(v->note_gpr, kv->arch.regs, sizeof(v->note_gpr));
	v->note_rsp_valid = zxh_kvm_rsp_cached(kv);
	kv->run->kvm_valid_regs |= KVM_SYNC_X86_SREGS;
}

static int zxh_kvm_mmio_read(struct kvm_vcpu *kv, struct kvm_io_device *dev,
			     gpa_t gpa, int len, void *val)
{
	zxh_kvm_note(kv, dev, gpa);
	return -EOPNOTSUPP;
}

static int zxh_kvm_mmio_write(struct kvm_vcpu *kv, struct kvm_io_device *dev,
			      gpa_t gpa, int len, const void *val)
{
	struct zxh_kvm_vm *vm = container_of(dev, struct zxh_kvm_vm, mmio);
	struct zxh_kvm_vcpu *v = zxh_kvm_find(vm, kv);
	int r;

	/* KVM makes several writes of a long one, and of one with REP. */
	if (v && v->rung)
		return 0;
	r = zxh_kvm_ops->bell(vm->owner, gpa);
	if (!r) {
		if (v)
			zxh_kvm_trapped_rung(v);
		return 0;
	}
	if (r != -EAGAIN)
		zxh_kvm_note(kv, dev, gpa);
	else if (v)
		v->bell_later = true;
	return -EOPNOTSUPP;
}

static const struct kvm_io_device_ops zxh_kvm_mmio_ops = {
	.read = zxh_kvm_mmio_read,
	.write = zxh_kvm_mmio_write,
};

/*
 * On Intel, from the second access to a page on. KVM cannot tell a read from a
 * write there, and does not look at the instruction. Whatever is not done here
 * comes again through the other device, if KVM can emulate the instruction. On
 * AMD, where newer kernels come here as well, the tracepoint has told of it.
 */
static int zxh_kvm_fast_write(struct kvm_vcpu *kv, struct kvm_io_device *dev,
			      gpa_t gpa, int len, const void *val)
{
	struct zxh_kvm_vm *vm = container_of(dev, struct zxh_kvm_vm, fast);
	struct zxh_kvm_vcpu *v;
	enum zxh_hit hit;

	if (!zxh_kvm_ops->bell(vm->owner, gpa))
		return 0;
	v = zxh_kvm_find(vm, kv);
	if (!v || boot_cpu_has(X86_FEATURE_SVM))
		return -EOPNOTSUPP;
	v->rung = false;
	hit = zxh_kvm_ops->traps(gpa);
	if (hit)
		zxh_kvm_trapped_note(v, hit, gpa, true);
	return -EOPNOTSUPP;
}

static const struct kvm_io_device_ops zxh_kvm_fast_ops = {
	.write = zxh_kvm_fast_write,
};

/* Of use for OUTS only: a plain OUT comes without the emulator, RIP unread. */
static int zxh_kvm_pio_write(struct kvm_vcpu *kv, struct kvm_io_device *dev,
			     gpa_t port, int len, const void *val)
{
	struct zxh_kvm_vm *vm = container_of(dev, struct zxh_kvm_vm, pio);
	struct zxh_kvm_vcpu *v = zxh_kvm_find(vm, kv);

	if (v && !v->noted) {
		v->noted = true;
		v->note_rip = zxh_kvm_rip(kv);
		v->note_gpr[VCPU_REGS_RSI] = kv->arch.regs[VCPU_REGS_RSI];
		v->note_gpr[VCPU_REGS_RCX] = kv->arch.regs[VCPU_REGS_RCX];
	}
	return -EOPNOTSUPP;
}

/* To tell IN from INS, as long as the VM has not shown which is which. */
static int zxh_kvm_pio_read(struct kvm_vcpu *kv, struct kvm_io_device *dev,
			    gpa_t port, int len, void *val)
{
	struct zxh_kvm_vm *vm = container_of(dev, struct zxh_kvm_vm, pio);

	if (unlikely(!vm->fast_in)) {
		kv->run->kvm_valid_regs |= KVM_SYNC_X86_SREGS;
		/* Nothing that an OUT left: a plain IN notes it after this. */
		zxh_kvm_pio_rip(kv) = ~0UL;
	}
	return -EOPNOTSUPP;
}

static const struct kvm_io_device_ops zxh_kvm_pio_ops = {
	.read = zxh_kvm_pio_read,
	.write = zxh_kvm_pio_write,
};

static int zxh_kvm_bus_add(struct kvm *kvm, enum kvm_bus idx, int len,
			   struct kvm_io_device *dev)
{
	struct kvm_io_bus *old, *bus;

	bus = kzalloc(struct_size(bus, range, 1), GFP_KERNEL_ACCOUNT);
	if (!bus)
		return -ENOMEM;
	bus->dev_count = 1;
	bus->range[0] = (struct kvm_io_range){ .addr = 0, .len = len, .dev = dev };

	mutex_lock(&kvm->slots_lock);
	old = rcu_dereference_protected(kvm->buses[idx], lockdep_is_held(&kvm->slots_lock));
	rcu_assign_pointer(kvm->buses[idx], bus);
	mutex_unlock(&kvm->slots_lock);
	/* The VM is new: no vCPU looks at the old one. */
	kfree(old);
	return 0;
}

static void zxh_kvm_bus_empty(struct kvm *kvm, enum kvm_bus idx)
{
	struct kvm_io_bus *bus;

	mutex_lock(&kvm->slots_lock);
	bus = rcu_dereference_protected(kvm->buses[idx], lockdep_is_held(&kvm->slots_lock));
	if (bus)
		bus->dev_count = 0;
	mutex_unlock(&kvm->slots_lock);
}

/**
 * zxh_kvm_bus_init() - put the devices on the buses of a new VM
 * @vm: the VM, without vCPUs
 *
 * One range takes in every address: KVM widens the signed length to 64 bits, so
 * that -1 reaches to the end. A range for each trap would make KVM copy all of
 * them for each new one, and would not hear of accesses outside.
 *
 * Return: 0 or -ENOMEM; then zxh_kvm_bus_exit() is still due.
 */
int zxh_kvm_bus_init(struct zxh_kvm_vm *vm)
{
	int r;

	kvm_iodevice_init(&vm->mmio, &zxh_kvm_mmio_ops);
	kvm_iodevice_init(&vm->fast, &zxh_kvm_fast_ops);
	kvm_iodevice_init(&vm->pio, &zxh_kvm_pio_ops);
	r = zxh_kvm_bus_add(vm->kvm, KVM_MMIO_BUS, -1, &vm->mmio);
	if (!r)
		r = zxh_kvm_bus_add(vm->kvm, KVM_FAST_MMIO_BUS, -1, &vm->fast);
	if (!r)
		r = zxh_kvm_bus_add(vm->kvm, KVM_PIO_BUS, -1, &vm->pio);
	return r;
}

/**
 * zxh_kvm_bus_exit() - take the devices away before KVM destroys the buses
 * @vm: the VM; none of its vCPUs runs, nor will
 *
 * In place, so that it cannot fail: KVM would call our destructor otherwise,
 * after we are gone.
 */
void zxh_kvm_bus_exit(struct zxh_kvm_vm *vm)
{
	zxh_kvm_bus_empty(vm->kvm, KVM_PIO_BUS);
	zxh_kvm_bus_empty(vm->kvm, KVM_FAST_MMIO_BUS);
	zxh_kvm_bus_empty(vm->kvm, KVM_MMIO_BUS);
}

/* Exported by kvm.ko to everybody; its own header declares them for itself. */
extern struct tracepoint __tracepoint_kvm_page_fault;
extern struct tracepoint __tracepoint_kvm_msr;

/* The address of a fault: -EFAULT from KVM_RUN carries none on 6.1. */
static void zxh_kvm_probe_page_fault(void *unused, struct kvm_vcpu *kv, u64 gpa,
				     u64 error_code)
{
	struct zxh_kvm_vcpu *v = zxh_kvm_ops->current_vcpu();
	enum zxh_hit hit;

	if (!v || v->kv != kv)
		return;
	v->rung = false;
	v->fault_noted = true;
	v->fault_gpa = gpa;
	/* The same bit in AMD's error code and in Intel's exit qualification. */
	v->fault_write = error_code & BIT(1);
	hit = zxh_kvm_uncovered_note(v, gpa);
	if (hit)
		zxh_kvm_trapped_note(v, hit, gpa, v->fault_write);
}

/*
 * A write of TSC_DEADLINE that KVM's fast path takes and throws away, since
 * there is no local APIC of KVM's that it could go to.
 */
static void zxh_kvm_probe_msr(void *unused, unsigned int write, u32 index, u64 data,
			      bool exception)
{
	if (write && index == MSR_IA32_TSC_DEADLINE && !exception &&
	    zxh_kvm_ops->current_vcpu())
		zxh_kvm_ops->tsc_deadline(data);
}

int zxh_kvm_probes_register(void)
{
	int r;

	r = tracepoint_probe_register(&__tracepoint_kvm_page_fault,
				      zxh_kvm_probe_page_fault, NULL);
	if (r)
		return r;
	r = tracepoint_probe_register(&__tracepoint_kvm_msr, zxh_kvm_probe_msr, NULL);
	if (r)
		tracepoint_probe_unregister(&__tracepoint_kvm_page_fault,
					    zxh_kvm_probe_page_fault, NULL);
	return r;
}

void zxh_kvm_probes_unregister(void)
{
	tracepoint_probe_unregister(&__tracepoint_kvm_msr, zxh_kvm_probe_msr, NULL);
	tracepoint_probe_unregister(&__tracepoint_kvm_page_fault,
				    zxh_kvm_probe_page_fault, NULL);
	tracepoint_synchronize_unregister();
}
