"""The worker, from outside: another process, spoken to in frames."""

import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time

import pytest
from fake_host import SDK, Ended, WorkerProcess

from mortise import Table, Tensor, Time
from mortise.frames import pack

PLUGIN = """
import logging, os, signal, sys, threading, time
from mortise import Plugin, Column, Table, Invalid, Cancelled, NotFound

class Test(Plugin):
    def __init__(self, config):
        super().__init__(config)
        self.trail = ["init"]
        if config.get("refuse"):
            raise Invalid("no such colour", "choose red", {"key": "refuse"})

    def initialize(self): self.trail.append("initialize")
    def start(self): self.trail.append("start")
    def stop(self): self.trail.append("stop")
    def cleanup(self):
        if self.config.get("marker"):
            open(self.config["marker"], "a").write("cleaned")
        if self.config.get("slow_cleanup"):
            time.sleep(60)

    def step(self, step):
        return {"config": step.config, "input": step.input}

    def call(self, method, input):
        return getattr(self, "do_" + method)(input)

    def do_echo(self, input): return input
    def do_trail(self, input): return self.trail
    def do_config(self, input): return self.config
    def do_raise(self, input):
        try:
            raise OSError("disk on fire")
        except OSError as error:
            raise ValueError("cannot read") from error
    def do_memory(self, input): return b'x' * 10**18
    def do_leave(self, input): sys.exit(3)
    def do_interrupt(self, input): raise KeyboardInterrupt
    def do_exit(self, input): os._exit(7)
    def do_kill(self, input): os.kill(os.getpid(), signal.SIGKILL)
    def do_garbage(self, input): return {"items": [1, {2}]}
    def do_recurse(self, input): return self.do_recurse(input)
    def do_print(self, input):
        print("to stdout"); print("partial", end=""); print("to stderr", file=sys.stderr)
    def do_log(self, input):
        self.current.log.warning("careful", rows=3, odd={1, 2}, bad=chr(0xd800), big=b"x" * 1000)
        self.log.info("also here")
        logging.getLogger("my.part").error("by logging %d", 5, extra={"item": 7})
        logging.getLogger("quiet").debug("not sent")
        try: 1 / 0
        except ZeroDivisionError: logging.exception("it broke")
    def do_progress(self, input):
        for fraction in (0, 0.5, 1.5, None, float("nan")): self.current.progress(fraction, "at %s" % fraction)
    def do_context(self, input):
        return [self.current.context("a"), self.current.context("gone", "default")]
    def do_context_gone(self, input): return self.current.context("gone")
    def do_service(self, input):
        try:
            return self.current.service("rates", "convert", input)
        except NotFound as error:
            return ["not found", error.message, error.hint]
    def do_wait(self, input):
        while not self.current.cancelled:
            time.sleep(0.001)
        return "stopped"
    def do_check(self, input):
        while True:
            self.current.stop_if_cancelled(); time.sleep(0.001)
    def do_look(self, input): return self.current.cancelled
    def do_remaining(self, input): return self.current.remaining
    def do_stubborn(self, input):
        try:
            while True: self.do_check(input)
        except Cancelled: return "finished all the same"
    def do_sleep(self, input): time.sleep(60)
    def do_swallow(self, input):
        while True:
            try: self.current.context("x")
            except BaseException: pass
    def do_sum(self, input): return float(input["x"].sum())
    def do_size(self, input): return Table.from_columns({"x": list(map(float, range(input)))})
    def do_made(self, input):
        array = self.current.empty((input,)); array[:] = 1.5
        return array
    def do_threads(self, input):
        seen = []
        def work():
            for _ in range(50):
                self.current.log.info("thread"); seen.append(self.current.context("n"))
        threads = [threading.Thread(target=work) for _ in range(4)]
        for t in threads: t.start()
        for t in threads: t.join()
        return sum(seen)
    def do_late(self, input):
        call, out = self.current, []
        def work():
            time.sleep(0.1)
            out.append(call.cancelled)
            try: call.context("x")
            except Exception as error: out.append(str(error))
            call.log.info("late")
        self.thread, self.out = threading.Thread(target=work), out
        self.thread.start()
    def do_late_result(self, input):
        self.thread.join()
        return self.out
    def do_sockets(self, input):
        return [sorted(int(n) for n in os.listdir("/proc/self/fd")), os.get_inheritable(3)]
"""


@pytest.fixture
def worker(tmp_path):
    (tmp_path / "plugin.py").write_text(PLUGIN)
    made = []

    def make(config=None):
        made.append(WorkerProcess(tmp_path).begin(config))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def fresh(tmp_path):
    (tmp_path / "plugin.py").write_text(PLUGIN)
    one = WorkerProcess(tmp_path)
    yield one
    one.close()


# ---- the handshake and the lifecycle


def test_the_worker_introduces_itself(fresh):
    ready = fresh.hello()
    assert (
        ready["t"] == "ready" and ready["protocol"] == 1 and ready["language"] == "python" and ready["pid"] == fresh.pid
    )
    assert re.fullmatch(r"mortise-python \d+\.\d+\.\d+", ready["sdk"])


def test_the_lifecycle_reaches_the_plugin_in_order(worker):
    host = worker({"colour": "red"})
    assert host.call("trail")["value"] == ["init", "initialize", "start"]
    assert host.call("config")["value"] == {"colour": "red"}
    for verb in ("stop", "start"):
        assert host.lifecycle(verb)["status"] == "ok"
    assert host.call("trail")["value"][-2:] == ["stop", "start"]
    assert host.lifecycle("cleanup")["status"] == "ok"
    assert host.call("trail")["status"] == "conflict"


def test_a_plugin_that_refuses_its_configuration_says_why(fresh):
    fresh.hello()
    result = fresh.lifecycle("load", {"refuse": 1})
    assert result["status"] == "invalid"
    assert result["error"] == {"message": "no such colour", "hint": "choose red", "details": {"key": "refuse"}}
    assert fresh.lifecycle("initialize")["status"] == "conflict"
    assert fresh.lifecycle("load", {})["status"] == "ok"
    assert fresh.lifecycle("load", {})["status"] == "conflict"


@pytest.mark.parametrize(
    ("source", "status", "message"),
    [
        ("import nothing_like_this", "plugin", "ModuleNotFoundError: No module named 'nothing_like_this'"),
        ("def broken(:", "plugin", "SyntaxError"),
        ("x = 1", "not_found", "defines no plugin"),
        ("import sys; sys.exit(1)", "plugin", "the plugin called sys.exit(1)"),
    ],
)
def test_an_entry_file_that_cannot_be_loaded_says_why(fresh, tmp_path, source, status, message):
    (tmp_path / "plugin.py").write_text(source)
    fresh.hello()
    result = fresh.lifecycle("load", {})
    assert result["status"] == status and message in result["error"]["message"]


def test_goodbye_ends_it_with_status_0(worker):
    host = worker()
    host.send({"t": "bye"})
    assert host.wait() == 0


def test_goodbye_does_not_wait_for_a_thread_of_the_plugin_that_never_ends(fresh, tmp_path):
    (tmp_path / "plugin.py").write_text(
        "import threading, time\nfrom mortise import Plugin\nclass P(Plugin):\n"
        "    def start(self): threading.Thread(target=time.sleep, args=(60,)).start()\n"
    )
    fresh.begin()
    fresh.send({"t": "bye"})
    assert fresh.wait() == 0


def test_modules_of_the_present_folder_are_not_imported(fresh, tmp_path):
    (tmp_path / "plugin.py").write_text(PLUGIN + "    def do_path(self, input): return [sys.path, os.getcwd()]\n")
    path, here = fresh.begin().call("path")["value"]
    assert here not in path and str(tmp_path) in path


def test_a_worker_without_its_socket_says_who_starts_it():
    done = subprocess.run(
        [sys.executable, "-m", "mortise.worker"],
        env={"PYTHONPATH": SDK},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 64 and "started by a Mortise host" in done.stderr


# ---- values


EDGES = {
    "null": None,
    "bools": [True, False],
    "ints": [0, 2**63 - 1, -(2**63), 2**53 + 1],
    "floats": [0.1, -0.0, 5e-324, 1.7976931348623157e308, float("inf"), float("-inf")],
    "text": "\0 é 🜁",
    "bytes": [b"", b"\x00\xff", b"x" * 70_000],
    "times": [Time(0), Time(2**63 - 1), Time(-(2**63))],
    "$map": {"$int64": 1},
}


def grant(host, request, arena=1, size=1 << 20, first=True):
    """Answers `request arena`."""
    descriptor = os.memfd_create("out")
    os.truncate(descriptor, size)
    if first:
        host.connection.send(
            json.dumps({"t": "arena", "arena": arena, "size": size, "access": "write"}).encode(), (), [descriptor]
        )
    host.send(
        {
            "t": "reply",
            "id": request["id"],
            "status": "ok",
            "value": {"arena": arena, "offset": 64, "size": request["size"]},
        }
    )
    return descriptor


def test_every_kind_of_value_goes_both_ways(worker):
    host = worker()
    value = dict(EDGES)
    del value["bytes"]
    result = host.call("echo", value)
    assert result["value"] == value and repr(result["value"]) == repr(value)
    table = Table.from_columns({"n": [1, None], "s": ["a", "b"]})
    back = host.call("echo", [table, Tensor("INT8", [2], b"\x01\xff"), b"\0" * 1000])["value"]
    assert back == [table, Tensor("INT8", [2], b"\x01\xff"), b"\0" * 1000]


def test_the_deepest_value_goes_both_ways_and_one_level_more_is_invalid(worker):
    host = worker()
    value = []
    for _ in range(127):
        value = [value]
    assert host.call("echo", value)["value"] == value
    id = host.next_id()
    text = "[" * 129 + "]" * 129
    host.connection.send(f'{{"t":"call","id":{id},"op":"call","method":"echo","input":{text}}}'.encode())
    result = host.result(id)
    assert result["status"] == "invalid" and "128 levels" in result["error"]["message"]
    assert host.call("echo", 1)["value"] == 1


@pytest.mark.parametrize(
    "text", ["9223372036854775808", '{"$nope":1}', '{"a":1,"a":2}', '{"$bytes":{"segment":3}}', '"\\ud800"']
)
def test_a_value_that_breaks_the_rules_is_answered_and_the_worker_goes_on(worker, text):
    host = worker()
    id = host.next_id()
    host.connection.send(f'{{"t":"call","id":{id},"op":"call","method":"echo","input":{text}}}'.encode())
    result = host.result(id)
    assert result["status"] == "invalid" and result["error"]["message"].startswith("input")
    assert host.call("echo", 1)["value"] == 1


def test_a_step_gets_its_parts_and_its_input_from_the_context(worker):
    host = worker()
    step = {"name": "s", "plugin": "p", "config": {"a": 1}, "output": "out", "input": "prev"}
    id = host.start_call("", {"step": step, "run": {"id": "r", "attempt": 1, "key": "k"}}, op="step")
    request = host.result(id)
    assert (request["t"], request["what"], request["key"], request["call"]) == ("request", "context", "prev", id)
    host.send({"t": "reply", "id": request["id"], "status": "ok"}, value=[1, 2])
    assert host.result(id)["value"] == {"outputs": {"out": {"config": {"a": 1}, "input": [1, 2]}}}


def test_unknown_operations_are_unsupported(worker):
    host = worker()
    assert host.call("", None, op="dance")["status"] == "unsupported"
    assert host.call("", None, op="poll")["status"] == "unsupported"
    assert host.call("", None, op="health")["value"] == {"healthy": True, "message": ""}
    assert host.lifecycle("dance")["status"] == "unsupported"


# ---- shared memory


def test_a_table_in_shared_memory_is_read_in_place(worker):
    pytest.importorskip("numpy")
    host = worker()
    descriptor = os.memfd_create("in")
    os.write(descriptor, struct.pack("<1000d", *range(1000)))
    host.connection.send(b'{"t":"arena","arena":9,"size":8000,"access":"read"}', (), [descriptor])
    column = {
        "name": "x",
        "format": "g",
        "length": 1000,
        "null_count": 0,
        "buffers": [None, {"arena": 9, "offset": 0, "size": 8000}],
    }
    value = json.dumps({"$table": {"rows": 1000, "columns": [column]}})
    id = host.next_id()
    host.connection.send(f'{{"t":"call","id":{id},"op":"call","method":"sum","input":{value}}}'.encode())
    result = host.result(id)
    assert result["value"] == sum(range(1000)) and "copied" not in result
    host.send({"t": "drop", "arena": 9})
    id = host.next_id()
    host.connection.send(f'{{"t":"call","id":{id},"op":"call","method":"sum","input":{value}}}'.encode())
    assert host.result(id)["status"] == "invalid"
    os.close(descriptor)


def test_a_long_result_goes_through_memory_that_the_host_gives(worker):
    host = worker()
    id = host.start_call("size", 20_000)
    request = host.result(id)
    assert request["what"] == "arena" and request["size"] == 160_000
    descriptor = grant(host, request)
    while True:
        frame = host.receive()
        if frame.header["t"] == "result":
            break
    assert frame.header["copied"] == 160_000
    place = frame.header["value"]["$table"]["columns"][0]["buffers"][1]
    assert place == {"arena": 1, "offset": 64, "size": 160_000}
    assert os.pread(descriptor, 24, 64 + 8) == struct.pack("<3d", 1, 2, 3)
    os.close(descriptor)


def test_an_array_made_in_shared_memory_is_not_copied(worker):
    pytest.importorskip("numpy")
    host = worker()
    id = host.start_call("made", 20_000)
    request = host.result(id)
    descriptor = grant(host, request)
    frame = host.receive()
    assert frame.header["t"] == "result" and "copied" not in frame.header
    assert frame.header["value"]["$tensor"]["data"] == {"arena": 1, "offset": 64, "size": 160_000}
    assert os.pread(descriptor, 8, 64) == b"\0\0\0\0\0\0\xf8?"
    os.close(descriptor)


def test_a_host_without_room_makes_the_call_fail_busy(worker):
    host = worker()
    id = host.start_call("size", 20_000)
    request = host.result(id)
    host.send(
        {"t": "reply", "id": request["id"], "status": "busy", "error": {"message": "no room", "hint": "send less"}}
    )
    result = host.result(id)
    assert result["status"] == "busy" and result["error"]["hint"] == "send less"
    assert host.call("echo", 1)["value"] == 1


# ---- errors


def test_an_exception_is_told_with_its_causes_and_its_place(worker):
    host = worker()
    result = host.call("raise")
    assert result["status"] == "plugin"
    assert result["error"]["message"] == "ValueError: cannot read"
    assert result["error"]["cause"] == {"message": "OSError: disk on fire"}
    assert (
        result["error"]["details"]["file"].endswith("plugin.py")
        and result["error"]["details"]["exception"] == "ValueError"
    )
    (log,) = host.asides
    assert (
        log["level"] == "debug"
        and log["fields"]["traceback"].startswith("Traceback")
        and "do_raise" in log["fields"]["traceback"]
    )
    assert "mortise/worker.py" not in log["fields"]["traceback"]


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("memory", "the plugin ran out of memory"),
        ("leave", "the plugin called sys.exit(3)"),
        ("interrupt", "KeyboardInterrupt"),
        ("recurse", "RecursionError"),
        ("no_such", "AttributeError"),
        ("garbage", "the plugin returned what cannot cross: result.items[1]: a 'set' cannot cross"),
    ],
)
def test_whatever_leaves_a_plugin_is_its_failure_and_the_worker_lives(worker, method, message):
    host = worker()
    result = host.call(method)
    assert result["status"] == ("busy" if method == "memory" else "plugin") and result["error"]["message"].startswith(
        message
    )
    assert host.call("echo", 1)["value"] == 1


# ---- host callbacks


def test_logs_reach_the_host_with_their_fields(worker):
    host = worker()
    id = host.start_call("log")
    host.result(id)
    logs = [(log["id"], log["level"], log["message"], log.get("fields")) for log in host.asides]
    assert logs[0] == (
        id,
        "warning",
        "careful",
        {"rows": 3, "odd": "{1, 2}", "bad": "'\\ud800'", "big": repr(b"x" * 1000)},
    )
    assert logs[1] == (id, "info", "also here", None)
    assert logs[2] == (id, "error", "by logging 5", {"logger": "my.part", "item": 7})
    assert logs[3][:3] == (id, "error", "it broke") and "ZeroDivisionError" in logs[3][3]["traceback"]
    assert len(logs) == 4


def test_progress_is_kept_between_0_and_1(worker):
    host = worker()
    id = host.start_call("progress")
    host.result(id)
    assert [(a["t"], a["id"], a["fraction"]) for a in host.asides] == [
        ("progress", id, f) for f in (0.0, 0.5, 1.0, None, None)
    ]
    assert host.asides[1]["note"] == "at 0.5"


def test_a_missing_key_of_the_context_is_not_a_null(worker):
    host = worker()
    id = host.start_call("context")
    host.send({"t": "reply", "id": host.result(id)["id"], "status": "ok", "value": None})
    host.send({"t": "reply", "id": host.result(id)["id"], "status": "not_found", "error": {"message": "no"}})
    assert host.result(id)["value"] == [None, "default"]
    id = host.start_call("context_gone")
    host.send({"t": "reply", "id": host.result(id)["id"], "status": "not_found", "error": {"message": "no key 'gone'"}})
    result = host.result(id)
    assert result["status"] == "not_found" and result["error"]["message"] == "no key 'gone'"


def test_a_service_answers_or_fails_with_its_code(worker):
    host = worker()
    id = host.start_call("service", {"amount": 3})
    request = host.result(id)
    assert (request["what"], request["service"], request["method"], request["input"]) == (
        "service",
        "rates",
        "convert",
        {"amount": 3},
    )
    host.send({"t": "reply", "id": request["id"], "status": "ok"}, value={"amount": Time(5)})
    assert host.result(id)["value"] == {"amount": Time(5)}
    id = host.start_call("service")
    host.send(
        {"t": "reply", "id": host.result(id)["id"], "status": "not_found", "error": {"message": "m", "hint": "h"}}
    )
    assert host.result(id)["value"] == ["not found", "m", "h"]


def test_threads_of_the_plugin_share_the_call(worker):
    host = worker()
    id = host.start_call("threads")
    for _ in range(200):
        host.send({"t": "reply", "id": host.result(id)["id"], "status": "ok", "value": 1})
    assert host.result(id)["value"] == 200
    assert sum(aside["t"] == "log" for aside in host.asides) == 200


def test_a_thread_that_outlives_its_call_is_told_that_it_is_over(worker):
    host = worker()
    host.call("late")
    assert host.call("late_result")["value"] == [True, "the call is over: there is nobody to ask"]
    assert host.asides[-1]["message"] == "late" and host.asides[-1]["id"] == 0


def test_what_the_plugin_prints_stays_out_of_the_protocol_and_comes_before_the_answer(worker):
    host = worker()
    assert host.call("print")["status"] == "ok"
    printed = os.read(host._out, 1000).decode()
    assert "to stdout\n" in printed and "partial" in printed and "to stderr\n" in printed


def test_children_of_the_plugin_do_not_inherit_the_socket(worker):
    descriptors, inheritable = worker().call("sockets")["value"]
    assert 3 in descriptors and inheritable is False


# ---- cancelling and deadlines


@pytest.mark.parametrize("method", ["wait", "check"])
def test_a_call_that_looks_notices_that_it_was_cancelled(worker, method):
    host = worker()
    id = host.start_call(method)
    time.sleep(0.05)
    host.send({"t": "cancel", "id": id})
    assert host.result(id)["status"] == "cancelled"
    assert host.call("look")["value"] is False


def test_a_deadline_is_noticed_without_the_host(worker):
    host = worker()
    begin = time.monotonic()
    assert host.call("wait", timeout_ms=50)["status"] == "timeout"
    assert 0.04 < time.monotonic() - begin < 2
    assert host.call("remaining")["value"] is None
    assert 8 < host.call("remaining", timeout_ms=9_000)["value"] <= 9


def test_a_cancel_that_comes_too_late_or_for_another_call_is_ignored(worker):
    host = worker()
    id = host.start_call("echo", 1)
    assert host.result(id)["status"] == "ok"
    host.send({"t": "cancel", "id": id})
    host.send({"t": "cancel", "id": 4_000_000})
    assert host.call("look")["value"] is False


def test_a_plugin_that_was_cancelled_and_returns_all_the_same_is_cancelled(worker):
    host = worker()
    id = host.start_call("stubborn")
    host.send({"t": "cancel", "id": id})
    assert host.result(id)["status"] == "cancelled"


def test_a_cancel_while_waiting_for_a_reply_is_seen_after_it(worker):
    host = worker()
    id = host.start_call("context")
    request = host.result(id)
    host.send({"t": "cancel", "id": id})
    host.send({"t": "reply", "id": request["id"], "status": "ok", "value": 1})
    host.send({"t": "reply", "id": host.result(id)["id"], "status": "ok", "value": 2})
    assert host.result(id)["value"] == [1, 2]


# ---- ends


def test_a_worker_without_a_host_cleans_up_and_goes(worker, tmp_path):
    marker = tmp_path / "marker"
    host = worker({"marker": str(marker)})
    host.connection.close()
    assert host.wait(1.0) == 1 and marker.read_text() == "cleaned"


def test_a_cleanup_that_hangs_is_cut_off(worker):
    host = worker({"slow_cleanup": True})
    host.connection.close()
    assert host.wait(1.0) == 1


@pytest.mark.parametrize("method", ["sleep", "swallow", "wait", "context"])
def test_a_worker_whose_host_goes_in_the_middle_of_a_call_goes_too(worker, method):
    host = worker()
    host.start_call(method)
    time.sleep(0.05)
    host.connection.close()
    assert host.wait(1.0) == 1


def call_frame():
    return pack(
        b'{"t":"call","id":9,"op":"call","method":"echo","input":{"$bytes":{"segment":0}},"segments":[5]}', [b"bytes"]
    )


def test_a_worker_whose_host_goes_within_a_frame_goes_too(worker):
    frame = call_frame()
    for length in sorted({0, 1, 3, 4, 8, 12, 15, 16, 17, 40, len(frame) - 6, len(frame) - 5, len(frame) - 1}):
        host = worker()
        host.socket.sendall(frame[:length])
        host.connection.close()
        assert host.wait(1.0) == 1, length


@pytest.mark.parametrize(
    "bad",
    [
        b"MTSX" + bytes(12),
        pack(b"[1]"),
        pack(b'{"t":"unknown"}'),
        pack(b'{"t":"call","id":0,"op":"call"}'),
        pack(b'{"t":"call","id":"x","op":"call"}'),
        pack(b'{"t":"reply","id":1,"status":"ok"}'),
        pack(b'{"t":"hello"}'),
        pack(b'{"t":"arena","arena":1,"size":5,"access":"read"}'),
        pack(b'{"t":"drop","arena":5}'),
        pack(b'{"t":"x","segments":[1]}'),
        b"MTSE" + b"\xff" * 12,
        pack(b'{"t":"call","id":1,"t":"call"}'),
        pack(b"nonsense"),
        pack(b'{"id":1}'),
    ],
)
def test_a_host_that_breaks_the_protocol_ends_the_worker(worker, bad):
    host = worker()
    host.socket.sendall(bad)
    assert host.wait(1.0) == 2
    with pytest.raises(Ended):
        host.receive()
    assert "the host broke the protocol" in host.output()


def test_a_reply_that_nobody_asked_for_ends_a_worker_in_the_middle_of_a_call(worker):
    host = worker()
    id = host.start_call("context")
    request = host.result(id)
    host.send({"t": "reply", "id": request["id"] + 1, "status": "ok", "value": 1})
    assert host.wait(1.0) == 2


def test_the_first_message_is_hello(fresh):
    fresh.send({"t": "bye"})
    assert fresh.wait(2.0) == 2


@pytest.mark.parametrize(("method", "status"), [("exit", 7), ("kill", -signal.SIGKILL)])
def test_a_plugin_that_ends_its_process_ends_the_connection(worker, method, status):
    host = worker()
    host.start_call(method)
    with pytest.raises(Ended):
        host.receive()
    assert host.wait() == status


def test_an_interrupt_from_the_terminal_does_not_end_a_call(worker):
    host = worker()
    id = host.start_call("wait")
    time.sleep(0.05)
    os.kill(host.pid, signal.SIGINT)
    time.sleep(0.05)
    host.send({"t": "cancel", "id": id})
    assert host.result(id)["status"] == "cancelled"


def test_a_socket_half_closed_ends_the_worker_too(worker):
    host = worker()
    host.socket.shutdown(socket.SHUT_WR)
    assert host.wait(1.0) == 1
