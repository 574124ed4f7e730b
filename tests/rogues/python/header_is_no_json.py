"""Sends a header that is not JSON."""

from mortise import Plugin

from raw import send, wait_forever


class HeaderIsNoJson(Plugin):
    def step(self, step):
        send(b'{"t": "result", "id": }')
        wait_forever()
