"""Models under other names: the same text, word for word, with groups, parameters, arguments,
graphs and letters called otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from bmdsl.language.model import Expert, Model, Term

TOKEN = re.compile(
    r'#[^\n]*|"[^"\n]*"|\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?|(?P<name>[^\W\d]\w*)'
)
OPTION = re.compile(r"\s*=")
CALL = re.compile(r"(model\s+)?\b\w+\([^()]*\Z")
"""A parenthesis that is open: of a model's arguments, or of a call."""
KEYWORDS = frozenset(
    "model stack import visible hidden given param init energy for in graph layers bias train sum"
    " on jointly greedily".split()
)
"""The language's own words: no name of a model can be one."""
AWKWARD = (
    *"self cls class def lambda None True print len range type object".split(),  # Python's
    # the head of a generated module
    *"np math numba F COMPILE prange kernel fused parallel summing fill_uniforms".split(),
    # its variables
    *"out eta eta2 n k e f p p0 u x seen seed stream update step first moment scale".split(),
    *"weight total _compiled function how".split(),
    *"constant collect_constant couple_a_b mean_a binary_mean binary_units binary_units_mean"
    " units_mean square_x base_x x2 x_1".split(),
    *"file args kwds allow_pickle data group groups name state method options steps clamp beta"
    " path text settings".split(),  # arguments
    *"epoch updates seconds chain draw chains betas place w v_ _ __ _a a_ a_b b_c a_b_c b_v W_v_h"
    " __metadata__ __init__".split(),
    # the language's, not reserved
    *"binary spin gaussian categorical normal softplus square wrap pad fixed".split(),
    *"symmetric exact pcd".split(),
    # Unicode and its twins
    *"é ue9 _ue9_ e_ue9 u5f _u5f_ au5f σ ς Σ ﬁ fi ſ s S ª a A h H K K Å Å Ω Ω ﬀ ff x² µ μ".split(),
)
"""Words that were, or could be, taken for another's."""
JOINED = "a a_a a_a_a a_a_a_a a2 a2_a square_a mean_a a_1".split()
"""Names for groups of which pairs, joined, are often one word, or one with a power or a function's
name.
"""


def letters_of(model: Model) -> frozenset[str]:
    """Every letter that some term sums over."""

    def inside(term: Term) -> Iterator[str]:
        yield from (x.name for x in term.letters)
        yield from (x for c in term.conditions for x in (c.first, c.second))
        expert: Expert | None = term.expert
        while expert is not None:
            for addend in expert.addends:
                yield from inside(addend)
            expert = expert.inner

    return frozenset(x for term in model.terms for x in inside(term))


def words_of(model: Model) -> tuple[str, ...]:
    """Names of groups, parameters, arguments and graphs, in the order of the text."""
    return tuple(
        x.name
        for part in (model.groups, model.parameters, model.arguments, model.graphs)
        for x in part
    )  # type: ignore[attr-defined]


def renamed(text: str, to: Mapping[str, str]) -> str:
    """The text with every word of `to` replaced; comments, strings, numbers and the names of
    options stay.
    """

    def word(m: re.Match[str]) -> str:
        if not m["name"] or (
            OPTION.match(text, m.end())
            and (call := CALL.search(text, 0, m.start()))
            and not call[1]
        ):
            return m[0]
        return to.get(m["name"], m["name"])

    return TOKEN.sub(word, text)


@dataclass(frozen=True)
class Renaming:
    """Old → new, for words and for letters."""

    words: Mapping[str, str]
    letters: Mapping[str, str]

    @property
    def all(self) -> dict[str, str]:
        return {**self.words, **self.letters}

    def on(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The same values under the new words."""
        return {self.words[n]: x for n, x in values.items()}

    def back(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values under new words, under the old ones."""
        old = {new: n for n, new in self.words.items()}
        return {old[n]: x for n, x in values.items()}


def names() -> st.SearchStrategy[str]:
    """Awkward words, and short ones of few characters."""
    short = st.text("ab_x2é", min_size=1, max_size=4).filter(
        lambda x: re.fullmatch(r"[^\W\d]\w*", x) is not None
    )
    return st.one_of(st.sampled_from(AWKWARD), st.sampled_from(AWKWARD), short).filter(
        lambda x: x not in KEYWORDS
    )


@st.composite
def renamings(draw: Any, model: Model) -> Renaming:
    """New names for every word of a model and for its letters, no two words alike, no letter called
    as an argument is.
    """
    old, letters = words_of(model), sorted(letters_of(model))
    assert not set(old) & set(letters)
    groups = draw(st.permutations(JOINED))[: len(model.groups)] if draw(st.booleans()) else []
    others = names().filter(lambda x: x not in groups)
    new = groups + draw(
        st.lists(
            others, min_size=len(old) - len(groups), max_size=len(old) - len(groups), unique=True
        )
    )
    words = dict(zip(old, new, strict=True))
    taken = {words[a.name] for a in model.arguments}
    free = names().filter(lambda x: x not in taken)
    called = draw(st.lists(free, min_size=len(letters), max_size=len(letters), unique=True))
    return Renaming(words, dict(zip(letters, called, strict=True)))
