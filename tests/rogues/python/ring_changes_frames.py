"""Rewrites frames in the ring while the host reads them."""

import random
import threading

from mortise import Plugin

from raw import ring


class RingChangesFrames(Plugin):
    def step(self, step):
        used = ring()
        threading.Thread(target=scribble, args=(used, step.config.get("seed", 1)), daemon=True).start()
        for i in range(3000):
            step.log.info("one of many", number=i, text="x" * (i % 500))
        return "done"


def scribble(used, seed):
    chance = random.Random(seed)
    data, words = used._out_data, used._words
    while True:
        at = words[used._out] - chance.randrange(1, 600)
        data[at % used._capacity] = chance.randrange(256)
