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
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "handle.h"

#define ZXH_HANDLE_FIXED	3U
#define ZXH_HANDLE_ID_BITS	29
#define ZXH_HANDLE_ID_MAX	((1U << ZXH_HANDLE_ID_BITS) - 1)

/**
 * struct zxh_handle - an entry of a table
 * @obj: with a reference and a handle count of ours; constant after init
 * @rights: constant after init
 * @rcu: lookups run under RCU
 */
struct zxh_handle {
	struct zxh_object *obj;
	u32 rights;
	struct rcu_head rcu;
};

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
}

static void zxh_handle_drop(struct zxh_handle *entry)
{
	zxh_object_drop_handle(entry->obj);
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
 * Return: 0 or ZXH_ERR_NO_MEMORY.
 */
int zxh_handle_reserve(struct zxh_handle_table *table, struct zxh_handle_slot *slot)
{
	int r;

	slot->table = table;
	slot->entry = kzalloc(sizeof(*slot->entry), GFP_KERNEL_ACCOUNT);
	if (!slot->entry)
		return ZXH_ERR_NO_MEMORY;
	r = xa_alloc_cyclic(&table->xa, &slot->id, NULL,
			    XA_LIMIT(1, ZXH_HANDLE_ID_MAX), &table->next,
			    GFP_KERNEL_ACCOUNT);
	if (r < 0) {
		kfree(slot->entry);
		return ZXH_ERR_NO_MEMORY;
	}
	slot->value = zxh_handle_value(table, slot->id);
	return 0;
}

/**
 * zxh_handle_install() - second half: the value becomes a handle
 * @slot: from zxh_handle_reserve(); used up
 * @obj: the object; the handle takes a reference of its own
 * @rights: rights of the handle
 */
void zxh_handle_install(struct zxh_handle_slot *slot, struct zxh_object *obj, u32 rights)
{
	zxh_object_get(obj);
	zxh_object_add_handle(obj);
	slot->entry->obj = obj;
	slot->entry->rights = rights;
	/* The number is reserved: its node exists, so nothing is allocated. */
	xa_store(&slot->table->xa, slot->id, slot->entry, 0);
}

/**
 * zxh_handle_unreserve() - give a number back unused
 * @slot: from zxh_handle_reserve(); used up
 */
void zxh_handle_unreserve(struct zxh_handle_slot *slot)
{
	xa_release(&slot->table->xa, slot->id);
	kfree(slot->entry);
}

/**
 * zxh_handle_publish() - hand a new object to user space
 * @table: the caller's table
 * @obj: the object; the caller keeps its reference
 * @rights: rights of the handle
 * @out: user address of the u32 that receives the value
 *
 * Return: 0, ZXH_ERR_NO_MEMORY, or ZXH_ERR_INVALID_ARGS when @out cannot be
 * written; then there is no handle.
 */
int zxh_handle_publish(struct zxh_handle_table *table, struct zxh_object *obj,
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
	return entry;
}

/**
 * zxh_handle_close() - close a handle
 * @table: the caller's table
 * @value: its value
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
 * @obj: receives the object, with a reference for the caller
 * @rights: receives the handle's rights
 *
 * Of two threads that take the same handle, one gets it.
 *
 * Return: 0 or ZXH_ERR_BAD_HANDLE.
 */
int zxh_handle_take(struct zxh_handle_table *table, u32 value,
		    struct zxh_object **obj, u32 *rights)
{
	struct zxh_handle *entry = zxh_handle_remove(table, value);

	if (!entry)
		return ZXH_ERR_BAD_HANDLE;
	*obj = entry->obj;
	*rights = entry->rights;
	zxh_object_get(*obj);
	zxh_handle_drop(entry);
	return 0;
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
	u32 id = zxh_handle_id(table, value);
	struct zxh_handle *entry;
	int r = ZXH_ERR_BAD_HANDLE;

	if (!id)
		return r;
	rcu_read_lock();
	entry = xa_load(&table->xa, id);
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
