"""The death of either side, at every boundary of a frame: a worker never hangs, and never outlives its host by a
second.
"""

import os
import signal
import time

import second
from cases import Case, begin_call
from expect import require
from host import Packed

BOUNDED = 1.5  # the second that a worker may live after its host, and half a second for a busy machine


def load_all():
    yield Case("deaths", "the host closes at every byte of a call's frame", host_closes_within_a_call)
    yield Case("deaths", "the host closes within hello", host_closes_within_hello)
    yield Case("deaths", "the host closes within a lifecycle message", host_closes_within_lifecycle)
    yield Case("deaths", "the host closes within a reply that the plugin waits for", host_closes_within_a_reply)
    for what, call in {
        "while the worker is idle": None,
        "while the plugin sleeps and is deaf": {"call": "sleep", "input": {"ms": 60_000, "look": False}},
        "while the plugin works and looks": {"call": "sleep", "input": {"ms": 60_000, "look": True}},
        "while the plugin waits for a reply": {"call": "read_context", "input": {"keys": ["a"]}},
    }.items():
        yield Case("deaths", f"the host closes {what}", lambda bench, call=call: host_closes_during(bench, call))
    yield Case("deaths", "the host closes half of the socket", host_stops_sending)
    yield Case("deaths", "goodbye ends the worker with status 0", goodbye)
    yield Case("deaths", "the worker dies at every byte of its result's frame", worker_dies_within_a_result)
    yield Case("deaths", "the worker is killed while idle and in the middle of a call", worker_is_killed)


def ends_in_time(worker, where):
    begun = time.monotonic()
    worker.socket.close()
    status = worker.wait(BOUNDED)
    require(status is not None, f"the worker ended within {BOUNDED} s after the host closed {where}")
    require(status >= 0, f"it ended by itself after the host closed {where}: {status}")
    return time.monotonic() - begun


def after_every_byte(bench, start, data, lengths, what):
    """For each length: a worker that `start` brought to the point, so many bytes, and the end."""
    for length in lengths:
        worker = bench.fresh()
        try:
            start(worker)
            worker.stream.send_part(data(worker)[:length])
            ends_in_time(worker, f"after byte {length} of {what}")
        finally:
            worker.close()


def boundaries(data):
    """Around the prefix's parts, within the header and the segments."""
    middle = (16 + len(data)) // 2
    return sorted({n for n in (1, 4, 8, 12, 15, 16, 17, middle, len(data) - 6, len(data) - 1) if 0 < n < len(data)})


def host_closes_within_a_call(bench):
    def data(worker):
        packed = Packed()
        packed.text, packed.segments = '{"$bytes":{"segment":0}}', [b"bytes"]
        return worker.frame({"t": "call", "id": 99, "op": "call", "method": "echo"}, packed, "input")

    length = len(data(bench.warm()))
    after_every_byte(bench, lambda worker: worker.begin(), data, range(length), "a call")


def host_closes_within_hello(bench):
    data = bench.warm().frame(bench.warm().hello_message())
    after_every_byte(bench, lambda worker: None, lambda worker: data, [0, *boundaries(data)], "hello")


def host_closes_within_lifecycle(bench):
    data = bench.warm().frame({"t": "lifecycle", "id": 1, "verb": "load", "config": {}})
    after_every_byte(bench, lambda worker: worker.hello(), lambda worker: data, [0, *boundaries(data)], "load")


def host_closes_within_a_reply(bench):
    asked = {}

    def start(worker):
        worker.begin()
        begin_call(worker, {"call": "read_context", "input": {"keys": ["a"]}})
        asked["id"] = worker.receive()["id"]

    def data(worker):
        packed = Packed()
        packed.text, packed.segments = '{"$bytes":{"segment":0}}', [b"bytes"]
        return worker.frame({"t": "reply", "id": asked["id"], "status": "ok"}, packed, "value")

    after_every_byte(bench, start, data, [0, *boundaries(bytes(100))], "a reply")


def host_closes_during(bench, call):
    worker = bench.fresh().begin()
    try:
        if call is not None:
            begin_call(worker, call)
            time.sleep(0.1)
        ends_in_time(worker, "during it")
    finally:
        worker.close()


def host_stops_sending(bench):
    worker = bench.fresh().begin()
    try:
        worker.socket.shutdown(1)
        require(worker.wait(BOUNDED) is not None, "the worker ended")
    finally:
        worker.close()


def goodbye(bench):
    worker = bench.fresh().begin()
    try:
        worker.lifecycle("stop")
        worker.lifecycle("cleanup")
        worker.send({"t": "bye"})
        require(worker.wait(2.0) == 0, f"exit status 0: {worker.wait(0)}")
    finally:
        worker.close()


def worker_dies_within_a_result(bench):
    whole = len(second.frame(b'{"t":"result","id":1,"status":"ok","value":null}'))
    for length in range(whole):
        worker = bench.fresh().begin()
        try:
            begin_call(worker, {"call": "die", "input": {"how": "kill", "bytes": length}})
            try:
                came = worker.receive()
            except second.Closed as closed:
                require(len(closed.partial) == length, f"{length} bytes came before the end: {len(closed.partial)}")
            else:
                require(False, f"the worker ended after {length} bytes: {came}")
            require(worker.wait(2.0) == -signal.SIGKILL, f"it was killed: {worker.wait(0)}")
        finally:
            worker.close()


def worker_is_killed(bench):
    for call in (None, {"call": "sleep", "input": {"ms": 60_000, "look": False}}):
        worker = bench.fresh().begin()
        try:
            if call is not None:
                begin_call(worker, call)
                time.sleep(0.05)
            os.kill(worker.pid, signal.SIGKILL)
            try:
                worker.receive(2.0)
            except second.Closed:
                pass
            else:
                require(False, "the socket ended with the worker")
            require(worker.wait(1.0) == -signal.SIGKILL, "the worker was killed")
        finally:
            worker.close()
