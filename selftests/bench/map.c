// SPDX-License-Identifier: MIT
/*
 * 2 MiB of shared memory come to a guest, are touched by it, and go again.
 *
 * Its pages are there already, and differ from round to round, so that what the
 * guest reports tells that it saw them. Nothing else is in its gigabyte.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include <zircon/process.h>
#include <zx_hyp/zx_hyp.h>

#include "bench/bench.h"
#include "guest/vm.h"
#include "zxtest.h"

GUEST_BLOB(bench_touch);

#define PAGE		4096ull
#define LENGTH		(2ull << 20)
#define WINDOW		(1ull << 30)
#define GPA		(1ull << 30)
#define OWN		0x80000		/* the guest's own pages */
#define SLOT		1
#define FAR		(1ull << 47)	/* where no guest can reach */
#define FAR_BITS	47

/* The memory that comes and goes, as the host sees it. */
struct memory {
	uint8_t *host;
	uint32_t sum;		/* of the first words that the guest adds up */
};

struct map_bare {
	struct bare bare;
	struct memory memory;
	int fd;
	uint8_t *window;	/* reserved addresses */
};

struct map_zx {
	struct vm vm;
	struct memory memory;
	zx_handle_t vmo;
	uint64_t gpa;
};

/* Each page begins with a number; the first page's is the round's. */
static void memory_fill(struct memory *memory, uint32_t pages)
{
	for (uint32_t i = 0; i < LENGTH / PAGE; i++)
		*(volatile uint32_t *)(memory->host + i * PAGE) = i;
	memory->sum = pages * (pages - 1) / 2;
}

/* Return: what the guest is going to report. */
static uint32_t memory_touch(struct memory *memory, uint32_t round)
{
	*(volatile uint32_t *)memory->host = round;
	return memory->sum + round;
}

/* ---- huge pages ----------------------------------------------------------- */

#define SHMEM_ENABLED	"/sys/kernel/mm/transparent_hugepage/shmem_enabled"
#define DEBUGFS		"/sys/kernel/debug"
#define PAGES_2M	DEBUGFS "/kvm/pages_2m"

static bool shmem_enabled(const char *text)
{
	FILE *f = fopen(SHMEM_ENABLED, "we");
	bool good;

	if (!f)
		return false;
	good = fputs(text, f) >= 0;
	return !fclose(f) && good;
}

/* Huge pages that guests have at the moment, or -1. */
static int huge_pages(void)
{
	FILE *f = fopen(PAGES_2M, "re");
	int n = -1;

	if (!f)
		return -1;
	if (fscanf(f, "%d", &n) != 1)
		n = -1;
	fclose(f);
	return n;
}

void map_huge_begin(void)
{
	(void)mount("none", DEBUGFS, "debugfs", 0, NULL);
	if (huge_pages() < 0)
		SKIP("KVM does not show how large its mappings are");
	if (!shmem_enabled("always"))
		SKIP("no huge pages for shared memory here");
}

void map_huge_end(void)
{
	EXPECT_TRUE(shmem_enabled("never"));
}

/* ---- bare KVM ------------------------------------------------------------ */

static uint8_t *reserve(uint64_t size)
{
	uintptr_t at;
	void *p;

	p = mmap(NULL, size + LENGTH, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ASSERT_TRUE(p != MAP_FAILED);
	at = (uintptr_t)p;
	return (uint8_t *)((at + LENGTH - 1) & ~(LENGTH - 1));
}

static void map_at(uint8_t *at, int fd)
{
	void *p = mmap(at, LENGTH, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_FIXED, fd, 0);

	ASSERT_TRUE(p == at);
}

static void unmap_at(uint8_t *at)
{
	void *p = mmap(at, LENGTH, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
		       -1, 0);

	ASSERT_TRUE(p == at);
}

static void map_bare_create(struct map_bare *m, uint32_t pages, uint32_t own)
{
	struct kvm_regs regs = {
		.rbx = GPA, .rdx = pages, .rsi = OWN, .rdi = own,
	};

	bare_start(&m->bare, bench_touch);
	bare_set(&m->bare, &regs);
	m->fd = memfd_create("bench", MFD_CLOEXEC);
	ASSERT_LE(0, m->fd);
	ASSERT_EQ(0, ftruncate(m->fd, LENGTH));
	m->memory.host = reserve(LENGTH);
	map_at(m->memory.host, m->fd);
	memory_fill(&m->memory, pages);
	m->window = reserve(WINDOW);
}

static void map_bare_destroy(struct map_bare *m)
{
	bare_destroy(&m->bare);
	close(m->fd);
	munmap(m->memory.host, LENGTH);
	munmap(m->window, WINDOW);
}

static void slot_op(void *ctx, uint32_t round, uint64_t *stamps)
{
	struct map_bare *m = ctx;
	uint32_t report = memory_touch(&m->memory, round);

	stamps[0] = bench_stamp();
	bare_slot(&m->bare, SLOT, GPA, LENGTH, m->memory.host);
	stamps[1] = bench_stamp();
	bare_run(&m->bare, KVM_EXIT_IO);
	stamps[2] = bench_stamp();
	bare_slot(&m->bare, SLOT, GPA, 0, NULL);
	stamps[3] = bench_stamp();
	bare_expect_report(&m->bare, report);
}

static void slot_is_huge(struct map_bare *m)
{
	int before = huge_pages();

	bare_slot(&m->bare, SLOT, GPA, LENGTH, m->memory.host);
	bare_run(&m->bare, KVM_EXIT_IO);
	if (huge_pages() <= before) {
		map_huge_end();
		SKIP("shared memory is not of huge pages here");
	}
	bare_slot(&m->bare, SLOT, GPA, 0, NULL);
}

void map_bare(const struct map_row *row)
{
	struct bench bench = {
		.row = row->name, .side = "kvm", .rounds = row->rounds,
		.parts = 3, .op = slot_op,
	};
	struct map_bare m;

	map_bare_create(&m, row->pages, row->own);
	if (row->huge)
		slot_is_huge(&m);
	bench_run(&bench, &m);
	map_bare_destroy(&m);
}

/* ---- the parts, by hand -------------------------------------------------- */

static void untouched_op(void *ctx, uint32_t round, uint64_t *stamps)
{
	struct map_bare *m = ctx;

	(void)round;
	stamps[0] = bench_stamp();
	map_at(m->window, m->fd);
	stamps[1] = bench_stamp();
	unmap_at(m->window);
	stamps[2] = bench_stamp();
}

static void by_hand_op(void *ctx, uint32_t round, uint64_t *stamps)
{
	struct map_bare *m = ctx;
	uint32_t report = memory_touch(&m->memory, round);

	stamps[0] = bench_stamp();
	map_at(m->window, m->fd);
	stamps[1] = bench_stamp();
	bare_run(&m->bare, KVM_EXIT_IO);
	stamps[2] = bench_stamp();
	unmap_at(m->window);
	stamps[3] = bench_stamp();
	bare_expect_report(&m->bare, report);
}

/* Linux's own part: mmap() over reserved addresses, and back. */
void map_parts_linux(unsigned int rounds)
{
	struct bench bench = {
		.row = "part_linux", .side = "kvm", .rounds = rounds,
		.parts = 2, .op = untouched_op,
	};
	struct map_bare m;

	map_bare_create(&m, 1, 0);
	bench_run(&bench, &m);
	map_bare_destroy(&m);
}

/*
 * The same under a memslot, where the guest has been before: each time KVM looks
 * for pages that the guest may have, all through the last of its tables.
 */
void map_parts_notifier(unsigned int rounds)
{
	struct bench bench = {
		.row = "part_notifier", .side = "kvm", .rounds = rounds,
		.parts = 2, .op = untouched_op,
	};
	uint64_t stamps[1 + BENCH_PARTS];
	struct map_bare m;

	map_bare_create(&m, 1, 0);
	bare_slot(&m.bare, SLOT, GPA, WINDOW, m.window);
	by_hand_op(&m, 1, stamps);
	bench_run(&bench, &m);
	map_bare_destroy(&m);
}

/* And touched: all that is not the module's. */
void map_parts_by_hand(unsigned int rounds)
{
	struct bench bench = {
		.row = "part_by_hand", .side = "kvm", .rounds = rounds,
		.parts = 3, .op = by_hand_op,
	};
	struct map_bare m;

	map_bare_create(&m, 1, 0);
	bare_slot(&m.bare, SLOT, GPA, WINDOW, m.window);
	bench_run(&bench, &m);
	map_bare_destroy(&m);
}

/* ---- zx_hyp -------------------------------------------------------------- */

static void map_zx_create(struct map_zx *m, uint32_t pages, uint32_t own,
			  uint64_t gpa)
{
	zx_vcpu_state_t state = {
		.rbx = gpa, .rdx = pages, .rsi = OWN, .rdi = own,
	};

	vm_start(&m->vm, bench_touch);
	vcpu_write(m->vm.vcpu, &state);
	m->gpa = gpa;
	ASSERT_OK(zx_vmo_create(LENGTH, 0, &m->vmo));
	m->memory.host = map_self(m->vmo, LENGTH);
	memory_fill(&m->memory, pages);
}

static void map_zx_destroy(struct map_zx *m)
{
	EXPECT_OK(zx_vmar_unmap(zx_vmar_root_self(),
				(zx_vaddr_t)m->memory.host, LENGTH));
	EXPECT_OK(zx_handle_close(m->vmo));
	vm_destroy(&m->vm);
}

static void zx_op(void *ctx, uint32_t round, uint64_t *stamps)
{
	struct map_zx *m = ctx;
	uint32_t report = memory_touch(&m->memory, round);
	zx_port_packet_t packet;
	zx_vaddr_t at;

	stamps[0] = bench_stamp();
	ASSERT_OK(zx_vmar_map(m->vm.vmar, RW | ZX_VM_SPECIFIC, m->gpa, m->vmo,
			      0, LENGTH, &at));
	stamps[1] = bench_stamp();
	ASSERT_OK(zx_vcpu_enter(m->vm.vcpu, &packet));
	stamps[2] = bench_stamp();
	ASSERT_OK(zx_vmar_unmap(m->vm.vmar, m->gpa, LENGTH));
	stamps[3] = bench_stamp();
	ASSERT_EQ(ZX_PKT_TYPE_GUEST_IO, packet.type);
	ASSERT_EQ(KEY_REPORT, packet.key);
	ASSERT_EQ(report, packet.guest_io.u32);
}

static void zx_is_huge(struct map_zx *m)
{
	zx_port_packet_t packet;
	int before = huge_pages();
	zx_vaddr_t at;

	ASSERT_OK(zx_vmar_map(m->vm.vmar, RW | ZX_VM_SPECIFIC, m->gpa, m->vmo,
			      0, LENGTH, &at));
	ASSERT_OK(zx_vcpu_enter(m->vm.vcpu, &packet));
	ASSERT_LT(before, huge_pages());
	ASSERT_OK(zx_vmar_unmap(m->vm.vmar, m->gpa, LENGTH));
}

void map_zx(const struct map_row *row)
{
	struct bench bench = {
		.row = row->name, .side = "zx", .rounds = row->rounds,
		.parts = 3, .op = zx_op,
	};
	struct map_zx m;

	map_zx_create(&m, row->pages, row->own, GPA);
	if (row->huge)
		zx_is_huge(&m);
	bench_run(&bench, &m);
	map_zx_destroy(&m);
}

static void calls_op(void *ctx, uint32_t round, uint64_t *stamps)
{
	struct map_zx *m = ctx;
	zx_vaddr_t at;

	(void)round;
	stamps[0] = bench_stamp();
	ASSERT_OK(zx_vmar_map(m->vm.vmar, RW | ZX_VM_SPECIFIC, m->gpa, m->vmo,
			      0, LENGTH, &at));
	stamps[1] = bench_stamp();
	ASSERT_OK(zx_vmar_unmap(m->vm.vmar, m->gpa, LENGTH));
	stamps[2] = bench_stamp();
}

/* The two calls where no memory is behind them: handles, checks, the VMAR. */
void map_parts_calls(unsigned int rounds)
{
	struct bench bench = {
		.row = "part_calls", .side = "zx", .rounds = rounds,
		.parts = 2, .op = calls_op,
	};
	zx_hyp_info_t info;
	struct map_zx m;

	ASSERT_OK(zx_hyp_info_get(&info, sizeof(info)));
	if (info.gpa_bits > FAR_BITS)
		SKIP("this CPU translates every address of a guest");
	map_zx_create(&m, 1, 0, FAR);
	bench_run(&bench, &m);
	map_zx_destroy(&m);
}
