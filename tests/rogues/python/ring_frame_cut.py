"""Puts half a frame into the ring."""

from mortise import Plugin

from raw import prefix, ring, wait_forever


class RingFrameCut(Plugin):
    def step(self, step):
        ring().send(prefix(1000) + b'{"t":"result"')
        wait_forever()
