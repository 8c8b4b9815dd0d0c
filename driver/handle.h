/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Handle tables: how user space names objects.
 */
#ifndef ZXH_HANDLE_H
#define ZXH_HANDLE_H

#include <linux/xarray.h>

#include "object.h"
#include "status.h"

/**
 * struct zxh_handle - an entry of a table
 * @obj: held: with a reference and a handle count of ours; constant after init
 * @rights: constant after init
 * @closed: out of the table, or about to be: nobody may begin to wait through
 *	it; the object's lock
 * @id: unique among the handles of all tables, but for wraparound; constant
 *	after init
 * @observers: who waits through it; the object's lock
 * @rcu: lookups run under RCU
 */
struct zxh_handle {
	struct zxh_object *obj;
	u32 rights;
	bool closed;
	u64 id;
	struct list_head observers;
	struct rcu_head rcu;
};

/**
 * struct zxh_handle_table - the handles of one open file
 * @xa: number to struct zxh_handle, or a zero entry while reserved; its
 *	lock protects the entries, lookups run under RCU
 * @next: where the next number is looked for; xa's lock
 * @secret: xored into every value; constant after init
 * @serial: tells tables apart; constant after init
 * @count: numbers in use; atomic
 */
struct zxh_handle_table {
	struct xarray xa;
	u32 next;
	u32 secret;
	u32 serial;
	atomic_t count;
};

/**
 * struct zxh_handle_slot - a number taken out of a table, not yet a handle
 * @table: the table
 * @id: the number
 * @value: what user space will call the handle
 * @entry: memory for it
 */
struct zxh_handle_slot {
	struct zxh_handle_table *table;
	u32 id;
	u32 value;
	struct zxh_handle *entry;
};

void zxh_handle_table_init(struct zxh_handle_table *table);
void zxh_handle_table_destroy(struct zxh_handle_table *table);

int zxh_handle_reserve(struct zxh_handle_table *table, struct zxh_handle_slot *slot);
void zxh_handle_install(struct zxh_handle_slot *slot, struct zxh_object *obj, u32 rights);
void zxh_handle_unreserve(struct zxh_handle_slot *slot);

int zxh_handle_publish(struct zxh_handle_table *table, struct zxh_object *obj,
		       u32 rights, u64 out);
int zxh_handle_publish_held(struct zxh_handle_table *table, struct zxh_object *obj,
			    u32 rights, u64 out);
int zxh_handle_publish_two(struct zxh_handle_table *table, struct zxh_object **objs,
			   const u32 *rights, const u64 *outs);
int zxh_handle_close(struct zxh_handle_table *table, u32 value);

int zxh_handle_take(struct zxh_handle_table *table, u32 value,
		    struct zxh_object **obj, u32 *rights);

struct zxh_handle *zxh_handle_find_rcu(struct zxh_handle_table *table, u32 value);
int zxh_handle_get(struct zxh_handle_table *table, u32 value,
		   struct zxh_object **obj, u32 *rights);
int zxh_handle_get_typed(struct zxh_handle_table *table, u32 value, enum zxh_type type,
			 u32 need, struct zxh_object **obj, u32 *rights);

#endif /* ZXH_HANDLE_H */
