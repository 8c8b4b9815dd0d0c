/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An open file of the device: Zircon's process, as far as zx_hyp goes. And the
 * handlers of its ioctls, each in the file of its object.
 */
#ifndef ZXH_FILE_H
#define ZXH_FILE_H

#include <linux/zx_hyp.h>

#include "handle.h"

struct zxh_vmar;

/**
 * struct zxh_file - what an open file stands for
 * @mm: the address space that opened it, kept by mmgrab(): the structure, not
 *	the pages, which go with the process; constant after init
 * @handles: its handles
 * @root: its root VMAR, with a reference; constant after init
 */
struct zxh_file {
	struct mm_struct *mm;
	struct zxh_handle_table handles;
	struct zxh_vmar *root;
};

/*
 * Handlers get a kernel copy of the request, complete and with its reserved
 * members still to be checked. They return as status.h says.
 */
int zxh_resource_get_ioctl(struct zxh_file *f, void *arg);
int zxh_guest_create_ioctl(struct zxh_file *f, void *arg);
int zxh_guest_set_trap_ioctl(struct zxh_file *f, void *arg);
int zxh_vcpu_create_ioctl(struct zxh_file *f, void *arg);
int zxh_vcpu_enter_ioctl(struct zxh_file *f, void *arg);
int zxh_vcpu_kick_ioctl(struct zxh_file *f, void *arg);
int zxh_vcpu_interrupt_ioctl(struct zxh_file *f, void *arg);
int zxh_vcpu_read_state_ioctl(struct zxh_file *f, void *arg);
int zxh_vcpu_write_state_ioctl(struct zxh_file *f, void *arg);
int zxh_vmo_create_ioctl(struct zxh_file *f, void *arg);
int zxh_vmo_read_ioctl(struct zxh_file *f, void *arg);
int zxh_vmo_write_ioctl(struct zxh_file *f, void *arg);
int zxh_vmo_get_size_ioctl(struct zxh_file *f, void *arg);
int zxh_vmo_replace_as_executable_ioctl(struct zxh_file *f, void *arg);
int zxh_vmar_root_self_ioctl(struct zxh_file *f, void *arg);
int zxh_vmar_map_ioctl(struct zxh_file *f, void *arg);
int zxh_vmar_unmap_ioctl(struct zxh_file *f, void *arg);

#endif /* ZXH_FILE_H */
