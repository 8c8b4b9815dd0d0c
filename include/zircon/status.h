/* SPDX-License-Identifier: MIT */
/* Statuses as text. */
#ifndef ZIRCON_STATUS_H_
#define ZIRCON_STATUS_H_

#include <zircon/types.h>

__BEGIN_CDECLS

/**
 * zx_status_get_string - the name of a status
 * @status: any value
 *
 * Return: the macro's name, such as "ZX_ERR_TIMED_OUT" or "ZX_OK", or
 * "(UNKNOWN)" for a value that <zircon/errors.h> does not name. The text is
 * constant and lives as long as the program.
 */
const char *zx_status_get_string(zx_status_t status);

extern __typeof__(zx_status_get_string) _zx_status_get_string;

__END_CDECLS

#endif /* ZIRCON_STATUS_H_ */
