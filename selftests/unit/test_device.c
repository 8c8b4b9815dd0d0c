// SPDX-License-Identifier: MIT
/* The one file of the device: opened when, refused how, and what a fork does. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/zx_hyp.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/port.h>
#include <zircon/syscalls/resource.h>
#include <zx_hyp/fd.h>
#include <zx_hyp/zx_hyp.h>

#include "unit.h"

#define HANDLE 0x7fa1b2c3u

static const struct {
	int error;
	zx_status_t status;
	const char *why;
} refusals[] = {
	{ ENOENT, ZX_ERR_NOT_SUPPORTED, "there is no /dev/zx_hyp: load the zx_hyp module" },
	{ ENODEV, ZX_ERR_NOT_SUPPORTED, "there is no /dev/zx_hyp: load the zx_hyp module" },
	{ ENXIO, ZX_ERR_NOT_SUPPORTED, "there is no /dev/zx_hyp: load the zx_hyp module" },
	{ EACCES, ZX_ERR_ACCESS_DENIED, "no permission to open /dev/zx_hyp" },
	{ EPERM, ZX_ERR_ACCESS_DENIED, "no permission to open /dev/zx_hyp" },
	{ EMFILE, ZX_ERR_NO_RESOURCES, "cannot open /dev/zx_hyp: Too many open files" },
	{ ENOMEM, ZX_ERR_NO_MEMORY, "cannot open /dev/zx_hyp: Cannot allocate memory" },
	{ EISDIR, ZX_ERR_NOT_SUPPORTED, "cannot open /dev/zx_hyp: Is a directory" },
};

static char why[128];

/* Calls that make something say why they cannot. */
static void assert_makers(zx_status_t status)
{
	zx_handle_t one = HANDLE, two = HANDLE;
	zx_hyp_info_t info;

	ck_assert_int_eq(zx_hyp_resource_get(ZX_HYP_RESOURCE_HYPERVISOR, &one), status);
	ck_assert_int_eq(zx_vmo_create(4096, 0, &one), status);
	ck_assert_int_eq(zx_guest_create(HANDLE, 0, &one, &two), status);
	ck_assert_int_eq(zx_event_create(0, &one), status);
	ck_assert_int_eq(zx_eventpair_create(0, &one, &two), status);
	ck_assert_int_eq(zx_port_create(0, &one), status);
	ck_assert_int_eq(zx_hyp_handle_import(0, &one), status);
	ck_assert_int_eq(zx_hyp_rights_level(ZX_HYP_LEVEL_2019), status);
	ck_assert_int_eq(zx_hyp_info_get(&info, sizeof(info)), status);
	ck_assert_uint_eq(zx_vmar_root_self(), ZX_HANDLE_INVALID);
	ck_assert_uint_eq(one, HANDLE);
	ck_assert_uint_eq(two, HANDLE);
}

static void assert_users_of_objects_get_bad_handle(void)
{
	zx_wait_item_t item = { .handle = HANDLE, .waitfor = ZX_USER_SIGNAL_0 };
	zx_handle_t handle = HANDLE;
	char name[ZX_MAX_NAME_LEN];

	ck_assert_int_eq(zx_handle_close_many(&handle, 1), ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_handle_duplicate(HANDLE, 0, &handle), ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_handle_replace(HANDLE, 0, &handle), ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_object_get_info(HANDLE, ZX_INFO_RESOURCE, name, sizeof(name),
					    NULL, NULL),
			 ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_object_get_property(HANDLE, ZX_PROP_NAME, name, sizeof(name)),
			 ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_object_set_property(HANDLE, ZX_PROP_NAME, "", 0),
			 ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_object_signal(HANDLE, 0, 0), ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_object_signal_peer(HANDLE, 0, 0), ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_object_wait_one(HANDLE, 1, ZX_TIME_INFINITE, NULL),
			 ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_object_wait_many(&item, 1, ZX_TIME_INFINITE),
			 ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_object_wait_async(HANDLE, HANDLE, 0, 1, 0), ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_resource_create(HANDLE, ZX_RSRC_KIND_SYSTEM, 0, 1, "", 0,
					    &handle),
			 ZX_ERR_BAD_HANDLE);
	ck_assert_uint_eq(handle, HANDLE);
}

static void assert_users_of_ports_get_bad_handle(void)
{
	zx_port_packet_t packet = { .key = 0 };
	int fd = -7;

	ck_assert_int_eq(zx_port_queue(HANDLE, &packet), ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_port_wait(HANDLE, ZX_TIME_INFINITE, &packet),
			 ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_port_cancel(HANDLE, HANDLE, 0), ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_hyp_handle_export(HANDLE, &fd), ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_hyp_poll_fd(HANDLE, 0, &fd), ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(fd, -7);
}

static void assert_users_get_bad_handle(void)
{
	zx_port_packet_t packet;
	uint64_t cell;

	ck_assert_int_eq(zx_handle_close(HANDLE), ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_guest_set_trap(HANDLE, 2, 0, 1, 0, 0), ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_vcpu_create(HANDLE, 0, 0, (void *)&cell), ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_vcpu_enter(HANDLE, &packet), ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_vcpu_kick(HANDLE), ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_vcpu_interrupt(HANDLE, 32), ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_vcpu_read_state(HANDLE, 0, &cell, 8), ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_vcpu_write_state(HANDLE, 1, &cell, 8), ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_vmo_read(HANDLE, &cell, 0, 8), ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_vmo_write(HANDLE, &cell, 0, 8), ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_vmo_get_size(HANDLE, &cell), ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_vmo_replace_as_executable(HANDLE, 0, (void *)&cell),
			 ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_vmar_map(HANDLE, 1, 0, HANDLE, 0, 4096, &cell),
			 ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_vmar_unmap(HANDLE, 0, 4096), ZX_ERR_BAD_HANDLE);
	assert_users_of_objects_get_bad_handle();
	assert_users_of_ports_get_bad_handle();
	ck_assert_int_eq(zx_handle_close(ZX_HANDLE_INVALID), ZX_OK);
	ck_assert_int_eq(zx_handle_close_many(NULL, 0), ZX_OK);
}

START_TEST(without_a_device_makers_say_why)
{
	size_t i;

	for (i = 0; i < UNIT_COUNT(refusals); i++) {
		fake.open_errno = refusals[i].error;
		assert_makers(refusals[i].status);
	}
}
END_TEST

START_TEST(without_a_device_check_says_why_in_a_sentence)
{
	size_t i;

	for (i = 0; i < UNIT_COUNT(refusals); i++) {
		fake.open_errno = refusals[i].error;
		ck_assert_int_eq(zx_hyp_check(why, sizeof(why)), refusals[i].status);
		ck_assert_str_eq(why, refusals[i].why);
	}
}
END_TEST

START_TEST(without_a_device_users_get_bad_handle)
{
	size_t i;

	for (i = 0; i < UNIT_COUNT(refusals); i++) {
		fake.open_errno = refusals[i].error;
		assert_users_get_bad_handle();
	}
}
END_TEST

START_TEST(without_a_device_errno_is_left_alone)
{
	fake.open_errno = ENOENT;
	errno = E2BIG;
	zx_vcpu_kick(HANDLE);
	ck_assert_int_eq(errno, E2BIG);
}
END_TEST

START_TEST(a_device_that_appears_later_is_used)
{
	fake.open_errno = ENOENT;
	ck_assert_int_eq(zx_vcpu_kick(HANDLE), ZX_ERR_BAD_HANDLE);
	fake.open_errno = 0;
	ck_assert_int_eq(zx_vcpu_kick(HANDLE), ZX_OK);
	ck_assert_int_eq(fake.opens, 1);
}
END_TEST

START_TEST(a_file_that_is_not_the_modules_is_refused_and_closed)
{
	int lowest = dup(STDERR_FILENO);

	close(lowest);
	fake.query_errno = ENOTTY;
	assert_makers(ZX_ERR_NOT_SUPPORTED);
	assert_users_get_bad_handle();
	ck_assert_int_eq(fake.ioctls, 0);
	ck_assert_int_eq(zx_hyp_check(why, sizeof(why)), ZX_ERR_NOT_SUPPORTED);
	ck_assert_str_eq(why, "/dev/zx_hyp is not the device of the zx_hyp module");
	ck_assert_int_eq(dup(STDERR_FILENO), lowest);
}
END_TEST

START_TEST(a_module_of_another_version_is_refused)
{
	fake.abi_version = ZX_HYP_ABI_VERSION + 1;
	assert_makers(ZX_ERR_NOT_SUPPORTED);
	ck_assert_int_eq(zx_hyp_check(why, sizeof(why)), ZX_ERR_NOT_SUPPORTED);
	ck_assert_str_eq(why, "the zx_hyp module and libzx are of different versions");
}
END_TEST

START_TEST(check_is_content_with_kvm)
{
	memset(why, 'x', sizeof(why));
	ck_assert_int_eq(zx_hyp_check(why, sizeof(why)), ZX_OK);
	ck_assert_str_eq(why, "");
}
END_TEST

START_TEST(check_wants_a_vendor)
{
	fake.vendor = ZX_HYP_VENDOR_NONE;
	ck_assert_int_eq(zx_hyp_check(why, sizeof(why)), ZX_ERR_NOT_SUPPORTED);
	ck_assert_str_eq(why, "this machine has no KVM that the zx_hyp module can use");
}
END_TEST

START_TEST(check_wants_guests)
{
	fake.caps = 0;
	ck_assert_int_eq(zx_hyp_check(why, sizeof(why)), ZX_ERR_NOT_SUPPORTED);
	ck_assert_str_eq(why, "this machine has no KVM that the zx_hyp module can use");
}
END_TEST

START_TEST(check_cuts_its_sentence_to_fit)
{
	memset(why, 'x', sizeof(why));
	fake.open_errno = EACCES;
	ck_assert_int_eq(zx_hyp_check(why, 6), ZX_ERR_ACCESS_DENIED);
	ck_assert_str_eq(why, "no pe");
	ck_assert_int_eq(why[6], 'x');
	ck_assert_int_eq(zx_hyp_check(why, 0), ZX_ERR_ACCESS_DENIED);
	ck_assert_int_eq(zx_hyp_check(NULL, 128), ZX_ERR_ACCESS_DENIED);
}
END_TEST

START_TEST(the_file_is_closed_on_exec)
{
	zx_vcpu_kick(HANDLE);
	ck_assert_int_eq(fcntl(fake.fd, F_GETFD), FD_CLOEXEC);
}
END_TEST

START_TEST(the_file_never_takes_a_standard_streams_place)
{
	int saved = dup(STDIN_FILENO);

	close(STDIN_FILENO);
	zx_vcpu_kick(HANDLE);
	ck_assert_int_gt(fake.fd, STDERR_FILENO);
	ck_assert_int_eq(fcntl(fake.fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(STDIN_FILENO, F_GETFD), -1);
	dup2(saved, STDIN_FILENO);
}
END_TEST

#define THREADS 8

static pthread_barrier_t barrier;

static void *kick(void *unused)
{
	pthread_barrier_wait(&barrier);
	zx_vcpu_kick(HANDLE);
	return unused;
}

START_TEST(threads_that_start_together_open_one_file)
{
	pthread_t threads[THREADS];
	int i;

	pthread_barrier_init(&barrier, NULL, THREADS);
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, kick, NULL), 0);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(fake.opens, 1);
}
END_TEST

/* Runs a part of a test in a child; a failed assertion ends it with a status. */
static void in_child(void (*part)(void))
{
	int status;
	pid_t child = check_fork();

	ck_assert_int_ge(child, 0);
	if (!child) {
		part();
		_exit(EXIT_SUCCESS);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(WIFEXITED(status) && !WEXITSTATUS(status), "the child failed");
}

static void everything_is_refused(void)
{
	fake.ioctls = 0;
	assert_users_get_bad_handle();
	assert_makers(ZX_ERR_BAD_HANDLE);
	ck_assert_int_eq(zx_hyp_check(why, sizeof(why)), ZX_ERR_BAD_HANDLE);
	ck_assert_str_eq(why, "a forked child cannot use its parent's /dev/zx_hyp");
	ck_assert_int_eq(fake.ioctls, 0);
	ck_assert_int_eq(fake.opens, 1);
}

START_TEST(a_child_gets_bad_handle_from_everything)
{
	zx_vcpu_kick(HANDLE);
	in_child(everything_is_refused);
}
END_TEST

static void so_does_its_child(void)
{
	in_child(everything_is_refused);
}

START_TEST(a_childs_child_gets_bad_handle_too)
{
	zx_vcpu_kick(HANDLE);
	in_child(so_does_its_child);
}
END_TEST

static void the_file_is_gone(void)
{
	ck_assert_int_eq(fcntl(fake.fd, F_GETFD), -1);
}

START_TEST(a_child_does_not_hold_its_parents_file)
{
	zx_vcpu_kick(HANDLE);
	in_child(the_file_is_gone);
}
END_TEST

START_TEST(a_parent_goes_on_after_a_fork)
{
	zx_vcpu_kick(HANDLE);
	in_child(everything_is_refused);
	fake.ioctls = 0;
	ck_assert_int_eq(zx_vcpu_kick(HANDLE), ZX_OK);
	ck_assert_int_eq(fake.ioctls, 1);
	ck_assert_int_eq(fake.opens, 1);
	ck_assert_int_ne(fcntl(fake.fd, F_GETFD), -1);
}
END_TEST

static void first_use_works(void)
{
	ck_assert_int_eq(zx_vcpu_kick(HANDLE), ZX_OK);
	ck_assert_int_eq(fake.opens, 1);
}

START_TEST(a_child_of_a_parent_that_used_nothing_may_begin)
{
	in_child(first_use_works);
	ck_assert_int_eq(fake.opens, 0);
}
END_TEST

START_TEST(a_child_of_a_parent_that_was_refused_may_begin)
{
	fake.open_errno = ENOENT;
	zx_vcpu_kick(HANDLE);
	fake.open_errno = 0;
	in_child(first_use_works);
}
END_TEST

static void the_file_is_there(void)
{
	ck_assert_int_ne(fcntl(fake.fd, F_GETFD), -1);
}

START_TEST(a_child_keeps_a_file_that_reused_the_number)
{
	int ends[2];

	zx_vcpu_kick(HANDLE);
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(dup2(ends[0], fake.fd), fake.fd);
	in_child(the_file_is_there);
}
END_TEST

static const struct unit_test tests[] = {
	UNIT_TEST(without_a_device_makers_say_why),
	UNIT_TEST(without_a_device_check_says_why_in_a_sentence),
	UNIT_TEST(without_a_device_users_get_bad_handle),
	UNIT_TEST(without_a_device_errno_is_left_alone),
	UNIT_TEST(a_device_that_appears_later_is_used),
	UNIT_TEST(a_file_that_is_not_the_modules_is_refused_and_closed),
	UNIT_TEST(a_module_of_another_version_is_refused),
	UNIT_TEST(check_is_content_with_kvm),
	UNIT_TEST(check_wants_a_vendor),
	UNIT_TEST(check_wants_guests),
	UNIT_TEST(check_cuts_its_sentence_to_fit),
	UNIT_TEST(the_file_is_closed_on_exec),
	UNIT_TEST(the_file_never_takes_a_standard_streams_place),
	UNIT_TEST(threads_that_start_together_open_one_file),
	UNIT_TEST(a_child_gets_bad_handle_from_everything),
	UNIT_TEST(a_childs_child_gets_bad_handle_too),
	UNIT_TEST(a_child_does_not_hold_its_parents_file),
	UNIT_TEST(a_parent_goes_on_after_a_fork),
	UNIT_TEST(a_child_of_a_parent_that_used_nothing_may_begin),
	UNIT_TEST(a_child_of_a_parent_that_was_refused_may_begin),
	UNIT_TEST(a_child_keeps_a_file_that_reused_the_number),
};

int main(void)
{
	return unit_run("device", tests, UNIT_COUNT(tests));
}
