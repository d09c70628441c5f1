"""A webhook goes to the public network, over TLS; what an agency writes does not lead into our own."""

import asyncio
from ipaddress import ip_address

import pytest

from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.nurture.webhooks.address import HostNotFound, addresses_of, checked_url, is_public

PRIVATE = [
    "127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",  # metadata of clouds
    "100.64.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "224.0.0.1",
    "239.1.1.1",
    "::1",
    "::",
    "fe80::1",
    "fd00::1",
    "fec0::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::7f00:1",
    "240.0.0.1",
    "198.18.0.1",
    "2001:0:5ef5:79fd::1",
    "2001:db8::1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_is_found_out_whatever_its_form(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::101:101"])
def test_a_public_address_is_public(address):
    assert is_public(ip_address(address))


def resolved(url: str, *, private: bool = False):
    return asyncio.run(addresses_of(checked_url(url, private=private), private=private))


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::ffff:127.0.0.1]", "0"],
)
def test_a_host_with_a_private_address_is_refused_in_whatever_form_it_is_written(host):
    with pytest.raises((NonRetriable, HostNotFound)):
        resolved(f"https://{host}/hook")


def test_a_private_address_is_called_where_a_setting_says_so():
    assert resolved("http://127.0.0.1:8000/hook", private=True) == [ip_address("127.0.0.1")]


def test_a_public_address_is_called():
    assert resolved("https://93.184.216.34/hook") == [ip_address("93.184.216.34")]


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "ftp://example.com",
        "file:///etc/passwd",
        "gopher://example.com",
        "example.com/hook",
        "https://",
        "https:///hook",
        "https://user:secret@example.com/hook",
        "https://user@example.com/hook",
        "https://example.com:99999/hook",
        "https://example.com:0/hook",
        "https://exa mple.com/\n",
        "",
        f"https://example.com/{'a' * 2048}",
    ],
)
def test_what_is_no_https_url_of_a_host_is_refused_with_the_cure(url):
    with pytest.raises(NonRetriable, match=r"webhook_url .*Correct nurture\.agency\.webhook_url") as refusal:
        checked_url(url, private=False)
    assert "secret" not in str(refusal.value)


def test_http_is_for_a_developers_machine_only():
    assert str(checked_url("http://127.0.0.1:8000/x#y", private=True)) == "http://127.0.0.1:8000/x"
    with pytest.raises(NonRetriable):
        checked_url("ftp://127.0.0.1", private=True)


def test_a_host_that_there_is_not_may_be_there_later():
    with pytest.raises(HostNotFound, match=r"nowhere\.invalid has no address"):
        resolved("https://nowhere.invalid/hook")
