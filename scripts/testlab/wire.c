// SPDX-License-Identifier: MIT
/*
 * Everything to the host is a frame: 0 'Z' 'X', a channel, the length in two bytes
 * (low one first), the data. A byte written to port 0xe9 is with the host before
 * the next instruction, so nothing is ever left in a queue.
 *
 * From the host come the program's input bytes: 0xff 0xff stands for 0xff,
 * 0xff 0x00 for the end of the input. The line's FIFO holds 16 bytes and drops what
 * comes on top, so the host sends no more bytes than it was granted.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "wire.h"

#define DATA_PORT	0xe9
#define OFF_PORT	0x8900
#define FRAME_MAX	4096
#define FIFO		16
#define ESCAPE		0xff

/* As bochs.py's CHANNELS. */
enum { REPORT = 1, STDOUT, STDERR, TTY, GRANT };

struct stream {
	int fd;		/* our end, or -1 */
	int theirs;	/* the program's end, or -1 */
	int channel;
};

static bool wired;
static struct stream out = { -1, -1, STDOUT };	/* or the terminal, both ways */
static struct stream err = { -1, -1, STDERR };
static struct stream in = { -1, -1, 0 };
static int line = -1;
static char pending[FIFO];	/* input that the program has not taken yet */
static size_t pending_len;
static size_t taken;		/* bytes of the line that pending stands for */
static bool escaped;
static bool input_ended;

/* glibc's outsb() does not tell the compiler that it reads memory. */
static void port_write(unsigned short port, const char *data, size_t len)
{
	asm volatile("rep outsb" : "+S"(data), "+c"(len) : "d"(port) : "memory");
}

static void frame(int channel, const char *data, size_t len)
{
	while (len) {
		size_t n = len < FRAME_MAX ? len : FRAME_MAX;
		char head[] = { 0, 'Z', 'X', channel, n & 0xff, n >> 8 };

		port_write(DATA_PORT, head, sizeof(head));
		port_write(DATA_PORT, data, n);
		data += n;
		len -= n;
	}
}

static void grant(size_t bytes)
{
	char n = bytes;

	frame(GRANT, &n, 1);
}

bool wire_open(void)
{
	wired = !access("/zx/wire", F_OK) && !ioperm(DATA_PORT, 1, 1);
	return wired;
}

bool wire_report(const char *data, size_t len)
{
	if (wired)
		frame(REPORT, data, len);
	return wired;
}

/*
 * Bochs's time-out for a FIFO that is not full enough to interrupt also goes off when
 * it has been emptied meanwhile; Linux then reads the last byte again. So each byte
 * interrupts.
 */
static void no_fifo_timeout(void)
{
	int fd = open("/sys/class/tty/ttyS1/rx_trig_bytes", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1", 1) != 1)
		perror("rx_trig_bytes");
	close(fd);
}

static void open_line(void)
{
	struct termios raw;

	no_fifo_timeout();
	line = open("/dev/ttyS1", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (line < 0 || tcgetattr(line, &raw))
		return;
	cfmakeraw(&raw);
	raw.c_cflag |= CLOCAL | CREAD;
	cfsetspeed(&raw, B115200);
	tcsetattr(line, TCSANOW, &raw);
	tcflush(line, TCIFLUSH);
	grant(FIFO);
}

static void open_terminal(const char *size)
{
	struct winsize ws = { 24, 80, 0, 0 };
	int unlock = 0;

	out.fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (out.fd < 0 || ioctl(out.fd, TIOCSPTLCK, &unlock))
		return;
	sscanf(size, "%hu %hu", &ws.ws_row, &ws.ws_col);
	ioctl(out.fd, TIOCSWINSZ, &ws);
	out.theirs = ioctl(out.fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	out.channel = TTY;
	in.fd = out.fd;
}

static void open_pipe(struct stream *s, bool to_program)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return;
	s->fd = ends[to_program];
	s->theirs = ends[!to_program];
	fcntl(s->fd, F_SETFL, O_NONBLOCK);
}

void wire_streams(const char *size)
{
	if (!wired)
		return;
	if (size) {
		open_terminal(size);
	} else {
		open_pipe(&out, false);
		open_pipe(&err, false);
		open_pipe(&in, true);
	}
	open_line();
}

bool wire_child(void)
{
	if (!wired)
		return false;
	if (out.channel == TTY)
		ioctl(out.theirs, TIOCSCTTY, 1);
	dup2(in.theirs >= 0 ? in.theirs : out.theirs, 0);
	dup2(out.theirs, 1);
	dup2(err.theirs >= 0 ? err.theirs : out.theirs, 2);
	return true;
}

/* Passes on what there is; returns false at the stream's end. */
static bool pass_output(struct stream *s)
{
	char buf[FRAME_MAX];
	ssize_t n = read(s->fd, buf, sizeof(buf));

	if (n > 0)
		frame(s->channel, buf, n);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static void take_input(void)
{
	unsigned char buf[FIFO];
	ssize_t i, n = read(line, buf, sizeof(buf));

	for (i = 0; i < n; i++) {
		if (escaped && !buf[i])
			input_ended = true;
		else if (escaped || buf[i] != ESCAPE)
			pending[pending_len++] = buf[i];
		escaped = !escaped && buf[i] == ESCAPE;
	}
	if (n > 0)
		taken += n;
}

static void close_input(void)
{
	if (in.fd >= 0 && in.fd != out.fd)
		close(in.fd);
	in.fd = -1;
}

static void give_input(void)
{
	ssize_t n = pending_len ? write(in.fd, pending, pending_len) : 0;

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		close_input();	/* nobody reads it */
		return;
	}
	if (n > 0) {
		pending_len -= n;
		memmove(pending, pending + n, pending_len);
	}
	if (pending_len)
		return;
	if (taken)
		grant(taken);
	taken = 0;
	if (input_ended)
		close_input();
}

void wire_relay(pid_t pid)
{
	int ended = wired ? syscall(SYS_pidfd_open, pid, 0) : -1;

	if (ended < 0)
		return;
	close(out.theirs);
	close(err.theirs);
	close(in.theirs);
	for (;;) {
		struct pollfd p[] = {
			{ ended, POLLIN, 0 },
			{ out.fd, POLLIN, 0 },
			{ err.fd, POLLIN, 0 },
			{ in.fd >= 0 && !pending_len ? line : -1, POLLIN, 0 },
			{ pending_len ? in.fd : -1, POLLOUT, 0 },
		};

		if (poll(p, sizeof(p) / sizeof(p[0]), -1) < 0 && errno != EINTR)
			break;
		if (p[1].revents && !pass_output(&out))
			out.fd = -1;
		if (p[2].revents && !pass_output(&err))
			err.fd = -1;
		if (p[3].revents)
			take_input();
		if (p[3].revents || p[4].revents)
			give_input();
		if (p[0].revents)
			break;
	}
	close(ended);
}

void wire_drain(void)
{
	struct stream *const streams[] = { &out, &err };
	size_t i;

	for (i = 0; wired && i < 2; i++) {
		struct pollfd p = { streams[i]->fd, POLLIN, 0 };

		while (p.fd >= 0 && poll(&p, 1, 1000) > 0 && pass_output(streams[i]))
			;
	}
}

void wire_off(void)
{
	if (wired && !ioperm(OFF_PORT, 1, 1))
		port_write(OFF_PORT, "Shutdown", 8);
}
