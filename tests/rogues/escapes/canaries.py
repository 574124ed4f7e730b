"""What the attacks are after: planted before, looked at afterwards."""

import ctypes
import hashlib
import os
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
from pathlib import Path

SECRET = "the canary sings"
KEY = 0x6D6F7274
libc = ctypes.CDLL(None, use_errno=True)

VICTIM = """
import ctypes, os, signal, sys
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
song = ctypes.create_string_buffer(b"the canary sings")
print(ctypes.addressof(song), flush=True)
sys.stdin.read()
"""


class Sings(socketserver.BaseRequestHandler):
    """A socket that sings to whoever comes, in HTTP too."""

    def handle(self):
        body = SECRET + "\n"
        self.request.sendall(f"HTTP/1.0 200 {SECRET}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())


class Canaries:
    def __init__(self, uid):
        self.uid = uid
        self.folder = Path(tempfile.mkdtemp(prefix="mortise-canary-", dir="/var/tmp")) / "nest"
        self.folder.mkdir()
        self.plant_files()
        self.plant_sockets()
        self.plant_shared()
        self.plant_victim()

    # ---- planting ----
    def plant_files(self):
        top = self.folder.parent
        top.chmod(0o755)
        (self.folder / "secret").write_text(SECRET + "\n")
        (self.folder / "scratch").write_text("x" * 100)
        (self.folder / "canary_module.py").write_text(f"SONG = '{SECRET}'\n")
        (self.folder / "canary.R").write_text(f"song <- '{SECRET}'\n")
        self.compile("program", "int main(void) { return 42; }")
        self.compile("library.so", "int sing(void) { return 42; }", "-shared", "-fPIC")
        self.tmp_file = Path(f"/tmp/mortise-canary-{os.getpid()}")
        self.shm_file = Path(f"/dev/shm/mortise-canary-{os.getpid()}")
        for path in (self.tmp_file, self.shm_file):
            path.write_text(SECRET)
        for path in (self.folder, *self.folder.iterdir(), self.tmp_file, self.shm_file):
            os.chown(path, self.uid, self.uid)
        self.setuid = self.compile("setuid", "#include <unistd.h>\nint main(void) { return geteuid() != getuid() ? 43 : 0; }")
        os.chown(self.setuid, 12346, 12346)
        self.setuid.chmod(0o4755)

    def compile(self, name, source, *options):
        path = self.folder / name
        subprocess.run(["gcc", "-x", "c", "-", "-o", str(path), *options], input=source.encode(), check=True)
        path.chmod(0o755)
        return path

    def plant_sockets(self):
        self.servers = []
        self.tcp = self.serve(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Sings)).server_address[1]
        self.named = self.folder / "socket"
        self.serve(socketserver.ThreadingUnixStreamServer(str(self.named), Sings))
        self.named.chmod(0o777)
        self.abstract = f"mortise-canary-{os.getpid()}"
        self.serve(socketserver.ThreadingUnixStreamServer("\0" + self.abstract, Sings))
        self.udp_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp_socket.bind(("127.0.0.1", 0))
        self.udp = self.udp_socket.getsockname()[1]
        threading.Thread(target=self.answer_datagrams, daemon=True).start()

    def serve(self, server):
        server.daemon_threads = True
        server.handle_error = lambda request, client: None  # somebody who was cut off
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.servers.append(server)
        return server

    def answer_datagrams(self):
        while True:
            try:
                _, sender = self.udp_socket.recvfrom(100)
                self.udp_socket.sendto(SECRET.encode(), sender)
            except OSError:
                return

    def plant_shared(self):
        IPC_CREAT = 0o1000
        self.key = KEY ^ os.getpid()
        self.memory = libc.shmget(self.key, 4096, IPC_CREAT | 0o666)
        libc.shmat.restype = ctypes.c_void_p
        address = libc.shmat(self.memory, None, 0)
        ctypes.memmove(address, SECRET.encode(), len(SECRET))
        self.queue = libc.msgget(self.key, IPC_CREAT | 0o666)
        self.semaphore = libc.semget(self.key, 1, IPC_CREAT | 0o666)
        self.posix_queue = f"/mortise-canary-{os.getpid()}"
        old = os.umask(0)
        rt = ctypes.CDLL("librt.so.1", use_errno=True)
        if rt.mq_open(self.posix_queue.encode(), os.O_CREAT | os.O_RDWR, 0o666, None) < 0:
            raise OSError(ctypes.get_errno(), "no POSIX queue can be planted: " + os.strerror(ctypes.get_errno()))
        os.umask(old)

    def plant_victim(self):
        self.victim = subprocess.Popen(["/usr/bin/python3", "-c", VICTIM, SECRET], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                       cwd=self.folder, env={"SONG": SECRET}, user=self.uid, group=self.uid, extra_groups=[])
        self.address = int(self.victim.stdout.readline())

    # ---- what an attack is told ----
    def environment(self):
        (self.folder / "disposable").write_text("x")
        os.chown(self.folder / "disposable", self.uid, self.uid)
        interfaces = [name for _, name in socket.if_nameindex() if name != "lo"]
        return {
            "PATH": "/usr/bin:/bin", "HOME": "/", "LANG": "C.UTF-8",
            "CANARY_FOLDER": str(self.folder), "CANARY_PID": str(self.victim.pid), "CANARY_ADDRESS": str(self.address),
            "CANARY_TCP": str(self.tcp), "CANARY_UDP": str(self.udp), "CANARY_SOCKET": str(self.named), "CANARY_ABSTRACT": self.abstract,
            "CANARY_KEY": str(self.key), "CANARY_QUEUE": self.posix_queue, "CANARY_TMP": str(self.tmp_file),
            "CANARY_SHM_FILE": str(self.shm_file), "CANARY_SETUID": str(self.setuid), "CANARY_HOST": "localhost",
            "CANARY_INTERFACE": interfaces[0] if interfaces else "lo",
        }

    def restore(self):
        """After an attack that had its way: the scratch file as it was."""
        (self.folder / "scratch").write_text("x" * 100)
        os.chown(self.folder / "scratch", self.uid, self.uid)
        (self.folder / "scratch").chmod(0o644)

    # ---- looking at them ----
    def state(self):
        """All that must be the same before and after."""
        files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() + oct(path.stat().st_mode)
                 for path in sorted(self.folder.iterdir()) if path.is_file() and path.name != "disposable"}
        return {
            "files": files,
            "tmp": [path.read_text() for path in (self.tmp_file, self.shm_file)],
            "victim": self.victim.poll(),
            "mounts": Path("/proc/self/mountinfo").read_text().count("\n"),
            "host name": socket.gethostname(),
            "memory": libc.shmget(self.key, 0, 0),
        }

    def remove(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()
        self.udp_socket.close()
        self.victim.kill()
        self.victim.wait()
        libc.shmctl(self.memory, 0, None)
        libc.msgctl(self.queue, 0, None)
        libc.semctl(self.semaphore, 0, 0)
        ctypes.CDLL("librt.so.1").mq_unlink(self.posix_queue.encode())
        for path in (self.tmp_file, self.shm_file):
            path.unlink(missing_ok=True)
        shutil.rmtree(self.folder.parent)
