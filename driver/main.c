// SPDX-License-Identifier: GPL-2.0-only
/*
 * zx_hyp: Zircon's hypervisor API as a character device.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

static const struct file_operations zxh_fops = {
	.owner = THIS_MODULE,
};

static struct miscdevice zxh_miscdev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "zx_hyp",
	.mode = 0600,
	.fops = &zxh_fops,
};
module_misc_device(zxh_miscdev);

MODULE_DESCRIPTION("Zircon's hypervisor API on top of KVM");
MODULE_LICENSE("GPL");
