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
SAME(ZX_PKT_TYPE_GUEST_BELL, ZX_HYP_PACKET_GUEST_BELL);
SAME(ZX_PKT_TYPE_GUEST_MEM, ZX_HYP_PACKET_GUEST_MEM);
SAME(ZX_PKT_TYPE_GUEST_IO, ZX_HYP_PACKET_GUEST_IO);
SAME(ZX_PKT_TYPE_GUEST_VCPU, ZX_HYP_PACKET_GUEST_VCPU);
SAME(ZX_PKT_GUEST_VCPU_INTERRUPT, ZX_HYP_PACKET_VCPU_INTERRUPT);
SAME(ZX_PKT_GUEST_VCPU_STARTUP, ZX_HYP_PACKET_VCPU_STARTUP);
SAME(ZX_VMO_RESIZABLE, ZX_HYP_VMO_RESIZABLE);
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
SAME(ZX_VM_ALIGN_BASE, ZX_HYP_VM_ALIGN_SHIFT);
