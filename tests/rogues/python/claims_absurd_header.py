"""Claims that a header of 4 GiB follows."""

from mortise import Plugin

from raw import prefix, wait_forever, write


class ClaimsAbsurdHeader(Plugin):
    def step(self, step):
        write(prefix(0xFFFFFFFF))
        wait_forever()
