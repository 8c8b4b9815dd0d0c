// SPDX-License-Identifier: MIT
/* zxvm: boots a Linux kernel in a guest, with this terminal as its console. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <zircon/status.h>

#include "zxvm.h"

static const char usage[] =
	"usage: zxvm --kernel BZIMAGE [OPTION...]\n\n"
	"Boots an unmodified 64-bit Linux kernel in a guest on /dev/zx_hyp.\n\n"
	"  --kernel FILE   the kernel, a bzImage\n"
	"  --initrd FILE   its initramfs\n"
	"  --append TEXT   its command line (default: \"console=ttyS0\")\n"
	"  --mem SIZE      guest memory, such as 256M (the default) or 1G, at most 3G\n"
	"  --cpus N        vCPUs, 1 (the default) to 32\n"
	"  --stats         at the end, say what made the guest exit\n\n"
	"On a terminal ctrl-a x leaves and ctrl-a ctrl-a sends ctrl-a.\n\n"
	"Exit status: 0 the guest powered off, 1 something failed, 2 bad usage,\n"
	"3 the guest reset itself, 4 stopped by ctrl-a x or a signal.\n";

struct options {
	const char *kernel, *initrd, *append;
	uint64_t mem, cpus;
	bool stats;
};

void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("zxvm: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

/* A number from 1 to @max with nothing but @suffix behind it; else 0. */
static uint64_t parse(const char *text, const char *suffix, uint64_t max)
{
	ull n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	return text[0] < '0' || text[0] > '9' || errno || strcmp(end, suffix) || n > max ? 0 : n;
}

static struct options parse_options(int argc, char **argv)
{
	static const struct option table[] = {
		{ "kernel", 1, NULL, 'k' }, { "initrd", 1, NULL, 'i' }, { "append", 1, NULL, 'a' },
		{ "mem", 1, NULL, 'm' }, { "cpus", 1, NULL, 'c' }, { "stats", 0, NULL, 's' },
		{ "help", 0, NULL, 'h' }, { 0 },
	};
	const char *given[128] = { ['a'] = "console=ttyS0", ['m'] = "256M", ['c'] = "1" };
	struct options o;
	int c;

	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c == 'h')
			exit(fputs(usage, stdout) < 0);
		if (c == '?')
			exit(ZXVM_USAGE);	/* getopt has said why */
		given[c] = optarg ? optarg : "";
	}
	o = (struct options){ given['k'], given['i'], given['a'],
			      parse(given['m'], "M", MAX_MEM >> 20) << 20 |
			      parse(given['m'], "G", MAX_MEM >> 30) << 30,
			      parse(given['c'], "", MAX_CPUS), given['s'] };
	if (optind < argc)
		die(ZXVM_USAGE, "unexpected argument '%s'", argv[optind]);
	if (!o.kernel)
		die(ZXVM_USAGE, "no kernel given: use --kernel FILE");
	if (!o.mem)
		die(ZXVM_USAGE, "bad --mem value '%s': give a size such as 256M or 1G, at most 3G",
		    given['m']);
	if (!o.cpus)
		die(ZXVM_USAGE, "bad --cpus value '%s': give a number from 1 to %d", given['c'],
		    MAX_CPUS);
	return o;
}

/* What came from stdin and the guest has not taken yet. */
static struct {
	uint8_t data[4096];
	size_t len;
	bool ended;
} input;

/* Reads what there is. Returns false when the user leaves. */
static bool read_input(void)
{
	uint8_t buf[256];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));
	size_t len = n > 0 ? n : 0;

	input.ended = n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN);
	if (!terminal_filter(buf, &len))
		return false;
	if (len > sizeof(input.data) - input.len)	/* only at a terminal */
		len = sizeof(input.data) - input.len;
	memcpy(input.data + input.len, buf, len);
	input.len += len;
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

/* The main thread's work until the machine stops. */
static void console_loop(struct vm *vm, int signals)
{
	struct pollfd fds[] = {
		{ .fd = vm->stop_event, .events = POLLIN }, { .fd = signals, .events = POLLIN },
		{ .fd = vm->room_event, .events = POLLIN }, { .events = POLLIN },
	};
	bool terminal = isatty(STDIN_FILENO);
	eventfd_t count;

	while (!vm_stopping(vm)) {
		/* A full buffer holds up a pipe; a terminal must still hear ctrl-a x. */
		fds[3].fd = input.ended || (!terminal && input.len > sizeof(input.data) / 2) ?
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

/* Signals that end the program are read from a file, by the main thread. */
static int take_signals(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	unsigned int i;
	sigset_t set;

	sigemptyset(&set);
	for (i = 0; i < 4; i++)
		sigaddset(&set, ends[i]);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

int main(int argc, char **argv)
{
	struct options o = parse_options(argc, argv);
	struct boot_image image = { 0 };
	static struct vm vm;
	zx_status_t status;
	int signals;

	boot_open(&image, o.kernel, o.initrd, o.append, o.mem);
	vm_init(&vm, o.mem, o.cpus);
	signals = take_signals();
	terminal_raw();
	status = vcpu_start(&vm, 0, boot_load(&vm, &image));
	if (status == ZX_OK) {
		console_loop(&vm, signals);
	} else {
		complain("cannot start the first vCPU: %s", zx_status_get_string(status));
		vm_stop(&vm, ZXVM_FAILED);
	}
	vcpu_stop_all(&vm);
	terminal_restore();
	if (o.stats)
		vm_print_stats(&vm);
	vm_close(&vm);
	return vm.exit_status;
}
