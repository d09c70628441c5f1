"""A webhook is called once per try, within its time, at the address that was checked, and shows nobody its URL."""

import logging
import socket
import time
from dataclasses import replace

import pytest

from groundwork.blocks.errors import NonRetriable, RetryAfter
from groundwork.tasks.nurture.webhooks.posting import WebhookFailed, WebhookMessage, post
from tests.integration.blocks.mail_server import self_signed_certificate
from tests.integration.nurture.leads.receiver import Receiver, receiving

SECRET = "whsec_" + "c2VjcmV0" * 5


def message(receiver: Receiver, **fields: object) -> WebhookMessage:
    made = WebhookMessage(url=receiver.url, secrets=[SECRET], id="msg_1", payload={"name": "Zoë 🏡", "score": 61.5})
    return replace(made, **fields)


@pytest.fixture
def here():
    with receiving() as receiver:
        yield receiver


def sent(receiver: Receiver, *, seconds: float = 10.0, private: bool = True, **fields: object) -> int:
    return post(message(receiver, **fields), seconds=seconds, private=private)


def test_a_receiver_finds_the_signature_to_be_of_its_secret(here):
    assert sent(here) == 204
    [call] = here.calls
    assert call.verified(SECRET) == {"name": "Zoë 🏡", "score": 61.5}
    assert (call.path, call.headers["Content-Type"]) == ("/hooks/secret-path", "application/json")
    assert call.headers["webhook-id"] == "msg_1"
    assert call.headers["Host"] == f"127.0.0.1:{here.port}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(here, status):
    here.answers = [(status, {"Location": f"http://127.0.0.1:{here.port}/elsewhere"})]
    with pytest.raises(NonRetriable, match=rf"answered {status}, and redirects are not followed"):
        sent(here)
    assert len(here.calls) == 1


def test_a_receiver_that_is_gone_is_not_called_again(here):
    here.answers = [(410, {})]
    with pytest.raises(NonRetriable, match="410 Gone"):
        sent(here)


@pytest.mark.parametrize("status", [400, 401, 404, 408, 500, 502])
def test_another_status_is_a_failure_that_may_pass(here, status):
    here.answers = [(status, {})]
    with pytest.raises(WebhookFailed, match=f"answered {status}"):
        sent(here)


@pytest.mark.parametrize("status", [429, 503])
def test_a_receiver_that_is_busy_says_until_when(here, status):
    here.answers = [(status, {"Retry-After": "120"})]
    with pytest.raises(RetryAfter) as asked:
        sent(here)
    assert asked.value.seconds == 120


def test_a_connection_that_drops_is_a_failure_that_may_pass(here):
    here.answers = [(0, {})]
    with pytest.raises(WebhookFailed, match="cannot be reached"):
        sent(here)


@pytest.mark.parametrize("trouble", [{"delay": 5.0}, {"dribble": 0.05}])
def test_a_receiver_that_is_slow_in_whatever_way_has_its_time_all_in_all(here, trouble):
    for name, value in trouble.items():
        setattr(here, name, value)
    began = time.monotonic()
    with pytest.raises(WebhookFailed, match=r"has not answered within 0\.5 s"):
        sent(here, seconds=0.5)
    assert time.monotonic() - began < 3


def test_an_answer_of_any_length_is_not_read(here):
    here.answers = [(200, {"Content-Length": "1000000000000"})]
    began = time.monotonic()
    assert sent(here) == 200
    assert time.monotonic() - began < 3


def test_a_port_where_nobody_listens_is_a_failure_that_may_pass(here):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(WebhookFailed, match=r"127\.0\.0\.1 cannot be reached"):
            sent(here, url=f"http://127.0.0.1:{unused.getsockname()[1]}/secret-path")


def test_our_own_network_is_not_called(here):
    for url in (f"https://127.0.0.1:{here.port}/", f"https://localhost:{here.port}/", f"https://[::1]:{here.port}/"):
        with pytest.raises(NonRetriable, match="an address that is not public"):
            sent(here, url=url, private=False)
    assert here.calls == []


def test_what_is_called_is_the_address_that_was_checked(here, monkeypatch):
    """A name server that gives another answer the second time leads nowhere."""
    asked = []

    def look_up(host, port, *rest, **more):
        asked.append(host)
        assert len(asked) == 1, "the name is looked up again"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **more: (
            look_up(host, *rest, **more) if host == "hooks.example" else real(host, *rest, **more)
        ),
    )
    assert sent(here, url=f"http://hooks.example:{here.port}/x") == 204
    assert asked == ["hooks.example"]
    assert here.calls[0].headers["Host"] == f"hooks.example:{here.port}"


def test_the_next_address_is_called_where_one_does_not_answer(here, monkeypatch):
    real = socket.getaddrinfo
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, here.port)) for each in ("127.0.0.2", "127.0.0.1")]
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **more: both if host == "two.example" else real(host, *rest, **more)
    )
    assert sent(here, url=f"http://two.example:{here.port}/x") == 204


class TestOverTLS:
    @pytest.fixture
    def certificate(self, tmp_path):
        return self_signed_certificate(tmp_path / "certificate.pem")

    def test_a_certificate_that_nobody_vouches_for_is_refused(self, certificate):
        with receiving(certificate) as receiver, pytest.raises(WebhookFailed, match="CERTIFICATE_VERIFY_FAILED"):
            sent(receiver)
        assert receiver.calls == []

    def test_one_of_an_authority_that_is_known_is_taken(self, certificate, monkeypatch):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with receiving(certificate) as receiver:
            assert sent(receiver) == 204

    def test_one_of_another_name_is_refused_though_the_address_is_the_same(self, certificate, monkeypatch):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with receiving(certificate) as receiver, pytest.raises(WebhookFailed, match=r"(?i)hostname mismatch"):
            sent(receiver, url=f"https://localhost:{receiver.port}/")


def test_neither_logs_nor_errors_show_what_is_in_the_url(here, caplog):
    caplog.set_level(logging.DEBUG)
    here.answers = [(204, {}), (500, {}), (301, {})]
    sent(here)
    shown = []
    for _ in range(2):
        with pytest.raises((WebhookFailed, NonRetriable)) as refusal:
            sent(here)
        shown.append(str(refusal.value))
    told = " ".join([*shown, *(each.getMessage() for each in caplog.records if each.levelno > logging.DEBUG)])
    assert "secret-path" not in told
    assert SECRET not in caplog.text
