"""What a model's words are called changes no number: groups, parameters, arguments, graphs and
letters renamed at random, among names that are hard.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

import bmdsl
from bmdsl.exports.network import network
from tests.cli.command import Bm
from tests.inference.test_shipped_models import SIZES
from tests.random_models import models
from tests.renaming import Renaming, letters_of, names, renamed, renamings, words_of

CASES = 3
QUICK = settings(
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate,),
)
COUPLED = """model coupled(n = 4, s = 0.5) {
  graph G = ring(n)
  given   y[2]    : binary
  visible v[n]    : spin
  visible x[3]    : gaussian
  hidden  h[3]    : binary
  hidden  z       : categorical(3)
  param W, J, U symmetric, L, B, C, T, b init mean(v)
  energy = - W[i,j] v[i] h[j] for i != j - J[i,l] v[i] v[l] for <i,l> in G
             + 0.5 * s^2 B[r,j] x[r]^2 h[j] - U[j,m] h[j] h[m] for j < m
           - L[r,k] x[r] z[k] - C[q,j] y[q] h[j] - T[q,r,k] y[q] x[r] z[k] - b[i] v[i]
           - s x[r] h[j] + s / 8 x[r]^2
}"""
"""Every kind of structure that is known by names: matrices that are a parameter, that are built, of
x², within a group; a graph; a tensor.
"""
SHAPED = ("rbm", "bm", "potts_rbm", "dbm", "imrbm", "glass", "pspin", "local_rbm", "hopfield")


def outcome(f: Callable[[], Any]) -> Any:
    """A result, or the codes of what was said instead."""
    try:
        return f()
    except bmdsl.BmError as error:
        return tuple(d.code for d in error.diagnostics)


def same(a: Any, b: Any) -> None:
    """Equal but for the order of sums, which letters' names decide."""
    assert type(a) is type(b), (a, b)
    if isinstance(a, dict):
        assert list(a) == list(b)
        for n in a:
            same(a[n], b[n])
    elif isinstance(a, tuple):
        assert a == b
    else:
        np.testing.assert_allclose(
            np.asarray(a, float), np.asarray(b, float), rtol=1e-9, atol=1e-10
        )


def machine_of(text: str, values: dict[str, float], jit: bool = False) -> Any:
    return bmdsl.parse(text, **values).compile(
        seed=3, dtype="float64", backend="numba" if jit else "reference"
    )


def facts(
    machine: Any,
    params: dict[str, np.ndarray],
    states: dict[str, np.ndarray],
    r: Renaming,
    training: bool = True,
) -> dict[str, Any]:
    """Every derived quantity, under the old words."""
    new = {old: r.words[old] for old in states}
    hidden = [n for n in states if new[n] in machine.hidden]
    data = {new[n]: x for n, x in states.items() if n not in hidden}
    for n, x in params.items():
        machine.params[r.words[n]] = x
    out: dict[str, Any] = {
        "energy": outcome(lambda: machine.energy(**r.on(states))),
        "free energy": outcome(lambda: machine.free_energy(**data)),
        "posterior": outcome(lambda: r.back(machine.posterior(**data))),
        "log Z": outcome(machine.log_partition),
        "log-likelihood": outcome(lambda: machine.log_likelihood(data)),
        "gradient": outcome(lambda: r.back(machine.gradient(data))),
    }
    for n in states:
        out[f"means of {n}"] = outcome(lambda n=n: machine.conditional(new[n], **r.on(states)))
    out["network"] = outcome(lambda: network(machine)(data[machine.visible[0]].reshape(CASES, -1)))
    clamp = {n: x for n, x in data.items() if n in machine.given}
    out["samples"] = outcome(lambda: r.back(machine.sample(CASES, steps=3, clamp=clamp)))
    if training and params:
        machine.train(
            data,
            updates=1,
            batch=CASES,
            negative="cd(steps = 1)",
            positive="meanfield(steps = 3)",
            optimizer="sgd(rate = 0.1)",
            center="off",
        )
        out["parameters after an update"] = r.back(dict(machine.params))
    return out


def states_of(machine: Any) -> dict[str, np.ndarray]:
    state = {
        g.name: np.ones((CASES, *map(int, g.axes)))
        for g in machine.model.groups
        if g.role == "given"
    }
    return dict(machine.sample(CASES, steps=2, clamp=state)) | state


def values_of(machine: Any) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(5)
    out = {}
    for p in machine.model.parameters:
        x = generator.normal(0, 0.3, machine.params[p.name].shape)
        out[p.name] = np.triu(x, 1) + np.triu(x, 1).T if p.symmetric else x
    return out


def identity(model: Any) -> Renaming:
    return Renaming({n: n for n in words_of(model)}, {n: n for n in letters_of(model)})


@cache
def wanted(
    text: str, sizes: tuple[tuple[str, float], ...], training: bool
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[str, Any]]:
    """States, parameters, and every derived quantity of a model under its own names."""
    plain = machine_of(text, dict(sizes))
    states, params = states_of(plain), values_of(plain)
    return (
        states,
        params,
        facts(machine_of(text, dict(sizes)), params, states, identity(plain.model), training),
    )


def compare(
    text: str, sizes: dict[str, float], r: Renaming, training: bool = True, jit: bool = False
) -> None:
    states, params, told = wanted(text, tuple(sizes.items()), training)
    other = machine_of(renamed(text, r.all), {r.words[n]: x for n, x in sizes.items()}, jit)
    same(facts(other, params, states, r, training), told)


@settings(QUICK, max_examples=10)
@given(st.data())
def test_every_kind_of_coupling_gives_the_same_numbers_under_other_names(data: Any) -> None:
    compare(COUPLED, {}, data.draw(renamings(bmdsl.parse(COUPLED).checked)))


@settings(QUICK, max_examples=15)
@given(models(), st.data())
def test_a_random_model_gives_the_same_numbers_under_other_names(m: Any, data: Any) -> None:
    text = bmdsl.parse(m.text).expand()
    checked = bmdsl.parse(text).checked
    assume(not set(words_of(checked)) & letters_of(checked))
    compare(text, {}, data.draw(renamings(checked)), training=False)


@settings(QUICK, max_examples=10)
@given(st.sampled_from(SHAPED), st.data())
def test_a_shipped_model_gives_the_same_numbers_under_other_names(name: str, data: Any) -> None:
    text = bmdsl.load(name, **SIZES[name]).bind({"epochs": 1}).expand()
    checked = bmdsl.parse(text, **SIZES[name]).checked
    assume(not set(words_of(checked)) & letters_of(checked))
    compare(text, SIZES[name], data.draw(renamings(checked)))


def test_compiled_code_gives_the_same_numbers_under_the_hardest_names() -> None:
    words = "square_x v_a x x2 é ue9 _ue9_ self lambda file np x_2 a_ group constant".split()
    old = words_of(bmdsl.parse(COUPLED).checked)
    letters = dict(
        zip(
            sorted(letters_of(bmdsl.parse(COUPLED).checked)),
            "a_ au5f _a ﬁ fi in_ e".split(),
            strict=False,
        )
    )
    compare(COUPLED, {}, Renaming(dict(zip(old, words, strict=False)), letters), jit=True)


@settings(QUICK, max_examples=10)
@given(st.lists(names(), min_size=3, max_size=3, unique=True))
def test_layers_may_have_any_names_whose_joined_words_differ(called: list[str]) -> None:
    text = (
        "model m { visible v[3] : binary  hidden h[2] : binary  hidden g[2] : spin  layers v -- h"
        " -- g }"
    )
    plain = bmdsl.parse(text)
    v, h, g = called
    words = {
        "v": v,
        "h": h,
        "g": g,
        "b_v": f"b_{v}",
        "b_h": f"b_{h}",
        "b_g": f"b_{g}",
        "W_v_h": f"W_{v}_{h}",
        "W_h_g": f"W_{h}_{g}",
    }
    r = Renaming({n: words[n] for n in words_of(plain.checked)}, {})
    if len(set(words.values())) < len(words):
        with pytest.raises(bmdsl.BmError, match="BM110|BM104"):
            bmdsl.parse(renamed(text, r.all))
        return
    compare(text, {}, r)


RUN = """model run(D) { visible v[D] : binary  hidden h[3] : binary  param W, b, U, c[2]
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - U[j] h[j] - c[0] h[0] }"""


HARD = ("", "self file __metadata__ é ue9", "h H ﬁ fi _")


def test_a_run_can_be_kept_resumed_sampled_and_opened_whatever_the_names(
    tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    bm = Bm(tmp_path, monkeypatch, capsys)
    np.save(tmp_path / "v.npy", (np.random.default_rng(0).random((12, 5)) < 0.4).astype(np.float32))
    wanted: dict[str, np.ndarray] = {}
    for k, hard in enumerate(HARD):
        words = dict(zip(("v", "h", "W", "b", "U"), hard.split(), strict=True)) if hard else {}
        (tmp_path / f"{k}.bm").write_text(renamed(RUN, words), encoding="utf-8")
        for command in (
            (
                "train",
                f"{k}.bm",
                "v.npy",
                "--out",
                k,
                "--set",
                "train.epochs=2",
                "--set",
                "train.negative=pcd(chains = 4)",
            ),
            ("resume", k, "--set", "train.epochs=3"),
            ("sample", k, "-n", "5", "--steps", "4"),
        ):
            done = bm(*command)
            assert done.returncode == 0, done.stderr
        machine = bmdsl.open(str(k))
        machine.save("saved.safetensors")
        for n, x in bmdsl.open("saved.safetensors").params.items():
            np.testing.assert_array_equal(x, machine.params[n])
        with np.load(tmp_path / str(k) / "samples.npz") as archive:
            found = {n: archive[n] for n in archive.files} | dict(machine.params)
        wanted = wanted or found
        assert set(found) == {words.get(n, n) for n in wanted}
        for n, x in wanted.items():
            np.testing.assert_array_equal(found[words.get(n, n)], x)


def test_every_verb_takes_awkward_names(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    bm = Bm(tmp_path, monkeypatch, capsys)
    text = """model m(self = 16) {
      visible file[self] : binary
      hidden  h[3] : binary
      hidden  H : categorical(3)
      param W, __metadata__, _
      energy = - W[_,lambda] file[_] h[lambda] - __metadata__[_,é] file[_] H[é] - _[_] file[_]
    }"""
    (tmp_path / "m.bm").write_text(text, encoding="utf-8")
    np.savez(
        tmp_path / "v.npz",
        data=(np.random.default_rng(0).random((30, 16)) < 0.4).astype(np.float32),
    )
    for words in (
        "check m.bm",
        "fmt m.bm",
        "expand m.bm",
        "explain m.bm",
        "plan m.bm",
        "graph m.bm --out m.svg",
        "graph m.bm --out m.dot",
        "emit tree m.bm",
        "emit python m.bm",
        "train m.bm v.npz:data --out run --set train.epochs=1",
        "report run",
        "eval run v.npz:data",
        "infer run v.npz:data",
        "sample run -n 4 --steps 3 --observe energy",
        "ground m.bm -n 4 --sweeps 4",
    ):
        done = bm(*words.split())
        assert done.returncode == 0, (words, done.stderr)
    assert {p.name for p in (tmp_path / "run").iterdir()} >= {
        "usage_H.png",
        "filters.png",
        "report.html",
    }
