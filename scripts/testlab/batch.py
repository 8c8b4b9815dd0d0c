# SPDX-License-Identifier: MIT
"""The device programs in the test machines: one machine runs many, and has a column."""

import contextlib
import re
import subprocess
import tempfile
import time
from pathlib import Path

from . import host, ktap, verdict
from .common import DEBUG, REPO

DEFAULT = "svm-6.1"
# Seconds a program may take: so many, and so many more for each percent of the full counts.
LIMIT = 120
LIMIT_PERCENT = 20
SLOW = {"vmx": 5, DEBUG: 5}	# how much longer a machine takes
BOOT = 120	# seconds in which any machine is up, or gone
# Seconds that a run needs after its last program has begun: that one's own, and the
# scripts of selftests/harness.
LAST = 900


class Task:
    """What a column does at the moment."""

    def __init__(self, name):
        self.name = name
        self.started = time.monotonic()

    def seconds(self):
        """How long that has been."""
        return time.monotonic() - self.started


class Column:
    """One machine of the matrix, called CPU-KERNEL, and the sums of its results."""

    def __init__(self, name, show, cores, rank, scale=None, crowd_scale=None):
        self.name = name
        self.rank = rank	# the lowest gets the host's CPUs first
        self.cpu, _, self.kernel = name.partition("-")
        self.prefix = "" if name == DEFAULT else f"{name}/"
        self.limit = ((LIMIT + LIMIT_PERCENT * int(scale or 0)) * SLOW.get(self.cpu, 1) *
                      SLOW.get(self.kernel, 1))
        self.scale = scale
        self.crowd_scale = crowd_scale
        self.tally = ktap.Tally()
        self.cores = cores
        self.show = lambda line: show(name, line)
        self.seconds = 0.0
        self.stopped = False
        self.child = None	# scripts/vm, while a machine runs
        self.task = None
        self.clock = None	# if it has one, no program begins when it is late

    def run(self, names, races, crowds):
        """Run the programs NAMES, those that are RACES or CROWDS on two CPUs, the latter
        at their own scale; these first: machines of one CPU fill the gaps later."""
        if self.scale == self.crowd_scale:
            races, crowds = races + crowds, []
        self._run([name for name in names if name in races], 2, self.scale)
        self._run([name for name in names if name in crowds], 2, self.crowd_scale)
        self._run([name for name in names if name not in races + crowds], 1, self.scale)

    def _run(self, left, smp, scale):
        """After the death of a machine the rest gets a new one."""
        if not left:
            return
        with self._busy(1 if self.cpu == "vmx" else smp):	# all of Bochs is one thread
            while left and not self.stopped:
                left = Batch(self, left, smp, scale).run()
                if left is None and not self.stopped:
                    self.skip_none("no program could be run in it")

    @contextlib.contextmanager
    def _busy(self, cores):
        """Keep CORES of this host busy, and count the time."""
        self.task = Task("waits")
        with self.cores.taken(cores, self.rank):
            started = time.monotonic()
            yield
            self.seconds += time.monotonic() - started
        self.task = None

    def run_on_host(self, name, argv):
        """Run a program of the host that tries something in this machine."""
        with self._busy(1):
            self.task = Task(name)
            host.run(self.prefix + name, argv, self.tally, self.show, self.adopt)

    def adopt(self, child):
        """CHILD is what runs now."""
        self.child = child
        if self.stopped:
            child.terminate()

    def stop(self):
        """End what runs, and start nothing else: from another thread."""
        self.stopped = True
        if self.child:
            self.child.terminate()

    def activity(self):
        """What is going on, in a few words, or None."""
        task = self.task
        return task and f"{self.name} {task.name} {task.seconds():.0f} s"

    def skip_none(self, what):
        """Nothing ran, which is a failure."""
        ktap.Program(f"{self.prefix}machine", self.tally, self.show).fail(what)

    def skip(self, why, what="machine"):
        """The machine, or a program, has no turn."""
        self.tally.skipped += 1
        self.show(f"ok {self.name}: {what} # SKIP {why}")


class Batch:
    """Device programs in one machine; reads the marks of batch.sh."""

    def __init__(self, column, names, smp, scale):
        self.column = column
        self.names = names
        self.smp = smp
        self.env = ["--env", f"SCALE={scale}"] if scale else []
        left = column.clock.left() if column.clock else float("inf")
        if left < float("inf"):
            self.env += ["--env", f"UNTIL={max(0, left - LAST):.0f}"]
        self.current = None	# its output's reader
        self.done = []

    def _program(self, name):
        return ktap.Program(self.column.prefix + name, self.column.tally, self.column.show)

    def _line(self, line):
        match = re.match(r"@@(begin|left|late|end) (.*)$", line.rstrip())
        if not match:
            if self.current:
                self.current.feed(line)
            return
        mark, text = match[1], match[2]
        if mark == "begin":
            self.current = self._program(text)
            self.column.task = Task(text)
        elif mark == "late":
            self.column.skip("no time is left for it", text)
            self.done.append(text)
        elif mark == "left":
            self.current.fail(f"left live objects in the kernel: {text.strip()}")
        else:
            self.current.end(int(text))
            self._close()

    def _close(self):
        task = self.column.task
        self.column.show(f"# {self.current.name}: {task.seconds():.1f} s")
        self.done.append(task.name)
        self.current = None

    def _argv(self, log):
        limit = self.column.limit
        argv = [str(REPO / "scripts/vm"), "run", "--cpu", self.column.cpu,
                "--kernel", self.column.kernel, "--smp", str(self.smp),
                "--silence", str(limit + BOOT), *self.env]
        for name in self.names:
            argv += ["--file", str(REPO / "build/selftests" / name)]
        return argv + ["--log", str(log), "--", str(REPO / "scripts/testlab/batch.sh"),
                       str(limit), *self.names]

    def run(self):
        """Boot, run all, judge; returns the programs that had no turn, None if none had."""
        self.column.task = Task("boots")
        with tempfile.TemporaryDirectory(prefix="zx-check.") as scratch:
            log = Path(scratch, "log")
            with open(Path(scratch, "stderr"), "w+", encoding="utf-8", errors="replace") as err, \
                    subprocess.Popen(host.child_of_ours(self._argv(log)), text=True,
                                     stdin=subprocess.DEVNULL, errors="replace",
                                     stdout=subprocess.PIPE, stderr=err) as child:
                self.column.adopt(child)
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
    """The results of COLUMNS as lines of text, and what their stress tests counted."""
    rows = [("", [c.name for c in columns]),
            ("passed", [c.tally.passed for c in columns]),
            ("failed", [c.tally.failed for c in columns]),
            ("skipped", [c.tally.skipped for c in columns]),
            ("seconds", [round(c.seconds) for c in columns])]
    counted = dict.fromkeys(what for c in columns for what in c.tally.counts)
    rows += [(what, [c.tally.counts.get(what, "") for c in columns]) for what in counted]
    width = max(len(name) for name, _ in rows)
    return [f"# {name:{width}}" + "".join(f"{cell:>11}" for cell in cells)
            for name, cells in rows]
