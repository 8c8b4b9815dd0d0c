// SPDX-License-Identifier: MIT
/* The host's side of the console: raw mode, output, the key that leaves. */
#include <errno.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include "zxvm.h"

#define ESCAPE	0x01	/* ctrl-a */

static struct termios saved;
static bool raw;

/* The guest's terminal driver does echo and line editing: ours must not. */
void terminal_raw(void)
{
	struct termios t;

	if (tcgetattr(STDIN_FILENO, &saved))
		return;
	t = saved;
	cfmakeraw(&t);
	t.c_oflag = saved.c_oflag;	/* our own messages are plain lines */
	raw = !tcsetattr(STDIN_FILENO, TCSANOW, &t);
}

void terminal_restore(void)
{
	if (raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
	raw = false;
}

/* Writes all of it, also to a pipe that is slow or non-blocking. */
void terminal_write(const void *data, size_t len)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
	const char *p = data;
	ssize_t n;

	while (len) {
		n = write(STDOUT_FILENO, p, len);
		if (n > 0) {
			p += n;
			len -= n;
		} else if (n < 0 && errno == EAGAIN) {
			poll(&out, 1, -1);
		} else if (n < 0 && errno != EINTR) {
			return;	/* nobody reads any more; the guest need not care */
		}
	}
}

/*
 * Takes ctrl-a sequences out of what was typed: ctrl-a x leaves, ctrl-a ctrl-a
 * is one ctrl-a for the guest. What is piped in goes through as it is.
 * Returns false for leaving.
 */
bool terminal_filter(uint8_t *data, size_t *len)
{
	static bool escaped;
	size_t in, out = 0;

	if (!raw)
		return true;
	for (in = 0; in < *len; in++) {
		if (escaped && data[in] == 'x')
			return false;
		if (!escaped && data[in] == ESCAPE) {
			escaped = true;
			continue;
		}
		escaped = false;
		data[out++] = data[in];
	}
	*len = out;
	return true;
}
