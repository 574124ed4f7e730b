"""Returns an object that no value can hold."""

from mortise import Plugin


class Nonsense:
    pass


class ReturnsObject(Plugin):
    def step(self, step):
        return {"inside": [1, Nonsense()]}


plugin = ReturnsObject
