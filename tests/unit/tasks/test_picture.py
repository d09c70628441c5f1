"""Pictures of artifacts: well-formed, bounded, and harmless whatever they are made of."""

import base64
import re
from xml.etree import ElementTree

from groundwork.tasks.picture import MOST_BARS, MOST_POINTS, bars, line

SVG = "{http://www.w3.org/2000/svg}"


def drawn(markdown: str) -> ElementTree.Element:
    found = re.fullmatch(r"!\[[^\]()<>]*\]\(data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)\)", markdown)
    assert found, markdown
    return ElementTree.fromstring(base64.b64decode(found[1]))


def texts(picture: ElementTree.Element) -> list[str]:
    return [each.text or "" for each in picture.iter(f"{SVG}text")]


def test_bars_stand_in_order_with_their_values():
    picture = drawn(bars("Rejected", {"too_long": 2, "invalid_email": 1_200}))
    assert texts(picture) == ["Rejected", "invalid_email", "1,200", "too_long", "2"]
    widths = [float(each.get("width", 0)) for each in list(picture.iter(f"{SVG}rect"))[1:]]
    assert widths[0] > widths[1] > 0


def test_many_reasons_are_summed_up_in_the_last_bar():
    picture = drawn(bars("Rejected", {f"r{each}": 1 for each in range(50)}))
    assert texts(picture)[-2:] == ["others", str(50 - MOST_BARS + 1)]


def test_a_line_has_no_more_points_than_it_can_show_and_ends_where_it_ended():
    picture = drawn(line("Speed", [(each / 10, each % 7) for each in range(5_000)], unit="rows/s"))
    [path] = picture.iter(f"{SVG}polyline")
    assert len(path.get("points", "").split()) <= MOST_POINTS + 1
    assert texts(picture)[-1] == "499.9 s"


def test_nothing_to_draw_is_no_picture_and_zeros_are_one():
    assert (bars("Rejected", {}), line("Speed", [(1.0, 5.0)], unit="rows/s")) == ("", "")
    drawn(line("Speed", [(0.0, 0.0), (0.0, 0.0)], unit="rows/s"))
    drawn(bars("Rejected", {"none": 0}))


def test_names_are_text_whatever_they_hold():
    picture = drawn(bars("](http://x) <b>", {"</text><script>alert(1)</script>\x00": 1}))
    assert not list(picture.iter(f"{SVG}script"))
    assert texts(picture)[1].startswith("</text><script>")
