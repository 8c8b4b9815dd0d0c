// SPDX-License-Identifier: MIT
/*
 * Bad input: each request of the contract, good in all but one thing, and then
 * requests of which nothing is good. What is refused must have left nothing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <zircon/errors.h>

#include "abi.h"
#include "calls.h"
#include "zxtest.h"

#define PAGE		4096ull
#define INVALID_ARGS	(-ZX_ERR_INVALID_ARGS)
#define KERNEL		0xffff888000000000ull
#define NONCANONICAL	0x0000800000000000ull
#define TOP		0xfffffffffffffff0ull

/* Two pages: what stands at @end and above cannot be touched. */
struct ground {
	uint8_t *page, *end;
};

FIXTURE(bad) {
	struct ground ground;
	struct call_ctx ctx;
	uint64_t unmapped;
	unsigned long bad_calls;
};

FIXTURE_SETUP(bad)
{
	struct ground *g = &self->ground;

	zxtest_hurry_rcu();	/* a guest for nearly every call */
	g->page = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)g->page);
	g->end = g->page + PAGE;
	ASSERT_EQ(0, mprotect(g->end, PAGE, PROT_NONE));
	ASSERT_EQ(0, munmap(g->end + PAGE, PAGE));
	self->unmapped = (uintptr_t)g->end + PAGE;
}

FIXTURE_TEARDOWN(bad)
{
	EXPECT_EQ(0, munmap(self->ground.page, 2 * PAGE));
	zxtest_count("bad calls", self->bad_calls);
}

/* A set-up call, and what there was before it was issued. */
static void begin(struct fixture_bad *self, const struct call *call,
		  struct zxtest_objects *before)
{
	call_setup(call, &self->ctx);
	if (!zxtest_objects_read(before))
		SKIP("no debugfs");
}

/* Nothing came of what was refused, and the same call is then good. */
static void expect_unharmed(struct fixture_bad *self, const struct call *call,
			    const struct zxtest_objects *before)
{
	if (!(call->flags & CALL_CONSUMES)) {
		EXPECT_TRUE(zxtest_objects_settle(before, 5));
		EXPECT_EQ(0, call_issue(call, &self->ctx));
	}
	call_teardown(&self->ctx);
}

/* The call with another request than its own, or as another one. */
static long issue_at(struct fixture_bad *self, const struct call *call,
		     uint64_t address)
{
	self->bad_calls++;
	return abi_call(self->ctx.fd, call->cmd, (void *)address);
}

TEST_F_TIMEOUT(bad, requests_that_cannot_be_read_are_efault, 60)
{
	const uint64_t bad[] = { 0, 1, PAGE - 4, self->unmapped,
				 (uintptr_t)self->ground.end, KERNEL,
				 NONCANONICAL, NONCANONICAL - 4, TOP };

	for_each_call(call) {
		struct zxtest_objects before;

		zxtest_row("%s", call->name);
		begin(self, call, &before);
		for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
			zxtest_row("%s at %#llx", call->name,
				   (unsigned long long)bad[i]);
			EXPECT_EQ(-EFAULT, issue_at(self, call, bad[i]));
		}
		expect_unharmed(self, call, &before);
	}
}

/* Cut after each two bytes by a page that is not there. */
TEST_F_TIMEOUT(bad, requests_that_straddle_are_efault, 60)
{
	for_each_call(call) {
		struct zxtest_objects before;

		begin(self, call, &before);
		for (uint16_t have = 2; have < call->size; have += 2) {
			uint8_t *at = self->ground.end - have;

			memcpy(at, self->ctx.arg.bytes, have);
			zxtest_row("%s, %u of %u bytes", call->name, have,
				   call->size);
			EXPECT_EQ(-EFAULT, issue_at(self, call, (uintptr_t)at));
		}
		expect_unharmed(self, call, &before);
	}
}

/* The contract asks for no alignment, and never writes a request. */
TEST_F_TIMEOUT(bad, misaligned_and_read_only_requests_are_taken, 60)
{
	for_each_call(call) {
		uint8_t *page = self->ground.page;

		for (int offset = 1; offset < 8; offset += 3) {
			zxtest_row("%s at offset %d", call->name, offset);
			call_setup(call, &self->ctx);
			memcpy(page + offset, self->ctx.arg.bytes, call->size);
			ASSERT_EQ(0, mprotect(page, PAGE, PROT_READ));
			EXPECT_EQ(0, issue_at(self, call,
					      (uintptr_t)page + offset));
			ASSERT_EQ(0, mprotect(page, PAGE,
					      PROT_READ | PROT_WRITE));
			if (call->cmd == ZX_HYP_VMAR_MAP)
				self->ctx.base = self->ctx.out[0];
			call_teardown(&self->ctx);
		}
	}
}

/* ---- result and buffer addresses --------------------------------------- */

/* The call with a request that is bad. */
static long issue_bad(struct fixture_bad *self, const struct call *call)
{
	return issue_at(self, call, (uintptr_t)&self->ctx.arg);
}

static void check_pointer(struct fixture_bad *self, const struct call *call,
			  const struct call_pointer *p, const uint64_t *bad,
			  int count)
{
	struct zxtest_objects before;
	uint64_t good;

	begin(self, call, &before);
	memcpy(&good, self->ctx.arg.bytes + p->offset, sizeof(good));
	for (int i = 0; i < count; i++) {
		if (!bad[i] && p->may_be_null)
			continue;
		if (i && call->flags & CALL_CONSUMES) {
			call_teardown(&self->ctx);
			call_setup(call, &self->ctx);
		}
		zxtest_row("%s, member at %u pointing to %#llx", call->name,
			   p->offset, (unsigned long long)bad[i]);
		call_set_pointer(&self->ctx, p, bad[i]);
		EXPECT_EQ(INVALID_ARGS, issue_bad(self, call));
	}
	call_set_pointer(&self->ctx, p, good);
	expect_unharmed(self, call, &before);
}

#define for_each_pointer(call, p) \
	for (const struct call_pointer *p = (call)->pointer; \
	     p < (call)->pointer + 2 && p->offset; p++)

TEST_F_TIMEOUT(bad, bad_result_and_buffer_addresses_are_invalid_args, 60)
{
	const uint64_t bad[] = { 0, 1, self->unmapped,
				 (uintptr_t)self->ground.end, KERNEL,
				 NONCANONICAL, NONCANONICAL - 2, TOP };

	for_each_call(call)
		for_each_pointer(call, p)
			check_pointer(self, call, p, bad, ARRAY_SIZE(bad));
}

TEST_F_TIMEOUT(bad, straddling_results_and_buffers_are_invalid_args, 60)
{
	uint64_t end = (uintptr_t)self->ground.end;

	for_each_call(call) {
		for_each_pointer(call, p) {
			const uint64_t bad[] = { end - 1, end - p->len / 2,
						 end - p->len + 1 };

			check_pointer(self, call, p, bad, ARRAY_SIZE(bad));
		}
	}
}

TEST_F_TIMEOUT(bad, read_only_results_are_invalid_args, 60)
{
	uint8_t *page = self->ground.page;
	const uint64_t bad[] = { (uintptr_t)page, (uintptr_t)page + 9 };

	ASSERT_EQ(0, mprotect(page, PAGE, PROT_READ));
	for_each_call(call)
		for_each_pointer(call, p)
			if (!p->input)
				check_pointer(self, call, p, bad, ARRAY_SIZE(bad));
	for (uint64_t i = 0; i < PAGE; i++)
		EXPECT_EQ(0, page[i]);
}

TEST_F_TIMEOUT(bad, misaligned_results_and_buffers_are_taken, 60)
{
	uint8_t *page = self->ground.page;

	for_each_call(call) {
		for_each_pointer(call, p) {
			zxtest_row("%s, member at %u", call->name, p->offset);
			memset(page, 0, 256);
			call_setup(call, &self->ctx);
			if (p->input)
				memcpy(page + 3, self->ctx.buffer, p->len);
			call_set_pointer(&self->ctx, p, (uintptr_t)page + 3);
			EXPECT_EQ(0, call_issue(call, &self->ctx));
			if (self->ctx.process)
				memcpy(&self->ctx.base, page + 3, 8);
			EXPECT_EQ(0, page[2]);
			EXPECT_EQ(0, page[3 + p->len]);
			call_teardown(&self->ctx);
		}
	}
}

/* ---- sizes and reserved bits ------------------------------------------- */

/* The request with another size, before the page that is not there. */
static long issue_sized(struct fixture_bad *self, const struct call *call,
			uint32_t size, uint32_t there, uint8_t excess)
{
	uint8_t *at = self->ground.end - there;

	memset(at, 0, there);
	memcpy(at, self->ctx.arg.bytes, call->size < there ? call->size : there);
	memcpy(at, &size, sizeof(size));
	if (there > call->size)
		at[there - 1] = excess;
	return issue_at(self, call, (uintptr_t)at);
}

TEST_F_TIMEOUT(bad, wrong_sizes_are_refused, 60)
{
	for_each_call(call) {
		struct zxtest_objects before;

		zxtest_row("%s", call->name);
		begin(self, call, &before);
		EXPECT_EQ(-EINVAL, issue_sized(self, call, 0, call->size, 0));
		EXPECT_EQ(-EINVAL, issue_sized(self, call, call->size - 1,
					       call->size, 0));
		EXPECT_EQ(-E2BIG, issue_sized(self, call, call->size + 1,
					      call->size + 1, 1));
		EXPECT_EQ(-E2BIG, issue_sized(self, call, PAGE, PAGE, 0x80));
		EXPECT_EQ(-E2BIG, issue_sized(self, call, UINT32_MAX, PAGE, 0));
		expect_unharmed(self, call, &before);
	}
}

TEST_F_TIMEOUT(bad, larger_requests_that_end_in_zeroes_are_taken, 60)
{
	static const uint32_t more[] = { 1, 100 };

	for_each_call(call) {
		for (size_t i = 0; i < ARRAY_SIZE(more); i++) {
			uint32_t size = call->size + more[i];

			zxtest_row("%s of %u bytes", call->name, size);
			call_setup(call, &self->ctx);
			EXPECT_EQ(0, issue_sized(self, call, size, size, 0));
			if (call->cmd == ZX_HYP_VMAR_MAP)
				self->ctx.base = self->ctx.out[0];
			call_teardown(&self->ctx);
		}
	}
}

TEST_F_TIMEOUT(bad, each_reserved_bit_alone_is_einval, 60)
{
	for_each_call(call) {
		struct zxtest_objects before;

		if (!call->reserved[0])
			continue;
		begin(self, call, &before);
		for (int i = 0; i < 2 && call->reserved[i]; i++) {
			for (int bit = 0; bit < 32; bit++) {
				uint32_t *word = (uint32_t *)
					(self->ctx.arg.bytes + call->reserved[i]);

				zxtest_row("%s, member at %u, bit %d",
					   call->name, call->reserved[i], bit);
				*word = 1u << bit;
				EXPECT_EQ(-EINVAL, issue_bad(self, call));
				*word = 0;
			}
		}
		expect_unharmed(self, call, &before);
	}
}

/* ---- request numbers --------------------------------------------------- */

TEST_F(bad, other_directions_sizes_and_types_are_enotty)
{
	for_each_call(call) {
		unsigned int nr = _IOC_NR(call->cmd), size = call->size;
		const unsigned int bad[] = {
			_IOC(_IOC_READ, ZX_HYP_TYPE, nr, size),
			_IOC(_IOC_WRITE, ZX_HYP_TYPE, nr, size),
			_IOC(_IOC_READ | _IOC_WRITE, ZX_HYP_TYPE, nr, size),
			_IOC(_IOC_READ, ZX_HYP_TYPE, nr, 0),
			_IOC(_IOC_WRITE, ZX_HYP_TYPE, nr, 0),
			_IOC(_IOC_NONE, ZX_HYP_TYPE, nr, size),
			_IOC(_IOC_NONE, ZX_HYP_TYPE, nr, 1),
			_IOC(_IOC_NONE, ZX_HYP_TYPE ^ 1, nr, 0),
			_IOC(_IOC_NONE, 0xae, nr, 0),
			call->cmd | 0x80, call->cmd | 0x80000000u,
		};
		struct zxtest_objects before;

		begin(self, call, &before);
		for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
			zxtest_row("%s as %#x", call->name, bad[i]);
			EXPECT_EQ(-ENOTTY, abi_call(self->ctx.fd, bad[i],
						    &self->ctx.arg));
		}
		self->bad_calls += ARRAY_SIZE(bad);
		expect_unharmed(self, call, &before);
	}
}

/* So that a request which the driver gets joins the table, and these tests. */
TEST_F(bad, requests_without_a_row_are_enotty)
{
	uint8_t zeroes[CALL_ARG_MAX] = { 0 };
	int fd = abi_open();

	for (unsigned int nr = 0; nr <= _IOC_NRMASK; nr++) {
		bool has_row = false;

		for_each_call(call)
			has_row |= _IOC_NR(call->cmd) == nr;
		if (has_row)
			continue;
		zxtest_row("request %#x", nr);
		self->bad_calls++;
		EXPECT_EQ(-ENOTTY, abi_call(fd, _IO(ZX_HYP_TYPE, nr), zeroes));
	}
	EXPECT_EQ(0, close(fd));
}

/* ---- nothing good at all ----------------------------------------------- */

/* xorshift64*: the same rounds on every machine for one seed. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

/* Numbers that are at an edge of something. */
static uint64_t odd_number(uint64_t *state)
{
	static const uint64_t edges[] = {
		0, 1, 2, 3, 4, 16, 0xfff, 0x1000, 0x1001, 0x10000, 0x200000,
		0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
		1ull << 40, (1ull << 47) - 4096, 1ull << 47, 1ull << 48,
		(1ull << 63) - 1, 1ull << 63, -1ull, -4096ull, -65536ull,
	};
	uint64_t n = next_random(state);

	if (n & 3)
		return edges[(n >> 8) % ARRAY_SIZE(edges)];
	return next_random(state) >> (n >> 8) % 64;
}

static unsigned int random_command(uint64_t *state)
{
	uint64_t n = next_random(state);

	if (n % 16)
		return calls[(n >> 8) % calls_count].cmd;
	return n % 32 ? (unsigned int)(n >> 16) :
	       _IO(ZX_HYP_TYPE, (n >> 16) & 0xff);
}

/*
 * What is written into the ground must do no harm, so addresses are of it or
 * bad; memory that could really be had in masses is asked for in no call.
 */
static void fill_random(struct fixture_bad *self, uint64_t *state,
			unsigned int cmd, uint64_t *words, uint32_t handle)
{
	uint64_t n = next_random(state);
	uint64_t places[] = { (uintptr_t)self->ground.page + 1024, 0,
			      self->unmapped, (uintptr_t)self->ground.end - 3,
			      KERNEL };
	uint32_t *halves = (uint32_t *)words;

	for (int i = 0; i < 8; i++) {
		if (n >> i & 1)
			words[i] = odd_number(state);
		else if (n >> (8 + i) & 1)
			words[i] = places[(n >> (16 + 4 * i)) % ARRAY_SIZE(places)];
		else
			words[i] = 0;
	}
	/* Never an address that points anywhere else. */
	for_each_call(call) {
		if (call->cmd != cmd)
			continue;
		for_each_pointer(call, p) {
			uint64_t pick = next_random(state) % ARRAY_SIZE(places);

			words[p->offset / 8] = places[pick];
		}
		/* Nor does it wait. */
		if (call->deadline)
			words[call->deadline / 8] = 0;
	}
	if (n >> 60)
		halves[1] = n >> 63 ? handle : (uint32_t)odd_number(state);
	halves[0] = n & 1 ? 8u << (n >> 50) % 4 : 64;
	for_each_call(call)
		if (call->cmd == cmd && (n >> 40) % 8)
			halves[0] = call->size;
}

/* Requests may have made descriptors, and those hold objects. */
static void close_all(int from)
{
	if (from >= 0)
		ASSERT_EQ(0, syscall(SYS_close_range, from, ~0u, 0));
}

static void random_ioctls(struct fixture_bad *self, uint64_t seed,
			  unsigned int rounds)
{
	uint64_t state = seed, words[8], done = 0;
	unsigned int reopened = 0, issued = 0;
	uint32_t handles[4];
	int fd = -1;

	/* First, in case that nothing else is told any more. */
	TH_LOG("seed %llu", (unsigned long long)seed);
	for (unsigned int i = 0; issued < rounds; i++) {
		unsigned int cmd = random_command(&state);

		/* A new file now and then lets go of what succeeded. */
		if (i % 256 == 0) {
			close_all(fd);
			fd = abi_open();
			handles[0] = abi_vmo(fd, 4 * PAGE);
			handles[1] = abi_root_vmar(fd);
			abi_guest(fd, &handles[2], &handles[3]);
			reopened++;
		}
		fill_random(self, &state, cmd, words,
			    handles[next_random(&state) % 4]);
		if (cmd == ZX_HYP_VMAR_MAP && (uint32_t)(words[0] >> 32) ==
		    handles[1])
			continue;	/* it could succeed, and fill us up */
		done += abi_call(fd, cmd, words) == 0;
		issued++;
	}
	close_all(fd);
	zxtest_count("random ioctls", issued);
	TH_LOG("%u random ioctls on %u files, %llu of them good", issued,
	       reopened, (unsigned long long)done);
}

static void random_seed(struct fixture_bad *self, uint64_t seed)
{
	struct zxtest_objects before;

	if (!zxtest_objects_read(&before))
		SKIP("no debugfs");
	random_ioctls(self, seed, scaled(100000, 2000));
	EXPECT_TRUE(zxtest_objects_settle(&before, 30));
}

TEST_F_TIMEOUT(bad, random_ioctls_do_no_harm_seed_1, 600)
{
	random_seed(self, 20170920);
}

TEST_F_TIMEOUT(bad, random_ioctls_do_no_harm_seed_2, 600)
{
	random_seed(self, 0xb7b7b7b7b7ull);
}

/* Another one in every run; it is printed. */
TEST_F_TIMEOUT(bad, random_ioctls_do_no_harm_seed_of_the_clock, 600)
{
	random_seed(self, zxtest_now() | 1);
}

TEST_HARNESS_MAIN
