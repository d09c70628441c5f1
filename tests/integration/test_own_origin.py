"""Prefect's server as `up` runs it answers programs of this machine and pages of its own UI, and nobody else."""

import json
import socket
import subprocess
import sys
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from groundwork.deployments.up.prefect_server import CORS_VARIABLES, allowed_origins


@pytest.fixture
def server(prefect_api: Mapping[str, str]) -> str:
    """Address of the API without its path."""
    return prefect_api["PREFECT_API_URL"].removesuffix("/api")


def variable(name: str) -> bytes:
    return json.dumps({"name": name, "value": "x"}).encode()


def variables(server: str) -> list[str]:
    """Names of all variables, as a program sees them."""
    answer = httpx.post(f"{server}/api/variables/filter", json={}).raise_for_status()
    return [each["name"] for each in answer.json()]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example", "content-type": "text/plain"},
        {"origin": "https://evil.example"},
        {"origin": "null", "content-type": "application/json"},
        {"origin": "http://127.0.0.1:1", "content-type": "application/json"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "content-type": "application/json"},
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors", "content-type": "application/json"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"},
        {"host": "rebound.example", "content-type": "application/json"},
        {"host": "127.0.0.1", "content-type": "application/json"},
        {"host": "127.0.0.1:1", "origin": "http://127.0.0.1:1", "content-type": "application/json"},
    ],
    ids=lambda headers: " ".join(f"{name}={value}" for name, value in headers.items() if name != "content-type"),
)
def test_a_request_that_a_foreign_page_can_send_changes_nothing(server: str, headers: dict[str, str]):
    refused = httpx.post(f"{server}/api/variables/", content=variable("planted"), headers=headers)
    assert refused.status_code == 403
    assert "exception_message" in refused.json()
    assert "planted" not in variables(server)


def test_a_name_that_was_rebound_with_the_right_port_is_refused(server: str):
    port = urlsplit(server).port
    rebound = {"host": f"rebound.example:{port}", "origin": f"http://rebound.example:{port}"}
    refused = httpx.post(f"{server}/api/flows/filter", json={}, headers=rebound)
    assert refused.status_code == 403
    assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize("host_lines", [b"", b"Host: %(ours)s\r\nHost: rebound.example\r\n"], ids=["none", "two"])
def test_a_request_with_no_host_or_with_two_is_refused(server: str, host_lines: bytes):
    address = urlsplit(server)
    with socket.create_connection((address.hostname, address.port)) as connection:
        hosts = host_lines.replace(b"%(ours)s", address.netloc.encode())
        connection.sendall(b"GET /api/version HTTP/1.1\r\n" + hosts + b"Connection: close\r\n\r\n")
        answer = connection.makefile("rb").read()
    assert answer.split(b" ", 2)[1] in (b"400", b"403")


def test_the_ui_may_use_the_api_under_each_name_of_this_machine(server: str):
    port = urlsplit(server).port
    for host in ("127.0.0.1", "localhost", "[::1]"):
        origin = {"origin": f"http://{host}:{port}"}
        asked_first = origin | {"access-control-request-method": "POST"}
        preflight = httpx.options(f"{server}/api/flows/filter", headers=asked_first)
        assert preflight.headers["access-control-allow-origin"] == origin["origin"]
        answer = httpx.post(f"{server}/api/flows/filter", json={}, headers=origin)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, origin["origin"])


def test_the_ui_is_opened_by_a_link_from_elsewhere_and_shown_in_no_foreign_frame(server: str):
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    page = httpx.get(f"{server}/docs", headers=link)
    assert page.status_code == 200
    assert "frame-ancestors 'self'" in page.headers["content-security-policy"]
    assert httpx.get(f"{server}/docs", headers=link | {"sec-fetch-dest": "iframe"}).status_code == 403


def test_the_ui_may_talk_to_this_server_only(server: str):
    page = httpx.get(f"{server}/docs")
    policy = {each.split()[0]: each.split()[1:] for each in page.headers["content-security-policy"].split("; ")}
    assert {each for each in policy["default-src"] if ":" in each} == {"data:", "blob:"}
    elsewhere = {urlsplit(each).hostname for each in policy["connect-src"] if "://" in each}
    assert elsewhere == {"127.0.0.1", "localhost"}


@pytest.mark.parametrize("path", ["/api/events/in", "/api/events/out", "/api/logs/out"])
def test_a_websocket_of_a_foreign_page_is_refused_before_it_opens(server: str, path: str):
    address = server.replace("http", "ws") + path
    with pytest.raises(InvalidStatus, match="403"), connect(address, origin="https://evil.example"):
        pass
    with connect(address, subprotocols=["prefect"], origin=server):
        pass


def test_origins_behind_a_proxy_are_named_and_a_star_is_refused(
    prefect_api: Mapping[str, str],
):
    environment = {**prefect_api, CORS_VARIABLES[1]: "https://prefect.example.com, *"}
    command = [sys.executable, "-m", "groundwork.deployments.up.prefect_server", "--host", "127.0.0.1", "--port", "0"]
    refused = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 2
    assert "PREFECT_SERVER_CORS_ALLOWED_ORIGINS has '*'" in refused.stderr
    assert allowed_origins(4200) == [f"http://{host}:4200" for host in ("127.0.0.1", "localhost", "[::1]")]
