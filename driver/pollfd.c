// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ports and signals for poll(), select() and epoll.
 *
 * The file holds its object, not a handle: when the last handle is closed it
 * says that it was hung up.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "port.h"
#include "signal.h"

/**
 * struct zxh_poll - what such a file stands for
 * @obs: attached to @obj, unless that is a port
 * @obj: with a reference; constant after init
 * @queue: those who poll, unless @obj is a port, which has its own
 */
struct zxh_poll {
	struct zxh_observer obs;
	struct zxh_object *obj;
	wait_queue_head_t queue;
};

/* It stays attached: a descriptor is polled again and again. */
static void zxh_poll_wake(struct zxh_observer *obs, u32 signals)
{
	struct zxh_poll *p = container_of(obs, struct zxh_poll, obs);

	wake_up_poll(&p->queue, EPOLLIN | EPOLLRDNORM | EPOLLHUP);
}

static const struct zxh_observer_ops zxh_poll_ops = {
	.match = zxh_poll_wake,
	.cancel = zxh_poll_wake,
};

static __poll_t zxh_poll_port(struct file *file, struct zxh_port *port, poll_table *table)
{
	__poll_t mask = 0;

	poll_wait(file, &port->queue, table);
	spin_lock(&port->lock);
	if (!list_empty(&port->packets))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (port->closed)
		mask |= EPOLLHUP;
	spin_unlock(&port->lock);
	return mask;
}

static __poll_t zxh_poll_poll(struct file *file, poll_table *table)
{
	struct zxh_poll *p = file->private_data;
	__poll_t mask = 0;

	if (p->obj->ops->type == ZXH_TYPE_PORT)
		return zxh_poll_port(file, zxh_port_of(p->obj), table);
	poll_wait(file, &p->queue, table);
	spin_lock(&p->obj->lock);
	if (p->obj->signals & p->obs.signals)
		mask |= EPOLLIN | EPOLLRDNORM;
	spin_unlock(&p->obj->lock);
	if (!atomic_read(&p->obj->handles))
		mask |= EPOLLHUP;
	return mask;
}

static int zxh_poll_release(struct inode *inode, struct file *file)
{
	struct zxh_poll *p = file->private_data;

	if (p->obj->ops->type != ZXH_TYPE_PORT)
		zxh_observer_detach(&p->obs, p->obj, NULL);
	zxh_object_put(p->obj);
	kfree(p);
	return 0;
}

static const struct file_operations zxh_poll_fops = {
	.owner = THIS_MODULE,
	.poll = zxh_poll_poll,
	.release = zxh_poll_release,
};

/* Return: a file that has a reference to @obj of its own, or an ERR_PTR. */
static struct file *zxh_poll_create(struct zxh_object *obj, u32 signals)
{
	struct zxh_poll *p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);
	struct file *file;

	if (!p)
		return ERR_PTR(-ENOMEM);
	p->obj = obj;
	init_waitqueue_head(&p->queue);
	zxh_observer_init(&p->obs, &zxh_poll_ops, signals);
	file = anon_inode_getfile("[zx_hyp-poll]", &zxh_poll_fops, p, O_RDWR);
	if (IS_ERR(file)) {
		kfree(p);
		return file;
	}
	zxh_object_get(obj);
	if (obj->ops->type != ZXH_TYPE_PORT)
		zxh_observer_attach(&p->obs, obj);
	return file;
}

static int zxh_poll_check(const struct zxh_object *obj, u32 rights, u32 signals)
{
	bool port = obj->ops->type == ZXH_TYPE_PORT;

	if (!(rights & (port ? ZXH_RIGHT_READ : ZXH_RIGHT_WAIT)))
		return ZXH_ERR_ACCESS_DENIED;
	if (!port && !zxh_object_waitable(obj))
		return ZXH_ERR_NOT_SUPPORTED;
	return port && signals ? ZXH_ERR_INVALID_ARGS : 0;
}

int zxh_object_poll_fd_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_object_poll_fd *req = arg;
	s32 __user *out = u64_to_user_ptr(req->out_fd);
	struct zxh_object *obj;
	struct file *file;
	u32 rights;
	int fd, r;

	if (req->reserved)
		return -EINVAL;
	r = zxh_handle_get(&f->handles, req->handle, &obj, &rights);
	if (r)
		return r;
	r = zxh_poll_check(obj, rights, req->signals);
	if (r)
		goto put;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		r = zxh_status(fd);
		goto put;
	}
	file = zxh_poll_create(obj, req->signals);
	if (IS_ERR(file)) {
		r = zxh_status(PTR_ERR(file));
		put_unused_fd(fd);
	} else if (put_user(fd, out)) {
		r = ZXH_ERR_INVALID_ARGS;
		fput(file);
		put_unused_fd(fd);
	} else {
		fd_install(fd, file);
	}
put:
	zxh_object_put(obj);
	return r;
}
