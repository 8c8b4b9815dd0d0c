// SPDX-License-Identifier: MIT
/*
 * Who else is on the machine: impostors of /dev/kvm, guests of plain KVM, and a
 * spy that grabs at files which only the kernel should hold.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
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

#define NUMBERS		3	/* descriptors looked at; KVM's gets the lowest */

/* What the spy saw. */
struct spy {
	void (*look)(struct spy *s, int number);
	int target;			/* pidfd */
	int creator;			/* thread that makes the guests */
	unsigned long anon_dev;		/* of files that have no path */
	atomic_bool stop;
	unsigned long looks, names;
	unsigned int caught;
};

static bool names_kvm_file(const char *path)
{
	char link[64] = "";

	if (readlink(path, link, sizeof(link) - 1) < 0)
		return false;
	return strstr(link, "kvm-vm") || strstr(link, "kvm-vcpu");
}

/* Asks /proc last: it leaves much for RCU to free, which VMs wait for. */
static bool is_kvm_file(const struct spy *s, int fd)
{
	struct stat st;
	char path[64];

	if (fstat(fd, &st) || st.st_dev != s->anon_dev)
		return false;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return names_kvm_file(path);
}

static void spy_take(struct spy *s, int fd)
{
	s->looks++;
	if (fd < 0)
		return;
	s->caught += is_kvm_file(s, fd);
	close(fd);
}

static void look_by_pidfd(struct spy *s, int number)
{
	spy_take(s, syscall(SYS_pidfd_getfd, s->target, number, 0));
}

/* Where a process, one of its threads, and kernel threads show their files. */
static void look_in_proc(struct spy *s, int number)
{
	char path[3][64];

	snprintf(path[0], sizeof(path[0]), "/proc/self/fd/%d", number);
	snprintf(path[1], sizeof(path[1]), "/proc/self/task/%d/fd/%d",
		 s->creator, number);
	snprintf(path[2], sizeof(path[2]), "/proc/2/fd/%d", number);
	for (size_t i = 0; i < ARRAY_SIZE(path); i++) {
		s->names += names_kvm_file(path[i]);
		spy_take(s, open(path[i], O_RDWR | O_NONBLOCK | O_CLOEXEC));
	}
}

static void *spy_run(void *arg)
{
	struct spy *s = arg;

	while (!atomic_load(&s->stop))
		for (int number = 0; number < NUMBERS; number++)
			s->look(s, number);
	return NULL;
}

/*
 * KVM waits for RCU when a VM comes and goes, and starts up and shuts down with
 * the first and the last one; either takes longer than all that a spy is
 * interested in. So the waits are short, VMs go in threads of their own, and one
 * guest stays.
 */
#define CLOSERS	16

struct closers {
	pthread_t thread[CLOSERS], keeper;
	sem_t room, filled;
	atomic_uint next;
	zx_handle_t queue[CLOSERS];
	unsigned int put;
	zx_handle_t resource;
	sem_t kept, done;
};

/* Closes what it is handed, until that is no handle. */
static void *close_guests(void *arg)
{
	struct closers *c = arg;

	for (;;) {
		zx_handle_t guest;

		while (sem_wait(&c->filled))
			;
		guest = c->queue[atomic_fetch_add(&c->next, 1) % CLOSERS];
		sem_post(&c->room);
		if (!guest)
			return NULL;
		EXPECT_OK(zx_handle_close(guest));
	}
}

static void close_later(struct closers *c, zx_handle_t guest)
{
	while (sem_wait(&c->room))
		;
	c->queue[c->put++ % CLOSERS] = guest;
	sem_post(&c->filled);
}

static void *keep_guest(void *arg)
{
	struct closers *c = arg;
	zx_handle_t guest, vmar, vcpu;

	ASSERT_OK(zx_guest_create(c->resource, 0, &guest, &vmar));
	ASSERT_OK(zx_vcpu_create(guest, 0, 0, &vcpu));
	sem_post(&c->kept);
	while (sem_wait(&c->done))
		;
	EXPECT_OK(zx_handle_close(vcpu));
	EXPECT_OK(zx_handle_close(vmar));
	EXPECT_OK(zx_handle_close(guest));
	return NULL;
}

static void closers_start(struct closers *c, zx_handle_t resource)
{
	c->resource = resource;
	ASSERT_EQ(0, sem_init(&c->room, 0, CLOSERS));
	ASSERT_EQ(0, sem_init(&c->filled, 0, 0));
	ASSERT_EQ(0, sem_init(&c->kept, 0, 0));
	ASSERT_EQ(0, sem_init(&c->done, 0, 0));
	thread_start(&c->keeper, keep_guest, c);
	while (sem_wait(&c->kept))
		;
	for (int i = 0; i < CLOSERS; i++)
		thread_start(&c->thread[i], close_guests, c);
}

static void closers_stop(struct closers *c)
{
	for (int i = 0; i < CLOSERS; i++)
		close_later(c, ZX_HANDLE_INVALID);
	for (int i = 0; i < CLOSERS; i++)
		thread_join(c->thread[i]);
	sem_post(&c->done);
	thread_join(c->keeper);
}

/*
 * One life of a guest. Who looks at a file holds it for that moment: then there
 * is no vCPU rather than one that somebody else may have.
 *
 * Return: whether there was one.
 */
static bool spied_round(struct closers *c)
{
	zx_handle_t guest, vmar, vcpu;
	zx_status_t status;

	ASSERT_OK(zx_guest_create(c->resource, 0, &guest, &vmar));
	status = zx_vcpu_create(guest, 0, 0, &vcpu);
	if (status == ZX_OK)
		EXPECT_OK(zx_handle_close(vcpu));
	else
		EXPECT_STATUS(ZX_ERR_INTERNAL, status);
	EXPECT_OK(zx_handle_close(vmar));
	close_later(c, guest);
	return status == ZX_OK;
}

/* The device of files without a path, of which an eventfd is one. */
static unsigned long anon_device(void)
{
	struct stat st;
	int fd = eventfd(0, EFD_CLOEXEC);

	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(0, close(fd));
	return st.st_dev;
}

static void spy_on(int target, void (*look)(struct spy *s, int number))
{
	static struct closers closers;
	static struct spy spy;
	unsigned int rounds = scaled(10000, 50), made = 0;
	pthread_t thread;

	spy.look = look;
	spy.target = target;
	spy.creator = thread_id();
	spy.anon_dev = anon_device();
	zxtest_hurry_rcu();
	closers_start(&closers, hypervisor_resource());
	thread_start(&thread, spy_run, &spy);
	for (unsigned int i = 0; i < rounds; i++)
		made += spied_round(&closers);
	atomic_store(&spy.stop, true);
	thread_join(thread);
	closers_stop(&closers);
	EXPECT_EQ(0, spy.caught);
	/* To meet the file in that moment takes luck. */
	EXPECT_LT(rounds * 9 / 10, made);
	zxtest_count("rounds with a spy", rounds);
	zxtest_count("looks of the spy", spy.looks);
	TH_LOG("%u rounds, %u without a vCPU, %lu looks: %lu names seen, %u files caught",
	       rounds, rounds - made, spy.looks, spy.names, spy.caught);
}

TEST_TIMEOUT(a_spy_on_the_vmm_gets_no_file_of_kvms, 900)
{
	int self = syscall(SYS_pidfd_open, getpid(), 0);

	ASSERT_LE(0, self);
	spy_on(self, look_by_pidfd);
}

TEST_TIMEOUT(a_spy_on_kernel_threads_gets_no_file_of_kvms, 900)
{
	int kthreadd = syscall(SYS_pidfd_open, 2, 0);

	if (kthreadd < 0)
		SKIP("no pidfd of kthreadd: %s", strerror(errno));
	spy_on(kthreadd, look_by_pidfd);
}

TEST_TIMEOUT(a_spy_in_proc_gets_no_file_of_kvms, 900)
{
	spy_on(-1, look_in_proc);
}

TEST_HARNESS_MAIN
