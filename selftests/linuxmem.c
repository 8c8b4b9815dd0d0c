// SPDX-License-Identifier: MIT
/*
 * A guest's memory as Linux sees it: what /proc tells of it, and pages that Linux
 * moves. What the VMM can ask of it is in hostmem.c.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

#include "calls.h"
#include "guest/vm.h"
#include "race.h"
#include "spaces.h"
#include "zxtest.h"

GUEST_BLOB(peek);
GUEST_BLOB(poke);

/* glibc's headers lack it. */
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE	101
#endif

#define AT	0x40000000ull		/* where the guest has the VMO */
#define PAGES	24			/* of the VMO: no other has as many */
#define SIZE	(PAGES * PAGE)
#define VMO	"zx_hyp-vmo"
#define WINDOW	"zx_hyp-window"

/* ---- what /proc tells ---------------------------------------------------- */

struct map {
	unsigned long start, end;
	long rss;			/* KiB */
};

/* The next mapping with that name; a line of its own says how much is there. */
static bool next_map(FILE *smaps, const char *name, struct map *map)
{
	char line[512];
	bool found = false;

	while (fgets(line, sizeof(line), smaps)) {
		unsigned long start, end;

		if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
			found = strstr(line, name);
			map->start = start;
			map->end = end;
		} else if (found && sscanf(line, "Rss: %ld", &map->rss) == 1) {
			return true;
		}
	}
	return false;
}

/* KiB that all mappings of that name and size, or any, have in memory. */
static long rss_of(const char *name, unsigned long size)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	struct map map;
	long rss = 0;

	ASSERT_TRUE(smaps);
	while (next_map(smaps, name, &map))
		if (!size || map.end - map.start == size)
			rss += map.rss;
	fclose(smaps);
	return rss;
}

/* Where a mapping of that name and size is, but for one. */
static unsigned long find_map(const char *name, unsigned long size,
			      unsigned long but)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	unsigned long found = 0;
	struct map map;

	ASSERT_TRUE(smaps);
	while (!found && next_map(smaps, name, &map))
		if (map.start != but && map.end - map.start == size)
			found = map.start;
	fclose(smaps);
	ASSERT_NE(0ul, found);
	return found;
}

/* ---- a guest with a VMO -------------------------------------------------- */

struct rig {
	struct vm vm;
	zx_handle_t vmo;
	volatile uint64_t *here;	/* in this process */
	unsigned long window;		/* where the guest's addresses are */
};

#define STEP	(PAGE / sizeof(uint64_t))

static void aim(struct rig *rig, unsigned int page, uint64_t value)
{
	zx_vcpu_state_t state;

	vcpu_read(rig->vm.vcpu, &state);
	state.rbx = AT + page * PAGE;
	state.rdx = value;
	vcpu_write(rig->vm.vcpu, &state);
}

static uint64_t peek(struct rig *rig, unsigned int page)
{
	aim(rig, page, 0);
	vm_expect_report(&rig->vm, 1);
	return rig->vm.mail->value[0];
}

static void poke(struct rig *rig, unsigned int page, uint64_t value)
{
	aim(rig, page, value);
	vm_expect_report(&rig->vm, 1);
}

#define rig_open(rig, code) do {					\
	vm_start(&(rig)->vm, code);					\
	rig_map(rig);							\
} while (0)

static void rig_map(struct rig *rig)
{
	ASSERT_OK(zx_vmo_create(SIZE, 0, &rig->vmo));
	rig->here = map_self(rig->vmo, SIZE);
	map_in(rig->vm.vmar, R | W, AT, rig->vmo, SIZE);
	rig->window = find_map(VMO, SIZE, (unsigned long)rig->here);
}

static void rig_fill(struct rig *rig)
{
	for (unsigned int p = 0; p < PAGES; p++)
		rig->here[p * STEP] = 0x1000 + p;
}

static void rig_close(struct rig *rig)
{
	EXPECT_OK(zx_vmar_unmap(zx_vmar_root_self(), (zx_vaddr_t)rig->here,
				SIZE));
	EXPECT_OK(zx_handle_close(rig->vmo));
	vm_destroy(&rig->vm);
}

TEST(what_a_guest_touches_shows_in_proc)
{
	struct rig rig;

	rig_open(&rig, poke);
	EXPECT_EQ(0l, rss_of(VMO, SIZE));
	for (unsigned int p = 0; p < 4; p++)
		poke(&rig, p, 1);
	EXPECT_EQ(4l * 4, rss_of(VMO, SIZE));
	for (unsigned int p = 8; p < 12; p++)
		rig.here[p * STEP] = 1;
	EXPECT_EQ(8l * 4, rss_of(VMO, SIZE));
	/* One page, two mappings. */
	rig.here[0] = 2;
	EXPECT_EQ(9l * 4, rss_of(VMO, SIZE));
	EXPECT_EQ(8 * PAGE, committed_bytes(rig.vmo));
	/* What is only reserved is nothing. */
	EXPECT_EQ(0l, rss_of(WINDOW, 0));
	ASSERT_OK(zx_vmo_op_range(rig.vmo, ZX_VMO_OP_DECOMMIT, 0, SIZE,
				  NULL, 0));
	EXPECT_EQ(0l, rss_of(VMO, SIZE));
	rig_close(&rig);
}

/* ---- pages that move ------------------------------------------------------- */

static uint64_t frame_of(const volatile void *at)
{
	FILE *f = fopen("/proc/self/pagemap", "re");
	uint64_t entry = 0;

	ASSERT_TRUE(f);
	ASSERT_EQ(0, fseek(f, (uintptr_t)at / PAGE * 8, SEEK_SET));
	ASSERT_EQ(1ul, fread(&entry, sizeof(entry), 1, f));
	fclose(f);
	return entry & ((1ull << 55) - 1);
}

/* A page that is just being looked at is busy: it is asked for again. */
static bool move_page(volatile void *page)
{
	int r;

	(void)wait_until(RACE_LIMIT,
			 !(r = madvise((void *)page, PAGE, MADV_SOFT_OFFLINE)) ||
			 errno != EBUSY);
	if (r && errno == EINVAL)
		SKIP("the kernel takes no page out of use");
	return !r;
}

/* Linux moves a page away from a frame: the guest's next access finds it. */
TEST(a_page_that_linux_moves_is_the_same_to_the_guest)
{
	struct rig rig;

	rig_open(&rig, peek);
	rig_fill(&rig);
	for (unsigned int p = 0; p < PAGES; p += 6) {
		volatile uint64_t *page = rig.here + p * STEP;
		uint64_t before;

		zxtest_row("page %u", p);
		EXPECT_EQ(0x1000 + p, peek(&rig, p));
		before = frame_of(page);
		ASSERT_TRUE(move_page(page));
		EXPECT_EQ(0x1000 + p, *page);
		EXPECT_NE(before, frame_of(page));
		*page = 0x2000 + p;
		EXPECT_EQ(0x2000 + p, peek(&rig, p));
	}
	zxtest_row_end();
	rig_close(&rig);
}

TEST_HARNESS_MAIN
