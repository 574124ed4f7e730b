"""Finds the values that are further from the mean than some standard deviations."""

from typing import Any, Dict


class Outliers:
    def __init__(self, context: Dict[str, Any]):
        self.plugin_id = context.get("plugin_id")
        self.threshold = context.get("config", {}).get("threshold", 3.0)

    def validate_input(self, input_data: Dict[str, Any]) -> bool:
        if not isinstance(input_data.get("data"), list):
            raise ValueError("Data must be a list")
        return True

    def execute(self, input_data: Dict[str, Any]) -> Dict[str, Any]:
        values = input_data["data"]
        threshold = input_data.get("parameters", {}).get("threshold", self.threshold)
        mean = sum(values) / len(values)
        deviation = (sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5
        found = [value for value in values if deviation and abs(value - mean) > threshold * deviation]
        return {
            "data": {"outliers": found, "mean": mean},
            "metadata": {"plugin_id": self.plugin_id, "threshold": threshold},
            "logs": [f"Processed {len(values)} items"],
            "warnings": [] if len(values) > 9 else ["fewer than ten values say little"],
            "errors": [],
        }

    def cleanup(self):
        pass
