// SPDX-License-Identifier: MIT
/*
 * Who else is on the machine: impostors of /dev/kvm, guests of plain KVM, and a
 * spy that grabs at files which only the kernel should hold.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/kvm.h>
#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include "abi.h"
#include "calls.h"
#include "guest/vm.h"
#include "zxtest.h"

GUEST_BLOB(talks);

#define PAGE		4096ull

/* ---- /dev/kvm and what is not it --------------------------------------- */

/* Mounts of its own; what is mounted does not reach anybody else. */
static void own_mounts(void)
{
	if (unshare(CLONE_NEWNS))
		SKIP("no mount namespaces: %s", strerror(errno));
	ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

static void expect_no_kvm(int fd)
{
	uint32_t guest, vmar, resource;
	struct zx_hyp_query_result result;
	struct zx_hyp_query query = {
		.size = sizeof(query),
		.out_size = sizeof(result),
		.out_result = (uintptr_t)&result,
	};
	struct zx_hyp_guest_create create = {
		.size = sizeof(create),
		.out_guest = (uintptr_t)&guest,
		.out_vmar = (uintptr_t)&vmar,
	};

	resource = abi_resource(fd, ZX_HYP_RESOURCE_HYPERVISOR);
	create.resource = resource;
	EXPECT_EQ(-ZX_ERR_NOT_SUPPORTED,
		  abi_call(fd, ZX_HYP_GUEST_CREATE, &create));
	ASSERT_EQ(0, abi_call(fd, ZX_HYP_QUERY, &query));
	EXPECT_EQ(ZX_HYP_VENDOR_NONE, result.vendor);
	EXPECT_EQ(0, result.caps & ZX_HYP_CAP_GUEST);
	abi_close(fd, resource);
}

TEST(an_impostor_of_kvm_gets_no_guest)
{
	static const char *const impostors[] = {
		"/dev/null", "/dev/zero", "/dev/zx_hyp", "/dev/urandom",
		"/run/zx-impostor", "/run/zx-fifo",
	};
	int fd = abi_open();
	uint32_t guest, vmar;

	ASSERT_TRUE(!mknod("/run/zx-impostor", S_IFREG | 0600, 0) ||
		    errno == EEXIST);
	ASSERT_TRUE(!mknod("/run/zx-fifo", S_IFIFO | 0600, 0) ||
		    errno == EEXIST);
	own_mounts();
	for (size_t i = 0; i < ARRAY_SIZE(impostors); i++) {
		zxtest_row("%s on /dev/kvm", impostors[i]);
		ASSERT_EQ(0, mount(impostors[i], "/dev/kvm", NULL, MS_BIND,
				   NULL));
		expect_no_kvm(fd);
		ASSERT_EQ(0, umount("/dev/kvm"));
	}
	zxtest_row_end();
	abi_guest(fd, &guest, &vmar);
	EXPECT_EQ(0, close(fd));
}

TEST(without_a_kvm_device_there_is_no_guest)
{
	int fd = abi_open();
	uint32_t guest, vmar;

	own_mounts();
	ASSERT_EQ(0, mount("none", "/dev", "tmpfs", 0, NULL));
	expect_no_kvm(fd);
	zxtest_row("a node that may not be opened");
	ASSERT_EQ(0, mknod("/dev/kvm", S_IFCHR | 0600, makedev(10, 232)));
	ASSERT_EQ(0, mount("none", "/dev", NULL, MS_REMOUNT | MS_NODEV, NULL));
	expect_no_kvm(fd);
	ASSERT_EQ(0, umount("/dev"));
	zxtest_row_end();
	abi_guest(fd, &guest, &vmar);
	EXPECT_EQ(0, close(fd));
}

TEST(a_closed_root_directory_gives_no_guest)
{
	int fd = abi_open();

	ASSERT_TRUE(!mkdir("/run/zx-empty", 0700) || errno == EEXIST);
	ASSERT_EQ(0, chroot("/run/zx-empty"));
	expect_no_kvm(fd);
	EXPECT_EQ(0, close(fd));
}

/* ---- beside plain KVM -------------------------------------------------- */

/* A real-mode guest that writes to a port for ever. */
struct plain {
	int vm, vcpu;
	struct kvm_run *run;
};

static void plain_create(struct plain *p)
{
	static const uint8_t code[] = { 0xe6, 0x10, 0xeb, 0xfc };
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = 0x1000, .memory_size = PAGE,
	};
	struct kvm_regs regs = { .rip = 0x1000, .rflags = 2 };
	struct kvm_sregs sregs;
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	void *mem;
	int size;

	ASSERT_LE(0, kvm);
	p->vm = ioctl(kvm, KVM_CREATE_VM, 0);
	ASSERT_LE(0, p->vm);
	size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, mem);
	memcpy(mem, code, sizeof(code));
	region.userspace_addr = (uintptr_t)mem;
	ASSERT_EQ(0, ioctl(p->vm, KVM_SET_USER_MEMORY_REGION, &region));
	p->vcpu = ioctl(p->vm, KVM_CREATE_VCPU, 0);
	ASSERT_LE(0, p->vcpu);
	p->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, p->vcpu, 0);
	ASSERT_NE(MAP_FAILED, (void *)p->run);
	ASSERT_EQ(0, ioctl(p->vcpu, KVM_GET_SREGS, &sregs));
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	ASSERT_EQ(0, ioctl(p->vcpu, KVM_SET_SREGS, &sregs));
	ASSERT_EQ(0, ioctl(p->vcpu, KVM_SET_REGS, &regs));
	close(kvm);
}

static void plain_step(struct plain *p)
{
	ASSERT_EQ(0, ioctl(p->vcpu, KVM_RUN, 0));
	ASSERT_EQ((uint32_t)KVM_EXIT_IO, p->run->exit_reason);
	EXPECT_EQ(0x10, p->run->io.port);
}

TEST(a_thread_runs_a_guest_of_ours_and_one_of_plain_kvm)
{
	struct plain plain;
	struct vm vm;

	vm_start(&vm, talks);
	plain_create(&plain);
	for (unsigned int i = 0; i < scaled(10000, 100); i++)
		plain_step(&plain);
	vm_expect_report(&vm, 1);
	for (unsigned int i = 0; i < 100; i++)
		plain_step(&plain);
	vm.mail->value[0] = 1;
	vm_expect_status(&vm, ZX_ERR_NOT_FOUND);	/* GUEST_MMIO, untrapped */
	plain_step(&plain);
	vm_destroy(&vm);
	plain_step(&plain);
}

/* ---- a spy ------------------------------------------------------------- */

#define CAUGHT_MAX	64

/* What the spy caught, and in which rounds it may have done so. */
struct spy {
	atomic_uint round;
	atomic_bool stop;
	atomic_int caught;
	atomic_ulong looks;
	struct {
		unsigned int first, last;
	} rounds[CAUGHT_MAX];
	int target;			/* pidfd */
};

static bool is_kvm_file(int fd)
{
	char path[64], link[64] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (readlink(path, link, sizeof(link) - 1) < 0)
		return false;
	return strstr(link, "kvm-vm") || strstr(link, "kvm-vcpu");
}

static void spy_look(struct spy *s, int number)
{
	unsigned int first = atomic_load(&s->round);
	int fd = syscall(SYS_pidfd_getfd, s->target, number, 0), n;

	atomic_fetch_add(&s->looks, 1);
	if (fd < 0)
		return;
	n = atomic_load(&s->caught);
	if (is_kvm_file(fd) && n < CAUGHT_MAX) {
		s->rounds[n].first = first;
		s->rounds[n].last = atomic_load(&s->round);
		atomic_store(&s->caught, n + 1);
	}
	close(fd);
}

static void *spy_run(void *arg)
{
	struct spy *s = arg;

	while (!atomic_load(&s->stop))
		for (int number = 0; number < 3; number++)
			spy_look(s, number);
	return NULL;
}

/* One life of a guest: whether all of it worked. */
static bool spied_round(zx_handle_t resource)
{
	zx_handle_t guest, vmar, vcpu;
	zx_status_t status;
	bool worked = false;

	status = zx_guest_create(resource, 0, &guest, &vmar);
	if (status == ZX_OK) {
		status = zx_vcpu_create(guest, 0, 0, &vcpu);
		if (status == ZX_OK) {
			worked = true;
			EXPECT_OK(zx_handle_close(vcpu));
		}
		EXPECT_OK(zx_handle_close(vmar));
		EXPECT_OK(zx_handle_close(guest));
	}
	if (!worked)
		EXPECT_STATUS(ZX_ERR_INTERNAL, status);
	return worked;
}

/* A file of KVM's that the spy has must be of a guest that was given up. */
static void spy_on(int target)
{
	static bool failed[100001];
	unsigned int rounds = scaled(10000, 12), refused = 0;
	zx_handle_t resource = hypervisor_resource();
	struct spy spy = { .target = target };
	pthread_t thread;

	ASSERT_LE(0, target);
	ASSERT_GE(ARRAY_SIZE(failed), rounds);
	thread_start(&thread, spy_run, &spy);
	for (unsigned int i = 0; i < rounds; i++) {
		atomic_store(&spy.round, i);
		failed[i] = !spied_round(resource);
		refused += failed[i];
	}
	atomic_store(&spy.stop, true);
	thread_join(thread);
	for (int i = 0; i < atomic_load(&spy.caught); i++) {
		bool given_up = false;

		for (unsigned int r = spy.rounds[i].first;
		     r <= spy.rounds[i].last; r++)
			given_up |= failed[r];
		zxtest_row("file caught in rounds %u to %u",
			   spy.rounds[i].first, spy.rounds[i].last);
		EXPECT_TRUE(given_up);
	}
	TH_LOG("%u rounds, %lu looks: %d files caught, %u guests given up",
	       rounds, atomic_load(&spy.looks), atomic_load(&spy.caught),
	       refused);
}

TEST_TIMEOUT(a_spy_on_the_vmm_gets_no_living_guest, 900)
{
	spy_on(syscall(SYS_pidfd_open, getpid(), 0));
}

TEST_TIMEOUT(a_spy_on_kernel_threads_gets_no_living_guest, 900)
{
	int kthreadd = syscall(SYS_pidfd_open, 2, 0);

	if (kthreadd < 0)
		SKIP("no pidfd of kthreadd: %s", strerror(errno));
	spy_on(kthreadd);
}

TEST_HARNESS_MAIN
