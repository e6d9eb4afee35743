"""`bm explain --latex`: what TeX takes, read by rule, and compiled where a TeX is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import bmdsl
from bmdsl.report import derivation, model_facts
from tests.golden.good_files import mother
from tests.report.explained_models import KINDS, SHIPPED

KNOWN = set(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma "
    "tau upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi "
    "Omega varphi begin end binom cdot cosh frac ge in langle le left log mathit mathrm mid "
    "ne operatorname partial prod propto quad rangle right sinh sqrt subsection sum tanh "
    "text ".split()
)
TEX = next((t for t in ("tectonic", "pdflatex", "latexmk") if shutil.which(t)), None)
ODD = """model m { visible λ_1[2] : binary  hidden ü_b[2] : spin  param W_x_y, σ
  energy = - W_x_y[η,j] λ_1[η] ü_b[j] - σ[j] ü_b[j] }"""


def documents() -> dict[str, str]:
    """Name → LaTeX of shipped models, lengths open and bound, of kinds, and of names that TeX does
    not take.
    """
    plans = {
        f"{n}{k}": bmdsl.load(n, **a).plan for n in SHIPPED for k, a in enumerate(({}, SHIPPED[n]))
    }
    plans |= {f"kind {k}": bmdsl.parse(f"model m{t}").plan for k, t in KINDS.items()}
    plans |= {"mother": mother().plan, "odd": bmdsl.parse(ODD).plan}
    return {n: f"{derivation.as_latex(p)}\n{model_facts.as_latex(p)}" for n, p in plans.items()}


def test_latex_keeps_the_rules_of_tex():
    for name, text in documents().items():
        assert text.isascii(), name
        formulas = re.sub(r"%.*|\\begin\{verbatim\}(?s:.*?)\\end\{verbatim\}", "", text)
        keeps_the_rules(formulas, name)


def keeps_the_rules(text: str, name: str) -> None:
    """Braces close, `\\left` has its `\\right` in the same group, no base has two scripts of a
    kind, every macro is known.
    """
    assert set(re.findall(r"\\([A-Za-z]+)", text)) <= KNOWN, (
        name,
        set(re.findall(r"\\([A-Za-z]+)", text)) - KNOWN,
    )
    bare = re.sub(r"\\[_ ,;{}\\\[\]]", " ", text)
    opened: list[tuple[str, set[str]]] = [("", set())]
    before = ""
    for token in re.findall(r"\\[A-Za-z]+|[{}_^']|\s|[^{}_^'\s\\]", bare):
        scripts = opened[-1][1]
        if token == "{" and before not in ("_", "^"):  # a new base
            scripts.clear()
        if token in ("{", r"\left"):
            opened.append((token, set()))
        elif token in ("}", r"\right"):
            assert opened.pop()[0] == {"}": "{", r"\right": r"\left"}[token], (name, text)
        elif token in "_^":
            assert token not in scripts, (name, f"two scripts {token}")
            scripts.add(token)
        elif not token.isspace() and token != "'":
            opened[-1][1].clear()
        before = token if not token.isspace() else before
    assert len(opened) == 1, (name, "braces are left open")


@pytest.mark.parametrize(
    "broken", [r"\frac{a}{b", r"W_{a}_{b}", r"x^{2}^{3}", r"\eta^{\unknown}", r"\left(a}"]
)
def test_what_tex_refuses_is_found(broken: str):
    with pytest.raises((AssertionError, IndexError)):
        keeps_the_rules(broken, "broken")


@pytest.mark.slow
@pytest.mark.skipif(TEX is None, reason="no TeX is installed")
def test_tex_compiles_it(tmp_path: Path):
    body = "\n\\newpage\n".join(documents().values())
    (tmp_path / "all.tex").write_text(
        "\\documentclass{article}\\usepackage{amsmath}\\begin{document}\n"
        + body
        + "\n\\end{document}\n"
    )
    command = {
        "tectonic": ["tectonic"],
        "pdflatex": ["pdflatex", "-halt-on-error", "-interaction=nonstopmode"],
        "latexmk": ["latexmk", "-pdf", "-halt-on-error"],
    }
    done = subprocess.run(
        [*command[str(TEX)], "all.tex"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:]
