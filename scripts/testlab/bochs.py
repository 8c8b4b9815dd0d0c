# SPDX-License-Identifier: MIT
"""Machines with an emulated Intel CPU with VMX: Bochs, built once from Debian's source.

Debian 12's own Bochs has a debugger compiled in, is three times slower and needs a
terminal; the source of a newer release builds into one binary that needs nothing. The
machine has no disks: bootimage.py puts the kernel into its memory. wire.c is the other
end of its streams.
"""

import os
import pty
import shutil
import socket
import subprocess
import tempfile
import threading
import tty
from pathlib import Path

from . import bootimage, packages
from .common import LabError, cache_dir, locked, need, replace_file, run, say
from .machine import Machine

RECIPE = "2"
SUITE = "trixie"
FIRMWARE = ("bochsbios", "vgabios")
BIOS = "usr/share/bochs/BIOS-bochs-latest"
VGABIOS = "usr/share/vgabios/vgabios.bin"
# No debugger and no display; --disable-show-ips: its signal handler can block for good.
CONFIGURE = ("--with-nogui", "--disable-docbook", "--disable-show-ips", "--enable-cpu-level=6",
             "--enable-x86-64", "--enable-vmx=2", "--enable-avx", "--enable-evex",
             "--enable-smp", "--enable-all-optimizations", "--enable-memtype",
             "--enable-protection-keys", "--enable-cet", "--enable-perfmon", "--enable-pci",
             "CFLAGS=-O2 -pipe", "CXXFLAGS=-O2 -fno-plt -pipe")
# (file, text, what it becomes). An image loaded into memory is read in one piece, though
# memory is made of blocks in the order of their first use: with all of it mapped at once,
# as the comment there says, it lies in one piece. And VM entry decides what RFLAGS.IF masks
# before it is in the guest: a guest with IF = 0 would keep the host's interrupts out.
PATCHES = (
    ("memory/memory_stub.cc", "if (0) {\n    // all guest memory is allocated",
     "if (guest == host) {\n    // all guest memory is allocated"),
    ("cpu/vmx.cc", "  BX_CPU_THIS_PTR in_vmx_guest = true;\n",
     "  BX_CPU_THIS_PTR in_vmx_guest = true;\n  handleInterruptMaskChange();\n"),
)
# It has unrestricted guests and the preemption timer, and no APICv, which Bochs gets wrong.
CPU = "corei7_haswell_4770"
# Serial output costs much emulated time, so the console gets what matters; the report has
# the whole log. A crash triple-faults, which ends Bochs.
# idle=halt: else a CPU that idles by MWAIT at times misses that it has work, until a tick.
APPEND = ("console=ttyS0,115200 loglevel=5 panic=-1 oops=panic reboot=t nokaslr idle=halt "
          "mitigations=off no_timer_check tsc=reliable random.trust_cpu=on log_buf_len=8M")
# Timers run at this many instructions a second; `info` must stay ignored, see CONFIGURE.
SETTINGS = """\
display_library: nogui
config_interface: textconfig
romimage: file="{bios}"
vgaromimage: file="{vgabios}"
optromimage1: file="{rom}", address={rom_address:#x}
optramimage1: file="{image}", address={low:#x}
memory: guest={mem}, host={mem}
cpu: model={cpu}, count={smp}, ips=50000000, reset_on_triple_fault=0, ignore_bad_msrs=1
clock: sync=none, time0=utc
ata0: enabled=0
ata1: enabled=0
com1: enabled=1, mode=file, dev="{console}"
com2: enabled=1, mode=term, dev="{line}"
port_e9_hack: enabled=1
pci: enabled=1, chipset=i440fx
speaker: enabled=0
vga: extension=vbe, update_freq=1, realtime=0
log: "{log}"
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
"""
CHANNELS = {1: "report", 2: "stdout", 3: "stderr", 4: "tty"}
GRANT = 5
MAGIC = b"\0ZX"
HEADER = 6
ESCAPE = b"\xff"
END_OF_INPUT = b"\xff\0"


def find():
    """The folder with Bochs and its firmware, made when it is missing."""
    root = cache_dir() / "bochs"
    marker = root / ".ready"
    if not _is_ready(marker):
        with locked("bochs"):
            if not _is_ready(marker):
                shutil.rmtree(root, ignore_errors=True)
                _fetch(root)
                replace_file(marker, RECIPE.encode())
    return root


def _is_ready(marker):
    try:
        return marker.read_text(encoding="ascii") == RECIPE
    except OSError:
        return False


def _fetch(root):
    for tool, package in (("g++", "g++"), ("make", "make"), ("tar", "tar"),
                          ("xz", "xz-utils"), ("strip", "binutils")):
        need(tool, package)
    suite = packages.Suite(SUITE, sources=True)
    packages.unpack(suite.download(*FIRMWARE), root)
    with tempfile.TemporaryDirectory(dir=root) as tmp:
        tree = Path(tmp, "tree")
        tree.mkdir()
        tarball = suite.source("bochs", Path(tmp))
        run(["tar", "-xf", tarball, "--strip-components=1", "-C", tree], "unpacking Bochs")
        _patch(tree)
        say("building Bochs (two minutes)")
        run(["nice", "./configure", *CONFIGURE], "configuring Bochs", cwd=tree)
        run(["nice", "make", "-s", f"-j{os.cpu_count() or 1}", "bochs"], "building Bochs",
            cwd=tree)
        run(["strip", "-o", root / "bochs", tree / "bochs"], "stripping Bochs")
    say("Bochs is ready")


def _patch(tree):
    for leaf, old, new in PATCHES:
        path = tree / leaf
        text = path.read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise LabError(f"the source of Bochs in {SUITE} has changed at {leaf}; "
                           "change PATCHES in scripts/testlab/bochs.py")
        path.write_text(text.replace(old, new), encoding="utf-8")


class BochsMachine(Machine):
    """A Machine as QEMU's, with the same ends to the outside."""

    def _settings(self, line):
        scratch = self.console.parent
        image = scratch / "memory"
        bootimage.write(image, self.kernel, self.initrd, f"{APPEND} {self.append}".strip(),
                        self.mem)
        path = scratch / "bochsrc"
        path.write_text(SETTINGS.format(
            bios=self.qemu / BIOS, vgabios=self.qemu / VGABIOS, rom=bootimage.rom(scratch),
            rom_address=bootimage.ROM_ADDRESS, image=image, low=bootimage.LOW, mem=self.mem,
            cpu=CPU, smp=self.smp, console=self.console, line=line, log=scratch / "bochs.log"),
            encoding="utf-8")
        return path

    def _start(self, theirs):
        """Start Bochs; threads pass bytes between it and THEIRS until it ends."""
        master, slave = pty.openpty()
        tty.setraw(slave)
        settings = self._settings(os.ttyname(slave))
        with open(settings.with_name("bochs.err"), "wb") as err:
            # It must not outlive us, however we die.
            process = subprocess.Popen(
                [need("setpriv", "util-linux"), "--pdeathsig", "KILL", self.qemu / "bochs",
                 "-q", "-unlock", "-f", settings], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=err, start_new_session=True)
        # The slave stays open: a line without a reader would hang up.
        Wire(process.stdout, master, slave, {n: end.dup() for n, end in theirs.items()}).start()
        return process


class Wire:
    """Takes the frames of wire.c apart, and feeds it no more input than it grants."""

    def __init__(self, frames, line, keep, ends):
        self.frames = frames
        self.line = line
        self.keep = keep
        self.ends = ends
        self.granted = threading.Semaphore(0)
        self.waiting = bytearray()

    def start(self):
        """Both directions, in threads that end with the machine or with us."""
        for work in (self._outwards, self._inwards):
            threading.Thread(target=work, daemon=True).start()

    def _outwards(self):
        while True:
            data = os.read(self.frames.fileno(), 65536)
            if not data:
                break
            self.waiting += data
            self._take_frames()
        for end in self.ends.values():
            end.shutdown(socket.SHUT_RDWR)	# close() would wait for the other thread's recv()
            end.close()

    def _take_frames(self):
        while True:
            at = self.waiting.find(MAGIC)
            if at < 0:	# Bochs's own words; perhaps the start of a frame
                del self.waiting[:-len(MAGIC)]
                return
            head = self.waiting[at:at + HEADER]
            end = at + HEADER + int.from_bytes(head[4:6], "little")
            if len(head) < HEADER or len(self.waiting) < end:
                del self.waiting[:at]
                return
            self._take(head[3], bytes(self.waiting[at + HEADER:end]))
            del self.waiting[:end]

    def _take(self, channel, data):
        if channel == GRANT:
            self.granted.release(data[0])
        elif CHANNELS.get(channel) in self.ends:
            try:
                self.ends[CHANNELS[channel]].sendall(data)
            except OSError:
                pass	# the other side has given up

    def _inwards(self):
        source = self.ends.get("tty") or self.ends["stdin"]
        try:
            while True:
                data = source.recv(4096)
                for byte in data.replace(ESCAPE, ESCAPE * 2) or END_OF_INPUT:
                    self.granted.acquire()
                    os.write(self.line, bytes((byte,)))
                if not data:
                    return
        except OSError:
            pass	# the machine is gone
