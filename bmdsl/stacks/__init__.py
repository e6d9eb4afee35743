"""Several models one on top of another."""
