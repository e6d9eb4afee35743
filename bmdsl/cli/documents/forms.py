"""What every verb prints with `--json`: the published JSON Schemas are made of these types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import known, results, runs, texts

FORMS: Mapping[str, Any] = {
    "bm new": texts.NewModel,
    "bm check, one file": texts.Checked,
    "bm check, several files": texts.CheckedFiles,
    "bm check, a run": texts.CheckedRun,
    "bm fmt, files": texts.Formatted,
    "bm fmt, standard input": texts.FormattedText,
    "bm expand": texts.Expanded,
    "bm explain": texts.Explained,
    "bm plan": texts.Planned,
    "bm graph": texts.GraphText,
    "bm graph --out": texts.GraphFiles,
    "bm emit": texts.Emitted,
    "bm verify": list[texts.Verified],
    "bm train": runs.Trained,
    "bm train, a stack": runs.TrainedStack,
    "bm resume": runs.Trained,
    "bm resume, a stack": runs.TrainedStack,
    "bm watch": runs.ListedRun,
    "bm runs": list[runs.ListedRun],
    "bm tune": runs.Tuned,
    "bm compare": list[runs.ComparedRun],
    "bm report": runs.Written,
    "bm export": runs.Exported,
    "bm eval": list[runs.Figures],
    "bm eval --likelihood": results.Likelihood,
    "bm eval --rank": results.Ranked,
    "bm eval --rows": results.RowLikelihoods,
    "bm eval --associations": results.PairsOfColumns,
    "bm eval --predict": list[results.Predicted],
    "bm eval --probe": results.Probed,
    "bm infer": results.Inferred,
    "bm infer --predict": results.PredictedTable,
    "bm sample": results.Sampled,
    "bm sample --scan": results.Scanned,
    "bm ground": results.Ground,
    "bm data": list[known.DataSet],
    "bm data describe": known.DescribedTable,
    "bm data describe, shards": known.DescribedShards,
    "bm units": list[known.Unit],
    "bm units --check": known.CheckedUnit,
    "bm doctor": known.Doctor,
}
"""Command and what it is given → the type of its document. Keys may be added in later versions;
those that are here keep their names and meanings.
"""
