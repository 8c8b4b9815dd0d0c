// SPDX-License-Identifier: MIT
/*
 * Zircon's numbers, written down apart from the headers, and in their plain
 * form: a bit that moved shows as another number here. Layouts are checked by
 * the compiler, in lib/layout.c.
 */
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/port.h>
#include <zircon/syscalls/resource.h>
#include <zircon/types.h>

#include "unit.h"

struct value {
	const char *name;
	uint64_t ours;
	uint64_t zircons;
};

#define VALUE(name, zircons) { #name, (uint64_t)(name), zircons }
#define RIGHT(name, bit) { #name, ZX_RIGHT_##name, 1u << (bit) }

#define assert_values(values)                                                      \
	do {                                                                       \
		size_t i;                                                          \
		for (i = 0; i < UNIT_COUNT(values); i++)                           \
			ck_assert_msg((values)[i].ours == (values)[i].zircons,     \
				      "%s is %#lx, not %#lx", (values)[i].name,    \
				      (values)[i].ours, (values)[i].zircons);      \
	} while (0)

START_TEST(rights_have_zircons_bits)
{
	static const struct value values[] = {
		RIGHT(DUPLICATE, 0), RIGHT(TRANSFER, 1), RIGHT(READ, 2),
		RIGHT(WRITE, 3), RIGHT(EXECUTE, 4), RIGHT(MAP, 5),
		RIGHT(GET_PROPERTY, 6), RIGHT(SET_PROPERTY, 7), RIGHT(ENUMERATE, 8),
		RIGHT(DESTROY, 9), RIGHT(SET_POLICY, 10), RIGHT(GET_POLICY, 11),
		RIGHT(SIGNAL, 12), RIGHT(SIGNAL_PEER, 13), RIGHT(WAIT, 14),
		RIGHT(INSPECT, 15), RIGHT(MANAGE_JOB, 16), RIGHT(MANAGE_PROCESS, 17),
		RIGHT(MANAGE_THREAD, 18), RIGHT(APPLY_PROFILE, 19),
		RIGHT(MANAGE_SOCKET, 20), RIGHT(OP_CHILDREN, 21), RIGHT(RESIZE, 22),
		RIGHT(ATTACH_VMO, 23), RIGHT(MANAGE_VMO, 24), RIGHT(SAME_RIGHTS, 31),
		VALUE(ZX_RIGHT_NONE, 0), VALUE(ZX_RIGHTS_BASIC, 0xc003),
		VALUE(ZX_RIGHTS_IO, 0xc), VALUE(ZX_RIGHTS_PROPERTY, 0xc0),
		VALUE(ZX_RIGHTS_POLICY, 0xc00),
	};

	assert_values(values);
}
END_TEST

START_TEST(fresh_handles_carry_the_newest_levels_rights)
{
	static const struct value values[] = {
		VALUE(ZX_DEFAULT_GUEST_RIGHTS, 0x4800b),
		VALUE(ZX_DEFAULT_VCPU_RIGHTS, 0xd01f),
		VALUE(ZX_DEFAULT_VMO_RIGHTS, 0xd0ef),
		VALUE(ZX_DEFAULT_VMAR_RIGHTS, 0x208003),
		VALUE(ZX_DEFAULT_PORT_RIGHTS, 0x800f),
		VALUE(ZX_DEFAULT_RESOURCE_RIGHTS, 0x800b),
		VALUE(ZX_DEFAULT_EVENT_RIGHTS, 0xd003),
		VALUE(ZX_DEFAULT_EVENTPAIR_RIGHTS, 0xf003),
	};

	assert_values(values);
}
END_TEST

START_TEST(guest_and_vcpu_kinds_are_zircons)
{
	static const struct value values[] = {
		VALUE(ZX_GUEST_TRAP_BELL, 0), VALUE(ZX_GUEST_TRAP_MEM, 1),
		VALUE(ZX_GUEST_TRAP_IO, 2), VALUE(ZX_VCPU_STATE, 0),
		VALUE(ZX_VCPU_IO, 1), VALUE(ZX_PKT_GUEST_VCPU_INTERRUPT, 0),
		VALUE(ZX_PKT_GUEST_VCPU_STARTUP, 1),
	};

	assert_values(values);
}
END_TEST

START_TEST(packet_types_and_port_options_are_zircons)
{
	static const struct value values[] = {
		VALUE(ZX_PKT_TYPE_USER, 0), VALUE(ZX_PKT_TYPE_SIGNAL_ONE, 1),
		VALUE(ZX_PKT_TYPE_GUEST_BELL, 3), VALUE(ZX_PKT_TYPE_GUEST_MEM, 4),
		VALUE(ZX_PKT_TYPE_GUEST_IO, 5), VALUE(ZX_PKT_TYPE_GUEST_VCPU, 6),
		VALUE(ZX_PKT_TYPE_INTERRUPT, 7), VALUE(ZX_PKT_TYPE_PAGE_REQUEST, 9),
		VALUE(ZX_PKT_TYPE_MASK, 0xff), VALUE(ZX_WAIT_ASYNC_ONCE, 0),
		VALUE(ZX_WAIT_ASYNC_TIMESTAMP, 1), VALUE(ZX_WAIT_ASYNC_EDGE, 2),
		VALUE(ZX_WAIT_ASYNC_BOOT_TIMESTAMP, 4),
		VALUE(ZX_PORT_BIND_TO_INTERRUPT, 1),
	};

	assert_values(values);
}
END_TEST

START_TEST(packet_predicates_know_their_type_only)
{
	uint32_t type;

	for (type = 0; type < 256; type++) {
		ck_assert_int_eq(ZX_PKT_IS_USER(type), type == 0);
		ck_assert_int_eq(ZX_PKT_IS_SIGNAL_ONE(type), type == 1);
		ck_assert_int_eq(ZX_PKT_IS_GUEST_BELL(type), type == 3);
		ck_assert_int_eq(ZX_PKT_IS_GUEST_MEM(type), type == 4);
		ck_assert_int_eq(ZX_PKT_IS_GUEST_IO(type), type == 5);
		ck_assert_int_eq(ZX_PKT_IS_GUEST_VCPU(type), type == 6);
		ck_assert_int_eq(ZX_PKT_IS_INTERRUPT(type), type == 7);
		ck_assert_int_eq(ZX_PKT_IS_PAGE_REQUEST(type), type == 9);
	}
}
END_TEST

START_TEST(mapping_options_have_zircons_bits)
{
	static const struct value values[] = {
		VALUE(ZX_VM_PERM_READ, 0x1), VALUE(ZX_VM_PERM_WRITE, 0x2),
		VALUE(ZX_VM_PERM_EXECUTE, 0x4), VALUE(ZX_VM_COMPACT, 0x8),
		VALUE(ZX_VM_SPECIFIC, 0x10), VALUE(ZX_VM_SPECIFIC_OVERWRITE, 0x20),
		VALUE(ZX_VM_CAN_MAP_SPECIFIC, 0x40), VALUE(ZX_VM_CAN_MAP_READ, 0x80),
		VALUE(ZX_VM_CAN_MAP_WRITE, 0x100), VALUE(ZX_VM_CAN_MAP_EXECUTE, 0x200),
		VALUE(ZX_VM_MAP_RANGE, 0x400), VALUE(ZX_VM_REQUIRE_NON_RESIZABLE, 0x800),
		VALUE(ZX_VM_ALLOW_FAULTS, 0x1000),
		VALUE(ZX_VM_OFFSET_IS_UPPER_LIMIT, 0x2000),
		VALUE(ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED, 0x4000),
	};

	assert_values(values);
}
END_TEST

START_TEST(alignments_are_logarithms_from_1_kib_to_4_gib)
{
	static const zx_vm_option_t alignments[] = {
		ZX_VM_ALIGN_1KB,   ZX_VM_ALIGN_2KB,   ZX_VM_ALIGN_4KB,	 ZX_VM_ALIGN_8KB,
		ZX_VM_ALIGN_16KB,  ZX_VM_ALIGN_32KB,  ZX_VM_ALIGN_64KB,	 ZX_VM_ALIGN_128KB,
		ZX_VM_ALIGN_256KB, ZX_VM_ALIGN_512KB, ZX_VM_ALIGN_1MB,	 ZX_VM_ALIGN_2MB,
		ZX_VM_ALIGN_4MB,   ZX_VM_ALIGN_8MB,   ZX_VM_ALIGN_16MB,	 ZX_VM_ALIGN_32MB,
		ZX_VM_ALIGN_64MB,  ZX_VM_ALIGN_128MB, ZX_VM_ALIGN_256MB, ZX_VM_ALIGN_512MB,
		ZX_VM_ALIGN_1GB,   ZX_VM_ALIGN_2GB,   ZX_VM_ALIGN_4GB,
	};
	size_t i;

	ck_assert_uint_eq(UNIT_COUNT(alignments), 23);
	for (i = 0; i < UNIT_COUNT(alignments); i++)
		ck_assert_uint_eq(alignments[i], (10 + i) * 0x1000000);
}
END_TEST

START_TEST(vmo_options_and_operations_are_zircons)
{
	static const struct value values[] = {
		VALUE(ZX_VMO_NON_RESIZABLE, 1), VALUE(ZX_VMO_RESIZABLE, 2),
		VALUE(ZX_VMO_DISCARDABLE, 4),
		VALUE(ZX_VMO_CHILD_SNAPSHOT, 1), VALUE(ZX_VMO_CHILD_RESIZABLE, 4),
		VALUE(ZX_VMO_CHILD_SLICE, 8),
		VALUE(ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, 16),
		VALUE(ZX_VMO_CHILD_NO_WRITE, 32), VALUE(ZX_VMO_CHILD_REFERENCE, 64),
		VALUE(ZX_VMO_OP_COMMIT, 1), VALUE(ZX_VMO_OP_DECOMMIT, 2),
		VALUE(ZX_VMO_OP_LOCK, 3), VALUE(ZX_VMO_OP_UNLOCK, 4),
		VALUE(ZX_VMO_OP_CACHE_SYNC, 6), VALUE(ZX_VMO_OP_CACHE_INVALIDATE, 7),
		VALUE(ZX_VMO_OP_CACHE_CLEAN, 8),
		VALUE(ZX_VMO_OP_CACHE_CLEAN_INVALIDATE, 9), VALUE(ZX_VMO_OP_ZERO, 10),
		VALUE(ZX_VMO_OP_TRY_LOCK, 11), VALUE(ZX_VMO_OP_DONT_NEED, 12),
		VALUE(ZX_VMO_OP_ALWAYS_NEED, 13), VALUE(ZX_VMAR_OP_COMMIT, 1),
		VALUE(ZX_VMAR_OP_DECOMMIT, 2), VALUE(ZX_VMAR_OP_MAP_RANGE, 3),
		VALUE(ZX_VMAR_OP_DONT_NEED, 12), VALUE(ZX_VMAR_OP_ALWAYS_NEED, 13),
		VALUE(ZX_CACHE_POLICY_CACHED, 0), VALUE(ZX_CACHE_POLICY_UNCACHED, 1),
		VALUE(ZX_CACHE_POLICY_UNCACHED_DEVICE, 2),
		VALUE(ZX_CACHE_POLICY_WRITE_COMBINING, 3), VALUE(ZX_CACHE_POLICY_MASK, 3),
	};

	assert_values(values);
}
END_TEST

START_TEST(object_types_are_zircons)
{
	static const struct value values[] = {
		VALUE(ZX_OBJ_TYPE_NONE, 0), VALUE(ZX_OBJ_TYPE_PROCESS, 1),
		VALUE(ZX_OBJ_TYPE_THREAD, 2), VALUE(ZX_OBJ_TYPE_VMO, 3),
		VALUE(ZX_OBJ_TYPE_CHANNEL, 4), VALUE(ZX_OBJ_TYPE_EVENT, 5),
		VALUE(ZX_OBJ_TYPE_PORT, 6), VALUE(ZX_OBJ_TYPE_INTERRUPT, 9),
		VALUE(ZX_OBJ_TYPE_PCI_DEVICE, 11), VALUE(ZX_OBJ_TYPE_LOG, 12),
		VALUE(ZX_OBJ_TYPE_SOCKET, 14), VALUE(ZX_OBJ_TYPE_RESOURCE, 15),
		VALUE(ZX_OBJ_TYPE_EVENTPAIR, 16), VALUE(ZX_OBJ_TYPE_JOB, 17),
		VALUE(ZX_OBJ_TYPE_VMAR, 18), VALUE(ZX_OBJ_TYPE_FIFO, 19),
		VALUE(ZX_OBJ_TYPE_GUEST, 20), VALUE(ZX_OBJ_TYPE_VCPU, 21),
		VALUE(ZX_OBJ_TYPE_TIMER, 22), VALUE(ZX_OBJ_TYPE_IOMMU, 23),
		VALUE(ZX_OBJ_TYPE_BTI, 24), VALUE(ZX_OBJ_TYPE_PROFILE, 25),
		VALUE(ZX_OBJ_TYPE_PMT, 26), VALUE(ZX_OBJ_TYPE_SUSPEND_TOKEN, 27),
		VALUE(ZX_OBJ_TYPE_PAGER, 28), VALUE(ZX_OBJ_TYPE_EXCEPTION, 29),
		VALUE(ZX_OBJ_TYPE_CLOCK, 30), VALUE(ZX_OBJ_TYPE_STREAM, 31),
		VALUE(ZX_OBJ_TYPE_MSI, 32), VALUE(ZX_OBJ_TYPE_IOB, 33),
		VALUE(ZX_OBJ_TYPE_UPPER_BOUND, 64),
	};

	assert_values(values);
}
END_TEST

START_TEST(signals_handles_and_koids_are_zircons)
{
	static const struct value values[] = {
		VALUE(ZX_OBJECT_READABLE, 1), VALUE(ZX_OBJECT_WRITABLE, 2),
		VALUE(ZX_OBJECT_PEER_CLOSED, 4), VALUE(ZX_EVENT_SIGNALED, 8),
		VALUE(ZX_EVENTPAIR_PEER_CLOSED, 4), VALUE(ZX_EVENTPAIR_SIGNALED, 8),
		VALUE(ZX_VMO_ZERO_CHILDREN, 8), VALUE(ZX_TASK_TERMINATED, 8),
		VALUE(ZX_TIMER_SIGNALED, 8), VALUE(ZX_THREAD_RUNNING, 16),
		VALUE(ZX_THREAD_SUSPENDED, 32), VALUE(ZX_SIGNAL_HANDLE_CLOSED, 0x800000),
		VALUE(ZX_USER_SIGNAL_0, 0x1000000), VALUE(ZX_USER_SIGNAL_1, 0x2000000),
		VALUE(ZX_USER_SIGNAL_2, 0x4000000), VALUE(ZX_USER_SIGNAL_3, 0x8000000),
		VALUE(ZX_USER_SIGNAL_4, 0x10000000), VALUE(ZX_USER_SIGNAL_5, 0x20000000),
		VALUE(ZX_USER_SIGNAL_6, 0x40000000), VALUE(ZX_USER_SIGNAL_7, 0x80000000),
		VALUE(ZX_USER_SIGNAL_ALL, 0xff000000), VALUE(ZX_HANDLE_INVALID, 0),
		VALUE(ZX_HANDLE_FIXED_BITS_MASK, 3), VALUE(ZX_KOID_INVALID, 0),
		VALUE(ZX_KOID_KERNEL, 1), VALUE(ZX_KOID_FIRST, 1024),
		VALUE(ZX_MAX_NAME_LEN, 32), VALUE(ZX_WAIT_MANY_MAX_ITEMS, 64),
	};

	assert_values(values);
}
END_TEST

START_TEST(clocks_times_and_pages_are_zircons)
{
	static const struct value values[] = {
		VALUE(ZX_CLOCK_MONOTONIC, 0), VALUE(ZX_CLOCK_UTC, 1),
		VALUE(ZX_CLOCK_THREAD, 2), VALUE(ZX_TIME_INFINITE, 0x7fffffffffffffff),
		VALUE(ZX_TIME_INFINITE_PAST, 0x8000000000000000),
		VALUE(ZX_PAGE_SIZE, 4096), VALUE(ZX_PAGE_MASK, 4095),
	};

	assert_values(values);
}
END_TEST

START_TEST(info_topics_and_properties_are_zircons)
{
	static const struct value values[] = {
		VALUE(ZX_INFO_HANDLE_VALID, 1), VALUE(ZX_INFO_HANDLE_BASIC, 2),
		VALUE(ZX_INFO_PROCESS, 3), VALUE(ZX_INFO_PROCESS_THREADS, 4),
		VALUE(ZX_INFO_VMAR, 7), VALUE(ZX_INFO_THREAD, 10),
		VALUE(ZX_INFO_TASK_STATS, 12), VALUE(ZX_INFO_PROCESS_MAPS, 13),
		VALUE(ZX_INFO_PROCESS_VMOS, 14), VALUE(ZX_INFO_KMEM_STATS, 17),
		VALUE(ZX_INFO_RESOURCE, 18), VALUE(ZX_INFO_HANDLE_COUNT, 19),
		VALUE(ZX_INFO_VMO_V1, 23), VALUE(ZX_INFO_VMO_V2, 0x10000017),
		VALUE(ZX_INFO_VMO, 0x20000017), VALUE(ZX_INFO_JOB, 24),
		VALUE(ZX_INFO_GUEST_STATS, 29), VALUE(ZX_INFO_VCPU, 32),
		VALUE(ZX_INFO_VCPU_FLAG_KICKED, 1), VALUE(ZX_PROP_NAME, 3),
		VALUE(ZX_PROP_VMO_CONTENT_SIZE, 17), VALUE(ZX_INFO_VMO_TYPE_PAGED, 1),
		VALUE(ZX_INFO_VMO_TYPE_PHYSICAL, 0), VALUE(ZX_INFO_VMO_RESIZABLE, 2),
		VALUE(ZX_INFO_VMO_IS_COW_CLONE, 4), VALUE(ZX_INFO_VMO_VIA_HANDLE, 8),
		VALUE(ZX_INFO_VMO_VIA_MAPPING, 16), VALUE(ZX_INFO_VMO_PAGER_BACKED, 32),
		VALUE(ZX_INFO_VMO_CONTIGUOUS, 64), VALUE(ZX_INFO_VMO_DISCARDABLE, 128),
		VALUE(ZX_INFO_VMO_IMMUTABLE, 256),
	};

	assert_values(values);
}
END_TEST

START_TEST(resource_kinds_are_the_newest_levels)
{
	static const struct value values[] = {
		VALUE(ZX_RSRC_KIND_MMIO, 0), VALUE(ZX_RSRC_KIND_IRQ, 1),
		VALUE(ZX_RSRC_KIND_IOPORT, 2), VALUE(ZX_RSRC_KIND_ROOT, 3),
		VALUE(ZX_RSRC_KIND_SMC, 4), VALUE(ZX_RSRC_KIND_SYSTEM, 5),
		VALUE(ZX_RSRC_KIND_COUNT, 6), VALUE(ZX_RSRC_FLAG_EXCLUSIVE, 0x10000),
		VALUE(ZX_RSRC_SYSTEM_HYPERVISOR_BASE, 0), VALUE(ZX_RSRC_SYSTEM_VMEX_BASE, 1),
		VALUE(ZX_RSRC_SYSTEM_DEBUG_BASE, 2), VALUE(ZX_RSRC_SYSTEM_INFO_BASE, 3),
		VALUE(ZX_RSRC_SYSTEM_CPU_BASE, 4), VALUE(ZX_RSRC_SYSTEM_POWER_BASE, 5),
		VALUE(ZX_RSRC_SYSTEM_MEXEC_BASE, 6),
		VALUE(ZX_RSRC_SYSTEM_ENERGY_INFO_BASE, 7),
		VALUE(ZX_RSRC_SYSTEM_IOMMU_BASE, 8),
		VALUE(ZX_RSRC_SYSTEM_FRAMEBUFFER_BASE, 9),
		VALUE(ZX_RSRC_SYSTEM_PROFILE_BASE, 10),
	};

	assert_values(values);
}
END_TEST

static const struct unit_test tests[] = {
	UNIT_TEST(rights_have_zircons_bits),
	UNIT_TEST(fresh_handles_carry_the_newest_levels_rights),
	UNIT_TEST(guest_and_vcpu_kinds_are_zircons),
	UNIT_TEST(packet_types_and_port_options_are_zircons),
	UNIT_TEST(packet_predicates_know_their_type_only),
	UNIT_TEST(mapping_options_have_zircons_bits),
	UNIT_TEST(alignments_are_logarithms_from_1_kib_to_4_gib),
	UNIT_TEST(vmo_options_and_operations_are_zircons),
	UNIT_TEST(object_types_are_zircons),
	UNIT_TEST(signals_handles_and_koids_are_zircons),
	UNIT_TEST(clocks_times_and_pages_are_zircons),
	UNIT_TEST(info_topics_and_properties_are_zircons),
	UNIT_TEST(resource_kinds_are_the_newest_levels),
};

int main(void)
{
	return unit_run("values", tests, UNIT_COUNT(tests));
}
