"""Raises SystemExit in mid-call."""

import sys

from mortise import Plugin


class ExitsByException(Plugin):
    def step(self, step):
        sys.exit("enough of this")
