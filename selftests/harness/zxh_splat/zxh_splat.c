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
#include <linux/mutex.h>
#include <linux/panic.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
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

/* What follows harms nothing, and only a kernel that watches sees it. */

static void use_after_free(void)
{
	char *gone = kmalloc(24, GFP_KERNEL);

	kfree(gone);
	if (gone)
		READ_ONCE(gone[8]);
}

static void invert_locks(void)
{
	static DEFINE_MUTEX(one);
	static DEFINE_MUTEX(other);

	mutex_lock(&one);
	mutex_lock(&other);
	mutex_unlock(&other);
	mutex_unlock(&one);
	mutex_lock(&other);
	mutex_lock(&one);
	mutex_unlock(&one);
	mutex_unlock(&other);
}

static void sleep_in_atomic(void)
{
	static DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	might_sleep();
	spin_unlock(&lock);
}

static void leak(void)
{
	int i;

	/* One address may linger in a register or on a stack; not ten. */
	for (i = 0; i < 10; i++)
		kmalloc(200, GFP_KERNEL);
}

static int sink;

static void shift_too_far(void)
{
	int by = 40;

	OPTIMIZER_HIDE_VAR(by);
	WRITE_ONCE(sink, 1 << by);
}

static void dereference_unlocked(void)
{
	static int __rcu *pointer;

	if (rcu_dereference(pointer))
		live = 0;
}

static const struct {
	const char *name;
	void (*commit)(void);
} quiet_deeds[] = {
	{ "kasan", use_after_free },
	{ "lockdep", invert_locks },
	{ "atomic", sleep_in_atomic },
	{ "leak", leak },
	{ "ubsan", shift_too_far },
	{ "rcu", dereference_unlocked },
};

static int commit_quiet(const char *deed)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(quiet_deeds); i++) {
		if (sysfs_streq(deed, quiet_deeds[i].name)) {
			quiet_deeds[i].commit();
			return 0;
		}
	}
	return -EINVAL;
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
		return commit_quiet(deed);
	return 0;
}

static const struct kernel_param_ops provoke_ops = { .set = provoke_set };
module_param_cb(provoke, &provoke_ops, NULL, 0200);
MODULE_PARM_DESC(provoke, "warn, oops, taint, pin, stall, kasan, lockdep, atomic, leak, ubsan or rcu");

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
