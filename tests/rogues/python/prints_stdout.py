"""Prints 100 MB to standard output, in lines."""

from mortise import Plugin


class PrintsStdout(Plugin):
    def step(self, step):
        for _ in range(10_000):
            print(("o" * 99 + "\n") * 99 + "o" * 99)
        return "printed"
