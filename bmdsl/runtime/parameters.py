"""A machine's parameters as a user sees them: name → array, assignable, checked where numbers
enter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..language.diagnostics import fail, near
from ..language.model import Model
from . import gate, initial
from .symmetry import settled

Array = np.ndarray


class Parameters(dict[str, Array]):
    """Name → array, assignable: a value goes through the gate and is copied into the machine's own
    array. None is added or removed.

    Whether the sides of a symmetric one agree is looked at when it is used, for entries may be
    written one by one.
    """

    def __init__(self, model: Model, arrays: Mapping[str, Array], dtype: np.dtype[Any]) -> None:
        super().__init__({n: np.require(a, dtype, ["C", "W", "O"]) for n, a in arrays.items()})
        self._model = model
        self.waiting = set(initial.from_data(model))
        """Parameters that start from data and have no value yet."""
        self._symmetric = tuple(p for p in model.parameters if p.symmetric)

    def __setitem__(self, name: str, value: Any) -> None:
        if name not in self:
            close = near(name, self)
            raise fail(
                "BM802",
                f"model `{self._model.name}` has no parameter `{name}`",
                help=f"did you mean `{close}`?" if close else "",
            )
        own = self[name]
        own[...] = gate.parameter(self._model.parameter(name), value, own.shape, own.dtype)
        self.waiting.discard(name)

    def update(self, *others: Any, **values: Any) -> None:
        """Sets several, each as if assigned."""
        for name, value in dict(*others, **values).items():
            self[name] = value

    def __ior__(self, other: Any) -> Parameters:  # type: ignore[override,misc]  # a dict's, for values that are checked
        self.update(other)
        return self

    def __delitem__(self, name: str) -> None:
        raise fail(
            "BM802", f"model `{self._model.name}` keeps its parameter `{name}`", help="set it to 0"
        )

    def pop(self, name: str, *default: Any) -> Any:
        """BmError BM802: a machine's parameters stay."""
        del self[name]

    def popitem(self) -> Any:
        """BmError BM802: a machine's parameters stay."""
        del self[next(iter(self))]

    def clear(self) -> None:
        """BmError BM802: a machine's parameters stay."""
        self.popitem()

    def setdefault(self, name: str, default: Any = None) -> Array:
        """The parameter of this name, which is there. BmError BM802 where the model has none."""
        if name not in self:
            self[name] = default
        return self[name]

    def settle(self) -> None:
        """Looks at symmetric parameters: one that asks for a side is made so.

        Raises BM112 or BM113 as `settled` does.
        """
        for p in self._symmetric:
            x = self[p.name]
            if (value := settled(p, x, "its array in `params`")) is not x:
                x[...] = value
