"""Asks for shared memory of the absurd `size` of its config."""

from mortise import Plugin

from raw import send, wait_forever


class AsksAbsurdArena(Plugin):
    def step(self, step):
        send({"t": "request", "id": 1_000_000, "call": step.id, "what": "arena", "size": step.config["size"]})
        wait_forever()
