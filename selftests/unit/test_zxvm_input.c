// SPDX-License-Identifier: MIT
/*
 * zxvm and what it cannot boot: one sentence, nothing else, and an exit status.
 * All of it is found out before the device is opened: these tests need none.
 */
#include <asm/bootparam.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#define FAILED 1
#define USAGE 2

#define HEADER_OFFSET 0x1f1
#define SETUP_SIZE 1024		/* one sector of setup and the first one */
#define CODE_SIZE 4096
#define MIB (1u << 20)

/* A kernel that zxvm would load, but for what a test does to it. */
static struct {
	uint8_t bytes[SETUP_SIZE + CODE_SIZE];
	struct setup_header *hdr;
	size_t size;
} kernel;

static char folder[] = "/tmp/zxvm_input.XXXXXX";
static char kernel_path[PATH_MAX], initrd_path[PATH_MAX], output[4096];

static void make_kernel(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(kernel_path, sizeof(kernel_path), "%s/kernel", folder);
	snprintf(initrd_path, sizeof(initrd_path), "%s/initrd", folder);
	kernel.hdr = (struct setup_header *)(kernel.bytes + HEADER_OFFSET);
	kernel.size = sizeof(kernel.bytes);
	kernel.hdr->setup_sects = 1;
	kernel.hdr->syssize = CODE_SIZE / 16;
	kernel.hdr->boot_flag = 0xaa55;
	kernel.hdr->header = 0x53726448;
	kernel.hdr->version = 0x020f;
	kernel.hdr->loadflags = LOADED_HIGH;
	kernel.hdr->xloadflags = XLF_KERNEL_64;
	kernel.hdr->cmdline_size = 64;
	kernel.hdr->initrd_addr_max = 0x7fffffff;
	kernel.hdr->pref_address = 16 * MIB;
	kernel.hdr->init_size = 16 * MIB;
}

static void write_file(const char *path, const void *data, size_t size)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(data, 1, size, f), size);
	ck_assert_int_eq(fclose(f), 0);
}

/* Runs the zxvm of this build; returns its status; what it says is in output. */
static int zxvm(const char *const *argv)
{
	char self[PATH_MAX] = "", path[PATH_MAX + 32];
	size_t len = 0;
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	ck_assert_int_gt(readlink("/proc/self/exe", self, sizeof(self) - 1), 0);
	snprintf(path, sizeof(path), "%s/../../lib/zxvm", dirname(self));
	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		dup2(fds[1], STDERR_FILENO);
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		execv(path, (char *const *)argv);
		_exit(127);
	}
	close(fds[1]);
	while ((n = read(fds[0], output + len, sizeof(output) - 1 - len)) > 0)
		len += n;
	output[len] = 0;
	close(fds[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#define ZXVM(...) zxvm((const char *const[]){ "zxvm", __VA_ARGS__, NULL })

/* One line that says @what, and the status. */
static void says(int status, int wanted, const char *what)
{
	ck_assert_msg(status == wanted, "status %d: %s", status, output);
	ck_assert_msg(strstr(output, what) != NULL, "said: %s", output);
	ck_assert_msg(strchr(output, '\n') == output + strlen(output) - 1, "said: %s", output);
}

static int boot(void)
{
	write_file(kernel_path, kernel.bytes, kernel.size);
	return ZXVM("--kernel", kernel_path);
}

static void clean(void)
{
	unlink(kernel_path);
	unlink(initrd_path);
	rmdir(folder);
}

START_TEST(no_kernel_option)
{
	says(ZXVM("--mem", "256M"), USAGE, "no kernel given");
}
END_TEST

START_TEST(unknown_option)
{
	says(ZXVM("--kernels"), USAGE, "--kernels");
}
END_TEST

START_TEST(stray_argument)
{
	says(ZXVM("--kernel", "x", "y"), USAGE, "unexpected argument 'y'");
}
END_TEST

START_TEST(bad_memory_sizes)
{
	static const char *const bad[] = { "", "0M", "256", "-1M", "256K", "4G", "1Gx", "M",
					   "99999999999999999999M" };
	size_t i;

	for (i = 0; i < UNIT_COUNT(bad); i++)
		says(ZXVM("--kernel", "x", "--mem", bad[i]), USAGE, "bad --mem value");
}
END_TEST

START_TEST(bad_numbers_of_cpus)
{
	static const char *const bad[] = { "", "0", "33", "-1", "1x" };
	size_t i;

	for (i = 0; i < UNIT_COUNT(bad); i++)
		says(ZXVM("--kernel", "x", "--cpus", bad[i]), USAGE, "bad --cpus value");
}
END_TEST

START_TEST(missing_kernel)
{
	make_kernel();
	says(ZXVM("--kernel", kernel_path), FAILED, "No such file or directory");
	clean();
}
END_TEST

START_TEST(folder_as_kernel)
{
	make_kernel();
	says(ZXVM("--kernel", folder), FAILED, "not a regular file");
	clean();
}
END_TEST

START_TEST(empty_kernel)
{
	make_kernel();
	kernel.size = 0;
	says(boot(), FAILED, "empty");
	clean();
}
END_TEST

START_TEST(kernel_shorter_than_its_header)
{
	make_kernel();
	kernel.size = HEADER_OFFSET + 16;
	says(boot(), FAILED, "too short");
	clean();
}
END_TEST

START_TEST(kernel_without_the_magic)
{
	make_kernel();
	kernel.hdr->header = 0;
	says(boot(), FAILED, "not a Linux bzImage");
	clean();
}
END_TEST

START_TEST(kernel_cut_short)
{
	make_kernel();
	kernel.size -= 1;
	says(boot(), FAILED, "truncated");
	clean();
}
END_TEST

START_TEST(kernel_whose_setup_exceeds_the_file)
{
	make_kernel();
	kernel.hdr->setup_sects = 255;
	says(boot(), FAILED, "truncated");
	clean();
}
END_TEST

START_TEST(kernel_whose_code_size_is_absurd)
{
	make_kernel();
	kernel.hdr->syssize = 0xffffffff;
	says(boot(), FAILED, "truncated");
	kernel.hdr->syssize = 0;
	says(boot(), FAILED, "truncated");
	clean();
}
END_TEST

START_TEST(kernel_of_an_old_protocol)
{
	make_kernel();
	kernel.hdr->version = 0x020b;
	says(boot(), FAILED, "too old");
	clean();
}
END_TEST

START_TEST(kernel_without_a_64_bit_entry)
{
	make_kernel();
	kernel.hdr->xloadflags = 0;
	says(boot(), FAILED, "no 64-bit entry");
	clean();
}
END_TEST

START_TEST(kernel_that_wants_to_lie_on_the_boot_parameters)
{
	make_kernel();
	kernel.hdr->pref_address = 0x7000;
	says(boot(), FAILED, "cannot be loaded");
	clean();
}
END_TEST

START_TEST(command_line_longer_than_the_kernel_takes)
{
	char text[66];

	make_kernel();
	memset(text, 'x', sizeof(text) - 1);
	text[65] = 0;
	write_file(kernel_path, kernel.bytes, kernel.size);
	says(ZXVM("--kernel", kernel_path, "--append", text), FAILED, "no more than 64 bytes");
	clean();
}
END_TEST

START_TEST(missing_initramfs)
{
	make_kernel();
	write_file(kernel_path, kernel.bytes, kernel.size);
	says(ZXVM("--kernel", kernel_path, "--initrd", initrd_path), FAILED,
	     "No such file or directory");
	clean();
}
END_TEST

START_TEST(memory_too_small_for_the_kernel)
{
	make_kernel();
	write_file(kernel_path, kernel.bytes, kernel.size);
	says(ZXVM("--kernel", kernel_path, "--mem", "32M"), FAILED, "too little");
	says(ZXVM("--kernel", kernel_path, "--mem", "1M"), FAILED, "too little");
	clean();
}
END_TEST

START_TEST(memory_too_small_for_the_initramfs)
{
	make_kernel();
	write_file(kernel_path, kernel.bytes, kernel.size);
	write_file(initrd_path, "", 0);
	ck_assert_int_eq(truncate(initrd_path, 32 * MIB), 0);
	says(ZXVM("--kernel", kernel_path, "--initrd", initrd_path, "--mem", "64M"), FAILED,
	     "too little");
	clean();
}
END_TEST

START_TEST(no_device)
{
	/* In the build machine there is none, and nothing else is wrong here. */
	make_kernel();
	if (access("/dev/zx_hyp", F_OK) == 0)
		printf("# there is a device here: not tried\n");
	else
		says(boot(), FAILED, "/dev/zx_hyp");
	clean();
}
END_TEST

START_TEST(help_goes_to_the_standard_output)
{
	ck_assert_int_eq(ZXVM("--help"), 0);
	ck_assert_ptr_nonnull(strstr(output, "usage: zxvm"));
}
END_TEST

static const struct unit_test tests[] = {
	UNIT_TEST(no_kernel_option),
	UNIT_TEST(unknown_option),
	UNIT_TEST(stray_argument),
	UNIT_TEST(bad_memory_sizes),
	UNIT_TEST(bad_numbers_of_cpus),
	UNIT_TEST(missing_kernel),
	UNIT_TEST(folder_as_kernel),
	UNIT_TEST(empty_kernel),
	UNIT_TEST(kernel_shorter_than_its_header),
	UNIT_TEST(kernel_without_the_magic),
	UNIT_TEST(kernel_cut_short),
	UNIT_TEST(kernel_whose_setup_exceeds_the_file),
	UNIT_TEST(kernel_whose_code_size_is_absurd),
	UNIT_TEST(kernel_of_an_old_protocol),
	UNIT_TEST(kernel_without_a_64_bit_entry),
	UNIT_TEST(kernel_that_wants_to_lie_on_the_boot_parameters),
	UNIT_TEST(command_line_longer_than_the_kernel_takes),
	UNIT_TEST(missing_initramfs),
	UNIT_TEST(memory_too_small_for_the_kernel),
	UNIT_TEST(memory_too_small_for_the_initramfs),
	UNIT_TEST(no_device),
	UNIT_TEST(help_goes_to_the_standard_output),
};

int main(void)
{
	return unit_run("zxvm_input", tests, UNIT_COUNT(tests));
}
