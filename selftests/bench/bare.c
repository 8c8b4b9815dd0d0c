// SPDX-License-Identifier: MIT
/* A guest of bare KVM that is like those of guest/vm.c: see bench.h. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/bench.h"
#include "guest/vm.h"
#include "zxtest.h"

#define CPUID_ENTRIES	256

static void set_cpuid(struct bare *bare)
{
	struct kvm_cpuid2 *cpuid;

	cpuid = calloc(1, sizeof(*cpuid) +
		       CPUID_ENTRIES * sizeof(cpuid->entries[0]));
	ASSERT_TRUE(cpuid);
	cpuid->nent = CPUID_ENTRIES;
	ASSERT_EQ(0, ioctl(bare->dev, KVM_GET_SUPPORTED_CPUID, cpuid));
	ASSERT_EQ(0, ioctl(bare->vcpu, KVM_SET_CPUID2, cpuid));
	free(cpuid);
}

/* As a BSP of Zircon starts: 64-bit mode, CR3 0. */
static void set_mode(struct bare *bare)
{
	struct kvm_segment code = {
		.selector = GUEST_CS, .limit = 0xffffffff, .type = 11,
		.present = 1, .s = 1, .l = 1, .g = 1,
	};
	struct kvm_segment data = {
		.selector = GUEST_DS, .limit = 0xffffffff, .type = 3,
		.present = 1, .s = 1, .db = 1, .g = 1,
	};
	struct kvm_sregs sregs;

	ASSERT_EQ(0, ioctl(bare->vcpu, KVM_GET_SREGS, &sregs));
	sregs.cr0 = 0x80010031;		/* PG WP NE ET PE */
	sregs.cr3 = GUEST_PML4;
	sregs.cr4 = 0x20;		/* PAE */
	sregs.efer = 0x500;		/* LMA LME */
	sregs.cs = code;
	sregs.ds = sregs.es = sregs.ss = sregs.fs = sregs.gs = data;
	ASSERT_EQ(0, ioctl(bare->vcpu, KVM_SET_SREGS, &sregs));
}

void bare_set(struct bare *bare, const struct kvm_regs *regs)
{
	struct kvm_regs all = *regs;

	all.rip = GUEST_CODE;
	all.rflags = 2;
	ASSERT_EQ(0, ioctl(bare->vcpu, KVM_SET_REGS, &all));
}

void bare_slot(struct bare *bare, uint32_t slot, uint64_t gpa, uint64_t size,
	       const void *host)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)host,
	};

	ASSERT_EQ(0, ioctl(bare->vm, KVM_SET_USER_MEMORY_REGION, &region));
}

void bare_create(struct bare *bare, const uint8_t *code, const uint8_t *end)
{
	static const struct kvm_regs none;

	bare->dev = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, bare->dev);
	bare->vm = ioctl(bare->dev, KVM_CREATE_VM, 0);
	ASSERT_LE(0, bare->vm);
	bare->mem = mmap(NULL, GUEST_RAM_SIZE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(bare->mem != MAP_FAILED);
	guest_page_tables(bare->mem);
	memcpy(bare->mem + GUEST_CODE, code, end - code);
	bare_slot(bare, 0, 0, GUEST_RAM_SIZE, bare->mem);
	bare->vcpu = ioctl(bare->vm, KVM_CREATE_VCPU, 0);
	ASSERT_LE(0, bare->vcpu);
	bare->run_size = ioctl(bare->dev, KVM_GET_VCPU_MMAP_SIZE, 0);
	bare->run = mmap(NULL, bare->run_size, PROT_READ | PROT_WRITE,
			 MAP_SHARED, bare->vcpu, 0);
	ASSERT_TRUE(bare->run != MAP_FAILED);
	set_cpuid(bare);
	set_mode(bare);
	bare_set(bare, &none);
}

void bare_destroy(struct bare *bare)
{
	munmap(bare->run, bare->run_size);
	close(bare->vcpu);
	close(bare->vm);
	close(bare->dev);
	munmap(bare->mem, GUEST_RAM_SIZE);
}

void bare_run(struct bare *bare, uint32_t reason)
{
	ASSERT_EQ(0, ioctl(bare->vcpu, KVM_RUN, 0));
	ASSERT_EQ(reason, bare->run->exit_reason);
}

void bare_expect_report(struct bare *bare, uint32_t value)
{
	const struct kvm_run *run = bare->run;
	uint32_t seen;

	ASSERT_EQ(PORT_REPORT, run->io.port);
	ASSERT_EQ(KVM_EXIT_IO_OUT, run->io.direction);
	ASSERT_EQ(sizeof(seen), run->io.size);
	memcpy(&seen, (const uint8_t *)run + run->io.data_offset, sizeof(seen));
	ASSERT_EQ(value, seen);
}
