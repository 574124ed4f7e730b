"""Answers with a compact text that is not UTF-8."""

from mortise import Plugin, compact

from raw import prefix, put, wait_forever


class CompactNoUtf8(Plugin):
    def step(self, step):
        header = compact.result(step.id, 0, b"fine so far \xff", compact.TEXT)
        put(prefix(len(header)) + header)
        wait_forever()
