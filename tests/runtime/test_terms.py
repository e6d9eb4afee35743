"""Each kind of term says one thing in several ways: its fields and moments are derivatives of its
energy, and its couplings one by one add up to it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import bmdsl
from bmdsl import units
from bmdsl.plan.term_kinds import Kind
from bmdsl.runtime.program import TAKES, Fields, Program
from bmdsl.runtime.terms.interface import BoundTerm
from tests.inference.kinds_of_terms import CASES
from tests.inference.own_units import Late, Trit

Array = np.ndarray
SELECTED = {
    f"tensor_{order}": "visible v[2] : binary  hidden h[3] : binary  hidden z : categorical(4)"
    f"  param T  energy = 2 T[{','.join(order)}] v[i] h[j] z[k]"
    for order in ("ijk", "ikj", "kij", "kji", "jik", "jki")
} | {
    "factors": "visible v[2] : binary  hidden h[3] : binary  hidden z : categorical(4)"
    "  param A[2,3], B[3,3], C[4,3], b"
    "  energy = 3 A[i,f] B[j,f] C[k,f] v[i] h[j] z[k] - b[j] h[j]",
    "written_out": "visible v[4] : binary  hidden z : categorical(3)  param J[4], K[4,3], b"
    "  energy = 2 J[i] v[i] v[wrap(i+1)] - K[i,k] v[i] v[wrap(i+1)] z[k] - b[k] z[k]",
    "windows": "visible v[6] : binary  hidden z : categorical(3)  param W[3,2], b"
    "  energy = - 2 W[k,p] v[x+p] z[k] for x in 0..5 - b[k] z[k]",
    "squares_of_a_mixture": "visible v[2] : gaussian  hidden z : categorical(3)  param U, W, b"
    "  energy = U[i,k] v[i]^2 z[k] - 2 W[i,k] v[i] z[k] - b[k] z[k]",
}
"""Models in which the states of a one-of-K unit select others' couplings, with scales of their own.
"""
TEXTS = {n: c.text for n, c in CASES.items()} | {
    n: f"model m {{ {text} }}" for n, text in SELECTED.items()
}
STEP = 1e-4
ROWS = 3


@pytest.fixture(autouse=True)
def _own_units(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    units.names()
    monkeypatch.setattr(units, "_registry", dict(units._registry))
    for unit in (Trit, Late):
        units.register(unit)
    yield


def drawn(name: str) -> tuple[Program, dict[str, Array], dict[str, Array]]:
    """The program of a case, parameters and rows of numbers that are no states."""
    program = bmdsl.parse(TEXTS[name]).compile(dtype="float64", backend="reference").program
    generator = np.random.default_rng(5)
    model = program.plan.model
    shapes = {p.name: tuple(int(n) for n in p.shape) for p in model.parameters}
    params = {n: generator.normal(0.4, 0.5, shape) for n, shape in shapes.items()}
    rows = {n: generator.uniform(0.2, 1.2, (ROWS, size)) for n, size in program.sizes.items()}
    return program, params, rows


def moved(
    x: dict[str, Array], name: str, at: tuple[int, ...] | int, step: float
) -> dict[str, Array]:
    """The arrays with some entries of one a step further."""
    out = x | {name: x[name].copy()}
    out[name][at] += step
    return out


def addends_at(program: Program, term: BoundTerm, f: Fields, rows: dict[str, Array]) -> Array:
    """Σ value · Π x^power over a term's couplings, [rows]."""
    x = np.hstack([rows[n] for n in program.offset])
    arrays = next(a for t, a in f.terms if t is term)
    total = np.zeros(ROWS)
    for part in term.addends(arrays):
        for places, powers, value in zip(part.places, part.powers, part.values, strict=True):
            total += value * (x[:, places] ** powers).prod(1)
    return total


@pytest.mark.parametrize("name", TEXTS)
def test_fields_are_slopes_of_the_energy_and_couplings_add_up_to_it(name: str) -> None:
    program, params, rows = drawn(name)
    f = program.couple(params)
    for term, arrays in f.terms:
        weight = term.minus_energy(arrays, rows)
        if term.targets:
            np.testing.assert_allclose(addends_at(program, term, f, rows), weight, atol=1e-10)
        for group in dict.fromkeys(term.targets):
            size, square = program.sizes[group], program.plan.group(group).square
            eta = np.zeros((2 if square else 1, ROWS, size))
            term.add_field(arrays, group, rows, eta)
            slope = eta[0] + 2 * rows[group] * eta[1] if square else eta[0]
            for p in range(size):
                sides = [
                    term.minus_energy(arrays, moved(rows, group, (slice(None), p), step))
                    for step in (STEP, -STEP)
                ]
                found = (sides[0] - sides[1]) / (2 * STEP)
                np.testing.assert_allclose(slope[:, p], found, atol=1e-7, err_msg=group)


@pytest.mark.parametrize("name", TEXTS)
def test_moments_are_slopes_of_the_energy_in_the_parameters(name: str) -> None:
    program, params, rows = drawn(name)
    weights = np.array([0.2, 0.5, 0.3])
    out = {n: np.zeros_like(x) for n, x in params.items()}
    program.accumulate(params, rows, weights, out, 1.0)
    for parameter, x in params.items():
        for at in np.ndindex(x.shape):
            sides = [
                program.minus_energy(program.couple(moved(params, parameter, at, step)), rows)
                for step in (STEP, -STEP)
            ]
            slope = weights @ (sides[0] - sides[1]) / (2 * STEP)
            np.testing.assert_allclose(out[parameter][at], slope, atol=2e-6, err_msg=parameter)


@pytest.mark.parametrize("name", TEXTS)
def test_fields_by_state_are_the_fields_at_every_state(name: str) -> None:
    program, params, rows = drawn(name)
    f = program.couple(params)
    for picked in (n for n in program.sizes if program.plan.is_one_unit(n)):
        k = program.sizes[picked]
        off = rows | {picked: np.zeros((ROWS, k))}
        for group in (n for n in program.sizes if n != picked and f.acting_on[n]):
            found = program.fields_by_state(f, group, off, picked)
            for s in range(k):
                at = rows | {picked: np.tile(np.eye(k)[s], (ROWS, 1))}
                wanted = program.field(f, group, at)
                np.testing.assert_allclose(found[..., s::k, :], wanted, atol=1e-12)


@pytest.mark.parametrize("name", TEXTS)
def test_a_field_in_two_parts_is_the_field_at_once(name: str) -> None:
    program, params, rows = drawn(name)
    f = program.couple(params)
    names = list(program.sizes)
    for group in names:
        first = program.field(f, group, rows, groups=names[:1])
        both = program.field(f, group, rows, groups=names[1:], start=first)
        np.testing.assert_allclose(both, program.field(f, group, rows), atol=1e-12)


def test_the_terms_of_the_cases_account_for_every_kind() -> None:
    found = {Kind.CONSTANT, Kind.BASE}
    for name in CASES:
        program, *_ = drawn(name)
        found |= {k for t in (*program.biases, *program.couplings) for k in t.KINDS}
    assert found == TAKES == set(Kind)
