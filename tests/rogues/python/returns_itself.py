"""Returns a list that contains itself."""

from mortise import Plugin


class ReturnsItself(Plugin):
    def step(self, step):
        ring = []
        ring.append(ring)
        return ring
