"""Rings the bell for ever and never answers."""

from mortise import Plugin

from raw import write_unannounced


class RingRingsBells(Plugin):
    def step(self, step):
        while True:
            write_unannounced((b"MTSB" + bytes(12)) * 64)
