// SPDX-License-Identifier: MIT
/*
 * Random calls on VMARs, and a model that says what they should do: in a guest's
 * root VMAR and in the process's, and in a part of each. After every call its
 * answer is compared, and what lies at a few pages; now and then all pages are
 * read and written, by the guest or by the host.
 *
 * SEED in the environment repeats a run. What a test found is told with the call
 * that it found it at.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>

#include "calls.h"
#include "guest/vm.h"
#include "vmarmodel.h"

GUEST_BLOB(look);

#define GUEST_PART	0x40000000ull	/* where the guest's part is */
#define SCRATCH		0x180000ull	/* RAM that nobody else uses */
#define ROOM		128		/* pages that a root fills at most */

struct rig {
	struct model m;
	struct vm vm;
	bool process;
	bool tight;		/* NO_MEMORY is an answer */
	uint64_t state;		/* of the random numbers */
	unsigned long step, refused;
	uint64_t tag;		/* last that was written */
};

/* ---- numbers ---------------------------------------------------------- */

static uint64_t draw(struct rig *rig)
{
	rig->state ^= rig->state >> 12;
	rig->state ^= rig->state << 25;
	rig->state ^= rig->state >> 27;
	return rig->state * 0x2545f4914f6cdd1dull >> 16;
}

static uint64_t below(struct rig *rig, uint64_t n)
{
	return draw(rig) % n;
}

static bool one_in(struct rig *rig, uint64_t n)
{
	return !below(rig, n);
}

#define PICK(rig, array)	((array)[below(rig, ARRAY_SIZE(array))])

/* ---- the rig ---------------------------------------------------------- */

static void make_vmo(struct rig *rig, int i, zx_handle_t vmo, int same_as)
{
	struct model_vmo *v = &rig->m.vmo[i];

	v->handle = vmo;
	v->same_as = same_as;
	v->n_pages = MODEL_VMO_PAGES;
	v->perms = rights_of(vmo) >> 2 & (R | W | X);
	if (same_as != i)
		return;
	for (uint64_t p = 0; p < MODEL_VMO_PAGES; p++) {
		v->word[p] = ++rig->tag;
		ASSERT_OK(zx_vmo_write(vmo, &v->word[p], p * PAGE, 8));
	}
}

static void make_vmos(struct rig *rig)
{
	zx_handle_t vmo;

	ASSERT_OK(zx_vmo_create(MODEL_VMO_PAGES * PAGE, 0, &vmo));
	make_vmo(rig, 0, vmo, 0);
	make_vmo(rig, 1, executable_vmo(MODEL_VMO_PAGES * PAGE), 1);
	ASSERT_OK(zx_vmo_create(MODEL_VMO_PAGES * PAGE, ZX_VMO_RESIZABLE, &vmo));
	make_vmo(rig, 2, vmo, 2);
	rig->m.vmo[2].resizable = true;
	make_vmo(rig, 3, duplicate(rig->m.vmo[0].handle,
				   rights_of(rig->m.vmo[0].handle) &
				   ~ZX_RIGHT_WRITE), 0);
}

static void rig_open(struct rig *rig, bool process, bool root)
{
	const char *seed = getenv("SEED");
	zx_handle_t vmar;
	zx_info_vmar_t info;

	memset(rig, 0, sizeof(*rig));
	rig->process = process;
	rig->state = seed ? strtoull(seed, NULL, 0) : zxtest_now() | 1;
	TH_LOG("SEED=%llu", (unsigned long long)rig->state);
	vm_start(&rig->vm, look);
	make_vmos(rig);
	vmar = process ? zx_vmar_root_self() : rig->vm.vmar;
	rig->m.root = root;
	rig->m.anywhere = process;
	rig->m.arena = process ? ARENA : root ? GUEST_RAM_SIZE : GUEST_PART;
	if (!root)
		vmar = part_of(vmar, CAN_ALL, process ? ARENA - 0x200000 : GUEST_PART,
			       MODEL_USED * PAGE);
	ASSERT_OK(zx_object_get_info(vmar, ZX_INFO_VMAR, &info, sizeof(info),
				     NULL, NULL));
	ASSERT_TRUE(root || info.base == rig->m.arena);
	rig->m.node[0] = (struct model_node){
		.handle = vmar,
		.alive = true,
		.base = info.base,
		.size = info.len,
		.can = CAN_ALL,
	};
	for (int p = 0; p < MODEL_PAGES; p++)
		rig->m.page[p].vmo = -1;
}

static void rig_close(struct rig *rig)
{
	for (int i = 1; i < MODEL_NODES; i++)
		if (rig->m.node[i].handle)
			EXPECT_OK(zx_handle_close(rig->m.node[i].handle));
	if (!rig->m.root) {
		EXPECT_OK(zx_vmar_destroy(rig->m.node[0].handle));
		EXPECT_OK(zx_handle_close(rig->m.node[0].handle));
	} else {
		EXPECT_OK(zx_vmar_unmap(rig->m.node[0].handle, rig->m.arena,
					MODEL_PAGES * PAGE));
	}
	for (int i = 0; i < MODEL_VMOS; i++)
		EXPECT_OK(zx_handle_close(rig->m.vmo[i].handle));
	vm_destroy(&rig->vm);
}

/* ---- what the kernel shows -------------------------------------------- */

static void aim(struct rig *rig, uint64_t gpa, bool write, uint64_t value)
{
	zx_vcpu_state_t state;

	vcpu_read(rig->vm.vcpu, &state);
	state.rbx = gpa;
	state.rdi = write;
	state.rdx = value;
	vcpu_write(rig->vm.vcpu, &state);
}

/* The guest reads a word, or writes it. */
static zx_status_t guest_touch(struct rig *rig, uint64_t gpa, bool write,
			       uint64_t *word)
{
	zx_port_packet_t packet;
	zx_status_t status;

	aim(rig, gpa, write, *word);
	status = vm_enter(&rig->vm, &packet);
	if (status != ZX_OK) {
		/* The same instruction again, where it does no harm. */
		aim(rig, SCRATCH, write, 0);
		vm_expect_report(&rig->vm, 1);
		return status;
	}
	if (!write)
		*word = rig->vm.mail->value[0];
	return ZX_OK;
}

/* The host does; it cannot tell why it may not. */
static bool host_touch(uint64_t addr, bool write, uint64_t *word)
{
	return write ? host_write(addr, word, 8) : host_read(addr, word, 8);
}

static void check_touch(struct rig *rig, unsigned int page, bool write)
{
	uint64_t addr = rig->m.arena + page * PAGE, want = 0, seen;
	zx_status_t status = model_touch(&rig->m, page, write, &want);

	zxtest_row("step %lu, %s page %u", rig->step,
		   write ? "writing" : "reading", page);
	seen = write ? ++rig->tag : 0;
	if (rig->process)
		ASSERT_EQ(status == ZX_OK, host_touch(addr, write, &seen));
	else
		ASSERT_STATUS(status, guest_touch(rig, addr, write, &seen));
	if (status != ZX_OK)
		return;
	if (write)
		rig->m.vmo[rig->m.page[page].vmo]
			.word[rig->m.page[page].vmo_page] = seen;
	else
		ASSERT_EQ(want, seen);
}

/* Whether Linux has something there: a mapping of ours, or a reservation. */
static void check_taken(struct rig *rig, unsigned int page)
{
	const struct model_page *p = &rig->m.page[page];
	uint64_t addr = rig->m.arena + page * PAGE;
	bool taken = p->vmo >= 0 || p->node || !rig->m.root;

	zxtest_row("step %lu, page %u", rig->step, page);
	ASSERT_EQ(taken ? 0 : -1, msync((void *)addr, PAGE, MS_ASYNC));
}

static void check_all(struct rig *rig)
{
	for (unsigned int p = 0; p < MODEL_USED; p++) {
		/* A guest takes its time: a half of them, another one each time. */
		if (!rig->process && one_in(rig, 2))
			continue;
		check_touch(rig, p, false);
		if (one_in(rig, 4))
			check_touch(rig, p, true);
		if (rig->process)
			check_taken(rig, p);
	}
	for (int i = 0; i < MODEL_VMOS; i++)
		for (uint64_t p = 0; p < rig->m.vmo[i].n_pages; p++) {
			const struct model_vmo *v =
				&rig->m.vmo[rig->m.vmo[i].same_as];

			zxtest_row("step %lu, VMO %d, page %u", rig->step, i,
				   (unsigned int)p);
			ASSERT_EQ(v->word[p],
				  vmo_word(rig->m.vmo[i].handle, p * PAGE));
		}
}

/* Whether a VMAR has a mapping at a page. */
static void check_some(struct rig *rig)
{
	for (int i = 0; i < 3; i++) {
		const struct model_node *v = &rig->m.node[below(rig, MODEL_NODES)];
		unsigned int p = below(rig, MODEL_USED);
		uint64_t addr = rig->m.arena + p * PAGE;
		bool mapped = rig->m.page[p].vmo >= 0 &&
			      &rig->m.node[rig->m.page[p].node] == v;

		if (!v->alive || addr < v->base || addr - v->base >= v->size)
			continue;
		zxtest_row("step %lu, page %u of VMAR %d", rig->step, p,
			   (int)(v - rig->m.node));
		ASSERT_STATUS(mapped ? ZX_OK : ZX_ERR_BAD_STATE,
			      zx_vmar_op_range(v->handle, ZX_VMAR_OP_MAP_RANGE,
					       addr, PAGE, NULL, 0));
	}
}

/* ---- calls ------------------------------------------------------------ */

/* The call's answer must be the model's; where that is allowed, NO_MEMORY. */
static bool agreed(struct rig *rig, const struct model *before,
		   zx_status_t want, zx_status_t seen)
{
	if (rig->tight && seen == ZX_ERR_NO_MEMORY && want == ZX_OK) {
		/* Then nothing has changed. */
		rig->m = *before;
		rig->refused++;
		return false;
	}
	ASSERT_STATUS(want, seen);
	return want == ZX_OK;
}

static void tell(struct rig *rig, const char *name, const struct model_call *c)
{
	zxtest_row("step %lu, %s(VMAR %d, %#x, %#llx, VMO %d, %#llx, %#llx)",
		   rig->step, name, c->node, c->options,
		   (unsigned long long)c->offset, c->vmo,
		   (unsigned long long)c->vmo_offset,
		   (unsigned long long)c->len);
}

static int draw_node(struct rig *rig)
{
	for (;;) {
		int i = below(rig, MODEL_NODES);

		/* A dead one now and then. */
		if (rig->m.node[i].handle &&
		    (rig->m.node[i].alive || one_in(rig, 8)))
			return i;
		if (one_in(rig, 4))
			return 0;
	}
}

/* Pages in a VMAR that the model knows; an address. */
static uint64_t draw_addr(struct rig *rig, const struct model_node *v)
{
	uint64_t first = v->base, n = MODEL_USED;

	if (v == &rig->m.node[0])
		first = rig->m.arena;
	else
		n = v->size / PAGE;
	return first + below(rig, n) * PAGE;
}

static uint64_t draw_len(struct rig *rig)
{
	uint64_t len = (1 + below(rig, one_in(rig, 4) ? 16 : 4)) * PAGE;

	return one_in(rig, 8) ? len - below(rig, PAGE) : len;
}

/* An option more or less, but none that takes a root's call out of the model. */
static uint32_t draw_option(struct rig *rig, const struct model_node *v)
{
	uint32_t bit;

	if (v != &rig->m.node[0])
		return 1u << below(rig, 32);
	do {
		bit = 1u << below(rig, ZX_VM_ALIGN_BASE);
	} while (bit & (SPECIFIC | OVERWRITE | UPPER_LIMIT));
	return bit;
}

/* What a call should refuse, or treat with care. */
static void spoil(struct rig *rig, const struct model_node *v,
		  struct model_call *c, bool absolute)
{
	uint64_t base = absolute ? v->base : 0;

	switch (below(rig, 10)) {
	case 0:
		c->len = 0;
		break;
	case 1:
		c->len = UINT64_MAX;
		break;
	case 2:
		c->len = v->size + PAGE;
		break;
	case 3:
		c->offset++;
		break;
	case 4:
		c->offset = base + v->size;
		break;
	case 5:
		c->offset = base + v->size - PAGE;
		c->len = 2 * PAGE;
		break;
	case 6:
		c->offset = base - PAGE;
		break;
	case 7:
		c->options ^= draw_option(rig, v);
		break;
	case 8:
		c->vmo_offset += 1 + below(rig, PAGE);
		break;
	case 9:
		c->vmo_offset = -PAGE;
		break;
	}
}

static void draw_place(struct rig *rig, struct model_call *c)
{
	static const uint32_t places[] = {
		SPECIFIC, SPECIFIC, SPECIFIC, OVERWRITE, OVERWRITE, 0, 0,
		UPPER_LIMIT,
	};
	static const uint32_t aligns[] = { 10, 12, 13, 14, 15, 16 };
	const struct model_node *v = &rig->m.node[c->node];

	c->options |= PICK(rig, places);
	if (one_in(rig, 5))
		c->options |= ALIGN(PICK(rig, aligns));
	if (c->options & (SPECIFIC | OVERWRITE | UPPER_LIMIT))
		c->offset = draw_addr(rig, v) - v->base;
	c->len = draw_len(rig);
}

/* A place that Linux chose is as good as another, and given back. */
static void take_back(struct rig *rig, const struct model_call *c, uint64_t addr,
		      uint64_t len)
{
	uint64_t limit = rig->m.node[c->node].base + c->offset;
	uint32_t log = c->options >> ZX_VM_ALIGN_BASE;

	ASSERT_EQ(0ull, log ? addr % (1ull << log) : 0);
	ASSERT_EQ(0ull, addr % PAGE);
	if (c->options & UPPER_LIMIT)
		ASSERT_GE(limit, addr + len);
	ASSERT_OK(zx_vmar_unmap(rig->m.node[c->node].handle, addr, len));
}

/* A root has always room behind; what went there must not pile up. */
static void tidy(struct rig *rig)
{
	struct model_call c = {
		.offset = rig->m.arena + ROOM * PAGE,
		.len = (MODEL_PAGES - ROOM) * PAGE,
	};

	if (!rig->m.root)
		return;
	for (int i = 1; i < MODEL_NODES; i++) {
		const struct model_node *v = &rig->m.node[i];

		if (!v->alive || v->base + v->size <= c.offset)
			continue;
		ASSERT_OK(zx_vmar_destroy(v->handle));
		ASSERT_OK(model_destroy(&rig->m, i));
	}
	ASSERT_OK(zx_vmar_unmap(rig->m.node[0].handle, c.offset, c.len));
	ASSERT_OK(model_unmap(&rig->m, &c));
}

static void do_map(struct rig *rig, const struct model *before)
{
	static const uint32_t perms[] = {
		R, R, R | W, R | W, R | W, R | W | X, R | X, 0, W, X,
	};
	struct model_call c = { .node = draw_node(rig) };
	uint64_t want = 0, seen = 0, len;
	zx_status_t status;

	c.options = PICK(rig, perms);
	c.vmo = below(rig, MODEL_VMOS);
	c.vmo_offset = below(rig, MODEL_VMO_PAGES + 2) * PAGE;
	draw_place(rig, &c);
	if (one_in(rig, 8) && !(c.options & OVERWRITE))
		c.options |= ZX_VM_MAP_RANGE;
	if (one_in(rig, 12))
		spoil(rig, &rig->m.node[c.node], &c, false);
	tell(rig, "map", &c);
	status = model_map(&rig->m, &c, &want);
	if (!agreed(rig, before, status,
		    zx_vmar_map(rig->m.node[c.node].handle, c.options, c.offset,
				rig->m.vmo[c.vmo].handle, c.vmo_offset, c.len,
				&seen)))
		return;
	len = (c.len + PAGE - 1) & -PAGE;
	if (want == MODEL_ANYWHERE)
		return take_back(rig, &c, seen, len);
	ASSERT_EQ(want, seen);
	if (!rig->tight && want + len > rig->m.arena + ROOM * PAGE)
		tidy(rig);
}

static int free_node(struct rig *rig)
{
	for (int i = 1; i < MODEL_NODES; i++) {
		struct model_node *v = &rig->m.node[i];

		if (v->handle && !v->alive && one_in(rig, 2)) {
			ASSERT_OK(zx_handle_close(v->handle));
			v->handle = 0;
		}
		if (!v->handle)
			return i;
	}
	return 0;
}

static void do_allocate(struct rig *rig)
{
	static const uint32_t cans[] = {
		CAN_ALL, CAN_ALL, CAN_R | CAN_W | CAN_SPECIFIC, CAN_R | CAN_W,
		CAN_R | CAN_SPECIFIC, CAN_SPECIFIC, 0,
	};
	struct model_call c = { .node = draw_node(rig) };
	int child = free_node(rig);
	struct model before = rig->m;
	uint64_t want = 0, seen = 0;
	zx_handle_t handle = 0;
	zx_status_t status;

	if (!child || !rig->m.node[c.node].handle)
		return;
	draw_place(rig, &c);
	c.options = (c.options & ~OVERWRITE) | PICK(rig, cans);
	if (!(c.options & (SPECIFIC | UPPER_LIMIT)))
		c.offset = 0;
	c.len = (4 + below(rig, 20)) * PAGE;
	if (one_in(rig, 12))
		spoil(rig, &rig->m.node[c.node], &c, false);
	tell(rig, "allocate", &c);
	status = model_allocate(&rig->m, &c, child, &want);
	if (!agreed(rig, &before, status,
		    zx_vmar_allocate(rig->m.node[c.node].handle, c.options,
				     c.offset, c.len, &handle, &seen)))
		return;
	if (want == MODEL_ANYWHERE) {
		take_back(rig, &c, seen, c.len);
		ASSERT_STATUS(ZX_ERR_BAD_STATE, zx_vmar_destroy(handle));
		ASSERT_OK(zx_handle_close(handle));
		return;
	}
	ASSERT_EQ(want, seen);
	rig->m.node[child].handle = handle;
	if (!rig->tight && want + c.len > rig->m.arena + ROOM * PAGE)
		tidy(rig);
}

/* A range of one VMAR, for unmap, protect and op_range. */
static void draw_range(struct rig *rig, struct model_call *c)
{
	const struct model_node *v;

	c->node = draw_node(rig);
	v = &rig->m.node[c->node];
	c->offset = draw_addr(rig, v);
	c->len = draw_len(rig);
	if (c->node && one_in(rig, 6)) {	/* all of it */
		c->offset = v->base;
		c->len = v->size;
	}
	/* Half done, a call may end anywhere: not when memory may be short. */
	if (rig->tight &&
	    !model_is_piece(&rig->m, (c->offset - rig->m.arena) / PAGE,
			    (c->len + PAGE - 1) / PAGE))
		c->len = PAGE;
	if (one_in(rig, 12) && !rig->tight)
		spoil(rig, v, c, true);
}

static void do_unmap(struct rig *rig, const struct model *before)
{
	struct model_call c = { 0 };
	zx_status_t status;

	draw_range(rig, &c);
	tell(rig, "unmap", &c);
	status = model_unmap(&rig->m, &c);
	agreed(rig, before, status,
	       zx_vmar_unmap(rig->m.node[c.node].handle, c.offset, c.len));
}

static void do_protect(struct rig *rig, const struct model *before)
{
	static const uint32_t perms[] = { R, R | W, 0, R | X, R | W | X, W };
	struct model_call c = { .options = PICK(rig, perms) };
	zx_status_t status;

	draw_range(rig, &c);
	tell(rig, "protect", &c);
	status = model_protect(&rig->m, &c);
	agreed(rig, before, status,
	       zx_vmar_protect(rig->m.node[c.node].handle, c.options, c.offset,
			       c.len));
}

static void do_op(struct rig *rig, const struct model *before)
{
	static const uint32_t ops[] = {
		ZX_VMAR_OP_COMMIT, ZX_VMAR_OP_DECOMMIT, ZX_VMAR_OP_MAP_RANGE,
	};
	uint32_t op = PICK(rig, ops);
	struct model_call c = { 0 };
	zx_status_t status;

	draw_range(rig, &c);
	c.options = op;
	tell(rig, "op_range", &c);
	status = model_op(&rig->m, &c);
	agreed(rig, before, status,
	       zx_vmar_op_range(rig->m.node[c.node].handle, op, c.offset, c.len,
				NULL, 0));
}

static void do_destroy(struct rig *rig, const struct model *before)
{
	struct model_call c = { .node = draw_node(rig) };
	zx_status_t status;

	/* The part that the test is in stays until its end. */
	if (!c.node && !rig->m.root)
		return;
	tell(rig, "destroy", &c);
	status = model_destroy(&rig->m, c.node);
	agreed(rig, before, status,
	       zx_vmar_destroy(rig->m.node[c.node].handle));
}

static void do_vmo(struct rig *rig)
{
	struct model_vmo *v = &rig->m.vmo[below(rig, 3)];
	uint64_t p = below(rig, MODEL_VMO_PAGES);

	zxtest_row("step %lu, VMO %d, page %u", rig->step,
		   (int)(v - rig->m.vmo), (unsigned int)p);
	if (v->resizable && one_in(rig, 2)) {
		ASSERT_OK(zx_vmo_set_size(v->handle, (p + 1) * PAGE));
		model_resize(&rig->m, v->same_as, p + 1);
	} else if (p < v->n_pages) {
		v->word[p] = ++rig->tag;
		ASSERT_OK(zx_vmo_write(v->handle, &v->word[p], p * PAGE, 8));
	}
}

static void do_step(struct rig *rig)
{
	struct model before;
	uint64_t which = below(rig, 100);

	if (rig->tight)
		before = rig->m;
	if (which < 40)
		do_map(rig, &before);
	else if (which < 56)
		do_unmap(rig, &before);
	else if (which < 74)
		do_protect(rig, &before);
	else if (which < 82)
		do_allocate(rig);
	else if (which < 85)
		do_destroy(rig, &before);
	else if (which < 94)
		do_op(rig, &before);
	else
		do_vmo(rig);
	check_some(rig);
	rig->step++;
}

static void run_steps(struct rig *rig, unsigned int steps)
{
	for (unsigned int i = 1; i <= steps; i++) {
		do_step(rig);
		if (i % 100 == 0)
			check_all(rig);
	}
	check_all(rig);
}

static void run(bool process, bool root)
{
	struct rig rig;

	rig_open(&rig, process, root);
	run_steps(&rig, scaled(50000, 2000));
	zxtest_row_end();
	rig_close(&rig);
}

TEST_TIMEOUT(a_guests_root_does_as_the_model_says, 600)
{
	run(false, true);
}

TEST_TIMEOUT(a_part_of_a_guest_does_as_the_model_says, 600)
{
	run(false, false);
}

TEST_TIMEOUT(the_process_root_does_as_the_model_says, 600)
{
	run(true, true);
}

TEST_TIMEOUT(a_part_of_the_process_does_as_the_model_says, 600)
{
	run(true, false);
}

/* ---- vm.max_map_count ------------------------------------------------- */

#define MAX_MAP_COUNT	"/proc/sys/vm/max_map_count"
#define MANY_MAPS	65530	/* Linux's default */

static void set_max_map_count(unsigned long n)
{
	FILE *f = fopen(MAX_MAP_COUNT, "we");

	ASSERT_TRUE(f);
	ASSERT_LT(0, fprintf(f, "%lu", n));
	ASSERT_EQ(0, fclose(f));
}

/* Calls that are refused for want of Linux mappings change nothing at all. */
static void run_tight(bool process, bool root)
{
	struct rig rig;

	if (access(MAX_MAP_COUNT, W_OK))
		SKIP("vm.max_map_count cannot be set");
	/* A test that was ended early may have left it low. */
	set_max_map_count(MANY_MAPS);
	rig_open(&rig, process, root);
	for (unsigned int i = 0; i < scaled(100, 4); i++) {
		run_steps(&rig, 100);
		rig.tight = true;
		set_max_map_count(count_maps() - 1 + below(&rig, 4));
		for (int n = 0; n < 100; n++)
			do_step(&rig);
		check_all(&rig);
		set_max_map_count(MANY_MAPS);
		rig.tight = false;
		tidy(&rig);
	}
	zxtest_row_end();
	EXPECT_LT(0ul, rig.refused);
	run_steps(&rig, 100);
	rig_close(&rig);
}

TEST_TIMEOUT(too_many_mappings_leave_a_guests_root_as_it_is, 300)
{
	run_tight(false, true);
}

TEST_TIMEOUT(too_many_mappings_leave_a_part_of_a_guest_as_it_is, 300)
{
	run_tight(false, false);
}

TEST_TIMEOUT(too_many_mappings_leave_the_process_root_as_it_is, 300)
{
	run_tight(true, true);
}

TEST_TIMEOUT(too_many_mappings_leave_a_part_of_the_process_as_it_is, 300)
{
	run_tight(true, false);
}

TEST_HARNESS_MAIN
