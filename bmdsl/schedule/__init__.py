"""The meaning of a plan, step by step in plain Python."""
