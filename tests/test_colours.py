"""Images for groups of three axes: colours come first, wherever the data have them."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from bmdsl.fitting import flatten, image_shapes
from bmdsl.report.plots import montage

MODEL = """model m(C, S) { visible v[C,S,S] : gaussian  hidden h[2,S,S] : binary
  param W[C,2,3,3] energy = - W[c,k,p,q] v[c,pad(x+p-1),pad(y+q-1)] h[k,x,y] }"""


@pytest.mark.parametrize(("shape", "wanted"), [((5, 6, 6), (1, 6, 6)), ((5, 36), (1, 6, 6)), ((5, 6, 6, 3), (3, 6, 6)), ((5, 3, 6, 6), (3, 6, 6))])
def test_images_get_their_colours_first(shape: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=shape)
    model = bmdsl.parse(MODEL)
    found = flatten({"v": x}, model.checked)["v"]
    assert found.shape == (5, *wanted)
    bound = model.bind_data({"v": found.shape}).checked
    assert image_shapes({"v": x}, bound) == {"v": wanted[1:] if wanted[0] == 1 else wanted}
    if shape == (5, 6, 6, 3):
        np.testing.assert_array_equal(found[2, 1], x[2, :, :, 1])


def test_colours_first_or_last_make_the_same_picture() -> None:
    x = np.random.default_rng(0).random((4, 3, 8, 8))
    last = np.moveaxis(x, 1, 3)
    np.testing.assert_array_equal(montage(x, (3, 8, 8), 0.0), montage(last, (8, 8, 3), 0.0))
