"""Sends eight descriptors with each of 1000 frames that need none."""

import array
import json
import os
import socket

from mortise import Plugin

from raw import SOCKET, prefix


class SendsDescriptors(Plugin):
    def step(self, step):
        header = json.dumps({"t": "progress", "id": step.id, "fraction": 0.5, "note": ""}).encode()
        null = os.open("/dev/null", os.O_RDONLY)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [null] * 8))]
        with socket.socket(fileno=os.dup(SOCKET)) as connection:
            for _ in range(1000):
                connection.sendmsg([prefix(len(header), 0, 8) + header], rights)
        return "sent"
