"""What a plugin can reach from inside its worker. Each misdeed is tried at something planted for it, and succeeds in a host
whose operator has switched the sandbox off: otherwise it would prove nothing."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import outside
import pytest
from outside import step

MISDEEDS = '''
import ctypes, os, signal, socket, subprocess
from mortise import Plugin

libc = ctypes.CDLL(None, use_errno=True)


def call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return "done"


def connect(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as line:
        line.settimeout(5)
        line.connect(address)
    return "connected"


DEEDS = {
    "read": lambda at: open(at["secret"]).read(),
    "read through its root": lambda at: open(f"/proc/1/root{at['secret']}").read(),
    "write": lambda at: open(at["secret"], "a").write("!"),
    "read the key of the host": lambda at: open(at["data"] + "/key", "rb").read().hex(),
    "read another plugin": lambda at: open(at["other"]).read(),
    "change itself": lambda at: open(at["own"], "a").write(" "),
    "be the operator": lambda at: connect(socket.AF_UNIX, at["data"] + "/server.sock"),
    "speak to a service": lambda at: connect(socket.AF_INET, ("127.0.0.1", at["port"])),
    "speak to an abstract socket": lambda at: connect(socket.AF_UNIX, "\\0" + at["abstract"]),
    "signal": lambda at: os.kill(at["process"], 0),
    "see processes": lambda at: open(f"/proc/{at['process']}/cmdline").read() or 1 / 0,
    "see the environment of the host": lambda at: open(f"/proc/{at['server']}/environ").read() or 1 / 0,
    "look into a process": lambda at: call(312, at["process"], at["process"], 0, 0, 0),
    "new namespaces": lambda at: subprocess.run(["unshare", "--user", "true"], check=True).returncode,
    "mount": lambda at: call(165, b"none", at["mountpoint"].encode(), b"tmpfs", 0, None),
    "keys": lambda at: call(250, 0, -3, 1),
    "netlink": lambda at: socket.socket(16, socket.SOCK_RAW, 0).close(),
    "packets": lambda at: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close(),
}


class Tries(Plugin):
    def step(self, step):
        told = {}
        for name, deed in DEEDS.items():
            try:
                told[name] = f"could: {deed(step.config['at'])}"
            except Exception as error:
                told[name] = f"could not: {error}"
        status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
        return {"tried": told, "uid": os.getuid(), "rights": status["CapEff"].strip() + status["CapBnd"].strip(),
                "tmp": sorted(os.listdir(os.environ["TMPDIR"])), "home": os.environ["HOME"], "pid": os.getpid(),
                "groups": os.getgroups()}
'''


@pytest.fixture
def tmp_path():
    """A folder that an ordinary user can be let into; those of pytest are closed anew by every other pytest of this user."""
    folder = Path(tempfile.mkdtemp(prefix="mortise-sandbox-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def targets(tmp_path_factory):
    """Things of the host that no plugin has any business with."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "secret").write_text("a secret of the host")
    (folder / "mountpoint").mkdir()  # the only place where anything is mounted, should a misdeed succeed
    process = subprocess.Popen(["sleep", "600"])
    service = socket.create_server(("127.0.0.1", 0))
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind(f"\0mortise-canary-{os.getpid()}")
    abstract.listen()
    yield {
        "secret": str(folder / "secret"),
        "mountpoint": str(folder / "mountpoint"),
        "process": process.pid,
        "port": service.getsockname()[1],
        "abstract": f"mortise-canary-{os.getpid()}",
    }
    assert (folder / "secret").read_text().rstrip("!") == "a secret of the host"
    subprocess.run(["umount", "--lazy", folder / "mountpoint"], stderr=subprocess.DEVNULL, check=False)
    process.kill()
    process.wait()
    service.close()
    abstract.close()


def tries(server, tmp_path, targets):
    at = {
        **targets, "data": str(server.data_dir), "server": server.pid, "own": str(tmp_path / "plugins/tries/plugin.py"),
        "other": str(tmp_path / "plugins/other/plugin.py"),
    }  # fmt: skip
    answer = server.execute([step("tries", output="told", at=at)])
    assert answer["success"], answer
    return answer["context"]["told"]


def with_tries(make_server, tmp_path, wrapper=(), **sections):
    outside.python_plugin(tmp_path / "plugins", "tries", MISDEEDS, permissions=["read_data"])
    outside.python_plugin(tmp_path / "plugins", "other", "from mortise import Plugin\n")
    config = outside.config_file(tmp_path, [tmp_path / "plugins"], **sections)
    return make_server(config=config, wrapper=wrapper)


@pytest.mark.rows("O-03", "O-57")
def test_a_plugin_reaches_nothing_of_the_host(make_server, tmp_path, targets):
    server = with_tries(make_server, tmp_path, wrapper=("setpriv", "--groups", "4242") if os.geteuid() == 0 else ())
    told = tries(server, tmp_path, targets)
    could = {name: outcome for name, outcome in told["tried"].items() if outcome.startswith("could:")}
    assert not could, json.dumps(could, indent=1)
    assert set(told["rights"]) == {"0"} and (told["groups"] == [] or os.geteuid() != 0)
    assert told["home"] == "/tmp" and told["pid"] < 10
    if os.geteuid() == 0:
        assert told["uid"] > 65536, "the worker has the host's user"


def test_the_same_misdeeds_succeed_where_the_operator_switched_the_sandbox_off(make_server, tmp_path, targets):
    server = with_tries(make_server, tmp_path, runtime={"sandbox": "off"})
    told = tries(server, tmp_path, targets)["tried"]
    expected = [
        "read", "write", "read the key of the host", "read another plugin", "change itself", "be the operator",
        "speak to a service", "speak to an abstract socket", "signal", "see processes", "see the environment of the host",
        "new namespaces", "mount", "keys", "netlink", "look into a process",
    ]  # fmt: skip
    for name in expected:
        assert told[name].startswith("could:"), f"{name}: {told[name]}"
    doctor = json.loads(server.cli("doctor", "--json", "--config", server.config).stdout)
    assert doctor["isolation"] == "unconfined"


@pytest.mark.rows("O-57", "O-58")
@pytest.mark.parametrize("level", ["root", "user", "bare"])
def test_every_resource_that_the_kernel_counts_is_limited_for_a_worker(make_server, tmp_path, level):
    source = (
        "import resource\nfrom mortise import Plugin\nclass Looks(Plugin):\n    def step(self, step):\n"
        "        names = [name for name in dir(resource) if name.startswith('RLIMIT_')]\n"
        "        return {name[7:]: list(resource.getrlimit(getattr(resource, name))) for name in names}\n"
    )
    wrapper = {"root": lambda folder: (), "user": ordinary, "bare": no_user_namespaces}[level](tmp_path)
    outside.python_plugin(tmp_path / "plugins", "looks", source, permissions=[], limits={"processes": 50, "open_files": 99})
    server = make_server(config=outside.config_file(tmp_path, [tmp_path / "plugins"]), wrapper=wrapper)
    told = server.execute([step("looks", output="told")])["context"]["told"]
    for name, most in (("CORE", 0), ("RTPRIO", 0), ("NICE", 0), ("MSGQUEUE", 0), ("MEMLOCK", 8 << 20), ("SIGPENDING", 1024), ("NOFILE", 99), ("FSIZE", 1 << 40)):
        soft, hard = told[name]
        assert soft == hard and 0 <= hard <= most, f"{name}: {told[name]}"
    if level == "root" or (level == "user" and os.geteuid() == 0):
        assert told["NPROC"] == [50, 50], told["NPROC"]


@pytest.mark.rows("O-56")
def test_a_worker_has_no_network_that_leads_anywhere(make_server, tmp_path, targets):
    source = (
        "import socket\nfrom mortise import Plugin\nclass Looks(Plugin):\n    def step(self, step):\n"
        "        return {'interfaces': open('/proc/net/dev').read(), 'tcp': open('/proc/net/tcp').read().count('\\n')}\n"
    )
    outside.python_plugin(tmp_path / "plugins", "looks", source, permissions=["read_data"])
    server = make_server(config=outside.config_file(tmp_path, [tmp_path / "plugins"]))
    told = server.execute([step("looks", output="told")])["context"]["told"]
    names = [line.split(":")[0].strip() for line in told["interfaces"].splitlines()[2:]]
    assert set(names) <= {"lo", "sit0", "tunl0", "ip6tnl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "ip6gre0"}, names
    assert told["tcp"] == 1, "it sees connections of the host"


def test_the_doctor_proves_every_layer_and_says_why_one_is_missing(mortise, config):
    report = json.loads(mortise("doctor", "--json", "--config", config).stdout)
    group = next(group for group in report["groups"] if group["name"] == "Isolation")
    checks = {check["name"]: check for check in group["checks"]}
    for layer in (
        "private-root", "own-processes", "own-network", "own-ipc", "own-names", "own-user", "landlock-files", "landlock-network",
        "landlock-scopes", "system-calls", "no-capabilities", "no-new-privileges", "resource-limits", "closed-descriptors",
    ):  # fmt: skip
        check = checks[layer]
        assert check["status"] in ("ok", "note"), check
        assert check["found"].startswith("stops: ") or check["hint"], check
    text = mortise("doctor", "--config", config).stdout
    assert "Isolation" in text and checks["private-root"]["found"] in text


def ordinary(tmp_path):
    """The wrapper of an ordinary user for a root; a folder that this user may use."""
    if os.geteuid() != 0:
        return ()
    os.chmod(tmp_path, 0o777)
    return ("setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups")


def no_user_namespaces(tmp_path):
    return (
        *ordinary(tmp_path), "unshare", "--user", "--map-current-user", "--keep-caps", "sh", "-c",
        'echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all "$@"', "sh",
    )  # fmt: skip


def test_a_plugin_of_an_ordinary_user_reaches_nothing_of_the_host_either(make_server, tmp_path, targets):
    server = with_tries(make_server, tmp_path, wrapper=ordinary(tmp_path))
    told = tries(server, tmp_path, targets)
    could = {name: outcome for name, outcome in told["tried"].items() if outcome.startswith("could:")}
    assert not could, json.dumps(could, indent=1)
    assert set(told["rights"]) == {"0"}


def test_without_user_namespaces_files_and_sockets_are_out_of_reach_and_the_doctor_names_what_is_missing(make_server, tmp_path, targets):
    if shutil.which("unshare") is None:
        pytest.skip("util-linux has no unshare here")
    server = with_tries(make_server, tmp_path, wrapper=no_user_namespaces(tmp_path))
    told = tries(server, tmp_path, targets)["tried"]
    not_covered = {"see processes"}  # their names; not what is in them
    could = {name: outcome for name, outcome in told.items() if outcome.startswith("could:")}
    assert set(could) <= not_covered, json.dumps(could, indent=1)
    report = outside.run_program(
        "doctor", "--json", "--config", server.config, cwd=tmp_path, wrapper=no_user_namespaces(tmp_path)
    )
    report = json.loads(report.stdout)
    checks = {check["name"]: check for group in report["groups"] for check in group["checks"]}
    assert report["isolation"] == "partly"
    assert "max_user_namespaces" in checks["private-root"]["found"] and "Landlock" in checks["private-root"]["hint"]


def test_where_the_operator_requires_the_sandbox_no_worker_starts_without_it_and_the_reason_is_told(make_server, tmp_path):
    wrapper = no_user_namespaces(tmp_path)
    server = with_tries(make_server, tmp_path, wrapper=wrapper, runtime={"sandbox": "required"})
    answer = server.execute([step("tries", output="told", at={})])
    assert not answer["success"]
    assert "private-root" in json.dumps(answer) and "max_user_namespaces" in json.dumps(answer), answer
