/* SPDX-License-Identifier: MIT */
/*
 * Which code of the module calls ran, as a kernel with KCOV tells. Only the
 * module itself is built for it there: the rest of the kernel stays fast.
 */
#ifndef FUZZ_COVER_H
#define FUZZ_COVER_H

#include <stdbool.h>
#include <stdint.h>

/* Of a thread. */
struct cover {
	uint64_t *area;		/* NULL where there is no KCOV */
};

/*
 * Whether coverage can be had. Forked processes share what is covered from then
 * on.
 */
bool cover_init(void);

/* Of the calling thread, for as long as it lives. */
void cover_begin(struct cover *c);

/* Around a call: how many edges it ran that none did before. */
void cover_start(struct cover *c);
unsigned int cover_stop(struct cover *c, unsigned int cmd);

/* Edges that were run so far. */
unsigned long cover_edges(void);

/* Logs what was covered, and the functions that nothing of was. */
void cover_report(void);

#endif /* FUZZ_COVER_H */
