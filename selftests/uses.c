// SPDX-License-Identifier: MIT
/* See uses.h. */
#define _GNU_SOURCE
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

#include "uses.h"
#include "zxtest.h"

#define PAGE		4096ull
#define PAST		ZX_TIME_INFINITE_PAST
#define SAME		ZX_RIGHT_SAME_RIGHTS
#define KEY		77
#define PART		(ZX_VM_CAN_MAP_READ | ZX_VM_SPECIFIC)

/* ---- what calls need ----------------------------------------------------- */

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

static void make_resizable(struct subject *s)
{
	ASSERT_OK(zx_vmo_create(PAGE, ZX_VMO_RESIZABLE, &s->h));
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

/* With something in it. */
static void make_mapped_vmar(struct subject *s)
{
	zx_vaddr_t addr;

	make_vmar(s);
	ASSERT_OK(zx_vmar_map(s->vm.vmar, RW | ZX_VM_SPECIFIC_OVERWRITE,
			      GUEST_HOLE, s->other, 0, PAGE, &addr));
}

/* A part of the guest's memory. */
static void make_part(struct subject *s)
{
	zx_vaddr_t addr;

	ASSERT_OK(zx_vmar_allocate(s->vm.vmar, PART, GUEST_HOLE, PAGE, &s->h,
				   &addr));
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

static zx_status_t use_set_size(struct subject *s)
{
	return zx_vmo_set_size(s->h, s->round % 4 * PAGE);
}

static zx_status_t use_vmo_op(struct subject *s)
{
	return zx_vmo_op_range(s->h, ZX_VMO_OP_COMMIT, 0, PAGE, NULL, 0);
}

static zx_status_t use_cache_policy(struct subject *s)
{
	return zx_vmo_set_cache_policy(s->h, ZX_CACHE_POLICY_CACHED);
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

static zx_status_t use_protect(struct subject *s)
{
	return zx_vmar_protect(s->h, ZX_VM_PERM_READ, GUEST_HOLE, PAGE);
}

static zx_status_t use_vmar_op(struct subject *s)
{
	return zx_vmar_op_range(s->h, ZX_VMAR_OP_COMMIT, GUEST_HOLE, PAGE, NULL,
				0);
}

static zx_status_t use_allocate(struct subject *s)
{
	zx_handle_t out = 0;
	zx_vaddr_t addr;
	zx_status_t status;

	status = zx_vmar_allocate(s->h, PART, GUEST_HOLE, PAGE, &out, &addr);
	if (status == ZX_OK)
		EXPECT_OK(zx_vmar_destroy(out));
	return and_close(status, &out);
}

static zx_status_t use_destroy(struct subject *s)
{
	return zx_vmar_destroy(s->h);
}

/* ---- the table ------------------------------------------------------------ */

const struct use uses[] = {
	{ "handle_close", make_event, use_close, USE_CONSUMES },
	{ "handle_close_many", make_event, use_close_many, USE_CONSUMES },
	{ "handle_duplicate", make_event, use_duplicate, 0 },
	{ "handle_replace", make_event, use_replace, USE_CONSUMES },
	{ "handle_export", make_event, use_export, USE_CONSUMES },
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
	{ "port_wait", make_port, use_port_wait, USE_MAY_TIME_OUT },
	{ "port_cancel", make_waiting_port, use_as_port_of_cancel,
	  USE_MAY_NOT_FIND },
	{ "port_cancel, source", make_waited_event, use_as_source_of_cancel,
	  0 },
	{ "vmo_get_size", make_vmo, use_get_size, 0 },
	{ "vmo_read", make_vmo, use_read, 0 },
	{ "vmo_write", make_vmo, use_write, 0 },
	{ "vmo_set_size", make_resizable, use_set_size, 0 },
	{ "vmo_op_range", make_vmo, use_vmo_op, 0 },
	{ "vmo_set_cache_policy", make_vmo, use_cache_policy, 0 },
	{ "vmo_replace_as_executable", make_vmo_and_vmex,
	  use_replace_as_executable, USE_CONSUMES },
	{ "vmo_replace_as_executable, vmex", make_vmex, use_as_vmex, 0 },
	{ "resource_create", make_resource, use_resource_create, 0 },
	{ "guest_create", make_resource, use_guest_create, USE_SLOW },
	{ "guest_set_trap", make_guest, use_set_trap, USE_VM },
	{ "vcpu_create", make_guest, use_vcpu_create, USE_VM | USE_SLOW },
	{ "vcpu_kick", make_vcpu, use_kick, USE_VM },
	{ "vcpu_interrupt", make_vcpu, use_interrupt, USE_VM },
	{ "vcpu_enter", make_vcpu, use_enter, USE_VM | USE_KICKS },
	{ "vcpu_read_state", make_vcpu, use_read_state, USE_VM },
	{ "vcpu_write_state", make_vcpu, use_write_state, USE_VM },
	{ "vmar_map", make_vmar, use_as_vmar_of_map, USE_VM },
	{ "vmar_map, VMO", make_vmo, use_as_vmo_of_map, USE_VM },
	{ "vmar_unmap", make_mapped_vmar, use_unmap, USE_VM },
	{ "vmar_protect", make_mapped_vmar, use_protect, USE_VM },
	{ "vmar_op_range", make_mapped_vmar, use_vmar_op, USE_VM },
	{ "vmar_allocate", make_vmar, use_allocate, USE_VM },
	{ "vmar_destroy", make_part, use_destroy, USE_VM },
};

const int uses_count = ARRAY_SIZE(uses);
