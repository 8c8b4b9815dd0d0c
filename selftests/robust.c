// SPDX-License-Identifier: MIT
/*
 * What happens around a VMM: the module, the CPUs, signals, limits. Whatever it
 * is, calls work or fail with the right status, and the live object counters
 * come back.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>
#include <zx_hyp/zx_hyp.h>

#include "abi.h"
#include "calls.h"
#include "guest/vm.h"
#include "system.h"
#include "zxtest.h"

GUEST_BLOB(busy);

#define PAGE		4096ull
#define MIB		(1ull << 20)
#define DEADLINE	30		/* seconds */
#define MODULE		"zx_hyp"
#define MODULE_FILE	"/zx/ko/zx_hyp.ko"	/* in the test machine */

/* ---- the module -------------------------------------------------------- */

static long delete_module(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

TEST(the_module_stays_while_the_device_is_open)
{
	int fd = abi_open();

	EXPECT_EQ((long)-EAGAIN, delete_module(MODULE));
	EXPECT_EQ(0, close(fd));
}

TEST(the_module_stays_while_a_vmo_is_mapped)
{
	int fd = abi_open();
	uint32_t vmo = abi_vmo(fd, 16 * PAGE);
	uint64_t addr = 0;
	struct zx_hyp_vmar_map arg = {
		.size = sizeof(arg),
		.vmar = abi_root_vmar(fd),
		.options = ZX_HYP_VM_PERM_READ | ZX_HYP_VM_PERM_WRITE,
		.vmo = vmo,
		.len = 16 * PAGE,
		.out_addr = (uintptr_t)&addr,
	};

	ASSERT_EQ(0, abi_call(fd, ZX_HYP_VMAR_MAP, &arg));
	ASSERT_EQ(0, close(fd));
	EXPECT_EQ((long)-EAGAIN, delete_module(MODULE));
	*(volatile char *)addr = 1;
	EXPECT_EQ(1, *(volatile char *)addr);
	ASSERT_EQ(0, munmap((void *)addr, 16 * PAGE));
}

static const char *vendor_module(void)
{
	return access("/sys/module/kvm_amd", F_OK) ? "kvm_intel" : "kvm_amd";
}

/* Of somebody else there may be a VM, too. */
static long long users(const char *module)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", module);
	return number_in(path, "");
}

TEST(the_modules_stay_while_a_guest_exists)
{
	long long before = users(vendor_module());
	zx_handle_t guest, vmar;

	guest_create(&guest, &vmar);
	EXPECT_LT(before, users(vendor_module()));
	EXPECT_EQ((long)-EAGAIN, delete_module(MODULE));
	EXPECT_EQ((long)-EAGAIN, delete_module(vendor_module()));
	EXPECT_EQ((long)-EAGAIN, delete_module("kvm"));
	ASSERT_OK(zx_handle_close(guest));
	ASSERT_OK(zx_handle_close(vmar));
}

/* Everything once, raw: libzx would keep its file open. */
static void use_module(void)
{
	uint32_t guest, vmar, vcpu;
	struct zx_hyp_vcpu_create create = {
		.size = sizeof(create),
		.out_vcpu = (uintptr_t)&vcpu,
	};
	int fd = abi_open();

	abi_guest(fd, &guest, &vmar);
	create.guest = guest;
	ASSERT_EQ(0, abi_call(fd, ZX_HYP_VCPU_CREATE, &create));
	ASSERT_EQ(0, abi_map(fd, vmar, ZX_HYP_VM_PERM_READ |
			     ZX_HYP_VM_SPECIFIC, 0x10000, abi_vmo(fd, 65536),
			     65536));
	ASSERT_EQ(0, close(fd));
}

TEST_TIMEOUT(the_module_loads_and_unloads, 600)
{
	unsigned int rounds = scaled(500, 3);
	const char *file = getenv("ZX_HYP_KO");
	int fd = open(file ? file : MODULE_FILE, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		SKIP("no %s to load again; ZX_HYP_KO names another",
		     file ? file : MODULE_FILE);
	zxtest_hurry_rcu();
	for (unsigned int i = 0; i < rounds; i++) {
		use_module();
		/* Files are let go of a moment after close(). */
		ASSERT_TRUE(wait_until(DEADLINE, !delete_module(MODULE)));
		ASSERT_EQ(-1, access("/dev/zx_hyp", F_OK));
		ASSERT_EQ(0l, syscall(SYS_finit_module, fd, "", 0));
	}
	use_module();
	zxtest_count("loads and unloads", rounds);
}

/* ---- a VMM of its own -------------------------------------------------- */

struct shared {
	atomic_int tid;			/* of the vCPU's thread */
	atomic_ulong progress;		/* of its guest */
};

FIXTURE(vmm) {
	struct zxtest_objects before;
	struct shared *shared;
	pid_t pid;
};

FIXTURE_SETUP(vmm)
{
	if (!zxtest_objects_read(&self->before))
		SKIP("no debugfs");
	self->shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->shared);
}

FIXTURE_TEARDOWN(vmm)
{
	EXPECT_TRUE(zxtest_objects_settle(&self->before, DEADLINE));
}

struct report {
	struct vm *vm;
	struct shared *shared;
};

static void *report_progress(void *arg)
{
	struct report *r = arg;

	for (;;) {
		atomic_store(&r->shared->progress, r->vm->mail->progress);
		zxtest_relax();
	}
	return NULL;
}

static void run_busy(struct shared *shared)
{
	zx_port_packet_t packet;
	struct vm vm;
	struct report r = { &vm, shared };
	pthread_t thread;

	vm_start(&vm, busy);
	thread_start(&thread, report_progress, &r);
	atomic_store(&shared->tid, thread_id());
	for (;;)
		(void)zx_vcpu_enter(vm.vcpu, &packet);
}

static void start_busy(struct fixture_vmm *self)
{
	atomic_store(&self->shared->progress, 0);
	self->pid = fork();
	ASSERT_LE(0, self->pid);
	if (!self->pid)
		run_busy(self->shared);
}

static bool makes_progress(struct shared *shared)
{
	unsigned long seen = atomic_load(&shared->progress);

	return wait_until(DEADLINE, atomic_load(&shared->progress) > seen + 100);
}

static void end_busy(struct fixture_vmm *self)
{
	int status;

	ASSERT_EQ(0, kill(self->pid, SIGKILL));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* The vCPU is seen to run on one CPU; then it may go to the others. */
static void run_on_that_cpu(struct fixture_vmm *self, int cpu)
{
	pid_t tid = atomic_load(&self->shared->tid);
	cpu_set_t ours, that;

	CPU_ZERO(&that);
	CPU_SET(cpu, &that);
	ASSERT_EQ(0, sched_getaffinity(0, sizeof(ours), &ours));
	ASSERT_EQ(0, sched_setaffinity(tid, sizeof(that), &that));
	EXPECT_TRUE(makes_progress(self->shared));
	ASSERT_EQ(0, sched_setaffinity(tid, sizeof(ours), &ours));
}

TEST_F_TIMEOUT(vmm, a_vcpu_outlives_its_cpu, 120)
{
	static const char online[] = "/sys/devices/system/cpu/cpu1/online";
	unsigned int rounds = scaled(50, 2);

	if (access(online, W_OK))
		SKIP("there is no second CPU that can be taken away");
	start_busy(self);
	ASSERT_TRUE(makes_progress(self->shared));
	for (unsigned int i = 0; i < rounds; i++) {
		run_on_that_cpu(self, 1);
		ASSERT_TRUE(write_text(online, "0"));
		EXPECT_TRUE(makes_progress(self->shared));
		ASSERT_TRUE(write_text(online, "1"));
	}
	EXPECT_TRUE(makes_progress(self->shared));
	end_busy(self);
	zxtest_count("CPUs taken away", rounds);
}

TEST_F_TIMEOUT(vmm, a_vcpu_goes_on_after_each_stop, 90)
{
	unsigned int rounds = scaled(200, 10);
	int status;

	start_busy(self);
	ASSERT_TRUE(makes_progress(self->shared));
	for (unsigned int i = 0; i < rounds; i++) {
		ASSERT_EQ(0, kill(self->pid, SIGSTOP));
		ASSERT_EQ(self->pid, waitpid(self->pid, &status, WUNTRACED));
		ASSERT_TRUE(WIFSTOPPED(status));
		ASSERT_EQ(0, kill(self->pid, SIGCONT));
	}
	EXPECT_TRUE(makes_progress(self->shared));
	end_busy(self);
	zxtest_count("stops by SIGSTOP", rounds);
}

TEST_F_TIMEOUT(vmm, a_vcpu_thread_can_be_traced, 90)
{
	unsigned int rounds = scaled(200, 10);
	int status, tid;

	start_busy(self);
	ASSERT_TRUE(makes_progress(self->shared));
	tid = atomic_load(&self->shared->tid);
	ASSERT_EQ(0l, ptrace(PTRACE_SEIZE, tid, 0, 0));
	for (unsigned int i = 0; i < rounds; i++) {
		ASSERT_EQ(0l, ptrace(PTRACE_INTERRUPT, tid, 0, 0));
		ASSERT_EQ(tid, waitpid(tid, &status, __WALL));
		ASSERT_TRUE(WIFSTOPPED(status));
		ASSERT_EQ(0l, ptrace(PTRACE_CONT, tid, 0, 0));
	}
	EXPECT_TRUE(makes_progress(self->shared));
	end_busy(self);
	zxtest_count("stops by ptrace", rounds);
}

/* Two guests a VMM, so that several are inside KVM when it dies. */
static void two_guests(struct shared *shared)
{
	struct shared *other = shared + 1;

	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run_busy(other);
	}
	run_busy(shared);
}

TEST_F_TIMEOUT(vmm, killed_with_running_vcpus, 900)
{
	unsigned int rounds = scaled(512, 5);

	zxtest_hurry_rcu();
	for (unsigned int i = 0; i < rounds; i++) {
		zxtest_row("round %u", i);
		atomic_store(&self->shared[0].progress, 0);
		atomic_store(&self->shared[1].progress, 0);
		self->pid = fork();
		ASSERT_LE(0, self->pid);
		if (!self->pid)
			two_guests(self->shared);
		ASSERT_TRUE(wait_until(DEADLINE,
				       atomic_load(&self->shared[0].progress) &&
				       atomic_load(&self->shared[1].progress)));
		end_busy(self);
		ASSERT_TRUE(zxtest_objects_settle(&self->before, DEADLINE));
	}
	zxtest_count("kills", rounds);
}

/* ---- limits ------------------------------------------------------------ */

/* A guest, a vCPU and memory: either all works, or one says why not. */
static zx_status_t make_all(void)
{
	zx_handle_t resource, guest = 0, vmar = 0, vcpu = 0, vmo = 0;
	zx_vaddr_t addr;
	zx_status_t status;

	status = zx_hyp_resource_get(ZX_HYP_RESOURCE_HYPERVISOR, &resource);
	if (status != ZX_OK)
		return status;
	status = zx_guest_create(resource, 0, &guest, &vmar);
	if (status == ZX_OK)
		status = zx_vcpu_create(guest, 0, 0, &vcpu);
	if (status == ZX_OK)
		status = zx_vmo_create(MIB, 0, &vmo);
	if (status == ZX_OK)
		status = zx_vmar_map(vmar, RW | ZX_VM_SPECIFIC, 0x40000000, vmo,
				     0, MIB, &addr);
	EXPECT_OK(zx_handle_close(vmo));
	EXPECT_OK(zx_handle_close(vcpu));
	EXPECT_OK(zx_handle_close(vmar));
	EXPECT_OK(zx_handle_close(guest));
	EXPECT_OK(zx_handle_close(resource));
	return status;
}

static void limit(int resource, rlim_t soft)
{
	struct rlimit r;

	ASSERT_EQ(0, getrlimit(resource, &r));
	r.rlim_cur = soft;
	ASSERT_EQ(0, setrlimit(resource, &r));
}

TEST(no_descriptor_is_needed_for_a_guest)
{
	int fd, last = 0;

	ASSERT_OK(make_all());
	limit(RLIMIT_NOFILE, 64);
	while ((fd = open("/dev/null", O_RDONLY)) >= 0)
		last = fd;
	ASSERT_EQ(EMFILE, errno);
	ASSERT_EQ(63, last);
	EXPECT_OK(make_all());
	limit(RLIMIT_NOFILE, 3);
	EXPECT_OK(make_all());
}

/* KVM asks the caller's limit, though its descriptors are none of theirs. */
TEST(with_no_descriptors_allowed_a_guest_is_refused_or_works)
{
	zx_status_t status;

	ASSERT_OK(make_all());
	limit(RLIMIT_NOFILE, 0);
	status = make_all();
	if (status != ZX_OK && status != ZX_ERR_NO_RESOURCES)
		EXPECT_STATUS(ZX_ERR_NO_MEMORY, status);
	limit(RLIMIT_NOFILE, 64);
	EXPECT_OK(make_all());
}

static unsigned long address_space(void)
{
	unsigned long pages = 0;

	EXPECT_EQ(1, sscanf(read_text("/proc/self/statm"), "%lu", &pages));
	return pages * PAGE;
}

TEST(an_exhausted_address_space_is_no_memory)
{
	ASSERT_OK(make_all());
	limit(RLIMIT_AS, address_space() + 2 * PAGE);
	EXPECT_STATUS(ZX_ERR_NO_MEMORY, make_all());
	limit(RLIMIT_AS, RLIM_INFINITY);
	EXPECT_OK(make_all());
}

TEST(every_step_up_to_enough_address_space_is_no_memory_or_works)
{
	unsigned long used = address_space();
	zx_status_t status = ZX_ERR_NO_MEMORY;

	ASSERT_OK(make_all());
	for (unsigned long room = PAGE; status != ZX_OK; room *= 2) {
		limit(RLIMIT_AS, used + room);
		status = make_all();
		zxtest_row("%lu pages of room", room / 4096);
		if (status != ZX_OK)
			EXPECT_STATUS(ZX_ERR_NO_MEMORY, status);
		ASSERT_GT(1ul << 46, room);
	}
}

static void set_map_count(int count)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", count);
	ASSERT_TRUE(write_text("/proc/sys/vm/max_map_count", text));
}

TEST(too_few_mappings_are_no_memory)
{
	int normal = atoi(read_text("/proc/sys/vm/max_map_count"));
	struct call_maps used;
	int refused = 0;

	if (!normal || access("/proc/sys/vm/max_map_count", W_OK))
		SKIP("vm.max_map_count cannot be set");
	ASSERT_OK(make_all());
	call_read_maps(&used);
	for (int more = -2; more < 24; more += 2) {
		zx_status_t status;

		set_map_count(used.count + more);
		status = make_all();
		set_map_count(normal);
		zxtest_row("%d mappings more", more);
		if (status != ZX_OK)
			EXPECT_STATUS(ZX_ERR_NO_MEMORY, status);
		refused += status != ZX_OK;
	}
	EXPECT_LT(0, refused);
	EXPECT_OK(make_all());
}

/* ---- control groups ---------------------------------------------------- */

/* From 6.12 on KVM makes a thread in the process that first runs a vCPU. */
TEST(a_full_pids_group_is_no_memory_or_works)
{
	zx_status_t status;

	make_group("pids");
	ASSERT_TRUE(write_text(GROUP "/pids.max", "1"));
	join_group(getpid());
	EXPECT_EQ(-1, fork());
	status = make_all();
	EXPECT_TRUE(status == ZX_OK || status == ZX_ERR_NO_MEMORY);
	ASSERT_TRUE(write_text(GROUP "/pids.max", "max"));
	EXPECT_OK(make_all());
	leave_group();
}

TEST_F_TIMEOUT(vmm, a_frozen_vcpu_goes_on_when_thawed, 90)
{
	unsigned int rounds = scaled(100, 5);

	make_group("");
	if (access(GROUP "/cgroup.freeze", W_OK))
		SKIP("cgroup2 has no freezer here");
	start_busy(self);
	ASSERT_TRUE(makes_progress(self->shared));
	join_group(self->pid);
	for (unsigned int i = 0; i < rounds; i++) {
		ASSERT_TRUE(write_text(GROUP "/cgroup.freeze", "1"));
		ASSERT_TRUE(wait_until(DEADLINE,
				       strstr(read_text(GROUP "/cgroup.events"),
					      "frozen 1")));
		ASSERT_TRUE(write_text(GROUP "/cgroup.freeze", "0"));
	}
	EXPECT_TRUE(makes_progress(self->shared));
	end_busy(self);
	leave_group();
	zxtest_count("freezes", rounds);
}

static unsigned long group_event(const char *event)
{
	const char *at = strstr(read_text(GROUP "/memory.events"), event);

	return at ? strtoul(at + strlen(event), NULL, 10) : 0;
}

static void make_memory_group(unsigned long limit)
{
	char text[24];

	zxtest_memory_runs_out();
	make_group("memory");
	snprintf(text, sizeof(text), "%lu", limit);
	ASSERT_TRUE(write_text(GROUP "/memory.max", text));
	(void)write_text(GROUP "/memory.swap.max", "0");
}

static void *fill_vmo(void *arg)
{
	struct shared *shared = arg;
	static uint8_t page[PAGE];
	zx_handle_t vmo;

	ASSERT_TRUE(wait_until(DEADLINE, atomic_load(&shared->progress) > 100));
	ASSERT_OK(zx_vmo_create(256 * MIB, 0, &vmo));
	for (uint64_t at = 0; at < 256 * MIB; at += PAGE)
		EXPECT_OK(zx_vmo_write(vmo, page, at, PAGE));
	_exit(KSFT_FAIL);		/* it was to be killed */
}

static void fill_beside_guest(struct shared *shared)
{
	pthread_t thread;

	join_group(getpid());
	atomic_store(&shared->progress, 0);
	thread_start(&thread, fill_vmo, shared);
	run_busy(shared);
}

TEST_F_TIMEOUT(vmm, killed_for_its_memory_leaves_nothing, 120)
{
	int status;

	make_memory_group(32 * MIB);
	self->pid = fork();
	ASSERT_LE(0, self->pid);
	if (!self->pid)
		fill_beside_guest(self->shared);
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	EXPECT_LT(0ul, atomic_load(&self->shared->progress));
	EXPECT_LT(0ul, group_event("oom_kill "));
	leave_group();
}

/* The end of a process that makes everything within a limit: its wait status. */
static int make_all_within(unsigned long limit)
{
	int status;
	pid_t pid;

	make_memory_group(limit);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		join_group(getpid());
		status = make_all();
		_exit(zxtest_failed() ? 255 : -status);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	leave_group();
	return status;
}

TEST_F_TIMEOUT(vmm, every_memory_limit_kills_or_is_no_memory_or_enough, 120)
{
	unsigned int killed = 0, refused = 0;
	int status = -1;

	for (unsigned long limit = PAGE; status; limit += limit / 4 & -PAGE) {
		limit += PAGE;
		status = make_all_within(limit);
		zxtest_row("%lu KiB", limit / 1024);
		if (WIFSIGNALED(status)) {
			EXPECT_EQ(SIGKILL, WTERMSIG(status));
			killed++;
		} else if (status) {
			EXPECT_EQ(-ZX_ERR_NO_MEMORY, WEXITSTATUS(status));
			refused++;
		}
		ASSERT_TRUE(zxtest_objects_settle(&self->before, DEADLINE));
		ASSERT_GT(256 * MIB, limit);
	}
	EXPECT_LT(0, killed + refused);
	TH_LOG("killed %u times, refused %u times", killed, refused);
}

TEST_HARNESS_MAIN
