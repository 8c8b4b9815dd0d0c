// SPDX-License-Identifier: MIT
/*
 * The interval timer, as far as kernels calibrate against it: its counts run
 * and channel 2's output shows at port 0x61. It raises no interrupt; guests
 * take their ticks from the local APIC.
 */
#include "zxvm.h"

#define PIT_HZ		1193182ull
#define NS_PER_S	1000000000ull

#define PORT61_GATE2	0x01
#define PORT61_SPEAKER	0x02
#define PORT61_OUT2	0x20

/* Ticks since the count was loaded, in 128 bits: the product outgrows 64. */
static uint64_t elapsed(const struct pit_channel *ch)
{
	return (unsigned __int128)(now_ns() - ch->start_ns) * PIT_HZ / NS_PER_S;
}

static uint16_t count(const struct pit_channel *ch)
{
	uint64_t ticks = elapsed(ch);

	if (ch->mode == 2 || ch->mode == 3)
		return ch->reload - ticks % ch->reload;
	return ch->reload - ticks;
}

static bool output(const struct pit_channel *ch)
{
	uint64_t ticks = elapsed(ch);

	if (ch->mode == 3)
		return ticks % ch->reload < ch->reload / 2;
	return ticks >= ch->reload;
}

static uint8_t read_count(struct pit_channel *ch)
{
	uint16_t value = ch->latched ? ch->latch : count(ch);
	bool high = ch->access == 2 || (ch->access == 3 && ch->read_high);

	if (ch->access == 3)
		ch->read_high = !ch->read_high;
	if (ch->access != 3 || high)
		ch->latched = false;
	return high ? value >> 8 : value;
}

static void write_count(struct pit_channel *ch, uint8_t byte)
{
	bool high = ch->access == 2 || (ch->access == 3 && ch->write_high);

	if (ch->access == 3 && !high) {
		ch->written = byte;
		ch->write_high = true;
		return;
	}
	ch->write_high = false;
	ch->written = high ? (ch->access == 3 ? ch->written : 0) | byte << 8 : byte;
	ch->reload = ch->written ? ch->written : 0x10000;
	ch->start_ns = now_ns();
}

static void write_control(struct pit *pit, uint8_t byte)
{
	struct pit_channel *ch;

	if (byte >> 6 == 3)	/* the read-back command is not needed */
		return;
	ch = &pit->channel[byte >> 6];
	if (!(byte & 0x30)) {
		ch->latch = count(ch);
		ch->latched = true;
		return;
	}
	ch->access = (byte >> 4) & 3;
	ch->mode = (byte >> 1) & 7;
	if (ch->mode > 5)
		ch->mode -= 4;
	ch->latched = ch->read_high = ch->write_high = false;
}

static uint64_t pit_read(void *dev, uint64_t offset, unsigned int size)
{
	struct pit *pit = dev;

	(void)size;
	return offset < 3 ? read_count(&pit->channel[offset]) : 0xff;
}

static void pit_write(void *dev, uint64_t offset, uint64_t value, unsigned int size)
{
	struct pit *pit = dev;

	(void)size;
	if (offset < 3)
		write_count(&pit->channel[offset], value);
	else
		write_control(pit, value);
}

static uint64_t port61_read(void *dev, uint64_t offset, unsigned int size)
{
	struct pit *pit = dev;

	(void)offset, (void)size;
	return pit->port61 | (output(&pit->channel[2]) ? PORT61_OUT2 : 0);
}

static void port61_write(void *dev, uint64_t offset, uint64_t value, unsigned int size)
{
	struct pit *pit = dev;

	(void)offset, (void)size;
	if (value & ~pit->port61 & PORT61_GATE2)
		pit->channel[2].start_ns = now_ns();
	pit->port61 = value & (PORT61_GATE2 | PORT61_SPEAKER);
}

void pit_init(struct pit *pit, struct vm *vm)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		pit->channel[i] = (struct pit_channel){ .reload = 0x10000, .access = 3, .mode = 3 };
	bus_add(&vm->io, &(struct bus_region){ .name = "pit", .base = 0x40, .size = 4, .dev = pit,
					       .read = pit_read, .write = pit_write });
	bus_add(&vm->io, &(struct bus_region){ .name = "port61", .base = 0x61, .size = 1,
					       .dev = pit, .read = port61_read,
					       .write = port61_write });
}
