"""Options that several verbs share, and what they do: each is declared once, here."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..ranks.launch import threads_of_rank

if TYPE_CHECKING:
    from ..language.diagnostics import Diagnostic
    from ..model import Model, Stacked

LOOK, USE, KNOWN = "Write and understand a model", "Train and use it", "What there is"
"""The panels of `bm --help`; a verb's `PLACE` is its panel and its number there."""


def _threads(count: int | None) -> int | None:
    """Thread pools read their sizes once, when they are first imported."""
    count = threads_of_rank() if count is None else count
    if count is not None:
        _verify_threads(count)
        for name in (
            "NUMBA_NUM_THREADS",
            "OMP_NUM_THREADS",
            "OPENBLAS_NUM_THREADS",
            "MKL_NUM_THREADS",
        ):
            os.environ[name] = str(count)
    return count


def _ranks(count: int | None) -> int | None:
    """Ranks that are threads have one thread each; a pool that has begun keeps its size."""
    if count is not None and count > 1 and "numba" not in sys.modules:
        _threads(1)
    return count


def _verify_threads(count: int) -> None:
    """BmError BM820 for more threads than the machine has cores, or than NUMBA_NUM_THREADS says."""
    from ..language.diagnostics import fail

    told = os.environ.get("NUMBA_NUM_THREADS", "")
    most = max(os.cpu_count() or 1, int(told) if told.isdecimal() else 1)
    if count > most:
        raise fail(
            "BM820",
            f"{count:,} threads were asked for, there can be 1 to {most}",
            help="the cores bound it, or a larger `NUMBA_NUM_THREADS`",
        )


def _units(files: list[Path] | None) -> list[Path] | None:
    if files:
        from ..units.unit_files import register_file

        for file in files:
            register_file(file)
    return files


def _models(incomplete: str) -> list[str]:
    """Names of shipped models and `.bm` files here, for the shell's Tab."""
    from ..files import folder

    shipped = sorted(p.stem for p in folder("models").glob("*.bm"))
    here = Path(incomplete).parent if "/" in incomplete else Path()
    own = sorted(str(p) for p in here.glob("*") if p.suffix == ".bm" or p.is_dir())
    return [x for x in (*own, *shipped) if x.startswith(incomplete)]


def data_names(incomplete: str) -> list[str]:
    """Named data sets, and files and folders here, for the shell's Tab."""
    from ..data.load import names

    here = Path(incomplete).parent if "/" in incomplete else Path()
    own = sorted(str(p) for p in here.glob("*") if not p.name.startswith("."))
    return [x for x in (*names(), *own) if x.startswith(incomplete)]


File = Annotated[
    str,
    typer.Argument(help="a .bm file, or the name of a shipped model", autocompletion=_models),
]
Files = Annotated[
    list[str],
    typer.Argument(help=".bm files, or names of shipped models", autocompletion=_models),
]
RunFolder = Annotated[
    Path, typer.Argument(metavar="RUN", help="the folder of a run, as `bm train` wrote it")
]
Define = Annotated[
    list[str] | None, typer.Option("-D", metavar="NAME=VALUE", help="a model argument, as -D H=200")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="train.NAME=VALUE", help="a setting of the train block"),
]
Which = Annotated[
    str | None,
    typer.Option("--model", metavar="NAME", help="which model, where the file has several"),
]
Units = Annotated[
    list[Path] | None,
    typer.Option(
        "--units", metavar="FILE.py", callback=_units, help="a file with unit types of your own"
    ),
]
RanksInAll = Annotated[
    int | None,
    typer.Option(
        "--ranks",
        min=1,
        callback=_ranks,
        help=(
            "share the work among so many ranks, as threads of the processes that mpirun started,"
            " added up in one order: the same bits whatever number of processes"
        ),
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        min=1,
        is_eager=True,
        callback=_threads,
        help="threads at most; results do not depend on it",
    ),
]
Chains = Annotated[int, typer.Option(min=2, help="of AIS")]
Temperatures = Annotated[
    int, typer.Option(min=2, help="temperatures of AIS: more, where its two sides disagree")
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", min=0, max=2**64 - 1, help="another seed than the train block's"),
]
Missing = Annotated[
    list[str] | None,
    typer.Option(
        "--missing",
        metavar="MARK",
        help="what marks a missing cell besides empty ones, as -9; age,income=-9 of columns",
    ),
]
Log = Annotated[
    list[str] | None,
    typer.Option(
        "--log",
        metavar="TRACKER",
        help="write figures elsewhere too: csv, tensorboard, mlflow, wandb; may be repeated",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Deny = Annotated[
    list[str] | None,
    typer.Option("--deny", metavar="CODE", help="make this lint (or `all`) an error"),
]
Allow = Annotated[
    list[str] | None,
    typer.Option("--allow", metavar="CODE", help="say nothing of this lint (or `all`)"),
]


def memory(text: str | None) -> int | None:
    """`4GB`, `500 MB` or a number of bytes, as bytes."""
    import re

    from ..language.diagnostics import fail

    if text is None:
        return None
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kMGT]?)i?B?\s*", text)
    if not found:
        raise fail(
            "BM918",
            f"`--memory-limit {text}` is no amount of memory",
            help="for instance `--memory-limit 4GB`",
        )
    return int(float(found[1]) * 1000 ** " kMGT".index(found[2] or " "))


def load(
    file: str, define: list[str] | None, settings: list[str] | None = None, name: str | None = None
) -> Model:
    """The model of a file with `-D` and `--set` applied."""
    from ..model import load_named

    model = load_named(file, name, assignments(define))
    chosen = overrides(settings)
    return model.bind(chosen) if chosen else model


def load_all(
    file: str, define: list[str] | None, name: str | None = None
) -> tuple[Model | Stacked, ...]:
    """Every model and stack of a file, or the one of this name; BmError with what is wrong in any
    of them.
    """
    from .. import model

    return model.load_all(file, name, assignments(define))


def assignments(define: list[str] | None) -> dict[str, float]:
    """`-D H=200` as {"H": 200}."""
    return dict(_assignment(text) for text in define or ())


def overrides(settings: list[str] | None) -> dict[str, str]:
    """`--set train.batch=50` as {"batch": "50"}."""
    from ..language.overrides import parse_assignment

    return dict(parse_assignment(s) for s in settings or ())


def _assignment(text: str) -> tuple[str, float]:
    from ..language.diagnostics import fail

    name, _, value = text.partition("=")
    digits = value.replace("_", "").strip()
    try:
        number = int(digits) if digits.isdecimal() and len(digits) < 400 else float(digits)
    except ValueError:
        raise fail(
            "BM901", f"`-D {text}` is not of the form NAME=NUMBER", help="for instance `-D H=200`"
        ) from None
    if not abs(number) < 1e300:
        raise fail("BM901", f"`-D {text}` gives no finite number", help="for instance `-D H=200`")
    return name.strip(), (
        int(number) if isinstance(number, float) and number.is_integer() else number
    )


def judged(
    models: Iterable[Model | Stacked], deny: list[str] | None, allow: list[str] | None
) -> tuple[Diagnostic, ...]:
    """The models' lints without the allowed ones; BmError where one is denied."""
    from dataclasses import replace

    from ..language.diagnostics import BmError

    silent, hard = set(allow or ()), set(deny or ())
    found = [d for model in models for d in model.checked.lints]
    kept = [d for d in found if not {d.code, "all"} & silent or d.code in hard]
    kept = [replace(d, level="error") if {d.code, "all"} & hard else d for d in kept]
    if any(d.level == "error" for d in kept):
        raise BmError(*kept)
    return tuple(kept)


def warn(model: Model, deny: list[str] | None = None, allow: list[str] | None = None) -> None:
    """Lints on stderr."""
    for lint in judged([model], deny, allow):
        print(f"{lint}\n", file=sys.stderr)
