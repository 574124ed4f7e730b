"""Returns a map that has one key twice."""

from mortise import Plugin

from raw import send, wait_forever


class KeyTwice(Plugin):
    def step(self, step):
        send(b'{"t":"result","id":%d,"status":"ok","value":{"outputs":{"a":1,"a":2}}}' % step.id)
        wait_forever()
