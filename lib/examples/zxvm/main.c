// SPDX-License-Identifier: MIT
/* zxvm: boots a Linux kernel in a guest, with this terminal as its console. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <zircon/status.h>

#include "boot.h"
#include "zxvm.h"

static const char usage[] =
	"usage: zxvm --kernel BZIMAGE [OPTION...]\n"
	"\n"
	"Boots an unmodified 64-bit Linux kernel in a guest on /dev/zx_hyp.\n"
	"\n"
	"  --kernel FILE   the kernel, a bzImage\n"
	"  --initrd FILE   its initramfs\n"
	"  --append TEXT   its command line (default: \"console=ttyS0\")\n"
	"  --mem SIZE      guest memory, such as 256M or 1G (default: 256M, at most 3G)\n"
	"  --cpus N        vCPUs, 1 to 32 (default: 1)\n"
	"  --stats         at the end, say what made the guest exit\n"
	"  --marker TEXT   with --stats, say when the guest's console showed TEXT\n"
	"\n"
	"On a terminal ctrl-a x leaves and ctrl-a ctrl-a sends ctrl-a.\n"
	"\n"
	"Exit status: 0 the guest powered off, 1 something failed, 2 bad usage,\n"
	"3 the guest reset itself, 4 stopped by ctrl-a x or a signal.\n";

struct options {
	const char *kernel, *initrd, *append, *marker;
	uint64_t mem;
	unsigned int cpus;
	bool stats, help;
};

/* A number with M or G behind it; 0 for anything else. */
static uint64_t parse_size(const char *text)
{
	unsigned long long n;
	unsigned int shift;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return 0;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || n > ZXVM_MAX_MEM || (*end != 'M' && *end != 'G') || end[1])
		return 0;
	shift = *end == 'M' ? 20 : 30;
	return n <= ZXVM_MAX_MEM >> shift ? n << shift : 0;
}

static unsigned int parse_cpus(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	return text[0] >= '0' && text[0] <= '9' && !*end && n <= ZXVM_MAX_CPUS ? n : 0;
}

/* Returns 0, or -1 after a message. */
static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option table[] = {
		{ "kernel", required_argument, NULL, 'k' },
		{ "initrd", required_argument, NULL, 'i' },
		{ "append", required_argument, NULL, 'a' },
		{ "mem", required_argument, NULL, 'm' },
		{ "cpus", required_argument, NULL, 'c' },
		{ "stats", no_argument, NULL, 's' },
		{ "marker", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		switch (c) {
		case 'k': o->kernel = optarg; break;
		case 'i': o->initrd = optarg; break;
		case 'a': o->append = optarg; break;
		case 's': o->stats = true; break;
		case 't': o->marker = optarg; break;
		case 'h': o->help = true; break;
		case 'm':
			o->mem = parse_size(optarg);
			if (o->mem)
				break;
			complain("bad --mem value '%s': give a size such as 256M or 1G, at most 3G",
				 optarg);
			return -1;
		case 'c':
			o->cpus = parse_cpus(optarg);
			if (o->cpus)
				break;
			complain("bad --cpus value '%s': give a number from 1 to %u", optarg,
				 ZXVM_MAX_CPUS);
			return -1;
		default:
			return -1;	/* getopt has said why */
		}
	}
	if (optind < argc)
		complain("unexpected argument '%s'", argv[optind]);
	else if (!o->kernel && !o->help)
		complain("no kernel given: use --kernel FILE");
	return optind < argc || (!o->kernel && !o->help) ? -1 : 0;
}

/* What was typed and the guest has not taken yet. */
struct input {
	uint8_t data[4096];
	size_t len;
	bool terminal, ended;
};

/* Reads what there is. Returns false when the user leaves. */
static bool read_input(struct input *in)
{
	uint8_t buf[256];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));
	size_t len = n > 0 ? n : 0;

	if (!n || (n < 0 && errno != EINTR && errno != EAGAIN))
		in->ended = true;
	if (!terminal_filter(buf, &len))
		return false;
	if (len > sizeof(in->data) - in->len)
		len = sizeof(in->data) - in->len;	/* only of a terminal */
	memcpy(in->data + in->len, buf, len);
	in->len += len;
	return true;
}

static void feed_guest(struct vm *vm, struct input *in)
{
	size_t n;

	pthread_mutex_lock(&vm->lock);
	n = uart_room(&vm->uart);
	if (n > in->len)
		n = in->len;
	if (n)
		uart_receive(&vm->uart, in->data, n);
	in->len -= n;
	memmove(in->data, in->data + n, in->len);
	vm->uart.input_waits = in->len > 0;
	pthread_mutex_unlock(&vm->lock);
}

/* The main thread's work until the machine stops. */
static void console_loop(struct vm *vm, int signals)
{
	static struct input in;
	struct pollfd fds[] = {
		{ .fd = vm->stop_event, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
		{ .fd = vm->room_event, .events = POLLIN },
		{ .events = POLLIN },
	};
	eventfd_t count;

	in.terminal = isatty(STDIN_FILENO);
	while (!vm_stopping(vm)) {
		/* A full buffer stops a pipe; a terminal must still hear ctrl-a x. */
		fds[3].fd = in.ended || (!in.terminal && in.len > sizeof(in.data) / 2) ?
			    -1 : STDIN_FILENO;
		if (poll(fds, sizeof(fds) / sizeof(fds[0]), -1) < 0 && errno != EINTR)
			vm_stop(vm, ZXVM_FAILED);
		if (fds[1].revents)
			vm_stop(vm, ZXVM_STOPPED);
		if (fds[2].revents)
			eventfd_read(vm->room_event, &count);
		if (fds[3].fd >= 0 && fds[3].revents && !read_input(&in))
			vm_stop(vm, ZXVM_STOPPED);
		feed_guest(vm, &in);
	}
}

/* Signals that end the program are read from a file, in the main thread only. */
static int take_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static void run(struct vm *vm, const struct boot_image *image)
{
	int signals = take_signals();
	zx_status_t status;

	terminal_raw();
	status = vcpu_start(vm, 0, boot_load(vm, image));
	if (status == ZX_OK) {
		console_loop(vm, signals);
	} else {
		complain("the first vCPU cannot be started: %s", zx_status_get_string(status));
		vm_stop(vm, ZXVM_FAILED);
	}
	vcpu_stop_all(vm);
	terminal_restore();
	close(signals);
}

int main(int argc, char **argv)
{
	struct options o = { .append = "console=ttyS0", .mem = 256u << 20, .cpus = 1 };
	static struct vm vm;
	struct boot_image image;

	if (parse_options(argc, argv, &o))
		return ZXVM_USAGE;
	if (o.help) {
		fputs(usage, stdout);
		return 0;
	}
	if (boot_open(&image, o.kernel, o.initrd, o.append, o.mem))
		return ZXVM_FAILED;
	vm.marker = o.marker;
	if (!vm_init(&vm, o.mem, o.cpus))
		run(&vm, &image);
	if (o.stats)
		vm_print_stats(&vm);
	vm_close(&vm);
	boot_close(&image);
	return vm.exit_status;
}
