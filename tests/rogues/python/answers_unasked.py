"""Answers a call that never was."""

from mortise import Plugin

from raw import send, wait_forever


class AnswersUnasked(Plugin):
    def step(self, step):
        send({"t": "result", "id": step.id + 1000, "status": "ok", "value": "unasked"})
        wait_forever()
