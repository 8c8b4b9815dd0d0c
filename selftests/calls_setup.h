/* SPDX-License-Identifier: MIT */
/*
 * What the rows of calls.c are set up with: the file of rows and the files of
 * setups share it, and nobody else.
 */
#ifndef SELFTESTS_CALLS_SETUP_H
#define SELFTESTS_CALLS_SETUP_H

#include "calls.h"

/* calls.c: RAM with code, page tables and traps; no vCPU. */
void call_need_machine(struct call_ctx *c);

/* calls_range.c */
void setup_set_size(struct call_ctx *c);
void setup_commit(struct call_ctx *c);
void setup_zero(struct call_ctx *c);
void setup_cache_policy(struct call_ctx *c);
void setup_map_self(struct call_ctx *c);
void setup_map_self_aligned(struct call_ctx *c);
void setup_map_self_range(struct call_ctx *c);
void setup_unmap_self(struct call_ctx *c);
void setup_protect_self(struct call_ctx *c);
void setup_protect_guest(struct call_ctx *c);
void setup_allocate(struct call_ctx *c);
void setup_destroy(struct call_ctx *c);
void setup_vmar_op(struct call_ctx *c);

#endif /* SELFTESTS_CALLS_SETUP_H */
