"""Functions of mathematics that translated text may call, by what machine code calls them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

INTRINSIC: dict[Any, str] = {
    math.exp: "exp",
    math.log: "log",
    math.sin: "sin",
    math.cos: "cos",
    math.fabs: "fabs",
    np.exp: "exp",
    np.log: "log",
    np.sin: "sin",
    np.cos: "cos",
}
"""Functions that LLVM knows."""
OUTSIDE: dict[Any, str] = {
    math.sqrt: "sqrt",
    math.log1p: "log1p",
    math.expm1: "expm1",
    math.tanh: "tanh",
    math.tan: "tan",
    math.asin: "asin",
    math.acos: "acos",
    math.atan: "atan",
    math.sinh: "sinh",
    math.cosh: "cosh",
    math.asinh: "asinh",
    math.acosh: "acosh",
    math.atanh: "atanh",
    math.log2: "log2",
    math.erf: "erf",
    math.erfc: "erfc",
    math.lgamma: "lgamma",
    np.sqrt: "sqrt",
    np.log1p: "log1p",
    np.expm1: "expm1",
    np.tanh: "tanh",
}
"""Functions of C's library; a square root is LLVM's own, which rounds the same way."""
