// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fetching a guest's instruction: a walk of the guest's page tables, and reads
 * of its memory through the VMM's view of it.
 */
#include <linux/minmax.h>
#include <linux/mm.h>
#include <asm/msr-index.h>
#include <asm/pgtable_types.h>
#include <asm/processor-flags.h>

#include "guest.h"
#include "insn.h"

/**
 * struct zxh_paging - a kind of page table
 * @levels: how many
 * @bits: of the address that a level consumes
 * @entry: bytes an entry
 */
struct zxh_paging {
	unsigned int levels, bits, entry;
};

static struct zxh_paging zxh_paging_of(const struct zxh_mode *mode)
{
	if (mode->efer & EFER_LMA)
		return (struct zxh_paging){ mode->cr4 & X86_CR4_LA57 ? 5 : 4, 9, 8 };
	if (mode->cr4 & X86_CR4_PAE)
		return (struct zxh_paging){ 3, 9, 8 };
	return (struct zxh_paging){ 2, 10, 4 };
}

static u64 zxh_paging_root(const struct zxh_mode *mode, const struct zxh_paging *p)
{
	/* With PAE, CR3 names a small table of four entries. */
	if (p->levels == 3)
		return mode->cr3 & ~0x1fULL & U32_MAX;
	return mode->cr3 & PHYSICAL_PAGE_MASK;
}

/* Whether bit 7 of an entry at @level says that it is a page. */
static bool zxh_paging_large(const struct zxh_mode *mode, const struct zxh_paging *p,
			     unsigned int level)
{
	if (p->levels == 2)
		return mode->cr4 & X86_CR4_PSE;
	return p->levels != 3 || level != 3;
}

/* Return: 0 and the guest-physical address, or a status. */
static int zxh_walk(struct zxh_guest *guest, const struct zxh_mode *mode, u64 va, u64 *gpa)
{
	struct zxh_paging p = zxh_paging_of(mode);
	u64 table = zxh_paging_root(mode, &p);
	unsigned int level, shift, index;
	u64 entry;
	int r;

	if (!(mode->cr0 & X86_CR0_PG)) {
		*gpa = va;
		return 0;
	}
	for (level = p.levels; level; level--) {
		shift = PAGE_SHIFT + (level - 1) * p.bits;
		index = (va >> shift) & (BIT(p.bits) - 1);
		if (p.levels == 3 && level == 3)
			index &= 3;
		entry = 0;
		r = zxh_guest_read_phys(guest, table + index * p.entry, &entry, p.entry);
		if (r)
			return r;
		if (!(entry & _PAGE_PRESENT))
			return ZXH_ERR_NOT_FOUND;
		table = entry & PHYSICAL_PAGE_MASK;
		if (level > 1 && (entry & _PAGE_PSE) && zxh_paging_large(mode, &p, level)) {
			/* Two levels: more address bits in place of lower ones. */
			if (p.levels == 2)
				table = (entry & GENMASK_ULL(31, 22)) |
					((entry & GENMASK_ULL(20, 13)) << 19);
			break;
		}
	}
	shift = level ? PAGE_SHIFT + (level - 1) * p.bits : PAGE_SHIFT;
	*gpa = (table & ~(BIT_ULL(shift) - 1)) | (va & (BIT_ULL(shift) - 1));
	return 0;
}

/* What traps is not read, whatever is mapped below: the CPU did not get it either. */
static int zxh_read_code(struct zxh_guest *guest, u64 gpa, void *bytes, unsigned int n)
{
	struct zxh_trap trap;

	if (zxh_trap_find(&guest->mem_traps, gpa, &trap))
		return ZXH_ERR_NOT_FOUND;
	return zxh_guest_read_phys(guest, gpa, bytes, n);
}

/**
 * zxh_insn_fetch() - read the bytes of an instruction
 * @guest: the guest; the caller runs in its mm
 * @mode: the state of the vCPU
 * @rip: where the instruction starts
 * @bytes: receives up to ZXH_MAX_INSN bytes
 * @n: receives how many there are before memory that is not mapped, or traps
 *
 * Return: 0, ZXH_ERR_NOT_FOUND when not even one can be read, or -EINTR.
 */
int zxh_insn_fetch(struct zxh_guest *guest, const struct zxh_mode *mode, u64 rip,
		   u8 bytes[ZXH_MAX_INSN], unsigned int *n)
{
	bool flat = (mode->efer & EFER_LMA) && mode->cs_l;
	u64 va = flat ? rip : (u32)(mode->cs_base + rip);
	unsigned int chunk;
	u64 gpa;
	int r = 0;

	for (*n = 0; *n < ZXH_MAX_INSN; *n += chunk, va += chunk) {
		chunk = min_t(u64, ZXH_MAX_INSN - *n, PAGE_SIZE - offset_in_page(va));
		r = zxh_walk(guest, mode, va, &gpa);
		if (!r)
			r = zxh_read_code(guest, gpa, bytes + *n, chunk);
		if (r)
			break;
	}
	return *n && r != -EINTR ? 0 : r;
}
