"""Lattices whose neighbours follow from index arithmetic: random ones behave as their energy,
written out anew, says; and no list of couplings is made on the way.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

import bmdsl
from bmdsl.inference.machine import Machine
from bmdsl.kernels import table
from bmdsl.language.diagnostics import BmError
from bmdsl.plan.stencils import Lattice, NotStencil
from bmdsl.runtime.bit_entries import NotBits
from bmdsl.runtime.listing import Listing
from bmdsl.runtime.stencil_form import StencilForm, stencil_form
from bmdsl.schedule.ops import KINDS
from tests.inference.stencil_models import RandomLattice, lattices
from tests.stats import verify_counts

COLD = 1e6
"""An inverse temperature at which every draw is certain."""
MIXED = """model m { visible s[2, 4] : spin  visible x[2, 4] : binary  param J, T
  energy = - J[a,i] s[a,i] s[a,wrap(i+1)] - T[a,i] s[a,i] s[wrap(a+1),i] s[a,wrap(i+1)]
    - 0.4 s[a,i] x[a,pad(i-1)] - 0.2 x[a,i] x[pad(a+1),wrap(i+1)] - 0.1 s[a,i] + 0.3 x[a,i] }"""
SITES = 8
CHAINS = 5000


def call(name: str, *given: object) -> None:
    """Carries a kind of op out in its compiled form."""
    table.load_table()
    kind = KINDS[name]
    kernel = table.function(kind, table.TABLE[name], np.dtype("float32"), "kernel", False)
    kernel(*given)


def swept(form: StencilForm, x: RandomLattice, names: list[str], states: list[np.ndarray]) -> None:
    """A cold sweep of two chains in place, by the compiled kernels."""
    arrays, chains = form.arrays, len(states[0])
    B = np.zeros((chains, form.words), np.int64)
    shape = arrays["first"], arrays["phase"], arrays["shape"]
    for k in range(len(names)):
        call("pack_rows_of_sites", states[k], k, *shape, B)
    table_of = form.table(np.array([COLD]))
    draw = "draw_eight_rows_of_sites" if form.short else "draw_rows_of_sites"
    taken = list(dict(KINDS[draw].arguments))
    for part in range(form.parts):
        given = [arrays[n] for n in taken[1 : taken.index("table")]]
        level = np.zeros(chains, np.int64)
        call(draw, B, *given, table_of, level, part, 1, 2, 3, 4, 0)
    for k in range(len(names)):
        call("unpack_rows_of_sites", B, k, *shape, int(x.units[k] == "spin"), states[k])


def swept_by_hand(x: RandomLattice, lattice: Lattice, order: list[int], state: list) -> None:
    """A cold sweep in place, in the order of the lattice's colours: units follow their fields."""
    colour = np.tensordot(lattice.weights, np.indices(x.axes), 1) % lattice.colours
    for g in order:
        low = -1.0 if x.units[g] == "spin" else 0.0
        for c in range(lattice.colours):
            new = state[g].copy()
            for site in zip(*np.nonzero(colour == c), strict=True):
                both = []
                for value in (low, 1.0):
                    changed = [y.copy() for y in state]
                    changed[g][site] = value
                    both.append(x.minus_energy(changed))
                assume(abs(both[1] - both[0]) > 1e-4)
                new[site] = 1.0 if both[1] > both[0] else low
            state[g] = new


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(x=lattices(), seed=st.integers(0, 99))
def test_units_of_random_lattices_follow_their_fields(x: RandomLattice, seed: int) -> None:
    machine = bmdsl.parse(x.text).compile(backend="reference")
    for name, values in x.values().items():
        machine.params[name] = values
    plan = machine.program.plan
    free = tuple(n for block in plan.blocks for n in block)
    try:
        forms = [stencil_form(machine.program, machine.held_fields(), free, w) for w in (0.0, 99.0)]
    except NotBits:
        assume(False)
    assert [f.short for f in forms] == [True, False]
    rng = np.random.default_rng(seed)
    begun = [
        (rng.choice([-1.0 if u == "spin" else 0.0, 1.0], (2, *x.axes))).astype(np.float32)
        for u in x.units
    ]
    drawn, again = ([b.reshape(2, -1).copy() for b in begun] for _ in range(2))
    for form, states in zip(forms, (drawn, again), strict=True):
        swept(form, x, [g.name for g in plan.groups], states)
    for y, z in zip(drawn, again, strict=True):
        np.testing.assert_array_equal(y, z)
    for chain in range(2):
        state = [b[chain].astype(float) for b in begun]
        swept_by_hand(x, plan.lattice, [int(n[1:]) for n in free], state)
        for d, y in zip(drawn, state, strict=True):
            np.testing.assert_array_equal(d[chain].reshape(x.axes), y)


@pytest.fixture(scope="module")
def couplings() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    return {n: size * rng.choice([-1.0, 1.0], (2, 4)) for n, size in (("J", 0.4), ("T", 0.2))}


def machine_of(couplings: dict[str, np.ndarray], backend: str = "numba") -> Machine:
    machine = bmdsl.parse(MIXED).compile(seed=5, backend=backend)
    for name, x in couplings.items():
        machine.params[name] = x
    machine.layout = "stencil"
    return machine


@pytest.fixture(scope="module")
def mixed(couplings: dict[str, np.ndarray]) -> Machine:
    return machine_of(couplings)


def all_states() -> tuple[np.ndarray, np.ndarray]:
    bits = np.array(list(product([0.0, 1.0], repeat=2 * SITES)))
    return 2 * bits[:, :SITES] - 1, bits[:, SITES:]


def minus_energy(couplings: dict[str, np.ndarray]) -> np.ndarray:
    """Of all states."""
    s, x = (y.reshape(-1, 2, 4) for y in all_states())
    right = np.roll(s, -1, axis=2)
    left = np.concatenate([np.zeros_like(x[:, :, :1]), x[:, :, :-1]], axis=2)
    parts = (
        couplings["J"] * s * right,
        couplings["T"] * s * s[:, ::-1] * right,
        0.4 * s * left + 0.1 * s - 0.3 * x,
    )
    corner = 0.2 * x[:, 0] * np.roll(x[:, 1], -1, axis=1)
    found: np.ndarray = sum(p.sum(axis=(1, 2)) for p in parts) + corner.sum(axis=1)
    return found


def verify_law(state: dict[str, np.ndarray], weights: np.ndarray) -> None:
    bits = np.concatenate([state["s"].reshape(-1, SITES) > 0, state["x"].reshape(-1, SITES)], 1)
    number = bits.astype(int) @ (1 << np.arange(2 * SITES)[::-1])
    verify_counts(np.bincount(number, minlength=len(weights)), weights / weights.sum())


@pytest.mark.stat
def test_the_joint_law_is_the_models(mixed: Machine, couplings: dict[str, np.ndarray]) -> None:
    verify_law(mixed.sample(CHAINS, steps=15), np.exp(minus_energy(couplings)))


@pytest.mark.stat
def test_chains_have_inverse_temperatures_of_their_own(
    mixed: Machine, couplings: dict[str, np.ndarray]
) -> None:
    beta = np.tile([0.3, 1.4], CHAINS // 2)
    found = mixed.sample(CHAINS, steps=15, beta=beta)
    for b in (0.3, 1.4):
        verify_law({n: y[beta == b] for n, y in found.items()}, np.exp(b * minus_energy(couplings)))


@pytest.mark.stat
def test_a_group_that_is_held_stays(mixed: Machine, couplings: dict[str, np.ndarray]) -> None:
    held = np.array([[1.0, 0, 1, 1], [0, 0, 1, 0]])
    found = mixed.sample(CHAINS, steps=20, clamp={"x": held[None].repeat(CHAINS, 0)})
    assert (found["x"] == held).all()
    inside = (all_states()[1] == held.ravel()).all(axis=1)
    verify_law(found, np.exp(minus_energy(couplings)) * inside)


def test_the_meaning_of_the_ops_and_a_run_in_parts_give_the_same_bits(
    mixed: Machine, couplings: dict[str, np.ndarray]
) -> None:
    plain = machine_of(couplings, "reference")
    begun = mixed.initial_state(5)
    found = []
    for machine, parts in ((mixed, (3,)), (mixed, (1, 2)), (plain, (3,))):
        state, first = {n: y.copy() for n, y in begun.items()}, 0
        for steps in parts:
            machine.sweep(state, steps, {}, update=1, first=first)
            first += steps
        found.append(np.concatenate([state["s"], state["x"]], axis=1))
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_a_chain_does_not_depend_on_how_many_others_there_are(mixed: Machine) -> None:
    begun = mixed.initial_state(7)
    few = {n: y[:2].copy() for n, y in begun.items()}
    mixed.sweep(begun, 4, {}, update=1)
    mixed.sweep(few, 4, {}, update=1)
    np.testing.assert_array_equal(few["s"], begun["s"][:2])


def test_a_large_lattice_makes_no_list_of_couplings(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: Listing, t: int) -> None:
        raise AssertionError("couplings are written out")

    monkeypatch.setattr(Listing, "_places", refused)
    machine = bmdsl.load("ising", L=200).compile()
    s = machine.sample(2, steps=100, beta=2.0)["s"]
    neighbours = s * np.roll(s, 1, 1) + s * np.roll(s, 1, 2)
    assert (neighbours.mean(axis=(1, 2)) > 1.6).all()


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("visible s[4] : spin  energy = - 0.5 s[i] s[j] for i < j", "matrices|no lattice"),
        ("visible s[4] : spin  energy = - 0.5 s[i] s[pad(2*i)]", "no letter with a constant"),
        ("visible s[4] : spin  energy = - 0.5 s[i] s[wrap(i+4)] s[pad(i+1)]", "meets itself"),
    ],
)
def test_a_model_that_is_no_stencil_says_why(source: str, why: str) -> None:
    machine = bmdsl.parse(f"model m {{ {source} }}").compile(backend="reference")
    machine.layout = "stencil"
    with pytest.raises(BmError, match=why) as refused:
        machine.sample(2, steps=1)
    assert refused.value.diagnostics[0].code == "BM778"


def test_colours_keep_units_of_a_coupling_apart() -> None:
    plan = (
        bmdsl.parse(
            "model m { visible s[6, 9] : spin"
            " energy = - s[x,y] s[wrap(x+1),y] s[x,wrap(y+1)] - s[x,y] s[wrap(x+2),wrap(y-1)] }"
        )
        .compile(backend="reference")
        .program.plan
    )
    lattice = plan.lattice
    place = np.indices((6, 9))
    colour = np.tensordot(lattice.weights, place, 1) % lattice.colours
    for by in ((1, 0), (0, 1), (-1, 1), (2, -1)):
        assert (colour != np.roll(colour, by, (0, 1))).all()


def test_a_lattice_whose_lengths_are_open_has_no_colours_yet() -> None:
    from bmdsl.plan.stencils import lattice_of

    checked = bmdsl.parse(
        "model m(n) { visible s[n] : spin  energy = - s[i] s[pad(i+1)] }", n=4
    ).checked
    assert lattice_of(checked, (0,), ("s",)).colours == 2
    with pytest.raises(NotStencil):
        lattice_of(checked, (), ("s",))
