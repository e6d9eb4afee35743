"""Numbers of one type side by side in a vector register, as a type that compiled functions know.

What is done with them are pieces of code of the kernels' own (`numba.extending.intrinsic`), besides
`&`, `|`, `^` and `+`. Numba, which tests hold translated functions against, gets the same here.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.datamodel import PrimitiveModel
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import lower_builtin, register_model


class Vector(types.Type):
    """Numba's type of `count` numbers of a type in one register."""

    def __init__(self, dtype: Any, count: int) -> None:
        self.dtype, self.count = dtype, count
        super().__init__(f"Vector({dtype}, {count})")


@register_model(Vector)
class _Model(PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        number = manager.lookup(kind.dtype).get_value_type()
        super().__init__(manager, kind, ir.VectorType(number, kind.count))


BETWEEN: Mapping[str, tuple[str, str]] = {
    "BitAnd": ("and_", ""),
    "BitOr": ("or_", ""),
    "BitXor": ("xor", ""),
    "Add": ("add", "fadd"),
}
"""Python's operator → what LLVM calls it between registers of whole numbers and of real ones."""


def _enter(symbol: Any, name: str) -> None:
    """Enters what numba makes of Python's operator between registers of whole numbers."""

    class Between(AbstractTemplate):
        def generic(self, given: Any, by_name: Any) -> Any:
            if len(given) == 2 and given[0] == given[1] and isinstance(given[0], Vector):
                return signature(given[0], *given)
            return None

    infer_global(symbol)(Between)

    @lower_builtin(symbol, Vector, Vector)
    def carried_out(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return getattr(builder, name)(*values)


_enter(operator.and_, "and_")
_enter(operator.or_, "or_")
_enter(operator.xor, "xor")
_enter(operator.add, "add")
