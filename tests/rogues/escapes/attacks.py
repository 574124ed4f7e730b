"""Escapes in Python: what its library makes easy. `attacks.py NAME` tries one; see README.md."""

import ctypes
import glob
import mmap
import multiprocessing.connection
import os
import shutil
import socket
import subprocess
import sys
import urllib.request

SECRET = "the canary sings"
FOLDER = os.environ["CANARY_FOLDER"]
PID = int(os.environ["CANARY_PID"])


def text_of(path):
    with open(path, "rb") as source:
        return SECRET.encode() in source.read(4096)


def read_file():
    return text_of(f"{FOLDER}/secret")


def find_by_pattern():
    return bool(glob.glob(f"{FOLDER}/sec*"))


def walk_the_machine():
    return any("secret" in files for _, _, files in os.walk(os.path.dirname(FOLDER)))


def copy_away():
    copy = f"/tmp/copy-{os.getpid()}"
    shutil.copyfile(f"{FOLDER}/secret", copy)
    found = text_of(copy)
    os.unlink(copy)
    return found


def through_subprocess():
    return SECRET in subprocess.run(["cat", f"{FOLDER}/secret"], capture_output=True, text=True, check=False).stdout


def through_a_shell():
    return SECRET in os.popen(f"cat {FOLDER}/secret 2>/dev/null").read()


def map_file():
    with open(f"{FOLDER}/secret", "rb") as source:
        return SECRET.encode() in mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ)[:]


def import_foreign_code():
    sys.path.insert(0, FOLDER)
    import canary_module

    return canary_module.SONG == SECRET


def load_foreign_library():
    return ctypes.CDLL(f"{FOLDER}/library.so").sing() == 42


def change_the_interpreter():
    path = os.path.join(os.path.dirname(os.__file__), "escaped.py")
    with open(path, "w"):
        pass
    os.unlink(path)
    return True


def http():
    with urllib.request.urlopen(f"http://127.0.0.1:{os.environ['CANARY_TCP']}/", timeout=2) as answer:
        return SECRET.encode() in answer.read()


def stream():
    with socket.create_connection(("127.0.0.1", int(os.environ["CANARY_TCP"])), timeout=2) as connection:
        return SECRET.encode() in connection.recv(4096)


def resolve_a_name():
    return socket.getaddrinfo(os.environ["CANARY_HOST"], 80)[0][4][0] == "127.0.0.77"


def unix_client():
    return bool(multiprocessing.connection.Client(os.environ["CANARY_SOCKET"], "AF_UNIX"))


def see_processes():
    return str(PID) in os.listdir("/proc")


def read_command_line():
    return text_of(f"/proc/{PID}/cmdline")


def read_descriptors_of_others():
    return len(os.listdir(f"/proc/{PID}/fd")) > 0


def end_another_process():
    os.kill(PID, 0)
    return True


def left_descriptor():
    os.lseek(100, 0, os.SEEK_SET)
    return SECRET.encode() in os.read(100, 4096)


def own_descriptors_as_paths():
    return any(os.path.isdir(f"/proc/self/fd/{fd}") and os.path.exists(f"/proc/self/fd/{fd}/secret") for fd in os.listdir("/proc/self/fd"))


def users_of_the_machine():
    """The name of somebody who has nothing to do with plugins."""
    with open("/etc/passwd") as source:
        return "canary-user" in source.read() or os.path.exists("/etc/shadow") and text_of_any("/etc/shadow")


def text_of_any(path):
    with open(path) as source:
        return len(source.read()) > 0


ATTACKS = [value for name, value in list(globals().items()) if callable(value) and getattr(value, "__module__", "") == "__main__"
           and name not in ("text_of", "text_of_any")]

if __name__ == "__main__":
    attack = next((one for one in ATTACKS if len(sys.argv) == 2 and one.__name__ == sys.argv[1]), None)
    if attack is None:
        print("\n".join(one.__name__ for one in ATTACKS))
        sys.exit(98)
    try:
        sys.exit(0 if attack() else 10)
    except (OSError, ImportError, urllib.error.URLError) as error:
        print(error, file=sys.stderr)
        sys.exit(10)
