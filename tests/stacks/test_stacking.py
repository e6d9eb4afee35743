"""Stacks: each layer is trained on the hidden means of a frozen one below, kept in a folder of run
folders, and opened again.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bmdsl
from tests.cli.command import Bm

STACK = """
model low(D, H = 6) {
  visible v[D] : binary  hidden h[H] : binary
  param W init normal(0, 0.1), b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train { transform binarize(threshold)  batch 20  epochs 2 }
}
model high(D, K = 3) {
  visible v[D] : binary  hidden z : categorical(K)
  param W init normal(0, 0.1), d
  energy = - W[i,k] v[i] z[k] - d[k] z[k]
  train { batch 20  epochs 2 }
}
stack two {
  front : low(H = 5)
  mix   : high(K = 4) on front.h
}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "two.bm").write_text(STACK)
    np.save(tmp_path / "data.npy", np.random.default_rng(0).random((60, 9), dtype="float32"))
    return tmp_path / "two.bm"


def test_a_layer_is_trained_on_the_means_of_the_one_below_which_stays_as_it_was(file: Path) -> None:
    data = (np.load(file.parent / "data.npy") > 0.5).astype("float32")
    stack = bmdsl.load_stack(file).train(data, seed=3)
    alone = bmdsl.load(file, "low", D=9, H=5).compile(seed=3)
    alone.train(data, seed=3)
    np.testing.assert_array_equal(stack["front"].params["W"], alone.params["W"])
    means = alone.posterior(v=data)["h"]
    np.testing.assert_allclose(stack.states(data)["mix"]["v"], means, atol=1e-6)
    upper = bmdsl.load(file, "high", D=5, K=4).compile(seed=3)
    upper.params["W"], upper.params["d"] = stack["mix"].params["W"], stack["mix"].params["d"]
    np.testing.assert_allclose(
        stack.transform(data, "responsibilities"), upper.posterior(v=means)["z"], atol=1e-6
    )


def test_a_stack_opens_as_it_was_written(file: Path) -> None:
    data = (np.load(file.parent / "data.npy") > 0.5).astype("float32")
    stack = bmdsl.load_stack(file).train(data, file.parent / "run")
    again = bmdsl.open_stack(file.parent / "run")
    np.testing.assert_array_equal(again.transform(data), stack.transform(data))
    with pytest.raises(bmdsl.BmError, match="holds a stack"):
        bmdsl.open(file.parent / "run")
    with pytest.raises(bmdsl.BmError, match="BM916"):
        bmdsl.open_stack(file.parent / "run" / "mix")


def test_a_layer_that_is_not_there_and_data_out_of_range_say_so(file: Path) -> None:
    data = (np.load(file.parent / "data.npy") > 0.5).astype("float32")
    stack = bmdsl.load_stack(file).train(data)
    with pytest.raises(bmdsl.BmError, match="BM629.*no layer `middle`"):
        stack["middle"]
    for value in (np.nan, 7.0):
        data[3, 2] = value
        with pytest.raises(bmdsl.BmError, match=f"BM819.*{value:g} in case 3"):
            stack.transform(data)


def test_the_stack_s_own_settings_hold_in_every_layer(file: Path) -> None:
    file.write_text(STACK.replace("on front.h\n", "on front.h\n  train { greedily  epochs 1 }\n"))
    assert [x.model.checked.training.epochs for x in bmdsl.load_stack(file).layers] == [1, 1]
    file.write_text(STACK.replace("on front.h\n", "on front.h\n  train { jointly }\n"))
    assert bmdsl.load_stack(file).checked.jointly


def test_a_stack_of_shipped_models_is_trained_and_probed_from_the_command_line(
    tmp_path: Path, monkeypatch, capsys
) -> None:  # type: ignore[no-untyped-def]
    bm = Bm(tmp_path, monkeypatch, capsys)
    (tmp_path / "grey.bm").write_text(
        'import "gbrbm.bm"\nimport "bernoulli_mixture.bm"\nstack grey {\n  front : gbrbm(H = 8)\n'
        "  mix : bernoulli_mixture(K = 3) on front.h\n  train { epochs 1 }\n}\n"
    )
    done = bm("train", "grey.bm", "digits", "--out", "r")
    assert (
        done.returncode == 0
        and "front:" in done.stdout
        and "mix:" in done.stdout
        and (tmp_path / "r" / "mix" / "usage_z.png").exists()
    )
    found = bm("eval", "r", "--probe", "knn", "--features", "unnormalised")
    assert found.returncode == 0 and "knn(" in found.stdout and "3 features" in found.stdout
    assert "mix, digits" in bm("eval", "r").stdout
    refused = bm("train", "grey.bm", "-D", "H=3")
    assert refused.returncode == 1 and "BM929" in refused.stderr
