# SPDX-License-Identifier: MIT
"""Which QEMU runs a machine: the system's, or a newer one that survives several CPUs.

On Debian 12's QEMU 7.2 a machine with two emulated CPUs live-locks sooner or later. The
one of bookworm-backports does not; it is unpacked into the cache and uses the libraries
that the system's own QEMU brought.
"""

import re
import shutil

from . import packages
from .common import cache_dir, locked, need, replace_file, run, say

RECIPE = "1"
SUITE = "bookworm-backports"
PACKAGES = ("qemu-system-x86", "qemu-system-common", "qemu-system-data")


def find(smp):
    """The QEMU for a machine with SMP CPUs, as the start of an argv."""
    system = need("qemu-system-x86_64", "qemu-system-x86")
    return [system] if smp == 1 or _major(system) >= 10 else _newer()


def _major(binary):
    """The major version of a QEMU, or 0."""
    match = re.search(r"version (\d+)", run([binary, "--version"], "asking QEMU's version"))
    return int(match[1]) if match else 0


def _newer():
    root = cache_dir() / "qemu"
    marker = root / ".ready"
    if not marker.exists() or marker.read_text(encoding="ascii") != RECIPE:
        with locked("qemu"):
            if not marker.exists() or marker.read_text(encoding="ascii") != RECIPE:
                _fetch(root)
                replace_file(marker, RECIPE.encode())
    binary = root / "usr/bin/qemu-system-x86_64"
    share = root / "usr/share"
    return [str(binary), "-L", str(share / "qemu"), "-L", str(share / "seabios"),
            "-L", "/usr/share/seabios", "-L", "/usr/share/qemu"]


def _fetch(root):
    shutil.rmtree(root, ignore_errors=True)
    suite = packages.Suite(SUITE)
    debs = suite.download(*PACKAGES)
    packages.unpack(debs, root)
    for deb in debs:
        deb.unlink()
    binary = root / "usr/bin/qemu-system-x86_64"
    say(f"QEMU for several CPUs is ready: version {_major(binary)}")
