"""Exits with status 0 in mid-call, as if all were well."""

import os

from mortise import Plugin


class ExitsQuietly(Plugin):
    def step(self, step):
        os._exit(0)
