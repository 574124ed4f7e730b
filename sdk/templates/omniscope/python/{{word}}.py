"""{{description}}"""

import json
import sys
from typing import Any, Dict, List


class {{class}}:
    def __init__(self, context: Dict[str, Any]):
        self.plugin_id = context.get("plugin_id", "{{name}}")
        self.config = context.get("config", {})
        self.factor = self.config.get("factor", 2)

    def validate_input(self, input_data: Dict[str, Any]) -> bool:
        if "data" not in input_data:
            raise ValueError("Missing required field: data")
        if not isinstance(input_data["data"], list):
            raise ValueError("Data must be a list")
        return True

    def process_data(self, data: List[Any], parameters: Dict[str, Any]) -> List[Any]:
        factor = parameters.get("factor", self.factor)
        return [value * factor for value in data]

    def execute(self, input_data: Dict[str, Any]) -> Dict[str, Any]:
        data = input_data.get("data")
        parameters = input_data.get("parameters", {})
        result = self.process_data(data, parameters)
        return {
            "data": result,
            "metadata": {"plugin_id": self.plugin_id},
            "logs": [f"Processed {len(data)} items"],
            "warnings": [],
            "errors": [],
        }

    def cleanup(self) -> None:
        """Gives back what the plugin holds: files, connections."""


def main() -> None:
    """Runs the plugin by hand: JSON comes in, JSON goes out."""
    input_data = json.load(sys.stdin)
    plugin = {{class}}(input_data.get("context", {}))
    plugin.validate_input(input_data)
    json.dump(plugin.execute(input_data), sys.stdout)
    print()


if __name__ == "__main__":
    main()
