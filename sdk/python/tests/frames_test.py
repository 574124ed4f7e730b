"""Frames: what is accepted, and that nothing else is."""

import array
import json
import os
import socket
import struct

import pytest

from mortise.frames import (
    MAX_HEADER,
    MAX_SEGMENTS,
    BrokenFrame,
    Connection,
    Ended,
    HeaderReader,
    Prefix,
    pack,
    parse_prefix,
)


def prefix(magic=b"MTSE", header=2, segments=0, descriptors=0, zero=0):
    return struct.pack("<4sIIHH", magic, header, segments, descriptors, zero)


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    ours.settimeout(5)
    connection = Connection(ours, spin_ns=0)
    yield connection, theirs
    connection.close()
    theirs.close()


def test_a_prefix_at_its_limits_is_accepted():
    assert parse_prefix(prefix(header=2)) == Prefix(2, 0, 0)
    assert parse_prefix(prefix(header=MAX_HEADER, segments=MAX_SEGMENTS, descriptors=8)) == Prefix(
        MAX_HEADER, MAX_SEGMENTS, 8
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"magic": b"MTSF"},
        {"magic": b"\0\0\0\0"},
        {"header": 0},
        {"header": 1},
        {"header": MAX_HEADER + 1},
        {"header": 2**32 - 1},
        {"segments": MAX_SEGMENTS + 1},
        {"segments": 2**32 - 1},
        {"descriptors": 9},
        {"zero": 1},
    ],
)
def test_a_prefix_beyond_a_limit_is_broken(wrong):
    with pytest.raises(BrokenFrame):
        parse_prefix(prefix(**wrong))


@pytest.mark.parametrize(
    "header",
    [
        b"[]",
        b"1 ",
        b'"t"',
        b"{}{}",
        b'{"t":1',
        b'{"t":NaN}',
        b'{"t":Infinity}',
        b"{'t':1}",
        b'{"t":"\xff"}',
        b"\xef\xbb\xbf{}",
        b'{"t":"a","t":"b"}',
        b'{"n":' + b"1" * 5000 + b"}",
        b"[" * 5000 + b"]" * 5000,
        b'{"t":"a\x01"}',
        b'{"t":1,}',
    ],
)
def test_a_header_that_is_not_one_json_object_is_broken(header):
    with pytest.raises(BrokenFrame):
        HeaderReader().read(header)


@pytest.mark.parametrize(
    ("header", "simple"),
    [
        (b'{"input":{"a":[1,2.5,"x",null,true]}}', True),
        (b' {"input":1}\n', True),
        (b'{"input":{"$int64":"1"}}', False),
        (b'{"input":{"\\u0024int64":"1"}}', False),
        (b'{"input":9223372036854775807}', False),
        (b'{"input":[1e10,2.5E-300,1E+99,-0.0]}', True),
        (b'{"input":1e999}', False),
        (b'{"input":[1E+400]}', False),
        (b'{"input":1' + b"0" * 400 + b".5}", False),
        (b'{"input":{"a":1,"a":2}}', False),
        (b'{"input":' + b"[" * 200 + b"]" * 200 + b"}", False),
    ],
)
def test_a_header_is_simple_only_when_nothing_in_it_needs_a_look(header, simple):
    reader = HeaderReader()
    reader.read(header)
    assert reader.simple is simple


def test_a_header_that_could_hold_too_many_values_is_not_simple():
    reader = HeaderReader()
    for values, simple in ((3_999_980, True), (4_000_001, False)):
        reader.read(b'{"input":[' + b"1," * (values - 1) + b"1]}")
        assert reader.simple is simple


@pytest.mark.parametrize("sizes", [[3], [5], [-1, 5], [2, 3], ["4"], [True, 3], [4.0], {}, "4", [2**70]])
def test_segments_that_do_not_add_up_are_broken(pair, sizes):
    connection, theirs = pair
    theirs.send(pack(json.dumps({"t": "x", "segments": sizes}).encode(), [b"abcd"]))
    with pytest.raises(BrokenFrame):
        connection.receive()


def test_segments_come_apart_as_they_were_put_together(pair):
    connection, theirs = pair
    theirs.send(pack(b'{"segments":[3,0,1]}', [b"abc", b"", b"d"]))
    assert [bytes(s) for s in connection.receive().segments] == [b"abc", b"", b"d"]


def test_many_frames_in_one_read_come_one_by_one(pair):
    connection, theirs = pair
    theirs.send(b"".join(pack(b'{"n":%d}' % n) for n in range(1000)))
    assert [connection.receive().header["n"] for n in range(1000)] == list(range(1000))


def test_a_frame_that_trickles_in_byte_by_byte_is_whole(pair):
    connection, theirs = pair
    frame = pack(b'{"t":"slow","segments":[4]}', [b"data"])
    for at in range(len(frame) - 1):
        theirs.send(frame[at : at + 1])
        connection._fill(wait=True)
        assert connection._take() is None
    theirs.send(frame[-1:])
    assert bytes(connection.receive().segments[0]) == b"data"


@pytest.mark.parametrize("size", [65_480, 65_520, 65_536, 65_537, 200_000, 5 << 20])
def test_frames_longer_than_the_buffer_arrive_whole(pair, size):
    connection, theirs = pair
    text = "x" * size
    frame = pack(json.dumps({"text": text}).encode()) + pack(b'{"next":true}')
    if os.fork() == 0:
        try:
            theirs.sendall(frame)
        finally:
            os._exit(0)
    assert connection.receive().header["text"] == text
    assert connection.receive().header == {"next": True}
    os.wait()


def test_descriptors_belong_to_the_frame_they_came_with(pair):
    connection, theirs = pair
    pipes = [os.pipe() for _ in range(3)]
    other = Connection(theirs)
    connection_of = {0: [pipes[0][1]], 1: [], 2: [pipes[1][1], pipes[2][1]]}
    for n, descriptors in connection_of.items():
        other.send(b'{"n":%d}' % n, (), descriptors)
    for n, descriptors in connection_of.items():
        frame = connection.receive()
        assert frame.header["n"] == n and len(frame.descriptors) == len(descriptors)
        for number in frame.descriptors:
            assert not os.get_inheritable(number)
            os.write(number, b"%d" % n)
            os.close(number)
    assert [os.read(read, 1) for read, _ in pipes] == [b"0", b"2", b"2"]
    for read, write in pipes:
        os.close(read), os.close(write)


def send_rights(sock, data, descriptors):
    sock.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))])


@pytest.mark.parametrize(("said", "sent"), [(0, 1), (1, 0), (2, 1), (1, 2), (8, 0)])
def test_another_number_of_descriptors_than_the_prefix_says_is_broken(pair, said, sent):
    connection, theirs = pair
    frame = pack(b'{"t":"arena"}', (), said)
    send_rights(theirs, frame, [theirs.fileno()] * sent) if sent else theirs.send(frame)
    with pytest.raises(BrokenFrame):
        connection.receive()


def test_more_descriptors_than_a_frame_carries_are_broken(pair):
    connection, theirs = pair
    send_rights(theirs, pack(b"{}", (), 8), [theirs.fileno()] * 40)
    with pytest.raises(BrokenFrame):
        connection.receive()


def test_the_end_is_noticed_at_every_byte_of_a_frame():
    frame = pack(b'{"t":"call","id":1,"segments":[5]}', [b"bytes"])
    for length in range(len(frame)):
        ours, theirs = socket.socketpair()
        ours.settimeout(5)
        theirs.send(frame[:length])
        theirs.close()
        with pytest.raises(Ended) as ended:
            Connection(ours, spin_ns=0).receive()
        assert ended.value.inside == (length > 0)
        ours.close()


def test_the_end_within_a_long_frame_is_noticed(pair):
    connection, theirs = pair
    theirs.send(pack(b'{"t":"' + b"x" * 100_000 + b'"}')[:90_000])
    theirs.close()
    with pytest.raises(Ended) as ended:
        connection.receive()
    assert ended.value.inside


def test_sending_to_nobody_ends(pair):
    connection, theirs = pair
    theirs.close()
    with pytest.raises(Ended):
        for _ in range(2):
            connection.send(b"{}")


def test_a_look_without_waiting_returns_at_once_or_the_whole_frame(pair):
    connection, theirs = pair
    connection._socket.setblocking(True)  # as in a worker; with a time-out Python itself would wait
    assert connection.receive_now() is None
    theirs.send(pack(b'{"n":1}') + pack(b'{"n":2}'))
    assert connection.receive_now().header == {"n": 1}
    assert connection.receive_now().header == {"n": 2}
    assert connection.receive_now() is None
    theirs.close()
    with pytest.raises(Ended):
        connection.receive_now()


def test_a_frame_beyond_the_limits_is_not_sent():
    with pytest.raises(ValueError):
        pack(b" " * (MAX_HEADER + 1))
