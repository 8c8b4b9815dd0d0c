// SPDX-License-Identifier: MIT
/* The table of all calls, a row for each handle that they take. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/resource.h>
#include <zx_hyp/fd.h>

#include "abi.h"
#include "guest/vm.h"
#include "matrix.h"

#define PAGE	4096ull
#define KEY	0x6d6174726978ull

/* What the calls get for a result, and what they made there goes again. */
#define OUT	((void *)m->out)
#define OUT2	((void *)(m->out + 64))

static zx_status_t close_made(zx_status_t status, struct matrix *m)
{
	zx_handle_t made;

	memcpy(&made, m->out, sizeof(made));
	if (status == ZX_OK)
		ASSERT_OK(zx_handle_close(made));
	return status;
}

static zx_status_t close_made_fd(zx_status_t status, struct matrix *m)
{
	int fd;

	memcpy(&fd, m->out, sizeof(fd));
	if (status == ZX_OK)
		ASSERT_EQ(0, close(fd));
	return status;
}

/* ---- handles ---------------------------------------------------------- */

static zx_status_t handle_close(struct matrix *m, zx_handle_t h)
{
	(void)m;
	return zx_handle_close(h);
}

static zx_status_t handle_close_many(struct matrix *m, zx_handle_t h)
{
	zx_handle_t handles[] = { ZX_HANDLE_INVALID, h };

	(void)m;
	return zx_handle_close_many(handles, 2);
}

static zx_status_t handle_duplicate(struct matrix *m, zx_handle_t h)
{
	return close_made(zx_handle_duplicate(h, ZX_RIGHT_SAME_RIGHTS, OUT), m);
}

static zx_status_t handle_replace(struct matrix *m, zx_handle_t h)
{
	return close_made(zx_handle_replace(h, ZX_RIGHT_SAME_RIGHTS, OUT), m);
}

static zx_status_t handle_export(struct matrix *m, zx_handle_t h)
{
	return close_made_fd(zx_hyp_handle_export(h, OUT), m);
}

/* ---- all objects ------------------------------------------------------ */

static zx_status_t info(struct matrix *m, zx_handle_t h, uint32_t topic)
{
	return zx_object_get_info(h, topic, m->out, 160, (void *)(m->out + 160),
				  (void *)(m->out + 168));
}

#define INFO(topic)							\
	static zx_status_t info_##topic(struct matrix *m, zx_handle_t h) \
	{								\
		return info(m, h, ZX_INFO_##topic);			\
	}
INFO(HANDLE_VALID)
INFO(HANDLE_BASIC)
INFO(HANDLE_COUNT)
INFO(VMAR)
INFO(RESOURCE)
INFO(VCPU)
INFO(VMO_V1)
INFO(VMO_V2)
INFO(VMO)

static zx_status_t get_property(struct matrix *m, zx_handle_t h)
{
	return zx_object_get_property(h, ZX_PROP_NAME, m->out, ZX_MAX_NAME_LEN);
}

static zx_status_t set_property(struct matrix *m, zx_handle_t h)
{
	(void)m;
	return zx_object_set_property(h, ZX_PROP_NAME, "x", 1);
}

static zx_status_t object_signal(struct matrix *m, zx_handle_t h)
{
	(void)m;
	return zx_object_signal(h, 0, ZX_USER_SIGNAL_0);
}

static zx_status_t object_signal_peer(struct matrix *m, zx_handle_t h)
{
	(void)m;
	return zx_object_signal_peer(h, 0, ZX_USER_SIGNAL_0);
}

static zx_status_t wait_one(struct matrix *m, zx_handle_t h)
{
	return zx_object_wait_one(h, ZX_USER_SIGNAL_7, 0, OUT);
}

static zx_status_t wait_many(struct matrix *m, zx_handle_t h)
{
	zx_wait_item_t items[] = {
		{ .handle = m->event, .waitfor = ZX_USER_SIGNAL_7, .pending = 77 },
		{ .handle = h, .waitfor = ZX_USER_SIGNAL_7, .pending = 77 },
	};
	zx_status_t status = zx_object_wait_many(items, 2, 0);

	/* It tells nothing of the others either. */
	if (status != ZX_ERR_TIMED_OUT) {
		EXPECT_EQ(77u, items[0].pending);
		EXPECT_EQ(77u, items[1].pending);
	}
	return status;
}

static zx_status_t wait_async(struct matrix *m, zx_handle_t h)
{
	return zx_object_wait_async(h, m->port, KEY, ZX_USER_SIGNAL_7, 0);
}

static zx_status_t wait_async_port(struct matrix *m, zx_handle_t h)
{
	zx_status_t status = zx_object_wait_async(m->event, h, KEY,
						  ZX_USER_SIGNAL_7, 0);

	if (status == ZX_OK)
		ASSERT_OK(zx_port_cancel(m->of[ZX_OBJ_TYPE_PORT], m->event, KEY));
	return status;
}

static zx_status_t poll_fd(struct matrix *m, zx_handle_t h)
{
	return close_made_fd(zx_hyp_poll_fd(h, 0, OUT), m);
}

/* ---- ports ------------------------------------------------------------ */

static zx_status_t port_queue(struct matrix *m, zx_handle_t h)
{
	zx_port_packet_t packet = { .key = KEY };
	zx_status_t status = zx_port_queue(h, &packet);

	if (status == ZX_OK)
		ASSERT_OK(zx_port_wait(m->of[ZX_OBJ_TYPE_PORT], 0, &packet));
	return status;
}

static zx_status_t port_wait(struct matrix *m, zx_handle_t h)
{
	return zx_port_wait(h, 0, OUT);
}

static zx_status_t port_cancel(struct matrix *m, zx_handle_t h)
{
	return zx_port_cancel(h, m->event, KEY);
}

static zx_status_t port_cancel_source(struct matrix *m, zx_handle_t h)
{
	return zx_port_cancel(m->port, h, KEY + 1);
}

/* ---- resources, guests and vCPUs -------------------------------------- */

static zx_status_t resource_create(struct matrix *m, zx_handle_t h)
{
	return close_made(zx_resource_create(h, ZX_RSRC_KIND_SYSTEM,
					     ZX_RSRC_SYSTEM_HYPERVISOR_BASE, 1,
					     "x", 1, OUT), m);
}

static zx_status_t new_guest(struct matrix *m, zx_handle_t h)
{
	zx_status_t status = zx_guest_create(h, 0, OUT, OUT2);
	zx_handle_t vmar;

	memcpy(&vmar, OUT2, sizeof(vmar));
	if (status == ZX_OK)
		ASSERT_OK(zx_handle_close(vmar));
	return close_made(status, m);
}

static zx_status_t set_trap(struct matrix *m, zx_handle_t h)
{
	static uint16_t port;
	zx_status_t status = zx_guest_set_trap(h, ZX_GUEST_TRAP_IO, port, 1, 0, 0);

	(void)m;
	if (status == ZX_OK)
		port++;
	return status;
}

/* The port is looked at before the kind of trap that needs none. */
static zx_status_t set_trap_port(struct matrix *m, zx_handle_t h)
{
	return zx_guest_set_trap(m->of[ZX_OBJ_TYPE_GUEST], ZX_GUEST_TRAP_IO,
				 0x8000, 1, h, 0);
}

/* This thread has a vCPU, and cannot have two. */
static zx_status_t vcpu_create(struct matrix *m, zx_handle_t h)
{
	return zx_vcpu_create(h, 0, 0, OUT);
}

/* One that is kicked returns at once. */
static zx_status_t vcpu_enter(struct matrix *m, zx_handle_t h)
{
	ASSERT_OK(zx_vcpu_kick(m->of[ZX_OBJ_TYPE_VCPU]));
	return zx_vcpu_enter(h, OUT);
}

static zx_status_t vcpu_kick(struct matrix *m, zx_handle_t h)
{
	(void)m;
	return zx_vcpu_kick(h);
}

static zx_status_t vcpu_interrupt(struct matrix *m, zx_handle_t h)
{
	(void)m;
	return zx_vcpu_interrupt(h, 64);
}

static zx_status_t vcpu_read_state(struct matrix *m, zx_handle_t h)
{
	return zx_vcpu_read_state(h, ZX_VCPU_STATE, m->out,
				  sizeof(zx_vcpu_state_t));
}

static zx_status_t vcpu_write_state(struct matrix *m, zx_handle_t h)
{
	zx_vcpu_state_t state = { 0 };

	(void)m;
	return zx_vcpu_write_state(h, ZX_VCPU_STATE, &state, sizeof(state));
}

/* ---- memory ----------------------------------------------------------- */

static zx_status_t vmo_read(struct matrix *m, zx_handle_t h)
{
	return zx_vmo_read(h, m->out, 0, 1);
}

static zx_status_t vmo_write(struct matrix *m, zx_handle_t h)
{
	(void)m;
	return zx_vmo_write(h, "x", 0, 1);
}

static zx_status_t vmo_get_size(struct matrix *m, zx_handle_t h)
{
	return zx_vmo_get_size(h, OUT);
}

static zx_status_t as_executable(struct matrix *m, zx_handle_t h)
{
	return close_made(zx_vmo_replace_as_executable(h, ZX_HANDLE_INVALID, OUT),
			  m);
}

static zx_status_t vmo_set_size(struct matrix *m, zx_handle_t h)
{
	(void)m;
	return zx_vmo_set_size(h, PAGE);
}

#define VMO_OP(op)							\
	static zx_status_t vmo_op_##op(struct matrix *m, zx_handle_t h)	\
	{								\
		(void)m;						\
		return zx_vmo_op_range(h, ZX_VMO_OP_##op, 0, PAGE, NULL, 0); \
	}
VMO_OP(COMMIT)
VMO_OP(DECOMMIT)
VMO_OP(ZERO)
VMO_OP(CACHE_SYNC)
VMO_OP(CACHE_INVALIDATE)
VMO_OP(CACHE_CLEAN)
VMO_OP(CACHE_CLEAN_INVALIDATE)
VMO_OP(DONT_NEED)

static zx_status_t vmo_set_cache_policy(struct matrix *m, zx_handle_t h)
{
	(void)m;
	return zx_vmo_set_cache_policy(h, ZX_CACHE_POLICY_CACHED);
}

/* With a resource of another kind: a good handle is refused, too. */
static zx_status_t as_executable_vmex(struct matrix *m, zx_handle_t h)
{
	zx_handle_t vmo;

	ASSERT_OK(zx_vmo_create(PAGE, 0, &vmo));
	return close_made(zx_vmo_replace_as_executable(vmo, h, OUT), m);
}

static zx_status_t map(struct matrix *m, zx_handle_t vmar, zx_handle_t vmo)
{
	zx_status_t status = zx_vmar_map(vmar, ZX_VM_PERM_READ, 0, vmo, 0, PAGE,
					 OUT);
	zx_vaddr_t addr;

	memcpy(&addr, m->out, sizeof(addr));
	if (status == ZX_OK)
		ASSERT_OK(zx_vmar_unmap(zx_vmar_root_self(), addr, PAGE));
	return status;
}

static zx_status_t vmar_map(struct matrix *m, zx_handle_t h)
{
	return map(m, h, m->vmo);
}

static zx_status_t vmar_map_vmo(struct matrix *m, zx_handle_t h)
{
	return map(m, m->of[ZX_OBJ_TYPE_VMAR], h);
}

static zx_status_t vmar_unmap(struct matrix *m, zx_handle_t h)
{
	zx_status_t status;
	zx_vaddr_t addr;

	ASSERT_OK(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ, 0, m->vmo, 0,
			      PAGE, &addr));
	status = zx_vmar_unmap(h, addr, PAGE);
	if (status != ZX_OK)
		ASSERT_OK(zx_vmar_unmap(zx_vmar_root_self(), addr, PAGE));
	return status;
}

/* A call on a page that is mapped for as long as it takes. */
static zx_status_t on_a_page(struct matrix *m, zx_handle_t h,
			     zx_status_t (*call)(zx_handle_t h, zx_vaddr_t addr))
{
	zx_status_t status;
	zx_vaddr_t addr;

	ASSERT_OK(zx_vmar_map(zx_vmar_root_self(), RW, 0, m->vmo, 0, PAGE, &addr));
	status = call(h, addr);
	ASSERT_OK(zx_vmar_unmap(zx_vmar_root_self(), addr, PAGE));
	return status;
}

static zx_status_t protect(zx_handle_t h, zx_vaddr_t addr)
{
	return zx_vmar_protect(h, ZX_VM_PERM_READ, addr, PAGE);
}

static zx_status_t vmar_protect(struct matrix *m, zx_handle_t h)
{
	return on_a_page(m, h, protect);
}

static zx_status_t protect_rw(zx_handle_t h, zx_vaddr_t addr)
{
	return zx_vmar_protect(h, RW, addr, PAGE);
}

static zx_status_t vmar_protect_rw(struct matrix *m, zx_handle_t h)
{
	return on_a_page(m, h, protect_rw);
}

static zx_status_t commit(zx_handle_t h, zx_vaddr_t addr)
{
	return zx_vmar_op_range(h, ZX_VMAR_OP_COMMIT, addr, PAGE, NULL, 0);
}

static zx_status_t vmar_op_commit(struct matrix *m, zx_handle_t h)
{
	return on_a_page(m, h, commit);
}

static zx_status_t map_range(zx_handle_t h, zx_vaddr_t addr)
{
	return zx_vmar_op_range(h, ZX_VMAR_OP_MAP_RANGE, addr, PAGE, NULL, 0);
}

static zx_status_t vmar_op_map_range(struct matrix *m, zx_handle_t h)
{
	return on_a_page(m, h, map_range);
}

static zx_status_t vmar_allocate(struct matrix *m, zx_handle_t h)
{
	zx_status_t status;
	zx_handle_t child;

	status = zx_vmar_allocate(h, ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE, 0,
				  PAGE, OUT, OUT2);
	memcpy(&child, m->out, sizeof(child));
	if (status == ZX_OK)
		ASSERT_OK(zx_vmar_destroy(child));
	return close_made(status, m);
}

static zx_status_t vmar_destroy(struct matrix *m, zx_handle_t h)
{
	(void)m;
	return zx_vmar_destroy(h);
}

/* ---- the table -------------------------------------------------------- */

#define ROW(what, ...) { .name = #what, .call = what, __VA_ARGS__ }
#define GOOD(status) .good = ZX_ERR_##status
#define OF(names) .types = names
#define NEED(names) .rights = names

const struct matrix_row matrix[] = {
	ROW(handle_close, .flags = ROW_CONSUMES | ROW_ZERO_OK),
	ROW(handle_close_many, .flags = ROW_CONSUMES | ROW_ZERO_OK),
	ROW(handle_duplicate, NEED(ZX_RIGHT_DUPLICATE)),
	ROW(handle_replace, .flags = ROW_CONSUMES),
	ROW(handle_export, NEED(ZX_RIGHT_TRANSFER), .flags = ROW_MOVES),
	ROW(info_HANDLE_VALID),
	ROW(info_HANDLE_BASIC),
	ROW(info_HANDLE_COUNT, NEED(ZX_RIGHT_INSPECT)),
	ROW(info_VMAR, OF(TYPE(VMAR)), NEED(ZX_RIGHT_INSPECT)),
	ROW(info_RESOURCE, OF(TYPE(RESOURCE)), NEED(ZX_RIGHT_INSPECT)),
	ROW(info_VCPU, OF(TYPE(VCPU)), NEED(ZX_RIGHT_INSPECT)),
	ROW(info_VMO_V1, OF(TYPE(VMO))),
	ROW(info_VMO_V2, OF(TYPE(VMO))),
	ROW(info_VMO, OF(TYPE(VMO))),
	ROW(get_property, NEED(ZX_RIGHT_GET_PROPERTY)),
	ROW(set_property, NEED(ZX_RIGHT_SET_PROPERTY), .supports = TYPE(VMO)),
	ROW(object_signal, NEED(ZX_RIGHT_SIGNAL), .supports = TYPES_WAITABLE),
	ROW(object_signal_peer, NEED(ZX_RIGHT_SIGNAL_PEER),
	    .supports = TYPE(EVENTPAIR)),
	ROW(wait_one, GOOD(TIMED_OUT), NEED(ZX_RIGHT_WAIT),
	    .supports = TYPES_WAITABLE),
	ROW(wait_many, GOOD(TIMED_OUT), NEED(ZX_RIGHT_WAIT),
	    .supports = TYPES_WAITABLE),
	ROW(wait_async, NEED(ZX_RIGHT_WAIT), .supports = TYPES_WAITABLE),
	ROW(wait_async_port, OF(TYPE(PORT)), NEED(ZX_RIGHT_WRITE)),
	ROW(poll_fd, NEED(ZX_RIGHT_WAIT), .supports = TYPES_WAITABLE,
	    .only = TYPES_ALL & ~TYPE(PORT)),
	ROW(poll_fd, NEED(ZX_RIGHT_READ), .only = TYPE(PORT)),
	ROW(port_queue, OF(TYPE(PORT)), NEED(ZX_RIGHT_WRITE)),
	ROW(port_wait, GOOD(TIMED_OUT), OF(TYPE(PORT)), NEED(ZX_RIGHT_READ)),
	ROW(port_cancel, GOOD(NOT_FOUND), OF(TYPE(PORT)), NEED(ZX_RIGHT_WRITE)),
	ROW(port_cancel_source, GOOD(NOT_FOUND), NEED(ZX_RIGHT_WAIT),
	    .supports = TYPES_WAITABLE),
	ROW(resource_create, OF(TYPE(RESOURCE)), NEED(ZX_RIGHT_WRITE)),
	ROW(new_guest, OF(TYPE(RESOURCE))),
	ROW(set_trap, OF(TYPE(GUEST)), NEED(ZX_RIGHT_WRITE)),
	ROW(set_trap_port, GOOD(INVALID_ARGS), OF(TYPE(PORT)),
	    NEED(ZX_RIGHT_WRITE), .flags = ROW_ZERO_OK),
	ROW(vcpu_create, GOOD(BAD_STATE), OF(TYPE(GUEST)),
	    .any_right = ZX_RIGHT_MANAGE_PROCESS | ZX_RIGHT_MANAGE_THREAD),
	ROW(vcpu_enter, GOOD(CANCELED), OF(TYPE(VCPU)), NEED(ZX_RIGHT_EXECUTE)),
	ROW(vcpu_kick, OF(TYPE(VCPU)), NEED(ZX_RIGHT_EXECUTE)),
	ROW(vcpu_interrupt, OF(TYPE(VCPU)), NEED(ZX_RIGHT_SIGNAL)),
	ROW(vcpu_read_state, OF(TYPE(VCPU)), NEED(ZX_RIGHT_READ)),
	ROW(vcpu_write_state, OF(TYPE(VCPU)), NEED(ZX_RIGHT_WRITE)),
	ROW(vmo_read, OF(TYPE(VMO)), NEED(ZX_RIGHT_READ)),
	ROW(vmo_write, OF(TYPE(VMO)), NEED(ZX_RIGHT_WRITE)),
	ROW(vmo_get_size, OF(TYPE(VMO))),
	ROW(vmo_set_size, OF(TYPE(VMO)), NEED(ZX_RIGHT_WRITE | ZX_RIGHT_RESIZE)),
	ROW(vmo_op_COMMIT, OF(TYPE(VMO)), NEED(ZX_RIGHT_WRITE)),
	ROW(vmo_op_DECOMMIT, OF(TYPE(VMO)), NEED(ZX_RIGHT_WRITE)),
	ROW(vmo_op_ZERO, OF(TYPE(VMO)), NEED(ZX_RIGHT_WRITE)),
	ROW(vmo_op_CACHE_SYNC, OF(TYPE(VMO)), NEED(ZX_RIGHT_READ)),
	ROW(vmo_op_CACHE_INVALIDATE, OF(TYPE(VMO)), NEED(ZX_RIGHT_WRITE)),
	ROW(vmo_op_CACHE_CLEAN, OF(TYPE(VMO)), NEED(ZX_RIGHT_READ)),
	ROW(vmo_op_CACHE_CLEAN_INVALIDATE, OF(TYPE(VMO)), NEED(ZX_RIGHT_READ)),
	ROW(vmo_op_DONT_NEED, OF(TYPE(VMO))),
	ROW(vmo_set_cache_policy, OF(TYPE(VMO)), NEED(ZX_RIGHT_MAP)),
	/* Zircon says BAD_HANDLE of another type here. */
	ROW(as_executable, OF(TYPE(VMO)), .wrong_type = ZX_ERR_BAD_HANDLE,
	    .flags = ROW_CONSUMES),
	ROW(as_executable_vmex, GOOD(WRONG_TYPE), OF(TYPE(RESOURCE)),
	    .flags = ROW_ZERO_OK),
	ROW(vmar_map, OF(TYPE(VMAR)), NEED(ZX_RIGHT_READ)),
	ROW(vmar_map_vmo, OF(TYPE(VMO)), NEED(ZX_RIGHT_MAP | ZX_RIGHT_READ)),
	ROW(vmar_unmap, OF(TYPE(VMAR))),
	ROW(vmar_protect, OF(TYPE(VMAR)), NEED(ZX_RIGHT_READ)),
	ROW(vmar_protect_rw, OF(TYPE(VMAR)), NEED(ZX_RIGHTS_IO)),
	ROW(vmar_op_commit, OF(TYPE(VMAR)), NEED(ZX_RIGHT_WRITE)),
	ROW(vmar_op_map_range, OF(TYPE(VMAR))),
	ROW(vmar_allocate, OF(TYPE(VMAR)), NEED(ZX_RIGHTS_IO)),
	/* It is a root. */
	ROW(vmar_destroy, GOOD(NOT_SUPPORTED), OF(TYPE(VMAR)),
	    NEED(ZX_RIGHT_OP_CHILDREN)),
};
const int matrix_rows = ARRAY_SIZE(matrix);

zx_status_t matrix_expect(const struct matrix_row *row, uint32_t type,
			  zx_rights_t rights)
{
	if (row->types && !(row->types & 1u << type))
		return row->wrong_type ? row->wrong_type : ZX_ERR_WRONG_TYPE;
	if ((rights & row->rights) != row->rights)
		return ZX_ERR_ACCESS_DENIED;
	if (row->any_right && !(rights & row->any_right))
		return ZX_ERR_ACCESS_DENIED;
	if (row->supports && !(row->supports & 1u << type))
		return ZX_ERR_NOT_SUPPORTED;
	return row->good;
}

static bool refused(zx_status_t status)
{
	return status == ZX_ERR_BAD_HANDLE || status == ZX_ERR_WRONG_TYPE ||
	       status == ZX_ERR_ACCESS_DENIED || status == ZX_ERR_NOT_SUPPORTED;
}

zx_status_t matrix_call(struct matrix *m, const struct matrix_row *row,
			zx_handle_t handle)
{
	zx_status_t status;

	poison(m->out, sizeof(m->out));
	status = row->call(m, handle);
	if (refused(status))
		EXPECT_TRUE(poisoned(m->out, sizeof(m->out)));
	return status;
}

/* ---- the objects ------------------------------------------------------ */

const char *type_name(uint32_t type)
{
	static const char *const names[ZX_OBJ_TYPE_VCPU + 1] = {
		[ZX_OBJ_TYPE_GUEST] = "guest", [ZX_OBJ_TYPE_VCPU] = "vcpu",
		[ZX_OBJ_TYPE_VMO] = "vmo", [ZX_OBJ_TYPE_VMAR] = "vmar",
		[ZX_OBJ_TYPE_RESOURCE] = "resource",
		[ZX_OBJ_TYPE_EVENT] = "event",
		[ZX_OBJ_TYPE_EVENTPAIR] = "eventpair",
		[ZX_OBJ_TYPE_PORT] = "port",
	};

	return names[type];
}

/* The file that libzx opened: it keeps that to itself. */
static int library_fd(void)
{
	char link[32], target[32];
	ssize_t n;

	/* A call that opens it. */
	ASSERT_OK(zx_handle_close(hypervisor_resource()));
	for (int fd = 0; fd < 64; fd++) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = readlink(link, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		if (!strcmp(target, "/dev/zx_hyp"))
			return fd;
	}
	ASSERT_TRUE(!"libzx has opened the device");
	return -1;
}

void rights_of_new(uint32_t type, zx_rights_t rights)
{
	struct zx_hyp_rights_set arg = {
		.size = sizeof(arg),
		.type = type,
		.rights = rights,
	};

	ASSERT_EQ(0, abi_call(library_fd(), ZX_HYP_RIGHTS_SET, &arg));
}

void matrix_setup(struct matrix *m)
{
	zx_handle_t vmar;

	for_each_type(type)
		rights_of_new(type, ZX_RIGHT_MANAGE_VMO * 2 - 1);
	m->of[ZX_OBJ_TYPE_RESOURCE] = hypervisor_resource();
	ASSERT_OK(zx_guest_create(m->of[ZX_OBJ_TYPE_RESOURCE], 0,
				  &m->of[ZX_OBJ_TYPE_GUEST], &vmar));
	ASSERT_OK(zx_handle_close(vmar));
	ASSERT_OK(zx_vcpu_create(m->of[ZX_OBJ_TYPE_GUEST], 0, 0,
				 &m->of[ZX_OBJ_TYPE_VCPU]));
	/* Only a resizable one can have every right. */
	ASSERT_OK(zx_vmo_create(PAGE, ZX_VMO_RESIZABLE, &m->of[ZX_OBJ_TYPE_VMO]));
	ASSERT_OK(zx_vmo_create(PAGE, 0, &m->vmo));
	ASSERT_OK(zx_handle_duplicate(zx_vmar_root_self(), ZX_RIGHT_SAME_RIGHTS,
				      &m->of[ZX_OBJ_TYPE_VMAR]));
	ASSERT_OK(zx_event_create(0, &m->of[ZX_OBJ_TYPE_EVENT]));
	ASSERT_OK(zx_event_create(0, &m->event));
	ASSERT_OK(zx_eventpair_create(0, &m->of[ZX_OBJ_TYPE_EVENTPAIR],
				      &m->peer));
	ASSERT_OK(zx_port_create(0, &m->of[ZX_OBJ_TYPE_PORT]));
	ASSERT_OK(zx_port_create(0, &m->port));
}

void matrix_teardown(struct matrix *m)
{
	zx_info_handle_count_t count;

	for_each_type(type) {
		zxtest_row("%s", type_name(type));
		EXPECT_OK(zx_object_get_info(m->of[type], ZX_INFO_HANDLE_COUNT,
					     &count, sizeof(count), NULL, NULL));
		/* The library has a handle of the root VMAR. */
		EXPECT_EQ(type == ZX_OBJ_TYPE_VMAR ? 2u : 1u, count.handle_count);
		EXPECT_OK(zx_handle_close(m->of[type]));
	}
	zxtest_row_end();
}
