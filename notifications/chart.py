"""Bar charts for mails: PNG, since mail programs show neither SVG nor scripts.

The background is transparent and every colour stands out from white and from a dark page alike, as a mail cannot know
on which of them it is read.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from groundwork.notifications.image import InlineImage
from groundwork.notifications.local import Local

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

COLOURS = ("#3b82f6", "#8a8f98")
"""Colours of the bars, one per series. Contrast of 3 at least to white and to #121212 (WCAG 2.2, 1.4.11)."""
INK = "#767676"
"""Colour of the writing. Contrast of 4 at least to both."""

WIDTH, HEIGHT = 520, 220
"""Pixels as shown."""
_DENSITY = 2
"""Pixels of the file per pixel shown, for dense screens."""
_FONT_SIZE = 13
_LEFT, _RIGHT, _TOP, _BOTTOM = 4, 516, 32, 196
"""Where the bars are, in pixels as shown; the legend is above, the labels are below."""


@dataclass(frozen=True, slots=True)
class BarChart:
    """Bars in groups: one group per label, in it one bar per series.

    Attributes:
        title: what the numbers count, for the description.
        labels: below the groups.
        series: name to one number per label, none below 0; at most two series.
        local: how numbers are written.
    """

    title: str
    labels: Sequence[str]
    series: Mapping[str, Sequence[int]]
    local: Local = field(default_factory=Local)

    def __post_init__(self) -> None:
        if len(self.series) > len(COLOURS):
            raise ValueError(f"{len(self.series)} series, and colours for {len(COLOURS)}; leave some out")
        for name, numbers in self.series.items():
            if len(numbers) != len(self.labels):
                raise ValueError(f"series {name!r} has {len(numbers)} numbers for {len(self.labels)} labels")

    @property
    def alt(self) -> str:
        """The chart in words, with every number."""
        number = self.local.number
        told = (
            f"{name}: " + ", ".join(f"{label} {number(each)}" for label, each in zip(self.labels, numbers, strict=True))
            for name, numbers in self.series.items()
        )
        return f"{self.title}. {'; '.join(told)}."

    def image(self) -> InlineImage:
        """The chart as a picture for a mail: the same bytes for the same numbers."""
        # Imported here: no other job needs it, and each run's process would carry it.
        from PIL import Image, ImageDraw, ImageFont

        picture = Image.new("RGBA", (WIDTH * _DENSITY, HEIGHT * _DENSITY), (0, 0, 0, 0))
        pen = ImageDraw.Draw(picture)
        pen.font = ImageFont.load_default(_FONT_SIZE * _DENSITY)
        self._draw_legend(pen)
        self._draw_bars(pen)
        file = io.BytesIO()
        picture.save(file, "PNG", optimize=True)
        return InlineImage(file.getvalue(), WIDTH, HEIGHT, self.alt)

    def _draw_legend(self, pen: "ImageDraw") -> None:
        x = float(_LEFT)
        for name, colour in zip(self.series, COLOURS, strict=False):
            _box(pen, x, 6, x + 12, 18, colour)
            x += 18
            _write(pen, x, 12, name, "lm")
            x += pen.textlength(name) / _DENSITY + 20

    def _draw_bars(self, pen: "ImageDraw") -> None:
        highest = max((max(numbers, default=0) for numbers in self.series.values()), default=0)
        _box(pen, _LEFT, _BOTTOM, _RIGHT, _BOTTOM + 1, INK)
        _write(pen, _RIGHT, 12, f"most in a day: {self._drawn(highest)}", "rm")
        group = (_RIGHT - _LEFT) / len(self.labels)
        bar = group * 0.8 / len(self.series)
        for place, label in enumerate(self.labels):
            left = _LEFT + place * group + group * 0.1
            for order, (numbers, colour) in enumerate(zip(self.series.values(), COLOURS, strict=False)):
                height = (_BOTTOM - _TOP) * numbers[place] / highest if highest else 0.0
                if numbers[place]:  # one contact beside a million is still a bar
                    x = left + order * bar
                    _box(pen, x, _BOTTOM - max(height, 2), x + bar - 1, _BOTTOM, colour)
            _write(pen, left + group * 0.4, _BOTTOM + 12, label, "mm")

    def _drawn(self, number: int) -> str:
        # Spaces of other widths are not in the font.
        return " ".join(self.local.number(number).split())


def _box(pen: "ImageDraw", left: float, top: float, right: float, bottom: float, colour: str) -> None:
    corners = [round(each * _DENSITY) for each in (left, top, right, bottom)]
    pen.rectangle((corners[0], corners[1], corners[2] - 1, corners[3] - 1), fill=colour)


def _write(pen: "ImageDraw", x: float, y: float, words: str, anchor: str) -> None:
    pen.text((x * _DENSITY, y * _DENSITY), words, fill=INK, anchor=anchor)
