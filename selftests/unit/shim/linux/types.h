/* SPDX-License-Identifier: MIT */
#ifndef SHIM_LINUX_TYPES_H
#define SHIM_LINUX_TYPES_H

#include <linux/kernel.h>
#include_next <linux/types.h>

#endif /* SHIM_LINUX_TYPES_H */
