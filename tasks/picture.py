"""Small pictures for artifacts of runs: SVG within Markdown, so that Prefect's page loads nothing from elsewhere."""

import base64
from collections.abc import Mapping, Sequence
from html import escape

_WIDTH = 640
_LINE_HEIGHT = 220
_BAR = 26
_MARGIN = 48
_STYLE = "font-family='system-ui,sans-serif' font-size='13' fill='#24292f'"
_COLOUR = "#2563eb"
MOST_BARS = 12
"""Bars of one picture; what is less is summed up as the last of them."""
MOST_POINTS = 200
"""Points of one line: what a picture of this width can show."""


def bars(title: str, values: Mapping[str, float]) -> str:
    """Markdown of a picture with a bar for each value, the longest first; empty text where there is none."""
    ordered = sorted(values.items(), key=lambda each: -each[1])
    shown, rest = ordered[:MOST_BARS], ordered[MOST_BARS:]
    if rest:
        shown[-1:] = [("others", shown[-1][1] + sum(value for _, value in rest))]
    if not shown:
        return ""
    most = max(value for _, value in shown) or 1
    parts = []
    for place, (name, value) in enumerate(shown):
        y = 34 + place * _BAR
        width = max(2.0, (_WIDTH - 330) * value / most)
        parts.append(f"<text x='212' y='{y + 14}' text-anchor='end' {_STYLE}>{_text(name)}</text>")
        parts.append(f"<rect x='220' y='{y}' width='{width:.1f}' height='18' rx='3' fill='{_COLOUR}'/>")
        parts.append(f"<text x='{228 + width:.1f}' y='{y + 14}' {_STYLE}>{value:,.0f}</text>")
    return _picture(title, 46 + len(shown) * _BAR, parts)


def line(title: str, points: Sequence[tuple[float, float]], *, unit: str) -> str:
    """Markdown of a picture of values over seconds; empty text where there are fewer than two.

    Args:
        points: seconds since the begin, in order, and the value then.
        unit: of the values, such as ``rows/s``.
    """
    if len(points) < 2:
        return ""
    points = thinned(points)
    end, most = points[-1][0] or 1, max(value for _, value in points) or 1
    height, width = _LINE_HEIGHT - 80, _WIDTH - 2 * _MARGIN
    path = " ".join(
        f"{_MARGIN + width * second / end:.1f},{44 + height * (1 - value / most):.1f}" for second, value in points
    )
    bottom = 44 + height
    parts = [
        f"<line x1='{_MARGIN}' y1='{bottom}' x2='{_WIDTH - _MARGIN}' y2='{bottom}' stroke='#8c959f'/>",
        f"<polyline points='{path}' fill='none' stroke='{_COLOUR}' stroke-width='2'/>",
        f"<text x='{_MARGIN}' y='38' {_STYLE}>{most:,.0f} {_text(unit)}</text>",
        f"<text x='{_MARGIN}' y='{bottom + 20}' {_STYLE}>0 s</text>",
        f"<text x='{_WIDTH - _MARGIN}' y='{bottom + 20}' text-anchor='end' {_STYLE}>{end:,.1f} s</text>",
    ]
    return _picture(title, _LINE_HEIGHT, parts)


def thinned(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    """As many of the points as a picture shows, the last among them."""
    step = -(-len(points) // MOST_POINTS)
    return [*points[:-1:step], points[-1]] if step > 1 else points


def _picture(title: str, height: int, parts: Sequence[str]) -> str:
    svg = (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{_WIDTH}' height='{height}' role='img'>"
        f"<rect width='100%' height='100%' rx='8' fill='#ffffff'/>"
        f"<text x='16' y='22' font-weight='600' {_STYLE}>{_text(title)}</text>{''.join(parts)}</svg>"
    )
    alt = "".join(each if each.isalnum() or each in " ,-/" else " " for each in title)
    return f"![{alt}](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})"


def _text(text: str) -> str:
    return escape("".join(each if each.isprintable() else " " for each in text[:32]))
