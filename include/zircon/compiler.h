/* SPDX-License-Identifier: MIT */
/* What the other headers need of the compiler. */
#ifndef ZIRCON_COMPILER_H_
#define ZIRCON_COMPILER_H_

#if !defined(__x86_64__)
#error "libzx describes Zircon's x86-64 interface: compile for x86-64"
#endif

#ifdef __cplusplus
#define __BEGIN_CDECLS extern "C" {
#define __END_CDECLS }
#else
#define __BEGIN_CDECLS
#define __END_CDECLS
#endif

#endif /* ZIRCON_COMPILER_H_ */
