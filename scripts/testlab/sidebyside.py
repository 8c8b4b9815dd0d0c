# SPDX-License-Identifier: MIT
"""Several machines at a time, whose results read as if one had come after the other."""

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait

from .common import say

NEWS = 60	# seconds between two lines that tell what is going on


class Screen:
    """What each of NAMES says, in that order: the first that is not done is shown as it
    speaks, what those behind it say is kept until it is their turn."""

    def __init__(self, names, write):
        self.lock = threading.Lock()
        self.kept = {name: [] for name in names}
        self.done = set()
        self.write = write

    def show(self, name, line):
        """NAME says LINE."""
        with self.lock:
            self.kept[name].append(line)
            self._flush()

    def end(self, name):
        """NAME has said all."""
        with self.lock:
            self.done.add(name)
            self._flush()

    def _flush(self):
        for name in list(self.kept):
            for line in self.kept[name]:
                self.write(line)
            self.kept[name].clear()
            if name not in self.done:
                return
            del self.kept[name]


class Cores:
    """The CPUs that machines keep busy, given to who has the lowest rank of those that
    there are enough for.

    An emulated CPU that has to share one with another makes its machine's second CPU
    spin for what the first one holds.
    """

    def __init__(self, count):
        self.count = count
        self.free = count
        self.queue = []
        self.changed = threading.Condition()

    def _first(self):
        return next((one for one in self.queue if one[0] <= self.free), None)

    @contextlib.contextmanager
    def taken(self, count, rank):
        """Hold COUNT of them, or all there are."""
        count = min(count, self.count)
        me = [count, rank]
        with self.changed:
            self.queue.append(me)
            self.queue.sort(key=lambda one: one[1])
            self.changed.wait_for(lambda: self._first() is me)
            self.queue.remove(me)
            self.free -= count
            self.changed.notify_all()
        try:
            yield
        finally:
            with self.changed:
                self.free += count
                self.changed.notify_all()


def run(columns, jobs, work):
    """Do WORK(column) for all COLUMNS, JOBS at a time, begun in their order."""
    started = time.monotonic()
    with ThreadPoolExecutor(jobs) as pool:
        left = [pool.submit(work, column) for column in columns]
        futures = list(left)
        try:
            while left:
                left = wait(left, NEWS).not_done
                if left:
                    busy = ", ".join(filter(None, (column.activity() for column in columns)))
                    say(f"check: {(time.monotonic() - started) / 60:.0f} min: {busy}")
            for future in futures:
                future.result()
        except BaseException:
            for future in futures:
                future.cancel()
            for column in columns:
                column.stop()
            raise
