// SPDX-License-Identifier: GPL-2.0-only
/*
 * Talking to KVM through its files, with no file descriptor for user space.
 *
 * KVM's ioctls that make a file put it into current->files. For the time of such
 * a call that is a table of ours, which no other thread has. Who may trace the
 * thread could still reach into it: that takes the thread's exec_update_lock,
 * so it is held. Afterwards the file must have no reference but ours.
 *
 * The VM is made by a kernel thread that borrows the caller's mm: KVM names its
 * debugfs directory by pid and descriptor. A vCPU has to be made by the thread of
 * a process (7.2 asks the caller's FPU state).
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/miscdevice.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../mmwork.h"
#include "priv.h"

#define ZXH_KVM_DEVICE	"/dev/kvm"

const struct zxh_kvm_ops *zxh_kvm_ops;

/**
 * zxh_kvm_init() - open the door
 * @ops: what the door asks of the driver
 *
 * Works without a usable KVM: zxh_kvm_vm_create() then says so.
 *
 * Return: 0 or a negative errno.
 */
int zxh_kvm_init(const struct zxh_kvm_ops *ops)
{
	zxh_kvm_ops = ops;
	return zxh_kvm_probes_register();
}

void zxh_kvm_exit(void)
{
	zxh_kvm_probes_unregister();
}

/**
 * zxh_kvm_open() - open KVM's device, and make sure that it is
 *
 * The path is looked up where the caller is: what a bind mount or another root
 * has there must not get an ioctl.
 *
 * Return: the file, -ENODEV, or -ENOMEM.
 */
struct file *zxh_kvm_open(void)
{
	struct file *file = filp_open(ZXH_KVM_DEVICE, O_RDWR | O_NONBLOCK | O_NOCTTY, 0);

	/* Whatever is wrong with the path, there is no KVM; but this may pass. */
	if (IS_ERR(file))
		return PTR_ERR(file) == -ENOMEM ? file : ERR_PTR(-ENODEV);
	if (!S_ISCHR(file_inode(file)->i_mode) ||
	    file_inode(file)->i_rdev != MKDEV(MISC_MAJOR, KVM_MINOR) ||
	    zxh_kvm_ioctl(file, KVM_GET_API_VERSION, 0) != KVM_API_VERSION) {
		fput(file);
		return ERR_PTR(-ENODEV);
	}
	return file;
}

/**
 * zxh_kvm_gpa_bits() - how many bits of a guest-physical address are translated
 */
u32 zxh_kvm_gpa_bits(void)
{
	return boot_cpu_data.x86_phys_bits;
}

/**
 * zxh_kvm_query() - what this machine offers
 * @info: receives it
 *
 * Return: 0 or ZXH_ERR_NO_MEMORY.
 */
int zxh_kvm_query(struct zxh_kvm_info *info)
{
	struct file *dev = zxh_kvm_open();

	info->vendor = ZX_HYP_VENDOR_NONE;
	info->gpa_bits = zxh_kvm_gpa_bits();
	if (IS_ERR(dev))
		return PTR_ERR(dev) == -ENOMEM ? ZXH_ERR_NO_MEMORY : 0;
	fput(dev);
	if (boot_cpu_has(X86_FEATURE_SVM))
		info->vendor = ZX_HYP_VENDOR_AMD;
	else if (boot_cpu_has(X86_FEATURE_VMX))
		info->vendor = ZX_HYP_VENDOR_INTEL;
	return 0;
}

long zxh_kvm_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return file->f_op->unlocked_ioctl(file, cmd, arg);
}

/* The file behind @fd of current->files, whose number is given back. */
static struct file *zxh_kvm_take_fd(long fd)
{
	struct file *file;

	if (fd < 0)
		return ERR_PTR(fd);
	file = fget(fd);
	close_fd(fd);
	if (!file)
		return ERR_PTR(-EBADF);
	if (file_count(file) != 1) {
		/* Somebody got hold of it meanwhile: this guest is not to be. */
		fput(file);
		return ERR_PTR(-EBUSY);
	}
	return file;
}

/**
 * struct zxh_private_files - a table of descriptors for one call
 * @files: as the kernel's first process has one: no part of it is allocated
 * @rcu: readers of other tasks' tables run under RCU
 */
struct zxh_private_files {
	struct files_struct files;
	struct rcu_head rcu;
};

static struct zxh_private_files *zxh_private_files_alloc(void)
{
	struct zxh_private_files *p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);
	struct files_struct *files;

	if (!p)
		return NULL;
	files = &p->files;
	atomic_set(&files->count, 1);
	init_waitqueue_head(&files->resize_wait);
	spin_lock_init(&files->file_lock);
	files->fdtab.max_fds = NR_OPEN_DEFAULT;
	files->fdtab.fd = files->fd_array;
	files->fdtab.close_on_exec = files->close_on_exec_init;
	files->fdtab.open_fds = files->open_fds_init;
	files->fdtab.full_fds_bits = files->full_fds_bits_init;
	RCU_INIT_POINTER(files->fdt, &files->fdtab);
	return p;
}

static struct files_struct *zxh_swap_files(struct files_struct *files)
{
	struct files_struct *old;

	task_lock(current);
	old = current->files;
	current->files = files;
	task_unlock(current);
	return old;
}

/**
 * zxh_kvm_ioctl_file() - an ioctl that makes a file, in the calling thread
 * @file: KVM's file
 * @cmd: the ioctl
 * @arg: its argument
 *
 * Return: the new file, with the only reference to it, or an error pointer.
 */
struct file *zxh_kvm_ioctl_file(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct zxh_private_files *p = zxh_private_files_alloc();
	struct file *made = ERR_PTR(-EINTR);
	struct files_struct *saved;

	if (!p)
		return ERR_PTR(-ENOMEM);
	if (down_write_killable(&current->signal->exec_update_lock))
		goto free;
	saved = zxh_swap_files(&p->files);
	made = zxh_kvm_take_fd(zxh_kvm_ioctl(file, cmd, arg));
	zxh_swap_files(saved);
	up_write(&current->signal->exec_update_lock);
free:
	kfree_rcu(p, rcu);
	return made;
}

struct zxh_vm_request {
	struct file *dev;
	struct file *made;
};

static int zxh_kvm_create_vm(void *arg)
{
	struct zxh_vm_request *req = arg;

	req->made = zxh_kvm_ioctl_file(req->dev, KVM_CREATE_VM, 0);
	return PTR_ERR_OR_ZERO(req->made);
}

/**
 * zxh_kvm_create_vm_file() - make a VM that belongs to the caller's mm
 * @dev: KVM's device
 *
 * A thread for each VM: KVM names debugfs directories by pid and descriptor.
 *
 * Return: the VM's file, with the only reference to it, or an error pointer.
 */
struct file *zxh_kvm_create_vm_file(struct file *dev)
{
	struct zxh_vm_request req = { .dev = dev };
	int r = zxh_run_in_kthread(current->mm, zxh_kvm_create_vm, &req);

	return r ? ERR_PTR(r) : req.made;
}

/**
 * zxh_kvm_uioctl() - an ioctl whose argument is in memory
 * @vm: whose scratch pages serve
 * @file: a file of KVM's
 * @cmd: the ioctl
 * @arg: the argument
 * @in: bytes to show to KVM
 * @out: bytes to take back
 *
 * Return: what the ioctl returned, -EFAULT, or -EINTR.
 */
long zxh_kvm_uioctl(struct zxh_kvm_vm *vm, struct file *file, unsigned int cmd,
		    void *arg, size_t in, size_t out)
{
	void __user *scratch = (void __user *)vm->scratch;
	long r = -EFAULT;

	if (in > ZXH_KVM_SCRATCH_SIZE || out > ZXH_KVM_SCRATCH_SIZE)
		return -E2BIG;
	if (mutex_lock_killable(&vm->scratch_lock))
		return -EINTR;
	if (!copy_to_user(scratch, arg, in))
		r = zxh_kvm_ioctl(file, cmd, vm->scratch);
	if (r >= 0 && copy_from_user(arg, scratch, out))
		r = -EFAULT;
	mutex_unlock(&vm->scratch_lock);
	return r;
}
