// SPDX-License-Identifier: MIT
/*
 * Handles that go away as they are used: a call works, or there is no such
 * handle, and of two that take one handle one gets it.
 */
#define _GNU_SOURCE
#include <sys/wait.h>
#include <unistd.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/port.h>
#include <zircon/syscalls/resource.h>
#include <zircon/time.h>
#include <zx_hyp/fd.h>

#include "calls.h"
#include "guest/vm.h"
#include "race.h"
#include "zxtest.h"

#define PAGE		4096ull
#define PAST		ZX_TIME_INFINITE_PAST
#define SAME		ZX_RIGHT_SAME_RIGHTS
#define KEY		77

/* ---- close versus use of every call ------------------------------------- */

/**
 * struct subject - what a call is made with
 * @h: the handle that is closed
 * @other: a handle that the call needs beside it
 * @vm: a guest with a vCPU of this thread, RAM and all; only for its calls
 * @round: counts
 */
struct subject {
	zx_handle_t h, other;
	struct vm vm;
	unsigned int round;
};

static void make_event(struct subject *s)
{
	ASSERT_OK(zx_event_create(0, &s->h));
	ASSERT_OK(zx_object_signal(s->h, 0, ZX_EVENT_SIGNALED));
}

static void make_event_and_port(struct subject *s)
{
	make_event(s);
	ASSERT_OK(zx_port_create(0, &s->other));
}

/* With a wait that never ends. */
static void make_waited_event(struct subject *s)
{
	make_event_and_port(s);
	ASSERT_OK(zx_object_wait_async(s->h, s->other, KEY, ZX_USER_SIGNAL_0,
				       0));
}

static void make_pair(struct subject *s)
{
	ASSERT_OK(zx_eventpair_create(0, &s->h, &s->other));
}

/* With a packet. */
static void make_port(struct subject *s)
{
	zx_port_packet_t packet = { 0 };

	ASSERT_OK(zx_port_create(0, &s->h));
	ASSERT_OK(zx_port_queue(s->h, &packet));
}

static void make_port_and_event(struct subject *s)
{
	make_port(s);
	ASSERT_OK(zx_event_create(0, &s->other));
}

static void make_waiting_port(struct subject *s)
{
	make_port_and_event(s);
	ASSERT_OK(zx_object_wait_async(s->other, s->h, KEY, ZX_USER_SIGNAL_0,
				       0));
}

static void make_vmo(struct subject *s)
{
	ASSERT_OK(zx_vmo_create(PAGE, 0, &s->h));
}

static void make_vmo_and_vmex(struct subject *s)
{
	make_vmo(s);
	s->other = vmex_resource();
}

static void make_vmex(struct subject *s)
{
	s->h = vmex_resource();
	ASSERT_OK(zx_vmo_create(PAGE, 0, &s->other));
}

static void make_resource(struct subject *s)
{
	s->h = hypervisor_resource();
}

static void copy(zx_handle_t of, struct subject *s)
{
	ASSERT_OK(zx_handle_duplicate(of, SAME, &s->h));
}

static void make_guest(struct subject *s)
{
	copy(s->vm.guest, s);
}

static void make_vcpu(struct subject *s)
{
	copy(s->vm.vcpu, s);
}

static void make_vmar(struct subject *s)
{
	copy(s->vm.vmar, s);
	ASSERT_OK(zx_vmo_create(PAGE, 0, &s->other));
}

/* With something to unmap. */
static void make_mapped_vmar(struct subject *s)
{
	zx_vaddr_t addr;

	make_vmar(s);
	ASSERT_OK(zx_vmar_map(s->vm.vmar, RW | ZX_VM_SPECIFIC, GUEST_HOLE,
			      s->other, 0, PAGE, &addr));
}

/* Closes what a call brought, and passes its status on. */
static zx_status_t and_close(zx_status_t status, const zx_handle_t *out)
{
	if (status == ZX_OK)
		EXPECT_OK(zx_handle_close(*out));
	return status;
}

static zx_status_t and_close_fd(zx_status_t status, const int *fd)
{
	if (status == ZX_OK)
		EXPECT_EQ(0, close(*fd));
	return status;
}

static zx_status_t use_signal(struct subject *s)
{
	return zx_object_signal(s->h, ZX_EVENT_SIGNALED, ZX_EVENT_SIGNALED);
}

static zx_status_t use_signal_peer(struct subject *s)
{
	return zx_object_signal_peer(s->h, 0, ZX_USER_SIGNAL_0);
}

static zx_status_t use_wait_one(struct subject *s)
{
	return zx_object_wait_one(s->h, ZX_EVENT_SIGNALED, PAST, NULL);
}

static zx_status_t use_wait_many(struct subject *s)
{
	zx_wait_item_t item = { s->h, ZX_EVENT_SIGNALED, 0 };

	return zx_object_wait_many(&item, 1, PAST);
}

static zx_status_t use_wait_async(struct subject *s)
{
	return zx_object_wait_async(s->h, s->other, KEY, ZX_EVENT_SIGNALED, 0);
}

static zx_status_t use_as_port_of_wait(struct subject *s)
{
	return zx_object_wait_async(s->other, s->h, KEY, ZX_EVENT_SIGNALED, 0);
}

static zx_status_t use_as_source_of_cancel(struct subject *s)
{
	return zx_port_cancel(s->other, s->h, KEY);
}

static zx_status_t use_as_port_of_cancel(struct subject *s)
{
	return zx_port_cancel(s->h, s->other, KEY);
}

static zx_status_t use_queue(struct subject *s)
{
	zx_port_packet_t packet = { 0 };

	return zx_port_queue(s->h, &packet);
}

static zx_status_t use_port_wait(struct subject *s)
{
	zx_port_packet_t packet;

	return zx_port_wait(s->h, PAST, &packet);
}

static zx_status_t use_poll_fd_of_port(struct subject *s)
{
	int fd = -1;

	return and_close_fd(zx_hyp_poll_fd(s->h, 0, &fd), &fd);
}

static zx_status_t use_poll_fd(struct subject *s)
{
	int fd = -1;

	return and_close_fd(zx_hyp_poll_fd(s->h, ZX_EVENT_SIGNALED, &fd),
			    &fd);
}

static zx_status_t use_duplicate(struct subject *s)
{
	zx_handle_t out = 0;

	return and_close(zx_handle_duplicate(s->h, SAME, &out), &out);
}

static zx_status_t use_replace(struct subject *s)
{
	zx_handle_t out = 0;

	return and_close(zx_handle_replace(s->h, SAME, &out), &out);
}

static zx_status_t use_close(struct subject *s)
{
	return zx_handle_close(s->h);
}

static zx_status_t use_close_many(struct subject *s)
{
	return zx_handle_close_many(&s->h, 1);
}

static zx_status_t use_export(struct subject *s)
{
	int fd = -1;

	return and_close_fd(zx_hyp_handle_export(s->h, &fd), &fd);
}

static zx_status_t use_get_info(struct subject *s)
{
	zx_info_handle_basic_t info;

	return zx_object_get_info(s->h, ZX_INFO_HANDLE_BASIC, &info,
				  sizeof(info), NULL, NULL);
}

static zx_status_t use_get_property(struct subject *s)
{
	char name[32];

	return zx_object_get_property(s->h, ZX_PROP_NAME, name, sizeof(name));
}

static zx_status_t use_set_property(struct subject *s)
{
	return zx_object_set_property(s->h, ZX_PROP_NAME, "name", 4);
}

static zx_status_t use_get_size(struct subject *s)
{
	uint64_t size;

	return zx_vmo_get_size(s->h, &size);
}

static zx_status_t use_read(struct subject *s)
{
	char byte;

	return zx_vmo_read(s->h, &byte, 0, 1);
}

static zx_status_t use_write(struct subject *s)
{
	return zx_vmo_write(s->h, "x", 0, 1);
}

static zx_status_t use_replace_as_executable(struct subject *s)
{
	zx_handle_t out = 0;

	return and_close(zx_vmo_replace_as_executable(s->h, s->other, &out),
			 &out);
}

static zx_status_t use_as_vmex(struct subject *s)
{
	zx_handle_t vmo = s->other, out = 0;
	zx_status_t status;

	/* It takes the VMO, whatever comes of it. */
	s->other = 0;
	status = zx_vmo_replace_as_executable(vmo, s->h, &out);
	return and_close(status, &out);
}

static zx_status_t use_guest_create(struct subject *s)
{
	zx_handle_t guest = 0, vmar = 0;
	zx_status_t status = zx_guest_create(s->h, 0, &guest, &vmar);

	return and_close(and_close(status, &guest), &vmar);
}

static zx_status_t use_resource_create(struct subject *s)
{
	zx_handle_t out = 0;
	zx_status_t status;

	status = zx_resource_create(s->h, ZX_RSRC_KIND_SYSTEM,
				    ZX_RSRC_SYSTEM_HYPERVISOR_BASE, 1, "name",
				    4, &out);
	return and_close(status, &out);
}

static zx_status_t use_set_trap(struct subject *s)
{
	return zx_guest_set_trap(s->h, ZX_GUEST_TRAP_IO,
				 0x100 + s->round % 0xf000, 1, 0, KEY);
}

static void *create_vcpu(void *arg)
{
	struct subject *s = arg;
	zx_handle_t out = 0;
	zx_status_t status = zx_vcpu_create(s->h, 0, 0, &out);

	return (void *)(intptr_t)and_close(status, &out);
}

/* This thread has one already. */
static zx_status_t use_vcpu_create(struct subject *s)
{
	return (intptr_t)in_thread(create_vcpu, s);
}

static zx_status_t use_kick(struct subject *s)
{
	return zx_vcpu_kick(s->h);
}

static zx_status_t use_interrupt(struct subject *s)
{
	return zx_vcpu_interrupt(s->h, 64);
}

static zx_status_t use_enter(struct subject *s)
{
	zx_port_packet_t packet;
	zx_status_t status;

	/* So that it comes back at once. */
	ASSERT_OK(zx_vcpu_kick(s->vm.vcpu));
	status = zx_vcpu_enter(s->h, &packet);
	return status == ZX_ERR_CANCELED ? ZX_OK : status;
}

static zx_status_t use_read_state(struct subject *s)
{
	zx_vcpu_state_t state;

	return zx_vcpu_read_state(s->h, ZX_VCPU_STATE, &state, sizeof(state));
}

static zx_status_t use_write_state(struct subject *s)
{
	zx_vcpu_state_t state = { 0 };

	return zx_vcpu_write_state(s->h, ZX_VCPU_STATE, &state, sizeof(state));
}

static zx_status_t map_guest(zx_handle_t vmar, zx_handle_t vmo,
			     zx_handle_t owner)
{
	zx_vaddr_t addr;
	zx_status_t status;

	status = zx_vmar_map(vmar, RW | ZX_VM_SPECIFIC, GUEST_HOLE, vmo, 0,
			     PAGE, &addr);
	if (status == ZX_OK)
		EXPECT_OK(zx_vmar_unmap(owner, GUEST_HOLE, PAGE));
	return status;
}

static zx_status_t use_as_vmar_of_map(struct subject *s)
{
	return map_guest(s->h, s->other, s->vm.vmar);
}

static zx_status_t use_as_vmo_of_map(struct subject *s)
{
	return map_guest(s->vm.vmar, s->h, s->vm.vmar);
}

static zx_status_t use_unmap(struct subject *s)
{
	return zx_vmar_unmap(s->h, GUEST_HOLE, PAGE);
}

#define NEEDS_VM	(1u << 0)
#define CONSUMES	(1u << 1)	/* a close and it: one of them only */
#define MAY_TIME_OUT	(1u << 2)	/* packets go with their port ... */
#define MAY_NOT_FIND	(1u << 3)	/* ... and so do waits */
#define SLOW		(1u << 4)

static const struct row {
	const char *name;
	void (*make)(struct subject *s);
	zx_status_t (*use)(struct subject *s);
	unsigned int flags;
} rows[] = {
	{ "handle_close", make_event, use_close, CONSUMES },
	{ "handle_close_many", make_event, use_close_many, CONSUMES },
	{ "handle_duplicate", make_event, use_duplicate, 0 },
	{ "handle_replace", make_event, use_replace, CONSUMES },
	{ "handle_export", make_event, use_export, CONSUMES },
	{ "object_get_info", make_event, use_get_info, 0 },
	{ "object_get_property", make_vmo, use_get_property, 0 },
	{ "object_set_property", make_vmo, use_set_property, 0 },
	{ "object_signal", make_event, use_signal, 0 },
	{ "object_signal_peer", make_pair, use_signal_peer, 0 },
	{ "object_wait_one", make_event, use_wait_one, 0 },
	{ "object_wait_many", make_event, use_wait_many, 0 },
	{ "object_wait_async", make_event_and_port, use_wait_async, 0 },
	{ "object_wait_async, port", make_port_and_event, use_as_port_of_wait,
	  0 },
	{ "object_poll_fd", make_event, use_poll_fd, 0 },
	{ "object_poll_fd, port", make_port, use_poll_fd_of_port, 0 },
	{ "port_queue", make_port, use_queue, 0 },
	{ "port_wait", make_port, use_port_wait, MAY_TIME_OUT },
	{ "port_cancel", make_waiting_port, use_as_port_of_cancel,
	  MAY_NOT_FIND },
	{ "port_cancel, source", make_waited_event, use_as_source_of_cancel,
	  0 },
	{ "vmo_get_size", make_vmo, use_get_size, 0 },
	{ "vmo_read", make_vmo, use_read, 0 },
	{ "vmo_write", make_vmo, use_write, 0 },
	{ "vmo_replace_as_executable", make_vmo_and_vmex,
	  use_replace_as_executable, CONSUMES },
	{ "vmo_replace_as_executable, vmex", make_vmex, use_as_vmex, 0 },
	{ "resource_create", make_resource, use_resource_create, 0 },
	{ "guest_create", make_resource, use_guest_create, SLOW },
	{ "guest_set_trap", make_guest, use_set_trap, NEEDS_VM },
	{ "vcpu_create", make_guest, use_vcpu_create, NEEDS_VM | SLOW },
	{ "vcpu_kick", make_vcpu, use_kick, NEEDS_VM },
	{ "vcpu_interrupt", make_vcpu, use_interrupt, NEEDS_VM },
	{ "vcpu_enter", make_vcpu, use_enter, NEEDS_VM },
	{ "vcpu_read_state", make_vcpu, use_read_state, NEEDS_VM },
	{ "vcpu_write_state", make_vcpu, use_write_state, NEEDS_VM },
	{ "vmar_map", make_vmar, use_as_vmar_of_map, NEEDS_VM },
	{ "vmar_map, VMO", make_vmo, use_as_vmo_of_map, NEEDS_VM },
	{ "vmar_unmap", make_mapped_vmar, use_unmap, NEEDS_VM },
};

/* A race of one row. */
struct usage {
	const struct row *row;
	struct subject s;
	zx_status_t used, closed;
	unsigned int worked;
};

static void begin_use(void *ctx)
{
	struct usage *u = ctx;

	u->s.h = 0;
	u->s.other = 0;
	u->s.round++;
	u->row->make(&u->s);
}

static void use_it(void *ctx)
{
	struct usage *u = ctx;

	u->used = u->row->use(&u->s);
}

static void close_it(void *ctx)
{
	struct usage *u = ctx;

	u->closed = zx_handle_close(u->s.h);
}

static bool may_be(const struct row *row, zx_status_t status)
{
	switch (status) {
	case ZX_OK:
	case ZX_ERR_BAD_HANDLE:
		return true;
	case ZX_ERR_TIMED_OUT:
		return row->flags & MAY_TIME_OUT;
	case ZX_ERR_NOT_FOUND:
		return row->flags & MAY_NOT_FIND;
	}
	return false;
}

static void judge_use(void *ctx)
{
	struct usage *u = ctx;
	bool worked = u->used == ZX_OK;

	if (!may_be(u->row, u->used))
		EXPECT_STATUS(ZX_ERR_BAD_HANDLE, u->used);
	EXPECT_STATUS(worked && (u->row->flags & CONSUMES) ?
		      ZX_ERR_BAD_HANDLE : ZX_OK, u->closed);
	if (u->row->flags & CONSUMES)
		EXPECT_NE(worked, u->closed == ZX_OK);
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, u->row->use(&u->s));
	EXPECT_OK(zx_handle_close(u->s.other));
	if (u->row->make == make_mapped_vmar && !worked)
		EXPECT_OK(zx_vmar_unmap(u->s.vm.vmar, GUEST_HOLE, PAGE));
	u->worked += worked;
}

/* First one after the other, in both orders, then together. */
static void use_and_close(struct usage *u)
{
	struct race race = {
		scaled(u->row->flags & SLOW ? 100 : 1000,
		       u->row->flags & SLOW ? 8 : 64),
		begin_use, use_it, close_it, judge_use,
	};

	begin_use(u);
	use_it(u);
	EXPECT_OK(u->used);
	close_it(u);
	judge_use(u);
	begin_use(u);
	close_it(u);
	use_it(u);
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, u->used);
	judge_use(u);
	u->worked = 0;
	race_run(&race, u);
	TH_LOG("%s: worked %u times of %u", u->row->name, u->worked,
	       race.rounds);
}

static void use_rows(bool with_vm)
{
	struct usage u = { 0 };

	if (with_vm) {
		vm_create(&u.s.vm);
		vm_vcpu(&u.s.vm);
	}
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		u.row = &rows[i];
		if (!!(u.row->flags & NEEDS_VM) != with_vm)
			continue;
		zxtest_row("%s", u.row->name);
		use_and_close(&u);
	}
	zxtest_row_end();
	if (with_vm)
		vm_destroy(&u.s.vm);
}

TEST_TIMEOUT(a_handle_is_closed_as_it_is_used, 600)
{
	use_rows(false);
}

TEST_TIMEOUT(a_handle_of_a_guest_is_closed_as_it_is_used, 600)
{
	use_rows(true);
}

/* ---- fork ------------------------------------------------------------------ */

/* Every call, in a process that has its parent's values and not its handles. */
static void expect_none(struct subject *s, const struct row *row)
{
	int status;
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_STATUS(ZX_ERR_BAD_HANDLE, row->use(s));
		EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_handle_close(s->h));
		_exit(zxtest_failed());
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_OK(row->use(s));
	if (!(row->flags & CONSUMES))
		EXPECT_OK(zx_handle_close(s->h));
	EXPECT_OK(zx_handle_close(s->other));
}

TEST_TIMEOUT(a_child_has_none_of_its_parents_handles, 600)
{
	struct subject s = { 0 };

	vm_create(&s.vm);
	vm_vcpu(&s.vm);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		/* It would kick first, which is a row of its own. */
		if (rows[i].use == use_enter)
			continue;
		zxtest_row("%s", rows[i].name);
		s.other = 0;
		rows[i].make(&s);
		expect_none(&s, &rows[i]);
	}
	vm_destroy(&s.vm);
}

static void make_one_and_tell(int sock)
{
	zx_handle_t event;

	ASSERT_OK(zx_event_create(0, &event));
	peer_send_value(sock, event);
	peer_expect(sock, 'e');
	EXPECT_OK(zx_object_signal(event, 0, ZX_EVENT_SIGNALED));
	EXPECT_OK(zx_handle_close(event));
}

/* Each that used nothing before it was forked has handles of its own. */
TEST(children_have_handles_of_their_own)
{
	struct peer peers[8];
	zx_handle_t event;

	for (size_t i = 0; i < ARRAY_SIZE(peers); i++)
		peer_start(&peers[i], make_one_and_tell);
	ASSERT_OK(zx_event_create(0, &event));
	for (size_t i = 0; i < ARRAY_SIZE(peers); i++) {
		zx_handle_t theirs = peer_receive_value(peers[i].sock);

		zxtest_row("child %zu", i);
		EXPECT_NE(event, theirs);
		EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_handle_close(theirs));
		peer_say(peers[i].sock, 'e');
		peer_end(&peers[i]);
	}
	EXPECT_OK(zx_handle_close(event));
}

/* ---- who has the last handle --------------------------------------------- */

struct last {
	zx_handle_t h, peer, out;
	zx_status_t duplicated;
};

static void begin_last(void *ctx)
{
	struct last *l = ctx;

	l->out = 0;
	ASSERT_OK(zx_eventpair_create(0, &l->h, &l->peer));
}

static void duplicate_last(void *ctx)
{
	struct last *l = ctx;

	l->duplicated = zx_handle_duplicate(l->h, SAME, &l->out);
}

static void close_last(void *ctx)
{
	struct last *l = ctx;

	EXPECT_OK(zx_handle_close(l->h));
}

static void expect_peer(struct last *l, bool closed)
{
	EXPECT_STATUS(closed ? ZX_OK : ZX_ERR_TIMED_OUT,
		      zx_object_wait_one(l->peer, ZX_OBJECT_PEER_CLOSED, PAST,
					 NULL));
}

/* A copy in time keeps the object, one too late does not bring it back. */
static void judge_last(void *ctx)
{
	struct last *l = ctx;

	if (l->duplicated == ZX_OK) {
		expect_peer(l, false);
		EXPECT_OK(zx_object_signal_peer(l->out, 0, ZX_USER_SIGNAL_0));
		EXPECT_OK(zx_handle_close(l->out));
	} else {
		EXPECT_STATUS(ZX_ERR_BAD_HANDLE, l->duplicated);
	}
	expect_peer(l, true);
	EXPECT_OK(zx_handle_close(l->peer));
}

TEST_TIMEOUT(a_handle_is_copied_in_time_or_its_object_is_gone, 600)
{
	const struct race race = {
		scaled(4000, 150), begin_last, duplicate_last, close_last,
		judge_last,
	};
	struct last l;

	race_run(&race, &l);
}

TEST_HARNESS_MAIN
