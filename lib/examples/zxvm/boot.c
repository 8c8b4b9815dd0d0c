// SPDX-License-Identifier: MIT
/*
 * Puts a Linux bzImage and an initramfs into guest memory by the 64-bit boot
 * protocol (Documentation/arch/x86/boot.rst of the kernel).
 *
 * Guest memory below 1 MiB: page tables from 0 (the first vCPU starts with
 * CR3 = 0), boot_params and the command line, ACPI tables from 0xe0000.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot.h"
#include "zxvm.h"

#define PAGE_TABLES	0x0000	/* PML4, PDPT and four page directories */
#define BOOT_PARAMS	0x7000
#define CMDLINE		0x8000
#define CMDLINE_SPACE	0x10000
#define PAGE_SIZE	4096ull
#define LOW_RAM_END	0x9fc00

#define PTE_TABLE	0x3ull	/* present, writable */
#define PTE_LARGE	0x83ull
#define HUGE_PAGE	0x200000ull

#define SETUP_SECTOR	512
#define HEADER_OFFSET	0x1f1
#define HEADER_MAGIC	0x53726448u	/* "HdrS" */
#define MIN_PROTOCOL	0x020c	/* xloadflags; any kernel from 3.8 on */
#define ENTRY_64	0x200
#define LOADER_UNKNOWN	0xff
#define E820_RAM	1
#define E820_RESERVED	2

static int open_file(struct boot_file *f, const char *what, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *p;

	if (fd < 0 || fstat(fd, &st)) {
		complain("cannot open the %s %s: %s", what, path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	if (!S_ISREG(st.st_mode) || !st.st_size) {
		complain("the %s %s is %s", what, path,
			 S_ISREG(st.st_mode) ? "empty" : "not a regular file");
		close(fd);
		return -1;
	}
	p = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		complain("cannot read the %s %s: %s", what, path, strerror(errno));
	close(fd);
	if (p == MAP_FAILED)
		return -1;
	f->data = p;
	f->size = st.st_size;
	return 0;
}

/* Checks the image, and says where in the file the 64-bit part starts. */
static int check_header(struct boot_image *image, const char *path)
{
	struct setup_header *hdr = &image->hdr;
	uint64_t code_size;

	if (image->kernel.size < HEADER_OFFSET + sizeof(*hdr)) {
		complain("%s is too short to be a Linux bzImage", path);
		return -1;
	}
	memcpy(hdr, image->kernel.data + HEADER_OFFSET, sizeof(*hdr));
	if (hdr->boot_flag != 0xaa55 || hdr->header != HEADER_MAGIC) {
		complain("%s is not a Linux bzImage", path);
		return -1;
	}
	if (hdr->version < MIN_PROTOCOL) {
		complain("%s speaks boot protocol %u.%02u; zxvm needs %u.%02u or later", path,
			 hdr->version >> 8, hdr->version & 0xff, MIN_PROTOCOL >> 8,
			 MIN_PROTOCOL & 0xff);
		return -1;
	}
	if (!(hdr->loadflags & LOADED_HIGH) || !(hdr->xloadflags & XLF_KERNEL_64)) {
		complain("%s has no 64-bit entry point", path);
		return -1;
	}
	image->setup_size = ((hdr->setup_sects ? hdr->setup_sects : 4) + 1) * SETUP_SECTOR;
	code_size = hdr->syssize * 16ull;
	if (code_size <= ENTRY_64 || image->setup_size + code_size > image->kernel.size) {
		complain("%s is truncated: it has %llu bytes and should have %llu", path,
			 (unsigned long long)image->kernel.size,
			 (unsigned long long)(image->setup_size + code_size));
		return -1;
	}
	return 0;
}

/* Finds the initramfs its place: as high as the kernel allows. */
static int place(struct boot_image *image, uint64_t ram_size)
{
	const struct setup_header *hdr = &image->hdr;
	uint64_t kernel_size = hdr->syssize * 16ull, kernel_end, limit = ram_size;

	if (kernel_size < hdr->init_size)
		kernel_size = hdr->init_size;
	if (limit > hdr->initrd_addr_max + 1ull)
		limit = hdr->initrd_addr_max + 1ull;
	kernel_end = (hdr->pref_address + kernel_size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
	if (hdr->pref_address < ZXVM_LOW_MEM || hdr->pref_address > ZXVM_MAX_MEM) {
		complain("the kernel wants to be loaded at %#llx, where no memory is",
			 (unsigned long long)hdr->pref_address);
		return -1;
	}
	/* The end is rounded down to a page: a page more than its size is enough. */
	if (kernel_end > limit || image->initrd.size + PAGE_SIZE > limit - kernel_end) {
		complain("%llu MiB are too little memory: the kernel needs %llu MiB and the initramfs %llu MiB",
			 (unsigned long long)(ram_size >> 20),
			 (unsigned long long)((kernel_end + 0xfffff) >> 20),
			 (unsigned long long)((image->initrd.size + 0xfffff) >> 20));
		return -1;
	}
	image->initrd_address = (limit - image->initrd.size) & ~(PAGE_SIZE - 1);
	return 0;
}

int boot_open(struct boot_image *image, const char *kernel, const char *initrd,
	      const char *append, uint64_t ram_size)
{
	*image = (struct boot_image){ .append = append };
	if (open_file(&image->kernel, "kernel", kernel) || check_header(image, kernel) ||
	    (initrd && open_file(&image->initrd, "initramfs", initrd)) ||
	    place(image, ram_size)) {
		boot_close(image);
		return -1;
	}
	if (strlen(append) > image->hdr.cmdline_size || strlen(append) >= CMDLINE_SPACE) {
		complain("the kernel's command line is too long: it takes %u bytes",
			 image->hdr.cmdline_size);
		boot_close(image);
		return -1;
	}
	return 0;
}

void boot_close(struct boot_image *image)
{
	if (image->kernel.data)
		munmap((void *)image->kernel.data, image->kernel.size);
	if (image->initrd.data)
		munmap((void *)image->initrd.data, image->initrd.size);
}

/* The first 4 GiB one to one, where the first vCPU's CR3 points: at 0. */
static void write_page_tables(struct vm *vm)
{
	uint64_t *pml4 = (uint64_t *)(vm->ram + PAGE_TABLES);
	uint64_t *pdpt = pml4 + 512, *directory = pdpt + 512;
	unsigned int i;

	pml4[0] = (PAGE_TABLES + 0x1000) | PTE_TABLE;
	for (i = 0; i < 4; i++)
		pdpt[i] = (PAGE_TABLES + 0x2000 + i * 0x1000) | PTE_TABLE;
	for (i = 0; i < 4 * 512; i++)
		directory[i] = i * HUGE_PAGE | PTE_LARGE;
}

static void write_e820(struct vm *vm, struct boot_params *bp)
{
	bp->e820_table[0] = (struct boot_e820_entry){ 0, LOW_RAM_END, E820_RAM };
	bp->e820_table[1] = (struct boot_e820_entry){ LOW_RAM_END, ZXVM_LOW_MEM - LOW_RAM_END,
						      E820_RESERVED };
	bp->e820_table[2] = (struct boot_e820_entry){ ZXVM_LOW_MEM, vm->ram_size - ZXVM_LOW_MEM,
						      E820_RAM };
	bp->e820_entries = 3;
}

uint64_t boot_load(struct vm *vm, const struct boot_image *image)
{
	struct boot_params *bp = (struct boot_params *)(vm->ram + BOOT_PARAMS);
	const struct setup_header *hdr = &image->hdr;

	write_page_tables(vm);
	memcpy(vm->ram + hdr->pref_address, image->kernel.data + image->setup_size,
	       hdr->syssize * 16ull);
	if (image->initrd.size)
		memcpy(vm->ram + image->initrd_address, image->initrd.data, image->initrd.size);
	strcpy((char *)vm->ram + CMDLINE, image->append);

	bp->hdr = *hdr;
	bp->hdr.type_of_loader = LOADER_UNKNOWN;
	bp->hdr.cmd_line_ptr = CMDLINE;
	bp->hdr.ramdisk_image = image->initrd.size ? image->initrd_address : 0;
	bp->hdr.ramdisk_size = image->initrd.size;
	write_e820(vm, bp);
	bp->acpi_rsdp_addr = acpi_build(vm);
	vm->boot_params = BOOT_PARAMS;
	return hdr->pref_address + ENTRY_64;
}
