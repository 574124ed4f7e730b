"""Closes the protocol's descriptor, then returns: the ring carries the answer."""

import os

from mortise import Plugin

from raw import SOCKET


class ClosesSocket(Plugin):
    def step(self, step):
        os.close(SOCKET)
        return "heard all the same"
