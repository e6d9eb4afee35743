"""States as a user gives them, looked at and laid out, and chains that begin at some of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..language.diagnostics import fail, near
from ..language.model import Model
from ..language.spelling import spelled
from ..plan.costs import count_text, memory_limit
from ..plan.streams import CHOSEN_START_STREAM
from ..runtime import gate
from ..runtime.domain import verify_means
from ..runtime.missing import verify_numbers
from ..runtime.program import Array, Program, State
from .phases import Phases


class UserStates(Phases):
    """Phases that take states from a user, [n, *axes], one-hot for one-of-K groups."""

    def __init__(
        self, model: Model, program: Program, seed: int, starts: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(model, program, seed, starts)
        self._calls = 0

    def _state(
        self,
        groups: Mapping[str, Any],
        needed: tuple[str, ...],
        what: str,
        kind: gate.Kind = "states",
        unseen: bool = False,
    ) -> State:
        """What comes in for groups as [cases, size], through the gate; parameters are looked at
        too, as they may have been written in place.

        `unseen`: whether NaN is a unit that was not seen, else an error.
        """
        gate.verify_parameters(self.params)
        known = [g.name for g in self.model.groups]
        groups = {spelled(name, known): x for name, x in groups.items()}
        for name in groups:
            if name not in known:
                close = near(name, known)
                raise fail(
                    "BM804",
                    f"model `{self.model.name}` has no group `{name}`",
                    help=f"did you mean `{close}`?" if close else "",
                )
        missing = [name for name in needed if name not in groups]
        if missing:
            raise fail("BM805", f"{what} needs a value for {', '.join(f'`{m}`' for m in missing)}")
        state = {}
        for name in known:
            if name in groups:
                means = kind == "states" and self.takes_means and name not in self.hidden
                state[name] = gate.values(
                    self.program, name, groups[name], "means" if means else kind
                )
                verify_numbers(
                    self.program.plan.group(name),
                    self.program.states[name],
                    state[name],
                    what,
                    unseen,
                )
        if len({len(x) for x in state.values()}) > 1:
            raise fail(
                "BM807",
                "groups have different numbers of cases: "
                + ", ".join(f"{n} {len(x)}" for n, x in state.items()),
            )
        return state

    def _data(self, data: Any, kind: gate.Kind = "states") -> State:
        """Data as a state: one array where one visible group takes it, else a dict.

        Visible units may be missing (NaN).
        """
        groups = dict(data) if isinstance(data, Mapping) else {self.visible[0]: data}
        return self._state(
            groups,
            tuple(g.name for g in self.model.groups if g.role != "hidden"),
            "data",
            kind,
            unseen=True,
        )

    def seen(self, data: Any, missing: bool = False) -> State:
        """Data that are states or means of their units, some of them `missing` (NaN) or none.

        BmError BM774, BM819.
        """
        state = self._data(data, "means")
        for name, x in state.items():
            if not missing:
                verify_means(self.program.plan.group(name), x)
        return state

    def _shape(self, state: State) -> dict[str, Array]:
        return {n: self.program.shaped(n, x) for n, x in state.items()}

    # ------------------------------------------------------------ chains as they begin

    def _clamped(self, n: int, clamp: Mapping[str, Any] | None) -> State:
        needed = tuple(g.name for g in self.model.groups if g.role == "given")
        return self._state(clamp or {}, needed, "sampling", unseen=True)

    def _started(
        self, n: int, clamp: Mapping[str, Any] | None, init: Mapping[str, Any] | None
    ) -> State:
        """Chains as they begin; what is held fixed comes in with the first sweep."""
        observed, start = self._chosen(n, clamp, init)
        return self._begun(n, observed, start)

    def _chosen(
        self, n: int, clamp: Mapping[str, Any] | None, init: Mapping[str, Any] | None
    ) -> tuple[State, State]:
        """What is held fixed and what is chosen of the start.

        BmError BM807 for other numbers of cases than chains.
        """
        self._verify_room(n)
        observed, start = (
            self._clamped(n, clamp),
            self._state(init or {}, (), "the start", unseen=True),
        )
        for name, x in (observed | start).items():
            if len(x) != n:
                raise fail(
                    "BM807",
                    f"{n} chains were asked for, but `{name}` has {len(x)} cases",
                    help=f"give one case a chain, or n = {len(x)}",
                )
        return observed, start

    def _verify_room(self, n: int) -> None:
        """BmError BM830 for chains whose states are larger than the memory."""
        units = sum(g.size for g in self.program.plan.groups)
        limit, size = memory_limit(), 2 * n * units * self.program.dtype.itemsize
        if limit is not None and size > limit:
            raise fail(
                "BM830",
                f"{n:,} chains of {units:,} units need {count_text(size)}B, the limit is"
                f" {count_text(limit)}B",
                help="fewer chains at a time",
            )

    def _begun(self, n: int, observed: State, start: State) -> State:
        state = self.initial_state(n)
        self._calls += 1
        if start:
            self.sweep(state, 1, start | observed, update=self._calls, stream=CHOSEN_START_STREAM)
        return state
