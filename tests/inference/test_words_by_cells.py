"""Chains of a large lattice as words of bits: what couples to a unit follows from where it stands,
and forms, draws and energies are those of a list of couplings, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

import bmdsl
from bmdsl.inference.bit_chains import FIELDS, REGISTER, WORD, free_groups
from bmdsl.inference.machine import Machine
from bmdsl.inference.observables import energy
from bmdsl.inference.replica_clusters import neighbours_of
from bmdsl.runtime import bit_entries, coupling_blocks
from bmdsl.runtime.bit_entries import NotBits
from bmdsl.runtime.bit_form import BitForm
from bmdsl.runtime.bit_terms import bit_terms
from bmdsl.runtime.cells import Cells
from bmdsl.runtime.cluster_form import NoClusters, cluster_form
from bmdsl.runtime.field_form import FieldForm
from bmdsl.runtime.listing import Listing
from bmdsl.runtime.stencil_couplings import StencilCouplings
from bmdsl.runtime.tallies import Tallies, tallies_of
from tests.inference.forced_cells import cells
from tests.inference.stencil_models import RandomLattice, lattices
from tests.inference.test_lattices_by_cells import Lattice
from tests.inference.test_lattices_by_cells import lattices as of_any_type
from tests.schedule.random_values import of_parameters

QUICK = settings(
    max_examples=15,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
GLASS = """model m(L) { visible s[L,L] : spin  visible x[L,L] : binary  param J, K
  energy = - J[a,i] s[a,i] s[wrap(a+1),i] - K[i] s[a,i] s[a,pad(i+1)] s[wrap(a+2),i]
    - 0.25 s[a,i] x[a,pad(i+2)] + 0.37 x[a,i] + 0.25 s[a,i] + 2 }"""

TORUS = """model m(L) { visible s[L,L] : spin
  energy = - 0.4 s[x,y] s[wrap(x+1),y] - 0.4 s[x,y] s[x,wrap(y+1)] }"""


@contextmanager
def blocks(units: int) -> Iterator[None]:
    """So many units' couplings are made together, and no more are kept."""
    with patch.object(coupling_blocks, "BLOCK", units), patch.object(bit_entries, "FEW", 0):
        yield


def machine_of(lattice: RandomLattice, normal: bool) -> Machine:
    machine = bmdsl.parse(lattice.text).compile(seed=3)
    rng = np.random.default_rng(lattice.seed)
    for name, x in lattice.values().items():
        machine.params[name] = rng.normal(0, 0.5, x.shape) if normal else x
    machine.layout = "bits"
    return machine


def form_of(machine: Machine, way: str) -> BitForm | FieldForm | str:
    """A form, or why there is none."""
    try:
        form = machine.compiled.bits.form(machine, (free_groups(machine, {}, {}, ()), way))
    except NotBits as reason:
        return str(reason)
    assert isinstance(form, BitForm | FieldForm)
    return form


def counted(machine: Machine, form: BitForm | FieldForm) -> Tallies | str:
    """How its energies are counted, or why they are not."""
    found, listing = energy.products(machine), machine.program.listing
    assert found is not None and listing is not None
    many = isinstance(form, BitForm) and form.many
    try:
        return tallies_of(form.place, form.places, many, listing, [found])
    except NotBits as reason:
        return str(reason)


def assert_same_arrays(found: dict[str, np.ndarray], wanted: dict[str, np.ndarray]) -> None:
    assert list(found) == list(wanted)
    for name, x in wanted.items():
        assert found[name].dtype == x.dtype
        np.testing.assert_array_equal(found[name], x, err_msg=name)


@QUICK
@given(lattices(), st.booleans(), st.sampled_from([1, 7, 64, 1 << 16]))
def test_forms_are_those_of_lists(lattice: RandomLattice, normal: bool, units: int) -> None:
    listed, celled = machine_of(lattice, normal), machine_of(lattice, normal)
    for way in (WORD, REGISTER, FIELDS):
        wanted = form_of(listed, way)
        with cells(), blocks(units):
            found = form_of(celled, way)
        if isinstance(wanted, str) or isinstance(found, str):
            assert found == wanted
            continue
        assert_same_arrays(dict(found.arrays), dict(wanted.arrays))
        assert_same_arrays(dict(found.place), dict(wanted.place))
        assert (found.places, found.colours) == (wanted.places, wanted.colours)
        betas = np.array([0.3, 1.0])
        np.testing.assert_array_equal(found.table(betas), wanted.table(betas))
        free = free_groups(listed, {}, {}, ())
        with blocks(units):
            terms = bit_terms(listed.program, listed.held_fields(), free, wanted.place)
            with cells():
                own = bit_terms(celled.program, celled.held_fields(), free, found.place)
        assert own.offset == terms.offset
        assert_same_arrays(dict(own.arrays), dict(terms.arrays))
        tallies = counted(listed, wanted)
        with cells(), blocks(units):
            own_tallies = counted(celled, found)
        if isinstance(tallies, str) or isinstance(own_tallies, str):
            assert own_tallies == tallies
            continue
        np.testing.assert_array_equal(own_tallies.scale, tallies.scale)
        np.testing.assert_array_equal(own_tallies.constant, tallies.constant)


@QUICK
@given(of_any_type(), st.integers(1, 40), st.integers(0, 99))
def test_couplings_of_a_block_are_those_of_the_list(
    lattice: Lattice, units: int, begin: int
) -> None:
    """Units of any type and of several states, from any one on."""
    assume("gaussian" not in lattice.text)  # most products of these have no distribution
    machine = bmdsl.parse(lattice.text).compile(seed=3)
    of_parameters(machine)
    program, f = machine.program, machine.held_fields()
    listing = program.listing
    assert listing is not None
    for name in listing.offset:
        k, size = program.states[name], program.sizes[name]
        first = begin % (size // k)
        columns = range(first * k, min(size, (first + units) * k))
        wanted = program.block(f, name, columns)
        whole = program.incidence(f, name)
        own = slice(whole[0][columns.start], whole[0][columns.stop])
        np.testing.assert_array_equal(wanted[1], whole[1][own])
        np.testing.assert_array_equal(wanted[2], whole[2][own])
        with cells():
            found = program.block(f, name, columns)
        for x, y in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(x, y)


@QUICK
@given(lattices(), st.sampled_from([1, 7, 1 << 16]))
def test_pairs_of_clusters_are_those_of_lists(lattice: RandomLattice, units: int) -> None:
    listed, celled = machine_of(lattice, False), machine_of(lattice, False)
    wanted = clusters_of(listed)
    with cells(), blocks(units):
        found = clusters_of(celled)
    assert len(found) == len(wanted)
    for x, y in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(x, y)


def clusters_of(machine: Machine) -> list[np.ndarray]:
    """Pairs of clusters, or why there are none; and neighbours of every unit."""
    near = neighbours_of(machine)
    out = [near.start, near.other]
    try:
        form = cluster_form(machine.program, machine.held_fields())
    except NoClusters as reason:
        return [*out, np.array(str(reason))]
    return [*out, form.first, form.second, form.weight, form.apart]


@pytest.mark.parametrize("normal", [False, True])
@pytest.mark.parametrize("chains", [70, 512])
def test_draws_and_energies_are_those_of_lists(chains: int, normal: bool) -> None:
    found = []
    for forced in (False, True):
        machine = bmdsl.parse(GLASS, L=12).compile(seed=2)
        rng = np.random.default_rng(5)
        for name in ("J", "K"):
            x = machine.params[name]
            x[...] = rng.normal(size=x.shape) if normal else 0.5 * rng.choice([-1, 1], x.shape)
        machine.layout = "bits"
        with blocks(32):
            if not forced:
                found.append(drawn(machine, chains))
                continue
            with cells():
                found.append(drawn(machine, chains))
    for x, y in zip(*found, strict=True):
        np.testing.assert_array_equal(x, y)


def drawn(machine: Machine, chains: int) -> list[np.ndarray]:
    """States, energies of chains, and those of replicas."""
    state = machine.initial_state(chains)
    machine.sweep(state, 3, {}, update=1)
    out = [*state.values()]
    alone = machine.observe("energy", n=chains, draws=4, thin=2, burn_in=2)
    energies = alone.values["energy"]
    last = machine.written_energy(flat(alone.state))
    np.testing.assert_allclose(energies[:, -1], last, rtol=1e-5, atol=1e-4)
    out += [energies, *alone.state.values()]
    replicas = machine.observe("energy", n=chains, draws=4, thin=2, burn_in=2, beta=[0.5, 1.0])
    return [*out, replicas.values["energy"], *replicas.state.values()]


def flat(state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {n: x.reshape(len(x), -1) for n, x in state.items()}


@pytest.mark.parametrize("normal", [False, True])
def test_words_and_energies_of_a_large_lattice_make_no_list(
    normal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*given: object) -> None:
        raise AssertionError("couplings are written out")

    monkeypatch.setattr(Listing, "_places", refused)
    monkeypatch.setattr(Listing, "incidence", refused)
    monkeypatch.setattr(StencilCouplings, "written_out", refused)
    longest, whole = list[int](), Cells.couplings

    def watched(self: Cells, columns: range, values: np.ndarray) -> tuple[np.ndarray, ...]:
        longest.append(len(columns))
        return whole(self, columns, values)

    monkeypatch.setattr(Cells, "couplings", watched)
    machine = bmdsl.parse(GLASS, L=190).compile(seed=2)
    for x in machine.params.values():
        rng = np.random.default_rng(5)
        x[...] = rng.normal(size=x.shape) if normal else 0.5
    state = machine.initial_state(64)
    machine.sweep(state, 1, {}, update=1)
    assert longest and max(longest) <= coupling_blocks.BLOCK < 190 * 190
    for count, layout in ((8, "stencil"), (64, "auto")):
        machine.layout = layout
        found = machine.observe("energy", n=count, draws=1, thin=1, burn_in=0)
        last = machine.written_energy(flat(found.state))
        np.testing.assert_allclose(found.values["energy"][:, -1], last, rtol=1e-5)
    replicas = machine.observe("energy", n=64, draws=1, thin=1, burn_in=0, beta=[0.9, 1.0])
    assert np.isfinite(replicas.values["energy"]).all()
    torus = bmdsl.parse(TORUS, L=260).compile(seed=1)
    for torus.moves in ("cluster", "houdayer"):
        torus.sample(2, steps=1)
