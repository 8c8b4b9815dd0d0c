// SPDX-License-Identifier: MIT
/*
 * A call that does next to nothing, and the exits of a guest that the VMM sees,
 * with all that it takes to learn what the guest wanted and to answer it.
 */
#include <string.h>
#include <sys/ioctl.h>

#include <zircon/syscalls.h>

#include "bench/bench.h"
#include "guest/vm.h"
#include "zxtest.h"

GUEST_BLOB(bench_out);
GUEST_BLOB(bench_in);
GUEST_BLOB(bench_store);
GUEST_BLOB(bench_load);

#define PAGE	4096ull

/* Either guest counts the times that it came out. */
struct exit_bare {
	struct bare bare;
	uint32_t seen;
};

struct exit_zx {
	struct vm vm;
	uint32_t seen;
};

/* ---- a call -------------------------------------------------------------- */

static void call_bare_op(void *ctx, uint32_t round, uint64_t *stamps)
{
	struct exit_bare *e = ctx;
	int version;

	(void)round;
	stamps[0] = bench_stamp();
	version = ioctl(e->bare.dev, KVM_GET_API_VERSION, 0);
	stamps[1] = bench_stamp();
	ASSERT_EQ(KVM_API_VERSION, version);
}

static void call_zx_op(void *ctx, uint32_t round, uint64_t *stamps)
{
	struct exit_zx *e = ctx;
	uint64_t size = 0;

	(void)round;
	stamps[0] = bench_stamp();
	ASSERT_OK(zx_vmo_get_size(e->vm.vmo, &size));
	stamps[1] = bench_stamp();
	ASSERT_EQ(GUEST_RAM_SIZE, size);
}

/* ---- OUT ----------------------------------------------------------------- */

static void io_bare_op(void *ctx, uint32_t round, uint64_t *stamps)
{
	struct exit_bare *e = ctx;

	(void)round;
	stamps[0] = bench_stamp();
	bare_run(&e->bare, KVM_EXIT_IO);
	stamps[1] = bench_stamp();
	bare_expect_report(&e->bare, e->seen++);
}

static void io_zx_op(void *ctx, uint32_t round, uint64_t *stamps)
{
	struct exit_zx *e = ctx;
	zx_port_packet_t packet;

	(void)round;
	stamps[0] = bench_stamp();
	ASSERT_OK(zx_vcpu_enter(e->vm.vcpu, &packet));
	stamps[1] = bench_stamp();
	ASSERT_EQ(ZX_PKT_TYPE_GUEST_IO, packet.type);
	ASSERT_EQ(KEY_REPORT, packet.key);
	ASSERT_EQ(e->seen++, packet.guest_io.u32);
}

/* ---- IN ------------------------------------------------------------------ */

/* The guest keeps what it read where the host can see it. */
static volatile uint32_t *kept(uint8_t *mem)
{
	return (volatile uint32_t *)(mem + GUEST_MAIL + MAIL_FLAG);
}

static void io_in_bare_op(void *ctx, uint32_t round, uint64_t *stamps)
{
	struct exit_bare *e = ctx;
	struct kvm_run *run = e->bare.run;

	stamps[0] = bench_stamp();
	bare_run(&e->bare, KVM_EXIT_IO);
	memcpy((uint8_t *)run + run->io.data_offset, &round, sizeof(round));
	stamps[1] = bench_stamp();
	ASSERT_EQ(KVM_EXIT_IO_IN, run->io.direction);
	ASSERT_EQ(e->seen, *kept(e->bare.mem));
	e->seen = round;
}

static void io_in_zx_op(void *ctx, uint32_t round, uint64_t *stamps)
{
	zx_vcpu_io_t io = { .access_size = sizeof(round), .u32 = round };
	struct exit_zx *e = ctx;
	zx_port_packet_t packet;

	stamps[0] = bench_stamp();
	ASSERT_OK(zx_vcpu_enter(e->vm.vcpu, &packet));
	stamps[1] = bench_stamp();
	ASSERT_OK(zx_vcpu_write_state(e->vm.vcpu, ZX_VCPU_IO, &io, sizeof(io)));
	stamps[2] = bench_stamp();
	ASSERT_EQ(ZX_PKT_TYPE_GUEST_IO, packet.type);
	ASSERT_EQ(1, packet.guest_io.input);
	ASSERT_EQ(e->seen, *kept(e->vm.mem));
	e->seen = round;
}

/* ---- writing to a trapped page -------------------------------------------- */

static void expect_mmio(const struct kvm_run *run, int is_write)
{
	ASSERT_EQ(GUEST_MMIO, run->mmio.phys_addr);
	ASSERT_EQ(4, run->mmio.len);
	ASSERT_EQ(is_write, run->mmio.is_write);
}

static void expect_mem(const zx_port_packet_t *packet)
{
	ASSERT_EQ(ZX_PKT_TYPE_GUEST_MEM, packet->type);
	ASSERT_EQ(KEY_MEM, packet->key);
	ASSERT_EQ(GUEST_MMIO, packet->guest_mem.addr);
}

static void mem_write_bare_op(void *ctx, uint32_t round, uint64_t *stamps)
{
	struct exit_bare *e = ctx;
	uint32_t data;

	(void)round;
	stamps[0] = bench_stamp();
	bare_run(&e->bare, KVM_EXIT_MMIO);
	stamps[1] = bench_stamp();
	expect_mmio(e->bare.run, 1);
	memcpy(&data, e->bare.run->mmio.data, sizeof(data));
	ASSERT_EQ(e->seen++, data);
}

/* What was written is in a register. */
static void mem_write_zx_op(void *ctx, uint32_t round, uint64_t *stamps)
{
	struct exit_zx *e = ctx;
	zx_port_packet_t packet;
	zx_vcpu_state_t state;

	(void)round;
	stamps[0] = bench_stamp();
	ASSERT_OK(zx_vcpu_enter(e->vm.vcpu, &packet));
	stamps[1] = bench_stamp();
	ASSERT_OK(zx_vcpu_read_state(e->vm.vcpu, ZX_VCPU_STATE, &state,
				     sizeof(state)));
	stamps[2] = bench_stamp();
	expect_mem(&packet);
	ASSERT_EQ(e->seen++, (uint32_t)state.rax);
}

/* ---- reading from it ------------------------------------------------------ */

static void mem_read_bare_op(void *ctx, uint32_t round, uint64_t *stamps)
{
	struct exit_bare *e = ctx;

	stamps[0] = bench_stamp();
	bare_run(&e->bare, KVM_EXIT_MMIO);
	memcpy(e->bare.run->mmio.data, &round, sizeof(round));
	stamps[1] = bench_stamp();
	expect_mmio(e->bare.run, 0);
	ASSERT_EQ(e->seen, *kept(e->bare.mem));
	e->seen = round;
}

static void mem_read_zx_op(void *ctx, uint32_t round, uint64_t *stamps)
{
	struct exit_zx *e = ctx;
	zx_port_packet_t packet;
	zx_vcpu_state_t state;

	stamps[0] = bench_stamp();
	ASSERT_OK(zx_vcpu_enter(e->vm.vcpu, &packet));
	stamps[1] = bench_stamp();
	ASSERT_OK(zx_vcpu_read_state(e->vm.vcpu, ZX_VCPU_STATE, &state,
				     sizeof(state)));
	stamps[2] = bench_stamp();
	state.rax = round;
	ASSERT_OK(zx_vcpu_write_state(e->vm.vcpu, ZX_VCPU_STATE, &state,
				      sizeof(state)));
	stamps[3] = bench_stamp();
	expect_mem(&packet);
	ASSERT_EQ(e->seen, *kept(e->vm.mem));
	e->seen = round;
}

/* ---- the guests ------------------------------------------------------------ */

static void run_bare(const struct bench *bench, const uint8_t *code,
		     const uint8_t *end)
{
	struct exit_bare e = { .seen = 0 };

	bare_create(&e.bare, code, end);
	bench_run(bench, &e);
	bare_destroy(&e.bare);
}

static void run_zx(const struct bench *bench, const uint8_t *code,
		   const uint8_t *end)
{
	struct exit_zx e = { .seen = 0 };

	vm_create(&e.vm);
	vm_load(&e.vm, GUEST_CODE, code, end);
	vm_vcpu(&e.vm);
	ASSERT_OK(zx_guest_set_trap(e.vm.guest, ZX_GUEST_TRAP_MEM, GUEST_MMIO,
				    PAGE, ZX_HANDLE_INVALID, KEY_MEM));
	bench_run(bench, &e);
	vm_destroy(&e.vm);
}

/* name##_bare() and name##_zx(): the row of this name, in a guest that runs this. */
#define ROW(name, what, row_name, zx_parts)				\
void name##_bare(unsigned int rounds)					\
{									\
	struct bench bench = {						\
		.row = row_name, .side = "kvm", .rounds = rounds,	\
		.parts = 1, .op = name##_bare_op,			\
	};								\
									\
	run_bare(&bench, guest_##what, guest_##what##_end);		\
}									\
									\
void name##_zx(unsigned int rounds)					\
{									\
	struct bench bench = {						\
		.row = row_name, .side = "zx", .rounds = rounds,	\
		.parts = zx_parts, .op = name##_zx_op,			\
	};								\
									\
	run_zx(&bench, guest_##what, guest_##what##_end);		\
}

ROW(call, bench_out, "call", 1)
ROW(io, bench_out, "io", 1)
ROW(io_in, bench_in, "io_in", 2)
ROW(mem_write, bench_store, "mem_write", 2)
ROW(mem_read, bench_load, "mem_read", 3)
