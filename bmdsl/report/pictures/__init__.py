"""The pictures of a run, one file each, found by scanning: a module with `WORD` and `draw(subject,
folder)`, which gives the files it wrote.
"""
