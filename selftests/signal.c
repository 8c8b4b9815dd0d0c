// SPDX-License-Identifier: MIT
/*
 * Signals: what programs may set and clear of which object, what objects assert
 * themselves; events and event pairs.
 */
#include <zircon/errors.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>
#include <zx_hyp/zx_hyp.h>

#include "guest/vm.h"
#include "zxtest.h"

#define BAD	((void *)0x10)		/* nothing is mapped there */
#define SAME	ZX_RIGHT_SAME_RIGHTS
#define USER(n)	((zx_signals_t)1 << (24 + (n)))

/* What the object asserts now: no wait is for nothing, so this one times out. */
static zx_signals_t signals_of(zx_handle_t h)
{
	zx_signals_t observed = 0xdead;

	ASSERT_STATUS(ZX_ERR_TIMED_OUT, zx_object_wait_one(h, 0, 0, &observed));
	return observed;
}

FIXTURE(signal) {
	zx_handle_t event, end, peer, vmo, guest, vmar, vcpu;
};

FIXTURE_SETUP(signal)
{
	ASSERT_OK(zx_event_create(0, &self->event));
	ASSERT_OK(zx_eventpair_create(0, &self->end, &self->peer));
	ASSERT_OK(zx_vmo_create(4096, 0, &self->vmo));
	guest_create(&self->guest, &self->vmar);
	ASSERT_OK(zx_vcpu_create(self->guest, 0, 0, &self->vcpu));
}

FIXTURE_TEARDOWN(signal)
{
	EXPECT_OK(zx_handle_close_many((zx_handle_t *)self,
				       sizeof(*self) / sizeof(zx_handle_t)));
}

/* ---- which signals an object has -------------------------------------- */

TEST_F(signal, objects_are_born_with_what_is_true_of_them)
{
	EXPECT_EQ(0u, signals_of(self->event));
	EXPECT_EQ(0u, signals_of(self->end));
	EXPECT_EQ(0u, signals_of(self->peer));
	EXPECT_EQ(0u, signals_of(self->vcpu));
	/* It has no children. */
	EXPECT_EQ(ZX_VMO_ZERO_CHILDREN, signals_of(self->vmo));
}

TEST_F(signal, a_vmo_keeps_zero_children_whatever_is_done_with_it)
{
	zx_vaddr_t addr;

	ASSERT_OK(zx_vmar_map(self->vmar, RW, 0, self->vmo, 0, 4096, &addr));
	EXPECT_EQ(ZX_VMO_ZERO_CHILDREN, signals_of(self->vmo));
	EXPECT_OK(zx_object_signal(self->vmo, 0, USER(0)));
	EXPECT_EQ(ZX_VMO_ZERO_CHILDREN | USER(0), signals_of(self->vmo));
	EXPECT_OK(zx_object_wait_one(self->vmo, ZX_VMO_ZERO_CHILDREN, 0, NULL));
}

/* One bit at a time: users' always, SIGNALED of events and their pairs. */
TEST_F(signal, programs_signal_user_bits_and_of_events_signaled)
{
	const struct {
		zx_handle_t handle;
		zx_signals_t allowed;
	} rows[] = {
		{ self->event, ZX_USER_SIGNAL_ALL | ZX_EVENT_SIGNALED },
		{ self->end, ZX_USER_SIGNAL_ALL | ZX_EVENTPAIR_SIGNALED },
		{ self->vmo, ZX_USER_SIGNAL_ALL },
		{ self->vcpu, ZX_USER_SIGNAL_ALL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zx_signals_t before = signals_of(rows[i].handle);

		for (int bit = 0; bit < 32; bit++) {
			zx_signals_t one = (zx_signals_t)1 << bit;
			bool ok = rows[i].allowed & one;
			zx_status_t status = ok ? ZX_OK : ZX_ERR_INVALID_ARGS;

			zxtest_row("object %zu bit %d", i, bit);
			EXPECT_STATUS(status, zx_object_signal(rows[i].handle, 0, one));
			EXPECT_EQ(ok ? before | one : before,
				  signals_of(rows[i].handle));
			EXPECT_STATUS(status, zx_object_signal(rows[i].handle, one, 0));
			EXPECT_EQ(before, signals_of(rows[i].handle));
		}
	}
}

TEST_F(signal, one_forbidden_bit_spoils_the_call)
{
	static const zx_signals_t rows[][2] = {
		{ USER(0) | 1, USER(1) }, { USER(0), USER(1) | 1 },
		{ 1, USER(1) }, { USER(0), 1 }, { ~0u, ~0u }, { 0, ~0u }, { ~0u, 0 },
		{ ZX_EVENTPAIR_PEER_CLOSED, 0 }, { 0, ZX_SIGNAL_HANDLE_CLOSED },
	};

	ASSERT_OK(zx_object_signal(self->event, 0, USER(0)));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zxtest_row("clear %#x set %#x", rows[i][0], rows[i][1]);
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
			      zx_object_signal(self->event, rows[i][0], rows[i][1]));
		EXPECT_EQ(USER(0), signals_of(self->event));
	}
}

TEST_F(signal, signals_are_cleared_first_and_set_then)
{
	static const struct {
		zx_signals_t before, clear, set, after;
	} rows[] = {
		{ 0, 0, 0, 0 },
		{ USER(1), 0, 0, USER(1) },
		{ 0, 0, USER(1), USER(1) },
		{ USER(1), USER(1), 0, 0 },
		{ USER(1), USER(1), USER(1), USER(1) },
		{ 0, USER(1), USER(1), USER(1) },
		{ USER(1), USER(2), USER(3), USER(1) | USER(3) },
		{ USER(1) | USER(2), USER(2), USER(3), USER(1) | USER(3) },
		{ USER(1), ZX_USER_SIGNAL_ALL, ZX_EVENT_SIGNALED, ZX_EVENT_SIGNALED },
		{ ZX_EVENT_SIGNALED, ZX_EVENT_SIGNALED, ZX_USER_SIGNAL_ALL,
		  ZX_USER_SIGNAL_ALL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zx_handle_t event;

		zxtest_row("%#x clear %#x set %#x", rows[i].before, rows[i].clear,
			   rows[i].set);
		ASSERT_OK(zx_event_create(0, &event));
		ASSERT_OK(zx_object_signal(event, 0, rows[i].before));
		EXPECT_OK(zx_object_signal(event, rows[i].clear, rows[i].set));
		EXPECT_EQ(rows[i].after, signals_of(event));
		EXPECT_OK(zx_handle_close(event));
	}
}

TEST_F(signal, signals_are_the_objects_not_the_handles)
{
	zx_handle_t copy;

	ASSERT_OK(zx_handle_duplicate(self->event, SAME, &copy));
	ASSERT_OK(zx_object_signal(copy, 0, USER(5)));
	EXPECT_EQ(USER(5), signals_of(self->event));
	EXPECT_OK(zx_handle_close(copy));
	EXPECT_EQ(USER(5), signals_of(self->event));
}

/* ---- order of checks -------------------------------------------------- */

TEST_F(signal, signal_checks_handle_right_kind_then_bits)
{
	zx_handle_t mute, resource;

	ASSERT_OK(zx_handle_duplicate(self->event, ZX_RIGHT_WAIT | ZX_RIGHT_DUPLICATE,
				      &mute));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_object_signal(5, ~0u, ~0u));
	EXPECT_STATUS(ZX_ERR_ACCESS_DENIED, zx_object_signal(mute, ~0u, ~0u));
	EXPECT_STATUS(ZX_ERR_ACCESS_DENIED, zx_object_signal(mute, 0, 0));
	/* At this level handles of resources have the right. */
	ASSERT_OK(zx_hyp_rights_level(ZX_HYP_LEVEL_2018));
	resource = hypervisor_resource();
	EXPECT_STATUS(ZX_ERR_NOT_SUPPORTED, zx_object_signal(resource, ~0u, ~0u));
	EXPECT_STATUS(ZX_ERR_NOT_SUPPORTED, zx_object_signal(resource, 0, USER(0)));
	EXPECT_OK(zx_handle_close(resource));
	EXPECT_OK(zx_handle_close(mute));
}

TEST_F(signal, objects_without_signals_lack_the_right)
{
	zx_handle_t resource = hypervisor_resource(), port;

	ASSERT_OK(zx_port_create(0, &port));
	EXPECT_STATUS(ZX_ERR_ACCESS_DENIED, zx_object_signal(self->guest, 0, USER(0)));
	EXPECT_STATUS(ZX_ERR_ACCESS_DENIED, zx_object_signal(self->vmar, 0, USER(0)));
	EXPECT_STATUS(ZX_ERR_ACCESS_DENIED, zx_object_signal(resource, 0, USER(0)));
	EXPECT_STATUS(ZX_ERR_ACCESS_DENIED, zx_object_signal(port, 0, USER(0)));
	EXPECT_OK(zx_handle_close(resource));
	EXPECT_OK(zx_handle_close(port));
}

/* ---- events ----------------------------------------------------------- */

TEST(event_create_takes_no_options)
{
	static const uint32_t rows[] = { 1, 2, 1u << 31, ~0u };
	zx_handle_t h;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zxtest_row("options %#x", rows[i]);
		poison(&h, sizeof(h));
		EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_event_create(rows[i], &h));
		EXPECT_TRUE(poisoned(&h, sizeof(h)));
	}
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_event_create(0, NULL));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_event_create(0, BAD));
	EXPECT_EQ(0, zxtest_objects_of("event"));
}

/* ---- event pairs ------------------------------------------------------ */

TEST(eventpair_create_takes_no_options)
{
	static const uint32_t rows[] = { 1, 2, 1u << 31, ~0u };
	zx_handle_t h[2];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zxtest_row("options %#x", rows[i]);
		poison(h, sizeof(h));
		EXPECT_STATUS(ZX_ERR_NOT_SUPPORTED,
			      zx_eventpair_create(rows[i], &h[0], &h[1]));
		EXPECT_TRUE(poisoned(h, sizeof(h)));
		/* Two faults: options come first. */
		EXPECT_STATUS(ZX_ERR_NOT_SUPPORTED,
			      zx_eventpair_create(rows[i], BAD, NULL));
	}
}

TEST(eventpair_create_makes_both_ends_or_none)
{
	zx_handle_t h;

	poison(&h, sizeof(h));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_eventpair_create(0, &h, BAD));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_eventpair_create(0, BAD, &h));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_eventpair_create(0, NULL, NULL));
	EXPECT_TRUE(poisoned(&h, sizeof(h)));
	EXPECT_TRUE(wait_until(10, zxtest_objects_of("eventpair") == 0));
}

TEST_F(signal, each_end_has_signals_of_its_own)
{
	ASSERT_OK(zx_object_signal(self->end, 0, USER(0)));
	EXPECT_EQ(USER(0), signals_of(self->end));
	EXPECT_EQ(0u, signals_of(self->peer));
	ASSERT_OK(zx_object_signal_peer(self->end, 0, USER(1)));
	EXPECT_EQ(USER(0), signals_of(self->end));
	EXPECT_EQ(USER(1), signals_of(self->peer));
	ASSERT_OK(zx_object_signal_peer(self->peer, USER(0), ZX_EVENTPAIR_SIGNALED));
	EXPECT_EQ(ZX_EVENTPAIR_SIGNALED, signals_of(self->end));
	EXPECT_EQ(USER(1), signals_of(self->peer));
	ASSERT_OK(zx_object_signal_peer(self->end, USER(1), USER(1)));
	EXPECT_EQ(USER(1), signals_of(self->peer));
}

TEST_F(signal, signal_peer_takes_user_bits_and_signaled)
{
	for (int bit = 0; bit < 32; bit++) {
		zx_signals_t one = (zx_signals_t)1 << bit;
		bool ok = one & (ZX_USER_SIGNAL_ALL | ZX_EVENTPAIR_SIGNALED);
		zx_status_t status = ok ? ZX_OK : ZX_ERR_INVALID_ARGS;

		zxtest_row("bit %d", bit);
		EXPECT_STATUS(status, zx_object_signal_peer(self->end, 0, one));
		EXPECT_EQ(ok ? one : 0, signals_of(self->peer));
		EXPECT_STATUS(status, zx_object_signal_peer(self->end, one, 0));
		EXPECT_EQ(0u, signals_of(self->peer));
	}
	EXPECT_EQ(0u, signals_of(self->end));
}

TEST_F(signal, closing_one_end_tells_the_other)
{
	EXPECT_EQ(0u, signals_of(self->peer));
	ASSERT_OK(zx_object_signal(self->peer, 0, USER(2)));
	ASSERT_OK(zx_handle_close(self->end));
	self->end = 0;
	EXPECT_EQ(ZX_EVENTPAIR_PEER_CLOSED | USER(2), signals_of(self->peer));
	/* For good, and no program takes it back. */
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
		      zx_object_signal(self->peer, ZX_EVENTPAIR_PEER_CLOSED, 0));
	EXPECT_OK(zx_object_signal(self->peer, ZX_USER_SIGNAL_ALL, 0));
	EXPECT_EQ(ZX_EVENTPAIR_PEER_CLOSED, signals_of(self->peer));
}

TEST_F(signal, an_end_is_closed_with_its_last_handle)
{
	zx_handle_t copy;

	ASSERT_OK(zx_handle_duplicate(self->end, SAME, &copy));
	ASSERT_OK(zx_handle_close(self->end));
	EXPECT_EQ(0u, signals_of(self->peer));
	EXPECT_OK(zx_object_signal_peer(self->peer, 0, USER(0)));
	EXPECT_EQ(USER(0), signals_of(copy));
	/* Replacing the last one does not close it. */
	ASSERT_OK(zx_handle_replace(copy, SAME, &copy));
	EXPECT_EQ(0u, signals_of(self->peer));
	ASSERT_OK(zx_handle_close(copy));
	EXPECT_EQ(ZX_EVENTPAIR_PEER_CLOSED, signals_of(self->peer));
	self->end = 0;
}

TEST_F(signal, a_failed_replace_closes_the_end)
{
	zx_handle_t out;

	EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
		      zx_handle_replace(self->end, ZX_RIGHT_READ, &out));
	EXPECT_EQ(ZX_EVENTPAIR_PEER_CLOSED, signals_of(self->peer));
	self->end = 0;
}

/* Handle, right, kind, bits, and only then whether there is a peer. */
TEST_F(signal, signal_peer_checks_in_zircons_order)
{
	zx_handle_t mute;

	ASSERT_OK(zx_handle_duplicate(self->peer, ZX_RIGHT_SIGNAL, &mute));
	ASSERT_OK(zx_handle_close(self->end));
	self->end = 0;
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_object_signal_peer(5, ~0u, ~0u));
	EXPECT_STATUS(ZX_ERR_ACCESS_DENIED, zx_object_signal_peer(mute, ~0u, ~0u));
	EXPECT_STATUS(ZX_ERR_ACCESS_DENIED,
		      zx_object_signal_peer(self->event, ~0u, ~0u));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_object_signal_peer(self->peer, 1, 0));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_object_signal_peer(self->peer, 0, 1));
	EXPECT_STATUS(ZX_ERR_PEER_CLOSED, zx_object_signal_peer(self->peer, 0, 0));
	EXPECT_STATUS(ZX_ERR_PEER_CLOSED,
		      zx_object_signal_peer(self->peer, 0, USER(0)));
	EXPECT_OK(zx_handle_close(mute));
}

/* Both orders: neither end holds the other. */
TEST(a_pair_is_gone_with_both_its_ends)
{
	for (int first = 0; first < 2; first++) {
		zx_handle_t h[2];

		zxtest_row("end %d first", first);
		ASSERT_OK(zx_eventpair_create(0, &h[0], &h[1]));
		EXPECT_EQ(2, zxtest_objects_of("eventpair"));
		ASSERT_OK(zx_handle_close(h[first]));
		EXPECT_TRUE(wait_until(10, zxtest_objects_of("eventpair") == 1));
		ASSERT_OK(zx_handle_close(h[!first]));
		EXPECT_TRUE(wait_until(10, zxtest_objects_of("eventpair") == 0));
	}
}

TEST_HARNESS_MAIN
