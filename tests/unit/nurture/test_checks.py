"""What a mail must not have, and what it may."""

import pytest

from groundwork.tasks.nurture.sequences.checks import faults_of
from groundwork.tasks.nurture.sequences.draft import Draft, DraftMail
from tests.unit.nurture.agencies import agency

BODY = (
    "We have thought about what matters when you look for a place to live, and how we can help you with it. Tell us "
    "a little more about what you would like"
)


def draft(text: str = "", subject: str = "Your search", *, body: str | None = None, days: int = 2) -> Draft:
    """Three mails, of which the second has the text."""

    def mail(number: int) -> DraftMail:
        own = f"{BODY}, part {number}."
        return DraftMail(subject=f"Note {number}", body=own, send_after_days=[0, days, 9][number - 1])

    second = DraftMail(
        subject=subject, body=f"{BODY}, part 2. {text}".strip() if body is None else body, send_after_days=days
    )
    return Draft(mails=(mail(1), second, mail(3)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "See https://www.acme-homes.example/homes?page=2 for more.",
        "See acme-homes.example and homes.acme.co.uk.",
        "Write to hello@acme-homes.example.",
        "Write to Hello@Acme-Homes.example!",
        "Call +44 20 7946 0123.",
        "Call 020 7946 0123.",
        "Call 0044 (0)20 7946 0123?".replace("(0)", ""),
        "It was sold for £1,250,000 in 2019-2020.",
        "It was sold for £1250000, and not for 950,000.",
        "We are open 9.00-17.30, and on Saturdays 10.00 – 12.30.",
        "Come on 2026-11-27, from 10.30 to 11.30.",
        "It has 3 bedrooms, e.g. two doubles, and is 5 min. from the station.",
        "Do you like it? 🏡",
        "“Home is where one starts from.”",
        "More on https://www.acme-homes.example",
    ],
)
def test_what_is_right_is_let_through(text):
    assert faults_of(draft(f"{text} That is all." if text.endswith("🏡") else text), agency()) == []


@pytest.mark.parametrize(
    "text",
    [
        "See https://evil.example now.",
        "See http://www.acme-homes.example.evil.example now.",
        "See https://www.acme-homes.example@evil.example/ now.",
        "See https://www.acme-homes.example:pass@evil.example/ now.",
        "See https://acme-homes.example%40evil.example now.",
        "See https:evil.example now.",
        "See https:\\\\evil.example now.",
        "See https:///evil.example now.",
        "See https://www.acme-homes.example\\@evil.example now.",
        "See evil.example now.",
        "See www.evil.co.uk now.",
        "See EVIL.COM now.",
        "See evil。com now.",
        "See evil．com now.",
        "See e\u200bvil.com now.",
        "See аcme-homes.example now.",
        "See https://аcme-homes.example now.",
        "See xn--cme-homes-m8g.example now.",
        "See notacme-homes.example now.",
        "See https://notacme.co.uk/ now.",
        "See javascript:alert(1) now.",
        "See data:text/html;base64,AAAA now.",
        "See ftp://acme-homes.example/x now.",
        "See [our site](https://www.acme-homes.example) now.",
        "See <a href='https://www.acme-homes.example'>it</a> now.",
        "See ｅｖｉｌ．ｃｏｍ now.",
        "See https://1.2.3.4/x now.",
        "See bit.ly/abc now.",
    ],
)
def test_a_link_elsewhere_is_found_however_it_is_written(text):
    assert faults_of(draft(text), agency())


@pytest.mark.parametrize(
    "text",
    [
        "Call 07700 900123.",
        "Call +1 (555) 010-9999.",
        "Call +49 30 1234567.",
        "Call 0 7 7 0 0 9 0 0 1 2 3.",
        "Call 07700.900.123 now.",
        "Call ０７７００９００１２３ now.",
        "Call ٠٧٧٠٠٩٠٠١٢٣ now.",
        "Call 020 7946 0124.",
        "Call x07700900123x.",
        "Call £07700900123.",
        "Call 07700,900,123.",
        "Call 0_77_00_900_123.",
        "Call 0·7·7·0·0·9·0·0·1·2·3.",
        "Call 0770090012307700900123.",
        "Find me as @evil_agent on Telegram.",
        "Write to me@gmail.com.",
        "Write to hello@acme-homes.example.evil.example now.",
        "Write to hello＠evil．example now.",
        "Write to mailto:eve@evil.example now.",
    ],
)
def test_a_strangers_number_or_address_is_found(text):
    assert faults_of(draft(text), agency())


@pytest.mark.parametrize(
    "text",
    [
        "Dear [Name], hello.",
        "Dear [Your Company], hello.",
        "Dear {name}, hello.",
        "Dear {{name}}, hello.",
        "Dear {{ first_name }}, hello.",
        "Dear {% if x %}, hello.",
        "Dear <name>, hello.",
        "Dear %NAME%, hello.",
        "Dear %(name)s, hello.",
        "Dear $name, hello.",
        "Dear ${name}, hello.",
        "Dear *|FNAME|*, hello.",
        "Dear __NAME__, hello.",
        "Dear XXX, hello.",
        "TODO: write this.",
        "Lorem ipsum dolor.",
        "Insert name here.",
    ],
)
def test_a_placeholder_is_found_however_it_is_written(text):
    assert any("placeholder" in each or "HTML" in each for each in faults_of(draft(text), agency()))


@pytest.mark.parametrize(
    "text",
    [
        "<b>bold</b> words.", "<script>alert(1)</script>.", "&lt;b&gt; words.", "&#60;b words.", "**bold** words.",
        "```code```.",
    ],
)  # fmt: skip
def test_markup_is_found(text):
    assert any("HTML" in each for each in faults_of(draft(text), agency()))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (draft(subject="x" * 79), "subject has to be one line of 1 to 78"),
        (draft(subject=""), "subject has to be"),
        (draft(subject="a\nb"), "subject has to be"),
        (draft(body=""), "the body has to have 60"),
        (draft(body=f"{BODY} " * 40), "the body has to have"),
        (draft(body=BODY), "cut off"),
        (draft("\u202eesrever"), "invisible"),
        (draft("a\x00b."), "invisible"),
        (draft(days=0), "send_after_days"),
        (draft(days=-1), "send_after_days"),
        (draft(days=99), "send_after_days"),
        (draft(subject="Note 1"), "two mails are the same"),
        (Draft(mails=()), "there are 0 mails"),
    ],
)
def test_what_else_may_be_wrong_is_told(wrong, told):
    assert any(told in each for each in faults_of(wrong, agency()))


@pytest.mark.parametrize(
    "body",
    [
        "Wir haben uns Gedanken gemacht, was Ihnen bei der Suche nach einem Zuhause wichtig ist, und helfen gerne.",
        "Nous avons réfléchi à ce qui compte pour vous dans la recherche d'un logement, et nous vous aidons.",
        "Hemos pensado en lo que le importa al buscar una vivienda y estaremos encantados de ayudarle en su búsqueda.",
        "Мы подумали о том, что важно для вас при поиске жилья, и с удовольствием поможем вам его найти сегодня.",
        "我们考虑了您在寻找住所时最看重的是什么，并且很乐意帮助您找到理想的家。" * 3 + ".",
    ],
    ids=["german", "french", "spanish", "russian", "chinese"],
)
def test_another_language_is_found(body):
    mails = tuple(DraftMail(subject=f"Note {n}", body=f"{body} ({n}).", send_after_days=n) for n in range(3))
    assert "it is not in English" in faults_of(Draft(mails=mails), agency())


def test_slots_may_stand_in_a_template_and_no_others():
    text = "Think of it, {{first_name}}: {{ agency }} is there for you."
    assert faults_of(draft(text), agency(), slots={"first_name", "agency"}) == []
    assert faults_of(draft(text), agency(), slots={"first_name"})


@pytest.mark.parametrize("name", ["Homes.co.uk", "Smith [&] Sons", "{Brackets} Ltd.", "O’Neill & Söhne"])
def test_what_the_agency_is_called_is_no_fault(name):
    assert faults_of(draft(f"{name} is there for you."), agency(name=name)) == []


def test_the_agencys_name_is_no_cover_for_an_address():
    for text in (
        "See Homes.co.uk.evil.example now.",
        "See https://evil.example/Homes.co.uk now.",
        "x@Homes.co.uk is it.",
    ):
        assert faults_of(draft(text), agency(name="Homes.co.uk"))


def test_a_fault_quotes_nothing_of_the_mail():
    faults = faults_of(draft("See https://evil.example/SECRET or call 07700 900123, [Name]."), agency())
    assert faults
    assert not any(word in " ".join(faults) for word in ("evil", "SECRET", "07700"))
