"""The plugin of a rehearsal (rehearsal.py)."""

from mortise import Plugin


class Rehearsed(Plugin):
    def call(self, method, input):
        return input

    def step(self, step):
        return [{"n": 1, "text": step.config["text"]}]
