# SPDX-License-Identifier: MIT
"""A kernel laid out in memory as a boot loader would leave it, for Bochs to load as it is.

No boot medium, no boot loader and no decompression: those cost up to twelve emulated
seconds. An option ROM (boot.S) adds the BIOS's memory map and jumps to the kernel's
64-bit entry; Documentation/arch/x86/boot.rst has the protocol and the offsets used here.
"""

import struct
from pathlib import Path

from .common import LabError, need, run

LOW = 0xF00000		# start of the image; below the kernel, which starts at 16 MiB
COMMAND_LINE = LOW + 0x1000
PAGE_TABLES = LOW + 0x2000
ENTRY = LOW + 0x8000
END_OF_LOW = LOW + 0x9000
ROM_ADDRESS = 0xD0000
MEGABYTE = 1 << 20
PT_LOAD = 1
ACPI_TABLES = MEGABYTE	# the BIOS keeps less than this at the end of memory


def rom(scratch):
    """Assemble the option ROM; returns its path."""
    source = Path(__file__).with_name("boot.S")
    obj, out = Path(scratch, "boot.o"), Path(scratch, "boot.rom")
    run([need("gcc", "gcc"), "-c", "-m64", f"-DLOW={LOW:#x}", "-o", obj, source],
        "assembling the boot ROM")
    run([need("objcopy", "binutils"), "-O", "binary", "-j", ".text", obj, out],
        "extracting the boot ROM")
    data = bytearray(out.read_bytes())
    data[-1] = -sum(data[:-1]) & 0xFF	# a ROM's bytes add up to 0
    out.write_bytes(data)
    return out


def _segments(elf):
    """(physical address, offset, size in the file, size in memory) of an ELF's parts."""
    offset, = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 54)
    for at in range(offset, offset + size * count, size):
        kind, _, start, _, paddr, filesz, memsz = struct.unpack_from("<IIQQQQQ", elf, at)
        if kind == PT_LOAD:
            yield paddr, start, filesz, memsz


def _page_tables():
    """The first 4 GiB at their own addresses, in pages of 2 MiB."""
    flags = 0x03	# present, writable
    tables = struct.pack("<Q", PAGE_TABLES + 0x1000 | flags).ljust(4096, b"\0")
    tables += struct.pack("<4Q", *(PAGE_TABLES + 0x2000 + 4096 * i | flags
                                   for i in range(4))).ljust(4096, b"\0")
    return tables + struct.pack("<2048Q", *(i << 21 | 0x80 | flags for i in range(2048)))


def _zero_page(image, initrd, initrd_size):
    """Linux's boot parameters, from the setup header of a bzImage."""
    page = bytearray(4096)
    end = 0x202 + image[0x201]
    page[0x1F1:end] = image[0x1F1:end]
    page[0x210] = 0xFF	# type_of_loader: none that has a number
    struct.pack_into("<II", page, 0x218, initrd, initrd_size)
    struct.pack_into("<I", page, 0x228, COMMAND_LINE)
    return page


def write(out, kernel, initrd, command_line, mem):
    """Write to OUT what has to be at LOW in a machine with MEM MiB.

    KERNEL is a vmlinux and, for its setup header, its bzImage.
    """
    elf, image = (Path(part).read_bytes() for part in kernel)
    init_size, = struct.unpack_from("<I", image, 0x260)
    parts = list(_segments(elf))
    end = max(max(paddr + memsz for paddr, _, _, memsz in parts),
              min(paddr for paddr, *_ in parts) + init_size)
    initrd_at = -(-end // (2 * MEGABYTE)) * 2 * MEGABYTE
    archive = Path(initrd).read_bytes()
    if initrd_at + len(archive) > mem * MEGABYTE - ACPI_TABLES:
        raise LabError(f"{mem} MiB are too little for this kernel and what comes with it; "
                       "give --mem more")
    if min(paddr for paddr, *_ in parts) < END_OF_LOW:
        raise LabError(f"{kernel[0]} wants to be below 16 MiB, where the boot image is")
    with open(out, "wb") as f:
        def put(address, data):
            f.seek(address - LOW)
            f.write(data)
        put(LOW, _zero_page(image, initrd_at, len(archive)))
        put(COMMAND_LINE, command_line.encode()[:4095] + b"\0")
        put(PAGE_TABLES, _page_tables())
        put(ENTRY, elf[24:32])
        for paddr, start, filesz, _ in parts:
            put(paddr, elf[start:start + filesz])
        put(initrd_at, archive)
