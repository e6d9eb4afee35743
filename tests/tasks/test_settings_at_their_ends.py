"""Every setting at its ends works, or is a diagnostic with a way out: no exception of Python's, no
call that never ends.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bmdsl
from bmdsl import BmError
from bmdsl.tasks.machine import Machine

TEXT = """model m(D = 6, H = 3) {{ visible v[D] : {unit}  hidden h[H] : binary
  param W init normal(0, 0.1)  param b  param c
  energy = - b[i] v[i] - c[j] h[j] - W[i,j] v[i] h[j]
  train {{ {settings} positive exact  negative {negative}  optimizer {optimizer} }} }}"""
CASES = (np.random.default_rng(0).random((12, 6)) < 0.4).astype(np.float32)
PLAIN = {"batch": "batch 5", "epochs": "epochs 1"}


def model(
    unit: str = "binary", negative: str = "cd", optimizer: str = "sgd(rate = 0.1)", **given: Any
) -> bmdsl.Model:
    sizes = {n: given.pop(n) for n in ("D", "H") if n in given}
    lines = {**PLAIN, **{n: f"{n} {x}" for n, x in given.items()}}
    text = TEXT.format(
        unit=unit, negative=negative, optimizer=optimizer, settings="  ".join(lines.values())
    )
    return bmdsl.parse(text, **sizes)


def trained(data: Any = CASES, dtype: str = "float32", seed: Any = 0, **given: Any) -> Machine:
    machine = model(**given).compile(seed=seed, dtype=dtype, backend="reference")
    machine.train(data)
    assert all(np.isfinite(x).all() for x in machine.params.values())
    return machine


@pytest.fixture(scope="module")
def machine() -> Machine:
    return model().compile(backend="reference")


def refused(code: str, call: Callable[[], Any]) -> None:
    with pytest.raises(BmError) as error:
        call()
    assert error.value.diagnostics[0].code == code, error.value


@pytest.mark.parametrize("n", [np.int64(4), np.int8(4), np.float32(4), np.array(4), 4.0])
def test_numbers_of_numpy_are_numbers(n: Any) -> None:
    assert bmdsl.load("rbm", D=np.int64(6), H=n).checked.group("h").shape == (4,)


@pytest.mark.parametrize(
    "given",
    [
        *({"batch": 2**31 - 1}, {"batch": 1}, {"H": 1}, {"data": CASES[:, :1], "D": 1}),
        *(
            {"data": CASES[:1]},
            {"data": CASES[:1, :1], "D": 1, "H": 1},
            {"negative": "pcd(chains = 1)"},
        ),
        *({"data": np.zeros_like(CASES)}, {"data": np.ones_like(CASES), "dtype": "float64"}),
        *(
            {"data": CASES.astype(d)}
            for d in ("float16", "float64", "int8", "uint64", "bool", ">f4")
        ),
        *({"data": np.asfortranarray(CASES)}, {"data": CASES[::-1]}, {"seed": np.int64(3)}),
        *({"seed": 2**63}, {"seed": 2**63 - 1}, {"seed": 2**64 - 1}),
        *({"optimizer": "sgd(rate = 100)"}, {"optimizer": "adam(rate = 1000)"}),
        *({"optimizer": "adam(beta1 = 0)"}, {"optimizer": "sgd(rate = 0.1, momentum = 1)"}),
        {"unit": "gaussian(sigma = 1)", "transform": "standardize", "data": np.ones((9, 6))},
        {"unit": "gaussian(sigma = 1)", "transform": "standardize", "data": np.ones((1, 6))},
    ],
    ids=lambda x: str(x)[:40],
)
def test_a_training_at_the_ends_of_its_settings_is_finite(given: dict[str, Any]) -> None:
    if given.get("batch") == 2**31 - 1:  # as many cases would not fit the memory: told at once
        refused("BM830", lambda: trained(**given))
        given = {"batch": 1000}
    trained(**given)


@pytest.mark.parametrize(
    ("code", "given"),
    [
        *(("BM975", {"seed": x}) for x in (-1, 2**64, 10**80, 1.5, "a", None, True)),
        *(("BM503", {"epochs": x}) for x in (0, -1, 1.5, 10**15, 2**63)),
        *(("BM503", {"batch": x}) for x in (0, -1, 10**15)),
        *(("BM503", {"seed": x}) for x in ()),
        *(
            ("BM515", {"optimizer": f"adam({x})"})
            for x in ("beta1 = 1", "beta2 = 1", "epsilon = 0")
        ),
        *(("BM515", {"negative": f"cd(steps = {x})"}) for x in (0, 10**15)),
        *(("BM515", {"negative": f"pcd(chains = {x})"}) for x in (0, 10**15)),
        *(
            ("BM830", {"negative": f"{x}(replicas = 1000000000)"})
            for x in ("tempering", "trajectory")
        ),
        *(("BM754", {"optimizer": f"sgd(rate = {x})"}) for x in ("1e30", "1e38")),
        ("BM406", {"optimizer": "sgd(rate = 1e300)"}),
        *(("BM406", {"unit": f"gaussian(sigma = {x})"}) for x in ("1e-200", "1e-30", "1e30")),
        ("BM754", {"unit": "gaussian(sigma = 1)", "data": np.full((9, 6), 1e30)}),
        ("BM712", {"data": CASES[:0]}),
        ("BM770", {"data": CASES.astype("complex64")}),
    ],
    ids=lambda x: str(x)[:40],
)
def test_a_setting_past_its_end_is_told(code: str, given: dict[str, Any]) -> None:
    refused(code, lambda: trained(**given))


def test_a_setting_of_a_call_is_held_to_the_same_ends(machine: Machine) -> None:
    refused("BM503", lambda: machine.train(CASES, epochs=0))
    refused("BM503", lambda: machine.train(CASES, seed=-1))
    refused("BM503", lambda: machine.train(CASES, batch=10**12))
    refused("BM830", lambda: machine.train(CASES, batch=2**31 - 1))


@pytest.mark.parametrize("value", [1e4, -1e4, 1e30])
def test_weights_of_any_size_have_energies_and_samples(machine: Machine, value: float) -> None:
    before = {n: x.copy() for n, x in machine.params.items()}
    try:
        for n, x in before.items():
            machine.params[n] = np.full(x.shape, value, x.dtype)
        drawn = machine.sample(3, steps=2)["v"]
        assert set(np.unique(drawn)) <= {0.0, 1.0}
        found = machine.free_energy(v=CASES[:2])
        # h is 1 exactly where its field is positive, as ln(1 + e^x) → max(0, x)
        field = value * (1 + CASES[:2].sum(1))
        wanted = -value * CASES[:2].sum(1) - 3 * np.maximum(field, 0)
        assert np.allclose(found, wanted, rtol=1e-3, atol=3 * np.log(2))
    finally:
        for n, x in before.items():
            machine.params[n] = x


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("BM976", lambda m: m.sample(-1)),
        ("BM976", lambda m: m.sample(10**12)),
        ("BM976", lambda m: m.sample(1.5)),
        ("BM976", lambda m: m.sample(2, steps=-1)),
        ("BM976", lambda m: m.sample(2, steps=10**15)),
        ("BM976", lambda m: m.observe(draws=-3)),
        ("BM976", lambda m: m.anneal(n="a")),
        ("BM830", lambda m: m.sample(2**31 - 1)),
        ("BM814", lambda m: m.sample(2, beta=-1)),
        ("BM773", lambda m: m.sample(2, beta=float("inf"))),
        ("BM773", lambda m: m.sample(2, beta=float("nan"))),
    ],
)
def test_a_call_past_its_ends_is_told(machine: Machine, code: str, call: Any) -> None:
    refused(code, lambda: call(machine))


def test_no_chains_no_sweeps_and_no_coupling_are_a_sample(machine: Machine) -> None:
    assert machine.sample(0)["v"].shape == (0, 6)
    names = ["energy"] * 6  # as many as there are places before the numbers
    found = machine.observe(*names, draws=2, n=2, burn_in=1)
    assert found.values["energy"].shape == (2, 2)
    assert machine.sample(np.int64(2), steps=0)["v"].shape == (2, 6)
    assert machine.sample(2, steps=1, beta=0)["h"].shape == (2, 3)


def test_more_threads_than_any_machine_has_are_refused() -> None:
    command = [sys.executable, "-m", "bmdsl.cli.entry", "sample", "rbm", "--threads", "1000000"]
    code = "import sys; sys.argv[0] = 'bm'; from bmdsl.cli.entry import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *command[3:]], capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 1 and "error[BM820]" in done.stderr
