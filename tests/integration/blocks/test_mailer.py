"""Mail over a real SMTP connection, and into the outbox."""

import base64
import socket
import time
import traceback
from email import message_from_bytes, policy
from email.message import EmailMessage
from urllib.parse import quote

import pytest
from aiosmtpd.smtp import AuthResult

from groundwork.blocks.errors import (
    ConfigurationError,
    MailRefused,
    MailSetupRefused,
    MailTemporarilyRefused,
    NonRetriable,
    RecipientRefused,
)
from groundwork.blocks.mail.connection import TimeLimits
from groundwork.blocks.mailer import Mailer, mailer
from groundwork.blocks.process_cache import forget
from tests.integration.blocks.mail_server import Postmaster, self_signed_certificate, serving


def letter(to: str = "ann@example.com", message_id: str = "<abc123@groundwork>") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Groundwork <no-reply@example.com>", to, "Häppy – 🎉"
    message["Message-ID"] = message_id
    message.set_content("Grüße")
    message.add_alternative("<p>Grüße</p>", subtype="html")
    return message


@pytest.fixture
def postmaster() -> Postmaster:
    return Postmaster()


@pytest.fixture
def port(postmaster):
    with serving(postmaster) as number:
        yield number


@pytest.fixture
def certificate(tmp_path):
    return self_signed_certificate(tmp_path / "server.pem")


@pytest.fixture
def tls_port(postmaster, certificate):
    with serving(postmaster, certificate) as number:
        yield number


def test_a_mail_arrives_with_both_its_parts(postmaster, port):
    Mailer(smtp_url=f"smtp://127.0.0.1:{port}").send(letter())
    [received] = postmaster.received
    assert received["Subject"] == "Häppy – 🎉"
    assert received["Message-ID"] == "<abc123@groundwork>"
    assert received.get_body(("plain",)).get_content().strip() == "Grüße"
    assert received.get_body(("html",)).get_content().strip() == "<p>Grüße</p>"


def test_the_connection_is_encrypted_where_the_server_offers_it(postmaster, tls_port, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    Mailer(smtp_url=f"smtp://127.0.0.1:{tls_port}").send(letter())
    assert postmaster.encrypted == [True]


def test_a_server_that_speaks_tls_from_the_start_gets_mail_and_password(postmaster, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(postmaster, certificate, tls_from_the_start=True) as number:
        Mailer(smtp_url=f"smtps://ann:right%2Fword@127.0.0.1:{number}").send(letter())
    assert [each["Message-ID"] for each in postmaster.received] == ["<abc123@groundwork>"]
    assert postmaster.encrypted == [True]
    assert postmaster.logins == [("ann", "right/word")]


def test_a_server_that_speaks_tls_from_the_start_must_be_vouched_for_too(postmaster, certificate):
    with (
        serving(postmaster, certificate, tls_from_the_start=True) as number,
        pytest.raises(MailSetupRefused, match=r"self.signed certificate.*SSL_CERT_FILE"),
    ):
        Mailer(smtp_url=f"smtps://127.0.0.1:{number}").send(letter())
    assert postmaster.received == []


def test_user_and_password_are_sent_encrypted_and_unquoted(postmaster, tls_port, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    Mailer(smtp_url=f"smtp://ann%40example.com:right%2Fword@127.0.0.1:{tls_port}").send(letter())
    assert postmaster.logins == [("ann@example.com", "right/word")]
    assert len(postmaster.received) == 1


def test_a_wrong_password_is_the_fault_of_the_set_up_and_may_be_tried_again(
    postmaster, tls_port, certificate, monkeypatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with pytest.raises(MailSetupRefused, match="user or password of GROUNDWORK_SMTP_URL: 535") as caught:
        Mailer(smtp_url=f"smtp://ann:wrong@127.0.0.1:{tls_port}").send(letter())
    assert not isinstance(caught.value, NonRetriable)
    assert postmaster.received == []


@pytest.mark.parametrize(
    "said",
    [
        "right{password}, said ann",
        "{password}",
        "{plain}",
        "your password begins with {begin}",
    ],
)
def test_a_server_that_repeats_the_password_is_not_quoted(postmaster, certificate, monkeypatch, caplog, said):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    password = "Tr0ub4dor&3-" + "x" * 280
    plain = base64.b64encode(f"\0ann\0{password}".encode()).decode()
    answer = "535 5.7.8 " + said.format(password=password, plain=plain, begin=password[:5])
    monkeypatch.setattr(
        postmaster, "authenticate", lambda *_: AuthResult(success=False, handled=False, message=answer[:500])
    )
    with serving(postmaster, certificate) as number, pytest.raises(MailSetupRefused, match="535") as caught:
        Mailer(smtp_url=f"smtp://ann:{quote(password)}@127.0.0.1:{number}").send(letter())
    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    for secret in (password, plain):
        assert not any(secret[begin : begin + 4] in told for begin in range(len(secret) - 3))


@pytest.mark.parametrize(
    "url",
    [
        "smtp://ann:Tr0ub#dor@127.0.0.1:25",
        "smtp://ann:Tr0ub/dor@127.0.0.1:25",
        "smtp://ann:Tr0ub?dor@127.0.0.1:25",
        "smtp://ann:1234/Tr0ub@127.0.0.1:25",
        "smtp://ann:Tr0ub[dor@127.0.0.1:25",
        "smtp://ann:Tr0ub\u2100dor@127.0.0.1:25",
        "smtp://ann:Tr0ub%C3%A4dor@127.0.0.1:25",
        "smtp://ann:Tr0ub%FFdor@127.0.0.1:25",
        "smtp://ann:Tr0ubädor@127.0.0.1:25",
        "smtp://ann:Tr0ub@127.0.0.1:dor",
    ],
)
def test_a_url_whose_password_breaks_it_is_refused_without_being_quoted(url):
    with pytest.raises(ConfigurationError, match="GROUNDWORK_SMTP_URL") as caught:
        Mailer(smtp_url=url).send(letter())
    told = "".join(traceback.format_exception(caught.value))
    assert "Tr0ub" not in told
    assert "dor" not in told.replace("dor@127.0.0.1", "")


def test_a_password_is_never_sent_in_clear(postmaster, port):
    with pytest.raises(MailSetupRefused, match="offers no STARTTLS"):
        Mailer(smtp_url=f"smtp://ann:secret@127.0.0.1:{port}").send(letter())
    assert postmaster.logins == []


def test_a_certificate_nobody_vouches_for_is_refused_with_the_cure(postmaster, tls_port):
    with pytest.raises(MailSetupRefused, match=r"self.signed certificate.*SSL_CERT_FILE"):
        Mailer(smtp_url=f"smtp://127.0.0.1:{tls_port}").send(letter())
    assert postmaster.received == []


def test_a_recipient_refused_for_good_is_named(postmaster, port):
    postmaster.refusals["ann@example.com"] = "550 No such user"
    with pytest.raises(MailRefused, match=r"ann@example\.com: 550 No such user") as caught:
        Mailer(smtp_url=f"smtp://127.0.0.1:{port}").send(letter())
    assert isinstance(caught.value, NonRetriable)


def test_a_refused_recipient_is_told_from_other_refusals(postmaster, port):
    box = Mailer(smtp_url=f"smtp://127.0.0.1:{port}")
    postmaster.answer_to_data = "554 Looks like spam"
    with pytest.raises(MailRefused) as caught:
        box.send(letter())
    assert not isinstance(caught.value, RecipientRefused)
    postmaster.refusals["ann@example.com"] = "550 No such user"
    with pytest.raises(RecipientRefused):
        box.send(letter())


def test_a_recipient_put_off_may_be_tried_again(postmaster, port):
    postmaster.refusals["ann@example.com"] = "450 Mailbox busy"
    with pytest.raises(MailTemporarilyRefused, match=r"ann@example\.com: 450 Mailbox busy") as caught:
        Mailer(smtp_url=f"smtp://127.0.0.1:{port}").send(letter())
    assert not isinstance(caught.value, NonRetriable)


def test_one_refused_recipient_of_two_is_reported_and_the_other_gets_the_mail(postmaster, port):
    postmaster.refusals["bob@example.com"] = "550 No such user"
    with pytest.raises(MailRefused, match="bob@example"):
        Mailer(smtp_url=f"smtp://127.0.0.1:{port}").send(letter("ann@example.com, bob@example.com"))
    assert len(postmaster.received) == 1


def test_content_put_off_may_be_tried_again_and_content_refused_may_not(postmaster, port):
    box = Mailer(smtp_url=f"smtp://127.0.0.1:{port}")
    postmaster.answer_to_data = "451 Try later"
    with pytest.raises(MailTemporarilyRefused, match="the message: 451 Try later"):
        box.send(letter())
    postmaster.answer_to_data = "554 Looks like spam"
    with pytest.raises(MailRefused, match="the message: 554 Looks like spam"):
        box.send(letter())


def test_a_connection_dropped_after_the_content_leads_to_a_repeat_with_the_same_message_id(postmaster, port):
    box = Mailer(smtp_url=f"smtp://127.0.0.1:{port}")
    postmaster.answer_to_data = None
    with pytest.raises(MailTemporarilyRefused, match="closed"):
        box.send(letter())
    postmaster.answer_to_data = "250 OK"
    box.send(letter())
    assert [each["Message-ID"] for each in postmaster.received] == ["<abc123@groundwork>"] * 2


def test_a_server_that_is_not_there_may_be_tried_again():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"smtp://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(MailTemporarilyRefused, match="refused"):
            Mailer(smtp_url=url).send(letter())


def test_a_server_that_says_nothing_is_given_up_after_the_timeout(monkeypatch):
    monkeypatch.setattr("groundwork.blocks.mail.connection.LIMITS", TimeLimits(*[0.2] * 5))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(MailTemporarilyRefused, match="timed out"):
            Mailer(smtp_url=url).send(letter())


def test_a_server_that_takes_the_content_and_says_nothing_is_given_up_after_the_timeout(postmaster, port, monkeypatch):
    monkeypatch.setattr("groundwork.blocks.mail.connection.LIMITS", TimeLimits(*[0.2] * 5))
    postmaster.hangs = True
    with pytest.raises(MailTemporarilyRefused, match="timed out"):
        Mailer(smtp_url=f"smtp://127.0.0.1:{port}").send(letter())
    postmaster.hangs = False
    Mailer(smtp_url=f"smtp://127.0.0.1:{port}").send(letter())
    assert len(postmaster.received) == 1


@pytest.mark.parametrize("url", ["http://host", "smtp://", "host:25", "smtp:host"])
def test_a_url_of_another_kind_is_refused_with_the_cure(url):
    with pytest.raises(ConfigurationError, match="give smtp://user:password@host:587"):
        Mailer(smtp_url=url).send(letter())


def test_without_a_server_a_mail_is_a_file_of_the_outbox(own_home):
    mailer().send(letter())
    [file] = (own_home / "outbox").glob("*.eml")
    assert file.name == "abc123.eml"
    assert message_from_bytes(file.read_bytes(), policy=policy.default)["Subject"] == "Häppy – 🎉"


def test_a_mail_sent_again_does_not_double_in_the_outbox(own_home):
    mailer().send(letter())
    mailer().send(letter())
    mailer().send(letter(message_id="<other@groundwork>"))
    assert sorted(file.name for file in (own_home / "outbox").glob("*.eml")) == ["abc123.eml", "other.eml"]


def test_a_message_id_cannot_choose_a_file_outside_the_outbox(own_home):
    mailer().send(letter(message_id="<../../escaped@groundwork>"))
    assert len(list((own_home / "outbox").glob("*.eml"))) == 1
    assert not list(own_home.parent.rglob("escaped*"))


@pytest.mark.parametrize("header", ["From", "To", "Message-ID"])
def test_a_mail_without_a_header_it_needs_is_refused(own_home, header):
    message = letter()
    del message[header]
    with pytest.raises(ValueError, match=f"has no {header}"):
        mailer().send(message)


@pytest.mark.parametrize("header", ["Subject", "To"])
def test_a_header_cannot_bring_another_one_with_it(header):
    message = letter()
    del message[header]
    with pytest.raises(ValueError, match="linefeed or carriage return"):
        message[header] = "ann@example.com\r\nBcc: eve@example.com"


def test_mails_in_a_row_go_over_one_connection(postmaster, port):
    box = Mailer(smtp_url=f"smtp://127.0.0.1:{port}")
    for number in range(5):
        box.send(letter(message_id=f"<{number}@groundwork>"))
    assert len(postmaster.received) == 5
    assert len(postmaster.sessions) == 1


def test_a_refused_mail_leaves_the_connection_to_the_next(postmaster, port):
    box = Mailer(smtp_url=f"smtp://127.0.0.1:{port}")
    postmaster.refusals["bob@example.com"] = "550 5.1.1 No such user"
    box.send(letter())
    with pytest.raises(RecipientRefused):
        box.send(letter("bob@example.com"))
    postmaster.answer_to_data = "554 5.6.0 Malformed"
    with pytest.raises(MailRefused):
        box.send(letter())
    postmaster.answer_to_data = "250 OK"
    box.send(letter("cleo@example.com"))
    assert postmaster.recipients == ["ann@example.com", "cleo@example.com"]
    assert len(postmaster.sessions) == 1


def test_a_new_connection_is_made_after_as_many_mails_as_the_setting_says(postmaster, port, monkeypatch):
    monkeypatch.setenv("GROUNDWORK_MAILS_PER_CONNECTION", "2")
    forget()
    box = Mailer(smtp_url=f"smtp://127.0.0.1:{port}")
    for _ in range(5):
        box.send(letter())
    assert (len(postmaster.received), len(postmaster.sessions)) == (5, 3)


def test_a_server_that_ends_the_session_after_some_mails_is_called_again(postmaster, port):
    postmaster.mails_per_session = 2
    box = Mailer(smtp_url=f"smtp://127.0.0.1:{port}")
    for number in range(5):
        box.send(letter(message_id=f"<{number}@groundwork>"))
    assert [each["Message-ID"] for each in postmaster.received] == [f"<{number}@groundwork>" for number in range(5)]
    assert len(postmaster.sessions) == 3


def test_a_connection_that_was_closed_while_it_rested_costs_no_mail(postmaster, port):
    box = Mailer(smtp_url=f"smtp://127.0.0.1:{port}")
    box.send(letter())
    postmaster.closers[-1]()
    box.send(letter())
    assert (len(postmaster.received), len(postmaster.sessions)) == (2, 2)


def test_mails_keep_the_pace_that_the_setting_says(postmaster, port, monkeypatch):
    monkeypatch.setenv("GROUNDWORK_MAILS_PER_MINUTE", "600")
    forget()
    box = Mailer(smtp_url=f"smtp://127.0.0.1:{port}")
    began = time.monotonic()
    for _ in range(6):
        box.send(letter())
    assert time.monotonic() - began >= 0.49


def test_the_server_is_told_the_name_that_the_setting_says(postmaster, port, monkeypatch):
    monkeypatch.setenv("GROUNDWORK_MAIL_HELLO", "mail.acme.example")
    forget()
    Mailer(smtp_url=f"smtp://127.0.0.1:{port}").send(letter())
    assert postmaster.sessions == ["mail.acme.example"]


def test_lines_that_begin_with_a_dot_arrive_as_they_were_written(postmaster, port):
    message = letter()
    del message["Content-Type"], message["Content-Transfer-Encoding"]
    message.set_content(".\n..\n.hidden\nend\n")
    Mailer(smtp_url=f"smtp://127.0.0.1:{port}").send(message)
    assert postmaster.received[0].get_content().splitlines() == [".", "..", ".hidden", "end"]


def test_a_server_that_is_away_or_ends_the_session_concerns_everybody(postmaster, port):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(MailTemporarilyRefused) as caught:
            Mailer(smtp_url=f"smtp://127.0.0.1:{taken.getsockname()[1]}").send(letter())
    assert caught.value.for_everybody
    postmaster.answer_to_sender = "421 4.7.0 Too many connections"
    with pytest.raises(MailTemporarilyRefused) as caught:
        Mailer(smtp_url=f"smtp://127.0.0.1:{port}").send(letter())
    assert caught.value.for_everybody
    postmaster.answer_to_sender = None
    postmaster.refusals["ann@example.com"] = "450 4.2.0 Greylisted"
    with pytest.raises(MailTemporarilyRefused) as caught:
        Mailer(smtp_url=f"smtp://127.0.0.1:{port}").send(letter())
    assert not caught.value.for_everybody
