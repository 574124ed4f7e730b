"""Returns a table, made by hand, that lies about itself in the way that the config key `lie` names."""

import os
import struct

from mortise import Plugin

from raw import answer

HUGE = 2**62


def int32(*numbers):
    return struct.pack(f"<{len(numbers)}i", *numbers)


def int64(*numbers):
    return struct.pack(f"<{len(numbers)}q", *numbers)


def text(offsets=int32(0, 1, 2, 3), letters=b"abc", validity=None, **keys):
    """A column of three texts and the segments it lies in."""
    segments = [offsets, letters] + ([validity] if validity is not None else [])
    buffers = [{"segment": 2} if validity is not None else None, {"segment": 0}, {"segment": 1}]
    column = {"name": "word", "format": "u", "length": 3, "null_count": 0, "buffers": buffers}
    return {**column, **keys}, segments


def coded(*indices):
    """A dictionary column with one word to choose from."""
    word, segments = text(int32(0, 3), b"one", length=1)
    column = {"name": "coded", "format": "i", "length": 3, "null_count": 0, "buffers": [None, {"segment": 2}]}
    return {**column, "dictionary": word}, [*segments, int32(*indices)]


def nested(depth):
    column = {"name": "", "format": "l", "length": 0, "null_count": 0, "buffers": [None, None]}
    for _ in range(depth):
        column = {"name": "", "format": "+l", "length": 0, "null_count": 0, "buffers": [None, None], "children": [column]}
    return {**column, "length": 3}, [int32(0, 0, 0, 0)]


LIES = {
    "offsets beyond the data": lambda: text(int32(0, 1, 2, 1_000_000)),
    "offsets that fall": lambda: text(int32(0, 3, 1, 3)),
    "negative offsets": lambda: text(int32(-8, 1, 2, 3)),
    "too few offsets": lambda: text(int32(0, 1)),
    "huge 64-bit offsets": lambda: text(int64(0, 1, 2, 2**63 - 1), format="U"),
    "a huge length": lambda: text(length=HUGE),
    "a negative length": lambda: text(length=-3),
    "another length than the table": lambda: text(int32(0, 1, 2), length=2),
    "nulls without validity": lambda: text(null_count=2),
    "a wrong null count": lambda: text(validity=b"\x07", null_count=2),
    "more nulls than rows": lambda: text(validity=b"\x00", null_count=4),
    "too short a validity": lambda: text(validity=b"", null_count=1),
    "an index beyond the dictionary": lambda: coded(0, 0, 7),
    "a negative index into the dictionary": lambda: coded(0, -1, 0),
    "a segment that is not there": lambda: text(buffers=[None, {"segment": 0}, {"segment": 99}]),
    "too few buffers": lambda: text(buffers=[None, {"segment": 0}]),
    "an unknown format": lambda: text(format="zz"),
    "an absurd width": lambda: text(format="w:999999999999", buffers=[None, {"segment": 1}]),
    "a list without a child": lambda: text(format="+l", buffers=[None, {"segment": 0}]),
    "too deep a nesting": lambda: nested(40),
}


class LiesAboutTables(Plugin):
    def step(self, step):
        if step.config["lie"] == "all":
            return list(LIES)
        column, segments = LIES[step.config["lie"]]()
        answer(step, {"$table": {"rows": 3, "columns": [column]}}, segments)
        os._exit(0)
