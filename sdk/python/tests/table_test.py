"""Tables: every format, views without copies, and columns that lie about themselves."""

import datetime
import decimal
import struct
import subprocess
import sys

import pytest
from fake_host import SDK

from mortise import Buffer, Column, Invalid, NotFound, Table, Time, Unsupported
from mortise.build import dictionary_column, pack_bits
from mortise.testing import crossed


def buffer(format, *items):
    return Buffer(memoryview(struct.pack(f"<{len(items)}{format}", *items)))


def raw(data):
    return Buffer(memoryview(data))


def column(format, length, *buffers, nulls=0, **more):
    return Column(
        "c",
        format,
        length,
        nulls,
        [pack_bits([True] * (length - nulls) + [False] * nulls) if nulls else None, *buffers],
        **more,
    )


def entries(*texts):
    return column(
        "u",
        len(texts),
        buffer("i", 0, *[sum(map(len, texts[: n + 1])) for n in range(len(texts))]),
        raw("".join(texts).encode()),
    )


T0 = Time(0)
DAY = datetime.date(2026, 1, 31)
DAYS = (DAY - datetime.date(1970, 1, 1)).days

FORMATS = [
    (Column("c", "n", 2, 2, []), [None, None]),
    (column("b", 3, raw(b"\x05")), [True, False, True]),
    (column("c", 2, buffer("b", -128, 127)), [-128, 127]),
    (column("C", 2, buffer("B", 0, 255)), [0, 255]),
    (column("s", 2, buffer("h", -32768, 32767)), [-32768, 32767]),
    (column("S", 2, buffer("H", 0, 65535)), [0, 65535]),
    (column("i", 2, buffer("i", -(2**31), 2**31 - 1)), [-(2**31), 2**31 - 1]),
    (column("I", 2, buffer("I", 0, 2**32 - 1)), [0, 2**32 - 1]),
    (column("l", 2, buffer("q", -(2**63), 2**63 - 1)), [-(2**63), 2**63 - 1]),
    (column("L", 2, buffer("Q", 0, 2**64 - 1)), [0, 2**64 - 1]),
    (column("e", 2, buffer("e", 0.5, -2.0)), [0.5, -2.0]),
    (column("f", 2, buffer("f", 0.5, -2.0)), [0.5, -2.0]),
    (column("g", 3, buffer("d", 0.1, -0.0, 5e-324)), [0.1, -0.0, 5e-324]),
    (column("u", 3, buffer("i", 0, 2, 2, 4), raw(b"abcd")), ["ab", "", "cd"]),
    (column("U", 2, buffer("q", 0, 2, 4), raw("éž".encode())), ["é", "ž"]),
    (column("z", 2, buffer("i", 0, 1, 2), raw(b"\x00\xff")), [b"\x00", b"\xff"]),
    (column("Z", 2, buffer("q", 0, 0, 2), raw(b"\x00\xff")), [b"", b"\x00\xff"]),
    (column("w:3", 2, raw(b"abcdef")), [b"abc", b"def"]),
    (column("w:0", 2, raw(b"")), [b"", b""]),
    (
        column("d:5,2", 2, raw((12345).to_bytes(16, "little") + (-1).to_bytes(16, "little", signed=True))),
        [decimal.Decimal("123.45"), decimal.Decimal("-0.01")],
    ),
    (column("d:38,0", 1, raw((10**37 + 1).to_bytes(16, "little"))), [decimal.Decimal(10**37 + 1)]),
    (column("tdD", 2, buffer("i", DAYS, -1)), [DAY, datetime.date(1969, 12, 31)]),
    (column("tdm", 1, buffer("q", DAYS * 86_400_000)), [DAY]),
    (column("tts", 1, buffer("i", 3661)), ["01:01:01"]),
    (column("ttm", 1, buffer("i", 1)), ["00:00:00.001"]),
    (column("ttu", 1, buffer("q", 86_399_999_999)), ["23:59:59.999999"]),
    (column("ttn", 1, buffer("q", 1)), ["00:00:00.000000001"]),
    (column("tss:", 2, buffer("q", 0, 1)), [T0, Time(10**9)]),
    (column("tsm:UTC", 1, buffer("q", -1)), [Time(-(10**6))]),
    (column("tsu:Europe/Prague", 1, buffer("q", 1)), [Time(1000)]),
    (column("tsn:+01:00", 1, buffer("q", 2**63 - 1)), [Time(2**63 - 1)]),
    (column("tss:", 1, buffer("q", 2**62)), [2**62]),
    (column("tDs", 1, buffer("q", -5)), [-5]),
    (column("tDm", 1, buffer("q", 5)), [5]),
    (column("tDu", 1, buffer("q", 5)), [5]),
    (column("tDn", 1, buffer("q", 5)), [5]),
    (
        column("+s", 2, children=[column("l", 2, buffer("q", 1, 2)).renamed("a"), entries("x", "y").renamed("b")]),
        [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}],
    ),
    (column("+l", 3, buffer("i", 0, 2, 2, 3), children=[column("l", 3, buffer("q", 1, 2, 3))]), [[1, 2], [], [3]]),
    (column("+L", 2, buffer("q", 1, 1, 3), children=[column("l", 3, buffer("q", 1, 2, 3))]), [[], [2, 3]]),
    (column("C", 3, buffer("B", 1, 0, 1), dictionary=entries("no", "yes")), ["yes", "no", "yes"]),
    (column("l", 3, buffer("q", 1, -7, 99), nulls=2, dictionary=entries("no", "yes")), ["yes", None, None]),
    (column("l", 3, buffer("q", 1, 2, 3), nulls=1), [1, 2, None]),
    (column("b", 9, raw(b"\xff\x01"), nulls=2), [True] * 7 + [None] * 2),
    (column("u", 2, buffer("i", 0, 2, 2), raw(b"ab"), nulls=1), ["ab", None]),
    (column("+s", 2, nulls=1, children=[column("l", 2, buffer("q", 1, 2)).renamed("a")]), [{"a": 1}, None]),
    (column("u", 0, raw(b""), raw(b"")), []),
    (column("+l", 0, raw(b""), children=[column("l", 0, raw(b""))]), []),
    (column("l", 0, raw(b"")), []),
]
NAMES = [f"{c.format}{'-dictionary' if c.dictionary else ''}-{c.length}-{c.null_count}" for c, _ in FORMATS]


@pytest.mark.parametrize(("made", "cells"), FORMATS, ids=NAMES)
def test_every_format_is_read_and_crosses(made, cells):
    made.check()
    assert made.tolist() == cells
    back = crossed(Table([made]))
    assert back.column("c").tolist() == cells
    assert back.column("c").format == made.format and len(back) == made.length


@pytest.mark.parametrize(("made", "cells"), FORMATS, ids=NAMES)
def test_every_format_goes_to_arrow_and_comes_back(made, cells):
    pyarrow = pytest.importorskip("pyarrow")
    arrow = Table([made]).to_arrow()
    arrow.validate(full=True)
    back = Table.from_arrow(arrow)
    assert back.column("c").format == made.format
    assert back.column("c").tolist() == cells
    sliced = pyarrow.concat_tables([arrow.slice(0, 0), arrow, arrow]).slice(1)
    assert Table.from_arrow(sliced).column("c").tolist() == (cells + cells)[1:]


@pytest.mark.parametrize(("made", "cells"), FORMATS, ids=NAMES)
def test_every_format_becomes_an_array(made, cells):
    numpy = pytest.importorskip("numpy")
    array = made.numpy()
    assert isinstance(array, numpy.ndarray) and array.shape == (len(cells),)
    if made.layout.kind == "number" and not made.null_count and made.dictionary is None:
        assert array.tolist() == cells
        assert not array.flags.owndata or len(cells) == 0
    if made.layout.kind in ("text", "bytes", "decimal", "list", "struct"):
        assert array.tolist() == cells


@pytest.mark.parametrize(
    "wrong",
    [
        column("l", 2, raw(bytes(15))),
        column("b", 9, raw(b"\xff")),
        column("l", 2, raw(bytes(16)), raw(b"")),
        column("l", -1, raw(b"")),
        Column("c", "l", 2, 3, [pack_bits([False] * 2), raw(bytes(16))]),
        Column("c", "l", 2, -1, [None, raw(bytes(16))]),
        Column("c", "l", 9, 1, [raw(b"\0"), raw(bytes(72))]),
        Column("c", "l", 2, 1, [None, raw(bytes(16))]),
        column("u", 2, buffer("i", 0, 1), raw(b"a")),
        column("+s", 2, children=[column("l", 1, raw(bytes(8)))]),
        column("+l", 1, buffer("i", 0, 0)),
        column("l", 1, raw(bytes(8)), children=[column("l", 1, raw(bytes(8)))]),
        column("g", 1, raw(bytes(8)), dictionary=entries("a")),
        column("w:16", 2, raw(bytes(31))),
        column("d:5,2", 1, raw(bytes(8))),
    ],
    ids=str,
)
def test_a_column_whose_sizes_are_wrong_is_refused_when_it_arrives(wrong):
    with pytest.raises(Invalid, match="column 'c'"):
        wrong.check()


LIARS = [
    column("u", 2, buffer("i", 0, 3, 2), raw(b"abc")),
    column("u", 1, buffer("i", -1, 0), raw(b"abc")),
    column("u", 1, buffer("i", 0, 4), raw(b"abc")),
    column("U", 1, buffer("q", 0, 2**62), raw(b"abc")),
    column("+l", 1, buffer("i", 0, 2), children=[column("l", 1, raw(bytes(8)))]),
    column("C", 1, buffer("B", 1), dictionary=entries("a")),
    column("c", 1, buffer("b", -1), dictionary=entries("a")),
    Column("c", "l", 3, 2, [raw(b"\x03"), raw(bytes(24))]),
    column("+s", 1, children=[column("u", 1, buffer("i", 0, 9), raw(b"abc"))]),
    column("C", 1, buffer("B", 0), dictionary=column("u", 1, buffer("i", 0, 9), raw(b"abc"))),
]


@pytest.mark.parametrize("liar", LIARS, ids=str)
@pytest.mark.parametrize("use", ["tolist", "numpy", "verify"])
def test_a_column_whose_content_is_wrong_is_refused_before_it_is_used(liar, use):
    if use == "numpy":
        pytest.importorskip("numpy")
    liar.check()
    with pytest.raises(Invalid, match="column 'c'"):
        getattr(liar, use)()


def test_arrow_never_sees_a_column_that_lies():
    pytest.importorskip("pyarrow")
    for liar in LIARS:
        with pytest.raises(Invalid):
            Table([liar]).to_arrow()


def test_a_text_that_is_not_utf8_is_refused():
    with pytest.raises(Invalid, match="not UTF-8"):
        column("u", 1, buffer("i", 0, 1), raw(b"\xff")).tolist()


def test_columns_nest_at_most_32_levels():
    nested = column("l", 1, raw(bytes(8)))
    for _ in range(31):
        nested = column("+s", 1, children=[nested])
    nested.check()
    with pytest.raises(Invalid, match="32 levels"):
        column("+s", 1, children=[nested]).check()


@pytest.mark.parametrize(
    "format", ["", "x", "+m", "+us:0", "vu", "tiM", "tsx:", "ts", "w:", "w:-1", "d:5", "d:5,2,256", "+w:2", "ll"]
)
def test_formats_outside_the_protocol_are_unsupported(format):
    with pytest.raises(Unsupported, match="cannot cross"):
        Column("c", format, 0, 0, [None, None])


@pytest.mark.parametrize(
    ("cells", "format"),
    [
        ([None, None], "n"),
        ([True, None], "b"),
        ([1, None, -(2**63)], "l"),
        ([1, 2.5], "g"),
        ([0.5, None], "g"),
        (["a", None, "é"], "u"),
        ([b"a", None], "z"),
        ([DAY, None], "tdD"),
        ([T0, None], "tsn:UTC"),
        ([datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)], "tsn:UTC"),
        ([[1], [], None], "+l"),
        ([{"a": 1}, None, {"a": None}], "+s"),
        ([], "n"),
    ],
)
def test_lists_become_columns(cells, format):
    table = Table.from_columns({"x": cells})
    assert table.column("x").format == format
    expected = [T0 if isinstance(c, datetime.datetime) else c for c in cells]
    assert crossed(table).column("x").tolist() == expected


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([1, "a"], "row 1: text after int"),
        ([None, True, 1], "row 2: int after bool"),
        ([1, object()], "row 1: a 'object'"),
        ([2**63], "row 0: 9223372036854775808 is beyond int64"),
        (["\ud800"], "not valid Unicode"),
        ([{1: 2}], "named by a text"),
        ("abc", "a 'str' is not a column"),
        (5, "a 'int' is not a column"),
    ],
)
def test_lists_that_are_no_column_are_refused_with_their_row(cells, message):
    with pytest.raises(Invalid, match=message):
        Table.from_columns({"x": cells})


def test_rows_become_a_table_and_back():
    rows = [{"a": 1, "b": "x"}, {"c": 2.5}, {"b": None, "a": 3}]
    table = Table.from_rows(rows)
    assert table.names == ["a", "b", "c"] and len(table) == 3
    assert table.rows() == [
        {"a": 1, "b": "x", "c": None},
        {"a": None, "b": None, "c": 2.5},
        {"a": 3, "b": None, "c": None},
    ]
    assert Table.from_rows([]).rows() == [] and len(Table.from_rows([{}, {}])) == 2
    assert crossed(Table.from_rows([{}, {}])).rows() == [{}, {}]


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(Invalid, match="3 rows in a table of 2"):
        Table.from_columns({"a": [1, 2], "b": [1, 2, 3]})


def test_a_missing_column_is_named_with_those_there_are():
    with pytest.raises(NotFound) as missing:
        Table.from_columns({"a": [1], "b": [2]}).column("c")
    assert "'c'" in missing.value.message and missing.value.hint == "the table has a, b"


def test_new_columns_leave_the_others_untouched():
    numpy = pytest.importorskip("numpy")
    table = Table.from_columns({"a": numpy.arange(3.0), "b": ["x", "y", "z"]})
    more = table.with_columns({"a": table["a"] * 2, "c": [True, False, None]})
    assert more.names == ["a", "b", "c"] and more["a"].tolist() == [0, 2, 4]
    assert more.column("b") is table.column("b")
    assert table.select(["b"]).names == ["b"]
    assert table["a"].tolist() == [0, 1, 2]


def test_integers_with_nulls_are_read_exactly_beside_their_validity():
    pytest.importorskip("numpy")
    large = 2**53 + 1
    made = Table.from_columns({"x": [large, None]}).column("x")
    assert made.numpy().tolist()[0] != large  # float64
    assert made.raw().tolist()[0] == large and made.valid().tolist() == [True, False]


def test_numpy_arrays_share_their_memory_with_the_table():
    numpy = pytest.importorskip("numpy")
    for dtype in "i1 u1 i2 u2 i4 u4 i8 u8 f2 f4 f8 datetime64[ns] timedelta64[ms] datetime64[s]".split():
        array = numpy.arange(10).astype(dtype)
        table = Table.from_columns({"x": array})
        assert numpy.shares_memory(table["x"], array), dtype
        assert table["x"].dtype == array.dtype and (table["x"] == array).all()


def test_numpy_arrays_that_arrow_lays_out_differently_are_converted():
    numpy = pytest.importorskip("numpy")
    days = numpy.array(["2026-01-31", "NaT"], dtype="datetime64[D]")
    table = Table.from_columns(
        {
            "day": days,
            "flag": numpy.array([True, False]),
            "text": numpy.array(["a", "bc"]),
            "big": numpy.array([1, 2], ">i4"),
            "masked": numpy.ma.array([1, 2], mask=[False, True]),
            "mixed": numpy.array(["a", None], dtype=object),
        }
    )
    assert table.to_dict() == {
        "day": [DAY, None],
        "flag": [True, False],
        "text": ["a", "bc"],
        "big": [1, 2],
        "masked": [1, None],
        "mixed": ["a", None],
    }
    assert table["day"].dtype == "datetime64[D]" and numpy.isnat(table["day"][1])
    assert table["flag"].tolist() == [True, False]
    assert table["masked"].tolist()[0] == 1.0 and numpy.isnan(table["masked"][1])
    with pytest.raises(Invalid, match="2 dimensions"):
        Table.from_columns({"x": numpy.zeros((2, 2))})


def test_arrow_shares_its_memory_with_the_table():
    pyarrow = pytest.importorskip("pyarrow")
    array = pyarrow.array([1.5, 2.5, 3.5])
    table = Table.from_arrow(pyarrow.table({"x": array}))
    assert table.to_arrow().column("x").chunk(0).buffers()[1].address == array.buffers()[1].address


def test_arrow_metadata_nullability_and_odd_types_are_kept_or_refused():
    pyarrow = pytest.importorskip("pyarrow")
    schema = pyarrow.schema([pyarrow.field("x", pyarrow.int32(), nullable=False, metadata={"unit": "mm"})])
    back = crossed(Table.from_arrow(pyarrow.table([[1, 2]], schema=schema)))
    assert back.column("x").metadata == {"unit": "mm"} and not back.column("x").nullable
    assert back.to_arrow().schema.equals(schema, check_metadata=True)
    with pytest.raises(Unsupported, match="map<string"):
        Table.from_arrow(
            pyarrow.table({"m": pyarrow.array([[("a", 1)]], pyarrow.map_(pyarrow.string(), pyarrow.int64()))})
        )


def test_data_frames_cross():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"n": [1, 2], "t": ["a", None], "w": pandas.to_datetime(["2026-01-31", None], utc=True)})
    back = crossed(frame)
    assert isinstance(back, Table) and back.column("n").tolist() == [1, 2] and back.column("t").tolist() == ["a", None]
    pandas.testing.assert_frame_equal(back.to_pandas(), frame)
    assert crossed(pandas.NaT) is None
    assert Table.from_columns({"s": frame["n"]}).column("s").tolist() == [1, 2]


def test_dictionary_columns_are_made_and_checked():
    made = dictionary_column("d", [0, 1, 0], entries("a", "b"))
    assert crossed(Table([made])).column("d").tolist() == ["a", "b", "a"]
    with pytest.raises(Invalid):
        dictionary_column("d", [2], entries("a", "b"))


def test_nothing_but_python_is_needed_for_rows():
    script = (
        "import sys; sys.modules['numpy'] = sys.modules['pyarrow'] = sys.modules['pandas'] = None\n"
        "from mortise import Table; from mortise.testing import crossed\n"
        "t = Table.from_columns({'a': [1, None], 'b': ['x', 'y'], 'c': [[1], None]})\n"
        "assert crossed(t).rows() == [{'a': 1, 'b': 'x', 'c': [1]}, {'a': None, 'b': 'y', 'c': None}]\n"
        "try: t.to_arrow()\n"
        "except Exception as error: assert 'needs pyarrow' in str(error), error\n"
    )
    subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": SDK}, check=True)


def test_importing_mortise_imports_nothing_outside_the_standard_library():
    script = (
        "import sys; import mortise, mortise.worker, mortise.testing\n"
        "assert not {'numpy', 'pyarrow', 'pandas'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": SDK}, check=True)
