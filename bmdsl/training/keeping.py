"""What a training goes back to and goes on from: copies in memory, checkpoints in its folder."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ..language.diagnostics import fail
from ..language.model import Training
from ..language.outside import stored_edges
from ..ranks.interface import Ranks
from ..runs.run_folder import RunFolder
from .averages import Averages
from .cases import Cases
from .checkpoint import BEST, Checkpoint, part, stored
from .compiled import CompiledUpdates
from .health import Health
from .machine_protocol import Array, Machine
from .memory import apart, together
from .outcome import Run
from .recipe import Recipe
from .streamed_cases import StreamedCases

MIN_SECONDS_BETWEEN_CHECKPOINTS, MIN_TIMES_THEIR_COST = 5.0, 20
"""Checkpoints that wait for the disk are apart by so many seconds, and by so many times what the
last one took.
"""
MEMORY = "memory"
"""What the names of arrays in a checkpoint begin with that monitors and figures remember."""


class Kept:
    """The state of a training that is kept and restored."""

    machine: Machine
    training: Training
    recipe: Recipe
    cases: Cases | StreamedCases
    run_: Run
    folder: RunFolder | None
    ranks: Ranks
    apart = False
    """Whether the other ranks are lost: nothing is asked of them any longer."""
    health: Health
    compiled: CompiledUpdates | None
    figures: Averages
    carried: tuple[dict[str, Array], dict[str, int]]
    """Sums of several updates, and of how many, that the compiled updates go on from."""
    best: dict[str, Array]
    misses: int
    """Scores since the best one."""
    made: Mapping[str, Any]
    total: int
    begun: float
    seconds_before: float
    good: Checkpoint
    """What was kept last in memory."""
    on_disk: bool
    """Whether copies are too large for memory."""
    saved: int
    """The updates of the last checkpoint; below 0 if there is none."""
    checkpoint_due: float
    checkpoint_due_inside: float

    def _seconds(self) -> float:
        """Of training, those before a resume too."""
        return self.seconds_before + time.monotonic() - self.begun

    def _counters(self) -> dict[str, Any]:
        run = self.run_
        return {
            "updates": run.updates,
            "best_score": run.best_score,
            "best_update": run.best_update,
            "misses": self.misses,
            "seconds": self._seconds(),
            "running": self.carried[1] if self.compiled is None else dict(self.compiled.counts),
        }

    def _memories(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """What the epoch's figures, monitors and sums of several updates stand at: arrays, and the
        rest beside the counters.
        """
        running = self.carried[0] if self.compiled is None else self.compiled.running()
        arrays, plain = apart(
            {
                "figures": self.figures.arrays(),
                "health": self.health.memories(),
                "usage": self.recipe.usage.memories(),
                "running": running,
            },
            MEMORY,
        )
        return arrays, {**self._counters(), "memory": plain}

    def _gather(self) -> None:
        """Has every rank know all chains, and the same parameters to the last bit."""
        if self.compiled is not None and not (self.ranks.alone or self.apart):
            self.compiled.gather_chains()
            chains = {f"chains/{n}" for n in self.recipe.chains}
            views = self.recipe.arrays(copy=False)
            self.ranks.agree_on({n: x for n, x in views.items() if n not in chains})

    def _keep(self) -> None:
        self._gather()
        arrays, counters = self._memories()
        parts = {} if self.on_disk else self.recipe.arrays()
        self.good = Checkpoint({**parts, **arrays}, counters, self.best)

    def _back(self, saved: bool = False) -> None:
        """To what was kept last, or what was `saved` last where that is later, with the metrics up
        to there.
        """
        kept = self.good
        later = saved and self.saved > kept.counters["updates"]
        if self.folder is not None and (self.on_disk or later):
            kept = self._stored(self.folder)
        self._restore(kept)
        lines = self.run_.metrics
        self.run_.metrics = [line for line in lines if line["update"] <= self.run_.updates]
        if self.folder is not None:
            self.folder.rewrite_metrics(self.run_.metrics)

    def _stored(self, folder: RunFolder) -> Checkpoint:
        """The checkpoint in the run's folder, read by rank 0."""
        return Checkpoint(*self.ranks.from_first(lambda: stored(folder)))

    def _restore(self, kept: Checkpoint) -> None:
        self.recipe.restore(kept.arrays)
        run, counters = self.run_, kept.counters
        run.updates, run.best_score, run.best_update = (
            counters["updates"],
            counters["best_score"],
            counters["best_update"],
        )
        self.best, self.misses = kept.best, counters["misses"]
        memory = together(kept.arrays, counters.get("memory", {}), MEMORY)
        self.figures.restore(memory.get("figures", {}))
        self.health.remember(memory.get("health", {}))
        self.recipe.usage.remember(memory.get("usage", {}))
        sums = part(kept.arrays, f"{MEMORY}/running/")
        self.carried = sums, counters.get("running", {})
        self._carry_on()

    def _carry_on(self) -> None:
        """Gives the compiled updates, which are made last, the sums that they go on from."""
        if self.compiled is not None:
            self.compiled.restore(*self.carried)
            self.carried = {}, {}

    def _take_best(self) -> None:
        for name, x in self.best.items():
            self.machine.params[name][...] = x

    def _checkpoint(self) -> None:
        """The run as it is now, between two updates; the next one is due when it is worth
        its time.
        """
        begun = time.monotonic()
        self._write_state()
        self._write_params()
        self.ranks.barrier()  # whoever waits for rank 0 does it here
        self._set_due(time.monotonic() - begun)

    def _set_due(self, cost: float) -> None:
        """When the next checkpoints may be written: at an epoch's end, and inside one."""
        now, least = time.monotonic(), MIN_TIMES_THEIR_COST * cost
        self.checkpoint_due = now + max(MIN_SECONDS_BETWEEN_CHECKPOINTS, least)
        self.checkpoint_due_inside = now + max(self.training.checkpoint, least)

    def _is_due(self) -> bool:
        """Whether a checkpoint is to be written inside an epoch."""
        return self.folder is not None and time.monotonic() >= self.checkpoint_due_inside

    def _write_state(self, validated: bool = False) -> None:
        """A checkpoint, or what has just been `validated` until one is due."""
        self._gather()
        if self.folder is not None:
            memories, counters = self._memories()
            best = {BEST + n: x for n, x in self.best.items()}
            arrays = {**self.recipe.arrays(copy=False), **best, **memories}
            folder = self.folder
            write = folder.write_validation_state if validated else folder.write_state
            write(arrays, counters, stored_edges(self.machine.model))
            self.saved = self.run_.updates

    def _write_params(self) -> None:
        if self.folder is not None:
            run = self.run_
            facts = {
                "updates": run.updates,
                "total": self.total,
                "stopped": run.stopped,
                "best_score": run.best_score,
                "best_update": run.best_update,
                "cases": len(self.cases),
                "seed": self.training.seed,
                **({"made": dict(self.made)} if self.made else {}),
            }
            self.folder.write_params(
                {**self.machine.params, **stored_edges(self.machine.model)}, facts
            )

    def _resume(self) -> None:
        if self.folder is None:
            raise fail("BM757", "a resume needs the folder of the run", help="give `out`")
        try:
            kept = self._stored(self.folder)
            self._restore(kept)
            self.seconds_before = float(kept.counters.get("seconds", 0.0))
        except (KeyError, ValueError) as error:
            raise fail(
                "BM757",
                "the checkpoint belongs to another model or other training settings",
                note=str(error),
            ) from None
