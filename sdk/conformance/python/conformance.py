"""The conformance plugin in Python. README.md, one folder up, says what each method does in every SDK."""

import os
import signal
import struct
import sys
import time

from mortise import MortiseError, NotFound, Plugin, Table, Tensor, Time
from mortise.errors import BY_CODE


class Conformance(Plugin):
    def __init__(self, config):
        super().__init__(config)
        self.seen = ["load"]

    def initialize(self):
        self.seen.append("initialize")

    def start(self):
        self.seen.append("start")

    def stop(self):
        self.seen.append("stop")

    def validate(self, config):
        if config.get("refuse"):
            raise BY_CODE["invalid"]("the configuration is refused", "drop 'refuse'", {"key": "refuse"})
        return {"completed": True, **config}

    def step(self, step):
        step.put("config", step.config)
        return step.input

    def call(self, method, input):
        return getattr(self, f"do_{method}")(input)

    # ---- values

    def do_echo(self, input):
        return input

    def do_describe(self, input):
        return describe(input)

    def do_make(self, input):
        return make(input)

    def do_nest(self, input):
        value = []
        for _ in range(input["levels"] - 1):
            value = [value]
        return value

    def do_table_make(self, input):
        rows = range(input["rows"])
        return Table.from_columns({
            "id": [row for row in rows],
            "half": [row * 0.5 for row in rows],
            "name": [f"row {row}" for row in rows],
            "even": [row % 2 == 0 for row in rows],
            "when": [Time(row * 1_000_000_000) for row in rows],
            "maybe": [None if row % 3 == 0 else row for row in rows],
        })  # fmt: skip

    def do_table_sum(self, input):
        column = input["table"].column(input["column"])
        total = column.fixed() if column.null_count == 0 else (row for row in column.tolist() if row is not None)
        return {"rows": len(input["table"]), "nulls": column.null_count, "sum": float(sum(total))}

    def do_table_text(self, input):
        return "|".join("-" if text is None else text for text in input["table"].column(input["column"]).tolist())

    def do_tensor_add(self, input):
        tensor = input["tensor"]
        code = {"FP64": "d", "FP32": "f", "INT64": "q", "INT32": "i", "UINT8": "B"}[tensor.dtype]
        count = len(tensor.buffer) // struct.calcsize(code)
        numbers = struct.unpack(f"<{count}{code}", tensor.buffer.view)
        return Tensor(
            tensor.dtype, tensor.shape, struct.pack(f"<{count}{code}", *(n + input["number"] for n in numbers))
        )

    def do_allocate(self, input):
        count = input["elements"]
        region = self.current.allocate(count * 8)
        region.view[: count * 8] = struct.pack("<d", input["number"]) * count
        return Tensor("FP64", [count], type(region)(region.view[: count * 8], region.arena, region.offset))

    # ---- the host

    def do_fail(self, input):
        raise failure(input, input.get("causes", []))

    def do_log(self, input):
        for record in input["records"]:
            getattr(self.current.log, record["level"])(record["message"], **record.get("fields", {}))

    def do_progress(self, input):
        for fraction, note in input["reports"]:
            self.current.progress(fraction, note)

    def do_read_context(self, input):
        found = {}
        for key in input["keys"]:
            try:
                found[key] = {"found": True, "value": self.current.context(key)}
            except NotFound:
                found[key] = {"found": False}
        return found

    def do_use_service(self, input):
        try:
            return self.current.service(input["service"], input["method"], input.get("input"))
        except MortiseError as error:
            if not input.get("catch"):
                raise
            return {"code": error.code, "message": error.message, "hint": error.hint}

    def do_sleep(self, input):
        end = time.monotonic() + input["ms"] / 1000
        while time.monotonic() < end:
            if input["look"]:
                self.current.stop_if_cancelled()
            time.sleep(0.001)
        return "slept"

    def do_remaining(self, input):
        remaining = self.current.remaining
        return None if remaining is None else int(remaining * 1000)

    def do_lifecycle(self, input):
        return {"config": self.config, "seen": self.seen}

    # ---- misdeeds

    def do_print(self, input):
        sys.stdout.write(input.get("stdout", ""))
        sys.stderr.write(input.get("stderr", ""))

    def do_die(self, input):
        if "bytes" in input:
            header = b'{"t":"result","id":1,"status":"ok","value":null}'
            os.write(3, (struct.pack("<4sIIHH", b"MTSE", len(header), 0, 0, 0) + header)[: input["bytes"]])
        if input["how"] == "exit":
            os._exit(input["status"])
        if input["how"] == "abort":
            os.abort()
        os.kill(os.getpid(), signal.SIGKILL)


def describe(value):
    if value is None:
        return {"kind": "null"}
    if isinstance(value, bool):
        return {"kind": "bool", "value": value}
    if isinstance(value, int):
        return {"kind": "int64", "text": str(value)}
    if isinstance(value, float):
        return {"kind": "float64", "bits": "nan" if value != value else struct.pack(">d", value).hex()}
    if isinstance(value, str):
        return {"kind": "string", "text": value, "bytes": len(value.encode("utf-8"))}
    if isinstance(value, bytes):
        return {"kind": "bytes", "hex": value.hex()}
    if isinstance(value, Time):
        return {"kind": "time", "ns": str(value.ns)}
    if isinstance(value, list):
        return {"kind": "list", "items": [describe(item) for item in value]}
    if isinstance(value, dict):
        return {"kind": "map", "members": [[key, describe(item)] for key, item in value.items()]}
    if isinstance(value, Tensor):
        return {"kind": "tensor", "dtype": value.dtype, "shape": list(value.shape), "hex": value.buffer.take().hex()}
    return {"kind": "table", "rows": len(value), "columns": [describe_column(column) for column in value.columns]}


def describe_column(column):
    told = {"name": column.name, "format": column.format, "rows": column.length, "nulls": column.null_count}
    if column.children:
        told["children"] = [describe_column(child) for child in column.children]
    if column.dictionary is not None:
        told["dictionary"] = describe_column(column.dictionary)
    return told


def make(told):
    kind = told["kind"]
    if kind == "null":
        return None
    if kind == "bool":
        return told["value"]
    if kind == "int64":
        return int(told["text"])
    if kind == "float64":
        return float("nan") if told["bits"] == "nan" else struct.unpack(">d", bytes.fromhex(told["bits"]))[0]
    if kind == "string":
        return told["text"]
    if kind == "bytes":
        return bytes.fromhex(told["hex"])
    if kind == "time":
        return Time(int(told["ns"]))
    if kind == "list":
        return [make(item) for item in told["items"]]
    if kind == "map":
        return {key: make(item) for key, item in told["members"]}
    return Tensor(told["dtype"], told["shape"], bytes.fromhex(told["hex"]))


def failure(told, causes):
    error = BY_CODE[told["code"]](told["message"], told.get("hint", ""), told.get("details"))
    if causes:
        error.__cause__ = failure({"code": told["code"], "message": causes[0]}, causes[1:])
    return error
