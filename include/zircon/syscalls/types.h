/* SPDX-License-Identifier: MIT */
/* The structures that prototypes name, for those who need only pointers. */
#ifndef ZIRCON_SYSCALLS_TYPES_H_
#define ZIRCON_SYSCALLS_TYPES_H_

#include <zircon/types.h>

typedef struct zx_port_packet zx_port_packet_t;
typedef struct zx_vcpu_state zx_vcpu_state_t;
typedef struct zx_vcpu_io zx_vcpu_io_t;
typedef struct zx_info_handle_basic zx_info_handle_basic_t;
typedef struct zx_info_handle_count zx_info_handle_count_t;
typedef struct zx_info_resource zx_info_resource_t;
typedef struct zx_info_vcpu zx_info_vcpu_t;
typedef struct zx_info_vmar zx_info_vmar_t;
typedef struct zx_info_vmo zx_info_vmo_t;

#endif /* ZIRCON_SYSCALLS_TYPES_H_ */
