"""Claims that segments of 4 GiB follow."""

from mortise import Plugin

from raw import prefix, wait_forever, write


class ClaimsAbsurdSegments(Plugin):
    def step(self, step):
        write(prefix(2, 0xFFFFFFFF) + b"{}")
        wait_forever()
