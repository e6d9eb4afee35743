"""Declarations of parameters: their modifiers, and the values that they start from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast, get_args

from . import tree as t
from .constants import Bindings, constant, is_constant
from .diagnostics import counted, fail, near
from .model import Group, Initial, Length, Parameter, Side

MODIFIERS = ("fixed", "symmetric", "nonnegative")
INITIALS = {"normal": 2, "uniform": 2, "glorot": 0, "signs": 0, "logit_mean": 1, "mean": 1}
EXAMPLES = {
    "normal": "normal(0, 0.01)",
    "uniform": "uniform(-0.1, 0.1)",
    "glorot": "glorot()",
    "signs": "signs()",
    "logit_mean": "logit_mean(v)",
    "mean": "mean(v)",
}


def checked_parameter(
    p: t.ParameterDeclaration,
    shape: tuple[Length, ...],
    values: Bindings,
    groups: Mapping[str, Group],
    folder: Path | None,
) -> Parameter:
    """The parameter of this shape.

    Raises BM106 for an unknown modifier, BM107 to BM109 for a start that is none, BM111 for a
    modifier's argument.
    """
    flags: dict[str, bool | Side] = dict.fromkeys(MODIFIERS, False)
    for m in p.modifiers:
        name = m if isinstance(m, t.Name) else m.function
        if name.text not in MODIFIERS:
            close = near(name.text, MODIFIERS)
            hint = f"did you mean `{close}`?" if close else f"modifiers are {', '.join(MODIFIERS)}"
            raise fail("BM106", f"unknown modifier `{name.text}`", name.span, help=hint)
        flags[name.text] = True if isinstance(m, t.Name) else _side(m)
    init = _initial(p.init, len(shape), values, groups, folder)
    return Parameter(
        p.name.text,
        shape,
        init,
        bool(flags["fixed"]),
        flags["symmetric"],
        bool(flags["nonnegative"]),
        p.span,
    )


def _side(m: t.Call) -> Side:
    """`upper` of `symmetric(upper)`.

    BmError BM111 for an argument that a modifier does not take.
    """
    words = get_args(Side)
    found = [
        a.value.name.text
        for a in m.arguments
        if a.name is None and isinstance(a.value, t.Ref) and a.value.subscripts is None
    ]
    if m.function.text == "symmetric" and len(m.arguments) == 1 and found and found[0] in words:
        return cast(Side, found[0])
    if m.function.text != "symmetric":
        raise fail(
            "BM111",
            f"`{m.function.text}` takes no argument",
            m.span,
            help=f"write `{m.function.text}`",
        )
    close = near(found[0], words) if found else None
    raise fail(
        "BM111",
        f"`{m.span.text}` does not say which values both sides take",
        m.span,
        help=(
            f"did you mean `symmetric({close})`?"
            if close
            else ", ".join(f"`symmetric({w})`" for w in words) + ", or `symmetric` alone"
        ),
    )


def _initial(
    e: t.Expression | None,
    axes: int,
    values: Bindings,
    groups: Mapping[str, Group],
    folder: Path | None,
) -> Initial:
    if e is None:
        return Initial("normal", (0.0, 0.01)) if axes >= 2 else Initial("constant", (0.0,))
    if isinstance(e, t.String):
        path, _, key = e.value.partition(":")
        return Initial("file", (str((folder or Path()) / path), *((key,) if key else ())))
    if is_constant(e, values):
        value = constant(e, values)
        return Initial(
            "constant", (float(value or 0),)
        )  # an argument without a value is bound, and this looked at again, before it runs
    if isinstance(e, t.Call) and e.function.text in INITIALS:
        kind = e.function.text
        if len(e.arguments) != INITIALS[kind]:
            raise fail(
                "BM107",
                f"`{kind}` takes {counted(INITIALS[kind], 'argument')}",
                e.span,
                help=f"as `{EXAMPLES[kind]}`",
            )
        if kind in ("mean", "logit_mean"):
            group = e.arguments[0].value.span.text
            if group not in groups or groups[group].role != "visible":
                raise fail("BM108", f"`{kind}({group})` needs a visible group", e.arguments[0].span)
            return Initial(kind, (group,))  # type: ignore[arg-type]  # one of the kinds
        numbers = [constant(a.value, values) for a in e.arguments]
        if None in numbers or any(a.name for a in e.arguments):
            raise fail(
                "BM107",
                f"`{kind}` takes {INITIALS[kind]} numbers, in order and without names",
                e.span,
                help=f"as `{EXAMPLES[kind]}`",
            )
        return Initial(kind, tuple(float(x or 0) for x in numbers))  # type: ignore[arg-type]  # one of the kinds
    text = e.function.text if isinstance(e, t.Call) else e.span.text
    close = near(text, INITIALS)
    hint = f"did you mean `{close}`?" if close else f"a number, a file, or {', '.join(INITIALS)}"
    raise fail("BM109", f"`{text}` is no way to start a parameter", e.span, help=hint)
