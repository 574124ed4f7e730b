"""Bombs: what a plugin may use up, and ways to go on after its time. As a plugin its step names one; alone, unconfined:

    bomb.py NAME FOLDER

Each goes to a mark that a machine survives and that is far beyond the limits of manifest.json, stays there for a moment, and says so by
the file "mark" in FOLDER.
"""

import ctypes
import mmap
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

MIB = 1 << 20
MARK = 512 * MIB  # of memory and of files
MANY = 300  # of processes and threads
MOMENT = 1.5  # seconds


def pages(size):
    """Memory that is there: each page written to."""
    memory = mmap.mmap(-1, size)
    for offset in range(0, size, 4096):
        memory[offset] = 1
    return memory


def child(body):
    """A process that does this and never comes back into the worker's own code."""
    pid = os.fork()
    if pid == 0:
        try:
            body()
        finally:
            os._exit(0)
    return pid


def processes(mark):
    made = []
    try:
        for _ in range(MANY):
            made.append(child(signal.pause))
        time.sleep(MOMENT)
        mark()
    finally:
        for pid in made:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def doubling(mark):
    """Each makes two, eight times: nobody holds all of them."""
    heard, tells = os.pipe()

    def grow(level):
        os.write(tells, b"x")
        for _ in range(2 if level else 0):
            child(lambda: grow(level - 1))
        time.sleep(8)

    child(lambda: grow(8))
    os.set_blocking(heard, False)
    count, end = 0, time.monotonic() + 7
    while count < MANY and time.monotonic() < end:
        time.sleep(0.1)
        try:
            count += len(os.read(heard, 1 << 16))
        except BlockingIOError:
            pass
    if count >= MANY:
        time.sleep(MOMENT)
        mark()


def threads(mark):
    end = threading.Event()
    for _ in range(MANY):
        threading.Thread(target=end.wait, daemon=True).start()
    time.sleep(MOMENT)
    mark()
    end.set()


def memory(mark):
    held = [pages(16 * MIB) for _ in range(MARK // (16 * MIB))]
    time.sleep(MOMENT)
    mark()
    return len(held)


def memory_of_children(mark):
    """No single one has much."""
    ready, made = os.pipe(), []

    def holds():
        held = pages(MARK // 8)
        os.write(ready[1], b"x")
        time.sleep(60)
        del held

    for _ in range(8):
        made.append(child(holds))
    try:
        os.close(ready[1])
        got = 0
        while got < len(made) and os.read(ready[0], 1):
            got += 1
        time.sleep(MOMENT)
        if got == len(made) and all(os.waitpid(pid, os.WNOHANG) == (0, 0) for pid in made):
            mark()
    finally:
        for pid in made:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def memory_without_a_name(mark):
    """In a memory file that no process has mapped."""
    file = os.memfd_create("bomb")
    for _ in range(MARK // MIB):
        os.write(file, b"x" * MIB)
    time.sleep(MOMENT)
    mark()
    os.close(file)


def fill(folder, mark):
    path = os.path.join(folder, f"bomb-{os.getpid()}")
    try:
        with open(path, "wb", buffering=0) as out:
            for _ in range(MARK // MIB):
                if out.write(b"x" * MIB) != MIB:
                    return
        mark()
    finally:
        os.unlink(path)


def disk(mark):
    fill(tempfile.gettempdir(), mark)


def shared_memory_folder(mark):
    fill("/dev/shm", mark)


def descriptors(mark):
    held = [os.open("/dev/null", os.O_RDONLY) for _ in range(800)]
    mark()
    for one in held:
        os.close(one)


def ignores_everything(mark):
    """Until long after its time."""
    for number in range(1, 65):
        if number not in (signal.SIGKILL, signal.SIGSTOP, 32, 33):
            signal.signal(number, signal.SIG_IGN)
    end = time.monotonic() + 6
    while time.monotonic() < end:
        pass
    mark()


def leaves_a_grandchild(mark):
    """That goes on when the call is over, in a session of its own, with nothing open."""

    def lives_on():
        os.closerange(0, 1024)
        time.sleep(6)
        mark()

    def leads():
        os.setsid()
        child(lives_on)

    os.waitpid(child(leads), 0)


def hops(mark):
    """A new process, with a session of its own, every few milliseconds: whoever kills one comes too late."""
    end = time.monotonic() + 6

    def hop():
        os.setsid()
        while time.monotonic() < end:
            time.sleep(0.005)
            if os.fork() != 0:
                os._exit(0)
            os.setsid()
        mark()

    child(hop)


def hides_in_a_program(mark):
    """Another program, that does not die with its parent."""
    subprocess.Popen(
        ["/bin/sh", "-c", "trap '' TERM HUP INT; sleep 6; : > \"$0\"", mark.path],
        start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def keeps_the_machine_busy(mark):
    """More processes than processors, at full speed, until long after its time."""

    def works():
        os.setsid()
        end = time.monotonic() + 6
        while time.monotonic() < end:
            pass
        mark()

    for _ in range(4):
        child(works)
    time.sleep(7)


class Mark:
    def __init__(self, folder):
        self.path = os.path.join(folder, "mark")

    def __call__(self):
        with open(self.path, "w"):
            pass


BOMBS = {
    one.__name__: one
    for one in (
        processes, doubling, threads, memory, memory_of_children, memory_without_a_name, disk, shared_memory_folder, descriptors,
        ignores_everything, leaves_a_grandchild, hops, hides_in_a_program, keeps_the_machine_busy,
    )
}  # fmt: skip

try:
    from mortise import Plugin

    class Bomb(Plugin):
        def step(self, step):
            BOMBS[step.config["bomb"]](Mark(step.config["folder"]))
            return "went off"

except ImportError:  # alone
    pass

if __name__ == "__main__":
    ctypes.CDLL(None).prctl(15, b"bomb")
    BOMBS[sys.argv[1]](Mark(sys.argv[2]))
