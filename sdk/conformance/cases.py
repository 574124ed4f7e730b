"""Case files: what is in them, and how one is played. README.md describes the form."""

import glob
import json
import os
import signal
import time

import second
from expect import check_end, check_printed, check_result, check_seen, check_time, describe_end, require, same_value
from host import PATIENCE, Failure, Incoming, Outgoing, Worker, decode, encode
from literal import pack

HERE = os.path.dirname(os.path.abspath(__file__))


class Case:
    def __init__(self, file, name, play):
        self.file, self.name, self.play = file, name, play

    def __str__(self):
        return f"{self.file}: {self.name}"


def load_all():
    """Every case of cases/*.json, in order."""
    for path in sorted(glob.glob(os.path.join(HERE, "cases", "*.json"))):
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        label = os.path.splitext(os.path.basename(path))[0]
        for entry in content["cases"]:
            yield from _cases_of(label, entry)


def _cases_of(label, entry):
    if "described" in entry:
        yield from _value_cases(label, entry)
    elif "frame" in entry:
        yield Case(label, entry["name"], lambda bench: play_frame(bench, entry))
    else:
        yield Case(label, entry["name"], lambda bench: play_call(bench, entry))


def _value_cases(label, entry):
    """A value is echoed, is described by the plugin as what it is, and is made by the plugin from that description."""
    name, value, described = entry["name"], entry["value"], entry["described"]
    calls = {
        "crosses both ways": {"call": "echo", "input": value, "expect": {"value": value}},
        "is what the plugin sees": {"call": "describe", "input": value, "expect": {"value": described}},
        "is what the plugin makes": {"call": "make", "input": described, "expect": {"value": value}},
    }
    if entry.get("make") is False:
        del calls["is what the plugin makes"]
    for what, call in calls.items():
        yield Case(label, f"{name} {what}", lambda bench, call=call: play_call(bench, call))


class Bench:
    """Holds the worker that cases share until one of them ends it."""

    def __init__(self, command):
        self.command = command
        self._worker = None

    def warm(self):
        if self._worker is None:
            self._worker = self.fresh().begin({"colour": "red"})
        return self._worker

    def fresh(self, transport=None):
        return Worker(self.command, transport or self.command.transport)

    def discard(self):
        if self._worker is not None:
            self._worker.close()
            self._worker = None


# ---- calls


def play_call(bench, case):
    worker = bench.warm()
    expect = case.get("expect", {})
    printed_before = dict(worker.read_printed())
    seen = Seen()
    id = begin_call(worker, case)
    begun = time.monotonic()
    try:
        result = converse(worker, case, id, begun, seen)
    except second.Closed as closed:
        if expect.get("or_ended") and not closed.partial and worker.wait(1.0) is not None and worker.status >= 0:
            bench.discard()
            return
        if "ended" not in expect:
            raise Failure(f"the worker ended in the middle of the call: {describe_end(worker)}") from None
        check_end(worker, expect["ended"], closed.partial)
        bench.discard()
        return
    except second.Late:
        if expect.get("deaf"):
            os.kill(worker.pid, signal.SIGKILL)
            require(worker.wait(2.0) == -signal.SIGKILL, "the worker was killed")
            bench.discard()
            return
        raise Failure("no result came") from None
    require(
        "ended" not in expect and not expect.get("deaf"),
        f"a result came, {result}, where the worker should end or be deaf",
    )
    check_result(result, expect)
    check_seen(seen, expect)
    check_printed(worker, printed_before, expect)
    check_time(time.monotonic() - begun, expect)
    worker.drop_all()
    if case.get("cancel_late"):
        worker.send({"t": "cancel", "id": id})
    check_alive(worker)


class Seen:
    def __init__(self):
        self.logs, self.progress, self.granted = [], [], 0


def begin_call(worker, case):
    id = worker.next_id()
    message = {"t": "call", "id": id, "op": case.get("op", "call"), "timeout_ms": case.get("timeout_ms", 0)}
    if "call" in case:
        message["method"] = case["call"]
    packed = pack(case.get("input"), worker.next_arena())
    if "input_json" in case:
        packed.text = case["input_json"]
    elif not packed.memory and case.get("expect", {}).get("status") != "invalid":
        check_both_codecs_write_the_same(packed)
    worker.share(packed)
    worker.send(message, packed, "input")
    return id


def check_both_codecs_write_the_same(packed):
    wanted = second.canonical(second.parse(packed.text.encode("utf-8")), packed.segments)
    value = decode(json.loads(packed.text), Incoming([memoryview(s) for s in packed.segments]))
    out = Outgoing()
    tree = encode(value, out)
    out.finish_as_segments()
    again = second.parse(out.header({"v": tree}))["v"]
    require(
        second.canonical(again, [bytes(s) for s in out.segments]) == wanted,
        "sdk/python writes the value as the case does",
    )


def converse(worker, case, id, begun, seen):
    """Answers what the worker asks until its result comes."""
    cancel_at = None
    for key in ("cancel_after_ms", "timeout_ms"):
        if case.get(key):
            cancel_at = begun + case[key] / 1000
    end = begun + (case["patience_ms"] / 1000 if "patience_ms" in case else PATIENCE)
    while True:
        until = end if cancel_at is None else min(end, cancel_at)
        if not worker.stream.wait(until - time.monotonic()):
            if cancel_at is not None and time.monotonic() >= cancel_at:
                worker.send({"t": "cancel", "id": id})
                cancel_at = None
                continue
            if time.monotonic() >= end:
                raise second.Late()
            continue
        message = worker.receive(max(0.1, end - time.monotonic()))
        kind = message["t"]
        if kind == "result":
            require(message.get("id") == id, f"the result is of call {id}: {message}")
            return message
        if kind == "log":
            seen.logs.append(message)
        elif kind == "progress":
            require(message.get("id") == id, f"progress is of call {id}: {message}")
            seen.progress.append([message.get("fraction"), message.get("note")])
        elif kind == "request":
            require(message.get("call") == id, f"a request is of call {id}: {message}")
            answer(worker, case, message, seen)
        else:
            raise Failure(f"a message of type {kind!r} came from the worker")


def answer(worker, case, request, seen):
    reply = {"t": "reply", "id": request["id"], "status": "ok"}
    if request["what"] == "arena":
        if case.get("memory") == "refused":
            error = {"message": "no memory left", "hint": "send less"}
            worker.send({"t": "reply", "id": request["id"], "status": "busy", "error": error})
            return
        seen.granted += request["size"]
        reply["value"] = worker.grant(request["size"])
        worker.send(reply)
    elif request["what"] == "context":
        context = case.get("context", {})
        if request["key"] not in context:
            error = {"message": f"the context has no '{request['key']}'"}
            worker.send({"t": "reply", "id": request["id"], "status": "not_found", "error": error})
            return
        packed = pack(context[request["key"]], worker.next_arena())
        worker.share(packed)
        worker.send(reply, packed, "value")
    else:
        serve(worker, case, request, reply)


def serve(worker, case, request, reply):
    methods = case.get("services", {}).get(request["service"], {})
    told = methods.get(request["method"])
    if told is None:
        error = {"message": f"no service '{request['service']}.{request['method']}'", "hint": "register it"}
        worker.send({"t": "reply", "id": request["id"], "status": "not_found", "error": error})
    elif "error" in told:
        worker.send({"t": "reply", "id": request["id"], "status": told["code"], "error": told["error"]})
    else:
        if "input" in told:
            same_value(request["input"], told["input"], "the input of the service")
        packed = pack(told["value"], worker.next_arena())
        worker.share(packed)
        worker.send(reply, packed, "value")


# ---- afterwards


def check_alive(worker):
    """Whatever the case did, the worker answers the next call."""
    id = worker.next_id()
    worker.send({"t": "call", "id": id, "op": "call", "method": "echo", "timeout_ms": 0, "input": "still there"})
    while True:
        message = worker.receive()
        if message["t"] == "result":
            require(message["id"] == id and message.get("value") == ("string", "still there"), f"it goes on: {message}")
            return


# ---- broken frames


def play_frame(bench, case):
    """After the handshake the host sends these bytes; the worker must end within a second."""
    worker = bench.fresh().begin()
    try:
        form = case["frame"]
        header = header_of(form)
        segments = [bytes.fromhex(segment) for segment in form.get("segments", [])]
        data = bytearray(second.frame(header, segments, form.get("descriptors_said", form.get("descriptors", 0))))
        for offset, text in form.get("prefix", {}).items():
            replacement = bytes.fromhex(text)
            data[int(offset) : int(offset) + len(replacement)] = replacement
        descriptors = [os.dup(1) for _ in range(form.get("descriptors", 0))]
        worker.stream.send(bytes(data), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        expect = case.get("expect", {})
        if "result" in expect:
            message = worker.receive()
            require(
                (message["t"], message["id"], message["status"]) == ("result", expect["result"], "ok"),
                f"a result: {message}",
            )
        if expect:
            check_alive(worker)
            return
        require(worker.wait(1.0) is not None, "the worker ended within a second")
        require(worker.wait(0) >= 0, f"it ended by itself, not by a signal: {worker.wait(0)}")
    finally:
        worker.close()


def header_of(form):
    if "nested" in form:
        return b'{"t":"call","input":' + b"[" * form["nested"] + b"]" * form["nested"] + b"}"
    return form["header"].encode("utf-8") if "header" in form else bytes.fromhex(form["header_hex"])
