// SPDX-License-Identifier: MIT
/*
 * The grammar of the ioctl contract: guests, their memory, and the process itself.
 * See grammar.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zircon/errors.h>

#include "fuzz/grammar.h"
#include "fuzz/guestcode.h"
#include "fuzz/request.h"
#include "guest/layout.h"
#include "zxtest.h"

#define RW		(ZX_HYP_VM_PERM_READ | ZX_HYP_VM_PERM_WRITE)

/* Of one process. */
static bool wild;
static _Atomic uint64_t mapped[8];

/* ---- objects ----------------------------------------------------------- */

static void make_resource(struct actor *a, uint32_t kind)
{
	uint32_t out = 0;
	REQUEST(resource_get, .kind = kind, .out_handle = (uintptr_t)&out);

	MADE(kind == ZX_HYP_RESOURCE_VMEX ? VMEX : RESOURCE, RESOURCE_GET, out);
}

static void do_resource(struct actor *a)
{
	REQUEST(resource_get, .kind = below(&a->s, 4),
		.out_handle = place(&a->s));

	if (one_in(&a->s, 4))
		CALL(RESOURCE_GET);
	else
		make_resource(a, arg->kind);
}

static void do_close(struct actor *a)
{
	close_handle(a, handle(a, below(&a->s, TYPES)));
}

static void do_query(struct actor *a)
{
	REQUEST(query, .out_size = below(&a->s, 128),
		.out_result = place(&a->s));

	CALL(QUERY);
}

static void make_vmo(struct actor *a, uint32_t options, uint64_t size)
{
	uint32_t out = 0;
	REQUEST(vmo_create, .options = options, .vmo_size = size,
		.out_handle = (uintptr_t)&out);

	MADE(VMO, VMO_CREATE, out);
}

static void do_vmo_create(struct actor *a)
{
	struct source *s = &a->s;

	make_vmo(a, one_in(s, 16) ? odd(s) : below(s, 2) * 2,
		 one_in(s, 3) ? GUEST_RAM_SIZE : pages(s));
}

static void do_vmo_rw(struct actor *a)
{
	struct source *s = &a->s;
	REQUEST(vmo_rw, .vmo = handle(a, VMO), .buffer = place(s),
		.offset = one_in(s, 8) ? odd(s) : below(s, GUEST_RAM_SIZE),
		.buffer_size = one_in(s, 16) ? odd(s) : below(s, FREE));

	call(a, one_in(s, 2) ? ZX_HYP_VMO_READ : ZX_HYP_VMO_WRITE, arg);
}

static void do_vmo_size(struct actor *a)
{
	REQUEST(vmo_get_size, .vmo = handle(a, VMO), .out_size = place(&a->s));

	CALL(VMO_GET_SIZE);
}

static void set_size(struct actor *a, uint32_t vmo, uint64_t size)
{
	REQUEST(vmo_set_size, .vmo = vmo, .vmo_size = size);

	CALL(VMO_SET_SIZE);
}

static void do_set_size(struct actor *a)
{
	set_size(a, handle(a, VMO), pages(&a->s));
}

/* Not always of whole pages. */
static void do_vmo_range(struct actor *a)
{
	struct source *s = &a->s;
	REQUEST(vmo_op_range, .vmo = handle(a, VMO),
		.op = one_in(s, 16) ? odd(s) : below(s, 15),
		.offset = one_in(s, 8) ? odd(s) : below(s, 512) * PAGE,
		.len = pages(s));

	if (one_in(s, 3))
		arg->offset += below(s, PAGE);
	if (one_in(s, 3))
		arg->len += below(s, PAGE);
	CALL(VMO_OP_RANGE);
}

static void do_cache_policy(struct actor *a)
{
	struct source *s = &a->s;
	REQUEST(vmo_set_cache_policy, .vmo = handle(a, VMO),
		.policy = one_in(s, 8) ? odd(s) : below(s, ZX_HYP_CACHE_MASK + 2));

	CALL(VMO_SET_CACHE_POLICY);
}

static void do_replace(struct actor *a)
{
	uint32_t out = 0;
	REQUEST(vmo_replace_as_executable, .vmo = handle(a, VMO),
		.vmex = one_in(&a->s, 4) ? 0 : handle(a, VMEX),
		.out_handle = (uintptr_t)&out);

	MADE(VMO, VMO_REPLACE_AS_EXECUTABLE, out);
}

static void do_root(struct actor *a)
{
	uint32_t out = 0;
	REQUEST(vmar_root_self, .out_handle = (uintptr_t)&out);

	MADE(VMAR, VMAR_ROOT_SELF, out);
}

static void do_map(struct actor *a)
{
	struct source *s = &a->s;
	uint64_t out = 0;
	uint32_t options = ZX_HYP_VM_PERM_READ | (draw(s) & 7);
	REQUEST(vmar_map, .vmar = handle(a, VMAR), .vmo = handle(a, VMO),
		.vmo_offset = one_in(s, 3) ? pages(s) : 0, .len = pages(s),
		.out_addr = (uintptr_t)&out);

	if (!one_in(s, 3)) {
		options |= one_in(s, 8) ? ZX_HYP_VM_SPECIFIC_OVERWRITE :
					  ZX_HYP_VM_SPECIFIC;
		/* Of a part of a VMAR that is not far from its base. */
		arg->vmar_offset = one_in(s, 4) ? pages(s) : guest_address(s);
	} else if (one_in(s, 4)) {
		options |= below(s, 40) << ZX_HYP_VM_ALIGN_SHIFT;
	}
	if (one_in(s, 16))
		options ^= 1u << below(s, 32);
	arg->options = options;
	if (!CALL(VMAR_MAP))
		atomic_store(&mapped[below(s, ARRAY_SIZE(mapped))], out);
}

/* Where something is mapped, or was, or might be. */
static uint64_t mapped_place(struct source *s)
{
	if (one_in(s, 2))
		return guest_address(s);
	return atomic_load(&mapped[below(s, ARRAY_SIZE(mapped))]) + below(s, 4) * PAGE;
}

static void do_unmap(struct actor *a)
{
	struct source *s = &a->s;
	REQUEST(vmar_unmap, .vmar = handle(a, VMAR), .len = pages(s),
		.addr = mapped_place(s));

	CALL(VMAR_UNMAP);
}

static void do_protect(struct actor *a)
{
	struct source *s = &a->s;
	REQUEST(vmar_protect, .vmar = handle(a, VMAR), .len = pages(s),
		.options = below(s, 8), .addr = mapped_place(s));

	if (one_in(s, 16))
		arg->options ^= 1u << below(s, 32);
	CALL(VMAR_PROTECT);
}

static void do_allocate(struct actor *a)
{
	struct source *s = &a->s;
	uint32_t vmar = 0;
	uint64_t at = 0;
	REQUEST(vmar_allocate, .vmar = handle(a, VMAR), .len = pages(s),
		.options = (one_in(s, 4) ? below(s, 16) : 15) * ZX_HYP_VM_CAN_MAP_SPECIFIC,
		.out_vmar = (uintptr_t)&vmar, .out_addr = (uintptr_t)&at);
	long ret;

	if (one_in(s, 2)) {
		arg->options |= ZX_HYP_VM_SPECIFIC;
		arg->offset = one_in(s, 2) ? pages(s) : guest_address(s);
	} else if (one_in(s, 4)) {
		arg->options |= below(s, 40) << ZX_HYP_VM_ALIGN_SHIFT;
	} else if (one_in(s, 4)) {
		arg->options |= ZX_HYP_VM_OFFSET_IS_UPPER_LIMIT;
		arg->offset = guest_address(s);
	}
	if (one_in(s, 16))
		arg->options ^= 1u << below(s, 32);
	if (one_in(s, 32))
		arg->out_addr = 1;
	ret = CALL(VMAR_ALLOCATE);
	made(a, VMAR, ZX_HYP_VMAR_ALLOCATE, arg, ret, vmar);
	if (!ret)
		atomic_store(&mapped[below(s, ARRAY_SIZE(mapped))], at);
}

static void do_destroy(struct actor *a)
{
	REQUEST(vmar_destroy, .vmar = handle(a, VMAR));

	CALL(VMAR_DESTROY);
}

static void do_vmar_range(struct actor *a)
{
	static const uint32_t some[] = {
		ZX_HYP_OP_COMMIT, ZX_HYP_OP_DECOMMIT, ZX_HYP_OP_MAP_RANGE,
		ZX_HYP_OP_DONT_NEED, ZX_HYP_OP_ALWAYS_NEED,
	};
	struct source *s = &a->s;
	REQUEST(vmar_op_range, .vmar = handle(a, VMAR), .len = pages(s),
		.op = one_in(s, 8) ? below(s, 15) : some[below(s, ARRAY_SIZE(some))],
		.addr = mapped_place(s));

	CALL(VMAR_OP_RANGE);
}

/* ---- guests ------------------------------------------------------------ */

static long make_guest(struct actor *a, uint32_t resource, uint32_t options)
{
	uint32_t guest = 0, vmar = 0;
	REQUEST(guest_create, .resource = resource, .options = options,
		.out_guest = (uintptr_t)&guest, .out_vmar = (uintptr_t)&vmar);
	long ret = CALL(GUEST_CREATE);

	made(a, GUEST, ZX_HYP_GUEST_CREATE, arg, ret, guest);
	made(a, VMAR, ZX_HYP_GUEST_CREATE, arg, ret, vmar);
	return ret;
}

/* Guests are dear: mostly one that is refused. */
static void do_guest(struct actor *a)
{
	if (one_in(&a->s, 4))
		make_guest(a, handle(a, RESOURCE), 0);
	else
		make_guest(a, handle(a, below(&a->s, TYPES)), odd(&a->s));
}

static void do_trap(struct actor *a)
{
	struct source *s = &a->s;
	REQUEST(guest_set_trap, .guest = handle(a, GUEST),
		.kind = one_in(s, 4) ? below(s, 4) : 1 + below(s, 2),
		.key = draw(s));

	if (arg->kind == ZX_HYP_TRAP_BELL ? !one_in(s, 8) : one_in(s, 16))
		arg->port = handle(a, one_in(s, 8) ? below(s, TYPES) : PORT);
	if (arg->kind == ZX_HYP_TRAP_IO) {
		arg->addr = one_in(s, 8) ? odd(s) : PORT_REPORT - 4 + below(s, 16);
		arg->len = one_in(s, 8) ? odd(s) : below(s, 16);
	} else {
		arg->addr = guest_address(s);
		arg->len = pages(s);
	}
	CALL(GUEST_SET_TRAP);
}

static void do_vcpu(struct actor *a)
{
	struct source *s = &a->s;
	uint32_t out = 0;
	REQUEST(vcpu_create, .guest = handle(a, GUEST),
		.entry = guest_entry(s),
		.out_vcpu = (uintptr_t)&out,
		.out_page = one_in(s, 4) ? place(s) : 0);

	MADE(VCPU, VCPU_CREATE, out);
}

static void do_enter(struct actor *a)
{
	REQUEST(vcpu_enter, .vcpu = handle(a, VCPU), .out_packet = place(&a->s));

	for (int i = below(&a->s, 6); i >= 0; i--)
		if (CALL(VCPU_ENTER) < 0)
			break;
}

/* A vCPU of any thread, which may be inside. */
static void do_poke(struct actor *a)
{
	REQUEST(vcpu_interrupt, .vcpu = handle_of(a, below(&a->s, THREADS), VCPU),
		.vector = below(&a->s, one_in(&a->s, 3) ? 32 : 260));

	CALL(VCPU_INTERRUPT);
}

static void do_kick(struct actor *a)
{
	REQUEST(vcpu_kick, .vcpu = handle_of(a, below(&a->s, THREADS), VCPU));

	CALL(VCPU_KICK);
}

static void do_state(struct actor *a)
{
	struct source *s = &a->s;
	uint64_t *regs = (uint64_t *)own_page(a);
	REQUEST(vcpu_rw_state, .vcpu = handle(a, VCPU), .kind = below(s, 3),
		.buffer = one_in(s, 2) ? (uintptr_t)regs : place(s));

	for (int i = 0; i < 17; i++)
		regs[i] = guest_register(s);
	arg->buffer_size = arg->kind ? sizeof(struct zx_hyp_vcpu_io) :
				       sizeof(struct zx_hyp_vcpu_state);
	if (arg->kind && one_in(s, 2))
		regs[0] = 1 + below(s, 4);
	if (one_in(s, 16))
		arg->buffer_size = odd(s);
	call(a, one_in(s, 4) ? ZX_HYP_VCPU_READ_STATE : ZX_HYP_VCPU_WRITE_STATE, arg);
}

static void do_garbage(struct actor *a)
{
	struct source *s = &a->s;
	uint64_t words[8];

	for (int i = 0; i < 8; i++)
		words[i] = one_in(s, 2) ? place(s) : 0;
	words[0] = 8 + below(s, 60) + ((uint64_t)handle(a, below(s, TYPES)) << 32);
	call(a, _IO(one_in(s, 64) ? below(s, 256) | 0x80 : ZX_HYP_TYPE, below(s, 0x70)),
	     words);
}

/* ---- machines ---------------------------------------------------------- */

static void poke_memory(struct actor *a, uint32_t vmo, uint64_t offset, uint64_t len)
{
	REQUEST(vmo_rw, .vmo = vmo, .buffer = (uintptr_t)own_page(a),
		.offset = offset, .buffer_size = len);

	CALL(VMO_WRITE);
}

static void write_code(struct actor *a, uint32_t vmo)
{
	guest_code(&a->s, own_page(a));
	poke_memory(a, vmo, GUEST_CODE, GUEST_CODE_SIZE);
}

static void set_trap(struct actor *a, uint32_t guest, uint32_t kind, uint64_t addr,
		     uint64_t len)
{
	REQUEST(guest_set_trap, .guest = guest, .kind = kind, .addr = addr,
		.len = len, .key = addr);

	CALL(GUEST_SET_TRAP);
}

/* Tables, code and memory for the thread's guest, as far as it lacks them. */
static void do_mend(struct actor *a)
{
	uint64_t *table = (uint64_t *)own_page(a), out;
	REQUEST(vmar_map, .vmar = a->vmar, .vmo = a->vmo,
		.options = RW | ZX_HYP_VM_SPECIFIC, .len = GUEST_RAM_SIZE,
		.out_addr = (uintptr_t)&out);

	set_size(a, a->vmo, GUEST_RAM_SIZE);	/* if it has another by now */
	memset(table, GUEST_FILL, PAGE);
	table[0] = GUEST_PDPT | 7;
	poke_memory(a, a->vmo, GUEST_PML4, PAGE);
	for (uint64_t i = 0; i < 4; i++)	/* a GiB in one page */
		table[i] = i << 30 | 0x87;
	poke_memory(a, a->vmo, GUEST_PDPT, PAGE);
	write_code(a, a->vmo);
	if (CALL(VMAR_MAP) == -ZX_ERR_BAD_HANDLE)
		a->vmar = 0;	/* closed; the next sequence has a new one */
}

/* A guest whose vCPU will really do something, from now on the thread's. */
static void do_machine(struct actor *a)
{
	uint32_t guest;

	if (make_guest(a, newest(a, RESOURCE), 0))
		return;
	make_vmo(a, one_in(&a->s, 4) ? ZX_HYP_VMO_RESIZABLE : 0, GUEST_RAM_SIZE);
	guest = newest(a, GUEST);
	a->vmar = newest(a, VMAR);
	a->vmo = newest(a, VMO);
	do_mend(a);
	if (one_in(&a->s, 4))
		return;
	set_trap(a, guest, ZX_HYP_TRAP_IO, PORT_REPORT, 8);
	set_trap(a, guest, ZX_HYP_TRAP_MEM, GUEST_MMIO, PAGE);
}

/* Other code, for a guest that may be running. */
static void do_code(struct actor *a)
{
	write_code(a, one_in(&a->s, 4) ? handle(a, VMO) : a->vmo);
}

/* ---- the process itself ------------------------------------------------ */

/* One of the driver's mappings in this process, or nothing. */
static uint64_t find_mapping(struct source *s, uint64_t *len)
{
	FILE *f = fopen("/proc/self/maps", "re");
	uint64_t start, end, found = 0;
	unsigned int seen = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		if (!strstr(line, "zx_hyp-") || sscanf(line, "%lx-%lx", &start, &end) != 2)
			continue;
		if (!below(s, ++seen)) {
			found = start;
			*len = end - start;
		}
	}
	if (f)
		fclose(f);
	return found;
}

/* What Linux lets a process do to the file behind a mapping of its own. */
static void spoil_file(struct source *s, uint64_t start, uint64_t len)
{
	char path[80];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/map_files/%llx-%llx",
		 (unsigned long long)start, (unsigned long long)(start + len));
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	if (one_in(s, 2))
		(void)!ftruncate(fd, below(s, 600) * PAGE);
	else
		(void)fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				below(s, 512) * PAGE, (1 + below(s, 64)) * PAGE);
	close(fd);
}

static void do_memory(struct actor *a)
{
	static const int advice[] = {
		MADV_DONTNEED, MADV_REMOVE, MADV_FREE, MADV_PAGEOUT, MADV_COLD,
		MADV_DONTFORK, MADV_DOFORK, MADV_HUGEPAGE, MADV_POPULATE_READ,
		MADV_POPULATE_WRITE, MADV_WILLNEED,
	};
	struct source *s = &a->s;
	uint64_t len, start = wild ? find_mapping(s, &len) : 0;
	uint64_t at, part;

	if (!start)
		return;
	part = (1 + below(s, 64)) * PAGE;
	part = part < len ? part : len;
	at = start + (one_in(s, 2) ? 0 : below(s, (len - part) / PAGE + 1) * PAGE);
	switch (below(s, 7)) {
	case 0:
		munmap((void *)at, part);
		break;
	case 1:
		mprotect((void *)at, part, below(s, 8));
		break;
	case 2:
		(void)!mremap((void *)at, part, part + PAGE, MREMAP_MAYMOVE);
		break;
	case 3:
		(void)!mmap((void *)at, part, below(s, 4),
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		break;
	case 4:
		spoil_file(s, start, len);
		break;
	default:
		madvise((void *)at, part, advice[below(s, ARRAY_SIZE(advice))]);
		break;
	}
}

/*
 * What a forked process does with its parent's file, or with one of its own and
 * what the parent exported. Its guest may keep it busy: nobody waits for that.
 */
static void run_child(struct actor *a)
{
	static const struct itimerval end = { .it_value.tv_usec = 50000 };

	a->cover.area = NULL;	/* the parent's */
	setitimer(ITIMER_REAL, &end, NULL);
	if (one_in(&a->s, 2)) {
		requests_reopen();
		for (int i = 0; i < 3; i++)
			do_import(a);
		do_vcpu(a);
		do_map(a);
	}
	do_vmo_rw(a);
	do_enter(a);
	do_unmap(a);
	_exit(0);
}

/* Another process with our file, and with the memory that it may inherit. */
static void do_fork(struct actor *a)
{
	pid_t pid;

	if (!wild)
		return;
	pid = fork();
	if (!pid)
		run_child(a);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* ---- steps ------------------------------------------------------------- */

static void (*const ops[])(struct actor *a) = {
	[OP_MEND] = do_mend,
	[OP_VCPU] = do_vcpu,
	do_vcpu, do_resource, do_close, do_close, do_query, do_vmo_create,
	do_vmo_create, do_vmo_rw, do_vmo_size, do_replace, do_root, do_map,
	do_map, do_map, do_unmap, do_unmap, do_set_size, do_vmo_range,
	do_vmo_range, do_cache_policy, do_protect, do_protect, do_allocate,
	do_allocate, do_destroy, do_vmar_range, do_vmar_range, do_guest, do_trap, do_trap,
	do_enter, do_enter, do_enter, do_enter, do_poke, do_poke, do_kick,
	do_state, do_state, do_code, do_code, do_garbage, do_memory, do_memory,
	do_fork,
};

void grammar_begin(struct tally *tally, bool is_wild, bool trace)
{
	wild = is_wild;
	requests_begin(tally, trace);
}

void grammar_start(struct actor *a, struct source *s)
{
	a->s = source_of_seed(draw(s));
	/* Guests are dear: most sequences go on with the one before. */
	if (a->vmar && !one_in(&a->s, 32)) {
		if (one_in(&a->s, 2))
			close_all(a, VCPU);
		return;
	}
	for (enum type type = 0; type < TYPES; type++)
		close_all(a, type);
	make_resource(a, ZX_HYP_RESOURCE_HYPERVISOR);
	make_resource(a, ZX_HYP_RESOURCE_VMEX);
	do_machine(a);
}

unsigned int grammar_step(struct actor *a, const struct step *step)
{
	unsigned int op;

	a->s = source_of_step(step);
	a->news = 0;
	op = step->op % (ARRAY_SIZE(ops) + object_op_count);
	if (op < ARRAY_SIZE(ops))
		ops[op](a);
	else
		object_ops[op - ARRAY_SIZE(ops)](a);
	return a->news;
}
