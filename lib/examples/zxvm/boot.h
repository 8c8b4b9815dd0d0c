/* SPDX-License-Identifier: MIT */
/* Loading Linux: see boot.c. */
#ifndef ZXVM_BOOT_H
#define ZXVM_BOOT_H

#include <asm/bootparam.h>
#include <stdint.h>

struct vm;

struct boot_file {
	const uint8_t *data;
	uint64_t size;
};

/* A kernel, its initramfs and command line, checked and given their places. */
struct boot_image {
	struct boot_file kernel, initrd;
	const char *append;
	struct setup_header hdr;
	uint64_t setup_size;		/* where the 64-bit part starts in the file */
	uint64_t initrd_address;
};

/**
 * boot_open() - open and check what is to be booted
 * @image: result; boot_close() is due only after success
 * @kernel: path of a bzImage
 * @initrd: path of an initramfs, or NULL
 * @append: the kernel's command line
 * @ram_size: bytes of guest memory, into which it must fit
 *
 * Return: 0, or -1 after one sentence on stderr.
 */
int boot_open(struct boot_image *image, const char *kernel, const char *initrd,
	      const char *append, uint64_t ram_size);

/**
 * boot_load() - put it into guest memory, with all that the kernel is handed
 * @vm: the machine; gets the address for the first vCPU's RSI
 * @image: from boot_open()
 *
 * Return: guest-physical address of the first instruction.
 */
uint64_t boot_load(struct vm *vm, const struct boot_image *image);

void boot_close(struct boot_image *image);

#endif /* ZXVM_BOOT_H */
