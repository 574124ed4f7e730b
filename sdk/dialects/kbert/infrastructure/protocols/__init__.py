"""What plugins of each category offer."""
