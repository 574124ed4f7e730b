"""Versions of PyPI (PEP 440), CRAN and Go (semantic versioning) as keys that sort, and the newest that a range of them takes."""

import re

PEP440 = re.compile(
    r"v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(alpha|beta|preview|pre|a|b|c|rc)[-_.]?(\d*))?(?:(?:[-_.]?(?:post|rev|r)[-_.]?(\d*))|-(\d+))?"
    r"(?:[-_.]?(dev)[-_.]?(\d*))?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?",
    re.IGNORECASE,
)
SEMVER = re.compile(r"v?(\d+(?:\.\d+)*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")
PHASES = {"alpha": 0, "a": 0, "beta": 1, "b": 1, "c": 2, "rc": 2, "pre": 2, "preview": 2}
LAST = (10**9,)  # after every version there is
BEFORE, AFTER = float("-inf"), float("inf")


def release(text):
    """1.0 and 1.0.0 are one version."""
    numbers = [int(part) for part in text.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def of_pypi(text):
    match = PEP440.fullmatch(text.strip())
    if match is None:
        return None
    epoch, numbers, phase, count, post, bare_post, dev, dev_count, _ = match.groups()
    is_post = bare_post is not None or post is not None
    before = (PHASES[phase.lower()], int(count or 0)) if phase else ((BEFORE, 0) if dev and not is_post else (AFTER, 0))
    after = int(bare_post or post or 0) if is_post else BEFORE
    return (int(epoch or 0), release(numbers), before, after, int(dev_count or 0) if dev else AFTER)


def of_cran(text):
    return (release(text.strip().replace("-", ".")),) if re.fullmatch(r"\d+([.-]\d+)*", text.strip()) else None


def of_semver(text):
    match = SEMVER.fullmatch(text.strip())
    if match is None:
        return None
    parts = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in match[2].split(".")) if match[2] else ((AFTER, 0, ""),)
    return (release(match[1]), parts)


READERS = {"PyPI": of_pypi, "CRAN": of_cran, "Go": of_semver}


def key(ecosystem, text):
    """None for what is no version there. "0" in an advisory comes before everything."""
    if text == "0":
        return ()
    return READERS.get(ecosystem, of_semver)(str(text))


def last(ecosystem):
    """A version after all that there are."""
    return {"PyPI": (10**9, LAST, (AFTER, 0), BEFORE, AFTER), "CRAN": (LAST,)}.get(ecosystem, (LAST, ((AFTER, 0, ""),)))


CLAUSE = re.compile(r"(===|==|~=|!=|<=|>=|<|>|=|\^|~)?(v?\d[\w.+!*-]*)")


def clauses(text):
    """[(operator, version)] of ">=1.2,<2", "1.2.3" and the like; None for what is not understood, which is then not judged."""
    found = []
    text = re.sub(r"(?<=[<>=!~^])\s+", "", text.split(";")[0].strip())
    for part in filter(None, re.split(r"[,\s]+", text)):
        match = CLAUSE.fullmatch(part)
        if match is None:
            return None
        found.append((match[1] or "==", match[2]))
    return found


def bumped(text, keep):
    """The end of what ~= and ^ admit: the number at `keep` raised, the rest cut off."""
    numbers = [int(part) for part in re.match(r"v?(\d+(?:\.\d+)*)", text)[1].split(".")]
    numbers = (numbers + [0] * (keep + 1))[: keep + 1]
    numbers[keep] += 1
    return ".".join(map(str, numbers))


def ends_of(operator, text):
    """Of an operator that stands for two bounds, its upper one."""
    numbers = [int(part) for part in re.match(r"v?(\d+(?:\.\d+)*)", text)[1].split(".")]
    if operator == "~=":
        return bumped(text, max(len(numbers) - 2, 0))
    if operator == "~":
        return bumped(text, min(len(numbers) - 1, 1))
    return bumped(text, next((at for at, number in enumerate(numbers) if number), 0))


def newest(ecosystem, spec):
    """The newest version that clauses take: (key, True), or (key, False) for "just before it"."""
    bounds = [(last(ecosystem), True)]
    for operator, text in spec:
        star = text.endswith(".*")
        if star and operator in ("==", "="):
            bound, included = bumped(text[:-2], text.count(".") - 1), False
        elif operator in ("~=", "~", "^"):
            bound, included = ends_of(operator, text), False
        elif operator in ("==", "=", "===", "<", "<=") and not star:
            bound, included = text, operator != "<"
        else:
            continue
        if key(ecosystem, bound) is not None:
            bounds.append((key(ecosystem, bound), included))
    return min(bounds)
