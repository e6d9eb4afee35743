"""Pictures of a run: every filter in its tile, one scale, and nothing where nothing makes sense."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

import bmdsl
from bmdsl.data.finding import image_shapes
from bmdsl.report.curve_groups import panel_of
from bmdsl.report.layer_filters import (
    combined,
    largest,
    layer_filters,
    shared_filters,
    weight_norms,
)
from bmdsl.report.plots import GAP, HEAD, LEAST, MARGIN, curves, montage, tiles
from bmdsl.report.run_pictures import write_pictures
from bmdsl.report.subject import Subject

COUPLED = """model m {
  visible v[4, 3] : binary  hidden h[5] : binary
  param W
  energy = - W[j,x,y] h[j] v[x,y]
}"""


@pytest.mark.parametrize(
    ("n", "shape"), [(1, (40, 40)), (7, (8, 8)), (100, (8, 8)), (12, (28, 20)), (5, (33, 32, 3))]
)
def test_a_montage_has_every_image_once_in_reading_order(n: int, shape: tuple[int, ...]):
    images = np.arange(n * int(np.prod(shape)), dtype=float).reshape(n, -1)
    picture = montage(images, shape, np.nan)
    zoom = max(1, LEAST // max(shape[:2]))
    height, width = zoom * shape[0], zoom * shape[1]
    columns = (picture.shape[1] + GAP) // (width + GAP)
    for k in range(n):
        y, x = (k // columns) * (height + GAP), (k % columns) * (width + GAP)
        assert np.array_equal(
            picture[y : y + height : zoom, x : x + width : zoom].ravel(), images[k]
        )
    assert 0.4 < picture.shape[0] / picture.shape[1] < 2.6
    assert np.isfinite(picture).sum() == images.size * zoom * zoom


@pytest.mark.parametrize(
    "direct", [COUPLED, COUPLED.replace("W[j,x,y]", "W[x,y,j]")], ids=["h first", "v first"]
)
def test_filters_are_the_energys_weights_largest_first(direct: str):
    machine = bmdsl.parse(direct).compile()
    weights = np.random.default_rng(0).normal(size=(5, 12)) * np.array([1, 5, 2, 4, 3])[:, None]
    machine.params["W"] = (
        weights.reshape(5, 4, 3) if "W[j" in direct else weights.T.reshape(4, 3, 5)
    )
    found = layer_filters(machine, "v")
    assert list(found) == ["h"]
    assert np.allclose(largest(found["h"], 9), weights[[1, 3, 4, 2, 0]], atol=1e-5)


@pytest.mark.parametrize("colours", [1, 3])
def test_filters_of_a_convolution_are_its_parameter_whatever_its_axes_order(colours: int):
    text = f"""model m {{ visible v[{colours}, 6, 6] : binary  hidden h[4, 3, 3] : binary
      param W[2, {colours}, 4, 2]
      energy = - W[p,c,k,q] v[c, 2*x+p, 2*y+q] h[k,x,y] }}"""
    machine = bmdsl.parse(text).compile()
    W = np.random.default_rng(0).normal(size=(2, colours, 4, 2))
    machine.params["W"] = W
    found = shared_filters(machine, "v")
    assert found is not None
    name, rows, shape = found
    assert name == "h" and shape == ((3, 2, 2) if colours == 3 else (2, 2))
    for k in range(4):
        assert np.allclose(rows[k].reshape(colours, 2, 2), W[:, :, k].transpose(1, 0, 2), atol=1e-6)
    assert shared_filters(bmdsl.parse(COUPLED).compile(), "v") is None


def test_no_filters_without_one_parameter_between_the_groups():
    text = (
        "model m { visible v[4] : binary  hidden h[3] : binary  param b, c  energy = - b[i] v[i] -"
        " c[j] h[j] }"
    )
    assert layer_filters(bmdsl.parse(text).compile(), "v") == {}


def test_higher_filters_combine_the_twenty_strongest_connections():
    machine = bmdsl.parse(
        "model m { visible v[9] : binary  hidden h[30] : binary  hidden g[4] : binary  layers v --"
        " h -- g }"
    ).compile(dtype="float64")
    generator = np.random.default_rng(0)
    W, V = generator.normal(size=(9, 30)), generator.normal(size=(30, 4))
    machine.params["W_v_h"], machine.params["W_h_g"] = W, V
    found = layer_filters(machine, "v")
    assert list(found) == ["h", "g"]
    for k in range(4):
        strongest = np.argsort(-np.abs(V[:, k]))[:20]
        assert np.allclose(found["g"][k], W[:, strongest] @ V[strongest, k])
    assert np.allclose(
        combined(V.T[:, :5], W.T[:5]), V.T[:, :5] @ W.T[:5]
    )  # fewer than twenty: all
    norms = weight_norms(machine)
    assert np.allclose(norms["W_v_h"], np.linalg.norm(W, axis=0)) and np.allclose(
        norms["W_h_g"], np.linalg.norm(V, axis=0)
    )


def test_image_shapes_come_from_the_data_the_group_or_a_square():
    model = bmdsl.load("rbm", D=560, H=2).checked
    assert image_shapes({"v": np.zeros((3, 28, 20))}, model) == {"v": (28, 20)}
    assert image_shapes({"v": np.zeros((3, 560))}, model) == {}
    assert image_shapes({"v": np.zeros((3, 64))}, bmdsl.load("rbm", D=64).checked) == {"v": (8, 8)}
    assert image_shapes({"v": np.zeros((3, 4, 3))}, bmdsl.parse(COUPLED).checked) == {"v": (4, 3)}


def test_pictures_of_constant_and_single_values_can_be_drawn(tmp_path: Path):
    for k, diverging in enumerate((True, False)):
        tiles(np.zeros((3, 16)), (4, 4), tmp_path / f"{k}.png", "zeros", diverging)
        assert (tmp_path / f"{k}.png").stat().st_size > 1000
    curves([{"epoch": 1, "update": 3, "seconds": 0.1, "rate": 0.1}], tmp_path / "c.png")
    assert (tmp_path / "c.png").exists() and not list(tmp_path.glob(".*"))


def test_tiles_are_drawn_pixel_by_pixel_beneath_a_title_that_is_not_cut(tmp_path: Path) -> None:
    Image = pytest.importorskip("PIL.Image")
    images = (np.random.default_rng(0).random((4, 64)) < 0.5).astype(float)
    title = "a title that is a good deal wider than these four images are, " * 2
    tiles(images, (8, 8), tmp_path / "few.png", title, diverging=False)
    drawn = np.asarray(Image.open(tmp_path / "few.png").convert("L")).astype(int)
    wanted = montage(images, (8, 8), 2.0)
    zoom = (len(drawn) - HEAD - MARGIN) // len(wanted)
    size = np.array(wanted.shape) * zoom
    left = (drawn.shape[1] - size[1]) // 2
    found = drawn[HEAD : HEAD + size[0], left : left + size[1]] // 64  # 0 and 3, between images 1
    np.testing.assert_array_equal(
        found, np.select([wanted == 0, wanted == 1], [0, 3], 1).repeat(zoom, 0).repeat(zoom, 1)
    )
    inked = np.flatnonzero((drawn[:HEAD] < 128).any(0))
    assert (
        inked[-1] - inked[0] > size[1]
        and MARGIN // 2 < inked[0]
        and inked[-1] < drawn.shape[1] - MARGIN // 2
    )


@pytest.mark.slow
def test_pictures_of_a_run_take_seconds_at_most(tmp_path: Path) -> None:
    run = (
        bmdsl.load("rbm").bind(None, D=64).compile().train("digits", out=tmp_path / "run", epochs=5)
    )
    subject = Subject(
        run.machine, {"v": (8, 8)}, run.metrics, run.chains, {"v": np.zeros((24, 64), np.float32)}
    )
    begun = time.process_time()
    assert len(write_pictures(subject, tmp_path)) == 6
    assert time.process_time() - begun < 5


def test_a_figure_that_was_measured_once_has_no_panel() -> None:
    once = {"a": [{"epoch": 9, "x": 1.0}], "b": [{"epoch": 9, "x": 2.0}]}
    assert panel_of("x", once) is None
    assert panel_of("x", {**once, "a": [{"epoch": 1, "x": 0.5}, *once["a"]]}) is not None
