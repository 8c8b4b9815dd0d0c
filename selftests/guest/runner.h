/* SPDX-License-Identifier: MIT */
/*
 * Guests with several vCPUs: a thread for each, and code that all of them run in
 * 64-bit mode. The guest's part of it is guest/smp.h.
 */
#ifndef GUEST_RUNNER_H
#define GUEST_RUNNER_H

#include <stdint.h>

#include "guest/vm.h"

/**
 * struct runner - a vCPU and its thread
 * @vm: the guest
 * @ctx: the test's own
 * @set_up: registers that the vCPU starts with, RSI being set; NULL: no others
 * @run: what the thread does
 * @id: of the vCPU in its guest; RSI
 * @thread: it
 * @tid: as the kernel knows it
 * @vcpu: closed when @run has returned
 * @created: the vCPU exists
 * @faults: counted by @run
 */
struct runner {
	struct vm *vm;
	void *ctx;
	void (*set_up)(struct runner *runner, zx_vcpu_state_t *state);
	void (*run)(struct runner *runner);
	unsigned int id;
	pthread_t thread;
	int tid;
	zx_handle_t vcpu;
	volatile bool created;
	uint64_t faults;
};

/*
 * Makes n vCPUs, each as the one given but for its number: the first is the BSP,
 * and begins at GUEST_CODE; the others begin at GUEST_AP_CODE.
 */
void start_runners(struct runner *runners, int n, const struct runner *like);
void join_runners(struct runner *runners, int n);

/* Nothing but the CPU's marks may change in a guest's page tables meanwhile. */
void keep_tables(const struct vm *vm);
void expect_tables(const struct vm *vm);

#endif /* GUEST_RUNNER_H */
