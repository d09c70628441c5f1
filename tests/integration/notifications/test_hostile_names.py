"""Users who call themselves what attackers do, over a real SMTP connection."""

import pytest
from sqlalchemy import text

from groundwork.blocks.errors import MailRefused
from groundwork.blocks.mail.headers import LONGEST_NAME, LONGEST_TEXT, clean
from groundwork.blocks.mailer import mailer
from groundwork.events.identifiers import UserId
from groundwork.notifications.user import notify_user
from tests.integration.mailing import add_user
from tests.integration.notifications.test_user import DELIVERY
from tests.unit.mail.reading import ReadMail

NAMES = [
    "=?utf-8?q?=0D=0ASubject=3A_Win=0D=0AContent-Type=3A_text=2Fhtml=0D=0A=0D=0A<b>body</b>?=",
    "=?utf-8?q?=2C_evil=40example=2Ecom=2C?=",
    "=?utf-8?b?LCBldmlsQGV4YW1wbGUuY29tLA==?= =?utf-8?q?=0ABcc=3A_eve=40example=2Ecom?=",
    'Ann\r\nBcc: eve@example.com\r\n\r\nbody", <eve@example.com>',
    "\u202enna\u2028\u0085Bcc: eve@example.com",
    "漢字" * 500,
]


@pytest.mark.parametrize("name", NAMES)
def test_a_mail_to_a_hostile_name_about_a_hostile_file_arrives_as_it_was_meant(db, postmaster, name):
    add_user(db, "ann", name=name)
    filename = clean(f"{name}.csv", LONGEST_TEXT)  # as the steps of imports do
    values = {"filename": filename, "error": "no e-mail column", "imported": 0}
    notify_user(UserId("ann"), "import_failed", values, delivery_id=DELIVERY)
    assert postmaster.envelopes == [("no-reply@groundwork.invalid", ["ann@example.com"])]
    [data] = postmaster.raw
    mail = ReadMail.of(data)
    assert len(mail.names) == len(set(mail.names)) == 10
    assert mail.mailbox("To") == (clean(name, LONGEST_NAME), "ann@example.com")
    assert mail.words("Subject") == clean(f"Import failed: {filename}", LONGEST_TEXT)
    [message] = postmaster.received
    lines = message.get_body(("plain",)).get_content().splitlines()
    told = f"your import of {filename} failed."
    assert lines[:3] == [f"Hello {clean(name, LONGEST_NAME)},", "", told]


def test_a_name_with_line_ends_writes_no_paragraph_of_its_own_into_the_greeting(db, outbox):
    add_user(db, "ann", name="Ann,\n\nyour account is locked: https://evil.example\n\n")
    notify_user(UserId("ann"), "welcome", {}, delivery_id=DELIVERY)
    [file] = outbox.glob("*.eml")
    assert b"\nHello Ann, your account is locked: https://evil.example,\r\n\r\nwelcome!" in file.read_bytes()


@pytest.mark.parametrize("name", NAMES[:3])
def test_a_message_that_the_email_package_would_change_is_not_sent(db, postmaster, name):
    """An application that makes its own messages, with a name as it is."""
    from email.headerregistry import Address
    from email.message import EmailMessage

    message = EmailMessage()
    message["From"], message["Message-ID"] = "no-reply@example.com", "<abc@groundwork>"
    message["To"] = Address(name, addr_spec="ann@example.com")
    message.set_content("Hello")
    try:
        mailer().send(message)
    except MailRefused:
        assert postmaster.raw == []
    else:
        [data] = postmaster.raw
        assert ReadMail.of(data).mailbox("To")[1] == "ann@example.com"


def test_a_user_whose_address_is_two_gets_nothing_and_neither_do_the_two(db, postmaster):
    add_user(db, "ann")
    with db.transaction() as connection:
        connection.execute(text("UPDATE app.app_user SET email = 'ann@example.com, eve@example.com'"))
    with pytest.raises(MailRefused, match="is not an e-mail address"):
        notify_user(UserId("ann"), "welcome", {}, delivery_id=DELIVERY)
    assert postmaster.received == []
