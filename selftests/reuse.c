// SPDX-License-Identifier: MIT
/*
 * A vCPU's id that is used again: nothing of the one that had it before may be
 * seen by the next, which is compared with a vCPU of a new guest.
 */
#include <string.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include "guest/vm.h"
#include "zxtest.h"

GUEST_BLOB(soil_nothing);
GUEST_BLOB(soil_debug);
GUEST_BLOB(soil_fpu);
GUEST_BLOB(soil_msrs);
GUEST_BLOB(soil_control);
GUEST_BLOB(soil_clock);
GUEST_BLOB(soil_timer);
GUEST_BLOB(soil_deadline);
GUEST_BLOB(soil_in);
GUEST_BLOB(soil_halt);
GUEST_BLOB(ap_clock);
GUEST_BLOB(look);

#define DEADLINE	20		/* seconds, of every wait */
#define XSAVE_SIZE	832		/* legacy area, header, AVX */

/* What guest/reuse.S keeps where. */
enum {
	DS, FS, GS, TR, LDTR, GDTR, GDTR_2, IDTR, IDTR_2,
	CR0, CR2, CR3, CR4, CR8, DR0, DR1, DR2, DR3, DR6, DR7, RFLAGS,
	SYSENTER_CS, SYSENTER_ESP, SYSENTER_EIP, PAT, EFER, STAR, LSTAR, CSTAR,
	FMASK, FS_BASE, GS_BASE, KERNEL_GS, TSC_AUX, LVT_TIMER, TSC_DEADLINE,
	XCR0, RAX = 40,
};

static const char *const names[MAIL_VALUES] = {
	[DS] = "DS", [FS] = "FS", [GS] = "GS", [TR] = "TR", [LDTR] = "LDTR",
	[GDTR] = "GDTR", [GDTR_2] = "GDTR", [IDTR] = "IDTR", [IDTR_2] = "IDTR",
	[CR0] = "CR0", [CR2] = "CR2", [CR3] = "CR3", [CR4] = "CR4",
	[CR8] = "CR8", [DR0] = "DR0", [DR1] = "DR1", [DR2] = "DR2",
	[DR3] = "DR3", [DR6] = "DR6", [DR7] = "DR7", [RFLAGS] = "RFLAGS",
	[SYSENTER_CS] = "SYSENTER_CS", [SYSENTER_ESP] = "SYSENTER_ESP",
	[SYSENTER_EIP] = "SYSENTER_EIP", [PAT] = "PAT", [EFER] = "EFER",
	[STAR] = "STAR", [LSTAR] = "LSTAR", [CSTAR] = "CSTAR",
	[FMASK] = "FMASK", [FS_BASE] = "FS_BASE", [GS_BASE] = "GS_BASE",
	[KERNEL_GS] = "KERNEL_GS_BASE", [TSC_AUX] = "TSC_AUX",
	[LVT_TIMER] = "LVT_TIMER", [TSC_DEADLINE] = "TSC_DEADLINE",
	[XCR0] = "XCR0", [RAX] = "RAX",
};

/* Parts of the XSAVE area: without FOP, FIP and FDP, which CPUs make up. */
static const struct {
	const char *name;
	size_t at, len;
} parts[] = {
	{ "FCW, FSW, FTW", 0, 5 }, { "MXCSR", 24, 4 }, { "ST", 32, 128 },
	{ "XMM", 160, 256 }, { "YMM", 576, 256 },
};

/* What a vCPU sees at its start. */
struct view {
	uint64_t value[MAIL_VALUES];
	uint8_t xsave[XSAVE_SIZE];
};

/* Runs the code that looks; nothing may strike it meanwhile. */
static void look(struct vm *vm, struct view *view)
{
	memset((void *)vm->mail, 0, sizeof(*vm->mail));
	memset(vm->mem + GUEST_XSAVE, 0, XSAVE_SIZE);
	VM_LOAD(vm, GUEST_CODE, look);
	vm_vcpu(vm);
	vm_expect_report(vm, 1);
	memcpy(view->value, (void *)vm->mail->value, sizeof(view->value));
	memcpy(view->xsave, vm->mem + GUEST_XSAVE, XSAVE_SIZE);
	vm_expect_report(vm, 2);
	EXPECT_EQ(0ull, vm->mail->irqs);
}

/* The vCPU that left its marks goes; the next sees none of them. */
static void expect_clean(struct vm *vm)
{
	struct view fresh, reused;
	struct vm other;

	EXPECT_OK(zx_handle_close(vm->vcpu));
	vm->vcpu = ZX_HANDLE_INVALID;
	look(vm, &reused);
	vm_destroy(vm);
	vm_create(&other);
	look(&other, &fresh);
	vm_destroy(&other);
	for (int i = 0; i < MAIL_VALUES; i++) {
		zxtest_row("%s", names[i]);
		EXPECT_EQ(fresh.value[i], reused.value[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		zxtest_row("%s", parts[i].name);
		EXPECT_BYTES(fresh.xsave + parts[i].at,
			     reused.xsave + parts[i].at, parts[i].len);
	}
	zxtest_row_end();
}

#define soil(vm, name) do {			\
	vm_start(vm, name);			\
	vm_expect_done(vm);			\
} while (0)

/* The measure of the others: what is clean. */
TEST(a_new_vcpu_has_nothing_set)
{
	static const struct {
		int which;
		uint64_t value;
	} rows[] = {
		{ DR0, 0 }, { DR1, 0 }, { DR2, 0 }, { DR3, 0 },
		{ DR6, 0xffff0ff0 }, { DR7, 0x400 }, { CR2, 0 }, { CR8, 0 },
		{ STAR, 0 }, { LSTAR, 0 }, { FMASK, 0 }, { SYSENTER_CS, 0 },
		{ KERNEL_GS, 0 }, { TSC_AUX, 0 }, { FS_BASE, 0 },
		{ GS_BASE, 0 }, { PAT, 0x0007040600070406 },
		{ LVT_TIMER, 0x10000 }, { TSC_DEADLINE, 0 }, { RAX, 0 },
	};
	struct view view;
	struct vm vm;

	vm_create(&vm);
	look(&vm, &view);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zxtest_row("%s", names[rows[i].which]);
		EXPECT_EQ(rows[i].value, view.value[rows[i].which]);
	}
	zxtest_row_end();
	EXPECT_BYTES("\x7f\x03\0\0\0", view.xsave, 5);
	EXPECT_BYTES("\x80\x1f\0", view.xsave + 24, 4);
	vm_destroy(&vm);
}

TEST(a_breakpoint_does_not_outlive_its_vcpu)
{
	struct vm vm;

	soil(&vm, soil_debug);
	expect_clean(&vm);
}

TEST(the_vector_state_does_not_outlive_its_vcpu)
{
	struct vm vm;

	soil(&vm, soil_fpu);
	expect_clean(&vm);
}

TEST(msrs_do_not_outlive_their_vcpu)
{
	struct vm vm;

	soil(&vm, soil_msrs);
	/* Every write of them was taken. */
	EXPECT_EQ(0ull, vm.mail->irqs);
	expect_clean(&vm);
}

TEST(control_registers_do_not_outlive_their_vcpu)
{
	struct vm vm;

	soil(&vm, soil_control);
	EXPECT_EQ(0ull, vm.mail->irqs);
	expect_clean(&vm);
}

#define AP_CLOCK	(GUEST_CLOCK + 0x100)
#define AP_CLOCK_2	(GUEST_CLOCK + 0x200)

/* An AP of this thread whose clock is on. */
static zx_handle_t clock_start(struct vm *vm, uint64_t page)
{
	zx_vcpu_state_t state;
	zx_handle_t ap;

	ASSERT_OK(zx_vcpu_create(vm->guest, 0, GUEST_AP_CODE, &ap));
	vcpu_read(ap, &state);
	state.rbx = page | 1;
	vcpu_write(ap, &state);
	vcpu_expect_report(ap, 1);
	return ap;
}

static void *start_another(void *arg)
{
	EXPECT_OK(zx_handle_close(clock_start(arg, AP_CLOCK_2)));
	return NULL;
}

/*
 * One AP turns its clock on; when the page of another is written therefore, the
 * BSP's is due, too.
 */
static void *refresh_clocks(void *arg)
{
	struct vm *vm = arg;
	volatile uint32_t *version = (void *)(vm->mem + AP_CLOCK);
	zx_handle_t ap = clock_start(vm, AP_CLOCK);

	*version = 0;
	in_thread(start_another, vm);
	EXPECT_TRUE(wait_until(DEADLINE,
			       (vcpu_expect_report(ap, 1), *version)));
	EXPECT_OK(zx_handle_close(ap));
	return NULL;
}

TEST(the_clock_does_not_outlive_its_vcpu)
{
	static const uint8_t zeroes[32];
	struct view view;
	struct vm vm;

	soil(&vm, soil_clock);
	VM_LOAD(&vm, GUEST_AP_CODE, ap_clock);
	memset(vm.mem + GUEST_CLOCK, 0, sizeof(zeroes));
	in_thread(refresh_clocks, &vm);
	vm_expect_done(&vm);
	EXPECT_NE(0, memcmp(zeroes, vm.mem + GUEST_CLOCK, sizeof(zeroes)));

	EXPECT_OK(zx_handle_close(vm.vcpu));
	look(&vm, &view);
	memset(vm.mem + GUEST_CLOCK, 0, sizeof(zeroes));
	in_thread(refresh_clocks, &vm);
	vm_expect_done(&vm);
	EXPECT_BYTES(zeroes, vm.mem + GUEST_CLOCK, sizeof(zeroes));
	vm_destroy(&vm);
}

TEST(a_timer_does_not_outlive_its_vcpu)
{
	struct vm vm;

	soil(&vm, soil_timer);
	expect_clean(&vm);
	soil(&vm, soil_deadline);
	expect_clean(&vm);
}

TEST(a_pending_interrupt_does_not_outlive_its_vcpu)
{
	static const uint32_t vectors[] = { 0x40, 2, 3, 6, 13 };

	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct vm vm;

		zxtest_row("vector %u", vectors[i]);
		soil(&vm, soil_nothing);
		ASSERT_OK(zx_vcpu_interrupt(vm.vcpu, vectors[i]));
		expect_clean(&vm);
	}
}

TEST(a_kick_does_not_outlive_its_vcpu)
{
	struct vm vm;

	soil(&vm, soil_nothing);
	ASSERT_OK(zx_vcpu_kick(vm.vcpu));
	expect_clean(&vm);
}

/* The new vCPU's RAX is 0, whatever the VMM answered to the old one. */
TEST(an_in_does_not_outlive_its_vcpu)
{
	zx_vcpu_io_t io = { .access_size = 4, .u32 = 0x12345678 };
	zx_port_packet_t packet;
	struct vm vm;

	vm_start(&vm, soil_in);
	ASSERT_OK(zx_guest_set_trap(vm.guest, ZX_GUEST_TRAP_IO, PORT_DATA, 4,
				    ZX_HANDLE_INVALID, KEY_IO));
	ASSERT_OK(vm_enter(&vm, &packet));
	EXPECT_TRUE(packet.guest_io.input);
	ASSERT_OK(zx_vcpu_write_state(vm.vcpu, ZX_VCPU_IO, &io, sizeof(io)));
	expect_clean(&vm);
}

struct sleeper {
	struct vm *vm;
	int tid;
};

static void *kick_when_halted(void *arg)
{
	struct sleeper *s = arg;

	ASSERT_TRUE(wait_until(DEADLINE, s->vm->mail->flag == 1));
	ASSERT_TRUE(wait_until(DEADLINE, zxtest_thread_sleeps(s->tid)));
	ASSERT_OK(zx_vcpu_kick(s->vm->vcpu));
	return NULL;
}

TEST(a_halt_does_not_outlive_its_vcpu)
{
	struct sleeper sleeper;
	pthread_t thread;
	struct vm vm;

	vm_start(&vm, soil_halt);
	sleeper = (struct sleeper){ &vm, thread_id() };
	thread_start(&thread, kick_when_halted, &sleeper);
	vm_expect_status(&vm, ZX_ERR_CANCELED);
	thread_join(thread);
	expect_clean(&vm);
}

TEST_HARNESS_MAIN
