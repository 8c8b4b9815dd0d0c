/* SPDX-License-Identifier: MIT */
/*
 * Benchmarks: an operation done many times, and what each time took in ticks of
 * the TSC, which scripts/bench has count instructions.
 *
 * The figures go to standard output, a line each, for scripts/bench to put side
 * by side:
 *
 *	# figure: ROW SIDE MINIMUM MEDIAN MEAN [MEDIAN OF A PART]...
 */
#ifndef SELFTESTS_BENCH_H
#define SELFTESTS_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/kvm.h>

#define BENCH_PARTS	3

/**
 * struct bench - one side of a row
 * @row: the row's name
 * @side: "kvm" or "zx"
 * @rounds: how often it is done for figures that count; a try-out does less
 * @per: what it does so often that a figure is of one of them; 0: once
 * @parts: that it has, at most BENCH_PARTS
 * @op: does it once, and expects that it worked: stamps[0] is the TSC before
 *	its first part, stamps[n] after its nth. @round is another each time
 */
struct bench {
	const char *row;
	const char *side;
	unsigned int rounds;
	unsigned int per;
	int parts;
	void (*op)(void *ctx, uint32_t round, uint64_t *stamps);
};

void bench_run(const struct bench *bench, void *ctx);

static inline uint64_t bench_stamp(void)
{
	return __builtin_ia32_rdtsc();
}

/* ---- a guest of bare KVM ------------------------------------------------ */

/**
 * struct bare - the guest that vm_create() makes, without the module
 * @dev: /dev/kvm
 * @vm: its file
 * @vcpu: its file
 * @run: what KVM shares of the vCPU
 * @run_size: bytes of it
 * @mem: host view of its RAM
 */
struct bare {
	int dev, vm, vcpu;
	struct kvm_run *run;
	size_t run_size;
	uint8_t *mem;
};

/* RAM, page tables, code at GUEST_CODE, a vCPU in 64-bit mode about to run it. */
void bare_create(struct bare *bare, const uint8_t *code, const uint8_t *end);
void bare_destroy(struct bare *bare);

#define bare_start(bare, name) \
	bare_create(bare, guest_##name, guest_##name##_end)

/* Registers that the guest's code begins with. */
void bare_set(struct bare *bare, const struct kvm_regs *regs);

/* Makes a memslot, or with size 0 deletes it. */
void bare_slot(struct bare *bare, uint32_t slot, uint64_t gpa, uint64_t size,
	       const void *host);

/* Runs the guest, and expects it to come out for this reason. */
void bare_run(struct bare *bare, uint32_t reason);

/* Expects that it came out with this in an OUT of EAX to PORT_REPORT. */
void bare_expect_report(struct bare *bare, uint32_t value);

/* ---- the rows ----------------------------------------------------------- */

/**
 * struct map_row - memory comes, is touched, and goes again
 * @name: the row's
 * @pages: how many pages of it the guest reads
 * @own: how many pages besides, which are there all the time
 * @huge: the memory is one huge page
 * @rounds: as in struct bench
 */
struct map_row {
	const char *name;
	uint32_t pages;
	uint32_t own;
	bool huge;
	unsigned int rounds;
};

/* By a memslot, and by zx_vmar_map. */
void map_bare(const struct map_row *row);
void map_zx(const struct map_row *row);

/*
 * From now on shared memory is of huge pages, or no longer; skips the test where
 * that cannot be.
 */
void map_huge_begin(void);
void map_huge_end(void);

/* What map_zx() is made of, done by hand: see selftests/bench.c. */
void map_parts_linux(unsigned int rounds);
void map_parts_notifier(unsigned int rounds);
void map_parts_by_hand(unsigned int rounds);
void map_parts_calls(unsigned int rounds);

/* Exits of the guest, and a call that does next to nothing. */
void call_bare(unsigned int rounds);
void call_zx(unsigned int rounds);
void io_bare(unsigned int rounds);
void io_zx(unsigned int rounds);
void io_in_bare(unsigned int rounds);
void io_in_zx(unsigned int rounds);
void mem_write_bare(unsigned int rounds);
void mem_write_zx(unsigned int rounds);
void mem_read_bare(unsigned int rounds);
void mem_read_zx(unsigned int rounds);

/*
 * A doorbell, and that it is heard of: by a thread that comes late, or one that
 * waits for it.
 */
void bell_late_bare(unsigned int rounds);
void bell_late_zx(unsigned int rounds);
void bell_awaited_bare(unsigned int rounds);
void bell_awaited_zx(unsigned int rounds);

/**
 * struct trap_row - one trap is set beside others of its kind
 * @name: the row's
 * @kind: ZX_GUEST_TRAP_*
 * @base: of the first
 * @len: of each; between two there is as much that does not trap
 * @others: how many there are
 * @rounds: as in struct bench
 */
struct trap_row {
	const char *name;
	uint32_t kind;
	uint64_t base, len;
	uint32_t others;
	unsigned int rounds;
};

void trap_zx(const struct trap_row *row);

#endif /* SELFTESTS_BENCH_H */
