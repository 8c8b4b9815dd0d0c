// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handle tables.
 *
 * A value is a number of 29 bits, shifted over Zircon's two fixed low bits,
 * with the table's secret xored in; the top bit stays clear. Numbers are given
 * out in a circle, so that slot and generation are one: the number of a closed
 * handle comes again only after all 2^29 others were tried, and until then its
 * value is ZX_ERR_BAD_HANDLE, never another object.
 */
#include <linux/moduleparam.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "signal.h"

#define ZXH_HANDLE_FIXED	3U
#define ZXH_HANDLE_ID_BITS	29
#define ZXH_HANDLE_ID_MAX	((1U << ZXH_HANDLE_ID_BITS) - 1)

static unsigned int zxh_max_handles = 1 << 18;
module_param_named(max_handles, zxh_max_handles, uint, 0644);
MODULE_PARM_DESC(max_handles, "handles that an open file may have (262144)");

static atomic_t zxh_table_serial = ATOMIC_INIT(0);

static u32 zxh_handle_value(const struct zxh_handle_table *table, u32 id)
{
	return ((id ^ table->secret) << 2) | ZXH_HANDLE_FIXED;
}

/* Return: the number of a value, or 0, which no handle has. */
static u32 zxh_handle_id(const struct zxh_handle_table *table, u32 value)
{
	if ((value & ZXH_HANDLE_FIXED) != ZXH_HANDLE_FIXED || value >> 31)
		return 0;
	return (value >> 2) ^ table->secret;
}

void zxh_handle_table_init(struct zxh_handle_table *table)
{
	xa_init_flags(&table->xa, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	table->next = 1;
	table->secret = get_random_u32() & ZXH_HANDLE_ID_MAX;
	table->serial = atomic_inc_return(&zxh_table_serial);
	atomic_set(&table->count, 0);
}

static void zxh_handle_drop(struct zxh_handle *entry)
{
	zxh_handle_end_waits(entry);
	zxh_object_unhold(entry->obj);
	kfree_rcu(entry, rcu);
}

/**
 * zxh_handle_table_destroy() - close every handle
 * @table: a table that nobody else can reach any more
 */
void zxh_handle_table_destroy(struct zxh_handle_table *table)
{
	struct zxh_handle *entry;
	unsigned long id;

	xa_for_each(&table->xa, id, entry) {
		xa_erase(&table->xa, id);
		zxh_handle_drop(entry);
		cond_resched();
	}
	xa_destroy(&table->xa);
}

/**
 * zxh_handle_reserve() - take a number, first half of making a handle
 * @table: the table
 * @slot: receives it
 *
 * The value is ZX_ERR_BAD_HANDLE to everybody until zxh_handle_install(), which
 * cannot fail: what can is done between the two.
 *
 * Return: 0, ZXH_ERR_NO_RESOURCES when the table is full, or ZXH_ERR_NO_MEMORY.
 */
int zxh_handle_reserve(struct zxh_handle_table *table, struct zxh_handle_slot *slot)
{
	int r;

	slot->table = table;
	r = ZXH_ERR_NO_RESOURCES;
	if (atomic_inc_return(&table->count) > READ_ONCE(zxh_max_handles))
		goto uncount;
	r = ZXH_ERR_NO_MEMORY;
	slot->entry = kzalloc(sizeof(*slot->entry), GFP_KERNEL_ACCOUNT);
	if (!slot->entry)
		goto uncount;
	if (xa_alloc_cyclic(&table->xa, &slot->id, NULL, XA_LIMIT(1, ZXH_HANDLE_ID_MAX),
			    &table->next, GFP_KERNEL_ACCOUNT) < 0)
		goto free_entry;
	slot->value = zxh_handle_value(table, slot->id);
	return 0;

free_entry:
	kfree(slot->entry);
uncount:
	atomic_dec(&table->count);
	return r;
}

/**
 * zxh_handle_install() - second half: the value becomes a handle
 * @slot: from zxh_handle_reserve(); used up
 * @obj: the object; the caller's hold on it goes to the handle
 * @rights: rights of the handle
 */
void zxh_handle_install(struct zxh_handle_slot *slot, struct zxh_object *obj, u32 rights)
{
	struct zxh_handle *entry = slot->entry;

	entry->obj = obj;
	entry->rights = rights;
	entry->id = (u64)slot->table->serial << 32 | slot->value;
	INIT_LIST_HEAD(&entry->observers);
	/* The number is reserved: its node exists, so nothing is allocated. */
	xa_store(&slot->table->xa, slot->id, entry, 0);
}

/**
 * zxh_handle_unreserve() - give a number back unused
 * @slot: from zxh_handle_reserve(); used up
 */
void zxh_handle_unreserve(struct zxh_handle_slot *slot)
{
	xa_release(&slot->table->xa, slot->id);
	atomic_dec(&slot->table->count);
	kfree(slot->entry);
}

/**
 * zxh_handle_publish_held() - hand an object to user space
 * @table: the caller's table
 * @obj: the object; the caller's hold on it is used up if the call succeeds
 * @rights: rights of the handle
 * @out: user address of the u32 that receives the value
 *
 * Return: 0, ZXH_ERR_NO_RESOURCES, ZXH_ERR_NO_MEMORY, or ZXH_ERR_INVALID_ARGS
 * when @out cannot be written; then there is no handle.
 */
int zxh_handle_publish_held(struct zxh_handle_table *table, struct zxh_object *obj,
			    u32 rights, u64 out)
{
	struct zxh_handle_slot slot;
	int r;

	r = zxh_handle_reserve(table, &slot);
	if (r)
		return r;
	if (put_user(slot.value, (u32 __user *)u64_to_user_ptr(out))) {
		zxh_handle_unreserve(&slot);
		return ZXH_ERR_INVALID_ARGS;
	}
	zxh_handle_install(&slot, obj, rights);
	return 0;
}

/**
 * zxh_handle_publish() - hand a new object to user space
 * @table: the caller's table
 * @obj: the object; the caller keeps its reference
 * @rights: rights of the handle
 * @out: user address of the u32 that receives the value
 *
 * Return: as zxh_handle_publish_held().
 */
int zxh_handle_publish(struct zxh_handle_table *table, struct zxh_object *obj,
		       u32 rights, u64 out)
{
	int r;

	zxh_object_hold(obj);
	r = zxh_handle_publish_held(table, obj, rights, out);
	if (r)
		zxh_object_unhold(obj);
	return r;
}

/* Write both values, or neither. */
static int zxh_handle_put_two(const struct zxh_handle_slot *slots, const u64 *outs)
{
	u32 __user *first = u64_to_user_ptr(outs[0]);
	u32 __user *second = u64_to_user_ptr(outs[1]);
	u32 old;

	if (get_user(old, first) || put_user(slots[0].value, first))
		return ZXH_ERR_INVALID_ARGS;
	if (!put_user(slots[1].value, second))
		return 0;
	/* A call that fails writes nothing. */
	put_user(old, first);
	return ZXH_ERR_INVALID_ARGS;
}

/**
 * zxh_handle_publish_two() - hand two new objects to user space, or none
 * @table: the caller's table
 * @objs: the objects; the caller keeps its references
 * @rights: rights of their handles
 * @outs: user addresses of the u32 that receive the values
 *
 * Return: as zxh_handle_publish_held().
 */
int zxh_handle_publish_two(struct zxh_handle_table *table, struct zxh_object **objs,
			   const u32 *rights, const u64 *outs)
{
	struct zxh_handle_slot slots[2];
	int i, r;

	r = zxh_handle_reserve(table, &slots[0]);
	if (r)
		return r;
	r = zxh_handle_reserve(table, &slots[1]);
	if (r)
		goto unreserve_first;
	r = zxh_handle_put_two(slots, outs);
	if (r)
		goto unreserve_second;
	for (i = 0; i < 2; i++) {
		zxh_object_hold(objs[i]);
		zxh_handle_install(&slots[i], objs[i], rights[i]);
	}
	return 0;

unreserve_second:
	zxh_handle_unreserve(&slots[1]);
unreserve_first:
	zxh_handle_unreserve(&slots[0]);
	return r;
}

static struct zxh_handle *zxh_handle_remove(struct zxh_handle_table *table, u32 value)
{
	u32 id = zxh_handle_id(table, value);
	struct zxh_handle *entry;

	if (!id)
		return NULL;
	xa_lock(&table->xa);
	/* A number that is only reserved must stay so. */
	entry = xa_load(&table->xa, id);
	if (entry)
		__xa_erase(&table->xa, id);
	xa_unlock(&table->xa);
	if (entry)
		atomic_dec(&table->count);
	return entry;
}

/**
 * zxh_handle_close() - close a handle
 * @table: the caller's table
 * @value: its value
 *
 * What waits through it ends with ZX_ERR_CANCELED.
 *
 * Return: 0 or ZXH_ERR_BAD_HANDLE.
 */
int zxh_handle_close(struct zxh_handle_table *table, u32 value)
{
	struct zxh_handle *entry = zxh_handle_remove(table, value);

	if (!entry)
		return ZXH_ERR_BAD_HANDLE;
	zxh_handle_drop(entry);
	return 0;
}

/**
 * zxh_handle_take() - close a handle and keep its object
 * @table: the caller's table
 * @value: its value
 * @obj: receives the object, held
 * @rights: receives the handle's rights
 *
 * Of two threads that take the same handle, one gets it. To the object it is
 * still a handle.
 *
 * Return: 0 or ZXH_ERR_BAD_HANDLE.
 */
int zxh_handle_take(struct zxh_handle_table *table, u32 value,
		    struct zxh_object **obj, u32 *rights)
{
	struct zxh_handle *entry = zxh_handle_remove(table, value);

	if (!entry)
		return ZXH_ERR_BAD_HANDLE;
	zxh_handle_end_waits(entry);
	*obj = entry->obj;
	*rights = entry->rights;
	kfree_rcu(entry, rcu);
	return 0;
}

/**
 * zxh_handle_find_rcu() - look a handle up
 * @table: the caller's table
 * @value: its value
 *
 * Under RCU. The reference count of the handle's object may be zero already.
 *
 * Return: the handle, or NULL.
 */
struct zxh_handle *zxh_handle_find_rcu(struct zxh_handle_table *table, u32 value)
{
	u32 id = zxh_handle_id(table, value);

	return id ? xa_load(&table->xa, id) : NULL;
}

/**
 * zxh_handle_get() - look a handle up, whatever its type and rights
 * @table: the caller's table
 * @value: its value
 * @obj: receives the object, with a reference for the caller
 * @rights: receives the handle's rights
 *
 * Return: 0 or ZXH_ERR_BAD_HANDLE.
 */
int zxh_handle_get(struct zxh_handle_table *table, u32 value,
		   struct zxh_object **obj, u32 *rights)
{
	struct zxh_handle *entry;
	int r = ZXH_ERR_BAD_HANDLE;

	rcu_read_lock();
	entry = zxh_handle_find_rcu(table, value);
	if (entry && kref_get_unless_zero(&entry->obj->ref)) {
		*obj = entry->obj;
		*rights = entry->rights;
		r = 0;
	}
	rcu_read_unlock();
	return r;
}

/**
 * zxh_handle_get_typed() - look a handle up in Zircon's order
 * @table: the caller's table
 * @value: its value
 * @type: the type it must have
 * @need: rights it must have
 * @obj: receives the object, with a reference for the caller
 * @rights: receives the handle's rights; may be NULL
 *
 * Return: 0, else the first that applies of ZXH_ERR_BAD_HANDLE (no such
 * handle), ZXH_ERR_WRONG_TYPE and ZXH_ERR_ACCESS_DENIED (a right is missing).
 */
int zxh_handle_get_typed(struct zxh_handle_table *table, u32 value, enum zxh_type type,
			 u32 need, struct zxh_object **obj, u32 *rights)
{
	struct zxh_object *found;
	u32 have;
	int r;

	r = zxh_handle_get(table, value, &found, &have);
	if (r)
		return r;
	if (found->ops->type != type)
		r = ZXH_ERR_WRONG_TYPE;
	else if ((have & need) != need)
		r = ZXH_ERR_ACCESS_DENIED;
	if (r) {
		zxh_object_put(found);
		return r;
	}
	*obj = found;
	if (rights)
		*rights = have;
	return 0;
}
