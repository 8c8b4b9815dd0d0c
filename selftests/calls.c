// SPDX-License-Identifier: MIT
/*
 * Every request of the ioctl contract, and a small guest to issue them to. See
 * calls.h.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "calls_setup.h"
#include "guest/layout.h"

#define PAGE		4096ull
#define RAM		GUEST_RAM_SIZE
#define RW		(ZX_HYP_VM_PERM_READ | ZX_HYP_VM_PERM_WRITE)
#define PTE_TABLE	0x7ull
#define PTE_LARGE	0x87ull

/* In a loop: OUT to the report port, a store and a load at GUEST_MMIO. */
static const uint8_t guest_loop[] = {
	0xb8, 0xe0, 0xd0, 0x00, 0x00,			/* mov $0xd0e0,%eax */
	0xe7, PORT_REPORT,				/* out %eax,$PORT */
	0x89, 0x04, 0x25, 0x00, 0x00, 0x30, 0x00,	/* mov %eax,GUEST_MMIO */
	0x8b, 0x1c, 0x25, 0x00, 0x00, 0x30, 0x00,	/* mov GUEST_MMIO,%ebx */
	0xeb, 0xe9,					/* jmp to the start */
};

static void vmo_write(int fd, uint32_t vmo, uint64_t offset, const void *data,
		      uint64_t len)
{
	struct zx_hyp_vmo_rw arg = {
		.size = sizeof(arg),
		.vmo = vmo,
		.buffer = (uintptr_t)data,
		.offset = offset,
		.buffer_size = len,
	};

	ASSERT_EQ(0, abi_call(fd, ZX_HYP_VMO_WRITE, &arg));
}

static void write_tables(int fd, uint32_t vmo)
{
	uint64_t entry[4], pd[512];

	entry[0] = GUEST_PDPT | PTE_TABLE;
	vmo_write(fd, vmo, GUEST_PML4, entry, 8);
	entry[0] = GUEST_PD | PTE_TABLE;
	vmo_write(fd, vmo, GUEST_PDPT, entry, 8);
	for (uint64_t i = 0; i < 512; i++)
		pd[i] = (i << 21) | PTE_LARGE;
	vmo_write(fd, vmo, GUEST_PD, pd, sizeof(pd));
}

static void set_trap(struct call_ctx *c, uint32_t kind, uint64_t addr,
		     uint64_t len)
{
	struct zx_hyp_guest_set_trap arg = {
		.size = sizeof(arg),
		.guest = c->guest,
		.kind = kind,
		.addr = addr,
		.len = len,
		.key = 1,
	};

	ASSERT_EQ(0, abi_call(c->fd, ZX_HYP_GUEST_SET_TRAP, &arg));
}

static uint32_t executable(int fd, uint32_t vmo)
{
	uint32_t vmex = abi_resource(fd, ZX_HYP_RESOURCE_VMEX), out = 0;
	struct zx_hyp_vmo_replace_as_executable arg = {
		.size = sizeof(arg),
		.vmo = vmo,
		.vmex = vmex,
		.out_handle = (uintptr_t)&out,
	};

	ASSERT_EQ(0, abi_call(fd, ZX_HYP_VMO_REPLACE_AS_EXECUTABLE, &arg));
	abi_close(fd, vmex);
	return out;
}

/* ---- what calls need --------------------------------------------------- */

static void need_nothing(struct call_ctx *c)
{
	(void)c;
}

static void need_vmo(struct call_ctx *c)
{
	c->vmo = abi_vmo(c->fd, 16 * PAGE);
}

static void need_guest(struct call_ctx *c)
{
	abi_guest(c->fd, &c->guest, &c->vmar);
}

/* RAM with code, and traps; no vCPU. */
void call_need_machine(struct call_ctx *c)
{
	need_guest(c);
	c->vmo = executable(c->fd, abi_vmo(c->fd, RAM));
	write_tables(c->fd, c->vmo);
	vmo_write(c->fd, c->vmo, GUEST_CODE, guest_loop, sizeof(guest_loop));
	ASSERT_EQ(0, abi_map(c->fd, c->vmar, RW | ZX_HYP_VM_PERM_EXECUTE |
			     ZX_HYP_VM_SPECIFIC, 0, c->vmo, RAM));
	set_trap(c, ZX_HYP_TRAP_IO, PORT_REPORT, 4);
	set_trap(c, ZX_HYP_TRAP_MEM, GUEST_MMIO, PAGE);
}

static void need_vcpu(struct call_ctx *c)
{
	struct zx_hyp_vcpu_create arg = {
		.size = sizeof(arg),
		.entry = GUEST_CODE,
		.out_vcpu = (uintptr_t)&c->vcpu,
	};

	call_need_machine(c);
	arg.guest = c->guest;
	ASSERT_EQ(0, abi_call(c->fd, ZX_HYP_VCPU_CREATE, &arg));
}

static uint32_t make(struct call_ctx *c, unsigned int cmd)
{
	uint32_t handle = 0;
	/* Both look the same. */
	struct zx_hyp_event_create arg = {
		.size = sizeof(arg),
		.out_handle = (uintptr_t)&handle,
	};

	ASSERT_EQ(0, abi_call(c->fd, cmd, &arg));
	return handle;
}

/* An event whose signal is set. */
static void need_event(struct call_ctx *c)
{
	struct zx_hyp_object_signal arg = {
		.size = sizeof(arg),
		.set = ZX_HYP_SIGNAL_SIGNALED,
	};

	c->event = make(c, ZX_HYP_EVENT_CREATE);
	arg.handle = c->event;
	ASSERT_EQ(0, abi_call(c->fd, ZX_HYP_OBJECT_SIGNAL, &arg));
}

static void need_port(struct call_ctx *c)
{
	c->port = make(c, ZX_HYP_PORT_CREATE);
}

/* The number that the next descriptor gets. */
static void note_next_fd(struct call_ctx *c)
{
	c->made_fd = dup(c->fd);
	ASSERT_LE(0, c->made_fd);
	ASSERT_EQ(0, close(c->made_fd));
}

/* ---- one a row --------------------------------------------------------- */

static void setup_query(struct call_ctx *c)
{
	need_nothing(c);
	c->arg.query.out_size = sizeof(struct zx_hyp_query_result);
}

static void setup_close(struct call_ctx *c)
{
	need_vmo(c);
	c->arg.close.handle = c->vmo;
}

static void setup_resource_get(struct call_ctx *c)
{
	c->arg.resource_get.kind = ZX_HYP_RESOURCE_HYPERVISOR;
}

static void setup_guest_create(struct call_ctx *c)
{
	c->resource = abi_resource(c->fd, ZX_HYP_RESOURCE_HYPERVISOR);
	c->arg.guest_create.resource = c->resource;
}

static void setup_trap_io(struct call_ctx *c)
{
	need_guest(c);
	c->arg.set_trap.guest = c->guest;
	c->arg.set_trap.kind = ZX_HYP_TRAP_IO;
	c->arg.set_trap.addr = 0x100;
	c->arg.set_trap.len = 4;
}

/* In the middle of RAM that a memslot answers, beside other holes. */
static void setup_trap_mem(struct call_ctx *c)
{
	need_vcpu(c);
	c->arg.set_trap.guest = c->guest;
	c->arg.set_trap.kind = ZX_HYP_TRAP_MEM;
	c->arg.set_trap.addr = RAM / 2;
	c->arg.set_trap.len = PAGE;
}

static void setup_trap_bell(struct call_ctx *c)
{
	need_port(c);
	setup_trap_mem(c);
	c->arg.set_trap.kind = ZX_HYP_TRAP_BELL;
	c->arg.set_trap.port = c->port;
}

static void setup_vcpu_create(struct call_ctx *c)
{
	call_need_machine(c);
	c->arg.vcpu_create.guest = c->guest;
	c->arg.vcpu_create.entry = GUEST_CODE;
}

static void setup_enter(struct call_ctx *c)
{
	need_vcpu(c);
	c->arg.enter.vcpu = c->vcpu;
}

static void enter_times(struct call_ctx *c, int times)
{
	struct zx_hyp_packet packet;
	struct zx_hyp_vcpu_enter arg = {
		.size = sizeof(arg),
		.vcpu = c->vcpu,
		.out_packet = (uintptr_t)&packet,
	};

	while (times--)
		ASSERT_EQ(0, abi_call(c->fd, ZX_HYP_VCPU_ENTER, &arg));
}

static void setup_enter_store(struct call_ctx *c)
{
	setup_enter(c);
	enter_times(c, 1);
}

static void setup_enter_load(struct call_ctx *c)
{
	setup_enter(c);
	enter_times(c, 2);
}

static void setup_kick(struct call_ctx *c)
{
	need_vcpu(c);
	c->arg.kick.vcpu = c->vcpu;
}

static void setup_interrupt(struct call_ctx *c)
{
	need_vcpu(c);
	c->arg.interrupt.vcpu = c->vcpu;
	c->arg.interrupt.vector = 64;
}

static void setup_state(struct call_ctx *c)
{
	need_vcpu(c);
	c->arg.state.vcpu = c->vcpu;
	c->arg.state.kind = ZX_HYP_VCPU_STATE;
	c->arg.state.buffer_size = sizeof(struct zx_hyp_vcpu_state);
}

static void setup_write_io(struct call_ctx *c)
{
	struct zx_hyp_vcpu_io io = { .access_size = 4 };

	setup_state(c);
	c->arg.state.kind = ZX_HYP_VCPU_IO;
	c->arg.state.buffer_size = sizeof(io);
	memcpy(c->buffer, &io, sizeof(io));
}

static void setup_vmo_create(struct call_ctx *c)
{
	c->arg.vmo_create.vmo_size = 16 * PAGE;
}

/* Across a page that is there and one that is not. */
static void setup_vmo_read(struct call_ctx *c)
{
	need_vmo(c);
	vmo_write(c->fd, c->vmo, 0, c->buffer, 64);
	c->arg.rw.vmo = c->vmo;
	c->arg.rw.offset = PAGE - 32;
	c->arg.rw.buffer_size = 64;
}

static void setup_get_size(struct call_ctx *c)
{
	need_vmo(c);
	c->arg.get_size.vmo = c->vmo;
}

static void setup_replace(struct call_ctx *c)
{
	need_vmo(c);
	c->resource = abi_resource(c->fd, ZX_HYP_RESOURCE_VMEX);
	c->arg.replace.vmo = c->vmo;
	c->arg.replace.vmex = c->resource;
}

/* Into the window that holds RAM. */
static void setup_map_guest(struct call_ctx *c)
{
	call_need_machine(c);
	c->arg.map.vmar = c->vmar;
	c->arg.map.vmo = c->vmo;
	c->arg.map.options = RW | ZX_HYP_VM_SPECIFIC;
	c->arg.map.vmar_offset = GUEST_HOLE;
	c->arg.map.len = 16 * PAGE;
}

/* Where there is no window yet, beside a trap. */
static void setup_map_guest_window(struct call_ctx *c)
{
	setup_map_guest(c);
	set_trap(c, ZX_HYP_TRAP_MEM, 0x800000000ull + 8 * PAGE, PAGE);
	c->arg.map.vmar_offset = 0x800000000ull;
}

static void setup_unmap_guest(struct call_ctx *c)
{
	call_need_machine(c);
	c->arg.unmap.vmar = c->vmar;
	c->arg.unmap.addr = RAM / 2;
	c->arg.unmap.len = 16 * PAGE;
}

static void setup_close_many(struct call_ctx *c)
{
	need_vmo(c);
	c->arg.close_many.count = 4;
	memcpy(c->buffer + 4, &c->vmo, sizeof(c->vmo));
}

static void setup_dup(struct call_ctx *c)
{
	need_vmo(c);
	c->arg.dup.handle = c->vmo;
	c->arg.dup.rights = ZX_HYP_RIGHT_SAME;
}

static void setup_export(struct call_ctx *c)
{
	need_vmo(c);
	c->arg.export_fd.handle = c->vmo;
	note_next_fd(c);
}

static void setup_import(struct call_ctx *c)
{
	struct zx_hyp_handle_export arg = {
		.size = sizeof(arg),
		.out_fd = (uintptr_t)&c->arg.import_fd.fd,
	};

	setup_export(c);
	arg.handle = c->vmo;
	memset(&c->arg, 0, sizeof(c->arg));
	ASSERT_EQ(0, abi_call(c->fd, ZX_HYP_HANDLE_EXPORT, &arg));
	ASSERT_EQ(c->made_fd, c->arg.import_fd.fd);
}

static void setup_rights_set(struct call_ctx *c)
{
	c->arg.rights_set.type = 3;	/* a VMO */
	c->arg.rights_set.rights = 0xd0ef;
}

static void setup_resource_create(struct call_ctx *c)
{
	c->resource = abi_resource(c->fd, ZX_HYP_RESOURCE_VMEX);
	c->arg.resource_create.parent = c->resource;
	c->arg.resource_create.kind = ZX_HYP_RESOURCE_VMEX;
	c->arg.resource_create.name_size = 16;
}

static void setup_info(struct call_ctx *c)
{
	need_vmo(c);
	c->arg.get_info.handle = c->vmo;
	c->arg.get_info.topic = ZX_HYP_INFO_VMO;
	c->arg.get_info.buffer_size = sizeof(struct zx_hyp_info_vmo);
}

static void setup_property(struct call_ctx *c)
{
	need_vmo(c);
	c->arg.property.handle = c->vmo;
	c->arg.property.property = ZX_HYP_PROP_NAME;
	c->arg.property.value_size = ZX_HYP_NAME_LEN;
}

static void setup_signal(struct call_ctx *c)
{
	need_event(c);
	c->arg.signal.handle = c->event;
	c->arg.signal.set = ZX_HYP_SIGNAL_USER_ALL;
}

static void setup_signal_peer(struct call_ctx *c)
{
	uint32_t peer;
	struct zx_hyp_eventpair_create arg = {
		.size = sizeof(arg),
		.out_handle0 = (uintptr_t)&c->event,
		.out_handle1 = (uintptr_t)&peer,
	};

	ASSERT_EQ(0, abi_call(c->fd, ZX_HYP_EVENTPAIR_CREATE, &arg));
	c->arg.signal.handle = c->event;
	c->arg.signal.set = ZX_HYP_SIGNAL_USER_ALL;
}

static void setup_wait_one(struct call_ctx *c)
{
	need_event(c);
	c->arg.wait_one.handle = c->event;
	c->arg.wait_one.signals = ZX_HYP_SIGNAL_SIGNALED;
}

static void setup_wait_many(struct call_ctx *c)
{
	struct zx_hyp_wait_item *items = (void *)c->buffer;

	need_event(c);
	c->arg.wait_many.count = 2;
	for (int i = 0; i < 2; i++) {
		items[i].handle = c->event;
		items[i].waitfor = ZX_HYP_SIGNAL_SIGNALED;
	}
}

/* Its signal is set: the packet is queued at once. */
static void setup_wait_async(struct call_ctx *c)
{
	need_event(c);
	need_port(c);
	c->arg.wait_async.handle = c->event;
	c->arg.wait_async.port = c->port;
	c->arg.wait_async.signals = ZX_HYP_SIGNAL_SIGNALED;
}

static void setup_poll_fd(struct call_ctx *c)
{
	need_event(c);
	c->arg.poll_fd.handle = c->event;
	c->arg.poll_fd.signals = ZX_HYP_SIGNAL_SIGNALED;
	note_next_fd(c);
}

static void setup_queue(struct call_ctx *c)
{
	need_port(c);
	c->arg.queue.port = c->port;
}

/* Packets for all the calls that lose one. */
static void setup_port_wait(struct call_ctx *c)
{
	struct zx_hyp_port_queue arg = {
		.size = sizeof(arg),
		.packet = (uintptr_t)c->buffer,
	};

	need_port(c);
	arg.port = c->port;
	for (int i = 0; i < 64; i++)
		ASSERT_EQ(0, abi_call(c->fd, ZX_HYP_PORT_QUEUE, &arg));
	c->arg.port_wait.port = c->port;
}

static void setup_cancel(struct call_ctx *c)
{
	setup_wait_async(c);
	c->arg.wait_async.size = sizeof(c->arg.wait_async);
	ASSERT_EQ(0, abi_call(c->fd, ZX_HYP_OBJECT_WAIT_ASYNC, &c->arg));
	memset(&c->arg, 0, sizeof(c->arg));
	c->arg.cancel.port = c->port;
	c->arg.cancel.source = c->event;
}

/* ---- the table --------------------------------------------------------- */

#define CALL(name, cmd, type, setup, flags, ...) \
	{ name, ZX_HYP_##cmd, sizeof(struct zx_hyp_##type), flags, setup, \
	  __VA_ARGS__ }
#define OUT(type, member, bytes) \
	{ offsetof(struct zx_hyp_##type, member), bytes, false, false }
#define OUT_OR_NULL(type, member, bytes) \
	{ offsetof(struct zx_hyp_##type, member), bytes, false, true }
#define IN(type, member, bytes) \
	{ offsetof(struct zx_hyp_##type, member), bytes, true, false }
#define AT(type, member) offsetof(struct zx_hyp_##type, member)
#define TRAP_RESERVED	AT(guest_set_trap, flags), AT(guest_set_trap, reserved)

const struct call calls[] = {
	CALL("query", QUERY, query, setup_query, 0,
	     .pointer = { OUT(query, out_result, 24) }),
	CALL("handle_close", HANDLE_CLOSE, handle_close, setup_close, 0),
	CALL("resource_get", RESOURCE_GET, resource_get, setup_resource_get,
	     0, .pointer = { OUT(resource_get, out_handle, 4) }),
	CALL("guest_create", GUEST_CREATE, guest_create, setup_guest_create,
	     0, .pointer = { OUT(guest_create, out_guest, 4),
					OUT(guest_create, out_vmar, 4) },
	     .reserved = { AT(guest_create, flags) }),
	CALL("guest_set_trap of IO", GUEST_SET_TRAP, guest_set_trap,
	     setup_trap_io, 0, .reserved = { TRAP_RESERVED }),
	CALL("guest_set_trap of MEM", GUEST_SET_TRAP, guest_set_trap,
	     setup_trap_mem, CALL_WINDOW, .reserved = { TRAP_RESERVED }),
	CALL("guest_set_trap of BELL", GUEST_SET_TRAP, guest_set_trap,
	     setup_trap_bell, CALL_WINDOW, .reserved = { TRAP_RESERVED }),
	CALL("vcpu_create", VCPU_CREATE, vcpu_create, setup_vcpu_create, 0,
	     .pointer = { OUT(vcpu_create, out_vcpu, 4),
			  OUT_OR_NULL(vcpu_create, out_page, 8) },
	     .reserved = { AT(vcpu_create, reserved) }),
	CALL("vcpu_enter up to an OUT", VCPU_ENTER, vcpu_enter, setup_enter,
	     CALL_ENTERS, .pointer = { OUT(vcpu_enter, out_packet, 48) }),
	CALL("vcpu_enter up to a store", VCPU_ENTER, vcpu_enter,
	     setup_enter_store, CALL_ENTERS,
	     .pointer = { OUT(vcpu_enter, out_packet, 48) }),
	CALL("vcpu_enter up to a load", VCPU_ENTER, vcpu_enter,
	     setup_enter_load, CALL_ENTERS,
	     .pointer = { OUT(vcpu_enter, out_packet, 48) }),
	CALL("vcpu_kick", VCPU_KICK, vcpu_kick, setup_kick, 0),
	CALL("vcpu_interrupt", VCPU_INTERRUPT, vcpu_interrupt, setup_interrupt,
	     0, .reserved = { AT(vcpu_interrupt, reserved) }),
	CALL("vcpu_read_state", VCPU_READ_STATE, vcpu_rw_state, setup_state,
	     0, .pointer = { OUT(vcpu_rw_state, buffer, 136) },
	     .reserved = { AT(vcpu_rw_state, reserved) }),
	CALL("vcpu_write_state", VCPU_WRITE_STATE, vcpu_rw_state, setup_state,
	     0, .pointer = { IN(vcpu_rw_state, buffer, 136) },
	     .reserved = { AT(vcpu_rw_state, reserved) }),
	CALL("vcpu_write_state of IO", VCPU_WRITE_STATE, vcpu_rw_state,
	     setup_write_io, 0,
	     .pointer = { IN(vcpu_rw_state, buffer, 8) },
	     .reserved = { AT(vcpu_rw_state, reserved) }),
	CALL("vmo_create", VMO_CREATE, vmo_create, setup_vmo_create,
	     0, .pointer = { OUT(vmo_create, out_handle, 4) }),
	CALL("vmo_read", VMO_READ, vmo_rw, setup_vmo_read, 0,
	     .pointer = { OUT(vmo_rw, buffer, 64) }),
	CALL("vmo_write", VMO_WRITE, vmo_rw, setup_vmo_read, 0,
	     .pointer = { IN(vmo_rw, buffer, 64) }),
	CALL("vmo_get_size", VMO_GET_SIZE, vmo_get_size, setup_get_size,
	     0, .pointer = { OUT(vmo_get_size, out_size, 8) }),
	CALL("vmo_replace_as_executable", VMO_REPLACE_AS_EXECUTABLE,
	     vmo_replace_as_executable, setup_replace, CALL_CONSUMES,
	     .pointer = { OUT(vmo_replace_as_executable, out_handle, 4) },
	     .reserved = { AT(vmo_replace_as_executable, reserved) }),
	CALL("vmo_set_size", VMO_SET_SIZE, vmo_set_size, setup_set_size, 0),
	CALL("vmo_op_range, commit", VMO_OP_RANGE, vmo_op_range, setup_commit, 0,
	     .reserved = { AT(vmo_op_range, reserved) }),
	CALL("vmo_op_range, zero", VMO_OP_RANGE, vmo_op_range, setup_zero, 0,
	     .reserved = { AT(vmo_op_range, reserved) }),
	CALL("vmo_set_cache_policy", VMO_SET_CACHE_POLICY, vmo_set_cache_policy,
	     setup_cache_policy, 0,
	     .reserved = { AT(vmo_set_cache_policy, reserved) }),
	CALL("vmar_root_self", VMAR_ROOT_SELF, vmar_root_self, need_nothing,
	     0, .pointer = { OUT(vmar_root_self, out_handle, 4) },
	     .reserved = { AT(vmar_root_self, reserved) }),
	CALL("vmar_map in the process", VMAR_MAP, vmar_map, setup_map_self, 0,
	     .pointer = { OUT(vmar_map, out_addr, 8) }),
	CALL("vmar_map in the process, aligned", VMAR_MAP, vmar_map,
	     setup_map_self_aligned, 0,
	     .pointer = { OUT(vmar_map, out_addr, 8) }),
	CALL("vmar_map in the process, with its pages", VMAR_MAP, vmar_map,
	     setup_map_self_range, 0, .pointer = { OUT(vmar_map, out_addr, 8) }),
	CALL("vmar_map in the guest", VMAR_MAP, vmar_map, setup_map_guest, 0,
	     .pointer = { OUT(vmar_map, out_addr, 8) }),
	CALL("vmar_map in a new window", VMAR_MAP, vmar_map,
	     setup_map_guest_window, CALL_WINDOW,
	     .pointer = { OUT(vmar_map, out_addr, 8) }),
	CALL("vmar_unmap in the process", VMAR_UNMAP, vmar_unmap,
	     setup_unmap_self, 0),
	CALL("vmar_unmap in the guest", VMAR_UNMAP, vmar_unmap,
	     setup_unmap_guest, 0),
	CALL("vmar_protect in the process", VMAR_PROTECT, vmar_protect,
	     setup_protect_self, 0, .reserved = { AT(vmar_protect, reserved) }),
	CALL("vmar_protect in the guest", VMAR_PROTECT, vmar_protect,
	     setup_protect_guest, 0, .reserved = { AT(vmar_protect, reserved) }),
	CALL("vmar_allocate", VMAR_ALLOCATE, vmar_allocate, setup_allocate, 0,
	     .pointer = { OUT(vmar_allocate, out_vmar, 4),
			  OUT(vmar_allocate, out_addr, 8) },
	     .reserved = { AT(vmar_allocate, reserved) }),
	CALL("vmar_destroy", VMAR_DESTROY, vmar_destroy, setup_destroy, 0),
	CALL("vmar_op_range", VMAR_OP_RANGE, vmar_op_range, setup_vmar_op, 0,
	     .reserved = { AT(vmar_op_range, reserved) }),
	CALL("handle_close_many", HANDLE_CLOSE_MANY, handle_close_many,
	     setup_close_many, 0,
	     .pointer = { IN(handle_close_many, handles, 16) },
	     .reserved = { AT(handle_close_many, reserved) }),
	CALL("handle_duplicate", HANDLE_DUPLICATE, handle_dup, setup_dup, 0,
	     .pointer = { OUT(handle_dup, out_handle, 4) },
	     .reserved = { AT(handle_dup, reserved) }),
	CALL("handle_replace", HANDLE_REPLACE, handle_dup, setup_dup,
	     CALL_CONSUMES, .pointer = { OUT(handle_dup, out_handle, 4) },
	     .reserved = { AT(handle_dup, reserved) }),
	CALL("handle_export", HANDLE_EXPORT, handle_export, setup_export, 0,
	     .pointer = { OUT(handle_export, out_fd, 4) }),
	CALL("handle_import", HANDLE_IMPORT, handle_import, setup_import, 0,
	     .pointer = { OUT(handle_import, out_handle, 4) }),
	CALL("rights_set", RIGHTS_SET, rights_set, setup_rights_set, 0,
	     .reserved = { AT(rights_set, reserved) }),
	CALL("resource_create", RESOURCE_CREATE, resource_create,
	     setup_resource_create, 0,
	     .pointer = { IN(resource_create, name, 16),
			  OUT(resource_create, out_handle, 4) }),
	CALL("object_get_info", OBJECT_GET_INFO, object_get_info, setup_info, 0,
	     .pointer = { OUT(object_get_info, buffer, 128),
			  OUT_OR_NULL(object_get_info, out_actual, 8) },
	     .reserved = { AT(object_get_info, reserved) }),
	CALL("object_get_info, how many", OBJECT_GET_INFO, object_get_info,
	     setup_info, 0,
	     .pointer = { OUT(object_get_info, buffer, 128),
			  OUT_OR_NULL(object_get_info, out_avail, 8) }),
	CALL("object_get_property", OBJECT_GET_PROPERTY, object_property,
	     setup_property, 0, .pointer = { OUT(object_property, value, 32) },
	     .reserved = { AT(object_property, reserved) }),
	CALL("object_set_property", OBJECT_SET_PROPERTY, object_property,
	     setup_property, 0, .pointer = { IN(object_property, value, 31) },
	     .reserved = { AT(object_property, reserved) }),
	CALL("object_signal", OBJECT_SIGNAL, object_signal, setup_signal, 0),
	CALL("object_signal_peer", OBJECT_SIGNAL_PEER, object_signal,
	     setup_signal_peer, 0),
	CALL("object_wait_one", OBJECT_WAIT_ONE, object_wait_one,
	     setup_wait_one, 0, .deadline = AT(object_wait_one, deadline),
	     .pointer = { OUT_OR_NULL(object_wait_one, out_observed, 4) },
	     .reserved = { AT(object_wait_one, reserved) }),
	CALL("object_wait_many", OBJECT_WAIT_MANY, object_wait_many,
	     setup_wait_many, 0, .deadline = AT(object_wait_many, deadline),
	     .pointer = { IN(object_wait_many, items, 24) },
	     .reserved = { AT(object_wait_many, reserved) }),
	CALL("object_wait_async", OBJECT_WAIT_ASYNC, object_wait_async,
	     setup_wait_async, 0, .reserved = { AT(object_wait_async, reserved) }),
	CALL("object_poll_fd", OBJECT_POLL_FD, object_poll_fd, setup_poll_fd, 0,
	     .pointer = { OUT(object_poll_fd, out_fd, 4) },
	     .reserved = { AT(object_poll_fd, reserved) }),
	CALL("event_create", EVENT_CREATE, event_create, need_nothing, 0,
	     .pointer = { OUT(event_create, out_handle, 4) }),
	CALL("eventpair_create", EVENTPAIR_CREATE, eventpair_create,
	     need_nothing, 0,
	     .pointer = { OUT(eventpair_create, out_handle0, 4),
			  OUT(eventpair_create, out_handle1, 4) }),
	CALL("port_create", PORT_CREATE, port_create, need_nothing, 0,
	     .pointer = { OUT(port_create, out_handle, 4) }),
	CALL("port_queue", PORT_QUEUE, port_queue, setup_queue, 0,
	     .pointer = { IN(port_queue, packet, 48) }),
	CALL("port_wait", PORT_WAIT, port_wait, setup_port_wait, 0,
	     .deadline = AT(port_wait, deadline),
	     .pointer = { OUT(port_wait, out_packet, 48) }),
	CALL("port_cancel", PORT_CANCEL, port_cancel, setup_cancel, 0,
	     .reserved = { AT(port_cancel, reserved) }),
};

const int calls_count = ARRAY_SIZE(calls);

/* ---- running one ------------------------------------------------------- */

void call_set_pointer(struct call_ctx *c, const struct call_pointer *p,
		      uint64_t address)
{
	memcpy(c->arg.bytes + p->offset, &address, sizeof(address));
}

void call_setup(const struct call *call, struct call_ctx *c)
{
	/* Its stack and pages are touched here, not within the call. */
	memset(c, 0, sizeof(*c));
	c->fd = abi_open();
	c->made_fd = -1;
	call->setup(c);
	c->arg.size = call->size;
	for (int i = 0; i < 2; i++) {
		const struct call_pointer *p = &call->pointer[i];

		if (!p->offset)
			continue;
		call_set_pointer(c, p, p->len > 8 || p->input ?
				 (uintptr_t)c->buffer : (uintptr_t)&c->out[i]);
	}
}

long call_issue(const struct call *call, struct call_ctx *c)
{
	long ret = abi_call(c->fd, call->cmd, &c->arg);

	if (!ret && call->cmd == ZX_HYP_VMAR_MAP && c->process)
		c->base = c->out[0];
	return ret;
}

void call_teardown(struct call_ctx *c)
{
	EXPECT_EQ(0, close(c->fd));
	if (c->made_fd >= 0)
		(void)close(c->made_fd);	/* a call that failed made none */
	if (c->process && c->base)
		EXPECT_EQ(0, munmap((void *)c->base, c->len));
}

/* A line of /proc/self/maps: whether it goes on where the last one ended. */
struct map_line {
	unsigned long start, end, offset, inode;
	char perms[8], dev[16];
};

static bool goes_on(const struct map_line *last, const struct map_line *now)
{
	return now->start == last->end && now->inode == last->inode &&
	       !strcmp(now->perms, last->perms) && !strcmp(now->dev, last->dev) &&
	       (!now->inode ||
		now->offset == last->offset + (last->end - last->start));
}

void call_read_maps(struct call_maps *maps)
{
	static char text[65536];
	struct map_line last = { 0 }, now;
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	memset(maps, 0, sizeof(*maps));
	ASSERT_LE(0, fd);
	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	close(fd);
	text[len] = '\0';
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		ASSERT_EQ(6, sscanf(line, "%lx-%lx %7s %lx %15s %lu",
				    &now.start, &now.end, now.perms,
				    &now.offset, now.dev, &now.inode));
		maps->count += !goes_on(&last, &now);
		maps->bytes += now.end - now.start;
		last = now;
	}
}

void call_expect_maps(const struct call_maps *before)
{
	struct call_maps now;

	call_read_maps(&now);
	EXPECT_EQ(before->count, now.count);
	EXPECT_EQ(before->bytes, now.bytes);
}

unsigned int scaled(unsigned int full, unsigned int least)
{
	const char *text = getenv("SCALE");
	uint64_t rounds = text ? (uint64_t)full * strtoul(text, NULL, 10) / 100 : 0;

	return rounds > least ? rounds : least;
}
