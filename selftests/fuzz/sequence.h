/* SPDX-License-Identifier: MIT */
/*
 * Sequences of steps. A step is an operation of the grammar and the numbers that
 * it draws while it runs, so that any bytes at all are a sequence, and a changed
 * number is a changed member of a request.
 */
#ifndef FUZZ_SEQUENCE_H
#define FUZZ_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

#define STEPS	24	/* of a sequence, at most */
#define WORDS	12	/* numbers of a step, before they are made up */

struct step {
	uint8_t op;
	uint32_t words[WORDS];
};

struct sequence {
	uint32_t count;
	struct step step[STEPS];
};

/* ---- numbers ----------------------------------------------------------- */

/* Where numbers come from: a seed, or a step and what follows from it. */
struct source {
	uint64_t state;
	const uint32_t *words;
	unsigned int left;
};

struct source source_of_seed(uint64_t seed);
struct source source_of_step(const struct step *step);

uint64_t draw(struct source *s);
uint64_t below(struct source *s, uint64_t n);
bool one_in(struct source *s, uint64_t n);

/* A number that mistakes are made with. */
uint64_t odd(struct source *s);

/* ---- sequences --------------------------------------------------------- */

/* Steps with these numbers begin most new sequences. */
#define OP_MEND		0
#define OP_VCPU		1

/*
 * Makes the place where sequences are kept, for all processes that are forked
 * from then on; false when there is no memory.
 */
bool corpus_init(void);

/* The next sequence to run: a new one, or a kept one that was changed. */
void corpus_next(struct source *s, struct sequence *seq);

/* Keeps the first steps of a sequence, those that reached something new. */
void corpus_keep(struct source *s, const struct sequence *seq,
		 unsigned int count);

/* How many are kept. */
unsigned int corpus_size(void);

#endif /* FUZZ_SEQUENCE_H */
