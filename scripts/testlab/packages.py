# SPDX-License-Identifier: MIT
"""Debian packages of any suite, unpacked aside; the system's own apt state is not touched."""

import os
import platform
import re
import subprocess

from .common import LabError, cache_dir, locked, need, run, say

RETRY = "check the network and /etc/apt, then run the same command again"


def _mirrors():
    """The archive's and the security archive's URI, from the system's own apt sources."""
    need("apt-get", "apt")
    out = run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)",
               "Created-By: Packages"], "apt-get indextargets")
    rows = [line.split() for line in out.splitlines() if len(line.split()) == 2]
    own = platform.freedesktop_os_release().get("VERSION_CODENAME")
    # Other archives may use the same suite names: prefer what is called debian.
    main = sorted((not re.search(r"/debian(\.list)?/?$", uri), uri) for uri, suite in rows
                  if suite in (own, "stable", "testing", "unstable", "sid"))
    security = [uri for uri, suite in rows if suite.endswith("-security")]
    if not main:
        raise LabError("apt's sources name no Debian archive; add one to "
                       "/etc/apt/sources.list.d and run the same command again")
    return main[0][1], (security[0] if security else None)


class Suite:
    """Packages of one Debian suite, through a private apt state in the cache."""

    def __init__(self, name, security=None, components="main", sources=False):
        self.name = name
        self.dir = cache_dir() / "apt" / name
        self.security = security
        self.components = components
        self.sources = sources
        self.fresh = False

    def mirror(self):
        """One server of this suite, for tools that do not know apt's lists of mirrors."""
        uri = _mirrors()[0]
        if uri.startswith("mirror+file:"):
            with open(uri.removeprefix("mirror+file:").rstrip("/"), encoding="ascii") as f:
                uri = f.readline().split()[0]
        return uri

    def _options(self):
        return ["-o", f"Dir::State={self.dir}/state",
                "-o", f"Dir::State::status={self.dir}/status",
                "-o", f"Dir::Cache={self.dir}/cache",
                "-o", f"Dir::Etc::SourceList={self.dir}/sources.list",
                "-o", "Dir::Etc::SourceParts=-", "-o", "Dir::Etc::Preferences=-",
                "-o", "Dir::Etc::PreferencesParts=-",
                "-o", "APT::Architecture=amd64", "-o", "APT::Architectures::=amd64",
                "-o", "APT::Sandbox::User=", "-o", "Acquire::Retries=3",
                "-o", "Acquire::Languages=none"]

    def update(self):
        """Fetch the package lists, once per process."""
        if self.fresh:
            return
        with self._locked():
            self._update()
        self.fresh = True

    def _locked(self):
        """Two runs may want packages of one suite; apt would not wait for the other."""
        return locked(f"apt-{self.name}")

    def _update(self):
        for sub in ("state/lists/partial", "cache/archives/partial", "debs"):
            (self.dir / sub).mkdir(parents=True, exist_ok=True)
        (self.dir / "status").touch()
        main, security = _mirrors()
        lines = [f"deb [arch=amd64] {main} {self.name} {self.components}"]
        if self.sources:
            lines.append(f"deb-src {main} {self.name} {self.components}")
        if self.security and security:
            lines.append(f"deb [arch=amd64] {security} {self.security} {self.components}")
        (self.dir / "sources.list").write_text("\n".join(lines) + "\n", encoding="utf-8")
        say(f"reading the package lists of {self.name}")
        try:
            run(["apt-get", *self._options(), "--error-on=any", "update"], f"apt-get update for {self.name}")
        except LabError as err:
            raise LabError(f"{err}\n{RETRY}") from err

    def _show(self, package):
        """The newest version's control fields of PACKAGE."""
        self.update()
        done = subprocess.run(["apt-cache", *self._options(), "show", "--no-all-versions",
                               package], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True, check=False)
        fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", done.stdout, re.M))
        if not fields:
            raise LabError(f"{self.name} has no package {package}")
        return fields

    def version(self, package):
        """The newest version of PACKAGE."""
        return self._show(package)["Version"]

    def depends(self, package, prefix):
        """The first dependency of PACKAGE whose name starts with PREFIX."""
        words = re.split(r"[,|]\s*", self._show(package).get("Depends", ""))
        for word in words:
            name = word.split()[0] if word.split() else ""
            if name.startswith(prefix):
                return name
        raise LabError(f"{package} of {self.name} depends on no {prefix}* package")

    def download(self, *names):
        """Download packages (kept in the cache) and return their .deb paths."""
        self.update()
        with self._locked():
            return [self._download(name) for name in names]

    def _download(self, name):
        fields = self._show(name)
        stored = self.dir / "debs" / os.path.basename(fields["Filename"])
        if stored.exists():
            return stored
        say(f"downloading {name} {fields['Version']} "
            f"({int(fields['Size']) // (1 << 20) + 1} MiB)")
        part = self.dir / "debs" / "partial"
        part.mkdir(exist_ok=True)
        try:
            run(["apt-get", *self._options(), "download", f"{name}={fields['Version']}"],
                f"downloading {name}", cwd=part)
        except LabError as err:
            raise LabError(f"{err}\n{RETRY}") from err
        found = sorted(part.glob(f"{name}_*.deb"))
        if not found:
            raise LabError(f"apt-get downloaded no {name}; {RETRY}")
        found[0].rename(stored)
        return stored

    def source(self, name, folder):
        """Download the original source of NAME into FOLDER; returns the tarball's path."""
        self.update()
        say(f"downloading the source of {name}")
        try:
            with self._locked():
                run(["apt-get", *self._options(), "source", "--download-only", "--tar-only",
                     name], f"downloading the source of {name}", cwd=folder)
        except LabError as err:
            raise LabError(f"{err}\n{RETRY}") from err
        found = sorted(folder.glob(f"{name}_*.orig.tar.*"))
        if not found:
            raise LabError(f"apt-get downloaded no source of {name}; {RETRY}")
        return found[0]


def unpack(debs, root):
    """Unpack DEBS below ROOT, without running anything of theirs."""
    need("dpkg-deb", "dpkg")
    root.mkdir(parents=True, exist_ok=True)
    for deb in debs:
        run(["dpkg-deb", "-x", deb, root], f"unpacking {deb.name}")
