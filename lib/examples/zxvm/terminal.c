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

/* The guest echoes and edits lines itself. Output stays as it is. */
void terminal_raw(void)
{
	struct termios t;

	if (tcgetattr(STDIN_FILENO, &saved))
		return;
	t = saved;
	cfmakeraw(&t);
	t.c_oflag = saved.c_oflag;
	raw = !tcsetattr(STDIN_FILENO, TCSANOW, &t);
}

void terminal_restore(void)
{
	if (raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
	raw = false;
}

/* What the guest sends. When nobody reads it any more, the guest goes on. */
void terminal_output(uint8_t byte)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };

	while (write(STDOUT_FILENO, &byte, 1) < 0 && (errno == EAGAIN || errno == EINTR))
		poll(&out, 1, -1);
}

/*
 * Takes ctrl-a sequences out of what was typed: ctrl-a x leaves (false), ctrl-a
 * ctrl-a is one ctrl-a. Input that is not a terminal goes through as it is.
 */
bool terminal_filter(uint8_t *data, size_t *len)
{
	static bool escaped;
	size_t in, out = 0;

	for (in = 0; raw && in < *len; in++) {
		if (escaped && data[in] == 'x')
			return false;
		escaped = !escaped && data[in] == ESCAPE;
		if (!escaped)
			data[out++] = data[in];
	}
	if (raw)
		*len = out;
	return true;
}
