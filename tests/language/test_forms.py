"""Forms of terms against a reading of each term by loops, and each kind by an example."""

from __future__ import annotations

import itertools
import math
import string
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, note
from hypothesis import settings as options
from hypothesis import strategies as st

import bmdsl
from bmdsl.language.diagnostics import BmError
from bmdsl.language.forms import Form, TermForm, form_of, forms_of
from bmdsl.language.model import Model, Term
from bmdsl.language.structure import bias_of, coupling_of, shared_bias_of
from tests.naive import energy, letters_of, place

Arrays = Mapping[str, np.ndarray]
GROUPS = {
    "a": ("gaussian", (2,)),
    "b": ("spin", (2,)),
    "c": ("binomial(3)", (3,)),
    "d": ("spin", (2, 3)),
    "q": ("categorical(3)", ()),
    "w": ("binomial(2)", ()),
}
"""Name → unit type and shape; the state of `q` is its one subscript."""
AXES = {n: (3,) if n == "q" else shape for n, (_, shape) in GROUPS.items()}
LETTERS = {2: "ij", 3: "xy"}
"""Length of an axis → letters that run over it."""
HEAD = "graph G = ring(3) " + " ".join(
    f"visible {n}{list(shape) if shape else ''} : {unit}" for n, (unit, shape) in GROUPS.items()
)
REFUSED = {
    "BM206",
    "BM210",
    "BM220",
    "BM324",
    "BM213",
    "BM214",
    "BM207",
    "BM208",
    "BM301",
    "BM863",
    "BM202",
    "BM209",
    "BM612",
}
"""Letters without a range and the like: what is drawn need not be a model."""


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, str]:
    """A term of up to four units and three parameters, and the declarations of these."""
    units = []
    for name in draw(st.lists(st.sampled_from(sorted(GROUPS)), min_size=1, max_size=4)):
        parts = []
        for n in AXES[name]:
            x = draw(st.sampled_from(LETTERS[n]))
            plain = draw(st.integers(0, 4)) > 0
            odd = (f"wrap({x}+1)", f"pad({x}+1)", f"pad({x}+f)", f"wrap(2*{x})", "1")
            parts.append(x if plain else draw(st.sampled_from(odd)))
        units.append(name + (f"[{', '.join(parts)}]" if parts else ""))
        units[-1] += "^2" if draw(st.integers(0, 7)) == 0 else ""
    used = sorted({x for u in units for x in u.partition("[")[2] if x in "ijxyf"} - {"p", "a", "d"})
    parameters, declared = [], []
    for name in "JKL"[: draw(st.integers(0, 3))]:
        letters = draw(st.permutations([*used, "f"]).filter(bool))
        kept = list(dict.fromkeys(letters))[: draw(st.integers(0, len(set(letters))))]
        parameters.append(name + (f"[{', '.join(kept)}]" if kept else ""))
        lengths = {"i": 2, "j": 2, "x": 3, "y": 3, "f": 2}
        larger = int(draw(st.integers(0, 9)) == 0)
        declared.append(name + (str([lengths[x] + larger for x in kept]) if kept else ""))
    written = {x for f in (*units, *parameters) for x in f.partition("[")[2]}
    clauses = [f"{x} in 0..2" for x in "f" if x in written]
    for first, second in ("ij", "xy"):
        if {first, second} <= written and draw(st.booleans()):
            on_edges = [f"<{first},{second}> in G"] if first == "x" else []
            orders = [f"{first} < {second}", f"{first} != {second}"]
            clauses.append(draw(st.sampled_from(orders + on_edges)))
    if draw(st.integers(0, 9)) == 0 and "x" in written:
        clauses.append("x in 0..2")
    tail = f" for {', '.join(clauses)}" if clauses else ""
    return " ".join(["0.75", *parameters, *units]) + tail, ", ".join(declared)


def model_of(term: str, declared: str) -> Model:
    rest = "a[i] + b[i] + c[x] + d[i,x] + q[x] + w"
    parameters = f"param {declared}" if declared else ""
    energy = " + ".join(f"0 * {u}" for u in rest.split(" + "))
    return bmdsl.parse(
        f"model m {{ {HEAD} {parameters} energy = - {term} energy += {energy} }}"
    ).checked


def values_of(model: Model, generator: np.random.Generator) -> tuple[Arrays, Arrays]:
    """Random parameters and states, real numbers for every unit: a form says nothing of domains."""
    shapes = {p.name: tuple(int(n) for n in p.shape) for p in model.parameters}
    axes = {g.name: tuple(int(n) for n in g.axes) for g in model.groups}
    return (
        {n: generator.normal(size=s) for n, s in shapes.items()},
        {n: generator.normal(size=s) for n, s in axes.items()},
    )


def one(model: Model, term: Term, params: Arrays, state: Arrays) -> float:
    """The term's energy by loops."""

    class Only:
        terms = (term,)
        graphs = model.graphs
        group = staticmethod(model.group)

    return float(energy(Only, params, state))


def pairs_of(model: Model, term: Term) -> list[tuple[tuple[int, ...], ...]]:
    """The places of the term's units at every setting of its letters."""
    edges = {g.name: g.edges for g in model.graphs}
    axes = [tuple(int(n) for n in model.group(u.group).axes) for u in term.units]
    out = []
    for at, _ in letters_of(term, {}, edges):  # type: ignore[arg-type]
        found = [place(u.subscripts, at, a) for u, a in zip(term.units, axes, strict=True)]
        if None not in found:
            out.append(tuple(p for p in found if p is not None))
    return out


def by_einsum(inputs: list[tuple[tuple[str, ...], np.ndarray]]) -> float:
    """Σ over all letters of Π arrays."""
    names = dict(
        zip(
            sorted({x for letters, _ in inputs for x in letters}),
            string.ascii_letters,
            strict=False,
        )
    )
    text = ",".join("".join(names[x] for x in letters) for letters, _ in inputs)
    return float(np.einsum(f"{text}->", *(array for _, array in inputs)))


def unfolded(
    model: Model, term: Term, k: int, letters: tuple[str, ...], state: Arrays
) -> np.ndarray:
    """A unit's states with an axis for each letter that it is reached by."""
    u, ranges = term.units[k], {x.name: int(x.stop) for x in term.letters}
    axes = tuple(int(n) for n in model.group(u.group).axes)
    out = np.zeros([ranges[x] for x in letters])
    for values in np.ndindex(*out.shape):
        at = place(u.subscripts, dict(zip(letters, values, strict=True)), axes)
        out[values] = 0.0 if at is None else state[u.group][at]
    return out


def verify(model: Model, term: Term, form: TermForm, seed: int) -> None:
    """All that the form says, by loops over the term."""
    params, state = values_of(model, np.random.default_rng(seed))
    minus_energy = -one(model, term, params, state)
    close = pytest.approx(minus_energy, rel=1e-9, abs=1e-9)
    powers = [u.power for u in term.units]
    groups = [u.group for u in term.units]
    assert form.units == term.units and form.scale == -term.coefficient
    assert sorted(form.order) == list(range(len(groups)))
    assert (form.form is Form.EXPERT) == (term.expert is not None)
    assert (form.form is Form.CONSTANT) == (not groups and term.expert is None)
    assert (form.form is Form.BIAS) == (powers == [1])
    assert (form.form is Form.SQUARE) == (powers == [2])
    if form.form in (Form.COUPLING, Form.SQUARED_COUPLING):
        assert len(groups) == 2 and groups[0] != groups[1]
        assert (form.form is Form.COUPLING) == (powers == [1, 1])
    if form.form is Form.LATERAL:
        assert len(groups) == 2 and groups[0] == groups[1]
    if form.form in (Form.COUPLING, Form.LATERAL) and not term.conditions:
        places = pairs_of(model, term)
        same = term.units[0].subscripts == term.units[1].subscripts
        assert same or set(places) == set(itertools.product(*map(set, zip(*places, strict=True))))
    if form.form is Form.LISTED:
        assert len(groups) > 1
    if form.array is not None:
        arranged = [state[u.group] ** u.power for u in form.ordered]
        whole = params[form.array].reshape(math.prod(x.size for x in arranged))
        product = np.ones(1)
        for x in arranged:
            product = np.multiply.outer(product, x.ravel()).ravel()
        assert form.scale * whole @ product == close
        assert [p.parameter for p in term.parameters] == [form.array]
    if form.is_summed:
        inputs = []
        for p, letters in zip(term.parameters, form.parameter_letters, strict=True):
            assert letters is not None
            inputs.append((letters, params[p.parameter]))
        for k, letters in enumerate(form.unit_letters):
            if letters is None:
                subscripts = term.units[k].subscripts
                letters = tuple(dict.fromkeys(x for s in subscripts for x, _ in s.letters))
                inputs.append((letters, unfolded(model, term, k, letters, state)))
            else:
                inputs.append((letters, state[groups[k]]))
        assert form.scale * by_einsum(inputs) == close
        sites = {x for letters, _ in inputs for x in letters} - {
            x for letters in form.parameter_letters for x in letters or ()
        }
        one_array = len(groups) == 2 and len(term.parameters) == 1
        assert (form.form is Form.CONVOLUTION) == (bool(sites) and one_array)
    for letters, u in zip(form.unit_letters, term.units, strict=True):
        if letters is not None:
            ranges = {x.name: x for x in term.letters}
            lengths = tuple(int(ranges[x].stop) for x in letters)
            assert lengths == model.group(u.group).axes
            assert all(ranges[x].start == 0 for x in letters)
    if form.linear is not None:
        bent = {n: 3 * x if n == form.linear else x for n, x in params.items()}
        assert -one(model, term, bent, state) == pytest.approx(3 * minus_energy, rel=1e-9, abs=1e-9)
        for name in set(groups) if len(set(groups)) == len(groups) else set():
            longer = {n: 3 * x if n == name else x for n, x in state.items()}
            assert -one(model, term, params, longer) == pytest.approx(
                3 * minus_energy, rel=1e-9, abs=1e-9
            )
        assert not term.conditions
    coupling = coupling_of(model, term)
    if coupling is not None and _fits(model, coupling.parameter, term):
        both, left, right = coupling.letters
        x, y = (state[g] for g in coupling.groups)
        found = np.einsum(f"{both},{left},{right}->", params[coupling.parameter], x, y)
        assert coupling.scale * found == close


def _fits(model: Model, parameter: str, term: Term) -> bool:
    """Whether the parameter is no larger than the letters' ranges."""
    ranges = {x.name: x.stop for x in term.letters}
    subscripts = next(p.subscripts for p in term.parameters if p.parameter == parameter)
    return model.parameter(parameter).shape == tuple(ranges[str(s.letter)] for s in subscripts)


@options(max_examples=200, deadline=None)
@given(texts(), st.integers(0, 9))
def test_what_a_form_says_is_what_loops_over_the_term_give(text: tuple[str, str], seed: int):
    note(text)
    try:
        model = model_of(*text)
    except BmError as error:
        assert {d.code for d in error.diagnostics} <= REFUSED, str(error)
        assume(False)
    for term, form in zip(model.terms, forms_of(model), strict=True):
        verify(model, term, form, seed)


EXAMPLES: dict[str, tuple[str, str, Form, str | None]] = {
    "a number": ("", "2.5", Form.CONSTANT, None),
    "parameters alone": ("J[3]", "J[f] J[f] for f in 0..3", Form.CONSTANT, None),
    "a bias": ("J", "J[i] b[i]", Form.BIAS, "J"),
    "a shared bias": ("J", "J[x] d[i,x]", Form.BIAS, None),
    "a bias of some units": ("J[3]", "J[x] c[x] for x in 0..2", Form.BIAS, None),
    "a bias in another order": ("J", "J[x,i] d[i,x]", Form.BIAS, None),
    "a square": ("J", "J[i] a[i]^2", Form.SQUARE, "J"),
    "a matrix": ("J", "J[i,x] b[i] c[x]", Form.COUPLING, "J"),
    "a matrix turned": ("J", "J[x,i] b[i] c[x]", Form.COUPLING, "J"),
    "a matrix of more axes": ("J", "J[x,i,y] d[i,x] q[y]", Form.COUPLING, None),
    "a matrix of few values": ("J, K", "J[i] K[x] b[i] c[x]", Form.COUPLING, None),
    "a matrix with one unit": ("J", "J[x] w c[x]", Form.COUPLING, "J"),
    "a matrix of a square": ("J", "J[i,x] a[i]^2 c[x]", Form.SQUARED_COUPLING, "J"),
    "a square of the same site": ("J", "J[i] a[i]^2 b[i]", Form.SQUARED_COUPLING, None),
    "a matrix inside": ("J", "J[i,j] b[i] b[j] for i < j", Form.LATERAL, None),
    "a dense graph": ("J", "J[x,y] c[x] c[y] for <x,y> in G", Form.LATERAL, None),
    "a lattice": ("J", "J c[x] c[wrap(x+1)]", Form.LISTED, None),
    "a site that two groups share": ("J", "J[i,x] b[i] d[i,x]", Form.LISTED, None),
    "three units of one group": ("J", "J[x] c[x] c[wrap(x+1)] w", Form.LISTED, None),
    "a tensor": ("J", "J[x,i,y] b[i] c[x] q[y]", Form.TENSOR, "J"),
    "a tensor under a condition": ("J", "J[x,i,j] c[x] a[i] b[j] for i < j", Form.LISTED, None),
    "four groups": ("J", "J[i,j,x,y] a[i] b[j] c[x] q[y]", Form.CONTRACTION, None),
    "a low rank": (
        "J[2,2], K[3,2]",
        "J[i,f] K[x,f] b[i] c[x] for f in 0..2",
        Form.CONTRACTION,
        None,
    ),
    "a convolution": ("J[2,2]", "J[j,f] c[wrap(x+f)] d[j,x] for f in 0..2", Form.CONVOLUTION, None),
    "an expert": ("J[3,2]", "softplus(J[x,f] c[x]) for f in 0..2", Form.EXPERT, None),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_term_has_the_form_that_its_letters_say(name: str):
    declared, text, form, array = EXAMPLES[name]
    model = model_of(text, declared)
    found = form_of(model, model.terms[0])
    assert (found.form, found.array) == (form, array)
    if form is not Form.EXPERT:
        verify(model, model.terms[0], found, 0)


def test_every_form_has_an_example():
    assert {form for _, _, form, _ in EXAMPLES.values()} == set(Form)


def test_an_array_is_in_the_order_of_its_axes():
    model = model_of("J[x,i] b[i] c[x]", "J")
    assert [u.group for u in form_of(model, model.terms[0]).ordered] == ["c", "b"]
    model = model_of("J w q[0]", "J")
    assert form_of(model, model.terms[0]).order == (0, 1)


def test_lengths_that_wait_for_a_value_change_no_form():
    text = (
        "model m(D, H) { visible v[D] : spin  hidden h[H] : binary  param W, J, b"
        "  energy = - W[i,j] v[i] h[j] - J[i] v[i] v[wrap(i+1)] - b[j] h[j] }"
    )
    waiting = bmdsl.parse(text).checked
    bound = bmdsl.parse(text, D=3, H=4).checked
    forms: list[list[Any]] = [[(f.form, f.array) for f in forms_of(m)] for m in (waiting, bound)]
    assert forms[0] == forms[1] == [(Form.COUPLING, "W"), (Form.LISTED, None), (Form.BIAS, "b")]


COUNTING = {
    "bias": ("J w", Form.BIAS),
    "coupling": ("J[x,i] w c[x] a[i]", Form.LISTED),
    "matrix": ("J[x,i] c[x] a[i]", Form.COUPLING),
    "tensor": ("J[x,i,y] c[x] a[i] q[y]", Form.LISTED),
    "low_rank": ("J[x,f] K[i,f] c[x] a[i]", Form.COUPLING),
}


@pytest.mark.parametrize("name", COUNTING)
def test_a_letter_that_subscripts_nothing_multiplies_the_term(name: str):
    """A spin's square is 1 at each of its units: b[j]^2 is a factor of 2."""
    text, form = COUNTING[name]
    declared = {"low_rank": "J[3,2], K[2,2]"}.get(name, "J")
    clause = " for f in 0..2" if name == "low_rank" else ""
    model = model_of(f"{text} b[j]^2{clause}", declared)
    found = form_of(model, model.terms[0])
    assert (found.form, found.array, found.linear) == (form, None, None)
    assert coupling_of(model, model.terms[0]) is None and bias_of(model, "w") is None
    body = f"{HEAD} param {declared}  energy = - {text} b[j]^2{clause}"
    assert_energy(body, model)


PARTS = {
    "bias": ("J[3]", "J[x] c[x]", Form.BIAS),
    "coupling": ("J[3,2]", "J[x,i] c[x] a[i]", Form.COUPLING),
    "tensor": ("J[3,2,2]", "J[x,i,j] c[x] a[i] b[j]", Form.LISTED),
}


@pytest.mark.parametrize("name", PARTS)
def test_a_parameter_that_acts_on_a_first_part_of_the_units_is_not_their_array(name: str):
    """The range 0..2 starts where the axis of 3 does, but leaves its last unit out."""
    declared, text, form = PARTS[name]
    model = model_of(f"{text} for x in 0..2", declared)
    found = form_of(model, model.terms[0])
    assert (found.form, found.array) == (form, None) and None in found.unit_letters
    assert_energy(f"{HEAD} param {declared}  energy = - {text} for x in 0..2", model)


def assert_energy(body: str, model: Model) -> None:
    """The compiled energy of a model with this one term is that of loops over it."""
    machine = bmdsl.parse(f"model m {{ {body} }}").compile(dtype="float64", backend="reference")
    params, _ = values_of(model, np.random.default_rng(3))
    machine.params |= params
    state = {n: np.ones(a) for n, a in AXES.items()} | {"q": np.eye(3)[1]}
    rows = {n: x[None] for n, x in state.items()}
    alone = bmdsl.parse(f"model m {{ {HEAD}  energy = 0 * w }}").compile(
        dtype="float64", backend="reference"
    )
    term = machine.program.plan.model.terms[0]
    wanted = one(model, term, params, state) + alone.energy(**rows)[0]
    assert machine.energy(**rows)[0] == pytest.approx(wanted, rel=1e-9)


def test_a_power_that_no_form_has_is_none():
    model = model_of("J[i] a[i]^2", "J")
    (term,) = [t for t in model.terms if t.coefficient == -0.75] or model.terms[:1]
    cubed = Term(
        term.coefficient,
        term.parameters,
        tuple(type(u)(u.group, u.subscripts, 3) for u in term.units),
        term.letters,
    )
    assert form_of(model, cubed).form is None


def test_biases_are_einsums_of_their_letters():
    model = model_of("J[x] d[i,x]", "J")
    shared = shared_bias_of(model, "d")
    assert shared is not None and bias_of(model, "d") is None
    assert (shared.parameter, shared.scale, shared.letters) == ("J", 1.0, ("ab", "b"))
    own = bias_of(model_of("J[i] b[i]", "J"), "b")
    assert own is not None and (own.parameter, own.scale) == ("J", 1.0)
