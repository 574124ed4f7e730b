"""The rows of features.md, sections 1.1 to 1.6: one promise each, under an id that stays.

Every section names its first and last id in its heading; a row that is missing, twice or beyond is an error, so that a
change of the layout can never pass for a shorter list.
"""

import re
from dataclasses import dataclass

HEADING = re.compile(r"^## 1\.\d.* — ([A-Z])-(\d+) … \1-(\d+)$")
ROW = re.compile(r"^\| ([A-Z]-\d+) \|")
CELL_END = re.compile(r"(?<!\\)\|")


class Malformed(ValueError):
    """features.md is not as this tool knows it."""


@dataclass(frozen=True)
class Promise:
    id: str
    says: str  # in the guide's words, shortened


def cells_of(line):
    """The cells of a table's line; `\\|` is a bar within one."""
    return [cell.strip().replace("\\|", "|") for cell in CELL_END.split(line.strip())[1:-1]]


def ids_between(first, last):
    """Row ids from `first` to `last`, both with the same letter."""
    letter, begin = first.split("-")
    other, end = last.split("-")
    if letter != other or int(begin) > int(end):
        raise Malformed(f"{first} to {last} is no range of rows")
    return [f"{letter}-{number:02}" for number in range(int(begin), int(end) + 1)]


def _read_section(heading, lines):
    letter, first, last = heading.groups()
    expected = ids_between(f"{letter}-{first}", f"{letter}-{last}")
    found = []
    for line in lines:
        if ROW.match(line):
            cells = cells_of(line)
            if len(cells) != 4:
                raise Malformed(f"{cells[0]} has {len(cells)} cells instead of 4")
            found.append(Promise(*cells[:2]))
    if [promise.id for promise in found] != expected:
        missing = sorted(set(expected) - {promise.id for promise in found})
        raise Malformed(f"section {letter}: expected {expected[0]} to {expected[-1]} in order; missing: {missing}")
    return found


def read_promises(text):
    """All rows, in the order of the document."""
    lines = text.splitlines()
    starts = [(number, match) for number, line in enumerate(lines) if (match := HEADING.match(line))]
    if not starts:
        raise Malformed("no section of rows found")
    ends = [number for number, line in enumerate(lines) if line.startswith("#")] + [len(lines)]
    promises = []
    for number, heading in starts:
        end = next(each for each in ends if each > number)
        promises += _read_section(heading, lines[number + 1 : end])
    return promises


def choose(promises, words):
    """The promises that `words` ask for: `M-` all of a letter, `M-26`, a range `M-01..M-10`; with commas."""
    if not words:
        return list(promises)
    wanted = set()
    known = {promise.id for promise in promises}
    for word in re.split(r"[,\s]+", words.strip().upper()):
        if re.fullmatch(r"[A-Z]-?", word):
            asked = {each for each in known if each.startswith(word[0] + "-")}
        elif ".." in word:
            asked = set(ids_between(*word.split("..", 1)))
        else:
            asked = {word}
        if not asked or not asked <= known:
            raise Malformed(
                f"there is no row {word}; rows look like M-26, a range like M-01..M-10, all of a letter like M-"
            )
        wanted |= asked
    return [promise for promise in promises if promise.id in wanted]
