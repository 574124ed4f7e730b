"""A second implementation of docs/worker-protocol.md, sections 2 and 3, on purpose independent of every SDK.

It serves the runner only: it is small, slow, and as literal as the page it follows. What an SDK writes is compared with
what this reads, and the other way round.

`canonical` turns a value on the wire into nested tuples in which exactly what must be equal is equal: 1 differs from
1.0, -0.0 from 0.0, a table is its formats and the bytes of its cells, wherever its buffers lay.
"""

import array
import base64
import calendar
import json
import math
import os
import re
import select
import socket
import struct
import time

SCALAR = {"BOOL": 1, "UINT8": 1, "UINT16": 2, "UINT32": 4, "UINT64": 8, "INT8": 1, "INT16": 2, "INT32": 4, "INT64": 8,
          "FP16": 2, "FP32": 4, "FP64": 8}  # fmt: skip
FIXED = {"c": 1, "C": 1, "s": 2, "S": 2, "i": 4, "I": 4, "l": 8, "L": 8, "e": 2, "f": 4, "g": 8, "tdD": 4, "tdm": 8,
         "tts": 4, "ttm": 4, "ttu": 8, "ttn": 8, "tDs": 8, "tDm": 8, "tDu": 8, "tDn": 8}  # fmt: skip


class Broken(Exception):
    """What came does not follow the protocol."""


class Closed(Exception):
    """The other side is gone; `partial` is what came of a frame before."""

    def __init__(self, partial=b""):
        super().__init__(f"the socket ended, {len(partial)} bytes into a frame")
        self.partial = partial


class Late(Exception):
    """Nothing came in time."""


# ---- frames


def frame(header, segments=(), descriptors=0):
    size = sum(len(segment) for segment in segments)
    words = len(header).to_bytes(4, "little") + size.to_bytes(4, "little") + descriptors.to_bytes(2, "little") + b"\0\0"
    return b"MTSE" + words + bytes(header) + b"".join(bytes(segment) for segment in segments)


def send(sock, data, descriptors=()):
    if descriptors:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
        data = data[sock.sendmsg([data], rights) :]
    if data:  # sending nothing fails too, once a quick worker has refused what came before
        sock.sendall(data)


def read_exactly(sock, size, deadline, partial=b""):
    got = b""
    while len(got) < size:
        if not select.select([sock], [], [], max(0, deadline - time.monotonic()))[0]:
            raise Late(f"nothing came in time; {len(partial + got)} bytes of a frame had")
        try:
            piece = sock.recv(size - len(got))
        except ConnectionResetError:
            piece = b""
        if not piece:
            raise Closed(partial + got)
        got += piece
    return got


def read_frame(sock, deadline):
    """(header text, segments). Workers send no descriptors."""
    prefix = read_exactly(sock, 16, deadline)
    header, size = check_prefix(prefix)
    text = read_exactly(sock, header, deadline, prefix)
    return split(text, read_exactly(sock, size, deadline, prefix + text))


def check_prefix(prefix):
    """(bytes of the header, bytes of the segments)"""
    header = int.from_bytes(prefix[4:8], "little")
    size = int.from_bytes(prefix[8:12], "little")
    if prefix[:4] != b"MTSE" or not 2 <= header <= 16 << 20 or size > 64 << 20 or prefix[12:] != b"\0\0\0\0":
        raise Broken(f"a prefix of {prefix.hex(' ')}")
    return header, size


def split(text, body):
    """(header as JSON text, segments)"""
    if text[:1] == b"\x02":
        text = from_compact(text)
    sizes = parse(text).get("segments", [])
    if [type(n) for n in sizes] != [int] * len(sizes) or sum(sizes) != len(body):
        raise Broken(f"segments {sizes} in a frame with {len(body)} bytes of them")
    segments, at = [], 0
    for one in sizes:
        segments.append(body[at : at + one])
        at += one
    return text, segments


OPERATIONS = ["validate", "step", "execute", "poll", "aggregate", "infer", "call", "health"]


def compact_call(message, value, is_text, segments):
    """The compact header of a call; None when it needs a JSON one."""
    id, op, method, timeout = (message.get(key) for key in ("id", "op", "method", "timeout_ms"))
    method, timeout = method or "", timeout or 0
    if op not in OPERATIONS or type(id) is not int or not 0 < id < 1 << 63 or type(timeout) is not int:
        return None
    if set(message) - {"t", "id", "op", "method", "timeout_ms", "input"} or type(method) is not str:
        return None
    name = method.encode()
    head = bytes([1, OPERATIONS.index(op) + 1, is_text, 0])
    for number, width in ((len(name), 2), (len(segments), 2), (id, 8), (timeout, 8)):
        head += number.to_bytes(width, "little")
    return head + name + value + b"".join(len(one).to_bytes(4, "little") for one in segments)


def from_compact(header):
    """The JSON that says what the compact header of a result says."""
    kind, op, form, zero = header[:4]
    method, count, id, copied = (int.from_bytes(header[a:b], "little") for a, b in ((4, 6), (6, 8), (8, 16), (16, 24)))
    if (kind, op, zero, method) != (2, 0, 0, 0) or form > 1 or len(header) < 24 + 4 * count:
        raise Broken(f"a compact header of {header[:24].hex(' ')}")
    end = len(header) - 4 * count
    value = header[24:end].decode()
    sizes = [int.from_bytes(header[at : at + 4], "little") for at in range(end, len(header), 4)]
    told = f'{{"t":"result","id":{id},"status":"ok","copied":{copied},"value":'
    return (told + (json.dumps(value) if form else value) + f',"segments":{sizes}}}').encode()


class Number:
    """A number as it was written."""

    def __init__(self, text):
        self.text = text


class Twice(Exception):
    pass


def _object(pairs):
    if len(dict(pairs)) != len(pairs):
        raise Twice(f"a key twice among {[key for key, _ in pairs]}")
    return dict(pairs)


def parse(text):
    """JSON text, its floats kept as Number."""

    def refuse(name):
        raise Broken(f"{name} is not JSON")

    try:
        return json.loads(text.decode("utf-8"), parse_float=Number, parse_constant=refuse, object_pairs_hook=_object)
    except (ValueError, Twice) as error:
        raise Broken(f"not a header: {error}") from None


# ---- values


def canonical(node, segments=(), arenas=None):
    """`arenas` finds bytes: a function of arena, offset and size."""
    return _value(node, _Places(segments, arenas))


class _Places:
    def __init__(self, segments, arenas):
        self.segments, self.arenas = segments, arenas

    def __getitem__(self, place):
        if place is None:
            return b""
        if set(place) == {"segment"} and 0 <= place["segment"] < len(self.segments):
            return bytes(self.segments[place["segment"]])
        if set(place) == {"arena", "offset", "size"} and self.arenas is not None and place["offset"] % 64 == 0:
            return self.arenas(place["arena"], place["offset"], place["size"])
        raise Broken(f"not a place: {place}")


def _value(node, places):
    if node is None:
        return ("null",)
    if isinstance(node, bool):
        return ("bool", node)
    if isinstance(node, int):
        return ("int64", _in_range(node))
    if isinstance(node, Number):
        return _float(float(node.text))
    if isinstance(node, str):
        node.encode("utf-8")
        return ("string", node)
    if isinstance(node, list):
        return ("list", *(_value(item, places) for item in node))
    tags = [key for key in node if key.startswith("$")]
    if not tags:
        return ("map", *((key, _value(item, places)) for key, item in node.items()))
    if len(node) != 1:
        raise Broken(f"a tag among other keys: {list(node)}")
    return _TAGS[tags[0]](node[tags[0]], places)


def _in_range(number):
    if not -(2**63) <= number < 2**63:
        raise Broken(f"{number} is beyond int64")
    return number


def _float(number):
    return ("float64", "nan" if math.isnan(number) else struct.pack(">d", number).hex())


def _time(text, places):
    found = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z", text, re.ASCII)
    if found is None:
        raise Broken(f"not a time: {text!r}")
    seconds = calendar.timegm(tuple(int(part) for part in found.groups()[:6]))
    return ("time", _in_range(seconds * 10**9 + int((found.group(7) or "0").ljust(9, "0"))))


def _bytes(content, places):
    return ("bytes", base64.b64decode(content, validate=True) if isinstance(content, str) else places[content])


def _tensor(content, places):
    size = SCALAR[content["dtype"]] * math.prod(content["shape"])
    data = places[content["data"]]
    if len(data) != size:
        raise Broken(f"a tensor of {size} bytes has {len(data)}")
    return ("tensor", content["dtype"], tuple(content["shape"]), data)


def _table(content, places):
    columns = tuple(column(one, places) for one in content["columns"])
    for name, one in zip((c["name"] for c in content["columns"]), content["columns"]):
        if one["length"] != content["rows"]:
            raise Broken(f"column {name!r} has {one['length']} rows of {content['rows']}")
    return ("table", content["rows"], columns)


_TAGS = {
    "$int64": lambda content, places: ("int64", _in_range(int(content))),
    "$float64": lambda content, places: _float(
        {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}[content]
    ),
    "$bytes": _bytes,
    "$time": _time,
    "$map": lambda content, places: ("map", *((key, _value(item, places)) for key, item in content)),
    "$tensor": _tensor,
    "$table": _table,
}


def column(node, places):
    """(name, format of the values, nullable, metadata, the bytes of every cell or None)"""
    cells = cells_of(node, places)
    inner = node.get("dictionary")
    format = node["format"] if inner is None else f"{node['format']} into {inner['format']}"
    metadata = tuple(sorted((node.get("metadata") or {}).items()))
    return (node.get("name", ""), format, node.get("nullable", True), metadata, cells)


def cells_of(node, places):
    rows, nulls = node["length"], node["null_count"]
    if node["format"] == "n":
        return (None,) * rows
    buffers = [places[place] for place in node["buffers"]]
    validity = [_bit(buffers[0], row) for row in range(rows)] if nulls else [1] * rows
    if rows - sum(validity) != nulls:
        raise Broken(f"column {node.get('name')!r} has {rows - sum(validity)} nulls, says {nulls}")
    read = _reader(node, buffers, places)
    return tuple(read(row) if valid else None for row, valid in enumerate(validity))


def _bit(bitmap, row):
    return bitmap[row // 8] >> row % 8 & 1


def _reader(node, buffers, places):
    format = node["format"]
    if format == "b":
        return lambda row: bytes([_bit(buffers[1], row)])
    if format in ("u", "z", "U", "Z", "+l", "+L"):
        code = "<i" if format in ("u", "z", "+l") else "<q"
        width = struct.calcsize(code)
        ends = (
            [struct.unpack_from(code, buffers[1], at * width)[0] for at in range(node["length"] + 1)]
            if node["length"]
            else [0]
        )
        inner = cells_of(node["children"][0], places) if format[0] == "+" else buffers[2]
        if ends != sorted(ends) or ends[0] < 0 or ends[-1] > len(inner):
            raise Broken(f"offsets of column {node.get('name')!r}")
        return lambda row: inner[ends[row] : ends[row + 1]]
    if format == "+s":
        children = [(child["name"], cells_of(child, places)) for child in node["children"]]
        return lambda row: tuple((name, cells[row]) for name, cells in children)
    width = 16 if format.startswith("d:") else int(format[2:]) if format.startswith("w:") else FIXED.get(format, 8)
    if node.get("dictionary") is None:
        return lambda row: buffers[1][row * width : (row + 1) * width]
    entries = cells_of(node["dictionary"], places)
    signed = format in "csil"
    return lambda row: entries[int.from_bytes(buffers[1][row * width : (row + 1) * width], "little", signed=signed)]


# ---- memory files


SEAL_SEAL, SEAL_SHRINK, SEAL_GROW, SEAL_FUTURE_WRITE = 1, 2, 4, 16
ADD_SEALS = 1033


def memory_file(name, size, data=b"", seals=0):
    """A sealed memory file: what the host gives to a worker as an arena."""
    import fcntl
    import mmap

    descriptor = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.truncate(descriptor, size)
    memory = mmap.mmap(descriptor, size)
    memory[: len(data)] = data
    fcntl.fcntl(descriptor, ADD_SEALS, SEAL_SHRINK | SEAL_GROW | SEAL_SEAL | seals)
    return descriptor, memory
