"""Is asked with a compact header and answers with one of JSON, which a worker may. No rogue, but it knows how it was asked."""

import gc

from mortise import Plugin


class CompactAnswersJson(Plugin):
    def step(self, step):
        worker = next(one for one in gc.get_objects() if type(one).__name__ == "Worker" and hasattr(one, "_compact"))
        asked, worker._compact = worker._compact, False
        return "asked compactly" if asked else "asked in JSON"
