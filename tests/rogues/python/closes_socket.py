"""Closes the protocol's descriptor, then returns."""

import os

from mortise import Plugin

from raw import SOCKET


class ClosesSocket(Plugin):
    def step(self, step):
        os.close(SOCKET)
        return "nobody hears this"
