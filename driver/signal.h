/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Signals of objects, and who waits for them.
 */
#ifndef ZXH_SIGNAL_H
#define ZXH_SIGNAL_H

#include "handle.h"

struct zxh_observer;

/**
 * struct zxh_observer_ops - what an observer does. All are called under the
 * lock of the object, by somebody who has a reference to it
 * @attach: before the first look at the signals; may refuse with a status;
 *	may be NULL
 * @match: signals were raised that it waits for; @signals are all of them.
 *	The observer stays, unless it calls zxh_observer_detach_locked()
 * @cancel: the handle that it waits through was closed, and it was detached; or
 *	it has none, and the object's last was closed
 */
struct zxh_observer_ops {
	int (*attach)(struct zxh_observer *obs, struct zxh_handle *handle);
	void (*match)(struct zxh_observer *obs, u32 signals);
	void (*cancel)(struct zxh_observer *obs, u32 signals);
};

/**
 * struct zxh_observer - somebody who waits for signals of an object
 * @ops: constant after init
 * @signals: those that it waits for; constant after init
 * @node: in obj->observers; the object's lock
 * @handle_node: in the observers of the handle that it waits through, if there
 *	is one; the object's lock
 */
struct zxh_observer {
	const struct zxh_observer_ops *ops;
	u32 signals;
	struct list_head node;
	struct list_head handle_node;
};

void zxh_observer_init(struct zxh_observer *obs, const struct zxh_observer_ops *ops,
		       u32 signals);
void zxh_observer_detach_locked(struct zxh_observer *obs, struct zxh_object *obj);
void zxh_observer_attach(struct zxh_observer *obs, struct zxh_object *obj);
bool zxh_observer_detach(struct zxh_observer *obs, struct zxh_object *obj, u32 *signals);
int zxh_observer_watch(struct zxh_observer *obs, struct zxh_handle_table *table, u32 value,
		       bool edge, struct zxh_object **obj);

void zxh_object_signal(struct zxh_object *obj, u32 clear, u32 set);
void zxh_object_orphan(struct zxh_object *obj);
void zxh_handle_end_waits(struct zxh_handle *handle);

#endif /* ZXH_SIGNAL_H */
