/* SPDX-License-Identifier: MIT */
/*
 * What the files of zxvm share.
 *
 * Each vCPU has a thread, which creates and enters it; the main thread waits
 * for the terminal, signals and the end. Devices are touched with vm->lock
 * held, vm->vcpu[] with vm->vcpu_lock, which nests inside it.
 */
#ifndef ZXVM_H
#define ZXVM_H

#include <asm/bootparam.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/port.h>

/* Exit statuses, part of zxvm's interface. */
enum { ZXVM_POWERED_OFF, ZXVM_FAILED, ZXVM_USAGE, ZXVM_RESET, ZXVM_STOPPED, ZXVM_RUNNING = -1 };

#define PAGE_SIZE	4096ull
#define LOW_MEM		0x100000ull
#define MAX_MEM		0xc0000000ull	/* RAM is one piece, from 0 */
#define MMIO_BASE	0xfe000000ull	/* trapped from here to 4 GiB */
#define MMIO_END	0x100000000ull
#define IOAPIC_BASE	0xfec00000u
#define BOOT_PARAMS	0x7000		/* where the first vCPU's RSI points */
#define PTE_ADDRESS	0x000ffffffffff000ull
enum { MAX_CPUS = 32, IOAPIC_PINS = 24, IRQ_UART = 4, IRQ_SCI = 9 };
enum { PTE_PRESENT = 0x01, PTE_WRITE = 0x02, PTE_LARGE = 0x80 };
enum { PM1_EVT_PORT = 0x1000, PM1_CNT_PORT = 0x1004 };

typedef unsigned long long ull;	/* for printf */
/* Carries out an access @at bytes into a device's region; returns what is read. */
typedef uint64_t access_fn(void *dev, uint64_t at, int size, bool write, uint64_t value);

struct bus {
	unsigned int count;
	struct bus_region {
		const char *name;
		uint64_t base, size;
		access_fn *access;
		void *dev;
		uint64_t exits[2];	/* reads and writes, for --stats */
	} region[16];
};

zx_status_t bus_init(struct bus *bus, zx_handle_t guest, uint32_t kind, uint64_t base, size_t size);
void bus_add(struct bus *b, const char *name, uint64_t base, size_t size, access_fn *fn, void *dev);
void bus_print_stats(const struct bus *bus);
uint64_t bus_access(void *bus, uint64_t addr, int size, bool write, uint64_t value);

/* An instruction with a memory operand, and a register or an immediate. */
struct insn {
	enum insn_op {	/* the first eight as x86 numbers them */
		INSN_ADD, INSN_OR, INSN_ADC, INSN_SBB, INSN_AND, INSN_SUB, INSN_XOR, INSN_CMP,
		INSN_TEST, INSN_XCHG, INSN_MOV,
	} op;
	uint8_t length;		/* bytes of the instruction, */
	uint8_t mem_size;	/* of its memory operand, */
	uint8_t reg_size;	/* of its register: larger for movzx and movsx */
	uint8_t reg;		/* 0 (RAX) to 15 */
	bool reg_high;		/* AH, CH, DH, BH of @reg 0 to 3 */
	bool to_memory;		/* memory is the destination */
	bool sign_extend;	/* of what is loaded, to @reg_size */
	bool has_imm;		/* @imm takes the place of the register */
	int64_t imm;
};

bool insn_decode(const uint8_t *code, size_t len, struct insn *insn);
void insn_execute(const struct insn *insn, zx_vcpu_state_t *state, access_fn *access, void *dev,
		  uint64_t at);

struct uart {
	struct vm *vm;
	uint8_t reg[8], divisor[2], rx[16];
	unsigned int rx_head, rx_count;
	bool sent;		/* the transmitter became empty: an interrupt */
	bool input_waits;	/* the main thread wants to hear of room */
};

struct ioapic {
	struct vm *vm;
	uint32_t select;
	uint64_t redirect[IOAPIC_PINS];
	bool line[IOAPIC_PINS];
};

struct legacy {
	struct vm *vm;
	struct pic { uint8_t mask, init_words; } pic[2];
	struct pit_channel {
		uint64_t start_ns;	/* when the count was loaded */
		uint16_t reload, sample;
		bool second;		/* the high byte is next */
	} pit[4];		/* the last one takes commands for none */
	uint8_t port61, cmos_index;
	uint16_t pm1_enable, pm1_control;
	uint32_t pci_address;
};

void uart_init(struct uart *uart, struct vm *vm);
unsigned int uart_room(const struct uart *uart);
void uart_receive(struct uart *uart, const uint8_t *data, unsigned int len);
void ioapic_init(struct ioapic *ioapic, struct vm *vm);
void ioapic_set_line(struct ioapic *ioapic, unsigned int pin, bool level);
void legacy_init(struct legacy *legacy, struct vm *vm);

struct vcpu {
	struct vm *vm;
	unsigned int id;	/* of its local APIC, and its place in vm->vcpu[] */
	uint64_t entry;
	pthread_t thread;
	bool started;		/* the thread is there */
	bool ready;		/* and tried to make the vCPU, with @status */
	zx_status_t status;
	zx_handle_t handle;
	uint64_t enters, kicks, interrupts, startups;
};

zx_status_t vcpu_start(struct vm *vm, unsigned int id, uint64_t entry);
void vcpu_interrupt_mask(struct vm *vm, uint64_t mask, uint8_t vector);
void vcpu_stop_all(struct vm *vm);

/* A kernel, its initramfs and command line, checked and given their places. */
struct boot_image {
	struct boot_file { const uint8_t *data; uint64_t size; } kernel, initrd;
	const char *append;
	struct setup_header hdr;
	uint64_t code_offset, code_size, initrd_address;
};

void boot_open(struct boot_image *image, const char *kernel, const char *initrd,
	       const char *append, uint64_t ram_size);
uint64_t boot_load(struct vm *vm, const struct boot_image *image);
uint64_t acpi_build(struct vm *vm);

struct vm {
	zx_handle_t guest, vmar, vmo;
	uint8_t *ram;		/* this process's view of guest-physical 0 and up */
	uint64_t ram_size;
	unsigned int cpus;
	pthread_mutex_t lock, vcpu_lock;
	pthread_cond_t vcpu_ready;
	struct vcpu vcpu[MAX_CPUS];
	struct bus io, mmio;
	struct uart uart;
	struct ioapic ioapic;
	struct legacy legacy;
	atomic_int exit_status;
	int stop_event;		/* eventfd: exit_status was set */
	int room_event;		/* eventfd: the UART can take input */
	uint64_t start_ns;
};

void vm_init(struct vm *vm, uint64_t ram_size, unsigned int cpus);
void vm_stop(struct vm *vm, int exit_status);
bool vm_stopping(struct vm *vm);
void vm_close(struct vm *vm);
size_t vm_fetch(const struct vm *vm, uint64_t cr3, uint64_t addr, uint8_t *buf, size_t len);
void vm_print_stats(const struct vm *vm);

int console_take_signals(void);
void console_run(struct vm *vm, int signals);
void console_output(uint8_t byte);

/* One sentence on stderr; die() also ends the program, before vCPUs run. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define die(status, ...) (complain(__VA_ARGS__), exit(status))

#endif /* ZXVM_H */
