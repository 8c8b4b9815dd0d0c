# SPDX-License-Identifier: MIT
"""A strict reader of KTAP (and TAP, as Check prints it): what is not clearly a pass fails."""

import re

RESULT = re.compile(r"(not )?ok(?: (\d+))?(?: -)?(?: (.*?))?(?:\s*# *(SKIP|TODO|XFAIL)\b ?(.*))?$",
                    re.I)
PLAN = re.compile(r"1\.\.(\d+)(?:\s*# *SKIP\b ?(.*))?$", re.I)
COUNTED = re.compile(r"# counted: (\d+) (.+)$")	# what a stress test has done
SKIP_STATUS = 4		# of a kselftest that has nothing to run


class Tally:
    """Sums of a run, and the names of what failed."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.skipped = 0
        self.failures = []
        self.counts = {}	# of what stress tests did

    def count(self, what, number):
        """WHAT was done NUMBER times more."""
        self.counts[what] = self.counts.get(what, 0) + number

    def add(self, other):
        """Include the sums of OTHER."""
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.failures += other.failures
        for what, number in other.counts.items():
            self.count(what, number)

    def line(self):
        """The closing line."""
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


class Program:
    """The output of one test program, line by line; `show` gets each result as it comes."""

    def __init__(self, name, tally, show):
        self.name = name
        self.tally = tally
        self.show = show
        self.plan = None
        self.seen = 0
        self.left_out = 0	# of them, skipped
        self.skip_all = False
        self.notes = []		# diagnostic lines since the last result

    def fail(self, what):
        """Count a failure that is none of the program's own test lines."""
        self.tally.failed += 1
        self.tally.failures.append(f"{self.name}: {what}")
        self.show(f"not ok {self.name}: {what}")

    def feed(self, line):
        """One line of output."""
        line = line.rstrip("\r\n")
        if re.match(r"\s+(not ok|ok|1\.\.\d+)\b", line):
            self.fail(f"nested results are not understood: {line.strip()}")
        elif PLAN.fullmatch(line):
            self._plan(PLAN.fullmatch(line))
        elif line.startswith("Bail out!"):
            self.fail(line)
        elif re.match(r"(not )?ok\b", line):
            self._result(RESULT.fullmatch(line), line)
        elif COUNTED.match(line):
            number, what = COUNTED.match(line).groups()
            self.tally.count(what, int(number))
        elif line and not re.match(r"K?TAP version \d+$", line):
            self.notes.append(line)

    def _plan(self, match):
        if self.plan is not None:
            self.fail("there are two plans")
        self.plan = int(match[1])
        self.skip_all = self.plan == 0 and match[2] is not None
        if self.skip_all:
            self.tally.skipped += 1
            self.show(f"ok {self.name} # SKIP {match[2]}")
        elif self.plan == 0:
            self.fail("the plan is empty")

    def _result(self, match, line):
        if not match:
            self.fail(f"not a KTAP line: {line}")
            return
        self.seen += 1
        if match[2] and int(match[2]) != self.seen:
            self.fail(f"test {match[2]} came where {self.seen} was due")
        name = f"{self.name}: {match[3] or self.seen}"
        bad, directive = bool(match[1]), (match[4] or "").upper()
        if bad:		# TODO and XFAIL excuse nothing here
            self.tally.failed += 1
            self.tally.failures.append(name)
            self.show(f"not ok {name}")
            for note in self.notes:
                self.show(f"    {note}")
        elif directive == "SKIP":
            self.left_out += 1
            self.tally.skipped += 1
            self.show(f"ok {name} # SKIP {match[5]}")
        else:
            self.tally.passed += 1
            self.show(f"ok {name}")
        self.notes = []

    def end(self, status):
        """The program is gone, with exit STATUS (None: it never said)."""
        before = self.tally.failed
        if self.plan is None:
            self.fail("there is no plan (1..N)")
        elif not self.skip_all and self.seen != self.plan:
            self.fail(f"{self.plan} tests were planned, {self.seen} ran")
        if status is None:
            self.fail("did not end")
        elif status and not (status == SKIP_STATUS and self._all_skipped()) \
                and not self._explained():
            self.fail(f"ended with status {status} though no test failed")
        if self.tally.failed != before:
            for note in self.notes:
                self.show(f"    {note}")

    def _all_skipped(self):
        return self.skip_all or (self.seen and self.left_out == self.seen)

    def _explained(self):
        return any(name.startswith(f"{self.name}: ") for name in self.tally.failures)
