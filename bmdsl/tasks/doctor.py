"""Is this installation as it should be? Versions, threads, caches, optional packages, and a second
of training beside the matrix products that it needs: what `bm doctor` shows.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..language.version import VERSION
from ..runs.making import processor_name

NEEDED = ("numpy", "scipy", "numba", "networkx", "lark", "scikit-learn", "matplotlib")
D, H, BATCH = 784, 500, 100
"""The RBM that is timed: that of the tables of docs/performance.md."""
PRODUCTS = 5
"""Matrix products of an update of persistent chains: three fields and two moments."""
SECONDS = 1.0
MIN_TRIES = 5
REPEATS = 3
"""The quickest of these counts: another program may take a core for some milliseconds."""
MOST = 3.0
"""An update may take this many times NumPy's matrix products: machines whose BLAS knows their
processor are at 1 to 2, and another program on the same cores costs as much again.
"""
MOST_BESIDE_NARROW = 1.5
"""The same if NumPy's products take registers half as wide as the processor's: 0.9 was measured
(AMD Zen 5 with `OPENBLAS_CORETYPE=Haswell`).
"""
CORETYPE = "OPENBLAS_CORETYPE"
MIB = 1 << 20


@dataclass(frozen=True)
class Fact:
    """One line; `minds` says what is wrong with it and what helps."""

    name: str
    value: str
    minds: str = ""


def facts() -> list[Fact]:
    """All but the benchmark."""
    return [*_versions(), *_processor(), *_places(), *_extras()]


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _versions() -> list[Fact]:
    here = Path(__file__).parents[1]
    found = {name: _version(name) for name in NEEDED}
    absent = [name for name, version in found.items() if not version]
    return [
        Fact("bmdsl", f"{VERSION} in {here}"),
        Fact("Python", f"{platform.python_version()} in {sys.prefix}"),
        Fact(
            "packages",
            ", ".join(f"{n} {v}" for n, v in found.items() if v),
            f"missing: {', '.join(absent)}; pip install bmdsl" if absent else "",
        ),
    ]


def _processor() -> list[Fact]:
    import numba.core.config
    from llvmlite.binding import get_host_cpu_name as llvm_name

    from ..runtime.threads import one_pool

    with one_pool():  # loads the BLAS that compiled products call
        import threadpoolctl

        pools = threadpoolctl.threadpool_info()
    blas = {_library(p) for p in pools if p.get("user_api") == "blas"}
    cores, threads = os.cpu_count() or 1, int(vars(numba.core.config)["NUMBA_NUM_THREADS"])
    few = (
        "fewer threads than cores: NUMBA_NUM_THREADS or the machine's limits bound them"
        if threads < len(_allowed())
        else ""
    )
    return [
        Fact("processor", f"{processor_name()} ({llvm_name()}), {cores} hardware threads"),
        Fact("threads", f"{threads} of compiled code", few),
        Fact("BLAS", ", ".join(sorted(blas)), "" if blas else "none was found: reinstall SciPy"),
        *_products_by(),
        _tiles(),
    ]


def _library(pool: dict[str, Any]) -> str:
    """`openblas 0.3.30 for SkylakeX`: whose kernels it has chosen, or was told to take."""
    words = [str(pool.get("internal_api")), str(pool.get("version") or "")]
    kernels = pool.get("architecture")
    told = f" by {CORETYPE}" if pool.get("internal_api") == "openblas" and _is_told() else ""
    return " ".join([*filter(None, words), *([f"for {kernels}{told}"] if kernels else [])])


def _is_told() -> bool:
    """Whether OpenBLAS is told a processor, in place of the one that it finds."""
    return bool(os.environ.get(CORETYPE))


def _products_by() -> list[Fact]:
    """That compiled products leave BLAS out, if they do."""
    from ..kernels.blas import is_narrow
    from ..kernels.register_blocks import FUSED, REGISTER

    if not (FUSED and is_narrow()):
        return []
    why = f"vector registers of {REGISTER} bytes"
    if _is_behind():
        why += ", which BLAS leaves half empty"
        why += f": unset {CORETYPE} to let it fill them" if _is_told() else " on this processor"
    return [Fact("products", f"by bmdsl, in {why}")]


def _is_behind() -> bool:
    """Whether BLAS takes kernels for registers half as wide as the processor's."""
    from ..kernels.blas import is_narrow
    from ..kernels.register_blocks import WIDE

    return WIDE and is_narrow()


def _tiles() -> Fact:
    """What products of float32 take the processor's matrix tiles."""
    from ..kernels import tiles

    word = os.environ.get(tiles.VARIABLE, "")
    meant = {"states": "products of float32 with states and counts", "all": "products of float32"}
    value = meant[tiles.use()] if tiles.available() else "none"
    unknown = bool(word) and word not in tiles.USES
    words = ", ".join(tiles.USES)
    minds = f"{tiles.VARIABLE} is `{word[:40]}`: {words} are what it may be" if unknown else ""
    return Fact("matrix tiles", value, minds)


def _allowed() -> set[int]:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()


def _places() -> list[Fact]:
    from ..language.cache import cache_folder

    cache = cache_folder("code").parent
    files = [p for p in cache.rglob("*") if p.is_file()] if cache.is_dir() else []
    size = sum(p.stat().st_size for p in files) / MIB
    existing = next(p for p in (cache, *cache.parents) if p.exists())
    data = os.environ.get("BMDSL_DATA", "")
    missing = bool(data) and not Path(data).is_dir()
    return [
        Fact(
            "compiled code",
            f"{size:.0f} MiB in {cache}",
            ""
            if os.access(existing, os.W_OK)
            else "the folder cannot be written, so that every start compiles anew: set BMDSL_CACHE",
        ),
        Fact(
            "data folder",
            data or "the system's cache folder",
            "BMDSL_DATA names no folder" if missing else "",
        ),
    ]


def _extras() -> list[Fact]:
    """Which extras are there, with all the packages that they bring."""
    wanted: dict[str, list[str]] = {}
    for line in importlib.metadata.requires("bmdsl") or () if _version("bmdsl") else ():
        found = re.match(r"([\w.-]+).*extra == ['\"]([\w-]+)['\"]", line)
        if found and found[2] not in ("test", "docs"):
            wanted.setdefault(found[2], []).append(found[1])
    have = [extra for extra, packages in wanted.items() if all(map(_version, packages))]
    lack = [extra for extra in wanted if extra not in have]
    return [
        Fact("extras", ", ".join(sorted(have)) or "none"),
        *([Fact("not installed", ", ".join(f"bmdsl[{x}]" for x in sorted(lack)))] if lack else []),
    ]


@dataclass(frozen=True)
class Timing:
    """Seconds of an update, and of its matrix products alone by NumPy; their ratio is at most
    `most` on a machine that is as it should be.
    """

    update: float
    products: float
    most: float = MOST

    @property
    def ratio(self) -> float:
        """How many times its products an update takes."""
        return self.update / self.products

    def fact(self) -> Fact:
        """As a line."""
        return Fact(
            "speed",
            f"{1e3 * self.update:.2f} ms an update of a {D}×{H} RBM, its matrix products alone by"
            f" NumPy {1e3 * self.products:.2f} ms: {self.ratio:.1f} times, {self.most:g} at most"
            " expected",
            ""
            if self.ratio <= self.most
            else "slower than expected: is another program on these cores? does `--threads 1`"
            " do better?",
        )


def timing(seconds: float = SECONDS) -> Timing:
    """About so many seconds of training, after one that compiles."""
    from ..model import load_named
    from ..plan.streams import fixed_generator
    from .train import fit

    rng = fixed_generator("TIMED")
    x = (rng.random((10 * BATCH, D)) < 0.3).astype(np.float32)
    model = load_named("rbm", None, {"D": D, "H": H})
    machine = model.compile()

    def train(updates: int) -> float:
        settings = {"updates": updates, "batch": BATCH, "monitor": 0}
        bound = model.bind(settings)
        begun = time.perf_counter()
        fit(bound, machine, x, None, progress=False)
        return time.perf_counter() - begun

    train(10)
    few, many = 10, 60
    short = min(train(few) for _ in range(REPEATS))
    many = max(many, round(seconds / REPEATS / max(short / few, 1e-6)))
    took = min(train(many) for _ in range(REPEATS))
    update = max(took - short, 1e-9) / (many - few)
    most = MOST_BESIDE_NARROW if _is_behind() else MOST
    return Timing(update, _products(rng, seconds / 4), most)


def _products(rng: np.random.Generator, seconds: float) -> float:
    """Seconds of PRODUCTS products, the quickest time: with as many threads as BLAS takes, and with
    one, because threads that wait for a busy core are slower than none.
    """
    import threadpoolctl

    v = rng.random((BATCH, D), dtype=np.float32)
    w = rng.random((D, H), dtype=np.float32)
    h = v @ w
    times: list[float] = []
    for threads in (None, 1):
        with threadpoolctl.threadpool_limits(threads, user_api="blas"):
            end, tries = time.perf_counter() + seconds / 2, 0
            while time.perf_counter() < end or tries < MIN_TRIES:
                begun = time.perf_counter()
                for product in (lambda: v @ w, lambda: h @ w.T, lambda: v @ w, lambda: v.T @ h):
                    product()
                v.T @ h
                times.append(time.perf_counter() - begun)
                tries += 1
    return min(times)


def as_dict(found: list[Fact], speed: Timing | None) -> dict[str, Any]:
    """For `--json`."""
    return {
        "ok": not any(f.minds for f in found),
        "facts": {f.name: f.value for f in found},
        "problems": {f.name: f.minds for f in found if f.minds},
        **(
            {}
            if speed is None
            else {"update_seconds": speed.update, "products_seconds": speed.products}
        ),
    }
