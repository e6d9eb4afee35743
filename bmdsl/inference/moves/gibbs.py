"""Every unit drawn from its conditional, block after block."""

from __future__ import annotations

from ...language.vocabulary import Word

WORD = Word("gibbs", summary="every unit drawn given all others, block after block")

sweeps = None
"""The machine's own sweeps."""
