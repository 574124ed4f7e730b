"""Which way of reading fits a source file."""

from dataclasses import dataclass, field

from . import c_rules, go_rules, python_rules, r_rules

BY_ENDING = {
    ".py": python_rules.scan, ".pyw": python_rules.scan, ".pyi": python_rules.scan,
    ".R": r_rules.scan, ".r": r_rules.scan, ".Rprofile": r_rules.scan,
    ".go": go_rules.scan,
    ".c": c_rules.scan, ".h": c_rules.scan, ".cc": c_rules.scan, ".cpp": c_rules.scan, ".cxx": c_rules.scan,
    ".hpp": c_rules.scan, ".hh": c_rules.scan,
}


@dataclass
class Read:
    findings: list = field(default_factory=list)
    lines: int = 0


def scan(file):
    reader = BY_ENDING.get(file.ending)
    if reader is None and file.content.startswith(b"#!") and b"python" in file.content[:64]:
        reader = python_rules.scan
    if reader is None or file.text is None:
        return Read()
    return Read(reader(file), file.text.count("\n") + 1)
