"""Compact headers: what they say is what JSON would say, and what breaks them ends the connection."""

import pytest

from mortise import compact
from mortise.decode import Incoming, decode
from mortise.encode import encode
from mortise.errors import Invalid
from mortise.frames import BrokenFrame, HeaderReader
from mortise.outgoing import Outgoing

SOUND = compact.call(5, "call", "echo", 250, b"hello", compact.TEXT)


def read(raw):
    reader = HeaderReader()
    return reader.read(raw), reader


def result_of(value):
    out = Outgoing()
    return out.compact_result(5, encode(value, out, "result"), 9), out


def test_a_call_says_what_its_json_would():
    header, reader = read(compact.call(5, "call", "echo", 250, 'ž"\\\n'.encode(), compact.TEXT))
    assert header == {"t": "call", "id": 5, "op": "call", "method": "echo", "timeout_ms": 250, "input": 'ž"\\\n'}
    assert reader.compact
    assert reader.simple
    assert not read(b'{"t":"bye"}')[1].compact


def test_segments_and_tags_of_a_compact_call_are_decoded():
    header, reader = read(compact.call(5, "call", "echo", 0, b'{"a":{"$bytes":{"segment":1}}}', compact.JSON, [2, 3]))
    assert header["segments"] == [2, 3]
    assert not reader.simple
    assert decode(header["input"], Incoming([memoryview(b"xx"), memoryview(b"abc")])) == {"a": b"abc"}


@pytest.mark.parametrize("value", ["", "x", "ž" * 5000, None, True, 3, 2.5, [1, "a"], {"a": {"$b": 1}}, b"y" * 300])
def test_a_result_reads_back(value):
    raw, out = result_of(value)
    header, _ = read(raw)
    assert (header["t"], header["id"], header["status"], header["copied"]) == ("result", 5, "ok", 9)
    assert header.get("segments", []) == [len(segment) for segment in out.segments]
    assert decode(header["value"], Incoming(out.segments)) == value


def test_a_text_that_is_none_is_refused_with_its_place():
    with pytest.raises(Invalid, match="value: half of a surrogate pair"):
        result_of("a\ud800")
    with pytest.raises(Invalid, match=r"value\[1\]: half of a surrogate pair"):
        result_of(["a", "\ud800"])


@pytest.mark.parametrize(
    ("at", "to"), [(2, 2), (3, 1), (5, 1), (7, 1), (8, 0), (15, 128), (23, 128), (24, 255), (28, 255), (2, 0)]
)
def test_what_breaks_a_compact_header_breaks_the_frame(at, to):
    with pytest.raises(BrokenFrame):
        read(SOUND[:at] + bytes([to]) + SOUND[at + 1 :])


@pytest.mark.parametrize("size", range(2, 24))
def test_a_cut_head_breaks_the_frame(size):
    with pytest.raises(BrokenFrame, match="24 and more"):
        read(SOUND[:size])
