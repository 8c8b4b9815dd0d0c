// SPDX-License-Identifier: MIT
/*
 * The ioctl contract of uapi/linux/zx_hyp.h, spoken without libzx: sizes,
 * reserved members, bad pointers, other processes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/zx_hyp.h>
#include <zircon/errors.h>

#include "abi.h"
#include "zxtest.h"

#define INVALID_ARGS	(-ZX_ERR_INVALID_ARGS)
#define BAD_HANDLE	(-ZX_ERR_BAD_HANDLE)
#define WRONG_TYPE	(-ZX_ERR_WRONG_TYPE)
#define NOT_SUPPORTED	(-ZX_ERR_NOT_SUPPORTED)
#define TIMED_OUT	(-ZX_ERR_TIMED_OUT)

/*
 * Every request, with what it answers when all its members but the size are
 * zero. The reserved members and the flags nobody carries out are bits that
 * must give EINVAL, each alone.
 */
struct request {
	const char *name;
	unsigned int cmd;
	uint32_t size;
	long zeroes;		/* result of a request full of zeroes */
	struct {
		uint16_t offset, bits;
	} reserved[2];
};

#define REQUEST(n, type, result, ...) \
	{ #n, ZX_HYP_##n, sizeof(struct type), result, { __VA_ARGS__ } }
#define FIELD(type, member, width) { offsetof(struct type, member), width }

static const struct request requests[] = {
	REQUEST(QUERY, zx_hyp_query, 0),
	REQUEST(HANDLE_CLOSE, zx_hyp_handle_close, 0),
	REQUEST(RESOURCE_GET, zx_hyp_resource_get, INVALID_ARGS),
	REQUEST(GUEST_CREATE, zx_hyp_guest_create, BAD_HANDLE,
		FIELD(zx_hyp_guest_create, flags, 32)),
	REQUEST(GUEST_SET_TRAP, zx_hyp_guest_set_trap, BAD_HANDLE,
		FIELD(zx_hyp_guest_set_trap, flags, 32),
		FIELD(zx_hyp_guest_set_trap, reserved, 32)),
	REQUEST(VCPU_CREATE, zx_hyp_vcpu_create, BAD_HANDLE,
		FIELD(zx_hyp_vcpu_create, reserved, 32)),
	REQUEST(VCPU_ENTER, zx_hyp_vcpu_enter, BAD_HANDLE),
	REQUEST(VCPU_KICK, zx_hyp_vcpu_kick, BAD_HANDLE),
	REQUEST(VCPU_INTERRUPT, zx_hyp_vcpu_interrupt, BAD_HANDLE,
		FIELD(zx_hyp_vcpu_interrupt, reserved, 32)),
	REQUEST(VCPU_READ_STATE, zx_hyp_vcpu_rw_state, BAD_HANDLE,
		FIELD(zx_hyp_vcpu_rw_state, reserved, 32)),
	REQUEST(VCPU_WRITE_STATE, zx_hyp_vcpu_rw_state, BAD_HANDLE,
		FIELD(zx_hyp_vcpu_rw_state, reserved, 32)),
	REQUEST(VMO_CREATE, zx_hyp_vmo_create, INVALID_ARGS),
	REQUEST(VMO_READ, zx_hyp_vmo_rw, BAD_HANDLE),
	REQUEST(VMO_WRITE, zx_hyp_vmo_rw, BAD_HANDLE),
	REQUEST(VMO_GET_SIZE, zx_hyp_vmo_get_size, BAD_HANDLE),
	REQUEST(VMO_REPLACE_AS_EXECUTABLE, zx_hyp_vmo_replace_as_executable,
		BAD_HANDLE,
		FIELD(zx_hyp_vmo_replace_as_executable, reserved, 32)),
	REQUEST(VMO_SET_SIZE, zx_hyp_vmo_set_size, BAD_HANDLE),
	REQUEST(VMO_OP_RANGE, zx_hyp_vmo_op_range, BAD_HANDLE,
		FIELD(zx_hyp_vmo_op_range, reserved, 32)),
	REQUEST(VMO_SET_CACHE_POLICY, zx_hyp_vmo_set_cache_policy, BAD_HANDLE,
		FIELD(zx_hyp_vmo_set_cache_policy, reserved, 32)),
	REQUEST(VMAR_ROOT_SELF, zx_hyp_vmar_root_self, INVALID_ARGS,
		FIELD(zx_hyp_vmar_root_self, reserved, 32)),
	REQUEST(VMAR_MAP, zx_hyp_vmar_map, BAD_HANDLE),
	REQUEST(VMAR_UNMAP, zx_hyp_vmar_unmap, BAD_HANDLE),
	REQUEST(VMAR_PROTECT, zx_hyp_vmar_protect, BAD_HANDLE,
		FIELD(zx_hyp_vmar_protect, reserved, 32)),
	REQUEST(VMAR_ALLOCATE, zx_hyp_vmar_allocate, BAD_HANDLE,
		FIELD(zx_hyp_vmar_allocate, reserved, 32)),
	REQUEST(VMAR_DESTROY, zx_hyp_vmar_destroy, BAD_HANDLE),
	REQUEST(VMAR_OP_RANGE, zx_hyp_vmar_op_range, BAD_HANDLE,
		FIELD(zx_hyp_vmar_op_range, reserved, 32)),
	REQUEST(HANDLE_CLOSE_MANY, zx_hyp_handle_close_many, 0,
		FIELD(zx_hyp_handle_close_many, reserved, 32)),
	REQUEST(HANDLE_DUPLICATE, zx_hyp_handle_dup, BAD_HANDLE,
		FIELD(zx_hyp_handle_dup, reserved, 32)),
	REQUEST(HANDLE_REPLACE, zx_hyp_handle_dup, BAD_HANDLE,
		FIELD(zx_hyp_handle_dup, reserved, 32)),
	REQUEST(HANDLE_EXPORT, zx_hyp_handle_export, BAD_HANDLE),
	/* Descriptor 0 is there, and is no handle. */
	REQUEST(HANDLE_IMPORT, zx_hyp_handle_import, WRONG_TYPE),
	REQUEST(RIGHTS_SET, zx_hyp_rights_set, NOT_SUPPORTED,
		FIELD(zx_hyp_rights_set, reserved, 32)),
	REQUEST(RESOURCE_CREATE, zx_hyp_resource_create, BAD_HANDLE),
	REQUEST(OBJECT_GET_INFO, zx_hyp_object_get_info, NOT_SUPPORTED,
		FIELD(zx_hyp_object_get_info, reserved, 32)),
	REQUEST(OBJECT_GET_PROPERTY, zx_hyp_object_property, INVALID_ARGS,
		FIELD(zx_hyp_object_property, reserved, 32)),
	REQUEST(OBJECT_SET_PROPERTY, zx_hyp_object_property, INVALID_ARGS,
		FIELD(zx_hyp_object_property, reserved, 32)),
	REQUEST(OBJECT_SIGNAL, zx_hyp_object_signal, BAD_HANDLE),
	REQUEST(OBJECT_SIGNAL_PEER, zx_hyp_object_signal, BAD_HANDLE),
	REQUEST(OBJECT_WAIT_ONE, zx_hyp_object_wait_one, BAD_HANDLE,
		FIELD(zx_hyp_object_wait_one, reserved, 32)),
	REQUEST(OBJECT_WAIT_MANY, zx_hyp_object_wait_many, TIMED_OUT,
		FIELD(zx_hyp_object_wait_many, reserved, 32)),
	REQUEST(OBJECT_WAIT_ASYNC, zx_hyp_object_wait_async, BAD_HANDLE,
		FIELD(zx_hyp_object_wait_async, reserved, 32)),
	REQUEST(OBJECT_POLL_FD, zx_hyp_object_poll_fd, BAD_HANDLE,
		FIELD(zx_hyp_object_poll_fd, reserved, 32)),
	REQUEST(EVENT_CREATE, zx_hyp_event_create, INVALID_ARGS),
	REQUEST(EVENTPAIR_CREATE, zx_hyp_eventpair_create, INVALID_ARGS),
	REQUEST(PORT_CREATE, zx_hyp_port_create, INVALID_ARGS),
	REQUEST(PORT_QUEUE, zx_hyp_port_queue, BAD_HANDLE),
	REQUEST(PORT_WAIT, zx_hyp_port_wait, BAD_HANDLE),
	REQUEST(PORT_CANCEL, zx_hyp_port_cancel, BAD_HANDLE,
		FIELD(zx_hyp_port_cancel, reserved, 32)),
};

#define for_each_request(r) \
	for (const struct request *r = requests; \
	     r < requests + ARRAY_SIZE(requests); r++)

/* A request at the end of a page whose successor cannot be read. */
struct guarded {
	uint8_t *page, *end;
};

FIXTURE(abi) {
	int fd;
	struct guarded guard;
};

FIXTURE_SETUP(abi)
{
	self->fd = abi_open();
	self->guard.page = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->guard.page);
	self->guard.end = self->guard.page + 4096;
	ASSERT_EQ(0, mprotect(self->guard.end, 4096, PROT_NONE));
}

FIXTURE_TEARDOWN(abi)
{
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, munmap(self->guard.page, 8192));
}

/* Puts a request of so many zero bytes before the guard page. */
static uint8_t *place(struct guarded *guard, uint32_t bytes, uint32_t size)
{
	uint8_t *at = guard->end - bytes;

	memset(guard->page, 0, 4096);
	memcpy(at, &size, sizeof(size));
	return at;
}

TEST_F(abi, unknown_requests_are_enotty)
{
	struct zx_hyp_handle_close arg = { .size = sizeof(arg) };
	bool known[256] = { false };

	for_each_request(r)
		known[_IOC_NR(r->cmd)] = true;
	for (int nr = 0; nr < 256; nr++) {
		if (known[nr])
			continue;
		zxtest_row("number %#x", nr);
		EXPECT_EQ(-ENOTTY, abi_call(self->fd, _IO(ZX_HYP_TYPE, nr),
					    &arg));
	}
	for_each_request(r) {
		zxtest_row("%s of another type", r->name);
		EXPECT_EQ(-ENOTTY, abi_call(self->fd, _IO(0xae, _IOC_NR(r->cmd)),
					    &arg));
		zxtest_row("%s with a direction", r->name);
		EXPECT_EQ(-ENOTTY,
			  abi_call(self->fd, _IOWR(ZX_HYP_TYPE, _IOC_NR(r->cmd),
						   uint32_t), &arg));
	}
}

TEST_F(abi, a_request_of_its_first_size_is_taken)
{
	for_each_request(r) {
		zxtest_row("%s", r->name);
		EXPECT_EQ(r->zeroes,
			  abi_call(self->fd, r->cmd,
				   place(&self->guard, r->size, r->size)));
	}
}

TEST_F(abi, smaller_sizes_are_einval)
{
	for_each_request(r) {
		for (uint32_t size = 0; size < r->size; size++) {
			zxtest_row("%s, size %u of %u", r->name, size, r->size);
			EXPECT_EQ(-EINVAL,
				  abi_call(self->fd, r->cmd,
					   place(&self->guard, r->size, size)));
		}
	}
}

TEST_F(abi, a_larger_size_with_zeroes_is_taken)
{
	static const uint32_t more[] = { 1, 4, 8, 64 };

	for_each_request(r) {
		for (size_t i = 0; i < ARRAY_SIZE(more); i++) {
			uint32_t size = r->size + more[i];

			zxtest_row("%s, %u bytes more", r->name, more[i]);
			EXPECT_EQ(r->zeroes,
				  abi_call(self->fd, r->cmd,
					   place(&self->guard, size, size)));
		}
	}
}

TEST_F(abi, a_larger_size_with_garbage_is_e2big)
{
	for_each_request(r) {
		for (uint32_t i = 0; i < 8; i++) {
			uint32_t size = r->size + 8;
			uint8_t *at = place(&self->guard, size, size);

			at[r->size + i] = 0x80;
			zxtest_row("%s, byte %u of the excess", r->name, i);
			EXPECT_EQ(-E2BIG, abi_call(self->fd, r->cmd, at));
		}
	}
}

TEST_F(abi, a_request_that_cannot_be_read_is_efault)
{
	for_each_request(r) {
		uint8_t *at;

		zxtest_row("%s at 0", r->name);
		EXPECT_EQ(-EFAULT, abi_call(self->fd, r->cmd, NULL));
		zxtest_row("%s on a page without access", r->name);
		EXPECT_EQ(-EFAULT, abi_call(self->fd, r->cmd, self->guard.end));
		zxtest_row("%s in the kernel", r->name);
		EXPECT_EQ(-EFAULT, abi_call(self->fd, r->cmd,
					    (void *)0xffff888000000000ul));
		zxtest_row("%s whose end cannot be read", r->name);
		at = place(&self->guard, r->size - 4, r->size);
		EXPECT_EQ(-EFAULT, abi_call(self->fd, r->cmd, at));
	}
}

TEST_F(abi, a_huge_size_is_refused)
{
	static const uint32_t huge[] = { 0x7fffffff, 0x80000000, 0xffffffff };

	for_each_request(r) {
		for (size_t i = 0; i < ARRAY_SIZE(huge); i++) {
			long ret = abi_call(self->fd, r->cmd,
					    place(&self->guard, 4096, huge[i]));

			zxtest_row("%s, size %#x: returned %ld", r->name,
				   huge[i], ret);
			EXPECT_TRUE(ret == -EFAULT || ret == -E2BIG);
		}
	}
}

/* Every bit that the contract reserves, alone, in a request of zeroes. */
TEST_F(abi, reserved_bits_are_einval)
{
	for_each_request(r) {
		for (size_t f = 0; f < ARRAY_SIZE(r->reserved); f++) {
			for (int bit = 0; bit < r->reserved[f].bits; bit++) {
				uint8_t *at = place(&self->guard, r->size,
						    r->size);

				at[r->reserved[f].offset + bit / 8] |=
					1 << (bit % 8);
				zxtest_row("%s, offset %u bit %d", r->name,
					   r->reserved[f].offset, bit);
				EXPECT_EQ(-EINVAL,
					  abi_call(self->fd, r->cmd, at));
			}
		}
	}
}

/* ---- query ------------------------------------------------------------ */

TEST_F(abi, query_tells_version_and_what_works)
{
	struct zx_hyp_query_result result;
	struct zx_hyp_query arg = {
		.size = sizeof(arg),
		.out_size = sizeof(result),
		.out_result = (uintptr_t)&result,
	};

	memset(&result, 0xa5, sizeof(result));
	ASSERT_EQ(0, abi_call(self->fd, ZX_HYP_QUERY, &arg));
	EXPECT_EQ(ZX_HYP_ABI_VERSION, result.abi_version);
	EXPECT_TRUE(result.vendor == ZX_HYP_VENDOR_AMD ||
		    result.vendor == ZX_HYP_VENDOR_INTEL);
	EXPECT_TRUE(result.caps & ZX_HYP_CAP_GUEST);
	EXPECT_TRUE(result.caps & ZX_HYP_CAP_PORT);
	EXPECT_EQ(0, result.caps & ~0x1full);
	EXPECT_EQ(64u, result.max_vcpus);
	EXPECT_GE(52u, result.gpa_bits);
	EXPECT_LE(32u, result.gpa_bits);
}

TEST_F(abi, query_cuts_and_pads_its_result)
{
	uint8_t full[sizeof(struct zx_hyp_query_result)], got[64];
	struct zx_hyp_query arg = {
		.size = sizeof(arg),
		.out_size = sizeof(full),
		.out_result = (uintptr_t)full,
	};

	ASSERT_EQ(0, abi_call(self->fd, ZX_HYP_QUERY, &arg));
	arg.out_result = (uintptr_t)got;
	for (uint32_t size = 0; size <= 48; size++) {
		zxtest_row("out_size %u", size);
		memset(got, 0xa5, sizeof(got));
		arg.out_size = size;
		EXPECT_EQ(0, abi_call(self->fd, ZX_HYP_QUERY, &arg));
		for (uint32_t i = 0; i < sizeof(got); i++) {
			uint8_t want = i >= size ? 0xa5 :
				       i < sizeof(full) ? full[i] : 0;

			EXPECT_EQ(want, got[i]);
		}
	}
}

TEST_F(abi, query_refuses_a_bad_result_address)
{
	struct zx_hyp_query arg = {
		.size = sizeof(arg),
		.out_size = sizeof(struct zx_hyp_query_result),
		.out_result = (uintptr_t)self->guard.end,
	};

	EXPECT_EQ(INVALID_ARGS, abi_call(self->fd, ZX_HYP_QUERY, &arg));
	arg.out_result = 0;
	EXPECT_EQ(INVALID_ARGS, abi_call(self->fd, ZX_HYP_QUERY, &arg));
}

/* ---- result addresses ------------------------------------------------- */

/* Live objects before and after a run of calls that must leave nothing. */
static void expect_live(const struct zxtest_objects *before)
{
	struct zxtest_objects now;

	ASSERT_TRUE(zxtest_objects_read(&now));
	ASSERT_EQ(before->count, now.count);
	for (int i = 0; i < now.count; i++) {
		zxtest_row("live objects of type %s", now.row[i].type);
		EXPECT_EQ(before->row[i].live, now.row[i].live);
	}
	zxtest_row_end();
}

TEST_F(abi, a_bad_result_address_is_invalid_args_and_leaves_nothing)
{
	uint64_t bad[] = { 0, (uintptr_t)self->guard.end, 0xffff888000000000ull,
			   (uintptr_t)self->guard.end - 2 };
	uint32_t vmo = abi_vmo(self->fd, 4096);
	uint32_t vmar = abi_root_vmar(self->fd);
	struct zxtest_objects before;

	if (!zxtest_objects_read(&before))
		SKIP("no debugfs");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct zx_hyp_resource_get res = {
			.size = sizeof(res),
			.kind = ZX_HYP_RESOURCE_VMEX,
			.out_handle = bad[i],
		};
		struct zx_hyp_vmo_create create = {
			.size = sizeof(create),
			.vmo_size = 4096,
			.out_handle = bad[i],
		};
		struct zx_hyp_vmar_root_self root = {
			.size = sizeof(root),
			.out_handle = bad[i],
		};
		struct zx_hyp_vmar_map map = {
			.size = sizeof(map),
			.vmar = vmar,
			.options = ZX_HYP_VM_PERM_READ,
			.vmo = vmo,
			.len = 4096,
			.out_addr = bad[i],
		};

		zxtest_row("result at %#llx", (unsigned long long)bad[i]);
		EXPECT_EQ(INVALID_ARGS,
			  abi_call(self->fd, ZX_HYP_RESOURCE_GET, &res));
		EXPECT_EQ(INVALID_ARGS,
			  abi_call(self->fd, ZX_HYP_VMO_CREATE, &create));
		EXPECT_EQ(INVALID_ARGS,
			  abi_call(self->fd, ZX_HYP_VMAR_ROOT_SELF, &root));
		EXPECT_EQ(INVALID_ARGS,
			  abi_call(self->fd, ZX_HYP_VMAR_MAP, &map));
	}
	expect_live(&before);
}

TEST_F(abi, guest_create_with_one_bad_result_address_leaves_no_guest)
{
	uint32_t resource = abi_resource(self->fd, ZX_HYP_RESOURCE_HYPERVISOR);
	uint32_t good;
	struct zx_hyp_guest_create arg = {
		.size = sizeof(arg),
		.resource = resource,
		.out_guest = (uintptr_t)&good,
	};
	struct zxtest_objects before;

	if (!zxtest_objects_read(&before))
		SKIP("no debugfs");
	EXPECT_EQ(INVALID_ARGS, abi_call(self->fd, ZX_HYP_GUEST_CREATE, &arg));
	arg.out_vmar = (uintptr_t)&good;
	arg.out_guest = (uintptr_t)self->guard.end;
	EXPECT_EQ(INVALID_ARGS, abi_call(self->fd, ZX_HYP_GUEST_CREATE, &arg));
	expect_live(&before);
}

TEST_F(abi, vcpu_create_with_a_bad_result_address_frees_the_thread)
{
	uint32_t guest, vmar, vcpu;
	struct zx_hyp_vcpu_create arg = { .size = sizeof(arg) };

	abi_guest(self->fd, &guest, &vmar);
	arg.guest = guest;
	arg.out_vcpu = (uintptr_t)self->guard.end;
	EXPECT_EQ(INVALID_ARGS, abi_call(self->fd, ZX_HYP_VCPU_CREATE, &arg));
	arg.out_vcpu = (uintptr_t)&vcpu;
	arg.out_page = (uintptr_t)self->guard.end;
	EXPECT_EQ(INVALID_ARGS, abi_call(self->fd, ZX_HYP_VCPU_CREATE, &arg));
	arg.out_page = 0;
	EXPECT_EQ(0, abi_call(self->fd, ZX_HYP_VCPU_CREATE, &arg));
}

TEST_F(abi, vcpu_create_reports_no_page_yet)
{
	uint32_t guest, vmar, vcpu;
	uint64_t page = 0;
	struct zx_hyp_vcpu_create arg = {
		.size = sizeof(arg),
		.out_vcpu = (uintptr_t)&vcpu,
		.out_page = (uintptr_t)&page,
	};
	struct zx_hyp_query_result result = { 0 };
	struct zx_hyp_query query = {
		.size = sizeof(query),
		.out_size = sizeof(result),
		.out_result = (uintptr_t)&result,
	};

	abi_guest(self->fd, &guest, &vmar);
	arg.guest = guest;
	ASSERT_EQ(0, abi_call(self->fd, ZX_HYP_QUERY, &query));
	ASSERT_EQ(0, abi_call(self->fd, ZX_HYP_VCPU_CREATE, &arg));
	if (result.caps & ZX_HYP_CAP_VCPU_PAGE)
		EXPECT_NE(ZX_HYP_NO_PAGE, page);
	else
		EXPECT_EQ(ZX_HYP_NO_PAGE, page);
}

TEST_F(abi, failing_calls_write_no_result)
{
	uint8_t out[16];
	uint64_t at = (uintptr_t)out;
	struct zx_hyp_resource_get res = { sizeof(res), 77, at };
	struct zx_hyp_guest_create guest = {
		.size = sizeof(guest), .options = 1,
		.out_guest = at, .out_vmar = at + 8,
	};
	struct zx_hyp_vcpu_create vcpu = {
		.size = sizeof(vcpu), .guest = 3, .out_vcpu = at,
		.out_page = at + 8,
	};
	struct zx_hyp_vcpu_enter enter = { sizeof(enter), 3, at };
	struct zx_hyp_vcpu_rw_state read = {
		.size = sizeof(read), .vcpu = 3, .buffer = at,
		.buffer_size = sizeof(out),
	};
	struct zx_hyp_vmo_create vmo = {
		.size = sizeof(vmo), .options = 1U << 31, .out_handle = at,
	};
	struct zx_hyp_vmo_rw vread = {
		.size = sizeof(vread), .vmo = 3, .buffer = at,
		.buffer_size = sizeof(out),
	};
	struct zx_hyp_vmo_get_size size = { sizeof(size), 3, at };
	struct zx_hyp_vmo_replace_as_executable rep = {
		.size = sizeof(rep), .vmo = 3, .out_handle = at,
	};
	struct zx_hyp_vmar_map map = {
		.size = sizeof(map), .vmar = 3, .out_addr = at,
	};
	const struct {
		const char *name;
		unsigned int cmd;
		void *arg;
	} calls[] = {
		{ "RESOURCE_GET", ZX_HYP_RESOURCE_GET, &res },
		{ "GUEST_CREATE", ZX_HYP_GUEST_CREATE, &guest },
		{ "VCPU_CREATE", ZX_HYP_VCPU_CREATE, &vcpu },
		{ "VCPU_ENTER", ZX_HYP_VCPU_ENTER, &enter },
		{ "VCPU_READ_STATE", ZX_HYP_VCPU_READ_STATE, &read },
		{ "VMO_CREATE", ZX_HYP_VMO_CREATE, &vmo },
		{ "VMO_READ", ZX_HYP_VMO_READ, &vread },
		{ "VMO_GET_SIZE", ZX_HYP_VMO_GET_SIZE, &size },
		{ "VMO_REPLACE_AS_EXECUTABLE",
		  ZX_HYP_VMO_REPLACE_AS_EXECUTABLE, &rep },
		{ "VMAR_MAP", ZX_HYP_VMAR_MAP, &map },
	};

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		memset(out, 0xa5, sizeof(out));
		zxtest_row("%s", calls[i].name);
		EXPECT_LT(0, abi_call(self->fd, calls[i].cmd, calls[i].arg));
		for (size_t b = 0; b < sizeof(out); b++)
			EXPECT_EQ(0xa5, out[b]);
	}
}

/* ---- files and processes ---------------------------------------------- */

/* Runs in a forked child: every request but QUERY is BAD_HANDLE there. */
static void check_foreign_process(int fd)
{
	for_each_request(r) {
		uint64_t arg[16] = { r->size };

		zxtest_row("%s in a child", r->name);
		EXPECT_EQ(r->cmd == ZX_HYP_QUERY ? 0 : BAD_HANDLE,
			  abi_call(fd, r->cmd, arg));
	}
	zxtest_row_end();
}

TEST_F(abi, a_child_gets_bad_handle_and_the_parent_is_unharmed)
{
	uint32_t vmo = abi_vmo(self->fd, 8192);
	uint64_t size = 0;
	struct zx_hyp_vmo_get_size get = { sizeof(get), vmo, (uintptr_t)&size };
	int status;
	pid_t pid;

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		struct zx_hyp_handle_close arg = { sizeof(arg), vmo };

		check_foreign_process(self->fd);
		EXPECT_EQ(BAD_HANDLE,
			  abi_call(self->fd, ZX_HYP_HANDLE_CLOSE, &arg));
		EXPECT_EQ(BAD_HANDLE,
			  abi_call(self->fd, ZX_HYP_VMO_GET_SIZE, &get));
		_exit(zxtest_failed());
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, abi_call(self->fd, ZX_HYP_VMO_GET_SIZE, &get));
	EXPECT_EQ(8192ull, size);
}

TEST_F(abi, handles_of_one_file_mean_nothing_to_another)
{
	uint32_t vmo = abi_vmo(self->fd, 4096);
	uint64_t size;
	struct zx_hyp_vmo_get_size get = { sizeof(get), vmo, (uintptr_t)&size };
	int other = abi_open();

	EXPECT_EQ(BAD_HANDLE, abi_call(other, ZX_HYP_VMO_GET_SIZE, &get));
	EXPECT_EQ(0, close(other));
	EXPECT_EQ(0, abi_call(self->fd, ZX_HYP_VMO_GET_SIZE, &get));
}

TEST_TIMEOUT(the_device_opens_and_closes_many_times, 120)
{
	struct zxtest_objects before;
	bool counted = zxtest_objects_read(&before);

	for (int i = 0; i < 2000; i++) {
		int fd = abi_open();

		if (i % 3 == 0)
			abi_vmo(fd, 65536);
		ASSERT_EQ(0, close(fd));
	}
	if (counted)
		EXPECT_TRUE(zxtest_objects_settle(&before, 10));
}

TEST(the_device_cannot_be_read_or_written)
{
	char byte = 0;
	int fd = abi_open();

	EXPECT_EQ(-1, read(fd, &byte, 1));
	EXPECT_EQ(-1, write(fd, &byte, 1));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0));
	EXPECT_EQ(0, close(fd));
}

TEST_TIMEOUT(create_and_destroy_200_times_leaves_no_object, 240)
{
	struct zxtest_objects before;
	int fd = abi_open();

	if (!zxtest_objects_read(&before))
		SKIP("no debugfs");
	for (int i = 0; i < 200; i++) {
		uint32_t guest, vmar, vmo = abi_vmo(fd, 65536), vcpu;
		struct zx_hyp_vcpu_create create = {
			.size = sizeof(create),
			.out_vcpu = (uintptr_t)&vcpu,
		};

		abi_guest(fd, &guest, &vmar);
		create.guest = guest;
		ASSERT_EQ(0, abi_call(fd, ZX_HYP_VCPU_CREATE, &create));
		ASSERT_EQ(0, abi_map(fd, vmar, ZX_HYP_VM_PERM_READ |
				     ZX_HYP_VM_SPECIFIC, 0x10000, vmo, 65536));
		/* In another order every time. */
		abi_close(fd, i & 1 ? guest : vcpu);
		abi_close(fd, i & 2 ? vmo : vmar);
		abi_close(fd, i & 1 ? vcpu : guest);
		abi_close(fd, i & 2 ? vmar : vmo);
	}
	EXPECT_TRUE(zxtest_objects_settle(&before, 30));
	EXPECT_EQ(0, close(fd));
}

TEST_HARNESS_MAIN
