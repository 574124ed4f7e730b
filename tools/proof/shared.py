"""The folder with the guides and features.md. Neither is part of this repository, and nothing of their text may be."""

import argparse
import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def shared_folder():
    """The folder, or None: `MORTISE_SHARED`, else `shared` beside the repository."""
    folder = Path(os.environ.get("MORTISE_SHARED") or REPOSITORY.parent / "shared")
    return folder if (folder / "features.md").is_file() else None


def why_not():
    """What to say where the folder is not."""
    asked = os.environ.get("MORTISE_SHARED")
    where = f"in {asked} (MORTISE_SHARED)" if asked else f"in {REPOSITORY.parent / 'shared'}"
    return f"skipped: there is no features.md {where}; set MORTISE_SHARED to the folder that holds it and guides/"


def command_line(program, documentation):
    """What both tools are asked with: the form of the answer, and the build that is looked at."""
    parser = argparse.ArgumentParser(prog=program, description=documentation.splitlines()[0])
    build = Path(os.environ.get("MORTISE_BUILD", REPOSITORY / "build"))
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--build", type=Path, default=build)
    return parser
