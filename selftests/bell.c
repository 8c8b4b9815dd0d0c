// SPDX-License-Identifier: MIT
/*
 * BELL traps: a write becomes a packet in a port, and the guest goes on; what
 * happens when there is no packet left, or no port.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/port.h>
#include <zx_hyp/zx_hyp.h>

#include "guest/vm.h"
#include "sleeper.h"
#include "system.h"
#include "zxtest.h"

#define PAGE	4096ull
#define BELL	0x40000000ull
#define KEY	0xbe11
#define POOL	256		/* packets of a trap */
#define RAM_OPERAND	0x150000ull

GUEST_BLOB(ring);
GUEST_BLOB(bell_many);

struct rig {
	struct vm vm;
	zx_handle_t port;
	int tid;			/* of the vCPU's thread */
};

static void set_bell(struct rig *rig, uint64_t gpa, uint64_t len, uint64_t key)
{
	ASSERT_OK(zx_guest_set_trap(rig->vm.guest, ZX_GUEST_TRAP_BELL, gpa, len,
				    rig->port, key));
}

static void rig_open(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	rig->tid = thread_id();
	vm_start(&rig->vm, ring);
	ASSERT_OK(zx_port_create(0, &rig->port));
	set_bell(rig, BELL, 2 * PAGE, KEY);
	vm_expect_report(&rig->vm, 1);
}

static void rig_close(struct rig *rig)
{
	EXPECT_OK(zx_handle_close(rig->port));
	vm_destroy(&rig->vm);
}

/* The guest is going to write so often, so far apart. */
static void aim(struct rig *rig, uint64_t gpa, uint64_t times, uint64_t apart)
{
	zx_vcpu_state_t state;

	vcpu_read(rig->vm.vcpu, &state);
	state.rbx = gpa;
	state.rcx = times;
	state.rdx = apart;
	vcpu_write(rig->vm.vcpu, &state);
}

/* Takes a packet, which must be there, and be this one. */
static void expect_packet(zx_handle_t port, uint64_t key, uint64_t gpa)
{
	zx_port_packet_t want = {
		.key = key, .type = ZX_PKT_TYPE_GUEST_BELL,
		.guest_bell.addr = gpa,
	}, packet;

	poison(&packet, sizeof(packet));
	ASSERT_OK(zx_port_wait(port, 0, &packet));
	EXPECT_BYTES(&want, &packet, sizeof(packet));
}

static void expect_no_packet(zx_handle_t port)
{
	zx_port_packet_t packet;

	poison(&packet, sizeof(packet));
	EXPECT_STATUS(ZX_ERR_TIMED_OUT, zx_port_wait(port, 0, &packet));
	EXPECT_TRUE(poisoned(&packet, sizeof(packet)));
}

/* ---- ringing ------------------------------------------------------------ */

TEST(a_write_is_a_packet_and_the_guest_goes_on)
{
	struct rig rig;

	rig_open(&rig);
	aim(&rig, BELL + 0x10, 5, 4);
	vm_expect_report(&rig.vm, 1);
	EXPECT_EQ(5ull, rig.vm.mail->progress);
	for (int i = 0; i < 5; i++)
		expect_packet(rig.port, KEY, BELL + 0x10 + i * 4);
	expect_no_packet(rig.port);
	rig_close(&rig);
}

TEST(a_packet_tells_the_very_address)
{
	static const uint64_t at[] = { 0, 4, 0xffc, PAGE, PAGE + 0x7f8, 2 * PAGE - 4 };
	struct rig rig;

	rig_open(&rig);
	/* Again and again: on Intel the second access takes another way. */
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
			aim(&rig, BELL + at[i], 2, 0);
			vm_expect_report(&rig.vm, 1);
			expect_packet(rig.port, KEY, BELL + at[i]);
			expect_packet(rig.port, KEY, BELL + at[i]);
		}
	}
	expect_no_packet(rig.port);
	rig_close(&rig);
}

/* Over RAM, far from everything, and as high as a guest reaches. */
TEST(bells_are_where_they_are_set)
{
	static const uint64_t bells[] = { 0x100000, 0x8000000000, BELL - PAGE };
	struct rig rig;

	rig_open(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(bells); i++)
		set_bell(&rig, bells[i], PAGE, KEY + 1 + i);
	for (size_t i = 0; i < ARRAY_SIZE(bells); i++) {
		/* The guest's tables reach 4 GiB. */
		if (bells[i] >> 32)
			continue;
		aim(&rig, bells[i] + 8, 1, 0);
		vm_expect_report(&rig.vm, 1);
		expect_packet(rig.port, KEY + 1 + i, bells[i] + 8);
	}
	expect_no_packet(rig.port);
	rig_close(&rig);
}

struct form {
	const char *name;
	const uint8_t *code, *end;
	unsigned int rings;
	bool fails;		/* with NOT_SUPPORTED, after the instruction */
};

#define BLOB(name) GUEST_BLOB(name)
#define FORM(n, ...) { #n, guest_##n, guest_##n##_end, __VA_ARGS__ }

BLOB(bell_b); BLOB(bell_w); BLOB(bell_l); BLOB(bell_q); BLOB(bell_nti);
BLOB(bell_stos); BLOB(bell_movs); BLOB(bell_rep); BLOB(bell_repmovs);
BLOB(bell_long); BLOB(bell_read); BLOB(bell_or); BLOB(bell_xchg);

static const struct form forms[] = {
	FORM(bell_b, 1), FORM(bell_w, 1), FORM(bell_l, 1), FORM(bell_q, 1),
	FORM(bell_nti, 1), FORM(bell_stos, 1), FORM(bell_movs, 1),
	FORM(bell_rep, 1), FORM(bell_repmovs, 1), FORM(bell_long, 1),
	FORM(bell_read, .fails = true), FORM(bell_or, .fails = true),
	FORM(bell_xchg, .fails = true),
};

static void check_form(const struct form *form)
{
	zx_vcpu_state_t state;
	struct rig rig;

	zxtest_row("%s", form->name);
	memset(&rig, 0, sizeof(rig));
	vm_create(&rig.vm);
	vm_load(&rig.vm, GUEST_CODE, form->code, form->end);
	vm_vcpu(&rig.vm);
	ASSERT_OK(zx_port_create(0, &rig.port));
	set_bell(&rig, BELL, PAGE, KEY);
	vm_expect_report(&rig.vm, 1);
	vcpu_read(rig.vm.vcpu, &state);
	state.rbx = state.rdi = BELL + 0x40;
	state.rsi = RAM_OPERAND;
	state.rcx = 4;
	vcpu_write(rig.vm.vcpu, &state);
	if (form->fails)
		vm_expect_status(&rig.vm, ZX_ERR_NOT_SUPPORTED);
	vm_expect_report(&rig.vm, 2);
	for (unsigned int i = 0; i < form->rings; i++)
		expect_packet(rig.port, KEY, BELL + 0x40 + i * 4);
	expect_no_packet(rig.port);
	rig_close(&rig);
}

/* Reads fail once, with the vCPU behind them; Intel's KVM takes later ones for writes. */
TEST(instructions_that_write_ring_once_and_those_that_read_fail)
{
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		check_form(&forms[i]);
}

/* Each time, with other rings between: the second access may take another way. */
TEST(an_instruction_that_makes_many_writes_rings_once_each_time)
{
	zx_vcpu_state_t state;
	struct rig rig;

	memset(&rig, 0, sizeof(rig));
	vm_start(&rig.vm, bell_many);
	ASSERT_OK(zx_port_create(0, &rig.port));
	set_bell(&rig, BELL, PAGE, KEY);
	for (uint64_t i = 0; i < 4; i++) {
		vm_expect_report(&rig.vm, 1);
		vcpu_read(rig.vm.vcpu, &state);
		state.rdi = BELL + 0x100 * i;
		state.rcx = 100;
		state.rbx = BELL + 0x800;
		vcpu_write(rig.vm.vcpu, &state);
		vm_expect_report(&rig.vm, 2);
		expect_packet(rig.port, KEY, BELL + 0x100 * i);
		expect_packet(rig.port, KEY, BELL + 0x800);
		expect_packet(rig.port, KEY, BELL + 0x804);
		expect_no_packet(rig.port);
	}
	rig_close(&rig);
}

#define EMULATED	"/sys/kernel/debug/kvm/insn_emulation"

static bool intel(void)
{
	zx_hyp_info_t info;

	ASSERT_OK(zx_hyp_info_get(&info, sizeof(info)));
	return info.vendor == ZX_HYP_VENDOR_INTEL;
}

/* KVM looks at the instruction of the first of them, and on AMD of each. */
TEST(on_intel_only_the_first_ring_of_a_page_is_emulated)
{
	long long before;
	struct rig rig;

	rig_open(&rig);
	aim(&rig, BELL, 1, 0);
	vm_expect_report(&rig.vm, 1);
	before = number_in(EMULATED, "");
	ASSERT_LE(1ll, before);
	aim(&rig, BELL + 8, 100, 4);
	vm_expect_report(&rig.vm, 1);
	EXPECT_EQ(before + (intel() ? 0 : 100), number_in(EMULATED, ""));
	aim(&rig, BELL + PAGE, 1, 0);
	vm_expect_report(&rig.vm, 1);
	EXPECT_EQ(before + (intel() ? 1 : 101), number_in(EMULATED, ""));
	rig_close(&rig);
}

/* ---- refusals ----------------------------------------------------------- */

/* What is refused leaves no packet, and no trap. */
TEST(bells_do_not_overlap_other_traps)
{
	static const struct { uint64_t gpa, len; } rows[] = {
		{ BELL, 2 * PAGE }, { BELL, PAGE }, { BELL + PAGE, PAGE },
		{ BELL - PAGE, 2 * PAGE }, { BELL + PAGE, 2 * PAGE },
		{ BELL - PAGE, 4 * PAGE },
	};
	struct rig rig;

	rig_open(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zxtest_row("%#llx", (unsigned long long)rows[i].gpa);
		EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS,
			      zx_guest_set_trap(rig.vm.guest, ZX_GUEST_TRAP_BELL,
						rows[i].gpa, rows[i].len,
						rig.port, 1));
		EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS,
			      zx_guest_set_trap(rig.vm.guest, ZX_GUEST_TRAP_MEM,
						rows[i].gpa, rows[i].len, 0, 1));
	}
	aim(&rig, BELL, 1, 0);
	vm_expect_report(&rig.vm, 1);
	expect_packet(rig.port, KEY, BELL);
	aim(&rig, BELL - PAGE, 1, 0);
	vm_expect_status(&rig.vm, ZX_ERR_NOT_FOUND);
	rig_close(&rig);
}

/* ---- no packet left ------------------------------------------------------ */

static void *take_all(void *arg)
{
	struct rig *rig = arg;

	ASSERT_TRUE(wait_until(SLEEPER_LIMIT, rig->vm.mail->progress == POOL &&
			       zxtest_thread_in_ioctl(rig->tid)));
	for (int i = 0; i < 3 * POOL; i++) {
		zx_port_packet_t packet;

		ASSERT_OK(zx_port_wait(rig->port, ZX_TIME_INFINITE, &packet));
		EXPECT_EQ(BELL + i * 8, packet.guest_bell.addr);
	}
	return NULL;
}

TEST(a_vcpu_waits_for_the_257th_packet)
{
	pthread_t thread;
	struct rig rig;

	rig_open(&rig);
	aim(&rig, BELL, 3 * POOL, 8);
	thread_start(&thread, take_all, &rig);
	vm_expect_report(&rig.vm, 1);
	thread_join(thread);
	EXPECT_EQ(3ull * POOL, rig.vm.mail->progress);
	expect_no_packet(rig.port);
	rig_close(&rig);
}

static void *kick_then_take(void *arg)
{
	struct rig *rig = arg;

	ASSERT_TRUE(wait_until(SLEEPER_LIMIT, rig->vm.mail->progress == POOL &&
			       zxtest_thread_in_ioctl(rig->tid)));
	ASSERT_OK(zx_vcpu_kick(rig->vm.vcpu));
	/* It did not wake up: nobody else could wake it before the packet is taken. */
	ASSERT_TRUE(wait_until(SLEEPER_LIMIT, zxtest_thread_in_ioctl(rig->tid)));
	EXPECT_EQ((uint64_t)POOL, rig->vm.mail->progress);
	expect_packet(rig->port, KEY, BELL);
	return NULL;
}

TEST(a_kick_waits_with_the_vcpu)
{
	pthread_t thread;
	struct rig rig;

	rig_open(&rig);
	aim(&rig, BELL, POOL + 1, 0);
	thread_start(&thread, kick_then_take, &rig);
	vm_expect_status(&rig.vm, ZX_ERR_CANCELED);
	thread_join(thread);
	vm_expect_report(&rig.vm, 1);
	EXPECT_EQ(POOL + 1ull, rig.vm.mail->progress);
	for (int i = 0; i < POOL; i++)
		expect_packet(rig.port, KEY, BELL);
	expect_no_packet(rig.port);
	rig_close(&rig);
}

static void *close_port(void *arg)
{
	struct rig *rig = arg;

	ASSERT_TRUE(wait_until(SLEEPER_LIMIT, rig->vm.mail->progress == POOL &&
			       zxtest_thread_in_ioctl(rig->tid)));
	ASSERT_OK(zx_handle_close(rig->port));
	return NULL;
}

TEST(a_vcpu_that_waits_is_released_when_the_port_dies)
{
	pthread_t thread;
	struct rig rig;

	rig_open(&rig);
	aim(&rig, BELL, POOL + 2, 0);
	thread_start(&thread, close_port, &rig);
	vm_expect_status(&rig.vm, ZX_ERR_BAD_STATE);
	thread_join(thread);
	vm_expect_status(&rig.vm, ZX_ERR_BAD_STATE);
	vm_expect_report(&rig.vm, 1);
	EXPECT_EQ(POOL + 2ull, rig.vm.mail->progress);
	vm_destroy(&rig.vm);
}

/* It waits on, as nobody can name it any more; then there is a packet for it. */
static void *close_vcpu_then_take(void *arg)
{
	struct rig *rig = arg;

	ASSERT_TRUE(wait_until(SLEEPER_LIMIT, rig->vm.mail->progress == POOL &&
			       zxtest_thread_in_ioctl(rig->tid)));
	ASSERT_OK(zx_handle_close(rig->vm.vcpu));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_vcpu_kick(rig->vm.vcpu));
	ASSERT_TRUE(wait_until(SLEEPER_LIMIT, zxtest_thread_in_ioctl(rig->tid)));
	EXPECT_EQ((uint64_t)POOL, rig->vm.mail->progress);
	EXPECT_EQ(1l, zxtest_objects_of("vcpu"));
	expect_packet(rig->port, KEY, BELL);
	return NULL;
}

TEST(a_vcpu_that_waits_goes_on_when_its_handle_is_closed)
{
	pthread_t thread;
	struct rig rig;

	rig_open(&rig);
	aim(&rig, BELL, POOL + 1, 0);
	thread_start(&thread, close_vcpu_then_take, &rig);
	vm_expect_report(&rig.vm, 1);
	thread_join(thread);
	EXPECT_EQ(POOL + 1ull, rig.vm.mail->progress);
	vm_expect_status(&rig.vm, ZX_ERR_BAD_HANDLE);
	EXPECT_TRUE(wait_until(SLEEPER_LIMIT, zxtest_objects_of("vcpu") == 0));
	for (int i = 0; i < POOL; i++)
		expect_packet(rig.port, KEY, BELL);
	expect_no_packet(rig.port);
	/* The thread may have another. */
	vm_vcpu(&rig.vm);
	rig_close(&rig);
}

/* What was done with its last handle is done with it: nobody else has one. */
static void *close_vcpu_then_port(void *arg)
{
	struct rig *rig = arg;

	ASSERT_TRUE(wait_until(SLEEPER_LIMIT, rig->vm.mail->progress == POOL &&
			       zxtest_thread_in_ioctl(rig->tid)));
	ASSERT_OK(zx_handle_close(rig->vm.vcpu));
	ASSERT_OK(zx_handle_close(rig->vm.guest));
	EXPECT_EQ(1l, zxtest_objects_of("guest"));
	ASSERT_OK(zx_handle_close(rig->port));
	return NULL;
}

TEST(a_closed_vcpu_that_waits_goes_with_the_port)
{
	pthread_t thread;
	struct rig rig;

	rig_open(&rig);
	aim(&rig, BELL, POOL + 1, 0);
	thread_start(&thread, close_vcpu_then_port, &rig);
	vm_expect_status(&rig.vm, ZX_ERR_BAD_STATE);
	thread_join(thread);
	EXPECT_TRUE(wait_until(SLEEPER_LIMIT, zxtest_objects_of("vcpu") == 0));
	EXPECT_TRUE(wait_until(SLEEPER_LIMIT, zxtest_objects_of("guest") == 0));
	EXPECT_TRUE(wait_until(SLEEPER_LIMIT, zxtest_objects_of("port") == 0));
	rig.vm.vcpu = rig.vm.guest = ZX_HANDLE_INVALID;
	vm_destroy(&rig.vm);
}

static void make_waiting(struct rig *rig)
{
	rig_open(rig);
	aim(rig, BELL, POOL + 1, 0);
}

TEST(a_process_is_killed_while_its_vcpu_waits)
{
	int status;
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child) {
		zx_port_packet_t packet;
		struct rig rig;

		make_waiting(&rig);
		vm_enter(&rig.vm, &packet);
		_exit(1);
	}
	ASSERT_TRUE(wait_until(SLEEPER_LIMIT, zxtest_objects_of("vcpu") == 1));
	ASSERT_TRUE(wait_until(SLEEPER_LIMIT, zxtest_thread_sleeps(child)));
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_TRUE(wait_until(SLEEPER_LIMIT, zxtest_objects_of("guest") == 0));
	EXPECT_TRUE(wait_until(SLEEPER_LIMIT, zxtest_objects_of("port") == 0));
}

/* ---- no port, no guest --------------------------------------------------- */

TEST(a_closed_port_is_bad_state_once_a_hit)
{
	struct rig rig;

	rig_open(&rig);
	ASSERT_OK(zx_handle_close(rig.port));
	aim(&rig, BELL, 3, 4);
	for (uint64_t i = 0; i < 3; i++) {
		vm_expect_status(&rig.vm, ZX_ERR_BAD_STATE);
		EXPECT_EQ(i, rig.vm.mail->progress);
	}
	vm_expect_report(&rig.vm, 1);
	EXPECT_EQ(3ull, rig.vm.mail->progress);
	vm_destroy(&rig.vm);
}

TEST(other_bells_ring_when_a_port_is_closed)
{
	zx_handle_t other;
	struct rig rig;

	rig_open(&rig);
	ASSERT_OK(zx_port_create(0, &other));
	ASSERT_OK(zx_guest_set_trap(rig.vm.guest, ZX_GUEST_TRAP_BELL,
				    BELL + 2 * PAGE, PAGE, other, KEY + 1));
	ASSERT_OK(zx_handle_close(rig.port));
	aim(&rig, BELL + PAGE, 2, PAGE);
	vm_expect_status(&rig.vm, ZX_ERR_BAD_STATE);
	vm_expect_report(&rig.vm, 1);
	expect_packet(other, KEY + 1, BELL + 2 * PAGE);
	EXPECT_OK(zx_handle_close(other));
	vm_destroy(&rig.vm);
}

/* A trap keeps the port, not its handle: another handle does as well. */
TEST(a_bell_rings_through_any_handle_of_its_port)
{
	zx_handle_t copy;
	struct rig rig;

	rig_open(&rig);
	ASSERT_OK(zx_handle_duplicate(rig.port, ZX_RIGHT_SAME_RIGHTS, &copy));
	ASSERT_OK(zx_handle_close(rig.port));
	rig.port = copy;
	aim(&rig, BELL, 1, 0);
	vm_expect_report(&rig.vm, 1);
	expect_packet(rig.port, KEY, BELL);
	rig_close(&rig);
}

TEST(what_a_guest_queued_goes_with_it_and_nothing_else)
{
	zx_port_packet_t user = { .key = KEY, .user.u64 = { 1, 2, 3, 4 } }, packet;
	struct rig rig;

	rig_open(&rig);
	aim(&rig, BELL, 3, 4);
	vm_expect_report(&rig.vm, 1);
	ASSERT_OK(zx_port_queue(rig.port, &user));
	aim(&rig, BELL, 3, 4);
	vm_expect_report(&rig.vm, 1);
	expect_packet(rig.port, KEY, BELL);
	vm_destroy(&rig.vm);
	ASSERT_TRUE(wait_until(SLEEPER_LIMIT, zxtest_objects_of("guest") == 0));
	ASSERT_OK(zx_port_wait(rig.port, 0, &packet));
	EXPECT_EQ(ZX_PKT_TYPE_USER, packet.type);
	EXPECT_EQ((uint64_t)KEY, packet.key);
	expect_no_packet(rig.port);
	EXPECT_OK(zx_handle_close(rig.port));
}

/* More than the port takes from users: bells have their own. */
TEST(bells_do_not_count_against_the_limit_of_a_port)
{
	zx_port_packet_t user = { .key = 1 };
	zx_status_t status;
	struct rig rig;
	int queued = 0;

	rig_open(&rig);
	while ((status = zx_port_queue(rig.port, &user)) == ZX_OK)
		queued++;
	EXPECT_STATUS(ZX_ERR_SHOULD_WAIT, status);
	aim(&rig, BELL, POOL, 0);
	vm_expect_report(&rig.vm, 1);
	for (int i = 0; i < queued; i++)
		ASSERT_OK(zx_port_wait(rig.port, 0, &user));
	for (int i = 0; i < POOL; i++)
		expect_packet(rig.port, KEY, BELL);
	rig_close(&rig);
}

TEST_HARNESS_MAIN
