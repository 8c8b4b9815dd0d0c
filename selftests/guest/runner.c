// SPDX-License-Identifier: MIT
/* See runner.h. */
#include <string.h>

#include "guest/runner.h"
#include "zxtest.h"

#define DEADLINE	60		/* seconds for a thread to make its vCPU */

static void *runner_main(void *arg)
{
	struct runner *r = arg;
	zx_vcpu_state_t state;

	r->tid = thread_id();
	ASSERT_OK(zx_vcpu_create(r->vm->guest, 0,
				 r->id ? GUEST_AP_CODE : GUEST_CODE, &r->vcpu));
	vcpu_read(r->vcpu, &state);
	state.rsi = r->id;
	if (r->set_up)
		r->set_up(r, &state);
	vcpu_write(r->vcpu, &state);
	r->created = true;
	r->run(r);
	EXPECT_OK(zx_handle_close(r->vcpu));
	return NULL;
}

/* One after the other, so that the first is the BSP. */
void start_runners(struct runner *runners, int n, const struct runner *like)
{
	for (int i = 0; i < n; i++) {
		runners[i] = *like;
		runners[i].id = i;
		thread_start(&runners[i].thread, runner_main, &runners[i]);
		ASSERT_TRUE(wait_until(DEADLINE, runners[i].created));
	}
}

void join_runners(struct runner *runners, int n)
{
	for (int i = 0; i < n; i++)
		thread_join(runners[i].thread);
	/* The last of vm_destroy()'s handles is closed here already. */
	runners[0].vm->vcpu = ZX_HANDLE_INVALID;
}

static uint64_t tables[GUEST_GDT / 8];

void keep_tables(const struct vm *vm)
{
	memcpy(tables, vm->mem, sizeof(tables));
}

void expect_tables(const struct vm *vm)
{
	const uint64_t marks = 0x60;	/* accessed, dirty */
	const uint64_t *now = (const uint64_t *)vm->mem;

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		ASSERT_EQ(tables[i] & ~marks, now[i] & ~marks);
}
