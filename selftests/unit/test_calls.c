// SPDX-License-Identifier: MIT
/*
 * What each call asks the kernel for; test_objects.c has those of handles,
 * signals, waits and ports. Values use all the bits of their types, so that one
 * that is cut or widened wrongly shows.
 */
#include <errno.h>
#include <string.h>

#include <linux/zx_hyp.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/port.h>
#include <zx_hyp/zx_hyp.h>

#include "unit.h"

#define HANDLE1 0x7fa1b2c3u
#define HANDLE2 0x6d5e4f37u
#define WORD 0xfedcba98u
#define LONG1 0xfedcba9876543210u
#define LONG2 0x8877665544332211u
#define LONG3 0xf0e1d2c3b4a59687u
#define ADDRESS(pointer) ((uintptr_t)(pointer))

static uint64_t cell1, cell2;

START_TEST(resource_get_passes_kind_and_result)
{
	struct zx_hyp_resource_get expected = {
		sizeof(expected), .kind = WORD, .out_handle = ADDRESS(&cell1),
	};

	ck_assert_int_eq(zx_hyp_resource_get(WORD, (void *)&cell1), ZX_OK);
	assert_asked(ZX_HYP_RESOURCE_GET, expected);
}
END_TEST

START_TEST(guest_create_passes_all)
{
	struct zx_hyp_guest_create expected = {
		sizeof(expected),
		.resource = HANDLE1,
		.options = WORD,
		.out_guest = ADDRESS(&cell1),
		.out_vmar = ADDRESS(&cell2),
	};

	ck_assert_int_eq(zx_guest_create(HANDLE1, WORD, (void *)&cell1, (void *)&cell2),
			 ZX_OK);
	assert_asked(ZX_HYP_GUEST_CREATE, expected);
}
END_TEST

START_TEST(guest_set_trap_passes_all)
{
	struct zx_hyp_guest_set_trap expected = {
		sizeof(expected),
		.guest = HANDLE1,
		.kind = WORD,
		.port = HANDLE2,
		.addr = LONG1,
		.len = LONG2,
		.key = LONG3,
	};

	ck_assert_int_eq(zx_guest_set_trap(HANDLE1, WORD, LONG1, LONG2, HANDLE2, LONG3),
			 ZX_OK);
	assert_asked(ZX_HYP_GUEST_SET_TRAP, expected);
}
END_TEST

START_TEST(vcpu_create_passes_all)
{
	struct zx_hyp_vcpu_create expected = {
		sizeof(expected),
		.guest = HANDLE1,
		.options = WORD,
		.entry = LONG1,
		.out_vcpu = ADDRESS(&cell1),
	};

	ck_assert_int_eq(zx_vcpu_create(HANDLE1, WORD, LONG1, (void *)&cell1), ZX_OK);
	assert_asked(ZX_HYP_VCPU_CREATE, expected);
}
END_TEST

START_TEST(vcpu_enter_passes_all)
{
	zx_port_packet_t packet;
	struct zx_hyp_vcpu_enter expected = {
		sizeof(expected), .vcpu = HANDLE1, .out_packet = ADDRESS(&packet),
	};

	ck_assert_int_eq(zx_vcpu_enter(HANDLE1, &packet), ZX_OK);
	assert_asked(ZX_HYP_VCPU_ENTER, expected);
}
END_TEST

START_TEST(vcpu_kick_names_the_vcpu)
{
	struct zx_hyp_vcpu_kick expected = { sizeof(expected), .vcpu = HANDLE1 };

	ck_assert_int_eq(zx_vcpu_kick(HANDLE1), ZX_OK);
	assert_asked(ZX_HYP_VCPU_KICK, expected);
}
END_TEST

START_TEST(vcpu_interrupt_passes_any_vector)
{
	struct zx_hyp_vcpu_interrupt expected = {
		sizeof(expected), .vcpu = HANDLE1, .vector = WORD,
	};

	ck_assert_int_eq(zx_vcpu_interrupt(HANDLE1, WORD), ZX_OK);
	assert_asked(ZX_HYP_VCPU_INTERRUPT, expected);
}
END_TEST

START_TEST(vcpu_read_state_passes_any_size)
{
	struct zx_hyp_vcpu_rw_state expected = {
		sizeof(expected),
		.vcpu = HANDLE1,
		.kind = WORD,
		.buffer = ADDRESS(&cell1),
		.buffer_size = LONG1,
	};

	ck_assert_int_eq(zx_vcpu_read_state(HANDLE1, WORD, &cell1, LONG1), ZX_OK);
	assert_asked(ZX_HYP_VCPU_READ_STATE, expected);
}
END_TEST

START_TEST(vcpu_write_state_passes_any_size)
{
	struct zx_hyp_vcpu_rw_state expected = {
		sizeof(expected),
		.vcpu = HANDLE1,
		.kind = WORD,
		.buffer = ADDRESS(&cell1),
		.buffer_size = LONG1,
	};

	ck_assert_int_eq(zx_vcpu_write_state(HANDLE1, WORD, &cell1, LONG1), ZX_OK);
	assert_asked(ZX_HYP_VCPU_WRITE_STATE, expected);
}
END_TEST

START_TEST(vmo_create_passes_options_as_they_are)
{
	struct zx_hyp_vmo_create expected = {
		sizeof(expected),
		.options = WORD,
		.vmo_size = LONG1,
		.out_handle = ADDRESS(&cell1),
	};

	ck_assert_int_eq(zx_vmo_create(LONG1, WORD, (void *)&cell1), ZX_OK);
	assert_asked(ZX_HYP_VMO_CREATE, expected);
}
END_TEST

static const struct {
	uint32_t options, asked;
} resizability[] = {
	{ 0, 0 },
	{ ZX_VMO_NON_RESIZABLE, 0 },
	{ ZX_VMO_RESIZABLE, ZX_VMO_RESIZABLE },
	/* For the kernel to refuse. */
	{ ZX_VMO_NON_RESIZABLE | ZX_VMO_RESIZABLE, ZX_VMO_NON_RESIZABLE | ZX_VMO_RESIZABLE },
	{ ZX_VMO_NON_RESIZABLE | 1u << 31, 1u << 31 },
};

START_TEST(vmo_create_asks_for_no_option_that_is_so_anyway)
{
	size_t i;

	for (i = 0; i < UNIT_COUNT(resizability); i++) {
		struct zx_hyp_vmo_create expected = {
			sizeof(expected),
			.options = resizability[i].asked,
			.vmo_size = LONG1,
			.out_handle = ADDRESS(&cell1),
		};

		ck_assert_int_eq(zx_vmo_create(LONG1, resizability[i].options,
					       (void *)&cell1), ZX_OK);
		assert_asked(ZX_HYP_VMO_CREATE, expected);
	}
}
END_TEST

START_TEST(vmo_read_passes_all)
{
	struct zx_hyp_vmo_rw expected = {
		sizeof(expected),
		.vmo = HANDLE1,
		.buffer = ADDRESS(&cell1),
		.offset = LONG1,
		.buffer_size = LONG2,
	};

	ck_assert_int_eq(zx_vmo_read(HANDLE1, &cell1, LONG1, LONG2), ZX_OK);
	assert_asked(ZX_HYP_VMO_READ, expected);
}
END_TEST

START_TEST(vmo_write_passes_all)
{
	struct zx_hyp_vmo_rw expected = {
		sizeof(expected),
		.vmo = HANDLE1,
		.buffer = ADDRESS(&cell1),
		.offset = LONG1,
		.buffer_size = LONG2,
	};

	ck_assert_int_eq(zx_vmo_write(HANDLE1, &cell1, LONG1, LONG2), ZX_OK);
	assert_asked(ZX_HYP_VMO_WRITE, expected);
}
END_TEST

START_TEST(vmo_get_size_passes_all)
{
	struct zx_hyp_vmo_get_size expected = {
		sizeof(expected), .vmo = HANDLE1, .out_size = ADDRESS(&cell1),
	};

	ck_assert_int_eq(zx_vmo_get_size(HANDLE1, &cell1), ZX_OK);
	assert_asked(ZX_HYP_VMO_GET_SIZE, expected);
}
END_TEST

START_TEST(vmo_set_size_passes_all)
{
	struct zx_hyp_vmo_set_size expected = {
		sizeof(expected), .vmo = HANDLE1, .vmo_size = LONG1,
	};

	ck_assert_int_eq(zx_vmo_set_size(HANDLE1, LONG1), ZX_OK);
	assert_asked(ZX_HYP_VMO_SET_SIZE, expected);
}
END_TEST

/* A bad address would show that it was touched. */
START_TEST(vmo_op_range_passes_all_but_the_buffer)
{
	struct zx_hyp_vmo_op_range expected = {
		sizeof(expected), .vmo = HANDLE1, .op = WORD, .offset = LONG1, .len = LONG2,
	};

	ck_assert_int_eq(zx_vmo_op_range(HANDLE1, WORD, LONG1, LONG2, (void *)LONG3, LONG3),
			 ZX_OK);
	assert_asked(ZX_HYP_VMO_OP_RANGE, expected);
}
END_TEST

START_TEST(vmo_set_cache_policy_passes_any_policy)
{
	struct zx_hyp_vmo_set_cache_policy expected = {
		sizeof(expected), .vmo = HANDLE1, .policy = WORD,
	};

	ck_assert_int_eq(zx_vmo_set_cache_policy(HANDLE1, WORD), ZX_OK);
	assert_asked(ZX_HYP_VMO_SET_CACHE_POLICY, expected);
}
END_TEST

START_TEST(vmo_replace_as_executable_passes_all)
{
	struct zx_hyp_vmo_replace_as_executable expected = {
		sizeof(expected),
		.vmo = HANDLE1,
		.vmex = HANDLE2,
		.out_handle = ADDRESS(&cell1),
	};

	ck_assert_int_eq(zx_vmo_replace_as_executable(HANDLE1, HANDLE2, (void *)&cell1),
			 ZX_OK);
	assert_asked(ZX_HYP_VMO_REPLACE_AS_EXECUTABLE, expected);
}
END_TEST

START_TEST(vmar_map_passes_all)
{
	struct zx_hyp_vmar_map expected = {
		sizeof(expected),
		.vmar = HANDLE1,
		.options = WORD,
		.vmo = HANDLE2,
		.vmar_offset = LONG1,
		.vmo_offset = LONG2,
		.len = LONG3,
		.out_addr = ADDRESS(&cell1),
	};

	ck_assert_int_eq(zx_vmar_map(HANDLE1, WORD, LONG1, HANDLE2, LONG2, LONG3, &cell1),
			 ZX_OK);
	assert_asked(ZX_HYP_VMAR_MAP, expected);
}
END_TEST

START_TEST(vmar_unmap_passes_all)
{
	struct zx_hyp_vmar_unmap expected = {
		sizeof(expected), .vmar = HANDLE1, .addr = LONG1, .len = LONG2,
	};

	ck_assert_int_eq(zx_vmar_unmap(HANDLE1, LONG1, LONG2), ZX_OK);
	assert_asked(ZX_HYP_VMAR_UNMAP, expected);
}
END_TEST

START_TEST(vmar_protect_passes_all)
{
	struct zx_hyp_vmar_protect expected = {
		sizeof(expected),
		.vmar = HANDLE1,
		.options = WORD,
		.addr = LONG1,
		.len = LONG2,
	};

	ck_assert_int_eq(zx_vmar_protect(HANDLE1, WORD, LONG1, LONG2), ZX_OK);
	assert_asked(ZX_HYP_VMAR_PROTECT, expected);
}
END_TEST

START_TEST(vmar_allocate_passes_all)
{
	struct zx_hyp_vmar_allocate expected = {
		sizeof(expected),
		.vmar = HANDLE1,
		.options = WORD,
		.offset = LONG1,
		.len = LONG2,
		.out_vmar = ADDRESS(&cell1),
		.out_addr = ADDRESS(&cell2),
	};

	ck_assert_int_eq(zx_vmar_allocate(HANDLE1, WORD, LONG1, LONG2, (void *)&cell1, &cell2),
			 ZX_OK);
	assert_asked(ZX_HYP_VMAR_ALLOCATE, expected);
}
END_TEST

START_TEST(vmar_destroy_names_the_vmar)
{
	struct zx_hyp_vmar_destroy expected = { sizeof(expected), .vmar = HANDLE1 };

	ck_assert_int_eq(zx_vmar_destroy(HANDLE1), ZX_OK);
	assert_asked(ZX_HYP_VMAR_DESTROY, expected);
}
END_TEST

START_TEST(vmar_op_range_passes_all)
{
	struct zx_hyp_vmar_op_range expected = {
		sizeof(expected), .vmar = HANDLE1, .op = WORD, .addr = LONG1, .len = LONG2,
	};

	ck_assert_int_eq(zx_vmar_op_range(HANDLE1, WORD, LONG1, LONG2, NULL, 0), ZX_OK);
	assert_asked(ZX_HYP_VMAR_OP_RANGE, expected);
}
END_TEST

/* The kernel looks at the handle first, and refuses an empty range next. */
START_TEST(vmar_op_range_with_a_buffer_asks_for_what_is_refused)
{
	static const struct {
		void *buffer;
		size_t size;
	} given[] = { { &cell1, 0 }, { NULL, 1 }, { NULL, 0x100000000 }, { &cell1, 8 } };
	struct zx_hyp_vmar_op_range expected = { sizeof(expected), .vmar = HANDLE1 };
	size_t i;

	fake.result = -ZX_ERR_WRONG_TYPE;
	for (i = 0; i < UNIT_COUNT(given); i++) {
		fake.request = 0;
		ck_assert_int_eq(zx_vmar_op_range(HANDLE1, ZX_VMAR_OP_COMMIT, LONG1, LONG2,
						  given[i].buffer, given[i].size),
				 ZX_ERR_WRONG_TYPE);
		assert_asked(ZX_HYP_VMAR_OP_RANGE, expected);
	}
}
END_TEST

START_TEST(null_results_are_left_to_the_kernel)
{
	struct zx_hyp_vmo_get_size expected = { sizeof(expected), .vmo = HANDLE1 };

	fake.result = -ZX_ERR_INVALID_ARGS;
	ck_assert_int_eq(zx_vmo_get_size(HANDLE1, NULL), ZX_ERR_INVALID_ARGS);
	assert_asked(ZX_HYP_VMO_GET_SIZE, expected);
}
END_TEST

START_TEST(interrupted_requests_are_issued_again)
{
	zx_port_packet_t packet;

	fake.interrupts = 3;
	fake.result = -ZX_ERR_CANCELED;
	ck_assert_int_eq(zx_vcpu_enter(HANDLE1, &packet), ZX_ERR_CANCELED);
	ck_assert_int_eq(fake.ioctls, 4);
}
END_TEST

START_TEST(statuses_come_through)
{
	fake.result = -ZX_ERR_CONNECTION_ABORTED;
	ck_assert_int_eq(zx_vcpu_kick(HANDLE1), ZX_ERR_CONNECTION_ABORTED);
}
END_TEST

START_TEST(failures_leave_errno_alone)
{
	fake.result = -1;
	fake.error = EFAULT;
	errno = E2BIG;
	ck_assert_int_eq(zx_vcpu_kick(HANDLE1), ZX_ERR_INVALID_ARGS);
	ck_assert_int_eq(errno, E2BIG);
}
END_TEST

START_TEST(underscored_names_are_the_same_functions)
{
	ck_assert(_zx_vcpu_enter == zx_vcpu_enter);
	ck_assert(_zx_vmar_root_self == zx_vmar_root_self);
	ck_assert(_zx_vmar_op_range == zx_vmar_op_range);
	ck_assert(_zx_vmo_op_range == zx_vmo_op_range);
	ck_assert(_zx_deadline_after == zx_deadline_after);
}
END_TEST

static zx_handle_t next_root = HANDLE1;

static void give_roots(unsigned long request, const void *argument)
{
	const struct zx_hyp_vmar_root_self *call = argument;

	if (request == ZX_HYP_VMAR_ROOT_SELF) {
		*(zx_handle_t *)(uintptr_t)call->out_handle = next_root;
		next_root += 4;
	}
}

START_TEST(vmar_root_self_asks_once)
{
	fake.handler = give_roots;
	ck_assert_uint_eq(zx_vmar_root_self(), HANDLE1);
	ck_assert_uint_eq(fake.request, ZX_HYP_VMAR_ROOT_SELF);
	ck_assert_uint_eq(zx_vmar_root_self(), HANDLE1);
	ck_assert_int_eq(fake.ioctls, 1);
}
END_TEST

START_TEST(vmar_root_self_without_an_answer_is_invalid_and_tries_again)
{
	fake.result = -ZX_ERR_NO_MEMORY;
	ck_assert_uint_eq(zx_vmar_root_self(), ZX_HANDLE_INVALID);
	fake.result = 0;
	fake.handler = give_roots;
	ck_assert_uint_eq(zx_vmar_root_self(), HANDLE1);
}
END_TEST

static zx_handle_t closed;

/* Has a second caller finish while the first one is still in the kernel. */
static void overtake(unsigned long request, const void *argument)
{
	const struct zx_hyp_handle_close *close = argument;

	give_roots(request, argument);
	if (request == ZX_HYP_VMAR_ROOT_SELF && next_root == HANDLE1 + 4)
		zx_vmar_root_self();
	if (request == ZX_HYP_HANDLE_CLOSE)
		closed = close->handle;
}

START_TEST(vmar_root_self_closes_what_a_slower_thread_got)
{
	fake.handler = overtake;
	ck_assert_uint_eq(zx_vmar_root_self(), HANDLE1 + 4);
	ck_assert_uint_eq(closed, HANDLE1);
	ck_assert_uint_eq(zx_vmar_root_self(), HANDLE1 + 4);
}
END_TEST

START_TEST(info_get_passes_older_and_newer_sizes)
{
	zx_hyp_info_t info[2];

	memset(info, 0xa5, sizeof(info));
	ck_assert_int_eq(zx_hyp_info_get(info, 8), ZX_OK);
	ck_assert_uint_eq(info[0].vendor, ZX_HYP_VENDOR_AMD);
	ck_assert_uint_eq(info[0].caps, 0xa5a5a5a5a5a5a5a5u);

	ck_assert_int_eq(zx_hyp_info_get(info, sizeof(info)), ZX_OK);
	ck_assert_uint_eq(info[0].max_vcpus, 64);
	ck_assert_uint_eq(info[1].caps, 0);
}
END_TEST

START_TEST(info_get_refuses_absurd_sizes)
{
	zx_hyp_info_t info;

	ck_assert_int_eq(zx_hyp_info_get(&info, 0x100000008u), ZX_ERR_INVALID_ARGS);
}
END_TEST

static const struct unit_test tests[] = {
	UNIT_TEST(resource_get_passes_kind_and_result),
	UNIT_TEST(guest_create_passes_all),
	UNIT_TEST(guest_set_trap_passes_all),
	UNIT_TEST(vcpu_create_passes_all),
	UNIT_TEST(vcpu_enter_passes_all),
	UNIT_TEST(vcpu_kick_names_the_vcpu),
	UNIT_TEST(vcpu_interrupt_passes_any_vector),
	UNIT_TEST(vcpu_read_state_passes_any_size),
	UNIT_TEST(vcpu_write_state_passes_any_size),
	UNIT_TEST(vmo_create_passes_options_as_they_are),
	UNIT_TEST(vmo_create_asks_for_no_option_that_is_so_anyway),
	UNIT_TEST(vmo_read_passes_all),
	UNIT_TEST(vmo_write_passes_all),
	UNIT_TEST(vmo_get_size_passes_all),
	UNIT_TEST(vmo_set_size_passes_all),
	UNIT_TEST(vmo_op_range_passes_all_but_the_buffer),
	UNIT_TEST(vmo_set_cache_policy_passes_any_policy),
	UNIT_TEST(vmo_replace_as_executable_passes_all),
	UNIT_TEST(vmar_map_passes_all),
	UNIT_TEST(vmar_unmap_passes_all),
	UNIT_TEST(vmar_protect_passes_all),
	UNIT_TEST(vmar_allocate_passes_all),
	UNIT_TEST(vmar_destroy_names_the_vmar),
	UNIT_TEST(vmar_op_range_passes_all),
	UNIT_TEST(vmar_op_range_with_a_buffer_asks_for_what_is_refused),
	UNIT_TEST(null_results_are_left_to_the_kernel),
	UNIT_TEST(interrupted_requests_are_issued_again),
	UNIT_TEST(statuses_come_through),
	UNIT_TEST(failures_leave_errno_alone),
	UNIT_TEST(underscored_names_are_the_same_functions),
	UNIT_TEST(vmar_root_self_asks_once),
	UNIT_TEST(vmar_root_self_without_an_answer_is_invalid_and_tries_again),
	UNIT_TEST(vmar_root_self_closes_what_a_slower_thread_got),
	UNIT_TEST(info_get_passes_older_and_newer_sizes),
	UNIT_TEST(info_get_refuses_absurd_sizes),
};

int main(void)
{
	return unit_run("calls", tests, UNIT_COUNT(tests));
}
