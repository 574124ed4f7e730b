"""Starts ten processes in sessions of their own that sleep for an hour, and returns."""

import subprocess

from mortise import Plugin


class ForksChildren(Plugin):
    def step(self, step):
        sleepers = [subprocess.Popen(["sleep", "3600"], start_new_session=True) for _ in range(10)]
        return [sleeper.pid for sleeper in sleepers]
