"""Answers with a compact header whose numbers cannot be: `at` says which byte of it is changed, `to` what."""

from mortise import Plugin, compact

from raw import prefix, put, wait_forever


class CompactLies(Plugin):
    def step(self, step):
        header = bytearray(compact.result(step.id, 0, b'{"outputs":{}}', compact.JSON))
        header[step.config.get("at", 7)] = step.config.get("to", 255)
        put(prefix(len(header)) + bytes(header))
        wait_forever()
