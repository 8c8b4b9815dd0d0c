// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stands in for the module under test and misbehaves on request, so that the
 * checker of scripts/vm can be tested:
 *
 *   echo DEED >/sys/module/zxh_splat/parameters/provoke
 *   echo N >/sys/module/zxh_splat/parameters/live	live objects it claims to have
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/panic.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/string.h>

static unsigned int live;
module_param(live, uint, 0644);
MODULE_PARM_DESC(live, "live objects to claim");

static struct dentry *dir;

static int objects_show(struct seq_file *m, void *unused)
{
	seq_printf(m, "guest %u\nvcpu 0\n", live);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(objects);

static void grace_period_over(struct rcu_head *head)
{
}

/*
 * Asks for a grace period, lets RCU's own thread begin it, and keeps it from
 * ending for longer than the stall time that the test sets.
 */
static void stall(void)
{
	static struct rcu_head head;
	unsigned long end = jiffies + 8 * HZ;

	rcu_read_lock();
	call_rcu(&head, grace_period_over);
	while (time_before(jiffies, end)) {
		mdelay(1);
		cond_resched();
	}
	rcu_read_unlock();
	rcu_barrier();
}

static int provoke_set(const char *deed, const struct kernel_param *kp)
{
	if (sysfs_streq(deed, "warn"))
		WARN_ON(1);
	else if (sysfs_streq(deed, "oops"))
		WRITE_ONCE(*(int *)8, 1);
	else if (sysfs_streq(deed, "taint"))
		add_taint(TAINT_USER, LOCKDEP_STILL_OK);
	else if (sysfs_streq(deed, "pin"))
		__module_get(THIS_MODULE);
	else if (sysfs_streq(deed, "stall"))
		stall();
	else
		return -EINVAL;
	return 0;
}

static const struct kernel_param_ops provoke_ops = { .set = provoke_set };
module_param_cb(provoke, &provoke_ops, NULL, 0200);
MODULE_PARM_DESC(provoke, "warn, oops, taint, pin or stall");

static int __init zxh_splat_init(void)
{
	dir = debugfs_create_dir("zxh_splat", NULL);
	debugfs_create_file("objects", 0444, dir, NULL, &objects_fops);
	return 0;
}
module_init(zxh_splat_init);

static void __exit zxh_splat_exit(void)
{
	debugfs_remove(dir);
}
module_exit(zxh_splat_exit);

MODULE_DESCRIPTION("Misbehaves on request, to test the machine checker");
MODULE_LICENSE("GPL");
