"""A user's script, as mypy and Pyright see it: they find nothing wrong."""

from __future__ import annotations

import numpy as np

import bmdsl
from bmdsl.sklearn import BoltzmannMachine
from bmdsl.training.callbacks import Callback, Moment


class Stop(Callback):
    def on_epoch(self, moment: Moment) -> bool:
        return moment.figures.get("reconstruction_error", 1.0) < 0.1


def main() -> None:
    model: bmdsl.Model = bmdsl.load("rbm", D=8, H=4)
    machine: bmdsl.Machine = model.compile(seed=1)
    cases = np.zeros((20, 8))
    run = machine.train(cases, epochs=1, callbacks=[Stop()])
    updates: int = run.updates
    last: float = run.metrics[-1]["reconstruction_error"]
    samples: np.ndarray = machine.sample(4, steps=2)["v"]
    text: str = str(model.explain())
    estimate = machine.log_partition("ais", data=cases, chains=10, steps=10)
    print(estimate.value, estimate.std_error, machine.log_partition() + 1.0)
    rows = machine.table("survey.csv")
    strongest: list[object] = rows.associated(samples=100).to_dict()["first"]
    print(strongest, rows.predicted("age").values.mean())
    density = BoltzmannMachine("rbm", H=4).fit(cases)
    scores: np.ndarray = density.score_samples(cases)
    print(scores, density.transform(cases).shape)
    stack = bmdsl.load_stack("stack.bm").train(cases)
    up = stack.transform(cases)
    opened: bmdsl.Machine = bmdsl.open("runs/last")
    energies: np.ndarray = opened.free_energy(v=samples)
    print(updates, last, text, estimate, up, energies)
    try:
        bmdsl.parse("model")
    except bmdsl.BmError as error:
        print(error.diagnostics[0].code)


if __name__ == "__main__":
    main()
