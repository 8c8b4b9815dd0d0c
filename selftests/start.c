// SPDX-License-Identifier: MIT
/*
 * How a vCPU begins: its initial state and its id.
 */
#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include "guest/vm.h"
#include "zxtest.h"

GUEST_BLOB(initial);
GUEST_BLOB(real);
GUEST_BLOB(id);
GUEST_BLOB(real_id);

/* ---- initial state ---------------------------------------------------- */

TEST(a_bsp_starts_in_long_mode_at_its_entry)
{
	volatile uint64_t *v;
	struct vm vm;

	vm_start(&vm, initial);
	vm_expect_done(&vm);
	v = vm.mail->value;
	EXPECT_EQ(0ull, v[0]);			/* RSP */
	EXPECT_EQ(2ull, v[1]);			/* RFLAGS */
	EXPECT_EQ(0x80010011ull, v[2]);		/* CR0: PG WP ET PE, no NE */
	EXPECT_EQ(0ull, v[3]);			/* CR3 */
	EXPECT_EQ(0x2a0ull, v[4] & 0x2a0);	/* CR4: OSFXSR PGE PAE */
	EXPECT_EQ(0ull, v[4] & 1 << 13);	/* CR4.VMXE */
	EXPECT_EQ((uint64_t)GUEST_CODE, v[5]);	/* RIP */
	EXPECT_EQ(0ull, v[6]);			/* CS */
	EXPECT_EQ(0ull, v[7]);			/* SS */
	EXPECT_EQ(0ull, v[8]);			/* DS */
	EXPECT_EQ(0x500ull, v[13] & 0x500);	/* EFER: LMA LME */
	vm_destroy(&vm);
}

TEST(a_bsp_starts_with_empty_descriptor_tables)
{
	volatile uint8_t *table;
	struct vm vm;

	vm_start(&vm, initial);
	vm_expect_done(&vm);
	for (int t = 0; t < 2; t++) {
		uint64_t base = 0;

		table = (volatile uint8_t *)&vm.mail->value[9 + 2 * t];
		for (int i = 7; i >= 0; i--)
			base = base << 8 | table[2 + i];
		zxtest_row(t ? "IDTR" : "GDTR");
		EXPECT_EQ(0xffff, table[0] | table[1] << 8);
		EXPECT_EQ(0ull, base);
	}
	vm_destroy(&vm);
}

TEST(a_bsp_starts_with_the_vector_state_enabled)
{
	struct vm vm;

	vm_start(&vm, initial);
	vm_expect_done(&vm);
	/* CR4.OSXSAVE; XCR0 has AVX where the CPU has it. */
	EXPECT_EQ(1ull << 18, vm.mail->value[4] & 1ull << 18);
	EXPECT_EQ(vm.mail->value[14] & 1 << 28 ? 7ull : 3ull,
		  vm.mail->value[15]);
	vm_destroy(&vm);
}

static void *run_ap(void *arg)
{
	struct vm *vm = arg;
	zx_handle_t ap;

	ASSERT_OK(zx_vcpu_create(vm->guest, 0, GUEST_AP_CODE, &ap));
	vcpu_expect_report(ap, (GUEST_AP_CODE >> 4) << 16);
	vcpu_expect_report(ap, 0);		/* CR0: no PG, no PE */
	vcpu_expect_report(ap, REPORT_DONE);
	EXPECT_OK(zx_handle_close(ap));
	return NULL;
}

TEST(an_ap_starts_in_real_mode_at_its_entry)
{
	struct vm vm;

	vm_start(&vm, id);
	VM_LOAD(&vm, GUEST_AP_CODE, real);
	in_thread(run_ap, &vm);
	vm_destroy(&vm);
}

/* ---- ids -------------------------------------------------------------- */

struct id_thread {
	struct vm *vm;
	zx_handle_t vcpu;
	uint32_t id;			/* expected */
};

static void *check_id(void *arg)
{
	struct id_thread *t = arg;

	ASSERT_OK(zx_vcpu_create(t->vm->guest, 0, t->id ? GUEST_AP_CODE :
				 GUEST_CODE, &t->vcpu));
	vcpu_expect_report(t->vcpu, t->id);
	return NULL;
}

TEST(ids_are_given_lowest_first)
{
	struct id_thread t[4];
	struct vm vm;

	vm_create(&vm);
	VM_LOAD(&vm, GUEST_CODE, id);
	VM_LOAD(&vm, GUEST_AP_CODE, real_id);
	for (uint32_t i = 0; i < ARRAY_SIZE(t); i++) {
		t[i] = (struct id_thread){ .vm = &vm, .id = i };
		in_thread(check_id, &t[i]);
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(t); i++)
		EXPECT_OK(zx_handle_close(t[i].vcpu));
}

/* A closed vCPU's id is free again; the new one starts from the beginning. */
TEST(a_closed_vcpus_id_is_used_again)
{
	struct id_thread t[3];
	struct vm vm;

	vm_create(&vm);
	VM_LOAD(&vm, GUEST_CODE, id);
	VM_LOAD(&vm, GUEST_AP_CODE, real_id);
	for (uint32_t i = 0; i < ARRAY_SIZE(t); i++) {
		t[i] = (struct id_thread){ .vm = &vm, .id = i };
		in_thread(check_id, &t[i]);
	}
	EXPECT_OK(zx_handle_close(t[1].vcpu));
	in_thread(check_id, &t[1]);
	EXPECT_OK(zx_handle_close(t[2].vcpu));
	EXPECT_OK(zx_handle_close(t[0].vcpu));
	in_thread(check_id, &t[0]);
	in_thread(check_id, &t[2]);
}

#define MAX_VCPUS	64

static void *one_of_many(void *arg)
{
	struct id_thread *t = arg;

	return (void *)(intptr_t)zx_vcpu_create(t->vm->guest, 0, 0, &t->vcpu);
}

TEST_TIMEOUT(the_65th_vcpu_has_no_resources, 120)
{
	struct id_thread t[MAX_VCPUS + 1];
	struct vm vm;

	vm_create(&vm);
	for (int i = 0; i <= MAX_VCPUS; i++) {
		zx_status_t status;

		t[i] = (struct id_thread){ .vm = &vm };
		poison(&t[i].vcpu, sizeof(t[i].vcpu));
		status = (intptr_t)in_thread(one_of_many, &t[i]);
		zxtest_row("vCPU %d", i);
		ASSERT_STATUS(i < MAX_VCPUS ? ZX_OK : ZX_ERR_NO_RESOURCES,
			      status);
	}
	EXPECT_TRUE(poisoned(&t[MAX_VCPUS].vcpu, sizeof(zx_handle_t)));
	EXPECT_OK(zx_handle_close(t[17].vcpu));
	EXPECT_OK((zx_status_t)(intptr_t)in_thread(one_of_many, &t[17]));
}

TEST_HARNESS_MAIN
