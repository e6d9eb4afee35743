"""A saved machine whose tensors are not its model's is refused, not filled up at random."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open

import bmdsl
from tests.runs.rewriting import rewrite, rewrite_checkpoint

TEXT = """model m { visible v[2] : binary  hidden h[3] : binary  param W, b fixed
  energy = - W[i,j] v[i] h[j] - b[i] v[i] }"""
Arrays = dict[str, np.ndarray]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    bmdsl.parse(TEXT).compile(backend="reference").save(tmp_path / "m.safetensors")
    return tmp_path / "m.safetensors"


CHANGES: dict[str, tuple[Callable[[Arrays, dict[str, str]], Any], str]] = {
    "missing": (lambda a, m: a.pop("W"), "BM934.*`W`"),
    "all missing": (lambda a, m: a.clear(), "BM934.*`W`, `b`"),
    "surplus": (lambda a, m: a.update(w=a["W"]), "BM935.*`w`.*did you mean `W`"),
    "of another name": (lambda a, m: a.update(V=a.pop("W")), "BM934.*`W`"),
    "of another shape": (
        lambda a, m: a.update(W=a["W"].T.copy()),
        r"BM935.*`W`.*\(3, 2\).*\(2, 3\)",
    ),
    "one number for all": (
        lambda a, m: a.update(b=np.zeros(1, np.float32)),
        r"BM935.*`b`.*\(1,\).*\(2,\)",
    ),
    "of double precision": (
        lambda a, m: a.update(W=a["W"].astype(float)),
        "BM935.*`W`.*float64.*float32",
    ),
    "of whole numbers": (lambda a, m: a.update(W=a["W"].astype(np.int32)), "BM935.*`W`.*int32"),
    "NaN": (
        lambda a, m: a["b"].__setitem__(1, np.nan),
        r"BM773.*`b` from .*m.safetensors.*nan at \[1\]",
    ),
    "infinite": (
        lambda a, m: a["W"].__setitem__((1, 2), -np.inf),
        r"BM773.*`W` from .*-inf at \[1, 2\]",
    ),
    "arguments lost": (lambda a, m: m.pop("arguments"), "BM870.*damaged.*`arguments`"),
    "settings broken": (lambda a, m: m.update(settings="{"), "BM870.*damaged"),
    "origins broken": (lambda a, m: m.update(origins='[{"kind": 1}]'), "BM870.*damaged"),
    "seed broken": (lambda a, m: m.update(seed="x"), "BM870.*damaged"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_tensor_that_does_not_belong_is_refused(saved: Path, what: str) -> None:
    change, said = CHANGES[what]
    rewrite(saved, change)
    with pytest.raises(bmdsl.BmError, match=f"(?s){said}"):
        bmdsl.open(saved)


def test_edges_that_are_no_edges_are_refused(tmp_path: Path) -> None:
    text = """model m { graph G = regular(2, 4, seed = 1)  visible s[4] : spin  param J
      energy = - J[i,j] s[i] s[j] for <i,j> in G }"""
    path = tmp_path / "m.safetensors"
    bmdsl.parse(text).compile(backend="reference").save(path)
    for wrong in (
        np.zeros((4, 2)),
        np.zeros((4, 3), np.int64),
        np.full((4, 2), -1),
        np.array([[0, 9]]),
    ):
        rewrite(path, lambda a, m, wrong=wrong: a.update({"graph/G": wrong}))
        with pytest.raises(bmdsl.BmError, match="BM870.*edges of `G`"):
            bmdsl.open(path)


def test_a_checkpoint_whose_arrays_do_not_belong_is_refused(tmp_path: Path) -> None:
    model = bmdsl.parse(TEXT.replace(" fixed", ""))
    from bmdsl.training.loop import train

    machine = model.compile(backend="reference")
    x = {"v": np.eye(2, dtype="float32")}
    train(machine, x, model.checked.training, tmp_path / "run", metadata=model.metadata(machine))
    for change in (
        lambda a: a.update({"params/b": np.zeros(1, np.float32)}),
        lambda a: a.pop("params/W"),
        lambda a: a["params/W"].fill(np.nan),
    ):
        run = tmp_path / "changed"
        shutil.rmtree(run, ignore_errors=True)
        shutil.copytree(tmp_path / "run", run)
        rewrite_checkpoint(run, lambda a, m, change=change: change(a))
        with pytest.raises(bmdsl.BmError, match="BM757"):
            train(
                model.compile(backend="reference"),
                x,
                model.checked.training,
                run,
                metadata=model.metadata(machine),
                resume=True,
            )


@pytest.mark.parametrize(
    "facts", ["{", "[]", '{"format": "bmdsl stack 9", "layers": []}', '{"format": "bmdsl stack 1"}']
)
def test_a_damaged_stack_is_a_diagnostic(tmp_path: Path, facts: str) -> None:
    (tmp_path / "stack.json").write_text(facts)
    with pytest.raises(bmdsl.BmError, match="BM870"):
        bmdsl.open_stack(tmp_path)


@pytest.mark.parametrize(
    "number", [np.int64(4), np.int8(4), np.float64(4), np.array(4), np.uint64(4), 4.0], ids=repr
)
def test_numpys_scalars_are_arguments(tmp_path: Path, number: Any) -> None:
    made = bmdsl.load("rbm", D=3, H=number)
    machine = made.bind({"batch": np.int64(5)}).compile(backend="reference")
    assert machine.params["W"].shape == (3, 4)
    machine.save(tmp_path / "m.safetensors")
    assert bmdsl.open(tmp_path / "m.safetensors").model.group("h").shape == (4,)
    with safe_open(tmp_path / "m.safetensors", "numpy") as file:
        assert json.loads(file.metadata()["arguments"])["H"] == 4


@pytest.mark.parametrize(
    "value",
    [
        np.nan,
        np.inf,
        -np.inf,
        1j,
        np.complex128(4),
        "4",
        None,
        np.array([4]),
        [4],
        np.datetime64("2026-01-01"),
    ],
    ids=repr,
)
def test_what_is_no_finite_real_number_is_no_argument(value: Any) -> None:
    text = "model m(H) { visible v[H] : binary  energy = - v[i] }"
    for make in (
        lambda: bmdsl.load("rbm", D=3, H=value),
        lambda: bmdsl.load("rbm", D=3).bind(H=value),
        lambda: bmdsl.parse(text, H=value),
    ):
        with pytest.raises(bmdsl.BmError, match="BM775.*`H`"):
            make()
