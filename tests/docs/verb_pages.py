"""A page for every verb of `bm`: `python -m tests.docs.verb_pages` writes docs/verbs/ anew.

They say what `bm VERB --help` says, of the same signatures, with the lines of docs/command-line.md
that show the verb.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import typing
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any

from typer.models import ArgumentInfo, OptionInfo

from bmdsl.cli import verbs
from bmdsl.cli.options import KNOWN, LOOK, USE

from .generated import DOCS, page, table, write
from .test_code_blocks import blocks

PANELS = LOOK, USE, KNOWN
KINDS = {Path: "PATH", int: "WHOLE NUMBER", float: "NUMBER", str: "TEXT"}


def modules() -> list[ModuleType]:
    """The verbs, in the order of `bm --help`."""
    found = [
        importlib.import_module(f"{verbs.__name__}.{info.name}")
        for info in pkgutil.iter_modules(verbs.__path__)
    ]
    return sorted(found, key=lambda m: (PANELS.index(m.PLACE[0]), m.PLACE[1]))


def name_of(module: ModuleType) -> str:
    """`train`."""
    return module.__name__.rpartition(".")[2]


def summary(module: ModuleType) -> str:
    """The first paragraph of its help."""
    return " ".join((inspect.getdoc(module.run) or "").split("\n\n")[0].split())


def parameters(module: ModuleType) -> list[tuple[str, Any, Any, Any]]:
    """Name, type, `typer`'s description, default of every parameter."""
    hints = typing.get_type_hints(module.run, include_extras=True)
    out = []
    for name, p in inspect.signature(module.run).parameters.items():
        hint = hints[name]
        while typing.get_origin(hint) is not typing.Annotated:  # X | None around it
            hint = next(h for h in typing.get_args(hint) if h is not type(None))
        kind, info = typing.get_args(hint)[:2]
        out.append((name, kind, info, p.default))
    return out


def plain(kind: Any) -> Any:
    """`list[str] | None` → `str`."""
    while typing.get_args(kind):
        kind = next(k for k in typing.get_args(kind) if k is not type(None))
    return kind


def is_list(kind: Any) -> bool:
    """Whether several values may be given."""
    return "list[" in str(kind) or "tuple[" in str(kind)


def takes(kind: Any, info: Any) -> str:
    """What stands after the option: ``, `N`, `a or b`."""
    one = plain(kind)
    if info.metavar:
        return str(info.metavar)
    if one is bool:
        return ""
    if isinstance(one, type) and issubclass(one, Enum):
        return " | ".join(str(x.value) for x in one)
    return KINDS.get(one, "TEXT")


def bounds(info: Any) -> str:
    """`at least 1`."""
    low, high = info.min, info.max
    if low is None and high is None:
        return ""
    if low is None or high is None:
        return f"at least {low}" if high is None else f"at most {high}"
    return f"{low} to {high}"


def default(value: Any, info: Any) -> str:
    """The default as `--help` shows it; none for what is empty or a switch that is off."""
    if isinstance(info.show_default, str):
        return info.show_default
    value = value.value if isinstance(value, Enum) else value
    return "" if value in (None, False, "", inspect.Parameter.empty, ...) else f"`{value}`"


def names_of(name: str, info: Any) -> str:
    """`--out`, `-o`; in an `Annotated` hint the first stands where `typer` has a default."""
    given = [d for d in (info.default, *(info.param_decls or ())) if str(d).startswith("-")]
    return ", ".join(f"`{d}`" for d in given) or f"`--{name.replace('_', '-')}`"


def argument(name: str, info: Any) -> str:
    """`FILE`."""
    return (info.metavar or name).strip("[]").upper()


def usage(module: ModuleType) -> str:
    """`bm train FILE [DATA] [OPTIONS]`."""
    words = []
    for name, kind, info, value in parameters(module):
        if isinstance(info, ArgumentInfo):
            word = argument(name, info) + ("..." if is_list(kind) else "")
            optional = value is not inspect.Parameter.empty and value is not ...
            words.append(f"[{word}]" if optional else word)
    has_options = any(isinstance(i, OptionInfo) for _, _, i, _ in parameters(module))
    return " ".join(["bm", name_of(module), *words, *(["[OPTIONS]"] if has_options else [])])


def examples(verb: str) -> str:
    """Lines of the page about the command line that begin with the verb."""
    found: list[str] = []
    for kind, code in blocks(DOCS / "command-line.md"):
        if kind == "sh":
            found += [x for x in code.splitlines() if x.startswith(f"bm {verb} ")]
    if not found:
        return ""
    return "## Examples\n\n```text\n" + "\n".join(dict.fromkeys(found)) + "\n```"


def verb_page(module: ModuleType) -> str:
    """Usage, arguments, options and examples of a verb."""
    described = parameters(module)
    arguments = [
        (f"`{argument(name, info)}`", info.help or "")
        for name, _, info, _ in described
        if isinstance(info, ArgumentInfo) and not info.hidden
    ]
    options = [
        (
            names_of(name, info),
            f"`{takes(kind, info)}`" if takes(kind, info) else "",
            "; ".join(x for x in (info.help or "", bounds(info)) if x),
            default(value, info),
        )
        for name, kind, info, value in described
        if isinstance(info, OptionInfo) and not info.hidden
    ]
    return page(
        f"# bm {name_of(module)}",
        inspect.getdoc(module.run) or "",
        f"```text\n{usage(module)}\n```",
        table(("argument", "what it is"), arguments),
        table(("option", "takes", "what it does", "default"), options),
        examples(name_of(module)),
        "[All verbs](index.md); [the command line](../command-line.md), from a new model on.",
    )


def pages() -> dict[str, str]:
    """Path below docs/ → page."""
    out = {f"verbs/{name_of(m)}.md": verb_page(m) for m in modules()}
    panels = [
        page(
            f"## {panel}",
            table(
                ("verb", "what it does"),
                [
                    (f"[`bm {name_of(m)}`]({name_of(m)}.md)", summary(m))
                    for m in modules()
                    if m.PLACE[0] == panel
                ],
            ),
        )
        for panel in PANELS
    ]
    head = "# Verbs\n\nWhat `bm VERB --help` says, a page each."
    return {"verbs/index.md": page(head, *panels), **out}


if __name__ == "__main__":
    write(pages())
