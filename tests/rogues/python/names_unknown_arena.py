"""Returns bytes in shared memory that it never got: arena 77."""

from mortise import Plugin

from raw import answer, wait_forever


class NamesUnknownArena(Plugin):
    def step(self, step):
        answer(step, {"$bytes": {"arena": 77, "offset": 0, "size": 1 << 40}})
        wait_forever()
