"""Raises an exception with a chain of 100 causes."""

from mortise import Plugin


class DeepCauses(Plugin):
    def step(self, step):
        error = RuntimeError("cause 100")
        for number in range(99, 0, -1):
            outer = RuntimeError(f"cause {number}")
            outer.__cause__ = error
            error = outer
        raise error
