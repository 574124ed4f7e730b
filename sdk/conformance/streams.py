"""How frames travel to and from a worker: over the socket, or through the ring of section 6 beside it.

As `second.py`, this shares nothing with any SDK, and is as slow and literal as the page it follows.
"""

import ctypes
import os
import select
import threading
import time

import second

CONTROL = 4096
CAPACITY = 16 << 10  # small, so that the cases go around its end and over the socket
TO_WORKER, TO_HOST = 16, 64  # `tail` as a word; `head` and `asleep` follow, 16 words apart
HEAD, ASLEEP = 16, 32
AT_FUTEX, AT_SOCKET = 1, 2
ON_SOCKET, IN_RING, BELL = (letters + bytes(12) for letters in (b"MTSS", b"MTSR", b"MTSB"))
SYS_FUTEX, FUTEX_WAIT, FUTEX_WAKE = 202, 0, 1


class SocketStream:
    name = "socket"

    def __init__(self, sock):
        self.socket = sock

    def send(self, data, descriptors=()):
        second.send(self.socket, data, descriptors)

    def send_part(self, data):
        """The beginning of a frame whose rest does not come."""
        second.send(self.socket, data)

    def wait(self, seconds):
        """True when there is something to read, or the end."""
        return bool(select.select([self.socket], [], [], max(0.0, seconds))[0])

    def read(self, deadline):
        return second.read_frame(self.socket, deadline)


class RingStream:
    name = "ring"

    def __init__(self, sock, spin_us=0):
        self.socket = sock
        self.descriptor, self.map = second.memory_file("conformance-ring", CONTROL + 2 * CAPACITY)
        memory = memoryview(self.map)
        self.words = memory[:CONTROL].cast("I")
        self.out = memory[CONTROL : CONTROL + CAPACITY]
        self.into = memory[CONTROL + CAPACITY :]
        self.words[0] = spin_us
        self.written = self.taken = 0
        self.away = False  # what we write goes over the socket
        self.reading_socket = False
        self.held = b""  # out of the ring, not yet read
        self.came = b""  # over the socket, not yet read
        self.fence = threading.Lock()
        self.bells = self.excursions = 0

    # ---- to the worker

    def send(self, data, descriptors=()):
        free = CAPACITY - (self.written - self.words[TO_WORKER + HEAD])
        fits = not descriptors and len(data) <= CAPACITY // 2 and len(data) + 16 <= free
        if self.away:
            if fits and free >= CAPACITY // 2:
                self.put(data)
                self.away = False
                self.socket.sendall(IN_RING)
                return
        elif fits:
            self.put(data)
            self.wake()
            return
        else:
            self.leave()
        second.send(self.socket, data, descriptors)

    def send_part(self, data):
        if not self.away:
            self.leave()
        second.send(self.socket, data)

    def leave(self):
        self.away = True
        self.excursions += 1
        self.put(ON_SOCKET)
        self.wake()

    def put(self, data):
        for byte in data:
            self.out[self.written % CAPACITY] = byte
            self.written += 1
        self.words[TO_WORKER] = self.written & 0xFFFFFFFF

    def wake(self):
        with self.fence:  # the look must not come before the store
            pass
        asleep = self.words[TO_WORKER + ASLEEP]
        if asleep == AT_FUTEX:
            futex(self.words, TO_WORKER, FUTEX_WAKE, 1 << 20)
        elif asleep == AT_SOCKET and not self.away:
            self.socket.sendall(BELL)

    # ---- from the worker

    def fetch(self):
        there = self.words[TO_HOST] - self.taken & 0xFFFFFFFF
        if there > CAPACITY:
            raise second.Broken(f"the worker says that {there} bytes are in a ring of {CAPACITY}")
        self.held += bytes(self.into[(self.taken + i) % CAPACITY] for i in range(there))
        self.taken += there
        self.words[TO_HOST + HEAD] = self.taken & 0xFFFFFFFF
        return there > 0

    def wait(self, seconds):
        end = time.monotonic() + seconds
        while True:
            self.hear_bells()
            if self.reading_socket and self.came or not self.reading_socket and (self.held or self.fetch()):
                return True
            self.words[TO_HOST + ASLEEP] = AT_SOCKET
            with self.fence:
                pass
            there = self.words[TO_HOST] - self.taken & 0xFFFFFFFF and not self.reading_socket
            left = end - time.monotonic()
            ready = there or select.select([self.socket], [], [], max(0.0, left))[0]
            self.words[TO_HOST + ASLEEP] = 0
            if not ready and left <= 0:
                return False
            if ready and not there and not self.receive():
                return True  # the end; read() says so

    def hear_bells(self):
        while self.came.startswith(BELL):
            self.came = self.came[16:]
            self.bells += 1

    def receive(self):
        try:
            piece = self.socket.recv(1 << 16, 0x40)  # MSG_DONTWAIT
        except BlockingIOError:
            return True
        except ConnectionResetError:
            piece = b""
        self.came += piece
        return bool(piece)

    def read(self, deadline):
        while True:
            if not self.reading_socket and (self.held or self.fetch()):
                frame = self.cut(self.held)
                if frame is None:
                    raise second.Broken(f"a frame in the ring is cut: {self.held[:32].hex(' ')}")
                self.held = self.held[frame[1] :]
                if frame[0] is None:
                    self.reading_socket = True
                    continue
                return frame[0]
            self.hear_bells()
            if self.reading_socket and self.came.startswith(IN_RING):
                self.came = self.came[16:]
                self.reading_socket = False
                continue
            frame = self.cut(self.came) if self.reading_socket else None
            if frame is not None:
                self.came = self.came[frame[1] :]
                return frame[0]
            before = self.came
            if not self.sleep(deadline - time.monotonic()):
                raise second.Late("nothing came in time")
            if self.came == before and not self.fetch() and self.ended():
                raise second.Closed(self.came)

    def sleep(self, seconds):
        """At the socket, whatever is held."""
        self.words[TO_HOST + ASLEEP] = AT_SOCKET
        with self.fence:
            pass
        if self.words[TO_HOST] - self.taken & 0xFFFFFFFF:
            ready = True
        else:
            ready = bool(select.select([self.socket], [], [], max(0.0, seconds))[0])
        self.words[TO_HOST + ASLEEP] = 0
        if ready:
            self.receive()
        return ready

    def ended(self):
        try:
            return self.socket.recv(1, 0x42) == b""  # MSG_DONTWAIT, MSG_PEEK
        except BlockingIOError:
            return False
        except ConnectionResetError:
            return True

    def cut(self, data):
        """(frame or None for the mark, bytes it takes), or None when it is not whole."""
        if len(data) < 16:
            return None
        if data.startswith(ON_SOCKET) and not self.reading_socket:
            return None, 16
        header, size = second.check_prefix(data[:16])
        if len(data) < 16 + header + size:
            return None
        return second.split(data[16 : 16 + header], data[16 + header : 16 + header + size]), 16 + header + size

    def close(self):
        os.close(self.descriptor)


def futex(words, index, operation, value, seconds=None):
    """On word `index` of shared memory; True when it was woken, or did not need to sleep."""
    timeout = None
    if seconds is not None:
        timeout = ctypes.byref((ctypes.c_long * 2)(int(seconds), int(seconds % 1 * 1e9)))
    address = ctypes.addressof(ctypes.c_uint.from_buffer(words, 4 * index))
    library = ctypes.CDLL(None, use_errno=True)
    done = library.syscall(SYS_FUTEX, ctypes.c_void_p(address), operation, value & 0xFFFFFFFF, timeout, None, 0)
    return done == 0 or ctypes.get_errno() == 11  # EAGAIN: the word had changed
