"""The project is on the module path of its tests: `from src.plugins... import ...`."""
