"""Work for the workers of a Dask cluster, by Dask's own client."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ..data.packages import needed
from ..language.diagnostics import fail

SECONDS_TO_CONNECT = 10
_one_at_a_time = threading.Lock()
"""A worker's threads are threads of compiled code, not runs side by side: what a run prints is
caught for the whole process.
"""


def on_workers(
    address: str, work: Callable[..., str | None], given: Sequence[tuple[Any, ...]]
) -> list[str | None]:
    """What `work` says of each of the given arguments, one task each, in their order; what went
    wrong with a task or its worker, in place of that.

    A worker carries out one task at a time, on as many threads as it has. Raises BM706 without the
    package, BM994 if no scheduler answers.
    """
    distributed = needed("distributed", "distributed", "`--dask`", '"bmdsl[dask]"')
    try:
        client = distributed.Client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise fail(
            "BM994",
            f"no scheduler of Dask answers at `{address}`",
            help="`dask scheduler` prints its address, as tcp://HOST:8786",
            note=str(error),
        ) from None
    with client:
        made = [client.submit(partial(_carried_out, work), *x, pure=False) for x in given]
        return [_said(x) for x in made]


def _said(future: Any) -> str | None:
    error = future.exception()
    if error is None:
        return str(found) if (found := future.result()) is not None else None
    return f"{type(error).__name__}: {error}"


def _carried_out(work: Callable[..., str | None], *given: Any) -> str | None:
    """One task, on a worker."""
    from distributed import get_worker

    from ..runtime.threads import set_at_most

    with _one_at_a_time:
        set_at_most(get_worker().state.nthreads)
        return work(*given)
