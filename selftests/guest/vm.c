// SPDX-License-Identifier: MIT
/*
 * A small VMM for tests. See vm.h.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zx_hyp/zx_hyp.h>

#include "guest/vm.h"
#include "zxtest.h"

_Static_assert(offsetof(struct mailbox, irqs) == MAIL_IRQS, "layout.h");
_Static_assert(offsetof(struct mailbox, value) == MAIL_VALUE, "layout.h");
_Static_assert(offsetof(struct mailbox, irq_log) == MAIL_IRQ_LOG, "layout.h");

GUEST_BLOB(stubs);

#define PAGE_SIZE	4096ull
#define PTE_TABLE	0x7ull		/* present, writable, user */
#define PTE_LARGE	0x87ull

void poison(void *p, size_t len)
{
	memset(p, POISON, len);
}

bool poisoned(const void *p, size_t len)
{
	const uint8_t *b = p;

	while (len--)
		if (*b++ != POISON)
			return false;
	return true;
}

static zx_handle_t resource_get(uint32_t kind)
{
	zx_handle_t handle;

	ASSERT_OK(zx_hyp_resource_get(kind, &handle));
	return handle;
}

zx_handle_t hypervisor_resource(void)
{
	return resource_get(ZX_HYP_RESOURCE_HYPERVISOR);
}

zx_handle_t vmex_resource(void)
{
	return resource_get(ZX_HYP_RESOURCE_VMEX);
}

zx_handle_t executable_vmo(uint64_t size)
{
	zx_handle_t vmo, vmex = vmex_resource(), out;

	ASSERT_OK(zx_vmo_create(size, 0, &vmo));
	ASSERT_OK(zx_vmo_replace_as_executable(vmo, vmex, &out));
	ASSERT_OK(zx_handle_close(vmex));
	return out;
}

void *map_self(zx_handle_t vmo, uint64_t vmo_size)
{
	zx_vaddr_t addr;

	ASSERT_OK(zx_vmar_map(zx_vmar_root_self(), RW, 0, vmo, 0, vmo_size,
			      &addr));
	ASSERT_NE(0, addr);
	return (void *)addr;
}

void guest_create(zx_handle_t *guest, zx_handle_t *vmar)
{
	zx_handle_t resource = hypervisor_resource();

	ASSERT_OK(zx_guest_create(resource, 0, guest, vmar));
	ASSERT_OK(zx_handle_close(resource));
}

void guest_page_tables(uint8_t *mem)
{
	uint64_t *pml4 = (uint64_t *)(mem + GUEST_PML4);
	uint64_t *copy = (uint64_t *)(mem + GUEST_PML4_COPY);
	uint64_t *pdpt = (uint64_t *)(mem + GUEST_PDPT);
	uint64_t *pd = (uint64_t *)(mem + GUEST_PD);

	pml4[0] = GUEST_PDPT | PTE_TABLE;
	copy[0] = GUEST_PDPT | PTE_TABLE;
	for (uint64_t i = 0; i < 4; i++)
		pdpt[i] = (GUEST_PD + i * PAGE_SIZE) | PTE_TABLE;
	for (uint64_t i = 0; i < 4 * 512; i++)
		pd[i] = (i << 21) | PTE_LARGE;
}

/* A descriptor-table register's image: limit and base. */
static void put_dtr(uint8_t *at, uint16_t limit, uint64_t base)
{
	memcpy(at, &limit, sizeof(limit));
	memcpy(at + sizeof(limit), &base, sizeof(base));
}

static void build_descriptor_tables(uint8_t *mem)
{
	uint64_t *gdt = (uint64_t *)(mem + GUEST_GDT);
	uint32_t *idt = (uint32_t *)(mem + GUEST_IDT);

	gdt[GUEST_CS / 8] = 0x00af9b000000ffffull;	/* 64-bit code */
	gdt[GUEST_DS / 8] = 0x00cf93000000ffffull;	/* data */
	put_dtr(mem + GUEST_GDTR, 3 * 8 - 1, GUEST_GDT);

	for (uint32_t v = 0; v < 256; v++) {
		uint32_t stub = GUEST_STUBS + v * 16;

		/* A present 64-bit interrupt gate: IF is cleared. */
		idt[v * 4] = GUEST_CS << 16 | (stub & 0xffff);
		idt[v * 4 + 1] = (stub & 0xffff0000) | 0x8e00;
	}
	put_dtr(mem + GUEST_IDTR, 4096 - 1, GUEST_IDT);
}

void vm_create(struct vm *vm)
{
	zx_vaddr_t gpa;

	memset(vm, 0, sizeof(*vm));
	vm->resource = hypervisor_resource();
	ASSERT_OK(zx_guest_create(vm->resource, 0, &vm->guest, &vm->vmar));
	vm->vmo = executable_vmo(GUEST_RAM_SIZE);
	poison(&gpa, sizeof(gpa));
	ASSERT_OK(zx_vmar_map(vm->vmar, RWX | ZX_VM_SPECIFIC, 0, vm->vmo, 0,
			      GUEST_RAM_SIZE, &gpa));
	ASSERT_EQ(0ull, gpa);
	vm->mem = map_self(vm->vmo, GUEST_RAM_SIZE);
	vm->mail = (volatile struct mailbox *)(vm->mem + GUEST_MAIL);
	guest_page_tables(vm->mem);
	build_descriptor_tables(vm->mem);
	VM_LOAD(vm, GUEST_STUBS, stubs);
	ASSERT_OK(zx_guest_set_trap(vm->guest, ZX_GUEST_TRAP_IO, PORT_REPORT, 4,
				    ZX_HANDLE_INVALID, KEY_REPORT));
}

void vm_load(struct vm *vm, uint64_t gpa, const uint8_t *code,
	     const uint8_t *end)
{
	ASSERT_LE((uint64_t)(end - code), GUEST_RAM_SIZE - gpa);
	memcpy(vm->mem + gpa, code, end - code);
}

void vm_vcpu(struct vm *vm)
{
	ASSERT_OK(zx_vcpu_create(vm->guest, 0, GUEST_CODE, &vm->vcpu));
}

void vm_destroy(struct vm *vm)
{
	EXPECT_OK(zx_handle_close(vm->vcpu));
	EXPECT_OK(zx_vmar_unmap(zx_vmar_root_self(), (zx_vaddr_t)vm->mem,
				GUEST_RAM_SIZE));
	EXPECT_OK(zx_handle_close(vm->vmar));
	EXPECT_OK(zx_handle_close(vm->guest));
	EXPECT_OK(zx_handle_close(vm->vmo));
	EXPECT_OK(zx_handle_close(vm->resource));
}

zx_status_t vm_enter(struct vm *vm, zx_port_packet_t *packet)
{
	poison(packet, sizeof(*packet));
	return zx_vcpu_enter(vm->vcpu, packet);
}

/* What enter brought, in one line. */
static void log_packet(const char *file, int line, zx_status_t status,
		       const zx_port_packet_t *p)
{
	if (status != ZX_OK)
		TH_LOG("%s:%d: enter gave status %d", file, line, status);
	else if (p->type == ZX_PKT_TYPE_GUEST_IO)
		TH_LOG("%s:%d: enter gave IO packet: key %#llx port %#x size %u input %u data %#x",
		       file, line, (unsigned long long)p->key, p->guest_io.port,
		       p->guest_io.access_size, p->guest_io.input,
		       p->guest_io.u32);
	else if (p->type == ZX_PKT_TYPE_GUEST_MEM)
		TH_LOG("%s:%d: enter gave MEM packet: key %#llx addr %#llx rip %#llx size %u",
		       file, line, (unsigned long long)p->key,
		       (unsigned long long)p->guest_mem.addr,
		       (unsigned long long)p->guest_mem.rip,
		       p->guest_mem.instruction_size);
	else
		TH_LOG("%s:%d: enter gave a packet of type %u, key %#llx", file,
		       line, p->type, (unsigned long long)p->key);
}

void vm_expect_report_at(const char *file, int line, zx_handle_t vcpu,
			 uint32_t value)
{
	zx_port_packet_t packet;
	zx_status_t status;

	poison(&packet, sizeof(packet));
	status = zx_vcpu_enter(vcpu, &packet);
	if (status == ZX_OK && packet.type == ZX_PKT_TYPE_GUEST_IO &&
	    packet.key == KEY_REPORT && packet.status == ZX_OK &&
	    packet.guest_io.port == PORT_REPORT && !packet.guest_io.input &&
	    packet.guest_io.access_size == 4 && packet.guest_io.u32 == value)
		return;
	zxtest_fail();
	TH_LOG("%s:%d: expected the guest to report %#x", file, line, value);
	log_packet(file, line, status, &packet);
	zxtest_abort();
}

void vm_expect_status_at(const char *file, int line, zx_handle_t vcpu,
			 zx_status_t status)
{
	zx_port_packet_t packet;
	zx_status_t seen;

	poison(&packet, sizeof(packet));
	seen = zx_vcpu_enter(vcpu, &packet);
	if (!zxtest_status(file, line, "zx_vcpu_enter", status, seen)) {
		log_packet(file, line, seen, &packet);
		zxtest_abort();
	}
	if (!poisoned(&packet, sizeof(packet))) {
		zxtest_fail();
		TH_LOG("%s:%d: a failing enter wrote the packet", file, line);
	}
}

void vcpu_read(zx_handle_t vcpu, zx_vcpu_state_t *state)
{
	poison(state, sizeof(*state));
	ASSERT_OK(zx_vcpu_read_state(vcpu, ZX_VCPU_STATE, state,
				     sizeof(*state)));
}

void vcpu_write(zx_handle_t vcpu, const zx_vcpu_state_t *state)
{
	ASSERT_OK(zx_vcpu_write_state(vcpu, ZX_VCPU_STATE, state,
				      sizeof(*state)));
}

void thread_start(pthread_t *thread, void *(*fn)(void *), void *arg)
{
	ASSERT_EQ(0, pthread_create(thread, NULL, fn, arg));
}

void thread_join(pthread_t thread)
{
	ASSERT_EQ(0, pthread_join(thread, NULL));
}

void *in_thread(void *(*fn)(void *), void *arg)
{
	pthread_t thread;
	void *ret;

	thread_start(&thread, fn, arg);
	ASSERT_EQ(0, pthread_join(thread, &ret));
	return ret;
}

int thread_id(void)
{
	return syscall(SYS_gettid);
}
