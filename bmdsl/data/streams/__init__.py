"""Data larger than memory: files and folders of shards, read some cases at a time in an order that
is a function of seed and epoch.
"""
