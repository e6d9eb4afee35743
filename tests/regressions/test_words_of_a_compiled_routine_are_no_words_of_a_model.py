"""A compiled routine took a model's words for its own: a parameter `n` for the model's lengths, a
group `steps` or `states_z` for a
number of the routine's, a group `x2` for the square of x, a group `rows` for the size of a
minibatch.
"""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl

pytestmark = pytest.mark.compiled

TEXT = """model m {{ visible {x}[3] : gaussian(sigma = 0.7)  hidden {h}[3] : spin
  hidden {z} : categorical(3)
  param {W}, {B}, {b}
  energy = - {W}[i,j] {x}[i] {h}[j] + 0.125 {B}[i,j] {x}[i]^2 {h}[j] - {b}[i,k] {x}[i] {z}[k]
             + 0.1 {x}[i]^2 - 0.2 {h}[j]
  train {{ positive meanfield(steps = 3)  negative cd(steps = 2)  optimizer sgd(rate = 0.05)
  batch 4  epochs 2 }} }}"""
PLAIN = dict(zip("xhzWBb", "xhzWBb", strict=True))
WORDS = (
    {"h": "x2"},
    {"W": "n", "B": "k"},
    {"W": "stream", "B": "step"},
    {"x": "rows", "h": "cases", "z": "each"},
    {"h": "states_z", "W": "seed"},
    {"x": "start", "h": "starts", "B": "rate"},
    {"x": "free", "h": "even_weights", "W": "one"},
    {"h": "x_of", "W": "x_all"},
    {"W": "p_B", "b": "d_B_raw"},
)


def trained(words: dict[str, str]) -> dict[str, np.ndarray]:
    """Parameters after two epochs, the last minibatch of each smaller than the others, and samples,
    under the plain words.
    """
    machine = bmdsl.parse(TEXT.format(**PLAIN | words)).compile(seed=2, dtype="float64")
    generator = np.random.default_rng(0)
    for name in ("W", "B", "b"):
        found = words.get(name, name)
        machine.params[found] = generator.normal(0, 0.3, machine.params[found].shape)
    machine.train(generator.normal(0, 1, (10, 3)), progress=False)
    samples = machine.sample(4, steps=3)
    out = {name: np.asarray(machine.params[words.get(name, name)]) for name in ("W", "B", "b")}
    return out | {name: samples[words.get(name, name)] for name in ("x", "h", "z")}


@pytest.mark.parametrize("words", WORDS, ids=lambda words: " ".join(words.values()))
def test_a_model_trains_and_samples_alike_whatever_its_words(words: dict[str, str]) -> None:
    plain, found = trained({}), trained(words)
    for name, x in plain.items():
        np.testing.assert_allclose(found[name], x, rtol=0, atol=1e-10, err_msg=name)
