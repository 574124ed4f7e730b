"""{{description}}"""

from typing import Any, Dict, List, Optional

from infrastructure.plugins import PluginBase, PluginContext, PluginError


class {{class}}(PluginBase):
    """Says what it was given, in capitals if it is told to.

    Configuration:
        loud (bool): whether in capitals
    """

    NAME = "{{word}}"
    VERSION = "1.0.0"
    DESCRIPTION = "{{description}}"
    AUTHOR = "{{author}}"
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
        self.said.append(data.upper() if self.config.get("loud", False) else data)
        return self.said[-1]
