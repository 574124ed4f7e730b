"""Stands in for numpy where a guide's sample only imports it, in an interpreter that has none."""

float32 = "float32"
