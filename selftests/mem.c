// SPDX-License-Identifier: MIT
/*
 * MEM traps: where an access hits one, what the packet says, and what the VMM
 * makes of it. memforms.c has the forms of access.
 */
#include <string.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include "guest/vm.h"
#include "zxtest.h"

#define PAGE	4096ull
#define MMIO	((uint64_t)GUEST_MMIO)
#define FORM_RAX	0xf0e1d2c3b4a59687ull

struct form {
	const char *name;
	const uint8_t *code, *next, *end;
};

#define BLOB(name) GUEST_BLOB(name); extern const uint8_t guest_##name##_next[]
#define FORM(n) { #n, guest_##n, guest_##n##_next, guest_##n##_end }

BLOB(w8); BLOB(w64); BLOB(r8); BLOB(r32); BLOB(r64);
GUEST_BLOB(readadd);
GUEST_BLOB(othercr3);
extern const uint8_t guest_othercr3_read[];
GUEST_BLOB(readloop);
GUEST_BLOB(poll);

/* The VM serves many forms: the vCPU is new for each, the guest is not. */
struct rig {
	struct vm vm;
	zx_vcpu_state_t before;
};

static void set_mem(struct vm *vm, uint64_t gpa, uint64_t len, uint64_t key)
{
	ASSERT_OK(zx_guest_set_trap(vm->guest, ZX_GUEST_TRAP_MEM, gpa, len, 0,
				    key));
}

static void rig_create(struct rig *rig)
{
	vm_create(&rig->vm);
	set_mem(&rig->vm, MMIO, 2 * PAGE, KEY_MEM);
}

/* Puts a form at the entry of a new vCPU, a number into each register. */
static void rig_load(struct rig *rig, const uint8_t *code, const uint8_t *end,
		     uint64_t rbx)
{
	uint64_t *reg = (uint64_t *)&rig->before;

	ASSERT_OK(zx_handle_close(rig->vm.vcpu));
	vm_load(&rig->vm, GUEST_CODE, code, end);
	vm_vcpu(&rig->vm);
	for (int i = 0; i < 16; i++)
		reg[i] = FORM_RAX + i * 0x1010101;
	rig->before.rbx = rbx;
	rig->before.rsi = rbx;
	rig->before.rdi = rbx;
	rig->before.rsp = GUEST_STACK - 64;
	rig->before.rflags = 2;
	vcpu_write(rig->vm.vcpu, &rig->before);
	vcpu_read(rig->vm.vcpu, &rig->before);
}

static void expect_packet(const zx_port_packet_t *packet, uint64_t key,
			  uint64_t addr, uint64_t cr3, uint64_t rip,
			  uint8_t size)
{
	zx_port_packet_t want;

	memset(&want, 0, sizeof(want));
	want.key = key;
	want.type = ZX_PKT_TYPE_GUEST_MEM;
	want.guest_mem.addr = addr;
	want.guest_mem.cr3 = cr3;
	want.guest_mem.rip = rip;
	want.guest_mem.instruction_size = size;
	want.guest_mem.default_operand_size = 4;
	EXPECT_EQ(ZX_PKT_TYPE_GUEST_MEM, packet->type);
	EXPECT_EQ(key, packet->key);
	EXPECT_EQ(addr, packet->guest_mem.addr);
	EXPECT_EQ(cr3, packet->guest_mem.cr3);
	EXPECT_EQ(rip, packet->guest_mem.rip);
	EXPECT_EQ(size, packet->guest_mem.instruction_size);
	EXPECT_EQ(4, packet->guest_mem.default_operand_size);
	EXPECT_BYTES(&want, packet, sizeof(want));
}

/*
 * One form, one packet: then the registers are as before, the next enter
 * executes what follows the instruction, and still no register has changed.
 */
static void run_form(struct rig *rig, const struct form *f, uint64_t rbx,
		     uint64_t addr)
{
	zx_port_packet_t packet;
	zx_vcpu_state_t after;

	zxtest_row("%s at %#llx", f->name, (unsigned long long)rbx);
	rig_load(rig, f->code, f->end, rbx);
	ASSERT_OK(vm_enter(&rig->vm, &packet));
	expect_packet(&packet, KEY_MEM, addr, 0, GUEST_CODE,
		      f->next - f->code);
	vcpu_read(rig->vm.vcpu, &after);
	EXPECT_BYTES(&rig->before, &after, sizeof(after));
	vm_expect_done(&rig->vm);
	vcpu_read(rig->vm.vcpu, &after);
	rig->before.rax = REPORT_DONE;
	EXPECT_BYTES(&rig->before, &after, sizeof(after));
	zxtest_row_end();
}

TEST_TIMEOUT(the_address_is_exact_inside_the_page, 120)
{
	static const struct form forms[] = { FORM(r8), FORM(w8) };
	static const uint64_t offset[] = {
		0x1, 0x4, 0x7f3, 0xfff, 0x1000, 0x1abc, 0x1fff,
	};
	struct rig rig = { 0 };

	rig_create(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(offset); i++)
		for (size_t f = 0; f < ARRAY_SIZE(forms); f++)
			run_form(&rig, &forms[f], MMIO + offset[i],
				 MMIO + offset[i]);
	vm_destroy(&rig.vm);
}

/* The first byte is the trap's, the last is where nothing was ever mapped. */
TEST(an_access_that_leaves_the_trap_is_one_packet)
{
	static const struct form forms[] = { FORM(w64), FORM(r64) };
	struct rig rig = { 0 };

	rig_create(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		run_form(&rig, &forms[i], MMIO + 2 * PAGE - 4,
			 MMIO + 2 * PAGE - 4);
	vm_destroy(&rig.vm);
}

/* The first byte is RAM, the last is the trap's: told is where it faults. */
TEST(an_access_that_enters_the_trap_from_ram_is_one_packet)
{
	static const struct form forms[] = { FORM(w64), FORM(r64) };
	struct rig rig = { 0 };
	zx_handle_t vmo;
	zx_vaddr_t addr;

	rig_create(&rig);
	ASSERT_OK(zx_vmo_create(PAGE, 0, &vmo));
	ASSERT_OK(zx_vmar_map(rig.vm.vmar, RW | ZX_VM_SPECIFIC, MMIO - PAGE,
			      vmo, 0, PAGE, &addr));
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		run_form(&rig, &forms[i], MMIO - 4, MMIO);
	vm_destroy(&rig.vm);
}

/* Unlike the CPU, KVM writes to RAM before it looks at what lies behind it. */
TEST(a_write_across_a_border_reaches_the_ram_beside_the_trap)
{
	static const struct form write = FORM(w64);
	struct rig rig = { 0 };
	uint64_t hole = 0x100000, value = FORM_RAX;

	rig_create(&rig);
	set_mem(&rig.vm, hole, PAGE, KEY_MEM);
	poison(rig.vm.mem + hole - PAGE, 3 * PAGE);
	run_form(&rig, &write, hole - 3, hole);
	EXPECT_BYTES(&value, rig.vm.mem + hole - 3, 3);
	run_form(&rig, &write, hole + PAGE - 3, hole + PAGE - 3);
	EXPECT_BYTES((uint8_t *)&value + 3, rig.vm.mem + hole + PAGE, 5);
	EXPECT_TRUE(poisoned(rig.vm.mem + hole, PAGE));
	vm_destroy(&rig.vm);
}

TEST(a_read_takes_what_the_vmm_writes_to_its_register)
{
	zx_port_packet_t packet;
	struct rig rig = { 0 };

	rig_create(&rig);
	rig_load(&rig, guest_readadd, guest_readadd_end, MMIO);
	ASSERT_OK(vm_enter(&rig.vm, &packet));
	expect_packet(&packet, KEY_MEM, MMIO, 0, GUEST_CODE, 2);
	rig.before.rax = 0x41424344;
	vcpu_write(rig.vm.vcpu, &rig.before);
	vm_expect_report(&rig.vm, 0x41424345);
	ASSERT_OK(vm_enter(&rig.vm, &packet));
	EXPECT_EQ(MMIO + 8, packet.guest_mem.addr);
	vcpu_read(rig.vm.vcpu, &rig.before);
	EXPECT_EQ(0x41424345ull, rig.before.rax);
	vm_expect_done(&rig.vm);
	vm_destroy(&rig.vm);
}

TEST(flags_that_the_vmm_writes_decide_the_next_branch)
{
	zx_port_packet_t packet;
	struct rig rig = { 0 };

	rig_create(&rig);
	rig_load(&rig, guest_poll, guest_poll_end, MMIO);
	for (int i = 0; i < 5; i++) {
		ASSERT_OK(vm_enter(&rig.vm, &packet));
		expect_packet(&packet, KEY_MEM, MMIO, 0, GUEST_CODE, 6);
		rig.before.rflags = 2 | 0x40;		/* ZF: poll again */
		vcpu_write(rig.vm.vcpu, &rig.before);
	}
	ASSERT_OK(vm_enter(&rig.vm, &packet));
	rig.before.rflags = 2;
	vcpu_write(rig.vm.vcpu, &rig.before);
	vm_expect_done(&rig.vm);
	vm_destroy(&rig.vm);
}

TEST(the_packet_carries_the_guests_cr3)
{
	zx_port_packet_t packet;
	struct rig rig = { 0 };

	rig_create(&rig);
	rig_load(&rig, guest_othercr3, guest_othercr3_end, MMIO);
	ASSERT_OK(vm_enter(&rig.vm, &packet));
	expect_packet(&packet, KEY_MEM, MMIO, GUEST_PML4_COPY,
		      GUEST_CODE + (guest_othercr3_read - guest_othercr3), 2);
	vm_destroy(&rig.vm);
}

TEST(the_packet_carries_the_key_of_its_trap)
{
	static const uint64_t keys[] = { 0, 1, UINT64_MAX };
	zx_port_packet_t packet;
	struct rig rig = { 0 };

	rig_create(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		set_mem(&rig.vm, MMIO + (2 + i) * PAGE, PAGE, keys[i]);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		rig_load(&rig, guest_r32, guest_r32_end,
			 MMIO + (2 + i) * PAGE);
		ASSERT_OK(vm_enter(&rig.vm, &packet));
		EXPECT_EQ(keys[i], packet.key);
		EXPECT_EQ(MMIO + (2 + i) * PAGE, packet.guest_mem.addr);
	}
	vm_destroy(&rig.vm);
}

TEST(a_trap_in_the_middle_of_ram_is_a_hole_in_it)
{
	zx_port_packet_t packet;
	struct rig rig = { 0 };
	uint64_t hole = 0x100000;

	rig_create(&rig);
	*(uint64_t *)(rig.vm.mem + hole) = 0x1234;
	set_mem(&rig.vm, hole, PAGE, KEY_MEM);
	rig_load(&rig, guest_r64, guest_r64_end, hole + 8);
	ASSERT_OK(vm_enter(&rig.vm, &packet));
	expect_packet(&packet, KEY_MEM, hole + 8, 0, GUEST_CODE, 3);
	/* The host's view and the pages around are as they were. */
	EXPECT_EQ(0x1234ull, *(uint64_t *)(rig.vm.mem + hole));
	*(uint64_t *)(rig.vm.mem + hole - 8) = 0x5678;
	rig_load(&rig, guest_r64, guest_r64_end, hole - 8);
	vm_expect_done(&rig.vm);
	rig_load(&rig, guest_r64, guest_r64_end, hole + PAGE);
	vm_expect_done(&rig.vm);
	vm_destroy(&rig.vm);
}

TEST(a_trap_set_after_the_page_was_used_takes_the_next_access)
{
	zx_port_packet_t packet;
	struct rig rig = { 0 };
	uint64_t page = 0x140000;

	rig_create(&rig);
	rig_load(&rig, guest_r64, guest_r64_end, page);
	vm_expect_done(&rig.vm);
	set_mem(&rig.vm, page, PAGE, 0x77);
	rig_load(&rig, guest_r64, guest_r64_end, page);
	ASSERT_OK(vm_enter(&rig.vm, &packet));
	EXPECT_EQ(0x77ull, packet.key);
	EXPECT_EQ(page, packet.guest_mem.addr);
	vm_destroy(&rig.vm);
}

TEST(many_accesses_come_in_order_and_none_is_lost)
{
	zx_port_packet_t packet;
	zx_vcpu_state_t state;
	struct rig rig = { 0 };

	rig_create(&rig);
	rig_load(&rig, guest_readloop, guest_readloop_end, MMIO);
	rig.before.rcx = 0;
	vcpu_write(rig.vm.vcpu, &rig.before);
	for (uint64_t i = 0; i < 1000; i++) {
		ASSERT_OK(vm_enter(&rig.vm, &packet));
		ASSERT_EQ(MMIO, packet.guest_mem.addr);
		vcpu_read(rig.vm.vcpu, &state);
		ASSERT_EQ(i, state.rcx);
		state.rax = i * 3;
		vcpu_write(rig.vm.vcpu, &state);
		ASSERT_OK(vm_enter(&rig.vm, &packet));
		ASSERT_EQ(MMIO + 4, packet.guest_mem.addr);
		vcpu_read(rig.vm.vcpu, &state);
		ASSERT_EQ(i * 3, state.rax);
	}
	vm_destroy(&rig.vm);
}

TEST(a_kick_after_a_packet_loses_nothing)
{
	zx_port_packet_t packet;
	struct rig rig = { 0 };

	rig_create(&rig);
	rig_load(&rig, guest_readadd, guest_readadd_end, MMIO);
	ASSERT_OK(vm_enter(&rig.vm, &packet));
	ASSERT_OK(zx_vcpu_kick(rig.vm.vcpu));
	vm_expect_status(&rig.vm, ZX_ERR_CANCELED);
	rig.before.rax = 9;
	vcpu_write(rig.vm.vcpu, &rig.before);
	vm_expect_report(&rig.vm, 10);
	vm_destroy(&rig.vm);
}

TEST_HARNESS_MAIN
