# SPDX-License-Identifier: MIT
"""One run of QEMU: its command line, the channels to it, and its end."""

import math
import os
import selectors
import socket
import subprocess
import sys
import termios
import threading
import time
import tty
from pathlib import Path

from .common import need

# -cx16: QEMU 7.2 leaves EFLAGS corrupt after cmpxchg16b. The other minus signs take out
# what TCG does not have, which it would otherwise complain about.
CPU = ("EPYC,+svm,+npt,-cx16,-rdseed,-sha-ni,-fxsr-opt,-misalignsse,-3dnowprefetch,"
       "-osvw,-topoext,-nrip-save,-xsavec")
APPEND = ("console=ttyS0 loglevel=7 panic=-1 oops=panic nokaslr random.trust_cpu=on "
          "log_buf_len=8M")
CHANNELS = ("report", "stdin", "stdout", "stderr")	# virtio ports 1, 2, ...
ESCAPE = b"\x1d"	# Ctrl-]


def emulated_cpus(smp):
    """How many CPUs a machine has that offers SMP of them.

    Whenever a CPU loads its FPU, QEMU (10.0, 11.1) changes a word of the first CPU's state
    (hflags2), without a lock. There that CPU keeps whether nested paging is on: a guest
    that is entered or left on it at that moment goes on with the wrong page tables. So
    where there are several CPUs the first is one more, on which init lets nothing run.
    """
    return smp + 1 if smp > 1 else 1


class Machine:
    """The settings of a machine and what came out of it."""

    def __init__(self, qemu, kernel, initrd, smp, mem, icount, append, scratch):
        self.qemu = qemu
        self.kernel = kernel
        self.initrd = initrd
        self.smp = smp
        self.mem = mem
        self.icount = icount
        self.append = append
        self.console = Path(scratch) / "console"
        self.report = bytearray()
        self.timed_out = None	# after what
        self.escaped = False

    def _argv(self, fds, tty_fd):
        accel = "tcg,thread=single" if self.icount else "tcg,thread=multi"
        # It must not outlive us, however we die.
        argv = [need("setpriv", "util-linux"), "--pdeathsig", "KILL", *self.qemu,
                "-accel", accel, "-cpu", CPU, "-M", "q35,usb=off", "-m", str(self.mem),
                "-smp", str(emulated_cpus(self.smp)), "-nodefaults", "-no-user-config", "-display", "none",
                "-no-reboot", "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
                "-chardev", f"file,id=console,path={self.console}", "-serial", "chardev:console",
                "-device", "virtio-serial-pci,max_ports=8",
                "-kernel", str(self.kernel), "-initrd", str(self.initrd),
                "-append", f"{APPEND} {self.append}".strip()]
        if self.icount:
            argv += ["-icount", "shift=0,sleep=off"]
        if tty_fd is not None:
            argv += ["-chardev", f"socket,id=tty,fd={tty_fd}", "-device",
                     "virtconsole,chardev=tty,nr=0"]
        for nr, name in enumerate(CHANNELS, 1):
            argv += ["-chardev", f"socket,id={name},fd={fds[name]}", "-device",
                     f"virtserialport,chardev={name},nr={nr}"]
        return argv

    def _start(self, theirs):
        """Start QEMU with THEIRS as the other ends of our streams; returns the process."""
        fds = {name: end.fileno() for name, end in theirs.items()}
        return subprocess.Popen(self._argv(fds, fds.get("tty")), stdin=subprocess.DEVNULL,
                                stdout=sys.stderr, stderr=sys.stderr, close_fds=True,
                                pass_fds=tuple(fds.values()), start_new_session=True)

    def run(self, interactive, timeout, silence=None):
        """Boot, pass the streams through, wait for the end or until the time is up."""
        ours, theirs = {}, {}
        for name in CHANNELS + (("tty",) if interactive else ()):
            ours[name], theirs[name] = socket.socketpair()
        qemu = self._start(theirs)
        for end in theirs.values():
            end.close()
        try:
            with _RawTerminal(interactive):
                Pump(self, ours, qemu).run(timeout, silence)
        finally:
            if qemu.poll() is None:
                qemu.kill()
            qemu.wait()
            for end in ours.values():
                end.close()

    def console_lines(self):
        """The serial console as it was printed: the log of a kernel that died."""
        try:
            return self.console.read_text(errors="replace").splitlines()
        except OSError:
            return []


class _RawTerminal:
    """The user's terminal in raw mode, and as it was before at the end."""

    def __init__(self, wanted):
        self.wanted = wanted
        self.saved = None

    def __enter__(self):
        if self.wanted:
            self.saved = termios.tcgetattr(0)
            tty.setraw(0)

    def __exit__(self, *_):
        if self.saved:
            termios.tcsetattr(0, termios.TCSADRAIN, self.saved)


class Pump:
    """Moves bytes between our own streams and the machine's channels."""

    def __init__(self, machine, ends, qemu):
        self.machine = machine
        self.ends = ends
        self.qemu = qemu
        self.out = {"stdout": 1, "stderr": 2, "tty": 1}
        self.moved = True	# output came since the last question

    def _feed(self):
        """Our stdin into the machine, in a thread of its own; ends with the process."""
        sink = self.ends.get("tty") or self.ends["stdin"]
        try:
            # Reading the terminal as a background job would stop us.
            while not (os.isatty(0) and os.tcgetpgrp(0) != os.getpgrp()):
                data = os.read(0, 65536)
                if "tty" in self.ends and ESCAPE in data:
                    self.machine.escaped = True
                    self.qemu.kill()
                    return
                if not data:
                    break
                sink.sendall(data)
            # Only this direction: a full close would drop what was not yet read.
            self.ends["stdin"].shutdown(socket.SHUT_WR)
        except OSError:
            pass	# the machine is gone, which the other side notices

    def run(self, timeout, silence):
        """Until the machine is gone, TIMEOUT is over, or nothing came for SILENCE."""
        selector = selectors.DefaultSelector()
        for name, end in self.ends.items():
            if name != "stdin":
                selector.register(end, selectors.EVENT_READ, name)
        threading.Thread(target=self._feed, daemon=True).start()
        end = time.monotonic() + timeout if timeout else math.inf
        silence = silence or math.inf
        silent = time.monotonic() + silence
        while selector.get_map():
            wait = min(end, silent) - time.monotonic()
            if wait <= 0:
                self.machine.timed_out = (f"{timeout} s" if end < silent else
                                          f"{silence} s of silence")
                return
            for key, _ in selector.select(None if wait == math.inf else wait):
                silent = time.monotonic() + silence
                if not self._take_output(key.data):
                    selector.unregister(key.fileobj)

    def _take_output(self, name):
        try:
            data = self.ends[name].recv(65536)
        except ConnectionResetError:
            data = b""
        if name == "report":
            self.machine.report += data
            if self.machine.report.endswith((b"@end 0\n", b"@sync 0\n")):
                self._allow_end()
        elif data:
            self.moved = True
            _write_all(self.out[name], data)
        return bool(data)

    def _allow_end(self):
        """Let init end the machine once a question went there and back with no output.

        QEMU's main loop has then been round with room in every socket, so nothing is left
        in its queues.
        """
        try:
            self.ends["report"].send(b"?" if self.moved else b"!")
        except OSError:
            pass
        self.moved = False


def _write_all(fd, data):
    """Write to a stream of ours; a reader that went away does not stop the run."""
    while data:
        try:
            data = data[os.write(fd, data):]
        except BlockingIOError:
            time.sleep(0.001)
        except OSError:
            return
