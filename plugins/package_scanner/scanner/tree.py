"""What the names and kinds of files tell, whatever is in them."""

import re
from dataclasses import dataclass
from functools import cached_property

from .findings import Rule, finding


@dataclass(frozen=True)
class File:
    path: str
    content: bytes
    executable: bool = False

    @property
    def name(self):
        return self.path.rsplit("/", 1)[-1]

    @property
    def ending(self):
        return "." + self.name.rsplit(".", 1)[-1] if "." in self.name else ""

    @cached_property
    def text(self):
        """The content as text, or None for what is no text."""
        if b"\0" in self.content[:8192]:
            return None
        try:
            return self.content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return self.content.decode("latin-1") if self.ending in (".py", ".r", ".R", ".go", ".c", ".h", ".cc", ".cpp") else None


EXECUTABLE = Rule("executable-file", "low", "a file that is marked executable and is no script", "clear the mark with `chmod -x`")
PTH = Rule("pth-code", "high", "a .pth file with code: Python runs it at every start", "remove it; import what you need in the plugin")
CUSTOMIZE = Rule("site-customize", "high", "Python imports this module at every start", "remove it")
PICKLE = Rule("pickle-file", "medium", "a pickle: loading it runs whatever its maker wanted", "ship data as Parquet, JSON or .npy (allow_pickle=False)")
R_DATA = Rule("r-data-file", "low", "an R data file: loading it can run code of its maker", "ship data as CSV or Parquet")
KEY = Rule("private-key", "high", "a private key", "take it out of the package and revoke it: it is known now")
SECRET = Rule("secret", "high", "a credential", "take it out of the package and revoke it; read secrets from the environment")
NESTED = Rule("nested-archive", "low", "an archive inside the package, which is not looked into", "unpack it into the package")

SCRIPTS = (".sh", ".py", ".R", ".r", ".pl", ".rb")
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".zst", ".xz", ".bz2", ".whl", ".jar", ".7z", ".rar")
SECRETS = re.compile(
    r"AKIA[0-9A-Z]{16}\b|ghp_[A-Za-z0-9]{36}\b|github_pat_[A-Za-z0-9_]{60,}|xox[baprs]-[0-9]+-[0-9A-Za-z-]{20,}"
    r"|sk-ant-[A-Za-z0-9_-]{30,}|sk-(?:proj-)?[A-Za-z0-9]{40,}\b|AIza[0-9A-Za-z_-]{35}\b"
)


def scan(file):
    found = []
    magic = file.content[:4]
    if file.executable and file.ending not in SCRIPTS and not file.content.startswith((b"#!", b"\x7fELF")):
        found.append(finding(EXECUTABLE, file.path))
    if file.ending == ".pth" and re.search(rb"^\s*import[ \t]", file.content, re.M):
        found.append(finding(PTH, file.path, 1, file.content[:200].decode("latin-1")))
    if file.name in ("sitecustomize.py", "usercustomize.py"):
        found.append(finding(CUSTOMIZE, file.path, 1))
    if file.ending in (".pkl", ".pickle", ".joblib", ".dill") or (magic[:1] == b"\x80" and magic[1:2] in b"\x02\x03\x04\x05" and file.content[-1:] == b"."):
        found.append(finding(PICKLE, file.path))
    if file.ending.lower() in (".rdata", ".rda", ".rds"):
        found.append(finding(R_DATA, file.path))
    if file.ending in ARCHIVES or magic == b"PK\3\4":
        found.append(finding(NESTED, file.path))
    if file.text is not None:
        found += in_text(file)
    return found


def in_text(file):
    found = []
    for match in re.finditer(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{64,}", file.text):
        found.append(finding(KEY, file.path, file.text.count("\n", 0, match.start()) + 1, match.group()[:30]))
    for match in SECRETS.finditer(file.text):
        found.append(finding(SECRET, file.path, file.text.count("\n", 0, match.start()) + 1, match.group()[:8] + "..."))
    return found
