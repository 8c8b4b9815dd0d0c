/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMARs: what their files share. Everything with _locked needs the lock of the
 * VMAR's address space.
 */
#ifndef ZXH_VMAR_H
#define ZXH_VMAR_H

#include "aspace.h"
#include "file.h"

#define ZXH_VM_PERMS	(ZX_HYP_VM_PERM_READ | ZX_HYP_VM_PERM_WRITE | ZX_HYP_VM_PERM_EXECUTE)
#define ZXH_VM_CAN_MAP	(ZX_HYP_VM_CAN_MAP_READ | ZX_HYP_VM_CAN_MAP_WRITE | \
			 ZX_HYP_VM_CAN_MAP_EXECUTE)
#define ZXH_VM_ALIGN	(0xffU << ZX_HYP_VM_ALIGN_SHIFT)
#define ZXH_VM_FIXED	(ZX_HYP_VM_SPECIFIC | ZX_HYP_VM_SPECIFIC_OVERWRITE)

/* PERM_* are bits 0 to 2, the rights bits 2 to 4, CAN_MAP_* bits 7 to 9. */
#define zxh_perms_of_rights(rights)	(((rights) / ZXH_RIGHT_READ) & ZXH_VM_PERMS)
#define zxh_perms_of_can(can)		(((can) / ZX_HYP_VM_CAN_MAP_READ) & ZXH_VM_PERMS)

/* A range of a VMAR's tree, as the steps below find it. */
struct zxh_piece {
	struct zxh_vmar *vmar;
	struct zxh_region *region;
	u64 start;
	u64 len;
};

struct zxh_vmar *zxh_vmar_alloc(struct zxh_aspace *as, u64 base, u64 size, u32 can);
bool zxh_vmar_covers(const struct zxh_vmar *vmar, u64 addr, u64 len);

bool zxh_vmar_next_locked(struct zxh_vmar *vmar, u64 addr, u64 last, struct zxh_piece *piece);
bool zxh_vmar_next_page_locked(struct zxh_vmar *vmar, u64 addr, u64 last,
			       struct zxh_piece *piece);
struct zxh_region *zxh_region_alloc_locked(const struct zxh_aspace *as, struct zxh_vmo *vmo,
					   u64 base, u64 vmo_offset, u32 perms, u32 max);
void zxh_region_put_locked(struct zxh_region *region);
int zxh_vmar_store_locked(struct zxh_vmar *vmar, u64 addr, u64 len, struct zxh_region *region);
void zxh_vmar_cut_locked(struct zxh_vmar *vmar, u64 addr, u64 len);
void zxh_vmar_replace_locked(struct zxh_vmar *vmar, u64 addr, u64 len,
			     struct zxh_region *region);
void zxh_vmar_evict_locked(struct zxh_vmar *vmar, u64 addr, u64 len);
void zxh_vmar_restore_locked(struct zxh_vmar *vmar, u64 addr, u64 len);
int zxh_vmar_destroy_locked(struct zxh_vmar *vmar);
int zxh_vmar_unmap_pages_locked(struct zxh_vmar *vmar, u64 addr, u64 len);

/**
 * struct zxh_spot - where something is to go in a VMAR
 * @options: ZX_HYP_VM_*
 * @offset: bytes from the VMAR's base
 * @len: bytes, whole pages
 * @align: bytes
 */
struct zxh_spot {
	u32 options;
	u64 offset;
	u64 len;
	u64 align;
};

int zxh_spot_check_locked(const struct zxh_vmar *vmar, const struct zxh_spot *spot, u32 can);
int zxh_spot_find_locked(struct zxh_vmar *vmar, const struct zxh_spot *spot,
			 struct zxh_area *area, enum zxh_place *place);
bool zxh_align_known(u32 options, u64 *align);

#endif /* ZXH_VMAR_H */
