"""A binary RBM in plain numpy that fulfils training's Machine protocol: slow, small, obviously
right.
"""

from __future__ import annotations

import contextlib
import itertools

import numpy as np

from bmdsl.language.model import (
    Group,
    Initial,
    Letter,
    Model,
    Parameter,
    ParameterFactor,
    Subscript,
    Term,
    UnitFactor,
)
from bmdsl.plan.streams import NEGATIVE_START_STREAM


def _letter(x: str) -> Subscript:
    return Subscript(((x, 1),))


def rbm_model(visible: int, hidden: int, **modifiers: dict[str, bool]) -> Model:
    """E = −W[i,j] v[i] h[j] − b[i] v[i] − c[j] h[j]."""
    i, j = _letter("i"), _letter("j")
    v, h = UnitFactor("v", (i,)), UnitFactor("h", (j,))
    li, lj = Letter("i", visible), Letter("j", hidden)
    shapes = {"W": (visible, hidden), "b": (visible,), "c": (hidden,)}
    return Model(
        "rbm",
        (),
        (
            Group("v", "visible", (visible,), "binary", ()),
            Group("h", "hidden", (hidden,), "binary", ()),
        ),
        tuple(
            Parameter(n, s, Initial("normal", (0.0, 0.1)), **modifiers.get(n, {}))
            for n, s in shapes.items()
        ),
        (
            Term(-1.0, (ParameterFactor("W", (i, j)),), (v, h), (li, lj)),
            Term(-1.0, (ParameterFactor("b", (i,)),), (v,), (li,)),
            Term(-1.0, (ParameterFactor("c", (j,)),), (h,), (lj,)),
        ),
    )


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class NaiveRbm:
    def __init__(self, visible=4, hidden=3, seed=0, dtype=np.float64, **modifiers):
        self.model, self.seed, self.dtype = (
            rbm_model(visible, hidden, **modifiers),
            seed,
            np.dtype(dtype),
        )
        rng = np.random.default_rng(seed)
        self.params = {
            p.name: rng.normal(0, 0.1, p.shape).astype(dtype) for p in self.model.parameters
        }
        self.sizes = {"v": visible, "h": hidden}

    def _rng(self, stream, update):
        return np.random.default_rng((self.seed, stream, update))

    def _mean(self, name, state):
        w, b, c = self.params["W"], self.params["b"], self.params["c"]
        return sigmoid(state["v"] @ w + c if name == "h" else state["h"] @ w.T + b).astype(
            self.dtype
        )

    def frozen(self):
        return contextlib.nullcontext()

    def tempered(self, temperature):
        return contextlib.nullcontext()

    @contextlib.contextmanager
    def standing_at(self, params):
        before, self.params = self.params, dict(params)
        yield
        self.params = before

    def written_energy(self, state):
        v, h = state["v"], state["h"]
        return (
            -np.einsum("ni,ij,nj->n", v, self.params["W"], h)
            - v @ self.params["b"]
            - h @ self.params["c"]
        )

    def initial_state(self, n, stream=1, update=0):
        rng = self._rng(stream, update)
        return {g: (rng.random((n, k)) < 0.5).astype(self.dtype) for g, k in self.sizes.items()}

    def sweep(self, state, steps, observed, update, stream=2, keep=True, *, beta=None, averaged=()):
        assert beta is None
        rng = self._rng(stream, update)
        seen = {g: observed.get(g, np.full_like(state[g], np.nan)) for g in state}
        for g in state:
            state[g][...] = np.where(np.isnan(seen[g]), state[g], seen[g])
        for _ in range(steps):
            for g in ("v", "h"):
                mean = self._mean(g, state)
                new = mean if g in averaged else rng.random(state[g].shape) < mean
                state[g][...] = np.where(np.isnan(seen[g]), new, seen[g])
        return {**state, "h": self._mean("h", state)}

    def draw_posterior(self, rows, observed, update, stream):
        state = self.initial_state(len(observed["v"]), NEGATIVE_START_STREAM, update)
        self.sweep(state, 1, observed, update, stream)
        return state

    def posterior_rows(self, v, bits=16):
        return {"v": v["v"], "h": self._mean("h", v)}, np.ones(len(v["v"]))

    def mean_field(self, v, steps, tol, damping):
        rows = {"v": np.where(np.isnan(v["v"]), 0.5, v["v"])}
        for _ in range(steps):
            rows["h"] = self._mean("h", rows)
            rows["v"] = np.where(np.isnan(v["v"]), self._mean("v", rows), v["v"])
        return rows, steps

    def _states(self, n):
        return np.array(list(itertools.product((0.0, 1.0), repeat=n)), self.dtype)

    def model_rows(self):
        v = self._states(self.sizes["v"])
        log_w = -self.free_energy(v)
        w = np.exp(log_w - log_w.max())
        return {"v": v, "h": self._mean("h", {"v": v})}, w / w.sum()

    def accumulate(self, rows, weights, out, scale):
        v, h = rows["v"], rows["h"]
        w = np.ones(len(v)) if weights is None else weights
        out["W"] += (scale * (v * w[:, None]).T @ h).astype(self.dtype)
        out["b"] += (scale * w @ v).astype(self.dtype)
        out["c"] += (scale * w @ h).astype(self.dtype)

    def free_energy(self, v):
        return -(v @ self.params["b"]) - np.logaddexp(
            0, v @ self.params["W"] + self.params["c"]
        ).sum(1)

    def log_likelihood(self, data):
        every = -self.free_energy(self._states(self.sizes["v"]))
        return -self.free_energy(data["v"]) - np.logaddexp.reduce(every)

    reconstructed = ("v",)

    def reconstructions(self, data):
        return {"v": self._mean("v", {"h": self._mean("h", data)})}
