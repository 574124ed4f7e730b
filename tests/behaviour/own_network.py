"""Starts a program in a network of its own, with its own names and a web server that counts who comes. As root:

    own_network.py HOSTS VISITS UID PROGRAM [ARGUMENT]...

HOSTS takes the place of /etc/hosts; each visit is a line in VISITS with the address that was asked. The network has the loopback device
alone, which also answers for the addresses below, a public and a private one; the program runs as UID.
"""

import ctypes
import fcntl
import http.server
import os
import signal
import socket
import struct
import sys

PUBLIC, PRIVATE, PORT = "93.184.216.34", "10.1.2.3", 8123

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
SIOCSIFADDR, SIOCGIFFLAGS, SIOCSIFFLAGS = 0x8916, 0x8913, 0x8914
IFF_UP, PR_SET_PDEATHSIG = 1, 1
libc = ctypes.CDLL(None, use_errno=True)


def must(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def raise_device(control, name):
    request = struct.pack("16sh14x", name, 0)
    flags = struct.unpack("16sh14x", fcntl.ioctl(control, SIOCGIFFLAGS, request))[1]
    fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", name, flags | IFF_UP))


def make_network():
    must(libc.unshare(CLONE_NEWNET | CLONE_NEWNS))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        raise_device(control, b"lo")
        for number, address in enumerate((PUBLIC, PRIVATE)):
            fcntl.ioctl(control, SIOCSIFADDR, struct.pack("16sHH4s8x", b"lo:%d" % number, socket.AF_INET, 0, socket.inet_aton(address)))


class Answers(http.server.BaseHTTPRequestHandler):
    visits = ""

    def do_GET(self):
        with open(self.visits, "a", encoding="ascii") as out:
            out.write(self.connection.getsockname()[0] + "\n")
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *ignored):
        pass


def serve(visits):
    """In a process that ends with the program: of the same user, because only then the kernel lets the one's end signal the other."""
    Answers.visits = visits
    server = http.server.ThreadingHTTPServer(("0.0.0.0", PORT), Answers)  # nothing of this machine leads into this network
    if os.fork() == 0:
        must(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
        nothing = os.open("/dev/null", os.O_RDWR)
        for standard in range(3):
            os.dup2(nothing, standard)
        server.serve_forever()


def become(uid):
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def main(hosts, visits, uid, *program):
    make_network()
    must(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))
    must(libc.mount(hosts.encode(), b"/etc/hosts", None, MS_BIND, None))
    become(int(uid))
    serve(visits)
    os.execv(program[0], program)


if __name__ == "__main__":
    main(*sys.argv[1:])
