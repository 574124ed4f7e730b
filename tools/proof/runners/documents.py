"""Samples with nothing to run."""

from proof.runners.evidence import require


def comment(sample, options, workshop):
    """Every line is a comment."""
    lines = [line for line in sample.text.splitlines() if line.strip()]
    require(lines and all(line.lstrip().startswith(options["begins"]) for line in lines), "not all of it is a comment")
    return f"{len(lines)} lines of comment"
