"""What `--clamp` reads goes through the gate, and labels may be state numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bmdsl
from bmdsl.language.diagnostics import BmError
from bmdsl.tasks.sample import Chosen, Subject, draw

TEXT = "model m { visible v[3] : binary  visible y : categorical(3)  energy = - v[i] y[i] }"


def drawn(tmp_path: Path, group: str, x: np.ndarray) -> dict[str, np.ndarray]:
    np.save(tmp_path / "x.npy", x)
    machine = bmdsl.parse(TEXT).compile(backend="reference")
    chosen = Chosen(steps=1, clamp=(f"{group}={tmp_path / 'x.npy'}",))
    s = Subject(machine, tmp_path, {}, True, {})
    return dict(draw(s, 1, tmp_path / "o.npz", chosen).groups)


def test_labels_are_state_numbers_or_one_hot_rows(tmp_path: Path) -> None:
    labels = np.array([2, 0, 1, 1])
    for x in (labels, labels.astype(float), np.eye(3)[labels]):
        np.testing.assert_array_equal(drawn(tmp_path, "y", x)["y"], np.eye(3)[labels])


@pytest.mark.parametrize(
    ("group", "x", "said"),
    [
        ("v", np.array(1.0), "BM806.*`v`"),
        ("v", np.array([[0, 5, 1.0]]), "BM774.*`v`"),
        ("v", np.array([[0, np.inf, 1.0]]), "BM773.*`v`"),
        ("v", np.zeros((2, 7)), "BM806.*`v`"),
        ("y", np.array([3, 0]), "BM716.*`y`"),
        ("y", np.array([[1.0, 1, 0]]), "BM774.*`y`"),
        ("w", np.zeros((1, 3)), "BM804.*`w`"),
    ],
)
def test_what_no_unit_can_be_is_refused(
    tmp_path: Path, group: str, x: np.ndarray, said: str
) -> None:
    with pytest.raises(BmError, match=said):
        drawn(tmp_path, group, x)
