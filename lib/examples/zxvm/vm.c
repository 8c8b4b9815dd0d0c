// SPDX-License-Identifier: MIT
/* The machine: its guest, memory and devices, and how it ends. */
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zircon/process.h>
#include <zircon/status.h>
#include <zx_hyp/zx_hyp.h>

#include "zxvm.h"

/* No vCPU runs yet when these calls are made: the end of the process cleans up. */
static void must(zx_status_t status, const char *what)
{
	if (status != ZX_OK)
		die(ZXVM_FAILED, "cannot %s: %s", what, zx_status_get_string(status));
}

static void create_guest(struct vm *vm)
{
	zx_handle_t resource;
	char why[256];

	if (zx_hyp_check(why, sizeof(why)) != ZX_OK)
		die(ZXVM_FAILED, "%s", why);
	must(zx_hyp_resource_get(ZX_HYP_RESOURCE_HYPERVISOR, &resource),
	     "get the hypervisor resource");
	must(zx_guest_create(resource, 0, &vm->guest, &vm->vmar), "create a guest");
	zx_handle_close(resource);
}

/* One VMO: RAM of the guest from 0, executable, and a view of it in this process. */
static void create_memory(struct vm *vm)
{
	const zx_vm_option_t rw = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;
	zx_handle_t vmex, vmo;
	zx_vaddr_t address;

	must(zx_hyp_resource_get(ZX_HYP_RESOURCE_VMEX, &vmex), "get the vmex resource");
	must(zx_vmo_create(vm->ram_size, 0, &vmo), "create the guest's memory");
	must(zx_vmo_replace_as_executable(vmo, vmex, &vm->vmo), "make guest memory executable");
	zx_handle_close(vmex);
	must(zx_vmar_map(vm->vmar, rw | ZX_VM_PERM_EXECUTE | ZX_VM_SPECIFIC |
			 ZX_VM_REQUIRE_NON_RESIZABLE, 0, vm->vmo, 0, vm->ram_size, &address),
	     "map the guest's memory");
	must(zx_vmar_map(zx_vmar_root_self(), rw, 0, vm->vmo, 0, vm->ram_size, &address),
	     "map the guest's memory into zxvm");
	vm->ram = (uint8_t *)address;
}

static void create_devices(struct vm *vm)
{
	/* Port 0xffff itself cannot be trapped. */
	must(bus_init(&vm->io, vm->guest, ZX_GUEST_TRAP_IO, 0, 0xffff), "trap the ports");
	must(bus_init(&vm->mmio, vm->guest, ZX_GUEST_TRAP_MEM, MMIO_BASE, MMIO_END - MMIO_BASE),
	     "trap device memory");
	uart_init(&vm->uart, vm);
	legacy_init(&vm->legacy, vm);
	ioapic_init(&vm->ioapic, vm);
}

void vm_init(struct vm *vm, uint64_t ram_size, unsigned int cpus)
{
	vm->ram_size = ram_size;
	vm->cpus = cpus;
	vm->exit_status = ZXVM_RUNNING;
	vm->start_ns = zx_clock_get_monotonic();
	pthread_mutex_init(&vm->lock, NULL);
	pthread_mutex_init(&vm->vcpu_lock, NULL);
	pthread_cond_init(&vm->vcpu_ready, NULL);
	vm->stop_event = eventfd(0, EFD_CLOEXEC);
	vm->room_event = eventfd(0, EFD_CLOEXEC);
	if (vm->stop_event < 0 || vm->room_event < 0)
		die(ZXVM_FAILED, "cannot make an event");
	create_guest(vm);
	create_memory(vm);
	create_devices(vm);
}

/* Ends the machine, from any thread; the first reason is the one that counts. */
void vm_stop(struct vm *vm, int exit_status)
{
	int running = ZXVM_RUNNING;

	if (atomic_compare_exchange_strong(&vm->exit_status, &running, exit_status))
		eventfd_write(vm->stop_event, 1);
}

bool vm_stopping(struct vm *vm)
{
	return vm->exit_status != ZXVM_RUNNING;
}

/* Gives back what vm_init() got. The vCPUs are closed already. */
void vm_close(struct vm *vm)
{
	zx_vmar_unmap(zx_vmar_root_self(), (zx_vaddr_t)vm->ram, vm->ram_size);
	zx_handle_close(vm->vmo);
	zx_handle_close(vm->vmar);
	zx_handle_close(vm->guest);
	close(vm->stop_event);
	close(vm->room_event);
}

/* Finds a guest-virtual address in RAM by four-level page tables, or NULL. */
static const uint8_t *translate(const struct vm *vm, uint64_t cr3, uint64_t addr)
{
	uint64_t entry = cr3, at, mask;
	int shift;

	for (shift = 39; shift >= 12; shift -= 9) {
		mask = (1ull << shift) - 1;
		at = (entry & PTE_ADDRESS) + (addr >> shift & 511) * sizeof(entry);
		if (at >= vm->ram_size)
			return NULL;
		memcpy(&entry, vm->ram + at, sizeof(entry));
		if (!(entry & PTE_PRESENT))
			return NULL;
		if (shift < 39 && (entry & PTE_LARGE))
			break;
	}
	at = (entry & PTE_ADDRESS & ~mask) | (addr & mask);
	return at < vm->ram_size ? vm->ram + at : NULL;
}

/* Copies guest memory by virtual address; returns how many bytes could be copied. */
size_t vm_fetch(const struct vm *vm, uint64_t cr3, uint64_t addr, uint8_t *buf, size_t len)
{
	const uint8_t *p;
	size_t i;

	for (i = 0; i < len && (p = translate(vm, cr3, addr + i)); i++)
		buf[i] = *p;
	return i;
}

void vm_print_stats(const struct vm *vm)
{
	const struct vcpu *v;

	fprintf(stderr, "zxvm: ran %.3f s\n", (zx_clock_get_monotonic() - vm->start_ns) / 1e9);
	for (v = vm->vcpu; v < vm->vcpu + vm->cpus; v++)
		fprintf(stderr, "zxvm: vcpu %u: %llu enters, %llu interrupt packets, %llu startup packets, %llu kicks\n",
			(unsigned int)(v - vm->vcpu), (ull)v->enters, (ull)v->interrupts,
			(ull)v->startups, (ull)v->kicks);
	bus_print_stats(&vm->io);
	bus_print_stats(&vm->mmio);
}
