// SPDX-License-Identifier: MIT
/* zx_guest_set_trap beside one trap, and beside many. */
#include <string.h>

#include <zircon/syscalls.h>
#include <zircon/syscalls/port.h>

#include "bench/bench.h"
#include "guest/vm.h"
#include "zxtest.h"

struct trap_bench {
	const struct trap_row *row;
	struct vm vm;
	zx_handle_t port;
	uint32_t set;			/* so far */
};

static void set_next(struct trap_bench *t)
{
	const struct trap_row *row = t->row;
	uint64_t addr = row->base + 2 * row->len * t->set++;

	ASSERT_OK(zx_guest_set_trap(t->vm.guest, row->kind, addr, row->len,
				    t->port, t->set));
}

static void set_others(struct trap_bench *t)
{
	vm_create(&t->vm);
	t->set = 0;
	while (t->set < t->row->others)
		set_next(t);
}

/* A guest that has many has enough for all rounds. */
static void trap_op(void *ctx, uint32_t round, uint64_t *stamps)
{
	struct trap_bench *t = ctx;
	bool anew = round > 1 && t->row->others < 100;

	if (anew) {
		vm_destroy(&t->vm);
		set_others(t);
	}
	stamps[0] = bench_stamp();
	set_next(t);
	stamps[1] = bench_stamp();
}

void trap_zx(const struct trap_row *row)
{
	struct bench bench = {
		.row = row->name, .side = "zx", .rounds = row->rounds,
		.parts = 1, .op = trap_op,
	};
	struct trap_bench t = { .row = row };

	zxtest_hurry_rcu();
	if (row->kind == ZX_GUEST_TRAP_BELL)
		ASSERT_OK(zx_port_create(0, &t.port));
	set_others(&t);
	bench_run(&bench, &t);
	vm_destroy(&t.vm);
	EXPECT_OK(zx_handle_close(t.port));
}
