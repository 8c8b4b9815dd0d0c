// SPDX-License-Identifier: MIT
/*
 * Handles that go away as they are used: a call works, or there is no such
 * handle, and of two that take one handle one gets it.
 */
#define _GNU_SOURCE
#include <sys/wait.h>
#include <unistd.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>
#include <zircon/time.h>

#include "calls.h"
#include "guest/vm.h"
#include "race.h"
#include "uses.h"
#include "zxtest.h"

#define PAGE		4096ull
#define PAST		ZX_TIME_INFINITE_PAST
#define SAME		ZX_RIGHT_SAME_RIGHTS

/* ---- close versus use of every call ------------------------------------- */

/* A race of one row. */
struct usage {
	const struct use *row;
	struct subject s;
	zx_status_t used, closed;
	unsigned int worked;
};

static void begin_use(void *ctx)
{
	struct usage *u = ctx;

	u->s.h = 0;
	u->s.other = 0;
	u->s.round++;
	u->row->make(&u->s);
}

static void use_it(void *ctx)
{
	struct usage *u = ctx;

	u->used = u->row->use(&u->s);
}

static void close_it(void *ctx)
{
	struct usage *u = ctx;

	u->closed = zx_handle_close(u->s.h);
}

static bool may_be(const struct use *row, zx_status_t status)
{
	switch (status) {
	case ZX_OK:
	case ZX_ERR_BAD_HANDLE:
		return true;
	case ZX_ERR_TIMED_OUT:
		return row->flags & USE_MAY_TIME_OUT;
	case ZX_ERR_NOT_FOUND:
		return row->flags & USE_MAY_NOT_FIND;
	}
	return false;
}

static void judge_use(void *ctx)
{
	struct usage *u = ctx;
	bool worked = u->used == ZX_OK;

	if (!may_be(u->row, u->used))
		EXPECT_STATUS(ZX_ERR_BAD_HANDLE, u->used);
	EXPECT_STATUS(worked && (u->row->flags & USE_CONSUMES) ?
		      ZX_ERR_BAD_HANDLE : ZX_OK, u->closed);
	if (u->row->flags & USE_CONSUMES)
		EXPECT_NE(worked, u->closed == ZX_OK);
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, u->row->use(&u->s));
	EXPECT_OK(zx_handle_close(u->s.other));
	/* What the call left, or could not take away. */
	if (u->row->flags & USE_VM)
		EXPECT_OK(zx_vmar_unmap(u->s.vm.vmar, GUEST_HOLE, PAGE));
	u->worked += worked;
}

/* First one after the other, in both orders, then together. */
static void use_and_close(struct usage *u)
{
	struct race race = {
		scaled(u->row->flags & USE_SLOW ? 100 : 1000,
		       u->row->flags & USE_SLOW ? 8 : 64),
		begin_use, use_it, close_it, judge_use,
	};

	begin_use(u);
	use_it(u);
	EXPECT_OK(u->used);
	close_it(u);
	judge_use(u);
	begin_use(u);
	close_it(u);
	use_it(u);
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, u->used);
	judge_use(u);
	u->worked = 0;
	race_run(&race, u);
	TH_LOG("%s: worked %u times of %u", u->row->name, u->worked,
	       race.rounds);
}

static void use_rows(bool with_vm)
{
	struct usage u = { 0 };

	if (with_vm) {
		vm_create(&u.s.vm);
		vm_vcpu(&u.s.vm);
	}
	for_each_use(row) {
		u.row = row;
		if (!!(u.row->flags & USE_VM) != with_vm)
			continue;
		zxtest_row("%s", u.row->name);
		use_and_close(&u);
	}
	zxtest_row_end();
	if (with_vm)
		vm_destroy(&u.s.vm);
}

TEST_TIMEOUT(a_handle_is_closed_as_it_is_used, 1200)
{
	use_rows(false);
}

TEST_TIMEOUT(a_handle_of_a_guest_is_closed_as_it_is_used, 1200)
{
	use_rows(true);
}

/* ---- fork ------------------------------------------------------------------ */

/* Every call, in a process that has its parent's values and not its handles. */
static void expect_none(struct subject *s, const struct use *row)
{
	int status;
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_STATUS(ZX_ERR_BAD_HANDLE, row->use(s));
		EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_handle_close(s->h));
		_exit(zxtest_failed());
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_OK(row->use(s));
	if (!(row->flags & USE_CONSUMES))
		EXPECT_OK(zx_handle_close(s->h));
	EXPECT_OK(zx_handle_close(s->other));
}

TEST_TIMEOUT(a_child_has_none_of_its_parents_handles, 600)
{
	struct subject s = { 0 };

	vm_create(&s.vm);
	vm_vcpu(&s.vm);
	for_each_use(row) {
		/* That is a row of its own. */
		if (row->flags & USE_KICKS)
			continue;
		zxtest_row("%s", row->name);
		s.other = 0;
		row->make(&s);
		expect_none(&s, row);
		EXPECT_OK(zx_vmar_unmap(s.vm.vmar, GUEST_HOLE, PAGE));
	}
	vm_destroy(&s.vm);
}

static void make_one_and_tell(int sock)
{
	zx_handle_t event;

	ASSERT_OK(zx_event_create(0, &event));
	peer_send_value(sock, event);
	peer_expect(sock, 'e');
	EXPECT_OK(zx_object_signal(event, 0, ZX_EVENT_SIGNALED));
	EXPECT_OK(zx_handle_close(event));
}

/* Each that used nothing before it was forked has handles of its own. */
TEST(children_have_handles_of_their_own)
{
	struct peer peers[8];
	zx_handle_t event;

	for (size_t i = 0; i < ARRAY_SIZE(peers); i++)
		peer_start(&peers[i], make_one_and_tell);
	ASSERT_OK(zx_event_create(0, &event));
	for (size_t i = 0; i < ARRAY_SIZE(peers); i++) {
		zx_handle_t theirs = peer_receive_value(peers[i].sock);

		zxtest_row("child %zu", i);
		EXPECT_NE(event, theirs);
		EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_handle_close(theirs));
		peer_say(peers[i].sock, 'e');
		peer_end(&peers[i]);
	}
	EXPECT_OK(zx_handle_close(event));
}

/* ---- who has the last handle --------------------------------------------- */

struct last {
	zx_handle_t h, peer, out;
	zx_status_t duplicated;
};

static void begin_last(void *ctx)
{
	struct last *l = ctx;

	l->out = 0;
	ASSERT_OK(zx_eventpair_create(0, &l->h, &l->peer));
}

static void duplicate_last(void *ctx)
{
	struct last *l = ctx;

	l->duplicated = zx_handle_duplicate(l->h, SAME, &l->out);
}

static void close_last(void *ctx)
{
	struct last *l = ctx;

	EXPECT_OK(zx_handle_close(l->h));
}

static void expect_peer(struct last *l, bool closed)
{
	EXPECT_STATUS(closed ? ZX_OK : ZX_ERR_TIMED_OUT,
		      zx_object_wait_one(l->peer, ZX_OBJECT_PEER_CLOSED, PAST,
					 NULL));
}

/* A copy in time keeps the object, one too late does not bring it back. */
static void judge_last(void *ctx)
{
	struct last *l = ctx;

	if (l->duplicated == ZX_OK) {
		expect_peer(l, false);
		EXPECT_OK(zx_object_signal_peer(l->out, 0, ZX_USER_SIGNAL_0));
		EXPECT_OK(zx_handle_close(l->out));
	} else {
		EXPECT_STATUS(ZX_ERR_BAD_HANDLE, l->duplicated);
	}
	expect_peer(l, true);
	EXPECT_OK(zx_handle_close(l->peer));
}

TEST_TIMEOUT(a_handle_is_copied_in_time_or_its_object_is_gone, 600)
{
	const struct race race = {
		scaled(4000, 150), begin_last, duplicate_last, close_last,
		judge_last,
	};
	struct last l;

	race_run(&race, &l);
}

TEST_HARNESS_MAIN
