/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ZXH_RESOURCE_H
#define ZXH_RESOURCE_H

#include "file.h"

int zxh_resource_check(struct zxh_file *f, u32 value, u32 kind);

void zxh_resource_info(struct zxh_object *obj, struct zx_hyp_info_resource *info);

#endif /* ZXH_RESOURCE_H */
