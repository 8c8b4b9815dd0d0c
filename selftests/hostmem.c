// SPDX-License-Identifier: MIT
/*
 * A guest's memory is Linux memory: what madvise(), mbind() and the like do to
 * its windows, and to the process's own mappings, is done, and no byte is lost.
 * A process that takes its windows away harms nobody else.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/mempolicy.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

#include "guest/vm.h"
#include "calls.h"
#include "race.h"
#include "spaces.h"
#include "system.h"
#include "zxtest.h"

GUEST_BLOB(poke);
GUEST_BLOB(sweep);

#define MIB	(1ull << 20)
#define GIB	(1ull << 30)
#define SIZE	(6 * MIB)	/* no other mapping here is as long */
#define PAGES	(SIZE / PAGE)
#define SWAP	(32 * MIB)

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

/* ---- a guest with memory that the process sees twice ---------------------- */

/**
 * struct shared_mem - memory of a guest
 * @vm: the guest, which runs sweep
 * @vmo: its memory from GIB on
 * @map: where the process mapped @vmo, if it did
 * @window: where the guest's own mapping is in this process
 */
struct shared_mem {
	struct vm vm;
	zx_handle_t vmo;
	uint8_t *map;
	uint8_t *window;
};

/* The mapping of a VMO that is SIZE long, and not the one that is known. */
static uint8_t *find_window(const uint8_t *known)
{
	FILE *f = fopen("/proc/self/maps", "re");
	unsigned long start, end;
	uint8_t *found = NULL;
	char line[512];

	ASSERT_TRUE(f);
	while (fgets(line, sizeof(line), f))
		if (strstr(line, "zx_hyp-vmo") &&
		    sscanf(line, "%lx-%lx", &start, &end) == 2 &&
		    end - start == SIZE && (uint8_t *)start != known)
			found = (uint8_t *)start;
	fclose(f);
	ASSERT_TRUE(found);
	return found;
}

static void make_mem(struct shared_mem *m)
{
	ASSERT_OK(zx_vmo_create(SIZE, 0, &m->vmo));
	map_in(m->vm.vmar, R | W, GIB, m->vmo, SIZE);
	m->window = find_window(m->map);
}

static void mem_start(struct shared_mem *m)
{
	memset(m, 0, sizeof(*m));
	vm_start(&m->vm, sweep);
	make_mem(m);
}

/* Before the guest has touched anything. */
static void mem_map(struct shared_mem *m)
{
	m->map = map_self(m->vmo, SIZE);
}

static void mem_end(struct shared_mem *m)
{
	if (m->map)
		EXPECT_OK(zx_vmar_unmap(zx_vmar_root_self(), (uintptr_t)m->map,
					SIZE));
	EXPECT_OK(zx_handle_close(m->vmo));
	vm_destroy(&m->vm);
}

/* The guest writes to each page its address plus a number. */
static void fill(struct shared_mem *m, uint64_t salt)
{
	zx_vcpu_state_t state;

	vcpu_read(m->vm.vcpu, &state);
	state.rbx = GIB;
	state.rdx = GIB + SIZE;
	state.rsi = salt;
	vcpu_write(m->vm.vcpu, &state);
	vm_expect_report(&m->vm, 1);
}

/* In how many pages the guest does not find that again. */
static uint64_t guest_misses(struct shared_mem *m)
{
	vm_expect_report(&m->vm, 2);
	return m->vm.mail->value[0];
}

/* In how many pages the host does not, by a handle or by a mapping. */
static uint64_t host_misses(struct shared_mem *m, uint64_t salt)
{
	uint64_t misses = 0;

	for (uint64_t at = 0; at < SIZE; at += PAGE) {
		misses += vmo_word(m->vmo, at) != GIB + at + salt;
		if (m->map)
			misses += *(volatile uint64_t *)(m->map + at) !=
				  GIB + at + salt;
	}
	return misses;
}

/* ---- advice --------------------------------------------------------------- */

/* What must not change a byte, and where it may be refused. */
static const struct advice {
	const char *name;
	int advice;
	bool refusable;
} advices[] = {
	{ "NORMAL", MADV_NORMAL },
	{ "RANDOM", MADV_RANDOM },
	{ "SEQUENTIAL", MADV_SEQUENTIAL },
	{ "WILLNEED", MADV_WILLNEED },
	{ "DONTNEED", MADV_DONTNEED },
	{ "COLD", MADV_COLD },
	{ "PAGEOUT", MADV_PAGEOUT },
	{ "HUGEPAGE", MADV_HUGEPAGE },
	{ "COLLAPSE", MADV_COLLAPSE, true },
	{ "NOHUGEPAGE", MADV_NOHUGEPAGE },
	{ "POPULATE_READ", MADV_POPULATE_READ },
	{ "POPULATE_WRITE", MADV_POPULATE_WRITE },
	{ "FREE", MADV_FREE, true },
	{ "MERGEABLE", MADV_MERGEABLE, true },
	{ "DONTFORK", MADV_DONTFORK },
	{ "DONTDUMP", MADV_DONTDUMP },
};

static void advise(uint8_t *at, const struct advice *a)
{
	int r = madvise(at, SIZE, a->advice);

	if (!a->refusable && r) {
		TH_LOG("%s: %s", a->name, strerror(errno));
		zxtest_fail();
	}
}

TEST_TIMEOUT(advice_changes_no_byte, 300)
{
	struct shared_mem m;
	uint64_t salt = 1;

	swap_on(SWAP);
	mem_start(&m);
	mem_map(&m);
	for (size_t i = 0; i < 2 * ARRAY_SIZE(advices); i++, salt++) {
		const struct advice *a = &advices[i / 2];

		zxtest_row("%s, %s", a->name, i % 2 ? "window" : "mapping");
		fill(&m, salt);
		advise(i % 2 ? m.window : m.map, a);
		EXPECT_EQ(0ull, guest_misses(&m));
		EXPECT_EQ(0ull, host_misses(&m, salt));
	}
	zxtest_row_end();
	mem_end(&m);
	swap_off();
}

static uint64_t resident(uint8_t *at)
{
	static unsigned char in[PAGES];
	uint64_t n = 0;

	ASSERT_EQ(0, mincore(at, SIZE, in));
	for (size_t i = 0; i < PAGES; i++)
		n += in[i] & 1;
	return n;
}

/* Pages that may be on their way to a list when they are asked to go. */
#define STRAGGLERS	64

/* What the guest used a moment ago stays the first time that Linux looks. */
static bool page_out(uint8_t *at)
{
	ASSERT_EQ(0, madvise(at, SIZE, MADV_PAGEOUT));
	return resident(at) <= STRAGGLERS;
}

TEST_TIMEOUT(what_is_paged_out_comes_back, 120)
{
	struct shared_mem m;

	swap_on(SWAP);
	mem_start(&m);
	for (uint64_t salt = 1; salt < 3; salt++) {
		zxtest_row("%s looks", salt == 1 ? "guest" : "host");
		fill(&m, salt);
		EXPECT_EQ(PAGES, resident(m.window));
		EXPECT_TRUE(wait_until(30, page_out(m.window)));
		EXPECT_LE((long long)(PAGES - STRAGGLERS) * 4, swap_used());
		EXPECT_EQ(SIZE, committed_bytes(m.vmo));
		if (salt == 2)
			EXPECT_EQ(0ull, host_misses(&m, salt));
		EXPECT_EQ(0ull, guest_misses(&m));
		EXPECT_EQ(0ull, host_misses(&m, salt));
	}
	zxtest_row_end();
	mem_end(&m);
	swap_off();
}

/* As zx_vmo_op_range(DECOMMIT) would. */
TEST(what_is_removed_is_zero_for_the_guest)
{
	struct shared_mem m;

	mem_start(&m);
	mem_map(&m);
	fill(&m, 1);
	ASSERT_EQ(0, madvise(m.map + 8 * PAGE, 3 * PAGE, MADV_REMOVE));
	ASSERT_EQ(0, madvise(m.window + 64 * PAGE, 4 * PAGE, MADV_REMOVE));
	EXPECT_EQ(SIZE - 7 * PAGE, committed_bytes(m.vmo));
	EXPECT_EQ(7ull, guest_misses(&m));
	EXPECT_EQ(0ull, vmo_word(m.vmo, 10 * PAGE));
	EXPECT_EQ(0ull, vmo_word(m.vmo, 67 * PAGE));
	EXPECT_EQ(GIB + 68 * PAGE + 1, vmo_word(m.vmo, 68 * PAGE));
	mem_end(&m);
}

/* ---- huge pages ----------------------------------------------------------- */

#define SHMEM_ENABLED	"/sys/kernel/mm/transparent_hugepage/shmem_enabled"
#define PAGES_2M	"/sys/kernel/debug/kvm/pages_2m"

/* The guest's huge mappings, with a system's setting and a window's advice. */
static long long huge_mappings(const char *enabled, int advice)
{
	struct shared_mem m;
	long long before, n;

	/* Its code, tables and mail are in small pages already. */
	mem_start(&m);
	ASSERT_TRUE(write_text(SHMEM_ENABLED, enabled));
	before = number_in(PAGES_2M, "");
	ASSERT_EQ(0, madvise(m.window, SIZE, advice));
	fill(&m, 1);
	n = number_in(PAGES_2M, "") - before;
	EXPECT_EQ(0ull, guest_misses(&m));
	ASSERT_TRUE(write_text(SHMEM_ENABLED, "never"));
	mem_end(&m);
	return n;
}

TEST(a_window_takes_advice_on_huge_pages)
{
	(void)mount("none", "/sys/kernel/debug", "debugfs", 0, NULL);
	if (number_in(PAGES_2M, "") < 0)
		SKIP("KVM does not show how large its mappings are");
	if (!write_text(SHMEM_ENABLED, "never"))
		SKIP("no huge pages for shared memory here");
	EXPECT_EQ(3ll, huge_mappings("advise", MADV_HUGEPAGE));
	EXPECT_EQ(0ll, huge_mappings("advise", MADV_NORMAL));
	EXPECT_EQ(3ll, huge_mappings("always", MADV_NORMAL));
	EXPECT_EQ(0ll, huge_mappings("always", MADV_NOHUGEPAGE));
}

/* ---- nodes ----------------------------------------------------------------- */

static long bind_to(uint8_t *at, unsigned int node, unsigned int flags)
{
	unsigned long mask = 1ul << node;

	return syscall(SYS_mbind, at, SIZE, MPOL_BIND, &mask, 8 * sizeof(mask),
		       flags);
}

/* The number of nodes, as far as the test cares. */
static unsigned int nodes(void)
{
	return access("/sys/devices/system/node/node1", F_OK) ? 1 : 2;
}

static void expect_policy(uint8_t *at, unsigned int node)
{
	unsigned long mask = 0;
	int mode = -1;

	ASSERT_EQ(0, syscall(SYS_get_mempolicy, &mode, &mask, 8 * sizeof(mask),
			     at + SIZE / 2, MPOL_F_ADDR));
	EXPECT_EQ(MPOL_BIND, mode);
	EXPECT_EQ(1ul << node, mask);
}

/* Every page of the guest's mapping is on the node. */
static void expect_node(uint8_t *window, int node)
{
	static void *page[PAGES];
	static int at[PAGES];

	for (size_t i = 0; i < PAGES; i++)
		page[i] = window + i * PAGE;
	ASSERT_EQ(0, syscall(SYS_move_pages, 0, PAGES, page, NULL, at, 0));
	for (size_t i = 0; i < PAGES; i++)
		ASSERT_EQ(node, at[i]);
}

/* Where it is set does not matter, and pages that are there can move. */
TEST(a_policy_says_where_a_guests_pages_are)
{
	unsigned int last = nodes() - 1;
	struct shared_mem m;

	for (int by_window = 0; by_window < 2; by_window++) {
		zxtest_row("%s", by_window ? "window" : "mapping");
		mem_start(&m);
		mem_map(&m);
		if (bind_to(by_window ? m.window : m.map, last, 0) &&
		    errno == ENOSYS)
			SKIP("this kernel knows no nodes");
		expect_policy(m.window, last);
		expect_policy(m.map, last);
		fill(&m, 1);
		expect_node(m.window, last);
		EXPECT_EQ(0l, bind_to(m.window, 0, MPOL_MF_MOVE));
		expect_policy(m.map, 0);
		expect_node(m.window, 0);
		EXPECT_EQ(0ull, guest_misses(&m));
		EXPECT_EQ(0ull, host_misses(&m, 1));
		mem_end(&m);
	}
	zxtest_row_end();
	TH_LOG("%u nodes", last + 1);
}

/* ---- while the guest runs -------------------------------------------------- */

struct sweeper {
	struct shared_mem mem;
	atomic_ulong sweeps, misses;
	atomic_bool stop;
};

static void *sweep_on(void *arg)
{
	struct sweeper *s = arg;
	uint64_t salt = 0;

	vm_vcpu(&s->mem.vm);
	while (!atomic_load(&s->stop)) {
		fill(&s->mem, ++salt);
		atomic_fetch_add(&s->misses, guest_misses(&s->mem));
		atomic_fetch_add(&s->sweeps, 1);
	}
	EXPECT_OK(zx_handle_close(s->mem.vm.vcpu));
	return NULL;
}

/*
 * All advice, and, where there are two nodes, to the other one. Yields how much
 * was seen to be swapped out.
 */
static long long pester(struct shared_mem *m, unsigned int round)
{
	long long swapped = 0;

	for (size_t i = 0; i < ARRAY_SIZE(advices); i++) {
		advise(m->window, &advices[i]);
		if (advices[i].advice == MADV_PAGEOUT)
			swapped = swap_used();
	}
	if (nodes() > 1)
		(void)bind_to(m->window, round % 2, MPOL_MF_MOVE);
	return swapped;
}

TEST_TIMEOUT(advice_under_a_running_guest_changes_no_byte, 900)
{
	unsigned int least = scaled(200, 10), round;
	static struct sweeper s;
	long long swapped = 0;
	pthread_t thread;

	swap_on(SWAP);
	vm_create(&s.mem.vm);
	VM_LOAD(&s.mem.vm, GUEST_CODE, sweep);
	make_mem(&s.mem);
	thread_start(&thread, sweep_on, &s);
	/* What the guest has just used stays; sooner or later something goes. */
	for (round = 0; round < least || atomic_load(&s.sweeps) < 3 || !swapped; round++)
		swapped += pester(&s.mem, round);
	atomic_store(&s.stop, true);
	thread_join(thread);
	EXPECT_EQ(0ul, atomic_load(&s.misses));
	zxtest_count("advices", round * ARRAY_SIZE(advices));
	s.mem.vm.vcpu = ZX_HANDLE_INVALID;
	mem_end(&s.mem);
	swap_off();
}

/* ---- windows that are taken away ------------------------------------------- */

/* A guest of another process, which works whatever we do. */
static void look_after_guest(int sock)
{
	struct shared_mem m;

	mem_start(&m);
	for (uint64_t salt = 1; salt < 3; salt++) {
		fill(&m, salt);
		EXPECT_EQ(0ull, guest_misses(&m));
		peer_say(sock, 'g');
		peer_expect(sock, 'g');
	}
	EXPECT_EQ(0ull, host_misses(&m, 2));
	mem_end(&m);
}

static bool unmap_window(uint8_t *at)
{
	return !munmap(at, SIZE);
}

static bool forbid_window(uint8_t *at)
{
	return !mprotect(at, SIZE, PROT_NONE);
}

static bool forbid_writes(uint8_t *at)
{
	return !mprotect(at, SIZE, PROT_READ);
}

static bool move_window(uint8_t *at)
{
	uint8_t *to = mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);

	return to != MAP_FAILED &&
	       mremap(at, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to &&
	       !munmap(to, SIZE);
}

static bool cover_window(uint8_t *at)
{
	return mmap(at, SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at;
}

static const struct {
	const char *name;
	bool (*take)(uint8_t *at);
	zx_status_t status;		/* of enter, as the guest writes there */
} takings[] = {
	{ "munmap", unmap_window, ZX_ERR_NO_MEMORY },
	{ "mprotect none", forbid_window, ZX_ERR_NO_MEMORY },
	{ "mprotect read", forbid_writes, ZX_ERR_NO_MEMORY },
	{ "mremap", move_window, ZX_ERR_NO_MEMORY },
	/* Memory of the process's own: it gave that to its guest. */
	{ "mmap", cover_window, ZX_OK },
};

/* Aims the guest at the memory; it writes there whenever it is entered. */
static void aim_poke(struct vm *vm, uint64_t value)
{
	zx_vcpu_state_t state;

	vcpu_read(vm->vcpu, &state);
	state.rbx = GIB + PAGE;
	state.rdx = value;
	vcpu_write(vm->vcpu, &state);
}

static void take_window(struct shared_mem *m, size_t i)
{
	memset(m, 0, sizeof(*m));
	vm_start(&m->vm, poke);
	make_mem(m);
	aim_poke(&m->vm, 1);
	vm_expect_report(&m->vm, 1);
	ASSERT_TRUE(takings[i].take(m->window));
	aim_poke(&m->vm, 2);
	if (takings[i].status)
		vm_expect_status(&m->vm, takings[i].status);
	else
		vm_expect_report(&m->vm, 1);
	EXPECT_EQ(1ull, vmo_word(m->vmo, PAGE));
	/* A mapping that is made anew is there. */
	map_in(m->vm.vmar, R | W | OVERWRITE, GIB, m->vmo, SIZE);
	aim_poke(&m->vm, 3);
	vm_expect_report(&m->vm, 1);
	EXPECT_EQ(3ull, vmo_word(m->vmo, PAGE));
	mem_end(m);
}

TEST_TIMEOUT(a_window_that_was_taken_away_is_missed_by_its_guest_alone, 120)
{
	struct shared_mem m, other;
	struct peer peer;

	peer_start(&peer, look_after_guest);
	peer_expect(peer.sock, 'g');
	for (size_t i = 0; i < ARRAY_SIZE(takings); i++) {
		zxtest_row("%s", takings[i].name);
		take_window(&m, i);
	}
	zxtest_row_end();
	/* A guest that comes after it has what it maps. */
	mem_start(&other);
	fill(&other, 1);
	EXPECT_EQ(0ull, guest_misses(&other));
	mem_end(&other);
	peer_say(peer.sock, 'g');
	peer_expect(peer.sock, 'g');
	peer_say(peer.sock, 'g');
	peer_end(&peer);
}

/* Whatever of this process's mappings has to do with the device. */
static void unmap_all(void)
{
	FILE *f = fopen("/proc/self/maps", "re");
	unsigned long start[64], end[64];
	char line[512];
	int n = 0;

	ASSERT_TRUE(f);
	while (n < 64 && fgets(line, sizeof(line), f))
		if (strstr(line, "zx_hyp") &&
		    sscanf(line, "%lx-%lx", &start[n], &end[n]) == 2)
			n++;
	fclose(f);
	EXPECT_LT(2, n);
	while (n--)
		ASSERT_EQ(0, munmap((void *)start[n], end[n] - start[n]));
}

/* Memory, code, reservation, and what the vCPU shares with the library. */
TEST(a_process_that_unmaps_everything_can_close_its_guest)
{
	struct shared_mem m, other;
	zx_port_packet_t packet;
	zx_vaddr_t addr;

	memset(&m, 0, sizeof(m));
	vm_create(&m.vm);
	VM_LOAD(&m.vm, GUEST_CODE, sweep);
	make_mem(&m);
	unmap_all();
	vm_vcpu(&m.vm);
	EXPECT_STATUS(ZX_ERR_NO_MEMORY, vm_enter(&m.vm, &packet));
	EXPECT_OK(zx_vmar_protect(m.vm.vmar, R, GIB, PAGE));
	EXPECT_OK(zx_vmar_unmap(m.vm.vmar, GIB, PAGE));
	EXPECT_OK(zx_vmar_map(m.vm.vmar, R | SPECIFIC, GIB, m.vmo, 0, PAGE,
			      &addr));
	EXPECT_OK(zx_guest_set_trap(m.vm.guest, ZX_GUEST_TRAP_MEM, GUEST_MMIO,
				    PAGE, 0, KEY_MEM));
	/* A thread has one vCPU. */
	EXPECT_OK(zx_handle_close(m.vm.vcpu));
	m.vm.vcpu = ZX_HANDLE_INVALID;
	mem_start(&other);
	fill(&other, 1);
	EXPECT_EQ(0ull, guest_misses(&other));
	mem_end(&other);
	mem_end(&m);
}

TEST_HARNESS_MAIN
