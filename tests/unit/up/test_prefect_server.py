"""Prefect's server as ``up`` runs it."""

from itertools import product

import pytest
from prefect.logging.configuration import DEFAULT_LOGGING_SETTINGS_PATH, load_logging_config
from prefect.server.api.clients import OrchestrationClient
from prefect.settings import Settings, get_current_settings

from groundwork.deployments.up.prefect_server import LOGGING, RememberedSettings, remembered_settings
from groundwork.deployments.up.prefect_settings import PREFECT_SETTINGS


def test_remembered_settings_read_as_prefects_own(monkeypatch: pytest.MonkeyPatch):
    for name, value in PREFECT_SETTINGS.items():
        monkeypatch.setenv(name, value)
    own, remembered = Settings(), RememberedSettings()
    for asked in product((True, False), repeat=3):
        for _ in range(2):
            assert remembered.to_environment_variables(*asked) == own.to_environment_variables(*asked)
    assert remembered.hash_key() == own.hash_key()


def test_what_is_given_out_can_be_changed_without_changing_what_is_remembered():
    remembered = RememberedSettings()
    remembered.to_environment_variables()["PREFECT_HOME"] = "elsewhere"
    assert remembered.to_environment_variables() == Settings().to_environment_variables()


def test_the_client_that_starts_runs_for_automations_renders_the_settings_once(monkeypatch: pytest.MonkeyPatch):
    rendered = []
    original = Settings.to_environment_variables

    def counted(self: Settings, *args: bool, **kwargs: bool) -> dict[str, str]:
        rendered.append((args, tuple(kwargs.items())))
        return original(self, *args, **kwargs)

    monkeypatch.setattr(Settings, "to_environment_variables", counted)
    with remembered_settings():
        assert isinstance(get_current_settings(), RememberedSettings)
        OrchestrationClient()
        first = len(rendered)
        for _ in range(3):
            OrchestrationClient()
    assert first > 0, "Prefect does not render its settings any more: prefect_server.py can go"
    assert len(rendered) == first


def test_the_short_logging_configuration_names_what_prefects_own_names():
    own, short = (load_logging_config(path)["loggers"] for path in (DEFAULT_LOGGING_SETTINGS_PATH, LOGGING))
    assert short == {name: {"level": own[name]["level"]} for name in short}


def test_the_recorder_is_given_whole_seconds_because_prefect_cuts_off_the_rest():
    assert int(float(PREFECT_SETTINGS["PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL"])) >= 1
