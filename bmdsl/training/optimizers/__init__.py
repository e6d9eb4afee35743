"""Optimizers: gradient to step. One file a word.

`step` may use the gradient up; a module with `CLEARS = True` leaves it zero, which saves training a
pass over it.
"""
