// SPDX-License-Identifier: MIT
/* zxvm: boots a Linux kernel in a guest, with this terminal as its console. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
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

/* Options by their letters, with what they are when they are not given. */
static const char *given[128] = { ['a'] = "console=ttyS0", ['m'] = "256M", ['c'] = "1" };

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

static void parse_options(int argc, char **argv)
{
	static const struct option table[] = {
		{ "kernel", 1, NULL, 'k' }, { "initrd", 1, NULL, 'i' }, { "append", 1, NULL, 'a' },
		{ "mem", 1, NULL, 'm' }, { "cpus", 1, NULL, 'c' }, { "stats", 0, NULL, 's' },
		{ "help", 0, NULL, 'h' }, { 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c == 'h')
			exit(fputs(usage, stdout) < 0);
		if (c == '?')
			exit(ZXVM_USAGE);	/* getopt has said why */
		given[c] = optarg ? optarg : "";
	}
	if (optind < argc)
		die(ZXVM_USAGE, "unexpected argument '%s'", argv[optind]);
	if (!given['k'])
		die(ZXVM_USAGE, "no kernel given: use --kernel FILE");
}

int main(int argc, char **argv)
{
	struct boot_image image = { 0 };
	static struct vm vm;
	zx_status_t status;
	uint64_t mem, cpus;
	int signals;

	parse_options(argc, argv);
	mem = parse(given['m'], "M", MAX_MEM >> 20) << 20 | parse(given['m'], "G", 3) << 30;
	if (!mem)
		die(ZXVM_USAGE, "bad --mem value '%s': give a size such as 256M or 1G, at most 3G",
		    given['m']);
	cpus = parse(given['c'], "", MAX_CPUS);
	if (!cpus)
		die(ZXVM_USAGE, "bad --cpus value '%s': give a number from 1 to 32", given['c']);
	boot_open(&image, given['k'], given['i'], given['a'], mem);
	vm_init(&vm, mem, cpus);
	signals = console_take_signals();
	status = vcpu_start(&vm, 0, boot_load(&vm, &image));
	if (status != ZX_OK)
		die(ZXVM_FAILED, "cannot start the first vCPU: %s", zx_status_get_string(status));
	console_run(&vm, signals);
	if (given['s'])
		vm_print_stats(&vm);
	vm_close(&vm);
	return vm.exit_status;
}
