/* SPDX-License-Identifier: MIT */
/*
 * A guest that executes one RDMSR, WRMSR, CPUID, RDTSC, XSETBV or MOV to CR0 after
 * the other, with the registers that the test chooses. Code: guest/apic.S.
 */
#ifndef GUEST_SERVE_H
#define GUEST_SERVE_H

#include "guest/vm.h"

GUEST_BLOB(do_rdmsr);
GUEST_BLOB(do_wrmsr);
GUEST_BLOB(do_cpuid);
GUEST_BLOB(do_rdtsc);
GUEST_BLOB(do_xsetbv);
GUEST_BLOB(do_cr0);

/* What came of one instruction. */
struct served {
	uint64_t rax, rbx, rcx, rdx;	/* after it */
	bool fault;			/* #GP instead */
};

/* The code, for a table. */
#define SERVED(name) guest_##name, guest_##name##_end

/* A guest that stands before its first instruction. */
#define serve_start(vm, name) do {	\
	vm_start(vm, name);		\
	vm_expect_report(vm, 1);	\
} while (0)

/* Sets the registers of the next instruction. */
void serve_set(struct vm *vm, uint64_t rax, uint64_t rcx, uint64_t rdx);

/* Executes it, which must not leave the guest. */
void serve_finish(struct vm *vm, struct served *served);

/* Both. */
void serve(struct vm *vm, uint64_t rax, uint64_t rcx, uint64_t rdx,
	   struct served *served);

#endif /* GUEST_SERVE_H */
