"""Grey values 0 to 255 used to get a log-likelihood above 0 from a machine of binary units."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl


def test_states_outside_their_domain_are_refused() -> None:
    m = bmdsl.parse("""model m { visible v[2] : binary  hidden h : binary  param b
        energy = - b[i] v[i] - v[i] h }""").compile(backend="reference")
    with pytest.raises(bmdsl.BmError, match=r"BM774.*`v` holds 255 at \[0, 1\].*binary"):
        m.log_likelihood(np.array([[0.0, 255.0]]))
    s = bmdsl.parse("model m { visible s[2] : spin  param b  energy = - b[i] s[i] }").compile(
        backend="reference"
    )
    with pytest.raises(bmdsl.BmError, match=r"(?s)BM774.*`s` holds 0 at \[0, 1\].*2 \* x - 1"):
        s.log_likelihood(np.array([[1.0, 0.0]]))
