// SPDX-License-Identifier: MIT
/*
 * zx_guest_create and zx_guest_set_trap: arguments in Zircon's order of checks,
 * bounds and overlaps of traps, what set_trap does to mappings.
 */
#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/port.h>

#include "guest/vm.h"
#include "zxtest.h"

#define PAGE	4096ull
#define SIZE	(1ull << 48)
#define BELL	ZX_GUEST_TRAP_BELL
#define MEM	ZX_GUEST_TRAP_MEM
#define IO	ZX_GUEST_TRAP_IO
#define BAD_PTR	((zx_handle_t *)0x10)

/* ---- guest_create ----------------------------------------------------- */

TEST(create_gives_a_guest_and_its_vmar)
{
	zx_handle_t guest = 0, vmar = 0;

	guest_create(&guest, &vmar);
	EXPECT_NE(ZX_HANDLE_INVALID, guest);
	EXPECT_NE(ZX_HANDLE_INVALID, vmar);
	EXPECT_NE(guest, vmar);
	EXPECT_OK(zx_handle_close(vmar));
	EXPECT_OK(zx_handle_close(guest));
}

TEST(create_refusals_in_order)
{
	zx_handle_t hyp = hypervisor_resource(), vmex = vmex_resource();
	zx_handle_t vmo, closed = hypervisor_resource();

	ASSERT_OK(zx_vmo_create(PAGE, 0, &vmo));
	ASSERT_OK(zx_handle_close(closed));

	const struct {
		const char *name;
		zx_handle_t resource;
		uint32_t options;
		zx_status_t status;
	} rows[] = {
		{ "options 1", hyp, 1, ZX_ERR_INVALID_ARGS },
		{ "options 2", hyp, 2, ZX_ERR_INVALID_ARGS },
		{ "options bit 31", hyp, 1u << 31, ZX_ERR_INVALID_ARGS },
		{ "options before no resource", 0, 1, ZX_ERR_INVALID_ARGS },
		{ "options before a closed resource", closed, 1,
		  ZX_ERR_INVALID_ARGS },
		{ "options before type", vmo, 1, ZX_ERR_INVALID_ARGS },
		{ "no resource", 0, 0, ZX_ERR_BAD_HANDLE },
		{ "a closed resource", closed, 0, ZX_ERR_BAD_HANDLE },
		{ "a VMO", vmo, 0, ZX_ERR_WRONG_TYPE },
		{ "a resource of another kind", vmex, 0, ZX_ERR_WRONG_TYPE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zx_handle_t out[2];

		zxtest_row("%s", rows[i].name);
		poison(out, sizeof(out));
		EXPECT_STATUS(rows[i].status,
			      zx_guest_create(rows[i].resource, rows[i].options,
					      &out[0], &out[1]));
		EXPECT_TRUE(poisoned(out, sizeof(out)));
	}
}

TEST(create_refuses_bad_result_addresses)
{
	zx_handle_t hyp = hypervisor_resource(), out;

	EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
		      zx_guest_create(hyp, 0, BAD_PTR, &out));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
		      zx_guest_create(hyp, 0, &out, BAD_PTR));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
		      zx_guest_create(hyp, 0, NULL, NULL));
}

TEST(one_resource_makes_several_guests)
{
	zx_handle_t hyp = hypervisor_resource(), guest[4], vmar[4];

	for (int i = 0; i < 4; i++)
		ASSERT_OK(zx_guest_create(hyp, 0, &guest[i], &vmar[i]));
	ASSERT_OK(zx_handle_close(hyp));
	for (int i = 0; i < 4; i++) {
		EXPECT_OK(zx_handle_close(guest[i]));
		EXPECT_OK(zx_handle_close(vmar[i]));
	}
}

/* ---- set_trap --------------------------------------------------------- */

FIXTURE(trap) {
	zx_handle_t guest, vmar, vmo, closed, port;
};

FIXTURE_SETUP(trap)
{
	guest_create(&self->guest, &self->vmar);
	ASSERT_OK(zx_vmo_create(16 * PAGE, 0, &self->vmo));
	ASSERT_OK(zx_vmo_create(PAGE, 0, &self->closed));
	ASSERT_OK(zx_handle_close(self->closed));
	ASSERT_OK(zx_port_create(0, &self->port));
}

FIXTURE_TEARDOWN(trap)
{
	EXPECT_OK(zx_handle_close(self->port));
	EXPECT_OK(zx_handle_close(self->vmo));
	EXPECT_OK(zx_handle_close(self->vmar));
	EXPECT_OK(zx_handle_close(self->guest));
}

enum which { GOOD, NONE, CLOSED, A_VMO, A_PORT };

static zx_handle_t pick(struct fixture_trap *self, enum which which,
			zx_handle_t good)
{
	return which == GOOD ? good : which == NONE ? ZX_HANDLE_INVALID :
	       which == CLOSED ? self->closed :
	       which == A_PORT ? self->port : self->vmo;
}

struct trap_row {
	const char *name;
	zx_status_t status;
	uint32_t kind;
	uint64_t addr, len;
	enum which guest, port;		/* port: GOOD is none */
};

static const struct trap_row refusals[] = {
	/* handles, the guest's first */
	{ "no guest", ZX_ERR_BAD_HANDLE, IO, 1, 1, NONE },
	{ "a closed guest", ZX_ERR_BAD_HANDLE, IO, 1, 1, CLOSED },
	{ "a VMO as guest", ZX_ERR_WRONG_TYPE, IO, 1, 1, A_VMO },
	{ "guest's type before port's handle", ZX_ERR_WRONG_TYPE, BELL, 0, PAGE,
	  A_VMO, CLOSED },
	{ "guest's handle before port's type", ZX_ERR_BAD_HANDLE, BELL, 0, PAGE,
	  CLOSED, A_VMO },
	{ "guest's type before the kind", ZX_ERR_WRONG_TYPE, 99, 0, PAGE,
	  A_VMO },
	{ "BELL, a closed port", ZX_ERR_BAD_HANDLE, BELL, 0, PAGE, GOOD,
	  CLOSED },
	{ "MEM, a closed port", ZX_ERR_BAD_HANDLE, MEM, 0, PAGE, GOOD, CLOSED },
	{ "IO, a closed port", ZX_ERR_BAD_HANDLE, IO, 1, 1, GOOD, CLOSED },
	{ "BELL, a VMO as port", ZX_ERR_WRONG_TYPE, BELL, 0, PAGE, GOOD,
	  A_VMO },
	{ "IO, a VMO as port", ZX_ERR_WRONG_TYPE, IO, 1, 1, GOOD, A_VMO },
	{ "port's handle before the kind", ZX_ERR_BAD_HANDLE, 99, 0, PAGE, GOOD,
	  CLOSED },
	{ "port's type before bounds", ZX_ERR_WRONG_TYPE, IO, 0xffff, 1, GOOD,
	  A_VMO },
	/* kinds */
	{ "BELL without a port", ZX_ERR_INVALID_ARGS, BELL, 0, PAGE },
	{ "BELL without a port, before alignment", ZX_ERR_INVALID_ARGS, BELL, 1,
	  PAGE },
	{ "MEM with a port", ZX_ERR_INVALID_ARGS, MEM, 0, PAGE, GOOD, A_PORT },
	{ "IO with a port", ZX_ERR_INVALID_ARGS, IO, 1, 1, GOOD, A_PORT },
	{ "IO with a port, before bounds", ZX_ERR_INVALID_ARGS, IO, 0xffff, 1,
	  GOOD, A_PORT },
	{ "kind 3 with a port", ZX_ERR_INVALID_ARGS, 3, 0, PAGE, GOOD, A_PORT },
	{ "kind 3", ZX_ERR_INVALID_ARGS, 3, 0, PAGE },
	{ "kind 4", ZX_ERR_INVALID_ARGS, 4, 0, PAGE },
	{ "kind 0xffffffff", ZX_ERR_INVALID_ARGS, ~0u, 0, PAGE },
	/* alignment and range of MEM */
	{ "MEM addr 1", ZX_ERR_INVALID_ARGS, MEM, 1, PAGE },
	{ "MEM len 1", ZX_ERR_INVALID_ARGS, MEM, 0, 1 },
	{ "MEM len PAGE + 8", ZX_ERR_INVALID_ARGS, MEM, 0, PAGE + 8 },
	{ "MEM addr and len unaligned", ZX_ERR_INVALID_ARGS, MEM, 8, PAGE - 8 },
	{ "MEM len 0", ZX_ERR_INVALID_ARGS, MEM, PAGE, 0 },
	{ "MEM at the end of the VMAR", ZX_ERR_INVALID_ARGS, MEM, SIZE, PAGE },
	{ "MEM across the end", ZX_ERR_INVALID_ARGS, MEM, SIZE - PAGE,
	  2 * PAGE },
	{ "MEM longer than the VMAR", ZX_ERR_INVALID_ARGS, MEM, 0,
	  SIZE + PAGE },
	{ "MEM far out", ZX_ERR_INVALID_ARGS, MEM, 1ull << 63, PAGE },
	{ "MEM that wraps", ZX_ERR_INVALID_ARGS, MEM, -PAGE, 2 * PAGE },
	/* those of BELL are the same */
	{ "BELL addr 1", ZX_ERR_INVALID_ARGS, BELL, 1, PAGE, GOOD, A_PORT },
	{ "BELL len 1", ZX_ERR_INVALID_ARGS, BELL, 0, 1, GOOD, A_PORT },
	{ "BELL len 0", ZX_ERR_INVALID_ARGS, BELL, PAGE, 0, GOOD, A_PORT },
	{ "BELL at the end of the VMAR", ZX_ERR_INVALID_ARGS, BELL, SIZE, PAGE,
	  GOOD, A_PORT },
	{ "BELL across the end", ZX_ERR_INVALID_ARGS, BELL, SIZE - PAGE,
	  2 * PAGE, GOOD, A_PORT },
	{ "BELL that wraps", ZX_ERR_INVALID_ARGS, BELL, -PAGE, 2 * PAGE, GOOD,
	  A_PORT },
	/* bounds of IO: port 0xffff cannot be trapped */
	{ "IO len 0", ZX_ERR_INVALID_ARGS, IO, 1, 0 },
	{ "IO len 0 before its bounds", ZX_ERR_INVALID_ARGS, IO, 0x10000, 0 },
	{ "IO that wraps", ZX_ERR_OUT_OF_RANGE, IO, UINT64_MAX, 2 },
	{ "IO that wraps to a legal end", ZX_ERR_OUT_OF_RANGE, IO, -8, 16 },
	{ "IO port 0xffff", ZX_ERR_OUT_OF_RANGE, IO, 0xffff, 1 },
	{ "IO to port 0xffff", ZX_ERR_OUT_OF_RANGE, IO, 0xfff0, 16 },
	{ "IO all ports", ZX_ERR_OUT_OF_RANGE, IO, 0, 0x10000 },
	{ "IO port 0x10000", ZX_ERR_OUT_OF_RANGE, IO, 0x10000, 1 },
	{ "IO port 2^32", ZX_ERR_OUT_OF_RANGE, IO, 1ull << 32, 1 },
};

TEST_F(trap, refusals_in_order)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct trap_row *r = &refusals[i];

		zxtest_row("%s", r->name);
		EXPECT_STATUS(r->status,
			      zx_guest_set_trap(pick(self, r->guest,
						     self->guest),
						r->kind, r->addr, r->len,
						pick(self, r->port, 0), 7));
	}
}

static zx_status_t set(struct fixture_trap *self, uint32_t kind, uint64_t addr,
		       uint64_t len)
{
	return zx_guest_set_trap(self->guest, kind, addr, len,
				 kind == BELL ? self->port : ZX_HANDLE_INVALID,
				 7);
}

TEST_F(trap, refused_traps_take_no_room)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct trap_row *r = &refusals[i];

		(void)zx_guest_set_trap(pick(self, r->guest, self->guest),
					r->kind, r->addr, r->len,
					pick(self, r->port, 0), 7);
	}
	EXPECT_OK(set(self, IO, 0, 0xffff));
	EXPECT_OK(set(self, MEM, 0, 1ull << 30));
	EXPECT_OK(set(self, MEM, SIZE - PAGE, PAGE));
}

TEST_F(trap, all_ports_but_the_last_can_be_trapped)
{
	EXPECT_OK(set(self, IO, 0, 0xffff));
}

TEST_F(trap, the_last_page_of_the_vmar_can_be_trapped)
{
	EXPECT_OK(set(self, MEM, SIZE - PAGE, PAGE));
}

TEST_F(trap, keys_are_free)
{
	EXPECT_OK(zx_guest_set_trap(self->guest, IO, 1, 1, 0, 0));
	EXPECT_OK(zx_guest_set_trap(self->guest, IO, 2, 1, 0, 0));
	EXPECT_OK(zx_guest_set_trap(self->guest, IO, 3, 1, 0, UINT64_MAX));
}

struct overlap {
	uint64_t addr, len;
	zx_status_t status;
};

static void check_overlaps(struct fixture_trap *self, uint32_t kind,
			   const struct overlap *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		zxtest_row("addr %#llx len %#llx",
			   (unsigned long long)rows[i].addr,
			   (unsigned long long)rows[i].len);
		EXPECT_STATUS(rows[i].status,
			      set(self, kind, rows[i].addr, rows[i].len));
	}
	zxtest_row_end();
}

TEST_F(trap, io_overlaps_already_exist_and_neighbours_do_not)
{
	static const struct overlap rows[] = {
		{ 0x100, 8, ZX_OK },
		{ 0x100, 8, ZX_ERR_ALREADY_EXISTS },
		{ 0x100, 1, ZX_ERR_ALREADY_EXISTS },
		{ 0x107, 1, ZX_ERR_ALREADY_EXISTS },
		{ 0x0ff, 2, ZX_ERR_ALREADY_EXISTS },
		{ 0x107, 9, ZX_ERR_ALREADY_EXISTS },
		{ 0x000, 0x1000, ZX_ERR_ALREADY_EXISTS },
		{ 0x108, 1, ZX_OK },
		{ 0x0ff, 1, ZX_OK },
		{ 0x0ff, 1, ZX_ERR_ALREADY_EXISTS },
	};

	check_overlaps(self, IO, rows, ARRAY_SIZE(rows));
}

TEST_F(trap, mem_overlaps_already_exist_and_neighbours_do_not)
{
	static const struct overlap rows[] = {
		{ 0x100000, 0x4000, ZX_OK },
		{ 0x100000, 0x4000, ZX_ERR_ALREADY_EXISTS },
		{ 0x100000, 0x1000, ZX_ERR_ALREADY_EXISTS },
		{ 0x103000, 0x1000, ZX_ERR_ALREADY_EXISTS },
		{ 0x0ff000, 0x2000, ZX_ERR_ALREADY_EXISTS },
		{ 0x103000, 0x9000, ZX_ERR_ALREADY_EXISTS },
		{ 0x000000, 0x80000000, ZX_ERR_ALREADY_EXISTS },
		{ 0x104000, 0x1000, ZX_OK },
		{ 0x0ff000, 0x1000, ZX_OK },
		{ 0x0ff000, 0x1000, ZX_ERR_ALREADY_EXISTS },
	};

	check_overlaps(self, MEM, rows, ARRAY_SIZE(rows));
}

TEST_F(trap, bells_and_mem_traps_share_a_space)
{
	ASSERT_OK(set(self, BELL, 0x100000, 0x4000));
	ASSERT_OK(set(self, MEM, 0x104000, 0x4000));
	for (uint64_t at = 0xff000; at < 0x109000; at += PAGE) {
		zx_status_t want = at == 0x108000 ? ZX_OK :
						    ZX_ERR_ALREADY_EXISTS;

		zxtest_row("at %#llx", (unsigned long long)at);
		EXPECT_STATUS(want, set(self, MEM, at, 2 * PAGE));
		EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS,
			      set(self, BELL, at, 2 * PAGE));
	}
}

TEST_F(trap, ports_and_memory_are_two_spaces)
{
	EXPECT_OK(set(self, IO, 0x1000, 0x1000));
	EXPECT_OK(set(self, MEM, 0x1000, 0x1000));
}

TEST_F(trap, two_guests_have_their_own_traps)
{
	zx_handle_t guest, vmar;

	guest_create(&guest, &vmar);
	EXPECT_OK(set(self, IO, 0x10, 1));
	EXPECT_OK(zx_guest_set_trap(guest, IO, 0x10, 1, 0, 0));
	EXPECT_OK(zx_handle_close(guest));
	EXPECT_OK(zx_handle_close(vmar));
}

TEST_F(trap, a_thousand_traps_can_be_set)
{
	for (uint64_t i = 0; i < 1000; i++) {
		zxtest_row("trap %d", (int)i);
		ASSERT_OK(set(self, IO, i * 8, 4));
		ASSERT_OK(set(self, MEM, 0x10000000 + i * 4 * PAGE, PAGE));
	}
	EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS, set(self, IO, 8 * 500 + 3, 1));
	EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS,
		      set(self, MEM, 0x10000000 + 999 * 4 * PAGE, PAGE));
}

/* ---- traps and mappings ----------------------------------------------- */

static zx_status_t map(struct fixture_trap *self, uint64_t gpa, uint64_t len)
{
	zx_vaddr_t addr;

	return zx_vmar_map(self->vmar, RW | ZX_VM_SPECIFIC, gpa, self->vmo, 0,
			   len, &addr);
}

static void check_unmapping(struct fixture_trap *self, uint32_t kind)
{
	ASSERT_OK(map(self, 0, 8 * PAGE));
	ASSERT_OK(set(self, kind, 2 * PAGE, 2 * PAGE));
	EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS, map(self, PAGE, PAGE));
	EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS, map(self, 4 * PAGE, PAGE));
	/* A mapping over a trap is accepted, and does not remove the trap. */
	EXPECT_OK(map(self, 2 * PAGE, 2 * PAGE));
	EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS, set(self, MEM, 2 * PAGE, PAGE));
}

TEST_F(trap, mem_trap_unmaps_what_lies_there)
{
	check_unmapping(self, MEM);
}

TEST_F(trap, a_bell_unmaps_what_lies_there)
{
	check_unmapping(self, BELL);
}

TEST_F(trap, a_refused_duplicate_has_already_unmapped)
{
	ASSERT_OK(set(self, MEM, 2 * PAGE, PAGE));
	ASSERT_OK(map(self, 0, 8 * PAGE));
	EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS, set(self, MEM, 2 * PAGE, PAGE));
	EXPECT_OK(map(self, 2 * PAGE, PAGE));
	EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS, map(self, PAGE, PAGE));
}

TEST_F(trap, what_is_refused_before_the_unmap_unmaps_nothing)
{
	static const struct {
		const char *name;
		uint32_t kind;
		uint64_t addr, len;
		enum which port;
	} rows[] = {
		{ "BELL without a port", BELL, 0, PAGE, NONE },
		{ "MEM with a port", MEM, 0, PAGE, A_PORT },
		{ "unknown kind", 3, 0, PAGE, NONE },
		{ "unaligned", MEM, 1, PAGE, NONE },
		{ "unaligned len", MEM, 0, PAGE + 1, NONE },
		{ "unaligned BELL", BELL, 1, PAGE, A_PORT },
		{ "across the end", MEM, 0, SIZE + PAGE, NONE },
		{ "BELL across the end", BELL, 0, SIZE + PAGE, A_PORT },
	};

	ASSERT_OK(map(self, 0, 8 * PAGE));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zxtest_row("%s", rows[i].name);
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
			      zx_guest_set_trap(self->guest, rows[i].kind,
						rows[i].addr, rows[i].len,
						pick(self, rows[i].port, 0), 7));
		for (uint64_t p = 0; p < 8; p++)
			EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS,
				      map(self, p * PAGE, PAGE));
	}
}

TEST_F(trap, an_io_trap_unmaps_nothing)
{
	ASSERT_OK(map(self, 0x1000, PAGE));
	ASSERT_OK(set(self, IO, 0x1000, 0x1000));
	EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS, map(self, 0x1000, PAGE));
}

TEST_F(trap, a_trap_can_be_set_beside_a_vcpu)
{
	zx_handle_t vcpu;

	ASSERT_OK(zx_vcpu_create(self->guest, 0, 0, &vcpu));
	EXPECT_OK(set(self, IO, 0x60, 4));
	EXPECT_OK(set(self, MEM, 0, PAGE));
	EXPECT_OK(zx_handle_close(vcpu));
}

TEST_HARNESS_MAIN
