"""What plugins of each category offer, to derive from beside PluginBase, or simply to look like.

    class Mine(PluginBase, HeadPlugin):
        CATEGORY = "head"
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Protocol, Tuple, runtime_checkable


@runtime_checkable
class Plugin(Protocol):
    """Every plugin."""

    def validate(self, context: Any) -> None: ...
    def initialize(self, context: Any) -> None: ...
    def start(self, context: Any) -> None: ...
    def stop(self, context: Any) -> None: ...
    def cleanup(self, context: Any) -> None: ...


@runtime_checkable
class ModelPlugin(Protocol):
    """Builds models."""

    def build_model(self, config: Dict[str, Any]) -> Any: ...

    def get_default_config(self) -> Dict[str, Any]:
        return {}

    def load_pretrained(self, path: str, config: Optional[Dict[str, Any]] = None) -> Any:
        raise NotImplementedError(f"{type(self).__name__} loads no pretrained models")


@runtime_checkable
class HeadPlugin(Protocol):
    """The task-specific end of a model."""

    def __call__(self, hidden_states: Any, **kwargs: Any) -> Dict[str, Any]: ...
    def compute_loss(self, logits: Any, labels: Any, **kwargs: Any) -> Any: ...

    def get_output_size(self) -> Any:
        return None

    def get_metrics(self) -> List[str]:
        return []


@runtime_checkable
class AugmenterPlugin(Protocol):
    """Varies training data, and leaves other data alone."""

    def augment(self, data: Any, training: bool = True, **kwargs: Any) -> Any: ...

    def augment_batch(self, batch: List[Any], training: bool = True, **kwargs: Any) -> List[Any]:
        return [self.augment(data, training=training, **kwargs) for data in batch]

    def get_augmentation_params(self) -> Dict[str, Any]:
        return {}


@runtime_checkable
class FeatureExtractorPlugin(Protocol):
    """Makes features of raw data."""

    def extract_features(self, data: Any, **kwargs: Any) -> Any: ...

    def get_feature_names(self) -> List[str]:
        return []

    def batch_extract(self, batch: List[Any], **kwargs: Any) -> List[Any]:
        return [self.extract_features(data, **kwargs) for data in batch]


@runtime_checkable
class DataLoaderPlugin(Protocol):
    """Loads and checks data sets."""

    def load_data(self, path: str, split: Optional[str] = None, **kwargs: Any) -> Any: ...

    def get_data_info(self) -> Dict[str, Any]:
        return {}

    def validate_data(self, data: Any) -> Tuple[bool, List[str]]:
        return True, []


@runtime_checkable
class MetricPlugin(Protocol):
    """Measures predictions against labels."""

    def compute(self, predictions: Any, labels: Any, **kwargs: Any) -> Any: ...

    def get_metric_names(self) -> List[str]:
        return []

    def is_better(self, value: float, than: float, metric: Optional[str] = None) -> bool:
        return value > than


@runtime_checkable
class CallbackPlugin(Protocol):
    """Is told what happens in a training."""

    def on_event(self, event: str, data: Any = None) -> Any: ...


@runtime_checkable
class CommandPlugin(Protocol):
    """A command of its own: `mortise kbert NAME ARGUMENTS`. What it prints is printed; what it returns, too."""

    def run(self, arguments: List[str]) -> Any: ...


CATEGORIES = {
    "head": HeadPlugin, "augmenter": AugmenterPlugin, "feature_extractor": FeatureExtractorPlugin,
    "data_loader": DataLoaderPlugin, "model": ModelPlugin, "metric": MetricPlugin, "callback": CallbackPlugin,
    "command": CommandPlugin,
}  # fmt: skip


def category_of(kind: type) -> str:
    """By the protocol that a class derives from; "general" when by none."""
    for name, protocol in CATEGORIES.items():
        if protocol in kind.__mro__:
            return name
    return "general"
