// SPDX-License-Identifier: MIT
/*
 * Sequences of requests from a grammar of the contract: handles and addresses
 * of earlier calls mixed with garbage, in several threads of a process that is
 * killed in the middle of it, again and again. Every answer must be one that
 * the contract knows, and in the end nothing may be left.
 *
 * usage: fuzz [SECONDS [SEED]], or as any test program. It prints the seed; what
 * threads do to each other differs from run to run all the same.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <zircon/errors.h>

#include "abi.h"
#include "guest/layout.h"
#include "zxtest.h"

#define PAGE		4096ull
#define THREADS		3
#define POOL		48		/* handles that threads share */
#define ARENA		(16 * PAGE)	/* where results and buffers may be */
#define SLICE_MS	400		/* a process lives that long at most */

static unsigned int seconds = 4;
static uint64_t first_seed;

/* Of all processes of a run; written by the children. */
struct tally {
	atomic_ulong calls, good, statuses, errnos, strange;
};

static struct tally *tally;

/* Of one process. */
static int device;
static uint8_t *arena;
static _Atomic uint32_t pool[POOL];
static _Atomic uint64_t mapped[8];

/* ---- numbers ----------------------------------------------------------- */

struct source {
	uint64_t state;
};

static uint64_t draw(struct source *s)
{
	s->state ^= s->state >> 12;
	s->state ^= s->state << 25;
	s->state ^= s->state >> 27;
	return s->state * 0x2545f4914f6cdd1dull;
}

static uint64_t below(struct source *s, uint64_t n)
{
	return (draw(s) >> 16) % n;
}

static bool one_in(struct source *s, uint64_t n)
{
	return !below(s, n);
}

static uint64_t odd(struct source *s)
{
	static const uint64_t edges[] = {
		0, 1, 2, 3, 0xfff, 0x1001, 0xffff, 0x10000, 0x7fffffff,
		0xffffffff, 1ull << 40, 1ull << 47, 1ull << 48, 1ull << 63,
		-1ull, -4096ull,
	};

	if (one_in(s, 3))
		return draw(s) >> below(s, 64);
	return edges[below(s, ARRAY_SIZE(edges))];
}

static uint32_t handle(struct source *s)
{
	uint32_t value = atomic_load(&pool[below(s, POOL)]);

	if (one_in(s, 24))
		return odd(s);
	return one_in(s, 40) ? value ^ (1u << below(s, 32)) : value;
}

static void keep(struct source *s, uint32_t value)
{
	atomic_store(&pool[below(s, POOL)], value);
}

/* An address in the arena, or one that nothing is at. */
static uint64_t place(struct source *s)
{
	static const uint64_t bad[] = { 0, 1, 1ull << 47, -16ull };

	if (one_in(s, 32))
		return bad[below(s, ARRAY_SIZE(bad))];
	if (one_in(s, 32))	/* its end and what follows */
		return (uintptr_t)arena + ARENA - below(s, 64);
	return (uintptr_t)arena + below(s, ARENA / 2);
}

static uint64_t pages(struct source *s)
{
	if (one_in(s, 12))
		return odd(s);
	return below(s, one_in(s, 4) ? 2048 : 32) * PAGE;
}

/* Where guests have something, or might. */
static uint64_t guest_address(struct source *s)
{
	static const uint64_t bases[] = {
		0, GUEST_CODE, GUEST_MMIO, GUEST_HOLE, 0x40000000, 0x7fe00000,
		1ull << 32, 1ull << 39, 1ull << 46,
	};

	if (one_in(s, 16))
		return odd(s);
	return bases[below(s, ARRAY_SIZE(bases))] + below(s, 16) * PAGE;
}

/* ---- the grammar ------------------------------------------------------- */

static long call(unsigned int cmd, void *arg)
{
	long ret = abi_call(device, cmd, arg);

	atomic_fetch_add(&tally->calls, 1);
	if (!ret) {
		atomic_fetch_add(&tally->good, 1);
	} else if (ret == -EFAULT || ret == -EINVAL || ret == -E2BIG ||
		   ret == -EINTR || ret == -ENOTTY) {
		atomic_fetch_add(&tally->errnos, 1);
	} else if (ret > 1 && ret <= 30) {
		atomic_fetch_add(&tally->statuses, 1);
	} else {
		/* ZX_ERR_INTERNAL as well: nobody can act on that. */
		atomic_fetch_add(&tally->strange, 1);
		TH_LOG("request %#x answered %ld", cmd, ret);
	}
	return ret;
}

#define REQUEST(type, ...) \
	struct zx_hyp_##type arg = { .size = sizeof(arg), __VA_ARGS__ }

static void do_resource(struct source *s)
{
	uint32_t out = 0;
	REQUEST(resource_get, .kind = below(s, 4),
		.out_handle = one_in(s, 16) ? place(s) : (uintptr_t)&out);

	if (!call(ZX_HYP_RESOURCE_GET, &arg) && out)
		keep(s, out);
}

static void do_close(struct source *s)
{
	REQUEST(handle_close, .handle = handle(s));

	call(ZX_HYP_HANDLE_CLOSE, &arg);
}

static void do_query(struct source *s)
{
	REQUEST(query, .out_size = below(s, 128), .out_result = place(s));

	call(ZX_HYP_QUERY, &arg);
}

static void do_vmo_create(struct source *s)
{
	uint32_t out = 0;
	REQUEST(vmo_create, .options = one_in(s, 16) ? odd(s) : below(s, 2) * 2,
		.vmo_size = one_in(s, 3) ? GUEST_RAM_SIZE : pages(s),
		.out_handle = (uintptr_t)&out);

	if (!call(ZX_HYP_VMO_CREATE, &arg))
		keep(s, out);
}

static void do_vmo_rw(struct source *s)
{
	REQUEST(vmo_rw, .vmo = handle(s), .buffer = place(s),
		.offset = one_in(s, 8) ? odd(s) : below(s, GUEST_RAM_SIZE),
		.buffer_size = one_in(s, 16) ? odd(s) : below(s, ARENA / 2));

	call(one_in(s, 2) ? ZX_HYP_VMO_READ : ZX_HYP_VMO_WRITE, &arg);
}

static void do_vmo_size(struct source *s)
{
	REQUEST(vmo_get_size, .vmo = handle(s), .out_size = place(s));

	call(ZX_HYP_VMO_GET_SIZE, &arg);
}

static void do_replace(struct source *s)
{
	uint32_t out = 0;
	REQUEST(vmo_replace_as_executable, .vmo = handle(s),
		.vmex = one_in(s, 2) ? handle(s) : 0,
		.out_handle = (uintptr_t)&out);

	if (!call(ZX_HYP_VMO_REPLACE_AS_EXECUTABLE, &arg))
		keep(s, out);
}

static void do_root(struct source *s)
{
	uint32_t out = 0;
	REQUEST(vmar_root_self, .out_handle = (uintptr_t)&out);

	if (!call(ZX_HYP_VMAR_ROOT_SELF, &arg))
		keep(s, out);
}

static void do_map(struct source *s)
{
	uint64_t out = 0;
	uint32_t options = ZX_HYP_VM_PERM_READ | (draw(s) & 7);
	REQUEST(vmar_map, .vmar = handle(s), .vmo = handle(s),
		.vmo_offset = one_in(s, 3) ? pages(s) : 0, .len = pages(s),
		.out_addr = (uintptr_t)&out);

	if (!one_in(s, 3)) {
		options |= one_in(s, 3) ? ZX_HYP_VM_SPECIFIC_OVERWRITE :
					  ZX_HYP_VM_SPECIFIC;
		arg.vmar_offset = guest_address(s);
	} else if (one_in(s, 4)) {
		options |= below(s, 40) << ZX_HYP_VM_ALIGN_SHIFT;
	}
	if (one_in(s, 24))
		options |= draw(s);
	arg.options = options;
	if (!call(ZX_HYP_VMAR_MAP, &arg))
		atomic_store(&mapped[below(s, ARRAY_SIZE(mapped))], out);
}

static void do_unmap(struct source *s)
{
	REQUEST(vmar_unmap, .vmar = handle(s), .len = pages(s));

	arg.addr = one_in(s, 2) ? guest_address(s) :
		   atomic_load(&mapped[below(s, ARRAY_SIZE(mapped))]) +
		   below(s, 4) * PAGE;
	call(ZX_HYP_VMAR_UNMAP, &arg);
}

static void do_guest(struct source *s)
{
	uint32_t guest = 0, vmar = 0;
	REQUEST(guest_create, .resource = handle(s),
		.out_guest = (uintptr_t)&guest, .out_vmar = (uintptr_t)&vmar);

	if (one_in(s, 16))
		arg.options = odd(s);
	if (!call(ZX_HYP_GUEST_CREATE, &arg)) {
		keep(s, guest);
		keep(s, vmar);
	}
}

static void do_trap(struct source *s)
{
	REQUEST(guest_set_trap, .guest = handle(s), .kind = below(s, 3),
		.port = one_in(s, 4) ? handle(s) : 0, .key = draw(s));

	if (arg.kind == ZX_HYP_TRAP_IO) {
		arg.addr = one_in(s, 8) ? odd(s) : below(s, 0x10000);
		arg.len = one_in(s, 8) ? odd(s) : below(s, 64);
	} else {
		arg.addr = guest_address(s);
		arg.len = pages(s);
	}
	call(ZX_HYP_GUEST_SET_TRAP, &arg);
}

static void do_vcpu(struct source *s)
{
	uint32_t out = 0;
	REQUEST(vcpu_create, .guest = handle(s),
		.entry = one_in(s, 2) ? GUEST_CODE : guest_address(s),
		.out_vcpu = (uintptr_t)&out,
		.out_page = one_in(s, 2) ? place(s) : 0);

	if (!call(ZX_HYP_VCPU_CREATE, &arg))
		keep(s, out);
}

static void do_enter(struct source *s)
{
	REQUEST(vcpu_enter, .vcpu = handle(s), .out_packet = place(s));

	for (int i = below(s, 8); i >= 0; i--)
		call(ZX_HYP_VCPU_ENTER, &arg);
}

static void do_poke(struct source *s)
{
	REQUEST(vcpu_interrupt, .vcpu = handle(s), .vector = below(s, 260));

	if (one_in(s, 2)) {
		REQUEST(vcpu_kick, .vcpu = handle(s));

		call(ZX_HYP_VCPU_KICK, &arg);
		return;
	}
	call(ZX_HYP_VCPU_INTERRUPT, &arg);
}

static void do_state(struct source *s)
{
	REQUEST(vcpu_rw_state, .vcpu = handle(s), .kind = below(s, 3),
		.buffer = place(s));

	arg.buffer_size = arg.kind ? sizeof(struct zx_hyp_vcpu_io) :
				     sizeof(struct zx_hyp_vcpu_state);
	if (one_in(s, 16))
		arg.buffer_size = odd(s);
	call(one_in(s, 2) ? ZX_HYP_VCPU_READ_STATE : ZX_HYP_VCPU_WRITE_STATE,
	     &arg);
}

static void do_garbage(struct source *s)
{
	uint64_t words[8];

	for (int i = 0; i < 8; i++)
		words[i] = one_in(s, 2) ? place(s) : 0;
	words[0] = 8 + below(s, 60) + ((uint64_t)handle(s) << 32);
	call(_IO(one_in(s, 64) ? below(s, 256) | 0x80 : ZX_HYP_TYPE,
		 below(s, 0x44)), words);
}

/* A guest whose vCPU will really do something. */
static void do_machine(struct source *s)
{
	static const uint8_t codes[][8] = {
		{ 0xe7, PORT_REPORT, 0xeb, 0xfc },	/* out; again */
		{ 0xf4, 0xeb, 0xfd },			/* hlt; again */
		{ 0xeb, 0xfe },				/* for ever */
		{ 0x8b, 0x00, 0xeb, 0xfc },		/* mov (%rax),%eax */
		{ 0x0f, 0x30, 0xeb, 0xfc },		/* wrmsr; again */
		{ 0x0f, 0xa2, 0x0f, 0x0b },		/* cpuid; ud2 */
	};
	uint64_t *table = (uint64_t *)(arena + ARENA / 2);
	uint32_t guest, vmar, vmo = abi_vmo(device, GUEST_RAM_SIZE);
	REQUEST(vmo_rw, .vmo = vmo, .buffer = (uintptr_t)table,
		.buffer_size = PAGE);

	/* Other threads may use the arena meanwhile: then it is another guest. */
	abi_guest(device, &guest, &vmar);
	memset(table, 0, PAGE);
	table[0] = 0x1007;
	call(ZX_HYP_VMO_WRITE, &arg);
	table[0] = 0x87;		/* 1 GiB in one page */
	arg.offset = PAGE;
	call(ZX_HYP_VMO_WRITE, &arg);
	memcpy(table, codes[below(s, ARRAY_SIZE(codes))], 8);
	arg.offset = GUEST_CODE;
	call(ZX_HYP_VMO_WRITE, &arg);
	abi_map(device, vmar, ZX_HYP_VM_PERM_READ | ZX_HYP_VM_PERM_WRITE |
		ZX_HYP_VM_SPECIFIC, 0, vmo, GUEST_RAM_SIZE);
	keep(s, guest);
	keep(s, vmar);
	keep(s, vmo);
}

static void (*const ops[])(struct source *s) = {
	do_resource, do_close, do_close, do_query, do_vmo_create, do_vmo_create,
	do_vmo_rw, do_vmo_size, do_replace, do_root, do_map, do_map, do_map,
	do_unmap, do_guest, do_trap, do_trap, do_vcpu, do_vcpu, do_enter,
	do_enter, do_enter, do_poke, do_poke, do_state, do_garbage,
};

/* ---- processes --------------------------------------------------------- */

static void *fuzz_thread(void *arg)
{
	struct source s = { (uintptr_t)arg };

	for (uint64_t i = 0;; i++) {
		if (i % 512 == 8)
			do_machine(&s);
		ops[below(&s, ARRAY_SIZE(ops))](&s);
	}
	return NULL;
}

static void fuzz_process(uint64_t seed)
{
	struct source s = { seed };
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	arena = mmap(NULL, ARENA + PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)arena);
	ASSERT_EQ(0, mprotect(arena + ARENA, PAGE, PROT_NONE));
	device = abi_open();
	keep(&s, abi_resource(device, ZX_HYP_RESOURCE_HYPERVISOR));
	keep(&s, abi_resource(device, ZX_HYP_RESOURCE_VMEX));
	for (int i = 1; i < THREADS; i++)
		ASSERT_EQ(0, pthread_create(&thread, NULL, fuzz_thread,
					    (void *)(draw(&s) | 1)));
	fuzz_thread((void *)(draw(&s) | 1));
}

static bool fuzz_once(struct source *s)
{
	struct timespec slice = { .tv_nsec = 1000000 * (1 + below(s, SLICE_MS)) };
	static const struct timespec now;
	uint64_t seed = draw(s) | 1;
	sigset_t chld;
	int status;
	pid_t pid;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	while (sigtimedwait(&chld, NULL, &now) > 0)
		;			/* of the one before */
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		fuzz_process(seed);
	/* Until it dies by itself, which it should not. */
	sigtimedwait(&chld, NULL, &slice);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return true;
	TH_LOG("process of seed %#llx ended with %#x", (unsigned long long)seed,
	       status);
	return false;
}

TEST_TIMEOUT(sequences_of_the_grammar_do_no_harm, 7200)
{
	uint64_t seed = first_seed ? first_seed : zxtest_now() | 1;
	uint64_t end = zxtest_now() + seconds * 1000000000ull;
	struct source s = { seed };
	struct zxtest_objects before;
	unsigned int processes = 0;

	tally = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)tally);
	if (!zxtest_objects_read(&before))
		SKIP("no debugfs");
	TH_LOG("seed %llu, %u seconds", (unsigned long long)seed, seconds);
	while (zxtest_now() < end) {
		processes++;
		EXPECT_TRUE(fuzz_once(&s));
		ASSERT_TRUE(zxtest_objects_settle(&before, 60));
	}
	TH_LOG("%u processes, %lu calls: %lu good, %lu statuses, %lu errnos",
	       processes, atomic_load(&tally->calls), atomic_load(&tally->good),
	       atomic_load(&tally->statuses), atomic_load(&tally->errnos));
	EXPECT_LT(0ul, atomic_load(&tally->good));
	EXPECT_EQ(0ul, atomic_load(&tally->strange));
}

static bool number(const char *text, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 0);
	return *text >= '0' && *text <= '9' && !*end && !errno;
}

int main(int argc, char **argv)
{
	uint64_t value;

	if (argc > 1 && number(argv[1], &value)) {
		if (!value || value > 7000 || argc > 3 ||
		    (argc > 2 && !number(argv[2], &first_seed))) {
			fprintf(stderr, "usage: %s [SECONDS [SEED]]; at most 7000 seconds\n",
				argv[0]);
			return 2;
		}
		seconds = value;
		argc = 1;
		argv[1] = NULL;
	}
	return zxtest_main(argc, argv);
}
