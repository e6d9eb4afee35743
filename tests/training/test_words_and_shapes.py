"""Every word of training beside given groups of every shape and type: it trains, or a diagnostic
says why it does not; never a bare exception.
"""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest

import bmdsl
from bmdsl import units
from bmdsl.language.diagnostics import BmWarning
from bmdsl.registry import discover

SHAPES = ((), (2,), (2, 3))
SMALL = {"chains": 4, "replicas": 3}
CASES = 4


def _words(folder: str) -> list[str]:
    out = []
    for name, module in discover(f"bmdsl.training.{folder}").items():
        options = [f"{o.name} = {SMALL[o.name]}" for o in module.WORD.options if o.name in SMALL]
        flags = [o.name for o in module.WORD.options if o.kind == "boolean"]
        out.append(f"{name}({', '.join(options)})" if options else name)
        out += [f"{name}({flag} = true)" for flag in flags]
    return out


SETTINGS: list[dict[str, str | float]] = [
    *(
        {"positive": p, "negative": n}
        for p, n in itertools.product(_words("positive"), _words("negative"))
    ),
    *({"objective": o} for o in _words("objectives")),
    {"negative": "exact", "validate": 0.5},
    {"negative": "cd", "center": "on"},
    {"negative": "cd", "pretrain": "greedy(epochs = 1)"},
    *(
        {"negative": "cd", "penalty": p}
        for p in (
            "sparsity(h, target = 0.1)",
            "l1(A, 0.1)",
            "l2(A, 0.1)",
            "maxnorm(A, 1)",
            "equal_norms(A = 0.1)",
        )
    ),
]


class Type:
    """A unit type with arguments: how it is written, and values of it."""

    def __init__(self, name: str) -> None:
        self.unit = units.get(name)
        self.arguments = [
            float(o.default if o.default is not None else 2) for o in self.unit.options
        ]
        written = ", ".join(
            f"{o.name} = {v:g}" for o, v in zip(self.unit.options, self.arguments, strict=True)
        )
        self.text = f"{name}({written})" if written else name
        self.wide = self.unit.states is not None or self.unit.components is not None

    def values(self, shape: tuple[int, ...]) -> np.ndarray:
        rng = np.random.default_rng(2)
        if self.unit.components is not None:
            angle = rng.normal(size=(CASES, *shape))
            return np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        support = self.unit.support(*self.arguments)
        if support is not None:
            return support[rng.integers(0, len(support), (CASES, *shape))].astype(float)
        tries = (
            rng.uniform(0.1, 0.9, (CASES, *shape)),
            rng.integers(0, 3, (CASES, *shape)).astype(float),
        )
        return next(x for x in tries if np.all(self.unit.contains(x, *self.arguments)))


def _axes(letter: str, shape: tuple[int, ...], wide: bool) -> list[str]:
    return [f"{letter}{k}" for k in range(len(shape) + wide)]


def _model(
    given: Type | None, gshape: tuple[int, ...], visible: Type, vshape: tuple[int, ...], hidden: str
) -> str:
    def subscript(*letters: list[str]) -> str:
        joined = ",".join(x for group in letters for x in group)
        return f"[{joined}]" if joined else ""

    def size(shape: tuple[int, ...]) -> str:
        return f"[{', '.join(map(str, shape))}]" if shape else ""

    g, v = _axes("g", gshape, given is not None and given.wide), _axes("e", vshape, visible.wide)
    lines = [f"visible v{size(vshape)} : {visible.text}  param b"]
    energy = f"- b{subscript(v)} v{subscript(v)}"
    if given is not None:
        lines.append(f"given x{size(gshape)} : {given.text}  param A init normal(0, 0.01)")
        energy += f" - A{subscript(g, v)} x{subscript(g)} v{subscript(v)}"
    if hidden:
        lines.append("hidden h[2] : binary  param W init normal(0, 0.01), c")
        energy += f" - W{subscript(v, ['n'])} v{subscript(v)} h[n] - c[n] h[n]"
    if hidden == "one of K":
        lines.append("hidden z : categorical(3)  param D")
        energy += f" - D{subscript(v, ['k', 'n'])} v{subscript(v)} z[k] h[n]"
    return f"model m {{ {'  '.join(lines)}  energy = {energy} }}"


def _verify(
    text: str, data: dict[str, np.ndarray], jit: bool, settings: list[dict[str, str | float]]
) -> None:
    """Two updates of each setting, which monitors do not look at unless the model is compiled: they
    are slow without.
    """
    machine = bmdsl.parse(text).compile(dtype="float64", backend="numba" if jit else "reference")
    trained = 0
    for setting in settings:
        try:
            machine.train(
                data,
                batch=2,
                optimizer="sgd(rate = 1e-6)",
                **{"epochs" if jit else "updates": 1 if jit else 2},
                **setting,
            )
            trained += 1
        except bmdsl.BmError as refused:
            assert refused.diagnostics[0].message
    assert trained
    for ask in (
        machine.log_likelihood,
        machine.variational_bound,
        machine.gradient,
        machine.transform,
        machine.reconstruct,
    ):
        try:
            ask(data)
        except bmdsl.BmError as refused:
            assert refused.diagnostics[0].message


@pytest.fixture(autouse=True)
def _quiet() -> None:
    warnings.simplefilter("ignore", BmWarning)


PLAIN = [s for s in SETTINGS if "trajectory" not in str(s.get("negative"))]
"""Its first log Z takes long without compiled code."""
QUICK = [
    s
    for s in SETTINGS
    if s.get("positive", "exact") == "exact"
    and str(s.get("negative", "cd")).split("(")[0] in ("cd", "exact")
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", units.names())
def test_a_given_group_of_any_type_and_shape(name: str, shape: tuple[int, ...]) -> None:
    given, visible = Type(name), Type("binary")
    data = {"x": given.values(shape), "v": visible.values((2,))}
    _verify(_model(given, shape, visible, (2,), "plain"), data, False, QUICK)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", units.names())
def test_a_visible_group_of_any_type_and_shape(name: str, shape: tuple[int, ...]) -> None:
    visible = Type(name)
    _verify(
        _model(None, (), visible, shape, ""),
        {"v": visible.values(shape)},
        False,
        [s for s in PLAIN if s.get("positive", "exact") == "exact"],
    )


def test_compiled_models_of_visible_units_alone() -> None:
    visible = Type("binary")
    _verify(_model(None, (), visible, (3,), ""), {"v": visible.values((3,))}, True, SETTINGS)


@pytest.mark.parametrize("shape", SHAPES)
def test_compiled_models_with_given_groups(shape: tuple[int, ...]) -> None:
    given, visible = Type("binary"), Type("binary")
    data = {"x": given.values(shape), "v": visible.values((3,))}
    _verify(_model(given, shape, visible, (3,), "plain"), data, True, QUICK)


@pytest.mark.slow
@pytest.mark.parametrize("hidden", ["", "plain", "one of K"])
@pytest.mark.parametrize("vshape", SHAPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", units.names())
def test_all_together(
    name: str, shape: tuple[int, ...], vshape: tuple[int, ...], hidden: str
) -> None:
    kind, binary = Type(name), Type("binary")
    for given, visible in ((kind, binary), (binary, kind)):
        _verify(
            _model(given, shape, visible, vshape, hidden),
            {"x": given.values(shape), "v": visible.values(vshape)},
            False,
            PLAIN,
        )
        if hidden:
            _verify(
                _model(None, (), visible, vshape, hidden),
                {"v": visible.values(vshape)},
                False,
                PLAIN,
            )


def test_nothing_to_train_is_said() -> None:
    machine = bmdsl.parse("model m { visible s[3] : spin  energy = - s[i] s[wrap(i+1)] }").compile(
        backend="reference"
    )
    for setting in SETTINGS:
        with pytest.raises(bmdsl.BmError):
            machine.train(np.ones((4, 3)), updates=1, **setting)
    with pytest.raises(bmdsl.BmError, match="BM886"):
        machine.train(np.ones((4, 3)), epochs=1)


def test_fixed_parameters_alone_are_no_error() -> None:
    machine = bmdsl.parse(
        "model m { visible s[3] : spin  param J init 1 fixed  energy = - J s[i] s[wrap(i+1)] }"
    ).compile(backend="reference")
    machine.train(np.ones((4, 3)), epochs=2)
    assert machine.params["J"] == 1
