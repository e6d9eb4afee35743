"""Values of given groups, from files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..data.load import holds_several, read_file
from ..language.diagnostics import BmError, fail

if TYPE_CHECKING:
    from ..inference.machine import Machine


def assigned(text: str, option: str) -> tuple[str, str]:
    """`past=FILE` as its two sides. Raises BM915 if it is none."""
    name, sign, value = text.partition("=")
    if not sign or not name.strip() or not value.strip():
        form = (
            f"`{option} {text}` is not of the form"
            f" GROUP={'GROUP' if option == '--feed' else 'FILE'}"
        )
        example = "past=v" if option == "--feed" else "past=past.npy"
        raise fail("BM915", form, help=f"for instance `{option} {example}`")
    return name.strip(), value.strip()


def read_given(machine: Machine, texts: Sequence[str], n: int) -> dict[str, np.ndarray]:
    """Given group → its values, one case per chain: [chains, *axes].

    A file with one case serves all `n` chains; of an .npz the array of the group's name is taken.
    Raises BM794 for a group that is not given, BM807 for different numbers of cases.
    """
    out = {}
    for text in texts:
        name, path = assigned(text, "--given")
        if name not in machine.given:
            known = ", ".join(machine.given)
            cure = f"its given groups are {known}" if known else "it has none"
            raise fail(
                "BM794",
                f"`{name}` is not a given group of `{machine.model.name}`",
                help=f"{cure}; `--clamp {text}` holds another group",
            )
        x = _read(path, name)
        axes = tuple(int(a) for a in machine.program.plan.group(name).axes)
        out[name] = x[None] if x.shape == axes and axes else x
    counts = {name: len(x) for name, x in out.items() if x.ndim and len(x) != 1}
    if len(set(counts.values())) > 1:
        found = ", ".join(f"{name} {count:,}" for name, count in counts.items())
        raise fail("BM807", f"groups have different numbers of cases: {found}")
    chains = next(iter(counts.values()), n)
    return {
        name: np.repeat(x, chains, axis=0) if x.ndim and len(x) == 1 else x
        for name, x in out.items()
    }


def _read(path: str, name: str) -> np.ndarray:
    if holds_several(path):
        try:
            return read_file(f"{path}:{name}")
        except BmError as no_such_array:
            if no_such_array.diagnostics[0].code != "BM704":
                raise
    return read_file(path)


def verify_given(
    machine: Machine, values: Mapping[str, np.ndarray], option: str = "--given"
) -> None:
    """Raises BM805 if a given group has no value; `option` is the one that gives it."""
    missing = [name for name in machine.given if name not in values]
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        raise fail(
            "BM805",
            f"sampling needs a value for {names}",
            help=f"`{option} {missing[0]}=FILE`: one case per chain, or one for all of `-n` chains",
        )
