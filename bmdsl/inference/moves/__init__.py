"""Moves: what a sweep of chains does.

One file a word, with `sweeps(machine, state, steps, observed, keys, beta)`, in place; `observed`
are groups of flat states, NaN where free, `keys` the stream, the update and the number of the first
sweep, `beta` None, [chains] or [steps, chains].
"""
