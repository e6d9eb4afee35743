"""Pairs of chains at one temperature that exchange clusters of units.

Units that differ between two chains, and that couplings connect, form a cluster. Every unit beside
it is in one state in both chains, so that the sum of both energies is what it was after the two
have exchanged the cluster's states, whatever the couplings, the fields and the types of units: the
exchange is made for certain (Houdayer 2001, Eur. Phys. J. B 22, 479). Clusters are small enough to
be of use on planar graphs and others on which they do not percolate (Zhu, Ochoa & Katzgraber 2015,
Phys. Rev. Lett. 115, 077201).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..language.diagnostics import fail
from ..plan.streams import CLUSTERS, GROUPS
from ..runtime.bound_machine import BoundMachine
from ..runtime.coupling_blocks import blocks_of
from ..runtime.program import Array, State


@dataclass(frozen=True)
class Neighbours:
    """Units of all groups in turn, and those that each is coupled with."""

    first: dict[str, int]
    """Group → its first unit."""
    start: Array
    other: Array


@dataclass
class ReplicaClusters:
    """The neighbours of one machine's units, for the parameters that they were found for."""

    _found: tuple[dict[str, Array], Neighbours] | None = None

    def neighbours(self, machine: BoundMachine, observed: State) -> Neighbours:
        """BmError BM779 if units are held, or matrices or experts couple them."""
        held = [*machine.given, *observed]
        if held:
            raise _refused(machine, f"`{held[0]}` is held")
        if machine.program.listing is None or not machine.program.plan.all_listed:
            raise _refused(machine, "matrices couple all its units, and such a cluster is all")
        if self._found is None or not all(
            np.array_equal(x, self._found[0][n]) for n, x in machine.params.items()
        ):
            params = {n: x.copy() for n, x in machine.params.items()}
            self._found = params, neighbours_of(machine)
        return self._found[1]


def neighbours_of(machine: BoundMachine) -> Neighbours:
    """Units of a lattice or graph that share a coupling that is not 0."""
    program = machine.program
    assert program.listing is not None
    f, ends = machine.held_fields(), []
    unit_of, first, count = [], {}, 0
    for name in program.listing.offset:
        first[name] = count
        size, k = program.sizes[name], program.states[name]
        unit_of.append(count + np.arange(size) // k)
        count += size // k
    units = np.concatenate(unit_of)
    for name, offset in program.listing.offset.items():
        for columns in blocks_of(program.sizes[name], program.states[name]):
            start, other, value, more, more_value, begin, more_other = program.block(
                f, name, columns
            )
            own = offset + np.arange(columns.start, columns.stop)
            pairs = np.repeat(own, np.diff(start))
            kept = np.asarray(value) != 0
            each = np.diff(begin)
            terms = np.repeat(np.repeat(own, np.diff(more)), each)
            some = np.repeat(np.asarray(more_value) != 0, each)
            a = units[np.concatenate([pairs[kept], terms[some]])]
            b = units[np.concatenate([other[kept], more_other[some]])]
            ends.append(np.unique(a[a != b] * count + b[a != b]))
    pair = np.unique(np.concatenate(ends))
    begin = np.concatenate([[0], np.cumsum(np.bincount(pair // count, minlength=count))])
    return Neighbours(first, begin.astype(np.int64), (pair % count).astype(np.int64))


def pairs_of(betas: Array | None, chains: int) -> Array:
    """[pairs, 2]: chains of one inverse temperature, in every sweep, two by two in their order; one
    that is left has no partner. `betas`: None, [chains] or [sweeps, chains].
    """
    if betas is None:
        alike = np.zeros(chains, np.int64)
    else:
        alike = np.unique(np.atleast_2d(betas), axis=1, return_inverse=True)[1].reshape(-1)
    order = np.argsort(alike, kind="stable")
    where = np.arange(chains) - np.searchsorted(alike[order], alike[order])
    firsts = np.flatnonzero((where[:-1] % 2 == 0) & (alike[order][1:] == alike[order][:-1]))
    return np.stack([order[firsts], order[firsts + 1]], axis=1)


def exchange_clusters(
    machine: BoundMachine, near: Neighbours, state: State, pairs: Array, keys: tuple[int, int, int]
) -> None:
    """Every pair of chains exchanges one cluster, in place. `keys`: stream, update, step."""
    from ..kernels.replica_clusters import find_clusters

    program, (stream, update, step) = machine.program, keys
    a, b = pairs.T
    units = len(near.start) - 1
    differs = np.empty((len(pairs), units), bool)
    for name, begin in near.first.items():
        k = program.states[name]
        unlike = state[name][a] != state[name][b]
        own = unlike.reshape(len(pairs), -1, k).any(axis=2) if k > 1 else unlike
        differs[:, begin : begin + own.shape[1]] = own
    chosen = np.empty_like(differs)
    seed = np.uint64(machine.seed).astype(np.int64)  # all 64 bits
    numbers = seed, np.int64(GROUPS * stream + CLUSTERS), np.int64(update)
    find_clusters(differs, near.start, near.other, numbers, np.int64(step), chosen)
    for name, begin in near.first.items():
        k, x = program.states[name], state[name]
        own = np.repeat(chosen[:, begin : begin + x.shape[1] // k], k, axis=1)
        first, second = x[a], x[b]
        x[a], x[b] = np.where(own, second, first), np.where(own, first, second)


def verify_pairs(machine: BoundMachine, pairs: Array) -> None:
    """BmError BM779 if no two chains have one temperature."""
    if not len(pairs):
        raise _refused(machine, "a cluster is exchanged by two chains at one temperature")


def _refused(machine: BoundMachine, reason: str) -> Exception:
    return fail(
        "BM779",
        f"chains of `{machine.model.name}` exchange no clusters: {reason}",
        help="`houdayer` is for two chains or more of a lattice or graph, none of it held",
    )
