import io

import pytest
from PIL import Image, ImageColor

from groundwork.notifications.chart import COLOURS, INK, BarChart
from groundwork.notifications.local import Local

DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
WHITE, DARK = (255, 255, 255), (18, 18, 18)


def chart(week: list[int] | None = None, before: list[int] | None = None) -> BarChart:
    series = {"this week": week or [3, 0, 4, 1, 5, 9, 1200], "the week before": before or [0] * 7}
    return BarChart("New contacts", DAYS, series)


def picture(of: BarChart) -> Image.Image:
    return Image.open(io.BytesIO(of.image().png))


def luminance(colour: tuple[int, ...]) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def height_of(of: BarChart, colour: str) -> list[int]:
    """Heights of the bars of a colour, by place, in pixels of the file."""
    image = picture(of)
    wanted = (*ImageColor.getrgb(colour), 255)
    pixels = image.load()
    width = image.width // 7
    return [
        max(
            sum(pixels[x, y] == wanted for y in range(60, image.height))
            for x in range(place * width, min((place + 1) * width, image.width))
        )
        for place in range(7)
    ]


@pytest.mark.parametrize("page", [WHITE, DARK])
def test_the_chart_is_readable_on_a_light_and_on_a_dark_page(page):
    assert all(contrast(ImageColor.getrgb(colour), page) >= 3 for colour in COLOURS)
    assert contrast(ImageColor.getrgb(INK), page) >= 4


def test_nothing_is_painted_behind_the_bars():
    image = picture(chart())
    assert image.mode == "RGBA"
    assert image.getpixel((image.width - 1, image.height - 1))[3] == 0


def test_bars_are_as_high_as_their_numbers():
    heights = height_of(chart(week=[100, 50, 25, 0, 0, 0, 0]), COLOURS[0])
    assert heights[3:] == [0, 0, 0, 0]
    assert heights[0] / heights[1] == pytest.approx(2, rel=0.02)
    assert heights[0] / heights[2] == pytest.approx(4, rel=0.03)


def test_one_beside_a_million_is_still_seen():
    assert height_of(chart(week=[1, 1_000_000, 0, 0, 0, 0, 0]), COLOURS[0])[0] > 0


def test_a_chart_of_nothing_is_drawn():
    assert height_of(chart(week=[0] * 7), COLOURS[0]) == [0] * 7


def test_the_chart_is_told_in_words_with_every_number():
    assert chart().alt == (
        "New contacts. this week: Mon 3, Tue 0, Wed 4, Thu 1, Fri 5, Sat 9, Sun 1,200; "
        "the week before: Mon 0, Tue 0, Wed 0, Thu 0, Fri 0, Sat 0, Sun 0."
    )


def test_numbers_are_written_as_the_workspace_does():
    german = BarChart("New contacts", ["Mon"], {"the week": [1200]}, Local("de"))
    assert german.alt == "New contacts. the week: Mon 1.200."
    assert german.image().png != BarChart("New contacts", ["Mon"], {"the week": [1200]}).image().png


def test_the_same_numbers_make_the_same_picture():
    assert chart().image() == chart().image()
    assert chart().image().content_id != chart(week=[1] * 7).image().content_id


def test_the_file_has_more_pixels_than_are_shown_for_dense_screens():
    image = chart().image()
    assert picture(chart()).size == (2 * image.width, 2 * image.height)
    assert len(image.png) < 30_000


def test_numbers_that_do_not_fit_the_labels_are_named():
    with pytest.raises(ValueError, match="'this week' has 2 numbers for 7 labels"):
        BarChart("New contacts", DAYS, {"this week": [1, 2]})


def test_more_series_than_colours_are_refused():
    with pytest.raises(ValueError, match="3 series"):
        BarChart("New contacts", DAYS, {str(number): [0] * 7 for number in range(3)})
