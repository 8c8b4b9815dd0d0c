// SPDX-License-Identifier: MIT
/*
 * Bells under many threads: every write of a vCPU comes out of its port once and
 * in order, whatever else is done to guests and ports meanwhile. Runs on two
 * CPUs.
 *
 * Each write goes to an address of its own, which tells trap, vCPU and number.
 */
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/port.h>
#include <zircon/time.h>

#include "calls.h"
#include "guest/bellrace.h"
#include "guest/runner.h"
#include "spaces.h"
#include "zxtest.h"

GUEST_BLOB(ring_bsp);
GUEST_BLOB(ring_ap);

#define VCPUS		4		/* of all guests */
#define PORTS		4
#define DRAINERS	8
#define TRAPS		BELLS_TRAPS
#define POOL		256		/* packets of a trap */
#define FAR		0x100000000ull
#define LIMIT		60		/* seconds for anything to happen */
#define KEY_STOP	UINT64_MAX
#define KEY_USER	0x75736572ull

/* ---- where the packets go ---------------------------------------------- */

struct hub;

struct drainer {
	struct hub *hub;
	unsigned int port;
	pthread_t thread;
};

/**
 * struct hub - ports, and the threads that drain them
 * @port: bell n rings at port n % PORTS
 * @drainers: the threads, at port n % PORTS each
 * @closing: a port's handle is closed from now on
 * @gone: from now on there are no packets of these vCPUs
 * @first: of each vCPU the first one of its guest, which is in the keys
 * @taken: packets of bells
 * @users: packets of users
 * @top: of each bell and vCPU the highest number that was seen, plus one
 * @seen: which were
 */
struct hub {
	zx_handle_t port[PORTS];
	struct drainer drainers[DRAINERS];
	atomic_bool closing[PORTS], gone[VCPUS];
	unsigned int first[VCPUS];
	atomic_uint taken, users;
	atomic_uint top[TRAPS][VCPUS];
	atomic_bool seen[TRAPS][VCPUS][BELLS_NUMBERS];
};

static struct hub hub;

static uint64_t key_of(unsigned int trap, unsigned int first)
{
	return 0xbe110000 | first << 8 | trap;
}

/* What is known before a packet is taken: it has to be newer than that. */
struct known {
	unsigned int top[TRAPS / PORTS][VCPUS];
	bool gone[VCPUS];
};

static void look(struct hub *h, unsigned int port, struct known *known)
{
	for (int i = 0; i < TRAPS / PORTS; i++)
		for (int v = 0; v < VCPUS; v++)
			known->top[i][v] =
				atomic_load(&h->top[i * PORTS + port][v]);
	for (int v = 0; v < VCPUS; v++)
		known->gone[v] = atomic_load(&h->gone[v]);
}

static void raise_top(atomic_uint *top, unsigned int to)
{
	unsigned int now = atomic_load(top);

	while (now < to && !atomic_compare_exchange_weak(top, &now, to))
		;
}

/*
 * It is a packet of this port's, whole, for the first time, and later than all
 * that anybody had of its bell and vCPU when it was asked for.
 */
static void take(struct hub *h, unsigned int port, const struct known *known,
		 const zx_port_packet_t *packet)
{
	uint64_t at = packet->guest_bell.addr - BELLS;
	unsigned int trap = at >> BELLS_SHIFT;
	unsigned int vcpu = at / BELLS_PART % VCPUS;
	unsigned int number = at % BELLS_PART / 4;
	zx_port_packet_t want = {
		.key = key_of(trap, h->first[vcpu]),
		.type = ZX_PKT_TYPE_GUEST_BELL,
		.guest_bell.addr = BELLS + ((uint64_t)trap << BELLS_SHIFT) +
				   vcpu * BELLS_PART + number * 4,
	};

	ASSERT_LT(trap, TRAPS);
	ASSERT_EQ(port, trap % PORTS);
	EXPECT_BYTES(&want, packet, sizeof(want));
	EXPECT_FALSE(known->gone[vcpu]);
	EXPECT_LE(known->top[trap / PORTS][vcpu], number);
	EXPECT_FALSE(atomic_exchange(&h->seen[trap][vcpu][number], true));
	raise_top(&h->top[trap][vcpu], number + 1);
	atomic_fetch_add(&h->taken, 1);
}

static void *drain(void *arg)
{
	struct drainer *d = arg;
	struct hub *h = d->hub;
	zx_port_packet_t packet;
	struct known known;
	zx_status_t status;

	for (;;) {
		look(h, d->port, &known);
		status = zx_port_wait(h->port[d->port],
				      zx_deadline_after(ZX_MSEC(20)), &packet);
		if (status == ZX_ERR_BAD_HANDLE) {
			EXPECT_TRUE(atomic_load(&h->closing[d->port]));
			return NULL;
		}
		if (status == ZX_ERR_TIMED_OUT)
			continue;
		ASSERT_OK(status);
		if (packet.type == ZX_PKT_TYPE_GUEST_BELL) {
			take(h, d->port, &known, &packet);
		} else {
			EXPECT_EQ(ZX_PKT_TYPE_USER, packet.type);
			if (packet.key == KEY_STOP)
				return NULL;
			EXPECT_EQ(KEY_USER, packet.key);
			atomic_fetch_add(&h->users, 1);
		}
	}
}

static void hub_open(struct hub *h)
{
	memset(h, 0, sizeof(*h));
	for (int i = 0; i < PORTS; i++)
		ASSERT_OK(zx_port_create(0, &h->port[i]));
}

static void hub_drain(struct hub *h)
{
	for (int i = 0; i < DRAINERS; i++) {
		struct drainer *d = &h->drainers[i];

		d->hub = h;
		d->port = i % PORTS;
		thread_start(&d->thread, drain, d);
	}
}

/*
 * What is queued last comes out last: each drainer goes when it meets it, or has
 * gone with its port.
 */
static void hub_stop(struct hub *h)
{
	zx_port_packet_t stop = { .key = KEY_STOP };

	for (int i = 0; i < DRAINERS; i++)
		if (!atomic_load(&h->closing[i % PORTS]))
			ASSERT_OK(zx_port_queue(h->port[i % PORTS], &stop));
	for (int i = 0; i < DRAINERS; i++)
		thread_join(h->drainers[i].thread);
}

static void hub_close(struct hub *h)
{
	zx_port_packet_t packet;

	for (int i = 0; i < PORTS; i++) {
		if (atomic_load(&h->closing[i]))
			continue;
		EXPECT_STATUS(ZX_ERR_TIMED_OUT,
			      zx_port_wait(h->port[i], 0, &packet));
		EXPECT_OK(zx_handle_close(h->port[i]));
	}
	zxtest_count("bell packets", atomic_load(&h->taken));
}

/* Of a vCPU's numbers at a bell, the first so many were seen. */
static unsigned int numbers_seen(struct hub *h, int trap, int vcpu)
{
	unsigned int n = 0, all = 0;

	while (n < BELLS_NUMBERS && h->seen[trap][vcpu][n])
		n++;
	for (int i = 0; i < BELLS_NUMBERS; i++)
		all += h->seen[trap][vcpu][i];
	/* None is missing among them. */
	EXPECT_EQ(n, all);
	return n;
}

/* ---- who rings --------------------------------------------------------- */

/**
 * struct crew - a guest whose vCPUs ring
 * @vm: it
 * @runners: its vCPUs
 * @count: how many
 * @first: the first one's number among those of all guests
 * @rounds: how often each rings each bell
 * @stop: the vCPUs are kicked, and leave
 */
struct crew {
	struct vm vm;
	struct runner runners[VCPUS];
	unsigned int count, first, rounds;
	atomic_bool stop;
};

static void crew_create(struct crew *c, struct hub *h, unsigned int first,
			unsigned int count, unsigned int rounds)
{
	memset(c, 0, sizeof(*c));
	c->first = first;
	c->count = count;
	c->rounds = rounds;
	vm_create(&c->vm);
	VM_LOAD(&c->vm, GUEST_CODE, ring_bsp);
	VM_LOAD(&c->vm, GUEST_AP_CODE, ring_ap);
	keep_tables(&c->vm);
	for (unsigned int i = 0; i < count; i++)
		h->first[first + i] = first;
	for (uint64_t i = 0; i < TRAPS; i++)
		ASSERT_OK(zx_guest_set_trap(c->vm.guest, ZX_GUEST_TRAP_BELL,
					    BELLS + (i << BELLS_SHIFT),
					    1ull << BELLS_SHIFT,
					    h->port[i % PORTS],
					    key_of(i, first)));
}

/* They begin with different bells, so that they do not go in step. */
static void ring_all(struct runner *r, zx_vcpu_state_t *state)
{
	struct crew *c = r->ctx;

	state->r8 = c->rounds;
	state->r9 = TRAPS;
	state->r10 = BELLS + (c->first + r->id) * BELLS_PART;
	state->r11 = (c->first + r->id) * TRAPS / VCPUS;
}

/* Until the guest is done, or the vCPU was kicked; each BAD_STATE is a fault. */
static void run_ringer(struct runner *r)
{
	struct crew *c = r->ctx;
	zx_port_packet_t packet;
	zx_status_t status;

	while ((status = zx_vcpu_enter(r->vcpu, &packet)) == ZX_ERR_BAD_STATE)
		r->faults++;
	if (status == ZX_ERR_CANCELED) {
		EXPECT_TRUE(atomic_load(&c->stop));
		return;
	}
	ASSERT_OK(status);
	ASSERT_EQ(ZX_PKT_TYPE_GUEST_IO, packet.type);
	ASSERT_EQ((uint32_t)REPORT_DONE, packet.guest_io.u32);
}

static void crew_start(struct crew *c)
{
	start_runners(c->runners, c->count, &(struct runner){
		.vm = &c->vm, .ctx = c, .set_up = ring_all, .run = run_ringer,
	});
}

/*
 * All have rung: how often their port was closed. The guest stays, and so do the
 * packets that nobody has taken yet.
 */
static uint64_t crew_finish(struct crew *c)
{
	uint64_t faults = 0;

	join_runners(c->runners, c->count);
	expect_tables(&c->vm);
	for (unsigned int i = 0; i < c->count; i++) {
		EXPECT_EQ((uint64_t)c->rounds * TRAPS, c->vm.mail->value[i]);
		faults += c->runners[i].faults;
	}
	return faults;
}

static struct crew crew, other;

TEST_TIMEOUT(four_vcpus_ring_64_bells_and_no_packet_is_lost, 1200)
{
	unsigned int rounds = scaled(3907, 100);

	hub_open(&hub);
	crew_create(&crew, &hub, 0, VCPUS, rounds);
	hub_drain(&hub);
	crew_start(&crew);
	EXPECT_EQ(0ull, crew_finish(&crew));
	hub_stop(&hub);
	vm_destroy(&crew.vm);
	for (int t = 0; t < TRAPS; t++)
		for (int v = 0; v < VCPUS; v++)
			EXPECT_EQ(rounds, numbers_seen(&hub, t, v));
	EXPECT_EQ(TRAPS * VCPUS * rounds, atomic_load(&hub.taken));
	hub_close(&hub);
}

/* ---- no packet left, and slot surgery ---------------------------------- */

#define RINGERS		2		/* the others toil */

/* Each ringer has a bell to itself. */
static void ring_one(struct runner *r, zx_vcpu_state_t *state)
{
	ring_all(r, state);
	state->r9 = r->id < RINGERS;
	state->r11 = r->id;
}

static void expect_waiting(struct crew *c)
{
	for (int i = 0; i < RINGERS; i++) {
		ASSERT_TRUE(wait_until(LIMIT, c->vm.mail->value[i] == POOL &&
				       zxtest_thread_in_ioctl(c->runners[i].tid)));
	}
}

static void expect_toil(struct crew *c)
{
	for (int i = RINGERS; i < VCPUS; i++) {
		uint64_t before = c->vm.mail->value[i];

		ASSERT_TRUE(wait_until(LIMIT, c->vm.mail->value[i] > before));
	}
}

/* A trap where RAM is, and a window beside it; the first trap is a bell. */
static void operate(struct crew *c, struct hub *h, unsigned int i)
{
	uint64_t hole = BELLS_HOLE + i * 2 * PAGE;

	if (i % 2)
		ASSERT_OK(zx_guest_set_trap(c->vm.guest, ZX_GUEST_TRAP_MEM,
					    hole, PAGE, 0, i));
	else
		ASSERT_OK(zx_guest_set_trap(c->vm.guest, ZX_GUEST_TRAP_BELL,
					    hole, PAGE, h->port[2], KEY_MEM));
	map_in(c->vm.vmar, R, FAR + i * FAR, c->vm.vmo, PAGE);
}

/* Packets FROM to UNTIL of both ringers, in order. */
static void take_in_order(struct hub *h, unsigned int from, unsigned int until)
{
	zx_port_packet_t packet;

	for (unsigned int n = from; n < until; n++) {
		for (int i = 0; i < RINGERS; i++) {
			ASSERT_OK(zx_port_wait(h->port[i], ZX_TIME_INFINITE,
					       &packet));
			EXPECT_EQ(key_of(i, 0), packet.key);
			ASSERT_EQ(BELLS + ((uint64_t)i << BELLS_SHIFT) +
				  i * BELLS_PART + n * 4,
				  packet.guest_bell.addr);
		}
	}
}

/* The toilers' last writes, in whatever order. */
static void take_from_ram(struct hub *h)
{
	zx_port_packet_t packet;
	unsigned int who = 0;

	for (int i = RINGERS; i < VCPUS; i++) {
		ASSERT_OK(zx_port_wait(h->port[2], 0, &packet));
		EXPECT_EQ(KEY_MEM, packet.key);
		who |= 1u << (packet.guest_bell.addr - BELLS_HOLE) / 4;
	}
	EXPECT_EQ((1u << VCPUS) - (1u << RINGERS), who);
}

/*
 * Traps are set where RAM is, while two vCPUs wait for packets and two run: the
 * latter make room, and nobody waits for the former.
 */
TEST_TIMEOUT(traps_are_set_while_vcpus_wait_for_packets, 300)
{
	struct runner like = { .vm = &crew.vm, .ctx = &crew, .set_up = ring_one };
	unsigned int operations = scaled(100, 8), i = 0;

	hub_open(&hub);
	crew_create(&crew, &hub, 0, VCPUS, 3 * POOL);
	like.run = run_ringer;
	start_runners(crew.runners, VCPUS, &like);
	for (; i < operations / 2; i++) {
		expect_waiting(&crew);
		expect_toil(&crew);
		operate(&crew, &hub, i);
	}
	expect_waiting(&crew);
	/* Now they do not know whether there will be a packet for the next. */
	for (unsigned int left = operations - i; i < operations; i++) {
		unsigned int n = i - operations / 2;

		take_in_order(&hub, 3 * POOL * n / left,
			      3 * POOL * (n + 1) / left);
		operate(&crew, &hub, i);
	}
	expect_toil(&crew);
	crew.vm.mail->go = 1;
	join_runners(crew.runners, VCPUS);
	expect_tables(&crew.vm);
	take_from_ram(&hub);
	vm_destroy(&crew.vm);
	hub_close(&hub);
}

/* ---- ports that close -------------------------------------------------- */

/* Some moment in the middle. */
static void wait_for_packets(struct hub *h, unsigned int many)
{
	ASSERT_TRUE(wait_until(LIMIT, atomic_load(&h->taken) >= many));
}

static void close_port(struct hub *h, int port)
{
	atomic_store(&h->closing[port], true);
	ASSERT_OK(zx_handle_close(h->port[port]));
}

/*
 * Of a closed port's bells the first packets came out, and no other; the others'
 * came out all.
 */
static void expect_up_to_the_close(struct hub *h, unsigned int rounds)
{
	for (int t = 0; t < TRAPS; t++) {
		for (int v = 0; v < VCPUS; v++) {
			unsigned int n = numbers_seen(h, t, v);

			if (!h->closing[t % PORTS])
				EXPECT_EQ(rounds, n);
		}
	}
}

TEST_TIMEOUT(ports_close_while_bells_ring, 900)
{
	const unsigned int rounds = 40, all = TRAPS * VCPUS * rounds;
	uint64_t faults = 0;

	zxtest_hurry_rcu();
	for (unsigned int i = 0; i < scaled(50, 3); i++) {
		uint64_t more;

		zxtest_row("round %u", i);
		hub_open(&hub);
		crew_create(&crew, &hub, 0, VCPUS, rounds);
		hub_drain(&hub);
		crew_start(&crew);
		wait_for_packets(&hub, all / 64 * (i * 11 % 32));
		close_port(&hub, i % PORTS);
		wait_for_packets(&hub, all / 64 * 36);
		close_port(&hub, (i + 1) % PORTS);
		more = crew_finish(&crew);
		hub_stop(&hub);
		vm_destroy(&crew.vm);
		expect_up_to_the_close(&hub, rounds);
		/* No ring is both; some packets were dropped. */
		EXPECT_LE(atomic_load(&hub.taken) + more, all);
		faults += more;
		hub_close(&hub);
		EXPECT_TRUE(wait_until(LIMIT, !zxtest_objects_of("port")));
	}
	EXPECT_LT(0, faults);
	TH_LOG("%llu rings at closed ports", (unsigned long long)faults);
}

/* ---- guests that go ---------------------------------------------------- */

#define USERS	8			/* packets of users at each port */

/* The guest goes with its last vCPU; from then on none of its packets comes. */
static void crew_destroy(struct crew *c, struct hub *h)
{
	ASSERT_OK(zx_handle_close(c->vm.guest));
	c->vm.guest = ZX_HANDLE_INVALID;
	atomic_store(&c->stop, true);
	for (unsigned int i = 0; i < c->count; i++)
		ASSERT_OK(zx_vcpu_kick(c->runners[i].vcpu));
	join_runners(c->runners, c->count);
	ASSERT_TRUE(wait_until(LIMIT, zxtest_objects_of("guest") == 1));
	for (unsigned int i = 0; i < c->count; i++) {
		atomic_store(&h->gone[c->first + i], true);
		EXPECT_EQ(0ull, c->runners[i].faults);
	}
	vm_destroy(&c->vm);
}

static void queue_users(struct hub *h)
{
	zx_port_packet_t user = { .key = KEY_USER };

	for (int i = 0; i < USERS * PORTS; i++)
		ASSERT_OK(zx_port_queue(h->port[i % PORTS], &user));
}

static void expect_the_others(struct hub *h, unsigned int rounds)
{
	for (int t = 0; t < TRAPS; t++) {
		for (int v = 0; v < VCPUS; v++) {
			unsigned int n = numbers_seen(h, t, v);

			if (v >= VCPUS / 2)
				EXPECT_EQ(rounds, n);
		}
	}
	EXPECT_EQ(USERS * PORTS, atomic_load(&h->users));
}

/* Another guest rings the same ports, and users queue there: they lose nothing. */
TEST_TIMEOUT(guests_are_destroyed_while_bells_ring, 900)
{
	const unsigned int rounds = 40, all = TRAPS * VCPUS * rounds;

	if (zxtest_objects_of("guest") < 0)
		SKIP("no debugfs");
	zxtest_hurry_rcu();
	for (unsigned int i = 0; i < scaled(50, 3); i++) {
		zxtest_row("round %u", i);
		hub_open(&hub);
		crew_create(&crew, &hub, 0, VCPUS / 2, BELLS_NUMBERS);
		crew_create(&other, &hub, VCPUS / 2, VCPUS / 2, rounds);
		hub_drain(&hub);
		crew_start(&crew);
		crew_start(&other);
		wait_for_packets(&hub, all / 64 * (i * 11 % 32));
		queue_users(&hub);
		crew_destroy(&crew, &hub);
		EXPECT_EQ(0ull, crew_finish(&other));
		hub_stop(&hub);
		vm_destroy(&other.vm);
		expect_the_others(&hub, rounds);
		hub_close(&hub);
	}
}

/* ---- processes that are killed ----------------------------------------- */

/* Of a VMM in a process of its own, and the test that kills it. */
struct shared {
	atomic_uint operations, packets;
};

static struct shared *shared;

/* Takes now here, now there, so that vCPUs find packets, and find none. */
static void *drain_slowly(void *arg)
{
	struct drainer *d = arg;
	zx_port_packet_t packet;

	for (unsigned int i = 0;; i++) {
		unsigned int port = (d->port + i / 64) % PORTS;

		if (zx_port_wait(d->hub->port[port], 0, &packet) == ZX_OK)
			atomic_fetch_add(&shared->packets, 1);
	}
	return NULL;
}

static void vmm(void)
{
	hub_open(&hub);
	crew_create(&crew, &hub, 0, VCPUS, ~0u);
	for (int i = 0; i < 2; i++) {
		struct drainer *d = &hub.drainers[i];

		d->hub = &hub;
		d->port = i * 2;
		thread_start(&d->thread, drain_slowly, d);
	}
	crew_start(&crew);
	for (unsigned int i = 0; i < TRAPS * 2; i++) {
		operate(&crew, &hub, i);
		atomic_fetch_add(&shared->operations, 1);
	}
	for (;;)
		pause();
}

static void kill_vmm(unsigned int operations, unsigned int packets)
{
	pid_t pid;
	int status;

	atomic_store(&shared->operations, 0);
	atomic_store(&shared->packets, 0);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		vmm();
		_exit(KSFT_FAIL);
	}
	ASSERT_TRUE(wait_until(LIMIT,
			       atomic_load(&shared->packets) >= packets &&
			       atomic_load(&shared->operations) >= operations));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST_TIMEOUT(killed_while_vcpus_ring_and_wait_and_traps_are_set, 900)
{
	unsigned int rounds = scaled(150, 5);
	struct zxtest_objects before;

	if (!zxtest_objects_read(&before))
		SKIP("no debugfs");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(shared != MAP_FAILED);
	zxtest_hurry_rcu();
	for (unsigned int i = 0; i < rounds; i++) {
		unsigned int operations = i * 37 % 30, packets = i * 911 % 5000;

		zxtest_row("after %u operations, %u packets", operations,
			   packets);
		kill_vmm(operations, packets);
		ASSERT_TRUE(zxtest_objects_settle(&before, LIMIT));
	}
	zxtest_count("kills", rounds);
}

TEST_HARNESS_MAIN
