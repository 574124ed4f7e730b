"""Stands in for a plugin that a sample only names: gives back the step as it sees it."""

from mortise import Plugin


class Echo(Plugin):
    def step(self, step):
        return {"name": step.name, "config": step.config, "output": step.output}
