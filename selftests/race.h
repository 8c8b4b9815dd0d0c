/* SPDX-License-Identifier: MIT */
/*
 * Two threads that do one thing each at the same moment, again and again, and
 * another process that has the device for itself.
 */
#ifndef SELFTESTS_RACE_H
#define SELFTESTS_RACE_H

#include <stddef.h>
#include <sys/types.h>

#include <zircon/types.h>

#define RACE_LIMIT	30		/* seconds that any wait may take */

/**
 * struct race - what is done in each round
 * @rounds: how many
 * @begin: makes what the round needs; NULL: nothing
 * @left: of the thread that runs the race
 * @right: of the other one
 * @judge: looks at what came of it, when both are done
 *
 * Each round shifts the two against each other a bit more, to either side.
 */
struct race {
	unsigned int rounds;
	void (*begin)(void *ctx);
	void (*left)(void *ctx);
	void (*right)(void *ctx);
	void (*judge)(void *ctx);
};

void race_run(const struct race *race, void *ctx);

/* ---- another process --------------------------------------------------- */

/**
 * struct peer - a process and a socket to it
 * @pid: it
 * @sock: our end
 */
struct peer {
	pid_t pid;
	int sock;
};

/*
 * Forks a process that runs a function with its end of the socket, and then
 * exits. Before the first use of libzx, so that each has a device of its own.
 */
void peer_start(struct peer *peer, void (*fn)(int sock));

/* Expects that it finds everything as it should be, and ends by itself. */
void peer_end(struct peer *peer);

/* Kills it, and waits for its end. */
void peer_kill(struct peer *peer);

/* One word over the socket, either way; what else comes ends the test. */
void peer_say(int sock, char word);
void peer_expect(int sock, char word);

/* A number over the socket. */
void peer_send_value(int sock, unsigned long long value);
unsigned long long peer_receive_value(int sock);

/* A descriptor over the socket; the sender's is closed. */
void peer_send_fd(int sock, int fd);
int peer_receive_fd(int sock);

/* A handle over the socket: the sender's is consumed. */
void peer_send(int sock, zx_handle_t handle);
zx_handle_t peer_receive(int sock);

#endif /* SELFTESTS_RACE_H */
