"""Writes nonsense into the words of the ring that are hints only, and works on."""

import threading

from mortise import Plugin

from raw import ring


class RingScribblesWords(Plugin):
    def step(self, step):
        used = ring()
        over = threading.Event()
        writer = threading.Thread(target=scribble, args=(used, over))
        writer.start()
        for i in range(200):
            step.log.info("one of many", number=i)
        over.set()
        writer.join()
        return "done"


def scribble(used, over):
    words = used._words
    while not over.is_set():
        for value in (0, 1, 2, 3, 0x7FFFFFFF, 0xFFFFFFFF):
            words[0] = value  # how long to look
            words[used._in + 32] = value  # how we sleep
            words[used._out + 32] = value  # how the host says that it sleeps
