// SPDX-License-Identifier: MIT
/* Resources, and what the machine can do: <zx_hyp/zx_hyp.h>. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/resource.h>
#include <zx_hyp/zx_hyp.h>

#include "libzx.h"

/* More than any version of the answer will need. */
#define INFO_SIZE_MAX 4096

/* The kernel's kinds are bases of one of Zircon's; each range is one long. */
#define SYSTEM_SIZE 1

static const struct {
	uint32_t kind;
	zx_rsrc_system_base_t base;
} system_bases[] = {
	{ ZX_HYP_RESOURCE_HYPERVISOR, ZX_RSRC_SYSTEM_HYPERVISOR_BASE },
	{ ZX_HYP_RESOURCE_VMEX, ZX_RSRC_SYSTEM_VMEX_BASE },
};

#define SYSTEM_BASES (sizeof(system_bases) / sizeof(system_bases[0]))

ZX_EXPORT zx_status_t zx_hyp_resource_get(uint32_t kind, zx_handle_t *out)
{
	struct zx_hyp_resource_get call = {
		.size = sizeof(call),
		.kind = kind,
		.out_handle = libzx_address(out),
	};

	return libzx_make(ZX_HYP_RESOURCE_GET, &call);
}

ZX_EXPORT zx_status_t zx_hyp_info_get(zx_hyp_info_t *out, size_t size)
{
	struct zx_hyp_query call = {
		.size = sizeof(call),
		.out_size = (uint32_t)size,
		.out_result = libzx_address(out),
	};

	if (size > INFO_SIZE_MAX)
		return ZX_ERR_INVALID_ARGS;
	return libzx_make(ZX_HYP_QUERY, &call);
}

/* The kernel's kind, or 0, which is none: the kernel says so in its turn. */
static uint32_t kernels_kind(uint32_t options, uint64_t base, size_t size)
{
	zx_rsrc_kind_t kind = options & ~ZX_RSRC_FLAG_EXCLUSIVE;
	size_t i;

	/* Also with a flag that is unknown. */
	if (kind >= ZX_RSRC_KIND_COUNT)
		return 0;
	if (kind != ZX_RSRC_KIND_SYSTEM)
		return ZX_HYP_RESOURCE_OTHER;
	if (options != kind || size != SYSTEM_SIZE)
		return 0;
	for (i = 0; i < SYSTEM_BASES; i++) {
		if (system_bases[i].base == base)
			return system_bases[i].kind;
	}
	return ZX_HYP_RESOURCE_OTHER;
}

ZX_EXPORT zx_status_t zx_resource_create(zx_handle_t parent_rsrc, uint32_t options,
					 uint64_t base, size_t size, const char *name,
					 size_t name_size, zx_handle_t *resource_out)
{
	struct zx_hyp_resource_create call = {
		.size = sizeof(call),
		.parent = parent_rsrc,
		.kind = kernels_kind(options, base, size),
		/* The kernel cuts what is longer. */
		.name_size = name_size < ZX_MAX_NAME_LEN ? (uint32_t)name_size :
							   ZX_MAX_NAME_LEN,
		.name = libzx_address(name),
		.out_handle = libzx_address(resource_out),
	};

	return libzx_use(ZX_HYP_RESOURCE_CREATE, &call);
}
ZX_ALIAS(zx_resource_create);

void libzx_name_resource(void *record)
{
	zx_info_resource_t info;
	size_t i;

	/* Callers' buffers need not be aligned. */
	memcpy(&info, record, sizeof(info));
	for (i = 0; i < SYSTEM_BASES; i++) {
		if (system_bases[i].kind == info.kind)
			break;
	}
	/* A newer module's kind, which only its number can have asked for. */
	if (i == SYSTEM_BASES)
		return;
	info.kind = ZX_RSRC_KIND_SYSTEM;
	info.base = system_bases[i].base;
	info.size = SYSTEM_SIZE;
	memcpy(record, &info, sizeof(info));
}

static void explain_open(int error, char *why, size_t size)
{
	switch (error) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		snprintf(why, size, "there is no /dev/zx_hyp: load the zx_hyp module");
		break;
	case EACCES:
	case EPERM:
		snprintf(why, size, "no permission to open /dev/zx_hyp");
		break;
	case ENOTTY:
		snprintf(why, size, "/dev/zx_hyp is not the device of the zx_hyp module");
		break;
	case EPROTO:
		snprintf(why, size, "the zx_hyp module and libzx are of different versions");
		break;
	case EBADF:
		snprintf(why, size, "a forked child cannot use its parent's /dev/zx_hyp");
		break;
	default:
		snprintf(why, size, "cannot open /dev/zx_hyp: %s", strerror(error));
		break;
	}
}

ZX_EXPORT zx_status_t zx_hyp_check(char *why, size_t size)
{
	zx_hyp_info_t info;
	zx_status_t status;
	int error = libzx_device_error();

	if (!why)
		size = 0;
	if (size)
		why[0] = '\0';

	if (error) {
		explain_open(error, why, size);
		return libzx_status_of_open(error);
	}
	status = zx_hyp_info_get(&info, sizeof(info));
	if (status != ZX_OK) {
		snprintf(why, size, "the zx_hyp module does not answer");
		return status;
	}
	if (info.vendor == ZX_HYP_VENDOR_NONE || !(info.caps & ZX_HYP_CAN_GUEST)) {
		snprintf(why, size, "this machine has no KVM that the zx_hyp module can use");
		return ZX_ERR_NOT_SUPPORTED;
	}
	return ZX_OK;
}
