// SPDX-License-Identifier: MIT
/* Buses: which device answers at which port or address. */
#include <stdio.h>

#include "zxvm.h"

/* Where no device is, as on a PC, reads give ones and writes are lost. */
static uint64_t nobody(void *dev, uint64_t at, int size, bool write, uint64_t value)
{
	return ~0ull;
}

/*
 * Traps a whole range; the trap's key leads its packets back to the bus. What
 * has no trap ends zx_vcpu_enter() with ZX_ERR_NOT_FOUND.
 */
zx_status_t bus_init(struct bus *bus, zx_handle_t guest, uint32_t kind, uint64_t base, size_t size)
{
	bus_add(bus, "nobody", base, size, nobody, NULL);
	return zx_guest_set_trap(guest, kind, base, size, ZX_HANDLE_INVALID, (uintptr_t)bus);
}

void bus_add(struct bus *b, const char *name, uint64_t base, size_t size, access_fn *fn, void *dev)
{
	b->region[b->count++] = (struct bus_region){ name, base, size, fn, dev, { 0, 0 } };
}

/* The first region, which has no device, reaches over all of the bus. */
uint64_t bus_access(void *bus, uint64_t addr, int size, bool write, uint64_t value)
{
	struct bus_region *r = ((struct bus *)bus)->region + ((struct bus *)bus)->count - 1;

	while (addr - r->base >= r->size)
		r--;
	r->exits[write]++;
	return r->access(r->dev, addr - r->base, size, write, value);
}

void bus_print_stats(const struct bus *bus)
{
	const struct bus_region *r;

	for (r = bus->region; r < bus->region + bus->count; r++)
		fprintf(stderr, "zxvm: %-8s at %#10llx: %6llu reads, %6llu writes\n", r->name,
			(ull)r->base, (ull)r->exits[0], (ull)r->exits[1]);
}
