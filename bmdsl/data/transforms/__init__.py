"""One file a transform: `WORD` with its options, and `apply(values, generator, reference=None, **options)`.

`values` is [cases, *shape]; the result is a new array. `reference` holds the training cases that statistics are computed from,
so that test data are mapped as the training data were; by default the values themselves. Missing values (NaN) stay missing.
A module with `MEANS = True` gives means of units instead of states.
"""
