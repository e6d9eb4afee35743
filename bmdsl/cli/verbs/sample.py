"""`bm sample RUN`: draws from a trained machine, or from a model as it is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..options import USE, Define, Json, Threads, Units, assignments
from ..outcome import show_head

if TYPE_CHECKING:
    from ...inference.observing import Trace

PLACE = USE, 3
SHARED = True
MIXED = 1.01
"""The split R-hat that chains which have mixed stay below (Vehtari et al. 2021)."""


def run(
    source: Annotated[
        str,
        typer.Argument(
            metavar="RUN|FILE",
            help="the folder of a run; or a .bm file, whose parameters are at their start",
        ),
    ],
    n: Annotated[int, typer.Option("-n", min=1, help="chains")] = 16,
    steps: Annotated[int, typer.Option(min=0, help="sweeps of every chain")] = 1000,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="a .npz file, or a table (.csv, ...) of the columns that it was trained on;"
            " default: samples.npz, and samples.csv of such a table",
        ),
    ] = None,
    define: Define = None,
    clamp: Annotated[
        list[str] | None,
        typer.Option(metavar="GROUP=FILE", help="hold a group at the cases of a file"),
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GROUP=FILE", help="values of a given group: a case per chain, or one for all"
        ),
    ] = None,
    forecast: Annotated[
        int | None,
        typer.Option(
            metavar="K", min=1, help="go on K frames: each is drawn and shifted into the given past"
        ),
    ] = None,
    feed: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GIVEN=VISIBLE", help="of a forecast: which past holds which group, if unclear"
        ),
    ] = None,
    beta: Annotated[
        str,
        typer.Option(
            metavar="B|A:B:N",
            help="inverse temperature; or a ladder of N replicas from A to B that exchange",
        ),
    ] = "1",
    anneal: Annotated[
        str | None,
        typer.Option(metavar="A:B", help="cool from inverse temperature A to B over the sweeps"),
    ] = None,
    observe: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME",
            help="record energy, magnetization, overlap, correlation, ... after every sweep",
        ),
    ] = None,
    thin: Annotated[int, typer.Option(min=1, help="record every so many sweeps")] = 1,
    burn_in: Annotated[
        int, typer.Option("--burn-in", min=0, help="sweeps before the first record")
    ] = 200,
    arviz: Annotated[
        Path | None, typer.Option(metavar="FILE.nc", help="the records for ArviZ, as .nc or .zarr")
    ] = None,
    scan: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=A:B:N",
            help=(
                "energy, magnetization, responses, with errors, against beta, temperature or an"
                " argument"
            ),
        ),
    ] = None,
    exact: Annotated[
        bool,
        typer.Option(
            "--exact", help="independent samples by summing out, where the model is sparse or small"
        ),
    ] = False,
    seed: Annotated[int | None, typer.Option(min=0, help="another seed than the run's")] = None,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", help="start from the biases, not from the run's persistent chains"),
    ] = False,
    layout: Annotated[
        str,
        typer.Option(
            metavar="auto|bits|codes|stencil|numbers",
            help="how chains lie in memory: 64 to a word, one-of-K units as bytes, a lattice's"
            " sites side by side, or as numbers",
        ),
    ] = "auto",
    moves: Annotated[
        str,
        typer.Option(
            metavar="gibbs|cluster|wolff|houdayer",
            help="what a sweep does: units one by one, clusters of them where a model has such, or"
            " clusters that two chains exchange",
        ),
    ] = "gibbs",
    units: Units = None,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Draw samples from a machine or a stack, into a file and a picture; watch observables on the
    way.
    """
    from ...inference.observing import names_of
    from ...language.diagnostics import fail
    from ...stacks.folder import is_stack
    from ...tasks.forecast import write_forecast
    from ...tasks.given import read_given
    from ...tasks.sample import Chosen, draw, draw_stack, observed, subject

    if is_stack(Path(source)):
        if define or clamp or given or forecast or anneal or observe or exact or beta != "1":
            raise fail(
                "BM926",
                f"`{source}` holds a stack: its last layer is swept, then means go down",
                help="-n, --steps, --seed and --out",
            )
        drawn = draw_stack(Path(source), n, steps, out, seed)
        shown = {
            "out": str(drawn.path),
            "picture": str(drawn.picture) if drawn.picture else None,
            "groups": drawn.shapes(),
        }
        print(
            json.dumps(shown)
            if as_json
            else "\n".join(str(p) for p in (drawn.path, drawn.picture) if p)
        )
        return
    if scan is not None:
        others = clamp or given or forecast or anneal or exact or arviz or beta != "1"
        if others:
            raise fail(
                "BM926",
                "`--scan` has its own temperatures",
                help="-n, --steps, --burn-in, --observe, --layout, --moves, --seed and --out",
            )
        from ..scan_table import show_scan

        show_scan(
            source,
            assignments(define),
            seed,
            scan,
            (n, steps, burn_in),
            (layout, moves),
            out,
            as_json,
            tuple(names_of(observe)) if observe else (),
        )
        return
    betas = ladder_of(beta)
    if len(betas) > 1 and observe is None:
        observe = "energy"
    if arviz is not None and observe is None:
        raise fail(
            "BM926",
            "`--arviz` writes what `--observe` records",
            help="for instance `--observe energy,magnetization`",
        )
    if exact and (len(betas) > 1 or betas[0] != 1 or anneal):
        raise fail(
            "BM926",
            "`--exact` draws from the model itself, at inverse temperature 1",
            help="leave out --beta and --anneal",
        )
    if anneal and (len(betas) > 1 or betas[0] != 1):
        raise fail("BM926", "`--anneal` has its own inverse temperatures", help="leave out --beta")
    if observe is not None and (exact or anneal):
        raise fail(
            "BM926",
            "`--observe` records chains at one temperature, or a ladder of them",
            help="leave out --exact and --anneal",
        )
    if forecast is not None and (
        exact or anneal or observe is not None or clamp or betas != (1.0,)
    ):
        raise fail(
            "BM926",
            "`--forecast` draws frame after frame at inverse temperature 1",
            help="leave out --exact, --anneal, --observe, --clamp and --beta",
        )
    if feed and forecast is None:
        raise fail(
            "BM926",
            "`--feed` says which group a forecast goes on with",
            help="for instance `--forecast 50 --feed past=v`",
        )
    s = subject(source, assignments(define), seed)
    s.machine.layout, s.machine.moves = layout, moves
    if not s.trained:
        typer.echo("note: this model is not trained, its parameters are at their start", err=True)
    chosen = Chosen(
        steps,
        betas,
        None if anneal is None else pair_of(anneal, "--anneal"),
        clamp or (),
        fresh,
        exact,
        given or (),
    )
    names = names_of(observe) if observe is not None else []
    if forecast is not None:
        drawn = write_forecast(
            s, read_given(s.machine, given or (), n), forecast, steps, feed or (), out
        )
    elif names:
        drawn = observed(s, names, n, out, chosen, thin, burn_in, arviz, False if as_json else None)
    else:
        drawn = draw(s, n, out, chosen)
    files = [str(p) for p in (drawn.path, drawn.picture, *drawn.extra) if p]
    if as_json:
        shown = {} if drawn.trace is None else _as_dict(drawn.trace)
        print(
            json.dumps(
                {
                    "out": str(drawn.path),
                    "picture": str(drawn.picture) if drawn.picture else None,
                    "groups": drawn.shapes(),
                    "files": files,
                }
                | shown
            )
        )
        return
    if drawn.table is not None:
        show_head(drawn.table)
    else:
        for name, shape in drawn.shapes().items():
            print(f"{name}: {' × '.join(map(str, shape))}, mean {drawn.groups[name].mean():.4g}")
    if drawn.trace is not None:
        _show(drawn.trace)
    print("\n".join(files))


def ladder_of(text: str) -> tuple[float, ...]:
    """`0.4`, or `0.1:1:12`: twelve inverse temperatures in a constant ratio."""
    from ...inference.ladder import ladder
    from ...language.diagnostics import fail

    parts = text.split(":")
    try:
        if len(parts) == 3:
            return tuple(float(b) for b in ladder(float(parts[0]), float(parts[1]), int(parts[2])))
        if len(parts) == 1:
            return (float(text),)
    except ValueError:
        pass
    raise fail(
        "BM926",
        f"`--beta {text}` is neither a number nor FROM:TO:COUNT",
        help="for instance `--beta 0.4` or `--beta 0.1:1:12`",
    )


def pair_of(text: str, option: str) -> tuple[float, float]:
    """`0.1:3` as two numbers."""
    from ...language.diagnostics import fail

    first, colon, second = text.partition(":")
    try:
        if colon:
            return float(first), float(second)
    except ValueError:
        pass
    raise fail(
        "BM926",
        f"`{option} {text}` is not of the form FROM:TO",
        help=f"for instance `{option} 0.1:3`",
    )


def _show(trace: Trace) -> None:
    print(
        f"\n{'':18}  {'mean':>12}  {'± error':>10}  {'sd':>10}  {'τ (sweeps)':>10}  {'ESS':>8} "
        f" {'R̂':>6}"
    )
    for s in trace.summary():
        print(
            f"{s.name:18}  {s.mean:12.6g}  {s.error:10.3g}  {s.sd:10.4g}  {s.autocorrelation:10.3g}"
            f"  {s.ess:8,.0f}  {s.rhat:6.3f}"
        )
    if any(s.rhat > MIXED for s in trace.summary()):
        print(
            f"R̂ above {MIXED}: chains disagree, the errors are too small. More --steps, or"
            " replicas: --beta 0.1:1:12"
        )
    if trace.swaps is not None:
        print("\nreplicas at beta   " + " ".join(f"{b:5.3g}" for b in trace.swaps.betas))
        print(
            "exchanges accepted    " + " ".join(f"{100 * a:4.0f}%" for a in trace.swaps.acceptance)
        )
        print(f"trips from hot to cold: {trace.swaps.trips:,}")
        print(f"layout: {trace.swaps.layout}")
    print()


def _as_dict(trace: Trace) -> dict[str, Any]:
    observables = {
        s.name: {k: None if v != v else v for k, v in vars(s).items() if k != "name"}
        for s in trace.summary()
    }  # JSON has no NaN
    if trace.swaps is None:
        return {"observables": observables}
    swaps = {
        "betas": list(trace.swaps.betas),
        "acceptance": list(trace.swaps.acceptance),
        "trips": trace.swaps.trips,
        "layout": trace.swaps.layout,
    }
    return {"observables": observables, "swaps": swaps}
