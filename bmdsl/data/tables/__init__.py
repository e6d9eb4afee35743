"""Formats of tables: one file each with `WORD`, the suffix, and `read(path)`.

A format of the name of another takes its place; further suffixes stand in `ALSO`.
"""
