/* SPDX-License-Identifier: MIT */
/*
 * A model of VMARs, as simple as can be: an array that says of each page what is
 * there. It answers calls as the kernel should; vmarmodel.c compares.
 */
#ifndef SELFTESTS_VMARMODEL_H
#define SELFTESTS_VMARMODEL_H

#include <stdbool.h>
#include <stdint.h>

#include <zircon/types.h>

#include "spaces.h"

#define MODEL_PAGES	512	/* that the model knows */
#define MODEL_USED	64	/* ... that calls name */
#define MODEL_VMOS	4
#define MODEL_VMO_PAGES	16
#define MODEL_NODES	12

/* A VMO as its handle shows it; two may be the same. */
struct model_vmo {
	zx_handle_t handle;
	uint32_t perms;		/* that the handle's rights allow */
	bool resizable;
	int same_as;		/* index of the VMO whose pages these are */
	uint64_t n_pages;
	uint64_t word[MODEL_VMO_PAGES];	/* at the start of each page */
};

/* A VMAR. The first is the one that the test was given. */
struct model_node {
	zx_handle_t handle;	/* 0: the entry is free */
	bool alive;
	int parent;
	uint64_t base, size;
	uint32_t can;		/* ZX_VM_CAN_MAP_* */
};

struct model_page {
	int node;		/* innermost VMAR */
	int vmo;		/* what is mapped, or -1 */
	uint64_t vmo_page;
	uint32_t perms, max;
	unsigned int piece;	/* number of the call that made it so */
};

struct model {
	bool root;		/* node 0 is a root */
	bool anywhere;		/* ... that leaves places to Linux */
	uint64_t arena;		/* address of page 0 */
	unsigned int pieces;
	struct model_vmo vmo[MODEL_VMOS];
	struct model_node node[MODEL_NODES];
	struct model_page page[MODEL_PAGES];
};

/* A call, whichever: what it does not need is not looked at. */
struct model_call {
	int node;
	uint32_t options;	/* or an operation */
	uint64_t offset;	/* or an address */
	uint64_t len;
	int vmo;
	uint64_t vmo_offset;
};

/* Where a call may put something that only the kernel knows. */
#define MODEL_ANYWHERE	UINT64_MAX

/*
 * Each gives the status, and changes the model if that is ZX_OK; those that
 * find a place tell its address, or MODEL_ANYWHERE, and then change nothing.
 */
zx_status_t model_map(struct model *m, const struct model_call *c,
		      uint64_t *addr);
zx_status_t model_allocate(struct model *m, const struct model_call *c,
			   int child, uint64_t *addr);
zx_status_t model_unmap(struct model *m, const struct model_call *c);
zx_status_t model_protect(struct model *m, const struct model_call *c);
zx_status_t model_destroy(struct model *m, int node);
zx_status_t model_op(struct model *m, const struct model_call *c);
void model_resize(struct model *m, int vmo, uint64_t n_pages);

/* The page at an address; one outside of what the model knows is a mistake. */
struct model_page *model_at(struct model *m, uint64_t addr);

/* What touching a page gives; the word that is read there. */
zx_status_t model_touch(struct model *m, unsigned int page, bool write,
			uint64_t *word);

/* Whether pages first to first + n - 1 were mapped, or left, by one call. */
bool model_is_piece(struct model *m, unsigned int first, unsigned int n);

#endif /* SELFTESTS_VMARMODEL_H */
