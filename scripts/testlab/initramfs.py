# SPDX-License-Identifier: MIT
"""What the test machine runs from: a base archive per kernel and a payload per run.

Linux unpacks concatenated cpio archives one after the other, so the base (busybox,
init, modules) is made once and the payload (the program with its libraries, further
files, the module under test) is appended.
"""

import hashlib
import os
import re
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

from .common import LabError, cache_dir, locked, need, run

WORKDIR = "/run/zx"
MERGED = ("bin", "sbin", "lib", "lib64")	# symlinks into /usr, as on the host
HIDDEN = ("/dev/", "/proc/", "/sys/")		# mounted over by init
INIT = ("init.c", "wire.c", "wire.h")
INTERPRETERS = ("sh", "bash", "busybox")


def _cpio(tree, out):
    """Pack TREE; entries are sorted so that parents come first."""
    names = sorted(str(p.relative_to(tree)) for p in tree.rglob("*"))
    done = subprocess.run([need("cpio", "cpio"), "-o", "-0", "-H", "newc", "--quiet",
                           "-R", "0:0", "--reproducible"], cwd=tree, check=False,
                          input="".join(f"{n}\0" for n in names).encode(),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        raise LabError(f"packing the initramfs failed: {done.stderr.decode().strip()}")
    out.write_bytes(done.stdout)


def build_init():
    """Compile init.c into the cache; returns the path of the binary."""
    sources = [Path(__file__).with_name(leaf) for leaf in INIT]
    tag = hashlib.sha256(b"".join(f.read_bytes() for f in sources)).hexdigest()[:16]
    binary = cache_dir() / f"init-{tag}"
    with locked("init"):
        if not binary.exists():
            for stale in cache_dir().glob("init-*"):
                stale.unlink(missing_ok=True)
            tmp = binary.with_suffix(f".{os.getpid()}")
            run([need("gcc", "gcc"), "-O2", "-Wall", "-Wextra", "-Werror", "-static", "-o", tmp,
                 *(f for f in sources if f.suffix == ".c")], "compiling the test machine's init")
            tmp.rename(binary)
    return binary


def _new_tree(tree):
    for name in MERGED:
        (tree / "usr" / name).mkdir(parents=True, exist_ok=True)
        (tree / name).symlink_to(f"usr/{name}")
    for name in ("dev", "proc", "sys", "tmp", "root", "etc", "zx", WORKDIR[1:]):
        (tree / name).mkdir(parents=True)


def base(kernel):
    """The base archive of KERNEL, made when it is missing or its init changed."""
    init = build_init()
    stem = kernel.modules.name.replace("modules", "base")
    out = kernel.dir / f"{stem}-{init.name}.cpio"
    with locked(f"initramfs-{kernel.series}"):
        if not out.exists():
            _pack_base(kernel, init, stem, out)
    return out


def _pack_base(kernel, init, stem, out):
    with tempfile.TemporaryDirectory() as tmp:
        tree = Path(tmp)
        _new_tree(tree)
        shutil.copy(init, tree / "init")
        busybox = tree / "usr/bin/busybox"
        shutil.copy(static_busybox(), busybox)
        for applet in run([busybox, "--list"], "listing busybox's applets").split():
            if not (tree / "usr/bin" / applet).exists():
                (tree / "usr/bin" / applet).symlink_to("busybox")
        shutil.copytree(kernel.modules, tree / "zx/ko")
        (tree / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n", encoding="ascii")
        (tree / "etc/group").write_text("root:x:0:\nkvm:x:106:\n", encoding="ascii")
        for stale in kernel.dir.glob(f"{stem}-init-*"):
            stale.unlink(missing_ok=True)
        part = out.with_suffix(f".{os.getpid()}")
        _cpio(tree, part)
        part.rename(out)


def static_busybox():
    """Path of a busybox that needs no libraries."""
    path = need("busybox", "busybox-static")
    done = subprocess.run(["ldd", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    if "=>" in done.stdout:
        raise LabError("this busybox needs shared libraries; install the static one with: "
                       "apt-get install busybox-static")
    return path


def merged(path):
    """PATH as it is called in the machine, where /bin, /lib, ... are links into /usr."""
    path = os.path.normpath(path)
    first = path.split("/")[1]
    return f"/usr{path}" if first in MERGED else path


def find_program(name):
    """The absolute path of a program of the host, or a sentence why there is none."""
    found = shutil.which(name)
    if not found:
        if os.path.exists(name):
            raise LabError(f"{name} is not an executable file; check the path or chmod +x it")
        raise LabError(f"there is no program {name}; check the spelling or build it first")
    return os.path.abspath(found)


class Payload:
    """The second archive: what this one run needs."""

    def __init__(self, tree):
        self.tree = Path(tree)
        self.modules = []

    def _place(self, source, target):
        """Copy one file of the host to TARGET; its missing folders are made."""
        dest = self.tree / target.lstrip("/")
        dest.parent.mkdir(parents=True, exist_ok=True)
        if not dest.exists():
            try:
                shutil.copy(source, dest)
            except OSError as err:
                raise LabError(f"cannot read {source}: {err.strerror}") from err

    def _libraries(self, path):
        """The shared libraries of an ELF file, at the host's own paths."""
        done = subprocess.run([need("ldd", "libc-bin"), path], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        missing = re.findall(r"^\s*(\S+) => not found", done.stdout, re.M)
        if missing:
            raise LabError(f"{path} needs {missing[0]}, which the host does not have either")
        for lib in re.findall(r"^\s*(?:\S+ => )?(/\S+) \(0x", done.stdout, re.M):
            self._place(lib, merged(lib))

    def _dependencies(self, path):
        """Bring along what the kernel and the loader need to start the file at PATH."""
        with open(path, "rb") as f:
            head = f.read(256)
        if head[:4] == b"\x7fELF":
            self._libraries(path)
        elif head[:2] == b"#!":
            self._interpreter(path, head[2:].split(b"\n")[0].decode(errors="replace").split())

    def _interpreter(self, path, words):
        if not words:
            raise LabError(f"{path} starts with #! but names no interpreter")
        name = words[0]
        if os.path.basename(name) == "env" and len(words) > 1:
            name = shutil.which(words[1]) or words[1]
        leaf = os.path.basename(name)
        if leaf not in INTERPRETERS:
            raise LabError(f"{path} is a {leaf} script; the test machine runs sh and bash only")
        if leaf == "bash":
            self._place(name, merged(name))
            self._libraries(name)

    def program(self, name):
        """Bring the program NAME; returns its path in the machine."""
        path = find_program(name)
        target = merged(path)
        if target.startswith(HIDDEN):
            target = f"{WORKDIR}/{os.path.basename(path)}"
        self._place(path, target)
        self._dependencies(path)
        return target

    def file(self, name):
        """Bring a file or folder into the working folder, under its own base name."""
        path = os.path.abspath(name)
        dest = self.tree / WORKDIR.lstrip("/") / os.path.basename(path)
        dest.parent.mkdir(parents=True, exist_ok=True)
        if dest.exists():
            raise LabError(f"two files named {os.path.basename(path)} cannot both be copied")
        if os.path.isdir(path):
            shutil.copytree(path, dest)
        elif os.path.isfile(path):
            shutil.copy(path, dest)
        else:
            raise LabError(f"--file {name}: there is no such file or folder")
        for found in ([path] if os.path.isfile(path) else
                      [os.path.join(d, f) for d, _, fs in os.walk(path) for f in fs]):
            mode = os.stat(found).st_mode
            if stat.S_ISREG(mode) and mode & stat.S_IXUSR:
                self._dependencies(found)

    def module(self, path):
        """Load the module at PATH after KVM, unload it at the end and judge it."""
        target = f"/zx/ko/{os.path.basename(path)}"
        if not os.path.isfile(path):
            raise LabError(f"there is no module {path}; build it first or pass --no-module")
        self._place(path, target)
        self.modules.append(f"-{target}")

    def spare(self, paths):
        """Bring modules that a program may load."""
        for path in paths:
            self._place(path, f"/zx/ko/{os.path.basename(path)}")

    def mark(self, name):
        """Leave an empty file NAME for init."""
        (self.tree / "zx").mkdir(parents=True, exist_ok=True)
        (self.tree / "zx" / name).touch()

    def finish(self, kernel, exe, argv, env, tty):
        """Write what init reads, and return base + payload as one archive."""
        zx = self.tree / "zx"
        zx.mkdir(exist_ok=True)
        order = (kernel.modules / "order").read_text(encoding="ascii").split()
        lines = [f"/zx/ko/{leaf}" for leaf in order] + self.modules
        (zx / "modules").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        (zx / "exe").write_text(exe, encoding="utf-8")
        (zx / "cwd").write_text(WORKDIR, encoding="utf-8")
        (zx / "argv").write_bytes(b"".join(os.fsencode(a) + b"\0" for a in argv))
        (zx / "env").write_bytes(b"".join(os.fsencode(f"{k}={v}") + b"\0" for k, v in env.items()))
        if tty:
            (zx / "tty").write_text(tty, encoding="ascii")
        with tempfile.NamedTemporaryFile(suffix=".cpio") as part:
            _cpio(self.tree, Path(part.name))
            return base(kernel).read_bytes() + Path(part.name).read_bytes()
