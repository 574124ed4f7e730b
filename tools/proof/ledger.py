"""docs/rows.md, the one reviewed list: a row, and the test that shows it or the reason why none does.

Three tables under three headings: `Held` (row, promise, test), `Guidance` (rows, reason) and `Not yet` (rows, what is
missing). Rows of the last two may be ranges: `O-01..O-08`. A row that is held needs no line to leave `Not yet`; a row may
have several tests, a line each. Lines that two changes added or cut down at once may all stay: nothing contradicts.
"""

from dataclasses import dataclass, field

from proof.promises import Malformed, cells_of, ids_between
from proof.shared import REPOSITORY

PATH = REPOSITORY / "docs" / "rows.md"
HEADINGS = {"## Held": "held", "## Guidance": "guidance", "## Not yet": "later"}


@dataclass
class Ledger:
    held: dict = field(default_factory=dict)  # row -> names of its tests
    guidance: dict = field(default_factory=dict)  # row -> reason
    later: dict = field(default_factory=dict)  # row -> what is missing


def rows_of(cell):
    rows = []
    for word in cell.replace(",", " ").split():
        first, _, last = word.partition("..")
        rows += ids_between(first, last or first)
    return rows


def read_ledger(text):
    ledger, table = Ledger(), None
    for line in text.splitlines():
        if line.startswith("#"):
            table = HEADINGS.get(line.strip())
        if table is None or not line.startswith("| ") or line.startswith(("| ---", "| row")):
            continue
        cells = cells_of(line)
        if len(cells) != (3 if table == "held" else 2):
            raise Malformed(f"docs/rows.md, under {table}: not the cells of this table: {line}")
        for row in rows_of(cells[0]):
            entries = getattr(ledger, table)
            if table == "held":
                entries.setdefault(row, []).append(cells[-1])
            else:
                entries.setdefault(row, cells[-1])
    return ledger


def the_ledger():
    return read_ledger(PATH.read_text(encoding="utf-8"))
