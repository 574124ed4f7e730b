"""mortise kbert typo TEXT..."""

from typing import List

from infrastructure.plugins import PluginBase, PluginContext
from infrastructure.protocols.plugins import CommandPlugin
from src.plugins.typos import TyposPlugin


class TypoCommand(PluginBase, CommandPlugin):
    """Prints its words with typing mistakes."""

    NAME = "typo"
    CATEGORY = "command"
    DEPENDS_ON = ["typos"]

    def _initialize(self, context: PluginContext) -> None:
        self._typos = context.resolve(TyposPlugin)

    def run(self, arguments: List[str]) -> None:
        print(*self._typos.augment(arguments), sep="\n")
