#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The readers of the lab: KTAP is read strictly, and every kind of splat is seen."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../scripts"))
sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
from testlab import ktap, sidebyside, verdict  # noqa: E402

GOOD = "KTAP version 1\n1..2\nok 1 - a\nok 2 - b\n"
# name, output, exit status -> passed, failed, skipped
PROGRAMS = (
    ("two passes are two passes", GOOD, 0, (2, 0, 0)),
    ("a failure is a failure", "KTAP version 1\n1..2\nok 1 a\nnot ok 2 b\n", 1, (1, 1, 0)),
    ("a skip is a skip", "1..1\nok 1 - a # SKIP no such CPU\n", 0, (0, 0, 1)),
    ("a whole program may skip", "1..0 # SKIP no device\n", 4, (0, 0, 1)),
    ("an excused failure still fails", "1..1\nnot ok 1 - a # TODO later\n", 0, (0, 1, 0)),
    ("a missing plan fails", "KTAP version 1\nok 1 - a\n", 0, (1, 1, 0)),
    ("an empty plan fails", "1..0\n", 0, (0, 1, 0)),
    ("two plans fail", "1..1\n1..1\nok 1 - a\n", 0, (1, 1, 0)),
    ("a test that did not come fails", "1..2\nok 1 - a\n", 0, (1, 1, 0)),
    ("a test too many fails", "1..1\nok 1 - a\nok 2 - b\n", 0, (2, 1, 0)),
    ("a number out of turn fails", "1..2\nok 2 - b\nok 1 - a\n", 0, (2, 2, 0)),
    ("nested results fail", "1..1\n    ok 1 - inner\nok 1 - a\n", 0, (1, 1, 0)),
    ("a bail-out fails", "1..1\nBail out! broken\nok 1 - a\n", 0, (1, 1, 0)),
    ("no output fails", "", 0, (0, 1, 0)),
    ("a status without a failed test fails", GOOD, 3, (2, 1, 0)),
    ("a program that never ended fails", GOOD, None, (2, 1, 0)),
)
SPLATS = (
    "[    3.1] WARNING: CPU: 0 PID: 77 at driver/vcpu.c:10 zx+0x1/0x2 [zx_hyp]",
    "[    3.1] ------------[ cut here ]------------",
    "[    3.1] BUG: kernel NULL pointer dereference, address: 0000000000000008",
    "[    3.1] BUG: sleeping function called from invalid context at mm/slab.h:1",
    "[    3.1] BUG: KASAN: slab-use-after-free in zx_close+0x1/0x2",
    "[    3.1] kernel BUG at mm/slub.c:305!",
    "[    3.1] Oops: 0002 [#1] PREEMPT SMP NOPTI",
    "[    3.1] general protection fault, probably for non-canonical address: 0000 [#1]",
    "[    3.1] Kernel panic - not syncing: Fatal exception",
    "[    3.1] UBSAN: array-index-out-of-bounds in driver/apic.c:9:3",
    "[    3.1] WARNING: possible circular locking dependency detected",
    "[    3.1] WARNING: suspicious RCU usage",
    "[    3.1] INFO: task vcpu:91 blocked for more than 120 seconds.",
    "[    3.1] rcu: INFO: rcu_preempt self-detected stall on CPU",
    "[    3.1] watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [vcpu:90]",
    "[    3.1] refcount_t: underflow; use-after-free.",
    "[    3.1] list_del corruption, ffff->next is LIST_POISON1",
    "[    3.1] kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)",
    "[    3.1] Call Trace:",
)
# Memory ran out: the kernel shows where, which is no bug when a test meant it to.
SHORTAGES = (
    "[    3.1] vcpu: page allocation failure: order:0, mode:0xcc0(GFP_KERNEL)",
    "[    3.1] vcpu: vmalloc error: size 4096, page order 0, failed to allocate pages",
    "[    3.1] hog invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0",
)
MEANT = f"[    3.0] {verdict.SHORTAGE_BEGIN}: a_test"
OVER = f"[    3.2] {verdict.SHORTAGE_END}"
TRACE = "[    3.1] Call Trace:"
HARMLESS = (
    "[    0.4] Speculative Return Stack Overflow: WARNING: See https://kernel.org/ for options.",
    "[    0.4] zx_hyp: loading out-of-tree module taints kernel.",
    "[    0.4] kvm: Nested Virtualization enabled",
    "[    0.4] rcu: Hierarchical RCU implementation.",
    "[    0.4] x86/bugs: debug output",
)


def tally_of(output, status):
    """What the reader makes of one program."""
    tally = ktap.Tally()
    program = ktap.Program("p", tally, lambda line: None)
    for line in output.splitlines():
        program.feed(line)
    program.end(status)
    return tally.passed, tally.failed, tally.skipped


def counts_of(output):
    """What the reader counted in the output of one program."""
    tally = ktap.Tally()
    program = ktap.Program("p", tally, lambda line: None)
    for line in output.splitlines():
        program.feed(line)
    return tally.counts


def shown(*said):
    """What a screen of a and b has shown after SAID: pairs of a name and a line, or None
    when it is done."""
    lines = []
    screen = sidebyside.Screen(("a", "b"), lines.append)
    for name, line in said:
        if line:
            screen.show(name, line)
        else:
            screen.end(name)
    return lines


def report_of(**sections):
    """A complete report with one clean record in the log and SECTIONS."""
    text = "@kmsg 16\n6,0,1,-;Linux..\n"
    good = {"load": "", "status": "0", "refcnt": "0", "objects": "", "unload": "ok",
            "taint": "12288"}
    for name, body in {**good, **sections}.items():
        text += f"@{name.replace('_', '-')} {len(body)}\n{body}"
    return verdict.Report((text + "@end 0\n").encode())


def faults(report):
    """How many things stand against this report."""
    return len(verdict.judge(report, [])[0])


def shortages():
    """What is read from a log when memory runs out: pairs as of tests()."""
    for line in SHORTAGES:
        name = line[10:35].strip()
        for what, red, log in (
                ("its trace is harmless when it is meant", False, [MEANT, line, TRACE, OVER]),
                ("two have two traces", False, [MEANT, line, line, TRACE, TRACE]),
                ("its trace is seen when it is not", True, [line, TRACE]),
                ("its trace is seen when that is over", True, [MEANT, OVER, line, TRACE]),
                ("a second trace is seen", True, [MEANT, line, TRACE, TRACE]),
                ("a late trace is seen", True, [MEANT, line, *["-"] * 20, TRACE]),
                ("a splat before it is seen", True, [MEANT, SPLATS[0], TRACE, line, TRACE]),
                ("a splat in its trace is seen", True, [MEANT, line, TRACE, SPLATS[4]])):
            yield f"{name}: {what}", bool(verdict.splat_lines(log)) == red


def tests():
    """Pairs of a name and whether it holds."""
    for name, output, status, want in PROGRAMS:
        yield name, tally_of(output, status) == want
    yield "counts are summed", counts_of("# counted: 2 kills\n# counted: 3 kills\n") == {"kills": 5}
    yield "the first machine is shown at once", shown(("a", "1"), ("b", "2")) == ["1"]
    yield ("the second is shown when the first is done",
           shown(("b", "2"), ("a", "1"), ("a", None), ("b", "3")) == ["1", "2", "3"])
    yield ("one that is done before its turn is shown in its turn",
           shown(("b", "2"), ("b", None), ("a", "1"), ("a", None)) == ["1", "2"])
    for line in SPLATS:
        yield f"seen: {line[10:55].strip()}", bool(verdict.splat_lines(["[0.1] fine", line]))
    for line in HARMLESS:
        yield f"harmless: {line[10:50].strip()}", not verdict.splat_lines([line])
    yield "a clean report is green", faults(report_of()) == 0
    yield "a warning's taint is red", faults(report_of(taint=str(12288 | 1 << 9))) == 1
    yield "a reference is red", faults(report_of(refcnt="1")) == 1
    yield "an object is red", faults(report_of(objects="guest 1\n")) == 1
    yield "missing object counts are red", faults(report_of(objects="missing")) == 1
    yield "leaked memory is red", faults(report_of(kmemleak="unreferenced object\n")) == 1
    yield "a leak detector that gave up is red", faults(report_of(kmemleak_off="EPERM")) == 1
    yield "no leaked memory is green", faults(report_of(kmemleak="")) == 0
    yield from shortages()
    yield "a module that stays is red", faults(report_of(unload="Device busy")) == 1
    yield "a module that did not load is red", faults(report_of(load="x: bad\n")) == 1
    yield "an overrun log is red", faults(report_of(kmsg_lost="lost")) == 1
    yield "a report cut short is red", faults(verdict.Report(b"@status 1\n0")) == 1


def main():
    """Print KTAP."""
    results = list(tests())
    print(f"KTAP version 1\n1..{len(results)}")
    for nr, (name, good) in enumerate(results, 1):
        print(f"{'' if good else 'not '}ok {nr} - {name}")
    return 0 if all(good for _, good in results) else 1


if __name__ == "__main__":
    sys.exit(main())
