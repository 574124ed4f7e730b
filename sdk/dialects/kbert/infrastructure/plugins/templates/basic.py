"""A plugin to begin with. Copy it to src/plugins, rename it, and say what it does."""

from typing import Any, Dict, List, Optional

from infrastructure.plugins import PluginBase, PluginContext, PluginError


class BasicPlugin(PluginBase):
    """Says what it was given, in capitals if it is told to.

    Configuration:
        loud (bool): whether in capitals
    """

    NAME = "basic"
    VERSION = "1.0.0"
    DESCRIPTION = "A plugin to begin with"
    AUTHOR = "Your Name <you@example.com>"
    CATEGORY = "custom"

    def __init__(self, config: Optional[Dict[str, Any]] = None):
        super().__init__(config)
        self.said: List[str] = []

    def _validate(self, context: PluginContext) -> None:
        if not isinstance(self.config.get("loud", False), bool):
            raise PluginError("loud must be true or false", plugin_name=self.NAME)

    def _cleanup(self, context: PluginContext) -> None:
        self.said.clear()

    def process(self, data: str) -> str:
        """A method of its own: mortise kbert call basic process '"hello"'."""
        self.said.append(data.upper() if self.config.get("loud", False) else data)
        return self.said[-1]
