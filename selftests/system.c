// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "system.h"
#include "zxtest.h"

#define DEADLINE	30		/* seconds */
#define PAGE		4096u

/* ---- files of the kernel ----------------------------------------------- */

bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = write(fd, text, strlen(text));
	close(fd);
	return n == (ssize_t)strlen(text);
}

const char *read_text(const char *path)
{
	static char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

long long number_in(const char *path, const char *word)
{
	FILE *f = fopen(path, "re");
	size_t len = strlen(word);
	long long n = -1;
	char line[256];

	while (f && n < 0 && fgets(line, sizeof(line), f))
		if (!strncmp(line, word, len) && sscanf(line + len, " %lld", &n) != 1)
			n = -1;
	if (f)
		fclose(f);
	return n;
}

/* ---- control groups ---------------------------------------------------- */

void make_group(const char *controller)
{
	char text[32];

	(void)mkdir(CGROUPS, 0700);
	if (mount("none", CGROUPS, "cgroup2", 0, NULL) && errno != EBUSY)
		SKIP("cgroup2 cannot be mounted: %s", strerror(errno));
	snprintf(text, sizeof(text), "+%s", controller);
	if (*controller && !write_text(CGROUPS "/cgroup.subtree_control", text))
		SKIP("cgroup2 has no %s controller here", controller);
	ASSERT_TRUE(!mkdir(GROUP, 0700) || errno == EEXIST);
}

void join_group(pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	ASSERT_TRUE(write_text(GROUP "/cgroup.procs", text));
}

void leave_group(void)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", getpid());
	EXPECT_TRUE(write_text(CGROUPS "/cgroup.procs", text));
	EXPECT_TRUE(wait_until(DEADLINE, !rmdir(GROUP)));
	EXPECT_EQ(0, umount(CGROUPS));
}

/* ---- swap --------------------------------------------------------------- */

#define RAM_DISK	"/dev/ram0"
#define RAM_DISK_MODULE	"brd"
#define RAM_DISK_FILE	"/zx/ko/brd.ko"		/* in the test machine */

/* What mkswap(8) writes at the start of the first page. */
struct swap_header {
	char boot[1024];
	uint32_t version;
	uint32_t last_page;
	uint32_t bad_pages;
	char unused[PAGE - 1024 - 12 - 10];
	char magic[10];
};

_Static_assert(sizeof(struct swap_header) == PAGE, "a swap header is a page");

static bool unload_ram_disk(void)
{
	return !syscall(SYS_delete_module, RAM_DISK_MODULE, O_NONBLOCK) ||
	       errno == ENOENT;
}

static void load_ram_disk(uint64_t bytes)
{
	int fd = open(RAM_DISK_FILE, O_RDONLY | O_CLOEXEC);
	char options[64];

	if (fd < 0)
		SKIP("no swap here: there is no " RAM_DISK_FILE);
	snprintf(options, sizeof(options), "rd_nr=1 rd_size=%llu",
		 (unsigned long long)bytes / 1024);
	if (syscall(SYS_finit_module, fd, options, 0))
		SKIP("no swap here: " RAM_DISK_MODULE ": %s", strerror(errno));
	close(fd);
}

static void format_swap(uint64_t bytes)
{
	struct swap_header header = {
		.version = 1,
		.last_page = bytes / PAGE - 1,
	};
	int fd = open(RAM_DISK, O_WRONLY | O_CLOEXEC);

	memcpy(header.magic, "SWAPSPACE2", sizeof(header.magic));
	ASSERT_LE(0, fd);
	ASSERT_EQ((ssize_t)sizeof(header), write(fd, &header, sizeof(header)));
	ASSERT_EQ(0, fsync(fd));
	close(fd);
}

void swap_on(uint64_t bytes)
{
	/* What a test that failed may have left. */
	(void)swapoff(RAM_DISK);
	ASSERT_TRUE(wait_until(DEADLINE, unload_ram_disk()));
	load_ram_disk(bytes);
	format_swap(bytes);
	ASSERT_EQ(0, swapon(RAM_DISK, 0));
}

long long swap_used(void)
{
	return number_in("/proc/meminfo", "SwapTotal:") -
	       number_in("/proc/meminfo", "SwapFree:");
}

void swap_off(void)
{
	EXPECT_EQ(0, swapoff(RAM_DISK));
	EXPECT_TRUE(wait_until(DEADLINE, unload_ram_disk()));
}
