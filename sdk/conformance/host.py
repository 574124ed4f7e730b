"""The host's side of the protocol, for one worker process: what the runner plays.

Every frame is read and written by `second.py`, and read and written again by sdk/python's codec: where the two
disagree, the case fails, whatever the worker did.
"""

import fcntl
import json
import os
import select
import shlex
import signal
import socket
import sys
import time

import second
import streams
from literal import Packed
from streams import RingStream, SocketStream

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "python"))

from mortise import compact  # noqa: E402
from mortise.decode import Incoming, decode  # noqa: E402
from mortise.encode import encode  # noqa: E402
from mortise.frames import HeaderReader, pack as sdk_pack  # noqa: E402
from mortise.memory import Arenas  # noqa: E402
from mortise.outgoing import Outgoing  # noqa: E402

PATIENCE = 20.0  # seconds for anything that should come soon


class Failure(AssertionError):
    """A case that did not hold."""


def compact_frame(message, text, segments):
    """The frame of a call with a compact header; None when it needs a JSON one."""
    value, is_text = text.encode(), text[:1] == '"'
    if is_text:
        try:
            value = json.loads(text).encode()
        except ValueError:  # half of a surrogate pair, which only JSON can say
            is_text = False
    header = second.compact_call(message, value, is_text, segments)
    if header is None:
        return None
    said = message["op"], message.get("method") or "", message.get("timeout_ms") or 0
    if header != compact.call(message["id"], *said, value, is_text, [len(one) for one in segments]):
        raise Failure("the two codecs make different compact headers")
    return second.frame(header, segments)


class WorkerCommand:
    """How to start a worker, and the plugin it gets."""

    def __init__(self, argv, plugin, environment, transport="socket"):
        self.argv = argv
        self.transport = transport
        self.spin_us = 50
        self.folder = os.path.abspath(plugin)
        self.environment = environment
        with open(os.path.join(self.folder, "manifest.json"), encoding="utf-8") as file:
            self.manifest = json.load(file)

    def __str__(self):
        return " ".join(shlex.quote(part) for part in self.argv)


class Worker:
    """A process, its socket, and what it printed."""

    def __init__(self, command, transport):
        self.command = command
        self.transport = transport
        self.socket, theirs = socket.socketpair()
        out, write_out = os.pipe()
        err, write_err = os.pipe()
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, write_out, 1),
            (os.POSIX_SPAWN_DUP2, write_err, 2),
            (os.POSIX_SPAWN_DUP2, theirs.fileno(), 3),
        ]
        env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8", **command.environment}
        self.pid = os.posix_spawnp(command.argv[0], command.argv, env, file_actions=actions)
        theirs.close()
        os.close(write_out)
        os.close(write_err)
        self.pipes = {1: out, 2: err}
        for pipe in self.pipes.values():
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1 << 20)
        self.printed = {1: b"", 2: b""}
        self.status = None
        self.stream = SocketStream(self.socket)
        self.compact = False  # calls have compact headers
        self.last_id = 0
        self.last_arena = 0
        self.open_arenas = {}  # number: (descriptor, memory)
        self.granted = []  # parts of arenas that the open call may name

    # ---- frames

    def send(self, message, packed=None, key="", descriptors=()):
        """Sends a message, with one value under `key`."""
        self.stream.send(self.frame(message, packed, key, len(descriptors)), descriptors)

    def frame(self, message, packed=None, key="", descriptors=0):
        packed = packed or Packed()
        if self.compact and message["t"] == "call":
            text = packed.text if key else json.dumps(message.get("input"))
            made = compact_frame(message, text, packed.segments)
            if made:
                return made
        fields = [f"{json.dumps(k)}:{json.dumps(v)}" for k, v in message.items()]
        if key:
            fields.append(f"{json.dumps(key)}:{packed.text}")
        if packed.segments:
            fields.append(f'"segments":{[len(s) for s in packed.segments]}')
        header = ("{" + ",".join(fields) + "}").encode("utf-8")
        made = second.frame(header, packed.segments, descriptors)
        if made != sdk_pack(header, packed.segments, descriptors):
            raise Failure("the two codecs make different frames")
        return made

    def receive(self, seconds=PATIENCE):
        """The next message: (header with its values canonical, the raw node of 'value')."""
        text, segments = self.stream.read(time.monotonic() + seconds)
        header = second.parse(text)
        for key in ("value", "input", "fields"):
            if key in header:
                canonical = second.canonical(header[key], segments, self.find)
                self.agree(text, key, segments, canonical)
                header[key] = canonical
        return header

    def agree(self, text, key, segments, canonical):
        """sdk/python reads the same value, and what it writes for it is again the same."""
        arenas = Arenas()
        for number, (descriptor, memory) in self.open_arenas.items():
            arenas.open(number, len(memory), "read", [os.dup(descriptor)])
        node = HeaderReader().read(text)[key]
        value = decode(node, Incoming([memoryview(s) for s in segments], arenas))
        out = Outgoing()
        tree = encode(value, out)
        out.finish_as_segments()
        again = second.parse(out.header({"value": tree}))["value"]
        if second.canonical(again, [bytes(s) for s in out.segments], self.find) != canonical:
            raise Failure(f"the two codecs disagree on {text[:300]!r}")

    def find(self, arena, offset, size):
        """Bytes that the worker named: within what this call was lent to write, or was given to read."""
        for number, start, length in self.granted:
            if number == arena and start <= offset and offset + size <= start + length:
                return bytes(self.open_arenas[arena][1][offset : offset + size])
        raise Failure(f"{size} bytes at {offset} of arena {arena} were not given to this call: {self.granted}")

    # ---- the conversation

    def next_id(self):
        self.last_id += 1
        return self.last_id

    def begin(self, config=None):
        """hello, load, initialize, start."""
        self.hello()
        for verb in ("load", "initialize", "start"):
            self.lifecycle(verb, config)
        return self

    def hello_message(self):
        manifest = self.command.manifest
        plugin = {"id": manifest["name"], "path": self.command.folder, "entry": manifest["entry_point"],
                  "name": manifest["name"], "version": manifest["version"]}  # fmt: skip
        return {"t": "hello", "protocol": 1, "host": "conformance", "plugin": plugin, "limits": {"memory": 1 << 30}}

    def hello(self):
        self.send(self.hello_message())
        ready = self.receive()
        if ready["t"] != "ready" or ready.get("protocol") != 1:
            raise Failure(f"hello was answered with {ready}")
        if not (
            isinstance(ready.get("sdk"), str)
            and isinstance(ready.get("language"), str)
            and isinstance(ready.get("pid"), int)
        ):
            raise Failure(f"ready lacks sdk, language or pid: {ready}")
        if self.transport == "ring":
            self.offer_ring(ready)
        return ready

    def offer_ring(self, ready):
        """From here on frames travel through the ring."""
        if "ring" not in ready.get("features", []):
            raise Failure(f"the worker does not say that it can use a ring: {ready}")
        ring = RingStream(self.socket, self.command.spin_us)
        answer = self.offer(streams.CAPACITY, ring.descriptor)
        if answer.get("taken") is not True:
            raise Failure(f"the worker did not take the ring: {answer}")
        self.futex = answer.get("futex", False)
        self.compact = "compact" in ready.get("features", [])
        self.stream = ring

    def offer(self, capacity, descriptor):
        self.send({"t": "ring", "capacity": capacity}, descriptors=[descriptor])
        answer = self.receive()
        if answer["t"] != "ring" or not isinstance(answer.get("taken"), bool):
            raise Failure(f"the offer of a ring was answered with {answer}")
        return answer

    def lifecycle(self, verb, config=None):
        id = self.next_id()
        message = {"t": "lifecycle", "id": id, "verb": verb, "timeout_ms": 10_000}
        if verb == "load":
            message["config"] = config or {}
        self.send(message)
        while True:
            answer = self.receive()
            if answer["t"] == "result":
                break
        if answer.get("id") != id or answer.get("status") != "ok":
            raise Failure(f"{verb} was answered with {answer}")

    def grant(self, size):
        """Memory for the worker's output: (message for the worker or None, place)."""
        self.last_arena += 1
        number, whole = self.last_arena, (size + 64 + 4095) // 4096 * 4096
        descriptor, memory = second.memory_file("conformance-write", whole)
        self.open_arenas[number] = (descriptor, memory)
        self.granted.append((number, 64, size))
        self.send({"t": "arena", "arena": number, "size": whole, "access": "write"}, descriptors=[descriptor])
        return {"arena": number, "offset": 64, "size": size}

    def share(self, packed):
        """Sends the read arena that a value needs. Set `packed.arena` before packing."""
        if packed.memory:
            descriptor, memory = second.memory_file(
                "conformance-read", len(packed.memory), bytes(packed.memory), second.SEAL_FUTURE_WRITE
            )
            self.open_arenas[packed.arena] = (descriptor, memory)
            self.granted.append((packed.arena, 0, len(packed.memory)))  # what came may be handed back
            self.send(
                {"t": "arena", "arena": packed.arena, "size": len(packed.memory), "access": "read"},
                descriptors=[descriptor],
            )

    def next_arena(self):
        self.last_arena += 1
        return self.last_arena

    def drop_all(self):
        """Takes every arena back, as a host does between runs."""
        self.granted = []
        for number, (descriptor, memory) in self.open_arenas.items():
            self.send({"t": "drop", "arena": number})
            memory.close()
            os.close(descriptor)
        self.open_arenas = {}

    # ---- what it printed, and its end

    def read_printed(self):
        for stream, pipe in list(self.pipes.items()):
            while select.select([pipe], [], [], 0)[0]:
                piece = os.read(pipe, 1 << 16)
                if not piece:
                    os.close(pipe)
                    del self.pipes[stream]
                    break
                self.printed[stream] += piece
        return self.printed

    def wait(self, seconds):
        """The exit status, negative for a signal; None when it still lives after so long."""
        end = time.monotonic() + seconds
        while self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            elif time.monotonic() >= end:
                return None
            else:
                time.sleep(0.002)
        return self.status

    def close(self):
        self.socket.close()
        if self.wait(0.0 if self.status is not None else 2.0) is None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait(5.0)
        self.read_printed()
        for descriptor, memory in self.open_arenas.values():
            memory.close()
            os.close(descriptor)
        for pipe in self.pipes.values():
            os.close(pipe)
        if self.stream.name == "ring":
            self.stream.close()
        self.open_arenas, self.pipes = {}, {}
