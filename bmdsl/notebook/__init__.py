"""What a notebook shows: representations of models, machines, runs and what they give, and cells of
`.bm` text.
"""
