/* SPDX-License-Identifier: MIT */
/*
 * zxvm: what its files share.
 *
 * One file, one job: main.c (options, console loop), vm.c (guest, memory,
 * stop), vcpu.c (threads, packets), bus.c (traps), decode.c (instructions),
 * boot.c (Linux), acpi.c (tables), terminal.c (the host's side of the console)
 * and a file a device.
 *
 * Threads. Every vCPU has a thread that creates it and enters it; the main
 * thread waits for the terminal, signals and the end. Devices are touched with
 * vm->lock held. A handle of the table vm->vcpu is published once and closed
 * by the main thread when the vCPU threads are gone.
 */
#ifndef ZXVM_H
#define ZXVM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/port.h>
#include <zircon/types.h>

#include "decode.h"

/* Exit statuses, part of zxvm's interface. */
enum {
	ZXVM_POWERED_OFF = 0,
	ZXVM_FAILED = 1,
	ZXVM_USAGE = 2,
	ZXVM_RESET = 3,
	ZXVM_STOPPED = 4,
	ZXVM_RUNNING = -1,
};

#define ZXVM_MAX_CPUS	32	/* bits of the IOAPIC's and MADT's small ids */
#define ZXVM_LOW_MEM	(1u << 20)
#define ZXVM_MMIO_BASE	0xfe000000ull	/* what lies above is trapped, to 4 GiB */
#define ZXVM_MMIO_END	0x100000000ull
#define ZXVM_MAX_MEM	0xc0000000ull	/* RAM is one piece, below the MMIO hole */

#define ZXVM_IOAPIC_BASE	0xfec00000u
#define ZXVM_PM1_EVT_PORT	0x1000
#define ZXVM_PM1_CNT_PORT	0x1004
#define ZXVM_IRQ_UART		4
#define ZXVM_IRQ_SCI		9

struct vm;

/* bus.c: devices behind traps. Offsets count from the start of the region. */
struct bus_region {
	const char *name;
	uint64_t base;
	uint64_t size;
	void *dev;
	uint64_t (*read)(void *dev, uint64_t offset, unsigned int size);
	void (*write)(void *dev, uint64_t offset, uint64_t value, unsigned int size);
	uint64_t reads;		/* exits seen, for --stats */
	uint64_t writes;
};

#define BUS_REGIONS	32

struct bus {
	uint32_t trap_kind;
	unsigned int count;
	struct bus_region region[BUS_REGIONS];	/* sorted, without overlap */
};

void bus_add(struct bus *bus, const struct bus_region *region);
void bus_fill(struct bus *bus, uint64_t start, uint64_t end);
zx_status_t bus_set_traps(const struct bus *bus, zx_handle_t guest);
void bus_print_stats(const struct bus *bus);

/* uart.c */
struct uart {
	struct vm *vm;
	uint8_t ier, lcr, mcr, scratch, fcr, divisor[2];
	bool thr_empty_irq;
	bool input_waits;	/* the main thread wants to hear of room */
	uint8_t rx[16];
	unsigned int rx_head, rx_count;
};

void uart_init(struct uart *uart, struct vm *vm);
unsigned int uart_room(struct uart *uart);
void uart_receive(struct uart *uart, const uint8_t *data, unsigned int len);

/* ioapic.c */
#define IOAPIC_PINS	24

struct ioapic {
	struct vm *vm;
	uint32_t select;
	uint64_t redirect[IOAPIC_PINS];
	bool line[IOAPIC_PINS];
};

void ioapic_init(struct ioapic *ioapic, struct vm *vm);
void ioapic_set_line(struct ioapic *ioapic, unsigned int pin, bool level);

/* pit.c */
struct pit_channel {
	uint64_t start_ns;	/* when the count was loaded */
	uint32_t reload;
	uint16_t latch, written;
	uint8_t access;		/* 1 low byte, 2 high byte, 3 both */
	uint8_t mode;
	bool latched, read_high, write_high;
};

struct pit {
	struct pit_channel channel[3];
	uint8_t port61;
};

void pit_init(struct pit *pit, struct vm *vm);

/* legacy.c: PICs, RTC, keyboard controller, PCI configuration, ACPI PM */
struct pic {
	uint8_t mask;
	uint8_t init_words;	/* initialisation words still expected */
};

struct legacy {
	struct vm *vm;
	struct pic pic[2];
	uint8_t cmos_index;
	uint32_t pci_address;
	uint16_t pm1_enable, pm1_control;
};

void legacy_init(struct legacy *legacy, struct vm *vm);

/* vcpu.c */
struct vcpu {
	struct vm *vm;
	unsigned int id;
	uint64_t entry;
	pthread_t thread;
	bool started;		/* the thread exists */
	bool ready;		/* it tried to make the vCPU, with @status */
	zx_status_t status;
	zx_handle_t handle;
	uint64_t enters, cancels, ipis, startups;
};

zx_status_t vcpu_start(struct vm *vm, unsigned int id, uint64_t entry);
void vcpu_interrupt_mask(struct vm *vm, uint64_t mask, uint8_t vector);
void vcpu_stop_all(struct vm *vm);

/* vm.c */
struct vm {
	zx_handle_t guest, vmar, vmo;
	uint8_t *ram;		/* the host's view of guest-physical 0 .. ram_size */
	uint64_t ram_size;
	unsigned int cpus;
	uint64_t boot_params;	/* guest-physical, RSI of the first vCPU */

	pthread_mutex_t lock;	/* the devices */
	struct bus io, mmio;
	struct uart uart;
	struct ioapic ioapic;
	struct pit pit;
	struct legacy legacy;

	pthread_mutex_t vcpu_lock;	/* the members of vcpu[]; inside @lock */
	pthread_cond_t vcpu_ready;
	struct vcpu vcpu[ZXVM_MAX_CPUS];

	atomic_int exit_status;
	int stop_event;		/* eventfd: exit_status was set */
	int room_event;		/* eventfd: the UART has room for input */
	const char *marker;	/* console text to time, or NULL */
	size_t marker_seen;
	uint64_t start_ns, marker_ns;
};

int vm_init(struct vm *vm, uint64_t ram_size, unsigned int cpus);
void vm_stop(struct vm *vm, int exit_status);
bool vm_stopping(struct vm *vm);
void vm_close(struct vm *vm);
void vm_console_output(struct vm *vm, uint8_t byte);
void vm_print_stats(struct vm *vm);
size_t vm_fetch(const struct vm *vm, uint64_t cr3, uint64_t addr, uint8_t *buf, size_t len);
void vm_signal(int event);
uint64_t now_ns(void);

/* acpi.c: writes the tables and returns the RSDP's guest-physical address */
uint64_t acpi_build(struct vm *vm);

/* terminal.c */
void terminal_raw(void);
void terminal_restore(void);
void terminal_write(const void *data, size_t len);
bool terminal_filter(uint8_t *data, size_t *len);

void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* ZXVM_H */
