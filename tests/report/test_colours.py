"""Images for groups of three axes: colours come first, wherever the data have them."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from bmdsl.data.finding import flatten, image_shapes
from bmdsl.report.plots import montage
from bmdsl.tasks.training_data import bound

MODEL = """model m(C, S) { visible v[C,S,S] : gaussian  hidden h[2,S,S] : binary
  param W[C,2,3,3] energy = - W[c,k,p,q] v[c,pad(x+p-1),pad(y+q-1)] h[k,x,y] }"""


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [
        ((5, 6, 6), (1, 6, 6)),
        ((5, 36), (1, 6, 6)),
        ((5, 6, 6, 3), (3, 6, 6)),
        ((5, 3, 6, 6), (3, 6, 6)),
    ],
)
def test_images_get_their_colours_first(shape: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=shape)
    model = bmdsl.parse(MODEL)
    found = flatten({"v": x}, model.checked)["v"]
    assert found.shape == (5, *wanted)
    bound = model.bind_data({"v": found.shape}).checked
    assert image_shapes({"v": x}, bound) == {"v": wanted[1:] if wanted[0] == 1 else wanted}
    if shape == (5, 6, 6, 3):
        np.testing.assert_array_equal(found[2, 1], x[2, :, :, 1])


@pytest.mark.parametrize(("shape", "wanted"), [("4, 9", (4, 9)), ("S, S", (6, 6))])
def test_flat_cases_fill_two_axes(shape: str, wanted: tuple[int, int]) -> None:
    arguments, length = ("(S)", "S") if "S" in shape else ("", "9")
    model = bmdsl.parse(
        f"model m{arguments} {{ visible v[{shape}] : gaussian  hidden h[2] : binary  param"
        f" W[{length}, 2]  energy = - W[y,j] v[x,y] h[j] }}"
    )
    x = np.random.default_rng(0).normal(size=(5, 36))
    found = flatten({"v": x}, model.checked)["v"]
    np.testing.assert_array_equal(found, x.reshape(5, *wanted))
    machine = model.bind_data({"v": found.shape}).compile(seed=0)
    np.testing.assert_array_equal(machine.transform(x), machine.transform(found))
    with pytest.raises(bmdsl.BmError, match=r"(?s)BM806.*or flat, \(cases, 36\)"):
        machine.transform(x[:, :35])


def test_a_length_that_data_do_not_give_is_named_with_their_shape() -> None:
    with pytest.raises(
        bmdsl.BmError,
        match=r"(?s)BM865.*which the data do not give: `v` has shape \(cases, 35\).*-D .=\.\.\.",
    ):
        bound(bmdsl.parse(MODEL), np.zeros((5, 35)))


def test_models_and_machines_say_what_they_are() -> None:
    model = bmdsl.load("rbm", H=3)
    assert repr(model) == "Model rbm: v[D], h[3]"
    assert repr(model.bind(D=5).compile()) == "Machine of rbm: v[5], h[3], float32"


def test_colours_first_or_last_make_the_same_picture() -> None:
    x = np.random.default_rng(0).random((4, 3, 8, 8))
    last = np.moveaxis(x, 1, 3)
    np.testing.assert_array_equal(montage(x, (3, 8, 8), 0.0), montage(last, (8, 8, 3), 0.0))
