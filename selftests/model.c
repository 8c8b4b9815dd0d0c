// SPDX-License-Identifier: MIT
/*
 * A model of VMARs. See vmarmodel.h. The order of its checks is that of Zircon's
 * source; nothing of it is taken from the driver.
 */
#include <string.h>

#include <zircon/errors.h>

#include "vmarmodel.h"

#define PERMS		(R | W | X)
#define CANS		(CAN_R | CAN_W | CAN_X)
#define XOM		ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED
#define FIXED		(SPECIFIC | OVERWRITE)
#define PLACES		(SPECIFIC | UPPER_LIMIT | ALIGN(0xff))
#define MAP_KNOWS	(PERMS | CANS | CAN_SPECIFIC | PLACES | OVERWRITE | \
			 ZX_VM_COMPACT | ZX_VM_MAP_RANGE | ZX_VM_ALLOW_FAULTS | \
			 ZX_VM_REQUIRE_NON_RESIZABLE | XOM)
#define ALLOCATE_KNOWS	(CANS | CAN_SPECIFIC | PLACES | ZX_VM_COMPACT)

/* What is at a page for a VMAR around it. */
enum there { NOTHING, MAPPING, PART };

struct model_page *model_at(struct model *m, uint64_t addr)
{
	ASSERT_LE(m->arena, addr);
	ASSERT_GT(MODEL_PAGES, (addr - m->arena) / PAGE);
	return &m->page[(addr - m->arena) / PAGE];
}

static enum there there(struct model *m, int node, uint64_t addr)
{
	const struct model_page *p = model_at(m, addr);

	if (p->node != node)
		return PART;
	return p->vmo < 0 ? NOTHING : MAPPING;
}

/* No CPU here can execute what it may not read. */
static uint32_t wanted(uint32_t options)
{
	return (options & PERMS) | (options & XOM ? R : 0);
}

/* CAN_MAP_* are bits 7 to 9, PERM_* bits 0 to 2. */
static uint32_t perms_of(uint32_t can)
{
	return (can & CANS) >> 7;
}

static bool aligned(uint64_t n)
{
	return n % PAGE == 0;
}

/* Rounded up to whole pages; 0 if that wraps. */
static uint64_t rounded(uint64_t len)
{
	return (len + PAGE - 1) & -PAGE;
}

/* The alignment that options ask for, or 0 if there is none such. */
static uint64_t alignment(uint32_t options)
{
	uint32_t log = options >> ZX_VM_ALIGN_BASE;

	if (log && (log < 10 || log > 32))
		return 0;
	return log < 12 ? PAGE : 1ull << log;
}

static bool inside(const struct model_node *v, uint64_t addr, uint64_t len)
{
	return addr >= v->base && len <= v->size &&
	       addr - v->base <= v->size - len;
}

/* ---- places ----------------------------------------------------------- */

static zx_status_t check_place(const struct model_node *v, uint32_t options,
			       uint64_t offset, uint64_t len)
{
	if (!v->alive)
		return ZX_ERR_BAD_STATE;
	if (!len)
		return ZX_ERR_INVALID_ARGS;
	if ((options & FIXED) && (options & UPPER_LIMIT))
		return ZX_ERR_INVALID_ARGS;
	if (offset && !(options & (FIXED | UPPER_LIMIT)))
		return ZX_ERR_INVALID_ARGS;
	if (!aligned(offset))
		return ZX_ERR_INVALID_ARGS;
	if ((options & FIXED) && !(v->can & CAN_SPECIFIC))
		return ZX_ERR_ACCESS_DENIED;
	if (options & UPPER_LIMIT) {
		if (offset > v->size || len > offset)
			return ZX_ERR_INVALID_ARGS;
	} else if (len > v->size || offset > v->size - len) {
		return ZX_ERR_INVALID_ARGS;
	}
	if ((options & FIXED) && (v->base + offset) % alignment(options))
		return ZX_ERR_INVALID_ARGS;
	return ZX_OK;
}

static zx_status_t fixed_place(struct model *m, int node, uint32_t options,
			       uint64_t addr, uint64_t len)
{
	for (uint64_t at = addr; at < addr + len; at += PAGE) {
		enum there what = there(m, node, at);

		if (what == NOTHING)
			continue;
		if (!(options & OVERWRITE))
			return ZX_ERR_ALREADY_EXISTS;
		if (what == PART)
			return ZX_ERR_INVALID_ARGS;
	}
	return ZX_OK;
}

static bool is_free(struct model *m, int node, uint64_t addr, uint64_t len)
{
	for (uint64_t at = addr; at < addr + len; at += PAGE)
		if (there(m, node, at) != NOTHING)
			return false;
	return true;
}

/* What lies before the arena of a root is full. */
static zx_status_t first_place(struct model *m, int node, uint32_t options,
			       uint64_t end, uint64_t len, uint64_t *addr)
{
	const struct model_node *v = &m->node[node];
	uint64_t align = alignment(options);
	uint64_t at = v->base > m->arena ? v->base : m->arena;

	for (at = (at + align - 1) & -align; at + len <= end; at += align) {
		if (!is_free(m, node, at, len))
			continue;
		*addr = at;
		return ZX_OK;
	}
	return ZX_ERR_NO_RESOURCES;
}

static zx_status_t find_place(struct model *m, const struct model_call *c,
			      uint64_t len, uint64_t *addr)
{
	const struct model_node *v = &m->node[c->node];
	uint64_t end = v->base + v->size;
	zx_status_t status = check_place(v, c->options, c->offset, len);

	if (status != ZX_OK)
		return status;
	if (c->options & FIXED) {
		*addr = v->base + c->offset;
		return fixed_place(m, c->node, c->options, *addr, len);
	}
	if (!c->node && m->root && m->anywhere) {
		*addr = MODEL_ANYWHERE;
		return ZX_OK;
	}
	if (c->options & UPPER_LIMIT)
		end = v->base + c->offset;
	return first_place(m, c->node, c->options, end, len, addr);
}

/* ---- calls ------------------------------------------------------------ */

static zx_status_t check_map(struct model *m, const struct model_call *c)
{
	const struct model_vmo *vmo = &m->vmo[c->vmo];
	uint32_t perms = wanted(c->options);
	uint32_t max = perms_of(m->node[c->node].can) & vmo->perms;

	if (perms && !(perms & R))
		return ZX_ERR_INVALID_ARGS;
	if ((c->options & ZX_VM_MAP_RANGE) && (c->options & OVERWRITE))
		return ZX_ERR_INVALID_ARGS;
	if (c->options & CANS)
		return ZX_ERR_INVALID_ARGS;
	if (perms & ~max)
		return ZX_ERR_ACCESS_DENIED;
	if ((c->options & ~MAP_KNOWS) || !alignment(c->options))
		return ZX_ERR_INVALID_ARGS;
	if ((c->options & ZX_VM_REQUIRE_NON_RESIZABLE) && vmo->resizable)
		return ZX_ERR_NOT_SUPPORTED;
	if (c->options & (CAN_SPECIFIC | ZX_VM_COMPACT))
		return ZX_ERR_INVALID_ARGS;
	if (!aligned(c->vmo_offset))
		return ZX_ERR_INVALID_ARGS;
	if ((c->len && !rounded(c->len)) ||
	    c->vmo_offset + rounded(c->len) < c->vmo_offset)
		return ZX_ERR_OUT_OF_RANGE;
	return ZX_OK;
}

zx_status_t model_map(struct model *m, const struct model_call *c,
		      uint64_t *addr)
{
	uint32_t can = m->node[c->node].can;
	uint64_t len = rounded(c->len);
	zx_status_t status = check_map(m, c);

	if (status == ZX_OK)
		status = find_place(m, c, len, addr);
	if (status != ZX_OK || *addr == MODEL_ANYWHERE)
		return status;
	m->pieces++;
	for (uint64_t n = 0; n < len; n += PAGE)
		*model_at(m, *addr + n) = (struct model_page){
			.node = c->node,
			.vmo = m->vmo[c->vmo].same_as,
			.vmo_page = (c->vmo_offset + n) / PAGE,
			.perms = wanted(c->options),
			.max = perms_of(can) & m->vmo[c->vmo].perms,
			.piece = m->pieces,
		};
	return ZX_OK;
}

zx_status_t model_allocate(struct model *m, const struct model_call *c,
			   int child, uint64_t *addr)
{
	const struct model_node *v = &m->node[c->node];
	zx_status_t status;

	if (c->options & PERMS)
		return ZX_ERR_INVALID_ARGS;
	if (c->options & CANS & ~v->can)
		return ZX_ERR_ACCESS_DENIED;
	if (!c->len || !aligned(c->len))
		return ZX_ERR_INVALID_ARGS;
	if ((c->options & ~ALLOCATE_KNOWS) || !alignment(c->options))
		return ZX_ERR_INVALID_ARGS;
	status = find_place(m, c, c->len, addr);
	if (status != ZX_OK || *addr == MODEL_ANYWHERE)
		return status;
	m->node[child] = (struct model_node){
		.alive = true,
		.parent = c->node,
		.base = *addr,
		.size = c->len,
		.can = c->options & (CANS | CAN_SPECIFIC),
	};
	for (uint64_t n = 0; n < c->len; n += PAGE)
		model_at(m, *addr + n)->node = child;
	return ZX_OK;
}

static void empty(struct model *m, int node, uint64_t addr, uint64_t len)
{
	for (uint64_t n = 0; n < len; n += PAGE)
		*model_at(m, addr + n) = (struct model_page){
			.node = node,
			.vmo = -1,
		};
}

static bool is_within(const struct model *m, int node, int outer)
{
	while (node && node != outer)
		node = m->node[node].parent;
	return node == outer;
}

/* A VMAR and all in it; its pages are its parent's again. */
static void kill(struct model *m, int node)
{
	struct model_node *v = &m->node[node];

	empty(m, v->parent, v->base, v->size);
	for (int i = 1; i < MODEL_NODES; i++)
		if (i != node && m->node[i].alive && is_within(m, i, node))
			m->node[i].alive = false;
	v->alive = false;
}

/* The VMAR in a VMAR that an address belongs to. */
static int part_at(struct model *m, int node, uint64_t addr)
{
	int part = model_at(m, addr)->node;

	while (m->node[part].parent != node)
		part = m->node[part].parent;
	return part;
}

/* What unmap, protect and op_range look at; len is rounded. */
static zx_status_t check_range(const struct model_node *v, uint64_t addr,
			       uint64_t len, zx_status_t outside)
{
	if (!aligned(addr) || !len)
		return ZX_ERR_INVALID_ARGS;
	if (!v->alive)
		return ZX_ERR_BAD_STATE;
	return inside(v, addr, len) ? ZX_OK : outside;
}

zx_status_t model_unmap(struct model *m, const struct model_call *c)
{
	uint64_t len = rounded(c->len), end = c->offset + len;
	zx_status_t status = check_range(&m->node[c->node], c->offset, len,
					 ZX_ERR_INVALID_ARGS);

	if (status != ZX_OK)
		return status;
	for (uint64_t at = c->offset; at < end; at += PAGE) {
		const struct model_node *v;

		if (there(m, c->node, at) != PART)
			continue;
		v = &m->node[part_at(m, c->node, at)];
		if (v->base < c->offset || v->base + v->size > end)
			return ZX_ERR_INVALID_ARGS;
	}
	for (uint64_t at = c->offset; at < end; at += PAGE)
		if (there(m, c->node, at) == PART)
			kill(m, part_at(m, c->node, at));
	empty(m, c->node, c->offset, len);
	return ZX_OK;
}

static zx_status_t check_protect(struct model *m, const struct model_call *c,
				 uint64_t end)
{
	uint32_t perms = wanted(c->options);
	zx_status_t status = ZX_OK;

	if (perms && !(perms & R))
		return ZX_ERR_INVALID_ARGS;
	/* What comes first is told, of gaps and VMARs. */
	for (uint64_t at = c->offset; at < end; at += PAGE) {
		switch (there(m, c->node, at)) {
		case NOTHING:
			return ZX_ERR_NOT_FOUND;
		case PART:
			return ZX_ERR_INVALID_ARGS;
		default:
			if (perms & ~model_at(m, at)->max)
				status = ZX_ERR_ACCESS_DENIED;
		}
	}
	return status;
}

zx_status_t model_protect(struct model *m, const struct model_call *c)
{
	const struct model_node *v = &m->node[c->node];
	uint32_t perms = wanted(c->options), last = 0;
	uint64_t len = rounded(c->len), end = c->offset + len;
	zx_status_t status;

	if (c->options & PERMS & ~perms_of(v->can))
		return ZX_ERR_ACCESS_DENIED;
	if (c->options & ~(PERMS | XOM))
		return ZX_ERR_INVALID_ARGS;
	status = check_range(v, c->offset, len, ZX_ERR_INVALID_ARGS);
	if (status == ZX_OK)
		status = check_protect(m, c, end);
	if (status != ZX_OK)
		return status;
	for (uint64_t at = c->offset; at < end; at += PAGE) {
		struct model_page *p = model_at(m, at);

		if (p->perms == perms)
			continue;
		if (p->piece != last)
			m->pieces++;
		last = p->piece;
		p->piece = m->pieces;
		p->perms = perms;
	}
	return ZX_OK;
}

zx_status_t model_destroy(struct model *m, int node)
{
	if (!m->node[node].alive)
		return ZX_ERR_BAD_STATE;
	if (!node && m->root)
		return ZX_ERR_NOT_SUPPORTED;
	kill(m, node);
	return ZX_OK;
}

/* One mapping, from addr on; *next receives its end. */
static zx_status_t op_piece(struct model *m, uint32_t op, uint64_t addr,
			    uint64_t end, uint64_t *next)
{
	const struct model_page *p = model_at(m, addr);
	struct model_vmo *vmo = &m->vmo[p->vmo];
	uint64_t n = 1;

	while (addr + n * PAGE < end && p[n].vmo >= 0 &&
	       p[n].node == p->node && p[n].piece == p->piece)
		n++;
	*next = addr + n * PAGE;
	if (op == ZX_VMAR_OP_MAP_RANGE)
		return ZX_OK;
	if (!(p->perms & W))
		return ZX_ERR_ACCESS_DENIED;
	if (p->vmo_page + n > vmo->n_pages)
		return ZX_ERR_OUT_OF_RANGE;
	if (op == ZX_VMAR_OP_DECOMMIT)
		memset(&vmo->word[p->vmo_page], 0, n * sizeof(vmo->word[0]));
	return ZX_OK;
}

zx_status_t model_op(struct model *m, const struct model_call *c)
{
	const struct model_node *v = &m->node[c->node];
	uint64_t len = rounded(c->len), end = c->offset + len, at;
	zx_status_t status;

	if (c->options != ZX_VMAR_OP_MAP_RANGE && !(v->can & CAN_W))
		return ZX_ERR_ACCESS_DENIED;
	status = check_range(v, c->offset, len, ZX_ERR_OUT_OF_RANGE);
	for (at = c->offset; status == ZX_OK && at < end;) {
		if (there(m, c->node, at) != MAPPING)
			return ZX_ERR_BAD_STATE;
		status = op_piece(m, c->options, at, end, &at);
	}
	return status;
}

void model_resize(struct model *m, int vmo, uint64_t n_pages)
{
	struct model_vmo *v = &m->vmo[vmo];

	for (uint64_t p = n_pages; p < v->n_pages; p++)
		v->word[p] = 0;
	v->n_pages = n_pages;
}

/* ---- what it looks like ----------------------------------------------- */

zx_status_t model_touch(struct model *m, unsigned int page, bool write,
			uint64_t *word)
{
	const struct model_page *p = &m->page[page];

	if (p->vmo < 0)
		return ZX_ERR_NOT_FOUND;
	if (!(p->perms & R) || (write && !(p->perms & W)))
		return ZX_ERR_ACCESS_DENIED;
	if (p->vmo_page >= m->vmo[p->vmo].n_pages)
		return ZX_ERR_OUT_OF_RANGE;
	*word = m->vmo[p->vmo].word[p->vmo_page];
	return ZX_OK;
}

bool model_is_piece(struct model *m, unsigned int first, unsigned int n)
{
	const struct model_page *p = &m->page[first];

	for (unsigned int i = 1; i < n; i++)
		if (p[i].node != p->node || p[i].vmo != p->vmo ||
		    p[i].piece != p->piece)
			return false;
	return true;
}
