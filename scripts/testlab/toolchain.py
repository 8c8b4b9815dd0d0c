# SPDX-License-Identifier: MIT
"""What builds modules for a series: this host's gcc, or a root with a newer one.

The headers of 7.2 want gcc-16 and a newer C library than Debian 12 has. For those a
small root of the series' own suite is made with debootstrap in the cache; a build runs
in it with chroot, in a mount namespace of its own, so that no mount outlives it.
"""

import os
import shlex
import shutil

from . import packages
from .common import LabError, cache_dir, locked, need, replace_file, run, say

RECIPE = "1"
OWN_ROOT = {"7.2": "forky"}
# What linux-headers and linux-kbuild depend on.
PACKAGES = "gcc-16-for-host,make,kmod,pahole,libelf1t64,libssl3t64,zlib1g"


class Toolchain:
    """How to run a build command for KERNEL."""

    def __init__(self, kernel):
        self.kernel = kernel
        self.suite = OWN_ROOT.get(kernel.series)
        self.root = cache_dir() / "roots" / self.suite if self.suite else None

    def _ready(self):
        try:
            return (self.root / ".ready").read_text(encoding="ascii") == RECIPE
        except OSError:
            return False

    def prepare(self):
        """Make the root if one is needed and missing; returns self."""
        if not self.root or self._ready():
            return self
        if os.geteuid() != 0:
            raise LabError(f"building for {self.kernel.series} needs a root of {self.suite}, "
                           "which only root can make; run once: sudo scripts/kernels fetch "
                           f"{self.kernel.series}, with ZXH_CACHE={cache_dir()}")
        debootstrap = need("debootstrap", "debootstrap")
        with locked(f"root-{self.suite}"):
            if not self._ready():
                self._bootstrap(debootstrap)
        return self

    def _bootstrap(self, debootstrap):
        say(f"making a root of {self.suite} with its compiler (some minutes, 1 GiB)")
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.parent.mkdir(parents=True, exist_ok=True)
        mirror = packages.Suite(self.suite).mirror()
        try:
            # The suite may be younger than this host's debootstrap; sid's script fits it.
            run([debootstrap, "--variant=minbase", f"--include={PACKAGES}", "--arch=amd64",
                 self.suite, self.root, mirror, "/usr/share/debootstrap/scripts/sid"],
                f"debootstrap of {self.suite}")
        except LabError as err:
            raise LabError(f"{err}\n{packages.RETRY}") from err
        shutil.rmtree(self.root / "var/cache/apt/archives", ignore_errors=True)
        replace_file(self.root / ".ready", RECIPE.encode())

    def command(self, argv, folders):
        """ARGV as it must be run here; FOLDERS are what it needs, at their own paths."""
        argv = [str(a) for a in argv]
        if not self.root:
            return argv
        if os.geteuid() != 0:
            raise LabError(f"building for {self.kernel.series} runs in a root of "
                           f"{self.suite}, which needs root; run the command with sudo")
        script = ["set -e", f"mount -t proc proc {shlex.quote(str(self.root))}/proc"]
        for folder in folders:
            inside = f"{self.root}{folder}"
            os.makedirs(inside, exist_ok=True)
            script.append(f"mount --bind {shlex.quote(str(folder))} {shlex.quote(inside)}")
        script.append(f'exec chroot {shlex.quote(str(self.root))} "$@"')
        return [need("unshare", "util-linux"), "-m", "sh", "-c", "\n".join(script), "sh", *argv]
