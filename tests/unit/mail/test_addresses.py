"""One address, and nothing beside it."""

import pytest
from hypothesis import given, settings

from groundwork.blocks.errors import ConfigurationError, RecipientRefused
from groundwork.blocks.mail.addresses import mail_address, mailbox
from groundwork.blocks.settings import settings as groundwork_settings
from groundwork.notifications.message import compose
from groundwork.notifications.rendering import Rendered
from tests.unit.mail.hostile import HOSTILE

WORDS = Rendered("Hello", "Hello\n", "<p>Hello</p>")


@pytest.mark.parametrize(
    ("address", "taken"),
    [
        ("ann@example.com", "ann@example.com"),
        ("o'brien+news_1@mail.example.co.uk", "o'brien+news_1@mail.example.co.uk"),
        ("root@localhost", "root@localhost"),
        ("ops@[10.0.0.1]", "ops@[10.0.0.1]"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("jörg@example.com", "jörg@example.com"),
    ],
)
def test_an_address_is_taken_with_its_domain_in_ascii(address, taken):
    assert mail_address(address) == taken


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ann",
        "@example.com",
        "ann@",
        "ann@example.com, eve@example.com",
        "ann@example.com,eve@example.com",
        "ann@eve@example.com",
        "<ann@example.com>",
        "Ann <ann@example.com>",
        '"ann"@example.com',
        "ann@example.com\r\nBcc: eve@example.com",
        "ann\n@example.com",
        "ann@example.com\n",
        "ann @example.com",
        "ann@exam ple.com",
        "ann\x00@example.com",
        "ann\x85@example.com",
        "ann\u202e@example.com",
        "ann\u200b@example.com",
        "ann\u00a0@example.com",
        "ann\ud800@example.com",
        "ann@\u202eexample.com",
        "ann@ex\ud800ample.com",
        "ann@-",
        "ann@example..com",
        "a..b@example.com",
        ".ann@example.com",
        "ann(comment)@example.com",
        "ann;eve@example.com",
        "x" * 65 + "@example.com",
        "ann@" + "x" * 300 + ".com",
    ],
)
def test_what_is_not_one_address_is_refused_as_the_recipients_fault(address):
    with pytest.raises(RecipientRefused, match="is not an e-mail address"):
        compose(WORDS, recipient=address, name="Ann", message_id="<abc@groundwork>")


@settings(max_examples=1_000, deadline=None)
@given(HOSTILE, HOSTILE)
def test_whatever_is_taken_for_an_address_has_one_at_sign_and_nothing_to_cut_a_header_with(local, domain):
    try:
        taken = mail_address(f"{local}@{domain}")
    except ValueError:
        return
    assert taken.count("@") == 1
    assert not set(taken) & set(' \t\r\n,;:<>"\\()')
    assert taken.isprintable()


@pytest.mark.parametrize(
    ("setting", "name", "address"),
    [
        ("no-reply@example.com", "", "no-reply@example.com"),
        ("Groundwork <no-reply@example.com>", "Groundwork", "no-reply@example.com"),
        ("Acme, Inc. <a@example.com>", "Acme, Inc.", "a@example.com"),
        ('"Acme \\"A\\", Inc." <a@example.com>', 'Acme "A", Inc.', "a@example.com"),
        ("Grün & Söhne <a@example.com>", "Grün & Söhne", "a@example.com"),
    ],
)
def test_a_sender_is_a_name_and_an_address(setting, name, address):
    assert mailbox(setting) == (name, address)


@pytest.mark.parametrize(
    "setting", ["", "Acme", "Acme <>", "a@example.com, b@example.com", "A <a@x.example> <b@x.example>"]
)
def test_a_sender_that_is_none_is_refused_with_the_name_of_the_setting(setting, monkeypatch):
    monkeypatch.setattr(groundwork_settings(), "mail_from", setting)
    with pytest.raises(ConfigurationError, match=r"GROUNDWORK_MAIL_FROM: .* is not an e-mail address"):
        compose(WORDS, recipient="ann@example.com", name="Ann", message_id="<abc@groundwork>")
