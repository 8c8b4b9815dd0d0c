// SPDX-License-Identifier: MIT
/*
 * Memory that changes under guests that run: they see it at once, they never see
 * what should not be, and nothing that they do is lost or done twice. Runs on
 * two CPUs.
 */
#include <string.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

#include "calls.h"
#include "guest/remap.h"
#include "guest/runner.h"
#include "guest/vm.h"
#include "spaces.h"
#include "zxtest.h"

GUEST_BLOB(sample);
GUEST_BLOB(watch);
GUEST_BLOB(add_up_bsp);
GUEST_BLOB(add_up_ap);
GUEST_BLOB(toil_bsp);
GUEST_BLOB(toil_ap);

#define HOLE		((uint64_t)GUEST_HOLE)
#define SIZE		(REMAP_PAGES * PAGE)
#define FAR		0x100000000ull
#define DEADLINE	60		/* seconds for a guest to do something */

/* ---- a guest that samples memory when it is told ----------------------- */

struct rig {
	struct vm vm;
	zx_handle_t one, two;		/* resizable */
	uint64_t request;
	bool writes;
	pthread_t host;
	void (*act)(struct rig *rig);
};

static void rig_open(struct rig *rig, bool writes)
{
	zx_vcpu_state_t state;

	memset(rig, 0, sizeof(*rig));
	rig->writes = writes;
	vm_start(&rig->vm, sample);
	vcpu_read(rig->vm.vcpu, &state);
	state.rdi = writes;
	vcpu_write(rig->vm.vcpu, &state);
	rig->one = tagged_vmo(REMAP_PAGES, ZX_VMO_RESIZABLE, 0x1000);
	rig->two = tagged_vmo(REMAP_PAGES, ZX_VMO_RESIZABLE, 0x2000);
}

static void rig_close(struct rig *rig)
{
	EXPECT_OK(zx_handle_close(rig->one));
	EXPECT_OK(zx_handle_close(rig->two));
	vm_destroy(&rig->vm);
}

static void map_hole(struct rig *rig, zx_handle_t vmo)
{
	map_in(rig->vm.vmar, R | W | OVERWRITE, HOLE, vmo, SIZE);
}

/* The guest has looked after this was called. */
static void sample(struct rig *rig)
{
	uint64_t request = ++rig->request;

	rig->vm.mail->go = request;
	ASSERT_TRUE(wait_until(DEADLINE, rig->vm.mail->flag == request));
}

static void expect_samples(struct rig *rig, uint64_t first, uint64_t step)
{
	sample(rig);
	for (int p = 0; p < REMAP_PAGES; p++)
		EXPECT_EQ(first + p * step, rig->vm.mail->value[p]);
}

static void *act_then_stop(void *arg)
{
	struct rig *rig = arg;

	rig->act(rig);
	rig->vm.mail->go = UINT64_MAX;
	return NULL;
}

/* The host acts while the guest runs, which it does all the time. */
static void run_beside(void (*act)(struct rig *rig))
{
	struct rig rig;

	rig_open(&rig, false);
	rig.act = act;
	map_hole(&rig, rig.one);
	thread_start(&rig.host, act_then_stop, &rig);
	vm_expect_done(&rig.vm);
	thread_join(rig.host);
	rig_close(&rig);
}

static void overwrite(struct rig *rig)
{
	for (unsigned int i = 0; i < scaled(1000, 100); i++) {
		map_hole(rig, rig->two);
		expect_samples(rig, 0x2000, 1);
		map_hole(rig, rig->one);
		expect_samples(rig, 0x1000, 1);
	}
}

TEST_TIMEOUT(what_is_overwritten_is_seen_at_once, 300)
{
	run_beside(overwrite);
}

static void decommit(struct rig *rig)
{
	for (unsigned int i = 0; i < scaled(1000, 100); i++) {
		uint64_t word = 0x3000 + i;

		for (int p = 0; p < REMAP_PAGES; p++)
			ASSERT_OK(zx_vmo_write(rig->one, &word, p * PAGE, 8));
		expect_samples(rig, word, 0);
		if (i % 2)
			ASSERT_OK(zx_vmar_op_range(rig->vm.vmar,
						   ZX_VMAR_OP_DECOMMIT, HOLE,
						   SIZE, NULL, 0));
		else
			ASSERT_OK(zx_vmo_op_range(rig->one, ZX_VMO_OP_DECOMMIT,
						  0, SIZE, NULL, 0));
		expect_samples(rig, 0, 0);
	}
}

TEST_TIMEOUT(what_is_decommitted_is_zero_at_once, 300)
{
	run_beside(decommit);
}

static void zero(struct rig *rig)
{
	for (unsigned int i = 0; i < scaled(1000, 100); i++) {
		uint64_t word = 0x3000 + i;

		for (int p = 0; p < REMAP_PAGES; p++)
			ASSERT_OK(zx_vmo_write(rig->one, &word, p * PAGE, 8));
		expect_samples(rig, word, 0);
		ASSERT_OK(zx_vmo_op_range(rig->one, ZX_VMO_OP_ZERO, 0, SIZE,
					  NULL, 0));
		expect_samples(rig, 0, 0);
	}
}

TEST_TIMEOUT(what_is_zeroed_is_zero_at_once, 300)
{
	run_beside(zero);
}

/* ---- what makes the guest come back ------------------------------------ */

static void unmap(struct rig *rig)
{
	ASSERT_OK(zx_vmar_unmap(rig->vm.vmar, HOLE, SIZE));
}

static void protect_all(struct rig *rig)
{
	ASSERT_OK(zx_vmar_protect(rig->vm.vmar, 0, HOLE, PAGE));
}

static void protect_writes(struct rig *rig)
{
	ASSERT_OK(zx_vmar_protect(rig->vm.vmar, R, HOLE, SIZE));
}

static void shrink(struct rig *rig)
{
	ASSERT_OK(zx_vmo_set_size(rig->one, 0));
}

static void overwrite_readonly(struct rig *rig)
{
	map_in(rig->vm.vmar, R | OVERWRITE, HOLE, rig->two, SIZE);
}

static void overwrite_short(struct rig *rig)
{
	ASSERT_OK(zx_vmo_set_size(rig->two, 0));
	map_hole(rig, rig->two);
}

static const struct {
	const char *name;
	void (*act)(struct rig *rig);
	bool writes;
	zx_status_t status;
} ends[] = {
	{ "unmap", unmap, false, ZX_ERR_NOT_FOUND },
	{ "unmap, writing", unmap, true, ZX_ERR_NOT_FOUND },
	{ "protect", protect_all, false, ZX_ERR_ACCESS_DENIED },
	{ "protect, writing", protect_writes, true, ZX_ERR_ACCESS_DENIED },
	{ "shrink", shrink, false, ZX_ERR_OUT_OF_RANGE },
	{ "shrink, writing", shrink, true, ZX_ERR_OUT_OF_RANGE },
	{ "overwrite read-only, writing", overwrite_readonly, true,
	  ZX_ERR_ACCESS_DENIED },
	{ "overwrite with an empty VMO", overwrite_short, false,
	  ZX_ERR_OUT_OF_RANGE },
};

static void *act_once(void *arg)
{
	struct rig *rig = arg;

	sample(rig);
	rig->act(rig);
	return NULL;
}

TEST_TIMEOUT(what_is_taken_away_ends_enter, 300)
{
	for (unsigned int i = 0; i < scaled(40, 3) * ARRAY_SIZE(ends); i++) {
		unsigned int e = i % ARRAY_SIZE(ends);
		struct rig rig;

		zxtest_row("%s", ends[e].name);
		rig_open(&rig, ends[e].writes);
		rig.act = ends[e].act;
		map_hole(&rig, rig.one);
		thread_start(&rig.host, act_once, &rig);
		vm_expect_status(&rig.vm, ends[e].status);
		thread_join(rig.host);
		vm_expect_status(&rig.vm, ends[e].status);
		/* Something is there again: the guest goes on. */
		ASSERT_OK(zx_vmo_set_size(rig.two, SIZE));
		map_hole(&rig, rig.two);
		rig.vm.mail->go = UINT64_MAX;
		vm_expect_done(&rig.vm);
		rig_close(&rig);
	}
}

/* ---- nothing is ever missing -------------------------------------------- */

/* Both VMOs are the same all over: each page begins with one of two words. */
#define WORD_ONE	0x1111111111111111ull
#define WORD_TWO	0x2222222222222222ull

struct race {
	struct vm vm;
	zx_handle_t vmo[2];
	zx_handle_t vmar;		/* where it is overwritten */
	uint64_t offset;
	unsigned int rounds;
	volatile bool over;
	volatile uint64_t looks;
	uint64_t strange;
};

static void race_open(struct race *race)
{
	static const uint64_t word[] = { WORD_ONE, WORD_TWO };

	memset(race, 0, sizeof(*race));
	for (int i = 0; i < 2; i++) {
		ASSERT_OK(zx_vmo_create(SIZE, 0, &race->vmo[i]));
		for (int p = 0; p < REMAP_PAGES; p++)
			ASSERT_OK(zx_vmo_write(race->vmo[i], &word[i], p * PAGE,
					       8));
	}
	race->rounds = scaled(5000, 500);
}

static void overwrite_again_and_again(struct race *race)
{
	for (unsigned int i = 0; i < race->rounds; i++)
		map_in(race->vmar, R | W | OVERWRITE, race->offset,
		       race->vmo[i % 2], SIZE);
}

/* Only when the guest is at it does it tell something. */
static void *overwrite_under_guest(void *arg)
{
	struct race *race = arg;
	uint64_t progress = race->vm.mail->progress;

	for (int i = 0; i < 5; i++) {
		ASSERT_TRUE(wait_until(DEADLINE, race->vm.mail->progress >
				       progress));
		progress = race->vm.mail->progress;
		overwrite_again_and_again(race);
	}
	race->vm.mail->go = 1;
	return NULL;
}

/* A guest polls the range: a hole in it would end its enter. */
TEST_TIMEOUT(a_guest_never_sees_an_overwritten_range_missing, 300)
{
	zx_vcpu_state_t state;
	struct race race;
	pthread_t host;

	race_open(&race);
	vm_start(&race.vm, watch);
	vcpu_read(race.vm.vcpu, &state);
	state.rsi = WORD_ONE;
	state.rdi = WORD_TWO;
	vcpu_write(race.vm.vcpu, &state);
	race.vmar = race.vm.vmar;
	race.offset = HOLE;
	race.rounds /= 5;
	map_in(race.vmar, R | W, HOLE, race.vmo[1], SIZE);
	thread_start(&host, overwrite_under_guest, &race);
	vm_expect_done(&race.vm);
	thread_join(host);
	TH_LOG("%llu looks", (unsigned long long)race.vm.mail->progress);
	vm_destroy(&race.vm);
}

/* The same in the process: a hole would be a SIGSEGV. */
static void *look_at_process(void *arg)
{
	struct race *race = arg;

	while (!race->over) {
		for (int p = 0; p < REMAP_PAGES; p++) {
			uint64_t at = ARENA + p * PAGE;
			uint64_t word = *(volatile uint64_t *)at;

			if (word != WORD_ONE && word != WORD_TWO)
				race->strange = word;
		}
		/* Nor is it missing for other calls. */
		EXPECT_OK(zx_vmar_protect(race->vmar, R | W, ARENA, SIZE));
		EXPECT_OK(zx_vmar_op_range(race->vmar, ZX_VMAR_OP_MAP_RANGE,
					   ARENA, SIZE, NULL, 0));
		race->looks++;
	}
	return NULL;
}

static void race_in_process(zx_handle_t vmar, uint64_t offset)
{
	struct race race;
	pthread_t thread;

	race_open(&race);
	race.vmar = vmar;
	race.offset = offset;
	map_in(vmar, R | W, offset, race.vmo[1], SIZE);
	thread_start(&thread, look_at_process, &race);
	ASSERT_TRUE(wait_until(DEADLINE, race.looks));
	overwrite_again_and_again(&race);
	race.over = true;
	thread_join(thread);
	EXPECT_EQ(0ull, race.strange);
	TH_LOG("%llu looks", (unsigned long long)race.looks);
	EXPECT_OK(zx_vmar_unmap(vmar, ARENA, SIZE));
}

TEST_TIMEOUT(the_process_never_sees_an_overwritten_range_missing, 300)
{
	struct space s[2];

	spaces_open(s);
	race_in_process(s[1].vmar, 0);
	spaces_close(s);
	race_in_process(zx_vmar_root_self(), ARENA - s[1].root_base);
}

/* ---- nothing is lost, nothing is done twice ----------------------------- */

#define VCPUS	4

/* It goes on whatever the host took away. */
static void run_through_holes(struct runner *r)
{
	zx_port_packet_t packet;
	zx_status_t status;

	while ((status = zx_vcpu_enter(r->vcpu, &packet)) != ZX_OK) {
		r->faults++;
		if (status == ZX_ERR_NOT_FOUND || status == ZX_ERR_ACCESS_DENIED)
			continue;
		ASSERT_STATUS(ZX_ERR_NOT_FOUND, status);
	}
	ASSERT_EQ((uint32_t)REPORT_DONE, packet.guest_io.u32);
}

/* A change of the range; afterwards it is as it was. */
static void remap(struct vm *vm, zx_handle_t vmo, unsigned int which)
{
	uint64_t page = HOLE + which / 6 % REMAP_PAGES * PAGE;
	zx_handle_t part;

	switch (which % 6) {
	case 0:
		ASSERT_OK(zx_vmar_unmap(vm->vmar, HOLE, SIZE));
		break;
	case 1:
		ASSERT_OK(zx_vmar_unmap(vm->vmar, page, PAGE));
		break;
	case 2:
		ASSERT_OK(zx_vmar_protect(vm->vmar, R, page, PAGE));
		break;
	case 3:
		ASSERT_OK(zx_vmar_protect(vm->vmar, 0, HOLE, SIZE));
		break;
	case 4:
		break;		/* the same again over itself */
	case 5:
		ASSERT_OK(zx_vmar_unmap(vm->vmar, HOLE, SIZE));
		part = part_of(vm->vmar, CAN_ALL, HOLE, SIZE);
		map_in(part, R | W, 0, vmo, SIZE);
		ASSERT_OK(zx_vmar_destroy(part));
		ASSERT_OK(zx_handle_close(part));
		break;
	}
	map_in(vm->vmar, R | W | OVERWRITE, HOLE, vmo, SIZE);
}

static uint64_t all_values(struct vm *vm)
{
	uint64_t sum = 0;

	for (int i = 0; i < VCPUS; i++)
		sum += vm->mail->value[i];
	return sum;
}

/*
 * vCPUs count in memory that comes and goes, and beside that in memory that
 * stays: a count that was made twice, or into a page that is no more, shows.
 */
TEST_TIMEOUT(vcpus_that_hammer_a_range_lose_no_count, 300)
{
	struct runner runners[VCPUS];
	uint64_t counted = 0, faults = 0;
	zx_handle_t vmo;
	struct vm vm;

	vm_create(&vm);
	VM_LOAD(&vm, GUEST_CODE, add_up_bsp);
	VM_LOAD(&vm, GUEST_AP_CODE, add_up_ap);
	keep_tables(&vm);
	ASSERT_OK(zx_vmo_create(SIZE, 0, &vmo));
	map_in(vm.vmar, R | W, HOLE, vmo, SIZE);
	start_runners(runners, VCPUS, &(struct runner){
		.vm = &vm, .run = run_through_holes,
	});
	for (unsigned int i = 0; i < scaled(3000, 300); i++) {
		uint64_t before = all_values(&vm);

		remap(&vm, vmo, i);
		if (i % 16 == 0)
			ASSERT_TRUE(wait_until(DEADLINE,
					       all_values(&vm) > before));
	}
	vm.mail->go = 1;
	join_runners(runners, VCPUS);
	expect_tables(&vm);
	for (int p = 0; p < REMAP_PAGES; p++)
		counted += vmo_word(vmo, p * PAGE + 8);
	for (int i = 0; i < VCPUS; i++)
		faults += runners[i].faults;
	EXPECT_EQ(all_values(&vm), counted);
	TH_LOG("%llu counts, %llu faults", (unsigned long long)counted,
	       (unsigned long long)faults);
	EXPECT_OK(zx_handle_close(vmo));
	vm_destroy(&vm);
}

/* ---- slot surgery ------------------------------------------------------ */

static void run_to_the_trap(struct runner *r)
{
	zx_port_packet_t packet;

	ASSERT_OK(zx_vcpu_enter(r->vcpu, &packet));
	EXPECT_EQ(ZX_PKT_TYPE_GUEST_MEM, packet.type);
	EXPECT_EQ(KEY_MEM, packet.key);
	EXPECT_EQ((uint64_t)REMAP_TRAP, packet.guest_mem.addr);
	vcpu_expect_report(r->vcpu, REPORT_DONE);
}

static void expect_all_progress(struct vm *vm)
{
	uint64_t before[VCPUS];

	for (int i = 0; i < VCPUS; i++)
		before[i] = vm->mail->value[i];
	for (int i = 0; i < VCPUS; i++)
		ASSERT_TRUE(wait_until(DEADLINE, vm->mail->value[i] >
				       before[i]));
}

/*
 * Traps are set in the window that has the code, the stacks and the page tables
 * of all vCPUs, and windows are made beside it: none of them may notice.
 */
TEST_TIMEOUT(traps_and_windows_are_made_under_four_vcpus, 300)
{
	unsigned int rounds = scaled(100, 8);
	struct runner runners[VCPUS];
	struct vm vm;

	vm_create(&vm);
	VM_LOAD(&vm, GUEST_CODE, toil_bsp);
	VM_LOAD(&vm, GUEST_AP_CODE, toil_ap);
	keep_tables(&vm);
	start_runners(runners, VCPUS, &(struct runner){
		.vm = &vm, .run = run_to_the_trap,
	});
	for (unsigned int i = 0; i < rounds; i++) {
		expect_all_progress(&vm);
		ASSERT_OK(zx_guest_set_trap(vm.guest, ZX_GUEST_TRAP_MEM,
					    REMAP_TRAP + i * 2 * PAGE, PAGE, 0,
					    i ? i : KEY_MEM));
		map_in(vm.vmar, R, FAR + i * FAR, vm.vmo, PAGE);
	}
	expect_all_progress(&vm);
	vm.mail->go = 1;
	join_runners(runners, VCPUS);
	expect_tables(&vm);
	vm_destroy(&vm);
}

TEST_HARNESS_MAIN
