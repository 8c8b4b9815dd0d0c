// SPDX-License-Identifier: MIT
/*
 * What else the process does beside its guests: a guest of plain KVM in the
 * thread of a vCPU, and memory that changes under the kernel's hands. Whether
 * the kernel took harm is for the machine's log to say.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kvm.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include "guest/vm.h"
#include "zxtest.h"

GUEST_BLOB(no_deadline);
GUEST_BLOB(plain);

/* ---- a guest of plain KVM --------------------------------------------- */

#define PLAIN_SIZE	0x10000
#define PLAIN_CODE	0x1000

/* Its files, its run page, its memory. */
struct plain {
	int dev, vm, vcpu;
	struct kvm_run *run;
	size_t run_size;
	uint8_t *mem;
};

static void plain_create(struct plain *p)
{
	struct kvm_userspace_memory_region region = {
		.memory_size = PLAIN_SIZE,
	};

	p->dev = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, p->dev);
	p->vm = ioctl(p->dev, KVM_CREATE_VM, 0);
	ASSERT_LE(0, p->vm);
	p->mem = mmap(NULL, PLAIN_SIZE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(p->mem != MAP_FAILED);
	memcpy(p->mem + PLAIN_CODE, guest_plain, guest_plain_end - guest_plain);
	region.userspace_addr = (uintptr_t)p->mem;
	ASSERT_EQ(0, ioctl(p->vm, KVM_SET_USER_MEMORY_REGION, &region));
	p->vcpu = ioctl(p->vm, KVM_CREATE_VCPU, 0);
	ASSERT_LE(0, p->vcpu);
	p->run_size = ioctl(p->dev, KVM_GET_VCPU_MMAP_SIZE, 0);
	p->run = mmap(NULL, p->run_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      p->vcpu, 0);
	ASSERT_TRUE(p->run != MAP_FAILED);
}

/* Runs its code from the start, until it writes to the port. */
static void plain_run(struct plain *p, uint16_t deadlines)
{
	struct kvm_regs regs = {
		.rip = PLAIN_CODE, .rbx = deadlines, .rflags = 2,
	};
	struct kvm_sregs sregs;

	ASSERT_EQ(0, ioctl(p->vcpu, KVM_GET_SREGS, &sregs));
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	ASSERT_EQ(0, ioctl(p->vcpu, KVM_SET_SREGS, &sregs));
	ASSERT_EQ(0, ioctl(p->vcpu, KVM_SET_REGS, &regs));
	ASSERT_EQ(0, ioctl(p->vcpu, KVM_RUN, 0));
	ASSERT_EQ(KVM_EXIT_IO, p->run->exit_reason);
	ASSERT_EQ(PORT_DATA, p->run->io.port);
}

static void plain_destroy(struct plain *p)
{
	munmap(p->run, p->run_size);
	close(p->vcpu);
	close(p->vm);
	close(p->dev);
	munmap(p->mem, PLAIN_SIZE);
}

TEST(a_plain_guests_deadline_is_not_the_vcpus)
{
	struct plain plain;
	struct vm vm;

	vm_start(&vm, no_deadline);
	vm_expect_report(&vm, 1);
	plain_create(&plain);
	plain_run(&plain, 10);
	vm_expect_report(&vm, 2);
	EXPECT_EQ(0ull, vm.mail->irqs);
	plain_destroy(&plain);
	vm_destroy(&vm);
}

/* The vCPU that its owner's thread is to close, round by round. */
struct closing {
	zx_handle_t vcpu;
	atomic_int round, closed;
	int rounds;
};

static void *close_each(void *arg)
{
	struct closing *c = arg;

	for (int i = 1; i <= c->rounds; i++) {
		ASSERT_TRUE(wait_until(20, atomic_load(&c->round) == i));
		EXPECT_OK(zx_handle_close(c->vcpu));
		atomic_store(&c->closed, i);
	}
	return NULL;
}

TEST_TIMEOUT(a_vcpu_is_closed_while_its_thread_runs_a_plain_guest, 120)
{
	struct closing closing = { .rounds = 200 };
	struct plain plain;
	pthread_t thread;
	struct vm vm;

	vm_create(&vm);
	VM_LOAD(&vm, GUEST_CODE, no_deadline);
	plain_create(&plain);
	thread_start(&thread, close_each, &closing);
	for (int i = 1; i <= closing.rounds; i++) {
		zxtest_row("round %d", i);
		vm_vcpu(&vm);
		vm_expect_report(&vm, 1);
		closing.vcpu = vm.vcpu;
		atomic_store(&closing.round, i);
		do
			plain_run(&plain, 20);
		while (atomic_load(&closing.closed) != i);
	}
	thread_join(thread);
	plain_destroy(&plain);
	vm.vcpu = ZX_HANDLE_INVALID;
	vm_destroy(&vm);
}

/* ---- memory that changes ---------------------------------------------- */

#define MAX_AREAS	256
#define CREATES		30

/* Private anonymous memory of the process. */
struct areas {
	int count;
	struct {
		uintptr_t start, end;
	} area[MAX_AREAS];
};

static void areas_read(struct areas *areas)
{
	unsigned long start, end, offset, inode;
	char line[512], perm[8], dev[16];
	FILE *f = fopen("/proc/self/maps", "r");

	ASSERT_TRUE(f);
	areas->count = 0;
	while (fgets(line, sizeof(line), f) && areas->count < MAX_AREAS) {
		if (sscanf(line, "%lx-%lx %7s %lx %15s %lu", &start, &end, perm,
			   &offset, dev, &inode) != 6)
			continue;
		if (inode || strcmp(perm, "rw-p"))
			continue;
		areas->area[areas->count].start = start;
		areas->area[areas->count++].end = end;
	}
	fclose(f);
}

static bool areas_have(const struct areas *areas, uintptr_t start)
{
	for (int i = 0; i < areas->count; i++)
		if (areas->area[i].start <= start &&
		    start < areas->area[i].end)
			return true;
	return false;
}

/* Where memory appears while a guest is made, or 0 when none does. */
static uintptr_t find_new_memory(zx_handle_t resource)
{
	static struct areas before, during;
	zx_handle_t guest, vmar;
	uintptr_t found = 0;

	areas_read(&before);
	ASSERT_OK(zx_guest_create(resource, 0, &guest, &vmar));
	areas_read(&during);
	for (int i = 0; i < during.count; i++)
		for (uintptr_t at = during.area[i].start;
		     at < during.area[i].end; at += 4096)
			if (!found && !areas_have(&before, at))
				found = at;
	EXPECT_OK(zx_handle_close(guest));
	EXPECT_OK(zx_handle_close(vmar));
	return found;
}

static __thread sigjmp_buf on_fault;
static atomic_bool scribbled_enough;

static void skip_fault(int sig)
{
	(void)sig;
	siglongjmp(on_fault, 1);
}

/* Makes counts large and numbers others, wherever they are to be found. */
static void *scribble(void *arg)
{
	volatile uint32_t *words = arg;
	uint32_t x = 1;

	sigsetjmp(on_fault, 1);
	while (!atomic_load_explicit(&scribbled_enough, memory_order_relaxed)) {
		uint32_t count = words[0];

		if (count >= 8 && count <= 256)
			words[0] = 300000;
		/* Seldom enough for most calls to get through. */
		x = x * 1664525 + 1013904223;
		if (x >> 18 == 0)
			words[(x >> 8) % 4096] ^= 1u << (x & 31);
	}
	return NULL;
}

TEST_TIMEOUT(memory_changes_while_guests_are_made, 120)
{
	struct sigaction sa = { .sa_handler = skip_fault };
	zx_handle_t resource = hypervisor_resource();
	zx_handle_t guest, vmar, vcpu;
	pthread_t thread;
	uintptr_t at;
	struct vm vm;

	/* The stacks and heaps of threads come first. */
	atomic_store(&scribbled_enough, true);
	in_thread(scribble, NULL);
	at = find_new_memory(resource);
	if (!at)
		SKIP("no memory of the process serves to make a guest");
	ASSERT_EQ(0, sigaction(SIGSEGV, &sa, NULL));
	atomic_store(&scribbled_enough, false);
	thread_start(&thread, scribble, (void *)at);
	for (int i = 0; i < CREATES; i++) {
		zxtest_row("guest %d", i);
		if (zx_guest_create(resource, 0, &guest, &vmar) != ZX_OK)
			continue;
		if (zx_vcpu_create(guest, 0, GUEST_CODE, &vcpu) == ZX_OK)
			EXPECT_OK(zx_handle_close(vcpu));
		EXPECT_OK(zx_handle_close(vmar));
		EXPECT_OK(zx_handle_close(guest));
	}
	atomic_store(&scribbled_enough, true);
	thread_join(thread);
	EXPECT_OK(zx_handle_close(resource));
	/* And now it works again. */
	vm_start(&vm, no_deadline);
	vm_expect_report(&vm, 1);
	vm_destroy(&vm);
}

TEST_HARNESS_MAIN
