// SPDX-License-Identifier: MIT
/* Setups of the requests on ranges of VMOs and VMARs. See calls.h. */
#include <stdint.h>

#include "calls_setup.h"
#include "guest/layout.h"

#define PAGE	4096ull
#define RW	(ZX_HYP_VM_PERM_READ | ZX_HYP_VM_PERM_WRITE)

static uint32_t resizable_vmo(int fd)
{
	uint32_t handle = 0;
	struct zx_hyp_vmo_create arg = {
		.size = sizeof(arg),
		.options = ZX_HYP_VMO_RESIZABLE,
		.vmo_size = 16 * PAGE,
		.out_handle = (uintptr_t)&handle,
	};

	ASSERT_EQ(0, abi_call(fd, ZX_HYP_VMO_CREATE, &arg));
	return handle;
}

void setup_set_size(struct call_ctx *c)
{
	c->vmo = resizable_vmo(c->fd);
	c->arg.set_size.vmo = c->vmo;
	c->arg.set_size.vmo_size = 8 * PAGE;
}

void setup_commit(struct call_ctx *c)
{
	c->vmo = abi_vmo(c->fd, 16 * PAGE);
	c->arg.vmo_op.vmo = c->vmo;
	c->arg.vmo_op.op = ZX_HYP_OP_COMMIT;
	c->arg.vmo_op.len = 4 * PAGE;
}

/* From the middle of a page to the middle of another. */
void setup_zero(struct call_ctx *c)
{
	setup_commit(c);
	c->arg.vmo_op.op = ZX_HYP_OP_ZERO;
	c->arg.vmo_op.offset = PAGE / 2;
}

void setup_cache_policy(struct call_ctx *c)
{
	c->vmo = abi_vmo(c->fd, 16 * PAGE);
	c->arg.cache_policy.vmo = c->vmo;
	c->arg.cache_policy.policy = ZX_HYP_CACHE_CACHED;
}

void setup_map_self(struct call_ctx *c)
{
	c->vmo = abi_vmo(c->fd, 16 * PAGE);
	c->process = true;
	c->len = 16 * PAGE;
	c->arg.map.vmar = abi_root_vmar(c->fd);
	c->arg.map.vmo = c->vmo;
	c->arg.map.options = RW;
	c->arg.map.len = c->len;
}

void setup_map_self_aligned(struct call_ctx *c)
{
	setup_map_self(c);
	c->arg.map.options |= 21u << ZX_HYP_VM_ALIGN_SHIFT;
}

/* MAP_RANGE, of pages that are there. */
void setup_map_self_range(struct call_ctx *c)
{
	struct zx_hyp_vmo_op_range commit = {
		.size = sizeof(commit),
		.op = ZX_HYP_OP_COMMIT,
		.len = 16 * PAGE,
	};

	setup_map_self(c);
	c->arg.map.options |= ZX_HYP_VM_MAP_RANGE;
	commit.vmo = c->vmo;
	ASSERT_EQ(0, abi_call(c->fd, ZX_HYP_VMO_OP_RANGE, &commit));
}

void setup_unmap_self(struct call_ctx *c)
{
	setup_map_self(c);
	c->arg.map.size = sizeof(c->arg.map);
	c->arg.map.out_addr = (uintptr_t)&c->base;
	ASSERT_EQ(0, abi_call(c->fd, ZX_HYP_VMAR_MAP, &c->arg.map));
	c->arg.unmap = (struct zx_hyp_vmar_unmap){
		.vmar = c->arg.map.vmar,
		.addr = c->base + 4 * PAGE,
		.len = 4 * PAGE,
	};
}

/* The middle of a mapping. */
void setup_protect_self(struct call_ctx *c)
{
	struct zx_hyp_vmar_map map = {
		.size = sizeof(map),
		.vmar = abi_root_vmar(c->fd),
		.options = RW,
		.len = 16 * PAGE,
		.out_addr = (uintptr_t)&c->base,
	};

	c->vmo = abi_vmo(c->fd, 16 * PAGE);
	map.vmo = c->vmo;
	c->process = true;
	c->len = map.len;
	ASSERT_EQ(0, abi_call(c->fd, ZX_HYP_VMAR_MAP, &map));
	c->arg.protect.vmar = map.vmar;
	c->arg.protect.options = ZX_HYP_VM_PERM_READ;
	c->arg.protect.addr = c->base + 4 * PAGE;
	c->arg.protect.len = 4 * PAGE;
}

void setup_protect_guest(struct call_ctx *c)
{
	call_need_machine(c);
	c->arg.protect.vmar = c->vmar;
	c->arg.protect.options = ZX_HYP_VM_PERM_READ;
	c->arg.protect.addr = GUEST_RAM_SIZE / 2;
	c->arg.protect.len = 16 * PAGE;
}

void setup_allocate(struct call_ctx *c)
{
	call_need_machine(c);
	c->arg.allocate.vmar = c->vmar;
	c->arg.allocate.options = ZX_HYP_VM_CAN_MAP_READ | ZX_HYP_VM_SPECIFIC;
	c->arg.allocate.offset = GUEST_HOLE;
	c->arg.allocate.len = 16 * PAGE;
}

/* A part with something mapped in it. */
void setup_destroy(struct call_ctx *c)
{
	uint64_t addr;
	uint32_t part;
	struct zx_hyp_vmar_allocate allocate = {
		.size = sizeof(allocate),
		.options = ZX_HYP_VM_CAN_MAP_READ | ZX_HYP_VM_CAN_MAP_SPECIFIC |
			   ZX_HYP_VM_SPECIFIC,
		.offset = GUEST_HOLE,
		.len = 16 * PAGE,
		.out_vmar = (uintptr_t)&part,
		.out_addr = (uintptr_t)&addr,
	};

	call_need_machine(c);
	allocate.vmar = c->vmar;
	ASSERT_EQ(0, abi_call(c->fd, ZX_HYP_VMAR_ALLOCATE, &allocate));
	ASSERT_EQ(0, abi_map(c->fd, part, ZX_HYP_VM_PERM_READ |
			     ZX_HYP_VM_SPECIFIC, PAGE, c->vmo, 4 * PAGE));
	c->arg.destroy.vmar = part;
}

void setup_vmar_op(struct call_ctx *c)
{
	call_need_machine(c);
	c->arg.vmar_op.vmar = c->vmar;
	c->arg.vmar_op.op = ZX_HYP_OP_DECOMMIT;
	c->arg.vmar_op.addr = GUEST_RAM_SIZE / 2;
	c->arg.vmar_op.len = 16 * PAGE;
}
