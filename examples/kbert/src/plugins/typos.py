"""Typing mistakes for training data: two letters that changed places."""

import random
from typing import Any, List

from infrastructure.plugins import PluginBase, PluginContext, PluginError
from infrastructure.protocols.plugins import AugmenterPlugin


class TyposPlugin(PluginBase, AugmenterPlugin):
    """Swaps neighbouring letters of some words.

    Configuration:
        rate (float): how many of the words, 0 to 1
        seed (int): the same seed makes the same mistakes
    """

    NAME = "typos"
    VERSION = "1.0.0"
    CATEGORY = "augmenter"
    PROVIDES = ["typos"]
    TAGS = ["augmentation", "text"]

    def _validate(self, context: PluginContext) -> None:
        if not 0 <= self.config.get("rate", 0.1) <= 1:
            raise PluginError("rate must be between 0 and 1", plugin_name=self.NAME)

    def _initialize(self, context: PluginContext) -> None:
        self._random = random.Random(self.config.get("seed"))
        context.container.register(TyposPlugin, self)

    def augment(self, data: List[str], training: bool = True, **kwargs: Any) -> List[str]:
        return [self._mistyped(text) for text in data] if training else data

    def _mistyped(self, text: str) -> str:
        return " ".join(self._swapped(word) if self._chosen(word) else word for word in text.split(" "))

    def _chosen(self, word: str) -> bool:
        return len(word) > 1 and self._random.random() < self.config.get("rate", 0.1)

    def _swapped(self, word: str) -> str:
        at = self._random.randrange(len(word) - 1)
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
