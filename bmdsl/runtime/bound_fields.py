"""A program with its parameters, and what they amount to: the fields that conditionals are computed
from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..language.diagnostics import fail
from ..language.model import Model
from . import gate, initial
from .parameters import Parameters
from .program import Array, Fields, Program, State
from .proper import Propriety

LAYOUTS = ("auto", "bits", "codes", "stencil", "numbers")
"""How chains lie in memory: see `BoundFields.layout`."""


class BoundFields:
    """A program with its parameters, held as they are if need be, or with others in their place."""

    def __init__(
        self, model: Model, program: Program, seed: int, starts: Mapping[str, Any] | None = None
    ) -> None:
        self.model, self.program, self.seed, self.dtype = model, program, seed, program.dtype
        self.origins = initial.start_files(model, starts or {})
        """The files that parameters started from, as they were when read."""
        self.params = Parameters(
            model, initial.initial_parameters(model, seed, program.dtype, starts), program.dtype
        )
        self._order = {g.name: k for k, g in enumerate(model.groups)}
        self._held: Fields | None = None
        self._stands_in = False
        """Whether the held fields are others than the parameters'."""
        self.stepped = False
        """Whether parameters are as a training step has just left them, so that the next use need
        not look at them.
        """
        self.temperature: dict[str, float] = {}
        """Group → T of its responsibilities, inside `tempered`; energies, likelihoods and samples
        know nothing of it.
        """
        self._propriety = Propriety(program)
        self.pretrained = False
        """Whether a `pretrain` of the train block has been carried out."""
        self._layout = LAYOUTS[0]
        self.takes_means = gate.takes_means(model)
        """Whether data are means of their units: those that `as_means` leaves, or a layer below
        gives.
        """

    @property
    def layout(self) -> str:
        """How chains lie in memory: as `bits`, 64 chains to a word, as `codes` of one-of-K units,
        as bits of a `stencil`, sites of a lattice's row side by side, as `numbers`, or, `auto`,
        what is possible and quickest.

        Raises BM778 for another word.
        """
        return self._layout

    @layout.setter
    def layout(self, name: str) -> None:
        if name not in LAYOUTS:
            raise fail("BM778", f"`{name}` is no layout", help=f"there are {', '.join(LAYOUTS)}")
        self._layout = name

    def start_from(self, data: Mapping[str, Array], weights: Array | None = None) -> None:
        """Parameters that start from data and have no value yet get it from these cases: once, so
        that a value that was set or trained stays.
        """
        waiting = {
            n for n in self.params.waiting if not self.params[n].any()
        }  # one written in place has a value too
        for name, value in initial.data_parameters(self.model, data, waiting, weights).items():
            self.params[name] = value
        self.params.waiting.clear()

    def restart(self) -> None:
        """Every trained parameter, and every one that starts from data, as it is in a machine just
        compiled with this seed.
        """
        waiting = set(initial.from_data(self.model))
        for name, value in initial.initial_parameters(self.model, self.seed, self.dtype).items():
            if name in waiting or not self.model.parameter(name).fixed:
                self.params[name] = value
        self.params.waiting, self.pretrained = waiting, False

    @property
    def visible(self) -> tuple[str, ...]:
        return tuple(g.name for g in self.model.groups if g.role == "visible")

    @property
    def hidden(self) -> tuple[str, ...]:
        return tuple(g.name for g in self.model.groups if g.role == "hidden")

    @property
    def free(self) -> tuple[str, ...]:
        """Groups that the model has a distribution over: visible, then hidden."""
        return (*self.visible, *self.hidden)

    @property
    def reconstructs(self) -> bool:
        """Whether the first visible group has conditional means: one that experts see has none in
        closed form.
        """
        return not self.program.plan.group(self.visible[0]).expert

    @property
    def reconstructed(self) -> tuple[str, ...]:
        """The visible groups that have conditional means in closed form: no expert sees them."""
        return tuple(n for n in self.visible if not self.program.plan.group(n).expert)

    @property
    def given(self) -> tuple[str, ...]:
        return tuple(g.name for g in self.model.groups if g.role == "given")

    def held_fields(self) -> Fields:
        """What the present parameters amount to."""
        return self._fields()

    def _fields(self) -> Fields:
        if self._held is not None:
            return self._held
        self.settle()
        made = self.program.couple(self.params)
        if self._propriety.can_fail:
            self._propriety.verify(made)
        return made

    @property
    def frozen_fields(self) -> Fields | None:
        """What the parameters amount to for as long as they must not change; None if they may, or
        if other fields stand for them.
        """
        return None if self._stands_in else self._held

    def settle(self) -> None:
        """Looks at symmetric parameters, unless a training step has just left them."""
        if not self.stepped:
            self.params.settle()
        self.stepped = False

    def has_routines(self, beta: Array | None = None) -> bool:
        """Whether routines, which read the parameters and verify nothing, answer for the machine as
        it is: fields are those of the parameters, and a distribution is proved.

        Raises BM813 for parameters that leave none.
        """
        if self._stands_in:
            return False
        if self._held is None:
            if not self._propriety.can_fail:
                self.settle()
                return True
            self._fields()
        return not self._unproved(beta)

    @contextmanager
    def tempered(self, temperature: Mapping[str, float]) -> Iterator[None]:
        """Inside, responsibilities of these groups are formed at T: P(z | v) ∝ exp(−F(v, z)/T)
        (Nair & Hinton 2008, eq. 13).
        """
        before = self.temperature
        self.temperature = dict(temperature)
        try:
            yield
        finally:
            self.temperature = before

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Inside, parameters must not change: what they amount to is made once."""
        with self._holding(self._fields(), self._stands_in):
            yield

    @contextmanager
    def standing_for(self, fields: Fields) -> Iterator[None]:
        """Inside, these fields take the place of the parameters'."""
        with self._holding(fields, True):
            yield

    @contextmanager
    def _holding(self, fields: Fields, stands_in: bool) -> Iterator[None]:
        before = self._held, self._stands_in
        self._held, self._stands_in = fields, stands_in
        try:
            yield
        finally:
            self._held, self._stands_in = before

    @contextmanager
    def standing_at(self, params: Mapping[str, Array]) -> Iterator[None]:
        """Inside, fields, chains and energies are those of these parameters."""
        made = self.program.couple(dict(params))
        if self._propriety.can_fail:
            self._propriety.verify(made)
        with self.standing_for(made):
            yield

    def written_energy(self, state: State) -> Array:
        """E as the text has it, base measures left out: [rows], in nats. What `beta` multiplies."""
        return -self.program.minus_energy(self._fields(), state)

    def watch(self, state: State, beta: Array | None = None) -> None:
        """BmError BM890 where units that no proof holds back ran off.

        At β > 1 the proof for the model itself says nothing.
        """
        if self._unproved(beta):
            self._propriety.watch(state, always=beta is not None)

    @property
    def watched_groups(self) -> frozenset[str]:
        """The groups of units without bounds if some setting of the parameters leaves no
        distribution, else none.
        """
        return self._propriety.reals if self._propriety.can_fail else frozenset()

    def verify_distance(self, name: str, far: float) -> None:
        """BmError BM890 if units of a group went so far from 0 and no proof holds them back."""
        if name in self._propriety.watched:
            self._propriety.verify_distance(name, far)

    def verify_square_field(self, name: str, most: float) -> None:
        """BmError BM890 if such a field on x² leaves units no precision and nothing is proved of
        these parameters.
        """
        if self._propriety.watched:
            self._propriety.verify_square_field(name, most)

    def _unproved(self, beta: Array | None) -> bool:
        """Whether these parameters, or a β > 1, may leave no distribution."""
        hotter = beta is not None and bool(beta.max(initial=0) > 1)
        return bool(self._propriety.watched) or (self._propriety.can_fail and hotter)
