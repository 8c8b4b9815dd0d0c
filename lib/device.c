// SPDX-License-Identifier: MIT
/*
 * The one open file of /dev/zx_hyp that a process has.
 *
 * The kernel ties handles to the file and the file to the address space that
 * opened it. A forked child has another address space, so its parent's handles
 * are dead there. It must not open a file of its own either: the values of the
 * new file's handles could meet those that it remembers from its parent. Hence
 * a child of a process that had the device open is "foreign" until it calls
 * exec. Where a program forks behind the C library's back no handler of ours
 * runs, and the kernel gives the same answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libzx.h"

#define DEVICE_PATH "/dev/zx_hyp"

/* Values of device.fd that are no file. */
#define FD_UNOPENED (-1)
#define FD_FOREIGN (-2)

static struct {
	_Atomic int fd;
	pthread_mutex_t lock; /* held to open the file, and over every fork */
	bool fork_handled;    /* under lock */
	struct stat identity; /* of the open file; under lock */
} device = {
	.fd = FD_UNOPENED,
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

/* No file may be opened halfway when the process is copied. */
static void before_fork(void)
{
	pthread_mutex_lock(&device.lock);
}

static void parent_after_fork(void)
{
	pthread_mutex_unlock(&device.lock);
}

/* The program may have closed all its files, and have reused the number. */
static bool still_our_file(int fd)
{
	struct stat now;

	return !fstat(fd, &now) && now.st_dev == device.identity.st_dev &&
	       now.st_ino == device.identity.st_ino &&
	       now.st_rdev == device.identity.st_rdev;
}

static void child_after_fork(void)
{
	int saved_errno = errno;
	int fd = atomic_load(&device.fd);

	if (fd >= 0) {
		atomic_store(&device.fd, FD_FOREIGN);
		/* Else the child would keep its parent's guests alive. */
		if (still_our_file(fd))
			close(fd);
	}
	pthread_mutex_unlock(&device.lock);
	errno = saved_errno;
}

/* Is this our module, and does it speak our version of the contract? */
static int check_module(int fd)
{
	struct zx_hyp_query_result result = { 0 };
	struct zx_hyp_query query = {
		.size = sizeof(query),
		.out_size = sizeof(result),
		.out_result = libzx_address(&result),
	};
	int ret;

	do {
		ret = ioctl(fd, ZX_HYP_QUERY, &query);
	} while (ret < 0 && errno == EINTR);

	if (ret)
		return ENOTTY;
	return result.abi_version == ZX_HYP_ABI_VERSION ? 0 : EPROTO;
}

static int open_cloexec(void)
{
	int fd, high;

	do {
		fd = open(DEVICE_PATH, O_RDWR | O_CLOEXEC);
	} while (fd < 0 && errno == EINTR);

	/* Never be a program's standard input, output or error. */
	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	high = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	close(fd);
	return high;
}

/* Called with device.lock held. Returns 0 or an errno. */
static int open_locked(void)
{
	int error, fd;

	if (!device.fork_handled) {
		error = pthread_atfork(before_fork, parent_after_fork, child_after_fork);
		if (error)
			return error;
		device.fork_handled = true;
	}

	fd = open_cloexec();
	if (fd < 0)
		return errno;
	error = check_module(fd);
	if (!error && fstat(fd, &device.identity))
		error = errno;
	if (error) {
		close(fd);
		return error;
	}
	atomic_store_explicit(&device.fd, fd, memory_order_release);
	return 0;
}

/* The file, or a negative errno. A failure is not remembered. */
static int device_fd(void)
{
	int fd = atomic_load_explicit(&device.fd, memory_order_acquire);
	int saved_errno, error = 0;

	if (fd >= 0)
		return fd;
	if (fd == FD_FOREIGN)
		return -EBADF;

	saved_errno = errno;
	pthread_mutex_lock(&device.lock);
	if (atomic_load(&device.fd) == FD_UNOPENED)
		error = open_locked();
	fd = atomic_load(&device.fd);
	pthread_mutex_unlock(&device.lock);
	errno = saved_errno;

	return error ? -error : fd;
}

int libzx_device_error(void)
{
	int fd = device_fd();

	return fd < 0 ? -fd : 0;
}

static zx_status_t issue(int fd, unsigned long request, const void *argument)
{
	int saved_errno = errno;
	int result, error;

	do {
		result = ioctl(fd, request, argument);
	} while (result < 0 && errno == EINTR);

	/* System calls of Zircon leave errno alone. */
	error = errno;
	errno = saved_errno;
	return libzx_status_of_ioctl(result, error);
}

zx_status_t libzx_make(unsigned long request, const void *argument)
{
	int fd = device_fd();

	return fd < 0 ? libzx_status_of_open(-fd) : issue(fd, request, argument);
}

zx_status_t libzx_use(unsigned long request, const void *argument)
{
	int fd = device_fd();

	return fd < 0 ? ZX_ERR_BAD_HANDLE : issue(fd, request, argument);
}
