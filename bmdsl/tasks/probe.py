"""A classifier on the features of a run: what `bm eval --probe` does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..chunks import by_chunks
from ..probes.probing import Probe, classifier, judge
from .run_cases import Subject, labelled


def probe(
    folder: Path,
    data: str | None,
    name: str,
    features: str,
    labels: str | None = None,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> Probe:
    """Fits the classifier `name` to `features` of a run.

    BmError BM927 for a classifier that is none, BM928 without labels.

    The test part of a named set is its own; of other data a quarter is held out. Features are
    scaled by the training cases' mean and spread; the setting with the least validation error is
    kept, then judged once on the test cases.
    """
    classifier(name)  # an unknown one is told before the work is done
    run, parts = labelled(folder, data, labels)
    say = progress or (lambda _: None)
    say("features")
    x = [_features(run, ready, features) for ready, _ in parts]
    y = [answers for _, answers in parts]
    return judge(name, features, x, y, seed, say)


def _features(run: Subject, ready: dict[str, np.ndarray], features: str) -> np.ndarray:
    with run.machine.frozen():
        return by_chunks(
            lambda part: np.asarray(run.machine.transform(part, features), np.float64), ready
        )
