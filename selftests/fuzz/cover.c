// SPDX-License-Identifier: MIT
/*
 * Coverage by KCOV. See cover.h, and Documentation/dev-tools/kcov.rst.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kcov.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/cover.h"
#include "zxtest.h"

#define KCOV		"/sys/kernel/debug/kcov"
#define AREA		16384		/* entries; what a call runs beyond is lost */
#define EDGES		(1u << 18)	/* bits; an edge is its hash */
#define TEXT		(1u << 20)	/* bytes of code, at most */
#define FUNCTIONS	1024

/* Of all processes; no bit is ever cleared. */
struct reached {
	atomic_ulong edge_count;
	_Atomic uint8_t edges[EDGES / 8];
	_Atomic uint8_t text[TEXT / 8];	/* by offset from the first function */
};

static struct reached *reached;

static struct function {
	uint64_t addr;
	char name[64];
} functions[FUNCTIONS];
static int function_count;

/* Whether the bit was clear. */
static bool set_bit(_Atomic uint8_t *bits, uint32_t nr)
{
	uint8_t bit = 1u << (nr & 7);

	/* Mostly it is set: then nobody's cache line is taken away. */
	if (atomic_load_explicit(&bits[nr / 8], memory_order_relaxed) & bit)
		return false;
	return !(atomic_fetch_or(&bits[nr / 8], bit) & bit);
}

static bool test_bit(_Atomic uint8_t *bits, uint32_t nr)
{
	return atomic_load(&bits[nr / 8]) & (1u << (nr & 7));
}

static int by_address(const void *a, const void *b)
{
	uint64_t x = ((const struct function *)a)->addr;
	uint64_t y = ((const struct function *)b)->addr;

	return x < y ? -1 : x > y;
}

/* The module's functions, in the order of their addresses. */
static bool read_functions(void)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	struct function *fn = functions;
	char line[256], type;

	if (!f)
		return false;
	while (fn < functions + FUNCTIONS && fgets(line, sizeof(line), f))
		if (strstr(line, "[zx_hyp]") &&
		    sscanf(line, "%lx %c %63s", &fn->addr, &type, fn->name) == 3 &&
		    (type == 't' || type == 'T') && !strncmp(fn->name, "zxh_", 4) &&
		    !strstr(fn->name, ".cold"))
			fn++;
	fclose(f);
	function_count = fn - functions;
	qsort(functions, function_count, sizeof(functions[0]), by_address);
	return function_count;
}

bool cover_init(void)
{
	if (access(KCOV, R_OK | W_OK) || !read_functions())
		return false;
	reached = mmap(NULL, sizeof(*reached), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)reached);
	return true;
}

void cover_begin(struct cover *c)
{
	int fd;

	c->area = NULL;
	if (!reached)
		return;
	fd = open(KCOV, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ioctl(fd, KCOV_INIT_TRACE, AREA));
	c->area = mmap(NULL, AREA * sizeof(uint64_t), PROT_READ | PROT_WRITE,
		       MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, (void *)c->area);
	/* The thread's until it ends, with the file. */
	ASSERT_EQ(0, ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC));
}

void cover_start(struct cover *c)
{
	if (c->area)
		__atomic_store_n(&c->area[0], 0, __ATOMIC_RELAXED);
}

static uint32_t edge(uint64_t from, uint64_t to)
{
	return (from * 0x9e3779b97f4a7c15ull ^ to * 0xff51afd7ed558ccdull) >> 46;
}

unsigned int cover_stop(struct cover *c, unsigned int cmd)
{
	uint64_t before = cmd, n, at;
	unsigned int news = 0;

	if (!c->area)
		return 0;
	n = __atomic_load_n(&c->area[0], __ATOMIC_RELAXED);
	for (uint64_t i = 1; i <= n && i < AREA; i++) {
		at = c->area[i] - functions[0].addr;
		if (at >= TEXT)
			continue;
		set_bit(reached->text, at);
		news += set_bit(reached->edges, edge(before, at));
		before = at;
	}
	if (news)
		atomic_fetch_add(&reached->edge_count, news);
	return news;
}

unsigned long cover_edges(void)
{
	return reached ? atomic_load(&reached->edge_count) : 0;
}

/* How many places of a function were run. */
static int places_in(int i)
{
	uint32_t from = functions[i].addr - functions[0].addr;
	uint32_t to = i + 1 < function_count ?
			      functions[i + 1].addr - functions[0].addr : TEXT;
	int n = 0;

	for (; from < to && from < TEXT; from++)
		n += test_bit(reached->text, from);
	return n;
}

void cover_report(void)
{
	int places = 0, ran = 0, n;

	if (!reached)
		return;
	for (int i = 0; i < function_count; i++) {
		n = places_in(i);
		places += n;
		ran += !!n;
		if (!n)
			TH_LOG("no call ran %s", functions[i].name);
	}
	TH_LOG("%d places in %d of %d functions ran", places, ran, function_count);
}
