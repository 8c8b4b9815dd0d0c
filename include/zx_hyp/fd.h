/* SPDX-License-Identifier: MIT */
/*
 * What Linux programs expect of handles and Zircon lacks: to send one to
 * another process over a Unix socket, and to wait for one with poll() and its
 * kin. <zx_hyp/zx_hyp.h> says what happens without the device, or in a forked
 * child.
 *
 * Each call that gives a descriptor gives one that is closed on exec and
 * belongs to the caller, who closes it with close().
 */
#ifndef ZX_HYP_FD_H_
#define ZX_HYP_FD_H_

#include <zircon/types.h>

__BEGIN_CDECLS

/**
 * zx_hyp_handle_export - turn a handle into a descriptor that can be sent
 * @handle: any handle, right TRANSFER; closed if the call succeeds
 * @fd: where the descriptor goes
 *
 * The descriptor holds the handle, with its rights, until one process imports
 * it. It is sent as SCM_RIGHTS of sendmsg(). Closing the last descriptor of the
 * file closes a handle that nobody has imported.
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_ACCESS_DENIED - of @handle
 * * ZX_ERR_NO_RESOURCES - the process has as many descriptors as it may have
 * * ZX_ERR_NO_MEMORY
 * * ZX_ERR_INVALID_ARGS - @fd cannot be written
 */
zx_status_t zx_hyp_handle_export(zx_handle_t handle, int *fd);

/**
 * zx_hyp_handle_import - get the handle that a descriptor holds
 * @fd: descriptor of zx_hyp_handle_export(), of this or of another process; it
 *	stays open and is of no more use
 * @out: where the handle goes, with the rights that it had
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE - @fd is not an open descriptor; or in a forked child
 * * ZX_ERR_WRONG_TYPE - @fd is a descriptor of another file
 * * ZX_ERR_BAD_STATE - it was imported already
 * * ZX_ERR_INVALID_ARGS - @out cannot be written; @fd holds the handle still
 * * ZX_ERR_NO_RESOURCES - the process has as many handles as it may have
 * * ZX_ERR_NO_MEMORY
 * * ZX_ERR_NOT_SUPPORTED, ZX_ERR_ACCESS_DENIED - there is no device, or the
 *   caller may not open it
 */
zx_status_t zx_hyp_handle_import(int fd, zx_handle_t *out);

/**
 * zx_hyp_poll_fd - get a descriptor that tells when there is something to take
 * @handle: port, right READ; or event, event pair, VMO or vCPU, right WAIT
 * @signals: signals that make the descriptor readable; of a port 0
 * @fd: where the descriptor goes
 *
 * The descriptor is readable (POLLIN) as long as a packet is queued at the port,
 * or any of @signals is set, and hung up (POLLHUP) once the last handle of the
 * object is closed, which it does not prevent. It carries no data: a packet is
 * taken by zx_port_wait(), with a deadline of 0 so that a thread that comes too
 * late does not wait.
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_ACCESS_DENIED - of @handle
 * * ZX_ERR_NOT_SUPPORTED - an object of this type cannot be waited for
 * * ZX_ERR_INVALID_ARGS - @signals for a port, or @fd cannot be written
 * * ZX_ERR_NO_RESOURCES - the process has as many descriptors as it may have
 * * ZX_ERR_NO_MEMORY
 */
zx_status_t zx_hyp_poll_fd(zx_handle_t handle, zx_signals_t signals, int *fd);

__END_CDECLS

#endif /* ZX_HYP_FD_H_ */
