// SPDX-License-Identifier: MIT
/*
 * Holes in a guest's memory: what zx_vcpu_enter answers for every way to touch
 * one, for every reason that nothing answers there, and that the guest goes on
 * with the same instruction once that has changed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

#include "guest/holes.h"
#include "guest/vm.h"
#include "spaces.h"
#include "zxtest.h"

/* In the window that has RAM, and far from everything. */
#define NEAR		((uint64_t)GUEST_HOLE)
#define FAR		0x80000000ull
#define VALUE		0x1122334455667788ull
#define SEEN		0x600d
#define VECTOR		0x40
#define NMI		2
#define LOST_AFTER	5		/* seconds that a guest may run */

/* mov $SEEN, %ecx; ret */
static const uint8_t callee[] = { 0xb9, 0x0d, 0x60, 0x00, 0x00, 0xc3 };

/* ---- ways ------------------------------------------------------------- */

struct way {
	const char *name;
	const uint8_t *code, *end;
	bool writes;			/* and so needs WRITE */
	uint32_t vector;		/* what the host sends, or 0 */
	uint64_t rcx;			/* what the guest sees, or 0 */
	/* Fills the page; what the guest needs around it. */
	void (*fill)(uint8_t *page);
	void (*prepare)(struct vm *vm, uint64_t at);
	/* What the page must hold when the guest is done. */
	bool (*done)(const uint8_t *page);
};

static uint64_t word_of(const uint8_t *page)
{
	uint64_t word;

	memcpy(&word, page, sizeof(word));
	return word;
}

static void fill_word(uint8_t *page)
{
	uint64_t word = VALUE;

	memcpy(page, &word, sizeof(word));
}

static void fill_code(uint8_t *page)
{
	memcpy(page, callee, sizeof(callee));
}

/* The rest of what starts two bytes before the page. */
static void fill_code_rest(uint8_t *page)
{
	memcpy(page, callee + 2, sizeof(callee) - 2);
}

static void fill_pdpt(uint8_t *page)
{
	uint64_t entry = GUEST_PD | 7;

	memcpy(page, &entry, sizeof(entry));
}

static struct vm *filling;	/* the guest whose tables are copied */

static void fill_idt(uint8_t *page)
{
	memcpy(page, filling->mem + GUEST_IDT, PAGE);
}

static void fill_gate(uint8_t *page, int vector)
{
	uint16_t *gate = (uint16_t *)(page + vector * 16);

	gate[0] = GUEST_SCRATCH & 0xffff;
	gate[3] = GUEST_SCRATCH >> 16;
}

/* With handlers of their own. */
static void fill_fault_idt(uint8_t *page)
{
	fill_idt(page);
	fill_gate(page, 14);
}

static void fill_hlt_idt(uint8_t *page)
{
	fill_idt(page);
	fill_gate(page, VECTOR);
	fill_gate(page, NMI);
}

static void fill_gdt(uint8_t *page)
{
	memcpy(page, filling->mem + GUEST_GDT, 3 * 8);
}

static void put_dtr(struct vm *vm, uint64_t at, uint16_t limit, uint64_t base)
{
	memcpy(vm->mem + at, &limit, sizeof(limit));
	memcpy(vm->mem + at + sizeof(limit), &base, sizeof(base));
}

static void prepare_idt(struct vm *vm, uint64_t at)
{
	put_dtr(vm, GUEST_IDTR, PAGE - 1, at);
}

GUEST_BLOB(holes_fault);
GUEST_BLOB(holes_hlt);

static void prepare_fault(struct vm *vm, uint64_t at)
{
	prepare_idt(vm, at);
	vm_load(vm, GUEST_SCRATCH, guest_holes_fault, guest_holes_fault_end);
}

static void prepare_hlt(struct vm *vm, uint64_t at)
{
	prepare_idt(vm, at);
	vm_load(vm, GUEST_SCRATCH, guest_holes_hlt, guest_holes_hlt_end);
}

static void prepare_gdt(struct vm *vm, uint64_t at)
{
	put_dtr(vm, GUEST_GDTR, 3 * 8 - 1, at);
}

static void prepare_walk(struct vm *vm, uint64_t at)
{
	uint64_t *pml4 = (uint64_t *)(vm->mem + GUEST_PML4);

	pml4[1] = at | 7;
	vm->mail->value[0] = VALUE;
	memcpy(vm->mem + GUEST_SCRATCH, callee, sizeof(callee));
}

static bool is_written(const uint8_t *page)
{
	return word_of(page) == VALUE;
}

static bool is_half_written(const uint8_t *page)
{
	return word_of(page) == VALUE >> 32;
}

static bool is_incremented(const uint8_t *page)
{
	return word_of(page) == VALUE + 1;
}

static bool is_not_zero(const uint8_t *page)
{
	static const uint8_t zeroes[PAGE];

	return memcmp(page, zeroes, PAGE);
}

#define BLOB(name) GUEST_BLOB(way_##name)
#define WAY(n, ...) { #n, guest_way_##n, guest_way_##n##_end, __VA_ARGS__ }

BLOB(read); BLOB(write); BLOB(update); BLOB(across); BLOB(write_across);
BLOB(vector); BLOB(string); BLOB(write_string); BLOB(push); BLOB(pop);
BLOB(save); BLOB(fetch); BLOB(fetch_across); BLOB(walk); BLOB(walk_fetch);
BLOB(idt); BLOB(stack); BLOB(irq_idt); BLOB(irq_stack); BLOB(irq_hlt);
BLOB(irq_cli); BLOB(nmi_hlt); BLOB(fault); BLOB(gdt); BLOB(clock);
BLOB(wall_clock);

static const struct way ways[] = {
	WAY(read, .fill = fill_word, .rcx = VALUE),
	WAY(write, .writes = true, .done = is_written),
	WAY(update, .writes = true, .fill = fill_word, .done = is_incremented),
	WAY(across, .fill = fill_word, .rcx = VALUE << 32 | 0x0db90000),
	WAY(write_across, .writes = true,
	    .done = is_half_written),
	WAY(vector, .fill = fill_word, .rcx = VALUE),
	WAY(string, .fill = fill_word, .rcx = VALUE),
	WAY(write_string, .writes = true,
	    .done = is_written),
	WAY(push, .writes = true, .done = is_written),
	WAY(pop, .fill = fill_word, .rcx = VALUE),
	WAY(save, .writes = true, .done = is_not_zero),
	WAY(fetch, .fill = fill_code, .rcx = SEEN),
	WAY(fetch_across, .fill = fill_code_rest, .rcx = SEEN),
	WAY(walk, .fill = fill_pdpt, .prepare = prepare_walk, .rcx = VALUE),
	WAY(walk_fetch, .fill = fill_pdpt, .prepare = prepare_walk,
	    .rcx = SEEN),
	WAY(idt, .fill = fill_idt, .prepare = prepare_idt, .rcx = 1),
	WAY(stack, .writes = true, .rcx = 1,
	    .done = is_not_zero),
	WAY(irq_idt, .fill = fill_idt, .prepare = prepare_idt,
	    .vector = VECTOR, .rcx = 1),
	WAY(irq_stack, .writes = true, .vector = VECTOR,
	    .rcx = 1, .done = is_not_zero),
	WAY(irq_hlt, .fill = fill_hlt_idt, .prepare = prepare_hlt, .vector = VECTOR,
	    .rcx = 1),
	WAY(irq_cli, .fill = fill_idt, .prepare = prepare_idt, .vector = VECTOR,
	    .rcx = 1),
	WAY(nmi_hlt, .fill = fill_hlt_idt, .prepare = prepare_hlt, .vector = NMI,
	    .rcx = 1),
	WAY(fault, .fill = fill_fault_idt, .prepare = prepare_fault,
	    .rcx = HOLES_FAULT),
	WAY(gdt, .fill = fill_gdt, .prepare = prepare_gdt, .rcx = GUEST_DS),
	WAY(clock, .writes = true, .rcx = 1,
	    .done = is_not_zero),
	WAY(wall_clock, .writes = true, .rcx = 1,
	    .done = is_not_zero),
};

/* ---- one hole --------------------------------------------------------- */

/* A guest before its access, and the VMO of the page that it is going to touch. */
struct rig {
	struct vm vm;
	zx_handle_t vmo;	/* resizable, executable; two pages */
	uint64_t at;
	bool lost;		/* it did not do what it should */
};

/* The VMO's first page, behind which the second is what the guest touches. */
static void make_vmo(struct rig *rig, const struct way *way)
{
	zx_handle_t vmo, vmex = vmex_resource();
	uint8_t pages[2 * PAGE] = { 0 };

	ASSERT_OK(zx_vmo_create(sizeof(pages), ZX_VMO_RESIZABLE, &vmo));
	ASSERT_OK(zx_vmo_replace_as_executable(vmo, vmex, &rig->vmo));
	ASSERT_OK(zx_handle_close(vmex));
	memcpy(pages + PAGE - 2, callee, 2);
	filling = &rig->vm;
	if (way->fill)
		way->fill(pages + PAGE);
	ASSERT_OK(zx_vmo_write(rig->vmo, pages, 0, sizeof(pages)));
}

static void map_page(struct rig *rig, uint32_t perms, uint64_t at,
		     uint64_t vmo_offset)
{
	zx_vaddr_t addr;

	ASSERT_OK(zx_vmar_map(rig->vm.vmar, perms | OVERWRITE, at, rig->vmo,
			      vmo_offset, PAGE, &addr));
}

static void rig_open(struct rig *rig, const struct way *way, uint64_t at)
{
	zx_vcpu_state_t state;

	memset(rig, 0, sizeof(*rig));
	rig->at = at;
	vm_create(&rig->vm);
	vm_load(&rig->vm, GUEST_CODE, way->code, way->end);
	vm_vcpu(&rig->vm);
	make_vmo(rig, way);
	vm_expect_report(&rig->vm, 2);
	if (way->prepare)
		way->prepare(&rig->vm, at);
	vcpu_read(rig->vm.vcpu, &state);
	state.rbx = at;
	state.rdx = VALUE;
	state.rcx = 0;
	vcpu_write(rig->vm.vcpu, &state);
	if (way->vector == NMI)
		vm_expect_report(&rig->vm, 3);
	if (way->vector)
		ASSERT_OK(zx_vcpu_interrupt(rig->vm.vcpu, way->vector));
}

/* A guest that does not come back is told as CANCELED, and the rest goes on. */
static volatile zx_handle_t running;

static void stop_running(int sig)
{
	(void)sig;
	zx_vcpu_kick(running);
}

static bool enter_is(struct rig *rig, zx_status_t status)
{
	struct sigaction stop = { .sa_handler = stop_running };
	zx_port_packet_t packet;
	zx_status_t seen;
	bool held;

	running = rig->vm.vcpu;
	ASSERT_EQ(0, sigaction(SIGALRM, &stop, NULL));
	alarm(LOST_AFTER);
	seen = vm_enter(&rig->vm, &packet);
	alarm(0);
	held = zxtest_status(__FILE__, __LINE__, "zx_vcpu_enter", status, seen);
	if (status != ZX_OK)
		EXPECT_TRUE(poisoned(&packet, sizeof(packet)));
	return held;
}

/* The access fails, again and again, and changes nothing. */
static void expect_hole(struct rig *rig, zx_status_t status)
{
	zx_vcpu_state_t before, after;

	rig->lost = !enter_is(rig, status);
	vcpu_read(rig->vm.vcpu, &before);
	for (int i = 0; i < 3 && !rig->lost; i++)
		rig->lost = !enter_is(rig, status);
	vcpu_read(rig->vm.vcpu, &after);
	EXPECT_BYTES(&before, &after, sizeof(after));
}

/* It is repaired: the access is made, once. */
static void expect_done(struct rig *rig, const struct way *way)
{
	uint8_t page[PAGE];
	zx_vcpu_state_t state;

	/* Of a guest that went another way there is nothing to expect. */
	if (rig->lost || !enter_is(rig, ZX_OK))
		return;
	vcpu_read(rig->vm.vcpu, &state);
	EXPECT_EQ(1ull, state.rax);	/* the report */
	if (way->rcx)
		EXPECT_EQ(way->rcx, state.rcx);
	if (way->done) {
		ASSERT_OK(zx_vmo_read(rig->vmo, page, PAGE, PAGE));
		EXPECT_TRUE(way->done(page));
	}
	enter_is(rig, ZX_OK);
	vcpu_read(rig->vm.vcpu, &state);
	EXPECT_EQ((uint64_t)REPORT_DONE, state.rax);
}

static void rig_close(struct rig *rig)
{
	EXPECT_OK(zx_handle_close(rig->vmo));
	vm_destroy(&rig->vm);
}

/* ---- why nothing answers ---------------------------------------------- */

#define for_each_way(way) \
	for (const struct way *way = ways; way < ways + ARRAY_SIZE(ways); way++)

/* The page before is there, for those that begin in it. */
static void check_unmapped(const struct way *way, uint64_t at)
{
	struct rig rig;

	zxtest_row("%s at %#llx", way->name, (unsigned long long)at);
	rig_open(&rig, way, at);
	map_page(&rig, RWX, at - PAGE, 0);
	expect_hole(&rig, ZX_ERR_NOT_FOUND);
	map_page(&rig, RWX, at, PAGE);
	expect_done(&rig, way);
	rig_close(&rig);
}

TEST_TIMEOUT(where_nothing_is_mapped_is_not_found, 120)
{
	for_each_way(way)
		check_unmapped(way, NEAR);
}

TEST_TIMEOUT(where_nothing_was_ever_mapped_is_not_found, 120)
{
	for_each_way(way)
		check_unmapped(way, FAR);
}

/* Nor anything around. */
TEST_TIMEOUT(where_nothing_is_around_is_not_found, 120)
{
	for_each_way(way) {
		struct rig rig;

		if (strstr(way->name, "across"))
			continue;
		zxtest_row("%s", way->name);
		rig_open(&rig, way, FAR);
		expect_hole(&rig, ZX_ERR_NOT_FOUND);
		map_page(&rig, RWX, FAR, PAGE);
		expect_done(&rig, way);
		rig_close(&rig);
	}
}

/* What KVM took for a device once is memory like any other. */
TEST_TIMEOUT(what_was_not_found_is_denied_when_it_comes_without_permissions, 120)
{
	for_each_way(way) {
		struct rig rig;

		zxtest_row("%s", way->name);
		rig_open(&rig, way, FAR);
		map_page(&rig, RWX, FAR - PAGE, 0);
		expect_hole(&rig, ZX_ERR_NOT_FOUND);
		map_page(&rig, 0, FAR, PAGE);
		expect_hole(&rig, ZX_ERR_ACCESS_DENIED);
		ASSERT_OK(zx_vmar_protect(rig.vm.vmar, RWX, FAR, PAGE));
		expect_done(&rig, way);
		rig_close(&rig);
	}
}

/* What was there, and in the CPU's tables, goes when it is unmapped. */
TEST_TIMEOUT(what_was_unmapped_is_not_found, 120)
{
	for_each_way(way) {
		struct rig rig;

		zxtest_row("%s", way->name);
		rig_open(&rig, way, NEAR);
		map_page(&rig, RWX, NEAR - PAGE, 0);
		map_page(&rig, RWX, NEAR, PAGE);
		ASSERT_OK(zx_vmar_op_range(rig.vm.vmar, ZX_VMAR_OP_MAP_RANGE,
					   NEAR, PAGE, NULL, 0));
		ASSERT_OK(zx_vmar_unmap(rig.vm.vmar, NEAR, PAGE));
		expect_hole(&rig, ZX_ERR_NOT_FOUND);
		map_page(&rig, RWX, NEAR, PAGE);
		expect_done(&rig, way);
		rig_close(&rig);
	}
}

TEST_TIMEOUT(without_permissions_is_access_denied, 120)
{
	for_each_way(way) {
		struct rig rig;

		zxtest_row("%s", way->name);
		rig_open(&rig, way, NEAR);
		map_page(&rig, RWX, NEAR - PAGE, 0);
		map_page(&rig, 0, NEAR, PAGE);
		expect_hole(&rig, ZX_ERR_ACCESS_DENIED);
		ASSERT_OK(zx_vmar_protect(rig.vm.vmar, RWX, NEAR, PAGE));
		expect_done(&rig, way);
		rig_close(&rig);
	}
}

TEST_TIMEOUT(a_write_to_what_is_read_only_is_access_denied, 120)
{
	for_each_way(way) {
		struct rig rig;

		if (!way->writes)
			continue;
		zxtest_row("%s", way->name);
		rig_open(&rig, way, NEAR);
		map_page(&rig, RWX, NEAR - PAGE, 0);
		map_page(&rig, R, NEAR, PAGE);
		expect_hole(&rig, ZX_ERR_ACCESS_DENIED);
		ASSERT_OK(zx_vmar_protect(rig.vm.vmar, R | W, NEAR, PAGE));
		expect_done(&rig, way);
		rig_close(&rig);
	}
}

/* Reading needs no more than READ. */
TEST_TIMEOUT(a_read_of_what_is_read_only_works, 120)
{
	for_each_way(way) {
		struct rig rig;

		/* The CPU marks what it walks as used: that is a write. */
		if (way->writes || strstr(way->name, "walk"))
			continue;
		zxtest_row("%s", way->name);
		rig_open(&rig, way, NEAR);
		map_page(&rig, R | X, NEAR - PAGE, 0);
		map_page(&rig, R | X, NEAR, PAGE);
		expect_done(&rig, way);
		rig_close(&rig);
	}
}

TEST_TIMEOUT(what_was_made_read_only_is_access_denied, 120)
{
	for_each_way(way) {
		struct rig rig;

		if (!way->writes)
			continue;
		zxtest_row("%s", way->name);
		rig_open(&rig, way, NEAR);
		map_page(&rig, RWX, NEAR - PAGE, 0);
		map_page(&rig, RWX, NEAR, PAGE);
		ASSERT_OK(zx_vmar_protect(rig.vm.vmar, R, NEAR, PAGE));
		expect_hole(&rig, ZX_ERR_ACCESS_DENIED);
		map_page(&rig, RWX, NEAR, PAGE);
		expect_done(&rig, way);
		rig_close(&rig);
	}
}

/* The VMO shrinks below what is mapped of it, and grows again. */
TEST_TIMEOUT(behind_the_end_of_a_vmo_is_out_of_range, 120)
{
	for_each_way(way) {
		uint8_t page[PAGE];
		struct rig rig;

		zxtest_row("%s", way->name);
		rig_open(&rig, way, NEAR);
		map_page(&rig, RWX, NEAR - PAGE, 0);
		map_page(&rig, RWX, NEAR, PAGE);
		ASSERT_OK(zx_vmo_read(rig.vmo, page, PAGE, PAGE));
		ASSERT_OK(zx_vmo_set_size(rig.vmo, PAGE));
		expect_hole(&rig, ZX_ERR_OUT_OF_RANGE);
		ASSERT_OK(zx_vmo_set_size(rig.vmo, 2 * PAGE));
		ASSERT_OK(zx_vmo_write(rig.vmo, page, PAGE, PAGE));
		expect_done(&rig, way);
		rig_close(&rig);
	}
}

/* In a part of the guest's memory, which comes and goes. */
TEST_TIMEOUT(a_destroyed_part_is_not_found, 120)
{
	for_each_way(way) {
		zx_handle_t part;
		struct rig rig;

		zxtest_row("%s", way->name);
		rig_open(&rig, way, NEAR);
		map_page(&rig, RWX, NEAR - PAGE, 0);
		part = part_of(rig.vm.vmar, CAN_ALL, NEAR, PAGE);
		map_in(part, RWX, 0, rig.vmo, PAGE);
		ASSERT_OK(zx_vmar_destroy(part));
		expect_hole(&rig, ZX_ERR_NOT_FOUND);
		map_page(&rig, RWX, NEAR, PAGE);
		expect_done(&rig, way);
		EXPECT_OK(zx_handle_close(part));
		rig_close(&rig);
	}
}

/* ---- no memory for the page ------------------------------------------- */

/*
 * While this holds Linux gives no page to anybody's VMO, nor room for malloc(),
 * so nothing in here may ask for that: no stdio, for one.
 */
static void set_vm(const char *name, const char *value)
{
	char path[64] = "/proc/sys/vm/";
	int fd = open(strcat(path, name), O_WRONLY | O_CLOEXEC);

	ASSERT_LE(0, fd);
	ASSERT_EQ((ssize_t)strlen(value), write(fd, value, strlen(value)));
	close(fd);
}

static void give_no_memory(void)
{
	set_vm("overcommit_kbytes", "1");
	set_vm("overcommit_memory", "2");
}

/* Linux's defaults. */
static void give_memory(void)
{
	set_vm("overcommit_memory", "0");
	set_vm("overcommit_ratio", "50");
}

/* Whatever becomes of the test: once its end of the pipe is closed. */
static void give_memory_in_the_end(void)
{
	int pipes[2];
	pid_t pid;
	char byte;

	ASSERT_EQ(0, pipe2(pipes, O_CLOEXEC));
	pid = fork();
	ASSERT_LE(0, pid);
	if (pid) {
		close(pipes[0]);
		return;
	}
	setsid();
	close(pipes[1]);
	(void)!read(pipes[0], &byte, 1);
	give_memory();
	_exit(0);
}

TEST_TIMEOUT(a_page_that_is_not_to_be_had_is_no_memory, 120)
{
	if (access("/proc/sys/vm/overcommit_memory", W_OK))
		SKIP("vm.overcommit_memory cannot be set");
	give_memory_in_the_end();
	for_each_way(way) {
		uint8_t page[PAGE];
		struct rig rig;

		zxtest_row("%s", way->name);
		rig_open(&rig, way, NEAR);
		map_page(&rig, RWX, NEAR - PAGE, 0);
		map_page(&rig, RWX, NEAR, PAGE);
		ASSERT_OK(zx_vmo_read(rig.vmo, page, PAGE, PAGE));
		ASSERT_OK(zx_vmo_op_range(rig.vmo, ZX_VMO_OP_DECOMMIT, PAGE,
					  PAGE, NULL, 0));
		give_no_memory();
		expect_hole(&rig, ZX_ERR_NO_MEMORY);
		give_memory();
		ASSERT_OK(zx_vmo_write(rig.vmo, page, PAGE, PAGE));
		expect_done(&rig, way);
		rig_close(&rig);
	}
}

/* ---- what is no hole -------------------------------------------------- */

/* The page was given back: there is a new one, of zeroes. */
TEST(decommitted_pages_read_as_zeroes)
{
	static const char *const some[] = { "read", "string", "pop", "vector" };

	for_each_way(way) {
		zx_vcpu_state_t state;
		struct rig rig;
		bool wanted = false;

		for (size_t i = 0; i < ARRAY_SIZE(some); i++)
			wanted |= !strcmp(way->name, some[i]);
		if (!wanted)
			continue;
		zxtest_row("%s", way->name);
		rig_open(&rig, way, NEAR);
		map_page(&rig, RWX, NEAR, PAGE);
		ASSERT_OK(zx_vmar_op_range(rig.vm.vmar, ZX_VMAR_OP_DECOMMIT, NEAR,
					   PAGE, NULL, 0));
		vm_expect_report(&rig.vm, 1);
		vcpu_read(rig.vm.vcpu, &state);
		EXPECT_EQ(0ull, state.rcx);
		rig_close(&rig);
	}
}

/* A guest with nothing at all: not even its first instruction is there. */
TEST(a_guest_without_memory_starts_when_it_gets_some)
{
	zx_handle_t vcpu;
	zx_vaddr_t addr;
	struct vm vm;

	vm_create(&vm);
	VM_LOAD(&vm, GUEST_CODE, way_read);
	ASSERT_OK(zx_vmar_unmap(vm.vmar, 0, GUEST_RAM_SIZE));
	ASSERT_OK(zx_vcpu_create(vm.guest, 0, GUEST_CODE, &vcpu));
	for (int i = 0; i < 3; i++)
		vcpu_expect_status(vcpu, ZX_ERR_NOT_FOUND);
	/* First its page tables, which are below the code. */
	ASSERT_OK(zx_vmar_map(vm.vmar, RWX | SPECIFIC, 0, vm.vmo, 0, GUEST_CODE,
			      &addr));
	vcpu_expect_status(vcpu, ZX_ERR_NOT_FOUND);
	ASSERT_OK(zx_vmar_map(vm.vmar, RWX | SPECIFIC, GUEST_CODE, vm.vmo,
			      GUEST_CODE, GUEST_RAM_SIZE - GUEST_CODE, &addr));
	vcpu_expect_report(vcpu, 2);
	vm.vcpu = vcpu;
	vm_destroy(&vm);
}

TEST_HARNESS_MAIN
