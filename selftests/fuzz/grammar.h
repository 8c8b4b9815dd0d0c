/* SPDX-License-Identifier: MIT */
/*
 * The grammar of the ioctl contract: what a step of a sequence does.
 */
#ifndef FUZZ_GRAMMAR_H
#define FUZZ_GRAMMAR_H

#include <stdatomic.h>
#include <stdbool.h>

#include "fuzz/cover.h"
#include "fuzz/sequence.h"

#define THREADS	3

/* Of all processes of a run. */
struct tally {
	atomic_ulong calls, good, statuses, errnos, strange;
};

/* A thread that runs steps. */
struct actor {
	unsigned int index;	/* below THREADS */
	struct source s;	/* of the step */
	struct cover cover;
	unsigned int news;	/* edges that the step was the first to run */
	uint32_t vmar, vmo;	/* of the guest that sequences work on */
};

/*
 * Opens the device and makes what threads share. A wild process also does to its
 * memory what Linux allows, and may die of it.
 */
void grammar_begin(struct tally *tally, bool wild, bool trace);

/* Makes what a sequence works on, unless the one before left it. */
void grammar_start(struct actor *a, struct source *s);

/* Carries a step out: how many edges it was the first to run. */
unsigned int grammar_step(struct actor *a, const struct step *step);

#endif /* FUZZ_GRAMMAR_H */
