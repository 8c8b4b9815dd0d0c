// SPDX-License-Identifier: MIT
/* See race.h. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zircon/syscalls.h>
#include <zx_hyp/fd.h>

#include "guest/vm.h"
#include "race.h"
#include "zxtest.h"

/* ---- two threads ------------------------------------------------------- */

#define SHIFTS		64		/* to either side */
#define SHIFT		40		/* turns of a loop each */

struct track {
	const struct race *race;
	void *ctx;
	pthread_barrier_t begun, done;
	atomic_uint there;		/* of both, in all rounds */
};

static void delay(unsigned int turns)
{
	for (volatile unsigned int i = 0; i < turns; i++)
		zxtest_relax();
}

/* Asleep until the other has come, too, then awake until both are. */
static void line_up(struct track *t, unsigned int round)
{
	pthread_barrier_wait(&t->begun);
	atomic_fetch_add(&t->there, 1);
	while (atomic_load(&t->there) < 2 * (round + 1))
		zxtest_relax();
}

/* The left one is late in even rounds, the right one in odd ones. */
static void shift(unsigned int round, unsigned int side)
{
	if (round % 2 == side)
		delay(round / 2 % SHIFTS * SHIFT);
}

static void *run_right(void *arg)
{
	struct track *t = arg;

	for (unsigned int i = 0; i < t->race->rounds; i++) {
		line_up(t, i);
		shift(i, 1);
		t->race->right(t->ctx);
		pthread_barrier_wait(&t->done);
	}
	return NULL;
}

void race_run(const struct race *race, void *ctx)
{
	struct track t = { .race = race, .ctx = ctx };
	pthread_t thread;

	ASSERT_EQ(0, pthread_barrier_init(&t.begun, NULL, 2));
	ASSERT_EQ(0, pthread_barrier_init(&t.done, NULL, 2));
	thread_start(&thread, run_right, &t);
	for (unsigned int i = 0; i < race->rounds; i++) {
		if (race->begin)
			race->begin(ctx);
		line_up(&t, i);
		shift(i, 0);
		race->left(ctx);
		pthread_barrier_wait(&t.done);
		race->judge(ctx);
	}
	thread_join(thread);
}

/* ---- another process --------------------------------------------------- */

void peer_start(struct peer *peer, void (*fn)(int sock))
{
	int socks[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
				socks));
	peer->pid = fork();
	ASSERT_LE(0, peer->pid);
	if (!peer->pid) {
		close(socks[0]);
		fn(socks[1]);
		_exit(zxtest_failed() ? KSFT_FAIL : KSFT_PASS);
	}
	close(socks[1]);
	peer->sock = socks[0];
}

void peer_end(struct peer *peer)
{
	int status;

	ASSERT_EQ(peer->pid, waitpid(peer->pid, &status, 0));
	EXPECT_EQ(0, status);
	close(peer->sock);
}

void peer_kill(struct peer *peer)
{
	int status;

	ASSERT_EQ(0, kill(peer->pid, SIGKILL));
	ASSERT_EQ(peer->pid, waitpid(peer->pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	close(peer->sock);
}

void peer_say(int sock, char word)
{
	ASSERT_EQ(1l, send(sock, &word, 1, MSG_NOSIGNAL));
}

void peer_expect(int sock, char word)
{
	char got = 0;

	ASSERT_EQ(1l, recv(sock, &got, 1, 0));
	ASSERT_EQ(word, got);
}

void peer_send_value(int sock, unsigned long long value)
{
	ASSERT_EQ((long)sizeof(value),
		  send(sock, &value, sizeof(value), MSG_NOSIGNAL));
}

unsigned long long peer_receive_value(int sock)
{
	unsigned long long value = 0;

	ASSERT_EQ((long)sizeof(value), recv(sock, &value, sizeof(value), 0));
	return value;
}

/* A message of one byte that carries a descriptor. */
struct parcel {
	struct msghdr msg;
	struct iovec iov;
	char byte;
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
};

static void parcel_init(struct parcel *p)
{
	memset(p, 0, sizeof(*p));
	p->byte = 'h';
	p->iov.iov_base = &p->byte;
	p->iov.iov_len = 1;
	p->msg.msg_iov = &p->iov;
	p->msg.msg_iovlen = 1;
	p->msg.msg_control = p->control.bytes;
	p->msg.msg_controllen = sizeof(p->control.bytes);
}

void peer_send_fd(int sock, int fd)
{
	struct cmsghdr *cmsg;
	struct parcel p;

	parcel_init(&p);
	cmsg = CMSG_FIRSTHDR(&p.msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	ASSERT_EQ(1l, sendmsg(sock, &p.msg, MSG_NOSIGNAL));
	ASSERT_EQ(0, close(fd));
}

int peer_receive_fd(int sock)
{
	struct cmsghdr *cmsg;
	struct parcel p;
	int fd = -1;

	parcel_init(&p);
	ASSERT_EQ(1l, recvmsg(sock, &p.msg, MSG_CMSG_CLOEXEC));
	cmsg = CMSG_FIRSTHDR(&p.msg);
	ASSERT_NE(NULL, (void *)cmsg);
	ASSERT_EQ(SCM_RIGHTS, cmsg->cmsg_type);
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	ASSERT_LE(0, fd);
	return fd;
}

void peer_send(int sock, zx_handle_t handle)
{
	int fd = -1;

	ASSERT_OK(zx_hyp_handle_export(handle, &fd));
	peer_send_fd(sock, fd);
}

zx_handle_t peer_receive(int sock)
{
	zx_handle_t handle = 0;
	int fd = peer_receive_fd(sock);

	ASSERT_OK(zx_hyp_handle_import(fd, &handle));
	ASSERT_EQ(0, close(fd));
	return handle;
}
