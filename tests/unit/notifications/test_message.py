from email import message_from_bytes, policy
from uuid import UUID

import pytest

from groundwork.blocks.errors import RecipientRefused
from groundwork.blocks.mail.wire import wire
from groundwork.notifications.message import compose, message_id
from groundwork.notifications.rendering import Rendered
from groundwork.notifications.samples import render_sample

DELIVERY = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
WORDS = Rendered("Import finished: Ünïcode.csv", "Grüße\n", "<p>Grüße</p>")


def composed(name: str = "Ann Example", recipient: str = "ann@example.com"):
    return compose(WORDS, recipient=recipient, name=name, message_id="<abc@groundwork>")


def test_the_message_id_is_the_same_at_every_try():
    assert message_id(DELIVERY, "import_finished", "a@example.com") == message_id(
        DELIVERY, "import_finished", "a@example.com"
    )


def test_the_message_id_differs_by_delivery_template_and_recipient():
    identifiers = {
        message_id(DELIVERY, "import_finished", "a@example.com"),
        message_id(UUID(int=7), "import_finished", "a@example.com"),
        message_id(DELIVERY, "import_failed", "a@example.com"),
        message_id(DELIVERY, "import_finished", "b@example.com"),
    }
    assert len(identifiers) == 4
    assert all(each.startswith("<") and each.endswith("@groundwork>") for each in identifiers)


def test_a_message_survives_the_wire_with_both_bodies():
    message = message_from_bytes(composed().as_bytes(policy=policy.SMTP), policy=policy.default)
    assert message["Subject"] == WORDS.subject
    assert message["To"] == "Ann Example <ann@example.com>"
    assert message["Message-ID"] == "<abc@groundwork>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message.get_body(("plain",)).get_content().strip() == "Grüße"


def test_a_name_cannot_bring_a_header_with_it():
    message = composed(name="Ann\r\nBcc: eve@example.com")
    assert message["Bcc"] is None
    assert [address.addr_spec for address in message["To"].addresses] == ["ann@example.com"]


@pytest.mark.parametrize(
    "recipient", ["", "ann", "ann@example.com, eve@example.com", "ann@example.com\r\nBcc: eve@example.com", "ann@"]
)
def test_a_recipient_that_is_not_one_address_is_refused(recipient):
    with pytest.raises(RecipientRefused, match="is not an e-mail address"):
        composed(recipient=recipient)


def test_a_mail_that_can_be_turned_off_says_so_to_the_mail_program_in_one_line():
    url = "https://app.example.com/unsubscribe/" + "Ab-_9" * 40
    message = compose(WORDS, recipient="ann@example.com", name="", message_id="<abc@groundwork>", unsubscribe_url=url)
    lines = message.as_bytes().decode().splitlines()
    assert f"List-Unsubscribe: <{url}>" in lines
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines


def test_a_mail_that_cannot_be_turned_off_does_not_pretend():
    assert composed()["List-Unsubscribe"] is None
    assert composed()["List-Unsubscribe-Post"] is None


def test_a_picture_travels_with_the_html_that_shows_it():
    rendered = render_sample("weekly_digest")
    whole = compose(rendered, recipient="ann@example.com", name="", message_id="<abc@groundwork>").as_bytes()
    message = message_from_bytes(whole, policy=policy.default)
    text, related = message.iter_parts()
    html, picture = related.iter_parts()
    assert [part.get_content_type() for part in (message, text, related, html, picture)] == [
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
    ]
    assert picture["Content-ID"] == f"<{rendered.images[0].content_id}>"
    assert picture["Content-Disposition"].content_disposition == "inline"
    assert picture.get_content() == rendered.images[0].png
    assert f'src="cid:{rendered.images[0].content_id}"' in html.get_content()


@pytest.mark.parametrize("kind", ["alternative", "related"])
def test_words_that_look_like_the_boundary_between_parts_are_words(kind):
    words = f"Hello,\n--=_groundwork_{kind}\nContent-Type: text/html\n\n<b>evil</b>\n--=_groundwork_{kind}--\n"
    rendered = Rendered("Hello", words, words, render_sample("weekly_digest").images)
    message = compose(rendered, recipient="ann@example.com", name="", message_id="<abc@groundwork>")
    data = wire(message).data
    received = message_from_bytes(data, policy=policy.default)
    assert [part.get_content_type() for part in received.walk()] == [
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
    ]
    assert arrived(data, "plain") == arrived(data, "html") == words


@pytest.mark.parametrize(
    "words", ["", ".\n..\nFrom here\n", "漢字\n" * 500, "x" * 5_000, "half \ud83d pair", "Grüße = 3\n"]
)
def test_words_of_any_kind_arrive(words):
    rendered = Rendered("Hello", words, words)
    data = wire(compose(rendered, recipient="ann@example.com", name="", message_id="<abc@groundwork>")).data
    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 998
    for kind in ("plain", "html"):
        assert arrived(data, kind).rstrip("\n") == words.replace("\ud83d", "?").rstrip("\n")


def arrived(data: bytes, kind: str) -> str:
    body = message_from_bytes(data, policy=policy.default).get_body((kind,))
    return body.get_content().replace("\r\n", "\n")


def test_words_in_other_letters_take_no_three_times_their_room():
    message = compose(Rendered("Hello", "漢字" * 5_000, ""), recipient="a@example.com", name="", message_id="<a@b>")
    assert len(wire(message).data) < 1.5 * len(("漢字" * 5_000).encode())


def test_the_classes_of_header_fields_are_made_once_and_not_for_each_mail():
    first, second = composed(), composed()
    assert type(first["Date"]) is type(second["Date"])
    assert type(first["Content-Type"]) is type(second["Content-Type"])
