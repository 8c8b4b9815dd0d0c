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
 *         mm->mmap_lock	taken by vm_mmap(), vm_munmap(), page faults
 *           zxh_vmo_setup_lock	shmem's operations, wrapped once
 *         KVM's own locks
 *   xarray lock of a handle table, vCPU thread hash lock: innermost, spinning
 *
 * A vCPU that is inside KVM_RUN holds none of them, and callbacks out of
 * KVM_RUN take none of them.
 */
#ifndef ZXH_OBJECT_H
#define ZXH_OBJECT_H

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

/* Zircon's numbers of object types (zx_obj_type_t). */
enum zxh_type {
	ZXH_TYPE_VMO = 3,
	ZXH_TYPE_PORT = 6,
	ZXH_TYPE_RESOURCE = 15,
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
#define ZXH_RIGHT_WAIT			BIT(14)
#define ZXH_RIGHT_INSPECT		BIT(15)
#define ZXH_RIGHT_MANAGE_PROCESS	BIT(17)
#define ZXH_RIGHT_MANAGE_THREAD		BIT(18)
#define ZXH_RIGHT_OP_CHILDREN		BIT(21)
#define ZXH_RIGHT_RESIZE		BIT(22)

#define ZXH_RIGHTS_BASIC	(ZXH_RIGHT_TRANSFER | ZXH_RIGHT_DUPLICATE | \
				 ZXH_RIGHT_WAIT | ZXH_RIGHT_INSPECT)
#define ZXH_RIGHTS_IO		(ZXH_RIGHT_READ | ZXH_RIGHT_WRITE)
#define ZXH_RIGHTS_PROPERTY	(ZXH_RIGHT_GET_PROPERTY | ZXH_RIGHT_SET_PROPERTY)

struct zxh_object;

/**
 * struct zxh_object_ops - what a type does differently
 * @type: its number
 * @rights: rights of a handle to a new object
 * @last_handle: the last handle was closed; process context, may be NULL
 * @release: the last reference is gone: free what the object owns. The memory
 *	itself goes, after an RCU grace period, with zxh_object_free()
 */
struct zxh_object_ops {
	enum zxh_type type;
	u32 rights;
	void (*last_handle)(struct zxh_object *obj);
	void (*release)(struct zxh_object *obj);
};

/**
 * struct zxh_object - base of every object
 * @ref: references; lookups under RCU may find it at zero
 * @handles: handles in all tables
 * @koid: unique for the life of the module; constant after init
 * @ops: constant after init
 * @rcu: for zxh_object_free()
 *
 * First member of the structure that it is the base of.
 */
struct zxh_object {
	struct kref ref;
	atomic_t handles;
	u64 koid;
	const struct zxh_object_ops *ops;
	struct rcu_head rcu;
};

void zxh_object_init(struct zxh_object *obj, const struct zxh_object_ops *ops);
void zxh_object_put(struct zxh_object *obj);
void zxh_object_free(struct zxh_object *obj);
void zxh_object_add_handle(struct zxh_object *obj);
void zxh_object_drop_handle(struct zxh_object *obj);

static inline void zxh_object_get(struct zxh_object *obj)
{
	kref_get(&obj->ref);
}

int zxh_object_debugfs_init(void);
void zxh_object_debugfs_exit(void);

#endif /* ZXH_OBJECT_H */
