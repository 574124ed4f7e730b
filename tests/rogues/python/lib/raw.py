"""Frames made by hand, as docs/worker-protocol.md describes them, written into the worker's socket behind the SDK's back."""

import gc
import json
import os
import struct
import time

SOCKET = 3


def ring():
    """The SDK's ring in this process; None when frames go over the socket alone."""
    return next((one for one in gc.get_objects() if type(one).__module__ == "mortise.ring" and type(one).__name__ == "Ring"), None)


def prefix(header_size, segments_size=0, descriptors=0):
    return struct.pack("<4sIIHH", b"MTSE", header_size, segments_size, descriptors, 0)


def put(data):
    """Into the ring as it is, and rings the bell: whatever the host does, it looks."""
    ring().send(data)
    write_unannounced(b"MTSB" + bytes(12))


def write(data):
    """Over the socket, as the continuation of the stream: a ring says that it goes on there."""
    used = ring()
    if used is not None:
        used.send(b"", by_socket=True)
    write_unannounced(data)


def write_unannounced(data):
    view = memoryview(data)
    while view:
        view = view[os.write(SOCKET, view) :]


def send(header, segments=()):
    if segments:
        header = {**header, "segments": [len(segment) for segment in segments]}
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    write(prefix(len(text), sum(map(len, segments))) + text + b"".join(segments))


def answer(step, value, segments=()):
    """The answer to this step, in place of the one that the SDK would send."""
    send({"t": "result", "id": step.id, "status": "ok", "value": {"outputs": {step.output or "out": value}}}, segments)


def wait_forever():
    while True:
        time.sleep(3600)
