"""`machine.train` and `transform` refused a bag of words as SciPy has it."""

from __future__ import annotations

import numpy as np
import scipy.sparse

import bmdsl


def test_a_sparse_bag_of_words_trains_and_has_features() -> None:
    x = scipy.sparse.random(30, 6, density=0.2, random_state=0, format="csr")
    x.data[:] = 1
    m = bmdsl.load("rbm", D=6, H=2).compile(seed=0, backend="reference")
    assert m.train(x, epochs=1, batch=30).updates == 1
    np.testing.assert_array_equal(m.transform(x), m.transform(x.toarray()))
