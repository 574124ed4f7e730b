"""Answers, and then asks for the context of the call that has ended."""

from mortise import Plugin

from raw import answer, send, wait_forever


class AsksAfterTheEnd(Plugin):
    def step(self, step):
        answer(step, "done")
        send({"t": "request", "id": 1_000_000, "call": step.id, "what": "context", "key": "secret"})
        wait_forever()
