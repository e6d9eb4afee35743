"""An error hides no other one, and is followed by none that it has caused."""

from __future__ import annotations

import pytest

import bmdsl
from bmdsl.language.diagnostics import BmError

RIGHT = """model m(D = 4, H = 3) {
  visible v[D] : binary
  hidden  h[H] : binary
  graph g = ring(D)
  param W
  param s, b, c
  layers v -- h
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  energy += - s v[i] v[j] for <i,j> in g
  train {
    negative pcd(steps = 1)
    optimizer adam(rate = 0.1)
    epochs 5
    transform(v) none
  }
  data { v = "*" }
}
"""
MISTAKES = {
    "BM105": ("v[D] : binary", "v[D] : bernouli"),
    "BM101 of a length": ("h[H]", "h[HH]"),
    "BM605": ("ring(D)", "rink(D)"),
    "BM101 of layers": ("layers v -- h", "layers v -- hh"),
    "BM101 of a term": ("b[i] v[i]", "a[i] v[i]"),
    "BM304": ("c[j] h[j]", "c[j] h[j]^9"),
    "BM508": ("pcd(steps = 1)", "pdc(steps = 1)"),
    "BM509": ("adam(rate", "adam(rte"),
    "BM506": ("epochs 5", "epoch 5"),
    "BM526": ("transform(v)", "transform(w)"),
    "BM520": ('data { v = "*" }', 'data { v = "*"  w = a }'),
    "BM106": ("param W", "param W fixd"),
    "BM109": ("param s, b, c", "param s, b init norml(0, 1), c"),
    "BM212": ("param W", "param W symmetric"),
}


def codes(text: str) -> list[str]:
    with pytest.raises(BmError) as caught:
        bmdsl.parse(text)
    return sorted(d.code for d in caught.value.diagnostics)


def changed(*mistakes: str) -> str:
    text = RIGHT
    for name in mistakes:
        before, after = MISTAKES[name]
        assert before in text
        text = text.replace(before, after, 1)
    return text


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_once_and_alone(name: str) -> None:
    assert codes(changed(name)) == [name[:5]]


PAIRS = [
    (a, b)
    for k, a in enumerate(MISTAKES)
    for b in list(MISTAKES)[k + 1 :]
    if MISTAKES[a][0] != MISTAKES[b][0]
    # the shape of `W` is that of the groups whose declarations are wrong
    and not ({"BM105", "BM101 of a length"} & {a, b} and "BM212" in (a, b))
    # the unknown name in place of `b` leaves nothing to be said of `b`
    and {a, b} != {"BM101 of a term", "BM109"}
]


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_two_mistakes_are_both_told_and_nothing_else(a: str, b: str) -> None:
    assert codes(changed(a, b)) == sorted([a[:5], b[:5]])


def test_every_unknown_name_of_a_term_is_told_once() -> None:
    text = RIGHT.replace("W[i,j] v[i] h[j]", "W[i,j] x[i] y[j] - x[i]", 1)
    assert codes(text) == ["BM101", "BM101"]


def test_a_conflict_of_shapes_is_told_beside_an_unknown_type() -> None:
    text = RIGHT.replace("c[j] h[j]", "c[j] h[j] - c[i,j] h[i] h[j]", 1)
    assert codes(text.replace("v[D] : binary", "v[D] : bernouli", 1)) == ["BM105", "BM209"]
