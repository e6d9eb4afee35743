"""What enters a machine: every unit type × every way in × every kind of array.

It comes out right, or is refused with its name and its place.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import bmdsl
from bmdsl import units

Array = np.ndarray
TEXT = """model m {{ visible v[2, 2] : {unit}  hidden h[2] : binary  param W, b
  energy = - W[{letters}, j] v[{letters}] h[j] - b[j] h[j] }}"""
NAMES = [n for n in units.names() if n != "binomial"] + ["binomial"]


def declared(name: str) -> str:
    """A type with small arguments, as a text has it: `binomial(N = 3)`."""
    unit = units.get(name)
    given = [(o.name, 2 if o.name == unit.states else 3) for o in unit.options if o.default is None]
    return name + (f"({', '.join(f'{n} = {x}' for n, x in given)})" if given else "")


def machine(name: str, dtype: str = "float64") -> Any:
    unit = units.get(name)
    shape = "[2, 2]" if unit.states is None and unit.components is None else "[2]"
    text = TEXT.format(unit=declared(name), letters="i,k").replace("[2, 2]", shape)
    made = bmdsl.parse(text).compile(seed=1, dtype=dtype, backend="reference")
    made.params["W"] = 0.1 * np.random.default_rng(0).standard_normal(made.params["W"].shape)
    return made


MACHINES = {name: machine(name) for name in NAMES}
STATES = {name: m.sample(3, steps=2)["v"] for name, m in MACHINES.items()}
H = np.array([[0.0, 1], [1, 1], [0, 0]])
WAYS: dict[str, Callable[[Any, Any], Any]] = {
    "energy": lambda m, v: m.energy(v=v, h=H),
    "free_energy": lambda m, v: m.free_energy(v=v),
    "posterior": lambda m, v: m.posterior(v=v),
    "conditional": lambda m, v: m.conditional("h", v=v),
    "log_likelihood": lambda m, v: m.log_likelihood(v),
    "gradient": lambda m, v: m.gradient(v),
    "variational_bound": lambda m, v: m.variational_bound(v),
    "marginals": lambda m, v: m.marginals(clamp={"v": v}),
    "exact_sample": lambda m, v: m.exact_sample(2, clamp={"v": v}),
    "sample, clamped": lambda m, v: m.sample(3, steps=1, clamp={"v": v}),
    "sample, started": lambda m, v: m.sample(3, steps=1, init={"v": v}),
    "observe": lambda m, v: m.observe("energy", n=3, draws=1, burn_in=0, init={"v": v}),
    "anneal": lambda m, v: m.anneal(3, sweeps=1, betas=(0.1, 1), clamp={"v": v}),
    "AIS": lambda m, v: m.estimate_log_partition(v, chains=4, steps=2),
    "AIS, started": lambda m, v: m.estimate_log_partition(
        chains=4, steps=2, start={"v": v, "h": H}
    ),
    "reconstruct": lambda m, v: m.reconstruct(v),
    "impute": lambda m, v: m.impute(v, False, steps=2),
    "transform": lambda m, v: m.transform(v),
}
MEANS = ("free_energy", "posterior", "conditional", "reconstruct", "transform")
"""Ways that take means of units too."""


def put(x: Array, value: Any, dtype: Any = None) -> Array:
    """The array with one entry of case 1 replaced."""
    out = np.array(x, dtype or x.dtype)
    out[(1, *(0 for _ in x.shape[1:]))] = value
    return out


WRONG: dict[str, tuple[Callable[[Array], Any], str]] = {
    "complex": (lambda x: put(x, 1 + 2j, complex), r"BM770.*complex128.*1\+2j at \[1, 0"),
    "dates": (
        lambda x: np.full(x.shape, "2026-01-01", "datetime64[D]"),
        "BM770.*datetime64.*2026-01-01",
    ),
    "durations": (lambda x: np.full(x.shape, 3, "timedelta64[s]"), "BM770.*timedelta64"),
    "texts": (lambda x: x.astype(str), "BM770.*<U"),
    "records": (lambda x: np.zeros(x.shape, [("a", float)]), "BM770"),
    "objects": (lambda x: put(x, None, object), r"BM770.*None at \[1, 0"),
    "a ragged list": (lambda x: [[1.0], [1.0, 2.0]], "BM770"),
    "a mask": (
        lambda x: np.ma.masked_array(x, put(np.zeros(x.shape, bool), True)),
        r"BM771.*1 of its \d+ entries.*\[1, 0",
    ),
    "a list of masks": (
        lambda x: [np.ma.masked_array(r, np.full(r.shape, k == 1)) for k, r in enumerate(x)],
        "BM771",
    ),
    "a sparse matrix past memory": (
        lambda x: scipy.sparse.coo_array((1 << 30, 1 << 20)),
        "BM946.*sparse.*memory|BM946.*sparse.*limit",
    ),
    "a generator": (lambda x: (row for row in x), r"BM947.*generator.*np.array\(list"),
    "a set": (lambda x: {1.0, 0.0}, "BM947.*set"),
    "infinite": (lambda x: put(x, np.inf), r"BM773.*inf at \[1, 0"),
    "beyond the type": (
        lambda x: put(x, np.longdouble("1e4000"), np.longdouble),
        r"BM772.*1e\+4000 at \[1, 0",
    ),
    "a whole number that is rounded": (
        lambda x: put(x, 2**60 + 1, np.int64),
        rf"BM772.*{2**60 + 1} at \[1, 0",
    ),
    "an unsigned one": (lambda x: put(x, 2**64 - 1, np.uint64), rf"BM772.*{2**64 - 1} at \[1, 0"),
    "a large Python number": (lambda x: put(x, 10**400, object), "BM772"),
    "no cases": (lambda x: np.float64(1), "BM806"),
    "another shape": (lambda x: np.zeros((3, 7)), "BM806"),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("way", WAYS)
def test_what_is_no_array_of_real_numbers_is_refused_wherever_it_enters(
    way: str, wrong: str
) -> None:
    make, said = WRONG[wrong]
    name = "gaussian" if "rounded" in wrong or "type" in wrong else "binary"
    with warnings.catch_warnings(), pytest.raises(bmdsl.BmError, match=f"(?s){said}") as error:
        warnings.simplefilter("error")  # NumPy's own word of a lost imaginary part would be one
        WAYS[way](MACHINES[name], make(STATES[name]))
    assert "`v`" in str(error.value)


OUTSIDE = {
    "binary": (5, 0.5, -1),
    "spin": (0, 2, 0.5),
    "categorical": (1.5, -1),
    "binomial": (-1, 1.5, 4),
    "poisson": (-1, 0.5),
    "multinary": (-0.5, 7),
    "exponential": (-0.1, 1.5),
    "nrelu": (-1,),
    "rectified": (-0.2,),
    "gaussian": (),
}


def test_every_type_has_values_outside_its_domain_here() -> None:
    assert set(OUTSIDE) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_states_outside_their_domain_are_refused_wherever_they_enter(name: str) -> None:
    low, high = units.get(name).ends(*MACHINES[name].program.plan.group("v").arguments)
    for value in OUTSIDE[name]:
        for way, enter in WAYS.items():
            x = put(STATES[name], value)
            if way in MEANS and (low <= value <= high):
                enter(MACHINES[name], x)
                continue
            with pytest.raises(bmdsl.BmError, match=r"(?s)BM(774|819).*`v`.*\[1, 0"):
                enter(MACHINES[name], x)


@pytest.mark.parametrize("way", MEANS)
def test_bits_are_no_means_of_spins(way: str) -> None:
    bits = np.array([[[0.0, 1], [1, 1]]] * 3)
    with pytest.raises(bmdsl.BmError, match=r"(?s)BM774.*`v`.*2 \* x - 1"):
        WAYS[way](MACHINES["spin"], bits)
    WAYS[way](MACHINES["spin"], 0 * bits)
    WAYS[way](MACHINES["spin"], 2 * bits - 1)


def test_one_of_k_is_one_hot_or_probabilities_where_means_are_meant() -> None:
    m = MACHINES["categorical"]
    for wrong in ([[0, 0], [1, 0]], [[1, 1], [1, 0]]):
        for way in WAYS:
            with pytest.raises(
                bmdsl.BmError, match=r"(?s)BM(774|819).*`v` holds \[(0, 0|1, 1)\].*\[0, 0\]"
            ):
                WAYS[way](m, np.array([wrong] * 3, float))
    assert m.conditional("h", v=np.full((3, 2, 2), 0.5)).shape == (3, 2)


class Table:
    """What a data frame is to NumPy."""

    def __init__(self, x: Array) -> None:
        self.x = x

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        return np.asarray(self.x, dtype)


def read_only(x: Array) -> Array:
    out = x.copy()
    out.flags.writeable = False
    return out


RIGHT: dict[str, Callable[[Array], Any]] = {
    "a list": lambda x: x.tolist(),
    "a list of rows": lambda x: list(x),
    "read-only": read_only,
    "not contiguous": lambda x: np.repeat(x, 2, axis=0)[::2],
    "in Fortran's order": np.asfortranarray,
    "backwards": lambda x: x[::-1][::-1],
    "the other byte order": lambda x: x.astype(">f8"),
    "half": lambda x: x.astype(np.float16),
    "whole numbers": lambda x: x.astype(np.int64),
    "unsigned": lambda x: np.abs(x).astype(np.uint64) if (x >= 0).all() else x,
    "booleans": lambda x: x.astype(bool) if set(x.ravel()) <= {0, 1} else x,
    "objects": lambda x: x.astype(object),
    "mixed objects": lambda x: np.array(
        [[bool(v) if v == 1 else int(v) for v in r] for r in x.reshape(3, -1)], object
    ),
    "a table": lambda x: Table(x.reshape(3, -1).astype(object)),
    "a matrix": lambda x: np.matrix(x.reshape(3, -1)),
    "a mask of nothing": lambda x: np.ma.masked_array(x, False),
    "flat": lambda x: x.reshape(3, -1),
}


@pytest.mark.parametrize("right", RIGHT)
def test_arrays_of_any_make_give_the_same_numbers(right: str) -> None:
    for name in ("binary", "spin", "categorical", "poisson"):
        m, x = MACHINES[name], STATES[name]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PendingDeprecationWarning)  # of `np.matrix`
            given = RIGHT[right](x)
        np.testing.assert_array_equal(m.energy(v=given, h=H), m.energy(v=x, h=H))
        np.testing.assert_array_equal(m.sample(3, steps=0, clamp={"v": given})["v"], x)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_what_a_machine_draws_it_takes(name: str, dtype: str) -> None:
    m = machine(name, dtype)
    drawn = m.sample(20, steps=3)
    assert np.isfinite(m.energy(**drawn)).all()
    back = m.conditional("v", h=m.posterior(v=drawn["v"])["h"])
    assert m.posterior(v=back)["h"].shape == (20, 2)


def test_data_beyond_single_precision_are_refused_by_a_single_machine_alone() -> None:
    m, x = machine("gaussian", "float32"), put(STATES["gaussian"], 1e39)
    with pytest.raises(bmdsl.BmError, match=r"(?s)BM772.*1e\+39 at \[1, 0, 0\].*float32.*float64"):
        m.energy(v=x, h=H)
    with pytest.raises(bmdsl.BmError, match=r"(?s)BM772.*16777217 at \[1, 0, 0\].*float32"):
        m.energy(v=put(np.round(STATES["gaussian"]), 2**24 + 1, np.int64), h=H)
    assert np.isfinite(m.energy(v=put(STATES["gaussian"], 2**24 + 2), h=H)).all()
    assert np.isfinite(MACHINES["gaussian"].energy(v=x, h=H)).all()


@pytest.mark.parametrize("way", ["energy", "free_energy", "log_likelihood", "variational_bound"])
def test_a_model_of_grey_levels_takes_means(way: str) -> None:
    text = TEXT.format(unit="binary", letters="i,k")[:-1] + "train { transform as_means } }"
    m = bmdsl.parse(text).compile(dtype="float64", backend="reference")
    assert np.isfinite(WAYS[way](m, np.full((3, 2, 2), 0.25))).all()
    with pytest.raises(bmdsl.BmError, match=re.compile("BM819.*`v` holds 1.25 in case 1", re.S)):
        WAYS[way](m, put(np.full((3, 2, 2), 0.25), 1.25))


class TestParameters:
    """`machine.params`: values that are set, and values that are written in place."""

    @pytest.fixture
    def m(self) -> Any:
        return machine("binary")

    @pytest.mark.parametrize(
        ("value", "code"),
        [
            (np.nan, "BM773"),
            (np.inf, "BM773"),
            (1 + 1j, "BM770"),
            ("a", "BM770"),
            (None, "BM770"),
            (np.datetime64("2026-01-01"), "BM770"),
            (np.longdouble("1e999"), "BM772"),
            (2**60 + 1, "BM772"),
            (10**400, "BM772"),
        ],
        ids=str,
    )
    def test_what_is_no_finite_real_number_is_refused(self, m: Any, value: Any, code: str) -> None:
        before = m.params["b"].copy()
        with pytest.raises(bmdsl.BmError, match=f"{code}.*parameter `b`"):
            m.params["b"] = [0, value]
        for change in (
            lambda: m.params.update(b=[0, value]),
            lambda: m.params.__ior__({"b": [0, value]}),
        ):
            with pytest.raises(bmdsl.BmError, match=code):
                change()
        np.testing.assert_array_equal(m.params["b"], before)

    def test_none_is_added_or_removed(self, m: Any) -> None:
        changes = (
            lambda: m.params.pop("b"),
            lambda: m.params.clear(),
            lambda: m.params.popitem(),
            lambda: m.params.__delitem__("W"),
        )
        for change in (*changes, lambda: m.params.update(w=1), lambda: m.params.setdefault("c", 1)):
            with pytest.raises(bmdsl.BmError, match="BM802"):
                change()
        assert set(m.params) == {"W", "b"}

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    @pytest.mark.parametrize("way", [*WAYS, "log_partition", "train"])
    def test_one_written_in_place_is_found_where_it_is_used(
        self, m: Any, way: str, value: float
    ) -> None:
        m.params["W"][0, 1, 1] = value
        with pytest.raises(
            bmdsl.BmError, match=r"BM773.*parameter `W` holds (nan|inf|-inf) at \[0, 1, 1\]"
        ):
            if way == "log_partition":
                m.log_partition()
            elif way == "train":
                m.train(np.zeros((3, 2, 2)), updates=1)
            else:
                WAYS[way](m, STATES["binary"])

    def test_large_finite_values_are_no_infinite_ones(self, m: Any) -> None:
        m.params["b"] = [1e308, 1e308]
        assert m.energy(v=np.zeros((1, 2, 2)), h=np.zeros((1, 2))) == 0

    def test_a_negative_value_of_a_nonnegative_parameter_is_refused(self) -> None:
        m = bmdsl.parse(
            "model m { visible v[2] : binary  param a nonnegative  energy = - a[i] v[i] }"
        ).compile(backend="reference")
        with pytest.raises(bmdsl.BmError, match=r"BM776.*`a` holds -1 at \[1\]"):
            m.params["a"] = [1, -1]


@pytest.mark.parametrize(
    ("mask", "code"),
    [
        (np.full((3, 2, 2), 2), "BM777"),
        (np.full((3, 2, 2), np.nan), "BM777"),
        (np.zeros((5, 2)), "BM777"),
        (np.full((3, 2, 2), "x"), "BM770"),
        (np.full((3, 2, 2), 1j), "BM770"),
    ],
)
def test_a_mask_is_of_ones_and_zeros(mask: Any, code: str) -> None:
    with pytest.raises(bmdsl.BmError, match=f"{code}.*mask"):
        MACHINES["binary"].impute(STATES["binary"], mask, steps=2)


def test_what_stands_in_a_hole_is_of_no_account() -> None:
    x, hole = put(STATES["spin"], 0), put(np.zeros((3, 2, 2), bool), True)
    found = MACHINES["spin"].impute(x, hole, steps=4)
    np.testing.assert_array_equal(found[~hole], x[~hole])


@pytest.mark.parametrize("beta", [1j, "1", np.nan, np.inf, -1.0, np.datetime64("2026-01-01")])
def test_inverse_temperatures_are_finite_numbers(beta: Any) -> None:
    for run in (
        lambda: MACHINES["binary"].sample(2, steps=1, beta=beta),
        lambda: MACHINES["binary"].observe(n=2, draws=1, burn_in=0, beta=beta),
    ):
        with pytest.raises(bmdsl.BmError, match="BM(770|773|814).*beta"):
            run()
