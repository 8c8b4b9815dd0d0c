/* SPDX-License-Identifier: MIT */
/*
 * What libzx adds to Zircon's interface: where resources come from, what the
 * machine can do, and which API level's rights new handles have.
 * <zx_hyp/fd.h> adds descriptors for handles.
 *
 * libzx opens /dev/zx_hyp once for the process, at the first call that needs
 * it, close-on-exec. While that fails, calls that make something answer
 * ZX_ERR_ACCESS_DENIED when the caller may not open the device and
 * ZX_ERR_NOT_SUPPORTED when there is none; each call tries again. Calls that
 * only use a handle answer ZX_ERR_BAD_HANDLE, since no handle can exist.
 *
 * Fork. What a process made belongs to it alone. In a child that was forked
 * after its parent first used libzx every call that needs the device answers
 * ZX_ERR_BAD_HANDLE, also those that take no handle, until it calls exec: the
 * child could else take its parent's values for its own. The library's file
 * is closed in the child, so a child does not keep its parent's guests alive.
 * A child of a parent that had not used libzx yet may use it.
 */
#ifndef ZX_HYP_ZX_HYP_H_
#define ZX_HYP_ZX_HYP_H_

#include <zircon/types.h>

__BEGIN_CDECLS

/* Kinds of zx_hyp_resource_get(). */
#define ZX_HYP_RESOURCE_HYPERVISOR 1 /* allows zx_guest_create() */
#define ZX_HYP_RESOURCE_VMEX 2 /* allows zx_vmo_replace_as_executable() */

/* Values of zx_hyp_info_t.vendor. */
#define ZX_HYP_VENDOR_NONE 0  /* no usable KVM: guests cannot be made */
#define ZX_HYP_VENDOR_INTEL 1 /* VMX */
#define ZX_HYP_VENDOR_AMD 2   /* SVM */

/* Bits of zx_hyp_info_t.caps that a program may ask about. */
#define ZX_HYP_CAN_GUEST (UINT64_C(1) << 0) /* guests can be made here */
#define ZX_HYP_CAN_PORT (UINT64_C(1) << 2)  /* ports and BELL traps */

/**
 * struct zx_hyp_info - what the kernel module is and what the machine can do
 * @abi_version: version of the module's interface
 * @vendor: ZX_HYP_VENDOR_*
 * @caps: ZX_HYP_CAN_*; other bits have no meaning for programs
 * @max_vcpus: vCPUs that one guest may have
 * @gpa_bits: bits of a guest-physical address that the CPU translates
 */
typedef struct zx_hyp_info {
	uint32_t abi_version;
	uint32_t vendor;
	uint64_t caps;
	uint32_t max_vcpus;
	uint32_t gpa_bits;
} zx_hyp_info_t;

/* Levels of zx_hyp_rights_level(). */
#define ZX_HYP_LEVEL_2017 2017 /* Magenta, August and September 2017 */
#define ZX_HYP_LEVEL_2018 2018 /* Zircon in January 2018 */
#define ZX_HYP_LEVEL_2019 2019 /* from August 2018 to 2021 */
#define ZX_HYP_LEVEL_2022 2022
#define ZX_HYP_LEVEL_2024 2024 /* from the end of 2022 on: what handles have anyway */

/**
 * zx_hyp_resource_get - get a resource
 * @kind: ZX_HYP_RESOURCE_HYPERVISOR or ZX_HYP_RESOURCE_VMEX
 * @out: where the handle goes; the caller closes it
 *
 * Stands for the services that hand out resources on Fuchsia. Whoever may open
 * the device may have every resource. Each call makes a new handle with
 * ZX_DEFAULT_RESOURCE_RIGHTS.
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_NOT_SUPPORTED - there is no device
 * * ZX_ERR_ACCESS_DENIED - the caller may not open the device
 * * ZX_ERR_INVALID_ARGS - unknown @kind, or @out cannot be written
 * * ZX_ERR_NO_MEMORY
 * * ZX_ERR_BAD_HANDLE - in a forked child: see the head of this file
 */
zx_status_t zx_hyp_resource_get(uint32_t kind, zx_handle_t *out);

/**
 * zx_hyp_info_get - ask what the module is and what the machine can do
 * @out: where the answer goes
 * @size: sizeof(zx_hyp_info_t), bytes; an older program's smaller size gets
 *	the first members, a newer one's larger size gets zeroes behind them
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_NOT_SUPPORTED - there is no device, or the module does not know
 *   the question
 * * ZX_ERR_ACCESS_DENIED - the caller may not open the device
 * * ZX_ERR_INVALID_ARGS - @out cannot be written, or @size is larger than 4096
 * * ZX_ERR_BAD_HANDLE - in a forked child: see the head of this file
 */
zx_status_t zx_hyp_info_get(zx_hyp_info_t *out, size_t size);

/**
 * zx_hyp_check - find out whether guests can be made here, and if not, why
 * @why: NULL, or where one sentence for the user goes, without a full stop or
 *	newline, terminated by zero and cut to fit; empty when it is ZX_OK
 * @size: bytes at @why
 *
 * Opens the device when that has not happened yet. Meant for the start of a
 * program that cannot go on without guests.
 *
 * Return:
 * * ZX_OK - zx_guest_create() can succeed
 * * ZX_ERR_NOT_SUPPORTED - no device, a module of another version than the
 *   library, or no usable KVM
 * * ZX_ERR_ACCESS_DENIED - the caller may not open the device
 * * ZX_ERR_BAD_HANDLE - in a forked child: see the head of this file
 */
zx_status_t zx_hyp_check(char *why, size_t size);

/**
 * zx_hyp_rights_level - choose the rights that new handles have
 * @level: ZX_HYP_LEVEL_*
 *
 * From now on handles to new objects, and those of zx_hyp_resource_get(), have
 * the rights that they had at that level, in the whole process. Handles that
 * exist keep theirs. Other threads must not make any meanwhile, else those get
 * the rights of either level.
 *
 * What calls demand stays as <zircon/syscalls.h> says, and rights that a level
 * did not know its handles do not have: OP_CHILDREN until 2019, INSPECT and
 * MANAGE_THREAD until 2018, WAIT in 2017. Calls that need them answer
 * ZX_ERR_ACCESS_DENIED there. RESIZE resizable VMOs have at every level.
 *
 * Return:
 * * ZX_OK
 * * ZX_ERR_INVALID_ARGS - unknown @level
 * * ZX_ERR_NOT_SUPPORTED - there is no device, or its module does not know the
 *   request
 * * ZX_ERR_ACCESS_DENIED - the caller may not open the device
 * * ZX_ERR_BAD_HANDLE - in a forked child: see the head of this file
 */
zx_status_t zx_hyp_rights_level(uint32_t level);

__END_CDECLS

#endif /* ZX_HYP_ZX_HYP_H_ */
