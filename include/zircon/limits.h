/* SPDX-License-Identifier: MIT */
/* Sizes that are fixed by the architecture. */
#ifndef ZIRCON_LIMITS_H_
#define ZIRCON_LIMITS_H_

#define ZX_PAGE_SHIFT 12
#define ZX_PAGE_SIZE (1UL << ZX_PAGE_SHIFT)
#define ZX_PAGE_MASK (ZX_PAGE_SIZE - 1UL)

#endif /* ZIRCON_LIMITS_H_ */
