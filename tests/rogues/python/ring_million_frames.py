"""Sends a million tiny frames."""

import time

from mortise import Plugin

from raw import prefix, put, ring


class RingMillionFrames(Plugin):
    def step(self, step):
        used = ring()
        note = b'{"t":"progress","id":%d}' % step.id
        frame = prefix(len(note)) + note
        sent = 0
        while sent < 1_000_000:
            if used._has_room(len(frame) * 500):
                put(frame * 500)
                sent += 500
            else:
                time.sleep(0.001)
        return "sent"
