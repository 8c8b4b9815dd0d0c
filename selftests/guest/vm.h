/* SPDX-License-Identifier: MIT */
/*
 * A small VMM for tests: a guest with 2 MiB of RAM, page tables, descriptor
 * tables, one trapped port to report by, and guest code from .rodata.
 *
 * Whatever fails in here ends the running test.
 */
#ifndef GUEST_VM_H
#define GUEST_VM_H

#include <pthread.h>
#include <stdint.h>

#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/port.h>

#include "guest/layout.h"

/* Keys of the packets that vm_create()'s trap and the tests' own carry. */
#define KEY_REPORT	0x7265706f727400ull
#define KEY_IO		0xa1b2c3d4e5f60708ull
#define KEY_MEM		0x123456789abcdef0ull

#define RWX (ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE)
#define RW (ZX_VM_PERM_READ | ZX_VM_PERM_WRITE)

/* The page that guest and host share, at GUEST_MAIL. */
struct mailbox {
	uint64_t progress;		/* guest: counts */
	uint64_t flag;			/* guest: says something once */
	uint64_t go;			/* host: lets the guest go on */
	uint64_t error;			/* guest: error code of the last vector */
	uint64_t rip;			/* guest: where the last vector hit */
	uint64_t irqs;			/* guest: vectors taken so far */
	uint8_t pad[MAIL_VALUE - 0x30];
	uint64_t value[MAIL_VALUES];	/* guest: what it saw */
	uint8_t irq_log[MAIL_LOG_SIZE];	/* guest: vectors in order */
};

/* A guest and the handles that belong to it; .vcpu only after vm_start(). */
struct vm {
	zx_handle_t resource;
	zx_handle_t guest;
	zx_handle_t vmar;
	zx_handle_t vmo;		/* RAM */
	zx_handle_t vcpu;
	uint8_t *mem;			/* host view of RAM */
	volatile struct mailbox *mail;
};

/* Guest code of selftests/guest/NAME.S. */
#define GUEST_BLOB(name) \
	extern const uint8_t guest_##name[], guest_##name##_end[]

/* Handles of the two resources; who asks closes them. */
zx_handle_t hypervisor_resource(void);
zx_handle_t vmex_resource(void);

/* A VMO that may be mapped with PERM_EXECUTE. */
zx_handle_t executable_vmo(uint64_t size);

/* Maps a whole VMO into the process, R W; vmo_size bytes. */
void *map_self(zx_handle_t vmo, uint64_t vmo_size);

/* A bare guest: handles of it and of its VMAR. */
void guest_create(zx_handle_t *guest, zx_handle_t *vmar);

/* One to one, 4 GiB in 2 MiB pages, and a second PML4 with the same PDPT. */
void guest_page_tables(uint8_t *mem);

/* Guest, RAM, tables and the report port; no vCPU yet. */
void vm_create(struct vm *vm);

/* Copies guest code to a guest-physical address. */
void vm_load(struct vm *vm, uint64_t gpa, const uint8_t *code,
	     const uint8_t *end);

#define VM_LOAD(vm, gpa, name) \
	vm_load(vm, gpa, guest_##name, guest_##name##_end)

/* Makes the BSP of this thread, which will run the code at GUEST_CODE. */
void vm_vcpu(struct vm *vm);

/* vm_create(), the code, the BSP: ready to enter. */
#define vm_start(vm, name) do {						\
	vm_create(vm);							\
	VM_LOAD(vm, GUEST_CODE, name);					\
	vm_vcpu(vm);							\
} while (0)

/* Closes what vm_create() and vm_vcpu() opened. */
void vm_destroy(struct vm *vm);

/* Enters once; the packet is poisoned beforehand. */
zx_status_t vm_enter(struct vm *vm, zx_port_packet_t *packet);

/*
 * Enters, and expects the guest to report this number; says what came
 * instead, and ends the test.
 */
void vm_expect_report_at(const char *file, int line, zx_handle_t vcpu,
			 uint32_t value);
#define vm_expect_report(vm, value) \
	vm_expect_report_at(__FILE__, __LINE__, (vm)->vcpu, value)
#define vcpu_expect_report(vcpu, value) \
	vm_expect_report_at(__FILE__, __LINE__, vcpu, value)
#define vm_expect_done(vm) vm_expect_report(vm, REPORT_DONE)

/*
 * Enters, and expects a failure: the status, and the packet untouched.
 */
void vm_expect_status_at(const char *file, int line, zx_handle_t vcpu,
			 zx_status_t status);
#define vm_expect_status(vm, status) \
	vm_expect_status_at(__FILE__, __LINE__, (vm)->vcpu, status)
#define vcpu_expect_status(vcpu, status) \
	vm_expect_status_at(__FILE__, __LINE__, vcpu, status)

/* The registers; a failure ends the test. */
void vcpu_read(zx_handle_t vcpu, zx_vcpu_state_t *state);
void vcpu_write(zx_handle_t vcpu, const zx_vcpu_state_t *state);

/* A packet or state full of a byte that no call writes. */
#define POISON 0xa5
void poison(void *p, size_t len);
bool poisoned(const void *p, size_t len);

/* Starts a thread; a failure ends the test. */
void thread_start(pthread_t *thread, void *(*fn)(void *), void *arg);
void thread_join(pthread_t thread);

/* Runs a function in another thread, waits for it, and gives its result. */
void *in_thread(void *(*fn)(void *), void *arg);

/* Thread id as the kernel knows it. */
int thread_id(void);

#endif /* GUEST_VM_H */
