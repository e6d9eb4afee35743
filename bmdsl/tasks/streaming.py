"""Data that a training reads as it needs them: made ready once, and as a run has recorded them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.finding import Found
from ..data.notice import say
from ..data.preparing import Preparation, learning, steps_of
from ..data.streams.listings import digest_of
from ..data.streams.reader import ShardReader
from ..data.streams.source import ShardSource
from ..data.streams.surveying import Survey, learned, survey
from ..data.streams.view import ShardView
from ..data.transform import Fitted, Step
from ..data.weights import Weights, load_weights
from ..language.decoding import json_of
from ..language.diagnostics import counted, fail
from ..language.model import Model as CheckedModel
from ..plan.costs import count_text
from ..ranks.world import world
from ..runs.provenance import SURVEY

if TYPE_CHECKING:
    from ..inference.machine import Machine
    from ..training.streamed_cases import StreamedCases


def streamed_cases(
    found: Found,
    machine: Machine,
    model: CheckedModel,
    weights: Weights,
    kept: Preparation | None,
    before: Mapping[str, str],
    progress: bool | None = None,
) -> StreamedCases:
    """Training cases that are read as they are needed; the machine keeps what transforms learned.

    All are read once before the first update, by ranks together. A run that goes on has what was
    found then in its metadata, `before`.
    """
    from ..training.progress import progress_line
    from ..training.streamed_cases import StreamedCases

    source = found.shards
    assert source is not None
    given = None if weights is None else load_weights(weights, source.count)
    start = Preparation.before(model) if kept is None else kept
    reader = ShardReader.of(source, model, start, machine.dtype, given)
    known = json_of(before.get(SURVEY, "{}"))
    if kept is not None and known.get("of") == _surveyed(reader):
        told = Survey.of_facts(known)
    else:
        say(_sentence(source, reader))
        if kept is None:
            reader = reader.with_preparation(_learned(reader, model))
        with progress_line(len(reader.layout), progress) as show:
            told = survey(reader, lambda done: show(done, {}, "blocks read"), world())
    machine.preparation = reader.preparation
    view = ShardView(reader, "train")
    if not len(view):
        raise fail("BM730", f"`validate {model.training.validate:g}` leaves no case to train on")
    return StreamedCases(view, told)


def _learned(reader: ShardReader, model: CheckedModel) -> Preparation:
    """What transforms learn: rank 0 reads the cases for it and tells the others."""
    if not learning(model):
        return learned(reader, model)

    def statistics() -> dict[str, list[dict[str, np.ndarray]]]:
        groups = learned(reader, model).groups or {}
        return {n: [dict(step.learned) for step in x.steps] for n, x in groups.items()}

    found = world().from_first(statistics)
    groups = {
        n: Fitted(
            tuple(
                Step(word, options, x)
                for (word, options), x in zip(steps_of(model, n), each, strict=True)
            )
        )
        for n, each in found.items()
    }
    return Preparation(model, groups)


def start_from(machine: Machine, cases: StreamedCases) -> None:
    """Gives parameters that start from data their values: of a case that has the means of all."""
    machine.start_from({n: x[None] for n, x in cases.survey.means.items()})


def survey_facts(cases: StreamedCases) -> dict[str, str]:
    """For a run's metadata."""
    return {SURVEY: json.dumps({**cases.survey.facts(), "of": _surveyed(cases.view.reader)})}


def _surveyed(reader: ShardReader) -> str:
    """What a survey depends on: the shards, and which of their cases are training cases."""
    training, weights = reader.model.training, reader.weights
    made = hashlib.sha256(b"" if weights is None else weights.tobytes()).hexdigest()
    shards = digest_of(reader.source.listing)
    facts = shards, len(reader.layout), training.seed, training.validate, made
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def stream_facts(reader: ShardReader) -> dict[str, Any]:
    """How a stream is read: cases, blocks and the window."""
    layout = reader.layout
    return {
        "cases": reader.source.count,
        "shards": len(reader.source.shards),
        "blocks": len(layout),
        "window": min(layout.room, reader.source.count),
        "block": float(np.mean(layout.sizes)),
    }


def _sentence(source: ShardSource, reader: ShardReader) -> str:
    facts = stream_facts(reader)
    windows = -(-facts["cases"] // facts["window"])
    return (
        f"`{source.place}`: {facts['cases']:,} cases, {count_text(source.nbytes)}B, in"
        f" {counted(facts['shards'], 'shard')}, read once before training and again in every epoch;"
        f" {facts['window']:,} cases are shuffled together,"
        f" {counted(windows, 'window')} an epoch"
    )
