// SPDX-License-Identifier: MIT
/* The machine: its guest object, memory and devices, and how it ends. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <zircon/process.h>
#include <zircon/status.h>
#include <zx_hyp/zx_hyp.h>

#include "zxvm.h"

#define PAGE_SIZE	4096u
#define PTE_PRESENT	1u
#define PTE_LARGE	0x80u
#define PTE_ADDRESS	0x000ffffffffff000ull

/* One line on stderr. */
void complain(const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "zxvm: %s\n", text);
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

void vm_signal(int event)
{
	/* The counter of an eventfd does not fill up: nothing can go wrong. */
	eventfd_write(event, 1);
}

static int failed(const char *what, zx_status_t status)
{
	complain("cannot %s: %s", what, zx_status_get_string(status));
	return -1;
}

static int create_guest(struct vm *vm)
{
	zx_handle_t resource;
	zx_status_t status;
	char why[256];

	if (zx_hyp_check(why, sizeof(why)) != ZX_OK) {
		complain("%s", why);
		return -1;
	}
	status = zx_hyp_resource_get(ZX_HYP_RESOURCE_HYPERVISOR, &resource);
	if (status != ZX_OK)
		return failed("get the hypervisor resource", status);
	status = zx_guest_create(resource, 0, &vm->guest, &vm->vmar);
	zx_handle_close(resource);
	if (status == ZX_ERR_NOT_SUPPORTED) {
		complain("this machine cannot have guests: it has no usable KVM");
		return -1;
	}
	return status == ZX_OK ? 0 : failed("create a guest", status);
}

/* Guest code runs from this memory, which takes an executable handle. */
static zx_status_t make_executable(zx_handle_t *vmo)
{
	zx_handle_t vmex;
	zx_status_t status = zx_hyp_resource_get(ZX_HYP_RESOURCE_VMEX, &vmex);

	if (status != ZX_OK)
		return status;
	/* The old handle is gone also when this fails. */
	status = zx_vmo_replace_as_executable(*vmo, vmex, vmo);
	if (status != ZX_OK)
		*vmo = ZX_HANDLE_INVALID;
	zx_handle_close(vmex);
	return status;
}

/* One VMO: RAM of the guest from 0, and a view of it in this process. */
static int create_memory(struct vm *vm)
{
	const zx_vm_option_t guest_options = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE |
					     ZX_VM_PERM_EXECUTE | ZX_VM_SPECIFIC |
					     ZX_VM_REQUIRE_NON_RESIZABLE;
	zx_vaddr_t address;
	zx_status_t status;

	status = zx_vmo_create(vm->ram_size, 0, &vm->vmo);
	if (status != ZX_OK)
		return failed("create the guest's memory", status);
	status = make_executable(&vm->vmo);
	if (status != ZX_OK)
		return failed("make the guest's memory executable", status);
	status = zx_vmar_map(vm->vmar, guest_options, 0, vm->vmo, 0, vm->ram_size, &address);
	if (status != ZX_OK)
		return failed("map the guest's memory", status);
	status = zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, vm->vmo,
			     0, vm->ram_size, &address);
	if (status != ZX_OK)
		return failed("map the guest's memory here", status);
	vm->ram = (uint8_t *)address;
	return 0;
}

static int create_devices(struct vm *vm)
{
	zx_status_t status;

	vm->io.trap_kind = ZX_GUEST_TRAP_IO;
	vm->mmio.trap_kind = ZX_GUEST_TRAP_MEM;
	uart_init(&vm->uart, vm);
	pit_init(&vm->pit, vm);
	legacy_init(&vm->legacy, vm);
	ioapic_init(&vm->ioapic, vm);
	bus_fill(&vm->io, 0, 0xffff);	/* port 0xffff itself cannot be trapped */
	bus_fill(&vm->mmio, ZXVM_MMIO_BASE, ZXVM_MMIO_END);
	status = bus_set_traps(&vm->io, vm->guest);
	if (status == ZX_OK)
		status = bus_set_traps(&vm->mmio, vm->guest);
	return status == ZX_OK ? 0 : failed("set the devices' traps", status);
}

/* Makes the machine; -1 after a message, and vm_close() is due in any case. */
int vm_init(struct vm *vm, uint64_t ram_size, unsigned int cpus)
{
	vm->ram_size = ram_size;
	vm->cpus = cpus;
	vm->exit_status = ZXVM_RUNNING;
	vm->start_ns = now_ns();
	pthread_mutex_init(&vm->lock, NULL);
	pthread_mutex_init(&vm->vcpu_lock, NULL);
	pthread_cond_init(&vm->vcpu_ready, NULL);
	vm->stop_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	vm->room_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (vm->stop_event < 0 || vm->room_event < 0) {
		complain("cannot make an event");
		return -1;
	}
	if (create_guest(vm) || create_memory(vm) || create_devices(vm))
		return -1;
	return 0;
}

/* Ends the machine, from any thread; the first reason given is the one that counts. */
void vm_stop(struct vm *vm, int exit_status)
{
	int running = ZXVM_RUNNING;

	if (atomic_compare_exchange_strong(&vm->exit_status, &running, exit_status))
		vm_signal(vm->stop_event);
}

bool vm_stopping(struct vm *vm)
{
	return vm->exit_status != ZXVM_RUNNING;
}

/* Gives everything back, vCPUs first; also what vm_init() left half made. */
void vm_close(struct vm *vm)
{
	vm_stop(vm, ZXVM_FAILED);
	vcpu_stop_all(vm);
	if (vm->ram)
		zx_vmar_unmap(zx_vmar_root_self(), (zx_vaddr_t)vm->ram, vm->ram_size);
	zx_handle_close(vm->vmo);
	zx_handle_close(vm->vmar);
	zx_handle_close(vm->guest);
	close(vm->stop_event);
	close(vm->room_event);
	pthread_cond_destroy(&vm->vcpu_ready);
	pthread_mutex_destroy(&vm->vcpu_lock);
	pthread_mutex_destroy(&vm->lock);
}

/* A byte that the guest sent; notes the time when the marker has gone by. */
void vm_console_output(struct vm *vm, uint8_t byte)
{
	terminal_write(&byte, 1);
	if (!vm->marker || vm->marker_ns)
		return;
	if (byte != (uint8_t)vm->marker[vm->marker_seen])
		vm->marker_seen = 0;
	if (byte == (uint8_t)vm->marker[vm->marker_seen])
		vm->marker_seen++;
	if (!vm->marker[vm->marker_seen])
		vm->marker_ns = now_ns();
}

/**
 * vm_fetch() - copy guest memory by guest-virtual address
 * @vm: the machine
 * @cr3: root of the guest's four-level page tables
 * @addr: guest-virtual address
 * @buf: where the bytes go
 * @len: how many
 *
 * Return: how many bytes were copied; fewer where a page is not mapped to RAM.
 */
size_t vm_fetch(const struct vm *vm, uint64_t cr3, uint64_t addr, uint8_t *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		uint64_t entry = cr3, at, mask = 0;
		int shift;

		for (shift = 39; shift >= 12; shift -= 9) {
			at = (entry & PTE_ADDRESS) + ((addr >> shift) & 511) * sizeof(entry);
			if (at > vm->ram_size - sizeof(entry))
				return done;
			memcpy(&entry, vm->ram + at, sizeof(entry));
			if (!(entry & PTE_PRESENT))
				return done;
			mask = (1ull << shift) - 1;
			if (shift == 12 || (shift < 39 && (entry & PTE_LARGE)))
				break;
		}
		at = (entry & PTE_ADDRESS & ~mask) | (addr & mask);
		if (at >= vm->ram_size)
			return done;
		do {
			buf[done++] = vm->ram[at++];
			addr++;
		} while (done < len && at % PAGE_SIZE);
	}
	return done;
}

void vm_print_stats(struct vm *vm)
{
	uint64_t enters = 0, cancels = 0, ipis = 0, startups = 0;
	unsigned int i;

	for (i = 0; i < vm->cpus; i++) {
		enters += vm->vcpu[i].enters;
		cancels += vm->vcpu[i].cancels;
		ipis += vm->vcpu[i].ipis;
		startups += vm->vcpu[i].startups;
	}
	fprintf(stderr, "zxvm: ran %.3f s, %llu enters: %llu interrupt packets, %llu startup packets, %llu kicks\n",
		(now_ns() - vm->start_ns) / 1e9, (unsigned long long)enters,
		(unsigned long long)ipis, (unsigned long long)startups,
		(unsigned long long)cancels);
	if (vm->marker_ns)
		fprintf(stderr, "zxvm: marker after %.3f s\n",
			(vm->marker_ns - vm->start_ns) / 1e9);
	bus_print_stats(&vm->io);
	bus_print_stats(&vm->mmio);
}
