"""`bm ground FILE`: the state of least energy, by simulated annealing or parallel tempering."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ..options import USE, Define, Json, Threads, Units, assignments
from .sample import pair_of

PLACE = USE, 4
SHARED = True


def run(
    source: Annotated[
        str, typer.Argument(metavar="FILE|RUN", help="a .bm file, or the folder of a run")
    ],
    n: Annotated[int, typer.Option("-n", min=1, help="chains")] = 64,
    sweeps: Annotated[
        int | None,
        typer.Option(
            min=1,
            help=(
                "sweeps of every chain; default: 1,000, twice as many, ... until two coolings agree"
            ),
        ),
    ] = None,
    beta: Annotated[
        str | None,
        typer.Option(metavar="A:B", help="inverse temperatures; default: from the couplings"),
    ] = None,
    schedule: Annotated[str, typer.Option(help="geometric or linear")] = "geometric",
    clamp: Annotated[
        list[str] | None,
        typer.Option(metavar="GROUP=FILE", help="hold a group at the cases of a file"),
    ] = None,
    define: Define = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="a .npz file; default: ground.npz")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0)] = None,
    replicas: Annotated[
        int,
        typer.Option(
            min=1,
            help="inverse temperatures of every chain, whose replicas exchange them (parallel"
            " tempering); 1: chains are cooled",
        ),
    ] = 1,
    layout: Annotated[
        str,
        typer.Option(
            metavar="auto|bits|codes|stencil|numbers",
            help="how chains lie in memory, as of `bm sample`",
        ),
    ] = "auto",
    moves: Annotated[
        str,
        typer.Option(
            metavar="gibbs|houdayer",
            help="what a sweep does: units one by one, then clusters that two chains exchange",
        ),
    ] = "gibbs",
    units: Units = None,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Search the ground state: cool many chains, keep the best state and say how many found its
    energy.
    """
    from ...inference.annealing import SAME
    from ...tasks.ground import ground
    from ...tasks.sample import subject

    s = subject(source, assignments(define), seed)
    s.machine.moves, s.machine.layout = moves, layout
    found, path, picture = ground(
        s,
        n,
        sweeps,
        None if beta is None else pair_of(beta, "--beta"),
        schedule,
        clamp or (),
        out,
        False if as_json else None,
        replicas,
    )
    files = [str(p) for p in (path, picture) if p]
    if as_json:
        print(
            json.dumps(
                {
                    "energy": found.energy,
                    "hits": found.hits,
                    "chains": len(found.energies),
                    "coolings": found.rounds,
                    "doubt": found.doubt,
                    "sweeps": found.sweeps,
                    "replicas": found.replicas,
                    "betas": found.betas,
                    "seconds": found.seconds,
                    "files": files,
                }
            )
        )
        return
    print(f"least energy        {found.energy:.10g} nats")
    median = sorted(found.energies)[len(found.energies) // 2]
    print(
        f"found by            {found.hits} of {len(found.energies)} chains; the median chain ended"
        f" at {median:.10g}"
    )
    times = f", {found.rounds} times, each twice as long" if found.rounds > 1 else ""
    span = f"from beta {found.betas[0]:.4g} to {found.betas[1]:.4g} in"
    how = f"{'cooled':<20}{span}"
    if found.replicas > 1:
        how = f"{'tempered':<20}{found.replicas} replicas a chain {span}"
    print(f"{how} {found.sweeps:,} sweeps{times}, {found.seconds:.2f} s")
    if found.layout:
        print(f"layout              {found.layout}")
    if found.found is not None:
        hits = found.energies <= found.energy + SAME * max(1.0, abs(found.energy))
        print(
            f"found in sweep      {sorted(found.found[hits])[hits.sum() // 2]:,} (median of those)"
        )
    if found.doubt:
        print(f"warning             {found.doubt}")
    for name, x in found.state.items():
        shown = " ".join(f"{v:g}" for v in x.ravel()[:24]) + (" ..." if x.size > 24 else "")
        print(f"{name:<18}  {shown}")
    print("\n".join(files))
