# SPDX-License-Identifier: MIT
"""Builds the module, out of the tree, against the headers of one series."""

import os
import subprocess
from pathlib import Path

from . import series
from .common import REPO, LabError, locked, need

SOURCES = ("driver", "uapi")


def overlay(out, folders=SOURCES, files=("Kbuild",)):
    """Mirror the sources into OUT as symlinks, so that each series has objects of its own."""
    wanted = {Path(name) for name in files}
    for folder in folders:
        for top, _, leaves in os.walk(REPO / folder):
            wanted |= {Path(top, leaf).relative_to(REPO) for leaf in leaves
                       if leaf.endswith((".c", ".h", ".S"))
                       and not leaf.endswith(".mod.c")}
    for name in wanted:
        link = out / name
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.unlink(missing_ok=True)
            link.symlink_to(REPO / name)
    for link in out.rglob("*"):
        if link.is_symlink() and link.relative_to(out) not in wanted:
            link.unlink()


def make(kernel, out, *extra):
    """Run the kernel's build system for the sources in OUT."""
    need("make", "make")
    argv = ["make", "-C", str(kernel.kdir), f"M={out}", "W=1", *extra, "modules"]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL, check=False)
    return done.returncode, done.stdout


def build(name):
    """Build zx_hyp.ko for the series NAME; returns its path."""
    kernel = series.Kernel(name).prepare()
    out = REPO / "build" / "kernels" / name
    out.mkdir(parents=True, exist_ok=True)
    with locked(f"module-{name}"):
        overlay(out)
        status, text = make(kernel, out)
    if status:
        raise LabError(f"the module does not build against {kernel.release}:\n{text.rstrip()}")
    return out / "zx_hyp.ko"
