"""Events, monitors and their registry."""
