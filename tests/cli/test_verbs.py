"""The command line as a user types it: results on stdout, diagnostics on stderr, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from .command import Bm
from .conftest import RBM

FAST = {"numba", "numpy", "lark", "matplotlib", "scipy", "networkx"}


def test_help_imports_nothing_heavy():
    code = (
        f"import sys, bmdsl.cli.main; assert not {FAST} & set(sys.modules), {FAST} &"
        " set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr == ""


LARGE = {"numba", "llvmlite", "scipy", "networkx", "matplotlib", "sklearn"}


def test_looking_at_a_model_imports_neither_compiler_nor_plots():
    code = (
        "import sys; from bmdsl.cli.main import status\nfor verb in ('check', 'plan', 'explain'):\n"
        "    sys.argv = ['bm', verb, 'rbm']\n    assert status() == 0\n"
        f"    assert not {LARGE} & set(sys.modules), (verb, {LARGE} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr == ""


def test_help_shows_the_verbs_in_the_order_they_are_needed(bm: Bm):
    lines = [line.strip("│ ") for line in bm("--help").stdout.splitlines()]
    verbs = [line.split()[0] for line in lines if line]
    order = [
        v
        for v in (
            "new",
            "check",
            "fmt",
            "expand",
            "explain",
            "plan",
            "graph",
            "emit",
            "train",
            "resume",
            "sample",
            "eval",
            "units",
            "data",
        )
    ]
    assert [v for v in verbs if v in order] == order


@pytest.mark.parametrize(
    "arguments",
    [
        "check rbm.bm",
        "expand rbm.bm",
        "explain rbm.bm",
        "explain rbm.bm --latex",
        "plan rbm.bm",
        "graph rbm.bm",
        "emit tree rbm.bm",
        "emit model rbm.bm",
        "emit graph rbm.bm",
        "emit plan rbm.bm",
        "emit python rbm.bm",
        "units",
        "units --json",
        "data",
        "data --json",
    ],
)
def test_a_verb_prints_its_result_with_lengths_open(bm: Bm, arguments: str):
    done = bm(*arguments.split())
    assert done.returncode == 0 and done.stdout
    assert done.stderr == "" or arguments == "graph rbm.bm"


def test_check_as_json(bm: Bm):
    assert json.loads(bm("check", "rbm.bm", "--json").stdout)["ok"] is True
    wrong = bm("check", "wrong.bm", "--json")
    assert wrong.returncode == 1 and json.loads(wrong.stdout)["diagnostics"][0]["code"] == "BM101"


def test_a_wrong_model_is_a_diagnostic_and_exit_1(bm: Bm):
    done = bm("check", "wrong.bm")
    assert (
        done.returncode == 1
        and "wrong.bm:5" in done.stderr
        and "did you mean `W`?" in done.stderr
        and done.stdout == ""
    )


@pytest.mark.parametrize(
    "arguments",
    [
        "check missing.bm",
        "sample nowhere",
        "eval .",
        "resume .",
        "fmt rbm",
        "emit nonsense rbm.bm",
        "check rbm.bm -D H",
    ],
)
def test_what_is_wrong_is_a_diagnostic_and_exit_1(bm: Bm, arguments: str):
    done = bm(*arguments.split())
    assert done.returncode == 1 and done.stderr.startswith("error[BM") and done.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        "nonsense",
        "check",
        "check rbm.bm --nonsense",
        "sample x -n many",
        "train rbm.bm --threads 0",
    ],
)
def test_wrong_usage_is_exit_2(bm: Bm, arguments: str):
    assert bm(*arguments.split()).returncode == 2


def test_a_file_that_is_no_text_is_a_diagnostic(bm: Bm):
    (bm.folder / "bytes.bm").write_bytes(b"\xff\xfe model")
    assert "BM910" in bm("check", "bytes.bm").stderr


def test_check_reads_every_model_of_a_file_and_a_name_chooses_one(bm: Bm):
    (bm.folder / "two.bm").write_text(
        RBM.replace("W[i,j]", "w[i,j]") + RBM.replace("model rbm", "model other")
    )
    assert bm("check", "two.bm", "--model", "other").stdout == "two.bm: model `other` is fine\n"
    both = bm("check", "two.bm")
    assert both.returncode == 1 and "two.bm:5" in both.stderr
    (bm.folder / "two.bm").write_text(
        RBM
        + RBM.replace("model rbm", "model other").replace("H = 3", "K = 3").replace("h[H]", "h[K]")
    )
    assert (
        bm("check", "two.bm", "-D", "K=4").stdout
        == "two.bm: model `rbm` is fine\ntwo.bm: model `other` is fine\n"
    )
    assert "`M`" in bm("check", "two.bm", "-D", "M=4").stderr


def test_our_own_bug_is_exit_70_and_says_so(bm: Bm):
    from bmdsl.cli.verbs import check

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("x")

    bm.monkeypatch.setattr(check, "load_all", broken)
    done = bm("check", "rbm.bm")
    assert done.returncode == 70 and "bug of bmdsl" in done.stderr


def test_an_interrupt_is_exit_130(bm: Bm):
    from bmdsl.cli.verbs import check

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    bm.monkeypatch.setattr(check, "load_all", interrupted)
    done = bm("check", "rbm.bm")
    assert done.returncode == 130 and done.stderr == "interrupted\n"


def test_denied_and_allowed_lints(bm: Bm):
    from dataclasses import replace

    from bmdsl.cli import options
    from bmdsl.language.diagnostics import Diagnostic

    lint = Diagnostic("BM999", "this is odd", level="warning")
    load_all = options.load_all

    def with_lint(*a, **k):  # type: ignore[no-untyped-def]
        models = load_all(*a, **k)
        for model in models:
            model.checked = replace(model.checked, lints=(lint,))
        return models

    bm.monkeypatch.setattr("bmdsl.cli.verbs.check.load_all", with_lint)
    plain = bm("check", "rbm.bm")
    assert plain.returncode == 0 and "warning[BM999]" in plain.stderr
    assert bm("check", "rbm.bm", "--allow", "BM999").stderr == ""
    denied = bm("check", "rbm.bm", "--deny", "all")
    assert denied.returncode == 1 and "error[BM999]" in denied.stderr
    assert json.loads(bm("check", "rbm.bm", "--json").stdout)["diagnostics"][0]["code"] == "BM999"
