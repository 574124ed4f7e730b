"""Never returns, and never asks whether it was cancelled."""

from mortise import Plugin


class NeverReturns(Plugin):
    def step(self, step):
        while True:
            pass
