"""Fifty updates of one stack after another, all layers at once, give the parameters and the
objective's value that are pinned in `reproduced/`.

The pinned numbers are those of float64 machines on small data made by a formula.
`python -m tests.stacks.test_joint_trainings_are_reproduced [NAME ...]` writes the files anew.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

import bmdsl
from bmdsl.data.preparing import Preparation
from bmdsl.stacks.joint import JointMachine, Trained, hidden_means
from bmdsl.tasks.train_jointly import joint_training
from bmdsl.training.loop import train
from tests.training.test_trainings_are_reproduced import Arrays, bits, letters, levels, reals

FOLDER = Path(__file__).parent / "reproduced"
UPDATES = 50
TOLERANCE = 1e-10

LAYER = """
model layer(D, H = 4) { visible v[D] : binary  hidden h[H] : binary
  param W init normal(0, 0.3)  param a init logit_mean(v)  param b
  energy = - a[i] v[i] - b[j] h[j] - W[i,j] v[i] h[j] }"""
CONVOLVED = """
model conv(N = 3) { visible v[2,6] : multinary(N)  hidden h[3,3] : multinary(N)
  param W[2,3,4] init normal(0, 0.2), a, b
  energy = - W[c,k,p] v[c,pad(2*x+p-1)] h[k,x] - a[c] v[c,x] - b[k] h[k,x] }
model flat(N = 3, K = 3, H = 4) { visible v[K,3] : multinary(N)  hidden h[H] : binomial(2)
  param W init normal(0, 0.2), a, b
  energy = - W[k,x,j] v[k,x] h[j] - a[k,x] v[k,x] - b[j] h[j] }
model top(D, H = 2) { visible v[D] : binomial(2)  hidden h[H] : binary
  param W init normal(0, 0.2), a, b
  energy = - W[i,j] v[i] h[j] - a[i] v[i] - b[j] h[j] }"""
REAL = """
model real { visible v[7] : gaussian(sigma = 0.8)  hidden h[5] : binary
  param W init normal(0, 0.1)  param b, c
  energy = - 1.5 b[i] v[i] - c[j] h[j] - 1.25 W[i,j] v[i] h[j] }"""
LETTERS = """
model letters { visible s[6] : categorical(4)  hidden h[5] : categorical(3)  hidden g[3] : binary
  param W init normal(0, 0.2)  param V init normal(0, 0.2)  param f, c, d
  energy = - f[i,a] s[i,a] - c[j,k] h[j,k] - d[j] g[j] - W[i,a,j,k] s[i,a] h[j,k]
             - V[i,a,j] s[i,a] g[j] }
model codes { visible v[5,3] : binary  hidden h[3] : spin
  param W init normal(0, 0.3)  param a, b
  energy = - a[i,k] v[i,k] - b[j] h[j] - W[i,k,j] v[i,k] h[j] }"""
SERIES = """
model series { given past[2, 4] : gaussian  visible v[4] : gaussian  hidden h[5] : binary
  param W init normal(0, 0.1)  param A, B init normal(0, 0.1)  param b, c
  energy = - W[i,j] v[i] h[j] - A[t,k,i] past[t,k] v[i] - B[t,k,j] past[t,k] h[j] - b[i] v[i]
             - c[j] h[j] }"""
FACTORED = """
model factored { given x[6] : binary  visible y[7] : binary  hidden h[5] : binary
  param A[6, 4] init normal(0, 0.4)  param B[7, 4] init normal(0, 0.4)
  param C[5, 4] init normal(0, 0.4)  param b init logit_mean(y)  param c
  energy = - A[i,f] B[j,f] C[k,f] x[i] y[j] h[k] - b[j] y[j] - c[k] h[k] }"""
HELD = """
model held { visible v[9] : binary  visible u[3] : spin  hidden h[5] : binary
  param W init uniform(0, 0.3) nonnegative  param U init normal(0, 0.2)
  param F init normal(0, 0.3) fixed  param b init logit_mean(v)  param c
  energy = - b[i] v[i] - c[j] h[j] - W[i,j] v[i] h[j] - U[i,j] v[i] h[j] - F[l,j] u[l] h[j] }"""
COUNTING = """
model counting { visible n[6] : poisson  hidden h[5] : binomial(2)
  hidden g[4] : exponential(max = 2)
  param W init normal(0, 0.1)  param V init normal(0, 0.1)  param a, b init -0.5  param c
  energy = - W[i,j] n[i] h[j] - V[i,j] n[i] g[j] - a[i] n[i] - b[j] h[j] - c[j] g[j] }
model wide(D) { visible x[D] : gaussian  hidden h[3] : rectified
  param W init normal(0, 0.1)  param a, b
  energy = - W[i,j] x[i] h[j] - a[i] x[i] - b[j] h[j] }"""

SGD = "optimizer sgd(rate = 0.05, momentum = 0.5)"
THROUGH = "objective contrastive_free_energy(through_reconstruction = true)"


@dataclass(frozen=True)
class Case:
    """Models, what the stack is, how it is trained, and on what."""

    models: str
    layers: str
    train: str
    data: Callable[[], np.ndarray | Arrays]
    weights: Callable[[], np.ndarray] | None = None

    def machine(self, backend: str) -> tuple[JointMachine, Arrays, bmdsl.language.model.Training]:
        """The layers at their start, what the first one sees, and the stack's train block."""
        text = f"{self.models}\nstack s {{\n{self.layers}\ntrain {{ jointly {self.train} }} }}"
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "s.bm"
            path.write_text(text)
            stack = bmdsl.load_stack(path)
        given = self.data()
        first = given if isinstance(given, dict) else None
        made: list[Trained] = []
        seen: dict[str, Arrays] = {}
        for layer in stack.layers:
            visible = next(g.name for g in layer.model.checked.groups if g.role == "visible")
            if layer.below is None:
                cases = {visible: given} if first is None else first
            else:
                below = next(x.machine for x in made if x.name == layer.below)
                cases = {visible: hidden_means(below, seen[layer.below], str(layer.group))}
            model = layer.model.bind_data({n: x.shape for n, x in cases.items()})
            machine = model.compile(3, "float64", backend)
            if layer.below is not None:
                machine.preparation = Preparation(model.checked, {}, fed=True)
                machine.takes_means = True
            else:
                cases = machine.prepare(cases)
            machine.start_from(cases)
            seen[layer.name] = cases
            made.append(Trained(layer.name, layer.below, layer.group, machine))
        return JointMachine("s", made), seen[stack.layers[0].name], joint_training(stack)

    def results(self, backend: str = "numba") -> Arrays:
        """Parameters after the updates, the objective in the last epoch, and the best score."""
        machine, data, training = self.machine(backend)
        training = replace(training, updates=UPDATES, seed=11)
        weights = None if self.weights is None else self.weights()
        run = train(machine, data, training, weights=weights, progress=False)  # type: ignore[arg-type]
        out = {
            f"params/{layer.name}.{n}": np.asarray(x)
            for layer in machine.layers
            for n, x in layer.machine.params.items()
        }
        for name in ("contrastive_free_energy", "gradient_norm", "reconstruction_error"):
            if name in run.metrics[-1]:
                out[name] = np.array(run.metrics[-1][name])
        if run.best_score is not None:
            out["best_score"] = np.array(run.best_score)
        return out


CASES: dict[str, Case] = {
    "two_dense_layers": Case(
        LAYER,
        "one : layer(H = 6)  two : layer() on one.h",
        f"{SGD}  batch 10",
        lambda: bits(37, 9),
    ),
    "four_dense_layers_through_adam_validate": Case(
        LAYER,
        "one : layer(H = 7)  two : layer(H = 6) on one.h  three : layer(H = 5) on two.h"
        "  four : layer() on three.h",
        f"{THROUGH}  optimizer adam(rate = 0.01)  schedule cosine(to = 0.1)  batch 8"
        "  validate 0.2  patience 100",
        lambda: bits(40, 9),
    ),
    "convolved_through": Case(
        CONVOLVED,
        "one : conv()  two : flat() on one.h  three : top() on two.h",
        f"{THROUGH}  optimizer adam(rate = 0.01)  schedule linear(to = 0)  batch 10",
        lambda: np.floor(4 * levels(40, 2, 6)),
    ),
    "real_through": Case(
        REAL + LAYER,
        "one : real  two : layer() on one.h",
        f"{THROUGH}  optimizer rmsprop(rate = 0.003)  batch 10",
        lambda: reals(40, 7),
    ),
    "real_through_without_base": Case(
        REAL + LAYER,
        "one : real  two : layer() on one.h",
        "objective contrastive_free_energy(through_reconstruction = true, base_measure = false)"
        "  optimizer sgd(rate = 0.003)  batch 10",
        lambda: reals(40, 7),
    ),
    "two_layers_on_one_of_letters": Case(
        LETTERS + LAYER,
        "one : letters  two : codes on one.h  three : layer() on one.g  four : layer() on one.g",
        f"{THROUGH}  {SGD}  batch 10",
        lambda: letters(40, 6, 4),
    ),
    "given_series": Case(
        SERIES + LAYER,
        "one : series  two : layer() on one.h",
        f"{THROUGH}  optimizer sgd(rate = 0.01)  batch 10",
        lambda: {"past": reals(40, 2, 4), "v": reals(40, 4, salt=1)},
    ),
    "factored_weighed": Case(
        FACTORED + LAYER,
        "one : factored  two : layer() on one.h",
        f"{THROUGH}  {SGD}  batch 15",
        lambda: {"x": bits(40, 6, salt=2), "y": bits(40, 7)},
        lambda: 0.5 + levels(40, 1)[:, 0],
    ),
    "held_parameters": Case(
        HELD + LAYER,
        "one : held  two : layer() on one.h",
        f"{SGD}  batch 10",
        lambda: {"v": bits(40, 9), "u": 2 * bits(40, 3, salt=5) - 1},
    ),
    "counting": Case(
        COUNTING,
        "one : counting  two : wide() on one.h  three : wide() on one.g",
        f"{THROUGH}  optimizer sgd(rate = 0.002)  batch 10",
        lambda: np.floor(4 * levels(40, 6) ** 2),
    ),
}
COMPILED = ("four_dense_layers_through_adam_validate",)
"""Cases that are run by numba too."""
RUNS = [(n, "reference") for n in CASES] + [(n, "numba") for n in COMPILED]


@pytest.mark.parametrize(("name", "backend"), RUNS)
def test_fifty_joint_updates_give_the_pinned_parameters(name: str, backend: str) -> None:
    found = CASES[name].results(backend)
    with np.load(FOLDER / f"{name}.npz") as pinned:
        assert set(found) == set(pinned.files)
        for key in pinned.files:
            np.testing.assert_allclose(found[key], pinned[key], rtol=0, atol=TOLERANCE, err_msg=key)


def test_every_file_has_its_case() -> None:
    assert {p.stem for p in FOLDER.glob("*.npz")} == set(CASES)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for case in sys.argv[1:] or CASES:
        np.savez_compressed(FOLDER / f"{case}.npz", **CASES[case].results())
