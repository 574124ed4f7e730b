"""Finds and installs what a plugin in Python needs beyond what its interpreter has. Run by the host with that interpreter:

    python -I -B python_environment.py resolve REQUEST    what is missing, as packages of one version each
    python -I -B python_environment.py install REQUEST    exactly these, into a folder

REQUEST is a JSON file. The answer is one line of JSON on descriptor 3: {"answer": ...}, or {"error", "hint", "requirement"}. Only wheels are
taken, so no code of a package runs here, unless the request says `source_builds`.
"""

import glob
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import subprocess
import sys
import sysconfig
import tempfile

try:
    from packaging.requirements import InvalidRequirement, Requirement
except ImportError:
    try:
        from pip._vendor.packaging.requirements import InvalidRequirement, Requirement
    except ImportError:
        Requirement = None


class Failure(Exception):
    def __init__(self, message, hint="", requirement=""):
        super().__init__(message)
        self.told = {"error": message, "hint": hint, "requirement": requirement}


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


# ---- what is there


class Plain:
    """A requirement where nobody can read more than `name>=1.2,<2`."""

    def __init__(self, text):
        found = re.fullmatch(r"\s*([A-Za-z0-9][\w.-]*)\s*((?:[<>=!~]=?=?\s*[\w.*+-]+\s*,?\s*)*)", text)
        if found is None:
            raise Failure(f"'{text}' cannot be read without the package packaging", "install python3-pip", text)
        self.name, self.extras, self.marker = found[1], set(), None
        self.parts = re.findall(r"([<>=!~]=?=?)\s*([\w.*+-]+)", found[2])

    @staticmethod
    def numbers(version):
        return [int(part) for part in re.findall(r"\d+", version.split("+")[0])[:4]]

    def holds(self, version):
        have = self.numbers(version)
        for sign, wanted in self.parts:
            want = self.numbers(wanted)
            width = max(len(have), len(want))
            a, b = have + [0] * (width - len(have)), want + [0] * (width - len(want))
            if sign == "~=":
                fits = a >= b and have[: len(want) - 1] == want[:-1]
            elif wanted.endswith(".*"):
                fits = (have[: len(want)] == want) == (sign == "==")
            else:
                fits = {"==": a == b, "!=": a != b, ">=": a >= b, "<=": a <= b, ">": a > b, "<": a < b}.get(sign, version == wanted)
            if not fits:
                return False
        return True


def parsed(text):
    if Requirement is None:
        return Plain(text)
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        raise Failure(f"'{text}' is no requirement: {str(error).splitlines()[0]}", "write it as name>=1.2,<2", text) from None


def is_there(requirement):
    """Whether the interpreter itself has it."""
    if requirement.marker is not None and not requirement.marker.evaluate():
        return True
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        bare = not str(getattr(requirement, "specifier", "")) and not getattr(requirement, "parts", [])
        module = requirement.name.replace("-", "_")
        return bare and module.isidentifier() and importlib.util.find_spec(module) is not None
    if requirement.extras:
        return False  # an installer knows what they bring
    if isinstance(requirement, Plain):
        return requirement.holds(version)
    return requirement.specifier.contains(version, prereleases=True)


# ---- what is missing


def sources(request, program):
    """Where packages may come from, as options of pip and uv. Nothing of the user's own configuration has a say."""
    if request["wheels"]:
        if not os.path.isdir(request["wheels"]):
            raise Failure(f"the folder of wheels is not there: '{request['wheels']}'", "correct environments.wheels, or make the folder")
        options = ["--find-links", request["wheels"]]
    else:
        options = []
    options += ["--index-url", request["index"]] if request["index"] else ["--no-index"]
    if not request["source_builds"]:
        options += ["--only-binary", ":all:"]
    return options + (["--no-config"] if program == "uv" else [])


def call(command):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    environment.update(PIP_CONFIG_FILE="/dev/null", PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1", UV_NO_PROGRESS="1", NO_COLOR="1")
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False, close_fds=True)
    return done.returncode, done.stdout, done.stderr


def without_secrets(text):
    """Addresses of indexes may name a user and a password."""
    return re.sub(r"(?<=://)[^/@\s]+@", "", text)


def explain(request, missing, said):
    """An installer's complaint as a sentence with the requirement and the place in it."""
    said = without_secrets(said)
    index = without_secrets(request["index"])
    asked = [place for place in (request["wheels"] and f"the folder {request['wheels']}", index and f"the index {index}") if place]
    where = " and ".join(asked)
    lines = [line.strip(" ×╰─▶│├\t") for line in said.splitlines()]
    lines = [line for line in lines if line and not line.startswith(("WARNING", "Looking in", "[notice]", "Using ", "Resolved", "hint:"))]
    said = re.sub(r"^ERROR: ", "", lines[0] if request["uv"] == "" and lines else " ".join(lines))
    named = [text for text in missing if canonical(re.split(r"[\s<>=!~;\[]", text)[0]) in canonical(said)]
    culprit = named[0] if named else ", ".join(missing)
    hint = "put a wheel of it for this Python there" if request["wheels"] else "correct the requirement, or the index"
    detail = said[:500] or "the installer did not say why"
    raise Failure(f"'{culprit}' cannot be had from {where}: {detail}", f"{hint}; `mortise environment build` tries again", culprit)


def resolve_with_uv(request, missing):
    command = [request["uv"], "pip", "install", "--dry-run", "--python", sys.executable, "--break-system-packages"]
    status, out, err = call([*command, *sources(request, "uv"), "--", *missing])
    if status != 0:
        explain(request, missing, err)
    return re.findall(r"^ \+ ([\w.-]+)==(\S+)", err + out, re.MULTILINE)


def resolve_with_pip(request, missing):
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report.json")
        command = [sys.executable, "-m", "pip", "--isolated", "install", "--dry-run", "--quiet", "--report", report, "--break-system-packages"]
        status, _, err = call([*command, *sources(request, "pip"), "--", *missing])
        if status != 0:
            explain(request, missing, err)
        with open(report, encoding="utf-8") as text:
            items = json.load(text)["install"]
    return [(item["metadata"]["name"], item["metadata"]["version"]) for item in items]


def digest_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def files_of(request, name, version):
    """The wheels of this version in the folder."""
    if not request["wheels"]:
        return []
    found = []
    for path in glob.glob(os.path.join(glob.escape(request["wheels"]), "*")):
        parts = re.sub(r"\.(whl|tar\.gz|zip)$", "", os.path.basename(path)).split("-")
        if len(parts) >= 2 and canonical(parts[0]) == canonical(name) and parts[1] in (version, version.replace("-", "_")):
            found.append(path)
    return sorted(found)


def installer(request):
    if request["uv"]:
        return resolve_with_uv
    if importlib.util.find_spec("pip") is not None:
        return resolve_with_pip
    raise Failure(f"{sys.executable} has no pip, and uv was not found", "install python3-pip, or uv")


def resolve(request):
    watched = sorted({path for path in sys.path if os.path.isdir(path)} | ({request["wheels"]} if request["wheels"] else set()))
    missing = [text for text in request["requirements"] if not is_there(parsed(text))]
    if not missing:
        return {"packages": [], "watched": watched}
    if not request["wheels"] and not request["index"]:
        raise Failure(
            f"'{missing[0]}' is needed and not installed, and there is no place to take it from",
            "name a folder of wheels in environments.wheels, or an index in environments.index; or install it for " + sys.executable,
            missing[0],
        )
    chosen = installer(request)(request, missing)
    packages, files = [], []
    for name, version in sorted({(canonical(name), version) for name, version in chosen}):
        wheels = files_of(request, name, version)
        files += wheels
        packages.append({"name": name, "version": version, "sha256": sorted(map(digest_of, wheels))})  # part of what the environment is
    return {
        "packages": packages,
        "watched": watched + files,
        "interpreter": f"{platform.python_implementation()} {platform.python_version()} {sysconfig.get_platform()} {os.path.realpath(sys.executable)} {sys.prefix}",
    }


# ---- installing


def install(request):
    exact = ["--require-hashes"] if all(package["sha256"] for package in request["packages"]) else []  # it is all or none
    with tempfile.TemporaryDirectory() as folder:
        wanted = os.path.join(folder, "wanted.txt")
        with open(wanted, "w", encoding="utf-8") as out:
            for package in request["packages"]:
                digests = "".join(f" --hash=sha256:{digest}" for digest in package["sha256"]) if exact else ""
                out.write(f"{package['name']}=={package['version']}{digests}\n")
        options = ["--no-deps", "--target", request["target"], *exact, *sources(request, "uv" if request["uv"] else "pip"), "-r", wanted]
        if request["uv"]:
            command = [request["uv"], "pip", "install", "--python", sys.executable, "--compile-bytecode", "--link-mode", "copy", "--no-cache"]
        else:
            command = [sys.executable, "-m", "pip", "--isolated", "install", "--quiet", "--no-warn-conflicts"]
        status, _, err = call([*command, *options])
    if status != 0:
        explain(request, [f"{package['name']}=={package['version']}" for package in request["packages"]], err)
    return {}


def main():
    with os.fdopen(3, "w", encoding="utf-8") as out:
        os.set_inheritable(3, False)
        try:
            with open(sys.argv[2], encoding="utf-8") as text:
                request = json.load(text)
            told = {"answer": {"resolve": resolve, "install": install}[sys.argv[1]](request)}
        except Failure as failure:
            told = failure.told
        except Exception as error:  # pylint: disable=broad-except
            told = {"error": f"{type(error).__name__}: {error}", "hint": "", "requirement": ""}
        out.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
