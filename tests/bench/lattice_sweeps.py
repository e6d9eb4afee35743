"""Sweeps of square lattices: bmdsl beside thrml, dwave-samplers and a plain numba loop, in spin
updates a nanosecond.

python -m tests.bench.lattice_sweeps         # the table of docs/performance.md
python -m tests.bench.lattice_sweeps chains  # the two forms of a sweep against the number of chains
python -m tests.bench.lattice_sweeps large   # a torus of a million spins: seconds and bytes until
it can be swept
python -m tests.bench.lattice_sweeps limits  # what random numbers alone would allow bits
NUMBA_NUM_THREADS=1 python -m tests.bench.lattice_sweeps busy  # beside other programs: processor
time of one thread in place of seconds, contenders in turn
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack

import numpy as np

from . import harness

keep = ExitStack()
"""Contexts that stay open for the whole process."""
SWEEPS = 50
"""Sweeps a call."""
LATTICE = (
    "model m(L) { visible s[L, L] : spin  param J, K  energy = - J[x,y] s[x,y] s[wrap(x+1),y] -"
    " K[x,y] s[x,y] s[x,wrap(y+1)] }"
)


def _couplings(length, gaussian=False):
    rng = np.random.default_rng(0)
    shape = 2, length, length
    return rng.normal(size=shape) if gaussian else rng.choice([-1.0, 1.0], shape)


def _edges(length):
    at = np.arange(length * length).reshape(length, length)
    return np.concatenate(
        [np.stack([at.ravel(), np.roll(at, -1, axis).ravel()], 1) for axis in (0, 1)]
    )


def _machine(length, beta, gaussian=False):
    import bmdsl

    machine = bmdsl.parse(LATTICE, L=length).compile()
    machine.params["J"], machine.params["K"] = beta * _couplings(length, gaussian)
    return machine


def bmdsl(settings):
    """`machine.sweep` as sampling calls it; `form` chooses one of the two generated forms."""
    from bmdsl.runtime import gibbs_sweeps
    from bmdsl.runtime.threads import one_pool

    if "form" in settings:
        gibbs_sweeps.MANY_CHAINS = 1 if settings["form"] == "side by side" else 10**9
    machine = _machine(settings["L"], settings["beta"], settings.get("gaussian", False))
    state = machine.initial_state(settings["chains"])
    count = 0
    keep.enter_context(machine.frozen())

    def sweep():
        nonlocal count
        count += 1
        machine.sweep(state, SWEEPS, {}, update=count)

    sweep()
    keep.enter_context(one_pool())
    return sweep


def thrml(settings):
    """Two blocks of a chessboard, all chains by vmap, as its documentation does it."""
    import jax
    import jax.numpy as jnp
    from thrml import Block, SamplingSchedule, SpinNode, sample_states
    from thrml.models import IsingEBM, IsingSamplingProgram, hinton_init

    length, chains = settings["L"], settings["chains"]
    nodes = [SpinNode() for _ in range(length * length)]
    edges = [(nodes[a], nodes[b]) for a, b in _edges(length)]
    model = IsingEBM(
        nodes,
        edges,
        jnp.zeros(len(nodes)),
        jnp.asarray(_couplings(length, settings.get("gaussian", False)).reshape(-1)),
        jnp.asarray(settings["beta"]),
    )
    colour = np.indices((length, length)).sum(0).ravel() % 2
    blocks = [Block([n for n, c in zip(nodes, colour, strict=True) if c == k]) for k in (0, 1)]
    program = IsingSamplingProgram(model, blocks, [])
    schedule = SamplingSchedule(SWEEPS, 1, 1)  # the warm-up runs, the one sample follows it
    run = jax.jit(
        jax.vmap(
            lambda start, key: sample_states(key, program, schedule, start, [], [Block(nodes)])
        )
    )
    start = hinton_init(jax.random.key(0), model, blocks, (chains,))
    count = 0

    def sweep():
        nonlocal count
        count += 1
        jax.block_until_ready(run(start, jax.random.split(jax.random.key(count), chains)))

    return sweep


def dwave(settings):
    """SimulatedAnnealingSampler at one temperature, its own Gibbs updates, a read a chain; one
    thread, as it has.
    """
    from dwave.samplers import SimulatedAnnealingSampler

    sampler, beta = SimulatedAnnealingSampler(), settings["beta"]
    J = {
        (int(a), int(b)): -float(w)
        for (a, b), w in zip(
            _edges(settings["L"]), _couplings(settings["L"]).reshape(-1), strict=True
        )
    }
    h = dict.fromkeys(range(settings["L"] ** 2), 0.0)
    import dimod

    problem = dimod.BinaryQuadraticModel.from_ising(h, J)
    options = {
        "num_reads": settings["chains"],
        "num_sweeps": SWEEPS,
        "beta_schedule_type": "custom",
        "beta_schedule": [beta] * SWEEPS,
        "proposal_acceptance_criteria": "Gibbs",
    }

    def sweep():
        sampler.sample(problem, seed=1, **options)

    return sweep


def loop(settings):
    """What one writes by hand: a chessboard in numba, one chain, one thread."""
    import numba

    @numba.njit(fastmath=True)
    def sweeps(s, J, K, count):
        length = len(s)
        for _ in range(count):
            for colour in range(2):
                for x in range(length):
                    for y in range((x + colour) % 2, length, 2):
                        right, below = (x + 1) % length, (y + 1) % length
                        field = J[x, y] * s[right, y] + J[x - 1, y] * s[x - 1, y]
                        field += K[x, y] * s[x, below] + K[x, y - 1] * s[x, y - 1]
                        up = np.random.random() < 1 / (1 + np.exp(-2 * field))
                        s[x, y] = 1.0 if up else -1.0

    J, K = (settings["beta"] * _couplings(settings["L"])).astype(np.float32)
    s = np.ones_like(J)
    sweeps(s, J, K, 1)
    return lambda: sweeps(s, J, K, SWEEPS)


CONTENDERS = {"bmdsl": bmdsl, "thrml": thrml, "dwave": dwave, "loop": loop}
TABLE = [
    ({"L": 64, "chains": 64}, ["bmdsl", "thrml", "dwave"]),
    ({"L": 64, "chains": 1024}, ["bmdsl", "thrml", "dwave"]),
    ({"L": 256, "chains": 256}, ["bmdsl"]),
    ({"L": 64, "chains": 64, "gaussian": True}, ["bmdsl", "thrml"]),
    ({"L": 64, "chains": 1}, ["bmdsl", "loop"]),
    ({"L": 256, "chains": 1}, ["bmdsl", "loop"]),
    ({"L": 1000, "chains": 1}, ["bmdsl", "loop"]),
]
"""The rows of the table, and who runs them."""


def rates(names, settings, blocks=9):
    """Spin updates a nanosecond of each contender."""
    updates = settings["L"] ** 2 * settings["chains"] * SWEEPS
    return {
        n: updates / t / 1e9
        for n, t in harness.compare(
            "tests.bench.lattice_sweeps", names, settings, blocks, 1.0
        ).items()
    }


def chains() -> None:
    """Both forms for 1 to 256 chains: where they cross is `MANY_CHAINS`."""
    print(f"{'chains':>8}{'one after another':>20}{'side by side':>16}   spin updates a nanosecond")
    for n in (1, 2, 4, 8, 16, 64, 256):
        found = {
            form: rates(["bmdsl"], {"L": 64, "beta": 0.5, "chains": n, "form": form}, 5)["bmdsl"]
            for form in ("unit by unit", "side by side")
        }
        print(f"{n:8}{found['unit by unit']:20.3f}{found['side by side']:16.3f}", flush=True)


def large() -> None:
    """Seconds, processor time and memory from a file to the first sweep, all code loaded before:
    uniform couplings and couplings ±1.
    """
    import resource

    import bmdsl

    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3

    bmdsl.load("ising", L=96).compile().sample(1, steps=1)
    _machine(96, 0.5).sample(1, steps=1)
    for length in (250, 500, 1000):
        for name, made in (
            ("uniform", lambda n: bmdsl.load("ising", L=n).compile()),
            ("±1", lambda n: _machine(n, 0.5)),
        ):
            loaded, begun, own = peak(), time.perf_counter(), time.process_time()
            made(length).sample(1, steps=1)
            print(
                f"{length} × {length}, {name}: {time.perf_counter() - begun:.2f} s,"
                f" {time.process_time() - own:.2f} s of processor, {peak() - loaded:.0f} MB more"
                f" than {loaded:.0f} at the peak",
                flush=True,
            )


def limits(count=1 << 20, repeats=9) -> None:
    """Spin updates a nanosecond of processor if bits were random numbers and nothing else: eleven
    words of 512 chains, which is how many it takes until all are decided, give 512 updates.
    """
    from bmdsl.kernels.bits import next_word
    from bmdsl.kernels.words import load, store
    from bmdsl.native import deferred

    @deferred.njit
    def drawn(room, count):
        s0, s1, s2, s3 = load(room, 0), load(room, 8), load(room, 16), load(room, 24)
        all_of = s0
        for _ in range(count):
            r, s0, s1, s2, s3 = next_word(s0, s1, s2, s3)
            all_of = all_of ^ r
        store(all_of, room, 0)

    room = np.random.default_rng(0).integers(1, 1 << 63, 32).astype(np.uint64)
    times = []
    for _ in range(1 + repeats):
        begun = time.process_time()
        drawn(room, count)
        times.append(time.process_time() - begun)
    rate = 512 * count / 11 / min(times[1:]) / 1e9
    print(f"random words alone: {rate:.1f} spin updates a nanosecond of processor", flush=True)


def busy(repeats=5) -> None:
    """The table in processor time: least and median of contenders that take turns."""
    import os

    os.environ.setdefault(
        "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    )
    for settings, names in TABLE:
        if settings["chains"] > 256:
            continue  # minutes a contender, and no other picture than 64 chains give
        updates = settings["L"] ** 2 * settings["chains"] * SWEEPS
        made = {n: CONTENDERS[n](settings | {"beta": 0.5}) for n in names}
        found = {n: [] for n in names}
        for n in [*names] * (1 + repeats):
            begun = time.process_time()
            made[n]()
            found[n].append(time.process_time() - begun)
        shown = (
            f"{n} {updates / min(t[1:]) / 1e9:.3f} ({updates / np.median(t[1:]) / 1e9:.3f})"
            for n, t in found.items()
        )
        print(f"{settings}: {'  '.join(shown)} spin updates a nanosecond of processor", flush=True)


def main() -> None:
    if harness.served(CONTENDERS):
        return
    if sys.argv[1:2] == ["chains"]:
        chains()
    elif sys.argv[1:2] == ["large"]:
        large()
    elif sys.argv[1:2] == ["limits"]:
        limits()
    elif sys.argv[1:2] == ["busy"]:
        busy()
    else:
        for settings, names in TABLE:
            found = rates(names, settings | {"beta": 0.5}, 5)
            beside = (f"{found['bmdsl'] / found[n]:.1f} x {n}" for n in names[1:])
            shown = "  ".join(f"{n} {r:.3f}" for n, r in found.items())
            print(f"{settings}: {shown} spin updates a nanosecond, {', '.join(beside)}", flush=True)


if __name__ == "__main__":
    main()
