"""Fifty updates of one model after another give the parameters and the chains that are pinned in
`reproduced/`.

The pinned numbers are those of float64 machines on small data made by a formula. A change of the
training code that is not meant to change its results leaves them within TOLERANCE; one that is
meant to is seen, and `python -m tests.training.test_trainings_are_reproduced [NAME ...]` writes the
files anew.

The random numbers behind starts and shuffles are NumPy's: a release of NumPy that draws them
otherwise changes every file.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bmdsl

pytestmark = pytest.mark.compiled

FOLDER = Path(__file__).parent / "reproduced"
UPDATES = 50
TOLERANCE = 1e-10
"""Sums may be reordered; a wrong operand, key or order of steps changes far more."""
Arrays = dict[str, np.ndarray]


def levels(cases: int, *shape: int, salt: int = 0) -> np.ndarray:
    """Numbers in [0, 1), [cases, *shape], from integers alone: the same on every machine."""
    size = int(np.prod(shape))
    n, i = np.arange(cases, dtype=np.int64)[:, None], np.arange(size, dtype=np.int64)[None, :]
    mixed = (n * 7919 + i * 104729 + n * n * 31 + i * i * 17 + n * i * 13 + salt * 7) % 1009
    mixed = (mixed * mixed * 271 + mixed * 89 + n * 57 + i * 3) % 1009
    return (mixed / 1009.0).reshape(cases, *shape)


def bits(cases: int, *shape: int, salt: int = 0) -> np.ndarray:
    """0 or 1; one in three cases is the complement of its level, so that units depend on one
    another.
    """
    x = levels(cases, *shape, salt=salt) < 0.35
    x[::3] = ~x[::3]
    return x.astype(float)


def spins(cases: int, *shape: int) -> np.ndarray:
    return 2 * bits(cases, *shape) - 1


def reals(cases: int, *shape: int, salt: int = 0) -> np.ndarray:
    """Two clusters of numbers about −1 and 1."""
    x = 2 * levels(cases, *shape, salt=salt) - 1
    return x + np.where(np.arange(cases) % 3 == 0, 1.0, -1.0).reshape(-1, *[1] * len(shape))


def letters(cases: int, length: int, q: int) -> np.ndarray:
    """One-of-q states by their numbers."""
    return np.floor(levels(cases, length) ** 1.5 * q)


def with_gaps(x: np.ndarray) -> np.ndarray:
    """Some of the values not observed."""
    return np.where(levels(*x.shape, salt=3) < 0.15, np.nan, x)


@dataclass(frozen=True)
class Case:
    """A model, how it is trained, and on what."""

    model: str
    train: str
    data: Callable[[], np.ndarray | Arrays]
    weights: Callable[[], np.ndarray] | None = None

    def results(self) -> Arrays:
        """Parameters after the updates, the persistent chains' last states, and the best validation
        score.
        """
        body = self.model.rstrip().removesuffix("}")
        text = f"{body}\n  train {{ {self.train}  updates {UPDATES}  seed 11 }}\n}}"
        machine = bmdsl.parse(text).compile(seed=5, dtype="float64")
        weights = None if self.weights is None else self.weights()
        run = machine.train(self.data(), weights=weights, progress=False)
        assert run.updates == UPDATES
        out = {f"params/{n}": np.asarray(x) for n, x in machine.params.items()}
        out |= {f"chains/{n}": np.asarray(x) for n, x in run.chains.items()}
        if run.best_score is not None:
            out["best_score"] = np.array(run.best_score)
        return out


RBM = """model rbm { visible v[9] : binary  hidden h[5] : binary
  param W init normal(0, 0.3)  param b init logit_mean(v)  param c
  energy = - b[i] v[i] - c[j] h[j] - W[i,j] v[i] h[j] }"""
GAUSSIAN = """model gbrbm { visible v[8] : gaussian(sigma = 0.8)  hidden h[5] : binary
  param W init normal(0, 0.1)  param b, c
  energy = - 1.5 b[i] v[i] - c[j] h[j] - 1.25 W[i,j] v[i] h[j] }"""
SPIN = """model spin_rbm { visible s[9] : spin  hidden t[6] : spin
  param J init normal(0, 0.2)  param b, c
  energy = - b[i] s[i] - c[j] t[j] - J[i,j] s[i] t[j] }"""
LETTERS = """model potts_rbm { visible s[6] : categorical(4)  hidden h[5] : binary
  param W init normal(0, 0.1)  param f, c
  energy = - f[i,a] s[i,a] - c[j] h[j] - W[i,a,j] s[i,a] h[j] }"""
POTTS = """model potts { visible s[5] : categorical(3)
  param f  param J init 0
  energy = - f[i,a] s[i,a] - J[i,a,j,b] s[i,a] s[j,b] for i < j }"""
DEEP = """model dbm { visible v[9] : binary  hidden h1[6] : binary  hidden h2[4] : binary
  param b_v init logit_mean(v)
  layers v -- h1 -- h2 }"""
MIXTURE = """model imrbm { visible v[9] : binary  hidden h[4] : binary  hidden z : categorical(3)
  param W init normal(0, 0.2)  param b init logit_mean(v)  param c, d
  energy = - W[i,k,j] v[i] z[k] h[j] - b[i] v[i] - c[k,j] z[k] h[j] - d[k] z[k] }"""
SERIES = """model crbm { given past[2, 4] : gaussian  visible v[4] : gaussian  hidden h[5] : binary
  param W init normal(0, 0.1)  param A, B, b, c
  energy = - W[i,j] v[i] h[j] - A[t,k,i] past[t,k] v[i] - B[t,k,j] past[t,k] h[j] - b[i] v[i]
             - c[j] h[j] }"""
LABELS = """model class_rbm { visible v[8] : binary  visible y : categorical(3)
  hidden h[5] : binary
  param W init normal(0, 0.1)  param U init normal(0, 0.1)  param b init logit_mean(v)  param c, d
  energy = - W[i,j] v[i] h[j] - U[k,j] y[k] h[j] - b[i] v[i] - c[j] h[j] - d[k] y[k] }"""
CONVOLVED = """model convrbm { visible v[1,6,6] : multinary(7, gain = 0.5)
  hidden h[2,3,3] : multinary(7, gain = 0.5)
  param W[1,2,4,4] init normal(0, 0.05)  param a, b
  energy = - W[c,k,p,q] v[c, pad(2*x+p-1), pad(2*y+q-1)] h[k,x,y] - a[c] v[c,x,y]
             - b[k] h[k,x,y] }"""
CONVOLVED_BITS = """model conv { visible v[1,6,6] : binary  hidden h[2,4,4] : binary
  param W[1,2,3,3] init normal(0, 0.1)  param a, b
  energy = - W[c,k,p,q] v[c, x+p, y+q] h[k,x,y] - a[c] v[c,x,y] - b[k] h[k,x,y] }"""
LOCAL = """model local_rbm { visible v[7,7] : binary  hidden h[2,3,3] : binary
  param W[2,3,3,3,3] init normal(0, 0.2)  param b init logit_mean(v)  param c
  energy = - W[k,y,x,p,q] v[2*y+p, 2*x+q] h[k,y,x] - b[y,x] v[y,x] - c[k,y,x] h[k,y,x] }"""
LATTICE = """model lattice { visible s[4, 4] : spin
  param J, K, h
  energy = - J s[x,y] s[wrap(x+1), y] - K[x,y] s[x,y] s[x, wrap(y+1)] - h[x,y] s[x,y] }"""
GENERAL = """model bm { visible v[7] : binary  hidden h[4] : binary
  param U init normal(0, 0.1) symmetric  param V init normal(0, 0.1) symmetric
  param W init normal(0, 0.1)  param b, d
  energy = - U[i,j] v[i] v[j] for i < j - V[i,j] h[i] h[j] for i < j - W[i,j] v[i] h[j]
             - b[i] v[i] - d[j] h[j] }"""
GLASS = """model glass { graph G = regular(3, 14, seed = 1)  visible s[14] : spin
  param J init signs()  param h
  energy = - J[i,j] s[i] s[j] for <i,j> in G - h[i] s[i] }"""
STORED = """model hopfield { visible s[9] : spin
  param xi[3, 9] init normal(0, 0.5)  param h
  energy = - 1 / 9 xi[m,i] xi[m,j] s[i] s[j] for i < j, m in 0..3 - h[i] s[i] }"""
TRIPLES = """model pspin { visible s[12] : spin
  param J init signs()  param h
  energy = - J[i] s[i] s[wrap(i+1)] s[wrap(i+2)] - h[i] s[i] }"""
FACTORED = """model factored { given x[6] : binary  visible y[7] : binary  hidden h[4] : binary
  param A[6, 5] init normal(0, 0.3)  param B[7, 5] init normal(0, 0.3)
  param C[4, 5] init normal(0, 0.3)
  param b init logit_mean(y)  param c
  energy = - A[i,f] B[j,f] C[k,f] x[i] y[j] h[k] - b[j] y[j] - c[k] h[k] }"""
GATED = """model gated { given x[5] : binary  visible y[6] : binary  hidden h[4] : binary
  param W init normal(0, 0.1)  param b init logit_mean(y)  param c
  energy = - W[i,k,j] x[i] h[k] y[j] - b[j] y[j] - c[k] h[k] }"""
RECTIFYING = """model rectifying { visible v[7] : binomial(5)  hidden h[4] : nrelu
  hidden g[3] : multinary(4, gain = 0.5)
  param W init normal(0, 0.05)  param V init normal(0, 0.05)  param b init -1  param c init -1
  param d
  energy = - W[i,j] v[i] h[j] - V[i,j] v[i] g[j] - b[i] v[i] - c[j] h[j] - d[j] g[j] }"""
COUNTING = """model counting { visible n[5] : poisson  visible t[3] : exponential(max = 2)
  hidden h[4] : binary
  param W init normal(0, 0.1)  param V init normal(0, 0.1)  param b, c, d
  energy = - W[i,j] n[i] h[j] - V[i,j] t[i] h[j] - b[i] n[i] - c[i] t[i] - d[j] h[j] }"""
SLAB = """model slab { visible v[6] : gaussian  hidden h[4] : binary  hidden s[4] : rectified
  param W init normal(0, 0.1)  param b, c, d
  energy = - W[i,j] v[i] s[j] h[j] - b[i] v[i] - c[j] h[j] - d[j] s[j] }"""
STUDENT = """model pot { visible x[6] : gaussian(sigma = 4)
  param W[6, 5] init normal(0, 0.3)  param a[5] init 1.5 nonnegative
  energy = + a[j] log1p(0.5 square(W[i,j] x[i])) }"""
SOFTPLUS = """model summed { visible v[7] : binary
  param W[7,5] init normal(0, 0.2)  param c[5]  param b
  energy = - b[i] v[i] - sum[j] softplus(c[j] + W[i,j] v[i]) }"""
HELD = """model held { visible v[7] : binary  visible u[3] : spin  hidden h[4] : binary
  param W init uniform(0, 0.3) nonnegative  param U init normal(0, 0.2) symmetric
  param F init normal(0, 0.3) fixed
  param b init logit_mean(v)  param c
  energy = - b[i] v[i] - c[j] h[j] - W[i,j] v[i] h[j] - U[i,k] v[i] v[k] for i < k
             - F[l,j] u[l] h[j] }"""
THIRD = """model third { visible v[6] : binary  hidden h[4] : binary  hidden g[3] : spin
  param T init normal(0, 0.2)  param W init normal(0, 0.2)  param b, c, d
  energy = - T[i,j,k] v[i] h[j] g[k] - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j] - d[k] g[k] }"""

SGD = "optimizer sgd(rate = 0.05, momentum = 0.5)"
CASES: dict[str, Case] = {
    "rbm_pcd_centred": Case(
        RBM,
        f"positive exact  negative pcd(steps = 2, chains = 12)  {SGD}  center on  batch 10",
        lambda: bits(40, 9),
    ),
    "rbm_cd3_adam_l2_l1": Case(
        RBM,
        "positive exact  negative cd(steps = 3)  optimizer adam(rate = 0.02, epsilon = 1e-6) "
        " penalty l2(W, 0.01), l1(c, 0.02)  batch 10",
        lambda: bits(40, 9),
    ),
    "rbm_last_minibatch_weights_validate": Case(
        RBM,
        f"positive exact  negative pcd(chains = 8)  {SGD}  batch 8  validate 0.2  patience 100",
        lambda: bits(37, 9),
        lambda: 0.5 + levels(37, 1)[:, 0],
    ),
    "rbm_exact_negative_cosine": Case(
        RBM,
        f"positive exact  negative exact  {SGD}  schedule cosine(to = 0.1)  batch 10",
        lambda: bits(40, 9),
    ),
    "rbm_fpcd": Case(
        RBM,
        "positive exact  negative fpcd(steps = 1, chains = 12, rate = 0.1)  optimizer sgd(rate ="
        " 0.05)  batch 10",
        lambda: bits(40, 9),
    ),
    "rbm_fpcd_centred_l2": Case(
        RBM,
        f"positive exact  negative fpcd(chains = 12, decay = 0.8)  {SGD}  center on  penalty l2(W,"
        " 0.01)  batch 16",
        lambda: bits(40, 9),
    ),
    "rbm_tempering": Case(
        RBM,
        "positive exact  negative tempering(replicas = 4, chains = 5)  optimizer sgd(rate = 0.1) "
        " batch 10",
        lambda: bits(40, 9),
    ),
    "rbm_trajectory": Case(
        RBM,
        "positive exact  negative trajectory(replicas = 3, chains = 8, exchange = 0.9)  optimizer"
        " sgd(rate = 0.3)  batch 10",
        lambda: bits(40, 9),
    ),
    "rbm_missing_gibbs": Case(
        RBM,
        f"positive gibbs(steps = 3)  negative pcd(chains = 12)  {SGD}  batch 10",
        lambda: with_gaps(bits(40, 9)),
    ),
    "rbm_missing_meanfield_cd": Case(
        RBM,
        f"positive meanfield()  negative cd(steps = 1)  {SGD}  batch 10",
        lambda: with_gaps(bits(40, 9)),
    ),
    "rbm_contrastive": Case(
        RBM,
        f"objective contrastive_free_energy  {SGD}  penalty l2(W, 0.01)  batch 10",
        lambda: bits(40, 9),
    ),
    "rbm_sparsity_inverse_rmsprop": Case(
        RBM,
        "positive exact  negative cd(steps = 1)  optimizer rmsprop(rate = 0.01)  schedule"
        " inverse(tau = 20)  penalty sparsity(h, target = 0.2, rate = 0.5)  batch 16",
        lambda: bits(40, 9),
    ),
    "gbrbm_cd": Case(
        GAUSSIAN,
        "positive exact  negative cd(steps = 1)  optimizer sgd(rate = 0.01, momentum = 0.9) "
        " batch 10",
        lambda: reals(40, 8),
    ),
    "gbrbm_pcd_centred_missing": Case(
        GAUSSIAN,
        "positive gibbs(steps = 2)  negative pcd(chains = 10)  optimizer sgd(rate = 0.01)  center"
        " on  batch 10",
        lambda: with_gaps(reals(40, 8)),
    ),
    "potts_rbm_pcd_adam_linear": Case(
        LETTERS,
        "positive exact  negative pcd(steps = 1, chains = 12)  optimizer adam(rate = 0.02) "
        " schedule linear(to = 0.1)  penalty l2(W, 1e-3)  batch 10",
        lambda: letters(40, 6, 4),
    ),
    "potts_pcd": Case(
        POTTS,
        f"positive exact  negative pcd(steps = 2, chains = 12)  {SGD}  penalty l2(J, 0.01) "
        " batch 20",
        lambda: letters(40, 5, 3),
    ),
    "potts_pseudolikelihood": Case(
        POTTS, f"objective pseudolikelihood  {SGD}  batch 15", lambda: letters(40, 5, 3)
    ),
    "spin_rbm_nesterov_maxnorm": Case(
        SPIN,
        "positive exact  negative cd(steps = 2)  optimizer sgd(rate = 0.05, momentum = 0.8,"
        " nesterov = true)  penalty maxnorm(J, 0.6)  schedule cosine(to = 0)  batch 10",
        lambda: spins(40, 9),
    ),
    "dbm_meanfield_pcd_centred_equal_norms": Case(
        DEEP,
        "positive meanfield(steps = 20, tol = 1e-6, damping = 0.1)  negative pcd(chains = 12) "
        f" {SGD}  center on  penalty equal_norms(W_v_h1 = 0.1, W_h1_h2 = 0.1)  batch 10",
        lambda: bits(40, 9),
    ),
    "dbm_gibbs_tempering": Case(
        DEEP,
        f"positive gibbs(steps = 3)  negative tempering(replicas = 3, chains = 6, steps = 2)  {SGD}"
        "  batch 16",
        lambda: bits(40, 9),
    ),
    "dbm_greedy": Case(
        DEEP,
        f"pretrain greedy(epochs = 3)  positive meanfield()  negative pcd(chains = 12)  {SGD} "
        " batch 10",
        lambda: bits(40, 9),
    ),
    "imrbm_gibbs_means_temperature_sparsity": Case(
        MIXTURE,
        "positive gibbs(steps = 1)  negative cd(steps = 1, means = true)  temperature z = 5"
        f"  penalty sparsity(z, target = 1/3, rate = 2)  {SGD}  batch 10",
        lambda: bits(40, 9),
    ),
    "imrbm_exact_pcd_cooled": Case(
        MIXTURE,
        f"positive exact  negative pcd(chains = 10)  temperature z = geometric(10, 1)  {SGD} "
        " batch 10",
        lambda: bits(40, 9),
    ),
    "crbm_cd": Case(
        SERIES,
        "positive exact  negative cd(steps = 1)  optimizer sgd(rate = 0.005, momentum = 0.9) "
        " batch 10",
        lambda: {"past": reals(40, 2, 4), "v": reals(40, 4, salt=1)},
    ),
    "class_rbm_pcd_centred_linear": Case(
        LABELS,
        f"positive exact  negative pcd(chains = 10)  {SGD}  schedule linear  center on  batch 12",
        lambda: {"v": bits(40, 8), "y": np.arange(40) % 3},
    ),
    "convrbm_contrastive_through": Case(
        CONVOLVED,
        "objective contrastive_free_energy(through_reconstruction = true)  optimizer adam(rate ="
        " 0.003)  batch 10",
        lambda: np.floor(8 * levels(20, 1, 6, 6)),
    ),
    "convrbm_pcd": Case(
        CONVOLVED_BITS,
        f"positive exact  negative pcd(chains = 6)  {SGD}  batch 10",
        lambda: bits(20, 1, 6, 6),
    ),
    "local_rbm_pcd": Case(
        LOCAL, f"positive exact  negative pcd(chains = 6)  {SGD}  batch 10", lambda: bits(20, 7, 7)
    ),
    "lattice_pcd": Case(
        LATTICE,
        "positive exact  negative pcd(steps = 2, chains = 10)  optimizer sgd(rate = 0.02) "
        " batch 20",
        lambda: spins(40, 4, 4),
    ),
    "bm_meanfield_pcd": Case(
        GENERAL,
        f"positive meanfield()  negative pcd(chains = 10)  {SGD}  batch 10",
        lambda: bits(40, 7),
    ),
    "glass_pcd": Case(
        GLASS,
        "positive exact  negative pcd(steps = 2, chains = 10)  optimizer sgd(rate = 0.05) "
        " batch 20",
        lambda: spins(40, 14),
    ),
    "glass_pcd_few_chains": Case(
        GLASS,
        "positive exact  negative pcd(steps = 2, chains = 3)  optimizer sgd(rate = 0.05)  batch 20",
        lambda: spins(40, 14),
    ),
    "glass_pseudolikelihood": Case(
        GLASS,
        f"objective pseudolikelihood  {SGD}  penalty l1(J, 0.01)  batch 15",
        lambda: spins(40, 14),
    ),
    "hopfield_pseudolikelihood": Case(
        STORED, f"objective pseudolikelihood  {SGD}  batch 20", lambda: spins(40, 9)
    ),
    "pspin_pcd": Case(
        TRIPLES,
        "positive exact  negative pcd(steps = 2, chains = 10)  optimizer sgd(rate = 0.05) "
        " batch 20",
        lambda: spins(40, 12),
    ),
    "factored_cd_adam": Case(
        FACTORED,
        "positive exact  negative cd(steps = 1)  optimizer adam(rate = 0.01)  batch 10",
        lambda: {"x": bits(40, 6, salt=2), "y": bits(40, 7)},
    ),
    "gated_cd_adam": Case(
        GATED,
        "positive exact  negative cd(steps = 1)  optimizer adam(rate = 0.01)  batch 16",
        lambda: {"x": bits(40, 5, salt=2), "y": bits(40, 6)},
    ),
    "gated_exact_negative": Case(
        GATED,
        f"positive exact  negative exact  {SGD}  batch 10",
        lambda: {"x": bits(20, 5, salt=2), "y": bits(20, 6)},
    ),
    "nrelu_multinary_pcd": Case(
        RECTIFYING,
        "positive exact  negative pcd(chains = 10)  optimizer sgd(rate = 0.002, momentum = 0.5) "
        " batch 10",
        lambda: np.floor(6 * levels(40, 7)),
    ),
    "poisson_exponential_cd": Case(
        COUNTING,
        "positive exact  negative cd(steps = 1)  optimizer sgd(rate = 0.005)  batch 10",
        lambda: {"n": np.floor(4 * levels(40, 5) ** 2), "t": 2 * levels(40, 3, salt=1)},
    ),
    "spike_and_slab_gibbs_pcd": Case(
        SLAB,
        "positive gibbs(steps = 3)  negative pcd(chains = 10)  optimizer sgd(rate = 0.005) "
        " batch 10",
        lambda: reals(40, 6),
    ),
    "student_experts_cd": Case(
        STUDENT,
        "negative cd(steps = 2)  optimizer adam(rate = 0.005)  schedule linear(to = 0)  batch 10",
        lambda: reals(40, 6),
    ),
    "softplus_experts_pcd": Case(
        SOFTPLUS, f"negative pcd(chains = 8)  {SGD}  batch 10", lambda: bits(40, 7)
    ),
    "held_parameters_pcd": Case(
        HELD,
        f"positive exact  negative pcd(chains = 10)  {SGD}  penalty l1(U, 0.005)  batch 10",
        lambda: {"v": bits(40, 7), "u": spins(40, 3)},
    ),
    "third_order_gibbs_pcd": Case(
        THIRD,
        f"positive gibbs(steps = 2)  negative pcd(chains = 10)  {SGD}  batch 10",
        lambda: bits(40, 6),
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore::bmdsl.language.diagnostics.BmWarning")
def test_fifty_updates_give_the_pinned_parameters_and_chains(name: str) -> None:
    found = CASES[name].results()
    with np.load(FOLDER / f"{name}.npz") as pinned:
        assert set(found) == set(pinned.files)
        for key in pinned.files:
            np.testing.assert_allclose(found[key], pinned[key], rtol=0, atol=TOLERANCE, err_msg=key)


def test_every_file_has_its_case() -> None:
    assert {p.stem for p in FOLDER.glob("*.npz")} == set(CASES)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for case in sys.argv[1:] or CASES:
        results: dict[str, Any] = dict(CASES[case].results())
        np.savez_compressed(FOLDER / f"{case}.npz", **results)
