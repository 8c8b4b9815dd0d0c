/* SPDX-License-Identifier: MIT */
/*
 * Requests, and what they are made of: handles that the threads of a process
 * were given, and places in its memory. Every answer is looked at here.
 */
#ifndef FUZZ_REQUEST_H
#define FUZZ_REQUEST_H

#include <stdint.h>

#include <linux/zx_hyp.h>

#include "fuzz/grammar.h"

#define PAGE	4096ull
#define POOL	8		/* handles of a type that a thread keeps */
#define ARENA	(16 * PAGE)	/* where results and buffers may be */
#define FREE	(ARENA / 2)	/* where only a thread's own data is */

enum type { RESOURCE, VMEX, GUEST, VMAR, VMO, VCPU, EVENT, PAIR, PORT, TYPES };

/* Opens the device and makes what threads share. */
void requests_begin(struct tally *tally, bool trace);

/* Goes on with a file of one's own. */
void requests_reopen(void);

/* ---- what requests are made of ----------------------------------------- */

/* A handle to an object of the type; sometimes to another, or none at all. */
uint32_t handle(struct actor *a, enum type type);

/* One that a certain thread was given. */
uint32_t handle_of(struct actor *a, unsigned int index, enum type type);

/* The last that the thread was given, and one more. */
uint32_t newest(struct actor *a, enum type type);
void keep(struct actor *a, enum type type, uint32_t value);

/* An address in the arena, or one that nothing is at. */
uint64_t place(struct source *s);

/* Where a step's own data is. */
uint8_t *own_page(struct actor *a);

/* A length or an offset. */
uint64_t pages(struct source *s);

/* ---- calls ------------------------------------------------------------- */

/* What is at @arg may be read as eight words, whatever the request. */
long call(struct actor *a, unsigned int cmd, void *arg);

/* The call said what the contract does not know. */
void strange(struct actor *a, unsigned int cmd, const void *arg, long ret);

/* A call gives a handle, or writes nothing. */
void made(struct actor *a, enum type type, unsigned int cmd, const void *arg,
	  long ret, uint32_t out);

void close_handle(struct actor *a, uint32_t value);

/* All of a type that the thread keeps. */
void close_all(struct actor *a, enum type type);

#define REQUEST(type, ...)						\
	union {								\
		struct zx_hyp_##type arg;				\
		uint64_t words[8];					\
	} req = { .arg = { .size = sizeof(req.arg), __VA_ARGS__ } };	\
	struct zx_hyp_##type *arg __attribute__((unused)) = &req.arg

#define CALL(cmd)	call(a, ZX_HYP_##cmd, arg)

#define MADE(type, cmd, out) do {					\
	long ret_ = CALL(cmd);						\
									\
	made(a, type, ZX_HYP_##cmd, arg, ret_, out);			\
} while (0)

/* ---- operations of objects.c ------------------------------------------- */

extern void (*const object_ops[])(struct actor *a);
extern const unsigned int object_op_count;

/* Takes what any thread exported. */
void do_import(struct actor *a);

#endif /* FUZZ_REQUEST_H */
