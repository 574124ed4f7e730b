"""MiMoLo monitors: what a plugin of that guide imports. The host that polls them is Mortise."""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)  # a project's own mimolo/ folder, beside this one
