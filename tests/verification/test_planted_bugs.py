"""Faults put into the generated code: the row that each must fail does fail."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

import bmdsl
from bmdsl.emit import emit
from bmdsl.plan import building
from bmdsl.plan.plan import Plan
from bmdsl.tasks.verify import Verified, verify
from tests.cli.command import Bm

RBM = (
    "model m(D, H = 5) { visible v[D] : binary  hidden h[H] : spin  param W, b  energy = - W[i,j]"
    " v[i] h[j] - b[i] v[i] }"
)
RING = (
    "model m(n = 8) { visible s[n] : spin  param J, b  energy = - J[i] s[i] s[wrap(i+1)] - b[i]"
    " s[i] }"
)
COUNTS = RING.replace("n = 8", "n = 6").replace("spin", "binomial(2)")
"""Units of more than two values, whose chains are numbers."""


def planted(
    text: str, old: str | re.Pattern[str], new: str, monkeypatch: pytest.MonkeyPatch
) -> Verified:
    """What `verify` finds after `old`, a text or a pattern, has become `new` in generated code."""
    right: Callable[..., tuple[str, object]] = emit.emit_module

    def wrong(*a: object, **k: object) -> tuple[str, object]:
        source, *rest = right(*a, **k)
        made = source.replace(old, new) if isinstance(old, str) else old.sub(new, source)
        assert made != source, "the fault has no place in the generated code"
        return (made, *rest)

    monkeypatch.setattr(emit, "emit_module", wrong)
    return verify(bmdsl.parse(text))


def failed(found: Verified) -> set[str]:
    assert found.passed == (not [r for r in found.rows if not r.passed])
    return {r.what for r in found.rows if not r.passed}


@pytest.mark.parametrize(
    ("text", "old", "new", "caught"),
    [
        pytest.param(
            RBM,
            "out[r, p] = spin_mean(eta[r, p])",
            "out[r, p] = spin_mean(F(0.98) * eta[r, p])",
            "conditionals",
            id="a mean of the wrong field",
        ),
        pytest.param(
            RBM,
            re.compile(r"spin_(log_partition|rest)\(eta\[r, p\]\)"),
            r"spin_\1(eta[r, 0])",
            "free energy",
            id="A of another unit",
        ),
        pytest.param(
            RBM,
            "spin_sample(eta[r, p], u[p])",
            "spin_sample(eta[r, p], u[0])",
            "sampler's marginals",
            id="one uniform for all units",
        ),
        pytest.param(
            RBM,
            "binary_sample(eta[r, p], u[p])",
            "max(out[r, p], binary_sample(eta[r, p], u[p]))",
            "detailed balance",
            id="never goes off",
        ),
        pytest.param(
            RING,
            "d_J[i_i] -= scale",
            "d_J[i_i] += scale",
            "gradient",
            id="a gradient of the wrong sign",
        ),
        pytest.param(
            COUNTS,
            "eta[c] += w * X[d, c]",
            "eta[c] += F(0.5) * w * X[d, c]",
            "sampler's marginals",
            id="chains side by side, weak couplings",
        ),
        pytest.param(
            RING,
            "eta[r, d] += delta * value[e]",
            "eta[r, d] += F(0.5) * delta * value[e]",
            "sampler, few chains",
            id="few chains, half the change",
        ),
    ],
)
def test_a_fault_in_the_generated_code_is_caught(
    text: str,
    old: str | re.Pattern[str],
    new: str,
    caught: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert caught in failed(planted(text, old, new, monkeypatch))


TIED = """model m(D = 2) { visible v[D] : binary  hidden h[D] : binary  hidden g[D] : spin
  param A, B, C, b
  energy = - A[i,j] v[i] h[j] - B[i,j] v[i] g[j] - C[i,j] h[i] g[j] - b[i] v[i] }"""


def test_means_of_a_block_that_is_drawn_over_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    assert failed(verify(bmdsl.parse(TIED))) == set()
    monkeypatch.setattr(Plan, "mean_block", ("g",))  # the sweep ends with h
    with pytest.raises(bmdsl.BmError, match="BM885"):
        verify(bmdsl.parse(TIED))
    monkeypatch.setattr(building, "verify_schedule", lambda *_: None)
    assert failed(verify(bmdsl.parse(TIED))) == {"training gradient"}


def test_the_command_line_exits_with_1_where_a_row_fails(
    bm: Bm, monkeypatch: pytest.MonkeyPatch
) -> None:
    right: Callable[..., tuple[str, object]] = emit.emit_module

    def wrong(*a: object, **k: object) -> tuple[str, object]:
        source, *rest = right(*a, **k)
        return (
            source.replace(
                "out[r, p] = spin_mean(eta[r, p])", "out[r, p] = spin_mean(F(0.98) * eta[r, p])"
            ),
            *rest,
        )

    (bm.folder / "m.bm").write_text(RBM)
    monkeypatch.setattr(emit, "emit_module", wrong)
    done = bm("verify", "m.bm")
    assert (
        done.returncode == 1
        and "FAIL  conditionals" in done.stdout
        and "ok    energy" in done.stdout
    )


@pytest.mark.parametrize("text", [RBM, RING])
def test_the_same_models_pass_without_a_fault(text: str) -> None:
    found = verify(bmdsl.parse(text))
    assert failed(found) == set() and sum(not r.skipped for r in found.rows) >= 6
