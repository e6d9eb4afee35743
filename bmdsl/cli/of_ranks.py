"""The command where mpirun starts it several times: rank 0 speaks, and a dead rank ends all."""

from __future__ import annotations

import functools
import io
import math
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from types import ModuleType
from typing import Any

from ..ranks.launch import launched

PATIENCE = 10.0
"""Seconds that a rank that has failed waits for the others to come to their end: rank 0 may be
writing what they all agreed to keep.
"""


def verb(module: ModuleType) -> Callable[..., Any]:
    """What a verb does; on rank 0 alone, unless the verb says that it is `SHARED` by ranks, and no
    option of its `ALONE_WITH` is given.
    """

    @functools.wraps(module.run)
    def run(*given: Any, **named: Any) -> Any:
        shared = getattr(module, "SHARED", False)
        shared = shared and all(named.get(x) is None for x in getattr(module, "ALONE_WITH", ()))
        if launched() < 2 or shared:
            return module.run(*given, **named)
        from ..ranks.interface import Alone
        from ..ranks.world import standing_as, world

        if not world().leads:
            return None
        with standing_as(Alone()):
            return module.run(*given, **named)

    return run


def together(run: Callable[[], int]) -> int:
    """The exit code of `run`, carried out on every rank that there is.

    Other ranks than the first print nothing but an error that is theirs alone. A rank that fails
    while others go on ends all of them: mpirun then ends the job.
    """
    if launched() < 2:
        return run()
    from ..language.diagnostics import BmError
    from ..ranks.world import world

    try:
        ranks = world()
    except BmError as error:
        print(error, file=sys.stderr)
        return 1
    end, abort = getattr(ranks, "end", None), getattr(ranks, "abort", None)
    if end is None or abort is None:
        return run()
    said = io.StringIO()
    if ranks.leads:
        code = run()
    else:
        with redirect_stdout(io.StringIO()), redirect_stderr(said):
            code = run()
    sys.stdout.flush()
    codes = end(code, PATIENCE if code else math.inf)
    if codes is None or (code and not codes[0]):
        print(said.getvalue(), end="", file=sys.stderr, flush=True)
    if codes is None:
        abort(code)
    return code
