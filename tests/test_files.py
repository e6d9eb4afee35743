"""Names of models as names of files and of arrays in them."""

from __future__ import annotations

import unicodedata

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bmdsl.files import file_names, parameters, tensors
from tests.renaming import names


@settings(derandomize=True, database=None, deadline=None, max_examples=60)
@given(
    st.lists(
        st.one_of(
            names(),
            st.sampled_from("h H h_2 H_2 h_2_2 ſ s".split()),
            st.just("x" * 300),
            st.just("x" * 299),
        ),
        max_size=6,
        unique=True,
    )
)
def test_no_two_names_are_one_file(called: list[str]) -> None:
    found = file_names(called)
    assert list(found) == called
    assert len({unicodedata.normalize("NFKC", x).casefold() for x in found.values()}) == len(called)
    assert all(len(f"filters_{x}.png".encode()) < 256 for x in found.values())


def test_ordinary_names_stay() -> None:
    assert file_names(["h1", "h2", "front"]) == {"h1": "h1", "h2": "h2", "front": "front"}


def test_arrays_of_a_file_have_their_names_back() -> None:
    params = {n: np.array([float(k)]) for k, n in enumerate(("W", "__metadata__", "é"))}
    assert "__metadata__" not in tensors(params) and parameters(tensors(params)) == params
