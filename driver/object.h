/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every kernel object of zx_hyp has: a type, a koid, a count of
 * references and a count of handles.
 *
 * References keep the memory. Handles are what user space holds; the last one
 * closed is an event of its own (ops->last_handle), because an object may live
 * on, held by another object, with nobody left to name it.
 *
 * Lock order, outermost first; a file that adds a lock adds it here:
 *
 *   zxh_guest.lock		vCPU ids, traps
 *     zxh_aspace.lock		regions, windows, memslots of one address space
 *       zxh_kvm_vm.task_lock	which thread runs a vCPU
 *       zxh_kvm_vm.scratch_lock	argument page of KVM's ioctls
 *       zxh_vmo.lock		size of a VMO
 *         mm->mmap_lock	taken by vm_mmap(), vm_munmap(), page faults
 *           zxh_vmo_setup_lock	shmem's operations, wrapped once
 *         KVM's own locks
 *
 * and spinning, inside of all of these:
 *
 *   zxh_object.lock		signals, who waits for them, names, who maps a VMO
 *     zxh_port.lock		packets
 *   zxh_bell.lock		which packets of a bell are free
 *   zxh_pair.lock		which ends of an event pair live
 *   xarray lock of a handle table, vCPU thread hash lock
 *
 * A vCPU that is inside KVM_RUN holds none of them. Callbacks out of KVM_RUN
 * take the spinning ones of bells and ports, and no other.
 */
#ifndef ZXH_OBJECT_H
#define ZXH_OBJECT_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/zx_hyp.h>

/* Zircon's numbers of object types (zx_obj_type_t). */
enum zxh_type {
	ZXH_TYPE_VMO = 3,
	ZXH_TYPE_EVENT = 5,
	ZXH_TYPE_PORT = 6,
	ZXH_TYPE_RESOURCE = 15,
	ZXH_TYPE_EVENTPAIR = 16,
	ZXH_TYPE_VMAR = 18,
	ZXH_TYPE_GUEST = 20,
	ZXH_TYPE_VCPU = 21,
	ZXH_TYPE_END,
};

/* Zircon's rights. */
#define ZXH_RIGHT_DUPLICATE		BIT(0)
#define ZXH_RIGHT_TRANSFER		BIT(1)
#define ZXH_RIGHT_READ			BIT(2)
#define ZXH_RIGHT_WRITE			BIT(3)
#define ZXH_RIGHT_EXECUTE		BIT(4)
#define ZXH_RIGHT_MAP			BIT(5)
#define ZXH_RIGHT_GET_PROPERTY		BIT(6)
#define ZXH_RIGHT_SET_PROPERTY		BIT(7)
#define ZXH_RIGHT_SIGNAL		BIT(12)
#define ZXH_RIGHT_SIGNAL_PEER		BIT(13)
#define ZXH_RIGHT_WAIT			BIT(14)
#define ZXH_RIGHT_INSPECT		BIT(15)
#define ZXH_RIGHT_MANAGE_PROCESS	BIT(17)
#define ZXH_RIGHT_MANAGE_THREAD		BIT(18)
#define ZXH_RIGHT_OP_CHILDREN		BIT(21)
#define ZXH_RIGHT_RESIZE		BIT(22)
#define ZXH_RIGHTS_ALL			GENMASK(24, 0)

#define ZXH_RIGHTS_BASIC	(ZXH_RIGHT_TRANSFER | ZXH_RIGHT_DUPLICATE | \
				 ZXH_RIGHT_WAIT | ZXH_RIGHT_INSPECT)
#define ZXH_RIGHTS_IO		(ZXH_RIGHT_READ | ZXH_RIGHT_WRITE)
#define ZXH_RIGHTS_PROPERTY	(ZXH_RIGHT_GET_PROPERTY | ZXH_RIGHT_SET_PROPERTY)

/* What programs may always set and clear of an object that can be waited for. */
#define ZXH_SIGNALS_USER	ZX_HYP_SIGNAL_USER_ALL

struct zxh_object;

/**
 * struct zxh_object_ops - what a type does differently
 * @type: its number
 * @rights: rights of a handle to a new object. With WAIT among them the object
 *	can be waited for; whether a handle has it is another question
 * @signals: what programs may signal beyond ZXH_SIGNALS_USER
 * @last_handle: the last handle was closed; process context, may be NULL
 * @release: the last reference is gone: free what the object owns. The memory
 *	itself goes, after an RCU grace period, with zxh_object_free()
 * @name: where its name is, ZX_HYP_NAME_LEN bytes; NULL: it has none
 * @related_koid: koid of the object that it belongs to; NULL: to none
 */
struct zxh_object_ops {
	enum zxh_type type;
	u32 rights;
	u32 signals;
	void (*last_handle)(struct zxh_object *obj);
	void (*release)(struct zxh_object *obj);
	char *(*name)(struct zxh_object *obj);
	u64 (*related_koid)(struct zxh_object *obj);
};

/**
 * struct zxh_object - base of every object
 * @ref: references; lookups under RCU may find it at zero
 * @handles: handles in all tables, and on their way between two
 * @koid: unique for the life of the module; constant after init
 * @ops: constant after init
 * @lock: see above
 * @signals: what is asserted; @lock
 * @observers: struct zxh_observer; @lock
 * @nr_observers: how many; @lock
 * @rcu: for zxh_object_free()
 *
 * First member of the structure that it is the base of.
 */
struct zxh_object {
	struct kref ref;
	atomic_t handles;
	u64 koid;
	const struct zxh_object_ops *ops;
	spinlock_t lock;
	u32 signals;
	struct list_head observers;
	unsigned int nr_observers;
	struct rcu_head rcu;
};

bool zxh_type_known(u32 type);
void zxh_object_init(struct zxh_object *obj, const struct zxh_object_ops *ops);
void zxh_object_put(struct zxh_object *obj);
void zxh_object_free(struct zxh_object *obj);
void zxh_object_hold(struct zxh_object *obj);
bool zxh_object_hold_not_zero(struct zxh_object *obj);
void zxh_object_unhold(struct zxh_object *obj);

static inline void zxh_object_get(struct zxh_object *obj)
{
	kref_get(&obj->ref);
}

static inline bool zxh_object_waitable(const struct zxh_object *obj)
{
	return obj->ops->rights & ZXH_RIGHT_WAIT;
}

int zxh_object_debugfs_init(void);
void zxh_object_debugfs_exit(void);

#endif /* ZXH_OBJECT_H */
