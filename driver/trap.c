// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traps: the checks of zx_guest_set_trap in Zircon's order, and finding one.
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "guest.h"

/* Zircon's last port: its bound is off by one, and 0xffff cannot be trapped. */
#define ZXH_IO_LIMIT	0xffffULL

void zxh_trap_init(struct zxh_guest *guest)
{
	mt_init_flags(&guest->mem_traps, MT_FLAGS_USE_RCU);
	mt_init_flags(&guest->io_traps, MT_FLAGS_USE_RCU);
}

static void zxh_trap_free_all(struct maple_tree *traps)
{
	struct zxh_trap *trap;
	unsigned long index = 0;

	mt_for_each(traps, trap, index, ULONG_MAX) {
		if (trap->bell)
			zxh_bell_kill(trap->bell);
		kfree(trap);
		cond_resched();
	}
	/* Nobody reads it any more, and trees for readers are destroyed wrongly. */
	mt_clear_in_rcu(traps);
	mtree_destroy(traps);
}

/**
 * zxh_trap_exit() - free the traps of a guest that is going away
 * @guest: the guest; none of its vCPUs is left
 */
void zxh_trap_exit(struct zxh_guest *guest)
{
	zxh_trap_free_all(&guest->mem_traps);
	zxh_trap_free_all(&guest->io_traps);
}

/**
 * zxh_trap_find() - the trap that an access hits
 * @traps: guest->mem_traps or guest->io_traps
 * @addr: the address or port
 * @trap: receives a copy
 *
 * Return: whether there is one.
 */
bool zxh_trap_find(struct maple_tree *traps, u64 addr, struct zxh_trap *trap)
{
	const struct zxh_trap *found;

	rcu_read_lock();
	found = mtree_load(traps, addr);
	if (found)
		*trap = *found;
	rcu_read_unlock();
	return found;
}

/**
 * zxh_trap_bell() - a guest wrote where no memslot is
 * @guest: the guest
 * @gpa: the address
 *
 * See struct zxh_kvm_ops.
 */
int zxh_trap_bell(void *guest, u64 gpa)
{
	struct zxh_guest *g = guest;
	struct zxh_trap *trap;
	int r = -ENOENT;

	rcu_read_lock();
	trap = mtree_load(&g->mem_traps, gpa);
	if (trap && trap->bell)
		r = zxh_bell_ring(trap->bell, gpa) ? -EAGAIN : 0;
	rcu_read_unlock();
	return r;
}

/* The bell of a BELL trap, with a reference, or NULL. */
struct zxh_bell *zxh_trap_get_bell(struct zxh_guest *guest, u64 gpa)
{
	struct zxh_bell *bell = NULL;
	struct zxh_trap *trap;

	rcu_read_lock();
	trap = mtree_load(&guest->mem_traps, gpa);
	if (trap && trap->bell) {
		bell = trap->bell;
		zxh_bell_get(bell);
	}
	rcu_read_unlock();
	return bell;
}

/* What @bell is, is the trap's on success. */
static int zxh_trap_insert(struct maple_tree *traps, const struct zx_hyp_guest_set_trap *req,
			   struct zxh_bell *bell)
{
	struct zxh_trap *trap;
	int r;

	trap = kzalloc(sizeof(*trap), GFP_KERNEL_ACCOUNT);
	if (!trap)
		return ZXH_ERR_NO_MEMORY;
	trap->kind = req->kind;
	trap->key = req->key;
	trap->bell = bell;
	r = mtree_insert_range(traps, req->addr, req->addr + req->len - 1, trap,
			       GFP_KERNEL_ACCOUNT);
	if (r)
		kfree(trap);
	return zxh_status(r);
}

/* Undo zxh_trap_insert(). It cannot fail: the trap is going to be freed. */
static void zxh_trap_remove(struct maple_tree *traps, const struct zx_hyp_guest_set_trap *req)
{
	struct zxh_trap *trap = mtree_load(traps, req->addr);

	mtree_store_range(traps, req->addr, req->addr + req->len - 1, NULL,
			  GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
	synchronize_rcu();
	kfree(trap);
}

static int zxh_trap_set_io(struct zxh_guest *guest, const struct zx_hyp_guest_set_trap *req)
{
	u64 end;

	if (!req->len)
		return ZXH_ERR_INVALID_ARGS;
	if (check_add_overflow(req->addr, req->len, &end) || end > ZXH_IO_LIMIT)
		return ZXH_ERR_OUT_OF_RANGE;
	return zxh_trap_insert(&guest->io_traps, req, NULL);
}

/*
 * The range is unmapped before it is compared with other traps, as in Zircon: a
 * trap that is refused for an overlap has done that.
 */
static int zxh_trap_set_mem(struct zxh_guest *guest, const struct zx_hyp_guest_set_trap *req,
			    struct zxh_bell *bell)
{
	u64 end;
	int r, refused;

	if (!PAGE_ALIGNED(req->addr) || !PAGE_ALIGNED(req->len))
		return ZXH_ERR_INVALID_ARGS;
	if (!req->len || check_add_overflow(req->addr, req->len, &end) ||
	    end > ZXH_GUEST_SPACE_SIZE)
		return ZXH_ERR_INVALID_ARGS;
	/* First the trap: a vCPU that uses the range finds either memory or that. */
	refused = zxh_trap_insert(&guest->mem_traps, req, bell);
	r = zxh_vmar_unmap_pages(guest->root, req->addr, req->len);
	if (refused)
		return r ?: refused;
	if (!r && mutex_lock_killable(&guest->as->lock))
		r = -EINTR;
	if (r)
		goto remove;
	r = zxh_gspace_punch_locked(guest->as, req->addr, req->len);
	mutex_unlock(&guest->as->lock);
	if (!r)
		return 0;
remove:
	zxh_trap_remove(&guest->mem_traps, req);
	return r;
}

struct zxh_trap_work {
	struct zxh_guest *guest;
	const struct zx_hyp_guest_set_trap *req;
	struct zxh_bell *bell;
};

static int zxh_trap_set_here(void *arg)
{
	struct zxh_trap_work *work = arg;
	struct zxh_guest *guest = work->guest;
	int r;

	if (mutex_lock_killable(&guest->lock))
		return -EINTR;
	if (work->req->kind == ZX_HYP_TRAP_IO)
		r = zxh_trap_set_io(guest, work->req);
	else
		r = zxh_trap_set_mem(guest, work->req, work->bell);
	mutex_unlock(&guest->lock);
	return r;
}

static int zxh_trap_set(struct zxh_guest *guest, const struct zx_hyp_guest_set_trap *req,
			struct zxh_object *port)
{
	struct zxh_trap_work work = { .guest = guest, .req = req };
	int r;

	if (req->kind > ZX_HYP_TRAP_IO || (req->kind == ZX_HYP_TRAP_BELL) != !!port)
		return ZXH_ERR_INVALID_ARGS;
	if (port) {
		work.bell = zxh_bell_create(zxh_port_of(port), req->key);
		if (!work.bell)
			return ZXH_ERR_NO_MEMORY;
	}
	r = zxh_aspace_run(guest->as, zxh_trap_set_here, &work);
	if (r && work.bell)
		zxh_bell_kill(work.bell);
	return r;
}

int zxh_guest_set_trap_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_guest_set_trap *req = arg;
	struct zxh_object *guest, *port = NULL;
	int r;

	if (req->flags || req->reserved)
		return -EINVAL;
	r = zxh_handle_get_typed(&f->handles, req->guest, ZXH_TYPE_GUEST, ZXH_RIGHT_WRITE,
				 &guest, NULL);
	if (r)
		return r;
	if (req->port)
		r = zxh_handle_get_typed(&f->handles, req->port, ZXH_TYPE_PORT,
					 ZXH_RIGHT_WRITE, &port, NULL);
	if (r)
		goto put_guest;
	r = zxh_trap_set(zxh_guest_of(guest), req, port);
	if (port)
		zxh_object_put(port);
put_guest:
	zxh_object_put(guest);
	return r;
}
