"""HubSpot's signature, by a vector that its own client made, and by what strangers try."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from groundwork.deployments.gateway.nurture.hooks import HUBSPOT_PROOF
from groundwork.events.webhooks import Incoming, Unproved


@dataclass(frozen=True)
class SignedRequest:
    method: str
    uri: str
    body: bytes
    timestamp: str
    signature: str


VECTOR = SignedRequest(
    method="POST",
    uri="https://www.example.com/hooks/hubspot",
    body=b'[{"eventId":1,"subscriptionType":"contact.creation","portalId":62515,"objectId":123}]',
    timestamp="1764028800000",
    signature="OGFrRj5jk9ky5XxppYvXV+ShpK12jXdoh/zTa0SjujE=",
)
THEN = 1764028800.0


def verify(request: SignedRequest, secrets: Sequence[str], now: float) -> None:
    headers = {"x-hubspot-request-timestamp": request.timestamp, "x-hubspot-signature-v3": request.signature}
    HUBSPOT_PROOF.check(Incoming(request.method, request.uri, headers, request.body), secrets, now)


def test_a_request_of_hubspots_is_taken():
    verify(VECTOR, ["client-secret"], THEN + 1)


def test_each_secret_of_a_rotation_is_tried():
    verify(VECTOR, ["the new one", "client-secret"], THEN)


@pytest.mark.parametrize(
    "changed",
    [
        {"body": VECTOR.body.replace(b"123", b"124")},
        {"body": VECTOR.body + b" "},
        {"uri": "http://www.example.com/hooks/hubspot"},
        {"uri": "https://www.example.com/hooks/hubspot?a=b"},
        {"method": "PUT"},
        {"timestamp": "1764028800001"},
        {"signature": VECTOR.signature[:-1]},
        {"signature": VECTOR.signature.lower()},
        {"signature": "é" * 44},
        {"signature": ""},
        {"timestamp": ""},
        {"timestamp": "soon"},
        {"timestamp": "１７６４０２８８０００００"},
        {"timestamp": "9" * 40},
        {"timestamp": "-1764028800000"},
    ],
)
def test_what_differs_in_anything_is_refused_for_good(changed: dict[str, object]):
    with pytest.raises(Unproved):
        verify(replace(VECTOR, **changed), ["client-secret"], THEN)


@pytest.mark.parametrize("seconds", [301, 86_400, -61, -86_400])
def test_a_request_of_another_time_is_refused(seconds: float):
    with pytest.raises(Unproved, match="too far from now"):
        verify(VECTOR, ["client-secret"], THEN + seconds)


@pytest.mark.parametrize("seconds", [0, 299, -59])
def test_a_request_of_now_is_taken(seconds: float):
    verify(VECTOR, ["client-secret"], THEN + seconds)


def test_no_secret_fits_nothing():
    with pytest.raises(Unproved):
        verify(VECTOR, [], THEN)


def test_percent_encoded_characters_of_the_query_are_decoded_first():
    sent = "https://www.example.com/hooks/hubspot?to=a%40b.example&x=1%2B1"
    signed = "https://www.example.com/hooks/hubspot?to=a@b.example&x=1%2B1"
    message = f"POST{signed}body{VECTOR.timestamp}".encode()
    signature = base64.b64encode(hmac.new(b"client-secret", message, hashlib.sha256).digest()).decode()
    verify(SignedRequest("POST", sent, b"body", VECTOR.timestamp, signature), ["client-secret"], THEN)


def test_a_body_that_is_no_text_is_signed_as_it_is():
    message = b"POST" + VECTOR.uri.encode() + b"\xff\xfe" + VECTOR.timestamp.encode()
    signature = base64.b64encode(hmac.new(b"client-secret", message, hashlib.sha256).digest()).decode()
    verify(replace(VECTOR, body=b"\xff\xfe", signature=signature), ["client-secret"], THEN)
