// SPDX-License-Identifier: MIT
/*
 * vCPUs: a thread each, which creates the vCPU (it belongs to its thread),
 * enters it, and answers the packets with which zx_vcpu_enter() returns.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <zircon/status.h>

#include "zxvm.h"

/* The memory operand of an instruction: a place in a region. */
struct operand {
	struct bus_region *region;
	uint64_t offset;
};

static uint64_t operand_read(void *ctx, unsigned int size)
{
	struct operand *o = ctx;

	o->region->reads++;
	return o->region->read(o->region->dev, o->offset, size);
}

static void operand_write(void *ctx, uint64_t value, unsigned int size)
{
	struct operand *o = ctx;

	o->region->writes++;
	o->region->write(o->region->dev, o->offset, value, size);
}

static void report_instruction(const struct vcpu *v, const zx_packet_guest_mem_t *mem,
			       const uint8_t *code, size_t len)
{
	char text[3 * INSN_MAX_LEN + 1] = "";
	size_t i;

	for (i = 0; i < len; i++)
		snprintf(text + 3 * i, 4, " %02x", code[i]);
	complain("vCPU %u touched device memory at %#" PRIxPTR
		 " with an instruction that zxvm does not know: rip %#" PRIx64 ", bytes%s",
		 v->id, mem->addr, mem->rip, *text ? text : " not mapped");
}

/*
 * The vCPU stands behind the instruction with its registers as they were
 * before: fetch it, do what it does, and hand the registers back.
 */
static bool handle_mem(struct vcpu *v, uint64_t key, const zx_packet_guest_mem_t *mem)
{
	struct bus_region *region = (struct bus_region *)(uintptr_t)key;
	struct operand operand = { .region = region, .offset = mem->addr - region->base };
	struct insn_memory memory = { .ctx = &operand, .read = operand_read,
				      .write = operand_write };
	uint8_t code[INSN_MAX_LEN];
	size_t len = mem->instruction_size;
	zx_vcpu_state_t state;
	struct insn insn;

	if (len > sizeof(code))
		len = sizeof(code);
	len = vm_fetch(v->vm, mem->cr3, mem->rip, code, len);
	if (mem->default_operand_size != 4 || !insn_decode(code, len, &insn)) {
		report_instruction(v, mem, code, len);
		return false;
	}
	if (zx_vcpu_read_state(v->handle, ZX_VCPU_STATE, &state, sizeof(state)) != ZX_OK)
		return false;
	pthread_mutex_lock(&v->vm->lock);
	insn_execute(&insn, &state, &memory);
	pthread_mutex_unlock(&v->vm->lock);
	return zx_vcpu_write_state(v->handle, ZX_VCPU_STATE, &state, sizeof(state)) == ZX_OK;
}

static bool handle_io(struct vcpu *v, uint64_t key, const zx_packet_guest_io_t *io)
{
	struct bus_region *region = (struct bus_region *)(uintptr_t)key;
	struct operand operand = { .region = region, .offset = io->port - region->base };
	zx_vcpu_io_t answer = { .access_size = io->access_size };
	uint32_t value = 0;

	pthread_mutex_lock(&v->vm->lock);
	if (io->input) {
		value = operand_read(&operand, io->access_size);
	} else {
		memcpy(&value, io->data, io->access_size);
		operand_write(&operand, value, io->access_size);
	}
	pthread_mutex_unlock(&v->vm->lock);
	if (!io->input)
		return true;
	memcpy(answer.data, &value, sizeof(answer.data));
	return zx_vcpu_write_state(v->handle, ZX_VCPU_IO, &answer, sizeof(answer)) == ZX_OK;
}

/* The guest's local APIC sent an interrupt, or starts another processor. */
static bool handle_vcpu(struct vcpu *v, const zx_packet_guest_vcpu_t *packet)
{
	zx_status_t status;

	if (packet->type == ZX_PKT_GUEST_VCPU_INTERRUPT) {
		v->ipis++;
		vcpu_interrupt_mask(v->vm, packet->interrupt.mask, packet->interrupt.vector);
		return true;
	}
	v->startups++;
	if (packet->startup.id >= v->vm->cpus)
		return true;	/* nobody is there */
	status = vcpu_start(v->vm, packet->startup.id, packet->startup.entry);
	if (status != ZX_OK)
		complain("vCPU %" PRIu64 " cannot be started: %s", packet->startup.id,
			 zx_status_get_string(status));
	return status == ZX_OK;
}

static bool handle_packet(struct vcpu *v, const zx_port_packet_t *packet)
{
	bool ok = false;

	if (ZX_PKT_IS_GUEST_IO(packet->type))
		ok = handle_io(v, packet->key, &packet->guest_io);
	else if (ZX_PKT_IS_GUEST_MEM(packet->type))
		ok = handle_mem(v, packet->key, &packet->guest_mem);
	else if (ZX_PKT_IS_GUEST_VCPU(packet->type))
		ok = handle_vcpu(v, &packet->guest_vcpu);
	return ok;
}

static void print_registers(struct vcpu *v)
{
	zx_vcpu_state_t s;

	if (zx_vcpu_read_state(v->handle, ZX_VCPU_STATE, &s, sizeof(s)) != ZX_OK)
		return;
#define R PRIx64
	fprintf(stderr, "  rax %016" R " rbx %016" R " rcx %016" R " rdx %016" R "\n"
			"  rsi %016" R " rdi %016" R " rbp %016" R " rsp %016" R "\n"
			"  r8  %016" R " r9  %016" R " r10 %016" R " r11 %016" R "\n"
			"  r12 %016" R " r13 %016" R " r14 %016" R " r15 %016" R "\n"
			"  rflags %" R "\n",
		s.rax, s.rbx, s.rcx, s.rdx, s.rsi, s.rdi, s.rbp, s.rsp, s.r8, s.r9, s.r10,
		s.r11, s.r12, s.r13, s.r14, s.r15, s.rflags);
#undef R
}

/* zx_vcpu_enter() failed: says what that means and ends the machine. */
static void report_status(struct vcpu *v, zx_status_t status)
{
	switch (status) {
	case ZX_ERR_NOT_SUPPORTED:
		complain("vCPU %u reset the machine by a triple fault, or did what the hypervisor does not support",
			 v->id);
		print_registers(v);
		vm_stop(v->vm, ZXVM_RESET);
		return;
	case ZX_ERR_NOT_FOUND:
		complain("vCPU %u touched a port or a guest-physical address with nothing behind it; the hypervisor does not say which",
			 v->id);
		break;
	default:
		complain("vCPU %u cannot go on: %s", v->id, zx_status_get_string(status));
		break;
	}
	print_registers(v);
	vm_stop(v->vm, ZXVM_FAILED);
}

static void run(struct vcpu *v)
{
	zx_port_packet_t packet;
	zx_status_t status;

	while (!vm_stopping(v->vm)) {
		v->enters++;
		status = zx_vcpu_enter(v->handle, &packet);
		if (status == ZX_ERR_CANCELED) {
			v->cancels++;	/* kicked: see whether the machine stops */
			continue;
		}
		if (status != ZX_OK) {
			report_status(v, status);
			return;
		}
		if (!handle_packet(v, &packet)) {
			print_registers(v);
			vm_stop(v->vm, ZXVM_FAILED);
		}
	}
}

static void *vcpu_thread(void *arg)
{
	struct vcpu *v = arg;
	struct vm *vm = v->vm;
	zx_vcpu_state_t state = { .rsi = vm->boot_params };
	zx_handle_t handle = ZX_HANDLE_INVALID;
	zx_status_t status;

	status = zx_vcpu_create(vm->guest, 0, v->entry, &handle);
	/* The others start in real mode, with no boot parameters to point at. */
	if (status == ZX_OK && v->id == 0)
		status = zx_vcpu_write_state(handle, ZX_VCPU_STATE, &state, sizeof(state));

	pthread_mutex_lock(&vm->vcpu_lock);
	v->handle = handle;
	v->status = status;
	v->ready = true;
	pthread_cond_broadcast(&vm->vcpu_ready);
	pthread_mutex_unlock(&vm->vcpu_lock);
	if (status == ZX_OK)
		run(v);
	return NULL;
}

/**
 * vcpu_start() - start a vCPU, or do nothing if it runs already
 * @vm: the machine
 * @id: its local APIC's id: the hypervisor gives these out in order, and waiting
 *	for the creation keeps the order that the guest wanted
 * @entry: guest-physical address of its first instruction
 *
 * Return: what zx_vcpu_create() returned, or ZX_ERR_NO_RESOURCES without a thread.
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

/* Interrupts every vCPU whose bit is set; the ids of absent ones are skipped. */
void vcpu_interrupt_mask(struct vm *vm, uint64_t mask, uint8_t vector)
{
	unsigned int i;

	pthread_mutex_lock(&vm->vcpu_lock);
	for (i = 0; i < vm->cpus; i++) {
		if ((mask >> i & 1) && vm->vcpu[i].handle != ZX_HANDLE_INVALID)
			zx_vcpu_interrupt(vm->vcpu[i].handle, vector);
	}
	pthread_mutex_unlock(&vm->vcpu_lock);
}

/*
 * Gets every vCPU out of the guest, waits for the threads and closes the
 * handles. A kick is not lost when its vCPU is not in the guest: the next
 * enter returns at once. A vCPU that is just being made sees the stop itself.
 */
void vcpu_stop_all(struct vm *vm)
{
	unsigned int i;
	bool started;

	for (i = 0; i < vm->cpus; i++) {
		pthread_mutex_lock(&vm->vcpu_lock);
		started = vm->vcpu[i].started;
		vm->vcpu[i].started = false;
		if (vm->vcpu[i].handle != ZX_HANDLE_INVALID)
			zx_vcpu_kick(vm->vcpu[i].handle);
		pthread_mutex_unlock(&vm->vcpu_lock);
		if (started)
			pthread_join(vm->vcpu[i].thread, NULL);
	}
	for (i = 0; i < vm->cpus; i++) {
		zx_handle_close(vm->vcpu[i].handle);
		vm->vcpu[i].handle = ZX_HANDLE_INVALID;
	}
}
