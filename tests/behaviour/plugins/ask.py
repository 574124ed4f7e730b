"""Asks a service: config {service, method, input}; gives its answer."""

from mortise import Plugin


class Ask(Plugin):
    def step(self, step):
        return step.service(step.config["service"], step.config["method"], step.config.get("input"))
