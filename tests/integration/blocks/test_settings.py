import pytest
from pydantic import ValidationError

from groundwork.blocks.settings import Settings, settings


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_described(name):
    description = Settings.model_fields[name].description
    assert description
    assert description.endswith((".", "!"))


def test_every_setting_has_a_default():
    assert [name for name, field in Settings.model_fields.items() if field.is_required()] == []


def test_settings_are_variables_with_the_prefix(monkeypatch):
    monkeypatch.setenv("GROUNDWORK_PORT", "9000")
    monkeypatch.setenv("PORT", "1")
    assert Settings().port == 9000


def test_an_empty_variable_counts_as_unset(monkeypatch):
    monkeypatch.setenv("GROUNDWORK_PORT", "")
    assert Settings().port == Settings.model_fields["port"].default


def test_a_value_out_of_range_names_the_setting(monkeypatch):
    monkeypatch.setenv("GROUNDWORK_PORT", "70000")
    with pytest.raises(ValidationError, match="port"):
        Settings()


@pytest.mark.parametrize("name", ["database_url", "event_key", "signing_secret", "link_secret", "smtp_url"])
def test_secrets_are_not_shown(monkeypatch, name):
    scheme = "smtp" if name == "smtp_url" else "postgresql"
    monkeypatch.setenv(f"GROUNDWORK_{name.upper()}", f"{scheme}://ann:s3cret@host")
    assert "s3cret" not in repr(Settings())


@pytest.mark.parametrize("name", ["smtp_url", "port", "mails_per_connection"])
def test_a_value_that_is_refused_is_not_shown(monkeypatch, name):
    monkeypatch.setenv(f"GROUNDWORK_{name.upper()}", "postgresql://ann:s3cret@host/app")
    with pytest.raises(ValidationError) as refusal:
        Settings()
    assert name in str(refusal.value)
    assert "s3cret" not in str(refusal.value)


def test_the_environment_is_read_once_per_process(fresh_configuration, monkeypatch):
    before = settings()
    monkeypatch.setenv("GROUNDWORK_PORT", "9000")
    assert settings() is before
