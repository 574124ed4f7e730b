"""Answers a call with its input; `look` makes a numpy view of column x and reads its two ends."""

import numpy

from mortise import Plugin


class Bench(Plugin):
    def call(self, method, input):
        if method == "look":
            view = input["x"]
            assert isinstance(view, numpy.ndarray)
            return int(view[0]) + int(view[-1])
        return input
