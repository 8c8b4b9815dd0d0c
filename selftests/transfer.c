// SPDX-License-Identifier: MIT
/*
 * Handles on their way between processes: packed into a descriptor, sent,
 * unpacked, or never unpacked.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
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

#define PAGE		4096ull
#define PAST		ZX_TIME_INFINITE_PAST
#define SAME		ZX_RIGHT_SAME_RIGHTS
#define SIGNAL		ZX_USER_SIGNAL_0

static zx_info_handle_basic_t basic(zx_handle_t h)
{
	zx_info_handle_basic_t info;

	ASSERT_OK(zx_object_get_info(h, ZX_INFO_HANDLE_BASIC, &info,
				     sizeof(info), NULL, NULL));
	return info;
}

static int export(zx_handle_t h)
{
	int fd = -1;

	ASSERT_OK(zx_hyp_handle_export(h, &fd));
	ASSERT_LE(0, fd);
	return fd;
}

static zx_handle_t import(int fd)
{
	zx_handle_t h = 0;

	ASSERT_OK(zx_hyp_handle_import(fd, &h));
	ASSERT_EQ(0, close(fd));
	return h;
}

/* Whether the other end of a pair has no handle any more. */
static bool peer_closed(zx_handle_t end)
{
	zx_status_t status;

	status = zx_object_wait_one(end, ZX_OBJECT_PEER_CLOSED, PAST, NULL);
	if (status != ZX_ERR_TIMED_OUT)
		EXPECT_OK(status);
	return status == ZX_OK;
}

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	ASSERT_NE(NULL, (void *)dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* ---- one handle of each type -------------------------------------------- */

enum { EVENT, PAIR, PORT, VMO, RESOURCE, GUEST, GUEST_VMAR, VCPU, ROOT, TYPES };

static const char *const type_name[TYPES] = {
	"event", "eventpair", "port", "VMO", "resource", "guest", "guest's VMAR",
	"vCPU", "root VMAR",
};

static void make_all(zx_handle_t *of)
{
	zx_handle_t end;

	ASSERT_OK(zx_event_create(0, &of[EVENT]));
	ASSERT_OK(zx_eventpair_create(0, &of[PAIR], &end));
	ASSERT_OK(zx_handle_close(end));
	ASSERT_OK(zx_port_create(0, &of[PORT]));
	ASSERT_OK(zx_vmo_create(PAGE, 0, &of[VMO]));
	of[RESOURCE] = hypervisor_resource();
	guest_create(&of[GUEST], &of[GUEST_VMAR]);
	ASSERT_OK(zx_vcpu_create(of[GUEST], 0, 0, &of[VCPU]));
	ASSERT_OK(zx_handle_duplicate(zx_vmar_root_self(), SAME, &of[ROOT]));
}

static void expect_same(const zx_info_handle_basic_t *want, zx_handle_t got)
{
	zx_info_handle_basic_t info = basic(got);

	EXPECT_BYTES(want, &info, sizeof(info));
}

TEST(a_handle_comes_out_as_it_went_in)
{
	zx_handle_t of[TYPES], out;

	make_all(of);
	for (int t = 0; t < TYPES; t++) {
		zx_info_handle_basic_t before = basic(of[t]);

		zxtest_row("%s", type_name[t]);
		out = import(export(of[t]));
		EXPECT_NE(of[t], out);
		EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_handle_close(of[t]));
		expect_same(&before, out);
		EXPECT_OK(zx_handle_close(out));
	}
}

static void tell_what_came(int sock)
{
	for (int t = 0; t < TYPES; t++) {
		zx_handle_t h = peer_receive(sock);
		zx_info_handle_basic_t info = basic(h);

		ASSERT_EQ((long)sizeof(info),
			  send(sock, &info, sizeof(info), 0));
		EXPECT_OK(zx_handle_close(h));
	}
}

TEST(a_handle_comes_to_another_process_as_it_was)
{
	zx_info_handle_basic_t before, there;
	zx_handle_t of[TYPES];
	struct peer peer;

	peer_start(&peer, tell_what_came);
	make_all(of);
	for (int t = 0; t < TYPES; t++) {
		zxtest_row("%s", type_name[t]);
		before = basic(of[t]);
		peer_send(peer.sock, of[t]);
		EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_handle_close(of[t]));
		ASSERT_EQ((long)sizeof(there),
			  recv(peer.sock, &there, sizeof(there), 0));
		EXPECT_BYTES(&before, &there, sizeof(there));
	}
	peer_end(&peer);
}

/* Each right that an event's handle may have, alone beside TRANSFER. */
TEST(rights_stay_as_they_were)
{
	zx_handle_t event, h;

	ASSERT_OK(zx_event_create(0, &event));
	for (int bit = 0; bit < 32; bit++) {
		zx_rights_t right = 1u << bit, rights;

		if (!(ZX_DEFAULT_EVENT_RIGHTS & right))
			continue;
		rights = right | ZX_RIGHT_TRANSFER;
		zxtest_row("rights %#x", rights);
		ASSERT_OK(zx_handle_duplicate(event, rights, &h));
		h = import(export(h));
		EXPECT_EQ(rights, basic(h).rights);
		EXPECT_OK(zx_handle_close(h));
	}
	EXPECT_OK(zx_handle_close(event));
}

/* ---- what export and import refuse -------------------------------------- */

TEST(an_export_that_fails_leaves_the_handle)
{
	zx_rights_t rights = ZX_DEFAULT_EVENT_RIGHTS & ~ZX_RIGHT_TRANSFER;
	struct rlimit limit, low = { 3, 3 };
	zx_handle_t event, kept;
	int fds, fd = -77;

	ASSERT_OK(zx_event_create(0, &event));
	ASSERT_OK(zx_handle_duplicate(event, rights, &kept));
	fds = count_fds();
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_hyp_handle_export(0, &fd));
	EXPECT_STATUS(ZX_ERR_ACCESS_DENIED, zx_hyp_handle_export(kept, &fd));
	/* Two faults: the handle's come first. */
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_hyp_handle_export(0, NULL));
	EXPECT_STATUS(ZX_ERR_ACCESS_DENIED, zx_hyp_handle_export(kept, NULL));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_hyp_handle_export(event, NULL));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
		      zx_hyp_handle_export(event, (int *)"const"));
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	low.rlim_max = limit.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &low));
	EXPECT_STATUS(ZX_ERR_NO_RESOURCES, zx_hyp_handle_export(event, &fd));
	EXPECT_STATUS(ZX_ERR_ACCESS_DENIED, zx_hyp_handle_export(kept, &fd));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(-77, fd);
	EXPECT_EQ(fds, count_fds());
	EXPECT_OK(zx_handle_close(kept));
	EXPECT_OK(zx_handle_close(event));
}

TEST(an_import_takes_a_handle_once)
{
	zx_handle_t event, h = 0;
	int fd;

	ASSERT_OK(zx_event_create(0, &event));
	fd = export(event);
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS, zx_hyp_handle_import(fd, NULL));
	EXPECT_STATUS(ZX_ERR_INVALID_ARGS,
		      zx_hyp_handle_import(fd, (zx_handle_t *)"const"));
	EXPECT_OK(zx_hyp_handle_import(fd, &event));
	EXPECT_STATUS(ZX_ERR_BAD_STATE, zx_hyp_handle_import(fd, &h));
	EXPECT_STATUS(ZX_ERR_BAD_STATE, zx_hyp_handle_import(fd, NULL));
	EXPECT_EQ(0, close(fd));
	EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_hyp_handle_import(fd, &h));
	EXPECT_EQ(0, h);
	EXPECT_OK(zx_handle_close(event));
}

TEST(an_import_takes_no_other_files)
{
	zx_handle_t event, h = 0;
	int fds[2], poll_fd;
	struct {
		const char *name;
		int fd;
		zx_status_t status;
	} rows[] = {
		{ "-1", -1, ZX_ERR_BAD_HANDLE },
		{ "not open", 1000, ZX_ERR_BAD_HANDLE },
		{ "largest", 0x7fffffff, ZX_ERR_BAD_HANDLE },
		{ "file of memory", memfd_create("m", 0), ZX_ERR_WRONG_TYPE },
		{ "device", abi_open(), ZX_ERR_WRONG_TYPE },
		{ "folder", open("/", O_RDONLY), ZX_ERR_WRONG_TYPE },
		{ "path", open("/dev/zx_hyp", O_PATH), ZX_ERR_BAD_HANDLE },
		{ "pipe", -1, ZX_ERR_WRONG_TYPE },
		{ "descriptor that is polled", -1, ZX_ERR_WRONG_TYPE },
	};

	ASSERT_OK(zx_event_create(0, &event));
	ASSERT_EQ(0, pipe(fds));
	ASSERT_OK(zx_hyp_poll_fd(event, SIGNAL, &poll_fd));
	rows[ARRAY_SIZE(rows) - 2].fd = fds[0];
	rows[ARRAY_SIZE(rows) - 1].fd = poll_fd;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		zxtest_row("%s", rows[i].name);
		EXPECT_STATUS(rows[i].status,
			      zx_hyp_handle_import(rows[i].fd, &h));
		EXPECT_STATUS(rows[i].status,
			      zx_hyp_handle_import(rows[i].fd, NULL));
	}
	EXPECT_EQ(0, h);
	EXPECT_OK(zx_handle_close(event));
}

TEST(the_descriptor_is_good_for_nothing_else)
{
	char byte = 0;
	zx_handle_t event;
	void *map;
	int fd;

	ASSERT_OK(zx_event_create(0, &event));
	fd = export(event);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_EQ(-1l, read(fd, &byte, 1));
	EXPECT_EQ(-1l, write(fd, &byte, 1));
	EXPECT_EQ(-1, ioctl(fd, ZX_HYP_QUERY, &byte));
	map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	EXPECT_EQ(MAP_FAILED, map);
	event = import(fd);
	EXPECT_OK(zx_handle_close(event));
}

static void *import_other(void *arg)
{
	zx_handle_t h = 0;
	zx_status_t status = zx_hyp_handle_import(*(int *)arg, &h);

	if (status == ZX_OK)
		EXPECT_OK(zx_handle_close(h));
	else
		EXPECT_STATUS(ZX_ERR_BAD_STATE, status);
	return (void *)(uintptr_t)(status == ZX_OK);
}

/* Of those that import it at the same time one gets it. */
TEST_TIMEOUT(one_of_many_threads_imports_it, 600)
{
	enum { THREADS = 4 };
	pthread_t threads[THREADS];

	for (unsigned int i = 0; i < scaled(1000, 100); i++) {
		zx_handle_t event;
		uintptr_t got = 0;
		void *one;
		int fd;

		ASSERT_OK(zx_event_create(0, &event));
		fd = export(event);
		for (int t = 0; t < THREADS; t++)
			thread_start(&threads[t], import_other, &fd);
		for (int t = 0; t < THREADS; t++) {
			ASSERT_EQ(0, pthread_join(threads[t], &one));
			got += (uintptr_t)one;
		}
		EXPECT_EQ(1, got);
		EXPECT_EQ(0, close(fd));
	}
}

/* ---- descriptors that nobody unpacks ------------------------------------ */

TEST(the_last_descriptor_closes_the_handle)
{
	zx_info_handle_count_t count;
	zx_handle_t end, kept, copy;
	int fd, other;

	ASSERT_OK(zx_eventpair_create(0, &end, &kept));
	ASSERT_OK(zx_handle_duplicate(end, SAME, &copy));
	fd = export(end);
	ASSERT_OK(zx_object_get_info(copy, ZX_INFO_HANDLE_COUNT, &count,
				     sizeof(count), NULL, NULL));
	EXPECT_EQ(2u, count.handle_count);
	EXPECT_OK(zx_handle_close(copy));
	EXPECT_FALSE(peer_closed(kept));
	other = dup(fd);
	ASSERT_LE(0, other);
	EXPECT_EQ(0, close(fd));
	EXPECT_FALSE(peer_closed(kept));
	EXPECT_OK(zx_object_signal_peer(kept, 0, SIGNAL));
	EXPECT_EQ(0, close(other));
	EXPECT_TRUE(wait_until(RACE_LIMIT, peer_closed(kept)));
	EXPECT_STATUS(ZX_ERR_PEER_CLOSED,
		      zx_object_signal_peer(kept, 0, SIGNAL));
	EXPECT_OK(zx_handle_close(kept));
}

/* An empty one says nothing any more. */
TEST(an_imported_handle_outlives_the_descriptor)
{
	zx_handle_t end, kept;

	ASSERT_OK(zx_eventpair_create(0, &end, &kept));
	end = import(export(end));
	EXPECT_FALSE(peer_closed(kept));
	EXPECT_OK(zx_handle_close(end));
	EXPECT_TRUE(peer_closed(kept));
	EXPECT_OK(zx_handle_close(kept));
}

TEST(a_socket_that_is_closed_closes_what_is_in_it)
{
	zx_handle_t end, kept;
	int socks[2];

	for (int side = 0; side < 2; side++) {
		zxtest_row("the %s last", side ? "sender" : "receiver");
		ASSERT_OK(zx_eventpair_create(0, &end, &kept));
		ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, socks));
		peer_send_fd(socks[0], export(end));
		EXPECT_FALSE(peer_closed(kept));
		EXPECT_EQ(0, close(socks[side]));
		EXPECT_EQ(side == 1, peer_closed(kept));
		EXPECT_EQ(0, close(socks[!side]));
		EXPECT_TRUE(wait_until(RACE_LIMIT, peer_closed(kept)));
		EXPECT_OK(zx_handle_close(kept));
	}
}

static void send_end_and_linger(int sock)
{
	zx_handle_t end, kept;

	ASSERT_OK(zx_eventpair_create(0, &end, &kept));
	peer_send(sock, end);
	pause();
}

/* What is under way arrives; what it kept is gone. */
TEST(a_handle_arrives_after_its_sender_was_killed)
{
	zx_handle_t end;
	struct peer peer;
	char byte;

	peer_start(&peer, send_end_and_linger);
	ASSERT_EQ(1l, recv(peer.sock, &byte, 1, MSG_PEEK));
	ASSERT_EQ(0, kill(peer.pid, SIGKILL));
	ASSERT_EQ(peer.pid, waitpid(peer.pid, NULL, 0));
	end = peer_receive(peer.sock);
	EXPECT_TRUE(wait_until(RACE_LIMIT, peer_closed(end)));
	EXPECT_OK(zx_handle_close(end));
}

static void never_receive(int sock)
{
	peer_say(sock, 'r');
	pause();
}

TEST(a_receiver_that_was_killed_closes_what_was_sent)
{
	zx_handle_t end, kept;
	struct peer peer;

	peer_start(&peer, never_receive);
	peer_expect(peer.sock, 'r');
	ASSERT_OK(zx_eventpair_create(0, &end, &kept));
	peer_send(peer.sock, end);
	EXPECT_FALSE(peer_closed(kept));
	peer_kill(&peer);
	EXPECT_TRUE(wait_until(RACE_LIMIT, peer_closed(kept)));
	EXPECT_OK(zx_handle_close(kept));
}

/* ---- a pair between two processes --------------------------------------- */

static unsigned int rounds;

static void answer(int sock)
{
	zx_handle_t end = peer_receive(sock);

	for (unsigned int i = 0; i < rounds; i++) {
		ASSERT_OK(zx_object_wait_one(end, SIGNAL, ZX_TIME_INFINITE,
					     NULL));
		ASSERT_OK(zx_object_signal(end, SIGNAL, 0));
		ASSERT_OK(zx_object_signal_peer(end, 0, SIGNAL));
	}
	peer_expect(sock, 'e');
}

TEST_TIMEOUT(two_processes_signal_each_other, 600)
{
	zx_handle_t end, there;
	struct peer peer;

	rounds = scaled(10000, 500);
	peer_start(&peer, answer);
	ASSERT_OK(zx_eventpair_create(0, &end, &there));
	peer_send(peer.sock, there);
	for (unsigned int i = 0; i < rounds; i++) {
		ASSERT_OK(zx_object_signal_peer(end, 0, SIGNAL));
		ASSERT_OK(zx_object_wait_one(end, SIGNAL, ZX_TIME_INFINITE,
					     NULL));
		ASSERT_OK(zx_object_signal(end, SIGNAL, 0));
	}
	EXPECT_FALSE(peer_closed(end));
	peer_say(peer.sock, 'e');
	peer_end(&peer);
	EXPECT_TRUE(wait_until(RACE_LIMIT, peer_closed(end)));
	EXPECT_OK(zx_handle_close(end));
}

static void hold(int sock)
{
	zx_handle_t end = peer_receive(sock);

	peer_say(sock, 'h');
	(void)zx_object_wait_one(end, SIGNAL, ZX_TIME_INFINITE, NULL);
}

TEST(a_process_that_is_killed_closes_its_end)
{
	zx_handle_t end, there;
	struct peer peer;

	peer_start(&peer, hold);
	ASSERT_OK(zx_eventpair_create(0, &end, &there));
	peer_send(peer.sock, there);
	peer_expect(peer.sock, 'h');
	EXPECT_FALSE(peer_closed(end));
	peer_kill(&peer);
	EXPECT_TRUE(wait_until(RACE_LIMIT, peer_closed(end)));
	EXPECT_OK(zx_handle_close(end));
}

/* ---- fork and exec ------------------------------------------------------- */

/* The child has a descriptor of the same file, and no device. */
TEST(a_forked_child_holds_but_does_not_import)
{
	zx_handle_t end, kept, h = 0;
	int fd, status, hold[2];
	char byte;
	pid_t pid;

	ASSERT_OK(zx_eventpair_create(0, &end, &kept));
	fd = export(end);
	ASSERT_EQ(0, pipe2(hold, O_CLOEXEC));
	pid = fork();
	if (!pid) {
		EXPECT_STATUS(ZX_ERR_BAD_HANDLE, zx_hyp_handle_import(fd, &h));
		EXPECT_STATUS(ZX_ERR_BAD_HANDLE,
			      zx_hyp_handle_export(kept, &fd));
		close(hold[1]);
		EXPECT_EQ(0l, read(hold[0], &byte, 1));
		_exit(zxtest_failed());
	}
	EXPECT_EQ(0, close(fd));
	EXPECT_FALSE(peer_closed(kept));
	EXPECT_EQ(0, close(hold[1]));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_TRUE(wait_until(RACE_LIMIT, peer_closed(kept)));
	EXPECT_OK(zx_handle_close(kept));
}

/* What the new program does; see main(). */
static int imported(int fd)
{
	zx_handle_t end = 0;

	return zx_hyp_handle_import(fd, &end) ||
	       zx_object_signal_peer(end, 0, SIGNAL) ||
	       zx_object_wait_one(end, SIGNAL, ZX_TIME_INFINITE, NULL);
}

TEST(a_handle_survives_exec_in_its_descriptor)
{
	zx_handle_t end, kept;
	char number[16];
	int fd, status;
	pid_t pid;

	ASSERT_OK(zx_eventpair_create(0, &end, &kept));
	fd = export(end);
	ASSERT_EQ(0, fcntl(fd, F_SETFD, 0));
	snprintf(number, sizeof(number), "%d", fd);
	pid = fork();
	if (!pid) {
		execl("/proc/self/exe", "transfer", "--imported", number, NULL);
		_exit(99);
	}
	ASSERT_EQ(0, close(fd));
	EXPECT_OK(zx_object_wait_one(kept, SIGNAL, ZX_TIME_INFINITE, NULL));
	EXPECT_FALSE(peer_closed(kept));
	EXPECT_OK(zx_object_signal_peer(kept, 0, SIGNAL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_TRUE(wait_until(RACE_LIMIT, peer_closed(kept)));
	EXPECT_OK(zx_handle_close(kept));
}

static void become_another_program(int sock)
{
	zx_handle_t end = peer_receive(sock);

	EXPECT_OK(zx_object_signal_peer(end, 0, SIGNAL));
	execl("/proc/self/exe", "transfer", "--pause", NULL);
	_exit(99);
}

/* It lives on; what it had is gone. */
TEST(exec_closes_the_handles_of_the_process)
{
	zx_handle_t end, there;
	struct peer peer;

	peer_start(&peer, become_another_program);
	ASSERT_OK(zx_eventpair_create(0, &end, &there));
	peer_send(peer.sock, there);
	EXPECT_OK(zx_object_wait_one(end, SIGNAL, ZX_TIME_INFINITE, NULL));
	EXPECT_TRUE(wait_until(RACE_LIMIT, peer_closed(end)));
	EXPECT_EQ(0, waitpid(peer.pid, NULL, WNOHANG));
	peer_kill(&peer);
	EXPECT_OK(zx_handle_close(end));
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--imported"))
		return imported(atoi(argv[2]));
	return zxtest_main(argc, argv);
}
