/* SPDX-License-Identifier: MIT */
/*
 * The system calls that libzx has: those of handles, signals, waits and ports
 * are in <zircon/syscalls_object.h>, which comes with this file.
 *
 * Every call answers with a status unless its prototype says otherwise, and
 * writes through its result pointers only when the status is ZX_OK, unless it
 * says otherwise. A result pointer that cannot be written gives
 * ZX_ERR_INVALID_ARGS, and what the call had made is undone.
 *
 * Handles are checked before all else where nothing is said: a value that is
 * no handle of this process gives ZX_ERR_BAD_HANDLE, one of an object of
 * another type ZX_ERR_WRONG_TYPE, one without the named right
 * ZX_ERR_ACCESS_DENIED, in that order. Every call that makes something may
 * answer ZX_ERR_NO_MEMORY, and ZX_ERR_NO_RESOURCES when the process has as many
 * handles as it may have. What happens without the device, or in a forked
 * child, is said in <zx_hyp/zx_hyp.h>.
 *
 * Signals. A signal that arrives during a call runs its handler; the call then
 * goes on as if nothing had happened.
 *
 * Every call is also there with a leading underscore: _zx_vmar_map().
 */
#ifndef ZIRCON_SYSCALLS_H_
#define ZIRCON_SYSCALLS_H_

#include <zircon/syscalls/types.h>
#include <zircon/syscalls_object.h>
#include <zircon/types.h>

__BEGIN_CDECLS

/**
 * zx_guest_create - make a guest
 * @resource: hypervisor resource: see zx_hyp_resource_get(); no right needed
 * @options: 0
 * @guest_handle: where the guest's handle goes, with ZX_DEFAULT_GUEST_RIGHTS
 * @vmar_handle: where the handle of its physical memory goes: a VMAR from 0 to
 *	2^48, empty at first, with ZX_DEFAULT_VMAR_RIGHTS, READ, WRITE, EXECUTE
 *
 * @options are looked at first, as in Zircon until 2022; the newest looks at
 * @resource first.
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_INVALID_ARGS - @options is not 0
 * * ZX_ERR_BAD_HANDLE - @resource is not a handle
 * * ZX_ERR_WRONG_TYPE - @resource is no resource, or one of another kind
 * * ZX_ERR_NOT_SUPPORTED - this machine cannot have guests
 * * ZX_ERR_NO_RESOURCES - too many guests
 */
zx_status_t zx_guest_create(zx_handle_t resource, uint32_t options,
			    zx_handle_t *guest_handle, zx_handle_t *vmar_handle);

/**
 * zx_guest_set_trap - have accesses to a range reported
 * @handle: guest, right WRITE
 * @kind: ZX_GUEST_TRAP_BELL, ZX_GUEST_TRAP_MEM or ZX_GUEST_TRAP_IO
 * @addr: first guest-physical address, page aligned; of IO, first port
 * @size: bytes, page aligned; of IO, ports
 * @port_handle: BELL: port that gets the packets, right WRITE; MEM and IO:
 *	ZX_HANDLE_INVALID
 * @key: goes into each packet of the trap
 *
 * MEM and BELL take what is mapped in the range out of the guest's VMAR. A
 * trap stays as long as its guest, and may be set while the guest runs. Port
 * 0xffff cannot be trapped, as in Zircon.
 *
 * A BELL has 256 packets. While all are queued, a vCPU that writes to it waits in
 * zx_vcpu_enter() for one; a kick does not end that. When the last handle of the
 * port is closed, each write ends zx_vcpu_enter() with ZX_ERR_BAD_STATE, and the
 * guest may go on. What is queued goes when the guest does.
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE, ZX_ERR_ACCESS_DENIED - of @handle,
 *   then of @port_handle when that is not ZX_HANDLE_INVALID
 * * ZX_ERR_INVALID_ARGS - BELL without a port, MEM or IO with one, unknown
 *   @kind, @size is 0, or a MEM or BELL range is not page aligned or not below
 *   2^48
 * * ZX_ERR_OUT_OF_RANGE - @addr + @size overflows, or of IO, exceeds 0xffff
 * * ZX_ERR_ALREADY_EXISTS - the range meets one that is trapped; mappings in
 *   it are gone nevertheless, as in Zircon
 * * ZX_ERR_NO_MEMORY
 */
zx_status_t zx_guest_set_trap(zx_handle_t handle, uint32_t kind, zx_vaddr_t addr,
			      size_t size, zx_handle_t port_handle, uint64_t key);

/**
 * zx_vcpu_create - give a guest a vCPU
 * @guest: guest, right MANAGE_THREAD or MANAGE_PROCESS
 * @options: 0
 * @entry: guest-physical address of the first instruction, below 2^48
 * @out: where the handle goes, with ZX_DEFAULT_VCPU_RIGHTS
 *
 * The vCPU belongs to the calling thread: only that enters it and sees its
 * registers, and it may have one vCPU at a time. APIC ids are given from 0,
 * lowest first. The first starts in 64-bit mode with CR3 = 0, so that page
 * tables must lie at guest-physical 0; the others in real mode at @entry. All
 * general registers are 0.
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_INVALID_ARGS - @options is not 0, found before @guest is looked at;
 *   or @entry is too high
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE, ZX_ERR_ACCESS_DENIED - of @guest
 * * ZX_ERR_BAD_STATE - the thread has a vCPU already
 * * ZX_ERR_NO_RESOURCES - the guest has as many as it may have
 * * ZX_ERR_NOT_SUPPORTED - the guest was made by another process
 * * ZX_ERR_INTERNAL - another process looked at this one's descriptors in that
 *   moment; then no vCPU of the guest runs any more
 */
zx_status_t zx_vcpu_create(zx_handle_t guest, uint32_t options, zx_vaddr_t entry,
			   zx_handle_t *out);

/**
 * zx_vcpu_enter - run a vCPU until there is something to do for it
 * @handle: vCPU, right EXECUTE
 * @packet: where the packet goes; not written unless it is ZX_OK
 *
 * Returns at a MEM or IO trap, when the guest addresses other vCPUs, after a
 * kick, or on a guest's error; else the guest goes on, also through HLT, for
 * which the call waits inside. The instruction that led to a packet has been
 * stepped over; one that led to an error status has not, and repeats at the
 * next enter.
 *
 * Return:
 * * ZX_OK - @packet is filled; its status is ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE, ZX_ERR_ACCESS_DENIED - of @handle
 * * ZX_ERR_BAD_STATE - the vCPU is another thread's; or its state is such that
 *   the CPU refuses it; or a BELL was hit whose port is closed
 * * ZX_ERR_CANCELED - zx_vcpu_kick() was called, before or meanwhile
 * * ZX_ERR_NOT_FOUND - the guest touched memory that is neither mapped nor
 *   trapped, or a port that is not trapped
 * * ZX_ERR_ACCESS_DENIED - the guest touched memory in a way that its mapping
 *   does not permit
 * * ZX_ERR_OUT_OF_RANGE - the guest touched memory beyond 2^48 or behind the
 *   end of a mapped VMO
 * * ZX_ERR_INVALID_ARGS - @packet cannot be written; or the guest wrote a
 *   value that its control registers or APIC do not take
 * * ZX_ERR_NOT_SUPPORTED - the guest did what nobody carries out: string I/O,
 *   a triple fault, a read of a BELL, an IPI in logical mode; or a vector from
 *   21 to 31 was to be delivered
 */
zx_status_t zx_vcpu_enter(zx_handle_t handle, zx_port_packet_t *packet);

/**
 * zx_vcpu_kick - have zx_vcpu_enter() return
 * @handle: vCPU, right EXECUTE
 *
 * May be called by any thread. The running or next zx_vcpu_enter() returns
 * ZX_ERR_CANCELED, once, however many kicks there were. A packet that is on
 * its way is delivered first, and the kick met by the enter after it.
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE, ZX_ERR_ACCESS_DENIED - of @handle
 */
zx_status_t zx_vcpu_kick(zx_handle_t handle);

/**
 * zx_vcpu_interrupt - have a vector delivered to a vCPU
 * @handle: vCPU, right SIGNAL
 * @vector: 0 to 255: 2 is the NMI, others below 21 exceptions, those from 32
 *	on interrupts
 *
 * May be called by any thread, and wakes a vCPU that has halted. A vector that
 * is pending already is not counted twice. The NMI goes first, then the
 * highest vector; interrupts wait until the guest takes them.
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE, ZX_ERR_ACCESS_DENIED - of @handle
 * * ZX_ERR_OUT_OF_RANGE - @vector is larger than 255
 */
zx_status_t zx_vcpu_interrupt(zx_handle_t handle, uint32_t vector);

/**
 * zx_vcpu_read_state - read a vCPU's registers
 * @handle: vCPU, right READ
 * @kind: ZX_VCPU_STATE
 * @buffer: where a zx_vcpu_state_t goes
 * @buffer_size: its size, bytes
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE, ZX_ERR_ACCESS_DENIED - of @handle
 * * ZX_ERR_INVALID_ARGS - another @kind, another @buffer_size than that of its
 *   structure, or @buffer cannot be written
 * * ZX_ERR_BAD_STATE - the vCPU is another thread's
 */
zx_status_t zx_vcpu_read_state(zx_handle_t handle, uint32_t kind, void *buffer,
			       size_t buffer_size);

/**
 * zx_vcpu_write_state - write a vCPU's registers
 * @handle: vCPU, right WRITE
 * @kind: ZX_VCPU_STATE to replace all of them, ZX_VCPU_IO to answer an IN
 * @buffer: a zx_vcpu_state_t or a zx_vcpu_io_t
 * @buffer_size: its size, bytes
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE, ZX_ERR_ACCESS_DENIED - of @handle
 * * ZX_ERR_INVALID_ARGS - unknown @kind, another @buffer_size than that of its
 *   structure, @buffer cannot be read, or of IO, an access size other than 1,
 *   2 and 4
 * * ZX_ERR_BAD_STATE - the vCPU is another thread's
 */
zx_status_t zx_vcpu_write_state(zx_handle_t handle, uint32_t kind,
				const void *buffer, size_t buffer_size);

/**
 * zx_vmo_create - make a virtual memory object
 * @size: bytes, rounded up to a page; may be 0
 * @options: 0 or ZX_VMO_RESIZABLE; ZX_VMO_NON_RESIZABLE is the same as 0
 * @out: where the handle goes, with ZX_DEFAULT_VMO_RIGHTS, and RESIZE if it is
 *	resizable
 *
 * The VMO reads as zeroes and takes memory as it is touched.
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_INVALID_ARGS - unknown @options, or RESIZABLE and NON_RESIZABLE
 * * ZX_ERR_NOT_SUPPORTED - ZX_VMO_DISCARDABLE
 * * ZX_ERR_OUT_OF_RANGE - @size is too large
 */
zx_status_t zx_vmo_create(uint64_t size, uint32_t options, zx_handle_t *out);

/**
 * zx_vmo_read - copy out of a VMO
 * @handle: VMO, right READ
 * @buffer: where the bytes go
 * @offset: of the first byte
 * @buffer_size: bytes
 *
 * Return:
 * * ZX_OK - all were copied
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE, ZX_ERR_ACCESS_DENIED - of @handle
 * * ZX_ERR_OUT_OF_RANGE - the range leaves the VMO; nothing was copied
 * * ZX_ERR_INVALID_ARGS - @buffer cannot be written
 */
zx_status_t zx_vmo_read(zx_handle_t handle, void *buffer, uint64_t offset,
			size_t buffer_size);

/**
 * zx_vmo_write - copy into a VMO
 * @handle: VMO, right WRITE
 * @buffer: the bytes
 * @offset: of the first byte
 * @buffer_size: bytes
 *
 * Return:
 * * ZX_OK - all were copied
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE, ZX_ERR_ACCESS_DENIED - of @handle
 * * ZX_ERR_OUT_OF_RANGE - the range leaves the VMO; nothing was copied
 * * ZX_ERR_INVALID_ARGS - @buffer cannot be read
 */
zx_status_t zx_vmo_write(zx_handle_t handle, const void *buffer, uint64_t offset,
			 size_t buffer_size);

/**
 * zx_vmo_get_size - ask for a VMO's size
 * @handle: VMO, no right needed
 * @size: where the bytes go, a multiple of the page
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE - of @handle
 * * ZX_ERR_INVALID_ARGS - @size cannot be written
 */
zx_status_t zx_vmo_get_size(zx_handle_t handle, uint64_t *size);

/**
 * zx_vmo_set_size - change a VMO's size
 * @handle: VMO made with ZX_VMO_RESIZABLE, rights WRITE and RESIZE
 * @size: bytes, rounded up to a page; may be 0
 *
 * A VMO that grows reads as zeroes where it is new. One that shrinks loses its
 * pages at once in every mapping. Mappings stay as long as they are: to touch
 * one beyond the VMO's end is a SIGBUS in the process, and ZX_ERR_OUT_OF_RANGE
 * from zx_vcpu_enter() in a guest.
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE, ZX_ERR_ACCESS_DENIED - of @handle
 * * ZX_ERR_UNAVAILABLE - the VMO is not resizable; found before RESIZE is asked
 *   for, which its handles cannot have
 * * ZX_ERR_OUT_OF_RANGE - @size is too large
 * * ZX_ERR_NO_MEMORY
 */
zx_status_t zx_vmo_set_size(zx_handle_t handle, uint64_t size);

/**
 * zx_vmo_op_range - commit, decommit or clear a range of a VMO
 * @handle: VMO; right WRITE for COMMIT, DECOMMIT, ZERO and CACHE_INVALIDATE, READ
 *	for the other operations on caches
 * @op: ZX_VMO_OP_*
 * @offset: of the first byte
 * @size: bytes; COMMIT and DECOMMIT take in every page that the range touches
 * @buffer: not looked at
 * @buffer_size: not looked at
 *
 * COMMIT gives the range its memory, before it is touched. DECOMMIT takes the
 * memory away, so that the range reads as zeroes; ZERO clears it. All mappings
 * show that at once, also in guests that run. Caches are coherent here, so the
 * operations on them have nothing to do; DONT_NEED and ALWAYS_NEED are hints,
 * which nobody follows.
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE - of @handle
 * * ZX_ERR_INVALID_ARGS - unknown @op
 * * ZX_ERR_NOT_SUPPORTED - LOCK, TRY_LOCK or UNLOCK: no VMO is discardable
 * * ZX_ERR_ACCESS_DENIED - @handle lacks the right
 * * ZX_ERR_OUT_OF_RANGE - the range leaves the VMO
 * * ZX_ERR_NO_MEMORY
 */
zx_status_t zx_vmo_op_range(zx_handle_t handle, uint32_t op, uint64_t offset,
			    uint64_t size, void *buffer, size_t buffer_size);

/**
 * zx_vmo_set_cache_policy - choose how the CPU caches a VMO's pages
 * @handle: VMO, right MAP
 * @cache_policy: ZX_CACHE_POLICY_CACHED, what they are anyway
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE, ZX_ERR_ACCESS_DENIED - of @handle
 * * ZX_ERR_INVALID_ARGS - unknown @cache_policy
 * * ZX_ERR_NOT_SUPPORTED - another one: Linux's memory is cached
 */
zx_status_t zx_vmo_set_cache_policy(zx_handle_t handle, uint32_t cache_policy);

/**
 * zx_vmo_replace_as_executable - get a handle that may map a VMO executable
 * @handle: VMO; closed whatever the outcome
 * @vmex: vmex resource, see zx_hyp_resource_get(), or ZX_HANDLE_INVALID
 * @out: where the new handle goes: the old one's rights and EXECUTE
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE - @handle is no VMO, or @vmex neither a handle nor
 *   ZX_HANDLE_INVALID
 * * ZX_ERR_WRONG_TYPE - @vmex is no resource, or one of another kind
 */
zx_status_t zx_vmo_replace_as_executable(zx_handle_t handle, zx_handle_t vmex,
					 zx_handle_t *out);

/**
 * zx_vmar_map - map a VMO
 * @handle: VMAR: a guest's from zx_guest_create(), the process's own from
 *	zx_vmar_root_self() in <zircon/process.h>, or a part of one from
 *	zx_vmar_allocate()
 * @options: ZX_VM_PERM_READ, WRITE and EXECUTE, which both handles' rights and
 *	the VMAR must cover; SPECIFIC to map at @vmar_offset; SPECIFIC_OVERWRITE to
 *	replace what is mapped there; OFFSET_IS_UPPER_LIMIT to map below it;
 *	MAP_RANGE to bring in the pages that the VMO has; one of ALIGN_*;
 *	REQUIRE_NON_RESIZABLE. ALLOW_FAULTS changes nothing, and
 *	PERM_READ_IF_XOM_UNSUPPORTED is PERM_READ
 * @vmar_offset: bytes from the VMAR's base, page aligned; 0 without SPECIFIC,
 *	SPECIFIC_OVERWRITE and OFFSET_IS_UPPER_LIMIT
 * @vmo: VMO, right MAP
 * @vmo_offset: bytes, page aligned
 * @len: bytes, rounded up to a page; may exceed the VMO, whose pages are then
 *	faults when touched
 * @mapped_addr: where the address goes; in a guest's VMAR 0 is a good one
 *
 * The mapping holds the VMO, whose handle may be closed. Without SPECIFIC Linux
 * chooses the address in the process's root VMAR; a guest's VMAR, and every part
 * of a VMAR, gives the lowest free ones, as the root does below an upper limit.
 * Who touches the range while it is overwritten, also a guest that runs, finds
 * the old page or the new one. What Linux mapped in the process without a VMAR
 * is not overwritten.
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE - of @handle, then of @vmo
 * * ZX_ERR_ACCESS_DENIED - @vmo lacks MAP; a wanted permission exceeds the rights
 *   of one of the handles, or what the VMAR may map; or SPECIFIC or
 *   SPECIFIC_OVERWRITE, and the VMAR lacks CAN_MAP_SPECIFIC
 * * ZX_ERR_INVALID_ARGS - WRITE or EXECUTE without READ, options that exclude
 *   each other (MAP_RANGE and SPECIFIC_OVERWRITE do) or are for other calls,
 *   @len is 0, offsets that are not aligned, a range outside the VMAR, another
 *   VMAR where to overwrite, or @mapped_addr cannot be written
 * * ZX_ERR_NOT_SUPPORTED - REQUIRE_NON_RESIZABLE and @vmo is resizable
 * * ZX_ERR_OUT_OF_RANGE - @len or @vmo_offset + @len overflows
 * * ZX_ERR_BAD_STATE - the VMAR was destroyed, or its guest is gone
 * * ZX_ERR_ALREADY_EXISTS - something is there already that SPECIFIC, or
 *   SPECIFIC_OVERWRITE, does not replace
 * * ZX_ERR_NO_RESOURCES - no gap is large enough
 * * ZX_ERR_NO_MEMORY - also when the process has as many mappings as Linux lets
 *   it have (vm.max_map_count), to which a guest's belong
 */
zx_status_t zx_vmar_map(zx_handle_t handle, zx_vm_option_t options,
			size_t vmar_offset, zx_handle_t vmo, uint64_t vmo_offset,
			size_t len, zx_vaddr_t *mapped_addr);

/**
 * zx_vmar_unmap - unmap what lies in a range
 * @handle: VMAR; right OP_CHILDREN when there are VMARs in the range
 * @addr: first address (not an offset), page aligned
 * @len: bytes, rounded up to a page
 *
 * Mappings that reach out of the range keep the rest of themselves. VMARs in the
 * range are destroyed. A range with nothing in it is fine.
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE - of @handle
 * * ZX_ERR_INVALID_ARGS - @addr is not aligned, @len is 0, the range overflows
 *   or leaves the VMAR, a VMAR in it reaches out of it, or OP_CHILDREN is missing
 * * ZX_ERR_BAD_STATE - the VMAR was destroyed, or its guest is gone
 * * ZX_ERR_NO_MEMORY - the range may be unmapped in part
 */
zx_status_t zx_vmar_unmap(zx_handle_t handle, zx_vaddr_t addr, size_t len);

/**
 * zx_vmar_protect - change the permissions of what is mapped in a range
 * @handle: VMAR, with the rights READ, WRITE and EXECUTE that @options name
 * @options: ZX_VM_PERM_READ, WRITE and EXECUTE, or 0 for none of them.
 *	PERM_READ_IF_XOM_UNSUPPORTED is PERM_READ
 * @addr: first address (not an offset), page aligned
 * @len: bytes, rounded up to a page
 *
 * The whole range must be mapped. A mapping may get no permission that the rights
 * of its two handles and its VMAR had not covered when it was made. The next
 * access meets the new permissions, also in a guest that runs.
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE, ZX_ERR_ACCESS_DENIED - of @handle
 * * ZX_ERR_INVALID_ARGS - other @options, WRITE or EXECUTE without READ, @addr is
 *   not aligned, @len is 0, the range overflows or leaves the VMAR, or there is a
 *   VMAR in it
 * * ZX_ERR_BAD_STATE - the VMAR was destroyed, or its guest is gone
 * * ZX_ERR_NOT_FOUND - something in the range is not mapped
 * * ZX_ERR_ACCESS_DENIED - a mapping may not have such permissions
 * * ZX_ERR_NO_MEMORY - the range may be changed in part; it is not in the other
 *   cases
 */
zx_status_t zx_vmar_protect(zx_handle_t handle, zx_vm_option_t options,
			    zx_vaddr_t addr, size_t len);

/**
 * zx_vmar_allocate - make a VMAR of a part of another one
 * @parent_vmar: VMAR, with the rights READ, WRITE and EXECUTE for the CAN_MAP_*
 *	of @options
 * @options: ZX_VM_CAN_MAP_READ, WRITE and EXECUTE: the permissions that mappings in
 *	the new VMAR may have; CAN_MAP_SPECIFIC: these and VMARs may be put at
 *	chosen addresses there; SPECIFIC, OFFSET_IS_UPPER_LIMIT and one of ALIGN_*
 *	as for zx_vmar_map(). COMPACT changes nothing
 * @offset: bytes from the parent's base, page aligned; 0 without SPECIFIC and
 *	OFFSET_IS_UPPER_LIMIT
 * @size: bytes, page aligned
 * @child_vmar: where the handle goes, with ZX_DEFAULT_VMAR_RIGHTS and READ, WRITE
 *	and EXECUTE for its CAN_MAP_*
 * @child_addr: where its address goes
 *
 * The range is the new VMAR's alone until that is destroyed, which closing the
 * handle does not do. It is found as zx_vmar_map() finds one.
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE - of @parent_vmar
 * * ZX_ERR_INVALID_ARGS - PERM_* or other options that are unknown, for other
 *   calls, or exclude each other; @size is 0 or not aligned, @offset is not
 *   aligned, a range outside the parent, or a result cannot be written
 * * ZX_ERR_ACCESS_DENIED - a CAN_MAP_* exceeds the handle's rights, or what the
 *   parent has; or SPECIFIC, and the parent lacks CAN_MAP_SPECIFIC
 * * ZX_ERR_BAD_STATE - the parent was destroyed, or its guest is gone
 * * ZX_ERR_ALREADY_EXISTS - SPECIFIC, and something is there already
 * * ZX_ERR_NO_RESOURCES - no gap is large enough
 */
zx_status_t zx_vmar_allocate(zx_handle_t parent_vmar, zx_vm_option_t options,
			     size_t offset, size_t size, zx_handle_t *child_vmar,
			     zx_vaddr_t *child_addr);

/**
 * zx_vmar_destroy - unmap a VMAR and give its range back
 * @handle: VMAR of zx_vmar_allocate(), right OP_CHILDREN
 *
 * What is mapped in it goes, and VMARs in it do. Handles of those stay handles
 * until they are closed, and calls on them answer ZX_ERR_BAD_STATE.
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE, ZX_ERR_ACCESS_DENIED - of @handle
 * * ZX_ERR_BAD_STATE - it was destroyed already, or its guest is gone
 * * ZX_ERR_NOT_SUPPORTED - the whole of a guest's memory, or the process's own
 * * ZX_ERR_NO_MEMORY
 */
zx_status_t zx_vmar_destroy(zx_handle_t handle);

/**
 * zx_vmar_op_range - commit, decommit or populate what is mapped in a range
 * @handle: VMAR; right WRITE for COMMIT and DECOMMIT
 * @op: ZX_VMAR_OP_*
 * @address: first address (not an offset), page aligned
 * @size: bytes, rounded up to a page
 * @buffer: NULL
 * @buffer_size: 0
 *
 * COMMIT and DECOMMIT are zx_vmo_op_range()'s, for the pages that are mapped in
 * the range, with permission to write. MAP_RANGE brings in the pages that the
 * VMOs have, so that to touch them is no fault. DONT_NEED and ALWAYS_NEED are
 * hints, which nobody follows.
 *
 * The range is worked through from its start, up to what fails.
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE - of @handle
 * * ZX_ERR_INVALID_ARGS - @buffer or @buffer_size is given, unknown @op, @address
 *   is not aligned, @size is 0 or overflows
 * * ZX_ERR_BAD_STATE - the VMAR was destroyed, or its guest is gone; or something
 *   in the range is not mapped, or is a VMAR
 * * ZX_ERR_OUT_OF_RANGE - the range leaves the VMAR; or, but for MAP_RANGE, what is
 *   mapped there is beyond the VMO's end
 * * ZX_ERR_ACCESS_DENIED - @handle lacks WRITE, or a mapping does
 * * ZX_ERR_NO_MEMORY
 */
zx_status_t zx_vmar_op_range(zx_handle_t handle, uint32_t op, zx_vaddr_t address,
			     size_t size, void *buffer, size_t buffer_size);

/**
 * zx_clock_get_monotonic - the time since the machine started
 *
 * Linux's CLOCK_MONOTONIC: it does not run while the machine is suspended.
 *
 * Return: nanoseconds.
 */
zx_time_t zx_clock_get_monotonic(void);

/**
 * zx_deadline_after - a deadline that far from now
 * @nanoseconds: may be negative
 *
 * Return: monotonic time, nanoseconds, saturated to ZX_TIME_INFINITE and
 * ZX_TIME_INFINITE_PAST.
 */
zx_time_t zx_deadline_after(zx_duration_t nanoseconds);

/**
 * zx_nanosleep - sleep until a deadline
 * @deadline: monotonic time, nanoseconds; 0 or less only yields the CPU
 *
 * Return: ZX_OK.
 */
zx_status_t zx_nanosleep(zx_time_t deadline);

/* The same functions under their other name. */
extern __typeof__(zx_clock_get_monotonic) _zx_clock_get_monotonic;
extern __typeof__(zx_deadline_after) _zx_deadline_after;
extern __typeof__(zx_guest_create) _zx_guest_create;
extern __typeof__(zx_guest_set_trap) _zx_guest_set_trap;
extern __typeof__(zx_nanosleep) _zx_nanosleep;
extern __typeof__(zx_vcpu_create) _zx_vcpu_create;
extern __typeof__(zx_vcpu_enter) _zx_vcpu_enter;
extern __typeof__(zx_vcpu_interrupt) _zx_vcpu_interrupt;
extern __typeof__(zx_vcpu_kick) _zx_vcpu_kick;
extern __typeof__(zx_vcpu_read_state) _zx_vcpu_read_state;
extern __typeof__(zx_vcpu_write_state) _zx_vcpu_write_state;
extern __typeof__(zx_vmar_allocate) _zx_vmar_allocate;
extern __typeof__(zx_vmar_destroy) _zx_vmar_destroy;
extern __typeof__(zx_vmar_map) _zx_vmar_map;
extern __typeof__(zx_vmar_op_range) _zx_vmar_op_range;
extern __typeof__(zx_vmar_protect) _zx_vmar_protect;
extern __typeof__(zx_vmar_unmap) _zx_vmar_unmap;
extern __typeof__(zx_vmo_create) _zx_vmo_create;
extern __typeof__(zx_vmo_get_size) _zx_vmo_get_size;
extern __typeof__(zx_vmo_op_range) _zx_vmo_op_range;
extern __typeof__(zx_vmo_read) _zx_vmo_read;
extern __typeof__(zx_vmo_replace_as_executable) _zx_vmo_replace_as_executable;
extern __typeof__(zx_vmo_set_cache_policy) _zx_vmo_set_cache_policy;
extern __typeof__(zx_vmo_set_size) _zx_vmo_set_size;
extern __typeof__(zx_vmo_write) _zx_vmo_write;

__END_CDECLS

#endif /* ZIRCON_SYSCALLS_H_ */
