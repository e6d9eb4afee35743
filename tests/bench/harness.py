"""Side-by-side timing: each contender lives in a process of its own and is asked for blocks of work
in turn.

An idle contender is stopped (SIGSTOP), so that no thread pool of one spins while another is timed.
Reported: medians over blocks.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from statistics import median

import numpy as np

KEEP = ExitStack()
"""Contexts that stay open for the whole process."""


def serve(make: Callable[[dict], Callable[[], None]], settings: dict) -> None:
    """A contender's own process: a line on stdin is a number of calls, the answer is seconds a
    call.
    """
    call = make(settings)
    for _ in range(3):
        call()
    print("ready", flush=True)
    for line in sys.stdin:
        count = int(line)
        call()
        begun = time.perf_counter()
        for _ in range(count):
            call()
        print((time.perf_counter() - begun) / count, flush=True)


def served(contenders: dict[str, Callable[[dict], Callable[[], None]]]) -> bool:
    """Whether this process is one contender's, started by `compare`; it has then done its work."""
    if sys.argv[1:2] != ["--serve"]:
        return False
    serve(contenders[sys.argv[2]], json.loads(sys.argv[3]))
    return True


AT_ONCE = 20
"""Updates of one call of compiled code, fewer than the training loop makes."""


def training_update(model, data, batch: int) -> Callable[[], None]:
    """The product's own updates, as its training loop calls them: the next minibatches of `data`,
    both phases, gradient, step; one thread pool from now on.

    AT_ONCE of them are one call of compiled code: each call but one in so many does nothing.
    """
    from bmdsl.runtime.threads import one_pool
    from bmdsl.training.cases import Cases
    from bmdsl.training.compiled import CompiledUpdates
    from bmdsl.training.recipe import Recipe

    machine = model.compile(dtype="float32")
    cases = Cases.of(data, None)
    probe, _ = cases.batch(np.zeros(1, int), 0, machine.dtype)
    recipe = Recipe.of(machine, model.checked.training, probe, 10**6)
    updates = CompiledUpdates.of(recipe, machine, cases, batch, {})
    rows = np.arange(len(cases) // batch * batch)
    some = np.resize(rows, AT_ONCE * batch)
    sizes, asked = np.full(AT_ONCE, batch), 0

    def update() -> None:
        nonlocal asked
        if asked % AT_ONCE == 0:
            updates.run(cases, some, asked, sizes)
        asked += 1

    update()  # loads what is imported late, so that the pool's limit finds it
    KEEP.enter_context(one_pool())
    return update


@contextmanager
def busy_core() -> Iterator[None]:
    """Another program that keeps one core busy, the last one of those that this process may use."""
    core = max(os.sched_getaffinity(0))
    text = f"import os; os.sched_setaffinity(0, {{{core}}})\nwhile True: pass"
    program = subprocess.Popen([sys.executable, "-c", text])
    try:
        yield
    finally:
        program.kill()
        program.wait()


def compare(
    module: str,
    contenders: list[str],
    settings: dict,
    blocks: int = 15,
    seconds: float = 0.3,
    together: int = 1,
) -> dict[str, float]:
    """Median seconds a call of every contender: a block of about `seconds` each, a multiple of
    `together` calls, in turn, `blocks` times.
    """
    processes = {}
    for name in contenders:
        command = [sys.executable, "-m", module, "--serve", name, json.dumps(settings)]
        processes[name] = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
    counts, times = {}, {name: [] for name in contenders}
    for name, p in processes.items():
        while (line := p.stdout.readline()).strip() != "ready":
            if not line:
                raise RuntimeError(f"contender {name} did not start")
        counts[name] = together * max(1, round(seconds / _ask(p, max(3, together)) / together))
    for _ in range(blocks):
        for name, p in processes.items():
            times[name].append(_ask(p, counts[name]))
    for p in processes.values():
        p.stdin.close()
        p.send_signal(signal.SIGCONT)
        p.wait()
    return {name: median(x) for name, x in times.items()}


def _ask(process: subprocess.Popen, count: int) -> float:
    process.send_signal(signal.SIGCONT)
    process.stdin.write(f"{count}\n")
    process.stdin.flush()
    seconds = float(process.stdout.readline())
    process.send_signal(signal.SIGSTOP)
    return seconds
