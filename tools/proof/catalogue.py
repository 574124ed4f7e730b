"""tests/guides/catalogue.toml: what becomes of each sample of the guides."""

import re
import tomllib
from dataclasses import dataclass, field

from proof.promises import Malformed, ids_between
from proof.shared import REPOSITORY

PATH = REPOSITORY / "tests" / "guides" / "catalogue.toml"
CLASSES = ("as printed", "with help", "cannot", "checked")
HELP = ("path", "environment", "id", "wrapper", "header", "preamble", "stub")


@dataclass(frozen=True)
class Entry:
    sample: str
    kind: str = ""  # one of CLASSES; empty: later
    runner: str = ""
    help: tuple = ()
    needs: tuple = ()
    options: dict = field(default_factory=dict)  # the runner's own


def _entry(sample, table):
    own = {"class", "runner", "help", "needs"}
    entry = Entry(
        sample,
        table.get("class", ""),
        table.get("runner", ""),
        tuple(table.get("help", ())),
        tuple(table.get("needs", ())),
        {key: value for key, value in table.items() if key not in own},
    )
    if entry.kind not in CLASSES or not entry.runner:
        raise Malformed(f"{sample} needs a runner and a class of: {', '.join(CLASSES)}")
    if (entry.kind == "with help") != bool(entry.help):
        raise Malformed(f"{sample} must say which help it needs, or that it runs as printed")
    for words in entry.help:
        if words.partition(":")[0] not in HELP:
            raise Malformed(f"{sample}: {words} is beyond the help that is allowed: {', '.join(HELP)}")
    if entry.kind == "cannot" and not re.compile(table.get("because", "")).pattern:
        raise Malformed(f"{sample} must say by which message its tool refuses it")
    return entry


def read_catalogue(text):
    """The entries by sample."""
    document = tomllib.loads(text)
    entries = []
    for group in document.pop("later", []):
        for word in group["samples"]:
            first, _, last = word.partition("..")
            entries += [Entry(sample, needs=tuple(group["needs"])) for sample in ids_between(first, last or first)]
    entries += [_entry(sample, table) for sample, table in document.items()]
    names = [entry.sample for entry in entries]
    if len(names) != len(set(names)):
        raise Malformed(f"twice in the catalogue: {sorted({name for name in names if names.count(name) > 1})}")
    return {entry.sample: entry for entry in entries}


def the_catalogue():
    return read_catalogue(PATH.read_text(encoding="utf-8"))
