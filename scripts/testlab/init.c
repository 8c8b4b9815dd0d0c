// SPDX-License-Identifier: MIT
/*
 * PID 1 of the test machine: loads the modules, runs one program with its
 * streams on virtio ports (or on the console hvc0 when it is interactive),
 * then reports to the host how the program ended and what the kernel thinks.
 *
 * Reads below /zx (all written by initramfs.py):
 *   modules   one path a line, in load order; a line starting with '-' names
 *             the module under test, which is also unloaded at the end
 *   argv, env NUL-terminated words;  cwd: the folder to start in
 *   tty       present: interactive; holds "rows cols"
 *   wire      present: there are no virtio ports, see wire.h
 *   spare     present: programs are not to run on the first CPU
 *
 * The report on port 1 is a sequence of "@NAME LENGTH\n" + LENGTH bytes; the
 * section "end" is the last one, but for a "sync" whenever the host asks.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "wire.h"

#define DEBUG_EXIT_PORT	0xf4
#define MAX_WORDS	1024
#define GRACE_MS	5000	/* for kernel work that ends after the last close */
#define LEAK_AGE_MS	5100	/* kmemleak says nothing of what is younger than 5 s */

enum { PORT_REPORT = 1, PORT_STDIN, PORT_STDOUT, PORT_STDERR };

static int report_fd = -1;
static char tested[64];		/* name of the module under test, or empty */
static char kmsg_buf[8192];

static void put(const char *buf, size_t len)
{
	if (wire_report(buf, len))
		return;
	while (len && report_fd >= 0) {
		ssize_t n = write(report_fd, buf, len);

		if (n <= 0)
			return;
		buf += n;
		len -= n;
	}
}

static void report(const char *name, const char *text, size_t len)
{
	char head[64];

	put(head, snprintf(head, sizeof(head), "@%s %zu\n", name, len));
	put(text, len);
}

static void reportf(const char *name, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	report(name, text, n < (int)sizeof(text) ? n : (int)sizeof(text) - 1);
}

/*
 * A write to a port returns before the host has the bytes, and the exit below
 * is at once. So the host asks ('?') until nothing more comes, then allows ('!').
 */
static void wait_for_host(void)
{
	char c;

	while (report_fd >= 0 && read(report_fd, &c, 1) == 1 && c == '?')
		report("sync", "", 0);
}

/* Ends the machine; never returns, whatever state the kernel is in. */
static void finish(void)
{
	report("end", "", 0);
	wait_for_host();
	wire_off();
	if (!ioperm(DEBUG_EXIT_PORT, 4, 1))
		outl(0, DEBUG_EXIT_PORT);
	reboot(RB_AUTOBOOT);	/* qemu -no-reboot makes an exit of it */
	for (;;)
		pause();
}

static void die(const char *what)
{
	char text[256];

	snprintf(text, sizeof(text), "%s: %s", what, strerror(errno));
	fprintf(stderr, "init: %s\n", text);
	report("fatal", text, strlen(text));
	finish();
}

static void nap_ms(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

/* Reads a whole small file, NUL-terminates it; returns its length or -1. */
static ssize_t slurp(const char *path, char *buf, size_t size)
{
	ssize_t n, have = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	while (have < (ssize_t)size - 1) {
		n = read(fd, buf + have, size - 1 - have);
		if (n <= 0)
			break;
		have += n;
	}
	close(fd);
	buf[have] = 0;
	return have;
}

static void mount_all(void)
{
	mkdir("/dev", 0755);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sys", "/sys", "sysfs", 0, NULL);
	mkdir("/dev/shm", 01777);
	mount("shm", "/dev/shm", "tmpfs", 0, NULL);
	mkdir("/dev/pts", 0755);
	mount("pts", "/dev/pts", "devpts", 0, NULL);
	mount("debug", "/sys/kernel/debug", "debugfs", 0, NULL);
	mount("trace", "/sys/kernel/tracing", "tracefs", 0, NULL);
	symlink("/proc/self/fd", "/dev/fd");
	chmod("/tmp", 01777);
}

/* The name under which the module file PATH will be listed. */
static void module_name(const char *path, char *name, size_t size)
{
	const char *leaf = strrchr(path, '/');
	size_t i;

	leaf = leaf ? leaf + 1 : path;
	for (i = 0; i < size - 1 && leaf[i] && leaf[i] != '.'; i++)
		name[i] = leaf[i] == '-' ? '_' : leaf[i];
	name[i] = 0;
}

static int load_module(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return -1;
	rc = syscall(SYS_finit_module, fd, "", 0);
	if (rc && errno == EEXIST)
		rc = 0;
	close(fd);
	return rc;
}

/* Failures are kept until there is a port to report them on. */
static void load_modules(char *failures, size_t size)
{
	static char list[16384];
	char *line;

	failures[0] = 0;
	if (slurp("/zx/modules", list, sizeof(list)) < 0)
		return;
	for (line = strtok(list, "\n"); line; line = strtok(NULL, "\n")) {
		int under_test = *line == '-';
		size_t have = strlen(failures);

		line += under_test;
		if (load_module(line))
			snprintf(failures + have, size - have, "%s: %s\n", line,
				 strerror(errno));
		else if (under_test)
			module_name(line, tested, sizeof(tested));
	}
}

/* Ports appear when virtio's own work has run, some time after the load. */
static int open_port(int nr, int flags)
{
	char path[32];
	int fd, tries;

	snprintf(path, sizeof(path), "/dev/vport0p%d", nr);
	for (tries = 0; tries < 10000; tries++) {
		fd = open(path, flags | O_CLOEXEC);
		if (fd >= 0)
			return fd;
		nap_ms(1);
	}
	die(path);
	return -1;
}

static char **words(const char *path, char *buf, size_t size)
{
	static char *table[2][MAX_WORDS + 1];
	static int used;
	char **list = table[used++];
	ssize_t len = slurp(path, buf, size), at = 0;
	int n = 0;

	while (at < len && n < MAX_WORDS) {
		list[n++] = buf + at;
		at += strlen(buf + at) + 1;
	}
	return list;
}

static void stdio_on_ports(void)
{
	int in = open_port(PORT_STDIN, O_RDONLY);
	int out = open_port(PORT_STDOUT, O_WRONLY);
	int err = open_port(PORT_STDERR, O_WRONLY);

	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
}

static void stdio_on_console(const char *size)
{
	struct winsize ws = { 24, 80, 0, 0 };
	int fd = open("/dev/hvc0", O_RDWR);

	if (fd < 0)
		die("/dev/hvc0");
	sscanf(size, "%hu %hu", &ws.ws_row, &ws.ws_col);
	ioctl(fd, TIOCSCTTY, 1);
	ioctl(fd, TIOCSWINSZ, &ws);
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	if (fd > 2)
		close(fd);
}

static void start_program(void)
{
	static char argv_buf[65536], env_buf[65536];
	char **argv = words("/zx/argv", argv_buf, sizeof(argv_buf));
	char **env = words("/zx/env", env_buf, sizeof(env_buf));
	char cwd[4096], exe[4096], tty[64];

	setsid();
	if (wire_child())
		;	/* has them already */
	else if (slurp("/zx/tty", tty, sizeof(tty)) >= 0)
		stdio_on_console(tty);
	else
		stdio_on_ports();
	if (slurp("/zx/cwd", cwd, sizeof(cwd)) > 0 && chdir(cwd))
		perror(cwd);
	slurp("/zx/exe", exe, sizeof(exe));
	execve(exe, argv, env);
	perror(exe);
	_exit(127);
}

/* Those that we start inherit it. Why, see emulated_cpus() in machine.py. */
static void leave_first_cpu(void)
{
	cpu_set_t set;

	if (access("/zx/spare", F_OK) || sched_getaffinity(0, sizeof(set), &set))
		return;
	CPU_CLR(0, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity");
}

/*
 * With two CPUs: a VM of plain KVM that is there all the time. KVM patches the
 * kernel's scheduler for its first VM and after its last, and itself for those
 * without a local APIC. QEMU sometimes goes on seeing the breakpoint by which
 * the kernel patches code that two CPUs execute; then both hit it for ever.
 */
static void keep_kvm_patched(void)
{
	int kvm, vm;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		return;
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm >= 0)
		ioctl(vm, KVM_CREATE_VCPU, 0);
}

/* Runs the program; what it left behind is killed and reaped as well. */
static int run_program(void)
{
	int status = 0, other;
	char tty[64];
	pid_t pid;

	leave_first_cpu();
	keep_kvm_patched();
	wire_streams(slurp("/zx/tty", tty, sizeof(tty)) < 0 ? NULL : tty);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid)
		start_program();
	wire_relay(pid);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	kill(-1, SIGKILL);
	while (waitpid(-1, &other, __WALL) > 0 || errno == EINTR)
		;
	wire_drain();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Non-zero live-object counts of the module, as "name count" lines. */
static void live_objects(char *live, size_t size)
{
	char path[128], text[4096], *line;

	live[0] = 0;
	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/objects", tested);
	if (slurp(path, text, sizeof(text)) < 0) {
		snprintf(live, size, "missing");
		return;
	}
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		const char *count = strrchr(line, ' ');
		size_t have = strlen(live);

		if (!count || strcmp(count + 1, "0"))
			snprintf(live + have, size - have, "%s\n", line);
	}
}

/* The module has GRACE_MS to let go of everything, then it is unloaded. */
static void unload_tested(void)
{
	char path[128], refs[32] = "", live[4096] = "";
	int waited, rc = -1;

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", tested);
	for (waited = 0; waited < GRACE_MS; waited++) {
		slurp(path, refs, sizeof(refs));
		live_objects(live, sizeof(live));
		if (atoi(refs) == 0 && (!*live || !strcmp(live, "missing")))
			break;
		nap_ms(1);
	}
	reportf("refcnt", "%d", atoi(refs));
	report("objects", live, strlen(live));
	rc = syscall(SYS_delete_module, tested, O_NONBLOCK);
	reportf("unload", "%s", rc ? strerror(errno) : "ok");
}

/* The whole log since boot; one record a read, see Documentation/ABI/testing/dev-kmsg. */
static void report_log(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t n;

	if (fd < 0) {
		reportf("fatal", "/dev/kmsg: %s", strerror(errno));
		return;
	}
	for (;;) {
		n = read(fd, kmsg_buf, sizeof(kmsg_buf));
		if (n > 0)
			report("kmsg", kmsg_buf, n);
		else if (n < 0 && errno == EPIPE)
			reportf("kmsg-lost", "records were overwritten");
		else
			break;
	}
	close(fd);
}

/* Writes WORD to a file of debugfs that only some kernels have. */
static int tell(const char *leaf, const char *word)
{
	char path[128];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s", leaf);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = write(fd, word, strlen(word));
	close(fd);
	return n < 0 ? -1 : 0;
}

/*
 * Leaks are looked for at the end, when everything is unloaded, and not every ten
 * minutes; faults on purpose leave no traces in the log, where they would look like bugs.
 */
static void quieten_watchers(void)
{
	tell("kmemleak", "scan=off");
	tell("failslab/verbose", "0");
	tell("fail_page_alloc/verbose", "0");
	tell("fail_usercopy/verbose", "0");
}

/* kmemleak gives up when it runs out of memory itself: then nothing is known. */
static void report_kmemleak(void)
{
	static char text[65536];
	int i;

	if (access("/sys/kernel/debug/kmemleak", F_OK))
		return;
	nap_ms(LEAK_AGE_MS);
	for (i = 0; i < 2; i++)		/* a leak shows in the second scan */
		if (tell("kmemleak", "scan"))
			reportf("kmemleak-off", "%s", strerror(errno));
	slurp("/sys/kernel/debug/kmemleak", text, sizeof(text));
	report("kmemleak", text, strlen(text));
}

int main(void)
{
	char failures[4096], taint[32] = "";
	int status;

	mount_all();
	quieten_watchers();
	load_modules(failures, sizeof(failures));
	if (!wire_open())
		report_fd = open_port(PORT_REPORT, O_RDWR);
	report("load", failures, strlen(failures));
	if (!*failures) {
		status = run_program();
		reportf("status", "%d", status);
	}
	if (*tested) {
		unload_tested();
		report_kmemleak();
	}
	slurp("/proc/sys/kernel/tainted", taint, sizeof(taint));
	report("taint", taint, strlen(taint));
	report_log();
	finish();
}
