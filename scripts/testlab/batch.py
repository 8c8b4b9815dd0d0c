# SPDX-License-Identifier: MIT
"""The device programs in the test machines: one machine runs many, and has a column."""

import re
import subprocess
import tempfile
import time
from pathlib import Path

from . import ktap, verdict
from .common import DEBUG, REPO

DEFAULT = "svm-6.1"
LIMIT = 120		# seconds a program may take
SLOW = {"vmx": 5, DEBUG: 3}	# how much longer a machine takes


class Column:
    """One machine of the matrix, called CPU-KERNEL, and the sums of its results."""

    def __init__(self, name, show, scale=None):
        self.name = name
        self.cpu, _, self.kernel = name.partition("-")
        self.prefix = "" if name == DEFAULT else f"{name}/"
        self.limit = LIMIT * SLOW.get(self.cpu, 1) * SLOW.get(self.kernel, 1)
        self.env = ["--env", f"SCALE={scale}"] if scale else []
        self.tally = ktap.Tally()
        self.show = show
        self.seconds = 0.0

    def run(self, names, races):
        """Run the programs NAMES, those that are RACES on two CPUs."""
        started = time.monotonic()
        self._run([name for name in names if name not in races], 1)
        self._run([name for name in names if name in races], 2)
        self.seconds += time.monotonic() - started

    def _run(self, left, smp):
        """After the death of a machine the rest gets a new one."""
        while left:
            left = Batch(self, left, smp).run()
            if left is None:
                self.skip_none("no program could be run in it")

    def skip_none(self, what):
        """Nothing ran, which is a failure."""
        ktap.Program(f"{self.prefix}machine", self.tally, self.show).fail(what)

    def skip(self, why):
        """The machine is not there."""
        self.tally.skipped += 1
        self.show(f"ok {self.name}: machine # SKIP {why}")


class Batch:
    """Device programs in one machine; reads the marks of batch.sh."""

    def __init__(self, column, names, smp):
        self.column = column
        self.names = names
        self.smp = smp
        self.current = None	# its output's reader
        self.running = None	# its name
        self.done = []
        self.started = 0.0

    def _program(self, name):
        return ktap.Program(self.column.prefix + name, self.column.tally, self.column.show)

    def _line(self, line):
        match = re.match(r"@@(begin|left|end) (.*)$", line.rstrip())
        if not match:
            if self.current:
                self.current.feed(line)
            return
        mark, text = match[1], match[2]
        if mark == "begin":
            self.current = self._program(text)
            self.running = text
            self.started = time.monotonic()
        elif mark == "left":
            self.current.fail(f"left live objects in the kernel: {text.strip()}")
        else:
            self.current.end(int(text))
            self._close()

    def _close(self):
        self.column.show(f"# {self.current.name}: {time.monotonic() - self.started:.1f} s")
        self.done.append(self.running)
        self.current = None

    def _argv(self, log):
        limit = self.column.limit
        argv = [str(REPO / "scripts/vm"), "run", "--cpu", self.column.cpu,
                "--kernel", self.column.kernel, "--smp", str(self.smp),
                "--timeout", str(60 + limit * len(self.names)), *self.column.env]
        for name in self.names:
            argv += ["--file", str(REPO / "build/selftests" / name)]
        return argv + ["--log", str(log), "--", str(REPO / "scripts/testlab/batch.sh"),
                       str(limit), *self.names]

    def run(self):
        """Boot, run all, judge; returns the programs that had no turn, None if none had."""
        with tempfile.TemporaryDirectory(prefix="zx-check.") as scratch:
            log = Path(scratch, "log")
            with open(Path(scratch, "stderr"), "w+", encoding="utf-8", errors="replace") as err, \
                    subprocess.Popen(self._argv(log), text=True, stdin=subprocess.DEVNULL,
                                     errors="replace", stdout=subprocess.PIPE,
                                     stderr=err) as child:
                for line in child.stdout:
                    self._line(line)
                status = child.wait()
                err.seek(0)
                complaint = err.read()
            culprit = blame(log)
        if self.current:
            self.current.end(None)
            self._close()
        if status:
            during = f" (during {culprit})" if culprit else ""
            self._program("machine").fail(f"the run ended with status {status}{during}")
            self.column.show(complaint.rstrip())
        return [name for name in self.names if name not in self.done] if self.done else None


def blame(log):
    """The program that ran when the first splat of LOG was printed."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    for line in reversed(lines[:verdict.find_splat(lines) or 0]):
        mark = re.search(r"zx-check: (begin|end) (\S+)", line)
        if mark:
            return mark[2] if mark[1] == "begin" else None
    return None


def table(columns):
    """The results of COLUMNS as lines of text."""
    rows = [("", [c.name for c in columns]),
            ("passed", [c.tally.passed for c in columns]),
            ("failed", [c.tally.failed for c in columns]),
            ("skipped", [c.tally.skipped for c in columns]),
            ("seconds", [round(c.seconds) for c in columns])]
    return [f"# {name:8}" + "".join(f"{cell:>11}" for cell in cells) for name, cells in rows]
