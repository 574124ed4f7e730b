"""{{description}}"""

from typing import Any, Dict, List, Optional

import numpy as np

from infrastructure.plugins import PluginBase, PluginContext, PluginError
from infrastructure.protocols.plugins import HeadPlugin

ACTIVATIONS = {
    "relu": lambda x: np.maximum(x, 0.0),
    "gelu": lambda x: 0.5 * x * (1.0 + np.tanh(0.7978845608028654 * (x + 0.044715 * x**3))),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1.0 / (1.0 + np.exp(-x)),
}
LOSSES = ("cross_entropy", "mse")


class {{class}}(PluginBase, HeadPlugin):
    """Classifies by the first token's hidden state."""

    NAME = "{{word}}"
    VERSION = "1.0.0"
    DESCRIPTION = "{{description}}"
    CATEGORY = "head"

    DEFAULTS = {
        "input_size": 768, "output_size": 2, "hidden_size": 256, "dropout": 0.1, "activation": "gelu",
        "loss": "cross_entropy", "seed": 0,
    }  # fmt: skip

    def __init__(self, config: Optional[Dict[str, Any]] = None):
        super().__init__({**self.DEFAULTS, **(config or {})})
        self.weights: Dict[str, np.ndarray] = {}

    def _validate(self, context: PluginContext) -> None:
        if self.config["activation"] not in ACTIVATIONS:
            raise PluginError(f"activation must be one of {', '.join(ACTIVATIONS)}", plugin_name=self.NAME)
        if self.config["loss"] not in LOSSES:
            raise PluginError(f"loss must be one of {', '.join(LOSSES)}", plugin_name=self.NAME)

    def _initialize(self, context: PluginContext) -> None:
        random = np.random.default_rng(self.config["seed"])
        inside, hidden, out = (self.config[size] for size in ("input_size", "hidden_size", "output_size"))
        self.weights = {
            "first": random.normal(0, inside**-0.5, (inside, hidden)), "first_bias": np.zeros(hidden),
            "second": random.normal(0, hidden**-0.5, (hidden, out)), "second_bias": np.zeros(out),
        }  # fmt: skip

    def __call__(self, hidden_states: Any, training: bool = False, **kwargs: Any) -> Dict[str, np.ndarray]:
        states = np.asarray(hidden_states, dtype=float)
        pooled = states[:, 0] if states.ndim == 3 else states
        w = self.weights
        inner = ACTIVATIONS[self.config["activation"]](pooled @ w["first"] + w["first_bias"])
        if training and self.config["dropout"]:
            kept = np.random.default_rng().random(inner.shape) >= self.config["dropout"]
            inner = inner * kept / (1.0 - self.config["dropout"])
        return {"logits": inner @ w["second"] + w["second_bias"]}

    def compute_loss(self, logits: Any, labels: Any, **kwargs: Any) -> float:
        logits, labels = np.asarray(logits, dtype=float), np.asarray(labels)
        if self.config["loss"] == "mse":
            return float(np.mean((logits - labels) ** 2))
        shifted = logits - logits.max(axis=-1, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        return float(-np.mean(logs[np.arange(len(labels)), labels.astype(int)]))

    def get_output_size(self) -> int:
        return int(self.config["output_size"])

    def get_metrics(self) -> List[str]:
        return ["mse"] if self.config["loss"] == "mse" else ["accuracy", "f1"]
