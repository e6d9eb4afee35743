"""Ways to start a deep machine's parameters before all layers are trained at once: one file a word,
found by scanning.
"""
