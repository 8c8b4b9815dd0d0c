// SPDX-License-Identifier: MIT
/* vCPUs: a thread each, which makes the vCPU, enters it, and answers its packets. */
#include <stdio.h>
#include <zircon/status.h>

#include "zxvm.h"

/*
 * The vCPU stands behind the instruction with its registers as they were
 * before it: fetch it, do what it does, and hand the registers back.
 */
static zx_status_t handle_mem(struct vcpu *v, const zx_packet_guest_mem_t *mem, struct bus *bus)
{
	uint8_t code[15] = { 0 };
	size_t len = mem->instruction_size < sizeof(code) ? mem->instruction_size : sizeof(code);
	zx_vcpu_state_t state;
	zx_status_t status;
	struct insn insn;

	len = vm_fetch(v->vm, mem->cr3, mem->rip, code, len);
	if (mem->default_operand_size != 4 || !insn_decode(code, len, &insn)) {
		complain("vCPU %u touched device memory at %#llx with an instruction that zxvm does not know: %02x %02x %02x %02x %02x",
			 v->id, (ull)mem->addr, code[0], code[1], code[2], code[3], code[4]);
		vm_stop(v->vm, ZXVM_FAILED);
		return ZX_OK;
	}
	status = zx_vcpu_read_state(v->handle, ZX_VCPU_STATE, &state, sizeof(state));
	if (status != ZX_OK)
		return status;
	pthread_mutex_lock(&v->vm->lock);
	insn_execute(&insn, &state, bus_access, bus, mem->addr);
	pthread_mutex_unlock(&v->vm->lock);
	return zx_vcpu_write_state(v->handle, ZX_VCPU_STATE, &state, sizeof(state));
}

static zx_status_t handle_io(struct vcpu *v, const zx_packet_guest_io_t *io, struct bus *bus)
{
	zx_vcpu_io_t answer = { .access_size = io->access_size };

	pthread_mutex_lock(&v->vm->lock);
	answer.u32 = bus_access(bus, io->port, io->access_size, !io->input, io->u32);
	pthread_mutex_unlock(&v->vm->lock);
	if (!io->input)
		return ZX_OK;
	return zx_vcpu_write_state(v->handle, ZX_VCPU_IO, &answer, sizeof(answer));
}

/* The guest's local APIC sent an interrupt, or starts another processor. */
static zx_status_t handle_vcpu(struct vcpu *v, const zx_packet_guest_vcpu_t *packet)
{
	if (packet->type == ZX_PKT_GUEST_VCPU_INTERRUPT) {
		v->interrupts++;
		vcpu_interrupt_mask(v->vm, packet->interrupt.mask, packet->interrupt.vector);
		return ZX_OK;
	}
	v->startups++;
	if (packet->startup.id >= v->vm->cpus)
		return ZX_OK;	/* nobody is there */
	return vcpu_start(v->vm, packet->startup.id, packet->startup.entry);
}

static zx_status_t handle_packet(struct vcpu *v, const zx_port_packet_t *packet)
{
	struct bus *bus = (struct bus *)(uintptr_t)packet->key;

	if (ZX_PKT_IS_GUEST_IO(packet->type))
		return handle_io(v, &packet->guest_io, bus);
	if (ZX_PKT_IS_GUEST_MEM(packet->type))
		return handle_mem(v, &packet->guest_mem, bus);
	return handle_vcpu(v, &packet->guest_vcpu);
}

static void print_registers(struct vcpu *v)
{
	zx_vcpu_state_t state;
	unsigned int i;

	if (zx_vcpu_read_state(v->handle, ZX_VCPU_STATE, &state, sizeof(state)) != ZX_OK)
		return;
	fputs("  rax rcx rdx rbx, rsp rbp rsi rdi, r8 to r15:", stderr);
	for (i = 0; i < 16; i++)
		fprintf(stderr, "%s%016llx", i % 4 ? " " : "\n  ", ((ull *)&state)[i]);
	fputc('\n', stderr);
}

/* A call for the vCPU failed: says what that means, and ends the machine. */
static void give_up(struct vcpu *v, zx_status_t status)
{
	if (status == ZX_ERR_NOT_SUPPORTED)
		complain("vCPU %u reset the machine by a triple fault, or did what the hypervisor does not carry out",
			 v->id);
	else if (status == ZX_ERR_NOT_FOUND)
		complain("vCPU %u touched a port or a guest-physical address where nothing is; the hypervisor does not say which",
			 v->id);
	else
		complain("vCPU %u cannot go on: %s", v->id, zx_status_get_string(status));
	if (status != ZX_ERR_NOT_SUPPORTED)
		print_registers(v);
	vm_stop(v->vm, status == ZX_ERR_NOT_SUPPORTED ? ZXVM_RESET : ZXVM_FAILED);
}

static void run(struct vcpu *v)
{
	zx_port_packet_t packet;
	zx_status_t status;

	while (!vm_stopping(v->vm)) {
		v->enters++;
		status = zx_vcpu_enter(v->handle, &packet);
		if (status == ZX_OK)
			status = handle_packet(v, &packet);
		if (status == ZX_ERR_CANCELED)
			v->kicks++;	/* look whether the machine stops */
		else if (status != ZX_OK)
			give_up(v, status);
	}
}

static void *vcpu_thread(void *arg)
{
	struct vcpu *v = arg;
	zx_vcpu_state_t state = { .rsi = BOOT_PARAMS };
	zx_handle_t handle = ZX_HANDLE_INVALID;
	zx_status_t status = zx_vcpu_create(v->vm->guest, 0, v->entry, &handle);

	/* Only the first starts with boot parameters; the others in real mode. */
	if (status == ZX_OK && v->id == 0)
		status = zx_vcpu_write_state(handle, ZX_VCPU_STATE, &state, sizeof(state));
	pthread_mutex_lock(&v->vm->vcpu_lock);
	v->handle = handle;
	v->status = status;
	v->ready = true;
	pthread_cond_broadcast(&v->vm->vcpu_ready);
	pthread_mutex_unlock(&v->vm->vcpu_lock);
	if (status == ZX_OK)
		run(v);
	return NULL;
}

/*
 * Starts a vCPU that does not run yet at guest-physical @entry. The hypervisor
 * gives out ids lowest first, so this waits until the vCPU has got its own.
 */
zx_status_t vcpu_start(struct vm *vm, unsigned int id, uint64_t entry)
{
	struct vcpu *v = &vm->vcpu[id];
	zx_status_t status = ZX_OK;

	pthread_mutex_lock(&vm->vcpu_lock);
	if (!v->started && !vm_stopping(vm)) {
		v->vm = vm;
		v->id = id;
		v->entry = entry;
		v->started = !pthread_create(&v->thread, NULL, vcpu_thread, v);
		while (v->started && !v->ready)
			pthread_cond_wait(&vm->vcpu_ready, &vm->vcpu_lock);
		status = v->started ? v->status : ZX_ERR_NO_RESOURCES;
	}
	pthread_mutex_unlock(&vm->vcpu_lock);
	return status;
}

/* Interrupts the vCPUs whose bits are set; those not there give ZX_ERR_BAD_HANDLE. */
void vcpu_interrupt_mask(struct vm *vm, uint64_t mask, uint8_t vector)
{
	unsigned int i;

	pthread_mutex_lock(&vm->vcpu_lock);
	for (i = 0; i < vm->cpus; i++) {
		if (mask >> i & 1)
			zx_vcpu_interrupt(vm->vcpu[i].handle, vector);
	}
	pthread_mutex_unlock(&vm->vcpu_lock);
}

/*
 * Gets all vCPUs out of a stopped machine's guest and closes them. A kick that
 * meets a vCPU outside the guest makes its next enter return.
 */
void vcpu_stop_all(struct vm *vm)
{
	struct vcpu *v, *last = vm->vcpu + vm->cpus;

	pthread_mutex_lock(&vm->vcpu_lock);
	for (v = vm->vcpu; v < last; v++)
		zx_vcpu_kick(v->handle);	/* or ZX_ERR_BAD_HANDLE, if there is none */
	pthread_mutex_unlock(&vm->vcpu_lock);
	for (v = vm->vcpu; v < last; v++) {
		if (v->started)
			pthread_join(v->thread, NULL);
		zx_handle_close(v->handle);
	}
}
