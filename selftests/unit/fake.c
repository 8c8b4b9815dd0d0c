// SPDX-License-Identifier: MIT
/*
 * A kernel of straw: the linker leads libzx's open() and ioctl() here, so that
 * tests see what the library would have asked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

#include <linux/zx_hyp.h>

#include "unit.h"

struct fake fake = {
	.abi_version = ZX_HYP_ABI_VERSION,
	.vendor = ZX_HYP_VENDOR_AMD,
	.caps = ZX_HYP_CAP_GUEST,
};

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);

int __wrap_open(const char *path, int flags, ...)
{
	if (strcmp(path, "/dev/zx_hyp")) {
		errno = ENOENT;
		return -1;
	}
	if (fake.open_errno) {
		errno = fake.open_errno;
		return -1;
	}
	fake.opens++;
	return __real_open("/dev/null", flags);
}

static int answer_query(const struct zx_hyp_query *query)
{
	struct zx_hyp_query_result result = {
		.abi_version = fake.abi_version,
		.vendor = fake.vendor,
		.caps = fake.caps,
		.max_vcpus = 64,
		.gpa_bits = 48,
	};
	void *out = (void *)(uintptr_t)query->out_result;

	if (fake.query_errno) {
		errno = fake.query_errno;
		return -1;
	}
	memset(out, 0, query->out_size);
	memcpy(out, &result,
	       query->out_size < sizeof(result) ? query->out_size : sizeof(result));
	return 0;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);

	if (request == ZX_HYP_QUERY)
		return answer_query(argument);

	fake.ioctls++;
	if (fake.interrupts) {
		fake.interrupts--;
		errno = EINTR;
		return -1;
	}

	fake.fd = fd;
	fake.request = request;
	memcpy(&fake.argument_size, argument, sizeof(fake.argument_size));
	if (fake.argument_size <= FAKE_ARGUMENT_MAX)
		memcpy(fake.argument, argument, fake.argument_size);
	if (fake.handler)
		fake.handler(request, argument);
	if (fake.result < 0)
		errno = fake.error;
	return fake.result;
}
