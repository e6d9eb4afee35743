"""`bm verify`: shipped models, models of all kinds, what it prints and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import bmdsl
from bmdsl.tasks.verify import verify
from tests.cli.command import Bm

SIZES = {"factored": {"D": 4, "E": 4, "H": 4, "F": 3}, "local_rbm": {"S": 3, "R": 2}}
ARGUMENTS = {"convrbm": {"F": 2, "N": 1}}
MODELS = sorted(p.stem for p in (Path(__file__).parents[2] / "models").glob("*.bm"))


LIKE_OTHERS = {
    "bernoulli_mixture",
    "class_rbm",
    "convrbm",
    "crbm",
    "factored",
    "gated",
    "glass",
    "hopfield",
    "local_rbm",
    "pspin",
    "spin_rbm",
}
"""Verified by hand with the slow tests: their forms are among those of the others, of
test_shipped_models.py and test_convolution.py.
"""


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in LIKE_OTHERS else n for n in MODELS]
)
def test_a_shipped_model_is_verified(name: str) -> None:
    found = verify(bmdsl.load(name, **ARGUMENTS.get(name, {})), SIZES.get(name))
    assert found.passed, [r for r in found.rows if not r.passed]
    compared = {r.what for r in found.rows if not r.skipped}
    exact = (
        set() if name == "pot" else {"conditionals", "log Z", "gradient"}
    )  # experts leave neither in closed form
    assert {"energy", "sampler's marginals", "detailed balance", *exact} <= compared


@pytest.mark.parametrize(
    "text",
    [
        (
            "model m { visible x[6] : gaussian(sigma = 0.5)  hidden z : categorical(3)  param P, b "
            " energy = - P[i,k] x[i]^2 z[k] - b[i] x[i] }"
        ),
        (
            "model m { visible x[6] : rectified  hidden y[5] : exponential  param W  energy ="
            " W[i,j] x[i] y[j] }"
        ),
        (
            "model m { visible x[6] : poisson  hidden h[5] : multinary(4, gain = 0.5)  param W, b "
            " energy = - W[i,j] x[i] h[j] - b[i] x[i] }"
        ),
        (
            "model m { given y : categorical(10)  visible v[20] : binary  hidden h[9] : binary "
            " param W, U  energy = - W[i,j] v[i] h[j] - U[k,i] y[k] v[i] }"
        ),
        (
            "model m { visible v[6] : spin  param W[6,3], b  energy = + sum[j] abs(W[i,j] v[i]) -"
            " b[i] v[i] - sum[j] logcosh(W[i,j] v[i]) }"
        ),
        pytest.param(  # probabilistic max pooling: a filter and its pool fit into no smaller image
            "model m(S = 8, F = 4) { visible v[1, S, S] : binary  hidden h[F, (S - 2)/2, (S - 2)/2]"
            " : categorical(5)  param W[1, 3, 3, F], a, b  energy = - W[c,p,q,k] v[c, 2*x+d+p,"
            " 2*y+e+q] h[k,x,y,1+2*d+e] for d in 0..2, e in 0..2 - a[c] v[c,x,y] - b[k]"
            " h[k,x,y,1+2*d+e] for d in 0..2, e in 0..2 }",
            marks=pytest.mark.slow,
        ),
        (
            "model m { visible s[64, 64] : categorical(3)  param J  energy = - J s[x,y,a]"
            " s[pad(x+1),y,a] - J s[x,y,a] s[x,pad(y+1),a] }"
        ),
    ],
)
def test_models_of_every_kind_are_verified(text: str) -> None:
    found = verify(bmdsl.parse(text))
    assert found.passed, [r for r in found.rows if not r.passed]


def test_a_graph_from_a_file_is_cut_down(bm: Bm) -> None:
    lines = [f"{i},{(i + 1) % 200}" for i in range(200)] + [
        f"{i},{(7 * i + 3) % 200}" for i in range(0, 200, 3) if abs((7 * i + 3) % 200 - i) > 1
    ]
    once = {tuple(sorted(map(int, line.split(",")))) for line in lines}
    (bm.folder / "g.csv").write_text("\n".join(f"{a},{b}" for a, b in sorted(once)))
    (bm.folder / "m.bm").write_text(
        'model m { graph G = "g.csv"  visible s[200] : spin  param J  energy = - J[i,j] s[i] s[j]'
        " for <i,j> in G }"
    )
    done = bm("verify", "m.bm", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)[0]
    assert found["passed"] and found["sizes"]["nodes of G"] == found["sizes"]["200"] <= 12


def test_the_table_says_what_was_compared(bm: Bm) -> None:
    done = bm("verify", "rbm.bm", "--size", "H=3")
    assert done.returncode == 0, done.stderr
    assert (
        "ok    energy" in done.stdout and "H = 3" in done.stdout and "joint states" in done.stdout
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--size", "Q=3"], "has no size `Q`"),
        (["--size", "H"], "BM922"),
        (["--size", "H=0"], "BM922"),
    ],
)
def test_a_size_that_is_none_is_refused(bm: Bm, arguments: list[str], said: str) -> None:
    done = bm("verify", "rbm.bm", *arguments)
    assert done.returncode == 1 and said in done.stderr
