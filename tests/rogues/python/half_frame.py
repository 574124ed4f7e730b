"""Sends half a frame, then nothing more."""

from mortise import Plugin

from raw import prefix, wait_forever, write


class HalfFrame(Plugin):
    def step(self, step):
        write(prefix(1000) + b'{"t":"result"')
        wait_forever()
