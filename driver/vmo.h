/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual memory objects.
 */
#ifndef ZXH_VMO_H
#define ZXH_VMO_H

#include <linux/rbtree.h>
#include <linux/rwsem.h>

#include "object.h"

struct zxh_aspace;

/* Zircon's largest size. */
#define ZXH_VMO_MAX_SIZE	(U64_MAX - 65535)

/**
 * struct zxh_share - an address space that maps a VMO
 * @node: in the VMO's tree
 * @as: the address space, which its mappings keep; constant after init
 * @mappings: how many mappings it has; the VMO's @obj.lock
 */
struct zxh_share {
	struct rb_node node;
	const struct zxh_aspace *as;
	unsigned int mappings;
};

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
 * @shares: struct zxh_share of every address space that maps it; @obj.lock
 * @nr_shares: how many; @obj.lock
 * @nr_mappings: how many mappings have it, in all of these; @obj.lock
 * @name: terminated by zero; @obj.lock
 */
struct zxh_vmo {
	struct zxh_object obj;
	struct file *file;
	struct file *guest_file;
	struct rw_semaphore lock;
	u64 size;
	bool resizable;
	struct rb_root shares;
	unsigned int nr_shares;
	unsigned int nr_mappings;
	char name[ZX_HYP_NAME_LEN];
};

static inline struct zxh_vmo *zxh_vmo_of(struct zxh_object *obj)
{
	return container_of(obj, struct zxh_vmo, obj);
}

struct zxh_share *zxh_vmo_share_locked(struct zxh_vmo *vmo, const struct zxh_aspace *as);
void zxh_vmo_unshare_locked(struct zxh_vmo *vmo, struct zxh_share *share);
int zxh_vmo_round_size(u64 *size);
int zxh_vmo_op(struct zxh_vmo *vmo, u32 op, u64 offset, u64 len);
void zxh_vmo_populate(struct zxh_vmo *vmo, struct zxh_aspace *as, u64 addr, u64 len, u64 offset);
void zxh_vmo_info(struct zxh_vmo *vmo, u32 rights, struct zx_hyp_info_vmo *info);

#endif /* ZXH_VMO_H */
