"""Plugins to begin with: basic, head, model. Copy one, and change it."""
