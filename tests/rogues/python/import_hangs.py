"""Hangs while it is imported."""

import time

from mortise import Plugin

while True:
    time.sleep(3600)


class ImportHangs(Plugin):
    pass
