"""Writes garbage into the protocol's own descriptor."""

from mortise import Plugin

from raw import write


class WritesIntoSocket(Plugin):
    def step(self, step):
        write(b"\xa5" * 4096)
        return "written"
