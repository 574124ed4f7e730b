"""Puts a frame into the ring whose header says that it has four gigabytes."""

from mortise import Plugin

from raw import prefix, put, wait_forever


class RingAbsurdLengths(Plugin):
    def step(self, step):
        put(prefix(0xFFFFFFFF) + b"{}")
        wait_forever()
