// SPDX-License-Identifier: MIT
/*
 * What CPUID tells the guest, and the clock that the hypervisor leaf promises.
 */
#include <string.h>
#include <time.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include "guest/serve.h"
#include "zxtest.h"

GUEST_BLOB(ap_id);

FIXTURE(cpu) {
	struct vm vm;
};

FIXTURE_SETUP(cpu)
{
	serve_start(&self->vm, do_cpuid);
}

FIXTURE_TEARDOWN(cpu)
{
	vm_destroy(&self->vm);
}

static struct served cpuid(struct fixture_cpu *self, uint32_t leaf,
			   uint32_t sub)
{
	struct served s;

	serve(&self->vm, leaf, sub, 0, &s);
	EXPECT_FALSE(s.fault);
	return s;
}

TEST_F(cpu, hypervisor_leaf_has_kvms_signature)
{
	struct served s = cpuid(self, 0x40000000, 0);
	uint32_t text[3] = { s.rbx, s.rcx, s.rdx };

	EXPECT_EQ(0x40000001ull, s.rax);
	EXPECT_BYTES("KVMKVMKVM\0\0\0", text, 12);
}

TEST_F(cpu, hypervisor_features_are_the_clock_alone)
{
	struct served s = cpuid(self, 0x40000001, 0);

	/* CLOCKSOURCE, NOP_IO_DELAY, CLOCKSOURCE2 */
	EXPECT_EQ(0xbull, s.rax);
	EXPECT_EQ(0ull, s.rbx);
	EXPECT_EQ(0ull, s.rcx);
	EXPECT_EQ(0ull, s.rdx);
}

TEST_F(cpu, leaf_1_shows_and_hides_features)
{
	static const struct {
		const char *name;
		bool edx;
		int bit;
		bool set;
	} rows[] = {
		{ "HYPERVISOR", false, 31, true },
		{ "X2APIC", false, 21, true },
		{ "TSC_DEADLINE", false, 24, true },
		{ "VMX", false, 5, false },
		{ "MONITOR", false, 3, false },
		{ "PDCM", false, 15, false },
		{ "TM2", false, 8, false },
		{ "SEP", true, 11, true },
		{ "TM", true, 29, false },
		{ "ACPI", true, 22, false },
		{ "FPU", true, 0, true },
		{ "TSC", true, 4, true },
		{ "MSR", true, 5, true },
		{ "APIC", true, 9, true },
	};
	struct served s = cpuid(self, 1, 0);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t reg = rows[i].edx ? s.rdx : s.rcx;

		zxtest_row("%s", rows[i].name);
		EXPECT_EQ(rows[i].set, reg >> rows[i].bit & 1);
	}
}

TEST_F(cpu, apic_id_of_the_bsp_is_zero)
{
	EXPECT_EQ(0ull, cpuid(self, 1, 0).rbx >> 24);
	EXPECT_EQ(0ull, cpuid(self, 0xb, 0).rdx);
}

TEST_F(cpu, leaf_0xb_has_no_topology)
{
	for (uint32_t sub = 0; sub < 3; sub++) {
		struct served s = cpuid(self, 0xb, sub);

		zxtest_row("subleaf %u", sub);
		EXPECT_EQ(0ull, s.rax);
		EXPECT_EQ(0ull, s.rbx);
		EXPECT_EQ(0ull, s.rcx & ~0xffull);
	}
}

TEST_F(cpu, leaves_of_monitoring_are_empty)
{
	struct served s = cpuid(self, 5, 0);

	EXPECT_EQ(0ull, s.rax | s.rbx | s.rcx | s.rdx);
	s = cpuid(self, 0xa, 0);
	EXPECT_EQ(0ull, s.rax);
	EXPECT_EQ(0x7full, s.rbx);
	EXPECT_EQ(0ull, s.rcx | s.rdx);
}

/* The nested hypervisor's door is shut on AMD too. */
TEST_F(cpu, svm_is_hidden)
{
	EXPECT_EQ(0ull, cpuid(self, 0x80000001, 0).rcx & 1 << 2);
}

TEST_F(cpu, brand_and_vendor_are_the_machines_own)
{
	uint32_t eax = 0, ebx, ecx = 0, edx;
	struct served s = cpuid(self, 0, 0);

	__asm__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	EXPECT_EQ(ebx, (uint32_t)s.rbx);
	EXPECT_EQ(ecx, (uint32_t)s.rcx);
	EXPECT_EQ(edx, (uint32_t)s.rdx);
}

TEST_F(cpu, leaf_0xd_gives_the_size_for_the_enabled_state)
{
	struct served s = cpuid(self, 0xd, 0);

	/* XCR0 is 3 or 7: the legacy area and header, AVX behind them. */
	EXPECT_LE(576ull, s.rbx);
	EXPECT_GE(832ull, s.rbx);
	EXPECT_EQ(3ull, s.rax & 3);
	EXPECT_EQ(0ull, cpuid(self, 0xd, 1).rax & 1 << 3);	/* XSAVES */
}

/* State that XCR0 cannot have in a guest: PKU, AMX, AVX-512. */
TEST_F(cpu, features_without_their_state_are_hidden)
{
	static const struct {
		const char *name;
		uint32_t sub;
		char reg;
		int bit;
	} rows[] = {
		{ "PKU", 0, 'c', 3 }, { "OSPKE", 0, 'c', 4 },
		{ "AMX_BF16", 0, 'd', 22 }, { "AMX_TILE", 0, 'd', 24 },
		{ "AMX_INT8", 0, 'd', 25 }, { "AVX512F", 0, 'b', 16 },
		{ "AVX512_BF16", 1, 'a', 5 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct served s = cpuid(self, 7, rows[i].sub);
		uint64_t reg[] = { s.rax, s.rbx, s.rcx, s.rdx };

		zxtest_row("%s", rows[i].name);
		EXPECT_EQ(0ull, reg[rows[i].reg - 'a'] >> rows[i].bit & 1);
	}
}

static bool same(const struct served *a, const struct served *b)
{
	return a->rax == b->rax && a->rbx == b->rbx && a->rcx == b->rcx &&
	       a->rdx == b->rdx;
}

/* Intel's CPUs give the last basic leaf, same subleaf, for those behind it, AMD's nothing. */
TEST_F(cpu, leaves_behind_the_last_basic_one_are_empty)
{
	uint32_t max = cpuid(self, 0, 0).rax;
	struct served none = { 0 };

	EXPECT_GE(0x17u, max);
	for (uint32_t leaf = 0x18; leaf <= 0x24; leaf++) {
		for (uint32_t sub = 0; sub < 3; sub++) {
			struct served s = cpuid(self, leaf, sub);
			struct served last = cpuid(self, max, sub);

			zxtest_row("leaf %#x, subleaf %u", leaf, sub);
			EXPECT_TRUE(same(&s, &none) || same(&s, &last));
		}
	}
}

TEST_F(cpu, leaves_behind_the_last_extended_one_are_empty)
{
	uint32_t max = cpuid(self, 0x80000000, 0).rax;
	struct served last = cpuid(self, cpuid(self, 0, 0).rax, 0);
	struct served none = { 0 };

	EXPECT_GE(0x8000001eu, max);
	for (uint32_t leaf = 0x8000001f; leaf <= 0x80000028; leaf++) {
		struct served s = cpuid(self, leaf, 0);

		zxtest_row("leaf %#x", leaf);
		EXPECT_TRUE(same(&s, &none) || same(&s, &last));
	}
}

/* CPUID says that there are no counters: their MSRs on AMD are not there. */
TEST(performance_counters_are_not_there)
{
	static const uint32_t msrs[] = {
		0xc0010000, 0xc0010003, 0xc0010004, 0xc0010007, 0xc0010200,
	};
	struct served s;
	struct vm vm;

	for (int write = 0; write < 2; write++) {
		if (write)
			serve_start(&vm, do_wrmsr);
		else
			serve_start(&vm, do_rdmsr);
		for (size_t i = 0; i < ARRAY_SIZE(msrs); i++) {
			zxtest_row("%s of %#x", write ? "WRMSR" : "RDMSR",
				   msrs[i]);
			serve(&vm, 0, msrs[i], 0, &s);
			EXPECT_TRUE(s.fault);
		}
		vm_destroy(&vm);
	}
}

static void *run_ap(void *arg)
{
	struct vm *vm = arg;
	zx_port_packet_t packet;
	zx_handle_t ap;

	ASSERT_OK(zx_vcpu_create(vm->guest, 0, GUEST_AP_CODE, &ap));
	ASSERT_OK(zx_vcpu_enter(ap, &packet));
	EXPECT_EQ(1u, packet.guest_io.u32 >> 24);
	vcpu_expect_report(ap, 1);
	vcpu_expect_report(ap, 0xfee00c00);	/* APIC_BASE: no BSP bit */
	EXPECT_OK(zx_handle_close(ap));
	return NULL;
}

TEST_F(cpu, an_ap_sees_its_own_id_and_is_no_bsp)
{
	pthread_t thread;

	VM_LOAD(&self->vm, GUEST_AP_CODE, ap_id);
	thread_start(&thread, run_ap, &self->vm);
	thread_join(thread);
}

/* ---- pvclock ---------------------------------------------------------- */

#define MSR_SYSTEM_TIME		0x4b564d01u
#define MSR_WALL_CLOCK		0x4b564d00u
#define MSR_SYSTEM_TIME_OLD	0x12u
#define MSR_WALL_CLOCK_OLD	0x11u

/* The two structures of KVM's clock, an ABI of the guest. */
struct system_time {
	uint32_t version, pad;
	uint64_t tsc_timestamp, system_time;
	uint32_t mul;
	int8_t shift;
	uint8_t flags, pad2[2];
};

struct wall_clock {
	uint32_t version, sec, nsec;
};

static void write_clock(struct vm *vm, uint32_t msr, uint64_t value)
{
	struct served s;

	serve(vm, (uint32_t)value, msr, value >> 32, &s);
	EXPECT_FALSE(s.fault);
}

/* Nanoseconds of the guest's clock, by the page and the guest's TSC. */
static uint64_t clock_ns(const volatile struct system_time *t, uint64_t tsc)
{
	uint64_t delta = tsc - t->tsc_timestamp;

	delta = t->shift < 0 ? delta >> -t->shift : delta << t->shift;
	return t->system_time + (uint64_t)((unsigned __int128)delta *
					   t->mul >> 32);
}

TEST(the_clock_fills_its_page)
{
	static const uint32_t msrs[] = { MSR_SYSTEM_TIME,
					 MSR_SYSTEM_TIME_OLD };

	for (size_t i = 0; i < ARRAY_SIZE(msrs); i++) {
		volatile struct system_time *t;
		struct vm vm;

		zxtest_row("MSR %#x", msrs[i]);
		serve_start(&vm, do_wrmsr);
		t = (void *)(vm.mem + GUEST_CLOCK);
		EXPECT_EQ(0u, t->version);
		write_clock(&vm, msrs[i], GUEST_CLOCK | 1);
		EXPECT_NE(0u, t->version);
		EXPECT_EQ(0u, t->version & 1);
		EXPECT_NE(0u, t->mul);
		EXPECT_NE(0ull, t->tsc_timestamp);
		vm_destroy(&vm);
	}
}

/* Two readings of the guest: as far apart as the host's clock says, or less. */
TEST(the_clock_runs_as_fast_as_the_hosts)
{
	volatile struct system_time *t;
	uint64_t start, first, second, host;
	struct served s;
	struct vm vm;

	serve_start(&vm, do_wrmsr);
	t = (void *)(vm.mem + GUEST_CLOCK);
	write_clock(&vm, MSR_SYSTEM_TIME, GUEST_CLOCK | 1);
	/* The same guest reads its TSC from now on. */
	VM_LOAD(&vm, GUEST_CODE, do_rdtsc);
	start = zxtest_now();
	serve(&vm, 0, 0, 0, &s);
	first = clock_ns(t, (s.rax & 0xffffffff) | s.rdx << 32);
	ASSERT_TRUE(wait_until(5, zxtest_now() - start > 200000000));
	serve(&vm, 0, 0, 0, &s);
	second = clock_ns(t, (s.rax & 0xffffffff) | s.rdx << 32);
	host = zxtest_now() - start;
	EXPECT_LT(first + 100000000, second);
	EXPECT_GE(host + host / 10, second - first);
	vm_destroy(&vm);
}

TEST(the_wall_clock_and_the_system_time_make_the_date)
{
	static const uint32_t msrs[] = { MSR_WALL_CLOCK, MSR_WALL_CLOCK_OLD };

	for (size_t i = 0; i < ARRAY_SIZE(msrs); i++) {
		volatile struct system_time *t;
		volatile struct wall_clock *w;
		uint64_t date;
		struct vm vm;

		zxtest_row("MSR %#x", msrs[i]);
		serve_start(&vm, do_wrmsr);
		t = (void *)(vm.mem + GUEST_CLOCK);
		w = (void *)(vm.mem + GUEST_CLOCK + 64);
		write_clock(&vm, MSR_SYSTEM_TIME, GUEST_CLOCK | 1);
		write_clock(&vm, msrs[i], GUEST_CLOCK + 64);
		EXPECT_NE(0u, w->version);
		EXPECT_EQ(0u, w->version & 1);
		EXPECT_GT(1000000000u, w->nsec);
		date = w->sec + t->system_time / 1000000000;
		EXPECT_GE((uint64_t)time(NULL) + 2, date);
		EXPECT_LE((uint64_t)time(NULL) - 30, date);
		vm_destroy(&vm);
	}
}

/* The VMM may map the page and enter again: the write is done then. */
TEST(a_clock_page_outside_memory_is_not_found_until_it_is_mapped)
{
	static const struct {
		uint32_t msr, enable;
	} rows[] = {
		{ MSR_SYSTEM_TIME, 1 }, { MSR_SYSTEM_TIME_OLD, 1 },
		{ MSR_WALL_CLOCK, 0 }, { MSR_WALL_CLOCK_OLD, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct served s;
		struct vm vm;
		zx_handle_t vmo;
		zx_vaddr_t gpa;
		uint32_t *page;

		zxtest_row("MSR %#x", rows[i].msr);
		ASSERT_OK(zx_vmo_create(4096, 0, &vmo));
		page = map_self(vmo, 4096);
		serve_start(&vm, do_wrmsr);
		serve_set(&vm, GUEST_HOLE | rows[i].enable, rows[i].msr, 0);
		vm_expect_status(&vm, ZX_ERR_NOT_FOUND);
		vm_expect_status(&vm, ZX_ERR_NOT_FOUND);
		ASSERT_OK(zx_vmar_map(vm.vmar, RW | ZX_VM_SPECIFIC, GUEST_HOLE,
				      vmo, 0, 4096, &gpa));
		serve_finish(&vm, &s);
		EXPECT_FALSE(s.fault);
		EXPECT_NE(0u, page[0]);		/* version */
		vm_destroy(&vm);
		EXPECT_OK(zx_handle_close(vmo));
	}
}

/* Turning the clock off names no page. */
TEST(a_clock_that_is_turned_off_needs_no_page)
{
	struct vm vm;

	serve_start(&vm, do_wrmsr);
	write_clock(&vm, MSR_SYSTEM_TIME, GUEST_HOLE);
	write_clock(&vm, MSR_SYSTEM_TIME_OLD, GUEST_HOLE);
	vm_destroy(&vm);
}

TEST(the_clock_can_be_turned_off)
{
	volatile struct system_time *t;
	struct vm vm;

	serve_start(&vm, do_wrmsr);
	t = (void *)(vm.mem + GUEST_CLOCK);
	write_clock(&vm, MSR_SYSTEM_TIME, GUEST_CLOCK | 1);
	EXPECT_NE(0u, t->version);
	write_clock(&vm, MSR_SYSTEM_TIME, 0);
	memset((void *)t, 0, sizeof(*t));
	/* The guest goes on, and the page is left alone. */
	write_clock(&vm, MSR_WALL_CLOCK, GUEST_CLOCK + 64);
	EXPECT_EQ(0u, t->version);
	vm_destroy(&vm);
}

TEST_HARNESS_MAIN
