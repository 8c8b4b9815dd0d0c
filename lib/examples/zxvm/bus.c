// SPDX-License-Identifier: MIT
/*
 * Buses: which device answers at which port or address.
 *
 * Each region gets its own trap, and the trap's key is the address of the
 * region: a packet leads to its device without a search.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zxvm.h"

static uint64_t open_read(void *dev, uint64_t offset, unsigned int size)
{
	(void)dev, (void)offset, (void)size;
	return ~0ull;
}

static void open_write(void *dev, uint64_t offset, uint64_t value, unsigned int size)
{
	(void)dev, (void)offset, (void)value, (void)size;
}

void bus_add(struct bus *bus, const struct bus_region *region)
{
	unsigned int i;

	if (bus->count == BUS_REGIONS)
		abort();
	for (i = bus->count; i > 0 && bus->region[i - 1].base > region->base; i--)
		bus->region[i] = bus->region[i - 1];
	bus->region[i] = *region;
	bus->count++;
}

/*
 * Where no device is, reads give ones and writes are lost, as on a PC.
 * Without a trap the access would end zx_vcpu_enter() with ZX_ERR_NOT_FOUND.
 */
void bus_fill(struct bus *bus, uint64_t start, uint64_t end)
{
	struct bus_region hole = { .name = "nothing", .read = open_read, .write = open_write };
	uint64_t next;
	unsigned int i;

	for (i = 0; start < end; i++) {
		next = i < bus->count ? bus->region[i].base : end;
		if (next > start) {
			hole.base = start;
			hole.size = next - start;
			bus_add(bus, &hole);	/* becomes region i */
		}
		start = bus->region[i].base + bus->region[i].size;
	}
}

zx_status_t bus_set_traps(const struct bus *bus, zx_handle_t guest)
{
	zx_status_t status;
	unsigned int i;

	for (i = 0; i < bus->count; i++) {
		status = zx_guest_set_trap(guest, bus->trap_kind, bus->region[i].base,
					   bus->region[i].size, ZX_HANDLE_INVALID,
					   (uintptr_t)&bus->region[i]);
		if (status != ZX_OK)
			return status;
	}
	return ZX_OK;
}

void bus_print_stats(const struct bus *bus)
{
	const char *kind = bus->trap_kind == ZX_GUEST_TRAP_IO ? "port" : "memory";
	unsigned int i;

	for (i = 0; i < bus->count; i++) {
		const struct bus_region *r = &bus->region[i];

		if (r->reads || r->writes)
			fprintf(stderr, "zxvm:   %-6s %-10s %#10llx  %8llu reads %8llu writes\n",
				kind, r->name, (unsigned long long)r->base,
				(unsigned long long)r->reads, (unsigned long long)r->writes);
	}
}
