"""How classes look in a notebook, one file each, found by scanning: `WORD` is the class's name,
`html(value)` its HTML.
"""
