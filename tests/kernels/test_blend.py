"""Fields between two machines' against NumPy's."""

from __future__ import annotations

import numpy as np
import pytest

from bmdsl.kernels.blend import blend


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("same", [False, True])
def test_a_blend_lies_between_base_and_field(kind, same):
    generator = np.random.default_rng(0)
    eta, a, beta = (
        generator.normal(size=(7, 5)).astype(kind),
        generator.normal(size=5).astype(kind),
        np.dtype(kind).type(0.3),
    )
    wanted = 0.7 * a + 0.3 * eta
    out = eta if same else np.empty_like(eta)
    blend(eta, a, beta, out)
    np.testing.assert_allclose(out, wanted, rtol=1e-5)
    assert out.dtype == kind
