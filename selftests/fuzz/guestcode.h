/* SPDX-License-Identifier: MIT */
/*
 * Code for guests of the fuzzer: instructions that exit, or whose exits the
 * driver looks into, in a loop.
 */
#ifndef FUZZ_GUESTCODE_H
#define FUZZ_GUESTCODE_H

#include <stdint.h>

#include "fuzz/sequence.h"

#define GUEST_CODE_MAX	256

/* Where guests have something, or might. */
uint64_t guest_address(struct source *s);

/* Fills the buffer. */
void guest_code(struct source *s, uint8_t code[GUEST_CODE_MAX]);

/* A value that an instruction of guest_code() may find in a register. */
uint64_t guest_register(struct source *s);

#endif /* FUZZ_GUESTCODE_H */
