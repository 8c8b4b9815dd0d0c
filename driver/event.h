/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ZXH_EVENT_H
#define ZXH_EVENT_H

#include "object.h"

struct zxh_object *zxh_eventpair_peer(struct zxh_object *obj);

#endif /* ZXH_EVENT_H */
