# SPDX-License-Identifier: MIT
"""Builds the module, out of the tree, against the headers of one series."""

import os
import subprocess
import time
from pathlib import Path

from . import debugkernel
from .common import REPO, LabError, locked, need
from .toolchain import Toolchain

KINDS = (".c", ".h", ".S")


def _sources():
    """The module's sources, relative to the repository."""
    yield Path("Kbuild")
    for folder in ("driver", "uapi"):
        for top, _, leaves in os.walk(REPO / folder):
            yield from (Path(top, leaf).relative_to(REPO) for leaf in leaves
                        if leaf.endswith(KINDS) and not leaf.endswith(".mod.c"))


def _mirror(names, source, out):
    """Symlinks in OUT to the files NAMES of SOURCE, so that each series has its own objects."""
    names = set(names)
    for name in names:
        link = out / name
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.unlink(missing_ok=True)
            link.symlink_to(source / name)
    for link in out.rglob("*"):
        if link.is_symlink() and link.relative_to(out) not in names:
            link.unlink()	# of a source that is gone


def _make(kernel, out, *variables):
    """Run the kernel's build system for the sources in OUT; returns what it printed."""
    need("make", "make")
    argv = Toolchain(kernel).prepare().command(
        ["make", "-C", kernel.kdir, f"M={out}", "W=1", *kernel.make_variables, *variables,
         "modules"],
        [REPO, kernel.dir])
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise LabError(f"{out.name}: a module does not build against {kernel.release}:\n"
                       f"{done.stdout.rstrip()}")
    return done.stdout


def _build(kernel, names, source, out, *variables):
    with locked(f"build-{out.name}"):
        out.mkdir(parents=True, exist_ok=True)
        _mirror(names, source, out)
        return _make(kernel, out, *variables)


def build(series_name):
    """Build zx_hyp.ko for a series; returns its path."""
    kernel = debugkernel.find(series_name).prepare()
    out = REPO / "build/kernels" / series_name
    stamp = out / "built"	# as old as the start of the last build that went well
    if not _current(kernel, stamp):
        started = time.time()
        stamp.unlink(missing_ok=True)
        _build(kernel, _sources(), REPO, out)
        stamp.touch()
        os.utime(stamp, (started, started))
    return out / "zx_hyp.ko"


def _current(kernel, stamp):
    """Is the module newer than all it is made of? Saves asking make before each run."""
    try:
        when = stamp.stat().st_mtime
    except OSError:
        return False
    parts = [REPO / name for name in _sources()]
    folders = {part.parent for part in parts}	# their times tell of files that are gone
    return all(part.stat().st_mtime < when for part in (*parts, *folders, kernel.dir / "ready"))


def sparse(series_name):
    """What sparse has to say about the module's sources, as a list of lines."""
    need("sparse", "sparse")
    kernel = debugkernel.find(series_name).prepare()
    out = REPO / "build/kernels" / f"{series_name}-sparse"
    text = _build(kernel, _sources(), REPO, out, "C=2")
    return [line for line in text.splitlines() if line.startswith(str(out))]


def compile_folder(series_name, folder):
    """Build the one module whose Kbuild is in FOLDER; returns its path."""
    kernel = debugkernel.find(series_name).prepare()
    source = Path(folder).resolve()
    if not (source / "Kbuild").is_file():
        raise LabError(f"{folder} holds no Kbuild file")
    out = REPO / "build/kernels" / f"{series_name}-{source.name}"
    _build(kernel, [Path(p.name) for p in source.iterdir()
                    if p.name == "Kbuild" or p.name.endswith(KINDS) and ".mod." not in p.name],
           source, out)
    return out / f"{source.name}.ko"
