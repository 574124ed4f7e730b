"""Says that its ring holds four gigabytes."""

from mortise import Plugin

from raw import ring, wait_forever, write_unannounced


class RingTailLies(Plugin):
    def step(self, step):
        used = ring()
        used._words[used._out] = (used._written + 0xFFFFFFF0) & 0xFFFFFFFF
        write_unannounced(b"MTSB" + bytes(12))  # a bell: it looks
        wait_forever()
