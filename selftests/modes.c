// SPDX-License-Identifier: MIT
/*
 * Accesses in other modes than flat 64-bit code: MEM traps by the length of an
 * instruction that lies behind segments and all forms of paging, IN and INS.
 */
#include <string.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include "guest/modes.h"
#include "guest/vm.h"
#include "zxtest.h"

GUEST_BLOB(ins_only);
GUEST_BLOB(out_only);
GUEST_BLOB(in_only);
GUEST_BLOB(real_in);
GUEST_BLOB(real_ins);
GUEST_BLOB(modes);
GUEST_BLOB(tasks);

#define PAGE	4096ull

static void set_io(struct vm *vm)
{
	ASSERT_OK(zx_guest_set_trap(vm->guest, ZX_GUEST_TRAP_IO, PORT_DATA, 1,
				    ZX_HANDLE_INVALID, KEY_IO));
}

/* ---- IN and INS ------------------------------------------------------- */

/* KVM tells them apart by what it did before: here it has done nothing. */
TEST(the_first_ins_of_a_guest_is_not_supported)
{
	struct vm vm;

	vm_start(&vm, ins_only);
	set_io(&vm);
	vm_expect_status(&vm, ZX_ERR_NOT_SUPPORTED);
	vm_expect_status(&vm, ZX_ERR_NOT_SUPPORTED);
	EXPECT_EQ(0ull, vm.mail->progress);
	vm_destroy(&vm);
}

/* A new vCPU with other code, the guest being the same. */
static void next_code(struct vm *vm, const uint8_t *code, const uint8_t *end)
{
	EXPECT_OK(zx_handle_close(vm->vcpu));
	vm_load(vm, GUEST_CODE, code, end);
	vm_vcpu(vm);
}

static void expect_in(zx_handle_t vcpu, uint8_t answer)
{
	zx_vcpu_io_t io = { .access_size = 1, .u8 = answer };
	zx_port_packet_t packet;

	poison(&packet, sizeof(packet));
	ASSERT_OK(zx_vcpu_enter(vcpu, &packet));
	EXPECT_EQ(ZX_PKT_TYPE_GUEST_IO, packet.type);
	EXPECT_EQ(KEY_IO, packet.key);
	EXPECT_EQ(1, packet.guest_io.input);
	EXPECT_EQ(1, packet.guest_io.access_size);
	ASSERT_OK(zx_vcpu_write_state(vcpu, ZX_VCPU_IO, &io, sizeof(io)));
	vcpu_expect_report(vcpu, answer);
}

TEST(an_ins_before_it_does_not_hide_a_plain_in)
{
	struct vm vm;

	vm_start(&vm, ins_only);
	set_io(&vm);
	vm_expect_status(&vm, ZX_ERR_NOT_SUPPORTED);
	next_code(&vm, guest_in_only, guest_in_only_end);
	expect_in(vm.vcpu, 0x5a);
	next_code(&vm, guest_ins_only, guest_ins_only_end);
	vm_expect_status(&vm, ZX_ERR_NOT_SUPPORTED);
	vm_destroy(&vm);
}

TEST(an_ins_in_the_place_of_an_out_is_not_supported)
{
	zx_port_packet_t packet;
	struct vm vm;

	vm_start(&vm, out_only);
	set_io(&vm);
	ASSERT_OK(vm_enter(&vm, &packet));
	EXPECT_EQ(0, packet.guest_io.input);
	next_code(&vm, guest_ins_only, guest_ins_only_end);
	vm_expect_status(&vm, ZX_ERR_NOT_SUPPORTED);
	next_code(&vm, guest_in_only, guest_in_only_end);
	expect_in(vm.vcpu, 0x5a);
	vm_destroy(&vm);
}

static void *run_real_in(void *arg)
{
	struct vm *vm = arg;
	zx_handle_t ap;

	ASSERT_OK(zx_vcpu_create(vm->guest, 0, GUEST_AP_CODE, &ap));
	expect_in(ap, 0xc3);
	vcpu_expect_status(ap, ZX_ERR_NOT_SUPPORTED);
	EXPECT_OK(zx_handle_close(ap));
	return NULL;
}

static void *run_real_ins(void *arg)
{
	struct vm *vm = arg;
	zx_handle_t ap;

	ASSERT_OK(zx_vcpu_create(vm->guest, 0, GUEST_AP_CODE, &ap));
	vcpu_expect_status(ap, ZX_ERR_NOT_SUPPORTED);
	EXPECT_OK(zx_handle_close(ap));
	return NULL;
}

/* Before any IN of the guest in flat code. */
TEST(in_works_in_real_mode_and_ins_is_not_supported)
{
	struct vm vm;

	vm_start(&vm, in_only);
	set_io(&vm);
	VM_LOAD(&vm, GUEST_AP_CODE, real_in);
	in_thread(run_real_in, &vm);
	vm_destroy(&vm);
}

TEST(the_first_ins_of_a_guest_in_real_mode_is_not_supported)
{
	struct vm vm;

	vm_start(&vm, in_only);
	set_io(&vm);
	VM_LOAD(&vm, GUEST_AP_CODE, real_ins);
	in_thread(run_real_ins, &vm);
	vm_destroy(&vm);
}

/* ---- MEM traps -------------------------------------------------------- */

#define STEP(n, ...) { #n, guest_modes_##n, __VA_ARGS__ }
#define LABEL(n) extern const uint8_t guest_modes_##n[]

LABEL(real_moffs); LABEL(real_disp8); LABEL(real_write); LABEL(real_addr32);
LABEL(flat32); LABEL(flat32_word); LABEL(flat32_write); LABEL(pse);
LABEL(two_levels); LABEL(pae); LABEL(compat); LABEL(compat16); LABEL(long64);

/* The accesses of the guest code, in order. */
static const struct step {
	const char *name;
	const uint8_t *label;
	uint64_t addr, cr3;
	uint8_t size, operand_size;
	uint64_t base;			/* of RIP */
} steps[] = {
	STEP(real_moffs, MODES_LOW + 0x10, 0, 4, 2),
	STEP(real_disp8, MODES_LOW + 0x20, 0, 3, 2),
	STEP(real_write, MODES_LOW + 0x30, 0, 6, 2),
	STEP(real_addr32, MODES_LOW + 0x40, 0, 4, 2),
	STEP(flat32, GUEST_MMIO, 0, 2, 4),
	STEP(flat32_word, GUEST_MMIO + 8, 0, 4, 4),
	STEP(flat32_write, GUEST_MMIO + 0x10, 0, 10, 4),
	STEP(pse, GUEST_MMIO, MODES_PD32, 2, 4),
	STEP(two_levels, GUEST_MMIO, MODES_PD32_TABLE, 2, 4),
	STEP(pae, GUEST_MMIO, MODES_PDPT32, 2, 4),
	STEP(compat, GUEST_MMIO, GUEST_PML4, 2, 4),
	STEP(compat16, GUEST_MMIO, GUEST_PML4, 4, 2),
	STEP(long64, GUEST_MMIO, GUEST_PML4, 3, 4, GUEST_AP_CODE),
};

static void build_tables(uint8_t *mem)
{
	uint32_t *pd32 = (uint32_t *)(mem + MODES_PD32);
	uint32_t *table32 = (uint32_t *)(mem + MODES_TABLE32);
	uint64_t *pd64 = (uint64_t *)(mem + MODES_PD64);

	for (uint32_t i = 0; i < 1024; i++) {
		pd32[i] = i << 22 | 0x87;
		table32[i] = i << 12 | 7;
	}
	table32[GUEST_AP_CODE >> 12] = MODES_CODE_COPY | 7;
	*(uint32_t *)(mem + MODES_PD32_TABLE) = MODES_TABLE32 | 7;
	*(uint64_t *)(mem + MODES_PDPT32) = MODES_PD64 | 1;
	for (uint64_t i = 0; i < 512; i++)
		pd64[i] = i << 21 | 0x87;
}

static void expect_step(zx_handle_t vcpu, const struct step *s)
{
	zx_port_packet_t packet, want;

	zxtest_row("%s", s->name);
	memset(&want, 0, sizeof(want));
	want.key = KEY_MEM;
	want.type = ZX_PKT_TYPE_GUEST_MEM;
	want.guest_mem.addr = s->addr;
	want.guest_mem.cr3 = s->cr3;
	want.guest_mem.rip = s->base + (s->label - guest_modes);
	want.guest_mem.instruction_size = s->size;
	want.guest_mem.default_operand_size = s->operand_size;
	poison(&packet, sizeof(packet));
	ASSERT_OK(zx_vcpu_enter(vcpu, &packet));
	EXPECT_EQ(want.type, packet.type);
	EXPECT_EQ(want.guest_mem.addr, packet.guest_mem.addr);
	EXPECT_EQ(want.guest_mem.rip, packet.guest_mem.rip);
	EXPECT_EQ(s->size, packet.guest_mem.instruction_size);
	EXPECT_EQ(s->operand_size, packet.guest_mem.default_operand_size);
	EXPECT_BYTES(&want, &packet, sizeof(want));
}

static void *run_modes(void *arg)
{
	struct vm *vm = arg;
	zx_handle_t ap;

	ASSERT_OK(zx_vcpu_create(vm->guest, 0, GUEST_AP_CODE, &ap));
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		expect_step(ap, &steps[i]);
	zxtest_row_end();
	vcpu_expect_report(ap, REPORT_DONE);
	EXPECT_OK(zx_handle_close(ap));
	return NULL;
}

TEST(a_mem_trap_tells_size_and_operand_size_in_every_mode)
{
	size_t two_levels = guest_modes_two_levels - guest_modes;
	struct vm vm;

	vm_start(&vm, in_only);
	build_tables(vm.mem);
	VM_LOAD(&vm, MODES_CODE_COPY, modes);
	VM_LOAD(&vm, GUEST_AP_CODE, modes);
	/* Executed is the copy; where it is not, this is 6 bytes long. */
	vm.mem[GUEST_AP_CODE + two_levels + 1] = 0x83;
	ASSERT_OK(zx_guest_set_trap(vm.guest, ZX_GUEST_TRAP_MEM, GUEST_MMIO,
				    PAGE, ZX_HANDLE_INVALID, KEY_MEM));
	ASSERT_OK(zx_guest_set_trap(vm.guest, ZX_GUEST_TRAP_MEM, MODES_LOW,
				    PAGE, ZX_HANDLE_INVALID, KEY_MEM));
	in_thread(run_modes, &vm);
	vm_destroy(&vm);
}

/* ---- task switches ------------------------------------------------------- */

extern const uint8_t guest_modes_new_task[];

static void *run_task_switch(void *arg)
{
	struct vm *vm = arg;
	zx_handle_t ap;

	ASSERT_OK(zx_vcpu_create(vm->guest, 0, GUEST_AP_CODE, &ap));
	/* The new task's registers come from its segment; then it goes back. */
	vcpu_expect_report(ap, 0x7a51);
	vcpu_expect_report(ap, 1);
	vcpu_expect_report(ap, REPORT_DONE);
	EXPECT_OK(zx_handle_close(ap));
	return NULL;
}

/* Zircon ends enter with NOT_SUPPORTED; KVM does it: README. */
TEST(a_task_switch_is_carried_out)
{
	uint32_t *tss;
	struct vm vm;

	vm_start(&vm, in_only);
	VM_LOAD(&vm, GUEST_AP_CODE, tasks);
	tss = (uint32_t *)(vm.mem + MODES_TSS + 0x100);
	tss[8] = GUEST_AP_CODE + (guest_modes_new_task - guest_tasks);
	tss[9] = 2;				/* EFLAGS */
	tss[10] = 0x7a51;			/* EAX */
	for (int seg = 18; seg < 24; seg++)	/* ES CS SS DS FS GS */
		tss[seg] = seg == 19 ? SEL_CODE32 : SEL_DATA;
	in_thread(run_task_switch, &vm);
	vm_destroy(&vm);
}

TEST_HARNESS_MAIN
