"""A picture for every unit type's page: `python -m tests.docs.unit_plots` draws docs/images/units/.

Left the distribution at three fields, right the mean with one standard deviation about it, from the
type's own functions. A picture carries a SHA-256 of what it shows, so that a test can tell whether
the type has changed since, whatever drew it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bmdsl import units
from bmdsl.units import UnitType

from .generated import DOCS

FOLDER = DOCS / "images" / "units"
FIELDS = (-2.0, 0.0, 2.0)
ARGUMENTS: dict[str, tuple[float, ...]] = {
    "binomial": (8,),
    "multinary": (8, 2),
    "categorical": (4,),
    "exponential": (1,),
    "gaussian": (1,),
    "rectified": (1,),
}
"""Type → the arguments that it is drawn with; none for the others."""
SPAN = {"gaussian": (-5, 5), "rectified": (0, 5), "exponential": (0, 1)}
"""Real types → the values that are shown."""
COUNTS = {"poisson": 20, "nrelu": 9}
"""Types that count without an end → values from 0 on that are shown."""
FAR = {"poisson": 3.0}
"""The largest field of the right panel, where it is not 6."""
COLOURS = ("#1b6ca8", "#777777", "#c8553d")
Array = np.ndarray


@dataclass(frozen=True)
class Shown:
    """What a picture shows: probabilities or densities at `x` for each of FIELDS, the mean and the
    standard deviation at `eta`.
    """

    x: Array
    densities: Array
    eta: Array
    mean: Array
    deviation: Array
    discrete: bool

    @property
    def digest(self) -> str:
        """SHA-256 of the numbers to four places."""
        made = hashlib.sha256()
        for part in (self.x, self.densities, self.eta, self.mean, self.deviation):
            made.update((np.round(part, 4) + 0.0).astype("<f8").tobytes())
        return made.hexdigest()


def shown(name: str) -> Shown:
    """Of a type by its name."""
    unit, eta = units.get(name), FAR.get(name, 6.0) * np.linspace(-1, 1, 61)
    arguments = ARGUMENTS.get(name, ())
    if unit.states is not None:
        return _one_of_k(unit, eta, int(arguments[0]))
    extra = (0.0,) if "x^2" in unit.statistics else ()
    states = np.arange(COUNTS[name]) if name in COUNTS else unit.support(*arguments)
    x = np.linspace(*SPAN[name], 201) if states is None else np.asarray(states, float)
    log_base = np.array([unit.log_base(v, *arguments) for v in x])
    densities = np.array(
        [np.exp(log_base + f * x - unit.log_partition(f, *extra, *arguments)) for f in FIELDS]
    )
    if unit.draws_within:  # A is not the one of the distribution that is drawn
        densities /= densities.sum(1, keepdims=True)
    mean = np.array([unit.mean(f, *extra, *arguments) for f in eta])
    variance = np.array([unit.variance(f, *extra, *arguments) for f in eta])
    return Shown(x, densities, eta, mean, np.sqrt(variance), states is not None)


def _one_of_k(unit: type[UnitType], eta: Array, k: int) -> Shown:
    """Its first state at each field, the fields of the others 0."""

    def means(field: float) -> Array:
        out = np.zeros(k)
        unit.mean(np.array([field, *np.zeros(k - 1)]), out)
        return out

    first = np.array([means(f)[0] for f in eta])
    densities = np.array([means(f) for f in FIELDS])
    return Shown(np.arange(1.0, k + 1), densities, eta, first, np.sqrt(first * (1 - first)), True)


def draw(name: str, path: Path) -> None:
    """Two panels, as SVG."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    s = shown(name)
    figure = Figure(figsize=(6.4, 2.3), layout="constrained")
    left, right = figure.subplots(1, 2)
    width = 0.25 * float(np.diff(s.x).min()) if s.discrete else 0.0
    for k, (field, values, colour) in enumerate(zip(FIELDS, s.densities, COLOURS, strict=True)):
        label = f"η = {field:g}".replace("-", "−")
        if s.discrete:
            left.bar(s.x + (k - 1) * width, values, width, color=colour, label=label)
        else:
            left.plot(s.x, values, color=colour, label=label)
    if s.discrete:
        left.set_xticks(s.x[:: 1 + len(s.x) // 10])
    one_of_k = units.get(name).states is not None
    left.set_xlabel("state" if one_of_k else "x")
    left.set_ylabel("P(x)" if s.discrete else "density")
    left.set_ylim(0, None)
    above = {"loc": "lower center", "bbox_to_anchor": (0.5, 0.98)}
    left.legend(frameon=False, fontsize=8, ncols=len(FIELDS), **above)
    right.fill_between(
        s.eta, s.mean - s.deviation, s.mean + s.deviation, color=COLOURS[0], alpha=0.2, lw=0
    )
    right.plot(s.eta, s.mean, color=COLOURS[0])
    right.set_xlabel("field of state 1" if one_of_k else "field η")
    right.set_ylabel("P(state 1)" if one_of_k else "mean ± deviation")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    with rc_context({"svg.hashsalt": name, "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure.savefig(path, metadata={"Date": None, "Description": f"numbers {s.digest}"})


def digest_in(path: Path) -> str:
    """Of what a picture showed when it was drawn."""
    found = re.search(r"numbers ([0-9a-f]{64})", path.read_text(encoding="utf-8"))
    return found[1] if found else ""


def built_in() -> list[str]:
    """Types of the package by name."""
    return [n for n in units.names() if units.get(n).__module__.startswith("bmdsl.units.")]


def main() -> None:
    """Draws all pictures anew."""
    for name in built_in():
        draw(name, FOLDER / f"{name}.svg")
        print(FOLDER / f"{name}.svg")


if __name__ == "__main__":
    main()
