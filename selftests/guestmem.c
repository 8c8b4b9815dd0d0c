// SPDX-License-Identifier: MIT
/*
 * What a guest sees of its physical VMAR: the host's bytes, holes, permissions,
 * mappings that come and go.
 */
#include <string.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

#include "guest/vm.h"
#include "zxtest.h"

GUEST_BLOB(peek);
GUEST_BLOB(poke);
GUEST_BLOB(call);
GUEST_BLOB(ret);

#define PAGE	4096ull

/* Maps pages of a VMO at a guest-physical address. */
static void map_at(struct vm *vm, zx_handle_t vmo, uint32_t options,
		   uint64_t gpa, uint64_t vmo_offset, uint64_t len)
{
	zx_vaddr_t addr;

	ASSERT_OK(zx_vmar_map(vm->vmar, options | ZX_VM_SPECIFIC, gpa, vmo,
			      vmo_offset, len, &addr));
	ASSERT_EQ(gpa, addr);
}

/* Where the guest of peek, poke or call looks next. */
static void aim(struct vm *vm, uint64_t gpa, uint64_t value)
{
	zx_vcpu_state_t state;

	vcpu_read(vm->vcpu, &state);
	state.rbx = gpa;
	state.rdx = value;
	vcpu_write(vm->vcpu, &state);
}

/* What the guest reads there. */
static uint64_t peek(struct vm *vm, uint64_t gpa)
{
	aim(vm, gpa, 0);
	vm_expect_report(vm, 1);
	return vm->mail->value[0];
}

TEST(a_guest_sees_the_hosts_bytes_and_the_host_the_guests)
{
	struct vm vm;

	vm_start(&vm, poke);
	for (uint64_t i = 0; i < 8; i++) {
		uint64_t gpa = 0x100000 + i * 0x11008;

		aim(&vm, gpa, 0x1111222233334440 + i);
		vm_expect_report(&vm, 1);
		EXPECT_EQ(0x1111222233334440 + i, *(uint64_t *)(vm.mem + gpa));
	}
	vm_destroy(&vm);

	vm_start(&vm, peek);
	for (uint64_t i = 0; i < 8; i++) {
		uint64_t gpa = 0x100000 + i * 0x11008;

		*(uint64_t *)(vm.mem + gpa) = 0x5555666677778880 + i;
		EXPECT_EQ(0x5555666677778880 + i, peek(&vm, gpa));
		*(uint64_t *)(vm.mem + gpa) = ~i;
		EXPECT_EQ(~i, peek(&vm, gpa));
	}
	vm_destroy(&vm);
}

TEST(a_guest_sees_what_vmo_write_wrote)
{
	uint64_t value = 0xfeedfacecafebeef;
	struct vm vm;

	vm_start(&vm, peek);
	EXPECT_EQ(0ull, peek(&vm, 0x180000));
	ASSERT_OK(zx_vmo_write(vm.vmo, &value, 0x180000, sizeof(value)));
	EXPECT_EQ(value, peek(&vm, 0x180000));
	vm_destroy(&vm);
}

TEST(an_access_outside_any_mapping_is_not_found_and_can_be_repeated)
{
	zx_vcpu_state_t before, after;
	struct vm vm;

	vm_start(&vm, peek);
	aim(&vm, GUEST_HOLE, 0);
	vcpu_read(vm.vcpu, &before);
	for (int i = 0; i < 3; i++)
		vm_expect_status(&vm, ZX_ERR_NOT_FOUND);
	vcpu_read(vm.vcpu, &after);
	EXPECT_BYTES(&before, &after, sizeof(after));
	vm_destroy(&vm);

	vm_start(&vm, poke);
	aim(&vm, GUEST_HOLE + 0x123, 1);
	for (int i = 0; i < 3; i++)
		vm_expect_status(&vm, ZX_ERR_NOT_FOUND);
	vm_destroy(&vm);
}

TEST(after_mapping_the_same_instruction_goes_on)
{
	uint64_t value = 0x0123456789abcdef;
	zx_handle_t vmo;
	struct vm vm;

	vm_start(&vm, peek);
	aim(&vm, GUEST_HOLE, 0);
	vm_expect_status(&vm, ZX_ERR_NOT_FOUND);
	ASSERT_OK(zx_vmo_create(PAGE, 0, &vmo));
	ASSERT_OK(zx_vmo_write(vmo, &value, 0, sizeof(value)));
	map_at(&vm, vmo, RW, GUEST_HOLE, 0, PAGE);
	vm_expect_report(&vm, 1);
	EXPECT_EQ(value, vm.mail->value[0]);
	vm_destroy(&vm);
}

TEST(an_unmapped_page_is_gone_for_the_guest)
{
	zx_handle_t vmo;
	struct vm vm;

	vm_start(&vm, peek);
	ASSERT_OK(zx_vmo_create(4 * PAGE, 0, &vmo));
	map_at(&vm, vmo, RW, GUEST_HOLE, 0, 4 * PAGE);
	for (uint64_t p = 0; p < 4; p++)
		EXPECT_EQ(0ull, peek(&vm, GUEST_HOLE + p * PAGE));
	ASSERT_OK(zx_vmar_unmap(vm.vmar, GUEST_HOLE + PAGE, 2 * PAGE));
	EXPECT_EQ(0ull, peek(&vm, GUEST_HOLE));
	EXPECT_EQ(0ull, peek(&vm, GUEST_HOLE + 3 * PAGE));
	for (uint64_t p = 1; p < 3; p++) {
		aim(&vm, GUEST_HOLE + p * PAGE, 0);
		vm_expect_status(&vm, ZX_ERR_NOT_FOUND);
	}
	vm_destroy(&vm);
}

TEST(a_page_of_another_vmo_takes_the_place_of_the_first)
{
	zx_handle_t one, two;
	uint64_t a = 0xaaaa, b = 0xbbbb;
	struct vm vm;

	vm_start(&vm, peek);
	ASSERT_OK(zx_vmo_create(PAGE, 0, &one));
	ASSERT_OK(zx_vmo_create(PAGE, 0, &two));
	ASSERT_OK(zx_vmo_write(one, &a, 0, sizeof(a)));
	ASSERT_OK(zx_vmo_write(two, &b, 0, sizeof(b)));
	for (int i = 0; i < 20; i++) {
		map_at(&vm, one, RW, GUEST_HOLE, 0, PAGE);
		EXPECT_EQ(a, peek(&vm, GUEST_HOLE));
		ASSERT_OK(zx_vmar_unmap(vm.vmar, GUEST_HOLE, PAGE));
		map_at(&vm, two, RW, GUEST_HOLE, 0, PAGE);
		EXPECT_EQ(b, peek(&vm, GUEST_HOLE));
		ASSERT_OK(zx_vmar_unmap(vm.vmar, GUEST_HOLE, PAGE));
	}
	vm_destroy(&vm);
}

TEST(one_vmo_can_be_mapped_twice_in_the_guest)
{
	zx_handle_t vmo;
	uint64_t value = 0x7777;
	struct vm vm;

	vm_start(&vm, peek);
	ASSERT_OK(zx_vmo_create(2 * PAGE, 0, &vmo));
	map_at(&vm, vmo, RW, GUEST_HOLE, 0, 2 * PAGE);
	map_at(&vm, vmo, RW, GUEST_HOLE + 16 * PAGE, PAGE, PAGE);
	ASSERT_OK(zx_vmo_write(vmo, &value, PAGE, sizeof(value)));
	EXPECT_EQ(value, peek(&vm, GUEST_HOLE + PAGE));
	EXPECT_EQ(value, peek(&vm, GUEST_HOLE + 16 * PAGE));
	vm_destroy(&vm);
}

TEST(a_page_beyond_the_vmo_is_out_of_range)
{
	zx_handle_t vmo;
	struct vm vm;

	vm_start(&vm, peek);
	ASSERT_OK(zx_vmo_create(PAGE, 0, &vmo));
	map_at(&vm, vmo, RW, GUEST_HOLE, 0, 3 * PAGE);
	EXPECT_EQ(0ull, peek(&vm, GUEST_HOLE));
	aim(&vm, GUEST_HOLE + PAGE, 0);
	vm_expect_status(&vm, ZX_ERR_OUT_OF_RANGE);
	vm_expect_status(&vm, ZX_ERR_OUT_OF_RANGE);
	aim(&vm, GUEST_HOLE + 2 * PAGE, 0);
	vm_expect_status(&vm, ZX_ERR_OUT_OF_RANGE);
	aim(&vm, GUEST_HOLE + 3 * PAGE, 0);
	vm_expect_status(&vm, ZX_ERR_NOT_FOUND);
	EXPECT_EQ(0ull, peek(&vm, GUEST_HOLE));
	vm_destroy(&vm);
}

/* Zircon's fault handler would loop here; access_denied is our answer. */
TEST(a_write_to_a_read_only_mapping_is_access_denied)
{
	uint64_t value = 0x1234, back = 0;
	zx_handle_t vmo;
	struct vm vm;

	vm_start(&vm, poke);
	ASSERT_OK(zx_vmo_create(PAGE, 0, &vmo));
	ASSERT_OK(zx_vmo_write(vmo, &value, 8, sizeof(value)));
	map_at(&vm, vmo, ZX_VM_PERM_READ, GUEST_HOLE, 0, PAGE);
	aim(&vm, GUEST_HOLE + 8, ~0ull);
	vm_expect_status(&vm, ZX_ERR_ACCESS_DENIED);
	vm_expect_status(&vm, ZX_ERR_ACCESS_DENIED);
	ASSERT_OK(zx_vmo_read(vmo, &back, 8, sizeof(back)));
	EXPECT_EQ(value, back);
	vm_destroy(&vm);
}

TEST(a_read_only_mapping_can_be_read)
{
	uint64_t value = 0x4321;
	zx_handle_t vmo;
	struct vm vm;

	vm_start(&vm, peek);
	ASSERT_OK(zx_vmo_create(PAGE, 0, &vmo));
	ASSERT_OK(zx_vmo_write(vmo, &value, 8, sizeof(value)));
	map_at(&vm, vmo, ZX_VM_PERM_READ, GUEST_HOLE, 0, PAGE);
	EXPECT_EQ(value, peek(&vm, GUEST_HOLE + 8));
	vm_destroy(&vm);
}

TEST(a_mapping_without_permissions_is_access_denied)
{
	zx_handle_t vmo;
	struct vm vm;

	vm_start(&vm, peek);
	ASSERT_OK(zx_vmo_create(PAGE, 0, &vmo));
	map_at(&vm, vmo, 0, GUEST_HOLE, 0, PAGE);
	aim(&vm, GUEST_HOLE, 0);
	vm_expect_status(&vm, ZX_ERR_ACCESS_DENIED);
	vm_destroy(&vm);
}

TEST(a_guest_runs_code_from_a_second_mapping)
{
	zx_handle_t vmo = executable_vmo(PAGE);
	zx_vcpu_state_t state;
	struct vm vm;

	ASSERT_OK(zx_vmo_write(vmo, guest_ret, 0x40,
			       guest_ret_end - guest_ret));
	vm_start(&vm, call);
	map_at(&vm, vmo, ZX_VM_PERM_READ | ZX_VM_PERM_EXECUTE, GUEST_HOLE, 0,
	       PAGE);
	aim(&vm, GUEST_HOLE + 0x40, 0);
	vm_expect_report(&vm, 1);
	vcpu_read(vm.vcpu, &state);
	EXPECT_EQ(0x600dull, state.rcx);
	vm_destroy(&vm);
}

TEST(a_jump_into_a_hole_is_not_found)
{
	struct vm vm;

	vm_start(&vm, call);
	aim(&vm, GUEST_HOLE, 0);
	vm_expect_status(&vm, ZX_ERR_NOT_FOUND);
	vm_expect_status(&vm, ZX_ERR_NOT_FOUND);
	vm_destroy(&vm);
}

TEST(a_mapping_outlives_its_vmo_handle_in_the_guest)
{
	uint64_t value = 0x99;
	zx_handle_t vmo;
	struct vm vm;

	vm_start(&vm, peek);
	ASSERT_OK(zx_vmo_create(PAGE, 0, &vmo));
	ASSERT_OK(zx_vmo_write(vmo, &value, 0, sizeof(value)));
	map_at(&vm, vmo, RW, GUEST_HOLE, 0, PAGE);
	ASSERT_OK(zx_handle_close(vmo));
	EXPECT_EQ(value, peek(&vm, GUEST_HOLE));
	vm_destroy(&vm);
}

/* Mappings far apart, each at once reachable. */
TEST(mappings_far_apart_are_reached)
{
	static const uint64_t where[] = {
		0x3ff000, 0x40000000, 0x7ffff000, 0xc0000000, 0xfffff000,
	};
	struct vm vm;

	vm_start(&vm, peek);
	for (size_t i = 0; i < ARRAY_SIZE(where); i++) {
		uint64_t value = 0xabc0 + i;
		zx_handle_t vmo;

		ASSERT_OK(zx_vmo_create(PAGE, 0, &vmo));
		ASSERT_OK(zx_vmo_write(vmo, &value, 0, sizeof(value)));
		map_at(&vm, vmo, RW, where[i], 0, PAGE);
	}
	for (size_t i = 0; i < ARRAY_SIZE(where); i++) {
		zxtest_row("at %#llx", (unsigned long long)where[i]);
		EXPECT_EQ(0xabc0 + i, peek(&vm, where[i]));
	}
	vm_destroy(&vm);
}

/* Another thread unmaps under a running vCPU: the next access is NOT_FOUND. */
static void *unmap_under(void *arg)
{
	struct vm *vm = arg;

	ASSERT_TRUE(wait_until(20, vm->mail->progress > 100));
	ASSERT_OK(zx_vmar_unmap(vm->vmar, GUEST_HOLE, PAGE));
	return NULL;
}

GUEST_BLOB(reread);

TEST(an_unmap_under_a_running_vcpu_takes_effect)
{
	pthread_t thread;
	zx_handle_t vmo;
	struct vm vm;

	vm_start(&vm, reread);
	ASSERT_OK(zx_vmo_create(PAGE, 0, &vmo));
	map_at(&vm, vmo, RW, GUEST_HOLE, 0, PAGE);
	thread_start(&thread, unmap_under, &vm);
	vm_expect_status(&vm, ZX_ERR_NOT_FOUND);
	thread_join(thread);
	map_at(&vm, vmo, RW, GUEST_HOLE, 0, PAGE);
	vm.mail->go = 1;
	vm_expect_done(&vm);
	vm_destroy(&vm);
}

TEST_HARNESS_MAIN
