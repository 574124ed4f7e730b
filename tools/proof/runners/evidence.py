"""What runners say when a sample did not do what it should."""

import re


class Broken(Exception):
    """The sample did not do what its class in the catalogue says."""


def require(condition, what):
    if not condition:
        raise Broken(what)


def succeeded(done, what):
    """The process ended well."""
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()
    require(done.returncode == 0, f"{what} ended with {done.returncode}: {said[-1] if said else 'it said nothing'}")


def refused_because(lines, pattern):
    """The first of the lines, when all of them are the refusal that is expected."""
    others = [line for line in lines if not re.search(pattern, line)]
    require(lines, f"it was not refused; expected: {pattern}")
    require(not others, f"refused for another reason: {others[:1]}")
    return lines[0]
