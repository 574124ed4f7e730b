"""Tables to and from pyarrow, sharing memory both ways. pyarrow is imported here only, and only when asked for."""

from __future__ import annotations

from typing import Any, List, Optional

from .columns import Column
from .errors import Invalid, Unsupported
from .memory import Buffer, flat

_SIMPLE = {
    "n": "null", "b": "bool_", "c": "int8", "C": "uint8", "s": "int16", "S": "uint16", "i": "int32", "I": "uint32",
    "l": "int64", "L": "uint64", "e": "float16", "f": "float32", "g": "float64", "u": "string", "U": "large_string",
    "z": "binary", "Z": "large_binary", "tdD": "date32", "tdm": "date64",
}  # fmt: skip
_UNITS = {"s": "s", "m": "ms", "u": "us", "n": "ns"}
_LETTERS = {unit: letter for letter, unit in _UNITS.items()}


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ImportError:
        raise Unsupported("this needs pyarrow, which this Python does not have", "install pyarrow") from None
    return pyarrow


# ---- out


def to_arrow(columns: List[Column], rows: int) -> Any:
    pyarrow = _pyarrow()
    for column in columns:
        column.verify()
    fields = [_field(column) for column in columns]
    if not columns:
        return pyarrow.table({"": pyarrow.nulls(rows)}).select([])
    return pyarrow.Table.from_arrays([_array(column) for column in columns], schema=pyarrow.schema(fields))


def _field(column: Column) -> Any:
    return _pyarrow().field(column.name, _type(column), column.nullable, column.metadata or None)


def _type(column: Column) -> Any:
    pyarrow = _pyarrow()
    format, kind = column.format, column.layout.kind
    if column.dictionary is not None:
        return pyarrow.dictionary(getattr(pyarrow, _SIMPLE[format])(), _type(column.dictionary))
    if format in _SIMPLE:
        return getattr(pyarrow, _SIMPLE[format])()
    if kind == "timestamp":
        return pyarrow.timestamp(_UNITS[format[2]], format[4:] or None)
    if kind == "duration":
        return pyarrow.duration(_UNITS[format[2]])
    if kind == "timeofday":
        return (pyarrow.time32 if format[2] in "sm" else pyarrow.time64)(_UNITS[format[2]])
    if kind == "fixed":
        return pyarrow.binary(column.layout.width)
    if kind == "decimal":
        precision, scale = format[2:].split(",")
        return pyarrow.decimal128(int(precision), int(scale))
    if kind == "struct":
        return pyarrow.struct([_field(child) for child in column.children])
    return (pyarrow.list_ if format == "+l" else pyarrow.large_list)(_field(column.children[0]))


def _array(column: Column) -> Any:
    pyarrow = _pyarrow()
    if column.format == "n":
        return pyarrow.nulls(column.length)
    buffers = [None if buffer is None else pyarrow.py_buffer(_aligned(buffer)) for buffer in column.buffers]
    if not column.null_count:
        buffers[0] = None
    for index in range(1, len(buffers)):  # pyarrow wants a buffer even where there are no rows
        if buffers[index] is None or (column.length == 0 and index == 1 and column.layout.code):
            buffers[index] = pyarrow.py_buffer(bytes(8))
    kind = _type(column)
    if column.dictionary is not None:
        indices = pyarrow.Array.from_buffers(kind.index_type, column.length, buffers, column.null_count)
        return pyarrow.DictionaryArray.from_arrays(indices, _array(column.dictionary), safe=False)
    children = [_array(child) for child in column.children] or None
    return pyarrow.Array.from_buffers(kind, column.length, buffers, column.null_count, children=children)


def _aligned(buffer: Buffer) -> Any:
    """Segments lie as they came in a frame; Arrow reads words, so a small copy is cheaper than a surprise."""
    return buffer.view if buffer.arena is not None else _word_aligned(buffer.view)


def _word_aligned(view: memoryview) -> Any:
    pyarrow = _pyarrow()
    made = pyarrow.py_buffer(view)
    return made if made.address % 8 == 0 else pyarrow.py_buffer(bytes(view))


# ---- in


def from_arrow(table: Any) -> List[Column]:
    pyarrow = _pyarrow()
    if isinstance(table, pyarrow.RecordBatch):
        table = pyarrow.Table.from_batches([table])
    if not isinstance(table, pyarrow.Table):
        raise Invalid(f"a {type(table).__name__!r} is not a pyarrow.Table")
    return [
        _with_field(column_from_arrow(field.name, table.column(at)), field) for at, field in enumerate(table.schema)
    ]


def column_from_arrow(name: str, data: Any) -> Column:
    pyarrow = _pyarrow()
    if isinstance(data, pyarrow.ChunkedArray):
        data = data.unify_dictionaries().combine_chunks() if data.num_chunks != 1 else data.chunk(0)
        if isinstance(data, pyarrow.ChunkedArray):  # no chunk at all
            data = data.chunk(0) if data.num_chunks else pyarrow.array([], type=data.type)
    if not isinstance(data, pyarrow.Array):
        raise Invalid(f"column {name!r}: a {type(data).__name__!r} is not an array of pyarrow")
    column = _column(name, data)
    column.check()
    return column


def column_from_pandas(name: str, series: Any) -> Column:
    return column_from_arrow(name, _pyarrow().Array.from_pandas(series))


def _with_field(column: Column, field: Any) -> Column:
    column.nullable = bool(field.nullable)
    if field.metadata:
        column.metadata = {_text(key): _text(value) for key, value in field.metadata.items()}
    return column


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def _column(name: str, data: Any) -> Column:
    pyarrow = _pyarrow()
    if data.offset != 0:
        # Two pieces joined are a fresh array that begins at 0; one alone would be handed back as it is.
        data = pyarrow.concat_arrays([data.slice(0, 0), data])
    length = len(data)
    nulls = data.null_count
    kind = data.type
    if pyarrow.types.is_dictionary(kind):
        column = _column(name, data.indices)
        column.dictionary = _column("", data.dictionary)
        return column
    format = _format(name, kind)
    if format == "n":
        return Column(name, "n", length, length, [])
    raw = data.buffers()
    if format == "+s":
        children = [
            _with_field(_column(kind.field(at).name, _child(data, at)), kind.field(at)) for at in range(kind.num_fields)
        ]
        return Column(name, format, length, nulls, [_validity(raw[0], nulls, length)], children)
    if format in ("+l", "+L"):
        child = _with_field(_column(kind.value_field.name, data.values), kind.value_field)
        width = 8 if format == "+L" else 4
        return Column(
            name,
            format,
            length,
            nulls,
            [_validity(raw[0], nulls, length), _part(raw[1], (length + 1) * width)],
            [child],
        )
    return Column(name, format, length, nulls, [_validity(raw[0], nulls, length), *_data(format, length, raw[1:])])


def _child(data: Any, at: int) -> Any:
    child = data.field(at)
    return child if len(child) == len(data) else child.slice(0, len(data))


def _validity(raw: Any, nulls: int, length: int) -> Optional[Buffer]:
    return _part(raw, (length + 7) // 8) if nulls else None


def _part(raw: Any, size: int) -> Optional[Buffer]:
    if raw is None:
        return None
    view = flat(raw)
    return Buffer(view[: min(size, len(view))])


def _data(format: str, length: int, raw: List[Any]) -> List[Optional[Buffer]]:
    from .columns import layout_of

    layout = layout_of(format)
    if layout.kind == "bool":
        return [_part(raw[0], (length + 7) // 8)]
    if layout.width or layout.kind == "fixed":
        return [_part(raw[0], length * layout.width)]
    width = 8 if layout.code == "q" else 4
    offsets = _part(raw[0], (length + 1) * width)
    used = int.from_bytes(offsets.view[-width:], "little") if offsets is not None and length else 0
    return [offsets if length else None, _part(raw[1], used)]


def _format(name: str, kind: Any) -> str:
    pyarrow = _pyarrow()
    types = pyarrow.types
    for format, name_of in _SIMPLE.items():
        if kind == getattr(pyarrow, name_of)():
            return format
    if types.is_timestamp(kind):
        return f"ts{_LETTERS[kind.unit]}:{kind.tz or ''}"
    if types.is_duration(kind):
        return f"tD{_LETTERS[kind.unit]}"
    if types.is_time(kind):
        return f"tt{_LETTERS[kind.unit]}"
    if types.is_fixed_size_binary(kind):
        return f"w:{kind.byte_width}"
    if types.is_decimal128(kind):
        return f"d:{kind.precision},{kind.scale}"
    if types.is_struct(kind):
        return "+s"
    if types.is_large_list(kind):
        return "+L"
    if types.is_list(kind):
        return "+l"
    raise Unsupported(f"column {name!r}: {kind} cannot cross", "cast the column to a plain type first")
