"""Column: one column of a table in Arrow's memory layout, as plain data (docs/worker-protocol.md, section 3).

`check` proves what costs nothing (number and sizes of buffers, lengths); it runs when a column arrives. `verify` proves
what needs a look at every row (offsets rise and stay within the data, dictionary indices exist, nulls are counted
right); it runs once, before the first use. Both raise Invalid with the column's name. numpy makes `verify` fast and is
not needed.
"""

from __future__ import annotations

import sys
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from .errors import Invalid, Unsupported
from .memory import Buffer

MAX_COLUMN_DEPTH = 32

EMPTY = Buffer(memoryview(b""))


class Layout(NamedTuple):
    """How a format lies in memory: its kind, the bytes of one row (0: variable or bits), a struct code, what buffers it
    has."""

    kind: str  # null bool number text bytes fixed decimal date timeofday timestamp duration struct list
    width: int
    code: str  # of one row, or of one offset for text, bytes and list
    buffers: int


_FIXED = {
    "c": Layout("number", 1, "b", 2), "C": Layout("number", 1, "B", 2),
    "s": Layout("number", 2, "h", 2), "S": Layout("number", 2, "H", 2),
    "i": Layout("number", 4, "i", 2), "I": Layout("number", 4, "I", 2),
    "l": Layout("number", 8, "q", 2), "L": Layout("number", 8, "Q", 2),
    "e": Layout("number", 2, "e", 2), "f": Layout("number", 4, "f", 2), "g": Layout("number", 8, "d", 2),
    "n": Layout("null", 0, "", 0), "b": Layout("bool", 0, "", 2),
    "u": Layout("text", 0, "i", 3), "U": Layout("text", 0, "q", 3),
    "z": Layout("bytes", 0, "i", 3), "Z": Layout("bytes", 0, "q", 3),
    "tdD": Layout("date", 4, "i", 2), "tdm": Layout("date", 8, "q", 2),
    "tts": Layout("timeofday", 4, "i", 2), "ttm": Layout("timeofday", 4, "i", 2),
    "ttu": Layout("timeofday", 8, "q", 2), "ttn": Layout("timeofday", 8, "q", 2),
    "tDs": Layout("duration", 8, "q", 2), "tDm": Layout("duration", 8, "q", 2),
    "tDu": Layout("duration", 8, "q", 2), "tDn": Layout("duration", 8, "q", 2),
    "+s": Layout("struct", 0, "", 1), "+l": Layout("list", 0, "i", 2), "+L": Layout("list", 0, "q", 2),
}  # fmt: skip
_OFFSET_BYTES = {"i": 4, "q": 8}
INDEX_FORMATS = "cCsSiIlL"


def layout_of(format: str) -> Layout:
    found = _FIXED.get(format)
    if found is not None:
        return found
    if format[:2] == "ts" and format[2:3] in tuple("smun") and format[3:4] == ":":
        return Layout("timestamp", 8, "q", 2)
    if format[:2] == "w:" and format[2:].isdecimal():
        return Layout("fixed", int(format[2:]), "", 2)
    if format[:2] == "d:":
        parts = format[2:].split(",")
        if len(parts) == 2 and parts[0].isdecimal() and parts[1].lstrip("-").isdecimal():
            return Layout("decimal", 16, "", 2)
    raise Unsupported(f"columns of format {format!r} cannot cross", "cast the column to a plain type first")


class Column:
    """Plain data; whoever makes one calls `check`. With a dictionary, `format` is the one of the indices."""

    __slots__ = (
        "name", "format", "nullable", "length", "null_count", "buffers", "children", "dictionary", "metadata",
        "layout", "_verified",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        format: str,
        length: int,
        null_count: int,
        buffers: Sequence[Optional[Buffer]],
        children: Sequence[Column] = (),
        dictionary: Optional[Column] = None,
        metadata: Optional[Dict[str, str]] = None,
        nullable: bool = True,
    ) -> None:
        self.name = name
        self.format = format
        self.length = length
        self.null_count = null_count
        self.buffers = list(buffers)
        self.children = list(children)
        self.dictionary = dictionary
        self.metadata = metadata or {}
        self.nullable = nullable
        self.layout = layout_of(format)
        self._verified = False

    def __len__(self) -> int:
        return self.length

    def __repr__(self) -> str:
        return f"Column({self.name!r}, {self.format!r}, {self.length} rows, {self.null_count} nulls)"

    def renamed(self, name: str) -> Column:
        """The same data under another name."""
        copy = Column(
            name, self.format, self.length, self.null_count, self.buffers, self.children, self.dictionary,
            self.metadata, self.nullable,
        )  # fmt: skip
        copy._verified = self._verified
        return copy

    @property
    def validity(self) -> Optional[Buffer]:
        """The bitmap of what is not null; None when nothing is null."""
        return self.buffers[0] if self.null_count and self.buffers else None

    def bytes_of(self, index: int) -> Buffer:
        """Buffer `index`, empty when it is absent."""
        return self.buffers[index] or EMPTY

    def tolist(self) -> List[Any]:
        """The rows as Python values (see cells.py). Copies."""
        from .cells import to_list

        return to_list(self)

    def numpy(self) -> Any:
        """The rows as a numpy array: a view where there are no nulls and rows have a fixed width (see arrays.py)."""
        from .arrays import to_numpy

        return to_numpy(self)

    def raw(self) -> Any:
        """The rows of a fixed-width column as a view, nulls as whatever lies there; `valid()` says which are none."""
        from .arrays import raw

        self.verify()
        return raw(self)

    # ---- checking

    def check(self, depth: int = 1) -> None:
        if depth > MAX_COLUMN_DEPTH:
            raise self.bad(f"columns nest more than {MAX_COLUMN_DEPTH} levels")
        layout = self.layout
        if self.length < 0 or not 0 <= self.null_count <= self.length:
            raise self.bad(f"{self.null_count} nulls in {self.length} rows")
        if len(self.buffers) != layout.buffers:
            raise self.bad(f"{len(self.buffers)} buffers; format {self.format!r} has {layout.buffers}")
        if layout.buffers and self.null_count:
            self._expect(0, (self.length + 7) // 8)
        if layout.width:
            self._expect(1, self.length * layout.width)
        elif layout.kind == "bool":
            self._expect(1, (self.length + 7) // 8)
        elif layout.code and self.length:
            self._expect(1, (self.length + 1) * _OFFSET_BYTES[layout.code])
        self._check_children(depth)

    def _check_children(self, depth: int) -> None:
        kind = self.layout.kind
        if kind == "list" and len(self.children) != 1:
            raise self.bad(f"a list has one child, not {len(self.children)}")
        if kind not in ("list", "struct") and self.children:
            raise self.bad(f"format {self.format!r} has no children")
        for child in self.children:
            child.check(depth + 1)
            if kind == "struct" and child.length != self.length:
                raise self.bad(f"child {child.name!r} has {child.length} rows of {self.length}")
        if self.dictionary is not None:
            if self.format not in INDEX_FORMATS:
                raise self.bad(f"format {self.format!r} cannot be an index of a dictionary")
            self.dictionary.check(depth + 1)

    def _expect(self, index: int, size: int) -> None:
        if len(self.bytes_of(index)) < size:
            raise self.bad(f"buffer {index} has {len(self.bytes_of(index))} bytes, {self.length} rows need {size}")

    def verify(self) -> None:
        if self._verified:
            return
        if self.validity is not None:
            nulls = self.length - _ones(self.validity.view, self.length)
            if nulls != self.null_count:
                raise self.bad(f"{nulls} nulls, not {self.null_count} as it says")
        if self.layout.kind in ("text", "bytes", "list") and self.length:
            limit = self.children[0].length if self.layout.kind == "list" else len(self.bytes_of(2))
            first, last, rising = _scan_offsets(self.offsets())
            if not rising or first < 0 or last > limit:
                raise self.bad(f"offsets from {first} to {last} do not rise within {limit}")
        if self.dictionary is not None and self.length > self.null_count:
            self.dictionary.verify()
            low, high = self._index_range()
            if low < 0 or high >= self.dictionary.length:
                raise self.bad(f"indices from {low} to {high} into a dictionary of {self.dictionary.length}")
        for child in self.children:
            child.verify()
        self._verified = True

    def offsets(self) -> Any:
        """A memoryview of the offsets of texts, bytes and lists, one more than rows; of a column that has rows."""
        code = self.layout.code
        size = _OFFSET_BYTES[code] * (self.length + 1)
        return _cast(self.bytes_of(1).view[:size], code)

    def fixed(self) -> Any:
        """A memoryview of the rows of a fixed-width column that has a struct code."""
        return _cast(self.bytes_of(1).view[: self.layout.width * self.length], self.layout.code)

    def _index_range(self) -> Any:
        rows: Any = self.fixed()
        numpy = sys.modules.get("numpy")
        if numpy is not None:
            rows = numpy.asarray(rows)
            if self.validity is not None:
                rows = rows[self.valid()]
            return int(rows.min()), int(rows.max())
        if self.validity is not None:
            rows = [row for row, valid in zip(rows, bits(self.validity.view, self.length)) if valid]
        return min(rows), max(rows)

    def valid(self) -> Any:
        """A numpy array of bools: which rows are not null."""
        import numpy

        if self.validity is None:
            return numpy.ones(self.length, dtype=bool)
        packed = numpy.frombuffer(self.validity.view, dtype="uint8")
        return numpy.unpackbits(packed, count=self.length, bitorder="little").view(bool)

    def bad(self, what: str) -> Invalid:
        return Invalid(f"column {self.name!r}: {what}", details={"column": self.name})


def _cast(view: memoryview, code: Any) -> Any:
    """Elements of a flat view. Segments need not be aligned, which memoryview does not mind."""
    return view.cast(code) if view.nbytes else memoryview(b"").cast(code)


def bits(view: memoryview, count: int) -> List[bool]:
    """The first `count` bits of a bitmap."""
    whole = int.from_bytes(view[: (count + 7) // 8], "little")
    text = bin(whole | 1 << count)[3:]  # the 1 keeps leading zeros
    return [bit == "1" for bit in reversed(text)]


def _ones(view: memoryview, count: int) -> int:
    whole = int.from_bytes(view[: (count + 7) // 8], "little") & ((1 << count) - 1)
    return bin(whole).count("1")


def _scan_offsets(offsets: Any) -> Any:
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        array = numpy.asarray(offsets)
        return int(array[0]), int(array[-1]), bool((array[1:] >= array[:-1]).all())
    rising = all(map(int.__le__, offsets[:-1], offsets[1:]))
    return offsets[0], offsets[-1], rising
