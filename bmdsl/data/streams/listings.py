"""Listings of shards, a line each with its name, cases, bytes and fingerprint: their digest, and
what is other in one than in another.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any


def digest_of(listing: Sequence[Sequence[Any]]) -> str:
    """SHA-256 of the shards' fingerprints and sizes, of no name: a folder may move."""
    facts = [[x[1], x[2], x[3]] for x in listing]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def changes(before: Sequence[Sequence[Any]], now: Sequence[Sequence[Any]]) -> str:
    """The first shard that is gone, new or changed between two listings."""
    old, new = ({x[0]: list(x) for x in listing} for listing in (before, now))
    gone, added = ([n for n in a if n not in b] for a, b in ((old, new), (new, old)))
    other = [n for n in old if n in new and old[n] != new[n]]
    if other:
        one, first = old[other[0]], new[other[0]]
        what = f"{first[1]:,} cases, then {one[1]:,}" if one[1] != first[1] else "other bytes"
        return f"the shard `{other[0]}` has changed ({what})"
    if gone:
        return f"the shard `{gone[0]}` is gone"
    return f"the shard `{added[0]}` is new" if added else "its shards lie in another order"
