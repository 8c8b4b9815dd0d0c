/* SPDX-License-Identifier: MIT */
/*
 * The two address spaces that VMARs are of, for tests that hold in both: a
 * guest's and this process's. In each there is an arena, a VMAR in which
 * everything may be mapped, and its address is the same in both.
 */
#ifndef SELFTESTS_SPACES_H
#define SELFTESTS_SPACES_H

#include <stdbool.h>
#include <stdint.h>

#include <zircon/syscalls.h>

#include "zxtest.h"

#define PAGE		4096ull
#define R		ZX_VM_PERM_READ
#define W		ZX_VM_PERM_WRITE
#define X		ZX_VM_PERM_EXECUTE
#define SPECIFIC	ZX_VM_SPECIFIC
#define OVERWRITE	ZX_VM_SPECIFIC_OVERWRITE
#define UPPER_LIMIT	ZX_VM_OFFSET_IS_UPPER_LIMIT
#define CAN_R		ZX_VM_CAN_MAP_READ
#define CAN_W		ZX_VM_CAN_MAP_WRITE
#define CAN_X		ZX_VM_CAN_MAP_EXECUTE
#define CAN_SPECIFIC	ZX_VM_CAN_MAP_SPECIFIC
#define CAN_ALL		(CAN_R | CAN_W | CAN_X | CAN_SPECIFIC)
#define ALIGN(log)	((zx_vm_option_t)(log) << ZX_VM_ALIGN_BASE)

#define ARENA		0x100000000ull	/* as aligned as can be asked for */
#define ARENA_PAGES	64

struct space {
	const char *name;
	bool process;
	zx_handle_t guest;		/* of a guest's */
	zx_handle_t root;
	uint64_t root_base, root_size;
	zx_handle_t vmar;		/* the arena */
};

/* Both; space_close() gives the arenas and the guest back. */
void spaces_open(struct space s[2]);
void spaces_close(struct space s[2]);

#define for_each_space(s, array) \
	for (struct space *s = (array); s < (array) + 2; s++)

/* Part of a VMAR, SPECIFIC; a failure ends the test. */
zx_handle_t part_of(zx_handle_t vmar, uint32_t can, uint64_t offset,
		    uint64_t size);

/* Maps SPECIFIC, or OVERWRITE if that is in options, from vmo_offset 0 on. */
void map_in(zx_handle_t vmar, uint32_t options, uint64_t offset,
	    zx_handle_t vmo, uint64_t len);

/*
 * Which of the first 64 pages of a VMAR are mapped in itself, as a bit mask:
 * not those of VMARs in it.
 */
uint64_t mapped_in(zx_handle_t vmar);

/* ... of n pages that lie at an address. */
uint64_t mapped_at(zx_handle_t vmar, uint64_t addr, unsigned int n);

/* Bits first .. first + n - 1. */
static inline uint64_t pages(unsigned int first, unsigned int n)
{
	return (n < 64 ? (1ull << n) - 1 : ~0ull) << first;
}

/* A handle with fewer rights; the old one is closed, or is not. */
zx_handle_t with_rights(zx_handle_t handle, zx_rights_t rights);
zx_handle_t duplicate(zx_handle_t handle, zx_rights_t rights);
zx_rights_t rights_of(zx_handle_t handle);

/* Up to 8 bytes at an address of this process: whether they could be moved. */
bool host_read(uint64_t addr, void *out, size_t size);
bool host_write(uint64_t addr, const void *in, size_t size);

/* Whether this process can read, or write, a byte there; without a signal. */
bool can_read(uint64_t addr);
bool can_write(uint64_t addr);

/* Whether a page is in this process's page tables. */
bool is_present(uint64_t addr);

/* A VMO with a number at the start of each page: tag + page's index. */
zx_handle_t tagged_vmo(uint64_t n_pages, uint32_t options, uint64_t tag);
uint64_t vmo_word(zx_handle_t vmo, uint64_t offset);

/* The word at an address of this process, or UINT64_MAX when nothing answers. */
uint64_t word_at(uint64_t addr);

/* Linux's mappings of this process, whatever they are. */
unsigned long count_maps(void);

uint64_t committed_bytes(zx_handle_t vmo);
uint64_t vmo_size(zx_handle_t vmo);

#endif /* SELFTESTS_SPACES_H */
