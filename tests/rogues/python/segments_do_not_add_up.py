"""Names segments that do not add up to the number in the prefix."""

import json

from mortise import Plugin

from raw import prefix, wait_forever, write


class SegmentsDoNotAddUp(Plugin):
    def step(self, step):
        header = json.dumps(
            {"t": "result", "id": step.id, "status": "ok", "segments": [1 << 30, 5], "value": {"$bytes": {"segment": 0}}}
        ).encode()
        write(prefix(len(header), 8) + header + bytes(8))
        wait_forever()
