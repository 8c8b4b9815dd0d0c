// SPDX-License-Identifier: MIT
/*
 * A doorbell, and that it is heard of: a BELL trap and its port beside KVM's
 * ioeventfd. The guest rings 64 times a round, so that the exit to the VMM that
 * ends the round does not count for much.
 */
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <zircon/syscalls.h>
#include <zircon/syscalls/port.h>

#include "bench/bench.h"
#include "guest/vm.h"
#include "zxtest.h"

GUEST_BLOB(bench_ring);

#define PAGE	4096ull
#define RINGS	64u		/* of a round: bench_ring's */
#define KEY	0xbe11

/* Both sides: a guest, and what it rings. */
struct bell_bare {
	struct bare bare;
	int fd;
	uint32_t seen;
};

struct bell_zx {
	struct vm vm;
	zx_handle_t port;
	uint32_t seen;
};

/* ---- the guests ------------------------------------------------------------ */

/* As a semaphore, so that each ring is read by itself, as packets are. */
static void bare_begin(struct bell_bare *b)
{
	struct kvm_ioeventfd bell = { .addr = GUEST_MMIO };

	memset(b, 0, sizeof(*b));
	bare_start(&b->bare, bench_ring);
	b->fd = eventfd(0, EFD_SEMAPHORE | EFD_CLOEXEC);
	ASSERT_LE(0, b->fd);
	bell.fd = b->fd;
	ASSERT_EQ(0, ioctl(b->bare.vm, KVM_IOEVENTFD, &bell));
}

static void bare_end(struct bell_bare *b)
{
	close(b->fd);
	bare_destroy(&b->bare);
}

static void zx_begin(struct bell_zx *z)
{
	memset(z, 0, sizeof(*z));
	vm_start(&z->vm, bench_ring);
	ASSERT_OK(zx_port_create(0, &z->port));
	ASSERT_OK(zx_guest_set_trap(z->vm.guest, ZX_GUEST_TRAP_BELL, GUEST_MMIO,
				    PAGE, z->port, KEY));
}

static void zx_end(struct bell_zx *z)
{
	vm_destroy(&z->vm);
	ASSERT_OK(zx_handle_close(z->port));
}

static void bare_round(struct bell_bare *b)
{
	bare_run(&b->bare, KVM_EXIT_IO);
}

static void zx_round(struct bell_zx *z, zx_port_packet_t *packet)
{
	ASSERT_OK(zx_vcpu_enter(z->vm.vcpu, packet));
}

static void expect_round(struct bell_zx *z, const zx_port_packet_t *packet)
{
	ASSERT_EQ(ZX_PKT_TYPE_GUEST_IO, packet->type);
	ASSERT_EQ(KEY_REPORT, packet->key);
	ASSERT_EQ(z->seen++, packet->guest_io.u32);
}

static void expect_bell(const zx_port_packet_t *packet)
{
	ASSERT_EQ(ZX_PKT_TYPE_GUEST_BELL, packet->type);
	ASSERT_EQ((uint64_t)KEY, packet->key);
	ASSERT_EQ((uint64_t)GUEST_MMIO, packet->guest_bell.addr);
}

/* ---- a thread that comes late ---------------------------------------------- */

static void late_bare_op(void *ctx, uint32_t round, uint64_t *stamps)
{
	struct bell_bare *b = ctx;
	uint64_t count[RINGS];

	(void)round;
	stamps[0] = bench_stamp();
	bare_round(b);
	stamps[1] = bench_stamp();
	for (unsigned int i = 0; i < RINGS; i++)
		ASSERT_EQ(8l, read(b->fd, &count[i], sizeof(count[i])));
	stamps[2] = bench_stamp();
	bare_expect_report(&b->bare, b->seen++);
	for (unsigned int i = 0; i < RINGS; i++)
		ASSERT_EQ(1ull, count[i]);
}

static void late_zx_op(void *ctx, uint32_t round, uint64_t *stamps)
{
	zx_port_packet_t packet, bells[RINGS];
	struct bell_zx *z = ctx;

	(void)round;
	stamps[0] = bench_stamp();
	zx_round(z, &packet);
	stamps[1] = bench_stamp();
	for (unsigned int i = 0; i < RINGS; i++)
		ASSERT_OK(zx_port_wait(z->port, ZX_TIME_INFINITE, &bells[i]));
	stamps[2] = bench_stamp();
	expect_round(z, &packet);
	for (unsigned int i = 0; i < RINGS; i++)
		expect_bell(&bells[i]);
}

void bell_late_bare(unsigned int rounds)
{
	struct bench bench = {
		.row = "bell_late", .side = "kvm", .rounds = rounds,
		.per = RINGS, .parts = 2, .op = late_bare_op,
	};
	struct bell_bare b;

	bare_begin(&b);
	bench_run(&bench, &b);
	bare_end(&b);
}

void bell_late_zx(unsigned int rounds)
{
	struct bench bench = {
		.row = "bell_late", .side = "zx", .rounds = rounds,
		.per = RINGS, .parts = 2, .op = late_zx_op,
	};
	struct bell_zx z;

	zx_begin(&z);
	bench_run(&bench, &z);
	zx_end(&z);
}

/* ---- a thread that waits --------------------------------------------------- */

/*
 * It goes before all others: on one CPU it runs as soon as it is woken, takes
 * what there is, and waits again, before the guest goes on.
 */
struct waiter {
	pthread_t thread;
	volatile uint32_t heard;
	volatile bool over;
};

static struct waiter waiter;

static void go_first(void)
{
	struct sched_param param = { .sched_priority = 1 };

	ASSERT_EQ(0, pthread_setschedparam(pthread_self(), SCHED_FIFO, &param));
}

static void *hear_bare(void *arg)
{
	struct bell_bare *b = arg;
	uint64_t count;

	go_first();
	while (!waiter.over) {
		ASSERT_EQ(8l, read(b->fd, &count, sizeof(count)));
		waiter.heard++;
	}
	return NULL;
}

static void *hear_zx(void *arg)
{
	struct bell_zx *z = arg;
	zx_port_packet_t packet;

	go_first();
	while (!waiter.over) {
		ASSERT_OK(zx_port_wait(z->port, ZX_TIME_INFINITE, &packet));
		waiter.heard++;
	}
	return NULL;
}

static void await_rings(uint32_t round)
{
	while (waiter.heard != round * RINGS)
		sched_yield();
}

static void awaited_bare_op(void *ctx, uint32_t round, uint64_t *stamps)
{
	struct bell_bare *b = ctx;

	stamps[0] = bench_stamp();
	bare_round(b);
	await_rings(round);
	stamps[1] = bench_stamp();
	bare_expect_report(&b->bare, b->seen++);
}

static void awaited_zx_op(void *ctx, uint32_t round, uint64_t *stamps)
{
	struct bell_zx *z = ctx;
	zx_port_packet_t packet;

	stamps[0] = bench_stamp();
	zx_round(z, &packet);
	await_rings(round);
	stamps[1] = bench_stamp();
	expect_round(z, &packet);
}

void bell_awaited_bare(unsigned int rounds)
{
	struct bench bench = {
		.row = "bell_awaited", .side = "kvm", .rounds = rounds,
		.per = RINGS, .parts = 1, .op = awaited_bare_op,
	};
	uint64_t last = 1;
	struct bell_bare b;

	memset(&waiter, 0, sizeof(waiter));
	bare_begin(&b);
	thread_start(&waiter.thread, hear_bare, &b);
	bench_run(&bench, &b);
	waiter.over = true;
	ASSERT_EQ(8l, write(b.fd, &last, sizeof(last)));
	thread_join(waiter.thread);
	bare_end(&b);
}

void bell_awaited_zx(unsigned int rounds)
{
	struct bench bench = {
		.row = "bell_awaited", .side = "zx", .rounds = rounds,
		.per = RINGS, .parts = 1, .op = awaited_zx_op,
	};
	zx_port_packet_t last = { .key = 0 };
	struct bell_zx z;

	memset(&waiter, 0, sizeof(waiter));
	zx_begin(&z);
	thread_start(&waiter.thread, hear_zx, &z);
	bench_run(&bench, &z);
	waiter.over = true;
	ASSERT_OK(zx_port_queue(z.port, &last));
	thread_join(waiter.thread);
	zx_end(&z);
}
