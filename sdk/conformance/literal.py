"""Values as case files write them: the JSON of the protocol's section 3, and short forms for what nobody wants to write
out.

    where the protocol has a PLACE, a case writes the bytes themselves:
        {"hex": "00 ff"}  {"utf8": "text"}  {"bits": "1101"} (row 0 first)
        {"i8" .. "u64", "f16", "f32", "f64": [1, 2, "NaN"]}                {"zeros": 1000}
        {"counting": {"as": "f64", "from": 0, "to": 1000}}   {"repeated": {"as": "f64", "number": 1.5, "times": 9}}
    and instead of a long value:
        {"#lists": 128}     lists within lists, so many; {"levels": 128, "of": 1} has something in the innermost
        {"#maps": {"levels": 128, "key": "$"}}
        {"#text": {"repeat": "ab", "times": 1000}}
        {"#list": {"repeat": VALUE, "times": 1000}}

`pack` gives a value in the protocol's own JSON, its bytes as segments up to 64 KiB and in one read arena beyond.
"""

import base64
import json
import struct

CODES = {"i8": "b", "u8": "B", "i16": "h", "u16": "H", "i32": "i", "u32": "I", "i64": "q", "u64": "Q",
         "f16": "e", "f32": "f", "f64": "d"}  # fmt: skip
SEGMENT = 64 << 10


class Packed:
    """A message's value: `text` is its JSON, `segments` and `memory` (of arena `arena`) its bytes."""

    def __init__(self, arena=0):
        self.arena = arena
        self.segments = []
        self.memory = bytearray()
        self.text = "null"
        self.node = None

    def place(self, data):
        if len(data) <= SEGMENT:
            self.segments.append(data)
            return {"segment": len(self.segments) - 1}
        offset = len(self.memory)
        self.memory += data + bytes(-len(data) % 64)
        return {"arena": self.arena, "offset": offset, "size": len(data)}

    def find(self, arena, offset, size):
        if arena != self.arena or offset + size > len(self.memory):
            raise ValueError(f"no bytes at {arena}, {offset}, {size}")
        return bytes(self.memory[offset : offset + size])


def pack(literal, arena=0):
    packed = Packed(arena)
    packed.node = _value(literal, packed)
    packed.text = json.dumps(packed.node, ensure_ascii=False, separators=(",", ":"))
    return packed


def _value(node, packed):
    if isinstance(node, list):
        return [_value(item, packed) for item in node]
    if not isinstance(node, dict):
        return node
    if len(node) == 1:
        (key,) = node
        if key in _SHORT:
            return _SHORT[key](node[key], packed)
        if key == "$bytes" and isinstance(node[key], dict):
            data = bytes_of(node[key])
            if len(data) <= 256:
                return {"$bytes": base64.b64encode(data).decode()}
            return {"$bytes": packed.place(data)}
        if key == "$tensor":
            return {key: {**node[key], "data": packed.place(bytes_of(node[key]["data"]))}}
        if key == "$table":
            return {key: {**node[key], "columns": [_column(c, packed) for c in node[key]["columns"]]}}
        if key == "$map":
            return {key: [[name, _value(item, packed)] for name, item in node[key]]}
    return {key: item if key.startswith("$") else _value(item, packed) for key, item in node.items()}


def _column(node, packed):
    made = dict(node)
    made["buffers"] = [None if place is None else packed.place(bytes_of(place)) for place in node["buffers"]]
    if "children" in node:
        made["children"] = [_column(child, packed) for child in node["children"]]
    if node.get("dictionary") is not None:
        made["dictionary"] = _column(node["dictionary"], packed)
    return made


def bytes_of(place):
    ((form, content),) = place.items()
    if form == "hex":
        return bytes.fromhex(content)
    if form == "utf8":
        return content.encode("utf-8")
    if form == "bits":
        return int(content[::-1], 2).to_bytes((len(content) + 7) // 8, "little")
    if form == "zeros":
        return bytes(content)
    if form == "counting":
        numbers = range(content["from"], content["to"])
        return struct.pack(f"<{len(numbers)}{CODES[content['as']]}", *numbers)
    if form == "repeated":
        return struct.pack(f"<{CODES[content['as']]}", content["number"]) * content["times"]
    numbers = [(float if form[0] == "f" else int)(n) if isinstance(n, str) else n for n in content]
    return struct.pack(f"<{len(numbers)}{CODES[form]}", *numbers)


def _lists(content, packed):
    levels = content if isinstance(content, int) else content["levels"]
    value = [] if isinstance(content, int) else [content["of"]]
    for _ in range(levels - 1):
        value = [value]
    return value


def _maps(content, packed):
    value = {}
    for _ in range(content["levels"] - 1):
        key = content["key"]
        value = {"$map": [[key, value]]} if key.startswith("$") else {key: value}
    return value


_SHORT = {
    "#lists": _lists,
    "#maps": _maps,
    "#text": lambda content, packed: content["repeat"] * content["times"],
    "#list": lambda content, packed: [_value(content["repeat"], packed) for _ in range(content["times"])],
}
