"""PluginValidator: whether a plugin is what it should be, with all that is wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib import metadata as installed
from typing import Any, Iterable, List, Optional, Set

METHODS = ("validate", "initialize", "start", "stop", "cleanup")


@dataclass
class ValidationResult:
    errors: List[str] = field(default_factory=list)
    warnings: List[str] = field(default_factory=list)

    @property
    def is_valid(self) -> bool:
        return not self.errors

    def __bool__(self) -> bool:
        return self.is_valid


class PluginValidator:
    """`known` are plugins that are there already: instances, with their metadata."""

    def __init__(self, known: Optional[Iterable[Any]] = None) -> None:
        self.known = list(known or [])

    def validate(self, plugin: Any) -> ValidationResult:
        result = ValidationResult()
        for method in METHODS:
            if not callable(getattr(plugin, method, None)):
                result.errors.append(f"Missing method: {method}")
        about = getattr(plugin, "metadata", None)
        if about is None:
            result.errors.append("Plugin has no metadata")
            return result
        self._check_identity(about, result)
        self._check_relations(about, result)
        for requirement in about.requirements:
            if not requirement_satisfied(requirement):
                result.warnings.append(f"Requirement not satisfied: {requirement}")
        return result

    def _check_identity(self, about: Any, result: ValidationResult) -> None:
        if not about.name:
            result.errors.append("Plugin name is required")
        if not about.version:
            result.errors.append("Plugin version is required")
        elif not re.fullmatch(r"\d+\.\d+(\.\d+)?", about.version):
            result.warnings.append(f"Version '{about.version}' is not of the form 1.2 or 1.2.3")

    def _check_relations(self, about: Any, result: ValidationResult) -> None:
        names: Set[str] = {each.metadata.name for each in self.known}
        provided = {capability for each in self.known for capability in each.metadata.provides}
        if about.name in names:
            result.errors.append(f"Plugin with name '{about.name}' already exists")
        result.errors += [f"Missing dependency: {each}" for each in about.depends_on if each not in names]
        result.errors += [f"No plugin provides capability: {each}" for each in about.consumes if each not in provided]
        result.errors += [f"Conflicts with registered plugin: {each}" for each in about.conflicts_with if each in names]


def requirement_satisfied(requirement: str) -> bool:
    """Whether an installed distribution answers "nltk>=3.6"."""
    found = re.match(r"\s*([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*([^;]*)", requirement)
    if found is None:
        return False
    try:
        version = installed.version(found.group(1))
    except installed.PackageNotFoundError:
        return False
    return all(_holds(version, part.strip()) for part in found.group(2).split(",") if part.strip())


def _holds(version: str, condition: str) -> bool:
    found = re.fullmatch(r"(===?|!=|~=|<=|>=|<|>)\s*([\w.*+!-]+)", condition)
    if found is None:
        return True
    sign, wanted = found.groups()
    have, want = _numbers(version), _numbers(wanted)
    if sign in ("==", "===") and wanted.endswith(".*"):
        return have[: len(want)] == want
    size = max(len(have), len(want))
    have, short, want = have + [0] * (size - len(have)), want, want + [0] * (size - len(want))
    if sign == "~=":
        return have >= want and have[: len(short) - 1] == short[:-1]
    answers = {
        "==": have == want, "===": have == want, "!=": have != want, "<=": have <= want, ">=": have >= want,
        "<": have < want, ">": have > want,
    }  # fmt: skip
    return answers[sign]


def _numbers(version: str) -> List[int]:
    return [int(number) for number in re.findall(r"\d+", re.split(r"[a-z+!-]", version)[0])]
