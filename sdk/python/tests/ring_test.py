"""Frames through shared memory: in order, around the end, over the socket and back, and whatever a liar puts there."""

import os
import socket
import threading

import pytest

from mortise.errors import Invalid
from mortise.frames import PREFIX, BrokenFrame, Connection, Ended, pack
from mortise.ring import BELL, IN_RING, ON_SOCKET, SMALLEST, Ring, make_memory


@pytest.fixture
def pair():
    """(host, worker): two connections over one socket pair and one small ring."""
    ours, theirs = socket.socketpair()
    descriptor = make_memory(SMALLEST)
    host, worker = Connection(ours, spin_ns=0), Connection(theirs, spin_ns=0)
    host.use_ring(Ring(descriptor, SMALLEST, "host"))
    worker.use_ring(Ring(descriptor, SMALLEST, "worker"))
    os.close(descriptor)
    yield host, worker
    host.close()
    worker.close()


def header(number, size=0):
    return b'{"n":%d,"x":"%s"}' % (number, b"x" * size)


def test_small_frames_travel_through_the_ring_alone(pair):
    host, worker = pair
    for number in range(2000):
        host.send(header(number, number % 900))
        assert worker.receive().header["n"] == number
        segments = [b"segment"] if number % 3 == 0 else []
        worker.send(b'{"n":%d,"segments":%s}' % (number, b"[7]" if segments else b"[]"), segments)
        answer = host.receive()
        assert (answer.header["n"], [bytes(one) for one in answer.segments]) == (number, segments)
    with pytest.raises(BlockingIOError):
        host._socket.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK)


def test_frames_stay_in_order_whatever_way_they_go(pair):
    host, worker = pair
    sizes = [1, 100, 5000, 3, 1900, 1900, 1900, 1900, 70_000, 2, 2, 3000, 1]
    read, write = os.pipe()
    for number, size in enumerate(sizes):
        with_descriptor = number % 4 == 3
        host.send(header(number, size), (), [read] if with_descriptor else [])
    for number, size in enumerate(sizes):
        frame = worker.receive()
        assert (frame.header["n"], len(frame.header["x"])) == (number, size)
        assert len(frame.descriptors) == (1 if number % 4 == 3 else 0)
        for descriptor in frame.descriptors:
            os.close(descriptor)
    for number in range(100):  # back in the ring
        host.send(header(number))
        assert worker.receive().header["n"] == number
    assert worker._ring.away is False
    os.close(read)
    os.close(write)


def test_a_reader_that_sleeps_is_woken(pair):
    host, worker = pair
    seen = []

    def read():
        for _ in range(200):
            seen.append(worker.receive().header["n"])

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(200):
        host.send(header(number, 500))
    reader.join(30)
    assert seen == list(range(200))


def test_what_is_there_is_found_without_waiting(pair):
    host, worker = pair
    assert worker.receive_now() is None
    host.send(header(1))
    assert worker.receive_now().header["n"] == 1
    host.send(header(2, 10_000))
    assert worker.receive_now().header["n"] == 2
    host._socket.sendall(BELL * 3)
    assert worker.receive_now() is None
    host.send(header(3))
    assert worker.receive_now().header["n"] == 3


def put(connection, data):
    """Writes bytes into the ring as they are."""
    ring = connection._ring
    ring._put(data)
    ring._words[ring._out] = ring._written


@pytest.mark.parametrize(
    "data",
    [
        pack(header(1))[:-1], b"MTSE", PREFIX.pack(b"MTSE", 4_000_000_000, 0, 0, 0) + b"{}", IN_RING, BELL, bytes(64),
        pack(header(1), (), 1), b"MTSS" + b"x" * 12,
    ],
)  # fmt: skip
def test_what_must_not_be_in_a_ring_breaks_the_protocol(pair, data):
    host, worker = pair
    put(host, data)
    with pytest.raises(BrokenFrame):
        worker.receive()


@pytest.mark.parametrize("tail", [SMALLEST + 1, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_tail_beyond_the_ring_breaks_the_protocol(pair, tail):
    host, worker = pair
    host._ring._words[host._ring._out] = tail
    with pytest.raises(BrokenFrame, match="ring of|holds 4096"):
        worker.receive()


def test_a_reader_that_claims_too_much_breaks_the_protocol(pair):
    host, worker = pair
    host.send(header(1))
    worker._ring._words[worker._ring._in + 16] = 0x7FFFFFFF
    with pytest.raises(BrokenFrame, match="never written"):
        for number in range(20):
            host.send(header(number, 500))


def test_a_frame_over_the_socket_must_be_announced(pair):
    host, worker = pair
    host._socket.sendall(pack(header(1)))
    with pytest.raises(BrokenFrame, match="while the ring was in use"):
        worker.receive()


def test_a_mark_over_the_socket_has_its_place(pair):
    host, worker = pair
    host._socket.sendall(ON_SOCKET)
    with pytest.raises(BrokenFrame):
        worker.receive()


def test_the_end_of_the_socket_is_the_end_and_what_is_in_the_ring_still_counts(pair):
    host, worker = pair
    host.send(header(1))
    host._socket.shutdown(socket.SHUT_RDWR)
    assert worker.receive().header["n"] == 1
    with pytest.raises(Ended):
        worker.receive()


@pytest.mark.parametrize("capacity", [0, 1, 3000, 4097, 8192, 1 << 25, -4096, 4096.0, None, "4096"])
def test_memory_that_is_not_what_it_is_said_to_be_is_refused(capacity):
    descriptor = make_memory(4096)
    with pytest.raises(Invalid):
        Ring(descriptor, capacity, "worker")
    os.close(descriptor)


def test_looking_is_left_out_after_it_was_in_vain(pair):
    _, worker = pair
    ring = worker._ring
    ring._words[0] = 10
    assert ring.look() is False
    looks = []
    ring._looks.look(10, lambda: looks.append(1))
    assert looks == []  # this wait is skipped
