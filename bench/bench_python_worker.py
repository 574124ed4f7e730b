"""The Python worker against floors of the same run.

    a call that does nothing, with 1 KB of input     over a raw ping-pong of the same bytes         aim: 40 us above it
    64 MiB of float64 in shared memory -> numpy      over copying the same bytes                    aim: 200 us, 50 x faster

The raw ping-pong is two processes, the same socket, the same way of waiting (look for 50 us, then sleep), and no
protocol. Medians; both sides run where the system puts them. The numbers go to build/bench/python_worker.json.
"""

import json
import os
import socket
import struct
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY / "sdk" / "python"), str(REPOSITORY / "sdk" / "python" / "tests")]

from fake_host import WorkerProcess  # noqa: E402

from mortise.frames import pack  # noqa: E402

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5000"))
ROWS = 8 << 20
INPUT = {"rows": [{"name": "weather", "day": day, "celsius": 0.5 * day} for day in range(24)]}

PLUGIN = """
import time
from mortise import Plugin

class Bench(Plugin):
    def call(self, method, input):
        if method == "noop":
            return None
        begin = time.perf_counter()
        array = input["x"]
        if method == "copy":
            array = array.copy()
        return [time.perf_counter() - begin, float(array[-1])]
"""

ECHO = """
import os, socket, sys, time
sock = socket.socket(fileno=3)
reply = b"x" * int(sys.argv[1])
while True:
    give_up = time.monotonic_ns() + 50_000
    flags = socket.MSG_DONTWAIT
    while True:
        try:
            if not sock.recv(65536, flags): sys.exit()
            break
        except BlockingIOError:
            if time.monotonic_ns() > give_up: flags = 0
            else: os.sched_yield()
    sock.send(reply)
"""


def median(numbers):
    return sorted(numbers)[len(numbers) // 2]


def round_trip(sock, data):
    """Microseconds until the answer to these bytes begins to come."""
    begin = time.perf_counter_ns()
    sock.send(data)
    while True:
        try:
            sock.recv(65536, socket.MSG_DONTWAIT)
            return (time.perf_counter_ns() - begin) / 1000
        except BlockingIOError:
            os.sched_yield()


def start_echo(size):
    ours, theirs = socket.socketpair()
    actions = [(os.POSIX_SPAWN_DUP2, theirs.fileno(), 3)]
    os.posix_spawn(sys.executable, [sys.executable, "-c", ECHO, str(size)], dict(os.environ), file_actions=actions)
    theirs.close()
    return ours


def call_frame(id, method, value):
    message = {"t": "call", "id": id, "op": "call", "method": method, "timeout_ms": 0, "input": value}
    return pack(json.dumps(message, separators=(",", ":")).encode())


def measure_calls(worker):
    """(median of the floor, median of the worker), taken in turns so that a disturbance meets both."""
    request = call_frame(1_000_000, "noop", INPUT)
    reply = len(pack(b'{"t":"result","id":1000000,"status":"ok","value":null}'))
    echo = start_echo(reply)
    floor, calls = [], []
    for round in range(ROUNDS + 200):
        floor.append(round_trip(echo, request))
        calls.append(round_trip(worker.socket, call_frame(1_000_000 + round, "noop", INPUT)))
    echo.close()
    return len(request), median(floor[200:]), median(calls[200:])


def measure_view(worker):
    """Seconds: until the array is there, as the plugin measures it; of the whole call; and until a copy of it is
    there."""
    size = ROWS * 8
    descriptor = os.memfd_create("bench")
    os.truncate(descriptor, size)
    os.pwrite(descriptor, struct.pack("<d", 42.0), size - 8)
    worker.connection.send(
        json.dumps({"t": "arena", "arena": 1, "size": size, "access": "read"}).encode(), (), [descriptor]
    )
    column = {
        "name": "x",
        "format": "g",
        "length": ROWS,
        "null_count": 0,
        "buffers": [None, {"arena": 1, "offset": 0, "size": size}],
    }
    table = {"$table": {"rows": ROWS, "columns": [column]}}
    views, copies, whole = [], [], []
    worker.socket.settimeout(30)
    for id in range(2_000_000, 2_000_042):
        begin = time.perf_counter()
        copying = id % 2 == 1
        worker.socket.sendall(call_frame(id, "copy" if copying else "view", table))
        result = worker.result(id)
        seconds, last = result["value"]
        assert last == 42.0 and "copied" not in result
        (copies if copying else views).append(seconds)
        if not copying:
            whole.append(time.perf_counter() - begin)
    return median(views[1:]), median(whole[1:]), median(copies[1:])


def main():
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "plugin.py").write_text(PLUGIN)
        worker = WorkerProcess(folder).begin()
        worker.socket.setblocking(True)
        size, floor, call = measure_calls(worker)
        view, whole, copy = measure_view(worker)
        worker.close()
    numbers = {
        "input_bytes": size, "floor_us": floor, "call_us": call, "above_us": call - floor,
        "view_us": view * 1e6, "view_call_us": whole * 1e6, "copy_us": copy * 1e6, "times_faster": copy / view,
    }  # fmt: skip
    print(
        f"no-op call with {size} bytes   {call:8.1f} us   floor {floor:6.1f} us   above {call - floor:6.1f} us   (aim 40)"
    )
    print(f"64 MiB table to numpy view   {view * 1e6:8.1f} us   the whole call {whole * 1e6:6.1f} us   (aim 200)")
    print(f"64 MiB copied                {copy * 1e6:8.1f} us   the view is {copy / view:.0f} x faster   (aim 50)")
    out = REPOSITORY / "build" / "bench"
    out.mkdir(parents=True, exist_ok=True)
    (out / "python_worker.json").write_text(json.dumps(numbers, indent=2) + "\n")


if __name__ == "__main__":
    main()
