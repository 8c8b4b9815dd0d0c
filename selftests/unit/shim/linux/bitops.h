/* SPDX-License-Identifier: MIT */
#ifndef SHIM_LINUX_BITOPS_H
#define SHIM_LINUX_BITOPS_H

#include <linux/kernel.h>

#define BIT(n)	(1UL << (n))

#endif /* SHIM_LINUX_BITOPS_H */
