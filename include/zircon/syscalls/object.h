/* SPDX-License-Identifier: MIT */
/* What can be asked about an object. */
#ifndef ZIRCON_SYSCALLS_OBJECT_H_
#define ZIRCON_SYSCALLS_OBJECT_H_

#include <zircon/types.h>

typedef uint32_t zx_object_info_topic_t;

/* A topic whose structure grew carries a version in its top bits. */
#define __ZX_INFO_TOPIC(topic, version) \
	((zx_object_info_topic_t)(((uint32_t)(version) << 28) | (topic)))

#define ZX_INFO_NONE ((zx_object_info_topic_t)0u)
#define ZX_INFO_HANDLE_VALID ((zx_object_info_topic_t)1u)
#define ZX_INFO_HANDLE_BASIC ((zx_object_info_topic_t)2u)
#define ZX_INFO_PROCESS ((zx_object_info_topic_t)3u)
#define ZX_INFO_PROCESS_THREADS ((zx_object_info_topic_t)4u)
#define ZX_INFO_VMAR ((zx_object_info_topic_t)7u)
#define ZX_INFO_THREAD ((zx_object_info_topic_t)10u)
#define ZX_INFO_TASK_STATS ((zx_object_info_topic_t)12u)
#define ZX_INFO_PROCESS_MAPS ((zx_object_info_topic_t)13u)
#define ZX_INFO_PROCESS_VMOS ((zx_object_info_topic_t)14u)
#define ZX_INFO_KMEM_STATS ((zx_object_info_topic_t)17u)
#define ZX_INFO_RESOURCE ((zx_object_info_topic_t)18u)
#define ZX_INFO_HANDLE_COUNT ((zx_object_info_topic_t)19u)
#define ZX_INFO_VMO_V1 __ZX_INFO_TOPIC(23u, 0)
#define ZX_INFO_VMO_V2 __ZX_INFO_TOPIC(23u, 1)
#define ZX_INFO_VMO __ZX_INFO_TOPIC(23u, 2)
#define ZX_INFO_JOB ((zx_object_info_topic_t)24u)
#define ZX_INFO_GUEST_STATS ((zx_object_info_topic_t)29u)
#define ZX_INFO_VCPU ((zx_object_info_topic_t)32u)

/* Properties. */
#define ZX_PROP_NAME ((uint32_t)3u)
#define ZX_PROP_VMO_CONTENT_SIZE ((uint32_t)17u)

/**
 * struct zx_info_handle_basic - ZX_INFO_HANDLE_BASIC
 * @koid: the object's id
 * @rights: of the handle that was asked
 * @type: ZX_OBJ_TYPE_*
 * @related_koid: id of a related object, or 0
 * @reserved: zero
 */
typedef struct zx_info_handle_basic {
	zx_koid_t koid;
	zx_rights_t rights;
	zx_obj_type_t type;
	zx_koid_t related_koid;
	uint32_t reserved;
	uint8_t padding1[4];
} zx_info_handle_basic_t;

/**
 * struct zx_info_handle_count - ZX_INFO_HANDLE_COUNT
 * @handle_count: handles of the object, in all processes
 */
typedef struct zx_info_handle_count {
	uint32_t handle_count;
} zx_info_handle_count_t;

/**
 * struct zx_info_resource - ZX_INFO_RESOURCE
 * @kind: ZX_RSRC_KIND_*: see <zircon/syscalls/resource.h>
 * @flags: ZX_RSRC_FLAG_*
 * @base: of ZX_RSRC_KIND_SYSTEM, ZX_RSRC_SYSTEM_*_BASE
 * @size: of the range that starts there
 * @name: its name
 */
typedef struct zx_info_resource {
	uint32_t kind;
	uint32_t flags;
	uint64_t base;
	size_t size;
	char name[ZX_MAX_NAME_LEN];
} zx_info_resource_t;

/**
 * struct zx_info_vmar - ZX_INFO_VMAR
 * @base: first address
 * @len: bytes
 */
typedef struct zx_info_vmar {
	uintptr_t base;
	size_t len;
} zx_info_vmar_t;

/* A kick has not been consumed yet. */
#define ZX_INFO_VCPU_FLAG_KICKED ((uint32_t)1u << 0)

/**
 * struct zx_info_vcpu - ZX_INFO_VCPU
 * @flags: ZX_INFO_VCPU_FLAG_*
 */
typedef struct zx_info_vcpu {
	uint32_t flags;
} zx_info_vcpu_t;

#define ZX_INFO_VMO_TYPE_PAGED ((uint32_t)1u << 0)
#define ZX_INFO_VMO_TYPE_PHYSICAL ((uint32_t)0u << 0)
#define ZX_INFO_VMO_RESIZABLE ((uint32_t)1u << 1)
#define ZX_INFO_VMO_IS_COW_CLONE ((uint32_t)1u << 2)
#define ZX_INFO_VMO_VIA_HANDLE ((uint32_t)1u << 3)
#define ZX_INFO_VMO_VIA_MAPPING ((uint32_t)1u << 4)
#define ZX_INFO_VMO_PAGER_BACKED ((uint32_t)1u << 5)
#define ZX_INFO_VMO_CONTIGUOUS ((uint32_t)1u << 6)
#define ZX_INFO_VMO_DISCARDABLE ((uint32_t)1u << 7)
#define ZX_INFO_VMO_IMMUTABLE ((uint32_t)1u << 8)

/**
 * struct zx_info_vmo - ZX_INFO_VMO
 * @koid: the VMO's id
 * @name: its name
 * @size_bytes: its size
 * @parent_koid: of a child, its parent's id; else 0
 * @num_children: its children
 * @num_mappings: its mappings; one counts once, however many holes it got
 * @share_count: address spaces that have one: processes' and guests'
 * @flags: ZX_INFO_VMO_*: here TYPE_PAGED, VIA_HANDLE, and RESIZABLE if it is
 * @committed_bytes: bytes of the pages that it has, swapped out or not; to read
 *	one through a mapping makes it
 * @handle_rights: of the handle
 * @cache_policy: ZX_CACHE_POLICY_CACHED
 * @metadata_bytes: 0: what the kernel keeps about it is not told
 * @committed_change_events: 0: no page goes without its user's doing
 * @populated_bytes: the same as @committed_bytes
 */
typedef struct zx_info_vmo {
	zx_koid_t koid;
	char name[ZX_MAX_NAME_LEN];
	uint64_t size_bytes;
	zx_koid_t parent_koid;
	size_t num_children;
	size_t num_mappings;
	size_t share_count;
	uint32_t flags;
	uint8_t padding1[4];
	uint64_t committed_bytes;
	zx_rights_t handle_rights;
	uint32_t cache_policy;
	uint64_t metadata_bytes;
	uint64_t committed_change_events;
	uint64_t populated_bytes;
} zx_info_vmo_t;

#endif /* ZIRCON_SYSCALLS_OBJECT_H_ */
