"""The ring beside the socket (section 6): what a worker does with an offer, with what is in it, and with what must not be."""

import os
import time

import second
import streams
from cases import Case, begin_call, check_alive
from expect import require


def load_all():
    yield Case("rings", "a worker declines what is no memory for a ring, and stays at the socket", declines)
    yield Case("rings", "large and small frames, with descriptors and without, stay in order", stays_in_order)
    yield Case("rings", "a worker that looks, dozes on the futex or sleeps at the socket hears of every call", hears)
    yield Case("rings", "a host that sleeps at the socket is rung for", rings_the_bell)
    yield Case("rings", "a host that sleeps on the futex is woken, if the worker said so", wakes_the_futex)
    yield Case("rings", "bells that nobody needs are ignored", ignores_bells)
    for what, spoil in {
        "a tail beyond the ring": lambda ring: put_word(ring, streams.TO_WORKER, ring.written + streams.CAPACITY + 1),
        "a tail that goes back": lambda ring: put_word(ring, streams.TO_WORKER, ring.written - 1),
        "a frame that is cut": lambda ring: ring.put(second.frame(b'{"t":"bye"}')[:-1]),
        "half a prefix": lambda ring: ring.put(b"MTSE"),
        "a frame longer than what came": lambda ring: ring.put(second.frame(b" " * 300)[:16] + b'{"t":"bye"}'),
        "descriptors in the ring": lambda ring: ring.put(second.frame(b'{"t":"bye"}', descriptors=1)),
        "a mark that only the socket may have": lambda ring: ring.put(streams.IN_RING),
        "zeros": lambda ring: ring.put(bytes(64)),
    }.items():
        yield Case("rings", f"{what} ends the worker", lambda bench, spoil=spoil: is_broken_by(bench, spoil))
    yield Case("rings", "a frame over the socket that the ring did not announce ends the worker", unannounced)
    yield Case("rings", "a second offer ends the worker", second_offer)


    for what, spoil in {
        "a compact result": lambda header: b"\x02\0" + header[2:],
        "a compact header that is cut": lambda header: header[:23],
        "a compact value in an unknown form": lambda header: changed(header, 2, 2),
        "the reserved byte of a compact header": lambda header: changed(header, 3, 1),
        "a method longer than its compact header": lambda header: changed(header, 5, 255),
        "more segments than fit a compact header": lambda header: changed(header, 7, 255),
        "a segment that did not come": lambda header: changed(header, 6, 1),
        "a compact call without an id": lambda header: header[:8] + bytes(8) + header[16:],
        "a compact call whose id is negative": lambda header: changed(header, 15, 128),
        "a compact method that is not UTF-8": lambda header: changed(header, 24, 255),
        "a compact text that is not UTF-8": lambda header: header + b"\xff",
        "a letter of which the method has one byte and the text the other": lambda header: letter_in_two(header),
        "compact JSON that is none": lambda header: changed(header, 2, 0),
    }.items():
        yield Case("rings", f"{what} ends the worker", lambda bench, spoil=spoil: is_broken_by_header(bench, spoil))
    yield Case("rings", "what breaks a rule in a sound compact header is answered", answers_compact_oddities)


def changed(header, at, byte):
    return header[:at] + bytes([byte]) + header[at + 1 :]


def letter_in_two(header):
    return changed(header[:27] + b"\xc5" + b"\xbe" + header[29:], 4, 4)


def put_word(ring, index, value):
    ring.words[index] = value & 0xFFFFFFFF


def echo(worker, value="x"):
    id = worker.next_id()
    worker.send({"t": "call", "id": id, "op": "call", "method": "echo", "timeout_ms": 0, "input": value})
    message = worker.receive()
    require((message["t"], message.get("id")) == ("result", id), f"a result of call {id}: {message}")
    require(message.get("value") == ("string", value), f"an echo: {message}")


def declines(bench):
    memory, mapped = second.memory_file("conformance-short", 4096)
    pipe, other = os.pipe()
    right, whole = second.memory_file("conformance-odd", 1 << 20)
    try:
        for descriptor, capacity in ((memory, 4096), (pipe, 4096), (right, 3000), (right, 1 << 30), (right, 1)):
            worker = bench.fresh(transport="socket")
            try:
                worker.hello()
                answer = worker.offer(capacity, descriptor)
                require(answer["taken"] is False and answer.get("why"), f"declined, with a reason: {answer}")
                for verb in ("load", "initialize", "start"):
                    worker.lifecycle(verb)
                check_alive(worker)
            finally:
                worker.close()
    finally:
        mapped.close()
        whole.close()
        for descriptor in (memory, pipe, other, right):
            os.close(descriptor)


def stays_in_order(bench):
    worker = bench.fresh().begin()
    try:
        for size in (1, 5000, 100_000, 10, 9000, 300_000, 7000, 7000, 7000, 2, 20_000, 3):
            echo(worker, "y" * size)
        records = [{"level": "info", "message": str(i) + " " * (i * 37 % 3000), "fields": {}} for i in range(200)]
        id = worker.next_id()
        worker.send({"t": "call", "id": id, "op": "call", "method": "log", "timeout_ms": 0, "input": {"records": records}})
        time.sleep(0.2)  # the ring fills, and the worker goes on over the socket
        seen = []
        while (message := worker.receive())["t"] != "result":
            seen.append(message["message"])
        require(seen == [record["message"] for record in records], f"{len(seen)} records in order")
        echo(worker)
        require(worker.stream.excursions > 0, "the host went over the socket")
    finally:
        worker.close()


def hears(bench):
    for spin_us in (0, 50, 1000, 4_000_000_000):
        worker = bench.fresh().begin()
        try:
            worker.stream.words[0] = spin_us
            for pause in (0, 0, 0, 0.0005, 0.003, 0.003, 0.02, 0.02, 0.1, 0):
                time.sleep(pause)
                echo(worker)
        finally:
            worker.close()


def rings_the_bell(bench):
    worker = bench.fresh().begin()
    try:
        worker.stream.receive()
        worker.stream.hear_bells()
        before = worker.stream.bells
        begin_call(worker, {"call": "sleep", "input": {"ms": 200, "look": False}})
        put_word(worker.stream, streams.TO_HOST + streams.ASLEEP, streams.AT_SOCKET)
        require(streams.SocketStream(worker.socket).wait(5.0), "something came over the socket")
        require(worker.receive()["t"] == "result", "a result")
        worker.stream.receive()
        worker.stream.hear_bells()
        require(worker.stream.bells == before + 1 and not worker.stream.reading_socket, "it was a bell, and one")
    finally:
        worker.close()


def wakes_the_futex(bench):
    worker = bench.fresh().begin()
    try:
        if not worker.futex:
            return
        ring = worker.stream
        begin_call(worker, {"call": "sleep", "input": {"ms": 200, "look": False}})
        put_word(ring, streams.TO_HOST + streams.ASLEEP, streams.AT_FUTEX)
        begun = time.monotonic()
        woken = streams.futex(ring.words, streams.TO_HOST, streams.FUTEX_WAIT, ring.taken, 5.0)
        require(woken and time.monotonic() - begun < 4.0, "the futex was woken")
        put_word(ring, streams.TO_HOST + streams.ASLEEP, 0)
        require(worker.receive()["t"] == "result", "a result")
    finally:
        worker.close()


def ignores_bells(bench):
    worker = bench.fresh().begin()
    try:
        for _ in range(20):
            worker.socket.sendall(streams.BELL * 3)
            echo(worker)
        worker.socket.sendall(streams.BELL[:7])
        time.sleep(0.02)
        worker.socket.sendall(streams.BELL[7:])
        echo(worker)
        echo(worker, "z" * 100_000)
    finally:
        worker.close()


def is_broken_by(bench, spoil):
    worker = bench.fresh().begin()
    try:
        echo(worker)
        spoil(worker.stream)
        worker.socket.sendall(streams.BELL)  # so that it looks, wherever it sleeps
        require(worker.wait(2.0) is not None, "the worker ended")
        require(worker.wait(0) >= 0, f"it ended by itself: {worker.wait(0)}")
    finally:
        worker.close()


def compact_echo(worker, value, is_text):
    message = {"t": "call", "id": worker.next_id(), "op": "call", "method": "echo", "timeout_ms": 0}
    return second.compact_call(message, value, is_text, [])


def is_broken_by_header(bench, spoil):
    worker = bench.fresh().begin()
    try:
        echo(worker)
        if not worker.compact:
            return
        worker.stream.send(second.frame(spoil(compact_echo(worker, b"hello", True))))
        require(worker.wait(2.0) is not None, "the worker ended")
        require(worker.wait(0) >= 0, f"it ended by itself: {worker.wait(0)}")
    finally:
        worker.close()


def answers_compact_oddities(bench):
    worker = bench.fresh().begin()
    try:
        for value, status in ((b'{"a":1,"a":2}', "invalid"), (b'{"$odd":1}', "invalid"), (b"18446744073709551616", "invalid"),
                              (b'{"$bytes":{"segment":0}}', "invalid"), (b"[1,2]", "ok")):  # fmt: skip
            if worker.compact:
                worker.stream.send(second.frame(compact_echo(worker, value, False)))
                answer = worker.receive()
                require((answer["t"], answer["status"]) == ("result", status), f"{value}: {answer}")
        if worker.compact:
            worker.stream.send(second.frame(changed(compact_echo(worker, b"x", True), 1, 99)))
            require(worker.receive()["status"] == "unsupported", "an unknown operation")
        echo(worker)
    finally:
        worker.close()


def unannounced(bench):
    worker = bench.fresh().begin()
    try:
        echo(worker)
        second.send(worker.socket, second.frame(b'{"t":"bye"}'))
        require(worker.wait(2.0) not in (None, 0), f"the worker ended, and not as for bye: {worker.wait(0)}")
    finally:
        worker.close()


def second_offer(bench):
    worker = bench.fresh().begin()
    try:
        worker.send({"t": "ring", "capacity": streams.CAPACITY}, descriptors=[worker.stream.descriptor])
        require(worker.wait(2.0) is not None, "the worker ended")
    finally:
        worker.close()
