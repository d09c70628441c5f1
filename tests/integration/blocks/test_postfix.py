"""What a real Postfix answers, and whose fault we say it is."""

import pytest

from groundwork.blocks.errors import (
    MailRefused,
    MailSetupRefused,
    NonRetriable,
    RecipientPutOff,
    RecipientRefused,
)
from groundwork.blocks.mail.addresses import mail_address
from groundwork.blocks.mailer import Mailer
from groundwork.blocks.process_cache import forget
from tests.integration.blocks.postfix import needs_postfix, policy, postfix
from tests.integration.blocks.test_mailer import letter

pytestmark = needs_postfix


def letters(number: int) -> list:
    return [letter(f"user-{each}@example.com", message_id=f"<{each}@groundwork>") for each in range(number)]


def test_mails_in_a_row_are_taken_over_one_connection():
    with postfix() as server:
        box = Mailer(smtp_url=server.url)
        for each in letters(12):
            box.send(each)
        assert server.delivered(12) == [f"user-{each}@example.com" for each in range(12)]
        assert server.connections == 1 + 1  # and the one that asked whether it listens


def test_a_limit_of_connections_in_a_minute_puts_no_mail_off():
    limited = "smtpd_client_connection_rate_limit = 3\nsmtpd_client_event_limit_exceptions ="
    with postfix(limited) as server:
        box = Mailer(smtp_url=server.url)
        for each in letters(12):
            box.send(each)
        assert len(server.delivered(12)) == 12


def test_relay_denied_is_the_set_ups_fault():
    with postfix("mynetworks = 192.0.2.1") as server, pytest.raises(MailSetupRefused, match="Relay access denied"):
        Mailer(smtp_url=server.url).send(letter())


def test_a_policy_against_the_sender_is_the_set_ups_fault():
    with (
        policy(lambda _: "REJECT 5.7.1 Your host is on our list") as service,
        postfix(f"smtpd_recipient_restrictions = {service}") as server,
        pytest.raises(MailSetupRefused, match="Your host is on our list"),
    ):
        Mailer(smtp_url=server.url).send(letter())


def test_greylisting_puts_each_recipient_off_alone_and_the_next_try_is_taken():
    asked: set[str] = set()

    def greylist(recipient: str) -> str:
        known = recipient in asked
        asked.add(recipient)
        return "DUNNO" if known else "450 4.2.0 Greylisted, try again later"

    with policy(greylist) as service, postfix(f"smtpd_recipient_restrictions = {service}") as server:
        box = Mailer(smtp_url=server.url)
        for each in letters(2):
            with pytest.raises(RecipientPutOff, match="Greylisted") as caught:
                box.send(each)
            assert not caught.value.for_everybody
        for each in letters(2):
            box.send(each)
        assert len(server.delivered(2)) == 2


@pytest.mark.parametrize("tell", [True, False])
def test_a_mail_that_is_too_big_is_its_own_fault_and_the_next_one_is_taken(tell):
    big = letter()
    big.add_attachment("word " * 10_000)
    told = "" if tell else "\nsmtpd_discard_ehlo_keywords = size"
    with postfix(f"message_size_limit = 20000{told}") as server:
        box = Mailer(smtp_url=server.url)
        with pytest.raises(MailRefused, match=r"552 5\.3\.4") as caught:
            box.send(big)
        assert isinstance(caught.value, NonRetriable)
        assert not isinstance(caught.value, RecipientRefused)
        box.send(letter())
        assert len(server.delivered(1)) == 1


def test_a_user_whom_it_does_not_know_is_the_recipients_fault():
    with postfix("mydestination = example.com\nlocal_recipient_maps = inline:{bob=1}") as server:
        box = Mailer(smtp_url=server.url)
        with pytest.raises(RecipientRefused, match=r"5\.1\.1"):
            box.send(letter())
        box.send(letter("bob@example.com"))
        assert server.delivered(1) == ["bob@example.com"]


def test_more_refused_recipients_than_it_suffers_in_a_session_cost_the_others_no_mail():
    strict = "smtpd_hard_error_limit = 5\nsmtpd_error_sleep_time = 0\n"
    with postfix(f"{strict}mydestination = example.com\nlocal_recipient_maps = inline:{{bob=1}}") as server:
        box = Mailer(smtp_url=server.url)
        for each in letters(12):
            with pytest.raises(RecipientRefused, match=r"5\.1\.1"):
                box.send(each)
        box.send(letter("bob@example.com"))
        assert server.delivered(1) == ["bob@example.com"]


def test_a_server_that_asks_for_a_whole_name_takes_that_of_the_setting(monkeypatch):
    asks = "smtpd_helo_required = yes\nsmtpd_helo_restrictions = reject_non_fqdn_helo_hostname"
    with postfix(asks) as server:
        monkeypatch.setenv("GROUNDWORK_MAIL_HELLO", "worker")
        forget()
        with pytest.raises(MailSetupRefused, match="need fully-qualified hostname"):
            Mailer(smtp_url=server.url).send(letter())
        monkeypatch.setenv("GROUNDWORK_MAIL_HELLO", "worker.acme.example")
        forget()
        Mailer(smtp_url=server.url).send(letter())
        assert len(server.delivered(1)) == 1
    monkeypatch.undo()
    forget()


def test_an_address_in_another_script_is_taken_where_the_server_takes_it_and_else_refused_alone():
    for offered, options in ((True, ""), (False, "smtputf8_enable = no")):
        with postfix(options) as server:
            box = Mailer(smtp_url=server.url)
            if offered:
                box.send(letter("änne@example.com"))
            else:
                with pytest.raises(RecipientRefused, match="ASCII"):
                    box.send(letter("änne@example.com"))
            box.send(letter(mail_address("ann@bücher.example")))
            assert server.delivered(1 + offered)[-1] == "ann@xn--bcher-kva.example"
