// SPDX-License-Identifier: MIT
/*
 * Traps of all kinds, many of them, wherever a guest reaches: over memory that is
 * mapped already or later, and under a vCPU that runs.
 */
#include <string.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/port.h>
#include <zx_hyp/zx_hyp.h>

#include "guest/traps.h"
#include "guest/vm.h"
#include "spaces.h"
#include "zxtest.h"

GUEST_BLOB(poke);
GUEST_BLOB(count_up);

#define BELL		ZX_GUEST_TRAP_BELL
#define MEM		ZX_GUEST_TRAP_MEM
#define IO		ZX_GUEST_TRAP_IO
#define SPACE		(1ull << 48)
#define LIMIT		30		/* seconds for a guest to do something */
#define FAR		0x80000000ull	/* where nothing is mapped */

struct rig {
	struct vm vm;
	zx_handle_t port;		/* of its bells */
	volatile bool done;		/* the guest is */
};

static void rig_open(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	vm_start(&rig->vm, poke);
	ASSERT_OK(zx_port_create(0, &rig->port));
	vm_expect_report(&rig->vm, 1);
}

static void rig_close(struct rig *rig)
{
	vm_destroy(&rig->vm);
	EXPECT_OK(zx_handle_close(rig->port));
}

static zx_status_t set(struct rig *rig, uint32_t kind, uint64_t addr,
		       uint64_t len, uint64_t key)
{
	return zx_guest_set_trap(rig->vm.guest, kind, addr, len,
				 kind == BELL ? rig->port : ZX_HANDLE_INVALID,
				 key);
}

static void aim(struct rig *rig, uint64_t gva, uint16_t port, bool io)
{
	zx_vcpu_state_t state;

	vcpu_read(rig->vm.vcpu, &state);
	state.rbx = gva;
	state.rdx = port;
	state.rdi = io;
	vcpu_write(rig->vm.vcpu, &state);
}

static void expect_no_bell(struct rig *rig)
{
	zx_port_packet_t packet;

	EXPECT_STATUS(ZX_ERR_TIMED_OUT, zx_port_wait(rig->port, 0, &packet));
}

/* The packet of a BELL, with the guest back at its question. */
static void expect_bell(struct rig *rig, uint64_t gpa, uint64_t key)
{
	zx_port_packet_t want = {
		.key = key, .type = ZX_PKT_TYPE_GUEST_BELL,
		.guest_bell.addr = gpa,
	}, packet;

	vm_expect_report(&rig->vm, 1);
	poison(&packet, sizeof(packet));
	ASSERT_OK(zx_port_wait(rig->port, 0, &packet));
	EXPECT_BYTES(&want, &packet, sizeof(want));
	expect_no_bell(rig);
}

/* A write at @gva, which is @gpa, hits a trap of this kind and key. */
static void expect_hit(struct rig *rig, uint32_t kind, uint64_t gva,
		       uint64_t gpa, uint64_t key)
{
	zx_port_packet_t packet;

	aim(rig, gva, 0, false);
	if (kind == BELL) {
		expect_bell(rig, gpa, key);
		return;
	}
	ASSERT_OK(vm_enter(&rig->vm, &packet));
	ASSERT_EQ(ZX_PKT_TYPE_GUEST_MEM, packet.type);
	EXPECT_EQ(key, packet.key);
	EXPECT_EQ(gpa, packet.guest_mem.addr);
	vm_expect_report(&rig->vm, 1);
	expect_no_bell(rig);
}

/* A write at @gva hits nothing at all; the vCPU is told to poke elsewhere. */
static void expect_not_found(struct rig *rig, uint64_t gva)
{
	aim(rig, gva, 0, false);
	vm_expect_status(&rig->vm, ZX_ERR_NOT_FOUND);
}

static void expect_out(struct rig *rig, uint16_t port, uint64_t key)
{
	zx_port_packet_t packet;

	aim(rig, 0, port, true);
	ASSERT_OK(vm_enter(&rig->vm, &packet));
	ASSERT_EQ(ZX_PKT_TYPE_GUEST_IO, packet.type);
	EXPECT_EQ(key, packet.key);
	EXPECT_EQ(port, packet.guest_io.port);
	vm_expect_report(&rig->vm, 1);
}

/* ---- a thousand -------------------------------------------------------- */

/* Where they are set; between two there is as much that does not trap. */
static const struct place {
	const char *name;
	uint64_t base, size;
	uint32_t kind;			/* MEM: every other one is a BELL */
	uint32_t count;
} places[] = {
	{ "ports", 0x1000, 4, IO, 400 },
	{ "in RAM", 0x100000, PAGE, MEM, 100 },
	{ "above RAM", GUEST_HOLE, 2 * PAGE, MEM, 200 },
	{ "where nothing is", FAR, 3 * PAGE, MEM, 300 },
};

static uint32_t kind_of(const struct place *p, uint64_t i)
{
	return p->kind == MEM && i % 2 ? BELL : p->kind;
}

static uint64_t key_of(const struct place *p, uint64_t i)
{
	return p->base << 16 | i;
}

/* The first byte of each trap, and the last that a poke fits at. */
static void hit_place(struct rig *rig, const struct place *p, uint64_t i)
{
	uint64_t addr = p->base + 2 * p->size * i, last = addr + p->size - 4;

	if (p->kind == IO) {
		expect_out(rig, addr, key_of(p, i));
		expect_out(rig, addr + p->size - 1, key_of(p, i));
		return;
	}
	expect_hit(rig, kind_of(p, i), addr, addr, key_of(p, i));
	expect_hit(rig, kind_of(p, i), last, last, key_of(p, i));
}

TEST_TIMEOUT(a_thousand_traps_have_each_its_key, 120)
{
	struct rig rig;

	rig_open(&rig);
	for (size_t n = 0; n < ARRAY_SIZE(places); n++) {
		const struct place *p = &places[n];

		for (uint64_t i = 0; i < p->count; i++)
			ASSERT_OK(set(&rig, kind_of(p, i),
				      p->base + 2 * p->size * i, p->size,
				      key_of(p, i)));
	}
	for (size_t n = 0; n < ARRAY_SIZE(places); n++) {
		const struct place *p = &places[n];

		for (uint64_t i = 0; i < p->count; i++) {
			zxtest_row("%s, %llu", p->name, (unsigned long long)i);
			hit_place(&rig, p, i);
		}
	}
	zxtest_row_end();
	/* RAM between them is RAM. */
	aim(&rig, 0x100000 + PAGE, 0, false);
	vm_expect_report(&rig.vm, 1);
	EXPECT_EQ(1u, *(uint32_t *)(rig.vm.mem + 0x100000 + PAGE));
	expect_not_found(&rig, GUEST_HOLE + 2 * PAGE);
	rig_close(&rig);
}

/* ---- as far as a guest reaches ----------------------------------------- */

#define LARGE	0x200000ull

/* Gives the guest a view of 2 MiB around an address; returns where it sees it. */
static uint64_t view(struct rig *rig, unsigned int which, uint64_t gpa)
{
	uint64_t *pml4 = (uint64_t *)(rig->vm.mem + GUEST_PML4);
	uint64_t *pdpt = (uint64_t *)(rig->vm.mem + TRAPS_PDPT);
	uint64_t *pd = (uint64_t *)(rig->vm.mem + TRAPS_PD);

	pml4[TRAPS_HIGH >> 39] = TRAPS_PDPT | 7;
	pdpt[0] = TRAPS_PD | 7;
	pd[which] = (gpa & -LARGE) | 0x87;
	return TRAPS_HIGH + which * LARGE + gpa % LARGE;
}

static unsigned int gpa_bits(void)
{
	zx_hyp_info_t info;

	ASSERT_OK(zx_hyp_info_get(&info, sizeof(info)));
	ASSERT_LE(32, info.gpa_bits);
	return info.gpa_bits < 48 ? info.gpa_bits : 48;
}

/* Two pages that trap, and behind them one that does not. */
TEST(traps_are_hit_as_high_as_the_cpu_translates)
{
	uint64_t top = 1ull << gpa_bits();
	const uint64_t at[] = {
		1ull << 32, (1ull << 32) + LARGE - PAGE, 1ull << 36, top / 4,
		top / 2, top - LARGE, top - 3 * PAGE,
	};
	struct rig rig;

	rig_open(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		uint64_t mem = view(&rig, 3 * i, at[i]);
		uint64_t bell = view(&rig, 3 * i + 1, at[i] + PAGE);
		uint64_t none = view(&rig, 3 * i + 2, at[i] + 2 * PAGE);

		zxtest_row("%#llx", (unsigned long long)at[i]);
		ASSERT_OK(set(&rig, MEM, at[i], PAGE, 2 * i));
		ASSERT_OK(set(&rig, BELL, at[i] + PAGE, PAGE, 2 * i + 1));
		expect_hit(&rig, MEM, mem + 8, at[i] + 8, 2 * i);
		expect_hit(&rig, BELL, bell + PAGE - 4, at[i] + 2 * PAGE - 4,
			   2 * i + 1);
		expect_not_found(&rig, none);
	}
	rig_close(&rig);
}

/* Where no guest of this CPU can get, they are kept all the same. */
TEST(traps_are_kept_up_to_the_end_of_the_vmar)
{
	unsigned int bits = gpa_bits();
	struct rig rig;

	rig_open(&rig);
	for (; bits < 48; bits++) {
		uint64_t at = 1ull << bits;

		zxtest_row("bit %u", bits);
		EXPECT_OK(set(&rig, MEM, at, PAGE, 1));
		EXPECT_OK(set(&rig, BELL, at + PAGE, PAGE, 2));
		EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS,
			      set(&rig, BELL, at, PAGE, 3));
		EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS,
			      set(&rig, MEM, at + PAGE, PAGE, 4));
		EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS,
			      set(&rig, MEM, at / 2, at, 5));
	}
	zxtest_row_end();
	EXPECT_OK(set(&rig, BELL, SPACE - PAGE, PAGE, 6));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
		      set(&rig, BELL, SPACE - PAGE, 2 * PAGE, 7));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, set(&rig, BELL, SPACE, PAGE, 8));
	rig_close(&rig);
}

/* One from the end of RAM to that of the VMAR. */
TEST(a_trap_can_be_as_large_as_the_vmar)
{
	static const uint64_t at[] = {
		GUEST_RAM_SIZE, 0x40000000, 0xfffffff8,
	};
	uint64_t high = 1ull << (gpa_bits() - 1);
	struct rig rig;

	rig_open(&rig);
	ASSERT_OK(set(&rig, MEM, GUEST_RAM_SIZE, SPACE - GUEST_RAM_SIZE, 9));
	for (size_t i = 0; i < ARRAY_SIZE(at); i++)
		expect_hit(&rig, MEM, at[i], at[i], 9);
	expect_hit(&rig, MEM, view(&rig, 0, high), high, 9);
	EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS, set(&rig, BELL, FAR, PAGE, 1));
	EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS,
		      set(&rig, MEM, SPACE - PAGE, PAGE, 1));
	rig_close(&rig);
}

/* Its page was a special one until February 2018; no later code knows it. */
TEST(the_page_of_the_local_apic_is_like_any_other)
{
	struct rig rig;

	rig_open(&rig);
	ASSERT_OK(set(&rig, MEM, 0xfee00000, 2 * PAGE, 10));
	expect_hit(&rig, MEM, 0xfee000b0, 0xfee000b0, 10);
	expect_hit(&rig, MEM, 0xfee01000, 0xfee01000, 10);
	rig_close(&rig);
}

/* ---- mappings over traps ----------------------------------------------- */

static const uint32_t kinds[] = { MEM, BELL };

/* Three pages of a new VMO from one page before the trap on, R W. */
static zx_handle_t map_over(struct rig *rig, uint64_t gpa, uint32_t options)
{
	zx_handle_t vmo;

	ASSERT_OK(zx_vmo_create(3 * PAGE, 0, &vmo));
	map_in(rig->vm.vmar, RW | options, gpa - PAGE, vmo, 3 * PAGE);
	return vmo;
}

/* The trap is where it was; its neighbours are memory, which it is not. */
static void expect_trap_in(struct rig *rig, uint32_t kind, uint64_t gpa,
			   uint64_t key, zx_handle_t vmo)
{
	uint32_t word;

	expect_hit(rig, kind, gpa, gpa, key);
	expect_hit(rig, kind, gpa + PAGE - 4, gpa + PAGE - 4, key);
	aim(rig, gpa - 4, 0, false);
	vm_expect_report(&rig->vm, 1);
	aim(rig, gpa + PAGE, 0, false);
	vm_expect_report(&rig->vm, 1);
	for (uint64_t at = PAGE - 4; at <= 2 * PAGE; at += 4) {
		ASSERT_OK(zx_vmo_read(vmo, &word, at, 4));
		EXPECT_EQ(at == PAGE - 4 || at == 2 * PAGE, word);
	}
}

static void check_mappings_over(uint64_t gpa, uint32_t kind)
{
	zx_handle_t vmo[3];
	struct rig rig;

	zxtest_row("kind %u at %#llx", kind, (unsigned long long)gpa);
	rig_open(&rig);
	ASSERT_OK(set(&rig, kind, gpa, PAGE, 11));
	expect_hit(&rig, kind, gpa, gpa, 11);
	vmo[0] = map_over(&rig, gpa, OVERWRITE);
	expect_trap_in(&rig, kind, gpa, 11, vmo[0]);
	/* Its pages come, go, and change what may be done with them. */
	ASSERT_OK(zx_vmar_op_range(rig.vm.vmar, ZX_VMAR_OP_COMMIT, gpa - PAGE,
				   3 * PAGE, NULL, 0));
	ASSERT_OK(zx_vmar_op_range(rig.vm.vmar, ZX_VMAR_OP_MAP_RANGE,
				   gpa - PAGE, 3 * PAGE, NULL, 0));
	expect_hit(&rig, kind, gpa + 8, gpa + 8, 11);
	ASSERT_OK(zx_vmar_protect(rig.vm.vmar, 0, gpa, PAGE));
	expect_hit(&rig, kind, gpa + 8, gpa + 8, 11);
	ASSERT_OK(zx_vmar_protect(rig.vm.vmar, RW, gpa, PAGE));
	expect_hit(&rig, kind, gpa + 8, gpa + 8, 11);
	/* Others take its place. */
	vmo[1] = map_over(&rig, gpa, OVERWRITE);
	expect_trap_in(&rig, kind, gpa, 11, vmo[1]);
	ASSERT_OK(zx_vmar_unmap(rig.vm.vmar, gpa - PAGE, 3 * PAGE));
	expect_hit(&rig, kind, gpa + 8, gpa + 8, 11);
	vmo[2] = map_over(&rig, gpa, SPECIFIC | ZX_VM_MAP_RANGE);
	expect_trap_in(&rig, kind, gpa, 11, vmo[2]);
	ASSERT_OK(zx_vmar_unmap(rig.vm.vmar, gpa - PAGE, 3 * PAGE));
	expect_hit(&rig, kind, gpa + 8, gpa + 8, 11);
	EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS, set(&rig, kind, gpa, PAGE, 12));
	expect_not_found(&rig, gpa + PAGE);
	for (size_t i = 0; i < ARRAY_SIZE(vmo); i++)
		EXPECT_OK(zx_handle_close(vmo[i]));
	rig_close(&rig);
}

TEST_TIMEOUT(mappings_over_a_trap_in_ram_leave_it, 60)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		check_mappings_over(TRAPS_PAGE, kinds[i]);
}

/* There was nothing around it when it was set. */
TEST_TIMEOUT(mappings_over_a_trap_far_from_memory_leave_it, 60)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		check_mappings_over(FAR + 5 * PAGE, kinds[i]);
}

/* A trap that is refused, of whatever kind, has unmapped what was there. */
TEST(a_refused_trap_has_unmapped_for_the_guest_too)
{
	zx_handle_t vmo;
	struct rig rig;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		rig_open(&rig);
		ASSERT_OK(set(&rig, kinds[!i], FAR + PAGE, PAGE, 1));
		vmo = map_over(&rig, FAR + PAGE, SPECIFIC);
		expect_trap_in(&rig, kinds[!i], FAR + PAGE, 1, vmo);
		EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS,
			      set(&rig, kinds[i], FAR, 2 * PAGE, 2));
		expect_hit(&rig, kinds[!i], FAR + PAGE, FAR + PAGE, 1);
		expect_not_found(&rig, FAR);
		aim(&rig, FAR + 2 * PAGE, 0, false);
		vm_expect_report(&rig.vm, 1);
		EXPECT_OK(zx_handle_close(vmo));
		rig_close(&rig);
	}
}

/* ---- traps under a vCPU that runs -------------------------------------- */

#define HITS	100		/* until the guest is told to stop */

static void start_counting(struct rig *rig)
{
	zx_vcpu_state_t state;

	memset(rig, 0, sizeof(*rig));
	vm_start(&rig->vm, count_up);
	ASSERT_OK(zx_port_create(0, &rig->port));
	vcpu_read(rig->vm.vcpu, &state);
	state.rbx = TRAPS_PAGE;
	vcpu_write(rig->vm.vcpu, &state);
}

static void *set_mem_when_it_runs(void *arg)
{
	struct rig *rig = arg;

	ASSERT_TRUE(wait_until(LIMIT, rig->vm.mail->progress > 1000));
	ASSERT_OK(set(rig, MEM, TRAPS_PAGE, PAGE, 13));
	return NULL;
}

/* What the guest wrote to RAM, before there was a trap. */
static uint64_t written(struct rig *rig)
{
	return *(volatile uint64_t *)(rig->vm.mem + TRAPS_PAGE);
}

TEST(a_mem_trap_takes_the_next_access_of_a_vcpu_that_runs)
{
	zx_port_packet_t packet;
	pthread_t thread;
	struct rig rig;

	start_counting(&rig);
	thread_start(&thread, set_mem_when_it_runs, &rig);
	for (uint64_t i = 0; i < HITS; i++) {
		ASSERT_OK(vm_enter(&rig.vm, &packet));
		ASSERT_EQ(ZX_PKT_TYPE_GUEST_MEM, packet.type);
		EXPECT_EQ(13ull, packet.key);
		EXPECT_EQ((uint64_t)TRAPS_PAGE, packet.guest_mem.addr);
		/* No write went to both, and none to neither. */
		ASSERT_EQ(written(&rig) + i, rig.vm.mail->progress);
	}
	thread_join(thread);
	rig.vm.mail->go = 1;
	vm_expect_done(&rig.vm);
	EXPECT_EQ(written(&rig) + HITS, rig.vm.mail->progress);
	rig_close(&rig);
}

/* Takes every packet until the guest is done; returns how many. */
static void *set_bell_when_it_runs(void *arg)
{
	struct rig *rig = arg;
	zx_port_packet_t packet;
	uint64_t bells = 0;

	ASSERT_TRUE(wait_until(LIMIT, rig->vm.mail->progress > 1000));
	ASSERT_OK(set(rig, BELL, TRAPS_PAGE, PAGE, 14));
	for (;;) {
		bool last = rig->done;

		if (zx_port_wait(rig->port, 0, &packet) == ZX_OK) {
			EXPECT_EQ(14ull, packet.key);
			EXPECT_EQ((uint64_t)TRAPS_PAGE, packet.guest_bell.addr);
			if (++bells == HITS)
				rig->vm.mail->go = 1;
		} else if (last) {
			return (void *)bells;
		} else {
			zxtest_relax();
		}
	}
}

TEST(a_bell_takes_the_next_write_of_a_vcpu_that_runs)
{
	pthread_t thread;
	struct rig rig;
	void *bells;

	start_counting(&rig);
	thread_start(&thread, set_bell_when_it_runs, &rig);
	vm_expect_done(&rig.vm);
	rig.done = true;
	ASSERT_EQ(0, pthread_join(thread, &bells));
	EXPECT_LE(HITS, (uint64_t)bells);
	/* No write went to both, and none to neither. */
	EXPECT_EQ(written(&rig) + (uint64_t)bells, rig.vm.mail->progress);
	rig_close(&rig);
}

TEST_HARNESS_MAIN
