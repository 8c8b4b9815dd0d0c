# SPDX-License-Identifier: MIT
"""The kernels of the lab: image, modules and headers of each series, in the cache.

A series lives in CACHE/kernels/SERIES; the file `ready` is written last, so that a
download cut short is started again and a finished one is never touched.
"""

import lzma
import os
import shutil
import struct
import subprocess
import tempfile
import zlib
from pathlib import Path

from . import packages
from .common import SERIES, LabError, cache_dir, locked, need, replace_file, run, say

RECIPE = "1"	# raise it when what is kept in the cache changes its shape
SUITES = {
    "6.1": ("bookworm", "bookworm-security"),
    "6.12": ("bookworm-backports", None),
    "7.2": ("forky", None),
}
# Loaded in the test machine: KVM, and virtio for the channels to the host.
MODULES = ("kvm-amd", "virtio_pci", "virtio_console")
# There for a program that loads it: memory as a disk, to swap to.
SPARE_MODULES = ("brd",)
CHECKPATCH = ("checkpatch.pl", "spelling.txt", "const_structs.checkpatch")


class Kernel:
    """One prepared series."""

    append = ""			# to the command line of the machine that boots it
    append_smp = ""		# ... if that has several CPUs
    make_variables = ()		# for modules that are built against it

    def __init__(self, series):
        if series not in SERIES:
            raise LabError(f"there is no kernel {series}; choose one of {', '.join(SERIES)}")
        self.series = series
        self.dir = cache_dir() / "kernels" / series
        self.root = self.dir / "root"
        self.vmlinux = self.dir / "vmlinux"
        self.vmlinuz = self.dir / "vmlinuz"
        self.modules = self.dir / "modules"	# unpacked .ko files and their `order`

    def ready(self):
        """Is everything of this series in the cache?"""
        try:
            return (self.dir / "ready").read_text(encoding="ascii") == RECIPE
        except OSError:
            return False

    @property
    def release(self):
        """What `uname -r` prints on it."""
        return (self.dir / "release").read_text(encoding="ascii").strip()

    @property
    def image(self):
        """What QEMU boots."""
        return self.vmlinux

    @property
    def kdir(self):
        """The headers to build modules against."""
        return self.root / "usr/src" / f"linux-headers-{self.release}"

    @property
    def checkpatch(self):
        """The kernel's checkpatch.pl, which only the source package has."""
        path = self.dir / "checkpatch/scripts/checkpatch.pl"
        if not path.exists():
            with locked(f"checkpatch-{self.series}"):
                if not path.exists():
                    self._fetch_checkpatch(path.parent)
        return path

    def _fetch_checkpatch(self, final):
        suite = packages.Suite(*SUITES[self.series])
        name = f"linux-source-{self.series}"
        debs = suite.download(name)
        with tempfile.TemporaryDirectory(dir=self.dir) as tmp:
            packages.unpack(debs, Path(tmp))
            run([need("tar", "tar"), "-xJf", f"{tmp}/usr/src/{name}.tar.xz", "-C", tmp,
                 *(f"{name}/scripts/{leaf}" for leaf in CHECKPATCH)], "unpacking checkpatch")
            final.parent.mkdir(exist_ok=True)
            os.rename(f"{tmp}/{name}/scripts", final)
        debs[0].unlink()

    def prepare(self):
        """Fetch what is missing; returns self."""
        if self.ready():
            return self
        with locked(f"kernel-{self.series}"):
            if not self.ready():
                shutil.rmtree(self.dir, ignore_errors=True)
                self._fetch()
                replace_file(self.dir / "ready", RECIPE.encode())
                say(f"kernel {self.series} is ready: {self.release}")
        return self

    def _fetch(self):
        suite = packages.Suite(*SUITES[self.series])
        image = suite.depends("linux-image-amd64", "linux-image-")
        release = image.removeprefix("linux-image-")
        if not release.startswith(self.series + "."):
            raise LabError(f"{suite.name} has kernel {release} now, not {self.series}; "
                           "change SUITES in scripts/testlab/series.py")
        headers = f"linux-headers-{release}"
        names = [image, headers, suite.depends(headers, "linux-headers-"),
                 suite.depends(headers, "linux-kbuild-")]
        # From 6.19 on the image package is empty and its parts are packages of their own.
        for part in ("linux-base-", "linux-binary-", "linux-modules-"):
            try:
                names.append(suite.depends(image, part))
            except LabError:
                pass
        debs = suite.download(*names)
        packages.unpack(debs, self.root)
        replace_file(self.dir / "release", release.encode())
        self._unpack_image()
        self._unpack_modules()
        self._relocate_headers()
        for deb in debs:
            deb.unlink()

    def _unpack_image(self):
        images = [*self.root.glob("boot/vmlinuz*"), *self.root.glob("usr/lib/modules/*/vmlinuz*")]
        if not images:
            raise LabError(f"the packages of kernel {self.series} hold no vmlinuz")
        os.link(images[0], self.vmlinuz)
        replace_file(self.vmlinux, extract_vmlinux(images[0].read_bytes()))

    def _module_root(self):
        for root in (self.root, self.root / "usr"):
            if (root / "lib/modules" / self.release).is_dir():
                return root
        raise LabError(f"the packages of kernel {self.series} hold no modules")

    def vmx_modules(self):
        """The folder with the modules for a CPU with VMX, in a machine without virtio."""
        return self._more_modules("modules-vmx", ("kvm-intel",))

    def spare_modules(self):
        """The .ko files that are in every machine, not loaded."""
        folder = self._more_modules("modules-spare", SPARE_MODULES)
        return [folder / leaf for leaf in (folder / "order").read_text(encoding="ascii").split()]

    def _more_modules(self, leaf, names):
        """The folder LEAF with the modules NAMES, made when it is missing."""
        out = self.dir / leaf
        if not (out / "order").exists():
            with locked(f"kernel-{self.series}"):
                if not (out / "order").exists():
                    self._unpack_modules(names, out)
        return out

    def _unpack_modules(self, names=MODULES, outdir=None):
        outdir = outdir or self.modules
        root = self._module_root()
        depmod, modprobe = need("depmod", "kmod"), need("modprobe", "kmod")
        run([depmod, "-b", root, self.release], "depmod")
        outdir.mkdir(exist_ok=True)
        order = []
        for name in names:
            out = run([modprobe, "-d", root, "-S", self.release, "--show-depends", name],
                      f"looking for module {name}")
            for line in out.splitlines():
                words = line.split()
                if words[0] == "insmod":
                    leaf = unpack_module(words[1], outdir)
                    if leaf not in order:
                        order.append(leaf)
        replace_file(outdir / "order", "".join(f"{o}\n" for o in order).encode())

    def _relocate_headers(self):
        """Debian's header Makefile names the common headers by an absolute path."""
        makefile = self.kdir / "Makefile"
        text = makefile.read_text(encoding="utf-8")
        replace_file(makefile, text.replace("/usr/src/", f"{self.root}/usr/src/").encode())


def unpack_module(path, outdir):
    """Put the module at PATH into OUTDIR, decompressed; returns its file name."""
    leaf = os.path.basename(path)
    if leaf.endswith(".xz"):
        leaf = leaf[:-3]
        with lzma.open(path) as src:
            (outdir / leaf).write_bytes(src.read())
    elif leaf.endswith(".zst"):
        leaf = leaf[:-4]
        run([need("zstd", "zstd"), "-dqf", path, "-o", outdir / leaf], f"unpacking {leaf}")
    else:
        shutil.copyfile(path, outdir / leaf)
    return leaf


def extract_vmlinux(image):
    """The ELF inside a bzImage.

    QEMU boots it by its PVH note: that saves the guest the decompression, which costs
    seconds under emulation, and leaves out KASLR.
    """
    if len(image) < 0x260 or image[0x202:0x206] != b"HdrS":
        raise LabError("the kernel image is not a bzImage")
    setup = ((image[0x1F1] or 4) + 1) * 512
    offset, length = struct.unpack_from("<II", image, 0x248)
    body = image[setup + offset:setup + offset + length]
    if body[:6] == b"\xfd7zXZ\0":
        elf = lzma.LZMADecompressor().decompress(body)
    elif body[:2] == b"\x1f\x8b":
        elf = zlib.decompressobj(31).decompress(body)
    elif body[:4] == b"\x28\xb5\x2f\xfd":
        elf = _unzstd(body[:-4])	# the build appends the unpacked size
    else:
        raise LabError(f"the kernel image is compressed in an unknown way ({body[:6].hex()})")
    if elf[:4] != b"\x7fELF":
        raise LabError("the kernel image holds no ELF file")
    return elf


def _unzstd(data):
    done = subprocess.run([need("zstd", "zstd"), "-dcq"], input=data, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        raise LabError(f"unpacking the kernel image failed: {done.stderr.decode().strip()}")
    return done.stdout
