"""What models of the same units share of their compiled code."""

from __future__ import annotations

import ast
import builtins

import pytest

import bmdsl
from bmdsl import driver
from bmdsl.emit.build import build_module
from bmdsl.emit.sections import split

RBM = (
    "model m(D = 4, H = 3) {{ visible v[D] : {v}  hidden h[H] : {h}  param W, b  energy = - W[i,j]"
    " v[i] h[j] - b[i] v[i] }}"
)
MIXTURE = (
    "model m(D = 4) { visible v[D] : gaussian(sigma = 1)  hidden z : categorical(3)  param W "
    " energy = - W[i,k] v[i] z[k] }"
)
GLASS = (
    "model m(n = 6) { visible s[n] : spin  hidden h[n] : binary  param J, b  energy = - J[i] s[i]"
    " s[wrap(i+1)] - b[i] s[i] h[i] }"
)


def source(text: str) -> str:
    return driver.python_of(bmdsl.parse(text).checked)


def module(v: str, h: str):  # type: ignore[no-untyped-def]
    return build_module(source(RBM.format(v=v, h=h)))


def test_models_of_the_same_units_share_their_compiled_functions() -> None:
    one, other = module("binary", "spin"), module("spin", "gaussian(sigma = 1)")
    assert one is not other and one.draw_h is other.draw_v and one.bias_v_1 is not other.bias_v_1
    assert module("binary", "binary").draw_h is one.draw_v


def test_units_of_other_arguments_have_functions_of_their_own() -> None:
    made = module("binomial(3)", "binomial(5)")
    assert made.draw_v is not made.draw_h and made.mean_v is not made.mean_h


@pytest.mark.parametrize(
    "text",
    [
        RBM.format(v="binary", h="spin"),
        RBM.format(v="gaussian(sigma = 1)", h="nrelu"),
        MIXTURE,
        GLASS,
    ],
)
def test_every_text_defines_or_imports_all_that_it_uses(text: str) -> None:
    for part in split(source(text), lambda x: "another"):
        tree = ast.parse(part)
        known = set(dir(builtins))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                given = [*node.args.args, node.args.vararg, node.args.kwarg]
                known |= {node.name, *(a.arg for a in given if a is not None)}
            elif isinstance(node, ast.alias):
                known.add(node.asname or node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                known.add(node.id)
        used = {
            node.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        }
        assert used <= known


def test_a_text_without_headings_is_run_as_it_is() -> None:
    assert split("x = 1\n", str) == ["x = 1\n"]


def test_a_group_may_be_named_like_a_kind_of_units() -> None:
    n = RBM.replace("v[", "binary_units[").replace("h[", "spin_units[").format(v="spin", h="binary")
    made = build_module(source(n))
    assert (
        made.draw_binary_units is made.spin_units_draw
        and made.draw_spin_units is made.binary_units_draw
    )
