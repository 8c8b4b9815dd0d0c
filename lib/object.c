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

static zx_status_t signal_call(unsigned long request, zx_handle_t handle,
			       uint32_t clear_mask, uint32_t set_mask)
{
	struct zx_hyp_object_signal call = {
		.size = sizeof(call),
		.handle = handle,
		.clear = clear_mask,
		.set = set_mask,
	};

	return libzx_use(request, &call);
}

ZX_EXPORT zx_status_t zx_object_signal(zx_handle_t handle, uint32_t clear_mask,
				       uint32_t set_mask)
{
	return signal_call(ZX_HYP_OBJECT_SIGNAL, handle, clear_mask, set_mask);
}
ZX_ALIAS(zx_object_signal);

ZX_EXPORT zx_status_t zx_object_signal_peer(zx_handle_t handle, uint32_t clear_mask,
					    uint32_t set_mask)
{
	return signal_call(ZX_HYP_OBJECT_SIGNAL_PEER, handle, clear_mask, set_mask);
}
ZX_ALIAS(zx_object_signal_peer);

ZX_EXPORT zx_status_t zx_object_wait_one(zx_handle_t handle, zx_signals_t signals,
					 zx_time_t deadline, zx_signals_t *observed)
{
	struct zx_hyp_object_wait_one call = {
		.size = sizeof(call),
		.handle = handle,
		.signals = signals,
		.deadline = deadline,
		.out_observed = libzx_address(observed),
	};

	return libzx_use(ZX_HYP_OBJECT_WAIT_ONE, &call);
}
ZX_ALIAS(zx_object_wait_one);

ZX_EXPORT zx_status_t zx_object_wait_many(zx_wait_item_t *items, size_t num_items,
					  zx_time_t deadline)
{
	struct zx_hyp_object_wait_many call = {
		.size = sizeof(call),
		.items = libzx_address(items),
		.count = num_items,
		.deadline = deadline,
	};

	/* Waiting for nothing is a sleep; that needs no device. */
	if (num_items == 0) {
		zx_nanosleep(deadline);
		return ZX_ERR_TIMED_OUT;
	}
	return libzx_use(ZX_HYP_OBJECT_WAIT_MANY, &call);
}
ZX_ALIAS(zx_object_wait_many);

ZX_EXPORT zx_status_t zx_object_wait_async(zx_handle_t handle, zx_handle_t port,
					   uint64_t key, zx_signals_t signals,
					   uint32_t options)
{
	struct zx_hyp_object_wait_async call = {
		.size = sizeof(call),
		.handle = handle,
		.port = port,
		.signals = signals,
		.key = key,
		.options = options,
	};

	return libzx_use(ZX_HYP_OBJECT_WAIT_ASYNC, &call);
}
ZX_ALIAS(zx_object_wait_async);
