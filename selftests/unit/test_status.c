// SPDX-License-Identifier: MIT
/* Statuses: their names, and which one stands for what Linux answers. */
#include <errno.h>

#include <zircon/errors.h>
#include <zircon/status.h>

#include "libzx.h"
#include "unit.h"

/* Made from <zircon/errors.h> by the Makefile: { ZX_ERR_IO, "ZX_ERR_IO" }, ... */
static const struct {
	zx_status_t status;
	const char *name;
} names[] = {
#include "error_names.inc"
};

/* Zircon's numbers, written down apart from the header. */
static const struct {
	const char *name;
	zx_status_t status;
} numbers[] = {
	{ "ZX_OK", 0 },
	{ "ZX_ERR_INTERNAL", -1 },
	{ "ZX_ERR_NOT_SUPPORTED", -2 },
	{ "ZX_ERR_NO_RESOURCES", -3 },
	{ "ZX_ERR_NO_MEMORY", -4 },
	{ "ZX_ERR_CALL_FAILED", -5 },
	{ "ZX_ERR_INTERNAL_INTR_RETRY", -6 },
	{ "ZX_ERR_INVALID_ARGS", -10 },
	{ "ZX_ERR_BAD_HANDLE", -11 },
	{ "ZX_ERR_WRONG_TYPE", -12 },
	{ "ZX_ERR_BAD_SYSCALL", -13 },
	{ "ZX_ERR_OUT_OF_RANGE", -14 },
	{ "ZX_ERR_BUFFER_TOO_SMALL", -15 },
	{ "ZX_ERR_BAD_STATE", -20 },
	{ "ZX_ERR_TIMED_OUT", -21 },
	{ "ZX_ERR_SHOULD_WAIT", -22 },
	{ "ZX_ERR_CANCELED", -23 },
	{ "ZX_ERR_PEER_CLOSED", -24 },
	{ "ZX_ERR_NOT_FOUND", -25 },
	{ "ZX_ERR_ALREADY_EXISTS", -26 },
	{ "ZX_ERR_ALREADY_BOUND", -27 },
	{ "ZX_ERR_UNAVAILABLE", -28 },
	{ "ZX_ERR_ACCESS_DENIED", -30 },
	{ "ZX_ERR_IO", -40 },
	{ "ZX_ERR_IO_REFUSED", -41 },
	{ "ZX_ERR_IO_DATA_INTEGRITY", -42 },
	{ "ZX_ERR_IO_DATA_LOSS", -43 },
	{ "ZX_ERR_IO_NOT_PRESENT", -44 },
	{ "ZX_ERR_IO_OVERRUN", -45 },
	{ "ZX_ERR_IO_MISSED_DEADLINE", -46 },
	{ "ZX_ERR_IO_INVALID", -47 },
	{ "ZX_ERR_BAD_PATH", -50 },
	{ "ZX_ERR_NOT_DIR", -51 },
	{ "ZX_ERR_NOT_FILE", -52 },
	{ "ZX_ERR_FILE_BIG", -53 },
	{ "ZX_ERR_NO_SPACE", -54 },
	{ "ZX_ERR_NOT_EMPTY", -55 },
	{ "ZX_ERR_STOP", -60 },
	{ "ZX_ERR_NEXT", -61 },
	{ "ZX_ERR_ASYNC", -62 },
	{ "ZX_ERR_PROTOCOL_NOT_SUPPORTED", -70 },
	{ "ZX_ERR_ADDRESS_UNREACHABLE", -71 },
	{ "ZX_ERR_ADDRESS_IN_USE", -72 },
	{ "ZX_ERR_NOT_CONNECTED", -73 },
	{ "ZX_ERR_CONNECTION_REFUSED", -74 },
	{ "ZX_ERR_CONNECTION_RESET", -75 },
	{ "ZX_ERR_CONNECTION_ABORTED", -76 },
	{ "ZX_ERR_INTERNAL_INTR_KILLED", -502 },
};

START_TEST(every_status_of_the_header_has_its_name)
{
	size_t i;

	ck_assert_uint_eq(UNIT_COUNT(names), UNIT_COUNT(numbers));
	for (i = 0; i < UNIT_COUNT(names); i++)
		ck_assert_str_eq(zx_status_get_string(names[i].status), names[i].name);
}
END_TEST

START_TEST(every_status_has_zircons_number)
{
	size_t i;

	for (i = 0; i < UNIT_COUNT(numbers); i++)
		ck_assert_str_eq(zx_status_get_string(numbers[i].status), numbers[i].name);
}
END_TEST

START_TEST(other_values_are_unknown)
{
	static const zx_status_t others[] = { 1, -7, -9, -16, -77, -503, INT32_MAX, INT32_MIN };
	size_t i;

	for (i = 0; i < UNIT_COUNT(others); i++)
		ck_assert_str_eq(zx_status_get_string(others[i]), "(UNKNOWN)");
}
END_TEST

START_TEST(a_positive_result_is_a_negated_status)
{
	size_t i;

	for (i = 0; i < UNIT_COUNT(numbers); i++)
		ck_assert_int_eq(libzx_status_of_ioctl(-numbers[i].status, EFAULT),
				 numbers[i].status);
	ck_assert_int_eq(libzx_status_of_ioctl(INT32_MAX, 0), -INT32_MAX);
}
END_TEST

static const struct {
	int error;
	zx_status_t status;
} errors[] = {
	{ EFAULT, ZX_ERR_INVALID_ARGS },
	{ ENOTTY, ZX_ERR_NOT_SUPPORTED },
	{ EINVAL, ZX_ERR_NOT_SUPPORTED },
	{ E2BIG, ZX_ERR_NOT_SUPPORTED },
	{ EBADF, ZX_ERR_BAD_HANDLE },
	{ EPERM, ZX_ERR_ACCESS_DENIED },
	{ EACCES, ZX_ERR_ACCESS_DENIED },
	{ ENOMEM, ZX_ERR_NO_MEMORY },
	{ EIO, ZX_ERR_INTERNAL },
	{ 0, ZX_ERR_INTERNAL },
};

START_TEST(an_errno_speaks_of_the_transport)
{
	size_t i;

	for (i = 0; i < UNIT_COUNT(errors); i++)
		ck_assert_int_eq(libzx_status_of_ioctl(-1, errors[i].error),
				 errors[i].status);
}
END_TEST

START_TEST(an_open_device_is_ok)
{
	ck_assert_int_eq(libzx_status_of_open(0), ZX_OK);
}
END_TEST

static const struct unit_test tests[] = {
	UNIT_TEST(every_status_of_the_header_has_its_name),
	UNIT_TEST(every_status_has_zircons_number),
	UNIT_TEST(other_values_are_unknown),
	UNIT_TEST(a_positive_result_is_a_negated_status),
	UNIT_TEST(an_errno_speaks_of_the_transport),
	UNIT_TEST(an_open_device_is_ok),
};

int main(void)
{
	return unit_run("status", tests, UNIT_COUNT(tests));
}
