// SPDX-License-Identifier: MIT
/*
 * One instruction after the other. See serve.h.
 */
#include "guest/serve.h"
#include "zxtest.h"

void serve_set(struct vm *vm, uint64_t rax, uint64_t rcx, uint64_t rdx)
{
	zx_vcpu_state_t state;

	vcpu_read(vm->vcpu, &state);
	state.r8 = rax;
	state.rcx = rcx;
	state.rdx = rdx;
	vcpu_write(vm->vcpu, &state);
	vm->mail->irqs = 0;
}

void serve_finish(struct vm *vm, struct served *served)
{
	zx_vcpu_state_t state;

	vm_expect_report(vm, 1);
	vcpu_read(vm->vcpu, &state);
	served->rax = state.r12;
	served->rbx = state.r13;
	served->rcx = state.r14;
	served->rdx = state.r15;
	served->fault = vm->mail->irqs == 1 && vm->mail->irq_log[0] == 13;
	if (vm->mail->irqs && !served->fault)
		zxtest_fail();
	if (served->fault)
		EXPECT_EQ(0ull, vm->mail->error);
}

void serve(struct vm *vm, uint64_t rax, uint64_t rcx, uint64_t rdx,
	   struct served *served)
{
	serve_set(vm, rax, rcx, rdx);
	serve_finish(vm, served);
}
