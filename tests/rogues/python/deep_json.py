"""Sends a header of a million opening brackets."""

from mortise import Plugin

from raw import send, wait_forever


class DeepJson(Plugin):
    def step(self, step):
        send(b'{"t":"result","id":%d,"status":"ok","value":' % step.id + b"[" * 1_000_000)
        wait_forever()
