"""{{description}}

A model is a list of words, and inference counts them in a text. Put your own in their place.
"""

import json
import logging

NOT_FOUND = -3


class {{class}}:
    def __init__(self):
        self.models = {}
        self.logger = logging.getLogger("{{class}}")

    def initialize(self, config=None):
        self.logger.info("initialised with %s", config)
        return 0

    def register_model(self, handle, metadata):
        self.models[handle] = {"name": metadata["name"], "words": []}
        return 0

    def load_model(self, handle, model_path):
        with open(model_path, encoding="utf-8") as file:
            self.models[handle]["words"] = file.read().split()
        return 0

    def inference(self, handle, input_data):
        if handle not in self.models:
            return None, NOT_FOUND
        text = input_data.decode() if isinstance(input_data, bytes) else str(input_data)
        counts = {word: text.split().count(word) for word in self.models[handle]["words"]}
        return json.dumps(counts).encode(), 0

    def cleanup(self):
        self.models.clear()
        return 0

    def get_plugin_name(self):
        return "{{name}}"

    def get_plugin_version(self):
        return "1.0.0"

    def get_supported_frameworks(self):
        return "custom"
