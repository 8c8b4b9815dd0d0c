// SPDX-License-Identifier: MIT
/*
 * Linux's 64-bit boot protocol (Documentation/arch/x86/boot.rst of the kernel).
 * Below 1 MiB lie: page tables from 0, where the first vCPU's CR3 points;
 * boot_params and the command line; ACPI's tables from 0xe0000.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zxvm.h"

enum { CMDLINE = 0x8000, CMDLINE_SPACE = 0x10000, LOW_RAM_END = 0x9fc00 };
enum { HEADER_OFFSET = 0x1f1, HEADER_MAGIC = 0x53726448, ENTRY_64 = 0x200, LOADER_UNKNOWN = 0xff };
enum { MIN_PROTOCOL = 0x020c };	/* has xloadflags: kernels from 3.8 on */

static void open_file(struct boot_file *f, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *data;

	if (fd < 0 || fstat(fd, &st))
		die(ZXVM_FAILED, "cannot open %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || !st.st_size)
		die(ZXVM_FAILED, "%s is empty or not a regular file", path);
	data = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		die(ZXVM_FAILED, "cannot read %s: %s", path, strerror(errno));
	close(fd);
	*f = (struct boot_file){ data, st.st_size };
}

static void check_kernel(struct boot_image *image, const char *path)
{
	struct setup_header *hdr = &image->hdr;

	if (image->kernel.size < HEADER_OFFSET + sizeof(*hdr))
		die(ZXVM_FAILED, "%s is too short to be a Linux bzImage", path);
	memcpy(hdr, image->kernel.data + HEADER_OFFSET, sizeof(*hdr));
	if (hdr->boot_flag != 0xaa55 || hdr->header != HEADER_MAGIC)
		die(ZXVM_FAILED, "%s is not a Linux bzImage", path);
	if (hdr->version < MIN_PROTOCOL)
		die(ZXVM_FAILED, "%s is too old: its boot protocol is %u.%02u, before 2.12", path,
		    hdr->version >> 8, hdr->version & 0xff);
	if (!(hdr->loadflags & LOADED_HIGH) || !(hdr->xloadflags & XLF_KERNEL_64))
		die(ZXVM_FAILED, "%s has no 64-bit entry point", path);
	if (hdr->pref_address < LOW_MEM || hdr->pref_address > MAX_MEM)
		die(ZXVM_FAILED, "%s cannot be loaded at %#llx", path, (ull)hdr->pref_address);
	image->code_offset = ((hdr->setup_sects ? hdr->setup_sects : 4) + 1) * 512;
	image->code_size = hdr->syssize * 16ull;
	if (image->code_size <= ENTRY_64 ||
	    image->code_offset + image->code_size > image->kernel.size)
		die(ZXVM_FAILED, "%s is truncated: it has %llu of %llu bytes", path,
		    (ull)image->kernel.size, (ull)(image->code_offset + image->code_size));
}

/* Opens and checks what is to be booted, before there is a guest. */
void boot_open(struct boot_image *image, const char *kernel, const char *initrd,
	       const char *append, uint64_t ram_size)
{
	const struct setup_header *hdr = &image->hdr;
	uint64_t kernel_end, limit = ram_size;

	image->append = append;
	open_file(&image->kernel, kernel);
	check_kernel(image, kernel);
	if (initrd)
		open_file(&image->initrd, initrd);
	if (strlen(append) > hdr->cmdline_size || strlen(append) >= CMDLINE_SPACE)
		die(ZXVM_FAILED, "the kernel's command line takes no more than %u bytes",
		    hdr->cmdline_size);
	/* The initramfs goes as high as memory and the kernel allow. */
	if (limit > hdr->initrd_addr_max + 1ull)
		limit = hdr->initrd_addr_max + 1ull;
	kernel_end = hdr->pref_address + (hdr->init_size > image->code_size ? hdr->init_size :
					  image->code_size) + PAGE_SIZE;
	if (kernel_end > limit || image->initrd.size > limit - kernel_end)
		die(ZXVM_FAILED, "%llu MiB of memory are too little: the kernel needs %llu MiB and the initramfs %llu MiB",
		    (ull)ram_size >> 20, (ull)(kernel_end + LOW_MEM - 1) >> 20,
		    (ull)(image->initrd.size + LOW_MEM - 1) >> 20);
	image->initrd_address = (limit - image->initrd.size) & ~(PAGE_SIZE - 1);
}

/* The first 4 GiB one to one, in pages of 2 MiB. */
static void write_page_tables(uint64_t *pml4)
{
	uint64_t *pdpt = pml4 + 512, *directory = pdpt + 512, i;

	pml4[0] = PAGE_SIZE | PTE_PRESENT | PTE_WRITE;
	for (i = 0; i < 4; i++)
		pdpt[i] = (2 + i) * PAGE_SIZE | PTE_PRESENT | PTE_WRITE;
	for (i = 0; i < 4 * 512; i++)
		directory[i] = i << 21 | PTE_PRESENT | PTE_WRITE | PTE_LARGE;
}

/* Fills guest memory; returns the address of the first instruction. */
uint64_t boot_load(struct vm *vm, const struct boot_image *image)
{
	struct boot_params *bp = (struct boot_params *)(vm->ram + BOOT_PARAMS);

	write_page_tables((uint64_t *)vm->ram);
	memcpy(vm->ram + image->hdr.pref_address, image->kernel.data + image->code_offset,
	       image->code_size);
	strcpy((char *)vm->ram + CMDLINE, image->append);
	bp->hdr = image->hdr;
	bp->hdr.type_of_loader = LOADER_UNKNOWN;
	bp->hdr.cmd_line_ptr = CMDLINE;
	if (image->initrd.size) {
		memcpy(vm->ram + image->initrd_address, image->initrd.data, image->initrd.size);
		bp->hdr.ramdisk_image = image->initrd_address;
		bp->hdr.ramdisk_size = image->initrd.size;
	}
	/* RAM but for the hole below 1 MiB, which is reserved */
	bp->e820_table[0] = (struct boot_e820_entry){ 0, LOW_RAM_END, 1 };
	bp->e820_table[1] = (struct boot_e820_entry){ LOW_RAM_END, LOW_MEM - LOW_RAM_END, 2 };
	bp->e820_table[2] = (struct boot_e820_entry){ LOW_MEM, vm->ram_size - LOW_MEM, 1 };
	bp->e820_entries = 3;
	bp->acpi_rsdp_addr = acpi_build(vm);
	return image->hdr.pref_address + ENTRY_64;
}
