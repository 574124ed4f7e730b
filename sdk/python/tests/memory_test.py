"""Shared memory: read in place, written in place, counted when copied."""

import os
import struct
import time

import pytest

from mortise import Buffer, Column, Invalid, Table, Tensor
from mortise.decode import Incoming, decode
from mortise.encode import encode
from mortise.memory import Arenas
from mortise.outgoing import Outgoing


def memory_file(data):
    descriptor = os.memfd_create("test")
    os.truncate(descriptor, len(data)) if isinstance(data, bytes) else os.truncate(descriptor, data)
    if isinstance(data, bytes):
        os.pwrite(descriptor, data, 0)
    return descriptor


def open_arena(arenas, id, data, access="read"):
    size = len(data) if isinstance(data, bytes) else data
    arenas.open(id, size, access, [memory_file(data)])


def table_of(rows, place, format="g"):
    column = {"name": "x", "format": format, "length": rows, "null_count": 0, "buffers": [None, place]}
    return {"$table": {"rows": rows, "columns": [column]}}


@pytest.fixture
def arenas():
    return Arenas()


def test_a_table_in_an_arena_is_seen_without_a_copy(arenas):
    numpy = pytest.importorskip("numpy")
    open_arena(arenas, 1, bytes(64) + struct.pack("<4d", 1, 2, 3, 4))
    table = decode(table_of(4, {"arena": 1, "offset": 64, "size": 32}), Incoming((), arenas))
    assert table["x"].tolist() == [1, 2, 3, 4]
    assert not table["x"].flags.writeable and arenas.meter.copied == 0
    kept = table.copy()
    assert arenas.meter.copied == 32
    arenas.drop(1)
    assert kept["x"].tolist() == table["x"].tolist()  # the view still holds the mapping
    assert isinstance(numpy.add(table["x"], 1), numpy.ndarray)


def test_sixty_four_mebibytes_become_an_array_at_once(arenas):
    pytest.importorskip("numpy")
    size = 64 << 20
    open_arena(arenas, 1, size)
    tree = table_of(size // 8, {"arena": 1, "offset": 0, "size": size})
    best = float("inf")
    for _ in range(20):
        begin = time.perf_counter()
        array = decode(tree, Incoming((), arenas))["x"]
        best = min(best, time.perf_counter() - begin)
    assert array.nbytes == size and arenas.meter.copied == 0
    assert best < 200e-6, f"{best * 1e6:.0f} us"


def test_what_is_converted_is_counted(arenas):
    pytest.importorskip("numpy")
    open_arena(arenas, 1, struct.pack("<8i", *range(8)))
    table = decode(table_of(8, {"arena": 1, "offset": 0, "size": 32}, "i"), Incoming((), arenas))
    table["x"]
    assert arenas.meter.copied == 0
    assert table.rows()[7] == {"x": 7}
    assert arenas.meter.copied == 32
    assert decode({"$bytes": {"arena": 1, "offset": 0, "size": 4}}, Incoming((), arenas)) == bytes(4)
    assert arenas.meter.copied == 36


@pytest.mark.parametrize(
    "place",
    [
        {"arena": 2, "offset": 0, "size": 1},
        {"arena": 1, "offset": 64, "size": 65},
        {"arena": 1, "offset": -64, "size": 1},
        {"arena": 1, "offset": 1, "size": 1},
        {"arena": 1, "offset": 0, "size": -1},
        {"arena": 1, "offset": 2**70, "size": 0},
        {"arena": 1, "offset": 0, "size": 1.0},
        {"arena": True, "offset": 0, "size": 1},
        {"arena": 1, "offset": 0},
        {"arena": 1, "offset": 0, "size": 1, "more": 1},
    ],
)
def test_a_place_outside_its_arena_is_invalid(arenas, place):
    open_arena(arenas, 1, bytes(128))
    with pytest.raises(Invalid):
        decode({"$bytes": place}, Incoming((), arenas))


@pytest.mark.parametrize(
    ("id", "size", "access", "files"),
    [
        (0, 64, "read", 1),
        (-1, 64, "read", 1),
        ("1", 64, "read", 1),
        (1, 0, "read", 1),
        (1, 4096, "read", 1),
        (1, 2**70, "read", 1),
        (1, 64, "both", 1),
        (1, 64, "read", 0),
        (1, 64, "read", 2),
        (7, 64, "read", 1),
        (True, 64, "read", 1),
    ],
)
def test_an_arena_that_is_not_what_it_says_is_refused_and_its_descriptors_closed(arenas, id, size, access, files):
    open_arena(arenas, 7, bytes(64))
    descriptors = [memory_file(bytes(64)) for _ in range(files)]
    with pytest.raises(Invalid):
        arenas.open(id, size, access, descriptors)
    for descriptor in descriptors:
        with pytest.raises(OSError):
            os.fstat(descriptor)


def test_a_mapping_lives_exactly_as_long_as_somebody_looks_into_it(arenas):
    open_arena(arenas, 1, 1 << 20)
    buffer = arenas.buffer(1, 0, 64)
    arenas.drop(1)
    assert buffer.take() == bytes(64) and mapped("memfd:test")
    with pytest.raises(Invalid):
        arenas.drop(1)
    del buffer
    assert not mapped("memfd:test")


def mapped(name):
    with open("/proc/self/maps") as maps:
        return sum(name in line for line in maps)


class Region:
    """Hands out regions of one writable arena, as a host would."""

    def __init__(self, arenas, size=1 << 20):
        self.descriptor = memory_file(size)
        arenas.open(1, size, "write", [os.dup(self.descriptor)])
        self.arenas, self.next, self.asked = arenas, 64, []

    def allocate(self, size):
        self.asked.append(size)
        at, self.next = self.next, self.next + (size + 63) // 64 * 64
        return self.arenas.buffer(1, at, size)

    def read(self, place):
        assert place["arena"] == 1 and place["offset"] % 64 == 0
        return os.pread(self.descriptor, place["size"], place["offset"])


def test_long_parts_go_to_one_region_and_short_ones_to_segments(arenas):
    region = Region(arenas)
    out = Outgoing()
    first, second = os.urandom(65_537), os.urandom(70_000)
    tree = encode([first, b"s" * 65_536, {"$k": second}], out)
    out.finish(region.allocate)
    assert region.asked == [65_600 + 70_016]
    assert [bytes(s) for s in out.segments] == [b"s" * 65_536]
    assert region.read(tree[0]["$bytes"]) == first
    assert tree[1] == {"$bytes": {"segment": 0}}
    assert region.read(tree[2]["$map"][0][1]["$bytes"]) == second
    assert arenas.meter.copied == 65_537 + 70_000


def test_segments_beyond_what_a_frame_holds_go_to_shared_memory(arenas):
    region = Region(arenas, 4 << 20)
    out = Outgoing()
    encode([Tensor("UINT8", [65_536], bytes(65_536))] * 1030, out)
    out.finish(region.allocate)
    assert len(out.segments) == 1024 and region.asked == [6 * 65_536]


def test_what_was_made_in_the_region_is_named_and_not_copied(arenas):
    numpy = pytest.importorskip("numpy")
    region = Region(arenas)
    mine = region.allocate(800_000)
    array = numpy.frombuffer(mine.view, dtype="float64").reshape(100, 1000)
    array[:] = 7.5
    column = Column("x", "g", 100_000, 0, [None, mine])
    out = Outgoing([mine])
    tree = encode({"t": array, "c": Table([column]), "part": array[50:]}, out)
    out.finish(region.allocate)
    assert arenas.meter.copied == 0 and not out.segments and region.asked == [800_000]
    assert tree["t"]["$tensor"]["data"] == {"arena": 1, "offset": 64, "size": 800_000}
    assert tree["c"]["$table"]["columns"][0]["buffers"][1] == {"arena": 1, "offset": 64, "size": 800_000}
    assert tree["part"]["$tensor"]["data"] == {"arena": 1, "offset": 64 + 400_000, "size": 400_000}


def test_a_part_that_is_not_aligned_or_of_an_older_region_is_copied(arenas):
    numpy = pytest.importorskip("numpy")
    region = Region(arenas)
    mine = region.allocate(400_000)
    array = numpy.frombuffer(mine.view, dtype="float64")
    array[:] = 7.5
    for regions in ([mine], []):
        out = Outgoing(regions)
        tree = encode(array[1:20_000], out)
        out.finish(region.allocate)
        assert region.read(tree["$tensor"]["data"]) == array[1:20_000].tobytes()
    assert arenas.meter.copied == 2 * 8 * 19_999


def test_what_came_with_the_call_goes_back_by_its_place(arenas):
    region = Region(arenas)
    open_arena(arenas, 2, struct.pack("<20000d", *range(20_000)))
    place = {"arena": 2, "offset": 0, "size": 160_000}
    table = decode(table_of(20_000, place), Incoming((), arenas))

    def sent():
        out = Outgoing()
        tree = encode(table.with_columns({"y": list(range(20_000))}), out)
        out.finish(region.allocate)
        return [column["buffers"][1] for column in tree["$table"]["columns"]]

    assert sent()[0] == place and sent()[1]["arena"] == 1
    assert region.asked == [160_000] * 2
    arenas.meter.next_call()  # from now on the host may put something else there
    assert sent()[0]["arena"] == 1 and region.asked[-1] == 320_000


def test_a_buffer_is_copied_when_taken(arenas):
    assert Buffer(memoryview(b"abc")).take() == b"abc"
