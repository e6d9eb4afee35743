"""A picture of text, rectangles, strokes and pixels, drawn with Pillow alone: a plotting library
takes longer to be loaded, and to lay its axes out, than all pictures of a short training.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import cache
from math import ceil, floor
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..files import put

DPI = 160
FAST = 1
"""The zlib level of a PNG: pictures of few colours are hardly smaller at others."""
FINE = 4
"""Strokes are drawn so many times as large, and made smaller again: their edges are smooth then."""
POINTS = 72
"""Of an inch: sizes of letters and widths of strokes are given in them."""
BLACK = (0, 0, 0)
Colour = tuple[int, int, int]
Stroke = Sequence[tuple[float, float]]


def pixels(points: float) -> float:
    """Points as pixels."""
    return points * DPI / POINTS


@cache
def _font(size: float) -> ImageFont.FreeTypeFont:
    """Letters of so many points: those that matplotlib brings, found without loading it."""
    library = importlib.util.find_spec("matplotlib")
    folder = Path(library.origin).parent if library and library.origin else Path()
    file = folder / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
    if not file.is_file():  # a distribution has them elsewhere
        from matplotlib.font_manager import findfont

        file = Path(findfont("DejaVu Sans"))
    whole = round(pixels(size))
    return ImageFont.truetype(str(file), whole, layout_engine=ImageFont.Layout.BASIC)


class Canvas:
    """White paper of so many pixels; x goes right, y down. `grey` paper takes no colours."""

    def __init__(self, width: float, height: float, grey: bool = False) -> None:
        size = ceil(width), ceil(height)
        self.image = Image.new("L" if grey else "RGB", size, 255 if grey else (255, 255, 255))
        self._draw = ImageDraw.Draw(self.image)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float,
        anchor: str = "mm",
        colour: Colour = BLACK,
        upright: bool = False,
    ) -> None:
        """Words in letters of `size` points.

        `anchor`: which place of theirs is at (x, y): `l`, `m` or `r`, then `a` for the top of the
        tallest letters, `m`, `s` for the line that they stand on, or `d` for the lowest foot.
        `upright` ones read upwards, their middle at (x, y).
        """
        if not upright:
            self._draw.text((x, y), words, fill=self._ink(colour), font=_font(size), anchor=anchor)
            return
        left, top, right, bottom = _font(size).getbbox(words)
        made = Image.new("L", (ceil(right - left) + 2, ceil(bottom - top) + 2))
        ImageDraw.Draw(made).text((1 - left, 1 - top), words, fill=255, font=_font(size))
        turned = made.transpose(Image.Transpose.ROTATE_90)
        at = round(x - turned.width / 2), round(y - turned.height / 2)
        self.image.paste(
            self._ink(colour), (*at, at[0] + turned.width, at[1] + turned.height), turned
        )

    def _ink(self, colour: Colour) -> int | Colour:
        return colour if self.image.mode == "RGB" else colour[1]

    def fill(
        self, left: float, top: float, right: float, bottom: float, colour: Colour = BLACK
    ) -> None:
        """A rectangle of whole pixels, at least one wide and high."""
        x, y = round(left), round(top)
        ends = max(x, round(right) - 1), max(y, round(bottom) - 1)
        self._draw.rectangle((x, y, *ends), fill=self._ink(colour))

    def frame(self, left: float, top: float, right: float, bottom: float, width: int = 2) -> None:
        """The border of a rectangle, half of its width on either side of it."""
        half = width // 2
        box = (
            round(left) - half,
            round(top) - half,
            round(right) + half - 1,
            round(bottom) + half - 1,
        )
        self._draw.rectangle(box, outline=self._ink(BLACK), width=width)

    def strokes(
        self,
        lines: Sequence[Stroke],
        box: tuple[float, float, float, float],
        width: float,
        colour: Colour,
        dots: float = 0.0,
    ) -> None:
        """Lines of `width` points through pixels, with a disc of `dots` points at each of these;
        nothing of them is outside `box` (left, top, right, bottom).
        """
        left, top, right, bottom = floor(box[0]), floor(box[1]), ceil(box[2]), ceil(box[3])
        mask = Image.new("L", (FINE * (right - left), FINE * (bottom - top)))
        draw, thick = ImageDraw.Draw(mask), max(1, round(FINE * pixels(width)))
        radius = FINE * pixels(dots) / 2
        for line in lines:
            at = [(FINE * (x - left), FINE * (y - top)) for x, y in line]
            if len(at) > 1 and width:
                draw.line(at, fill=255, width=thick, joint="curve")
            for x, y in at if dots else ():
                draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
        self.image.paste(self._ink(colour), (left, top, right, bottom), mask.reduce(FINE))

    def put(self, shown: np.ndarray, left: float, top: float) -> None:
        """Pixels, [height, width] of grey or [height, width, 3], as they are."""
        self.image.paste(Image.fromarray(shown), (round(left), round(top)))

    def save(self, path: Path) -> None:
        """Writes a PNG beside its place, then renames."""
        put(
            path,
            lambda beside: self.image.save(beside, compress_level=FAST, dpi=(DPI, DPI)),
        )
