"""The pseudo-likelihood's gradient for terms of any number of factors, of every unit type, dense,
listed and with powers: finite differences.

P(x_i | rest) is summed here over the states of one unit after another, from energies written in
NumPy.
"""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from bmdsl import units
from bmdsl.inference.pseudolikelihood import slopes

GENERATOR = np.random.default_rng(3)
ORDERS = range(1, 13)


@pytest.mark.parametrize("order", range(1, 31))
def test_slopes_are_exact_for_polynomials_of_their_order(order: int) -> None:
    f = np.polynomial.Polynomial(np.random.default_rng(order).normal(size=order + 1))
    assert sum(w * (f(t) - f(-t)) for t, w in slopes(order)) == pytest.approx(
        f.coef[1], abs=1e-12 * order**2
    )


def _states(name: str, arguments: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """A unit's states and log base measures; quadrature nodes where they are no list."""
    unit = units.get(name)
    support = unit.support(*arguments)
    if support is not None:
        return np.asarray(support, float), np.array(
            [float(unit.log_base(float(x), *arguments)) for x in support]
        )
    if name == "poisson":
        x = np.arange(80.0)
    elif name == "exponential":
        x, w = np.polynomial.legendre.leggauss(60)
        x, w = arguments[0] * (x + 1) / 2, arguments[0] * w / 2
        return x, np.log(w)
    else:
        x = np.linspace(0 if name == "rectified" else -12, 12, 20001)
        h = np.full(len(x), x[1] - x[0])
        h[[0, -1]] /= 2
        return x, np.log(h) + np.array([float(unit.log_base(float(v), *arguments)) for v in x])
    return x, np.array([float(unit.log_base(float(v), *arguments)) for v in x])


def _conditional(
    x: np.ndarray, field: np.ndarray, states: np.ndarray, base: np.ndarray, power: int = 1
) -> np.ndarray:
    """log P(x | field on x^power) but for the base measure at x, where the field is that of each
    case.
    """
    w = np.outer(field, states**power) + base
    return field * x**power - np.logaddexp.reduce(w, axis=1)


TYPES = {
    "binary": "binary",
    "spin": "spin",
    "binomial": "binomial(3)",
    "gaussian": "gaussian",
    "rectified": "rectified",
    "multinary": "multinary(2, gain = 0.5)",
    "exponential": "exponential(1)",
    "poisson": "poisson",
}
ARGUMENTS = {
    "binomial": (3.0,),
    "gaussian": (1.0,),
    "rectified": (1.0,),
    "multinary": (2.0, 0.5),
    "exponential": (1.0,),
}


def test_every_type_of_numbers_is_tried() -> None:
    known = {
        n
        for n in units.names()
        if units.get(n).states is None
        and units.get(n).components is None
        and not units.get(n).draws_within
    }
    assert (
        {n for n in known if not n.startswith(("my_", "triple"))}
        >= set(TYPES)
        >= known & {n for n in units.names() if n in TYPES}
    )


def _machine(text: str, w: float) -> bmdsl.Machine:
    machine = bmdsl.parse(text).compile(dtype="float64", backend="reference")
    machine.params["W"] = np.full(machine.params["W"].shape, w)
    return machine


def _gradient(machine: bmdsl.Machine, data: dict[str, np.ndarray]) -> float:
    out = {n: np.zeros_like(x) for n, x in machine.params.items()}
    count = len(next(iter(data.values())))
    machine.pseudolikelihood(data, np.full(count, 1 / count), out, 1.0)
    return float(out["W"].sum())


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("form", ["one group", "several groups", "a chain"])
def test_products_of_spins_of_any_order(form: str, order: int) -> None:
    """E = −W Σ Π s over windows of `order` spins: log P(s_i | rest) = −log(1 + e^{−2 s_i η_i})."""
    n = order + 2 if form == "a chain" else order
    if form == "several groups":
        text = (
            "model m { "
            + " ".join(f"visible s{k} : spin" for k in range(n))
            + f" param W energy = - W {' '.join(f's{k}' for k in range(n))} }}"
        )
    elif form == "one group":
        text = (
            f"model m {{ visible s[{n}] : spin param W energy = - W"
            f" {' '.join(f's[{k}]' for k in range(n))} }}"
        )
    else:
        text = (
            f"model m {{ visible s[{n}] : spin param W energy = - W"
            f" {' '.join(f's[wrap(i+{k})]' for k in range(order))} for i in 0..{n} }}"
        )
    w = 0.3
    machine = _machine(text, w)
    x = GENERATOR.choice([-1.0, 1.0], (4, n))
    data = {f"s{k}": x[:, k] for k in range(n)} if form == "several groups" else {"s": x}
    windows = [
        [(i + k) % n for k in range(order)] for i in (range(n) if form == "a chain" else (0,))
    ]
    fields = np.zeros((4, n))
    for window in windows:
        for i in window:
            fields[:, i] += np.prod(x[:, [j for j in window if j != i]], axis=1)
    exact = (fields * (x - np.tanh(w * fields))).sum(1).mean()
    assert _gradient(machine, data) == pytest.approx(exact, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("order", [1, 2, 5, 9, 10])
@pytest.mark.parametrize("name", TYPES)
def test_products_of_every_type(name: str, order: int) -> None:
    """E = −W x_0 Π s: a unit of the type beside spins."""
    if order == 1:
        text, spins = f"model m {{ visible x : {TYPES[name]} param W energy = - W x }}", 0
    else:
        spins = order - 1
        text = (
            f"model m {{ visible x : {TYPES[name]} visible s[{spins}] : spin param W energy = - W x"
            f" {' '.join(f's[{k}]' for k in range(spins))} }}"
        )
    w = -0.2
    states, base = _states(name, ARGUMENTS.get(name, ()))
    x = GENERATOR.choice(states[base > -8], 5)
    s = GENERATOR.choice([-1.0, 1.0], (5, spins))
    machine = _machine(text, w)

    def value(w: float) -> float:
        field = w * s.prod(1)
        total = _conditional(x, field, states, base)
        for k in range(spins):
            u = w * x * np.delete(s, k, axis=1).prod(1)
            total = total - np.log1p(np.exp(-2 * s[:, k] * u))
        return float(total.mean())

    exact = (value(w + 1e-5) - value(w - 1e-5)) / 2e-5
    assert _gradient(machine, {"x": x} | ({"s": s} if spins else {})) == pytest.approx(
        exact, rel=1e-6, abs=1e-7
    )


@pytest.mark.parametrize("states", [2, 3])
@pytest.mark.parametrize("order", [2, 3, 9])
def test_products_with_one_of_k_units(states: int, order: int) -> None:
    spins = order - 1
    text = (
        f"model m {{ visible z : categorical({states}) visible s[{spins}] : spin param W[{states}] "
        f"energy = - W[k] z[k] {' '.join(f's[{k}]' for k in range(spins))} }}"
    )
    machine = bmdsl.parse(text).compile(dtype="float64", backend="reference")
    w = GENERATOR.normal(0, 0.5, states)
    machine.params["W"] = w
    z, s = (
        np.eye(states)[GENERATOR.integers(0, states, 5)],
        GENERATOR.choice([-1.0, 1.0], (5, spins)),
    )

    def value(w: np.ndarray) -> float:
        p = s.prod(1)
        total = p * (z @ w) - np.logaddexp.reduce(np.outer(p, w), axis=1)
        for k in range(spins):
            total = total - np.log1p(
                np.exp(-2 * s[:, k] * (z @ w) * np.delete(s, k, axis=1).prod(1))
            )
        return float(total.mean())

    out = {"W": np.zeros(states)}
    machine.pseudolikelihood({"z": z, "s": s}, np.full(5, 0.2), out, 1.0)
    for k, step in enumerate(1e-5 * np.eye(states)):
        assert out["W"][k] == pytest.approx(
            (value(w + step) - value(w - step)) / 2e-5, rel=1e-6, abs=1e-7
        )


def test_a_power_couples_with_others() -> None:
    """E = −W x² z with W < 0: the precision of x is 1 − 2 W z."""
    machine = bmdsl.parse(
        "model m { visible x : gaussian visible z : binomial(3) param W energy = - W x^2 z }"
    ).compile(dtype="float64", backend="reference")
    machine.params["W"] = np.array(-0.3)
    x, z = GENERATOR.normal(size=6), GENERATOR.integers(0, 4, 6).astype(float)
    counts, base = _states("binomial", (3.0,))

    def value(w: float) -> float:
        precision = 1 - 2 * w * z
        return float(
            (
                w * x**2 * z + 0.5 * np.log(precision) + _conditional(z, w * x**2, counts, base)
            ).mean()
        )

    out = {"W": np.zeros(())}
    machine.pseudolikelihood({"x": x[:, None], "z": z[:, None]}, np.full(6, 1 / 6), out, 1.0)
    assert float(out["W"]) == pytest.approx(
        (value(-0.3 + 1e-5) - value(-0.3 - 1e-5)) / 2e-5, rel=1e-6
    )


def test_experts_are_refused() -> None:
    machine = bmdsl.parse(
        "model m { visible s[3] : spin param W[3] energy = - softplus(W[i] s[i]) }"
    ).compile(backend="reference")
    with pytest.raises(bmdsl.BmError, match="BM760"):
        machine.train(np.ones((2, 3)), objective="pseudolikelihood", updates=1)
