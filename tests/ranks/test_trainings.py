"""A training that ranks share is the training of one: every word of a train block, as the registry
finds it, and what goes with it. Ranks are threads here; `tests/cli/test_mpirun.py` has processes.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bmdsl
from bmdsl.language.diagnostics import BmError
from bmdsl.ranks.by_threads import in_threads
from bmdsl.ranks.world import world
from bmdsl.tasks.emit import emitted
from bmdsl.training.loop import train
from tests.training.words import EVERY, FEW, Arrays, Subject, subject_of, trained_by

SHARED = [x for x in EVERY if x[0] in ("positive", "negative", "objective", "penalty")]
"""Words that see rows, or what is made of them; optimizers and schedules see whole gradients."""
UPDATES = 5


class Copied(Subject):
    """A subject whose machine is compiled once."""

    def machine(self, dtype: str = "float32") -> bmdsl.Machine:
        return copy.deepcopy(_machine(self.model))


@functools.cache
def _machine(model: bmdsl.Model) -> bmdsl.Machine:
    return Subject(model, {}).machine()


def short(subject: Subject) -> Subject:
    return Copied(subject.model.bind({"updates": UPDATES}), subject.data)


def verify_close(found: Arrays, wanted: Arrays) -> None:
    assert set(found) == set(wanted)
    for name in wanted:
        np.testing.assert_allclose(found[name], wanted[name], atol=2e-6, err_msg=name)


@pytest.mark.parametrize(("kind", "name"), SHARED)
def test_two_ranks_train_as_one_does(kind: str, name: str) -> None:
    subject = short(subject_of(kind, name, FEW))
    whole, run = trained_by(subject)
    (first, of), (second, _) = in_threads(2, lambda: trained_by(subject))
    verify_close(first, whole)
    verify_close(second, whole)
    assert of.updates == run.updates
    for figure in {*run.metrics[-1]} & {*of.metrics[-1]} - {"seconds", "health"}:
        wanted = pytest.approx(run.metrics[-1][figure], rel=1e-3, abs=1e-4)
        assert of.metrics[-1][figure] == wanted, figure


RAGGED = """model m(D = 6, H = 4) { visible v[D] : binary  hidden h[H] : binary
  param W init normal(0, 0.3)  param b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train { negative pcd(chains = 5)  center on  penalty sparsity(h, target = 0.1, rate = 0.05)
    optimizer adam(rate = 0.05)  batch 9  epochs 2  validate 0.2  seed 3 } }"""


def ragged(cases: int = 25, **more: Any) -> Callable[[], tuple[Arrays, Any]]:
    """A training whose last minibatch of an epoch has two cases, of unequal weights."""
    x = (np.random.default_rng(0).random((cases, 6)) < 0.4).astype(np.float32)

    def work() -> tuple[Arrays, Any]:
        machine = bmdsl.parse(RAGGED).compile(seed=2)
        training = machine.model.training
        run = train(machine, {"v": x}, training, weights=np.arange(1.0, 26), progress=False, **more)
        return {n: p.copy() for n, p in machine.params.items()} | dict(run.chains), run

    return work


def test_weights_a_small_last_minibatch_and_validation_are_as_with_one_rank() -> None:
    whole, run = ragged()()
    for shared, of in in_threads(3, ragged()):
        verify_close(shared, whole)
        assert of.best_update == run.best_update
        assert of.best_score == pytest.approx(run.best_score, rel=1e-5)


def test_ranks_go_on_from_a_checkpoint_of_another_number_of_ranks(tmp_path: Path) -> None:
    whole, run = ragged()()

    def stop(line: dict[str, Any]) -> None:
        raise KeyboardInterrupt

    first = in_threads(2, ragged(out=tmp_path, on_progress=stop, metadata={"source": "model m {}"}))
    assert {x.stopped for _, x in first} == {"interrupted"}
    assert {x.updates for _, x in first} == {3}
    rest, of = in_threads(3, ragged(out=tmp_path, resume=True))[0]
    assert of.updates == run.updates
    verify_close(rest, whole)
    assert [x["update"] for x in of.metrics] == [x["update"] for x in run.metrics]


def test_threads_in_one_process_and_in_two_add_up_to_the_same_bits() -> None:
    one = in_threads(4, ragged())[0][0]
    two = in_threads(2, lambda: in_threads(2, ragged(), world())[0])[0][0]
    for name, x in one.items():
        np.testing.assert_array_equal(two[name], x, err_msg=name)


EXPERTS = """model pot(D = 4, K = 3) { visible v[D] : gaussian
  param J[K, D] init normal(0, 0.5)
  energy = log1p(square(J[k,i] v[i]))
  train { negative cd(steps = 1)  optimizer sgd(rate = 0.01)  batch 4  updates 2 } }"""


def test_what_ranks_cannot_share_is_refused_with_its_reason() -> None:
    def work() -> None:
        machine = bmdsl.parse(EXPERTS).compile(seed=2)
        machine.train(np.random.default_rng(0).normal(size=(8, 4)), progress=False)

    with pytest.raises(BmError, match="2 ranks: `draw_real_units`, which draws all rows") as found:
        in_threads(2, work)
    assert found.value.diagnostics[0].code == "BM996"


def test_the_printed_update_of_a_rank_shows_the_sum_over_ranks() -> None:
    model = bmdsl.parse(RAGGED)
    text = emitted(model, "python", ranks=3)
    assert text.count("add_over_ranks(gradients, ranks)") == 1
    assert "first_of_5_chains" in text and "chains 1 of 5" in emitted(model, "schedule", ranks=3)
    assert "ranks" not in emitted(model, "python")
    cd = bmdsl.parse(RAGGED.replace("pcd(chains = 5)", "cd"))
    assert "update, 0, first_case[t], h" in emitted(cd, "python", ranks=2)


def test_dense_one_of_k_units_of_ranks_are_drawn_by_their_chains_numbers() -> None:
    model = bmdsl.parse(
        "model m { visible s[3] : categorical(3)  param J"
        "  energy = - J[i,a,j,b] s[i,a] s[j,b] for i < j"
        "  train { negative pcd(chains = 5)  optimizer sgd(rate = 0.1)  batch 4  updates 2 } }"
    )
    text = " ".join(emitted(model, "python", ranks=2).split())
    assert "first_of_5_chains, s_chains )" in text.split("draw_codes(")[1]
