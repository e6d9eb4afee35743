"""`copy.deepcopy` and `pickle` of a machine ended in `TypeError: cannot pickle 'module' object`."""

from __future__ import annotations

import copy
import pickle

import numpy as np

import bmdsl


def test_a_trained_machine_is_copied_and_pickled() -> None:
    m = bmdsl.load("rbm", D=4, H=3).compile()
    run = m.train(np.eye(4), epochs=1, batch=4)
    for made in (copy.deepcopy(m), pickle.loads(pickle.dumps(m)), copy.deepcopy(run).machine):
        assert np.array_equal(made.params["W"], m.params["W"])
        assert np.array_equal(made.free_energy(v=np.eye(4)), m.free_energy(v=np.eye(4)))
