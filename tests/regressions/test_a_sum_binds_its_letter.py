"""`sum[i]` outside an expert bound nothing: the square of a sum was a sum of squares."""

from __future__ import annotations

import numpy as np

import bmdsl


def energy(text: str, **state: list[float]) -> float:
    machine = bmdsl.parse(f"model m {{ {text} }}").compile(dtype="float64", backend="reference")
    return float(machine.energy(**{n: np.array([x], float) for n, x in state.items()})[0])


def test_the_square_of_a_sum():
    assert energy("visible x[3] : binary  energy = (sum[i] x[i])^2", x=[1, 1, 1]) == 9


def test_the_product_of_two_sums():
    text = "visible x[3] : binary  visible y[3] : binary  energy = (sum[i] x[i]) * (sum[i] y[i])"
    assert energy(text, x=[1, 0, 0], y=[0, 1, 0]) == 1


def test_a_sum_inside_an_expert_inside_a_sum_keeps_its_place():
    text = "visible x[3] : spin  param W[3] init 2  energy = sum[k] softplus(sum[i] x[i] + W[k])"
    assert energy(text, x=[1, 1, -1]) == float(3 * np.log1p(np.exp(3)))
