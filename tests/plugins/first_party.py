"""The first-party plugins through the real program: pipelines as maps, run in a folder of their own."""

import csv
import json
import subprocess

import outside

WEATHER = outside.REPOSITORY / "examples" / "data" / "seattle-weather.csv"
QUICKSTART = outside.REPOSITORY / "examples" / "quickstart" / "weather.yaml"


def run_file(path, folder):
    """`mortise run FILE` with the built plugins and nothing else."""
    config = outside.config_file(folder, [outside.BUILD / "plugins"])
    return outside.run_program("run", path, "--config", config, cwd=folder, timeout=90)


def run_steps(folder, *steps):
    """Each step is (plugin, config, output); they run one after the other."""
    listed = [
        {"name": f"step {i}", "plugin": plugin, "config": config, "output": output}
        for i, (plugin, config, output) in enumerate(steps, 1)
    ]
    path = folder / "pipeline.json"
    path.write_text(json.dumps({"pipelines": [{"name": "test", "steps": listed}]}))
    return run_file(path, folder)


def weather_rows():
    with WEATHER.open(newline="") as file:
        numbers = ("precipitation", "temp_max", "temp_min", "wind")
        return [{**row, **{key: float(row[key]) for key in numbers}} for row in csv.DictReader(file)]


def said(done):
    assert isinstance(done, subprocess.CompletedProcess)
    return done.stdout + done.stderr
