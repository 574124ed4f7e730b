"""Samples that are typed into a shell, as they stand."""

import shutil

from proof.runners.evidence import succeeded
from proof.workshop import STUBS


def shell(sample, options, workshop):
    """Typed into bash in a folder of its own; `server` starts one, `then` is typed afterwards."""
    folder = workshop.folder(sample.id)
    if "folder" in options:  # a package that the guide has made before
        shutil.copytree(STUBS / "echo", folder / options["folder"])
        (folder / options["folder"] / "manifest.json").write_text("{}\n", encoding="utf-8")
    server = workshop.server(folder) if options.get("server") else None
    succeeded(workshop.type(sample.text, folder, server), "the commands")
    if "then" in options:
        succeeded(workshop.type(options["then"], folder, server), f"then `{options['then']}`")
    return "bash: every command ended with 0"
