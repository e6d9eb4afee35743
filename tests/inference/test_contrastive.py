"""The contrastive free energy: its value by brute force, its gradient by finite differences and
against CD-1 with means.
"""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from bmdsl.inference.contrastive import Pass
from tests import naive

FORMS = {
    "rbm": (
        "visible v[4] : binary  hidden h[3] : binary  param W, a, b  energy = - W[i,j] v[i] h[j] -"
        " a[i] v[i] - b[j] h[j]"
    ),
    "multinary": (
        """visible v[3] : multinary(4, gain = 0.5)  hidden h[2] : multinary(3, gain = 1)
      param W, a, b energy = - W[i,j] v[i] h[j] - a[i] v[i] - b[j] h[j]"""
    ),
    "gaussian_nrelu": (
        "visible v[3] : gaussian(sigma = 0.7)  hidden h[2] : nrelu  param W, a, b  energy = -"
        " W[i,j] v[i] h[j] - a[i] v[i] - b[j] h[j]"
    ),
    "potts": (
        """visible v[2] : categorical(3)  hidden h[2] : spin  hidden z : categorical(2)
      param W, U, a, b  energy = - W[i,s,j] v[i,s] h[j] - U[i,s,k] v[i,s] z[k] - a[i,s] v[i,s]
      - b[j] h[j]"""
    ),
    "convolution": (
        """visible v[2,4] : binomial(2)  hidden h[2,2] : poisson
      param W[2,2,3], a, b energy = - W[c,k,p] v[c,pad(2*x+p-1)] h[k,x] - a[c] v[c,x]
      - b[k] h[k,x]"""
    ),
    "given": (
        """given u[2] : gaussian  visible v[3] : rectified  hidden h[2] : binomial(2)
      param W, A, B, b  energy = - W[i,j] v[i] h[j] - A[k,i] u[k] v[i] - B[k,j] u[k] h[j]
      - b[j] h[j]"""
    ),
}


def machine_of(name: str) -> bmdsl.Machine:
    m = bmdsl.parse(f"model m {{ {FORMS[name]} }}").compile(
        seed=1, dtype="float64", backend="reference"
    )
    generator = np.random.default_rng(4)
    for p in m.params:
        m.params[p] = generator.normal(0, 0.3, m.params[p].shape)
    return m


def data_of(m: bmdsl.Machine, rows: int = 3) -> dict[str, np.ndarray]:
    """Cases strictly inside the units' domains, as means are."""
    generator = np.random.default_rng(2)
    out = {}
    for g in m.program.plan.groups:
        if g.role != "hidden":
            x = generator.uniform(0.2, 0.8, (rows, g.size))
            out[g.name] = (
                x / x.reshape(rows, -1, int(g.states)).sum(2).repeat(int(g.states), 1)
                if g.states
                else x
            )
            out[g.name] = m.program.shaped(g.name, out[g.name])
    return out


def value(
    m: bmdsl.Machine, data: dict[str, np.ndarray], w: np.ndarray, based: bool = True
) -> float:
    return float(w @ passed(m, data, based).value)


def passed(m: bmdsl.Machine, data: dict[str, np.ndarray], based: bool = True) -> Pass:
    return Pass.of(m, {n: m.program.flat(n, x) for n, x in data.items()}, based)


@pytest.mark.parametrize("based", [True, False])
@pytest.mark.parametrize("name", FORMS)
def test_the_gradient_through_the_reconstruction_is_the_slope_of_the_value(
    name: str, based: bool
) -> None:
    m, w = machine_of(name), np.array([0.5, 0.2, 0.3])
    data = data_of(m)
    out = {n: np.zeros_like(x) for n, x in m.params.items()}
    passed(m, data, based).pull(w, out, 1.0, True)
    for p, array in m.params.items():
        for at in list(np.ndindex(array.shape))[::2]:
            assert out[p][at] == pytest.approx(
                naive.slope(array, at, lambda: value(m, data, w, based)), abs=2e-6
            ), (p, at)


@pytest.mark.parametrize("name", FORMS)
def test_the_gradient_at_a_held_reconstruction_is_that_of_cd_1_with_means(name: str) -> None:
    m, w = machine_of(name), np.array([0.5, 0.2, 0.3])
    data = data_of(m)
    out = {n: np.zeros_like(x) for n, x in m.params.items()}
    passed(m, data).pull(w, out, 1.0, False)
    back = {
        n: m.conditional(n, **data | {h: m.conditional(h, **data) for h in m.hidden})
        for n in m.visible
    }
    seen = {n: m.program.flat(n, x) for n, x in data.items()}
    wanted = {n: np.zeros_like(x) for n, x in m.params.items()}
    for sign, v in ((1, seen), (-1, seen | {n: m.program.flat(n, x) for n, x in back.items()})):
        shaped = {n: m.program.shaped(n, x) for n, x in v.items()}
        means = {h: m.program.flat(h, m.conditional(h, **shaped)) for h in m.hidden}
        m.accumulate(v | means, w, wanted, sign)
    for p in out:
        np.testing.assert_allclose(out[p], wanted[p], atol=1e-10)


@pytest.mark.parametrize("name", FORMS)
def test_what_is_left_out_is_the_base_measure_of_the_visible_units(name: str) -> None:
    m = machine_of(name)
    data = data_of(m)
    one, other = passed(m, data), passed(m, data, False)
    base = sum(
        m.program.log_base(n, one.seen[n]) - m.program.log_base(n, one.back[n]) for n in m.visible
    )
    np.testing.assert_allclose(one.value - other.value, base, atol=1e-12)
    outs = [{n: np.zeros_like(x) for n, x in m.params.items()} for _ in range(2)]
    for p, out in zip((one, other), outs, strict=True):
        p.pull(np.full(3, 1 / 3), out, 1.0, False)
    for n in outs[0]:
        np.testing.assert_array_equal(
            outs[0][n], outs[1][n]
        )  # with v′ held both are CD-1 with means


@pytest.mark.parametrize("based", [True, False])
def test_the_option_reaches_the_gradient(based: bool) -> None:
    """The parameters after one step of the objective are those of the slope of F(v′) − F(v), or of
    eq. 6.
    """
    m = machine_of("multinary")
    data = data_of(m)
    start = {n: x.copy() for n, x in m.params.items()}
    slopes = {
        n: np.array(
            [
                naive.slope(x, at, lambda: value(m, data, np.full(3, 1 / 3), based))
                for at in np.ndindex(x.shape)
            ]
        )
        for n, x in m.params.items()
    }
    word = (
        "contrastive_free_energy(through_reconstruction = true, base_measure ="
        f" {str(based).lower()})"
    )
    m.train(data, objective=word, updates=1, batch=3, optimizer="sgd(rate = 0.001)")
    for n, x in m.params.items():
        np.testing.assert_allclose((x - start[n]).ravel() / 0.001, slopes[n], atol=1e-5)


def test_the_value_is_the_difference_of_free_energies() -> None:
    m = machine_of("rbm")
    v = np.array([[0.0, 1.0, 1.0, 0.0], [1.0, 1.0, 0.0, 1.0]])
    back = m.conditional("v", h=m.conditional("h", v=v))
    np.testing.assert_allclose(
        Pass.of(m, {"v": v}).value, m.free_energy(v=back) - m.free_energy(v=v), atol=1e-12
    )
    assert m.free_energy(v=v)[0] == pytest.approx(naive.free_energy(m.model, m.params, {"v": v[0]}))


def test_units_that_meet_are_refused_by_name() -> None:
    model = bmdsl.parse("""model m { visible v[3] : binary  hidden h[2] : binary
      param W, U symmetric energy = - W[i,j] v[i] h[j] - U[i,k] v[i] v[k] for i < k }""")
    with pytest.raises(bmdsl.BmError, match="BM768.*those of `v` are not"):
        model.compile().train(np.zeros((4, 3)), objective="contrastive_free_energy", epochs=1)
    with pytest.raises(bmdsl.BmError, match="BM768.*`m` has none"):
        alone = bmdsl.parse(
            "model m { visible v[3] : binary  param b  energy = - b[i] v[i] }"
        ).compile()
        alone.train(np.zeros((4, 3)), objective="contrastive_free_energy", epochs=1)
    model = bmdsl.parse(
        "model m { visible v[3] : gaussian  hidden h[2] : binary param W, a energy = - W[i,j] v[i]"
        " h[j] + a[i] v[i]^2 }"
    )
    with pytest.raises(bmdsl.BmError, match="BM769"):
        model.compile().train(
            np.zeros((4, 3)),
            objective="contrastive_free_energy(through_reconstruction = true)",
            epochs=1,
        )


@pytest.mark.compiled
def test_training_lowers_the_error_of_reconstructions() -> None:
    data = np.repeat(np.eye(6), 20, axis=0)
    machine = bmdsl.parse(
        "model m { visible v[6] : binary  hidden h[8] : multinary(4)  param W init normal(0, 0.1),"
        " a, b energy = - W[i,j] v[i] h[j] - a[i] v[i] - b[j] h[j] }"
    ).compile()
    run = machine.train(
        data,
        objective="contrastive_free_energy",
        optimizer="adam(rate = 0.02)",
        epochs=60,
        batch=30,
        monitor=1,
    )
    assert run.metrics[-1]["reconstruction_error"] < 0.3 * run.metrics[0]["reconstruction_error"]
    assert "contrastive_free_energy" in run.metrics[-1]


def test_a_multinary_layer_by_means_is_a_binary_one_in_other_units() -> None:
    """f(x)/N and F k/N are those of N = 1 at W k N, a k, b k, base measures aside: what
    docs/reproductions/multinary.md says.
    """
    text = (
        "model m {{ visible v[4] : {0}  hidden h[3] : {0}  param W, a, b  energy = - W[i,j] v[i]"
        " h[j] - a[i] v[i] - b[j] h[j] }}"
    )
    many, one = (
        bmdsl.parse(text.format(unit)).compile(dtype="float64", backend="reference")
        for unit in ("multinary(6, gain = 0.5)", "binary")
    )
    generator = np.random.default_rng(0)
    for name, scale in (("W", 3.0), ("a", 0.5), ("b", 0.5)):
        many.params[name] = generator.normal(0, 0.3, many.params[name].shape)
        one.params[name] = scale * many.params[name]
    u = generator.random((5, 4))
    np.testing.assert_allclose(
        many.conditional("h", v=6 * u) / 6, one.conditional("h", v=u), atol=1e-12
    )
    np.testing.assert_allclose(many.reconstruct(6 * u) / 6, one.reconstruct(u), atol=1e-12)
    base = many.program.log_base("v", 6 * u)
    np.testing.assert_allclose(
        many.free_energy(v=6 * u) + base, 12 * one.free_energy(v=u), atol=1e-10
    )
