"""Prefect understands the settings that it is run with."""

from datetime import timedelta

from prefect.settings.models.server.services import ServerServicesDBVacuumSettings

from groundwork.deployments.up.prefect_settings import vacuum_settings


def test_prefect_forgets_flow_runs_after_as_many_days_as_it_is_told(monkeypatch):
    for name, value in vacuum_settings(days=30).items():
        monkeypatch.setenv(name, value)
    understood = ServerServicesDBVacuumSettings()
    assert understood.retention_period == timedelta(days=30)
    assert {"events", "flow_runs"} <= understood.enabled_vacuum_types
