"""Values side by side as horizontal bars, and points against a diagonal, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

from .fragments import escape
from .svg_curves import COLOURS, labels, ticks

WIDTH, ROW, NAMES = 420, 26, 150
SQUARE = 260
MAX_NAME = 22
"""Letters of a name that its width has room for."""


def bars(values: Mapping[str, tuple[float, float | None]], unit: str) -> str:
    """Name → (value, error): one bar each from the least value, the first one coloured; names at
    the left, numbers at the right end.
    """
    kept = {n: v for n, v in values.items() if isfinite(v[0])}
    if not kept:
        return ""
    low = min(x - (error or 0.0) for x, error in kept.values())
    high = max(x + (error or 0.0) for x, error in kept.values())
    spread = (high - low) or abs(high) or 1.0
    start = low - 0.25 * spread
    wide = WIDTH - NAMES - 90
    height = ROW * len(kept) + 22

    def across(x: float) -> float:
        return NAMES + wide * (x - start) / (high - start)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
        f' style="width:{WIDTH}px;max-width:100%;height:auto" role="img" font-size="12"'
        ' font-family="system-ui,sans-serif" fill="currentColor"'
        f' aria-label="{escape(", ".join(kept))}">'
    ]
    for k, (name, (value, error)) in enumerate(kept.items()):
        y = ROW * k + 4
        colour = COLOURS[0] if k == 0 else "#9a9a9a"
        shown = name if len(name) <= MAX_NAME else name[: MAX_NAME - 1].rstrip(" ,") + "…"
        out.append(
            f'<text x="{NAMES - 8}" y="{y + 14}" text-anchor="end">{escape(shown)}'
            f"<title>{escape(name)}</title></text>"
            f'<rect x="{NAMES}" y="{y}" width="{max(across(value) - NAMES, 1):.1f}" height="18"'
            f' fill="{colour}"/>'
        )
        if error:
            a, b = across(max(value - error, start)), across(value + error)
            out.append(
                f'<line x1="{a:.1f}" x2="{b:.1f}" y1="{y + 9}" y2="{y + 9}"'
                ' stroke="currentColor" stroke-width="1.5"/>'
            )
        end = across(value + (error or 0.0)) + 6
        text = f"{value:.2f}" + (f" ± {error:.2f}" if error else "")
        out.append(f'<text x="{end:.1f}" y="{y + 14}">{escape(text)}</text>')
    out.append(
        f'<text x="{NAMES}" y="{height - 5}" opacity=".7" font-size="11">{escape(unit)}'
        "; not from 0</text></svg>"
    )
    return "".join(out)


def scatter(
    series: Mapping[str, Sequence[tuple[float, float]]],
    title: str,
    x_label: str,
    y_label: str,
    colours: Mapping[str, str] | None = None,
) -> str:
    """Points (x, y) of one or several series beside the diagonal, on one scale for all; each in its
    colour.
    """
    kept = [
        (x, y, (colours or {}).get(name, COLOURS[0]))
        for name, points in series.items()
        for x, y in points
        if isfinite(x) and isfinite(y)
    ]
    if not kept:
        return ""
    low, high = min(min(p[:2]) for p in kept), max(max(p[:2]) for p in kept)
    pad = 0.04 * ((high - low) or 1.0)
    low, high = low - pad, high + pad
    left, top, size = 48, 24, SQUARE - 84

    def across(x: float) -> float:
        return left + size * (x - low) / (high - low)

    def down(y: float) -> float:
        return top + size * (high - y) / (high - low)

    at = ticks(low, high)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SQUARE} {SQUARE - 20}"'
        f' style="width:{SQUARE}px;max-width:100%;height:auto" role="img" font-size="10"'
        f' font-family="system-ui,sans-serif" fill="currentColor" aria-label="{escape(title)}">'
        f'<text x="{left}" y="14" font-size="12" font-weight="600">{escape(title)}</text>'
        f'<line x1="{across(low)}" y1="{down(low)}" x2="{across(high)}" y2="{down(high)}"'
        ' stroke="currentColor" stroke-opacity=".35"/>'
    ]
    for x, text in zip(at, labels(at), strict=True):
        out.append(
            f'<text x="{across(x):.1f}" y="{top + size + 13}" text-anchor="middle">{text}</text>'
            f'<text x="{left - 5}" y="{down(x) + 3:.1f}" text-anchor="end">{text}</text>'
        )
    out += [
        f'<circle cx="{across(x):.1f}" cy="{down(y):.1f}" r="2.6" fill="{colour}"'
        ' fill-opacity=".85"/>'
        for x, y, colour in kept
    ]
    out.append(
        f'<text x="{left + size / 2}" y="{top + size + 30}" text-anchor="middle" opacity=".7">'
        f'{escape(x_label)}</text><text transform="translate(11 {top + size / 2}) rotate(-90)"'
        f' text-anchor="middle" opacity=".7">{escape(y_label)}</text></svg>'
    )
    return "".join(out)
