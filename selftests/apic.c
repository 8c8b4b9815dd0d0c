// SPDX-License-Identifier: MIT
/*
 * The local APIC by its x2APIC registers, interprocessor interrupts, and the
 * other MSRs that the kernel answers.
 */
#include <string.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>
#include <zx_hyp/zx_hyp.h>

#include "guest/serve.h"
#include "zxtest.h"

GUEST_BLOB(self_ipi);

#define GP	true
#define PAD	0xaaaabbbbccccddddull	/* what RAX and RDX are before */

/* ---- reading ---------------------------------------------------------- */

static const struct {
	const char *name;
	uint32_t msr;
	uint32_t value;
	bool fault;
} reads[] = {
	{ "x2APIC ID", 0x802, 0 },
	{ "VERSION", 0x803, 0x60015 },
	{ "TPR", 0x808, 0 },
	{ "LDR", 0x80d, 0 },
	{ "SVR", 0x80f, 0xff },
	{ "ISR 0", 0x810, 0 }, { "ISR 7", 0x817, 0 },
	{ "TMR 0", 0x818, 0 }, { "TMR 7", 0x81f, 0 },
	{ "IRR 0", 0x820, 0 }, { "IRR 7", 0x827, 0 },
	{ "ESR", 0x828, 0 },
	{ "LVT CMCI", 0x82f, 0x10000 },
	{ "LVT thermal", 0x833, 0x10000 },
	{ "LVT monitor", 0x834, 0 },
	{ "LVT LINT0", 0x835, 0x10000 },
	{ "LVT LINT1", 0x836, 0x10000 },
	{ "EOI", 0x80b, 0, GP },
	{ "ICR", 0x830, 0, GP },
	{ "LVT error", 0x837, 0, GP },
	{ "initial count", 0x838, 0, GP },
	{ "current count", 0x839, 0, GP },
	{ "divide configuration", 0x83e, 0, GP },
	{ "SELF_IPI", 0x83f, 0, GP },
	{ "0x800", 0x800, 0, GP },
	{ "0x801", 0x801, 0, GP },
	{ "0x80e", 0x80e, 0, GP },
	{ "0x829", 0x829, 0, GP },
	{ "0x83a", 0x83a, 0, GP },
	/* others than the APIC's */
	{ "APIC_BASE of the BSP", 0x1b, 0xfee00d00 },
	{ "PLATFORM_ID", 0x17, 0 },
	{ "BIOS_SIGN_ID", 0x8b, 0 },
	{ "MTRR_CAP", 0xfe, 0 },
	{ "MTRR_DEF_TYPE", 0x2ff, 0 },
	{ "MTRR_PHYSBASE0", 0x200, 0 },
	{ "MTRR_FIX64K", 0x250, 0 },
	{ "MCG_CAP", 0x179, 0 },
	{ "MCG_STATUS", 0x17a, 0 },
	{ "MISC_ENABLE: fast strings", 0x1a0, 1 },
	{ "RAPL_POWER_UNIT", 0x606, 0 },
	{ "no MSR", 0x12345, 0, GP },
	{ "no MSR", 0xc0ffee00, 0, GP },
	{ "no MSR", 0xffffffff, 0, GP },
};

TEST(registers_read_as_they_should)
{
	struct served s;
	struct vm vm;

	serve_start(&vm, do_rdmsr);
	for (size_t i = 0; i < ARRAY_SIZE(reads); i++) {
		zxtest_row("%s (%#x)", reads[i].name, reads[i].msr);
		serve(&vm, PAD, reads[i].msr, PAD, &s);
		EXPECT_EQ(reads[i].fault, s.fault);
		if (s.fault) {
			EXPECT_EQ(PAD, s.rax);
			EXPECT_EQ(PAD, s.rdx);
		} else if (!reads[i].fault) {
			EXPECT_EQ((uint64_t)reads[i].value, s.rax);
			EXPECT_EQ(0ull, s.rdx);
		}
	}
	vm_destroy(&vm);
}

/* ---- writing ---------------------------------------------------------- */

static const struct {
	const char *name;
	uint32_t msr;
	uint32_t low, high;
	bool fault;
} writes[] = {
	{ "TPR", 0x808, 0 }, { "TPR", 0x808, 0x20 },
	{ "SVR", 0x80f, 0x1ff },
	{ "EOI 0", 0x80b, 0 },
	{ "EOI 1", 0x80b, 1, 0, GP },
	{ "ESR 0", 0x828, 0 },
	{ "ESR 1", 0x828, 1, 0, GP },
	{ "LVT CMCI", 0x82f, 0x10000 },
	{ "LVT thermal", 0x833, 0x10000 },
	{ "LVT monitor", 0x834, 0x10000 },
	{ "LVT LINT0", 0x835, 0x700 },
	{ "LVT LINT1", 0x836, 0x400 },
	{ "LVT error", 0x837, 0xfe },
	{ "x2APIC ID", 0x802, 0, 0, GP },
	{ "VERSION", 0x803, 0, 0, GP },
	{ "LDR", 0x80d, 0, 0, GP },
	{ "ISR 0", 0x810, 0, 0, GP },
	{ "IRR 7", 0x827, 0, 0, GP },
	{ "current count", 0x839, 0, 0, GP },
	{ "0x800", 0x800, 0, 0, GP },
	/* others */
	{ "APIC_BASE as it is", 0x1b, 0xfee00d00 },
	{ "APIC_BASE without the BSP bit", 0x1b, 0xfee00c00 },
	{ "MTRR_DEF_TYPE", 0x2ff, 0xc06 },
	{ "BIOS_SIGN_ID", 0x8b, 7 },
	{ "MCG_STATUS", 0x17a, 0 },
	{ "no MSR", 0x12345, 0, 0, GP },
	{ "no MSR", 0xffffffff, 0, 0, GP },
};

TEST(registers_are_written_as_they_should)
{
	struct served s;
	struct vm vm;

	serve_start(&vm, do_wrmsr);
	for (size_t i = 0; i < ARRAY_SIZE(writes); i++) {
		zxtest_row("%s (%#x) = %#x:%#x", writes[i].name, writes[i].msr,
			   writes[i].high, writes[i].low);
		serve(&vm, writes[i].low, writes[i].msr, writes[i].high, &s);
		EXPECT_EQ(writes[i].fault, s.fault);
	}
	vm_destroy(&vm);
}

/* What the guest is not told of: the VMM gets a status, RIP stays. */
static void expect_refused(const char *name, uint32_t msr, uint64_t low, uint64_t high)
{
	struct vm vm;

	zxtest_row("%s", name);
	serve_start(&vm, do_wrmsr);
	serve_set(&vm, low, msr, high);
	vm_expect_status(&vm, ZX_ERR_INVALID_ARGS);
	vm_expect_status(&vm, ZX_ERR_INVALID_ARGS);
	EXPECT_EQ(0ull, vm.mail->irqs);
	vm_destroy(&vm);
}

TEST_TIMEOUT(writes_that_the_vmm_is_told_of, 60)
{
	static const struct {
		const char *name;
		uint32_t msr;
		uint64_t low, high;
	} rows[] = {
		{ "APIC_BASE, disabled", 0x1b, 0xfee00000, 0 },
		{ "APIC_BASE, moved", 0x1b, 0xfed00d00, 0 },
		{ "APIC_BASE, upper half", 0x1b, 0xfee00d00, 1 },
		{ "LVT timer, mode 3", 0x832, 3u << 17 | 0x40, 0 },
		{ "TPR, upper half", 0x808, 0, 1 },
		{ "SVR, upper half", 0x80f, 0x1ff, 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		expect_refused(rows[i].name, rows[i].msr, rows[i].low, rows[i].high);
}

TEST(the_vmm_is_told_of_a_deadline_out_of_its_mode)
{
	zx_hyp_info_t info = { 0 };

	ASSERT_EQ(ZX_OK, zx_hyp_info_get(&info, sizeof(info)));
	if (info.vendor == ZX_HYP_VENDOR_INTEL)
		SKIP("on VMX, KVM's fast path takes the write and tells of it too late");
	expect_refused("TSC_DEADLINE out of its mode", 0x6e0, 1000, 0);
}

TEST(the_timers_lvt_reads_as_written)
{
	static const uint32_t values[] = { 0x10040, 0x20041, 0x40042, 0x43 };
	struct served s;
	struct vm vm;

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		zxtest_row("%#x", values[i]);
		serve_start(&vm, do_wrmsr);
		serve(&vm, values[i], 0x832, 0, &s);
		EXPECT_FALSE(s.fault);
		/* The same guest reads from now on. */
		VM_LOAD(&vm, GUEST_CODE, do_rdmsr);
		serve(&vm, 0, 0x832, 0, &s);
		EXPECT_FALSE(s.fault);
		EXPECT_EQ((uint64_t)values[i], s.rax);
		vm_destroy(&vm);
	}
}

TEST(self_ipi_pends_its_vector)
{
	struct vm vm;

	vm_start(&vm, self_ipi);
	vm_expect_done(&vm);
	EXPECT_EQ(0ull, vm.mail->value[0]);
	EXPECT_EQ(2ull, vm.mail->irqs);
	EXPECT_EQ(0x67, vm.mail->irq_log[0]);
	EXPECT_EQ(0x66, vm.mail->irq_log[1]);
	vm_destroy(&vm);
}

/* ---- ICR -------------------------------------------------------------- */

#define FIXED		0u
#define NMI		(4u << 8)
#define INIT		(5u << 8)
#define STARTUP		(6u << 8)
#define LOGICAL		(1u << 11)
#define ASSERT		(1u << 14)
#define TO_SELF		(1u << 18)
#define TO_ALL		(2u << 18)
#define TO_OTHERS	(3u << 18)

static void write_icr(struct vm *vm, uint32_t low, uint32_t dest)
{
	serve_set(vm, low, 0x830, dest);
}

TEST(icr_of_an_interrupt_is_a_packet_with_mask_and_vector)
{
	static const struct {
		const char *name;
		uint32_t low, dest;
		uint64_t mask;
		uint8_t vector;
	} rows[] = {
		{ "to 0, itself", 0x41, 0, 1, 0x41 },
		{ "to 1", 0x42 | ASSERT, 1, 2, 0x42 },
		{ "to 31", 0x43, 31, 1ull << 31, 0x43 },
		{ "to 32", 0x43, 32, 1ull << 32, 0x43 },
		{ "to 63", 0xff, 63, 1ull << 63, 0xff },
		{ "to everybody by address", 0x44, ~0u, ~0ull, 0x44 },
		{ "self", 0x45 | TO_SELF, 9, 1, 0x45 },
		{ "all", 0x46 | TO_ALL, 9, ~0ull, 0x46 },
		{ "all but self", 0x47 | TO_OTHERS, 9, ~1ull, 0x47 },
		{ "NMI to 1", NMI | 0x50, 1, 2, 2 },
		{ "NMI to all but self", NMI | TO_OTHERS, 0, ~1ull, 2 },
		{ "NMI to all, never itself", NMI | TO_ALL, 0, ~1ull, 2 },
	};
	zx_port_packet_t packet;
	struct served s;
	struct vm vm;

	serve_start(&vm, do_wrmsr);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zx_port_packet_t want;

		zxtest_row("%s", rows[i].name);
		memset(&want, 0, sizeof(want));
		want.type = ZX_PKT_TYPE_GUEST_VCPU;
		want.guest_vcpu.type = ZX_PKT_GUEST_VCPU_INTERRUPT;
		want.guest_vcpu.interrupt.mask = rows[i].mask;
		want.guest_vcpu.interrupt.vector = rows[i].vector;
		write_icr(&vm, rows[i].low, rows[i].dest);
		ASSERT_OK(vm_enter(&vm, &packet));
		EXPECT_EQ(rows[i].mask, packet.guest_vcpu.interrupt.mask);
		EXPECT_EQ(rows[i].vector, packet.guest_vcpu.interrupt.vector);
		EXPECT_BYTES(&want, &packet, sizeof(want));
		/* The guest is past the WRMSR, and got nothing itself. */
		serve_finish(&vm, &s);
		EXPECT_EQ(0ull, vm.mail->irqs);
	}
	vm_destroy(&vm);
}

TEST(icr_of_a_startup_is_a_packet_with_id_and_entry)
{
	static const struct {
		uint32_t vector, dest;
	} rows[] = { { 0x30, 1 }, { 0x00, 2 }, { 0x9f, 63 }, { 0xff, 5 } };
	zx_port_packet_t packet;
	struct served s;
	struct vm vm;

	serve_start(&vm, do_wrmsr);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zx_port_packet_t want;

		zxtest_row("vector %#x to %u", rows[i].vector, rows[i].dest);
		memset(&want, 0, sizeof(want));
		want.type = ZX_PKT_TYPE_GUEST_VCPU;
		want.guest_vcpu.type = ZX_PKT_GUEST_VCPU_STARTUP;
		want.guest_vcpu.startup.id = rows[i].dest;
		want.guest_vcpu.startup.entry = rows[i].vector << 12;
		write_icr(&vm, STARTUP | ASSERT | rows[i].vector,
			  rows[i].dest);
		ASSERT_OK(vm_enter(&vm, &packet));
		EXPECT_BYTES(&want, &packet, sizeof(want));
		serve_finish(&vm, &s);
		EXPECT_FALSE(s.fault);
	}
	vm_destroy(&vm);
}

TEST(icr_of_init_is_ignored)
{
	struct served s;
	struct vm vm;

	serve_start(&vm, do_wrmsr);
	serve(&vm, INIT | ASSERT, 0x830, 1, &s);
	EXPECT_FALSE(s.fault);
	serve(&vm, INIT | TO_OTHERS, 0x830, 0, &s);
	EXPECT_FALSE(s.fault);
	vm_destroy(&vm);
}

TEST_TIMEOUT(icr_of_other_modes_is_not_supported, 60)
{
	static const struct {
		const char *name;
		uint32_t low;
	} rows[] = {
		{ "logical", LOGICAL | 0x40 },
		{ "logical NMI", LOGICAL | NMI },
		{ "lowest priority", 1u << 8 | 0x40 },
		{ "SMI", 2u << 8 },
		{ "remote read", 3u << 8 },
		{ "ExtINT", 7u << 8 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vm vm;

		zxtest_row("%s", rows[i].name);
		serve_start(&vm, do_wrmsr);
		write_icr(&vm, rows[i].low, 1);
		vm_expect_status(&vm, ZX_ERR_NOT_SUPPORTED);
		vm_destroy(&vm);
	}
}

TEST_HARNESS_MAIN
