"""Whatever people call themselves and their files, a mail has the headers that were meant."""

import unicodedata
from email.message import EmailMessage
from email.policy import SMTP
from quopri import decodestring
from random import Random, randrange

import pytest
from hypothesis import given, settings

from groundwork.blocks.mail.headers import LONGEST_NAME, LONGEST_TEXT, address_header, clean, text_header, token_header
from groundwork.blocks.mail.wire import wire
from groundwork.notifications.message import compose
from groundwork.notifications.rendering import Rendered
from tests.unit.mail.hostile import HOSTILE, hostile
from tests.unit.mail.reading import ReadMail

BODY, HTML = "Grüße an alle\n", "<p>Grüße an alle</p>\n"
URL = "https://app.example.com/unsubscribe/abc.def"
FIELDS = [
    "From",
    "To",
    "Subject",
    "Message-ID",
    "Date",
    "Auto-Submitted",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "MIME-Version",
    "Content-Type",
]


def sent(name: str, subject: str = "Hello") -> bytes:
    message = compose(
        Rendered(subject, BODY, HTML),
        recipient="ann@example.com",
        name=name,
        message_id="<abc@groundwork>",
        unsubscribe_url=URL,
    )
    return wire(message).data


def expect_what_was_meant(data: bytes, name: str, subject: str) -> None:
    """The headers that were meant are there, and no others; the body is what it was."""
    mail = ReadMail.of(data)
    assert mail.names == FIELDS
    assert mail.mailbox("To") == (clean(name, LONGEST_NAME), "ann@example.com")
    assert mail.mailbox("From") == ("Groundwork", "no-reply@groundwork.invalid")
    assert mail.words("Subject") == clean(subject, LONGEST_TEXT)
    boundary = dict(mail.fields)["Content-Type"].partition('boundary="')[2].rstrip('"').encode()
    parts = mail.body.split(b"--" + boundary)
    assert len(parts) == 4
    text, html = (part.partition(b"\r\n\r\n") for part in parts[1:3])
    assert decodestring(text[2]).rstrip() == BODY.strip().encode()
    assert decodestring(html[2]).rstrip() == HTML.strip().encode()


def test_ten_thousand_names_and_subjects_are_the_headers_that_were_meant():
    seed = randrange(2**32)
    random = Random(seed)
    for number in range(10_000):
        words = hostile(random)
        try:
            expect_the_headers_that_were_meant(words)
        except Exception as error:
            error.add_note(f"seed {seed}, number {number}: {words!a}")
            raise


def expect_the_headers_that_were_meant(words: str) -> None:
    message = EmailMessage(policy=SMTP)
    message["To"] = address_header("To", words, "ann@example.com")
    message["Subject"] = text_header("Subject", words)
    message["X-Program"] = token_header("X-Program", "<https://example.com/a>")
    mail = ReadMail.of(message.as_bytes())
    assert mail.names == ["To", "Subject", "X-Program"]
    assert mail.mailbox("To") == (clean(words, LONGEST_NAME), "ann@example.com")
    assert mail.words("Subject") == clean(words, LONGEST_TEXT)
    assert mail.body == b""


@settings(max_examples=1_000, deadline=None)
@given(HOSTILE)
def test_a_mail_to_any_name_about_any_file_has_the_headers_that_were_meant(words):
    subject = f"Import finished: {words}"
    expect_what_was_meant(sent(words, subject), words, subject)


@pytest.mark.parametrize(
    "name",
    [
        "=?utf-8?q?=0D=0ASubject=3A_Win=0D=0AContent-Type=3A_text=2Fhtml=0D=0A=0D=0A<b>body</b>?=",
        "=?utf-8?q?=2C_evil=40example=2Ecom=2C?=",
        "=?utf-8?b?LCBldmlsQGV4YW1wbGUuY29tLA==?=",
        '"=?utf-8?q?=2C_evil=40example=2Ecom=2C?="',
        "Ann\r\nBcc: eve@example.com",
        'Ann" <eve@example.com>, "Bob',
    ],
)
def test_a_name_that_was_a_header_once_is_a_name(name):
    expect_what_was_meant(sent(name), name, "Hello")


@settings(max_examples=1_000, deadline=None)
@given(HOSTILE)
def test_clean_text_is_one_line_of_characters_that_are_seen(words):
    cleaned = clean(words, 100)
    assert len(cleaned) <= 100
    assert cleaned == " ".join(cleaned.split())
    assert not {unicodedata.category(each) for each in cleaned} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert clean(cleaned, 100) == cleaned


def test_clean_text_keeps_what_people_write():
    for words in ("Ann-Marie O'Brien", "Åse Nær", "李小龍", "محمد", "Acme, Inc. (Ulm)", "🎉 party", "=?utf-8?q?x?="):
        assert clean(words, 100) == words


def test_a_name_of_megabytes_takes_no_longer_than_one_that_fits():
    assert len(clean("Ж" * 10_000_000, LONGEST_NAME)) == LONGEST_NAME


def test_long_words_of_people_are_folded_within_lines_that_no_server_folds_again():
    for words in ("Ж" * 200, "word " * 50, "x" * 300, "漢字 " * 60, 'say "hi", ' * 20):
        head = sent(words, words).partition(b"\r\n\r\n")[0]
        assert max(len(line) for line in head.split(b"\r\n") if not line.startswith(b"List-")) <= 76
        expect_what_was_meant(sent(words, words), words, words)


@pytest.mark.parametrize("token", ["<https://example.com/\r\nBcc: eve@example.com>", "ü", "x" * 2000, "=?utf-8?q?x?="])
def test_a_header_for_programs_takes_nothing_that_would_have_to_be_changed(token):
    with pytest.raises(ValueError, match=r"List-Unsubscribe: .* cannot be a header"):
        token_header("List-Unsubscribe", token)


def test_a_subject_of_plain_words_is_written_as_it_is():
    assert text_header("Subject", "Welcome, Ada").fold(policy=SMTP) == "Subject: Welcome, Ada\r\n"
