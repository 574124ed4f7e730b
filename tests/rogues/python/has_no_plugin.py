"""Holds no plugin class."""

import mortise  # noqa: F401
