"""Train blocks against the vocabulary: words, options, kinds and bounds checked, defaults filled
in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from . import tree as t
from .constants import MAX_LENGTH, MAX_SEED, Bindings, constant
from .diagnostics import BmError, Diagnostic, counted, fail, near
from .model import Choice, Temperature, Training, Value
from .vocabulary import Option, Vocabulary, Word

NUMBERS = {
    "batch": (1, MAX_LENGTH),
    "epochs": (1, MAX_LENGTH),
    "updates": (1, MAX_LENGTH),
    "patience": (1, MAX_LENGTH),
    "seed": (0, MAX_SEED),
}
"""Whole numbers that a setting may be, from and to."""
WORDS = ("positive", "negative", "objective", "optimizer", "schedule", "pretrain")
LISTS = ("penalty", "transform")
WINDOW = (Option("window", "integer", 256, low=1, high=1 << 20),)
STREAMING = {
    "auto": Word("auto", WINDOW, "folders of shards, and files of more than 2²⁸ numbers"),
    "always": Word("always", WINDOW, "cases are read as they are needed"),
    "never": Word("never", (), "all cases are read before training"),
}
"""When data are read while a machine trains on them; a window is in MB."""
SETTINGS = (
    *NUMBERS,
    "validate",
    "monitor",
    "checkpoint",
    "streaming",
    "center",
    "data",
    "temperature",
    *WORDS,
    *LISTS,
)
"""All that a train block may set."""
SETTINGS_FORMERLY: dict[str, tuple[str, ...]] = {}
"""Setting → names that earlier versions had for it."""


def training(
    block: t.TrainBlock | None,
    vocabulary: Vocabulary,
    arguments: Bindings,
    names: Mapping[str, tuple[str, ...]],
    wrong: list[Diagnostic],
) -> Training:
    """The block with every default filled in; what is wrong goes to `wrong`.

    `names`: parameters and groups, by kind.
    """
    out = Training()
    seen: set[str] = set()
    for s in block.settings if block else ():
        try:
            name = s.name.text
            for key in [f"{name}({g.text})" for g in s.groups] or [name]:
                if key in seen and name != "temperature":
                    raise fail("BM501", f"`{key}` is set twice", s.name.span)
                seen.add(key)
            out = replace(out, **_setting(s, name, vocabulary, arguments, names, out))
        except BmError as error:
            wrong.extend(error.diagnostics)
    return out


def _setting(
    s: t.Setting,
    name: str,
    v: Vocabulary,
    arguments: Bindings,
    names: Mapping[str, tuple[str, ...]],
    so_far: Training,
) -> dict[str, Any]:
    first = s.values[0]
    if s.groups and name != "transform":
        raise fail(
            "BM525",
            f"`{name}` is not for single groups",
            s.groups[0].span,
            help=f"write `{name}` without parentheses; `transform(a) standardize` has them",
        )
    if name not in LISTS and len(s.values) > 1:
        raise fail("BM502", f"`{name}` takes one value", s.span)
    if name in NUMBERS:
        plain = isinstance(first, t.Number) and isinstance(
            first.value, int
        )  # exact, however large: a seed
        value = first.value if plain and isinstance(first, t.Number) else constant(first, arguments)
        low, high = NUMBERS[name]
        if value is None or not low <= value <= high or value != int(value):
            raise fail(
                "BM503",
                f"`{name}` must be a whole number of at least {low}"
                + (f" and at most {high:,}" if value is not None and value > high else ""),
                first.span,
            )
        return {name: int(value)}
    if name == "validate":
        value = constant(first, arguments)
        if value is None or not 0 <= value < 1:
            raise fail(
                "BM503", "`validate` is a share of the data, at least 0 and below 1", first.span
            )
        return {name: float(value)}
    if name == "monitor":
        value = constant(first, arguments)
        if value is None or not 0 <= value <= 1:
            raise fail(
                "BM503", "`monitor` is a share of the training's time, from 0 to 1", first.span
            )
        return {name: float(value)}
    if name == "checkpoint":
        value = constant(first, arguments)
        if value is None or not 0 < value < float("inf"):
            raise fail("BM503", "`checkpoint` is a number of seconds, above 0", first.span)
        return {name: float(value)}
    if name == "streaming":
        return {name: choice(first, name, STREAMING, arguments, names)}
    if name == "center":
        if not isinstance(first, t.Ref) or first.name.text not in ("on", "off"):
            raise fail("BM504", "`center` is on or off", first.span)
        return {name: first.name.text == "on", "center_span": s.span}
    if name == "data":
        return {name: first.value if isinstance(first, t.String) else first.span.text}
    if name == "temperature":
        return {name: (*so_far.temperature, _temperature(s, arguments, names))}
    if name in WORDS:
        return {name: choice(first, name, getattr(v, name), arguments, names)}
    if name == "transform":
        return _transforms(s, v, arguments, names, so_far)
    if name in LISTS:
        return {name: tuple(choice(x, name, getattr(v, name), arguments, names) for x in s.values)}
    close = near(name, SETTINGS)
    raise fail(
        "BM506",
        f"unknown setting `{name}`",
        s.name.span,
        help=f"did you mean `{close}`?" if close else f"settings are {', '.join(SETTINGS)}",
    )


def _transforms(
    s: t.Setting,
    v: Vocabulary,
    arguments: Bindings,
    names: Mapping[str, tuple[str, ...]],
    so_far: Training,
) -> dict[str, Any]:
    """`transform scale, binarize` for all groups, `transform(a) standardize` for some; `none` alone
    leaves data as they are.
    """
    first = s.values[0]
    none = len(s.values) == 1 and isinstance(first, t.Ref) and first.name.text == "none"
    made = tuple(
        choice(x, "transform", v.transform, arguments, names) for x in (() if none else s.values)
    )
    if not s.groups:
        return {"transform": made}
    for g in s.groups:
        if g.text not in names["group"]:
            close = near(g.text, names["group"])
            raise fail(
                "BM526",
                f"`{g.text}` is no group",
                g.span,
                help=f"did you mean `{close}`?" if close else "",
            )
    own = tuple((g.text, made) for g in s.groups)
    return {"transform_of": (*so_far.transform_of, *own)}


ENDS = (
    Option("start", "number", required=True, low=0, open_low=True),
    Option("stop", "number", required=True, low=0, open_low=True),
)


def _temperature(
    s: t.Setting, arguments: Bindings, names: Mapping[str, tuple[str, ...]]
) -> Temperature:
    """`z = 20`, or from one temperature to another over all updates: `z = linear(100, 10)`, `z =
    geometric(100, 10)`.
    """
    first = s.values[0]
    usage = "temperature z = 20, or temperature z = geometric(100, 10)"
    if s.target is None or s.target.text not in names["group"]:
        raise fail("BM505", "`temperature` names a group and a number above 0", s.span, help=usage)
    if isinstance(first, t.Call):
        if first.function.text not in ("linear", "geometric"):
            raise fail(
                "BM505",
                f"a temperature does not change by `{first.function.text}`",
                first.span,
                help=usage,
            )
        ends = options(first.function.text, ENDS, first, arguments, names)
        start, stop = (
            x if isinstance(x, float) else 1.0 for x in (ends["start"], ends["stop"])
        )  # an open argument: not to be trained yet
        return Temperature(
            s.target.text,
            start,
            stop,
            "linear" if first.function.text == "linear" else "geometric",
            s.span,
        )
    value = constant(first, arguments)
    if value is None or value <= 0:
        raise fail("BM505", "`temperature` names a group and a number above 0", s.span, help=usage)
    return Temperature(s.target.text, float(value), float(value), span=s.span)


def choice(
    e: t.Expression,
    what: str,
    words: Mapping[str, Word],
    arguments: Bindings,
    names: Mapping[str, tuple[str, ...]],
) -> Choice:
    """A word with its options resolved."""
    word_name = e.name if isinstance(e, t.Ref) else e.function if isinstance(e, t.Call) else None
    if word_name is None:
        raise fail("BM507", f"`{what}` takes a word", e.span, help=f"one of {', '.join(words)}")
    if word_name.text not in words:
        close = near(word_name.text, words)
        hint = f"did you mean `{close}`?" if close else f"known: {', '.join(words)}"
        raise fail("BM508", f"unknown {what} `{word_name.text}`", word_name.span, help=hint)
    word = words[word_name.text]
    known = word.options
    if word.open_keys and isinstance(e, t.Call):
        own = {o.name for o in word.options}
        named = [a for a in e.arguments if a.name is not None and a.name.text not in own]
        for a in named:
            if a.name is not None and a.name.text not in names.get("parameter", ()):
                close = near(a.name.text, [*own, *names.get("parameter", ())])
                raise fail(
                    "BM509",
                    f"`{word.name}` has no option `{a.name.text}`, and it is no parameter",
                    a.name.span,
                    help=f"did you mean `{close}`?" if close else _signature(word.name, known),
                )
        known = (*known, *(Option(a.name.text, "number") for a in named if a.name is not None))
    return Choice(word.name, tuple(options(word.name, known, e, arguments, names).items()), e.span)


def options(
    name: str,
    known: tuple[Option, ...],
    e: t.Expression,
    arguments: Bindings,
    names: Mapping[str, tuple[str, ...]],
) -> dict[str, Value]:
    """All options of a word or unit type: given, or default; positional ones first."""
    given: dict[str, t.CallArgument] = {}
    for k, a in enumerate(e.arguments if isinstance(e, t.Call) else ()):
        if a.name is None:
            if k >= len(known):
                raise fail(
                    "BM510",
                    f"`{name}` takes {counted(len(known), 'option')}",
                    a.span,
                    help=_signature(name, known),
                )
            key = known[k].name
        else:
            key = a.name.text
            if key not in (o.name for o in known):
                close = near(key, [o.name for o in known])
                hint = f"did you mean `{close}`?" if close else _signature(name, known)
                raise fail("BM509", f"`{name}` has no option `{key}`", a.name.span, help=hint)
        if key in given:
            raise fail("BM511", f"option `{key}` of `{name}` is given twice", a.span)
        given[key] = a
    out: dict[str, Value] = {}
    for o in known:
        if o.name in given:
            out[o.name] = _value(name, o, given[o.name].value, arguments, names)
        elif o.required:
            raise fail(
                "BM512",
                f"`{name}` needs its option `{o.name}`",
                e.span,
                help=_signature(name, known),
            )
        elif o.default is not None:
            out[o.name] = o.default
    return out


def _value(
    word: str, o: Option, e: t.Expression, arguments: Bindings, names: Mapping[str, tuple[str, ...]]
) -> Value:
    if o.kind in ("name", "parameter", "group", "boolean"):
        if not isinstance(e, t.Ref) or e.subscripts is not None:
            raise fail("BM513", f"option `{o.name}` of `{word}` is a name", e.span)
        text = e.name.text
        allowed = (
            ("true", "false")
            if o.kind == "boolean"
            else o.choices
            if o.kind == "name"
            else names.get(o.kind, ())
        )
        if allowed and text not in allowed:
            close = near(text, allowed)
            hint = f"did you mean `{close}`?" if close else f"one of {', '.join(allowed)}"
            raise fail(
                "BM514", f"`{text}` is no {o.kind} that `{word}` can take", e.span, help=hint
            )
        return text == "true" if o.kind == "boolean" else text
    value = constant(e, arguments)
    if value is None:
        return "".join(e.span.text.split())
    most = MAX_LENGTH if o.high is None and o.kind == "integer" else o.high
    low = o.low is not None and (value <= o.low if o.open_low else value < o.low)
    high = most is not None and (value >= most if o.open_high else value > most)
    if low or high or o.kind == "integer" and value != int(value):
        bound = "" if o.low is None else f" {'above' if o.open_low else 'of at least'} {o.low:g}"
        top = "" if not high and o.high is None else f" and {_upto(o)} {most:,.10g}"
        kind = "a whole number" if o.kind == "integer" else "a number"
        raise fail(
            "BM515",
            f"option `{o.name}` of `{word}` must be {kind}{bound}{top}, this is {value:g}",
            e.span,
        )
    return int(value) if o.kind == "integer" else float(value)


def _upto(o: Option) -> str:
    return "below" if o.open_high else "at most"


def _signature(name: str, known: tuple[Option, ...]) -> str:
    def value(x: object) -> str:
        return (
            str(x).lower() if isinstance(x, bool) else f"{x:g}" if isinstance(x, float) else str(x)
        )

    shown = ", ".join(
        o.name if o.default is None else f"{o.name} = {value(o.default)}" for o in known
    )
    return f"{name}({shown})"
