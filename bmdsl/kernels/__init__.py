"""Building blocks compiled by numba: random numbers, scalars, products, sweeps."""
