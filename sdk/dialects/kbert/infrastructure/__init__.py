"""k-bert plugins: what a plugin of that guide imports. The host that runs them is Mortise."""
