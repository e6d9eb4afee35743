"""Visible units put right by the machine: entries that were not seen, and values that were seen
through noise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..language.diagnostics import fail
from ..plan.streams import NOISE_STREAM, SAMPLE_STREAM
from ..runtime.expert_sampling import ExpertSampler
from ..runtime.program import Array, State

if TYPE_CHECKING:
    from .phases import Phases


def impute(machine: Phases, state: State, holes: State, steps: int, first: int) -> State:
    """E[v | the seen entries] of every group in `holes`, over the second half of `steps` sweeps:
    [cases, size].

    `holes` are True where nothing was seen.
    """
    program = machine.program
    observed = state | {
        n: program.flat(n, np.where(hole, np.nan, state[n])) for n, hole in holes.items()
    }
    chains = machine.initial_state(len(next(iter(state.values()))))
    machine.sweep(chains, max(1, steps // 2), observed, update=first)
    later = max(1, steps - steps // 2)
    keys = SAMPLE_STREAM, first + 1
    found = machine.compiled.complete(machine, chains, later, observed, tuple(holes), keys)
    if found is not None:
        return {n: x / later for n, x in found.items()}
    total = {n: np.zeros_like(chains[n]) for n in holes}
    for k in range(later):
        machine.sweep(chains, 1, observed, update=first + 1 + k)
        for n in holes:
            expert = program.plan.group(
                n
            ).expert  # such units have no means given the rest: their draws then
            total[n] += (
                chains[n]
                if expert
                else program.mean(n, program.field(machine.held_fields(), n, chains))
            )
    return {n: x / later for n, x in total.items()}


def noise_fields(machine: Phases, name: str, x: Array, noise: float) -> Array:
    """What seeing x adds to the fields of a group: [rows, size], or [2, rows, size] for types with
    x².

    Units of two states, each seen wrongly with probability p: log P(x̃ | x) = ±½ log((1 − p)/p), a
    field on x. Real values with noise of standard deviation s: x̃/s² on x and −1/(2s²) on x².
    BmError BM817 for other types, and where `noise` is no such number.
    """
    g = machine.program.plan.group(name)
    if g.square:
        if not noise > 0:
            raise fail(
                "BM817", f"noise of real values is a standard deviation above 0, not {noise:g}"
            )
        return np.stack([x / noise**2, np.full_like(x, -0.5 / noise**2)]).astype(machine.dtype)
    support = None if g.states is not None else g.unit.support(*g.arguments)
    if support is None or len(support) != 2 or machine.program.meets(name):
        why = ", which act on one another" if machine.program.meets(name) else ""
        raise fail(
            "BM817",
            f"noise on `{name}` is not known: units of type `{g.unit.name}`{why}",
            help="denoise units of two states, or real ones; without `noise`, any units",
        )
    if not 0 < noise < 0.5:
        raise fail(
            "BM817", f"noise of two-state units is a probability between 0 and 0.5, not {noise:g}"
        )
    low, high = np.sort(np.asarray(support, np.float64))
    sign = np.where(x > (low + high) / 2, 1.0, -1.0)
    return np.ascontiguousarray(sign * np.log((1 - noise) / noise) / (high - low), machine.dtype)


def denoise(machine: Phases, state: State, name: str, seen: Array, steps: int, first: int) -> Array:
    """E[v | x̃] under the machine and the noise: Gibbs sweeps with what was seen as fields of the
    visible units, averaged over the second half.

    `seen` is what `noise_fields` gives.
    """
    program, f = machine.program, machine.held_fields()
    chains = machine.initial_state(len(state[name]))
    for other, x in state.items():
        chains[other][...] = x
    empty = np.empty((0, 0), machine.dtype)
    total = np.zeros_like(chains[name])
    order = [n for block in program.plan.blocks for n in block if n == name or n not in state]
    order = [n for n in order if n != name] + [name]
    sampler = ExpertSampler(program, f, name) if program.plan.group(name).expert else None
    for step in range(steps):
        for group in order:
            if group == name and sampler is not None:
                sampler.draw(
                    chains,
                    empty,
                    machine._key(group, NOISE_STREAM, first, step),
                    None,
                    2 * step < steps,
                    seen,
                )
                if step >= steps // 2:
                    total += chains[name]
                continue
            eta = program.field(f, group, chains)
            if group == name:
                eta += seen
                if step >= steps // 2:
                    total += program.mean(name, eta)
            program.draw(
                f,
                group,
                eta,
                chains,
                empty,
                machine._key(group, NOISE_STREAM, first, step),
                beta=np.ones(len(total), machine.dtype) if program.meets(group) else None,
            )
    return total / (steps - steps // 2)
