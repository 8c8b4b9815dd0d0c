// SPDX-License-Identifier: MIT
/*
 * Sequences: made, changed, and kept for all processes. See sequence.h.
 */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "fuzz/sequence.h"
#include "zxtest.h"

#define KEPT	1024	/* sequences */

/*
 * Shared by processes that may be killed at any instruction: no lock. A place
 * that was claimed and not filled, or that two write to, is a sequence as well.
 */
struct corpus {
	atomic_uint claimed;
	struct sequence kept[KEPT];
};

static struct corpus *corpus;

/* ---- numbers ----------------------------------------------------------- */

/* splitmix64 */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

struct source source_of_seed(uint64_t seed)
{
	return (struct source){ .state = seed };
}

struct source source_of_step(const struct step *step)
{
	return (struct source){
		.state = step->words[WORDS - 1],
		.words = step->words,
		.left = WORDS,
	};
}

uint64_t draw(struct source *s)
{
	if (s->left) {
		s->left--;
		return mix(*s->words++);
	}
	return mix(s->state++);
}

uint64_t below(struct source *s, uint64_t n)
{
	return draw(s) % n;
}

bool one_in(struct source *s, uint64_t n)
{
	return !below(s, n);
}

uint64_t odd(struct source *s)
{
	static const uint64_t edges[] = {
		0, 1, 2, 3, 0xfff, 0x1001, 0xffff, 0x10000, 0x7fffffff,
		0xffffffff, 1ull << 40, 1ull << 47, 1ull << 48, 1ull << 63,
		-1ull, -4096ull,
	};

	if (one_in(s, 3))
		return draw(s) >> below(s, 64);
	return edges[below(s, ARRAY_SIZE(edges))];
}

/* ---- sequences --------------------------------------------------------- */

static void fill(struct source *s, struct step *step)
{
	step->op = draw(s);
	for (int i = 0; i < WORDS; i++)
		step->words[i] = draw(s);
}

static void sequence_new(struct source *s, struct sequence *seq)
{
	seq->count = 4 + below(s, STEPS - 3);
	for (int i = 0; i < seq->count; i++)
		fill(s, &seq->step[i]);
	if (!one_in(s, 4)) {
		seq->step[0].op = OP_MEND;
		seq->step[1].op = OP_VCPU;
	}
}

static void insert(struct source *s, struct sequence *seq, unsigned int at)
{
	if (seq->count >= STEPS)
		return;
	memmove(&seq->step[at + 1], &seq->step[at],
		(seq->count - at) * sizeof(seq->step[0]));
	seq->count++;
	/* As it was: then the step is there twice. */
	if (!one_in(s, 3))
		fill(s, &seq->step[at]);
}

static void drop(struct sequence *seq, unsigned int at)
{
	if (seq->count < 2)
		return;
	seq->count--;
	memmove(&seq->step[at], &seq->step[at + 1],
		(seq->count - at) * sizeof(seq->step[0]));
}

/* Goes on from a step as another sequence does. */
static void splice(struct sequence *seq, unsigned int at,
		   const struct sequence *other)
{
	unsigned int count = other->count < STEPS ? other->count : STEPS;

	for (; at < count; at++)
		seq->step[at] = other->step[at];
	if (seq->count < count)
		seq->count = count;
}

static const struct sequence *kept(struct source *s)
{
	return &corpus->kept[below(s, corpus_size())];
}

static void change(struct source *s, struct sequence *seq)
{
	unsigned int at = below(s, seq->count);

	switch (below(s, 8)) {
	case 0 ... 3:
		seq->step[at].words[below(s, WORDS)] = draw(s);
		break;
	case 4:
		fill(s, &seq->step[at]);
		break;
	case 5:
		insert(s, seq, at);
		break;
	case 6:
		drop(seq, at);
		break;
	case 7:
		splice(seq, at, kept(s));
		break;
	}
}

bool corpus_init(void)
{
	void *p = mmap(NULL, sizeof(*corpus), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	corpus = p;
	return p != MAP_FAILED;
}

unsigned int corpus_size(void)
{
	unsigned int n = atomic_load(&corpus->claimed);

	return n < KEPT ? n : KEPT;
}

void corpus_next(struct source *s, struct sequence *seq)
{
	if (corpus_size() && !one_in(s, 4)) {
		*seq = *kept(s);
		/* Another process may be writing it. */
		if (seq->count && seq->count <= STEPS) {
			for (int i = below(s, 4); i >= 0; i--)
				change(s, seq);
			return;
		}
	}
	sequence_new(s, seq);
}

void corpus_keep(struct source *s, const struct sequence *seq,
		 unsigned int count)
{
	unsigned int place = atomic_fetch_add(&corpus->claimed, 1);
	struct sequence *to;

	if (place >= KEPT) {
		atomic_store(&corpus->claimed, KEPT);
		place = below(s, KEPT);
	}
	to = &corpus->kept[place];
	*to = *seq;
	to->count = count;
}
