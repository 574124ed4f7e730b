"""mortise-worker and libmortise_worker as processes: how they are started, how they end, and what a stranger's C program gets."""

import array
import json
import os
import signal
import socket
import struct
import subprocess
import time

import pytest
from outside import BUILD, PATIENCE

WORKER = BUILD / "bin" / "mortise-worker"
C_WORKERS = [BUILD / "bin" / "tests" / "c_worker", BUILD / "bin" / "tests" / "c_worker_static"]


class Host:
    """One end of a worker's socket, spoken by hand."""

    def __init__(self, program, plugin_file="/nowhere/none.so"):
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(20 * PATIENCE)
        read_out, write_out = os.pipe()
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, write_out, 1),
            (os.POSIX_SPAWN_DUP2, theirs.fileno(), 3),
        ]
        self.pid = os.posix_spawn(program, [str(program)], {"PATH": "/usr/bin:/bin"}, file_actions=actions)
        self.stdout = os.fdopen(read_out, "rb", buffering=0)
        theirs.close()
        os.close(write_out)
        folder, entry = os.path.split(str(plugin_file))
        self.plugin = {"id": "t", "path": folder, "entry": entry, "name": "t", "version": "1"}

    def send(self, **message):
        header = json.dumps(message).encode()
        self.socket.sendall(b"MTSE" + struct.pack("<IIHH", len(header), 0, 0, 0) + header)

    def receive(self):
        header, segments, _, _ = struct.unpack("<IIHH", self._exactly(16)[4:])
        message = json.loads(self._exactly(header))
        self._exactly(segments)
        return message

    def _exactly(self, size):
        parts = b""
        while len(parts) < size:
            part = self.socket.recv(size - len(parts))
            assert part, "the worker hung up"
            parts += part
        return parts

    def hello(self):
        self.send(t="hello", protocol=1, host="0", plugin=self.plugin, limits={})
        return self.receive()

    def load(self):
        self.send(t="lifecycle", id=1, verb="load", config={}, timeout_ms=0)
        return self.receive()

    def exit_status(self, within=10.0):
        deadline = time.monotonic() + within * PATIENCE
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return status
            time.sleep(0.01)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        pytest.fail(f"the worker still ran after {within} s")


def specimen(family, name):
    return BUILD / family / name / f"lib{family}_{name}.so"


def test_a_worker_started_by_hand_says_that_it_is_not():
    done = subprocess.run([WORKER], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 64
    assert "descriptor 3 is not the stream socket of a host" in done.stderr
    done = subprocess.run([WORKER, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 64
    assert subprocess.run([WORKER, "--version"], capture_output=True, text=True, check=True).stdout.startswith("mortise-worker ")


def test_a_worker_whose_host_never_speaks_leaves_quietly():
    host = Host(WORKER)
    host.socket.close()
    assert os.waitstatus_to_exitcode(host.exit_status()) == 0


@pytest.mark.parametrize(
    ("file", "status", "words"),
    [
        ("/nowhere/libnone.so", "not_found", "No such file"),
        (__file__, "plugin", "cannot load the plugin"),
        (BUILD / "lib" / "libmortise_worker.so", "unsupported", "does not export mortise_plugin_entry"),
    ],
)
def test_a_file_that_is_no_plugin_is_an_answer_to_load(file, status, words):
    host = Host(WORKER, file)
    host.hello()
    answer = host.load()
    assert answer["status"] == status
    assert words in answer["error"]["message"]
    host.send(t="bye")
    assert os.waitstatus_to_exitcode(host.exit_status()) == 0


def test_a_worker_that_is_deep_in_a_call_ends_a_second_after_its_host():
    host = Host(WORKER, specimen("rogues", "sleeps_deaf"))
    host.hello()
    assert host.load()["status"] == "ok"
    host.send(t="call", id=2, op="step", timeout_ms=0, input={"step": {"name": "s", "plugin": "p", "config": {}, "output": "o"}, "run": {}})
    time.sleep(0.3)
    assert os.waitpid(host.pid, os.WNOHANG) == (0, 0)
    host.socket.close()
    closed = time.monotonic()
    assert os.waitstatus_to_exitcode(host.exit_status()) == 0
    assert 0.5 < time.monotonic() - closed < 3 * PATIENCE


def test_a_crash_of_the_plugin_is_a_crash_of_the_worker():
    host = Host(WORKER, specimen("rogues", "aborts"))
    host.hello()
    assert host.load()["status"] == "ok"
    host.send(t="call", id=2, op="step", timeout_ms=0, input={"step": {"name": "s", "plugin": "p", "config": {}, "output": "o"}, "run": {}})
    assert os.waitstatus_to_exitcode(host.exit_status()) == -signal.SIGABRT


def test_what_a_plugin_prints_comes_line_by_line():
    host = Host(WORKER, BUILD / "conformance" / "native" / "libconformance.so")
    host.hello()
    assert host.load()["status"] == "ok"
    host.send(t="call", id=2, op="call", method="print", timeout_ms=0, input={"stdout": "one line\n", "stderr": ""})
    assert host.receive()["status"] == "ok"
    assert host.stdout.read(9) == b"one line\n"  # though the worker is alive, and nobody flushed


@pytest.mark.parametrize("program", C_WORKERS, ids=lambda path: path.name)
def test_a_worker_in_c_speaks_through_the_library(program):
    host = Host(program)
    assert host.hello()["sdk"] == "echo-c 1"
    assert host.load()["status"] == "ok"
    value = {"a": [1, 2.5, None, "é"], "t": {"$time": "2026-01-31T00:00:00Z"}}
    host.send(t="call", id=2, op="call", method="x", timeout_ms=0, input=value)
    assert host.receive() == {"t": "log", "id": 2, "level": "info", "message": "echo", "fields": {}}
    assert host.receive() == {"t": "progress", "id": 2, "fraction": 1.0, "note": "done"}
    assert host.receive() == {"t": "result", "id": 2, "status": "ok", "value": value, "copied": 0}
    host.send(t="call", id=3, op="poll", timeout_ms=0, input=None)
    assert host.receive()["status"] == "unsupported"
    host.send(t="bye")
    assert os.waitstatus_to_exitcode(host.exit_status()) == 0


def test_a_descriptor_that_comes_uncalled_for_ends_the_worker():
    host = Host(WORKER)
    host.hello()
    header = b'{"t":"bye"}'
    frame = b"MTSE" + struct.pack("<IIHH", len(header), 0, 1, 0) + header
    null = os.open("/dev/null", os.O_RDONLY)
    host.socket.sendmsg([frame], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [null]))])
    os.close(null)
    assert os.waitstatus_to_exitcode(host.exit_status()) == 76
