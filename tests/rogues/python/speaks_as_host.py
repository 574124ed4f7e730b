"""Sends a message that only a host may send."""

from mortise import Plugin

from raw import send, wait_forever


class SpeaksAsHost(Plugin):
    def step(self, step):
        send({"t": "call", "id": 1, "op": "step", "input": None, "timeout_ms": 0})
        wait_forever()
