"""Observables: numbers of each chain, recorded while chains run.

One file a word, with `measure(machine, state) -> [chains]`.

Of several numbers, or of a group that is named in brackets: `labels(machine, group)`, their names,
and `measure(machine, state, group) -> [chains, numbers]`, or a row for each pair of chains.
With `MOST_GROUPS = 2` a second group may follow the first in all of these.
Optionally `moments(records)`, numbers whose means a scan needs, and `figures(machine, group,
mean)`, the figures that these means are of.
Optionally `KIND`, `energy` or `mean` (over the units of the first visible group),
`products(machine)`, the number as a sum of products of units (`runtime.tallies`), and `of_sum(x)`,
what it is of that sum, or `pairs(machine, group)`, the pairs of units that its numbers are means
of (`inference.unit_pairs`), or `planes(machine, group)`, the planes of a lattice that they are made
from the sums over (`inference.unit_planes`): the routine that sweeps the chains then takes the
records itself.
"""
