"""Says that it read what was never written, and lets the host write on."""

from mortise import Plugin

from raw import ring


class RingHeadLies(Plugin):
    def step(self, step):
        used = ring()
        for _ in range(20_000):
            used._words[used._in + 16] = (used._read + 0x7FFFFFFF) & 0xFFFFFFFF
            step.context("nothing", None)
        return "not found out"
