// SPDX-License-Identifier: MIT
/*
 * The number of handles that a process may have: every call that makes one says
 * so when there are no more, makes nothing, and works again afterwards.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/resource.h>
#include <zx_hyp/fd.h>
#include <zx_hyp/zx_hyp.h>

#include "abi.h"
#include "guest/vm.h"

#define PARAMETER	"/sys/module/zx_hyp/parameters/max_handles"
#define BAD		((void *)0x10)	/* nothing is mapped there */
#define SAME		ZX_RIGHT_SAME_RIGHTS
#define CAP		64

/* ---- the module's parameter ------------------------------------------- */

static unsigned int read_cap(void)
{
	unsigned int cap = 0;
	FILE *f = fopen(PARAMETER, "re");

	ASSERT_TRUE(f);
	ASSERT_EQ(1, fscanf(f, "%u", &cap));
	fclose(f);
	return cap;
}

static bool write_cap(unsigned int cap)
{
	FILE *f = fopen(PARAMETER, "we");
	bool ok = f && fprintf(f, "%u\n", cap) > 0;

	return f && !fclose(f) && ok;
}

/*
 * The parameter is everybody's: whatever becomes of the test, this process
 * restores it, once the test's end of the pipe is closed.
 */
static int guard_cap(unsigned int normal)
{
	int pipes[2];
	pid_t guard;
	char byte;

	ASSERT_EQ(0, pipe(pipes));
	guard = fork();
	ASSERT_LE(0, guard);
	if (!guard) {
		setsid();
		close(pipes[1]);
		(void)!read(pipes[0], &byte, 1);
		_exit(!write_cap(normal));
	}
	close(pipes[0]);
	return pipes[1];
}

FIXTURE(cap) {
	unsigned int normal;
	int guard;
	zx_handle_t event, resource, guest, vmar, many[CAP + 1];
	int count;			/* of many */
};

/* Four handles are there before the cap is. */
FIXTURE_SETUP(cap)
{
	self->normal = read_cap();
	self->guard = guard_cap(self->normal);
	self->resource = hypervisor_resource();
	ASSERT_OK(zx_event_create(0, &self->event));
	ASSERT_OK(zx_guest_create(self->resource, 0, &self->guest, &self->vmar));
	ASSERT_TRUE(write_cap(CAP));
}

FIXTURE_TEARDOWN(cap)
{
	EXPECT_TRUE(write_cap(self->normal));
	EXPECT_EQ(self->normal, read_cap());
	EXPECT_EQ(0, close(self->guard));
}

/* Takes handles until there are no more, or so many are left. */
static void take_all_but(struct fixture_cap *self, int left)
{
	zx_status_t status = ZX_OK;

	while (self->count <= CAP) {
		status = zx_handle_duplicate(self->event, SAME,
					     &self->many[self->count]);
		if (status != ZX_OK)
			break;
		self->count++;
	}
	ASSERT_STATUS(ZX_ERR_NO_RESOURCES, status);
	while (left--)
		ASSERT_OK(zx_handle_close(self->many[--self->count]));
}

static void give_all_back(struct fixture_cap *self)
{
	ASSERT_OK(zx_handle_close_many(self->many, self->count));
	self->count = 0;
}

TEST(the_cap_is_262144_by_default)
{
	EXPECT_EQ(262144u, read_cap());
}

/* ---- every call that makes handles ------------------------------------ */

static zx_handle_t out[2];

static zx_status_t make_event(struct fixture_cap *self)
{
	(void)self;
	return zx_event_create(0, &out[0]);
}

static zx_status_t make_eventpair(struct fixture_cap *self)
{
	(void)self;
	return zx_eventpair_create(0, &out[0], &out[1]);
}

static zx_status_t make_port(struct fixture_cap *self)
{
	(void)self;
	return zx_port_create(0, &out[0]);
}

static zx_status_t make_vmo(struct fixture_cap *self)
{
	(void)self;
	return zx_vmo_create(4096, 0, &out[0]);
}

static zx_status_t get_resource(struct fixture_cap *self)
{
	(void)self;
	return zx_hyp_resource_get(ZX_HYP_RESOURCE_VMEX, &out[0]);
}

static zx_status_t make_resource(struct fixture_cap *self)
{
	return zx_resource_create(self->resource, ZX_RSRC_KIND_SYSTEM,
				  ZX_RSRC_SYSTEM_HYPERVISOR_BASE, 1, "x", 1, &out[0]);
}

static zx_status_t make_guest(struct fixture_cap *self)
{
	return zx_guest_create(self->resource, 0, &out[0], &out[1]);
}

static zx_status_t make_vcpu(struct fixture_cap *self)
{
	return zx_vcpu_create(self->guest, 0, 0, &out[0]);
}

static zx_status_t duplicate(struct fixture_cap *self)
{
	return zx_handle_duplicate(self->event, SAME, &out[0]);
}

/* What each makes, and how many handles. */
static const struct {
	const char *name;
	zx_status_t (*make)(struct fixture_cap *self);
	int handles;
} makers[] = {
	{ "event_create", make_event, 1 },
	{ "eventpair_create", make_eventpair, 2 },
	{ "port_create", make_port, 1 },
	{ "vmo_create", make_vmo, 1 },
	{ "resource_get", get_resource, 1 },
	{ "resource_create", make_resource, 1 },
	{ "guest_create", make_guest, 2 },
	{ "vcpu_create", make_vcpu, 1 },
	{ "handle_duplicate", duplicate, 1 },
};

TEST_F_TIMEOUT(cap, every_call_that_makes_handles_says_that_there_are_no_more, 120)
{
	struct zxtest_objects before;

	for (size_t i = 0; i < ARRAY_SIZE(makers); i++) {
		for (int left = 0; left < 3; left++) {
			bool fits = left >= makers[i].handles;

			zxtest_row("%s with %d left", makers[i].name, left);
			take_all_but(self, left);
			ASSERT_TRUE(zxtest_objects_read(&before));
			poison(out, sizeof(out));
			EXPECT_STATUS(fits ? ZX_OK : ZX_ERR_NO_RESOURCES,
				      makers[i].make(self));
			if (fits)
				ASSERT_OK(zx_handle_close_many(out, makers[i].handles));
			else
				EXPECT_TRUE(poisoned(out, sizeof(out)));
			EXPECT_TRUE(zxtest_objects_settle(&before, 10));
			give_all_back(self);
		}
	}
}

/* They give a handle back before they take one. */
TEST_F(cap, replacing_a_handle_needs_no_more)
{
	zx_handle_t vmo;

	ASSERT_OK(zx_vmo_create(4096, 0, &vmo));
	take_all_but(self, 0);
	EXPECT_OK(zx_handle_replace(vmo, SAME, &vmo));
	EXPECT_OK(zx_vmo_replace_as_executable(vmo, ZX_HANDLE_INVALID, &vmo));
	EXPECT_OK(zx_handle_close(vmo));
}

TEST_F(cap, a_handle_that_cannot_be_imported_stays_in_its_descriptor)
{
	zx_handle_t vmo, back;
	int fd;

	ASSERT_OK(zx_vmo_create(4096, 0, &vmo));
	ASSERT_OK(zx_vmo_write(vmo, "zircon", 0, 6));
	ASSERT_OK(zx_hyp_handle_export(vmo, &fd));
	take_all_but(self, 0);
	for (int i = 0; i < 3; i++) {
		poison(&back, sizeof(back));
		EXPECT_STATUS(ZX_ERR_NO_RESOURCES, zx_hyp_handle_import(fd, &back));
		EXPECT_TRUE(poisoned(&back, sizeof(back)));
	}
	ASSERT_OK(zx_handle_close(self->many[--self->count]));
	EXPECT_OK(zx_hyp_handle_import(fd, &back));
	EXPECT_OK(zx_handle_close(back));
	EXPECT_EQ(0, close(fd));
}

/* What needs no new handle works on. */
TEST_F(cap, a_full_table_can_be_used)
{
	zx_port_packet_t packet = { .key = 1 };
	zx_handle_t port;

	ASSERT_OK(zx_port_create(0, &port));
	take_all_but(self, 0);
	EXPECT_OK(zx_object_signal(self->event, 0, ZX_USER_SIGNAL_0));
	EXPECT_OK(zx_object_wait_one(self->event, ZX_USER_SIGNAL_0, 0, NULL));
	EXPECT_OK(zx_object_wait_async(self->event, port, 1, ZX_USER_SIGNAL_0, 0));
	EXPECT_OK(zx_port_queue(port, &packet));
	for (int i = 0; i < 2; i++)
		EXPECT_OK(zx_port_wait(port, 0, &packet));
	EXPECT_OK(zx_handle_close(port));
}

/* ---- to the cap and back ---------------------------------------------- */

TEST_F_TIMEOUT(cap, to_the_cap_and_back_ten_times, 60)
{
	struct zxtest_objects before;
	int first = 0;

	ASSERT_TRUE(zxtest_objects_read(&before));
	for (int round = 0; round < 10; round++) {
		int n = 0;

		zxtest_row("round %d", round);
		while (n <= CAP && zx_event_create(0, &self->many[n]) == ZX_OK)
			n++;
		if (!round)
			first = n;
		/* Four are the fixture's. */
		EXPECT_EQ(CAP - 4, n);
		EXPECT_EQ(first, n);
		EXPECT_EQ(n + 1, zxtest_objects_of("event"));
		for (int again = 0; again < 100; again++)
			ASSERT_STATUS(ZX_ERR_NO_RESOURCES,
				      zx_event_create(0, &out[0]));
		/* Half one by one, half at once. */
		for (int i = 0; i < n / 2; i++)
			ASSERT_OK(zx_handle_close(self->many[i]));
		ASSERT_OK(zx_handle_close_many(self->many + n / 2, n - n / 2));
		EXPECT_TRUE(zxtest_objects_settle(&before, 10));
	}
}

/* What is undone for its result's address gives its place back. */
TEST_F(cap, calls_that_fail_use_none_up)
{
	zx_handle_t h = ZX_HANDLE_INVALID;

	for (int i = 0; i < CAP; i++) {
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_event_create(0, BAD));
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_eventpair_create(0, &h, BAD));
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_eventpair_create(0, BAD, &h));
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
			      zx_handle_duplicate(self->event, SAME, BAD));
		ASSERT_OK(zx_handle_duplicate(self->event, SAME, &h));
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_handle_replace(h, SAME, BAD));
	}
	take_all_but(self, 0);
	EXPECT_EQ(CAP - 4, self->count);
}

TEST_F(cap, one_handle_closed_is_one_handle_more)
{
	take_all_but(self, 0);
	for (int i = 0; i < 1000; i++) {
		zxtest_row("round %d", i);
		ASSERT_OK(zx_handle_close(self->many[i % self->count]));
		ASSERT_OK(zx_event_create(0, &self->many[i % self->count]));
		ASSERT_STATUS(ZX_ERR_NO_RESOURCES, zx_event_create(0, &out[0]));
	}
}

TEST_F(cap, a_lower_cap_takes_no_handle_away)
{
	take_all_but(self, 0);
	ASSERT_TRUE(write_cap(CAP / 2));
	for (int i = 0; i < self->count; i++)
		EXPECT_OK(zx_object_signal(self->many[i], 0, 0));
	/* There are as many too many. */
	for (int i = 0; i < CAP / 2; i++) {
		zxtest_row("%d closed", i);
		EXPECT_STATUS(ZX_ERR_NO_RESOURCES, zx_event_create(0, &out[0]));
		ASSERT_OK(zx_handle_close(self->many[--self->count]));
	}
	EXPECT_STATUS(ZX_ERR_NO_RESOURCES, zx_event_create(0, &out[0]));
	ASSERT_OK(zx_handle_close(self->many[--self->count]));
	EXPECT_OK(zx_event_create(0, &out[0]));
	ASSERT_TRUE(write_cap(0));
	EXPECT_STATUS(ZX_ERR_NO_RESOURCES, zx_event_create(0, &out[1]));
	EXPECT_OK(zx_handle_close(out[0]));
}

TEST_F(cap, the_cap_is_each_files_own)
{
	int fd = abi_open();
	uint32_t handle;
	struct zx_hyp_event_create arg = {
		.size = sizeof(arg),
		.out_handle = (uintptr_t)&handle,
	};

	take_all_but(self, 0);
	for (int i = 0; i < CAP; i++)
		ASSERT_EQ(0, abi_call(fd, ZX_HYP_EVENT_CREATE, &arg));
	EXPECT_EQ(-ZX_ERR_NO_RESOURCES, abi_call(fd, ZX_HYP_EVENT_CREATE, &arg));
	EXPECT_EQ(0, close(fd));
}

/* ---- descriptors ------------------------------------------------------ */

TEST(no_descriptor_left_is_no_resources_and_keeps_the_handle)
{
	zx_handle_t event, port;
	struct rlimit limit;
	int fd = 77;

	ASSERT_OK(zx_event_create(0, &event));
	ASSERT_OK(zx_port_create(0, &port));
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = 3;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_STATUS(ZX_ERR_NO_RESOURCES, zx_hyp_handle_export(event, &fd));
	EXPECT_STATUS(ZX_ERR_NO_RESOURCES, zx_hyp_poll_fd(port, 0, &fd));
	EXPECT_EQ(77, fd);
	EXPECT_OK(zx_object_signal(event, 0, ZX_USER_SIGNAL_0));
	limit.rlim_cur = limit.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_OK(zx_hyp_handle_export(event, &fd));
	EXPECT_EQ(0, close(fd));
}

TEST_HARNESS_MAIN
