"""Every system of the language's own description checks: pairwise, third order, layered, lattices,
graphs, convolution, experts, stacks.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import bmdsl
from bmdsl.language.diagnostics import BmError
from bmdsl.language.model import Stack
from bmdsl.model import load_all

SYSTEMS = """
model imrbm(D = 784, K = 80, H = 100) {
  visible v[D] : binary
  hidden  h[H] : binary
  hidden  z    : categorical(K)
  param W, b, c, d
  energy = - W[i,j,k] v[i] h[j] z[k] - b[i,k] v[i] z[k] - c[j,k] h[j] z[k] - d[k] z[k]
}
model gbrbm(D = 1024, H = 2000, s = 1) {
  visible v[D] : gaussian(sigma = s)
  hidden  h[H] : binary
  param W, b, c
  energy = - b[i] v[i] - c[j] h[j] - W[i,j] v[i] h[j]
}
model dbm { visible v[784] : binary   hidden h1[500] : binary   hidden h2[500] : binary
  layers v -- h1 -- h2 }
model bm(D = 20, H = 8) {
  visible v[D] : binary   hidden h[H] : binary
  param U symmetric   param V symmetric
  param W, b, d
  energy = - U[i,j] v[i] v[j] for i < j - V[i,j] h[i] h[j] for i < j - W[i,j] v[i] h[j]
             - b[i] v[i] - d[j] h[j]
}
model ising(L = 64, J = 0.4406868) {
  visible s[L, L] : spin
  energy = - J s[x,y] s[wrap(x+1), y] - J s[x,y] s[x, wrap(y+1)]
}
model glass(n = 512) {
  graph G = regular(3, n, seed = 1)
  visible s[n] : spin
  param J
  energy = - J[i,j] s[i] s[j] for <i,j> in G
}
model potts(L = 53, q = 21) {
  visible s[L] : categorical(q)
  param f, J
  energy = - f[i,a] s[i,a] - J[i,a,j,b] s[i,a] s[j,b] for i < j
}
model convrbm(N = 255) {
  visible v[3,64,64]  : binomial(N)
  hidden  h[64,32,32] : binomial(N)
  param   W[3,64,4,4] init normal(0, 0.01)
  param   a, b
  energy = - W[c,k,p,q] v[c, pad(2*x+p-1), pad(2*y+q-1)] h[k,x,y] - a[c] v[c,x,y] - b[k] h[k,x,y]
}
model pot(D = 64, F = 128) {
  visible x[D] : gaussian(sigma = 100)
  param a[F] init 1.5 nonnegative
  param W
  energy = + a[j] log1p(0.5 square(W[i,j] x[i]))
}
model crbm(D = 49, T = 3, H = 100) {
  given   past[T, D] : gaussian
  visible v[D]       : gaussian
  hidden  h[H]       : binary
  param W, A, B, b, c
  energy = - W[i,j] v[i] h[j] - A[t,k,i] past[t,k] v[i] - B[t,k,j] past[t,k] h[j] - b[i] v[i]
             - c[j] h[j]
}
stack norb {
  front : gbrbm(D = 1024, H = 2000)
  mix   : imrbm(D = 2000, K = 100, H = 500) on front.h
  train { jointly }
}
"""
MODELS = ["imrbm", "gbrbm", "dbm", "bm", "ising", "glass", "potts", "convrbm", "pot", "crbm"]


@pytest.mark.parametrize("name", MODELS)
def test_a_system_checks(name: str) -> None:
    checked = bmdsl.parse(SYSTEMS, model=name).checked
    assert checked.name == name and checked.terms


def test_shapes_are_inferred_from_the_energy():
    shapes = {
        p.name: p.shape
        for p in bmdsl.parse(SYSTEMS, model="imrbm", D=5, H=4, K=3).checked.parameters
    }
    assert shapes == {"W": (5, 4, 3), "b": (5, 3), "c": (4, 3), "d": (3,)}
    assert bmdsl.parse(SYSTEMS, model="glass").checked.parameters[0].shape == (512 * 3 // 2,)
    assert bmdsl.parse(SYSTEMS, model="pot").checked.parameter("W").shape == (64, 128)


def test_a_file_of_models_and_stacks_checks(tmp_path: Path) -> None:
    file = tmp_path / "systems.bm"
    file.write_text(SYSTEMS)
    found = load_all(str(file), None, {})
    assert [m.name for m in found] == [*MODELS, "norb"]
    stack = found[-1].checked
    assert isinstance(stack, Stack) and stack.jointly
    assert [(p.name, p.below, p.group) for p in stack.parts] == [
        ("front", None, None),
        ("mix", "front", "h"),
    ]


@pytest.mark.parametrize(("name", "code"), [("norb", "BM864")])
def test_what_cannot_run_yet_is_refused_by_the_stage_that_cannot(name: str, code: str) -> None:
    with pytest.raises(BmError, match=code):
        bmdsl.parse(SYSTEMS, model=name).compile()


def test_an_upper_layer_takes_its_open_length_from_the_layer_below(tmp_path: Path) -> None:
    file = tmp_path / "s.bm"
    file.write_text("""
model rbm(D, H = 5) { visible v[D] : binary  hidden h[H] : binary  param W
  energy = - W[i,j] v[i] h[j] }
stack two { one : rbm(D = 9)  other : rbm(H = 2) on one.h }
""")
    stack = load_all(str(file), None, {})[-1].checked
    assert isinstance(stack, Stack) and stack.parts[1].model.group("v").axes == (5,)
