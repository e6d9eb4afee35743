"""One file a transform: `WORD` with its options, and `apply(values, generator, learned,
**options)`.

`values` is [cases, *shape]; the result is a new array. Missing values (NaN) stay missing.
A module whose transform depends on the training cases has `fit(values, weights, **options)`, which
returns its statistics as arrays by name: they are stored with the run and come back as `learned`.
`weights` [cases] are None if all weigh the same. A transform that can be undone has `invert(values,
learned, **options)`. A module with `MEANS = True` gives means of units instead of states, one with
`DATES = True` takes columns of dates, as days since the beginning of 1970. One with
`by_number(**options)` says whether a number becomes the same wherever it stands, and nothing is
drawn: of numbers in bytes there is a table then.
"""
