// SPDX-License-Identifier: MIT
/*
 * MEM traps: every form of access, in every mode. The vCPU of a mode executes
 * the forms one after the other. Each brings one packet, and nothing else: no
 * register, flag or byte of memory has changed, and the next enter executes what
 * follows the instruction.
 */
#include <cpuid.h>
#include <string.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include "guest/memforms.h"
#include "guest/vm.h"
#include "zxtest.h"

#define PAGE		4096ull
#define TRAP_END	(FORMS_TRAP + 2 * PAGE)
#define EDGE_END	(FORMS_EDGE + PAGE)
#define FORMS_LONGEST	16		/* bytes of an operand */

#define XCR0_AVX	7
#define FLAG_DF		0x400ull
#define FLAGS_STATUS	0x8d5ull	/* CF PF AF ZF SF OF */

/* An instruction, as memforms.S has it. */
struct form {
	const char *name;
	const uint8_t *code, *next;
	uint32_t what;
	int32_t offset;
};

struct list {
	const uint8_t *start;
	const struct form *forms, *end;
};

extern const struct list guest_memforms_lists[TAPES][LISTS];
extern const uint8_t guest_memforms_xmm[16];
GUEST_BLOB(memforms);

struct mode {
	const uint8_t *entry;
	unsigned int tape;
	uint64_t segment;		/* base of data segments */
	uint64_t cr3;
	uint8_t operand_size;
	uint64_t rip;			/* of guest_memforms */
	bool swapped;			/* paging has the trap's pages so */
};

#define MODE(name, ...)							\
	extern const uint8_t guest_memforms_##name[];			\
	static const struct mode mode_##name = {			\
		guest_memforms_##name, __VA_ARGS__			\
	}

MODE(real, TAPE_16, FORMS_SEGMENT, 0, 2);
MODE(protected_16, TAPE_16, FORMS_SEGMENT, 0, 2);
MODE(protected, TAPE_32, 0, 0, 4);
MODE(paged, TAPE_32, 0, FORMS_PD32, 4, .swapped = true);
MODE(compatibility_16, TAPE_16, FORMS_SEGMENT, GUEST_PML4_COPY, 2);
MODE(compatibility, TAPE_32, 0, GUEST_PML4_COPY, 4);
MODE(long, TAPE_64, 0, GUEST_PML4_COPY, 4, .rip = GUEST_AP_CODE);

/* Not a mode, but other code in one. */
static const struct mode mode_real_32 = {
	guest_memforms_real, TAPE_16_32, FORMS_SEGMENT, 0, 2,
};

struct rig {
	struct vm vm;
	zx_handle_t vcpu;
	const struct mode *mode;
	const struct list *list;
	void (*run)(struct rig *rig);
	uint8_t ram[FORMS_SAVE - FORMS_SEGMENT];	/* what RAM should be */
};

/* Where and how a form is executed. */
struct setup {
	uint64_t base;			/* what registers point to */
	uint64_t told;			/* the packet's address */
	uint64_t flags, count;
};

/* ---- memory ----------------------------------------------------------- */

static uint8_t *guest_ram(struct rig *rig)
{
	return rig->vm.mem + FORMS_SEGMENT;
}

static void ram_fill(struct rig *rig)
{
	poison(rig->ram, sizeof(rig->ram));
	memcpy(guest_ram(rig), rig->ram, sizeof(rig->ram));
}

/* Complains once. */
static void ram_expect(struct rig *rig)
{
	bool same = !memcmp(rig->ram, guest_ram(rig), sizeof(rig->ram));

	EXPECT_TRUE(same);
	if (same)
		return;
	for (size_t i = 0; i < sizeof(rig->ram); i++)
		if (guest_ram(rig)[i] != rig->ram[i])
			TH_LOG("%#zx: %#x, not %#x", FORMS_SEGMENT + i,
			       guest_ram(rig)[i], rig->ram[i]);
	memcpy(guest_ram(rig), rig->ram, sizeof(rig->ram));
}

/*
 * A write across the border of a trap reaches the RAM beside it: mem.c shows what
 * becomes of that.
 */
static void ram_accept(struct rig *rig, uint64_t addr)
{
	memcpy(rig->ram + addr - FORMS_SEGMENT,
	       guest_ram(rig) + addr - FORMS_SEGMENT, FORMS_LONGEST);
}

/* A linear address as the mode's page tables have it. */
static uint64_t physical(const struct mode *mode, uint64_t addr)
{
	if (mode->swapped && addr >= FORMS_TRAP && addr < TRAP_END)
		return addr ^ PAGE;
	return addr;
}

static void build_tables(uint8_t *mem)
{
	uint32_t *table = (uint32_t *)(mem + FORMS_TABLE32);

	*(uint32_t *)(mem + FORMS_PD32) = FORMS_TABLE32 | 7;
	for (uint32_t i = 0; i < 1024; i++)
		table[i] = physical(&mode_paged, i * PAGE) | 7;
}

/* ---- registers -------------------------------------------------------- */

/* What lies above an address or a count in its register, and is not used. */
static uint64_t garbage(const struct mode *mode)
{
	uint64_t bits = 0xf0e1d2c3b4a59687;

	if (mode->tape == TAPE_64)
		return 0;
	return bits & (mode->tape == TAPE_16 ? ~0xffffull : ~0xffffffffull);
}

static uint64_t pointer(const struct rig *rig, uint64_t addr)
{
	return garbage(rig->mode) | (addr - rig->mode->segment);
}

/* A VM exit from 32-bit code need not keep what RSP has above 32 bits. */
static uint64_t stack_pointer(const struct rig *rig, uint64_t addr)
{
	return (rig->mode->segment ? 0xb4a50000 : 0) |
	       (addr - rig->mode->segment);
}

static void registers_set(const struct rig *rig, const struct form *f,
			  const struct setup *s, zx_vcpu_state_t *state)
{
	uint64_t base = pointer(rig, s->base);
	uint64_t ram = pointer(rig, FORMS_RAM + 0x100);
	uint64_t *reg = (uint64_t *)state;

	for (int i = 0; i < 16; i++)
		reg[i] = 0xf0e1d2c3b4a59687 + i * 0x1010101;
	state->rbx = f->what & F_B_RAM ? ram : base;
	state->rsi = f->what & F_S_RAM ? ram : base;
	state->rdi = f->what & F_D_RAM ? ram : base;
	state->r13 = base;
	state->rsp = stack_pointer(rig, f->what & F_SP ? s->base :
						      FORMS_STACK - 64);
	if (f->what & F_BP)
		state->rbp = base;
	if (f->what & F_INDEX)
		state->rsi = garbage(rig->mode) | FORMS_INDEX;
	if (f->what & F_COUNT)
		state->rcx = garbage(rig->mode) | s->count;
	if (f->what & F_BITS) {
		state->rcx = FORMS_BIT_CX;
		state->rdx = FORMS_BIT_DX;
	}
	if (f->what & F_AVX) {
		state->rax = XCR0_AVX;
		state->rcx = 0;
		state->rdx = 0;
	}
	state->rflags = s->flags | 2;
	vcpu_write(rig->vcpu, state);
	/* Bit 1 is not among the flags that are read. */
	state->rflags = s->flags;
}

static void registers_expect(const struct rig *rig, const zx_vcpu_state_t *want)
{
	zx_vcpu_state_t state;

	vcpu_read(rig->vcpu, &state);
	EXPECT_BYTES(want, &state, sizeof(state));
}

/* ---- a form ----------------------------------------------------------- */

/* So that the forms behind one that fails are executed, too. */
static void skip_form(struct rig *rig, const struct form *f)
{
	zx_vcpu_state_t state;

	/* If KVM has an exception for the guest, it forgets it now. */
	vcpu_read(rig->vcpu, &state);
	state.rflags |= 2;
	vcpu_write(rig->vcpu, &state);
	memset(rig->vm.mem + GUEST_AP_CODE + (f->code - guest_memforms), 0x90,
	       f->next - f->code);
}

/* Return: whether the report behind the form is still to come. */
static bool take_packet(struct rig *rig, const struct form *f, uint64_t addr)
{
	zx_port_packet_t packet, want;
	zx_status_t status;

	memset(&want, 0, sizeof(want));
	want.key = KEY_MEM;
	want.type = ZX_PKT_TYPE_GUEST_MEM;
	want.guest_mem.addr = physical(rig->mode, addr);
	want.guest_mem.cr3 = rig->mode->cr3;
	want.guest_mem.rip = rig->mode->rip + (f->code - guest_memforms);
	want.guest_mem.instruction_size = f->next - f->code;
	want.guest_mem.default_operand_size = rig->mode->operand_size;
	poison(&packet, sizeof(packet));
	status = zx_vcpu_enter(rig->vcpu, &packet);
	EXPECT_STATUS(ZX_OK, status);
	if (status != ZX_OK) {
		skip_form(rig, f);
		return true;
	}
	EXPECT_EQ(want.type, packet.type);
	if (packet.type != want.type)
		return false;
	if ((f->what & F_WIDE) && packet.guest_mem.addr >= want.guest_mem.addr &&
	    packet.guest_mem.addr < want.guest_mem.addr + FORMS_WIDE)
		want.guest_mem.addr = packet.guest_mem.addr;
	EXPECT_EQ(want.guest_mem.addr, packet.guest_mem.addr);
	EXPECT_EQ(want.guest_mem.rip, packet.guest_mem.rip);
	EXPECT_EQ(want.guest_mem.instruction_size,
		  packet.guest_mem.instruction_size);
	EXPECT_BYTES(&want, &packet, sizeof(want));
	return true;
}

/* The next report, with the registers being what they are. */
static void expect_report(struct rig *rig)
{
	zx_vcpu_state_t state;

	vcpu_read(rig->vcpu, &state);
	vcpu_expect_report(rig->vcpu, (uint32_t)state.rax);
	registers_expect(rig, &state);
}

static void name_row(const struct form *f, const struct setup *s)
{
	zxtest_row("%s at %#llx, flags %#llx", f->name,
		   (unsigned long long)s->base, (unsigned long long)s->flags);
}

static void run_form(struct rig *rig, const struct form *f,
		     const struct setup *s)
{
	zx_vcpu_state_t state;

	name_row(f, s);
	registers_set(rig, f, s, &state);
	if (!take_packet(rig, f, s->told))
		return;
	registers_expect(rig, &state);
	if (f->what & F_WRITE)
		ram_accept(rig, s->base + f->offset);
	ram_expect(rig);
	expect_report(rig);
}

/* After the last form: what lies in MM0 and XMM0 is what the AP began with. */
static void end_list(struct rig *rig)
{
	uint8_t *save = rig->vm.mem + FORMS_SAVE;

	zxtest_row("the end");
	poison(save, 24);
	expect_report(rig);
	EXPECT_BYTES(guest_memforms_xmm, save, 16);
	EXPECT_BYTES(guest_memforms_xmm, save + 16, 8);
	zxtest_row_end();
}

/* ---- the lists -------------------------------------------------------- */

static bool has_cmpxchg16b(void)
{
	unsigned int a, b, c = 0, d;

	return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_CMPXCHG16B);
}

static void run_list(struct rig *rig)
{
	static const struct setup setups[] = {
		{ FORMS_BASE, 0, 0, 5 },
		{ FORMS_BASE, 0, FLAGS_STATUS | FLAG_DF, 1 },
	};
	bool cx16 = has_cmpxchg16b();

	for (size_t i = 0; i < ARRAY_SIZE(setups); i++) {
		for (const struct form *f = rig->list->forms;
		     f < rig->list->end; f++) {
			struct setup s = setups[i];

			s.told = s.base + f->offset;
			if ((f->what & F_CX16) && !cx16) {
				skip_form(rig, f);
				expect_report(rig);
				continue;
			}
			run_form(rig, f, &s);
		}
		end_list(rig);
	}
}

/* The first byte of each access is the last of a page. */
static void run_borders(struct rig *rig)
{
	static const struct setup setups[] = {
		/* over two trapped pages */
		{ FORMS_TRAP + PAGE - 1, FORMS_TRAP + PAGE - 1 },
		/* from RAM into the trap, which is told */
		{ FORMS_TRAP - 1, FORMS_TRAP },
		/* out of the trap, into RAM and into nothing */
		{ TRAP_END - 1, TRAP_END - 1 },
		{ EDGE_END - 1, EDGE_END - 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(setups); i++) {
		for (const struct form *f = rig->list->forms;
		     f < rig->list->end; f++) {
			struct setup s = setups[i];

			s.base -= f->offset;
			run_form(rig, f, &s);
			ram_fill(rig);
		}
		end_list(rig);
	}
}

/* ---- REP from RAM into the trap --------------------------------------- */

#define REP_COUNT	8
#define REP_DONE	3		/* elements that lie in RAM */

/* A string instruction that is about to run into the trap, and where. */
struct rep {
	const struct form *form;
	uint64_t size, step;		/* of an element; to the next one */
	uint64_t src, dst;
	uint64_t told;
	bool moves_src, moves_dst;
};

static struct rep rep_of(const struct form *f, uint64_t flags)
{
	uint64_t size = f->offset, first;
	struct rep r = { .form = f, .size = size, .step = size };

	first = FORMS_TRAP - REP_DONE * size;
	r.told = FORMS_TRAP;
	if (flags & FLAG_DF) {
		r.step = -size;
		first = TRAP_END + (REP_DONE - 1) * size;
		r.told = TRAP_END - size;
	}
	r.src = f->what & F_S_RAM ? FORMS_RAM + 0x100 : first;
	r.dst = f->what & F_D_RAM ? FORMS_RAM + 0x100 : first;
	r.moves_src = !strstr(f->name, "stos") && !strstr(f->name, "scas");
	r.moves_dst = !strstr(f->name, "lods");
	return r;
}

/* Other bytes everywhere, or the same for those that compare equal ones. */
static void rep_fill(struct rig *rig, const struct form *f)
{
	for (size_t i = 0; i < sizeof(rig->ram); i++)
		rig->ram[i] = f->what & F_EQUAL ? POISON : i * 7;
	memcpy(guest_ram(rig), rig->ram, sizeof(rig->ram));
}

/* What the elements in RAM make of RAM and registers. */
static void rep_model(struct rig *rig, const struct rep *r,
		      zx_vcpu_state_t *state)
{
	bool loads = !r->moves_dst, stores = r->form->what & F_WRITE;

	for (uint64_t i = 0; i < REP_DONE; i++) {
		uint8_t *src = rig->ram + r->src + i * r->step - FORMS_SEGMENT;
		uint8_t *dst = rig->ram + r->dst + i * r->step - FORMS_SEGMENT;

		if (loads) {
			memcpy(&state->rax, src, r->size);
			if (r->size == 4)
				state->rax &= UINT32_MAX;
		} else if (stores) {
			memcpy(dst, r->moves_src ? src : (uint8_t *)&state->rax,
			       r->size);
		}
	}
	if (r->moves_src)
		state->rsi += REP_DONE * r->step;
	if (r->moves_dst)
		state->rdi += REP_DONE * r->step;
	state->rcx -= REP_DONE;
}

/* Upper halves are not defined where registers have 32 bits. */
static uint64_t rep_register(const struct rig *rig, uint64_t value)
{
	if (rig->mode->tape == TAPE_16)
		return garbage(rig->mode) | value;
	return value;
}

static void rep_start(struct rig *rig, const struct rep *r, uint64_t flags,
		      zx_vcpu_state_t *state)
{
	struct setup s = { FORMS_BASE, r->told, flags };

	name_row(r->form, &s);
	registers_set(rig, r->form, &s, state);
	state->rax = r->form->what & F_EQUAL ? 0xa5a5a5a5 : 0x5a5b5c5d;
	state->rcx = rep_register(rig, REP_COUNT);
	state->rsi = rep_register(rig, r->src - rig->mode->segment);
	state->rdi = rep_register(rig, r->dst - rig->mode->segment);
	state->rflags = flags | 2;
	vcpu_write(rig->vcpu, state);
	state->rflags = flags;
}

static void run_rep(struct rig *rig, const struct form *f, uint64_t flags)
{
	zx_vcpu_state_t want, state;
	struct rep r = rep_of(f, flags);

	rep_fill(rig, f);
	rep_start(rig, &r, flags, &want);
	if (!take_packet(rig, f, r.told))
		return;
	rep_model(rig, &r, &want);
	vcpu_read(rig->vcpu, &state);
	/* Some CPUs keep the flags of before, others those of the last element. */
	if (f->what & F_COMPARE)
		want.rflags = (want.rflags & ~FLAGS_STATUS) |
			      (state.rflags & FLAGS_STATUS);
	EXPECT_BYTES(&want, &state, sizeof(state));
	ram_expect(rig);
	expect_report(rig);
}

static void run_reps(struct rig *rig)
{
	static const uint64_t flags[] = {
		0, FLAGS_STATUS, FLAG_DF, FLAGS_STATUS | FLAG_DF,
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		for (const struct form *f = rig->list->forms;
		     f < rig->list->end; f++)
			run_rep(rig, f, flags[i]);
		end_list(rig);
	}
}

/* ---- entry ------------------------------------------------------------ */

static void *run_ap(void *arg)
{
	struct rig *rig = arg;
	zx_vcpu_state_t state;

	ASSERT_OK(zx_vcpu_create(rig->vm.guest, 0, GUEST_AP_CODE, &rig->vcpu));
	vcpu_expect_report(rig->vcpu, 0);
	vcpu_read(rig->vcpu, &state);
	state.rax = rig->mode->entry - guest_memforms;
	state.rbp = rig->list->start - guest_memforms;
	vcpu_write(rig->vcpu, &state);
	vcpu_expect_report(rig->vcpu, FORMS_READY);
	ram_fill(rig);
	rig->run(rig);
	EXPECT_OK(zx_handle_close(rig->vcpu));
	return NULL;
}

static void set_mem(struct vm *vm, uint64_t addr, uint64_t len)
{
	ASSERT_OK(zx_guest_set_trap(vm->guest, ZX_GUEST_TRAP_MEM, addr, len,
				    ZX_HANDLE_INVALID, KEY_MEM));
}

static void run_mode(const struct mode *mode, unsigned int list,
		     void (*run)(struct rig *rig))
{
	static struct rig rig;

	rig.mode = mode;
	rig.list = &guest_memforms_lists[mode->tape][list];
	rig.run = run;
	vm_create(&rig.vm);
	build_tables(rig.vm.mem);
	VM_LOAD(&rig.vm, GUEST_AP_CODE, memforms);
	set_mem(&rig.vm, FORMS_TRAP, 2 * PAGE);
	set_mem(&rig.vm, FORMS_EDGE, PAGE);
	ASSERT_OK(zx_vmar_unmap(rig.vm.vmar, EDGE_END, PAGE));
	vm_vcpu(&rig.vm);
	in_thread(run_ap, &rig);
	vm_destroy(&rig.vm);
}

#define EVERY_FORM(mode, name)						\
	TEST_TIMEOUT(every_form_is_one_packet_in_##name, 240)		\
	{								\
		run_mode(&mode_##mode, LIST_ONE, run_list);		\
	}

#define UNEMULATED(mode, name)						\
	TEST_TIMEOUT(what_kvm_cannot_emulate_is_one_packet_in_##name, 120) \
	{								\
		run_mode(&mode_##mode, LIST_UNEMULATED, run_list);	\
	}

#define UNEMULATED_BORDER(mode, name)					\
	TEST_TIMEOUT(what_kvm_cannot_emulate_across_a_border_is_one_packet_in_##name, \
		     120)						\
	{								\
		run_mode(&mode_##mode, LIST_UNEMULATED_BORDER, run_borders); \
	}

#define REP(mode, name)							\
	TEST_TIMEOUT(rep_stops_where_the_trap_begins_in_##name, 120)	\
	{								\
		run_mode(&mode_##mode, LIST_REP, run_reps);		\
	}

#define BORDER(mode, name)						\
	TEST_TIMEOUT(an_access_across_a_border_is_one_packet_in_##name, 120) \
	{								\
		run_mode(&mode_##mode, LIST_BORDER, run_borders);	\
	}

#define SPLIT(mode, name)						\
	TEST(an_instruction_on_two_pages_is_one_packet_in_##name)	\
	{								\
		run_mode(&mode_##mode, LIST_SPLIT, run_list);		\
	}

#define IN_EVERY_MODE(test)						\
	test(long, long_mode)						\
	test(compatibility, compatibility_mode)				\
	test(compatibility_16, 16_bit_compatibility_mode)		\
	test(protected, protected_mode)					\
	test(paged, protected_mode_with_paging)				\
	test(protected_16, 16_bit_protected_mode)			\
	test(real, real_mode)						\
	test(real_32, real_mode_with_32_bit_addresses)

IN_EVERY_MODE(EVERY_FORM)
IN_EVERY_MODE(UNEMULATED)
IN_EVERY_MODE(UNEMULATED_BORDER)
IN_EVERY_MODE(REP)
IN_EVERY_MODE(BORDER)
IN_EVERY_MODE(SPLIT)

TEST_HARNESS_MAIN
