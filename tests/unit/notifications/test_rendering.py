import pytest
from jinja2 import UndefinedError

from groundwork.blocks.errors import UnknownName
from groundwork.blocks.process_cache import forget
from groundwork.notifications.local import Local
from groundwork.notifications.rendering import (
    _environment,
    change,
    counted,
    duration,
    preload_templates,
    render,
    templates,
)
from groundwork.notifications.samples import render_sample, sample_values
from groundwork.notifications.sources import source_of

FINISHED = sample_values("import_finished") | {"rejects_url": "https://example.com/rejects?a=1&b=2"}
FAILED = sample_values("import_failed") | {"error": "no e-mail column"}
USER = FAILED["user"]


@pytest.mark.parametrize("template", templates())
def test_every_notification_has_a_sample_that_fills_it(template):
    rendered = render_sample(template)
    assert rendered.subject
    assert "\n" not in rendered.subject
    name = sample_values(template)["user"]["name"]
    assert rendered.text.startswith(f"Hello {name}".rstrip() + ",\n")
    assert f"<p>{f'Hello {name}'.rstrip()},</p>" in rendered.html
    assert "You get this mail" in rendered.text
    assert "You get this mail" in rendered.html


@pytest.mark.parametrize("template", ["import_finished", "weekly_digest"])
def test_a_notification_that_can_be_turned_off_says_where(template):
    values = sample_values(template)
    rendered = render(template, **values)
    assert f"Turn these mails off: {values['unsubscribe_url']}\n" in rendered.text
    assert f'href="{values["unsubscribe_url"]}"' in rendered.html
    silent = render(template, **values | {"unsubscribe_url": None})
    assert "Turn these mails off" not in silent.text + silent.html


def test_a_picture_among_the_values_becomes_part_of_the_message_and_is_described():
    rendered = render_sample("weekly_digest")
    [chart] = rendered.images
    assert f'<img src="cid:{chart.content_id}" alt="{chart.alt}"' in rendered.html
    assert " ".join(chart.alt.split()) in " ".join(rendered.text.split())


def test_a_digest_without_new_contacts_or_tags_leaves_their_parts_out():
    rendered = render("weekly_digest", **sample_values("weekly_digest") | {"chart": None, "tags": []})
    assert "<img" not in rendered.html
    assert "per day" not in rendered.text + rendered.html
    assert "tags" not in rendered.text + rendered.html


def test_a_finished_import_tells_its_counts_as_people_write_them():
    rendered = render("import_finished", **FINISHED)
    assert rendered.subject == "Import finished, 200 rows rejected: contacts.csv"
    for words in ("100,000 rows in 2 min 5 s", "98,000", "invalid email: 150", "wrong number of columns: 50"):
        assert words in rendered.text
        assert words in rendered.html
    assert "https://example.com/rejects?a=1&b=2" in rendered.text
    assert 'href="https://example.com/rejects?a=1&amp;b=2"' in rendered.html


def test_an_import_without_rejects_speaks_of_none():
    values = FINISHED | {"rejected": 0, "reasons": {}, "rejects_url": None, "duplicates": 0}
    rendered = render("import_finished", **values)
    assert rendered.subject == "Import finished: contacts.csv"
    assert "Download" not in rendered.text + rendered.html
    assert "Repeated" not in rendered.text + rendered.html


def test_a_failed_import_says_what_was_kept():
    assert "Nothing was imported." in render("import_failed", **FAILED).text
    assert (
        "12,000 rows had been imported before and are kept"
        in render("import_failed", **FAILED | {"imported": 12_000}).text
    )


def test_markup_in_a_value_stays_text():
    rendered = render("import_failed", **FAILED | {"filename": "<script>alert(1)</script>.csv", "error": "a < b"})
    assert "<script>" not in rendered.html
    assert "&lt;script&gt;" in rendered.html
    assert "a < b" in rendered.text


def test_a_value_is_never_rendered_as_a_template():
    assert "{{ 7 * 7 }}" in render("import_failed", **FAILED | {"error": "{{ 7 * 7 }}"}).text


def test_a_line_break_in_a_value_does_not_break_the_subject():
    rendered = render("import_failed", **FAILED | {"filename": "a.csv\r\nBcc: eve@example.com"})
    assert rendered.subject == "Import failed: a.csv Bcc: eve@example.com"


def test_a_missing_value_is_an_error_that_names_it():
    with pytest.raises(UndefinedError, match="'error' is undefined"):
        render("import_failed", user=USER, filename="contacts.csv", imported=0)


def test_a_misspelt_notification_gets_a_suggestion():
    with pytest.raises(UnknownName, match="did you mean 'import_finished'"):
        render("import_finish")


def test_numbers_and_durations_read_well():
    assert Local().number(1234567) == "1,234,567"
    assert [counted(n, "row") for n in (0, 1, 1200)] == ["0 rows", "1 row", "1,200 rows"]
    shown = [duration(s) for s in (0.04, 9.94, 9.96, 59.6, 125, 12_000)]
    assert shown == ["0.0 s", "9.9 s", "10 s", "1 min 0 s", "2 min 5 s", "3 h 20 min"]


def test_changes_read_well():
    assert [change(share) for share in (0.352, -0.4, 0.0, 0.004, 12.5)] == [
        "+35 %",
        "−40 %",
        "±0 %",
        "±0 %",
        "+1,250 %",
    ]


def test_a_sample_of_an_unknown_notification_gets_a_suggestion():
    with pytest.raises(UnknownName, match="did you mean 'welcome'"):
        sample_values("welcom")


HOSTILE = "<a&\u202e\x07\r\n\u2028\u200b" * 20_000


def stretched(value, times=3_000):
    """A value with long texts that do harm, and long lists of them."""
    if isinstance(value, str):
        return HOSTILE
    if isinstance(value, dict):
        return {name: stretched(each) for name, each in value.items()}
    return [stretched(each) for each in value] * times if isinstance(value, list) else value


@pytest.mark.parametrize("template", templates())
def test_no_value_makes_a_mail_longer_than_gmail_shows_or_writes_lines_of_its_own(template):
    values = sample_values(template)
    kept = {name: values[name] for name in ("chart", "unsubscribe_url", "verb") if name in values}
    rendered = render(template, **(stretched(values, 50) | kept))
    assert len(rendered.html.encode()) < 102_000
    assert rendered.html.endswith("</html>") or "</html>" in rendered.html
    for words in (rendered.subject, rendered.text, rendered.html):
        assert not {"\u202e", "\x07", "\r", "\u2028", "\u200b"} & set(words)
    assert "\n" not in rendered.subject


def test_a_mail_compiles_no_template_where_all_are_preloaded():
    forget()
    preload_templates()
    compiled = _environment(source_of("import_finished")).cache
    before = set(compiled.keys())
    assert render_sample("import_finished").html
    assert len(before) > 3
    assert set(compiled.keys()) == before
