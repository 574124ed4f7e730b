"""What package_scanner is made of: one module per way of looking."""
