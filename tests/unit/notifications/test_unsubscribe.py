import pytest

from blocks.errors import ConfigurationError
from blocks.settings import settings
from blocks.signed_link import signed_url
from events.identifiers import UserId
from notifications.unsubscribe import Unsubscription

ADA = Unsubscription(UserId("ada"), "notify_weekly_digest")


@pytest.fixture
def configured(monkeypatch):
    """Sets variables of the environment for the test's duration."""

    def configure(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(f"GROUNDWORK_{name.upper()}", value)
        settings.cache_clear()

    yield configure
    monkeypatch.undo()
    settings.cache_clear()


def token_of(link: Unsubscription) -> str:
    return link.url().rpartition("/")[2]


@pytest.mark.parametrize("user", ["ada", "Ünïcode 用户", "a.b/c?d#e", "x" * 128])
def test_a_link_says_who_and_what(user):
    link = Unsubscription(UserId(user), "notify_on_import_complete")
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
    other = signed_url("downloads", '["ada", "notify_weekly_digest"]').rpartition("/")[2]
    assert Unsubscription.read(other) is None


def test_a_setting_that_no_longer_exists_is_not_turned_off():
    token = signed_url("unsubscribe", '["ada", "email"]').rpartition("/")[2]
    assert Unsubscription.read(token) is None


def test_a_link_outlives_a_change_of_the_secret_while_the_old_one_is_listed(configured):
    configured(signing_secret="whsec_old")
    old = token_of(ADA)
    configured(signing_secret="whsec_new,whsec_old")
    assert Unsubscription.read(old) == ADA
    assert token_of(ADA) != old
    configured(signing_secret="whsec_new")
    assert Unsubscription.read(old) is None


def test_production_does_not_sign_with_the_key_that_everybody_knows(configured):
    configured(mode="production")
    with pytest.raises(ConfigurationError, match="set GROUNDWORK_SIGNING_SECRET"):
        ADA.url()
