/* SPDX-License-Identifier: MIT */
/*
 * Code for guests of the fuzzer: instructions that exit, or whose exits the
 * driver looks into, in a loop.
 */
#ifndef FUZZ_GUESTCODE_H
#define FUZZ_GUESTCODE_H

#include <stdint.h>

#include "fuzz/sequence.h"

#define GUEST_CODE_SIZE	4096

/*
 * An opcode of one byte that is none in 64-bit mode, and no present entry of a
 * table: what pages that guests run are filled up with, so that no instruction
 * lies across their end. QEMU 10 stops for good in one that does and writes to
 * the page that it begins in, whoever runs it.
 */
#define GUEST_FILL	0x06

/* Where guests have something, or might. */
uint64_t guest_address(struct source *s);

/* Fills a page with code. */
void guest_code(struct source *s, uint8_t code[GUEST_CODE_SIZE]);

/* Where a vCPU begins: in the code, or where there is no memory. */
uint64_t guest_entry(struct source *s);

/* A value that an instruction of guest_code() may find in a register. */
uint64_t guest_register(struct source *s);

#endif /* FUZZ_GUESTCODE_H */
