"""Returns a list nested 200 levels deep."""

from mortise import Plugin


class Nests200Levels(Plugin):
    def step(self, step):
        value = "the bottom"
        for _ in range(200):
            value = [value]
        return value
