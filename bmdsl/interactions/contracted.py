"""Terms of several groups summed letter by letter: −E holds Σ Π parameters · Π units, in the order
of least cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

from ..language.letters import grid_columns, place_of
from ..plan.contraction import ROWS, Letters, Path
from ..plan.multiway import Contraction
from ..plan.plan import Plan
from ..schedule.builder import Builder, Gradient, NotScheduled, Phase
from ..schedule.group_arrays import product_of
from ..schedule.values import Array, Content, Folded, Life, Number, Part, Value, base, length
from .convolved import Convolved, lengths_of
from .dense import product
from .interface import Interaction
from .moments import times, weighed
from .tensor import ThreeWay, axes_constant, moment, part_like

NOMINAL = 100
"""Cases that an order of summation is chosen for, and the length of an axis without a value."""
UNFOLDED = 1 << 24
"""Most numbers of unfolded states."""


def multiway_of(plan: Plan) -> tuple[Interaction, ...]:
    """The plan's terms of several groups, those of one parameter for three groups first."""
    contracted = (Convolved(c) if c.is_convolution else Contracted(c) for c in plan.contractions)
    return (*(ThreeWay(t) for t in plan.tensors), *contracted)


@dataclass(frozen=True)
class Lettered:
    """An array with the letters of its axes; `x` holds the entries in this order."""

    x: Array
    letters: Letters
    lasts: bool = False
    """Whether it stays as it is for the whole of an update: a parameter, or what is given with a
    minibatch.
    """

    @property
    def name(self) -> str:
        """What a product with it is called by."""
        return base(self.x).name


@dataclass(frozen=True)
class Contracted:
    """A product of parameters and states summed over shared letters.

    A group that index arithmetic reaches is unfolded: gathered into an array with an axis a letter,
    its field scattered back from one.
    """

    contraction: Contraction

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups whose units it couples."""
        return self.contraction.groups

    def prepare(self, b: Builder) -> None:
        """Nothing: parameters are used as they are."""

    def _letters(self, group: str) -> Letters:
        return self.contraction.letters[self.groups.index(group)]

    def _columns(self, b: Builder, group: str) -> Value | None:
        """The columns of an unfolded group, None of one whose letters are its axes."""
        unfolding = self.contraction.unfolded[self.groups.index(group)]
        if unfolding is None:
            return None
        letters, lengths = self._letters(group), lengths_of(b, self.contraction)
        if any(isinstance(n, str) for n in lengths.values()):
            return b.constant(f"columns_{group}", None, (product_of(lengths[x] for x in letters),))
        known = {x: int(n) for x, n in lengths.items()}
        columns = grid_columns(place_of(unfolding, b.plan.axes(group)), letters, known)
        return b.constant(f"columns_{group}", columns.reshape(-1))

    def _state(self, b: Builder, group: str, x: Array) -> Lettered:
        """A group's rows by letters."""
        columns, letters = self._columns(b, group), (ROWS, *self._letters(group))
        if columns is None:
            return Lettered(x, letters, isinstance(x, Value) and x.life is Life.GIVEN)
        wide, rows = columns.shape[0], base(x).shape[-2]
        if isinstance(wide, int) and wide * length(rows, b.batch) > UNFOLDED:
            raise NotScheduled(f"{wide:,} numbers of every case unfolded at once")
        out = b.shared(f"unfolded_{base(x)}", base(x).content, (rows, wide))
        made = part_like(x, out)
        b.do("gather_columns", x, columns, made)
        return Lettered(made, letters)

    def _arrays(self, b: Builder, leave: int | None = None) -> list[Lettered]:
        """The parameters but for that at `leave`."""
        c = self.contraction
        pairs = enumerate(zip(c.parameters, c.parameter_letters, strict=True))
        return [Lettered(b.params[n], x, True) for k, (n, x) in pairs if k != leave]

    def add_field(
        self, b: Builder, target: str, phase: Phase, eta: Value | Part, rows: int | str
    ) -> None:
        """η += scale · Σ Π parameters · the other groups' states."""
        c = self.contraction
        lengths = nominal(b, c)
        states = [self._state(b, n, phase.rows[n]) for n in self.groups if n != target]
        walk = Walk(b, lengths_of(b, c), states[0].x)
        into, columns = b.field_part(target, eta, 1), self._columns(b, target)
        path, letters = c.field(target, lengths), (ROWS, *self._letters(target))
        arrays = [*states, *self._arrays(b)]
        scale = Number(repr(c.scale))
        if columns is None:
            walk.add(path, arrays, letters, scale, into)
            return
        out = b.shared(f"unfolded_eta_{target}", Content.FIELD, (rows, columns.shape[0]))
        made = part_like(states[0].x, out)
        b.do("clear", made)
        walk.add(path, arrays, letters, Number("1.0"), made)
        b.do("scatter_columns", made, columns, scale, into)

    def add_moment(self, b: Builder, phase: Phase, gradient: Gradient, factor: float) -> None:
        """gradient += factor · scale · ⟨Π states · the other parameters⟩, of every parameter."""
        c = self.contraction
        if phase.by_state is not None and phase.by_state.unit in self.groups:
            raise NotScheduled("a posterior by states of a unit that meets others letter by letter")
        lengths = nominal(b, c)
        states = [self._state(b, n, phase.rows[n]) for n in self.groups]
        states[0] = Lettered(weighed(b, phase, states[0].x), states[0].letters)
        scale = times(factor * c.scale, phase.share)
        walk = Walk(b, lengths_of(b, c), states[0].x)
        for place, name in enumerate(c.parameters):
            arrays = [*states, *self._arrays(b, place)]
            walk.add(
                c.moment(place, lengths), arrays, c.parameter_letters[place], scale, gradient[name]
            )


def nominal(b: Builder, c: Contraction) -> dict[str, int]:
    """Letter → the length that a path is chosen for: NOMINAL for one without a value."""
    known = lengths_of(b, c)
    return {ROWS: NOMINAL} | {x: NOMINAL if isinstance(n, str) else n for x, n in known.items()}


@dataclass(frozen=True)
class Walk:
    """A path of pairwise products as ops."""

    b: Builder
    lengths: dict[str, int | str]
    like: Array
    """An array with as many rows as all others."""
    made: dict[tuple[str, ...], Value] = field(default_factory=dict)
    """Products that one path after another can use."""

    def add(
        self, path: Path, arrays: Sequence[Lettered], letters: Letters, scale: Number, out: Array
    ) -> None:
        """out += scale · the path's result, its axes in the order of `letters`."""
        known = list(arrays)
        for n, step in enumerate(path.steps):
            last = n == len(path.steps) - 1
            if step.right is None:
                made = self._summed(known[step.left], step.letters)
                if last:
                    self._accumulate(made, letters, scale, out)
            else:
                target = (letters, scale, out) if last else None
                made = self._pair(known[step.left], known[step.right], set(step.letters), target)
            known.append(made)

    def _length(self, letters: Letters) -> int | str:
        return product_of(self.lengths[x] for x in letters)

    def _number(self, letters: Letters) -> Number:
        if not letters:
            return Number("1")
        return self.b.length(f"n_{'_'.join(letters)}", self._length(letters))

    def _matrix(self, a: Lettered, rows: Letters, columns: Letters) -> Array:
        """An array as a matrix of these letters."""
        wanted = (*rows, *columns)
        x = a.x
        if tuple(q for q in a.letters if self._real(q)) != tuple(
            q for q in wanted if self._real(q)
        ):
            x = self._permuted(a, wanted)
        whole = base(x).shape[-1]
        wide = self._length(columns)
        if isinstance(x, Value | Part) and whole == wide and (ROWS not in columns):
            return x
        if not isinstance(x, Value | Part):
            raise NotScheduled("a product of arrays of this order")
        return Folded(x, self._number(columns))

    def _real(self, letter: str) -> bool:
        return letter == ROWS or self.lengths[letter] != 1

    def _permuted(self, a: Lettered, wanted: Letters) -> Value | Part:
        """The array with its axes in another order; cases stay first."""
        b = self.b
        inside, order = a.letters, wanted
        rows = inside[0] == ROWS
        if rows and order[0] != ROWS:
            raise NotScheduled("cases that are not the first axis of a product")
        own, goal = (inside[1:], order[1:]) if rows else (inside, order)
        axes = axes_constant(b, own, goal, self.lengths)
        if rows:
            shape = (base(a.x).shape[-2], self._length(own))
            out = b.shared(f"{base(a.x)}_turned", base(a.x).content, shape)
            made = part_like(a.x, out)
            b.do("permute_rows", a.x, axes, made)
            return made
        shape = (self.lengths[goal[0]], self._length(goal[1:]))
        content = Content.MATRIX if base(a.x).content is Content.PARAMETER else base(a.x).content
        out = b.shared(f"{base(a.x)}_turned", content, shape)
        b.do("permute", Folded(a.x), axes, Folded(out))  # type: ignore[arg-type]  # values, no views of fields
        return out

    def _scratch(self, letters: Letters, word: str) -> Value | Part:
        """A scratch array of these letters, cases first if they are among them."""
        rest = letters[1:]
        if letters and letters[0] == ROWS:
            out = self.b.shared(
                word, Content.MEANS, (base(self.like).shape[-2], self._length(rest))
            )
            return part_like(self.like, out)
        first = self.lengths[letters[0]] if letters else 1
        return self.b.shared(word, Content.MOMENT, (first, self._length(rest)))

    def _pair(
        self, a: Lettered, c: Lettered, kept: set[str], target: tuple[Letters, Number, Array] | None
    ) -> Lettered:
        """Σ a c over letters of both that are not kept."""
        both = tuple(x for x in a.letters if x in c.letters)
        batch, summed = tuple(x for x in both if x in kept), tuple(x for x in both if x not in kept)
        left = tuple(x for x in a.letters if x not in both)
        right = tuple(x for x in c.letters if x not in both)
        if ROWS in right:
            a, c, left, right = c, a, right, left
        if batch and ROWS not in batch and ROWS in left:
            raise NotScheduled("a letter of a parameter that is kept beside cases")
        if target is not None and self._same((*batch, *right, *left), target[0]):
            a, c, left, right = c, a, right, left
        made = (*batch, *left, *right)
        straight = target is not None and self._same(made, target[0])
        if not summed and not batch and ROWS in left:
            raise NotScheduled("cases beside letters of a parameter")
        if straight and summed and not batch:
            assert target is not None
            out = self._fold(target[2], left, right)
            self._product(a, c, left, right, summed, target[1], out)
            return Lettered(target[2], target[0])
        word = f"{a.name}_{c.name}"
        key = ("product", word, *made)
        if key in self.b.once or key in self.made:
            found = Lettered(self.b.once.get(key) or self.made[key], made, a.lasts and c.lasts)
            if target is not None:
                self._accumulate(found, *target)
            return found
        found = Lettered(self._scratch(made, word), made, a.lasts and c.lasts)
        with self.b.outside() if found.lasts else nullcontext():
            self._compute(a, c, (batch, left, right, summed), found)
        if isinstance(found.x, Value):
            (self.b.once if found.lasts else self.made)[key] = found.x
        if target is not None:
            self._accumulate(found, *target)
        return found

    def _compute(
        self,
        a: Lettered,
        c: Lettered,
        letters: tuple[Letters, Letters, Letters, Letters],
        into: Lettered,
    ) -> None:
        """into = Σ a c over the summed letters."""
        (batch, left, right, summed), b = letters, self.b
        new, single = into.x, (*left, *right)
        if not summed and not single:  # entry times entry
            rows, columns = batch[:1], batch[1:]
            x, y = self._matrix(a, rows, columns), self._matrix(c, rows, columns)
            b.do("multiply", x, y, self._fold(new, rows, columns))
        elif not summed:  # every pair of what only one of them has
            x, y = self._matrix(a, batch, left), self._matrix(c, batch, right)
            b.do("pair_rows", x, y, self._fold(new, batch, single))
        elif not batch:
            b.do("clear", new)
            self._product(a, c, left, right, summed, Number("1.0"), self._fold(new, left, right))
        else:
            b.do("clear", new)
            x, y = (
                self._matrix(a, batch, (*left, *summed)),
                self._matrix(c, batch, (*summed, *right)),
            )
            b.do("add_row_products", x, y, self._number(summed), self._fold(new, batch, single))

    def _same(self, have: Letters, want: Letters) -> bool:
        return [x for x in have if self._real(x)] == [x for x in want if self._real(x)]

    def _fold(self, out: Array, rows: Letters, columns: Letters) -> Array:
        """An array to be written as a matrix of these letters."""
        if ROWS in columns:
            raise NotScheduled("cases beside letters of a parameter")
        if base(out).shape[-1] == self._length(columns):
            return out
        if not isinstance(out, Value | Part):
            raise NotScheduled("a result of this order")
        return Folded(out, self._number(columns))

    def _product(
        self,
        a: Lettered,
        c: Lettered,
        left: Letters,
        right: Letters,
        summed: Letters,
        scale: Number,
        out: Array,
    ) -> None:
        """out[left, right] += scale · a c, by the kind of product that leaves the arrays where they
        lie.
        """
        b = self.b
        at = tuple(x for x in a.letters if x in summed)
        backward = c.letters[len(c.letters) - len(at) :] == at
        if a.letters[: len(at)] == at and ROWS in at:
            x = self._matrix(a, at, left)
            moment(b, x, self._matrix(c, at, right), scale, out)
        elif backward and c.letters != at:
            x = self._matrix(a, left, at)
            product(b, x, self._matrix(c, right, at), False, scale, out)
        else:
            x = self._matrix(a, left, at)
            product(b, x, self._matrix(c, at, right), True, scale, out)

    def _summed(self, a: Lettered, kept: Letters) -> Lettered:
        """An array summed over the letters that are not kept."""
        stay = tuple(x for x in a.letters if x in kept)
        gone = tuple(x for x in a.letters if x not in kept)
        if not gone:
            return a
        out = self._scratch(stay, f"{a.name}_sum")
        self.b.do("sum_columns", self._matrix(a, stay, gone), Folded(out))
        return Lettered(out, stay)

    def _accumulate(self, made: Lettered, letters: Letters, scale: Number, out: Array) -> None:
        """out += scale · made, in the order of `letters`."""
        x: Array = made.x
        if not self._same(made.letters, letters):
            x = self._permuted(made, letters)
        if base(x).shape[-1] != base(out).shape[-1] and isinstance(x, Value | Part):
            x = Folded(x, self._number(letters[1:]))
        wide = base(out).shape[-1]
        if base(x).shape[-1] != wide and letters and self._length(letters[1:]) != wide:
            raise NotScheduled("a result of this order")
        self.b.do("add_scaled", x, scale, out)
