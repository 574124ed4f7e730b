"""Claims that five descriptors travel with a frame that has none."""

import json

from mortise import Plugin

from raw import prefix, write


class ClaimsDescriptors(Plugin):
    def step(self, step):
        header = json.dumps({"t": "progress", "id": step.id, "fraction": 0.5, "note": ""}).encode()
        write(prefix(len(header), 0, 5) + header)
        return "claimed"
