"""The kinds of term of an energy with their arrays, one file each: what a term adds to fields,
energies and gradients, and what its couplings are one by one.
"""
