"""Forecasts into a file and a picture: what `bm sample --forecast` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..files import put, write_npz
from ..language.diagnostics import fail
from .given import assigned, verify_given

if TYPE_CHECKING:
    from .sample import Drawn, Subject


def write_forecast(
    s: Subject,
    given: Mapping[str, np.ndarray],
    frames: int,
    steps: int,
    feed: Sequence[str],
    out: Path | None,
) -> Drawn:
    """Forecasts of each chain into `out`, and a picture of few dimensions. None: forecast.npz."""
    from ..inference.forecasting import feeds_of, forecast
    from ..report.forecast_picture import forecast_picture
    from .sample import Drawn

    verify_given(s.machine, given)
    feeds = feeds_of(s.machine, dict(assigned(text, "--feed") for text in feed))
    groups = forecast(s.machine, given, frames, steps, feeds)
    path = out if out is not None else s.folder / "forecast.npz"
    path = path if path.suffix == ".npz" else path.with_name(path.name + ".npz")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        put(path, lambda beside: write_npz(beside, groups))
    except OSError as error:
        raise fail("BM914", f"`{path}` cannot be written: {error.strerror}") from None
    name, shown = next(iter(feeds.items()))
    future = groups[shown].reshape(len(groups[shown]), frames, -1)
    past = given[name].reshape(len(future), -1, future.shape[2])
    title = f"{s.machine.model.name}: {shown}, {frames:,} frames of {len(future):,} chains"
    picture = path.with_suffix(".png")
    drawn = forecast_picture(past, future, picture, title)
    return Drawn(groups, path, picture if drawn else None)
