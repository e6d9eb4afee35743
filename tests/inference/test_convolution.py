"""Terms that reach units by index arithmetic: every quantity against enumeration, kernels against a
loop, whatever stride, edge and size.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import signal, stats

import bmdsl
from bmdsl.runtime.terms.interface import GradientSum, Weighted
from tests.inference import enumerated

FORMS = {
    "padded_stride": (
        """visible v[2,3] : binary  hidden h[2,2] : binary
      param W[2,2,3], a, b
      energy = - W[c,k,p] v[c,pad(2*x+p-1)] h[k,x] - a[c] v[c,x] - b[k] h[k,x]"""
    ),
    "wrapped_image": (
        """visible v[2,3] : binary  hidden h[2,3] : spin
      param W[2,2], a, b
      energy = - W[p,q] v[wrap(x+p),wrap(y+q)] h[x,y] - a v[x,y] - b h[x,y]"""
    ),
    "inside": (
        """visible v[5] : binary  hidden h[2,3] : binary
      param W[3,2], a
      energy = - W[p,k] v[x+p] h[k,x] - a[i] v[i]"""
    ),
    "three_axes": (
        """visible v[2,2,2] : binary  hidden h[1,2,2] : binary
      param W[2,2,1], b
      energy = - W[p,q,r] v[x+p,pad(y+q),z+r] h[x,y,z] - b h[x,y,z]"""
    ),
    "colours": (
        """visible v[3] : categorical(3)  hidden h[2,2] : binary
      param W[3,2,2], a
      energy = - W[s,k,p] v[x+p,s] h[k,x] - a[s] v[i,s]"""
    ),
    "pool": (
        """visible v[5] : binary  hidden h[2,2] : categorical(3)
      param W[2,2], b
      energy = - W[p,k] v[2*x+d+p] h[k,x,1+d] for d in 0..2 - b[k] h[k,x,1+d] for d in 0..2"""
    ),
    "turned": (
        """visible v[2,2] : binary  hidden h[4] : binary
      param W[3,2], b
      energy = - W[p,k] v[k,x] h[pad(2*x+p-1)] - b[k] v[k,x]"""
    ),
    "one_by_one": (
        """visible v[2,3] : binary  hidden h[2,3] : binomial(2)
      param W[2,2], b
      energy = - W[c,k] v[c,x] h[k,x] - b[c] v[c,x]"""
    ),
    "deep": (
        """visible v[4] : binary  hidden h[2,3] : binary  hidden y[2,2] : binary
      param W[2,2], U[2,2,2], b
      energy = - W[k,p] v[x+p] h[k,x] - U[k,m,p] h[k,x+p] y[m,x] - b[i] v[i]"""
    ),
    "third_order": (
        """visible v[4] : binary  hidden h[2,2] : binary  hidden z : categorical(2)
      param W[2,2,3], b, d
      energy = - W[m,k,p] v[x+p] h[k,x] z[m] - b[i] v[i] - d[k] z[k]"""
    ),
    "one_pool": (
        """visible v[3] : binary  hidden h : categorical(3)
      param W[2], b
      energy = - W[p] v[d+p] h[1+d] for d in 0..2 - b[i] v[i]"""
    ),
}


def machine_of(name: str, jit: bool = True, dtype: str = "float64") -> bmdsl.Machine:
    return enumerated.machine_of(FORMS[name], jit, dtype)


@pytest.mark.parametrize("name", FORMS)
def test_exact_quantities_equal_enumeration(name: str) -> None:
    m = machine_of(name, jit=name == "pool")
    assert m.program.plan.contractions and not m.program.plan.listed
    enumerated.assert_exact_quantities(m, every=5)


@pytest.mark.parametrize("name", ["padded_stride", "pool", "third_order", "turned"])
def test_every_gradient_entry_equals_the_derivative_of_the_exact_likelihood(name: str) -> None:
    enumerated.assert_exact_gradient(machine_of(name, jit=False), entries=3)


@pytest.mark.parametrize("name", ["padded_stride", "wrapped_image", "pool", "turned"])
def test_the_kernels_give_what_the_plain_sums_give(name: str) -> None:
    fast, plain = machine_of(name), machine_of(name, jit=False)
    generator = np.random.default_rng(0)
    rows = {n: generator.random((7, size)) for n, size in fast.program.sizes.items()}
    for group in rows:
        others = {n: x for n, x in rows.items() if n != group} | {group: 0 * rows[group]}
        found, wanted = (
            m.program.field(m.program.couple(m.params), group, others) for m in (fast, plain)
        )
        np.testing.assert_allclose(found, wanted, atol=1e-12)
    weights = generator.random(7)
    grads = [{p: np.zeros_like(x) for p, x in m.params.items()} for m in (fast, plain)]
    for m, g in zip((fast, plain), grads, strict=True):
        m.program.accumulate(m.params, rows, weights, g, 2.0)
    for p in grads[0]:
        np.testing.assert_allclose(grads[0][p], grads[1][p], atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(0, 3),
    st.integers(1, 7),
    st.integers(1, 5),
    st.integers(1, 9),
    st.sampled_from(["pad", "wrap"]),
    st.integers(0, 2**31),
)
def test_any_stride_edge_and_size_equals_the_loop(
    channels: int,
    filters: int,
    width: int,
    stride: int,
    shift: int,
    length: int,
    sites: int,
    cases: int,
    edge: str,
    seed: int,
) -> None:
    text = f"""model m {{ visible v[{channels},{length}] : gaussian
      hidden h[{filters},{sites}] : binary
      param W[{channels},{filters},{width}] energy =
      - W[c,k,p] v[c,{edge}({stride}*x+p-{shift})] h[k,x] }}"""
    assume(width <= length)  # else BM220
    ends = (-shift + width - 1, stride * (sites - 1) - shift)
    assume(
        edge == "wrap" or (ends[0] >= 0 and ends[1] < length)
    )  # else BM221: a site that sees nothing
    calls = bmdsl.parse(text).compile(dtype="float64").program
    (term,) = calls.couplings
    generator = np.random.default_rng(seed)
    w = generator.normal(size=(channels, filters, width))
    v, h = (
        generator.normal(size=(cases, channels * length)),
        generator.normal(size=(cases, filters * sites)),
    )
    wanted = {"v": np.zeros_like(v), "h": np.zeros_like(h), "W": np.zeros_like(w)}
    for c, k, p, x in itertools.product(
        range(channels), range(filters), range(width), range(sites)
    ):
        place = stride * x + p - shift
        place = place % length if edge == "wrap" else place
        if 0 <= place < length:
            i, j = c * length + place, k * sites + x
            wanted["v"][:, i] += w[c, k, p] * h[:, j]
            wanted["h"][:, j] += w[c, k, p] * v[:, i]
            wanted["W"][c, k, p] += (v[:, i] * h[:, j]).sum()
    arrays = term.arrays({"W": w})
    for name, state in (("v", {"h": h}), ("h", {"v": v})):
        out = np.zeros_like(wanted[name])
        term.add_field(arrays, name, state, out[None])
        np.testing.assert_allclose(out, wanted[name], atol=1e-10)
    grads = {"W": np.zeros_like(w)}
    into = GradientSum(calls, {"W": w}, grads, 1.0)
    term.add_moment(Weighted({"v": v, "h": h}, np.ones(cases)), into)
    np.testing.assert_allclose(grads["W"], wanted["W"], atol=1e-10)


def test_volumes_are_convolved_as_scipy_does() -> None:
    """Three axes, a stride along the first: fields forward by SciPy's correlation, backward as its
    adjoint.
    """
    m = bmdsl.parse(
        """model m { visible v[2,5,4,6] : gaussian  hidden h[3,2,3,4] : binary  param W[2,3,3,2,3]
      energy = - W[c,k,p,q,r] v[c,2*x+p,y+q,z+r] h[k,x,y,z] }"""
    ).compile(seed=0, dtype="float64")
    assert m.program.plan.contractions and not m.program.plan.listed
    generator = np.random.default_rng(0)
    m.params["W"] = generator.normal(size=m.params["W"].shape)
    v, h = generator.normal(size=(3, 2, 5, 4, 6)), generator.normal(size=(3, 3, 2, 3, 4))
    wanted = np.stack(
        [
            [
                sum(signal.correlate(x[c], m.params["W"][c, k], "valid")[::2] for c in range(2))
                for k in range(3)
            ]
            for x in v
        ]
    )
    f = m.program.couple(m.params)
    up = m.program.field(f, "h", {"v": v.reshape(3, -1), "h": np.zeros((3, 72))})
    np.testing.assert_allclose(up, wanted.reshape(3, -1), atol=1e-10)
    down = m.program.field(f, "v", {"v": np.zeros((3, 240)), "h": h.reshape(3, -1)})[0]
    np.testing.assert_allclose(
        (down * v.reshape(3, -1)).sum(1), (up * h.reshape(3, -1)).sum(1), atol=1e-9
    )


def test_a_convolution_is_the_dense_machine_with_tied_weights() -> None:
    """The same P(v): every site's weights stand at their places in one matrix, zero elsewhere."""
    m = machine_of("padded_stride")
    dense = bmdsl.parse(
        "model d { visible v[6] : binary  hidden h[4] : binary  param W, a, b  energy = - W[i,j]"
        " v[i] h[j] - a[i] v[i] - b[j] h[j] }"
    )
    tied = dense.compile(dtype="float64")
    w = np.zeros((2, 3, 2, 2))
    for c, k, p, x in itertools.product(range(2), range(2), range(3), range(2)):
        if 0 <= 2 * x + p - 1 < 3:
            w[c, 2 * x + p - 1, k, x] += m.params["W"][c, k, p]
    tied.params["W"], tied.params["a"] = w.reshape(6, 4), np.repeat(m.params["a"], 3)
    tied.params["b"] = np.repeat(m.params["b"], 2)
    v = np.array(list(itertools.product((0.0, 1.0), repeat=6)))
    np.testing.assert_allclose(
        m.free_energy(v=v.reshape(-1, 2, 3)), tied.free_energy(v=v), atol=1e-10
    )


def test_the_sampler_of_a_convolution_with_pools_has_the_joint_distribution() -> None:
    m = machine_of("pool", dtype="float32")
    chains = m.sample(20_000, steps=40)
    v = chains["v"].astype(int)
    codes = v @ (2 ** np.arange(5))
    every = np.array(list(itertools.product((0.0, 1.0), repeat=5)))
    p = np.exp(-m.free_energy(v=every) - m.log_partition())
    wanted = np.zeros(32)
    wanted[(every.astype(int) @ (2 ** np.arange(5)))] = p * len(v)
    assert (
        stats.chisquare(np.bincount(codes, minlength=32), wanted * len(v) / wanted.sum()).pvalue
        > 1e-6
    )


def test_the_field_does_not_depend_on_the_number_of_threads() -> None:
    import numba

    m = machine_of("padded_stride", dtype="float32")
    v = np.random.default_rng(0).random((300, 6)).astype(np.float32)
    before = numba.get_num_threads()
    found = []
    for threads in (1, before):
        numba.set_num_threads(threads)
        found.append(
            m.program.field(
                m.program.couple(m.params), "h", {"v": v, "h": np.zeros((300, 4), np.float32)}
            ).copy()
        )
    numba.set_num_threads(before)
    assert (found[0] == found[1]).all()
