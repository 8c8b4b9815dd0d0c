// SPDX-License-Identifier: MIT
/*
 * What the calls of handles, signals, waits and ports ask the kernel for.
 * Values use all the bits of their types, so that one that is cut or widened
 * wrongly shows.
 */
#include <string.h>
#include <time.h>

#include <linux/zx_hyp.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/port.h>
#include <zircon/syscalls/resource.h>
#include <zx_hyp/fd.h>
#include <zx_hyp/zx_hyp.h>

#include "unit.h"

#define HANDLE1 0x7fa1b2c3u
#define HANDLE2 0x6d5e4f37u
#define WORD1 0xfedcba98u
#define WORD2 0x89674523u
#define LONG1 0xfedcba9876543210u
#define LONG2 0x8877665544332211u
#define DEADLINE 0x7edcba9876543210
#define ADDRESS(pointer) ((uintptr_t)(pointer))

static uint64_t cell1, cell2;

START_TEST(handle_close_names_the_handle)
{
	struct zx_hyp_handle_close expected = { sizeof(expected), .handle = HANDLE1 };

	ck_assert_int_eq(zx_handle_close(HANDLE1), ZX_OK);
	assert_asked(ZX_HYP_HANDLE_CLOSE, expected);
}
END_TEST

START_TEST(handle_close_of_the_invalid_handle_asks_nothing)
{
	ck_assert_int_eq(zx_handle_close(ZX_HANDLE_INVALID), ZX_OK);
	ck_assert_int_eq(fake.opens, 0);
	ck_assert_int_eq(fake.ioctls, 0);
}
END_TEST

START_TEST(handle_close_many_passes_all)
{
	zx_handle_t handles[] = { HANDLE1, HANDLE2 };
	struct zx_hyp_handle_close_many expected = {
		sizeof(expected), .handles = ADDRESS(handles), .count = LONG1,
	};

	ck_assert_int_eq(zx_handle_close_many(handles, LONG1), ZX_OK);
	assert_asked(ZX_HYP_HANDLE_CLOSE_MANY, expected);
}
END_TEST

START_TEST(handle_close_many_of_none_asks_nothing)
{
	ck_assert_int_eq(zx_handle_close_many(NULL, 0), ZX_OK);
	ck_assert_int_eq(fake.opens, 0);
	ck_assert_int_eq(fake.ioctls, 0);
}
END_TEST

START_TEST(handle_duplicate_passes_all)
{
	struct zx_hyp_handle_dup expected = {
		sizeof(expected),
		.handle = HANDLE1,
		.rights = WORD1,
		.out_handle = ADDRESS(&cell1),
	};

	ck_assert_int_eq(zx_handle_duplicate(HANDLE1, WORD1, (void *)&cell1), ZX_OK);
	assert_asked(ZX_HYP_HANDLE_DUPLICATE, expected);
}
END_TEST

START_TEST(handle_replace_passes_all)
{
	struct zx_hyp_handle_dup expected = {
		sizeof(expected),
		.handle = HANDLE1,
		.rights = WORD1,
		.out_handle = ADDRESS(&cell1),
	};

	ck_assert_int_eq(zx_handle_replace(HANDLE1, WORD1, (void *)&cell1), ZX_OK);
	assert_asked(ZX_HYP_HANDLE_REPLACE, expected);
}
END_TEST

START_TEST(object_get_info_passes_all)
{
	char buffer[8];
	struct zx_hyp_object_get_info expected = {
		sizeof(expected),
		.handle = HANDLE1,
		.topic = WORD1,
		.buffer = ADDRESS(buffer),
		.buffer_size = LONG1,
		.out_actual = ADDRESS(&cell1),
		.out_avail = ADDRESS(&cell2),
	};

	ck_assert_int_eq(zx_object_get_info(HANDLE1, WORD1, buffer, LONG1, &cell1, &cell2),
			 ZX_OK);
	assert_asked(ZX_HYP_OBJECT_GET_INFO, expected);
}
END_TEST

static uint32_t told_kind;

static void tell_resource(unsigned long request, const void *argument)
{
	const struct zx_hyp_object_get_info *call = argument;
	struct zx_hyp_info_resource record = {
		.kind = told_kind, .base = LONG1, .len = LONG2, .name = "a name",
	};

	ck_assert_uint_eq(request, ZX_HYP_OBJECT_GET_INFO);
	memcpy((void *)(uintptr_t)call->buffer, &record, sizeof(record));
}

static const struct {
	uint32_t kind;
	uint64_t base;
} told[] = {
	{ ZX_HYP_RESOURCE_HYPERVISOR, ZX_RSRC_SYSTEM_HYPERVISOR_BASE },
	{ ZX_HYP_RESOURCE_VMEX, ZX_RSRC_SYSTEM_VMEX_BASE },
};

START_TEST(object_get_info_tells_resources_as_ranges_of_the_system)
{
	zx_info_resource_t info;
	size_t i;

	fake.handler = tell_resource;
	for (i = 0; i < UNIT_COUNT(told); i++) {
		told_kind = told[i].kind;
		ck_assert_int_eq(zx_object_get_info(HANDLE1, ZX_INFO_RESOURCE, &info,
						    sizeof(info), NULL, NULL),
				 ZX_OK);
		ck_assert_uint_eq(info.kind, ZX_RSRC_KIND_SYSTEM);
		ck_assert_uint_eq(info.flags, 0);
		ck_assert_uint_eq(info.base, told[i].base);
		ck_assert_uint_eq(info.size, 1);
		ck_assert_str_eq(info.name, "a name");
	}
}
END_TEST

START_TEST(object_get_info_fills_buffers_that_are_not_aligned)
{
	char buffer[1 + sizeof(zx_info_resource_t) + 1];
	uint32_t kind;

	memset(buffer, 'x', sizeof(buffer));
	fake.handler = tell_resource;
	told_kind = ZX_HYP_RESOURCE_VMEX;
	ck_assert_int_eq(zx_object_get_info(HANDLE1, ZX_INFO_RESOURCE, buffer + 1,
					    sizeof(zx_info_resource_t), NULL, NULL),
			 ZX_OK);
	memcpy(&kind, buffer + 1, sizeof(kind));
	ck_assert_uint_eq(kind, ZX_RSRC_KIND_SYSTEM);
	ck_assert_int_eq(buffer[0], 'x');
	ck_assert_int_eq(buffer[sizeof(buffer) - 1], 'x');
}
END_TEST

START_TEST(object_get_info_leaves_the_buffer_alone_when_it_fails)
{
	zx_info_resource_t info, before;

	memset(&info, 0xa5, sizeof(info));
	info.kind = ZX_HYP_RESOURCE_VMEX;
	before = info;
	fake.result = -ZX_ERR_BUFFER_TOO_SMALL;
	ck_assert_int_eq(zx_object_get_info(HANDLE1, ZX_INFO_RESOURCE, &info, sizeof(info),
					    NULL, NULL),
			 ZX_ERR_BUFFER_TOO_SMALL);
	ck_assert_mem_eq(&info, &before, sizeof(info));
	ck_assert_int_eq(zx_object_get_info(HANDLE1, ZX_INFO_RESOURCE, NULL, 0, NULL, NULL),
			 ZX_ERR_BUFFER_TOO_SMALL);
}
END_TEST

START_TEST(object_get_info_leaves_other_topics_alone)
{
	zx_info_resource_t info;

	fake.handler = tell_resource;
	told_kind = ZX_HYP_RESOURCE_VMEX;
	ck_assert_int_eq(zx_object_get_info(HANDLE1, ZX_INFO_VMAR, &info, sizeof(info),
					    NULL, NULL),
			 ZX_OK);
	ck_assert_uint_eq(info.kind, ZX_HYP_RESOURCE_VMEX);
	ck_assert_uint_eq(info.base, LONG1);
}
END_TEST

START_TEST(object_get_property_passes_all)
{
	struct zx_hyp_object_property expected = {
		sizeof(expected),
		.handle = HANDLE1,
		.property = WORD1,
		.value = ADDRESS(&cell1),
		.value_size = LONG1,
	};

	ck_assert_int_eq(zx_object_get_property(HANDLE1, WORD1, &cell1, LONG1), ZX_OK);
	assert_asked(ZX_HYP_OBJECT_GET_PROPERTY, expected);
}
END_TEST

START_TEST(object_set_property_passes_all)
{
	struct zx_hyp_object_property expected = {
		sizeof(expected),
		.handle = HANDLE1,
		.property = WORD1,
		.value = ADDRESS(&cell1),
		.value_size = LONG1,
	};

	ck_assert_int_eq(zx_object_set_property(HANDLE1, WORD1, &cell1, LONG1), ZX_OK);
	assert_asked(ZX_HYP_OBJECT_SET_PROPERTY, expected);
}
END_TEST

START_TEST(object_signal_passes_both_masks)
{
	struct zx_hyp_object_signal expected = {
		sizeof(expected), .handle = HANDLE1, .clear = WORD1, .set = WORD2,
	};

	ck_assert_int_eq(zx_object_signal(HANDLE1, WORD1, WORD2), ZX_OK);
	assert_asked(ZX_HYP_OBJECT_SIGNAL, expected);
}
END_TEST

START_TEST(object_signal_peer_passes_both_masks)
{
	struct zx_hyp_object_signal expected = {
		sizeof(expected), .handle = HANDLE1, .clear = WORD1, .set = WORD2,
	};

	ck_assert_int_eq(zx_object_signal_peer(HANDLE1, WORD1, WORD2), ZX_OK);
	assert_asked(ZX_HYP_OBJECT_SIGNAL_PEER, expected);
}
END_TEST

START_TEST(object_wait_one_passes_all)
{
	struct zx_hyp_object_wait_one expected = {
		sizeof(expected),
		.handle = HANDLE1,
		.signals = WORD1,
		.deadline = DEADLINE,
		.out_observed = ADDRESS(&cell1),
	};

	ck_assert_int_eq(zx_object_wait_one(HANDLE1, WORD1, DEADLINE, (void *)&cell1), ZX_OK);
	assert_asked(ZX_HYP_OBJECT_WAIT_ONE, expected);
}
END_TEST

START_TEST(object_wait_one_passes_a_deadline_before_all_time)
{
	struct zx_hyp_object_wait_one expected = {
		sizeof(expected),
		.handle = HANDLE1,
		.signals = WORD1,
		.deadline = INT64_MIN,
	};

	fake.result = -ZX_ERR_TIMED_OUT;
	ck_assert_int_eq(zx_object_wait_one(HANDLE1, WORD1, ZX_TIME_INFINITE_PAST, NULL),
			 ZX_ERR_TIMED_OUT);
	assert_asked(ZX_HYP_OBJECT_WAIT_ONE, expected);
}
END_TEST

START_TEST(interrupted_waits_go_on_to_the_same_deadline)
{
	struct zx_hyp_object_wait_one expected = {
		sizeof(expected), .handle = HANDLE1, .signals = WORD1, .deadline = DEADLINE,
	};

	fake.interrupts = 3;
	fake.result = -ZX_ERR_TIMED_OUT;
	ck_assert_int_eq(zx_object_wait_one(HANDLE1, WORD1, DEADLINE, NULL),
			 ZX_ERR_TIMED_OUT);
	ck_assert_int_eq(fake.ioctls, 4);
	assert_asked(ZX_HYP_OBJECT_WAIT_ONE, expected);
}
END_TEST

START_TEST(object_wait_many_passes_all)
{
	zx_wait_item_t items[2];
	struct zx_hyp_object_wait_many expected = {
		sizeof(expected),
		.items = ADDRESS(items),
		.count = LONG1,
		.deadline = DEADLINE,
	};

	ck_assert_int_eq(zx_object_wait_many(items, LONG1, DEADLINE), ZX_OK);
	assert_asked(ZX_HYP_OBJECT_WAIT_MANY, expected);
}
END_TEST

static int sleeps;
static struct timespec slept_until;

int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *until,
			   struct timespec *left);

/* Nobody sleeps here: the test looks at what was asked for. */
int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *until,
			   struct timespec *left)
{
	(void)left;
	ck_assert_int_eq(clock, CLOCK_MONOTONIC);
	ck_assert_int_eq(flags, TIMER_ABSTIME);
	slept_until = *until;
	sleeps++;
	return 0;
}

START_TEST(object_wait_many_for_nothing_sleeps_without_a_device)
{
	ck_assert_int_eq(zx_object_wait_many(NULL, 0, 12345678901234), ZX_ERR_TIMED_OUT);
	ck_assert_int_eq(sleeps, 1);
	ck_assert_int_eq(slept_until.tv_sec, 12345);
	ck_assert_int_eq(slept_until.tv_nsec, 678901234);
	ck_assert_int_eq(fake.opens, 0);
}
END_TEST

START_TEST(object_wait_many_for_nothing_until_the_past_does_not_sleep)
{
	ck_assert_int_eq(zx_object_wait_many(NULL, 0, ZX_TIME_INFINITE_PAST),
			 ZX_ERR_TIMED_OUT);
	ck_assert_int_eq(sleeps, 0);
}
END_TEST

START_TEST(object_wait_async_passes_all)
{
	struct zx_hyp_object_wait_async expected = {
		sizeof(expected),
		.handle = HANDLE1,
		.port = HANDLE2,
		.signals = WORD1,
		.key = LONG1,
		.options = WORD2,
	};

	ck_assert_int_eq(zx_object_wait_async(HANDLE1, HANDLE2, LONG1, WORD1, WORD2), ZX_OK);
	assert_asked(ZX_HYP_OBJECT_WAIT_ASYNC, expected);
}
END_TEST

START_TEST(event_create_passes_all)
{
	struct zx_hyp_event_create expected = {
		sizeof(expected), .options = WORD1, .out_handle = ADDRESS(&cell1),
	};

	ck_assert_int_eq(zx_event_create(WORD1, (void *)&cell1), ZX_OK);
	assert_asked(ZX_HYP_EVENT_CREATE, expected);
}
END_TEST

START_TEST(eventpair_create_passes_all)
{
	struct zx_hyp_eventpair_create expected = {
		sizeof(expected),
		.options = WORD1,
		.out_handle0 = ADDRESS(&cell1),
		.out_handle1 = ADDRESS(&cell2),
	};

	ck_assert_int_eq(zx_eventpair_create(WORD1, (void *)&cell1, (void *)&cell2), ZX_OK);
	assert_asked(ZX_HYP_EVENTPAIR_CREATE, expected);
}
END_TEST

START_TEST(port_create_passes_all)
{
	struct zx_hyp_port_create expected = {
		sizeof(expected), .options = WORD1, .out_handle = ADDRESS(&cell1),
	};

	ck_assert_int_eq(zx_port_create(WORD1, (void *)&cell1), ZX_OK);
	assert_asked(ZX_HYP_PORT_CREATE, expected);
}
END_TEST

START_TEST(port_queue_passes_all)
{
	zx_port_packet_t packet = { .key = LONG1 };
	struct zx_hyp_port_queue expected = {
		sizeof(expected), .port = HANDLE1, .packet = ADDRESS(&packet),
	};

	ck_assert_int_eq(zx_port_queue(HANDLE1, &packet), ZX_OK);
	assert_asked(ZX_HYP_PORT_QUEUE, expected);
}
END_TEST

START_TEST(port_wait_passes_all)
{
	zx_port_packet_t packet;
	struct zx_hyp_port_wait expected = {
		sizeof(expected),
		.port = HANDLE1,
		.deadline = DEADLINE,
		.out_packet = ADDRESS(&packet),
	};

	ck_assert_int_eq(zx_port_wait(HANDLE1, DEADLINE, &packet), ZX_OK);
	assert_asked(ZX_HYP_PORT_WAIT, expected);
}
END_TEST

START_TEST(port_cancel_passes_all)
{
	struct zx_hyp_port_cancel expected = {
		sizeof(expected), .port = HANDLE1, .source = HANDLE2, .key = LONG1,
	};

	ck_assert_int_eq(zx_port_cancel(HANDLE1, HANDLE2, LONG1), ZX_OK);
	assert_asked(ZX_HYP_PORT_CANCEL, expected);
}
END_TEST

static const struct {
	uint32_t options;
	uint64_t base;
	size_t size;
	uint32_t kind;
} asked_kinds[] = {
	{ ZX_RSRC_KIND_SYSTEM, 0, 1, ZX_HYP_RESOURCE_HYPERVISOR },
	{ ZX_RSRC_KIND_SYSTEM, 1, 1, ZX_HYP_RESOURCE_VMEX },
	{ ZX_RSRC_KIND_SYSTEM, 2, 1, ZX_HYP_RESOURCE_OTHER },
	{ ZX_RSRC_KIND_SYSTEM, 0x100000000, 1, ZX_HYP_RESOURCE_OTHER },
	{ ZX_RSRC_KIND_SYSTEM, 0, 0, 0 },
	{ ZX_RSRC_KIND_SYSTEM, 0, 2, 0 },
	{ ZX_RSRC_KIND_SYSTEM, 0, 0x100000001, 0 },
	{ ZX_RSRC_KIND_SYSTEM | ZX_RSRC_FLAG_EXCLUSIVE, 0, 1, 0 },
	{ ZX_RSRC_KIND_MMIO, 0, 1, ZX_HYP_RESOURCE_OTHER },
	{ ZX_RSRC_KIND_MMIO | ZX_RSRC_FLAG_EXCLUSIVE, 0x1000, 0x1000, ZX_HYP_RESOURCE_OTHER },
	{ ZX_RSRC_KIND_IRQ, 0, 1, ZX_HYP_RESOURCE_OTHER },
	{ ZX_RSRC_KIND_IOPORT, 0, 0, ZX_HYP_RESOURCE_OTHER },
	{ ZX_RSRC_KIND_ROOT, 0, 1, ZX_HYP_RESOURCE_OTHER },
	{ ZX_RSRC_KIND_SMC, 0, 1, ZX_HYP_RESOURCE_OTHER },
	{ ZX_RSRC_KIND_COUNT, 0, 1, 0 },
	{ ZX_RSRC_KIND_SYSTEM | 0x20000, 0, 1, 0 },
	{ 0xffffffff, 0, 1, 0 },
};

START_TEST(resource_create_turns_kinds_into_the_kernels)
{
	static const char name[] = "a name";
	size_t i;

	for (i = 0; i < UNIT_COUNT(asked_kinds); i++) {
		struct zx_hyp_resource_create expected = {
			sizeof(expected),
			.parent = HANDLE1,
			.kind = asked_kinds[i].kind,
			.name_size = 6,
			.name = ADDRESS(name),
			.out_handle = ADDRESS(&cell1),
		};

		ck_assert_int_eq(zx_resource_create(HANDLE1, asked_kinds[i].options,
						    asked_kinds[i].base, asked_kinds[i].size,
						    name, 6, (void *)&cell1),
				 ZX_OK);
		assert_asked(ZX_HYP_RESOURCE_CREATE, expected);
	}
}
END_TEST

/* The kernel looks at the parent first. */
START_TEST(resource_create_leaves_bad_options_to_the_kernel)
{
	fake.result = -ZX_ERR_WRONG_TYPE;
	ck_assert_int_eq(zx_resource_create(HANDLE1, 0xffffffff, LONG1, LONG2, NULL, 0,
					    (void *)&cell1),
			 ZX_ERR_WRONG_TYPE);
	ck_assert_int_eq(fake.ioctls, 1);
}
END_TEST

static const struct {
	size_t given;
	uint32_t passed;
} name_sizes[] = {
	{ 0, 0 }, { 31, 31 }, { 32, 32 }, { 33, 32 }, { 0x100000001, 32 },
};

START_TEST(resource_create_passes_no_more_of_a_name_than_fits)
{
	size_t i;

	for (i = 0; i < UNIT_COUNT(name_sizes); i++) {
		const struct zx_hyp_resource_create *call = (const void *)fake.argument;

		ck_assert_int_eq(zx_resource_create(HANDLE1, ZX_RSRC_KIND_SYSTEM, 0, 1, NULL,
						    name_sizes[i].given, (void *)&cell1),
				 ZX_OK);
		ck_assert_uint_eq(call->name_size, name_sizes[i].passed);
	}
}
END_TEST

START_TEST(handle_export_passes_all)
{
	int fd;
	struct zx_hyp_handle_export expected = {
		sizeof(expected), .handle = HANDLE1, .out_fd = ADDRESS(&fd),
	};

	ck_assert_int_eq(zx_hyp_handle_export(HANDLE1, &fd), ZX_OK);
	assert_asked(ZX_HYP_HANDLE_EXPORT, expected);
}
END_TEST

START_TEST(handle_import_passes_any_descriptor)
{
	struct zx_hyp_handle_import expected = {
		sizeof(expected), .fd = -1, .out_handle = ADDRESS(&cell1),
	};

	ck_assert_int_eq(zx_hyp_handle_import(-1, (void *)&cell1), ZX_OK);
	assert_asked(ZX_HYP_HANDLE_IMPORT, expected);
}
END_TEST

START_TEST(poll_fd_passes_all)
{
	int fd;
	struct zx_hyp_object_poll_fd expected = {
		sizeof(expected), .handle = HANDLE1, .signals = WORD1, .out_fd = ADDRESS(&fd),
	};

	ck_assert_int_eq(zx_hyp_poll_fd(HANDLE1, WORD1, &fd), ZX_OK);
	assert_asked(ZX_HYP_OBJECT_POLL_FD, expected);
}
END_TEST

START_TEST(underscored_names_are_the_same_functions)
{
	ck_assert(_zx_handle_close_many == zx_handle_close_many);
	ck_assert(_zx_object_get_info == zx_object_get_info);
	ck_assert(_zx_event_create == zx_event_create);
	ck_assert(_zx_port_wait == zx_port_wait);
	ck_assert(_zx_resource_create == zx_resource_create);
}
END_TEST

static const struct unit_test tests[] = {
	UNIT_TEST(handle_close_names_the_handle),
	UNIT_TEST(handle_close_of_the_invalid_handle_asks_nothing),
	UNIT_TEST(handle_close_many_passes_all),
	UNIT_TEST(handle_close_many_of_none_asks_nothing),
	UNIT_TEST(handle_duplicate_passes_all),
	UNIT_TEST(handle_replace_passes_all),
	UNIT_TEST(object_get_info_passes_all),
	UNIT_TEST(object_get_info_tells_resources_as_ranges_of_the_system),
	UNIT_TEST(object_get_info_fills_buffers_that_are_not_aligned),
	UNIT_TEST(object_get_info_leaves_the_buffer_alone_when_it_fails),
	UNIT_TEST(object_get_info_leaves_other_topics_alone),
	UNIT_TEST(object_get_property_passes_all),
	UNIT_TEST(object_set_property_passes_all),
	UNIT_TEST(object_signal_passes_both_masks),
	UNIT_TEST(object_signal_peer_passes_both_masks),
	UNIT_TEST(object_wait_one_passes_all),
	UNIT_TEST(object_wait_one_passes_a_deadline_before_all_time),
	UNIT_TEST(interrupted_waits_go_on_to_the_same_deadline),
	UNIT_TEST(object_wait_many_passes_all),
	UNIT_TEST(object_wait_many_for_nothing_sleeps_without_a_device),
	UNIT_TEST(object_wait_many_for_nothing_until_the_past_does_not_sleep),
	UNIT_TEST(object_wait_async_passes_all),
	UNIT_TEST(event_create_passes_all),
	UNIT_TEST(eventpair_create_passes_all),
	UNIT_TEST(port_create_passes_all),
	UNIT_TEST(port_queue_passes_all),
	UNIT_TEST(port_wait_passes_all),
	UNIT_TEST(port_cancel_passes_all),
	UNIT_TEST(resource_create_turns_kinds_into_the_kernels),
	UNIT_TEST(resource_create_leaves_bad_options_to_the_kernel),
	UNIT_TEST(resource_create_passes_no_more_of_a_name_than_fits),
	UNIT_TEST(handle_export_passes_all),
	UNIT_TEST(handle_import_passes_any_descriptor),
	UNIT_TEST(poll_fd_passes_all),
	UNIT_TEST(underscored_names_are_the_same_functions),
};

int main(void)
{
	return unit_run("objects", tests, UNIT_COUNT(tests));
}
