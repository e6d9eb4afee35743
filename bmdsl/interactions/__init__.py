"""The kinds of term of an energy, one file each: how each adds to a field, to an energy and to a
gradient.
"""
