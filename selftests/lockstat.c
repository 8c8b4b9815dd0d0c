// SPDX-License-Identifier: MIT
/*
 * Two processes with nothing in common but the module: no lock of its own may
 * have one wait for the other. The kernel's lock statistics know.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/port.h>
#include <zircon/time.h>
#include <zx_hyp/fd.h>

#include "calls.h"
#include "guest/vm.h"
#include "race.h"
#include "zxtest.h"

GUEST_BLOB(talks);

#define PAGE		4096ull
#define PAST		ZX_TIME_INFINITE_PAST
#define SAME		ZX_RIGHT_SAME_RIGHTS
#define SIGNAL		ZX_USER_SIGNAL_0

#define STAT_PATH	"/proc/lock_stat"

/* ---- the statistics ---------------------------------------------------------- */

/*
 * The locks of driver/, as lockdep names them: by what the argument was where
 * the lock was made.
 */
static const char *const ours[] = {
	"&obj->lock", "&port->lock", "&port->queue", "&pair->lock",
	"&parcel->lock", "&wait->queue", "&p->queue", "&as->lock",
	"&guest->lock", "&vm->task_lock", "&vm->scratch_lock", "&vm->gate",
	"&v->wait", "zxh_threads.lock", "zxh_vmo_setup_lock",
};

/* What was seen of each. */
struct seen {
	unsigned long acquired[ARRAY_SIZE(ours)];
	unsigned long contended[ARRAY_SIZE(ours)];
};

static bool can_count(void)
{
	return !access(STAT_PATH, R_OK | W_OK);
}

static void forget(void)
{
	int fd = open(STAT_PATH, O_WRONLY | O_CLOEXEC);

	ASSERT_LE(0, fd);
	ASSERT_EQ(1l, write(fd, "0", 1));
	ASSERT_EQ(0, close(fd));
}

/* The one of ours that a line is about, or -1; "#2", "/1", "-W:" may follow. */
static int find_ours(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
		size_t len = strlen(ours[i]);

		if (!strncmp(name, ours[i], len) && strchr(":#/-", name[len]))
			return i;
	}
	return -1;
}

/*
 * A class has a line "NAME: BOUNCES CONTENTIONS ..." with its sums, and if it
 * was contended one for each place where that was, "NAME COUNT [<...>] PLACE".
 */
static void read_line(const char *line, struct seen *seen)
{
	unsigned long contended, acquired;
	const char *colon = strstr(line, ": ");
	int i;

	EXPECT_EQ(NULL, (void *)strstr(line, "lock debugging disabled"));
	if (strstr(line, "[<")) {
		/* Of whatever lock, but asked for by the module itself. */
		if (strstr(line, "[zx_hyp]")) {
			zxtest_fail();
			TH_LOG("contended: %.*s", (int)strcspn(line, "\n"),
			       line);
		}
		return;
	}
	line += strspn(line, " ");
	i = find_ours(line);
	if (i < 0 || !colon)
		return;
	ASSERT_EQ(2, sscanf(colon + 1, "%*u %lu %*f %*f %*f %*f %*u %lu",
			    &contended, &acquired));
	seen->contended[i] += contended;
	seen->acquired[i] += acquired;
}

static void look(struct seen *seen, void (*each)(const char *, struct seen *))
{
	FILE *file = fopen(STAT_PATH, "re");
	size_t size = 0;
	char *line = NULL;

	ASSERT_NE(NULL, (void *)file);
	memset(seen, 0, sizeof(*seen));
	while (getline(&line, &size, file) > 0)
		each(line, seen);
	free(line);
	fclose(file);
}

/* ---- work -------------------------------------------------------------------- */

static void use_handles(void)
{
	zx_handle_t vmo, copy;
	char name[ZX_MAX_NAME_LEN];

	ASSERT_OK(zx_vmo_create(PAGE, 0, &vmo));
	ASSERT_OK(zx_handle_duplicate(vmo, SAME, &copy));
	ASSERT_OK(zx_handle_replace(copy, SAME, &copy));
	ASSERT_OK(zx_object_set_property(vmo, ZX_PROP_NAME, "name", 4));
	ASSERT_OK(zx_object_get_property(copy, ZX_PROP_NAME, name,
					 sizeof(name)));
	ASSERT_OK(zx_handle_close(copy));
	ASSERT_OK(zx_handle_close(vmo));
}

static zx_time_t soon(void)
{
	return zx_deadline_after(ZX_USEC(50));
}

static void use_signals(void)
{
	zx_handle_t end[2];
	zx_wait_item_t item;

	ASSERT_OK(zx_eventpair_create(0, &end[0], &end[1]));
	item = (zx_wait_item_t){ end[1], SIGNAL, 0 };
	EXPECT_STATUS(ZX_ERR_TIMED_OUT,
		      zx_object_wait_one(end[0], SIGNAL, soon(), NULL));
	ASSERT_OK(zx_object_signal(end[0], 0, SIGNAL));
	ASSERT_OK(zx_object_wait_one(end[0], SIGNAL, soon(), NULL));
	ASSERT_OK(zx_object_signal_peer(end[0], 0, SIGNAL));
	ASSERT_OK(zx_object_wait_many(&item, 1, soon()));
	ASSERT_OK(zx_handle_close(end[0]));
	ASSERT_OK(zx_handle_close(end[1]));
}

static void use_ports(void)
{
	zx_port_packet_t packet = { 0 };
	zx_handle_t port, event;

	ASSERT_OK(zx_port_create(0, &port));
	ASSERT_OK(zx_event_create(0, &event));
	for (int i = 0; i < 4; i++)
		ASSERT_OK(zx_port_queue(port, &packet));
	for (int i = 0; i < 4; i++)
		ASSERT_OK(zx_port_wait(port, PAST, &packet));
	ASSERT_OK(zx_object_wait_async(event, port, 1, SIGNAL, 0));
	ASSERT_OK(zx_object_signal(event, 0, SIGNAL));
	ASSERT_OK(zx_port_wait(port, PAST, &packet));
	ASSERT_OK(zx_object_wait_async(event, port, 1, SIGNAL, 0));
	ASSERT_OK(zx_port_cancel(port, event, 1));
	EXPECT_STATUS(ZX_ERR_TIMED_OUT, zx_port_wait(port, soon(), &packet));
	ASSERT_OK(zx_handle_close(event));
	ASSERT_OK(zx_handle_close(port));
}

static void use_descriptors(void)
{
	struct pollfd p = { .events = POLLIN };
	zx_handle_t event;
	int fd;

	ASSERT_OK(zx_event_create(0, &event));
	ASSERT_OK(zx_hyp_poll_fd(event, SIGNAL, &p.fd));
	EXPECT_EQ(0, poll(&p, 1, 0));
	ASSERT_OK(zx_object_signal(event, 0, SIGNAL));
	EXPECT_EQ(1, poll(&p, 1, 0));
	ASSERT_OK(zx_hyp_handle_export(event, &fd));
	ASSERT_OK(zx_hyp_handle_import(fd, &event));
	ASSERT_EQ(0, close(fd));
	ASSERT_EQ(0, close(p.fd));
	ASSERT_OK(zx_handle_close(event));
}

static void use_memory(void)
{
	zx_handle_t vmo;
	uint8_t *map;

	ASSERT_OK(zx_vmo_create(4 * PAGE, 0, &vmo));
	map = map_self(vmo, 4 * PAGE);
	map[PAGE] = 1;
	ASSERT_OK(zx_vmo_write(vmo, "x", 0, 1));
	ASSERT_OK(zx_vmar_unmap(zx_vmar_root_self(), (zx_vaddr_t)map,
				4 * PAGE));
	ASSERT_OK(zx_handle_close(vmo));
}

static void use_guests(void)
{
	struct vm vm;

	vm_start(&vm, talks);
	vm_expect_report(&vm, 1);
	vm_expect_status(&vm, ZX_ERR_NOT_FOUND);
	ASSERT_OK(zx_guest_set_trap(vm.guest, ZX_GUEST_TRAP_MEM, GUEST_MMIO,
				    PAGE, 0, KEY_MEM));
	ASSERT_OK(zx_vcpu_interrupt(vm.vcpu, 64));
	ASSERT_OK(zx_vcpu_kick(vm.vcpu));
	vm_expect_status(&vm, ZX_ERR_CANCELED);
	vm_destroy(&vm);
}

/* @locks: that the work takes, else the names above are out of date. */
static const struct work {
	const char *name;
	void (*use)(void);
	unsigned int full, least;	/* rounds */
	const char *locks[5];
} works[] = {
	{ "handles", use_handles, 20000, 2000, { "&obj->lock" } },
	{ "signals", use_signals, 20000, 1000,
	  { "&obj->lock", "&pair->lock", "&wait->queue" } },
	{ "ports", use_ports, 20000, 1000,
	  { "&obj->lock", "&port->lock", "&port->queue" } },
	{ "descriptors", use_descriptors, 20000, 1000,
	  { "&obj->lock", "&parcel->lock", "&p->queue" } },
	{ "memory", use_memory, 10000, 1000, { "&as->lock" } },
	{ "guests", use_guests, 500, 10,
	  { "&as->lock", "&guest->lock", "&vm->task_lock",
	    "&vm->scratch_lock", "zxh_threads.lock" } },
};

/* ---- two processes ------------------------------------------------------------ */

/* On the first, the second, ... of the CPUs that we may use. */
static void stay_on(int which)
{
	cpu_set_t ours, set;
	int cpu = -1;

	ASSERT_EQ(0, sched_getaffinity(0, sizeof(ours), &ours));
	do {
		ASSERT_GT(CPU_SETSIZE, ++cpu);
	} while (!CPU_ISSET(cpu, &ours) || which--);
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(set), &set));
}

static void work_here(int sock)
{
	stay_on(peer_receive_value(sock));
	for (size_t w = 0; w < ARRAY_SIZE(works); w++) {
		unsigned int rounds = scaled(works[w].full, works[w].least);

		zxtest_row("%s", works[w].name);
		/* What is done once in a life is done before. */
		works[w].use();
		peer_say(sock, 'r');
		peer_expect(sock, 'g');
		for (unsigned int i = 0; i < rounds; i++)
			works[w].use();
		peer_say(sock, 'd');
	}
}

static void expect_quiet(const struct work *work)
{
	struct seen seen;

	look(&seen, read_line);
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
		zxtest_row("%s, %s: %lu times", work->name, ours[i],
			   seen.acquired[i]);
		EXPECT_EQ(0ul, seen.contended[i]);
	}
	for (int l = 0; l < 5 && work->locks[l]; l++) {
		int i = find_ours(work->locks[l]);

		zxtest_row("%s, %s", work->name, work->locks[l]);
		ASSERT_LE(0, i);
		EXPECT_LT(0ul, seen.acquired[i]);
	}
	zxtest_row_end();
}

static void need_statistics(void)
{
	if (!can_count())
		SKIP("no " STAT_PATH ": this kernel has no CONFIG_LOCK_STAT");
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP("one CPU: nobody waits for a lock");
}

TEST_TIMEOUT(two_processes_do_not_meet_at_a_lock, 600)
{
	struct peer peers[2];

	need_statistics();
	for (int p = 0; p < 2; p++) {
		peer_start(&peers[p], work_here);
		peer_send_value(peers[p].sock, p);
	}
	for (size_t w = 0; w < ARRAY_SIZE(works); w++) {
		for (int p = 0; p < 2; p++)
			peer_expect(peers[p].sock, 'r');
		forget();
		for (int p = 0; p < 2; p++)
			peer_say(peers[p].sock, 'g');
		for (int p = 0; p < 2; p++)
			peer_expect(peers[p].sock, 'd');
		expect_quiet(&works[w]);
	}
	for (int p = 0; p < 2; p++)
		peer_end(&peers[p]);
}

/* ---- whether the statistics would tell ----------------------------------------- */

struct fight {
	zx_handle_t port;
	atomic_bool over;
};

static void *fight_for_it(void *arg)
{
	zx_port_packet_t packet = { 0 };
	struct fight *f = arg;

	while (!atomic_load(&f->over)) {
		(void)zx_port_queue(f->port, &packet);
		(void)zx_port_wait(f->port, PAST, &packet);
	}
	return NULL;
}

/* Any line that names the module, and the sums. */
static unsigned int lines_of_ours;

static void count_line(const char *line, struct seen *seen)
{
	if (strstr(line, "[<"))
		lines_of_ours += !!strstr(line, "[zx_hyp]");
	else
		read_line(line, seen);
}

static bool shows_a_fight(void)
{
	struct seen seen;

	lines_of_ours = 0;
	look(&seen, count_line);
	return seen.contended[find_ours("&port->lock")] && lines_of_ours;
}

TEST_TIMEOUT(two_threads_at_one_port_do_meet, 120)
{
	struct fight fight = { 0 };
	pthread_t threads[2];

	need_statistics();
	ASSERT_OK(zx_port_create(0, &fight.port));
	forget();
	for (int t = 0; t < 2; t++)
		thread_start(&threads[t], fight_for_it, &fight);
	EXPECT_TRUE(wait_until(60, shows_a_fight()));
	atomic_store(&fight.over, true);
	for (int t = 0; t < 2; t++)
		thread_join(threads[t]);
	EXPECT_OK(zx_handle_close(fight.port));
}

TEST_HARNESS_MAIN
