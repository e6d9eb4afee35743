"""Words as Python hands them on."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection


def spelled(name: str, known: Collection[str]) -> str:
    """The known word that `name` stands for; `name` itself where there is none, or no single one.

    Python spells a keyword argument by Unicode's NFKC, as in `energy(ﬁ=...)`, which arrives as
    `fi`. Words of a model stay as they are written.
    """
    if name in known:
        return name
    alike = [x for x in known if unicodedata.normalize("NFKC", x) == name]
    return alike[0] if len(alike) == 1 else name
