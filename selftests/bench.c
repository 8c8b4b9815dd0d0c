// SPDX-License-Identifier: MIT
/*
 * What the module's calls cost beside what a program on bare KVM does for the
 * same end, in the same machine: see bench/bench.h and scripts/bench.
 *
 * A test is a row. It fails when a guest did not see what it should; how long
 * anything took is for the reader to judge. Without BENCH in the environment a
 * row is done a few times, to see that it works.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include <zircon/syscalls/hypervisor.h>

#include "bench/bench.h"
#include "guest/layout.h"
#include "zxtest.h"

#define PAGE		4096
#define NOWHERE		0x80000000	/* where nothing is mapped */
#define WARM_UP		10
#define TRY_OUT		5
#define MAPS		1000	/* rounds of what takes 100,000 instructions or more */
#define EXITS		20000	/* and of what takes thousands */
#define BELLS		1000	/* of 64 bells each */
#define TRAPS		30	/* of what needs a guest of its own */
#define MINUTES		600	/* seconds that they may take in a slow machine */

/* ---- the runner ----------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Ticks of one round: the whole, then its parts. */
struct took {
	uint64_t ticks[1 + BENCH_PARTS];
};

/* What the whole took in each round, or one part; in order. */
static uint64_t *sorted(const struct took *took, int part, unsigned int rounds)
{
	uint64_t *value = calloc(rounds, sizeof(*value));

	ASSERT_TRUE(value);
	for (unsigned int i = 0; i < rounds; i++)
		value[i] = took[i].ticks[part];
	qsort(value, rounds, sizeof(*value), compare);
	return value;
}

static void print_figures(const struct bench *bench, const struct took *took,
			  unsigned int rounds)
{
	uint64_t *value = sorted(took, 0, rounds), sum = 0;
	char parts[128] = "";
	int n = 0;

	for (unsigned int i = 0; i < rounds; i++)
		sum += value[i];
	for (int part = 1; part <= bench->parts; part++) {
		uint64_t *of_part = sorted(took, part, rounds);

		n += snprintf(parts + n, sizeof(parts) - n, " %llu",
			      (unsigned long long)of_part[rounds / 2]);
		free(of_part);
	}
	TH_LOG("figure: %s %s %llu %llu %llu%s", bench->row, bench->side,
	       (unsigned long long)value[0],
	       (unsigned long long)value[rounds / 2],
	       (unsigned long long)(sum / rounds), parts);
	free(value);
}

void bench_run(const struct bench *bench, void *ctx)
{
	unsigned int rounds = getenv("BENCH") ? bench->rounds : TRY_OUT;
	unsigned int per = bench->per ? bench->per : 1;
	struct took *took = calloc(rounds, sizeof(*took));
	uint64_t stamps[1 + BENCH_PARTS];

	ASSERT_TRUE(took);
	for (unsigned int i = 0; i < WARM_UP + rounds; i++) {
		/* The rounds that warm up are written over. */
		uint64_t *ticks = took[i < WARM_UP ? 0 : i - WARM_UP].ticks;

		bench->op(ctx, i + 1, stamps);
		ticks[0] = (stamps[bench->parts] - stamps[0]) / per;
		for (int part = 1; part <= bench->parts; part++)
			ticks[part] = (stamps[part] - stamps[part - 1]) / per;
	}
	print_figures(bench, took, rounds);
	free(took);
}

/* ---- the rows ------------------------------------------------------------- */

TEST_TIMEOUT(map_touch_unmap, MINUTES)
{
	struct map_row row = { .name = "map", .pages = 1, .rounds = MAPS };

	map_bare(&row);
	map_zx(&row);
}

/* The guest has other memory in use, which it reads each time. */
TEST_TIMEOUT(map_touch_unmap_in_a_guest_at_work, MINUTES)
{
	struct map_row row = {
		.name = "map_at_work", .pages = 1, .own = 256,
		.rounds = MAPS / 5,
	};

	map_bare(&row);
	map_zx(&row);
}

/* The guest reads every page. */
TEST_TIMEOUT(map_touch_all_unmap, MINUTES)
{
	struct map_row row = {
		.name = "map_all", .pages = 512, .rounds = MAPS / 5,
	};

	map_bare(&row);
	map_zx(&row);
}

TEST_TIMEOUT(map_touch_unmap_of_a_huge_page, MINUTES)
{
	struct map_row row = {
		.name = "map_huge", .pages = 1, .huge = true, .rounds = MAPS,
	};

	map_huge_begin();
	map_bare(&row);
	map_zx(&row);
	map_huge_end();
}

/* Without the module: what is left is its own. */
TEST_TIMEOUT(parts_of_map_touch_unmap, MINUTES)
{
	map_parts_linux(MAPS);
	map_parts_notifier(MAPS);
	map_parts_by_hand(MAPS);
}

TEST_TIMEOUT(calls_of_map_and_unmap, MINUTES)
{
	map_parts_calls(MAPS);
}

TEST_TIMEOUT(call, MINUTES)
{
	call_bare(EXITS);
	call_zx(EXITS);
}

TEST_TIMEOUT(io_exit, MINUTES)
{
	io_bare(EXITS);
	io_zx(EXITS);
}

TEST_TIMEOUT(io_in_exit, MINUTES)
{
	io_in_bare(EXITS);
	io_in_zx(EXITS);
}

TEST_TIMEOUT(mem_write_exit, MINUTES)
{
	mem_write_bare(EXITS);
	mem_write_zx(EXITS);
}

TEST_TIMEOUT(mem_read_exit, MINUTES)
{
	mem_read_bare(EXITS);
	mem_read_zx(EXITS);
}

TEST_TIMEOUT(bell_that_a_thread_comes_late_for, MINUTES)
{
	bell_late_bare(BELLS);
	bell_late_zx(BELLS);
}

TEST_TIMEOUT(bell_that_a_thread_waits_for, MINUTES)
{
	bell_awaited_bare(BELLS);
	bell_awaited_zx(BELLS);
}

/* One trap beside one other, and beside a thousand. */
static void set_trap(const char *one, const char *thousand, uint32_t kind,
		     uint64_t base, uint64_t len)
{
	struct trap_row row = {
		.name = one, .kind = kind, .base = base, .len = len,
		.others = 1, .rounds = TRAPS,
	};

	trap_zx(&row);
	row.name = thousand;
	row.others = 1000;
	trap_zx(&row);
}

TEST_TIMEOUT(set_trap_on_ports, MINUTES)
{
	set_trap("trap_io", "trap_io_1000", ZX_GUEST_TRAP_IO, 0x1000, 1);
}

TEST_TIMEOUT(set_trap_where_no_memory_is, MINUTES)
{
	set_trap("trap_mem", "trap_mem_1000", ZX_GUEST_TRAP_MEM, NOWHERE, PAGE);
}

/* Inside of what the guest's memory is in: a memslot becomes two. */
TEST_TIMEOUT(set_trap_beside_memory, MINUTES)
{
	set_trap("trap_slot", "trap_slot_1000", ZX_GUEST_TRAP_MEM, GUEST_HOLE,
		 PAGE);
}

TEST_TIMEOUT(set_trap_of_a_bell, MINUTES)
{
	set_trap("trap_bell", "trap_bell_1000", ZX_GUEST_TRAP_BELL, NOWHERE,
		 PAGE);
}

TEST_HARNESS_MAIN
