"""Makes 300,000 requests without waiting for a single reply."""

from mortise import Plugin

from raw import send


class AsksWithoutWaiting(Plugin):
    def step(self, step):
        for number in range(300_000):
            send({"t": "request", "id": 1_000_000 + number, "call": step.id, "what": "context", "key": "a" * 1000})
        return "asked"
