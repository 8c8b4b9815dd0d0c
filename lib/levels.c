// SPDX-License-Identifier: MIT
/* The rights that new handles had at older API levels: <zx_hyp/zx_hyp.h>. */
#include <stddef.h>

#include <zx_hyp/zx_hyp.h>

#include "libzx.h"

/* ZX_RIGHTS_BASIC as it grew: WAIT came in November 2017, INSPECT in March 2018. */
#define BASIC_2017 (ZX_RIGHT_TRANSFER | ZX_RIGHT_DUPLICATE)
#define BASIC_2018 (BASIC_2017 | ZX_RIGHT_WAIT)
#define BASIC_2019 ZX_RIGHTS_BASIC
/* From 2019 on, of objects that have no signals. */
#define PLAIN_2019 (BASIC_2019 & ~ZX_RIGHT_WAIT)

#define SIGNAL_BOTH (ZX_RIGHT_SIGNAL | ZX_RIGHT_SIGNAL_PEER)

/* What never changed of a type. All VMARs that are made are roots, with RWX. */
#define RWX (ZX_RIGHTS_IO | ZX_RIGHT_EXECUTE)
#define VCPU (RWX | ZX_RIGHT_SIGNAL)
/*
 * RESIZE, which came by 2022, is at every level: VMOs were resizable before, and
 * zx_vmo_set_size() asks for it. The kernel gives it to those that are resizable.
 */
#define VMO (ZX_RIGHTS_IO | ZX_RIGHTS_PROPERTY | ZX_RIGHT_MAP | ZX_RIGHT_SIGNAL | \
	     ZX_RIGHT_RESIZE)

/* Rights by type; none of a type that is not made here. */
struct level {
	uint32_t level;
	zx_rights_t rights[ZX_OBJ_TYPE_VCPU + 1];
};

static const struct level levels[] = {
	{
		.level = ZX_HYP_LEVEL_2017,
		.rights = {
			[ZX_OBJ_TYPE_GUEST] = BASIC_2017 | ZX_RIGHT_WRITE,
			[ZX_OBJ_TYPE_VCPU] = BASIC_2017 | VCPU,
			[ZX_OBJ_TYPE_VMAR] = BASIC_2017 | RWX,
			[ZX_OBJ_TYPE_VMO] = BASIC_2017 | VMO | ZX_RIGHT_EXECUTE,
			[ZX_OBJ_TYPE_PORT] = BASIC_2017 | ZX_RIGHTS_IO,
			[ZX_OBJ_TYPE_RESOURCE] = BASIC_2017 | ZX_RIGHTS_IO | ZX_RIGHT_SIGNAL,
			[ZX_OBJ_TYPE_EVENT] = BASIC_2017 | ZX_RIGHTS_IO | ZX_RIGHT_SIGNAL,
			[ZX_OBJ_TYPE_EVENTPAIR] = BASIC_2017 | ZX_RIGHTS_IO | SIGNAL_BOTH,
		},
	},
	{
		.level = ZX_HYP_LEVEL_2018,
		.rights = {
			[ZX_OBJ_TYPE_GUEST] = BASIC_2018 | ZX_RIGHT_WRITE,
			[ZX_OBJ_TYPE_VCPU] = BASIC_2018 | VCPU,
			[ZX_OBJ_TYPE_VMAR] = BASIC_2018 | RWX,
			[ZX_OBJ_TYPE_VMO] = BASIC_2018 | VMO | ZX_RIGHT_EXECUTE,
			[ZX_OBJ_TYPE_PORT] = BASIC_2017 | ZX_RIGHTS_IO,
			[ZX_OBJ_TYPE_RESOURCE] = BASIC_2018 | ZX_RIGHTS_IO | ZX_RIGHT_SIGNAL,
			[ZX_OBJ_TYPE_EVENT] = BASIC_2018 | ZX_RIGHTS_IO | ZX_RIGHT_SIGNAL,
			[ZX_OBJ_TYPE_EVENTPAIR] = BASIC_2018 | ZX_RIGHTS_IO | SIGNAL_BOTH,
		},
	},
	{
		.level = ZX_HYP_LEVEL_2019,
		.rights = {
			[ZX_OBJ_TYPE_GUEST] = PLAIN_2019 | ZX_RIGHT_WRITE | ZX_RIGHT_MANAGE_PROCESS,
			[ZX_OBJ_TYPE_VCPU] = BASIC_2019 | VCPU,
			[ZX_OBJ_TYPE_VMAR] = PLAIN_2019 | RWX,
			[ZX_OBJ_TYPE_VMO] = BASIC_2019 | VMO,
			[ZX_OBJ_TYPE_PORT] = PLAIN_2019 | ZX_RIGHTS_IO,
			[ZX_OBJ_TYPE_RESOURCE] = PLAIN_2019 | ZX_RIGHT_WRITE,
			[ZX_OBJ_TYPE_EVENT] = BASIC_2019 | ZX_RIGHT_SIGNAL,
			[ZX_OBJ_TYPE_EVENTPAIR] = BASIC_2019 | SIGNAL_BOTH,
		},
	},
	{
		.level = ZX_HYP_LEVEL_2022,
		.rights = {
			[ZX_OBJ_TYPE_GUEST] = PLAIN_2019 | ZX_RIGHT_WRITE | ZX_RIGHT_MANAGE_PROCESS,
			[ZX_OBJ_TYPE_VCPU] = BASIC_2019 | VCPU,
			[ZX_OBJ_TYPE_VMAR] = PLAIN_2019 | RWX | ZX_RIGHT_OP_CHILDREN,
			[ZX_OBJ_TYPE_VMO] = BASIC_2019 | VMO,
			[ZX_OBJ_TYPE_PORT] = PLAIN_2019 | ZX_RIGHTS_IO,
			[ZX_OBJ_TYPE_RESOURCE] = PLAIN_2019 | ZX_RIGHT_WRITE,
			[ZX_OBJ_TYPE_EVENT] = BASIC_2019 | ZX_RIGHT_SIGNAL,
			[ZX_OBJ_TYPE_EVENTPAIR] = BASIC_2019 | SIGNAL_BOTH,
		},
	},
	{
		.level = ZX_HYP_LEVEL_2024,
		.rights = {
			[ZX_OBJ_TYPE_GUEST] = ZX_DEFAULT_GUEST_RIGHTS,
			[ZX_OBJ_TYPE_VCPU] = ZX_DEFAULT_VCPU_RIGHTS,
			[ZX_OBJ_TYPE_VMAR] = ZX_DEFAULT_VMAR_RIGHTS | RWX,
			[ZX_OBJ_TYPE_VMO] = ZX_DEFAULT_VMO_RIGHTS | ZX_RIGHT_RESIZE,
			[ZX_OBJ_TYPE_PORT] = ZX_DEFAULT_PORT_RIGHTS,
			[ZX_OBJ_TYPE_RESOURCE] = ZX_DEFAULT_RESOURCE_RIGHTS,
			[ZX_OBJ_TYPE_EVENT] = ZX_DEFAULT_EVENT_RIGHTS,
			[ZX_OBJ_TYPE_EVENTPAIR] = ZX_DEFAULT_EVENTPAIR_RIGHTS,
		},
	},
};

static const struct level *find(uint32_t level)
{
	size_t i;

	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (levels[i].level == level)
			return &levels[i];
	}
	return NULL;
}

ZX_EXPORT zx_status_t zx_hyp_rights_level(uint32_t level)
{
	const struct level *wanted = find(level);
	zx_status_t status = ZX_OK;
	zx_obj_type_t type;

	if (!wanted)
		return ZX_ERR_INVALID_ARGS;
	for (type = 0; type <= ZX_OBJ_TYPE_VCPU && status == ZX_OK; type++) {
		struct zx_hyp_rights_set call = {
			.size = sizeof(call),
			.type = type,
			.rights = wanted->rights[type],
		};

		if (call.rights)
			status = libzx_make(ZX_HYP_RIGHTS_SET, &call);
	}
	return status;
}
