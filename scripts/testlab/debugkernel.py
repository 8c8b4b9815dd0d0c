# SPDX-License-Identifier: MIT
"""The debug kernel: built here, from Debian's source of 6.1 and debug.config.

Its tree stays in the cache: modules are built against it, and a build that was cut short
or whose fragment changed goes on from what is there.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from . import packages, series
from .common import DEBUG, LabError, cache_dir, locked, need, replace_file, run, say

BASE = "6.1"
RECIPE = "1"	# raise it when what is kept in the cache changes its shape
FRAGMENT = Path(__file__).with_name("debug.config")
TOOLS = {"gcc": "gcc", "flex": "flex", "bison": "bison", "bc": "bc", "xz": "xz-utils",
         "tar": "tar", "perl": "perl"}
PROGRESS = 20	# seconds between two lines that tell how far it is


def find(name):
    """The kernel called NAME: a series, or the debug kernel."""
    return DebugKernel() if name == DEBUG else series.Kernel(name)


class DebugKernel(series.Kernel):
    """It is like a series to whoever boots it or builds against it."""

    # A KASAN kernel dies in its PVH entry, which is not instrumented for it.
    image = property(lambda self: self.vmlinuz)
    # A report of KASAN or UBSAN, or a WARN, ends the machine: what comes after is worth
    # nothing. The rest is in the log at the end.
    append = "kmemleak=on panic_on_warn=1"
    # Two nodes, so that a policy has something to choose from; Linux warns of one without CPU.
    append_smp = "numa=fake=2"
    # Coverage is for the module alone.
    make_variables = ("KCOV_INSTRUMENT=y",)

    def __init__(self):
        super().__init__(BASE)
        self.series = DEBUG
        self.dir = cache_dir() / "kernels" / DEBUG
        self.tree = self.dir / f"linux-source-{BASE}"
        self.root = self.dir / "root"
        self.vmlinux = self.tree / "vmlinux"
        self.vmlinuz = self.dir / "vmlinuz"
        self.modules = self.dir / "modules"

    def _key(self):
        return f"{RECIPE} {hashlib.sha256(FRAGMENT.read_bytes()).hexdigest()}"

    def ready(self):
        """Is the kernel of this fragment in the cache?"""
        try:
            return (self.dir / "ready").read_text(encoding="ascii") == self._key()
        except OSError:
            return False

    @property
    def kdir(self):
        """The tree that modules are built against."""
        return self.tree

    @property
    def checkpatch(self):
        """The kernel's checkpatch.pl."""
        return self.tree / "scripts/checkpatch.pl"

    def prepare(self):
        """Fetch and build what is missing; returns self."""
        if self.ready():
            return self
        for tool, package in TOOLS.items():
            need(tool, package)
        with locked(f"kernel-{DEBUG}"):
            if not self.ready():
                self.dir.mkdir(parents=True, exist_ok=True)
                (self.dir / "ready").unlink(missing_ok=True)
                self._fetch()
                self._configure()
                self._build()
                self._keep()
                replace_file(self.dir / "ready", self._key().encode())
                say(f"kernel {DEBUG} is ready: {self.release}")
        return self

    def _fetch(self):
        """The source, in one piece or not at all."""
        if self.tree.exists():
            return
        name = f"linux-source-{BASE}"
        debs = packages.Suite(*series.SUITES[BASE]).download(name)
        with tempfile.TemporaryDirectory(dir=self.dir) as tmp:
            packages.unpack(debs, Path(tmp))
            say(f"unpacking {name}")
            run([need("tar", "tar"), "-xJf", f"{tmp}/usr/src/{name}.tar.xz", "-C", tmp],
                f"unpacking {name}")
            os.rename(f"{tmp}/{name}", self.tree)
        debs[0].unlink()

    def _make(self, *words):
        return [need("make", "make"), "-C", str(self.tree), "ARCH=x86_64", *words]

    def _configure(self):
        """A fragment that asks for what the kernel does not have is a mistake."""
        old = self._config()
        run(self._make("-s", "tinyconfig"), "make tinyconfig")
        run(["sh", "scripts/kconfig/merge_config.sh", "-m", ".config", FRAGMENT],
            "merging debug.config", cwd=self.tree)
        run(self._make("-s", "olddefconfig"), "make olddefconfig")
        taken = set(self._config().splitlines())
        wanted = re.findall(r"^(?:CONFIG_\w+=.*|# CONFIG_\w+ is not set)$",
                            FRAGMENT.read_text(encoding="ascii"), re.M)
        refused = [line for line in wanted if line not in taken]
        if refused:
            raise LabError(f"kernel {DEBUG} does not take {', '.join(refused)}; "
                           "correct scripts/testlab/debug.config")
        if old == self._config():
            say(f"going on with the build of kernel {DEBUG}")

    def _config(self):
        try:
            return (self.tree / ".config").read_text(encoding="ascii")
        except OSError:
            return ""

    def _build(self):
        say(f"building kernel {DEBUG} (6 minutes on two CPUs, 2 GiB)")
        log = self.dir / "build.log"
        started = spoken = time.monotonic()
        files = 0
        # It must not go on without the lock that we hold.
        argv = [need("setpriv", "util-linux"), "--pdeathsig", "TERM",
                *self._make(f"-j{os.cpu_count() or 1}", "bzImage", "modules")]
        with open(log, "w", encoding="utf-8") as out, \
                subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True, errors="replace") as make:
            for line in make.stdout:
                out.write(line)
                files += line.startswith("  ")
                if time.monotonic() - spoken >= PROGRESS:
                    spoken = time.monotonic()
                    say(f"  {files} files after {spoken - started:.0f} s")
        if make.returncode:
            tail = log.read_text(encoding="utf-8").splitlines()[-12:]
            raise LabError("\n  ".join([f"building kernel {DEBUG} failed; see {log}:", *tail]))

    def _keep(self):
        """Copies of what is booted, which a build that goes on later does not touch."""
        for part in (self.root, self.modules, self.dir / "modules-vmx",
                     self.dir / "modules-spare"):
            shutil.rmtree(part, ignore_errors=True)
        for stale in self.dir.glob("base-*"):
            stale.unlink()
        run(self._make("-s", f"INSTALL_MOD_PATH={self.root}", "modules_install"),
            "make modules_install")
        release = run(self._make("-s", "kernelrelease"), "make kernelrelease").split()[-1]
        replace_file(self.dir / "release", release.encode())
        shutil.copyfile(self.tree / "arch/x86/boot/bzImage", self.vmlinuz)
        self._unpack_modules()
