"""Signatures of providers, by the vectors of their documents or of their own clients, and by what strangers try."""

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from groundwork.blocks.errors import ConfigurationError
from groundwork.events.webhooks import Hmac, Incoming, Proof, StandardWebhooks, Stripe, Unproved, github, slack

SLACK_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
    b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack."
    b"com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc"
    b"887a14d10d2c447fce8b6703c"
)


def incoming(body: bytes, **headers: str) -> Incoming:
    return Incoming("POST", "https://x.example/hooks/y", {k.replace("_", "-"): v for k, v in headers.items()}, body)


VECTORS: dict[str, tuple[Proof, Incoming, str, float]] = {
    # docs.github.com, "Validating webhook deliveries", "Testing the webhook payload validation"
    "github": (
        github(),
        incoming(
            b"Hello, World!",
            x_hub_signature_256="sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
            x_github_delivery="72d3162e-cc78-11e3-81ab-4c9367dc0958",
        ),
        "It's a Secret to Everybody",
        0.0,
    ),
    # docs.slack.dev, "Verifying requests from Slack"
    "slack": (
        slack(),
        incoming(
            SLACK_BODY,
            x_slack_request_timestamp="1531420618",
            x_slack_signature="v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        ),
        "8f742231b10e8888abcd99yyyzzz85a5",
        1531420618.0,
    ),
    # docs.svix.com, "Verifying webhooks manually"; the same scheme under the headers of the standard
    "standard-webhooks": (
        StandardWebhooks(),
        incoming(
            b'{"test": 2432232314}',
            webhook_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
            webhook_timestamp="1614265330",
            webhook_signature="v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        1614265330.0,
    ),
    # made by stripe-python 16.1.0, WebhookSignature
    "stripe": (
        Stripe(),
        incoming(
            b'{"id":"evt_1","object":"event","created":1764028800,"type":"invoice.paid","data":{"object":{"id":"in_1"}}}',
            stripe_signature="t=1764028800,v0=6ffbb59b2300aae63f272406069a9788,v1=8a7c2a15e08b7eadb1678b4a460bd85c85ec0c3df2cce149b5ecfffe9ce5dfb3",
        ),
        "whsec_test_secret",
        1764028800.0,
    ),
}
TIMED = sorted(set(VECTORS) - {"github"})


@pytest.fixture(params=sorted(VECTORS))
def vector(request: pytest.FixtureRequest) -> tuple[Proof, Incoming, str, float]:
    return VECTORS[request.param]


def test_the_providers_own_vector_is_proved(vector):
    proof, request, secret, now = vector
    proof.check(request, [secret], now)


def test_each_secret_of_a_rotation_is_tried(vector):
    proof, request, secret, now = vector
    proof.check(request, ["another-secret", secret], now)
    proof.check(request, [secret, "another-secret"], now)


def test_another_body_another_secret_and_none_at_all_prove_nothing(vector):
    proof, request, secret, now = vector
    wrong = [
        (replace(request, body=request.body + b" "), [secret]),
        (replace(request, body=b""), [secret]),
        (request, ["another-secret"]),
        (request, []),
        (request, [""]),
        (replace(request, headers={}), [secret]),
    ]
    for each, secrets in wrong:
        with pytest.raises(Unproved):
            proof.check(each, secrets, now)


def test_each_header_that_is_changed_in_any_way_proves_nothing(vector):
    proof, request, secret, now = vector
    for name, value in request.headers.items():
        if name == "x-github-delivery":
            continue
        for other in (
            "",
            "é" * 40,
            value[:-9],
            value[::-1],
            f"x{value}",
            "\udce4",
            "=",
            ",,,,",
            "v1,",
            "sha256=",
            "t=,v1=",
        ):
            with pytest.raises(Unproved):
                proof.check(replace(request, headers={**request.headers, name: other}), [secret], now)


@pytest.mark.parametrize("name", TIMED)
@pytest.mark.parametrize("seconds", [301, 86_400, -301, -86_400])
def test_a_request_of_another_time_is_refused(name: str, seconds: float):
    proof, request, secret, now = VECTORS[name]
    with pytest.raises(Unproved, match="too far from now"):
        proof.check(request, [secret], now + seconds)


@pytest.mark.parametrize("name", TIMED)
def test_a_request_of_now_is_taken_and_tells_when_it_was_signed(name: str):
    proof, request, secret, now = VECTORS[name]
    for seconds in (0, 299, -299):
        assert proof.check(request, [secret], now + seconds).at == datetime.fromtimestamp(now, UTC)


@pytest.mark.parametrize(
    "stamp", ["", "now", "-1", "1e9", "1" * 16, "１６１４２６５３３０", "1614265330.5", "nan", " 1614265330"]
)
def test_what_is_no_timestamp_proves_nothing(stamp: str):
    proof, request, secret, now = VECTORS["standard-webhooks"]
    with pytest.raises(Unproved, match="no time"):
        proof.check(replace(request, headers={**request.headers, "webhook-timestamp": stamp}), [secret], now)


def test_an_id_with_a_dot_is_refused_since_a_dot_ends_it():
    proof, request, secret, now = VECTORS["standard-webhooks"]
    with pytest.raises(Unproved):
        proof.check(replace(request, headers={**request.headers, "webhook-id": "msg.1"}), [secret], now)


def test_one_good_signature_among_several_is_enough():
    proof, request, secret, now = VECTORS["stripe"]
    signed = request.header("stripe-signature")
    rolled = signed.replace("v1=", f"v1={'0' * 64},v1=", 1)
    proof.check(replace(request, headers={"stripe-signature": rolled}), [secret], now)
    flood = ",".join([signed.partition(",")[0], *[f"v1={'0' * 64}"] * 5_000, signed.partition(",")[2]])
    with pytest.raises(Unproved):
        proof.check(replace(request, headers={"stripe-signature": flood}), [secret], now)
    with pytest.raises(Unproved):  # two times, of which one is signed
        proof.check(replace(request, headers={"stripe-signature": f"t=1,{signed}"}), [secret], now)


def test_the_headers_of_svix_are_those_of_the_standard_under_another_name():
    _, request, secret, now = VECTORS["standard-webhooks"]
    headers = {name.replace("webhook", "svix"): value for name, value in request.headers.items()}
    proved = StandardWebhooks(headers="svix").check(replace(request, headers=headers), [secret], now)
    assert proved.id == "msg_p5jXN8AQM9LWM0D4loKWxJek"


def test_a_message_of_github_is_known_by_its_id_or_by_its_body():
    _, request, secret, _ = VECTORS["github"]
    other = replace(request, headers={**request.headers, "x-github-delivery": "another"})
    by_id, by_body = github(), github(once_by="body")
    assert by_id.check(request, [secret], 0).id != by_id.check(other, [secret], 0).id
    assert by_body.check(request, [secret], 0).id == by_body.check(other, [secret], 0).id


def test_a_body_that_is_no_text_is_signed_as_it_is():
    body = bytes(range(256))
    signature = base64.b64encode(hmac.digest(b"secret", body, hashlib.sha512)).decode()
    Hmac(header="x-sig", encoding="base64", digest="sha512").check(incoming(body, x_sig=signature), ["secret"], 0)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"signed": "{timestamp}"}, "lacks {body}"),
        ({"signed": "{body}{secret}"}, "signed has {secret}"),
        ({"signed": "{timestamp}{body}"}, "name the header of the time"),
        ({"timestamp": "x-timestamp"}, "a time that is not signed proves nothing"),
        ({"signed": "{id}{body}"}, "name its header in id"),
    ],
)
def test_a_scheme_that_proves_less_than_it_seems_is_refused_where_it_is_defined(options: dict[str, str], told: str):
    with pytest.raises(ConfigurationError, match=told.replace("{", r"\{").replace("}", r"\}")):
        Hmac(header="x-sig", **options)
