"""What a case expects, held against what came; a Failure says what is wrong."""

import signal

import second
from host import Failure
from literal import pack

STOPPED = ("cancelled", "timeout")


def require(condition, what):
    if not condition:
        raise Failure(f"not so: {what}")


def same_value(canonical, literal, what):
    packed = pack(literal, 1)
    wanted = second.canonical(second.parse(packed.text.encode("utf-8")), packed.segments, packed.find)
    if canonical != wanted:
        raise Failure(f"{what} is {str(canonical)[:600]}, expected {str(wanted)[:600]}")


def check_result(result, expect):
    wanted = expect.get("status", "ok")
    if wanted == "stopped":
        require(result["status"] in STOPPED, f"the call was stopped: {result}")
    elif result["status"] not in ([wanted] if isinstance(wanted, str) else wanted):
        raise Failure(f"status {result['status']!r}, expected {wanted!r}: {str(result)[:600]}")
    if "value" in expect:
        same_value(result.get("value"), expect["value"], "the value")
    error = result.get("error") or {}
    require((result["status"] == "ok") == (not error), f"an error comes exactly with a status that is not ok: {result}")
    for key in ("message", "hint"):
        if key in expect:
            require(expect[key] in str(error.get(key)), f"{key} has {expect[key]!r}: {error}")
    for key, text in expect.get("details", {}).items():
        require((error.get("details") or {}).get(key) == text, f"details.{key} is {text!r}: {error}")
    if "causes" in expect:
        require(messages_of(error.get("cause")) == expect["causes"], f"causes {expect['causes']}: {error}")
    if "depth_of_causes" in expect:
        low, high = expect["depth_of_causes"]
        require(
            low <= len(messages_of(error.get("cause"))) <= high,
            f"between {low} and {high} causes: {len(messages_of(error))}",
        )
    if "between" in expect:
        low, high = expect["between"]
        kind, number = result["value"]
        require(kind == "int64" and low <= number <= high, f"an integer between {low} and {high}: {result['value']}")
    if "copied" in expect:
        low, high = expect["copied"]
        copied = result.get("copied", 0)
        require(low <= copied <= high, f"between {low} and {high} bytes were copied: {copied}")


def messages_of(error):
    messages = []
    while error:
        messages.append(error["message"])
        error = error.get("cause")
    return messages


def check_seen(seen, expect):
    if "logs" in expect:
        wanted = expect["logs"]
        with_debug = any(log["level"] == "debug" for log in wanted)
        came = [log for log in seen.logs if with_debug or log["level"] != "debug"]
        short = [(log["level"], log["message"]) for log in came]
        require(short == [(log["level"], log["message"]) for log in wanted], f"logs {wanted}, came {short}")
        for log, one in zip(came, wanted):
            if "fields" in one:
                same_value(log.get("fields"), one["fields"], f"the fields of {one['message']!r}")
    if "log_count" in expect:
        require(len(seen.logs) == expect["log_count"], f"{expect['log_count']} records: {len(seen.logs)}")
    if "progress" in expect:
        require(_progress(seen) == expect["progress"], f"progress {expect['progress']}, came {_progress(seen)}")
    if "granted" in expect:
        low, high = expect["granted"]
        require(
            low <= seen.granted <= high,
            f"between {low} and {high} bytes of shared memory were asked for: {seen.granted}",
        )


def _progress(seen):
    return [
        [None if fraction is None else float(getattr(fraction, "text", fraction)), note]
        for fraction, note in seen.progress
    ]


def check_printed(worker, before, expect):
    printed = worker.read_printed()
    if "stdout_size" in expect:
        size = len(printed[1]) - len(before[1])
        require(size == expect["stdout_size"], f"{expect['stdout_size']} bytes were printed: {size}")
    for stream, key in ((1, "stdout"), (2, "stderr")):
        if key in expect:
            text = printed[stream][len(before[stream]) :].decode("utf-8", "replace")
            require(text == expect[key], f"{key} is {expect[key]!r}: {text[:300]!r}")


def check_time(seconds, expect):
    low, high = expect.get("ms", [0, float("inf")])
    require(low <= seconds * 1000 <= high, f"it took {low} to {high} ms: {seconds * 1000:.0f}")


def check_end(worker, ended, partial):
    status = worker.wait(2.0)
    require(status is not None, "the process ended with its socket")
    if "exit" in ended:
        require(status == ended["exit"], f"exit status {ended['exit']}: {status}")
    if "signal" in ended:
        require(status == -getattr(signal, ended["signal"]), f"ended by {ended['signal']}: {status}")
    if "partial" in ended:
        require(len(partial) == ended["partial"], f"{ended['partial']} bytes of a frame came: {len(partial)}")


def describe_end(worker):
    status = worker.wait(1.0)
    printed = worker.read_printed()
    tail = (printed[1] + printed[2])[-400:].decode("utf-8", "replace")
    return f"status {status}, printed {tail!r}"
