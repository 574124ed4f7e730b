"""Values both ways, their spelling, and what is refused with which path."""

import collections
import datetime
import decimal
import enum
import json
import math
import struct
from dataclasses import dataclass

import pytest

from mortise import Invalid, Table, Tensor, Time
from mortise.decode import Incoming, decode
from mortise.encode import encode
from mortise.frames import HeaderReader
from mortise.outgoing import Outgoing
from mortise.testing import crossed
from mortise.values import INT64_MAX, INT64_MIN

UTC = datetime.timezone.utc


def spelled(value):
    """The JSON text of a value."""
    out = Outgoing()
    return out.header({"v": encode(value, out)}).decode()[5:-1]


def read(text, segments=()):
    reader = HeaderReader()
    header = reader.read(b'{"v":' + text.encode() + b"}")
    if reader.simple:  # then nobody looks at it any more
        return header["v"]
    return decode(header["v"], Incoming([memoryview(s) for s in segments]))


def nested(levels, innermost=None):
    """`levels` lists around nothing, or around a scalar."""
    value = [] if innermost is None else [innermost]
    for _ in range(levels - 1):
        value = [value]
    return value


EXACT = [
    (None, "null"),
    (True, "true"),
    (False, "false"),
    (0, "0"),
    (-1, "-1"),
    (2**53 + 1, "9007199254740993"),
    (INT64_MAX, "9223372036854775807"),
    (INT64_MIN, "-9223372036854775808"),
    (0.0, "0.0"),
    (-0.0, "-0.0"),
    (1.0, "1.0"),
    (0.1, "0.1"),
    (5e-324, "5e-324"),
    (1.7976931348623157e308, "1.7976931348623157e+308"),
    (2.0**53, "9007199254740992.0"),
    (1e16, "1e+16"),
    (float("inf"), '{"$float64":"Infinity"}'),
    (float("-inf"), '{"$float64":"-Infinity"}'),
    ("", '""'),
    ('a\u0000\u001f"\\/\u007f', '"a\\u0000\\u001f\\"\\\\/\x7f"'),
    ("žluťoučký 🜁 \u2028", '"žluťoučký 🜁 \u2028"'),
    (b"", '{"$bytes":""}'),
    (b"\x00\xff", '{"$bytes":"AP8="}'),
    (Time(0), '{"$time":"1970-01-01T00:00:00Z"}'),
    (Time(1), '{"$time":"1970-01-01T00:00:00.000000001Z"}'),
    (Time(-1), '{"$time":"1969-12-31T23:59:59.999999999Z"}'),
    (Time(2**63 - 1), '{"$time":"2262-04-11T23:47:16.854775807Z"}'),
    (Time(-(2**63)), '{"$time":"1677-09-21T00:12:43.145224192Z"}'),
    ([], "[]"),
    ([[], {}], "[[],{}]"),
    ({}, "{}"),
    ({"b": 1, "a": [1.5]}, '{"b":1,"a":[1.5]}'),
    ({"": 0}, '{"":0}'),
    ({"$int64": "1"}, '{"$map":[["$int64","1"]]}'),
    ({"a": {"$": None, "b": 2}}, '{"a":{"$map":[["$",null],["b",2]]}}'),
]


@pytest.mark.parametrize(("value", "text"), EXACT)
def test_a_value_has_one_spelling_and_reads_back_the_same(value, text):
    assert spelled(value) == text
    back = read(text)
    assert back == value and type(back) is type(value)
    if isinstance(value, float):
        assert struct.pack("<d", back) == struct.pack("<d", value)


def test_nan_crosses():
    assert spelled(float("nan")) == '{"$float64":"NaN"}'
    assert math.isnan(read('{"$float64":"NaN"}'))
    assert math.isnan(crossed([1, float("nan")])[1])


def test_other_spellings_are_read_too():
    assert read('{"$int64":"-9223372036854775808"}') == INT64_MIN
    assert read('{"$int64":"7"}') == 7
    assert read("1e0") == 1.0 and type(read("1E2")) is float
    assert read('{"$bytes":{"segment":1}}', [b"no", b"yes"]) == b"yes"
    assert read('"\\u00e9\\ud83d\\ude00"') == "é😀"
    assert read('{"\\u0024int64":"7"}') == 7
    assert read('{"$map":[]}') == {}
    assert read('{"$map":[["a",{"$int64":"7"}],["$b",[]]]}') == {"a": 7, "$b": []}
    assert read('{"$time":"2026-01-31T12:34:56.5Z"}') == Time.of(
        datetime.datetime(2026, 1, 31, 12, 34, 56, 500000, UTC)
    )


def test_order_of_keys_is_kept():
    keys = [f"k{n * 7919 % 100}" for n in range(100)]
    assert list(crossed({key: None for key in keys})) == keys


class Colour(enum.IntEnum):
    RED = 3


class Word(str, enum.Enum):
    YES = "yes"


@pytest.mark.parametrize(
    ("given", "arrives"),
    [
        ((1, (2.5,)), [1, [2.5]]),
        (Colour.RED, 3),
        ({"w": Word.YES}, {"w": "yes"}),
        ({Word.YES: 1}, {"yes": 1}),
        (collections.OrderedDict(a=1), {"a": 1}),
        (collections.defaultdict(list, a=[1]), {"a": [1]}),
        (collections.namedtuple("Point", "x y")(1, 2), [1, 2]),
        (bytearray(b"ab"), b"ab"),
        (memoryview(b"abcd")[1:3], b"bc"),
        (datetime.datetime(1970, 1, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=1))), Time(0)),
        (datetime.date(2026, 1, 31), "2026-01-31"),
        ([True, 1, 1.0], [True, 1, 1.0]),
        (b"x" * 1000, b"x" * 1000),
        ([b"x" * 70_000, "y"], [b"x" * 70_000, "y"]),
        (list(range(1000)), list(range(1000))),
        ([0.5, float("inf")], [0.5, float("inf")]),
    ],
)
def test_what_python_code_has_at_hand_crosses(given, arrives):
    back = crossed(given)
    assert back == arrives
    assert json.dumps(back, default=repr) == json.dumps(arrives, default=repr)  # 1, 1.0 and true are different


@dataclass
class Point:
    x: int = 1


REFUSED = [
    ({1, 2}, "result: a 'set' cannot cross"),
    ({"items": [0, 1, 2, {3}]}, "result.items[3]: a 'set' cannot cross"),
    ([{"a": object()}], "result[0].a: a 'object' cannot cross"),
    (Point(), "result: a 'Point' cannot cross"),
    (1j, "result: a 'complex' cannot cross"),
    (decimal.Decimal("1.5"), "result: a 'Decimal' cannot cross"),
    ((n for n in ()), "result: a 'generator' cannot cross"),
    ({1: 2}, "result: a map has texts for keys; 1 is a 'int'"),
    ({"a": {None: 2}}, "result.a: a map has texts for keys; None is a 'NoneType'"),
    (2**63, "result: 9223372036854775808 is beyond int64"),
    (-(2**63) - 1, "result: -9223372036854775809 is beyond int64"),
    ([1, 10**5000], "result[1]: an int of more than 60 digits is beyond int64"),
    ({"when": datetime.datetime(2026, 1, 1)}, "result.when: the datetime 2026-01-01T00:00:00 has no time zone"),
    ({"when": datetime.datetime(1, 1, 1, tzinfo=UTC)}, "result.when: -62135596800000000000 ns is beyond a time"),
    (memoryview(b"abcd")[::2], "result: memory that is not contiguous cannot cross"),
]


@pytest.mark.parametrize(("value", "message"), REFUSED, ids=[message[:40] for _, message in REFUSED])
def test_what_cannot_cross_is_named_with_its_path(value, message):
    with pytest.raises(Invalid) as refused:
        encode(value, Outgoing(), "result")
    assert refused.value.message.startswith(message)


@pytest.mark.parametrize(("value", "path"), [({"a": ["ok", "\ud800"]}, "v.a[1]"), ({"\udfff": 1}, "v")])
def test_half_of_a_surrogate_pair_is_refused_with_its_path(value, path):
    with pytest.raises(Invalid) as refused:
        spelled(value)
    assert refused.value.message.startswith(path)


def test_a_value_that_contains_itself_is_refused():
    loop = []
    loop.append(loop)
    with pytest.raises(Invalid, match="128 levels"):
        encode(loop, Outgoing())


@pytest.mark.parametrize("value", [nested(128), nested(127, 1), {"a": nested(127)}])
def test_the_deepest_values_cross(value):
    assert crossed(value) == value


@pytest.mark.parametrize("value", [nested(129), nested(128, 1), {"a": nested(128)}])
def test_one_level_more_is_refused_both_ways(value):
    with pytest.raises(Invalid, match="128 levels"):
        encode(value, Outgoing())
    with pytest.raises(Invalid, match="128 levels"):
        decode(value, Incoming())


def test_deep_maps_with_dollar_keys_cross_though_their_json_is_three_times_as_deep():
    value = 1
    for _ in range(127):
        value = {"$": value}
    assert crossed(value) == value
    with pytest.raises(Invalid, match="128 levels"):
        encode({"$": value}, Outgoing())
    with pytest.raises(Invalid, match="128 levels"):
        decode({"$map": [["$", json.loads(spelled(value))]]}, Incoming())


def test_four_million_values_cross_and_one_more_is_refused():
    # The list itself is not counted on the way: its items are.
    row = [0] * 1000
    assert len(encode([row] * 3996, Outgoing())) == 3996
    with pytest.raises(Invalid, match="4000000 values"):
        encode([row] * 4000, Outgoing())
    with pytest.raises(Invalid, match="4000000 values"):
        decode([list(row) for _ in range(4000)], Incoming())


BAD_JSON = [
    "9223372036854775808",
    "-9223372036854775809",
    "[1, 100000000000000000000]",
    "1e999",
    "-1e999",
    '{"$int64":"9223372036854775808"}',
    '{"$int64":7}',
    '{"$int64":"+7"}',
    '{"$int64":" 7"}',
    '{"$int64":"1_0"}',
    '{"$int64":""}',
    '{"$int64":"٣"}',
    '{"$float64":"nan"}',
    '{"$float64":1.5}',
    '{"$float64":"1.5"}',
    '{"$bytes":"A"}',
    '{"$bytes":"AP8"}',
    '{"$bytes":"A P8="}',
    '{"$bytes":7}',
    '{"$bytes":{"segment":0}}',
    '{"$bytes":{"segment":-1}}',
    '{"$bytes":{}}',
    '{"$bytes":{"arena":1,"offset":0,"size":1}}',
    '{"$time":"2026-01-31 12:34:56Z"}',
    '{"$time":"2026-01-31T12:34:56"}',
    '{"$time":"2026-02-30T12:34:56Z"}',
    '{"$time":"2026-01-31T12:34:56.1234567890Z"}',
    '{"$time":"2026-01-31T12:34:56+01:00"}',
    '{"$time":"2026-01-31T24:00:00Z"}',
    '{"$time":"2026-01-31T12:34:60Z"}',
    '{"$time":"1677-09-21T00:12:43.145224191Z"}',
    '{"$time":"2262-04-11T23:47:16.854775808Z"}',
    '{"$time":0}',
    '{"$time":"٢026-01-31T12:34:56Z"}',
    '{"$unknown":1}',
    '{"$":1}',
    '{"$int64":"1","a":2}',
    '{"a":1,"$b":2}',
    '{"$map":{}}',
    '{"$map":[["a"]]}',
    '{"$map":[["a",1],["a",2]]}',
    '{"$map":[[1,2]]}',
    '{"$map":[["a",1,2]]}',
    '{"a":1,"a":2}',
    '[{"x":{"a":1,"a":2}}]',
    '"\\ud800"',
    '{"\\udc00":1}',
    '["\\ud83d x"]',
    '{"$tensor":{"dtype":"FP32","shape":[2],"data":{"segment":0}}}',
    '{"$tensor":{"dtype":"FP128","shape":[],"data":{"segment":0}}}',
    '{"$tensor":{"dtype":"INT8","shape":[-1],"data":{"segment":0}}}',
    '{"$tensor":{"dtype":"INT8","shape":[true],"data":{"segment":0}}}',
    '{"$tensor":[]}',
    '{"$table":{"rows":-1,"columns":[]}}',
    '{"$table":{"rows":1,"columns":[{}]}}',
    '{"$table":{"columns":[]}}',
]


@pytest.mark.parametrize("text", BAD_JSON)
def test_a_value_that_breaks_the_rules_is_invalid(text):
    with pytest.raises(Invalid):
        read(text)


def test_an_invalid_value_says_where_it_is():
    with pytest.raises(Invalid) as bad:
        decode({"a": [{"$map": [["$k", [1, {"$int64": "x"}]]]}]}, Incoming(), "input")
    assert bad.value.message.startswith("input.a[0].$k[1]: 'x' is not an int64")
    assert bad.value.details["path"] == "input.a[0].$k[1]"


def test_leaves_within_values_cross():
    table = Table.from_columns({"n": [1, None, 3], "s": ["a", "b", None]})
    tensor = Tensor("INT16", [2, 2], struct.pack("<4h", 1, -2, 3, -4))
    back = crossed({"deep": [{"t": table, "x": tensor}]})
    assert back["deep"][0]["t"] == table
    assert back["deep"][0]["x"] == tensor and tensor.tolist() == [[1, -2], [3, -4]]


def test_a_header_that_would_be_too_long_is_refused():
    out = Outgoing()
    with pytest.raises(Invalid, match="hand over|bytes of JSON"):
        out.header({"v": encode(["x" * 1000] * 17_000, out)})
