# SPDX-License-Identifier: MIT
"""Test programs that run on this host: unit tests, and scripts that use test machines."""

import os
import subprocess
import time

from . import ktap
from .common import REPO, need

LIMIT = 1800	# seconds a program may take


def programs(folder):
    """The executable files of FOLDER: name -> argv."""
    return {path.stem: [str(path)] for path in sorted((REPO / folder).glob("*"))
            if path.is_file() and os.access(path, os.X_OK)}


def child_of_ours(argv):
    """ARGV so that it ends when the thread that started it does, however that dies."""
    return [need("setpriv", "util-linux"), "--pdeathsig", "TERM", *argv]


def run(name, argv, tally, show, started=lambda child: None):
    """One program, its output judged as it comes; STARTED gets its process."""
    program = ktap.Program(name, tally, show)
    env = dict(os.environ, CK_TAP_LOG_FILE_NAME="-", CK_VERBOSITY="silent")
    since = time.monotonic()
    with subprocess.Popen(child_of_ours(["timeout", "-k", "10", str(LIMIT), *argv]), text=True,
                          env=env, cwd=REPO, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, errors="replace") as child:
        started(child)
        for line in child.stdout:
            program.feed(line)
        status = child.wait()
    program.end(status)
    show(f"# {name}: {time.monotonic() - since:.1f} s")
