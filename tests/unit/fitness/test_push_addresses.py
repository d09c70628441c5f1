"""Pushes go over HTTPS to public addresses only."""

import socket

import pytest

from groundwork.blocks.process_cache import forget
from groundwork.tasks.fitness.pushes import address
from groundwork.tasks.fitness.pushes.address import AddressRefused, EndpointRefused, address_of, checked_url

PUBLIC = "93.184.215.14"
CLOSED = (
    "127.0.0.1", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::a00:1",
    "2002:a00:1::", "2001:0:1::",
)  # fmt: skip


@pytest.fixture
def names(monkeypatch):
    """What DNS says of any name."""
    told: list[str] = []

    def look_up(name, port, **_):
        return [(socket.AF_INET6 if ":" in each else socket.AF_INET, 1, 6, "", (each, port)) for each in told]

    monkeypatch.setattr(address.socket, "getaddrinfo", look_up)
    return told


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook", "ftp://example.com", "example.com/hook", "", "https://", "file:///etc/passwd",
        "https://ada:x@example.com", "https://example.com/#part", "https://localhost/", "https://LOCALHOST./", "https://127.0.0.1:8443/",
        "https://[::1]/", "https://169.254.169.254/latest", "https://exa mple.com/",
        f"https://example.com/{'x' * 2000}",
        "https://example.com:99999/",
    ],
)  # fmt: skip
def test_what_is_no_endpoint_is_refused_when_it_is_set(url):
    with pytest.raises(EndpointRefused):
        checked_url(url)


@pytest.mark.parametrize("closed", CLOSED)
def test_a_name_that_leads_inside_is_not_connected_to_and_the_message_does_not_say_where(names, closed):
    names += [PUBLIC, closed]
    with pytest.raises(AddressRefused, match=r"^dash\.example\.com is not at a public address$"):
        address_of(checked_url("https://dash.example.com/hook"))


@pytest.mark.parametrize("found", [PUBLIC, "2606:4700::1111"])
def test_the_address_that_was_looked_at_is_the_one_that_is_connected_to(names, found):
    names.append(found)
    where = address_of(checked_url("https://dash.example.com:8443/hook?x=1"))
    assert (where.url.host, where.url.port, where.url.raw_path) == (found, 8443, b"/hook?x=1")
    assert (where.host, where.name) == ("dash.example.com:8443", "dash.example.com")


def test_a_name_in_other_letters_is_looked_up_as_servers_know_it(names):
    names.append(PUBLIC)
    assert address_of(checked_url("https://fitneß.example/")).name == "xn--fitne-pqa.example"


def test_a_setting_lets_development_push_to_this_machine_and_production_never(monkeypatch, names):
    names.append("127.0.0.1")
    monkeypatch.setenv("GROUNDWORK_PUSH_PRIVATE_ADDRESSES", "true")
    forget()
    try:
        assert address_of(checked_url("http://localhost:9000/")).url.host == "127.0.0.1"
        monkeypatch.setenv("GROUNDWORK_MODE", "production")
        forget()
        with pytest.raises(EndpointRefused):
            checked_url("http://localhost:9000/")
    finally:
        monkeypatch.undo()
        forget()
