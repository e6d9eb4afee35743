"""Formats that a machine's feed-forward network can be written in: one file each, found by
scanning.
"""
