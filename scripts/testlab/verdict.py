# SPDX-License-Identifier: MIT
"""Reads what a test machine reported and says whether its kernel is still sound."""

import re

# Each of these in the kernel's log fails a run, whoever caused it.
START = r"^(?:\[[^\]]*\]\s*)?"	# of a record, after its time stamp
SPLAT = re.compile(
    START + r"(?:WARNING: |BUG: |INFO: (?:task|rcu|lockdep|trying)|=+$)"
    r"|kernel BUG at|\bOops\b|KASAN|KCSAN|KFENCE: |UBSAN|Call Trace|general protection"
    r"|[Uu]nable to handle|Kernel panic|rcu: INFO|self-detected stall|detected stalls"
    r"|blocked for more than|soft lockup|hard LOCKUP|kmemleak: \d+ new|refcount_t:"
    r"|locking dependency|locking detected|inconsistent lock state|suspicious RCU"
    r"|sleeping function called|scheduling while atomic|Bad page|list_(?:add|del) corruption"
    r"|cut here")
TRACE = re.compile(START + r"Call Trace:$")
# A test that has memory run out says so first (zxtest_memory_runs_out()). Until it says that
# this is over, each of these records has one trace, which is then no splat.
SHORTAGE_BEGIN = "zxtest: memory runs out on purpose"
SHORTAGE_END = "zxtest: memory is back"
SHORTAGE = re.compile(r"page allocation failure|vmalloc error|invoked oom-killer")
TRACE_WITHIN = 12	# lines after it
# Loading a module from outside the kernel tree, unsigned, sets these two.
TAINT_ALLOWED = {12: "out-of-tree", 13: "unsigned"}
TAINT_NAMES = {
    0: "proprietary module", 1: "forced load", 2: "SMP on a UP kernel", 3: "forced unload",
    4: "machine check", 5: "bad page", 6: "user request", 7: "oops or BUG", 8: "ACPI override",
    9: "warning", 10: "staging driver", 11: "firmware workaround", 12: "out-of-tree module",
    13: "unsigned module", 14: "soft lockup", 15: "live patch", 16: "auxiliary",
    17: "struct randomization", 18: "in-kernel test",
}
SHOWN = 20	# lines of the log shown around a splat


class Report:
    """The sections that init.c sent, by name; the log as one line a record."""

    def __init__(self, data):
        self.sections = {}
        self.log = []
        self.first_seq = None
        at = 0
        while at < len(data):
            head, found, _ = data[at:].partition(b"\n")
            match = re.fullmatch(rb"@([\w-]+) (\d+)", head)
            if not found or not match:
                break
            at += len(head) + 1
            body = data[at:at + int(match[2])].decode(errors="replace")
            at += int(match[2])
            if at > len(data):
                break	# cut short
            if match[1] == b"kmsg":
                self._record(body)
            else:
                self.sections[match[1].decode()] = body

    def _record(self, body):
        prefix, _, text = body.partition(";")
        fields = prefix.split(",")
        if self.first_seq is None:
            self.first_seq = int(fields[1])
        stamp = int(fields[2]) / 1e6
        self.log.append(f"[{stamp:12.6f}] " + text.split("\n")[0])

    def get(self, name):
        """The text of a section, or None."""
        return self.sections.get(name)

    @property
    def complete(self):
        """Did init get to its end?"""
        return "end" in self.sections


def find_splat(log):
    """The index of the first splat in LOG (a list of lines), or None."""
    meant, traces, until = False, 0, -1
    for i, line in enumerate(log):
        if SHORTAGE_BEGIN in line or SHORTAGE_END in line:
            meant = SHORTAGE_BEGIN in line
        elif SHORTAGE.search(line) and meant:
            traces, until = traces + 1, i + TRACE_WITHIN
        elif SPLAT.search(line):
            if not TRACE.search(line) or not traces or i > until:
                return i
            traces -= 1
    return None


def splat_lines(log):
    """The first splat in LOG with what follows it; else nothing."""
    at = find_splat(log)
    return [] if at is None else log[at:at + SHOWN]


def _judge_log(report):
    if report.get("kmsg-lost") or report.first_seq != 0:
        return ["the kernel's log overran, so it cannot be checked"], []
    lines = splat_lines(report.log)
    if lines:
        return ["the kernel's log holds a splat"], lines
    return [], []


def _judge_taint(report):
    taint = int(report.get("taint") or 0)
    names = [TAINT_NAMES.get(bit, f"bit {bit}") for bit in range(64)
             if taint >> bit & 1 and bit not in TAINT_ALLOWED]
    return [f"the kernel is tainted: {', '.join(names)}"] if names else []


def _judge_module(report):
    if report.get("unload") is None:
        return []
    faults = []
    objects = (report.get("objects") or "").strip()
    if objects == "missing":
        faults.append("the module shows no debugfs file `objects`, so leaks cannot be seen")
    elif objects:
        faults.append(f"the module still has live objects: {', '.join(objects.splitlines())}")
    if report.get("refcnt") != "0":
        faults.append(f"the module is still referenced ({report.get('refcnt')} times)")
    if report.get("unload") != "ok":
        faults.append(f"the module does not unload: {report.get('unload')}")
    return faults


def judge(report, console):
    """Returns (faults, lines): what is wrong, one phrase each, and log lines that show it."""
    if not report.complete or report.get("fatal"):
        lines = splat_lines(console)
        what = "the machine's kernel died" if lines else "the machine ended without a report"
        if report.get("fatal"):
            what = f"the machine's init failed: {report.get('fatal')}"
        return [what], lines or console[-SHOWN:]
    faults, lines = _judge_log(report)
    if report.get("load"):
        faults.append(f"a module did not load: {report.get('load').strip()}")
        lines = lines or report.log[-SHOWN:]
    faults += _judge_taint(report)
    faults += _judge_module(report)
    if (report.get("kmemleak") or "").strip():
        faults.append("kmemleak found leaked memory")
        lines = lines + report.get("kmemleak").splitlines()[:SHOWN]
    if report.get("kmemleak-off"):
        faults.append(f"kmemleak stopped watching: {report.get('kmemleak-off')}")
    return faults, lines
