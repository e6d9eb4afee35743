"""`a * (sum[i] x[i])^2` was tidied to `a (sum[i] x[i])^2`, which reads as a call of `a`."""

from __future__ import annotations

from bmdsl.language.format import format
from bmdsl.language.parse import parse
from bmdsl.language.source import Source


def test_the_star_is_kept():
    text = "model m {\n  visible x[2] : spin\n  param a\n  energy = - a * (sum[i] x[i])^2\n}\n"
    assert format(parse(Source("m.bm", text))) == text
