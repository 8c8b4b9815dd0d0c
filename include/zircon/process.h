/* SPDX-License-Identifier: MIT */
/* Handles that a process has from its start. */
#ifndef ZIRCON_PROCESS_H_
#define ZIRCON_PROCESS_H_

#include <zircon/types.h>

__BEGIN_CDECLS

/**
 * zx_vmar_root_self - the root VMAR of the calling process
 *
 * The handle belongs to the library: it is made at the first call, every call
 * gives the same value, and closing it takes it from the whole process. A
 * mapping made through it is an ordinary mapping of the process.
 *
 * Return: the handle, or ZX_HANDLE_INVALID when the device cannot be used
 * (zx_hyp_check() in <zx_hyp/zx_hyp.h> says why).
 */
zx_handle_t zx_vmar_root_self(void);

extern __typeof__(zx_vmar_root_self) _zx_vmar_root_self;

__END_CDECLS

#endif /* ZIRCON_PROCESS_H_ */
