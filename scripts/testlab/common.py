# SPDX-License-Identifier: MIT
"""What every part of the test lab needs: its paths, errors, locks and subprocesses."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
SERIES = ("6.1", "6.12", "7.2")
DEBUG = "debug"		# the kernel built here, see debugkernel.py
KERNELS = (*SERIES, DEBUG)


class LabError(Exception):
    """Something the user has to know and can act on; its text is one sentence."""


def cache_dir():
    """The folder outside the repository where fetched and derived files are kept."""
    path = os.environ.get("ZXH_CACHE")
    if not path:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        path = os.path.join(base, "zx_hyp")
    path = Path(path).absolute()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise LabError(f"cannot make the cache folder {path} ({err.strerror}); "
                       "name another one in ZXH_CACHE") from err
    return path


def say(text):
    """Progress, for the user's eyes only: never on stdout."""
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def locked(name):
    """Hold the cache-wide lock NAME; the kernel drops it if we die."""
    path = cache_dir() / f"{name}.lock"
    with open(path, "w", encoding="ascii") as lock:
        patience = threading.Timer(5, say, [f"waiting for another run that prepares {name}"])
        patience.start()
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
        finally:
            patience.cancel()
        yield


def need(tool, package):
    """Return the path of TOOL, or say which Debian package brings it."""
    path = shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise LabError(f"{tool} is missing; install it with: apt-get install {package} "
                       "(or run scripts/deps machine)")
    return path


def run(argv, what, **kwargs):
    """Run ARGV and return its stdout; a failure carries the end of its output."""
    kwargs.setdefault("stdin", subprocess.DEVNULL)
    done = subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False, **kwargs)
    if done.returncode:
        tail = (done.stderr or done.stdout).strip().splitlines()[-12:]
        raise LabError("\n  ".join([f"{what} failed (exit {done.returncode}):", *tail]))
    return done.stdout


def replace_file(path, data):
    """Write DATA to PATH so that a reader sees the old file or the whole new one."""
    tmp = path.with_name(f".{path.name}.{os.getpid()}")
    tmp.write_bytes(data)
    tmp.rename(path)
