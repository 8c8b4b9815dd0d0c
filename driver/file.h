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
 * @rights: of handles to new objects, by type, with ZXH_RIGHTS_CHOSEN; 0: as the
 *	type has them; atomic
 */
struct zxh_file {
	struct mm_struct *mm;
	struct zxh_handle_table handles;
	struct zxh_vmar *root;
	u32 rights[ZXH_TYPE_END];
};

#define ZXH_RIGHTS_CHOSEN	BIT(31)

/* The rights of a handle to a new object. @normal: as the type has them. */
static inline u32 zxh_file_rights(struct zxh_file *f, enum zxh_type type, u32 normal)
{
	u32 chosen = READ_ONCE(f->rights[type]);

	return chosen ? chosen & ~ZXH_RIGHTS_CHOSEN : normal;
}

/*
 * Handlers get a kernel copy of the request, complete and with its reserved
 * members still to be checked. They return as status.h says.
 */
int zxh_handle_close_ioctl(struct zxh_file *f, void *arg);
int zxh_handle_close_many_ioctl(struct zxh_file *f, void *arg);
int zxh_handle_duplicate_ioctl(struct zxh_file *f, void *arg);
int zxh_handle_replace_ioctl(struct zxh_file *f, void *arg);
int zxh_handle_export_ioctl(struct zxh_file *f, void *arg);
int zxh_handle_import_ioctl(struct zxh_file *f, void *arg);
int zxh_rights_set_ioctl(struct zxh_file *f, void *arg);
int zxh_resource_get_ioctl(struct zxh_file *f, void *arg);
int zxh_resource_create_ioctl(struct zxh_file *f, void *arg);
int zxh_object_get_info_ioctl(struct zxh_file *f, void *arg);
int zxh_object_get_property_ioctl(struct zxh_file *f, void *arg);
int zxh_object_set_property_ioctl(struct zxh_file *f, void *arg);
int zxh_object_signal_ioctl(struct zxh_file *f, void *arg);
int zxh_object_signal_peer_ioctl(struct zxh_file *f, void *arg);
int zxh_object_wait_one_ioctl(struct zxh_file *f, void *arg);
int zxh_object_wait_many_ioctl(struct zxh_file *f, void *arg);
int zxh_object_wait_async_ioctl(struct zxh_file *f, void *arg);
int zxh_object_poll_fd_ioctl(struct zxh_file *f, void *arg);
int zxh_event_create_ioctl(struct zxh_file *f, void *arg);
int zxh_eventpair_create_ioctl(struct zxh_file *f, void *arg);
int zxh_port_create_ioctl(struct zxh_file *f, void *arg);
int zxh_port_queue_ioctl(struct zxh_file *f, void *arg);
int zxh_port_wait_ioctl(struct zxh_file *f, void *arg);
int zxh_port_cancel_ioctl(struct zxh_file *f, void *arg);
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
int zxh_vmo_set_size_ioctl(struct zxh_file *f, void *arg);
int zxh_vmo_op_range_ioctl(struct zxh_file *f, void *arg);
int zxh_vmo_set_cache_policy_ioctl(struct zxh_file *f, void *arg);
int zxh_vmar_root_self_ioctl(struct zxh_file *f, void *arg);
int zxh_vmar_map_ioctl(struct zxh_file *f, void *arg);
int zxh_vmar_unmap_ioctl(struct zxh_file *f, void *arg);
int zxh_vmar_protect_ioctl(struct zxh_file *f, void *arg);
int zxh_vmar_allocate_ioctl(struct zxh_file *f, void *arg);
int zxh_vmar_destroy_ioctl(struct zxh_file *f, void *arg);
int zxh_vmar_op_range_ioctl(struct zxh_file *f, void *arg);

#endif /* ZXH_FILE_H */
