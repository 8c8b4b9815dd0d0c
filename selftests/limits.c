// SPDX-License-Identifier: MIT
/*
 * Much memory and many mappings: what costs nothing, what is given back, what is
 * charged to whom, and huge pages.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

#include "guest/vm.h"
#include "calls.h"
#include "spaces.h"
#include "system.h"
#include "zxtest.h"

GUEST_BLOB(peek);
GUEST_BLOB(poke);
GUEST_BLOB(sweep);

#define MIB		(1ull << 20)
#define GIB		(1ull << 30)
#define MILLION		(1000000 * PAGE)

/* ---- a guest that looks ------------------------------------------------ */

static void aim(struct vm *vm, uint64_t gpa, uint64_t value)
{
	zx_vcpu_state_t state;

	vcpu_read(vm->vcpu, &state);
	state.rbx = gpa;
	state.rdx = value;
	vcpu_write(vm->vcpu, &state);
}

static uint64_t peek(struct vm *vm, uint64_t gpa)
{
	aim(vm, gpa, 0);
	vm_expect_report(vm, 1);
	return vm->mail->value[0];
}

static void poke(struct vm *vm, uint64_t gpa, uint64_t value)
{
	aim(vm, gpa, value);
	vm_expect_report(vm, 1);
}

/* ---- what costs nothing ------------------------------------------------- */

/* What a mapping costs before it is touched: page tables, faults, memory. */
struct cost {
	long long tables;		/* KiB */
	long faults;
	unsigned long maps;
};

static struct cost cost_now(void)
{
	struct rusage usage;
	struct cost cost;

	cost.tables = number_in("/proc/self/status", "VmPTE:");
	cost.maps = count_maps();
	ASSERT_EQ(0, getrusage(RUSAGE_SELF, &usage));
	cost.faults = usage.ru_minflt;
	return cost;
}

static void check_cost(const struct space *s, uint32_t options, zx_handle_t vmo,
		       uint64_t size)
{
	struct cost before, after;
	zx_vaddr_t addr;

	/* What is made once: a guest's windows, and what looking needs. */
	ASSERT_OK(zx_vmar_map(s->root, R | W, 0, vmo, 0, size, &addr));
	ASSERT_OK(zx_vmar_unmap(s->root, addr, size));
	(void)cost_now();
	before = cost_now();
	ASSERT_OK(zx_vmar_map(s->root, R | W | options, 0, vmo, 0, size, &addr));
	after = cost_now();
	EXPECT_EQ(before.tables, after.tables);
	/* One, and what is around it is split; in a guest in two windows. */
	EXPECT_GE(4, after.maps - before.maps);
	/* The first look at the files brings a page or two. */
	EXPECT_GE(8, after.faults - before.faults);
	EXPECT_EQ(0ull, committed_bytes(vmo));
	EXPECT_OK(zx_vmar_unmap(s->root, addr, size));
	EXPECT_EQ(before.maps, count_maps());
}

TEST(a_million_pages_are_mapped_as_cheaply_as_one)
{
	struct space s[2];
	zx_handle_t vmo;

	ASSERT_OK(zx_vmo_create(MILLION, 0, &vmo));
	spaces_open(s);
	for_each_space(space, s) {
		zxtest_row("%s", space->name);
		check_cost(space, 0, vmo, PAGE);
		check_cost(space, 0, vmo, MILLION);
		/* Of which none is there to be brought in. */
		check_cost(space, ZX_VM_MAP_RANGE, vmo, MILLION);
	}
	zxtest_row_end();
	spaces_close(s);
	EXPECT_OK(zx_handle_close(vmo));
}

TEST_TIMEOUT(a_guest_reaches_both_ends_of_a_million_pages, 60)
{
	zx_handle_t vmo;
	struct vm vm;

	vm_start(&vm, poke);
	ASSERT_OK(zx_vmo_create(MILLION, 0, &vmo));
	/* As much of it as the guest's page tables reach. */
	map_in(vm.vmar, R | W, GIB, vmo, 3 * GIB);
	poke(&vm, GIB, 0x1111);
	poke(&vm, 4 * GIB - 8, 0x2222);
	EXPECT_EQ(0x1111ull, vmo_word(vmo, 0));
	EXPECT_EQ(0x2222ull, vmo_word(vmo, 3 * GIB - 8));
	EXPECT_GE(4 * PAGE, committed_bytes(vmo));
	EXPECT_OK(zx_handle_close(vmo));
	vm_destroy(&vm);
}

/* ---- many mappings ------------------------------------------------------ */

/* All of them where SCALE asks for it: the kernel that watches is slow. */
#define MANY		scaled(10000, 1000)

/* Every other page of a range, each a mapping of its own. */
static void map_many(const struct space *s, zx_handle_t vmo, uint64_t base)
{
	for (uint64_t i = 0; i < MANY; i++) {
		zx_vaddr_t addr;

		ASSERT_OK(zx_vmar_map(s->root, R | W | SPECIFIC,
				      base - s->root_base + i * 2 * PAGE, vmo,
				      i % 16 * PAGE, PAGE, &addr));
	}
}

TEST_TIMEOUT(many_mappings_in_one_vmar, 900)
{
	zx_handle_t vmo = tagged_vmo(16, 0, 0x5000);
	struct space s[2];

	spaces_open(s);
	for_each_space(space, s) {
		uint64_t base = 2 * ARENA + PAGE;
		unsigned long before;
		zx_vaddr_t addr;

		zxtest_row("%s", space->name);
		/* The window is made, and the arena stays. */
		map_in(space->root, R, base - PAGE - space->root_base, vmo,
		       PAGE);
		before = count_maps();
		map_many(space, vmo, base);
		for (uint64_t i = 0; i < MANY; i += 997) {
			EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS,
				      zx_vmar_map(space->root, R | SPECIFIC,
						  base - space->root_base +
						  i * 2 * PAGE, vmo, 0, PAGE,
						  &addr));
			if (space->process)
				EXPECT_EQ(0x5000 + i % 16,
					  word_at(base + i * 2 * PAGE));
		}
		/* Some one by one, the rest at once. */
		for (uint64_t i = 0; i < MANY; i += 10)
			ASSERT_OK(zx_vmar_unmap(space->root, base + i * 2 * PAGE,
						PAGE));
		EXPECT_OK(zx_vmar_unmap(space->root, base, 2 * MANY * PAGE));
		EXPECT_EQ(before, count_maps());
		EXPECT_OK(zx_vmar_unmap(space->root, base - PAGE, PAGE));
	}
	zxtest_row_end();
	spaces_close(s);
	EXPECT_OK(zx_handle_close(vmo));
}

TEST_TIMEOUT(a_guest_sees_many_mappings, 900)
{
	zx_handle_t vmo = tagged_vmo(16, 0, 0x5000);
	struct space s = { .name = "guest" };
	struct vm vm;

	vm_start(&vm, peek);
	s.root = vm.vmar;
	map_many(&s, vmo, GIB);
	for (uint64_t i = 0; i < MANY; i += 97)
		ASSERT_EQ(0x5000 + i % 16, peek(&vm, GIB + i * 2 * PAGE));
	EXPECT_OK(zx_vmar_unmap(vm.vmar, GIB, 2 * MANY * PAGE));
	aim(&vm, GIB + 98 * 2 * PAGE, 0);
	vm_expect_status(&vm, ZX_ERR_NOT_FOUND);
	EXPECT_OK(zx_handle_close(vmo));
	vm_destroy(&vm);
}

/* ---- huge pages --------------------------------------------------------- */

#define SHMEM_ENABLED	"/sys/kernel/mm/transparent_hugepage/shmem_enabled"
#define PAGES_2M	"/sys/kernel/debug/kvm/pages_2m"

static void need_huge_pages(void)
{
	(void)mount("none", "/sys/kernel/debug", "debugfs", 0, NULL);
	if (number_in(PAGES_2M, "") < 0)
		SKIP("KVM does not show how large its mappings are");
	if (!write_text(SHMEM_ENABLED, "always"))
		SKIP("no huge pages for shared memory here");
}

/* Where the system has huge pages for a VMO, the guest's mappings are huge. */
TEST_TIMEOUT(huge_pages_are_huge_in_the_guest, 60)
{
	long long before;
	zx_handle_t vmo;
	struct vm vm;

	need_huge_pages();
	vm_start(&vm, poke);
	before = number_in(PAGES_2M, "");
	ASSERT_OK(zx_vmo_create(8 * MIB, 0, &vmo));
	map_in(vm.vmar, R | W, GIB, vmo, 8 * MIB);
	for (uint64_t at = 0; at < 8 * MIB; at += 2 * MIB)
		poke(&vm, GIB + at + PAGE, 1);
	(void)write_text(SHMEM_ENABLED, "never");
	EXPECT_EQ(8 * MIB, committed_bytes(vmo));
	EXPECT_LE(before + 4, number_in(PAGES_2M, ""));
	/* A piece of one is taken out: the rest stays as it is. */
	ASSERT_OK(zx_vmar_unmap(vm.vmar, GIB + 2 * PAGE, PAGE));
	poke(&vm, GIB + PAGE, 0x77);
	EXPECT_EQ(0x77ull, vmo_word(vmo, PAGE));
	aim(&vm, GIB + 2 * PAGE, 1);
	vm_expect_status(&vm, ZX_ERR_NOT_FOUND);
	map_in(vm.vmar, R | W | OVERWRITE, GIB, vmo, 8 * MIB);
	vm_expect_report(&vm, 1);
	EXPECT_OK(zx_handle_close(vmo));
	vm_destroy(&vm);
}

/* ---- control groups ----------------------------------------------------- */

#define CURRENT		GROUP "/memory.current"
#define SWAP_CURRENT	GROUP "/memory.swap.current"
#define STAT		GROUP "/memory.stat"

static long long shmem_charged(void)
{
	return number_in(STAT, "shmem ");
}

/* Charged as shared memory is, in batches; nothing else in the group grows. */
static void expect_charge(long long before, long long bytes)
{
	EXPECT_TRUE(wait_until(30, llabs(shmem_charged() - before - bytes) <=
			       (long long)(MIB / 4)));
}

/* Whoever brings a page pays for it: the guest's thread, a write, a commit. */
TEST_TIMEOUT(pages_are_charged_to_the_callers_group, 120)
{
	static uint8_t buffer[2 * MIB];
	long long before;
	zx_handle_t vmo;
	struct vm vm;

	make_group("memory");
	join_group(getpid());
	vm_start(&vm, poke);
	ASSERT_OK(zx_vmo_create(16 * MIB, 0, &vmo));
	map_in(vm.vmar, R | W, GIB, vmo, 16 * MIB);
	memset(buffer, 1, sizeof(buffer));
	before = shmem_charged();
	ASSERT_LE(0ll, before);
	for (uint64_t at = 0; at < 2 * MIB; at += PAGE)
		poke(&vm, GIB + at, 1);
	expect_charge(before, 2 * MIB);
	ASSERT_OK(zx_vmo_write(vmo, buffer, 4 * MIB, sizeof(buffer)));
	expect_charge(before, 4 * MIB);
	ASSERT_OK(zx_vmo_op_range(vmo, ZX_VMO_OP_COMMIT, 8 * MIB, 4 * MIB, NULL,
				  0));
	expect_charge(before, 8 * MIB);
	EXPECT_EQ(8 * MIB, committed_bytes(vmo));
	ASSERT_OK(zx_vmo_op_range(vmo, ZX_VMO_OP_DECOMMIT, 0, 16 * MIB, NULL,
				  0));
	expect_charge(before, 0);
	EXPECT_OK(zx_handle_close(vmo));
	vm_destroy(&vm);
	leave_group();
}

/* As the guest sees it, the host by a handle, and the host by a mapping. */
static void check_swept(struct vm *vm, zx_handle_t vmo, uint64_t size,
			const volatile uint8_t *map, uint64_t base)
{
	vm_expect_report(vm, 2);
	EXPECT_EQ(0ull, vm->mail->value[0]);
	for (uint64_t at = 0; at < size; at += PAGE)
		ASSERT_EQ(base + at, vmo_word(vmo, at));
	for (uint64_t at = 0; at < size; at += PAGE)
		ASSERT_EQ(base + at, *(volatile uint64_t *)(map + at));
}

/* Twice the group's memory goes to the swap and comes back, for all who look. */
TEST_TIMEOUT(a_guest_larger_than_its_group_is_swapped, 600)
{
	const uint64_t max = 12 * MIB, size = 2 * max;
	zx_vcpu_state_t state;
	zx_handle_t vmo;
	struct vm vm;
	uint8_t *map;

	swap_on(2 * size);
	make_group("memory");
	ASSERT_TRUE(write_text(GROUP "/memory.max", "12582912"));
	join_group(getpid());
	vm_start(&vm, sweep);
	ASSERT_OK(zx_vmo_create(size, 0, &vmo));
	map_in(vm.vmar, R | W, GIB, vmo, size);
	map = map_self(vmo, size);
	for (uint64_t salt = 1; salt < 3; salt++) {
		zxtest_row("round %llu", (unsigned long long)salt);
		vcpu_read(vm.vcpu, &state);
		state.rbx = GIB;
		state.rdx = GIB + size;
		state.rsi = salt;
		vcpu_write(vm.vcpu, &state);
		vm_expect_report(&vm, 1);
		EXPECT_GE((long long)max, number_in(CURRENT, ""));
		EXPECT_LE((long long)(size - max), number_in(SWAP_CURRENT, ""));
		/* Wherever they are, they are the VMO's. */
		EXPECT_EQ(size, committed_bytes(vmo));
		check_swept(&vm, vmo, size, map, GIB + salt);
	}
	zxtest_row_end();
	EXPECT_OK(zx_vmar_unmap(zx_vmar_root_self(), (uintptr_t)map, size));
	EXPECT_OK(zx_handle_close(vmo));
	vm_destroy(&vm);
	/* What nobody has any more is in the swap no more. */
	EXPECT_TRUE(wait_until(30, number_in(SWAP_CURRENT, "") < MIB));
	swap_off();
	EXPECT_EQ(0ll, number_in(SWAP_CURRENT, ""));
	leave_group();
}

TEST_HARNESS_MAIN
