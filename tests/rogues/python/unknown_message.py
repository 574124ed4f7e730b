"""Sends a message of a type that does not exist."""

from mortise import Plugin

from raw import send, wait_forever


class UnknownMessage(Plugin):
    def step(self, step):
        send({"t": "surrender", "id": step.id})
        wait_forever()
