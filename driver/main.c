// SPDX-License-Identifier: GPL-2.0-only
/*
 * zx_hyp: Zircon's hypervisor API as a character device.
 *
 * The module, its device, and the dispatch of requests. The contract is in
 * uapi/linux/zx_hyp.h.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "aspace.h"
#include "cpuid.h"
#include "file.h"
#include "kvm.h"
#include "vcpu.h"

static int zxh_open(struct inode *inode, struct file *filp)
{
	struct zxh_file *f;
	int r;

	if (!current->mm)
		return -EINVAL;
	f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	if (!f)
		return -ENOMEM;
	r = zxh_vmar_create_process(&f->root);
	if (r) {
		kfree(f);
		return -ENOMEM;
	}
	f->mm = current->mm;
	mmgrab(f->mm);
	zxh_handle_table_init(&f->handles);
	filp->private_data = f;
	return 0;
}

static int zxh_release(struct inode *inode, struct file *filp)
{
	struct zxh_file *f = filp->private_data;

	zxh_handle_table_destroy(&f->handles);
	zxh_vmar_close_process(f->root);
	mmdrop(f->mm);
	kfree(f);
	return 0;
}

static int zxh_query_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_query *req = arg;
	struct zx_hyp_query_result result = { .abi_version = ZX_HYP_ABI_VERSION };
	void __user *out = u64_to_user_ptr(req->out_result);
	size_t n = min_t(size_t, req->out_size, sizeof(result));
	struct zxh_kvm_info info;
	int r;

	r = zxh_kvm_query(&info);
	if (r)
		return r;
	result.vendor = info.vendor;
	result.gpa_bits = info.gpa_bits;
	result.max_vcpus = ZXH_MAX_VCPUS;
	if (info.vendor != ZX_HYP_VENDOR_NONE)
		result.caps |= ZX_HYP_CAP_GUEST | ZX_HYP_CAP_PORT;
	if (req->out_size > PAGE_SIZE)
		return -E2BIG;
	/* All of it or nothing. */
	if (fault_in_safe_writeable(out, req->out_size) ||
	    copy_to_user(out, &result, n) || clear_user(out + n, req->out_size - n))
		return ZXH_ERR_INVALID_ARGS;
	return 0;
}

/**
 * struct zxh_request - a row of the request table
 * @size: size of the structure that this module knows
 * @min: size of its first version
 * @any_mm: other processes may issue it
 * @handler: does the work
 */
struct zxh_request {
	u16 size;
	u16 min;
	bool any_mm;
	int (*handler)(struct zxh_file *f, void *arg);
};

/* Large enough, and aligned, for every request. */
union zxh_argument {
	struct zx_hyp_guest_set_trap set_trap;
	struct zx_hyp_vmar_map vmar_map;
	u64 words[8];
};

#define ZXH_REQUEST_SIZE(type)	\
	(sizeof(struct type) +	\
	 BUILD_BUG_ON_ZERO(sizeof(struct type) > sizeof(union zxh_argument)))

/* @last: the last member of the structure's first version */
#define ZXH_REQUEST(cmd, type, last, fn)			\
	[ZX_HYP_CMD_##cmd] = {					\
		.size = ZXH_REQUEST_SIZE(type),			\
		.min = offsetofend(struct type, last),		\
		.handler = fn,					\
	}

static const struct zxh_request zxh_requests[] = {
	[ZX_HYP_CMD_QUERY] = {
		.size = ZXH_REQUEST_SIZE(zx_hyp_query),
		.min = offsetofend(struct zx_hyp_query, out_result),
		.any_mm = true,
		.handler = zxh_query_ioctl,
	},
	ZXH_REQUEST(HANDLE_CLOSE, zx_hyp_handle_close, handle, zxh_handle_close_ioctl),
	ZXH_REQUEST(HANDLE_CLOSE_MANY, zx_hyp_handle_close_many, count,
		    zxh_handle_close_many_ioctl),
	ZXH_REQUEST(HANDLE_DUPLICATE, zx_hyp_handle_dup, out_handle, zxh_handle_duplicate_ioctl),
	ZXH_REQUEST(HANDLE_REPLACE, zx_hyp_handle_dup, out_handle, zxh_handle_replace_ioctl),
	ZXH_REQUEST(HANDLE_EXPORT, zx_hyp_handle_export, out_fd, zxh_handle_export_ioctl),
	ZXH_REQUEST(HANDLE_IMPORT, zx_hyp_handle_import, out_handle, zxh_handle_import_ioctl),
	ZXH_REQUEST(RIGHTS_SET, zx_hyp_rights_set, reserved, zxh_rights_set_ioctl),
	ZXH_REQUEST(RESOURCE_GET, zx_hyp_resource_get, out_handle, zxh_resource_get_ioctl),
	ZXH_REQUEST(RESOURCE_CREATE, zx_hyp_resource_create, out_handle,
		    zxh_resource_create_ioctl),
	ZXH_REQUEST(GUEST_CREATE, zx_hyp_guest_create, out_vmar, zxh_guest_create_ioctl),
	ZXH_REQUEST(GUEST_SET_TRAP, zx_hyp_guest_set_trap, reserved, zxh_guest_set_trap_ioctl),
	ZXH_REQUEST(VCPU_CREATE, zx_hyp_vcpu_create, out_page, zxh_vcpu_create_ioctl),
	ZXH_REQUEST(VCPU_ENTER, zx_hyp_vcpu_enter, out_packet, zxh_vcpu_enter_ioctl),
	ZXH_REQUEST(VCPU_KICK, zx_hyp_vcpu_kick, vcpu, zxh_vcpu_kick_ioctl),
	ZXH_REQUEST(VCPU_INTERRUPT, zx_hyp_vcpu_interrupt, reserved, zxh_vcpu_interrupt_ioctl),
	ZXH_REQUEST(VCPU_READ_STATE, zx_hyp_vcpu_rw_state, buffer_size,
		    zxh_vcpu_read_state_ioctl),
	ZXH_REQUEST(VCPU_WRITE_STATE, zx_hyp_vcpu_rw_state, buffer_size,
		    zxh_vcpu_write_state_ioctl),
	ZXH_REQUEST(VMO_CREATE, zx_hyp_vmo_create, out_handle, zxh_vmo_create_ioctl),
	ZXH_REQUEST(VMO_READ, zx_hyp_vmo_rw, buffer_size, zxh_vmo_read_ioctl),
	ZXH_REQUEST(VMO_WRITE, zx_hyp_vmo_rw, buffer_size, zxh_vmo_write_ioctl),
	ZXH_REQUEST(VMO_GET_SIZE, zx_hyp_vmo_get_size, out_size, zxh_vmo_get_size_ioctl),
	ZXH_REQUEST(VMO_REPLACE_AS_EXECUTABLE, zx_hyp_vmo_replace_as_executable, out_handle,
		    zxh_vmo_replace_as_executable_ioctl),
	ZXH_REQUEST(VMO_SET_SIZE, zx_hyp_vmo_set_size, vmo_size, zxh_vmo_set_size_ioctl),
	ZXH_REQUEST(VMO_OP_RANGE, zx_hyp_vmo_op_range, len, zxh_vmo_op_range_ioctl),
	ZXH_REQUEST(VMO_SET_CACHE_POLICY, zx_hyp_vmo_set_cache_policy, reserved,
		    zxh_vmo_set_cache_policy_ioctl),
	ZXH_REQUEST(VMAR_ROOT_SELF, zx_hyp_vmar_root_self, out_handle, zxh_vmar_root_self_ioctl),
	ZXH_REQUEST(VMAR_MAP, zx_hyp_vmar_map, out_addr, zxh_vmar_map_ioctl),
	ZXH_REQUEST(VMAR_UNMAP, zx_hyp_vmar_unmap, len, zxh_vmar_unmap_ioctl),
	ZXH_REQUEST(VMAR_PROTECT, zx_hyp_vmar_protect, len, zxh_vmar_protect_ioctl),
	ZXH_REQUEST(VMAR_ALLOCATE, zx_hyp_vmar_allocate, out_addr, zxh_vmar_allocate_ioctl),
	ZXH_REQUEST(VMAR_DESTROY, zx_hyp_vmar_destroy, vmar, zxh_vmar_destroy_ioctl),
	ZXH_REQUEST(VMAR_OP_RANGE, zx_hyp_vmar_op_range, len, zxh_vmar_op_range_ioctl),
	ZXH_REQUEST(OBJECT_GET_INFO, zx_hyp_object_get_info, out_avail,
		    zxh_object_get_info_ioctl),
	ZXH_REQUEST(OBJECT_GET_PROPERTY, zx_hyp_object_property, value_size,
		    zxh_object_get_property_ioctl),
	ZXH_REQUEST(OBJECT_SET_PROPERTY, zx_hyp_object_property, value_size,
		    zxh_object_set_property_ioctl),
	ZXH_REQUEST(OBJECT_SIGNAL, zx_hyp_object_signal, set, zxh_object_signal_ioctl),
	ZXH_REQUEST(OBJECT_SIGNAL_PEER, zx_hyp_object_signal, set, zxh_object_signal_peer_ioctl),
	ZXH_REQUEST(OBJECT_WAIT_ONE, zx_hyp_object_wait_one, out_observed,
		    zxh_object_wait_one_ioctl),
	ZXH_REQUEST(OBJECT_WAIT_MANY, zx_hyp_object_wait_many, deadline,
		    zxh_object_wait_many_ioctl),
	ZXH_REQUEST(OBJECT_WAIT_ASYNC, zx_hyp_object_wait_async, reserved,
		    zxh_object_wait_async_ioctl),
	ZXH_REQUEST(OBJECT_POLL_FD, zx_hyp_object_poll_fd, out_fd, zxh_object_poll_fd_ioctl),
	ZXH_REQUEST(EVENT_CREATE, zx_hyp_event_create, out_handle, zxh_event_create_ioctl),
	ZXH_REQUEST(EVENTPAIR_CREATE, zx_hyp_eventpair_create, out_handle1,
		    zxh_eventpair_create_ioctl),
	ZXH_REQUEST(PORT_CREATE, zx_hyp_port_create, out_handle, zxh_port_create_ioctl),
	ZXH_REQUEST(PORT_QUEUE, zx_hyp_port_queue, packet, zxh_port_queue_ioctl),
	ZXH_REQUEST(PORT_WAIT, zx_hyp_port_wait, out_packet, zxh_port_wait_ioctl),
	ZXH_REQUEST(PORT_CANCEL, zx_hyp_port_cancel, key, zxh_port_cancel_ioctl),
};

static long zxh_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct zxh_file *f = filp->private_data;
	void __user *user = (void __user *)arg;
	const struct zxh_request *row;
	union zxh_argument buf;
	unsigned int nr = _IOC_NR(cmd);
	u32 size;
	int r;

	if (_IOC_TYPE(cmd) != ZX_HYP_TYPE || cmd != _IO(ZX_HYP_TYPE, nr) ||
	    nr >= ARRAY_SIZE(zxh_requests))
		return -ENOTTY;
	row = &zxh_requests[array_index_nospec(nr, ARRAY_SIZE(zxh_requests))];
	if (!row->handler)
		return -ENOTTY;
	if (get_user(size, (u32 __user *)user))
		return -EFAULT;
	if (size < row->min)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	r = copy_struct_from_user(&buf, row->size, user, size);
	if (r)
		return r;
	if (current->mm != f->mm && !row->any_mm)
		return ZXH_ERR_BAD_HANDLE;
	return row->handler(f, &buf);
}

static const struct file_operations zxh_fops = {
	.owner = THIS_MODULE,
	.open = zxh_open,
	.release = zxh_release,
	.unlocked_ioctl = zxh_ioctl,
};

static struct miscdevice zxh_miscdev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = KBUILD_MODNAME,
	.mode = 0600,
	.fops = &zxh_fops,
};

static const struct zxh_kvm_ops zxh_door_ops = {
	.cpuid = zxh_cpuid_edit,
	.current_vcpu = zxh_vcpu_current_kvm,
	.traps = zxh_vcpu_current_traps,
	.bell = zxh_trap_bell,
	.tsc_deadline = zxh_vcpu_tsc_deadline,
};

static int __init zxh_init(void)
{
	int r;

	r = zxh_kvm_init(&zxh_door_ops);
	if (r)
		return r;
	zxh_object_debugfs_init();
	r = misc_register(&zxh_miscdev);
	if (r)
		goto exit_debugfs;
	return 0;

exit_debugfs:
	zxh_object_debugfs_exit();
	zxh_kvm_exit();
	return r;
}

static void __exit zxh_exit_module(void)
{
	misc_deregister(&zxh_miscdev);
	zxh_object_debugfs_exit();
	zxh_kvm_exit();
	/* Objects are freed after a grace period, by code that is built in. */
	rcu_barrier();
}

module_init(zxh_init);
module_exit(zxh_exit_module);

MODULE_DESCRIPTION("Zircon's hypervisor API on top of KVM");
MODULE_LICENSE("GPL");
