/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual memory objects.
 */
#ifndef ZXH_VMO_H
#define ZXH_VMO_H

#include <linux/rwsem.h>

#include "object.h"

struct zxh_aspace;

/* Zircon's largest size. */
#define ZXH_VMO_MAX_SIZE	(U64_MAX - 65535)

/**
 * struct zxh_vmo - pages with a size
 * @obj: base
 * @file: shmem file that holds them, mapped into the process; constant after init
 * @guest_file: a second file of the same pages, for mappings in a guest's
 *	window: those do not go along with fork() or into core dumps; constant
 *	after init
 * @lock: keeps @size for those who use the bytes; see object.h
 * @size: bytes, whole pages; @lock, or a look that may be outdated
 * @resizable: constant after init
 * @mappings: how many mappings have it; atomic
 * @name: terminated by zero; @obj.lock
 */
struct zxh_vmo {
	struct zxh_object obj;
	struct file *file;
	struct file *guest_file;
	struct rw_semaphore lock;
	u64 size;
	bool resizable;
	atomic_t mappings;
	char name[ZX_HYP_NAME_LEN];
};

static inline struct zxh_vmo *zxh_vmo_of(struct zxh_object *obj)
{
	return container_of(obj, struct zxh_vmo, obj);
}

int zxh_vmo_round_size(u64 *size);
int zxh_vmo_op(struct zxh_vmo *vmo, u32 op, u64 offset, u64 len);
void zxh_vmo_populate(struct zxh_vmo *vmo, struct zxh_aspace *as, u64 addr, u64 len, u64 offset);
void zxh_vmo_info(struct zxh_vmo *vmo, u32 rights, struct zx_hyp_info_vmo *info);

#endif /* ZXH_VMO_H */
