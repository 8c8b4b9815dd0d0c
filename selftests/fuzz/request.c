// SPDX-License-Identifier: MIT
/*
 * Requests and their answers. See request.h.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

#include "abi.h"
#include "fuzz/request.h"
#include "zxtest.h"

/* Handles that a thread was given, the newest last; closed ones stay. */
struct pool {
	_Atomic uint32_t values[POOL];
	_Atomic uint32_t count;
};

/* Of one process. */
static struct tally *tally;
static bool trace;
static int device;
static uint8_t *arena;
static struct pool pools[THREADS][TYPES];

void requests_begin(struct tally *all, bool tracing)
{
	tally = all;
	trace = tracing;
	arena = mmap(NULL, ARENA + PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)arena);
	ASSERT_EQ(0, mprotect(arena + ARENA, PAGE, PROT_NONE));
	device = abi_open();
}

void requests_reopen(void)
{
	device = abi_open();
}

/* ---- what requests are made of ----------------------------------------- */

static uint32_t pool_get(struct source *s, struct pool *pool)
{
	uint32_t count = atomic_load(&pool->count);

	if (!count)
		return 0;
	if (one_in(s, 2))
		return atomic_load(&pool->values[(count - 1) % POOL]);
	return atomic_load(&pool->values[below(s, count < POOL ? count : POOL)]);
}

uint32_t handle_of(struct actor *a, unsigned int index, enum type type)
{
	struct source *s = &a->s;
	uint32_t value = pool_get(s, &pools[index][one_in(s, 24) ? below(s, TYPES) : type]);

	if (one_in(s, 32))
		return odd(s);
	return one_in(s, 48) ? value ^ (1u << below(s, 32)) : value;
}

uint32_t handle(struct actor *a, enum type type)
{
	bool other = one_in(&a->s, 8);

	return handle_of(a, other ? below(&a->s, THREADS) : a->index, type);
}

void keep(struct actor *a, enum type type, uint32_t value)
{
	struct pool *pool = &pools[a->index][type];
	uint32_t count = atomic_load(&pool->count);

	atomic_store(&pool->values[count % POOL], value);
	atomic_store(&pool->count, count + 1);
}

uint32_t newest(struct actor *a, enum type type)
{
	struct pool *pool = &pools[a->index][type];

	return atomic_load(&pool->values[(atomic_load(&pool->count) - 1) % POOL]);
}

uint64_t place(struct source *s)
{
	static const uint64_t bad[] = { 0, 1, 1ull << 47, -16ull };

	if (one_in(s, 32))
		return bad[below(s, ARRAY_SIZE(bad))];
	if (one_in(s, 32))	/* its end and what follows */
		return (uintptr_t)arena + ARENA - below(s, 64);
	return (uintptr_t)arena + below(s, FREE);
}

uint8_t *own_page(struct actor *a)
{
	return arena + FREE + a->index * PAGE;
}

uint64_t pages(struct source *s)
{
	if (one_in(s, 12))
		return odd(s);
	return below(s, one_in(s, 4) ? 2048 : 32) * PAGE;
}

/* ---- calls ------------------------------------------------------------- */

static void show(struct actor *a, const char *what, unsigned int cmd,
		 const void *arg, long ret)
{
	const uint64_t *words = arg;
	char text[200] = "";
	int n = 0;

	for (int i = 0; i < 8; i++)
		n += snprintf(text + n, sizeof(text) - n, " %llx",
			      (unsigned long long)words[i]);
	TH_LOG("thread %u: request %#x%s: %s %ld", a->index, cmd & 0xff, text,
	       what, ret);
}

void strange(struct actor *a, unsigned int cmd, const void *arg, long ret)
{
	atomic_fetch_add(&tally->strange, 1);
	show(a, "strange answer", cmd, arg, ret);
}

long call(struct actor *a, unsigned int cmd, void *arg)
{
	long ret;

	if (trace)
		show(a, "begins", cmd, arg, 0);
	cover_start(&a->cover);
	ret = abi_call(device, cmd, arg);
	a->news += cover_stop(&a->cover, cmd);
	atomic_fetch_add(&tally->calls, 1);
	if (!ret)
		atomic_fetch_add(&tally->good, 1);
	else if (ret == -EFAULT || ret == -EINVAL || ret == -E2BIG ||
		 ret == -EINTR || ret == -ENOTTY)
		atomic_fetch_add(&tally->errnos, 1);
	else if (ret > 1 && ret <= 30)
		atomic_fetch_add(&tally->statuses, 1);
	else	/* ZX_ERR_INTERNAL as well: nobody can act on that */
		strange(a, cmd, arg, ret);
	return ret;
}

void made(struct actor *a, enum type type, unsigned int cmd, const void *arg,
	  long ret, uint32_t out)
{
	if (ret ? out : (out & 0x80000003) != 3)
		strange(a, cmd, arg, ret);
	if (!ret)
		keep(a, type, out);
}

void close_handle(struct actor *a, uint32_t value)
{
	REQUEST(handle_close, .handle = value);

	CALL(HANDLE_CLOSE);
}

void close_all(struct actor *a, enum type type)
{
	struct pool *pool = &pools[a->index][type];
	uint32_t count = atomic_load(&pool->count);

	for (uint32_t i = 0; i < count && i < POOL; i++)
		close_handle(a, atomic_load(&pool->values[i]));
	atomic_store(&pool->count, 0);
}
