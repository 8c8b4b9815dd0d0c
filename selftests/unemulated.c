// SPDX-License-Identifier: MIT
/*
 * Traps that are hit by what KVM's emulator does not know, or knows in some
 * versions only: x87, SSE, AVX, fetches; and by what no instruction does: walks
 * of page tables and deliveries of events.
 */
#include <cpuid.h>
#include <string.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include "guest/vm.h"
#include "zxtest.h"

#define PAGE	4096ull
#define MMIO	((uint64_t)GUEST_MMIO)
#define BELL	0x40000000ull
#define KEY	0xbe11
#define FORM_AT	((uint64_t)GUEST_AP_CODE)
#define X87_ONE	0x3800ull	/* its status with one number on the stack */
#define XCR0_AVX 7		/* x87, SSE, AVX: EDX:EAX of XSETBV, with ECX 0 */

struct form {
	const char *name;
	const uint8_t *code, *at, *next, *end;
	uint64_t offset;		/* of the access from RBX */
	uint64_t parts;			/* it may begin anywhere in so many bytes */
};

#define BLOB(n)					\
	GUEST_BLOB(un_##n);			\
	extern const uint8_t guest_un_##n##_at[], guest_un_##n##_next[]
#define FORM(n, ...)						\
	{ #n, guest_un_##n, guest_un_##n##_at,			\
	  guest_un_##n##_next, guest_un_##n##_end, __VA_ARGS__ }

GUEST_BLOB(un_kernel);
GUEST_BLOB(un_user);
GUEST_BLOB(un_fetch);
GUEST_BLOB(un_load);
GUEST_BLOB(un_walk);
extern const uint8_t guest_un_walk_at[];
GUEST_BLOB(un_irq);
GUEST_BLOB(un_fault);

BLOB(fildl); BLOB(fildll); BLOB(flds); BLOB(fldl); BLOB(fldt); BLOB(fadds);
BLOB(fcoml); BLOB(fldcw); BLOB(fldenv); BLOB(frstor); BLOB(fsts); BLOB(fstpl);
BLOB(fstpt); BLOB(fistl); BLOB(fistpll); BLOB(fnstcw); BLOB(fnstenv);
BLOB(movss_r); BLOB(movss_w); BLOB(movsd_r); BLOB(movsd_w); BLOB(movaps_r);
BLOB(movaps_w); BLOB(movlps_r); BLOB(movhps_w); BLOB(movq_r); BLOB(movd_w);
BLOB(movntps); BLOB(movntdq); BLOB(addps); BLOB(pxor); BLOB(pshufd);
BLOB(cvtsi2sd); BLOB(comisd); BLOB(ldmxcsr); BLOB(stmxcsr); BLOB(fxsave);
BLOB(fxrstor); BLOB(pcmpistri); BLOB(crc32); BLOB(popcnt); BLOB(movbe_r);
BLOB(vmovdqu_r); BLOB(vmovdqu_w); BLOB(vmovss_w); BLOB(vpxor); BLOB(vpshufd);
BLOB(vpbroadcastd);

static const struct form x87[] = {
	FORM(fildl), FORM(fildll, 0x10), FORM(flds), FORM(fldl, 0x400),
	FORM(fldt), FORM(fadds), FORM(fcoml), FORM(fldcw),
	FORM(fldenv, .parts = 28), FORM(frstor, .parts = 108), FORM(fsts),
	FORM(fstpl), FORM(fstpt), FORM(fistl), FORM(fistpll), FORM(fnstcw),
	FORM(fnstenv),
};

static const struct form sse[] = {
	FORM(movss_r), FORM(movss_w), FORM(movsd_r), FORM(movsd_w),
	FORM(movaps_r), FORM(movaps_w), FORM(movlps_r), FORM(movhps_w),
	FORM(movq_r), FORM(movd_w), FORM(movntps), FORM(movntdq), FORM(addps),
	FORM(pxor), FORM(pshufd), FORM(cvtsi2sd), FORM(comisd), FORM(ldmxcsr),
	FORM(stmxcsr), FORM(fxsave), FORM(fxrstor), FORM(pcmpistri),
	FORM(crc32), FORM(popcnt), FORM(movbe_r),
};

static const struct form avx[] = {
	FORM(vmovdqu_r), FORM(vmovdqu_w), FORM(vmovss_w, 0x20), FORM(vpxor),
	FORM(vpshufd), FORM(vpbroadcastd),
};

/* A vCPU that stands before the report that is the form's beginning. */
static void start(struct vm *vm, const uint8_t *prelude, const uint8_t *prelude_end,
		  const uint8_t *code, const uint8_t *end)
{
	vm_create(vm);
	vm_load(vm, GUEST_CODE, prelude, prelude_end);
	vm_load(vm, FORM_AT, code, end);
	vm_vcpu(vm);
	vm_expect_report(vm, 1);
}

static void start_kernel(struct vm *vm, const uint8_t *code, const uint8_t *end)
{
	start(vm, guest_un_kernel, guest_un_kernel_end, code, end);
}

static void set_mem(struct vm *vm, uint64_t gpa, uint64_t len)
{
	ASSERT_OK(zx_guest_set_trap(vm->guest, ZX_GUEST_TRAP_MEM, gpa, len, 0,
				    KEY_MEM));
}

/* A number in each register, but for RSP; RBX is what the guest is to touch. */
static void set_registers(struct vm *vm, uint64_t rbx, zx_vcpu_state_t *state)
{
	uint64_t *reg = (uint64_t *)state, rsp;

	vcpu_read(vm->vcpu, state);
	rsp = state->rsp;
	for (int i = 0; i < 16; i++)
		reg[i] = 0xf0e1d2c3b4a59687 + i * 0x1010101;
	state->rax = XCR0_AVX;
	state->rcx = 0;
	state->rdx = 0;
	state->rbx = rbx;
	state->rsp = rsp;
	state->rflags = 0x8d5 | 2;
	vcpu_write(vm->vcpu, state);
	vcpu_read(vm->vcpu, state);
}

static void expect_packet_in(struct vm *vm, uint64_t addr, uint64_t parts,
			     uint64_t rip, uint8_t size)
{
	zx_port_packet_t packet, want;

	memset(&want, 0, sizeof(want));
	want.key = KEY_MEM;
	want.type = ZX_PKT_TYPE_GUEST_MEM;
	want.guest_mem.addr = addr;
	want.guest_mem.rip = rip;
	want.guest_mem.instruction_size = size;
	want.guest_mem.default_operand_size = 4;
	ASSERT_OK(vm_enter(vm, &packet));
	EXPECT_EQ(ZX_PKT_TYPE_GUEST_MEM, packet.type);
	if (packet.guest_mem.addr - addr < parts)
		packet.guest_mem.addr = addr;
	EXPECT_EQ(addr, packet.guest_mem.addr);
	EXPECT_EQ(rip, packet.guest_mem.rip);
	EXPECT_EQ(size, packet.guest_mem.instruction_size);
	EXPECT_BYTES(&want, &packet, sizeof(want));
}

static void expect_packet(struct vm *vm, uint64_t addr, uint64_t rip, uint8_t size)
{
	expect_packet_in(vm, addr, 0, rip, size);
}

static void expect_registers(struct vm *vm, const zx_vcpu_state_t *want)
{
	zx_vcpu_state_t state;

	vcpu_read(vm->vcpu, &state);
	EXPECT_BYTES(want, &state, sizeof(state));
}

/* Again and again: on Intel KVM takes another way from the second access on. */
static void run_form(const struct form *f, bool user)
{
	zx_vcpu_state_t state;
	struct vm vm;

	zxtest_row("%s, in %s mode", f->name, user ? "user" : "kernel");
	start(&vm, user ? guest_un_user : guest_un_kernel,
	      user ? guest_un_user_end : guest_un_kernel_end, f->code, f->end);
	set_mem(&vm, MMIO, PAGE);
	for (int i = 0; i < 3; i++) {
		vm.mail->value[0] = ~0ull;
		set_registers(&vm, MMIO, &state);
		expect_packet_in(&vm, MMIO + f->offset, f->parts,
				 FORM_AT + (f->at - f->code), f->next - f->at);
		expect_registers(&vm, &state);
		vm_expect_report(&vm, 1);
		EXPECT_EQ(~0xffffull | X87_ONE, vm.mail->value[0]);
		state.rax = 1;
		expect_registers(&vm, &state);
	}
	EXPECT_EQ(0ull, vm.mail->irqs);
	vm_destroy(&vm);
}

static void run_forms(const struct form *forms, size_t count, bool user)
{
	for (size_t i = 0; i < count; i++)
		run_form(&forms[i], user);
}

TEST_TIMEOUT(x87_leaves_every_register_alone, 120)
{
	run_forms(x87, ARRAY_SIZE(x87), false);
}

TEST_TIMEOUT(sse_leaves_every_register_alone, 120)
{
	run_forms(sse, ARRAY_SIZE(sse), false);
}

static bool has_avx(void)
{
	unsigned int a, b, c = 0, d;

	return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_AVX) && (c & bit_OSXSAVE);
}

TEST_TIMEOUT(avx_leaves_every_register_alone, 120)
{
	if (!has_avx())
		SKIP("the machine's CPU has no AVX");
	run_forms(avx, ARRAY_SIZE(avx), false);
}

/* Where KVM would say that there is no such instruction. */
TEST_TIMEOUT(user_mode_is_no_different, 240)
{
	run_forms(x87, ARRAY_SIZE(x87), true);
	run_forms(sse, ARRAY_SIZE(sse), true);
}

/* ---- bells -------------------------------------------------------------- */

static void start_bell(struct vm *vm, const struct form *f, zx_handle_t *port)
{
	zxtest_row("%s", f->name);
	start_kernel(vm, f->code, f->end);
	ASSERT_OK(zx_port_create(0, port));
	ASSERT_OK(zx_guest_set_trap(vm->guest, ZX_GUEST_TRAP_BELL, BELL, PAGE,
				    *port, KEY));
}

static void expect_ring(zx_handle_t port, uint64_t addr)
{
	zx_port_packet_t packet, want = {
		.key = KEY, .type = ZX_PKT_TYPE_GUEST_BELL, .guest_bell.addr = addr,
	};

	poison(&packet, sizeof(packet));
	ASSERT_OK(zx_port_wait(port, 0, &packet));
	EXPECT_BYTES(&want, &packet, sizeof(packet));
	EXPECT_STATUS(ZX_ERR_TIMED_OUT, zx_port_wait(port, 0, &packet));
}

TEST(stores_ring_a_bell_once)
{
	static const struct form forms[] = {
		FORM(fsts), FORM(fistl), FORM(fstpt), FORM(fnstenv),
		FORM(stmxcsr), FORM(fxsave), FORM(movss_w), FORM(movhps_w),
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		zx_vcpu_state_t state;
		zx_handle_t port;
		struct vm vm;

		start_bell(&vm, &forms[i], &port);
		for (int n = 0; n < 3; n++) {
			set_registers(&vm, BELL + 0x40, &state);
			vm_expect_report(&vm, 1);
			expect_ring(port, BELL + 0x40);
			state.rax = 1;
			expect_registers(&vm, &state);
		}
		EXPECT_OK(zx_handle_close(port));
		vm_destroy(&vm);
	}
}

/* The vCPU is behind it then. Intel's KVM takes later ones for writes: README. */
TEST(a_load_from_a_bell_is_not_supported)
{
	static const struct form forms[] = {
		FORM(flds), FORM(fildl), FORM(ldmxcsr), FORM(movss_r),
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		zx_port_packet_t packet;
		zx_vcpu_state_t state;
		zx_handle_t port;
		struct vm vm;

		start_bell(&vm, &forms[i], &port);
		set_registers(&vm, BELL, &state);
		vm_expect_status(&vm, ZX_ERR_NOT_SUPPORTED);
		expect_registers(&vm, &state);
		vm_expect_report(&vm, 1);
		EXPECT_STATUS(ZX_ERR_TIMED_OUT, zx_port_wait(port, 0, &packet));
		EXPECT_OK(zx_handle_close(port));
		vm_destroy(&vm);
	}
}

/* ---- fetches ------------------------------------------------------------ */

static void start_fetch(struct vm *vm)
{
	start_kernel(vm, guest_un_fetch, guest_un_fetch_end);
}

/* The packet has no length, and RIP stays: README. */
TEST(a_fetch_from_a_trap_is_a_packet)
{
	zx_vcpu_state_t state;
	struct vm vm;

	start_fetch(&vm);
	set_mem(&vm, MMIO, PAGE);
	set_registers(&vm, MMIO + 0x123, &state);
	for (int i = 0; i < 3; i++) {
		expect_packet(&vm, MMIO + 0x123, MMIO + 0x123, 0);
		vcpu_read(vm.vcpu, &state);
		EXPECT_EQ(MMIO + 0x123, state.rbx);
		EXPECT_EQ(XCR0_AVX, (int)state.rax);
	}
	vm_destroy(&vm);
}

/* A load that begins in RAM, and ends in a trap below which its rest is mapped. */
TEST(a_fetch_that_runs_into_a_trap_is_a_packet)
{
	uint64_t page = 0x100000, at = page - 2;
	zx_vcpu_state_t state;
	zx_vaddr_t gpa;
	struct vm vm;

	start_fetch(&vm);
	vm_load(&vm, at, guest_un_load, guest_un_load_end);
	set_registers(&vm, at, &state);
	vm_expect_report(&vm, 2);
	vm_expect_report(&vm, 1);
	set_mem(&vm, page, PAGE);
	ASSERT_OK(zx_vmar_map(vm.vmar, RWX | ZX_VM_SPECIFIC, page, vm.vmo, page,
			      PAGE, &gpa));
	set_registers(&vm, at, &state);
	for (int i = 0; i < 3; i++)
		expect_packet(&vm, page, at, 0);
	vm_destroy(&vm);
}

TEST(a_fetch_from_a_bell_is_not_supported)
{
	zx_port_packet_t packet;
	zx_vcpu_state_t state;
	zx_handle_t port;
	struct vm vm;

	start_fetch(&vm);
	ASSERT_OK(zx_port_create(0, &port));
	ASSERT_OK(zx_guest_set_trap(vm.guest, ZX_GUEST_TRAP_BELL, BELL, PAGE,
				    port, KEY));
	set_registers(&vm, BELL + 8, &state);
	vm_expect_status(&vm, ZX_ERR_NOT_SUPPORTED);
	EXPECT_STATUS(ZX_ERR_TIMED_OUT, zx_port_wait(port, 0, &packet));
	EXPECT_OK(zx_handle_close(port));
	vm_destroy(&vm);
}

/* ---- what no instruction does ------------------------------------------- */

/* Of the guest's address 3 GiB. */
#define TABLE	(GUEST_PD + 3 * PAGE)

/* The address is that of the entry; RIP is past the instruction all the same. */
TEST(a_walk_of_page_tables_in_a_trap_is_a_packet)
{
	zx_vcpu_state_t state;
	struct vm vm;

	start_kernel(&vm, guest_un_walk, guest_un_walk_end);
	set_mem(&vm, TABLE, PAGE);
	for (int i = 0; i < 3; i++) {
		set_registers(&vm, (3ull << 30) + i * (2ull << 20), &state);
		expect_packet(&vm, TABLE + i * 8,
			      FORM_AT + (guest_un_walk_at - guest_un_walk), 3);
		expect_registers(&vm, &state);
		vm_expect_report(&vm, 1);
	}
	EXPECT_EQ(0ull, vm.mail->irqs);
	vm_destroy(&vm);
}

/* Then the VMM gives the guest another stack, and it comes. */
TEST(an_interrupt_on_a_stack_in_a_trap_is_not_supported_and_not_lost)
{
	zx_vcpu_state_t state;
	struct vm vm;

	start_kernel(&vm, guest_un_irq, guest_un_irq_end);
	set_mem(&vm, MMIO, PAGE);
	set_registers(&vm, MMIO + 0x800, &state);
	ASSERT_OK(zx_vcpu_interrupt(vm.vcpu, 0x40));
	for (int i = 0; i < 3; i++)
		vm_expect_status(&vm, ZX_ERR_NOT_SUPPORTED);
	EXPECT_EQ(0ull, vm.mail->irqs);
	vcpu_read(vm.vcpu, &state);
	EXPECT_EQ(MMIO + 0x800, state.rsp);
	state.rsp = GUEST_STACK;
	vcpu_write(vm.vcpu, &state);
	vm_expect_report(&vm, 2);
	EXPECT_EQ(1ull, vm.mail->irqs);
	EXPECT_EQ(0x40, vm.mail->irq_log[0]);
	vm_destroy(&vm);
}

TEST(a_fault_on_a_stack_in_a_trap_is_not_supported)
{
	zx_vcpu_state_t state;
	struct vm vm;

	start_kernel(&vm, guest_un_fault, guest_un_fault_end);
	set_mem(&vm, MMIO, PAGE);
	set_registers(&vm, MMIO + 0x800, &state);
	for (int i = 0; i < 3; i++)
		vm_expect_status(&vm, ZX_ERR_NOT_SUPPORTED);
	EXPECT_EQ(0ull, vm.mail->irqs);
	vcpu_read(vm.vcpu, &state);
	EXPECT_EQ(MMIO + 0x800, state.rsp);
	vm_destroy(&vm);
}

TEST_HARNESS_MAIN
