"""Observables: one number a chain, recorded while chains run.

One file a word, with `measure(machine, state) -> [chains]`.
"""
