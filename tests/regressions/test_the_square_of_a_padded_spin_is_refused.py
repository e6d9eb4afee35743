"""x² of a spin is 1, but only inside the edge: with `pad` it stood for 1 beyond it too."""

import pytest

import bmdsl

TEXT = """model m {
  visible s[3] : spin
  param a[5]
  energy = - a[i+1] %s
}"""


def test_an_even_power_of_a_padded_spin_is_refused() -> None:
    with pytest.raises(bmdsl.BmError, match=r"BM324.*1 inside the edge and 0 beyond it"):
        bmdsl.parse(TEXT % "s[pad(i)]^2 for i in 0..4")


def test_the_range_inside_the_edge_has_the_energy_that_was_meant() -> None:
    machine = bmdsl.parse(TEXT % "s[i]^2 for i in 0..3").compile(backend="reference")
    machine.params["a"] = [1.0, 2.0, 4.0, 8.0, 16.0]
    assert machine.energy(s=[[1, -1, 1]]) == pytest.approx(-14)
