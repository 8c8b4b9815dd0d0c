/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual memory objects.
 */
#ifndef ZXH_VMO_H
#define ZXH_VMO_H

#include "object.h"

/**
 * struct zxh_vmo - pages with a size
 * @obj: base
 * @file: shmem file that holds them, mapped into the process; constant after init
 * @guest_file: a second file of the same pages, for mappings in a guest's
 *	window: those do not go along with fork() or into core dumps; constant
 *	after init
 * @size: bytes, whole pages; constant after init
 * @resizable: constant after init
 * @mappings: how many mappings have it; atomic
 * @name: terminated by zero; @obj.lock
 */
struct zxh_vmo {
	struct zxh_object obj;
	struct file *file;
	struct file *guest_file;
	u64 size;
	bool resizable;
	atomic_t mappings;
	char name[ZX_HYP_NAME_LEN];
};

static inline struct zxh_vmo *zxh_vmo_of(struct zxh_object *obj)
{
	return container_of(obj, struct zxh_vmo, obj);
}

void zxh_vmo_info(struct zxh_vmo *vmo, u32 rights, struct zx_hyp_info_vmo *info);

#endif /* ZXH_VMO_H */
