"""Puts half a frame into the ring."""

from mortise import Plugin

from raw import prefix, put, wait_forever


class RingFrameCut(Plugin):
    def step(self, step):
        put(prefix(1000) + b'{"t":"result"')
        wait_forever()
