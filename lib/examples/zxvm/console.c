// SPDX-License-Identifier: MIT
/* The guest's console on the host's terminal: raw mode, input, the way out. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "zxvm.h"

#define ESCAPE	0x01	/* ctrl-a: with x leaves, with itself is one ctrl-a */

static struct {
	uint8_t data[4096];	/* came from stdin, and the guest has not taken it yet */
	size_t len;
	bool terminal, escaped, ended;
} input;

/* What the guest sends. When nobody reads it any more, the guest goes on. */
void console_output(uint8_t byte)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };

	while (write(STDOUT_FILENO, &byte, 1) < 0 && (errno == EAGAIN || errno == EINTR))
		poll(&out, 1, -1);
}

/* Reads what there is. Returns false when the user leaves. */
static bool read_input(void)
{
	uint8_t buf[256];
	ssize_t i, n = read(STDIN_FILENO, buf, sizeof(buf));

	input.ended = n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN);
	for (i = 0; i < n; i++) {
		if (input.escaped && buf[i] == 'x')
			return false;
		input.escaped = input.terminal && !input.escaped && buf[i] == ESCAPE;
		if (!input.escaped && input.len < sizeof(input.data))
			input.data[input.len++] = buf[i];
	}
	return true;
}

static void feed_guest(struct vm *vm)
{
	size_t n;

	pthread_mutex_lock(&vm->lock);
	n = uart_room(&vm->uart) < input.len ? uart_room(&vm->uart) : input.len;
	if (n)
		uart_receive(&vm->uart, input.data, n);
	input.len -= n;
	memmove(input.data, input.data + n, input.len);
	vm->uart.input_waits = input.len > 0;
	pthread_mutex_unlock(&vm->lock);
}

static void wait_for_end(struct vm *vm, int signals)
{
	struct pollfd fds[] = { { vm->stop_event, POLLIN, 0 }, { signals, POLLIN, 0 },
				{ vm->room_event, POLLIN, 0 }, { -1, POLLIN, 0 } };
	eventfd_t count;

	while (!vm_stopping(vm)) {
		/* A full buffer holds up a pipe; a terminal must still hear ctrl-a x. */
		fds[3].fd = input.ended || (!input.terminal && input.len > 2048) ?
			    -1 : STDIN_FILENO;
		if (poll(fds, 4, -1) < 0)
			continue;
		if (fds[1].revents || (fds[3].revents && !read_input()))
			vm_stop(vm, ZXVM_STOPPED);
		if (fds[2].revents)
			eventfd_read(vm->room_event, &count);
		feed_guest(vm);
	}
}

/* Signals that would end the program are read from a file; vCPU threads inherit the mask. */
int console_take_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Runs in the main thread until the machine stops. The guest echoes and edits lines itself. */
void console_run(struct vm *vm, int signals)
{
	struct termios saved, t;

	input.terminal = !tcgetattr(STDIN_FILENO, &saved);
	if (input.terminal) {
		t = saved;
		cfmakeraw(&t);
		t.c_oflag = saved.c_oflag;
		tcsetattr(STDIN_FILENO, TCSANOW, &t);
	}
	wait_for_end(vm, signals);
	vcpu_stop_all(vm);
	if (input.terminal)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
}
