"""Sends a sound answer over the socket while the ring is in use, unannounced."""

from mortise import Plugin

from raw import prefix, wait_forever, write_unannounced


class RingSpeaksAtSocket(Plugin):
    def step(self, step):
        answer = b'{"t":"result","id":%d,"status":"ok","value":{"outputs":{"out":"unheard"}}}' % step.id
        write_unannounced(prefix(len(answer)) + answer)
        wait_forever()
