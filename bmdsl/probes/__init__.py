"""Classifiers that features are judged by, a file each with `WORD`, `GRID` and `make`."""
