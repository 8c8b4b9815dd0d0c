// SPDX-License-Identifier: MIT
/*
 * No code: the compiler checks here that the public structures have Zircon's
 * layout, and that the ioctl contract agrees with them, so that libzx may hand
 * a caller's buffer to the kernel as it is.
 *
 * The unit tests compile this file as C++ too.
 */
#include <assert.h>
#include <stddef.h>

#include <linux/zx_hyp.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/port.h>
#include <zx_hyp/zx_hyp.h>

#define SIZE(type, bytes) static_assert(sizeof(type) == (bytes), #type)
#define AT(type, member, offset) \
	static_assert(offsetof(type, member) == (offset), #type "." #member)
#define SAME(ours, kernels) static_assert((ours) == (kernels), #ours)
#define SAME_SIZE(ours, kernels) static_assert(sizeof(ours) == sizeof(kernels), #ours)
#define SAME_AT(ours, member, kernels, kernels_member) \
	static_assert(offsetof(ours, member) == offsetof(kernels, kernels_member), \
		      #ours "." #member)

SIZE(zx_handle_t, 4);
SIZE(zx_status_t, 4);
SIZE(zx_time_t, 8);
SIZE(zx_vaddr_t, 8);
SIZE(zx_gpaddr_t, 8);
SIZE(size_t, 8);
SIZE(bool, 1);

SIZE(zx_wait_item_t, 12);
AT(zx_wait_item_t, handle, 0);
AT(zx_wait_item_t, waitfor, 4);
AT(zx_wait_item_t, pending, 8);

/* Packets: 16 bytes of head, 32 of payload. */
SIZE(zx_port_packet_t, 48);
AT(zx_port_packet_t, key, 0);
AT(zx_port_packet_t, type, 8);
AT(zx_port_packet_t, status, 12);
AT(zx_port_packet_t, user, 16);
AT(zx_port_packet_t, guest_bell, 16);
AT(zx_port_packet_t, guest_mem, 16);
AT(zx_port_packet_t, guest_io, 16);
AT(zx_port_packet_t, guest_vcpu, 16);

SIZE(zx_packet_user_t, 32);

SIZE(zx_packet_signal_t, 32);
AT(zx_packet_signal_t, trigger, 0);
AT(zx_packet_signal_t, observed, 4);
AT(zx_packet_signal_t, count, 8);
AT(zx_packet_signal_t, timestamp, 16);
AT(zx_packet_signal_t, reserved1, 24);

SIZE(zx_packet_guest_bell_t, 32);
AT(zx_packet_guest_bell_t, addr, 0);
AT(zx_packet_guest_bell_t, reserved0, 8);

SIZE(zx_packet_guest_mem_t, 32);
AT(zx_packet_guest_mem_t, addr, 0);
AT(zx_packet_guest_mem_t, cr3, 8);
AT(zx_packet_guest_mem_t, rip, 16);
AT(zx_packet_guest_mem_t, instruction_size, 24);
AT(zx_packet_guest_mem_t, default_operand_size, 25);
AT(zx_packet_guest_mem_t, reserved, 26);

SIZE(zx_packet_guest_io_t, 32);
AT(zx_packet_guest_io_t, port, 0);
AT(zx_packet_guest_io_t, access_size, 2);
AT(zx_packet_guest_io_t, input, 3);
AT(zx_packet_guest_io_t, u32, 4);
AT(zx_packet_guest_io_t, data, 4);
AT(zx_packet_guest_io_t, reserved0, 8);

SIZE(zx_packet_guest_vcpu_t, 32);
AT(zx_packet_guest_vcpu_t, type, 0);
AT(zx_packet_guest_vcpu_t, interrupt.mask, 8);
AT(zx_packet_guest_vcpu_t, interrupt.vector, 16);
AT(zx_packet_guest_vcpu_t, startup.id, 8);
AT(zx_packet_guest_vcpu_t, startup.entry, 16);
AT(zx_packet_guest_vcpu_t, reserved, 24);

SIZE(zx_packet_interrupt_t, 32);
AT(zx_packet_interrupt_t, timestamp, 0);

SIZE(zx_packet_page_request_t, 32);
AT(zx_packet_page_request_t, command, 0);
AT(zx_packet_page_request_t, flags, 2);
AT(zx_packet_page_request_t, offset, 8);
AT(zx_packet_page_request_t, length, 16);

/* vCPU state: rcx and rdx come before rbx. */
SIZE(zx_vcpu_state_t, 136);
AT(zx_vcpu_state_t, rax, 0);
AT(zx_vcpu_state_t, rcx, 8);
AT(zx_vcpu_state_t, rdx, 16);
AT(zx_vcpu_state_t, rbx, 24);
AT(zx_vcpu_state_t, rsp, 32);
AT(zx_vcpu_state_t, rbp, 40);
AT(zx_vcpu_state_t, rsi, 48);
AT(zx_vcpu_state_t, rdi, 56);
AT(zx_vcpu_state_t, r8, 64);
AT(zx_vcpu_state_t, r9, 72);
AT(zx_vcpu_state_t, r10, 80);
AT(zx_vcpu_state_t, r11, 88);
AT(zx_vcpu_state_t, r12, 96);
AT(zx_vcpu_state_t, r13, 104);
AT(zx_vcpu_state_t, r14, 112);
AT(zx_vcpu_state_t, r15, 120);
AT(zx_vcpu_state_t, rflags, 128);

SIZE(zx_vcpu_io_t, 8);
AT(zx_vcpu_io_t, access_size, 0);
AT(zx_vcpu_io_t, u8, 4);
AT(zx_vcpu_io_t, data, 4);

/* Answers about objects. */
SIZE(zx_info_handle_basic_t, 32);
AT(zx_info_handle_basic_t, koid, 0);
AT(zx_info_handle_basic_t, rights, 8);
AT(zx_info_handle_basic_t, type, 12);
AT(zx_info_handle_basic_t, related_koid, 16);
AT(zx_info_handle_basic_t, reserved, 24);

SIZE(zx_info_handle_count_t, 4);

SIZE(zx_info_resource_t, 56);
AT(zx_info_resource_t, kind, 0);
AT(zx_info_resource_t, flags, 4);
AT(zx_info_resource_t, base, 8);
AT(zx_info_resource_t, size, 16);
AT(zx_info_resource_t, name, 24);

SIZE(zx_info_vcpu_t, 4);

SIZE(zx_info_vmar_t, 16);
AT(zx_info_vmar_t, base, 0);
AT(zx_info_vmar_t, len, 8);

SIZE(zx_info_vmo_t, 128);
AT(zx_info_vmo_t, koid, 0);
AT(zx_info_vmo_t, name, 8);
AT(zx_info_vmo_t, size_bytes, 40);
AT(zx_info_vmo_t, parent_koid, 48);
AT(zx_info_vmo_t, num_children, 56);
AT(zx_info_vmo_t, num_mappings, 64);
AT(zx_info_vmo_t, share_count, 72);
AT(zx_info_vmo_t, flags, 80);
AT(zx_info_vmo_t, committed_bytes, 88);
AT(zx_info_vmo_t, handle_rights, 96);
AT(zx_info_vmo_t, cache_policy, 100);
AT(zx_info_vmo_t, metadata_bytes, 104);
AT(zx_info_vmo_t, committed_change_events, 112);
AT(zx_info_vmo_t, populated_bytes, 120);

/* The contract speaks of the same structures. */
SAME_SIZE(zx_port_packet_t, struct zx_hyp_packet);
SAME_AT(zx_port_packet_t, key, struct zx_hyp_packet, key);
SAME_AT(zx_port_packet_t, type, struct zx_hyp_packet, type);
SAME_AT(zx_port_packet_t, status, struct zx_hyp_packet, status);
SAME_AT(zx_port_packet_t, signal.trigger, struct zx_hyp_packet, signal.trigger);
SAME_AT(zx_port_packet_t, signal.observed, struct zx_hyp_packet, signal.observed);
SAME_AT(zx_port_packet_t, signal.count, struct zx_hyp_packet, signal.count);
SAME_AT(zx_port_packet_t, signal.timestamp, struct zx_hyp_packet, signal.timestamp);
SAME_AT(zx_port_packet_t, guest_bell.addr, struct zx_hyp_packet, guest_bell.addr);
SAME_AT(zx_port_packet_t, guest_mem.addr, struct zx_hyp_packet, guest_mem.addr);
SAME_AT(zx_port_packet_t, guest_mem.cr3, struct zx_hyp_packet, guest_mem.cr3);
SAME_AT(zx_port_packet_t, guest_mem.rip, struct zx_hyp_packet, guest_mem.rip);
SAME_AT(zx_port_packet_t, guest_mem.instruction_size, struct zx_hyp_packet,
	guest_mem.instruction_size);
SAME_AT(zx_port_packet_t, guest_mem.default_operand_size, struct zx_hyp_packet,
	guest_mem.default_operand_size);
SAME_AT(zx_port_packet_t, guest_io.port, struct zx_hyp_packet, guest_io.port);
SAME_AT(zx_port_packet_t, guest_io.access_size, struct zx_hyp_packet,
	guest_io.access_size);
SAME_AT(zx_port_packet_t, guest_io.input, struct zx_hyp_packet, guest_io.input);
SAME_AT(zx_port_packet_t, guest_io.data, struct zx_hyp_packet, guest_io.data);
SAME_AT(zx_port_packet_t, guest_vcpu.type, struct zx_hyp_packet, guest_vcpu.type);
SAME_AT(zx_port_packet_t, guest_vcpu.interrupt.mask, struct zx_hyp_packet,
	guest_vcpu.interrupt.mask);
SAME_AT(zx_port_packet_t, guest_vcpu.interrupt.vector, struct zx_hyp_packet,
	guest_vcpu.interrupt.vector);
SAME_AT(zx_port_packet_t, guest_vcpu.startup.id, struct zx_hyp_packet,
	guest_vcpu.startup.id);
SAME_AT(zx_port_packet_t, guest_vcpu.startup.entry, struct zx_hyp_packet,
	guest_vcpu.startup.entry);

SAME_SIZE(zx_vcpu_state_t, struct zx_hyp_vcpu_state);
SAME_AT(zx_vcpu_state_t, rcx, struct zx_hyp_vcpu_state, rcx);
SAME_AT(zx_vcpu_state_t, rdx, struct zx_hyp_vcpu_state, rdx);
SAME_AT(zx_vcpu_state_t, rbx, struct zx_hyp_vcpu_state, rbx);
SAME_AT(zx_vcpu_state_t, rsp, struct zx_hyp_vcpu_state, rsp);
SAME_AT(zx_vcpu_state_t, r8, struct zx_hyp_vcpu_state, r8);
SAME_AT(zx_vcpu_state_t, r15, struct zx_hyp_vcpu_state, r15);
SAME_AT(zx_vcpu_state_t, rflags, struct zx_hyp_vcpu_state, rflags);

SAME_SIZE(zx_vcpu_io_t, struct zx_hyp_vcpu_io);
SAME_AT(zx_vcpu_io_t, access_size, struct zx_hyp_vcpu_io, access_size);
SAME_AT(zx_vcpu_io_t, data, struct zx_hyp_vcpu_io, data);

SAME_SIZE(zx_wait_item_t, struct zx_hyp_wait_item);
SAME_AT(zx_wait_item_t, handle, struct zx_hyp_wait_item, handle);
SAME_AT(zx_wait_item_t, waitfor, struct zx_hyp_wait_item, waitfor);
SAME_AT(zx_wait_item_t, pending, struct zx_hyp_wait_item, pending);

SAME_SIZE(zx_info_handle_basic_t, struct zx_hyp_info_handle_basic);
SAME_AT(zx_info_handle_basic_t, koid, struct zx_hyp_info_handle_basic, koid);
SAME_AT(zx_info_handle_basic_t, rights, struct zx_hyp_info_handle_basic, rights);
SAME_AT(zx_info_handle_basic_t, type, struct zx_hyp_info_handle_basic, type);
SAME_AT(zx_info_handle_basic_t, related_koid, struct zx_hyp_info_handle_basic,
	related_koid);
SAME_AT(zx_info_handle_basic_t, reserved, struct zx_hyp_info_handle_basic, reserved);

SAME_SIZE(zx_info_resource_t, struct zx_hyp_info_resource);
SAME_AT(zx_info_resource_t, kind, struct zx_hyp_info_resource, kind);
SAME_AT(zx_info_resource_t, flags, struct zx_hyp_info_resource, flags);
SAME_AT(zx_info_resource_t, base, struct zx_hyp_info_resource, base);
SAME_AT(zx_info_resource_t, size, struct zx_hyp_info_resource, len);
SAME_AT(zx_info_resource_t, name, struct zx_hyp_info_resource, name);

SAME_SIZE(zx_info_vmar_t, struct zx_hyp_info_vmar);
SAME_AT(zx_info_vmar_t, base, struct zx_hyp_info_vmar, base);
SAME_AT(zx_info_vmar_t, len, struct zx_hyp_info_vmar, len);

SAME_SIZE(zx_info_vmo_t, struct zx_hyp_info_vmo);
SAME_AT(zx_info_vmo_t, koid, struct zx_hyp_info_vmo, koid);
SAME_AT(zx_info_vmo_t, name, struct zx_hyp_info_vmo, name);
SAME_AT(zx_info_vmo_t, size_bytes, struct zx_hyp_info_vmo, size_bytes);
SAME_AT(zx_info_vmo_t, parent_koid, struct zx_hyp_info_vmo, parent_koid);
SAME_AT(zx_info_vmo_t, num_children, struct zx_hyp_info_vmo, num_children);
SAME_AT(zx_info_vmo_t, num_mappings, struct zx_hyp_info_vmo, num_mappings);
SAME_AT(zx_info_vmo_t, share_count, struct zx_hyp_info_vmo, share_count);
SAME_AT(zx_info_vmo_t, flags, struct zx_hyp_info_vmo, flags);
SAME_AT(zx_info_vmo_t, committed_bytes, struct zx_hyp_info_vmo, committed_bytes);
SAME_AT(zx_info_vmo_t, handle_rights, struct zx_hyp_info_vmo, handle_rights);
SAME_AT(zx_info_vmo_t, cache_policy, struct zx_hyp_info_vmo, cache_policy);
SAME_AT(zx_info_vmo_t, metadata_bytes, struct zx_hyp_info_vmo, metadata_bytes);
SAME_AT(zx_info_vmo_t, committed_change_events, struct zx_hyp_info_vmo,
	committed_change_events);
SAME_AT(zx_info_vmo_t, populated_bytes, struct zx_hyp_info_vmo, populated_bytes);

SAME_SIZE(zx_hyp_info_t, struct zx_hyp_query_result);
SAME_AT(zx_hyp_info_t, abi_version, struct zx_hyp_query_result, abi_version);
SAME_AT(zx_hyp_info_t, vendor, struct zx_hyp_query_result, vendor);
SAME_AT(zx_hyp_info_t, caps, struct zx_hyp_query_result, caps);
SAME_AT(zx_hyp_info_t, max_vcpus, struct zx_hyp_query_result, max_vcpus);
SAME_AT(zx_hyp_info_t, gpa_bits, struct zx_hyp_query_result, gpa_bits);

/* It also speaks of the same values. */
SAME(ZX_HYP_CAN_GUEST, ZX_HYP_CAP_GUEST);
SAME(ZX_HYP_CAN_PORT, ZX_HYP_CAP_PORT);
SAME(ZX_GUEST_TRAP_BELL, ZX_HYP_TRAP_BELL);
SAME(ZX_GUEST_TRAP_MEM, ZX_HYP_TRAP_MEM);
SAME(ZX_GUEST_TRAP_IO, ZX_HYP_TRAP_IO);
SAME(ZX_VCPU_STATE, ZX_HYP_VCPU_STATE);
SAME(ZX_VCPU_IO, ZX_HYP_VCPU_IO);
SAME(ZX_PKT_TYPE_USER, ZX_HYP_PACKET_USER);
SAME(ZX_PKT_TYPE_SIGNAL_ONE, ZX_HYP_PACKET_SIGNAL_ONE);
SAME(ZX_PKT_TYPE_GUEST_BELL, ZX_HYP_PACKET_GUEST_BELL);
SAME(ZX_PKT_TYPE_GUEST_MEM, ZX_HYP_PACKET_GUEST_MEM);
SAME(ZX_PKT_TYPE_GUEST_IO, ZX_HYP_PACKET_GUEST_IO);
SAME(ZX_PKT_TYPE_GUEST_VCPU, ZX_HYP_PACKET_GUEST_VCPU);
SAME(ZX_PKT_GUEST_VCPU_INTERRUPT, ZX_HYP_PACKET_VCPU_INTERRUPT);
SAME(ZX_PKT_GUEST_VCPU_STARTUP, ZX_HYP_PACKET_VCPU_STARTUP);
SAME(ZX_RIGHT_SAME_RIGHTS, ZX_HYP_RIGHT_SAME);
SAME(ZX_MAX_NAME_LEN, ZX_HYP_NAME_LEN);
SAME(ZX_TIME_INFINITE, ZX_HYP_TIME_INFINITE);
SAME(ZX_WAIT_MANY_MAX_ITEMS, ZX_HYP_WAIT_MANY_MAX);
SAME(ZX_WAIT_ASYNC_TIMESTAMP, ZX_HYP_WAIT_ASYNC_TIMESTAMP);
SAME(ZX_WAIT_ASYNC_EDGE, ZX_HYP_WAIT_ASYNC_EDGE);
SAME(ZX_PORT_BIND_TO_INTERRUPT, ZX_HYP_PORT_BIND_TO_INTERRUPT);
SAME(ZX_OBJECT_PEER_CLOSED, ZX_HYP_SIGNAL_PEER_CLOSED);
SAME(ZX_OBJECT_SIGNALED, ZX_HYP_SIGNAL_SIGNALED);
SAME(ZX_SIGNAL_HANDLE_CLOSED, ZX_HYP_SIGNAL_HANDLE_CLOSED);
SAME(ZX_USER_SIGNAL_ALL, ZX_HYP_SIGNAL_USER_ALL);
SAME(ZX_PROP_NAME, ZX_HYP_PROP_NAME);
SAME(ZX_INFO_HANDLE_VALID, ZX_HYP_INFO_HANDLE_VALID);
SAME(ZX_INFO_HANDLE_BASIC, ZX_HYP_INFO_HANDLE_BASIC);
SAME(ZX_INFO_VMAR, ZX_HYP_INFO_VMAR);
SAME(ZX_INFO_RESOURCE, ZX_HYP_INFO_RESOURCE);
SAME(ZX_INFO_HANDLE_COUNT, ZX_HYP_INFO_HANDLE_COUNT);
SAME(ZX_INFO_VMO_V1, ZX_HYP_INFO_VMO_V1);
SAME(ZX_INFO_VMO_V2, ZX_HYP_INFO_VMO_V2);
SAME(ZX_INFO_VMO, ZX_HYP_INFO_VMO);
SAME(ZX_INFO_VCPU, ZX_HYP_INFO_VCPU);
SAME(ZX_INFO_VCPU_FLAG_KICKED, ZX_HYP_VCPU_KICKED);
SAME(ZX_INFO_VMO_TYPE_PAGED, ZX_HYP_INFO_VMO_PAGED);
SAME(ZX_INFO_VMO_RESIZABLE, ZX_HYP_INFO_VMO_RESIZABLE);
SAME(ZX_INFO_VMO_VIA_HANDLE, ZX_HYP_INFO_VMO_VIA_HANDLE);
SAME(ZX_VMO_RESIZABLE, ZX_HYP_VMO_RESIZABLE);
SAME(ZX_VMO_DISCARDABLE, ZX_HYP_VMO_DISCARDABLE);
SAME(ZX_VMO_OP_COMMIT, ZX_HYP_OP_COMMIT);
SAME(ZX_VMO_OP_DECOMMIT, ZX_HYP_OP_DECOMMIT);
SAME(ZX_VMO_OP_LOCK, ZX_HYP_OP_LOCK);
SAME(ZX_VMO_OP_UNLOCK, ZX_HYP_OP_UNLOCK);
SAME(ZX_VMO_OP_CACHE_SYNC, ZX_HYP_OP_CACHE_SYNC);
SAME(ZX_VMO_OP_CACHE_INVALIDATE, ZX_HYP_OP_CACHE_INVALIDATE);
SAME(ZX_VMO_OP_CACHE_CLEAN, ZX_HYP_OP_CACHE_CLEAN);
SAME(ZX_VMO_OP_CACHE_CLEAN_INVALIDATE, ZX_HYP_OP_CACHE_CLEAN_INVALIDATE);
SAME(ZX_VMO_OP_ZERO, ZX_HYP_OP_ZERO);
SAME(ZX_VMO_OP_TRY_LOCK, ZX_HYP_OP_TRY_LOCK);
SAME(ZX_VMO_OP_DONT_NEED, ZX_HYP_OP_DONT_NEED);
SAME(ZX_VMO_OP_ALWAYS_NEED, ZX_HYP_OP_ALWAYS_NEED);
SAME(ZX_CACHE_POLICY_CACHED, ZX_HYP_CACHE_CACHED);
SAME(ZX_CACHE_POLICY_MASK, ZX_HYP_CACHE_MASK);
SAME(ZX_VM_PERM_READ, ZX_HYP_VM_PERM_READ);
SAME(ZX_VM_PERM_WRITE, ZX_HYP_VM_PERM_WRITE);
SAME(ZX_VM_PERM_EXECUTE, ZX_HYP_VM_PERM_EXECUTE);
SAME(ZX_VM_COMPACT, ZX_HYP_VM_COMPACT);
SAME(ZX_VM_SPECIFIC, ZX_HYP_VM_SPECIFIC);
SAME(ZX_VM_SPECIFIC_OVERWRITE, ZX_HYP_VM_SPECIFIC_OVERWRITE);
SAME(ZX_VM_CAN_MAP_SPECIFIC, ZX_HYP_VM_CAN_MAP_SPECIFIC);
SAME(ZX_VM_CAN_MAP_READ, ZX_HYP_VM_CAN_MAP_READ);
SAME(ZX_VM_CAN_MAP_WRITE, ZX_HYP_VM_CAN_MAP_WRITE);
SAME(ZX_VM_CAN_MAP_EXECUTE, ZX_HYP_VM_CAN_MAP_EXECUTE);
SAME(ZX_VM_MAP_RANGE, ZX_HYP_VM_MAP_RANGE);
SAME(ZX_VM_REQUIRE_NON_RESIZABLE, ZX_HYP_VM_REQUIRE_NON_RESIZABLE);
SAME(ZX_VM_ALLOW_FAULTS, ZX_HYP_VM_ALLOW_FAULTS);
SAME(ZX_VM_OFFSET_IS_UPPER_LIMIT, ZX_HYP_VM_OFFSET_IS_UPPER_LIMIT);
SAME(ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED, ZX_HYP_VM_PERM_READ_IF_XOM_UNSUPPORTED);
SAME(ZX_VM_ALIGN_BASE, ZX_HYP_VM_ALIGN_SHIFT);
SAME(ZX_VMAR_OP_COMMIT, ZX_HYP_OP_COMMIT);
SAME(ZX_VMAR_OP_DECOMMIT, ZX_HYP_OP_DECOMMIT);
SAME(ZX_VMAR_OP_MAP_RANGE, ZX_HYP_OP_MAP_RANGE);
SAME(ZX_VMAR_OP_DONT_NEED, ZX_HYP_OP_DONT_NEED);
SAME(ZX_VMAR_OP_ALWAYS_NEED, ZX_HYP_OP_ALWAYS_NEED);
