// SPDX-License-Identifier: MIT
/* What all objects have: information, properties and signals. */
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>

#include "libzx.h"

ZX_EXPORT zx_status_t zx_object_get_info(zx_handle_t handle, uint32_t topic, void *buffer,
					 size_t buffer_size, size_t *actual, size_t *avail)
{
	struct zx_hyp_object_get_info call = {
		.size = sizeof(call),
		.handle = handle,
		.topic = topic,
		.buffer = libzx_address(buffer),
		.buffer_size = buffer_size,
		.out_actual = libzx_address(actual),
		.out_avail = libzx_address(avail),
	};
	zx_status_t status = libzx_use(ZX_HYP_OBJECT_GET_INFO, &call);

	if (status == ZX_OK && topic == ZX_INFO_RESOURCE)
		libzx_name_resource(buffer);
	return status;
}
ZX_ALIAS(zx_object_get_info);

static zx_status_t property_call(unsigned long request, zx_handle_t handle,
				 uint32_t property, const void *value, size_t value_size)
{
	struct zx_hyp_object_property call = {
		.size = sizeof(call),
		.handle = handle,
		.property = property,
		.value = libzx_address(value),
		.value_size = value_size,
	};

	return libzx_use(request, &call);
}

ZX_EXPORT zx_status_t zx_object_get_property(zx_handle_t handle, uint32_t property,
					     void *value, size_t value_size)
{
	return property_call(ZX_HYP_OBJECT_GET_PROPERTY, handle, property, value, value_size);
}
ZX_ALIAS(zx_object_get_property);

ZX_EXPORT zx_status_t zx_object_set_property(zx_handle_t handle, uint32_t property,
					     const void *value, size_t value_size)
{
	return property_call(ZX_HYP_OBJECT_SET_PROPERTY, handle, property, value, value_size);
}
ZX_ALIAS(zx_object_set_property);
