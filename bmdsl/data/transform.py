"""Runs the transforms that a train block lists, in order, and keeps what they learned from the
training cases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..language.diagnostics import fail, near
from ..registry import discover

_TRANSFORMS = "bmdsl.data.transforms"
Options = Mapping[str, float | int | str | bool]


@dataclass(frozen=True)
class Step:
    """One transform with its options and the statistics that it learned, by name."""

    name: str
    options: Options
    learned: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Fitted:
    """Transforms in order, each with its statistics: new values are mapped as the training cases
    were.
    """

    steps: tuple[Step, ...] = ()

    def apply(self, values: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """`values` after each transform in turn."""
        known = discover(_TRANSFORMS)
        for step in self.steps:
            values = known[step.name].apply(values, generator, step.learned, **step.options)
        return values

    def by_number(self) -> bool:
        """Whether every number becomes the same wherever it stands, and nothing is drawn."""
        known = discover(_TRANSFORMS)
        alone = (getattr(known[s.name], "by_number", None) for s in self.steps)
        return all(
            of is not None and of(**s.options) for of, s in zip(alone, self.steps, strict=True)
        )

    def without_inverse(self) -> str:
        """The first transform that cannot be undone; empty if all can."""
        known = discover(_TRANSFORMS)
        return next((s.name for s in self.steps if not hasattr(known[s.name], "invert")), "")

    def invert(self, values: np.ndarray) -> np.ndarray:
        """Transformed values back in the units that they came in.

        BM780 if a transform has no inverse.
        """
        if lost := self.without_inverse():
            raise fail(
                "BM780",
                f"`{lost}` cannot be undone",
                help="take the values as the units of the machine have them",
            )
        known = discover(_TRANSFORMS)
        for step in reversed(self.steps):
            values = known[step.name].invert(values, step.learned, **step.options)
        return values

    def arrays(self) -> dict[str, np.ndarray]:
        """Statistics of all transforms, named `PLACE/NAME`."""
        return {f"{k}/{n}": x for k, step in enumerate(self.steps) for n, x in step.learned.items()}

    @classmethod
    def of(cls, steps: Sequence[tuple[str, Options]], arrays: Mapping[str, np.ndarray]) -> Fitted:
        """Transforms with their statistics as `arrays` gave them."""
        parts = [(name.partition("/"), x) for name, x in arrays.items()]
        return cls(
            tuple(
                Step(name, options, {p[2]: x for p, x in parts if p[0] == str(k)})
                for k, (name, options) in enumerate(steps)
            )
        )


def fit(
    values: np.ndarray,
    steps: Sequence[tuple[str, Options]],
    generator: np.random.Generator,
    weights: np.ndarray | None = None,
) -> tuple[Fitted, np.ndarray]:
    """Transforms with what they learn from `values`, each from what the one before it left, and the
    values after all.

    `weights` [cases] weigh the cases of every statistic. Raises BM720 for a transform that does not
    exist.
    """
    known = discover(_TRANSFORMS)
    made = []
    for name, options in steps:
        if name not in known:
            guess = near(name, known)
            listing = "transforms are " + ", ".join(f"`{n}`" for n in known)
            raise fail(
                "BM720",
                f"there is no transform `{name}`",
                help=f"did you mean `{guess}`?" if guess else listing,
            )
        module = known[name]
        step = Step(
            name, options, module.fit(values, weights, **options) if hasattr(module, "fit") else {}
        )
        values = module.apply(values, generator, step.learned, **options)
        made.append(step)
    return Fitted(tuple(made)), values


def learns(names: Sequence[str]) -> bool:
    """Whether one of these transforms takes statistics from the training cases."""
    known = discover(_TRANSFORMS)
    return any(hasattr(known[name], "fit") for name in names if name in known)


def takes_dates(names: Sequence[str]) -> bool:
    """Whether the first of these transforms takes columns of dates (its module says
    `DATES = True`).
    """
    known = discover(_TRANSFORMS)
    return bool(names) and getattr(known.get(names[0]), "DATES", False)


def gives_means(names: Sequence[str]) -> bool:
    """Whether one of these transforms leaves means of units rather than states (its module says
    `MEANS = True`).
    """
    known = discover(_TRANSFORMS)
    return any(getattr(known[name], "MEANS", False) for name in names if name in known)
