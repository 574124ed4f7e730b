"""Writes pipeline files. YAML is a superset of JSON, which is what keeps this short."""

import json


def write(path, steps, name="Test", **keys):
    lines = [f"    - {json.dumps(step)}" for step in steps]
    extra = "".join(f"    {key}: {json.dumps(value)}\n" for key, value in keys.items())
    path.write_text(f"pipelines:\n  - name: {json.dumps(name)}\n{extra}    steps:\n" + "\n".join(f"  {each}" for each in lines) + "\n")
    return path
