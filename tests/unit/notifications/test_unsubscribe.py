import base64
import hashlib
import hmac
import stat

import pytest

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.process_cache import forget
from groundwork.blocks.signed_link import signed_url
from groundwork.events.identifiers import UserId
from groundwork.notifications.kinds import kinds
from groundwork.notifications.unsubscribe import Unsubscription

OLD, NEW = "the secret before the rotation: old", "the secret since the rotation: new"
DIGEST = kinds()["weekly-digest"]
ADA = Unsubscription(UserId("ada"), DIGEST)


@pytest.fixture(autouse=True)
def configured(monkeypatch, tmp_path):
    """Sets variables of the environment for the test's duration, a home of its own among them."""
    monkeypatch.setenv("GROUNDWORK_HOME", str(tmp_path / "home"))
    forget()

    def configure(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(f"GROUNDWORK_{name.upper()}", value)
        forget()

    yield configure
    monkeypatch.undo()
    forget()


def token_of(link: Unsubscription) -> str:
    return link.url().rpartition("/")[2]


@pytest.mark.parametrize("user", ["ada", "Ünïcode 用户", "auth0|a.b:c@d#e", "x" * 128])
def test_a_link_says_who_and_what(user):
    link = Unsubscription(UserId.stored(user), kinds()["imports"])
    assert Unsubscription.read(token_of(link)) == link


def test_a_link_leads_to_where_people_reach_the_gateway(configured):
    configured(public_url="https://app.example.com/jobs/")
    assert ADA.url().startswith("https://app.example.com/jobs/unsubscribe/")


def test_the_same_link_is_made_each_time():
    assert ADA.url() == ADA.url()


@pytest.mark.parametrize("place", [0, 5, -1, -20])
def test_a_link_that_was_changed_is_not_ours(place):
    characters = list(token_of(ADA))
    characters[place] = "B" if characters[place] == "A" else "A"
    assert Unsubscription.read("".join(characters)) is None


@pytest.mark.parametrize("token", ["", ".", "a.b", "é.ü", "a" * 5000])
def test_a_link_that_is_none_is_not_ours(token):
    assert Unsubscription.read(token) is None


def test_a_link_of_another_purpose_is_not_ours():
    other = signed_url("downloads", '["ada", "weekly-digest"]').rpartition("/")[2]
    assert Unsubscription.read(other) is None


@pytest.mark.parametrize(
    ("held", "kind"),
    [
        ("notify_on_import_complete", "imports"),
        ("notify_on_export_complete", "exports"),
        ("notify_weekly_digest", "weekly-digest"),
    ],
)
def test_a_link_in_a_mail_from_before_kinds_had_their_names_goes_on_working(held, kind):
    token = signed_url("unsubscribe", f'["ada", "{held}"]').rpartition("/")[2]
    assert Unsubscription.read(token) == Unsubscription(UserId("ada"), kinds()[kind])


def test_a_kind_that_no_longer_exists_is_not_turned_off():
    token = signed_url("unsubscribe", '["ada", "email"]').rpartition("/")[2]
    assert Unsubscription.read(token) is None


def test_a_link_outlives_a_change_of_the_secret_while_the_old_one_is_listed(configured):
    configured(link_secret=OLD)
    old = token_of(ADA)
    configured(link_secret=f"{NEW}, {OLD}")
    assert Unsubscription.read(old) == ADA
    assert token_of(ADA) != old
    configured(link_secret=NEW)
    assert Unsubscription.read(old) is None


@pytest.mark.parametrize("held", ["event_key", "signing_secret"])
def test_a_secret_that_senders_hold_signs_no_link(configured, held):
    configured(**{held: OLD})
    payload = base64.urlsafe_b64encode(b'["ada", "weekly-digest"]').decode().rstrip("=")
    for label in (b"groundwork unsubscribe link 1", b"groundwork unsubscribe link 2"):
        key = hmac.digest(OLD.encode(), label, hashlib.sha256)
        signature = base64.urlsafe_b64encode(hmac.digest(key, payload.encode(), hashlib.sha256)).decode().rstrip("=")
        assert Unsubscription.read(f"{payload}.{signature}") is None
    configured(link_secret=f"{NEW},{OLD}")
    assert Unsubscription.read("a.b") is None
    with pytest.raises(ConfigurationError, match="senders of events have"):
        ADA.url()


@pytest.mark.parametrize("secret", ["short", f"{NEW},short", ",", " , "])
def test_a_secret_that_could_be_guessed_is_refused(configured, secret):
    configured(link_secret=secret)
    assert Unsubscription.read("a.b") is None
    with pytest.raises(ConfigurationError, match="32 characters at least"):
        ADA.url()


def test_an_empty_entry_is_no_secret(configured):
    configured(link_secret=f"{NEW},")
    payload = base64.urlsafe_b64encode(b'["ada", "weekly-digest"]').decode().rstrip("=")
    key = hmac.digest(b"", b"groundwork unsubscribe link 2", hashlib.sha256)
    signature = base64.urlsafe_b64encode(hmac.digest(key, payload.encode(), hashlib.sha256)).decode().rstrip("=")
    assert Unsubscription.read(f"{payload}.{signature}") is None
    assert Unsubscription.read(token_of(ADA)) == ADA


def test_development_keeps_a_secret_of_its_own_in_the_home(tmp_path):
    token = token_of(ADA)
    file = tmp_path / "home" / "link-secret"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.read_text().strip()) >= 32
    assert Unsubscription.read(token) == ADA


def test_a_reader_of_links_makes_no_secret(tmp_path):
    assert Unsubscription.read("a.b") is None
    assert not (tmp_path / "home").exists()


def test_production_makes_no_link_and_knows_none_without_a_secret_of_its_own(configured):
    token = token_of(ADA)
    configured(mode="production")
    assert Unsubscription.read(token) is None
    with pytest.raises(ConfigurationError, match="set GROUNDWORK_LINK_SECRET to the same value"):
        ADA.url()


def test_a_link_that_mail_programs_would_cut_off_is_not_made():
    with pytest.raises(ValueError, match="does not survive in mails"):
        signed_url("downloads", "x" * 4000)
